"""The digits experiment: turned images, steerable networks beside a plain one."""

from __future__ import annotations

from functools import partial

import torch
from intertwine.groups import Group
from intertwine.plot import figure
from intertwine.train import count_parameters
from matplotlib.figure import Figure
from torch import nn

from .._experiment import Experiment, sized
from .._supervised import Supervised, classified, mistakes
from . import _data
from ._model import plain, steerable
from ._settings import DigitsSettings

DRAWN = 24
#: rotated MNIST, 12,000 training images: arXiv:1911.08251, table 5
PUBLISHED = {"E(2)-CNN (published, 12,000 images)": 0.68}


class DigitsExperiment(Experiment[DigitsSettings, Supervised]):
    """Which digit it is."""

    title = "Rotated digits"
    score = "test error (%)"
    published = PUBLISHED

    def check(self, settings: DigitsSettings) -> None:
        """The group acts on the plane."""
        group = self.group(settings)
        if group.d != 2 or not group.is_orthogonal:
            raise ValueError(f"{group.name} does not act on the plane orthogonally: choose a subgroup of O(2)")

    def task(self, settings: DigitsSettings, device: torch.device) -> Supervised:
        """Images, turned."""
        parts = _data.load(settings.source, settings.samples, settings.seed)
        moved = {part: images.to(device) for part, images in parts.items()}
        return classified(**moved, move=_data.rotated if settings.augment else None, at_once=500)

    def network(self, settings: DigitsSettings, group: Group, task: Supervised) -> nn.Module:
        """A steerable network, or one without symmetry of as many weights."""
        if settings.model == "steerable" and settings.parameters is None:
            return steerable(group)
        parameters = settings.parameters or count_parameters(steerable(self.group(DigitsSettings())))
        make = partial(steerable, group) if settings.model == "steerable" else plain
        return sized(make, parameters, settings.seed)

    def test(self, settings: DigitsSettings, model: nn.Module, task: Supervised) -> dict[str, float]:
        """Mistakes; and how many answers change when the image is turned by another angle."""
        logits, target = task.predicted(model, task.test)
        again = task.move or _data.rotated
        turned = again(task.test[torch.arange(len(task.test))], torch.Generator().manual_seed(1))
        changed = mistakes(task.predicted(model, turned)[0], logits.argmax(-1))
        error = float(mistakes(logits, target).mean())
        return {self.score: error, "predictions changed by a rotation (%)": float(changed.mean())}

    def pictures(self, settings: DigitsSettings, model: nn.Module, task: Supervised) -> dict[str, Figure]:
        """Test images that are taken for something else."""
        logits, target = task.predicted(model, task.test)
        wrong = (logits.argmax(-1) != target).nonzero()[:DRAWN, 0]
        drawn = figure(8, 3.6)
        for axes, k in zip(drawn.subplots(3, 8).flat, [*wrong.tolist(), *[None] * DRAWN]):
            axes.axis("off")
            if k is not None:
                axes.imshow(task.test[torch.tensor([k])].pixels[0, 0].numpy(force=True), cmap="gray_r")
                axes.set_title(f"{target[k]} as {logits[k].argmax()}", fontsize=8)
        return {"mistakes.png": drawn}
