"""Networks from molecules to tensors: steerable, and plain ones that see components."""

from __future__ import annotations

import torch
from intertwine.emlp import Linear
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, T, V
from torch import Tensor, nn
from torch.nn.functional import one_hot, silu

from ..qm9._data import ELEMENTS
from ..qm9._graphs import Batch
from ..qm9._model import Body, sum_over
from ..qm9._plain import Plain

REPS: dict[str, Rep] = {"dipole": V, "polarizability": T(2)}
WIDTH, LAYERS = 12, 3


class TensorNet(nn.Module):
    """A tensor of every molecule, (batch.size, rep.dim): a sum over atoms, in units of ``scale``.

    Every element adds an invariant of its own, which only the polarizability has.

    Parameters
    ----------
    group : Group
    target : "dipole" or "polarizability"
    scale : float
    width : int
        Hidden vectors; twice as many scalars, a third as many tensors.
    """

    scale: Tensor

    def __init__(self, group: Group, target: str, scale: float, width: int = WIDTH) -> None:
        super().__init__()
        self.body = Body(group, (2 * width, width), LAYERS, width // 3)
        self.out = Linear(self.body.rep_out, REPS[target], group=group, bias=False)
        self.element = Linear(len(ELEMENTS) * Scalar, REPS[target], group=group, bias=False)
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, batch: Batch) -> Tensor:
        """The tensors."""
        kinds = one_hot(batch.kind, len(ELEMENTS)).to(batch.pos)
        summed: Tensor = self.scale * sum_over(self.out(self.body(batch)) + self.element(kinds), batch)
        return summed


class PlainNet(nn.Module):
    """The same of messages of plain networks that see relative positions by components: invariant to shifts only.

    Parameters
    ----------
    target : "dipole" or "polarizability"
    scale : float
    width, layers : int
    """

    scale: Tensor

    def __init__(self, target: str, scale: float, width: int, layers: int = LAYERS) -> None:
        super().__init__()
        self.body = Plain(width, layers)
        self.out = nn.Linear(width, {"dipole": 3, "polarizability": 9}[target])
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, batch: Batch) -> Tensor:
        """The tensors, (batch.size, dim)."""
        summed: Tensor = self.scale * sum_over(self.out(silu(self.body.scalar(batch))), batch)
        return summed
