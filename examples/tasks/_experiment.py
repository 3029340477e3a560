"""The three tasks: train, test, and say how equivariant the result is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from intertwine import plot
from intertwine.emlp import EMLP
from intertwine.groups import Group, Lorentz, O, S
from intertwine.reps import Rep, Scalar, V
from intertwine.train import count_parameters
from matplotlib.figure import Figure
from torch import Tensor, nn

from .._augment import POOL
from .._experiment import Experiment, sized
from . import _data
from ._model import WIDTH, Gated, PooledScalars, Scalars, Standardised, TaskNet, plain
from ._settings import TaskSettings

#: test MSE with N training samples: arXiv:2104.09459 figure 3 and arXiv:2106.06610, 2305.11141, as read off
PUBLISHED: dict[str, dict[int, dict[str, float]]] = {
    "o5": {
        100: {"EMLP-O(5)": 0.041, "MLP, augmented": 0.40, "scalars": 0.111},
        1000: {"EMLP-O(5)": 0.017, "MLP, augmented": 0.063, "scalars": 8.4e-3},
        10_000: {"EMLP-O(5)": 0.013, "MLP, augmented": 0.070, "scalars": 7.4e-4, "CGENN, 30,000 samples": 3e-4},
    },
    "inertia": {
        100: {"EMLP-O(3)": 1.44, "MLP, augmented": 1.8, "scalars": 0.055},
        1000: {"EMLP-O(3)": 0.136, "MLP, augmented": 0.13, "scalars": 3.8e-3},
        10_000: {"EMLP-O(3)": 0.018, "MLP, augmented": 0.11, "scalars": 1.2e-3},
    },
    "lorentz": {
        100: {"EMLP-O(1,3)": 8.9e-3, "MLP, augmented": 0.19},
        1000: {"EMLP-O(1,3)": 3.3e-4, "MLP, augmented": 0.013},
        10_000: {"EMLP-O(1,3)": 2.6e-4, "MLP, augmented": 0.013},
    },
}
LAYERS = 2
#: widths of the models that take any group
USUAL = {"steerable": WIDTH, "emlp": 96, "gated": 128}
#: the same of products alone where permutations act, too, on five times as many components
PERMUTED = 288
#: elements for the equivariance error, and their seed, which no run's pool has
PROBES, PROBED = 10, 2**63


@dataclass
class Fit:
    """The training task: mean squared error of standardised targets.

    Attributes
    ----------
    train, val, test : (x, y)
    scale : (1,) Tensor
        Standard deviation of the targets.
    symmetry : (Rep, Rep)
        How inputs and targets transform under the true group.
    moves : (matrices, matrices), optional
        Of a pool of its elements on inputs and targets, by which training samples are moved.
    """

    train: tuple[Tensor, Tensor]
    val: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    scale: Tensor
    symmetry: tuple[Rep, Rep]
    moves: tuple[Tensor, Tensor] | None = None

    @property
    def size(self) -> int:
        """Number of training samples."""
        return len(self.train[0])

    def loss(self, model: nn.Module, index: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared error of some training samples."""
        x, y = (t[index.to(t.device)] for t in self.train)
        if self.moves is not None:
            x, y = moved(x, y, self.moves, generator)
        return ((model(x) - y) / self.scale).square().mean()

    def score(self, model: nn.Module) -> float:
        """Mean squared error on the validation samples, in units of the targets."""
        return float((model(self.val[0]) - self.val[1]).square().mean())


def moves(symmetry: tuple[Rep, Rep], seed: int) -> tuple[Tensor, Tensor]:
    """Matrices (POOL, ...) on inputs and on targets of random elements of the group of their representations."""
    g = _group(symmetry[0]).sample(POOL, rng=seed)
    on_inputs, on_targets = (torch.from_numpy(rep.rho(g)) for rep in symmetry)
    return on_inputs, on_targets


