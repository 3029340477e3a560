"""A steerable network for scalar properties of molecules.

Atoms enter as one-hot elements, PointConv layers pass between atoms within a cutoff, and every atom gives
invariants; what a plain network makes of their sum is added to the linear regression on atom counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from intertwine.conv import PointConv
from intertwine.emlp import Gate, Linear, Norm
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, T, V
from torch import Tensor, nn
from torch.nn.functional import one_hot

from .._layers import mlp
from .._report import require_orthogonal
from ._baseline import predict
from ._data import BONDS, ELEMENTS
from ._graphs import Batch

#: Å; and how many neighbours an atom then has, about
CUTOFF, NEIGHBOURS = 3.0, 8.0
#: dimension of the kernels' hidden features: more epochs in the same time beat wider kernels
HIDDEN = 48


@dataclass(frozen=True)
class Kernels:
    """What the kernels of a network are, and see.

    Attributes
    ----------
    kind : "implicit" or "standard"
        Harmonics times functions of the distance (and the attributes): those of a network, or combinations of fixed
        ones.
    attributes : "none", "bonds" or "atoms"
        Positions alone; the type of the bond between two atoms too; that and both elements.
    """

    kind: str = "implicit"
    attributes: str = "none"

    def convolution(self, rep_in: Rep, rep_out: Rep, group: Group, cutoff: float) -> PointConv:
        """A layer with such a kernel."""
        edge = None if self.attributes == "none" else len(BONDS) * Scalar
        node = len(ELEMENTS) * Scalar if self.attributes == "atoms" else None
        layers = 2 if self.kind == "implicit" else 0
        return PointConv(
            rep_in,
            rep_out,
            group,
            edge=edge,
            node=node,
            hidden=HIDDEN,
            layers=layers,
            cutoff=cutoff,
            neighbours=NEIGHBOURS,
        )

    def seen(self, batch: Batch, kinds: Tensor) -> list[Tensor | None]:
        """The attributes of edges and of atoms."""
        bonds = None if self.attributes == "none" else one_hot(batch.bond, len(BONDS)).to(batch.pos)
        return [bonds, kinds if self.attributes == "atoms" else None]


class Body(nn.Module):
    """Features of every atom of a batch, (atoms, rep_out.dim).

    Parameters
    ----------
    group : Group
        Acting on space, d = 3.
    width : (int, int)
        Scalars and vectors among the features.
    layers : int
    tensors : int
        Tensors V ⊗ V among the features.
    kernels : Kernels
    cutoff : float
        Å; the graphs' cutoff.

    Raises
    ------
    ValueError
        If the group does not act on real 3-space.
    """

    def __init__(
        self,
        group: Group,
        width: tuple[int, int] = (32, 16),
        layers: int = 3,
        tensors: int = 0,
        kernels: Kernels | None = None,
        cutoff: float = CUTOFF,
    ) -> None:
        super().__init__()
        require_orthogonal(group, "atoms")
        self.kernels = kernels or Kernels()
        self.group, self.scalars = group, width[0]
        self.rep_out = (width[0] * Scalar + width[1] * V + tensors * T(2))(group)
        gates = [Gate(self.rep_out) for _ in range(layers)]
        self.gate = nn.ModuleList(gates)
        self.norm = nn.ModuleList(Norm(self.rep_out) for _ in range(layers))
        reps = [len(ELEMENTS) * Scalar, *([self.rep_out] * (layers - 1))]
        self.conv = nn.ModuleList(
            self.kernels.convolution(rep, gate.rep_in, group, cutoff) for rep, gate in zip(reps, gates)
        )
        self.invariant = Linear(self.rep_out, self.scalars * Scalar, group=group)

    def forward(self, batch: Batch) -> Tensor:
        """The features of all atoms."""
        x = kinds = one_hot(batch.kind, len(ELEMENTS)).to(batch.pos)
        seen = self.kernels.seen(batch, kinds)
        for k, (conv, gate, norm) in enumerate(zip(self.conv, self.gate, self.norm)):
            y = norm(gate(conv(x, batch.pos, batch.edge_index, *seen)))
            x = (x + y) * 0.5**0.5 if k else y
        return x

    def scalar(self, batch: Batch) -> Tensor:
        """Invariants of all atoms, (atoms, scalars)."""
        invariants: Tensor = self.invariant(self(batch))
        return invariants


class Atoms(Protocol):
    """Gives features of the atoms."""

    scalars: int

    def scalar(self, batch: Batch) -> Tensor:
        """The features (atoms, scalars)."""
        ...


class MoleculeNet(nn.Module):
    """A scalar property of every molecule of a batch: a regression on atom counts, corrected by its invariants.

    A network of the sum over atoms gives the correction, not a sum of corrections: the energy of an orbital is no sum.

    Parameters
    ----------
    body : module
        Gives features of all atoms, for the baseline without symmetry invariant to shifts only.
    regression : (6,) tensor
        Coefficients of atom counts and constant.
    scale : float
        Typical size of what the regression leaves.
    """

    regression: Tensor
    scale: Tensor

    def __init__(self, body: Atoms, regression: Tensor, scale: float) -> None:
        super().__init__()
        self.register_buffer("regression", regression)
        self.register_buffer("scale", torch.tensor(scale))
        self.body = body
        self.out = mlp(body.scalars, body.scalars, 1)

    def forward(self, batch: Batch) -> Tensor:
        """The property of every molecule, (batch.size,)."""
        kinds = one_hot(batch.kind, len(ELEMENTS)).to(batch.pos)
        correction = self.out(sum_over(self.body.scalar(batch), batch))[:, 0]
        return predict(self.regression, sum_over(kinds, batch)) + self.scale * correction


def sum_over(x: Tensor, batch: Batch) -> Tensor:
    """Sums of atoms' features (atoms, channels) over their molecule: (batch.size, channels)."""
    return x.new_zeros(batch.size, x.shape[-1]).index_add(0, batch.molecule, x)
