"""The shapes experiment: clouds of points, upright or turned anyhow; groups beside a plain network."""

from __future__ import annotations

from functools import partial

import torch
from intertwine._names import parse_group
from intertwine.groups import SO, Group
from intertwine.plot import figure
from intertwine.train import count_parameters
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from .._augment import elements
from .._experiment import Experiment, sized
from .._report import require_orthogonal
from .._supervised import Move, Supervised, mistakes
from . import _data
from ._model import PointNet, ShapeNet
from ._settings import ShapesSettings

DRAWN = 10
#: mistakes on ModelNet40 turned about the vertical, with standard and with implicit kernels: arXiv:2212.06096
KERNELS = {"SO(2)": (14.4, 13.5), "SO(2) × M": (17.1, 13.5), "SO(3)": (19.1, 19.8), "O(3)": (20.9, 21.1)}
PUBLISHED = {
    f"ISK, {group}{kernel} (published, ModelNet40)": error
    for group, both in KERNELS.items()
    for kernel, error in zip((", standard kernel", ""), both)
}


class ShapesExperiment(Experiment[ShapesSettings, Supervised]):
    """What a shape is."""

    title = "Shapes"
    score = "test error (%)"
    validated = "100 (1 − p)"
    published = PUBLISHED

    def check(self, settings: ShapesSettings) -> None:
        """The group acts on space."""
        require_orthogonal(self.group(settings), "shapes")

    def task(self, settings: ShapesSettings, device: torch.device) -> Supervised:
        """Clouds, of which every step of training sees other points."""
        parts = _data.load(settings.source, settings.samples, settings.seed, settings.rotated)
        moved = {part: clouds.to(device) for part, clouds in parts.items()}
        return Supervised(**moved, loss_of=cross_entropy, errors_of=doubts, move=_move(settings), at_once=64)

    def network(self, settings: ShapesSettings, group: Group, task: Supervised) -> nn.Module:
        """A steerable network, or a plain one, all of as many weights as that of SO(3)."""
        classes = len(_data.classes(settings.source))
        parameters = settings.parameters or count_parameters(ShapeNet(SO(3), classes))
        make = partial(ShapeNet, group, classes) if settings.model == "steerable" else partial(PointNet, classes)
        return sized(make, parameters, settings.seed)

    def test(self, settings: ShapesSettings, model: nn.Module, task: Supervised) -> dict[str, float]:
        """Mistakes; and how many answers change when the shape is turned once more."""
        logits, target = task.predicted(model, task.test)
        whole = task.test[torch.arange(len(task.test))]
        again = _data.turned(whole, torch.Generator().manual_seed(1), settings.rotated)
        changed = mistakes(task.predicted(model, again)[0], logits.argmax(-1))
        error = float(mistakes(logits, target).mean())
        return {self.score: error, "predictions changed by a rotation (%)": float(changed.mean())}

    def references(self, settings: ShapesSettings, task: Supervised) -> dict[str, float]:
        """The most frequent class for all, and what is published."""
        train, test = (some[torch.arange(len(some))].target for some in (task.train, task.test))
        return {"most frequent class (predictor)": float(mistakes_of_one(train, test)), **self.published}

    def pictures(self, settings: ShapesSettings, model: nn.Module, task: Supervised) -> dict[str, Figure]:
        """Test shapes that are taken for something else."""
        logits, target = task.predicted(model, task.test)
        names, wrong = _data.classes(settings.source), (logits.argmax(-1) != target).nonzero()[:DRAWN, 0]
        drawn = figure(9, 4)
        for place, k in enumerate(wrong.tolist(), 1):
            axes = drawn.add_subplot(2, DRAWN // 2, place, projection="3d")
            x, y, z = task.test[torch.tensor([k])].points[0].T.numpy(force=True)
            axes.scatter(x, y, z, s=2, c=z)
            axes.set(xlim=(-0.7, 0.7), ylim=(-0.7, 0.7), zlim=(-0.7, 0.7), box_aspect=(1, 1, 1))
            axes.set_axis_off()
            axes.set_title(f"{names[target[k]]}\nas {names[logits[k].argmax()]}", fontsize=8)
        return {"mistakes.png": drawn}


def _move(settings: ShapesSettings) -> Move:
    """What happens to shapes in training: other points every time, and where asked for elements of the right group."""
    group = parse_group("SO(3)" if settings.rotated else "azimuthal")

    def move(clouds: _data.Clouds, generator: torch.Generator) -> _data.Clouds:
        some = _data.picked(clouds, generator)
        return _data.moved(some, elements(group, len(some), generator)) if settings.augment else some

    return move


def doubts(logits: Tensor, target: Tensor) -> Tensor:
    """100 (1 − p) for the probability p of the true class: mistakes, but less noisy where few shapes are validated.

    Examples
    --------
    >>> doubts(torch.tensor([[0.0, 0.0], [50.0, 0.0]]), torch.tensor([1, 0]))
    tensor([50.,  0.])
    """
    return 100 * (1 - logits.softmax(-1).gather(1, target[:, None])[:, 0])


def mistakes_of_one(train: Tensor, test: Tensor) -> float:
    """Percentage of mistakes of answering the most frequent class always.

    Examples
    --------
    >>> mistakes_of_one(torch.tensor([0, 1, 1]), torch.tensor([1, 2, 0, 1]))
    50.0
    """
    return float(100 * (test != train.mode().values).float().mean())
