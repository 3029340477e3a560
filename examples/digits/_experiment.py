"""The digits experiment: turned images, steerable networks beside a plain one."""

from __future__ import annotations

from functools import partial

import torch
from intertwine.groups import Group
from intertwine.plot import figure
from matplotlib.figure import Figure
from torch import nn

from .._experiment import Experiment, steerable_or_plain
from .._report import require_orthogonal
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
        require_orthogonal(self.group(settings), "images", 2)

    def task(self, settings: DigitsSettings, device: torch.device) -> Supervised:
        """Images, turned."""
        parts = _data.load(settings.source, settings.samples, settings.seed)
        moved = {part: images.to(device) for part, images in parts.items()}
        return classified(**moved, move=_data.rotated if settings.augment else None, at_once=500)

    def network(self, settings: DigitsSettings, group: Group, task: Supervised) -> nn.Module:
        """A steerable network, or one without symmetry of as many weights."""
        return steerable_or_plain(
            settings, partial(steerable, group), partial(steerable, self.group(DigitsSettings())), plain
        )

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
