"""The N-body experiment: the motion of five particles, ours beside EGNN and published figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import torch
from intertwine import plot
from intertwine.groups import Group, O
from intertwine.train import count_parameters
from matplotlib.figure import Figure
from torch import Tensor, nn

from .._augment import azimuthal, elements
from .._experiment import Experiment, matched, sized
from .._report import require_orthogonal
from ._data import FRAME_IN, FRAME_OUT, TEST, VALIDATION, NBody, begin, linear_motion, load
from ._egnn import EGNN
from ._model import NBodyNet, Width, matched_width
from ._plain import PlainNet
from ._settings import NBodySettings
from ._simulate import simulate

#: test MSE, charged, 3,000 training trajectories: arXiv:2102.09844 table 2, 2110.02905 table 1, 2310.02970, 2406.04052
PUBLISHED = {
    f"{name} (published)": error
    for name, error in (("EGNN", 0.0070), ("SEGNN", 0.0043), ("PONITA", 0.0043), ("best, arXiv:2406.04052", 0.0035))
}
LAYERS, DRAWN = 4, 4
HELD_OUT = (VALIDATION, TEST)


@dataclass
class Motion:
    """The training task: mean squared error of the positions.

    Attributes
    ----------
    train, val, test : NBody
    symmetry : function of a number and a generator, optional
        Random elements of the true group, (n, 3, 3), by which training systems are moved.
    """

    train: NBody
    val: NBody
    test: NBody
    symmetry: Callable[[int, torch.Generator], Tensor] | None = None

    @property
    def size(self) -> int:
        """Number of training trajectories."""
        return len(self.train)

    def loss(self, model: nn.Module, index: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared error on some training trajectories."""
        some = self.train[index.to(self.train.pos.device)]
        if self.symmetry is not None:
            some = moved(some, self.symmetry(len(some), generator))
        return (model(some) - some.target).square().mean()

    def score(self, model: nn.Module) -> float:
        """Mean squared error on the validation trajectories."""
        return mean_square_error(model, self.val)


def moved(data: NBody, g: Tensor) -> NBody:
    """Every system moved by its orthogonal matrix (n, 3, 3)."""
    pos, vel, target = (x @ g.to(x).mT for x in (data.pos, data.vel, data.target))
    return NBody(pos, vel, data.node, data.pair, target)


@torch.no_grad()
def predict(model: nn.Module, data: NBody, batch: int = 250) -> Tensor:
    """Predicted positions (n, 5, 3)."""
    return torch.cat([model(data[k : k + batch]) for k in range(0, len(data), batch)])


def mean_square_error(model: nn.Module, data: NBody) -> float:
    """Mean squared error of a model."""
    return float((predict(model, data) - data.target).square().mean())


class NBodyExperiment(Experiment[NBodySettings, Motion]):
    """Positions one unit of time later."""

    title = "N-body"
    score = "test MSE"

    def check(self, settings: NBodySettings) -> None:
        """Widths are given once, and the group acts on space."""
        require_orthogonal(self.group(settings), "particles")
        if settings.channels and settings.parameters:
            raise ValueError("give --channels or --parameters, not both")

    def task(self, settings: NBodySettings, device: torch.device) -> Motion:
        """Trajectories, simulated at the first use."""
        sizes = {"train": settings.samples, "val": HELD_OUT[0], "test": HELD_OUT[1]}
        data = {
            part: load(settings.dataset, part, n, settings.seed, settings.kappa).to(device) for part, n in sizes.items()
        }
        tied = settings.dataset == "springs" and settings.kappa != 0
        return Motion(**data, symmetry=(azimuthal if tied else partial(elements, O(3))) if settings.augment else None)

    def network(self, settings: NBodySettings, group: Group, task: Motion) -> nn.Module:
        """A steerable network over the group, or EGNN."""
        absolute = settings.dataset == "springs"

        @cache
        def build(width: Width) -> NBodyNet:
            torch.manual_seed(settings.seed)
            return NBodyNet(group, width, LAYERS, absolute)

        if settings.model == "egnn":
            channels = settings.channels or 64
            if settings.parameters:
                channels = matched(lambda n: count_parameters(EGNN(n)), settings.parameters)
            return EGNN(channels)
        if settings.model == "plain":
            make = partial(PlainNet, absolute=absolute)
            given = settings.parameters
            return sized(make, given, settings.seed) if given else make(settings.channels or 64)
        if settings.parameters:
            return build(matched_width(lambda w: count_parameters(build(w)), settings.parameters))
        return build(Width(settings.channels, settings.channels) if settings.channels else Width())

    def test(self, settings: NBodySettings, model: nn.Module, task: Motion) -> dict[str, float]:
        """Mean squared error, and without the worst percent, which holds a quarter of it."""
        each = (predict(model, task.test) - task.test.target).square().mean((1, 2))
        kept = each.sort().values[: int(0.99 * len(each))]
        return {"test MSE": float(each.mean()), "test MSE without the worst percent": float(kept.mean())}

    def references(self, settings: NBodySettings, task: Motion) -> dict[str, float]:
        """Linear motion, and for the standard data what others report."""
        straight = float((linear_motion(task.test) - task.test.target).square().mean())
        return {"linear motion x + v t": straight} | (PUBLISHED if settings.dataset == "charged" else {})

    def pictures(self, settings: NBodySettings, model: nn.Module, task: Motion) -> dict[str, Figure]:
        """The first test systems: their paths from frame 30 to 40 and the predicted ends."""
        n = min(DRAWN, len(task.test))
        frames = tuple(range(FRAME_IN, FRAME_OUT + 1))
        paths, _ = simulate(settings.dataset, begin(settings.dataset, "test", n), frames, settings.kappa)
        some = task.test[:n]
        pos, target, guess = (t.cpu().numpy() for t in (some.pos, some.target, predict(model, some)))
        title = f"{settings.dataset} · {settings.group}"
        return {"trajectories.png": plot.trajectories(pos, target, guess, paths, title)[0, 0].figure}
