"""The pendulum experiment: train on short pieces, roll out for long, and see what is conserved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from intertwine import plot
from intertwine._names import parse_group
from intertwine.groups import Group
from intertwine.train import count_parameters
from matplotlib.figure import Figure
from torch import Tensor, nn

from .._augment import azimuthal
from .._experiment import Experiment, sized
from .._report import require_orthogonal
from . import _data
from ._model import Dynamics, Scalars, plain, steerable
from ._settings import PendulumSettings

#: geometric mean of the rollout error with 500 trajectories, arXiv:2104.09459 table 2
PUBLISHED = {
    "hamiltonian": {"HNN, O(2)": 0.0121, "HNN, D6": 0.0132, "HNN, MLP": 0.0281},
    "ode": {"neural ODE, O(2)": 0.0192, "neural ODE, MLP": 0.0482},
}
#: steps of the integrator between frames, in training and in rollouts
TRAINED, ROLLED = 1, 4


@dataclass
class Motion:
    """The training task: states along short rollouts.

    Attributes
    ----------
    train, val : (n, 5, 12) tensors
    test : (n, 150, 12) tensor
    augment : bool
        Move training pieces by random rotations about the z-axis, and mirrors.
    """

    train: Tensor
    val: Tensor
    test: Tensor
    augment: bool = False

    @property
    def size(self) -> int:
        """Number of training pieces."""
        return len(self.train)

    def loss(self, model: nn.Module, index: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared error of the states along some pieces."""
        true = self.train[index.to(self.train.device)]
        if self.augment:
            true = moved(true, azimuthal(len(true), generator))
        return (rollout(model, true[:, 0], _data.FRAMES - 1, TRAINED) - true[:, 1:]).square().mean()

    def score(self, model: nn.Module) -> float:
        """Mean squared error along the validation pieces."""
        found = rollout(model, self.val[:, 0], _data.FRAMES - 1, TRAINED)
        return float((found - self.val[:, 1:]).square().mean())


def rollout(model: nn.Module, z: Tensor, frames: int, fine: int) -> Tensor:
    """States (n, frames, 12) after z (n, 12), by ``fine`` Runge–Kutta steps between frames."""
    found = []
    for _ in range(frames):
        for _ in range(fine):
            z = _data.runge_kutta(model, z, _data.STEP / fine)  # type: ignore[arg-type, assignment]
        found.append(z)
    return torch.stack(found, 1)


def moved(states: Tensor, g: Tensor) -> Tensor:
    """Every piece (frames, 12) moved by its orthogonal matrix (n, 3, 3)."""
    return (states.unflatten(-1, (4, 3)) @ g.to(states).mT.unsqueeze(1)).flatten(-2)


def relative_errors(found: Tensor, true: Tensor) -> Tensor:
    """|ẑ − z| / (|ẑ| + |z|) of the true states (n, 1 + frames, 12) and rollouts (n, frames, 12) from the first of them.

    At least 1e-7, which is what it is at the start; 1 where a rollout is lost.
    """
    found = torch.cat([true[:, :1].double(), found.double()], 1)
    error = (found - true).norm(dim=-1) / (found.norm(dim=-1) + true.norm(dim=-1))
    return torch.where(error.isfinite(), error, 1.0).clamp(1e-7, 1.0)


def rollout_error(found: Tensor, true: Tensor) -> float:
    """Geometric mean of the relative errors over rollouts and times, the start included, as in the authors' code."""
    return float(relative_errors(found, true).log().mean().exp())


