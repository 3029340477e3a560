"""A steerable network for scalar properties of molecules.

Atoms enter as one-hot elements, PointConv layers pass between atoms within a cutoff, and every atom gives an
invariant; their sum corrects the linear regression on atom counts.
"""

from __future__ import annotations

import torch
from intertwine.conv import PointConv
from intertwine.emlp import Gate, Linear, Norm
from intertwine.groups import Group
from intertwine.reps import Scalar, V
from torch import Tensor, nn
from torch.nn.functional import one_hot

from .._report import require_orthogonal
from ._baseline import predict
from ._data import ELEMENTS
from ._graphs import Batch

#: Å; and how many neighbours an atom then has, about
CUTOFF, NEIGHBOURS = 3.0, 8.0
#: dimension of the kernels' hidden features: more epochs in the same time beat wider kernels
HIDDEN = 48


class MoleculeNet(nn.Module):
    """A scalar property of every molecule of a batch.

    Parameters
    ----------
    group : Group
        Acting on space, d = 3.
    regression : (6,) tensor
        Coefficients of atom counts and constant.
    scale : float
        Typical size of what the regression leaves.
    width : (int, int)
        Scalars and vectors among the hidden features.
    layers : int
    cutoff : float
        Å; the graphs' cutoff.

    Raises
    ------
    ValueError
        If the group does not act on real 3-space.
    """

    regression: Tensor
    scale: Tensor

    def __init__(
        self,
        group: Group,
        regression: Tensor,
        scale: float,
        width: tuple[int, int] = (32, 16),
        layers: int = 3,
        cutoff: float = CUTOFF,
    ) -> None:
        super().__init__()
        require_orthogonal(group, "atoms")
        self.register_buffer("regression", regression)
        self.register_buffer("scale", torch.tensor(scale))
        hidden = width[0] * Scalar + width[1] * V
        gates = [Gate(hidden, group=group) for _ in range(layers)]
        self.gate = nn.ModuleList(gates)
        self.norm = nn.ModuleList(Norm(hidden, group=group) for _ in range(layers))
        reps = [len(ELEMENTS) * Scalar, *([hidden] * (layers - 1))]
        self.conv = nn.ModuleList(
            PointConv(rep, gate.rep_in, group=group, hidden=HIDDEN, cutoff=cutoff, neighbours=NEIGHBOURS)
            for rep, gate in zip(reps, gates)
        )
        self.out = nn.Sequential(Linear(hidden, width[0] * Scalar, group=group), nn.SiLU(), nn.Linear(width[0], 1))

    def forward(self, batch: Batch) -> Tensor:
        """The property of every molecule, (batch.size,)."""
        kinds = one_hot(batch.kind, len(ELEMENTS)).to(batch.pos)
        x = kinds
        for k, (conv, gate, norm) in enumerate(zip(self.conv, self.gate, self.norm)):
            y = norm(gate(conv(x, batch.pos, batch.edge_index)))
            x = (x + y) * 0.5**0.5 if k else y
        summed = sum_over(self.out(x), batch)[:, 0]
        return predict(self.regression, sum_over(kinds, batch)) + self.scale * summed


def sum_over(x: Tensor, batch: Batch) -> Tensor:
    """Sums of atoms' features (atoms, channels) over their molecule: (batch.size, channels)."""
    return x.new_zeros(batch.size, x.shape[-1]).index_add(0, batch.molecule, x)
