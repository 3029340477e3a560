"""A steerable network for the motion of particles: PointConv layers between all pairs.

Node features are copies of `Scalar` and `V`; the kernels see the relative position, the relative velocity
and the pair's scalar (product of charges, or spring).  The prediction is x + v t + a learned V, so the
network learns what the forces do.  Nothing here depends on which group acts.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from intertwine.conv import PointConv
from intertwine.emlp import Gate, Linear
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, V
from torch import Tensor, nn

from ._data import INTERVAL, PARTICLES, NBody

#: weights are matched across groups to this
TOLERANCE = 0.02


class NBodyNet(nn.Module):
    """Positions after `INTERVAL`, from positions and velocities.

    Parameters
    ----------
    group : Group
        Acting on space, d = 3.
    width : (int, int)
        Scalars and vectors among the hidden features.
    layers : int
        Number of convolutions.
    absolute : bool
        Give the absolute positions as features; breaks translation symmetry, as an outer field does.

    Raises
    ------
    ValueError
        If the group does not act on real 3-space.

    Examples
    --------
    >>> from intertwine.groups import O
    >>> from intertwine.examples.nbody._data import load
    >>> net = NBodyNet(O(3), width=(4, 4), layers=2)
    >>> net(load("springs", "test", 2)).shape
    torch.Size([2, 5, 3])
    """

    def __init__(
        self, group: Group, width: tuple[int, int] = (16, 16), layers: int = 4, absolute: bool = False
    ) -> None:
        super().__init__()
        if group.d != 3 or group.field != "R":
            raise ValueError(
                f"{group.name} acts on {group.field}^{group.d}, but particles live in R^3: choose a group "
                "of real 3 x 3 matrices, such as O(3), SO(3), azimuthal, Octahedral or Trivial(3)"
            )
        self.group, self.absolute = group, absolute
        hidden = width[0] * Scalar + width[1] * V
        self.gate = nn.ModuleList(Gate(hidden, group=group) for _ in range(layers))
        reps = [Scalar + V + V if absolute else Scalar + V, *([hidden] * (layers - 1))]
        self.conv = nn.ModuleList(convolution(rep, gate.rep_in, group) for rep, gate in zip(reps, self.gate))
        self.out = Linear(hidden, V, group=group, bias=False)

    def forward(self, data: NBody) -> Tensor:
        """Predict the positions (n, 5, 3)."""
        pos, vel = data.pos.flatten(0, 1), data.vel.flatten(0, 1)
        edges = data.edge_index
        source, target = edges
        edge_attr = torch.cat([data.edge_pair, vel[source] - vel[target]], -1)
        x = torch.cat([data.node.reshape(-1, 1), vel, *([pos] if self.absolute else [])], -1)
        for k, (conv, gate) in enumerate(zip(self.conv, self.gate)):
            y = gate(conv(x, pos, edges, edge_attr))
            x = (x + y) * 0.5**0.5 if k else y
        return (pos + INTERVAL * vel + self.out(x)).unflatten(0, (-1, PARTICLES))


def convolution(rep_in: Rep, rep_out: Rep, group: Group) -> PointConv:
    """The layer of this network: a kernel of relative position, relative velocity and the pair's scalar."""
    return PointConv(rep_in, rep_out, group=group, edge=Scalar + V)


def matched_width(count: Callable[[tuple[int, int]], int], parameters: int) -> tuple[int, int]:
    """Scalars and vectors with which a model has ``parameters`` weights to within `TOLERANCE`.

    As many vectors as scalars as far as possible, then more scalars.

    Parameters
    ----------
    count : function of a width
        Number of weights of the model; increasing.
    parameters : int

    Raises
    ------
    ValueError
        If even the narrowest model has more.

    Examples
    --------
    >>> matched_width(lambda width: 10 * width[0] ** 2 + 20 * width[1] ** 2, 3200)
    (12, 9)
    """
    if count((1, 1)) > parameters * (1 + TOLERANCE):
        raise ValueError(f"the narrowest model has {count((1, 1))} weights already, more than {parameters}")
    both = _largest(lambda n: count((n, n)) <= parameters)
    for vectors in range(both, 0, -1):
        most = _largest(lambda n, v=vectors: count((n, v)) <= parameters)
        for scalars in (most, most + 1):
            if abs(count((scalars, vectors)) - parameters) <= TOLERANCE * parameters:
                return scalars, vectors
    return both, both


def _largest(fits: Callable[[int], bool]) -> int:
    """The largest n ≥ 1 that fits, by doubling and bisection; fits(1) is taken for granted."""
    low, high = 1, 2
    while fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
