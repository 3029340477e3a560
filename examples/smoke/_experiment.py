"""The smoke experiment: one step of a flow, steerable networks beside a plain one."""

from __future__ import annotations

import math
from functools import partial

import torch
from intertwine.groups import Group
from intertwine.plot import figure
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from .._experiment import Experiment, steerable_or_plain
from .._report import require_orthogonal
from .._supervised import Samples, Supervised
from . import _data
from ._data import Pairs, pairs, simulations
from ._model import FlowNet, plain, steerable
from ._settings import SmokeSettings
from ._symmetry import grid_error, turn_error

#: one-step mean squared errors by number of simulations, arXiv:2402.14730
PUBLISHED = {
    "Clifford-steerable": {64: 2.6e-3, 512: 1.2e-3, 5120: 8.8e-4},
    "steerable": {64: 8.4e-3, 512: 2.3e-3, 5120: 1.25e-3},
    "ResNet": {64: 4.6e-3, 512: 3.3e-3, 5120: 2.8e-3},
}
ROLLED = _data.FRAMES - 1
#: where the velocity is drawn
ARROWS = torch.meshgrid(torch.arange(0, _data.SIZE, 3), torch.arange(0, _data.SIZE, 3), indexing="ij")
#: test pairs on which symmetry is measured, and angles
TURNED, ANGLES = 8, torch.tensor([0.3, 0.8, 1.2])


def square_errors(guess: Tensor, true: Tensor) -> Tensor:
    """Mean squared error of the fields of every sample, (n,).

    Examples
    --------
    >>> square_errors(torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4))
    tensor([1., 1.])
    """
    return (guess - true).square().mean((1, 2, 3))


class SmokeExperiment(Experiment[SmokeSettings, Supervised]):
    """Smoke and velocity a step later."""

    title = "Smoke"
    score = "test MSE"

    def check(self, settings: SmokeSettings) -> None:
        """The group acts on the plane, and forces are finite."""
        if not math.isfinite(settings.buoyancy):
            raise ValueError(f"buoyancy is a finite number >= 0, got {settings.buoyancy}")
        require_orthogonal(self.group(settings), "flows", 2)

    def task(self, settings: SmokeSettings, device: torch.device) -> Supervised:
        """Pairs of frames, simulated at the first use."""
        sizes = {"train": settings.samples, "val": _data.VALIDATION, "test": _data.TEST}
        frames = [simulations(n, part, settings.seed, settings.buoyancy) for part, n in sizes.items()]
        train, val, test = (pairs(some.to(device)) for some in frames)
        move = partial(_data.scattered, buoyancy=settings.buoyancy) if settings.augment else None
        return Supervised(train, val, test, mse_loss, square_errors, move)

    def network(self, settings: SmokeSettings, group: Group, task: Supervised) -> nn.Module:
        """A steerable network, or one without symmetry of as many weights."""
        return steerable_or_plain(
            settings, partial(steerable, group), partial(steerable, self.group(SmokeSettings())), plain
        )

    def test(self, settings: SmokeSettings, model: nn.Module, task: Supervised) -> dict[str, float]:
        """Errors of one step and of several, and of symmetry, as shares of the predicted change."""
        assert isinstance(model, FlowNet)
        test = everything(task.test)
        now = test.now[::ROLLED][:TURNED]
        return {
            self.score: task.error(model, test),
            f"MSE after {ROLLED} steps": float(square_errors(*rollout(model, test)).mean()),
            "equivariance error, grid": grid_error(model.step, now, settings.buoyancy),
            "equivariance error, turns": turn_error(model.step, now, ANGLES),
        }

    def references(self, settings: SmokeSettings, task: Supervised) -> dict[str, float]:
        """That nothing moves; zero, which is the mean; and figures published for as many simulations."""
        test = everything(task.test)
        still, nothing = (square_errors(guess, test.target) for guess in (test.now, torch.zeros_like(test.now)))
        known = {
            f"{name} (published)": by[settings.samples] for name, by in PUBLISHED.items() if settings.samples in by
        }
        return {"nothing moves (predictor)": float(still.mean()), "mean (predictor)": float(nothing.mean()), **known}

    def pictures(self, settings: SmokeSettings, model: nn.Module, task: Supervised) -> dict[str, Figure]:
        """Smoke and velocity of a test pair: before, after, as predicted, and what is wrong."""
        pair = task.test[torch.tensor([0])]
        guess = model(pair)
        shown = {"now": pair.now, "later": pair.target, "predicted": guess, "predicted − true": guess - pair.target}
        drawn = figure(11, 3.2)
        for axes, (name, fields) in zip(drawn.subplots(1, 4), shown.items()):
            smoke, down, right = fields[0].numpy(force=True)
            axes.imshow(smoke, cmap="RdBu_r", vmin=-2, vmax=2)
            axes.quiver(*reversed(ARROWS), right[::3, ::3], down[::3, ::3], angles="xy", scale=40)
            axes.set(title=name, xticks=[], yticks=[])
        drawn.suptitle(f"smoke and velocity · {settings.model} · {settings.group}")
        return {"fields.png": drawn}


def everything(samples: Samples) -> Pairs:
    """All pairs of a part."""
    found: Pairs = samples[torch.arange(len(samples))]
    return found


def rollout(model: FlowNet, test: Pairs) -> tuple[Tensor, Tensor]:
    """Last frames of the simulations: predicted from the first ones in many steps, and true."""
    fields = test.now[::ROLLED]
    for _ in range(ROLLED):
        fields = torch.cat([model.step(some) for some in fields.split(64)])
    return fields, test.target[ROLLED - 1 :: ROLLED]
