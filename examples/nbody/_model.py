"""A steerable network for the motion of particles: every layer is a step of a learned integrator.

Node features are copies of `Scalar` and `V`.  In each layer a PointConv passes between all pairs; its kernel sees
the relative position, the relative velocity and the pair's scalar (product of charges, or spring).  Then a
linear map of the features gives each particle a kick and a drift, equivariant vectors, and the particles move.
Without kicks and drifts, as at the start of training, this is linear motion.  Nothing depends on which group acts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from intertwine.conv import PointConv
from intertwine.emlp import Gate, Linear, Norm
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, V
from torch import Tensor, nn

from .._experiment import largest
from .._layers import rows
from .._report import require_orthogonal
from ._data import INTERVAL, NBody
from ._simulate import PARTICLES

#: weights are matched across groups to this
TOLERANCE = 0.02
#: length unit of the kernels, and their expected number of neighbours
LENGTH, NEIGHBOURS, SHELLS = 4.0, PARTICLES - 1, 12
#: hidden scalars and vectors of the kernels, each: with 8 and as many weights, features are narrower, and the error is
#: twice as large on springs, the same with charges
HIDDEN = 4


@dataclass(frozen=True)
class Width:
    """How wide a network is: hidden scalars and vectors, and the width of the kernels' scalar networks."""

    scalars: int = 10
    vectors: int = 10
    kernel: int = 40


class NBodyNet(nn.Module):
    """Positions after `INTERVAL`, from positions and velocities.

    Parameters
    ----------
    group : Group
        Acting on space, orthogonally: d = 3.
    width : Width
    layers : int
        Number of convolutions.
    absolute : bool
        Give the absolute positions as features; breaks translation symmetry, as an outer field does.  Features are then
        not normalised: with springs that makes the error about three times as large, with charges a tenth smaller.

    Raises
    ------
    ValueError
        If the group does not act on real 3-space by orthogonal matrices.

    Examples
    --------
    >>> from intertwine.groups import O
    >>> from intertwine.examples.nbody._data import load
    >>> net = NBodyNet(O(3), Width(4, 4), layers=2)
    >>> net(load("springs", "test", 2)).shape
    torch.Size([2, 5, 3])
    """

    def __init__(self, group: Group, width: Width | None = None, layers: int = 4, absolute: bool = False) -> None:
        super().__init__()
        require_orthogonal(group, "particles")
        width = width or Width()
        self.group, self.absolute = group, absolute
        hidden = width.scalars * Scalar + width.vectors * V
        state = (2 if absolute else 1) * V
        reps = [2 * Scalar + state, *([hidden + state] * (layers - 1))]
        gates = [Gate(hidden, group=group) for _ in range(layers)]
        self.gate = nn.ModuleList(gates)
        self.norm = nn.ModuleList(nn.Identity() if absolute else Norm(hidden, group=group) for _ in range(layers))
        self.conv = nn.ModuleList(convolution(rep, gate.rep_in, group, width.kernel) for rep, gate in zip(reps, gates))
        self.push = nn.ModuleList(Linear(hidden, 2 * V, group=group, bias=False) for _ in range(layers))
        for weight in self.push.parameters():  # begin with linear motion
            nn.init.zeros_(weight)

    def forward(self, data: NBody) -> Tensor:
        """Predict the positions (n, 5, 3)."""
        pos, vel = data.pos.flatten(0, 1), data.vel.flatten(0, 1)
        edges, step = data.edge_index, INTERVAL / len(self.conv)
        x = torch.cat([data.node.reshape(-1, 1), square(vel)], -1)
        for k, (conv, gate, norm, push) in enumerate(zip(self.conv, self.gate, self.norm, self.push)):
            state = [vel, pos] if self.absolute else [vel]
            apart = rows(vel, edges[0]) - rows(vel, edges[1])
            edge_attr = torch.cat([data.edge_pair, square(apart).log1p(), apart], -1)
            y = norm(gate(conv(torch.cat([x, *state], -1), pos, edges, edge_attr)))
            x = (x + y) * 0.5**0.5 if k else y
            kick, drift = push(x).split(3, -1)
            vel = vel + kick
            pos = pos + step * (vel + drift)
        return pos.unflatten(0, (-1, PARTICLES))


def square(x: Tensor) -> Tensor:
    """|x|², with a last axis of length one."""
    return x.square().sum(-1, keepdim=True)


def convolution(rep_in: Rep, rep_out: Rep, group: Group, width: int) -> PointConv:
    """One layer; its kernel sees the relative position and velocity, the relative speed and the pair's scalar."""
    return PointConv(
        rep_in,
        rep_out,
        group=group,
        edge=2 * Scalar + V,
        hidden=HIDDEN * (Scalar + V),
        width=width,
        shells=SHELLS,
        cutoff=LENGTH,
        window=None,
        neighbours=NEIGHBOURS,
    )


def matched_width(count: Callable[[Width], int], parameters: int) -> Width:
    """The widths with which a model has ``parameters`` weights to within `TOLERANCE`.

    As many vectors as scalars and kernels four times as wide, as far as possible; then wider kernels.

    Parameters
    ----------
    count : function of a Width
        Number of weights of the model; increasing.
    parameters : int

    Raises
    ------
    ValueError
        If no width does.

    Examples
    --------
    >>> matched_width(lambda w: 10 * w.scalars**2 + 20 * w.vectors**2 + 30 * w.kernel, 3800)
    Width(scalars=9, vectors=9, kernel=46)
    """
    n = largest(lambda n: count(Width(n, n, 4 * n)) <= parameters)
    kernel = largest(lambda k: count(Width(n, n, k)) <= parameters)
    found = min((Width(n, n, k) for k in (kernel, kernel + 1)), key=lambda w: abs(count(w) - parameters))
    if abs(count(found) - parameters) > TOLERANCE * parameters:
        raise ValueError(f"no model has {parameters} weights: the nearest has {count(found)}")
    return found