class PendulumExperiment(Experiment[PendulumSettings, Motion]):
    """Rollouts of a double spring pendulum."""

    title = "Double spring pendulum"
    score = "rollout error"
    validated = "MSE over four steps"

    def check(self, settings: PendulumSettings) -> None:
        """The group acts on space; functions of invariants are invariant."""
        require_orthogonal(self.group(settings), "masses")
        if settings.model == "scalars" and settings.dynamics == "ode":
            raise ValueError("the model scalars gives a Hamiltonian, not a vector field: leave out --dynamics ode")

    def task(self, settings: PendulumSettings, device: torch.device) -> Motion:
        """Trajectories, simulated at the first use."""
        train = _data.pieces(_data.trajectories(settings.samples, "train", settings.seed), settings.seed)
        val = _data.pieces(_data.trajectories(_data.VALIDATION, "val"), 0)
        test = _data.trajectories(_data.TEST, "test")
        one, two, three = (torch.from_numpy(part).float().to(device) for part in (train, val, test))
        return Motion(one, two, three, settings.augment)

    def network(self, settings: PendulumSettings, group: Group, task: Motion) -> nn.Module:
        """A Hamiltonian or a vector field."""
        is_hamiltonian = settings.dynamics == "hamiltonian"
        if settings.model == "steerable" and settings.parameters is None:
            return Dynamics(steerable(group, is_hamiltonian), is_hamiltonian)
        parameters = settings.parameters or count_parameters(steerable(parse_group("azimuthal"), is_hamiltonian))
        made: Mapping[str, Callable[[int], nn.Module]] = {
            "steerable": partial(steerable, group, is_hamiltonian),
            "scalars": partial(Scalars, group),
            "mlp": partial(plain, is_hamiltonian),
        }
        return Dynamics(sized(made[settings.model], parameters, settings.seed), is_hamiltonian)

    def test(self, settings: PendulumSettings, model: nn.Module, task: Motion) -> dict[str, float]:
        """`rollout_error`, and how far conserved quantities drift along predictions."""
        found = predicted(model, task.test)
        drift = {name: _drift(values) for name, values in conserved(found, task.test[:, 0]).items()}
        return {"rollout error": rollout_error(found, task.test)} | {f"drift of {k}": v for k, v in drift.items()}

    def references(self, settings: PendulumSettings, task: Motion) -> dict[str, float]:
        """Standing still, and published figures."""
        still = task.test[:, :1].expand(-1, task.test.shape[1] - 1, -1)
        published = {f"{name} (published)": value for name, value in PUBLISHED[settings.dynamics].items()}
        return {"standing still": rollout_error(still, task.test)} | published

    def pictures(self, settings: PendulumSettings, model: nn.Module, task: Motion) -> dict[str, Figure]:
        """The error, and conserved quantities, along predictions."""
        found = predicted(model, task.test)
        times = _data.STEP * np.arange(1, found.shape[1] + 1)
        error = relative_errors(found, task.test).log().mean(0).exp()
        drawn = plot.figure(10.5, 3.4)
        axes = drawn.subplots(1, 3)
        axes[0].plot(times, error[1:].cpu())
        axes[0].set(xlabel="time", title="relative error, mean", yscale="log")
        for panel, (name, values) in zip(axes[1:], conserved(found, task.test[:, 0]).items()):
            panel.plot(times, (values[:, 1:] - values[:, :1])[:5].T)
            panel.set(xlabel="time", title=f"{name}, from its start")
        moved = ", moved" * settings.augment
        drawn.suptitle(f"{settings.dynamics} · {settings.model}{moved} · {settings.group} · five rollouts")
        return {"rollouts.png": drawn}


def _drift(values: np.ndarray) -> float:
    """Mean distance along a rollout from its start, the median over rollouts (n, times): some may be lost."""
    apart = np.abs(values - values[:, :1]).mean(1)
    return float(np.median(np.where(np.isfinite(apart), apart, np.inf)))


@torch.no_grad()
def predicted(model: nn.Module, test: Tensor) -> Tensor:
    """Rollouts (n, 149, 12) from the first states, in double precision."""
    first = next(model.parameters()).dtype
    model.double()
    found = rollout(model, test[:, 0].double(), test.shape[1] - 1, ROLLED).detach()
    model.to(first)
    return found


def conserved(found: Tensor, start: Tensor) -> dict[str, np.ndarray]:
    """True energy and angular momentum about z along rollouts and at their start: (n, 150) each."""
    states = torch.cat([start[:, None].double(), found], 1).cpu().numpy()
    return {"energy": _data.energy(states), "angular momentum": _data.angular_momentum(states)}