def moved(x: Tensor, y: Tensor, pool: tuple[Tensor, Tensor], generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Every sample moved by the matrices of a random element of the pool."""
    index = torch.randint(POOL, (len(x),), generator=generator).to(x.device)
    a, b = ((m.to(t)[index] @ t.unsqueeze(2)).squeeze(2) for m, t in zip(pool, (x, y)))
    return a, b


def _group(rep: Rep) -> Group:
    assert rep.group is not None
    return rep.group


class TaskExperiment(Experiment[TaskSettings, Fit]):
    """An invariant or a tensor of a few vectors."""

    title = "EMLP's tasks"
    score = "test MSE"
    symmetries: ClassVar[Mapping[str, Group]] = {"o5": O(5), "inertia": O(3) * S(_data.MASSES), "lorentz": Lorentz()}

    def check(self, settings: TaskSettings) -> None:
        """The group acts on the data."""
        group = self.group(settings)
        representations(settings.name, group)

    def task(self, settings: TaskSettings, device: torch.device) -> Fit:
        """Samples, drawn anew."""
        sizes = {"train": settings.samples, "val": _data.VALIDATION, "test": _data.TEST}
        parts = {}
        for part, n in sizes.items():
            x, y = _data.draw(settings.name, settings.target, part, n, settings.seed)
            parts[part] = (x.float().to(device), y.float().to(device))
        _, scale, _ = standards(settings.name, *parts["train"])
        symmetry = representations(settings.name, self.symmetries[settings.name])
        fit = Fit(**parts, scale=scale, symmetry=symmetry)
        if settings.augment:
            on_inputs, on_targets = moves(symmetry, settings.seed)
            fit.moves = on_inputs.to(fit.train[0]), on_targets.to(fit.train[1])
        return fit

    def network(self, settings: TaskSettings, group: Group, task: Fit) -> nn.Module:
        """One of the models, on standardised numbers."""
        name = settings.name
        build = partial(baseline, settings.model, name)
        if settings.model in USUAL:
            build = partial(equivariant, settings.model, name, group)
        if settings.model in USUAL and settings.parameters is None:
            is_permuted = settings.model == "emlp" and len(group.factors) > 1
            model = build(PERMUTED if is_permuted else USUAL[settings.model])
        else:
            usual = equivariant("steerable", name, self.symmetries[name], WIDTH)
            model = sized(build, settings.parameters or count_parameters(usual), settings.seed)
        return Standardised(model, *standards(name, *task.train))

    def test(self, settings: TaskSettings, model: nn.Module, task: Fit) -> dict[str, float]:
        """Mean squared error, and without the worst percent, which can be most of it; and the equivariance error."""
        x, y = task.test
        each = (model(x) - y).square().mean(1).sort().values
        return {
            "test MSE": float(each.mean()),
            "test MSE without the worst percent": float(each[: int(0.99 * len(each))].mean()),
            "equivariance error": equivariance_error(model, task),
        }

    def references(self, settings: TaskSettings, task: Fit) -> dict[str, float]:
        """The variance of the targets, and published figures at this number of samples."""
        y = task.test[1]
        found = {"mean (predictor)": float((y - task.train[1].mean(0)).square().mean())}
        if settings.target == "standard":
            published = PUBLISHED[settings.name].get(settings.samples, {})
            found |= {f"{name} (published)": value for name, value in published.items()}
        return found

    def pictures(self, settings: TaskSettings, model: nn.Module, task: Fit) -> dict[str, Figure]:
        """Predicted against true."""
        x, y = task.test
        title = f"{settings.name} · {settings.model} · {settings.group}"
        return {"parity.png": plot.parity(y[:, 0].cpu(), model(x)[:, 0].cpu(), "1", title).figure}


def representations(name: str, group: Group) -> tuple[Rep, Rep]:
    """How inputs and targets of a task transform under a group.

    Raises
    ------
    ValueError
        If the group does not act on them.
    """
    d = {"o5": 5, "inertia": 3, "lorentz": 4}[name]
    permuting = S(_data.MASSES)
    if name == "inertia" and group.factors and group.factors[-1] == permuting:
        (space,) = group.factors[:-1] if len(group.factors) == 2 else (group,)
        if space.d == d and space.field == "R":
            return (V(permuting) + V(permuting) * V(space))(group), (V(space) * V(space))(group)
    if group.d != d or group.field != "R":
        more = ', or "O(3) * S(5)"' if name == "inertia" else ""
        raise ValueError(f"{group.name} acts on {group.field}^{group.d}, but {name} is about vectors of R^{d}{more}")
    if name == "inertia":
        return (_data.MASSES * Scalar + _data.MASSES * V)(group), (V * V)(group)
    return ((2 if name == "o5" else 4) * V)(group), Scalar(group)


def standards(name: str, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Invariant shift of the targets, their scale, and the size of inputs."""
    shift = y.mean(0)
    if name == "inertia":  # a multiple of the unit matrix
        shift = torch.eye(3).flatten().to(y) * y.unflatten(1, (3, 3)).diagonal(dim1=1, dim2=2).mean()
    one = y.new_ones(1)
    return shift, (y - shift).square().mean().sqrt() * one, one if name == "inertia" else x.square().mean().sqrt() * one


def equivariant(model: str, name: str, group: Group, width: int) -> nn.Module:
    """A model with the symmetry of a group (steerable, emlp, gated)."""
    reps = representations(name, group)
    if model == "steerable":
        return TaskNet(*reps, group, LAYERS, width=width)
    if model == "emlp":
        return EMLP(*reps, group, hidden=width, layers=LAYERS)
    return Gated(*reps, group, width)


def baseline(model: str, name: str, width: int) -> nn.Module:
    """A model without (mlp) or with hand-made (scalars) symmetry."""
    if model == "mlp":
        return plain(name, width)
    if name == "inertia":
        return PooledScalars(_data.MASSES, width)
    metric = torch.from_numpy(_data.ETA).float() if name == "lorentz" else torch.eye(5 if name == "o5" else 3)
    return Scalars(metric, {"o5": 2, "lorentz": 4}[name], width)


@torch.no_grad()
def equivariance_error(model: nn.Module, task: Fit) -> float:
    """Largest relative error of f(ρ(g) x) = ρ(g) f(x) on random elements of the true group, in double precision."""
    first = next(model.parameters()).dtype
    model.double()
    x = task.test[0][:200].double()
    y = model(x)
    worst = 0.0
    for g in _group(task.symmetry[0]).sample(PROBES, rng=PROBED):
        rho_in, rho_out = (torch.from_numpy(rep.rho(g)).to(x) for rep in task.symmetry)
        worst = max(worst, float((model(x @ rho_in.mT) - y @ rho_out.mT).norm() / y.norm()))
    model.to(first)
    return worst
