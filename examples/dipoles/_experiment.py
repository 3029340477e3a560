"""The dipoles experiment: steerable outputs, vectors and tensors."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from intertwine import plot
from intertwine.groups import Group, O
from intertwine.train import count_parameters
from matplotlib.figure import Figure
from torch import Tensor, nn

from .._augment import elements
from .._experiment import Experiment, sized
from .._report import require_orthogonal
from .._supervised import Supervised
from ..qm9._graphs import Batch, Graphs
from ..qm9._model import CUTOFF
from . import _data
from ._model import PlainNet, TensorNet
from ._settings import DipolesSettings


def distances(guess: Tensor, true: Tensor) -> Tensor:
    """|guess − true| of every sample, (n,)."""
    return (guess - true.to(guess)).norm(dim=-1)


def mean_distance(guess: Tensor, true: Tensor) -> Tensor:
    """The mean of `distances`."""
    return distances(guess, true).mean()


def turned(batch: Batch, generator: torch.Generator, group: Group | None = None) -> Batch:
    """Every molecule moved by a random element of O(3), or of the group, of its own, with its tensor."""
    g = elements(group or O(3), batch.size, generator)
    rho = g if batch.target.shape[1] == 3 else torch.einsum("nij,nkl->nikjl", g, g).flatten(3, 4).flatten(1, 2)
    return replace(batch.moved(g), target=(rho.to(batch.target) @ batch.target.unsqueeze(2)).squeeze(2))


class DipolesExperiment(Experiment[DipolesSettings, Supervised]):
    """A vector or a tensor of molecules."""

    title = "Dipoles and polarizabilities"

    def check(self, settings: DipolesSettings) -> None:
        """The group acts on space."""
        require_orthogonal(self.group(settings), "atoms")

    def task(self, settings: DipolesSettings, device: torch.device) -> Supervised:
        """Molecules, computed at the first use."""
        parts = _data.load(settings.target, settings.samples, settings.seed)
        train, val, test = (Graphs(parts[part], CUTOFF, device) for part in ("train", "val", "test"))
        move = turned if settings.augment else None
        return Supervised(train, val, test, mean_distance, distances, move)

    def network(self, settings: DipolesSettings, group: Group, task: Supervised) -> nn.Module:
        """A steerable network, or a plain one of as many weights."""
        target = task.train[torch.arange(len(task.train))].target
        scale = float((target - target.mean(0)).square().mean().sqrt())
        if settings.model == "steerable" and settings.parameters is None:
            return TensorNet(group, settings.target, scale)
        parameters = settings.parameters or count_parameters(TensorNet(O(3), settings.target, scale))
        make = partial(TensorNet, group) if settings.model == "steerable" else PlainNet
        return sized(partial(make, settings.target, scale), parameters, settings.seed)

    def test(self, settings: DipolesSettings, model: nn.Module, task: Supervised) -> dict[str, float]:
        """Mean distance from the true tensor; how far outputs are from turning with the molecule."""
        guess, true = task.predicted(model, task.test)
        batch = task.test[torch.arange(min(100, len(task.test)))]
        moved = turned(replace(batch, target=model(batch)), torch.Generator().manual_seed(1))
        broken = distances(model(moved), moved.target).mean() / moved.target.norm(dim=-1).mean()
        return {self.score_of(settings): float(distances(guess, true).mean()), "equivariance error": float(broken)}

    def score_of(self, settings: DipolesSettings) -> str:
        """Mean distance, in the tensor's unit."""
        return f"test distance ({_data.UNITS[settings.target]})"

    def references(self, settings: DipolesSettings, task: Supervised) -> dict[str, float]:
        """The best invariant tensor: zero, or a multiple of the unit matrix."""
        train, test = (some[torch.arange(len(some))].target for some in (task.train, task.test))
        mean = torch.zeros(3)
        if settings.target == "polarizability":
            mean = train.unflatten(1, (3, 3)).diagonal(dim1=1, dim2=2).mean() * torch.eye(3).flatten()
        return {"invariant tensor (predictor)": float(distances(mean.expand(len(test), -1), test).mean())}

    def pictures(self, settings: DipolesSettings, model: nn.Module, task: Supervised) -> dict[str, Figure]:
        """Components, predicted against true."""
        guess, true = task.predicted(model, task.test)
        title = f"{settings.target} by components · {settings.model} · {settings.group}"
        drawn = plot.parity(true.flatten(), guess.cpu().flatten(), _data.UNITS[settings.target], title)
        return {"parity.png": drawn.figure}
