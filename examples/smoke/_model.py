"""Networks from fields to fields on a torus: steerable, and the same without symmetry.

Both predict how fields change, and both are stacks of residual convolutions at full resolution, periodic, some of them
with holes so that they see far: they commute with every shift.
"""

from __future__ import annotations

from itertools import pairwise

from intertwine.conv import Fieldwise, GridConv
from intertwine.emlp import BatchNorm, Gate, Linear, TensorProductAct
from intertwine.emlp._hidden import hidden_rep
from intertwine.groups import Group
from intertwine.reps import Rep
from torch import Tensor, nn

from .._layers import ConvBlock
from ._data import FIELDS, Pairs

HIDDEN, FACTORS, KERNEL = 24, 8, 5
#: distance of a kernel's taps, block by block
HOLES = (1, 2, 2, 1)
#: largest root mean square of what is multiplied with itself
BOUND = 2.0


class FlowNet(nn.Module):
    """Fields a step later: those of now, and a network's change of them.

    Parameters
    ----------
    body : nn.Module
        Maps fields (n, 3, s, s) to their change.
    """

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, batch: Pairs) -> Tensor:
        """Smoke and velocity (n, 3, s, s) after the step."""
        return self.step(batch.now)

    def step(self, now: Tensor) -> Tensor:
        """The same, of fields."""
        return now + self.body(now)


class Block(nn.Module):
    """x ↦ (Wx + norm(gate(h) + p(q))) / √2, h and q = conv(x), p(q) made of the products of q with itself.

    The flow's equations are quadratic, and gates alone multiply by invariants: of a velocity with no smoke there would
    be none to multiply by.  Where q is large it is bounded: four blocks of bare products are a polynomial of degree 16,
    which blows up on fields a little stronger than those of the training.

    Parameters
    ----------
    rep_in, rep_out, factors : Rep
        Of x, of the result, and of the features q.
    hole : int
        Distance of the kernel's taps.
    """

    def __init__(self, rep_in: Rep, rep_out: Rep, factors: Rep, hole: int) -> None:
        super().__init__()
        gate = Gate(rep_out)
        self.sizes = gate.rep_in.dim, factors.dim
        self.conv = GridConv(
            rep_in, gate.rep_in + factors, None, KERNEL, padding="same", dilation=hole, padding_mode="circular"
        )
        self.gate, self.product = Fieldwise(gate), Fieldwise(TensorProductAct(factors, rep_out=rep_out))
        self.norm = Fieldwise(BatchNorm(rep_out))
        self.skip = Fieldwise(Linear(rep_in, rep_out, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Fields (n, rep_in.dim, s, s) to (n, rep_out.dim, s, s)."""
        h, q = self.conv(x).split(self.sizes, 1)
        q = q * (1 + q.square().mean(1, keepdim=True) / BOUND**2).rsqrt()  # the group is orthogonal
        return (self.skip(x) + self.norm(self.gate(h) + self.product(q))) * 0.5**0.5


def steerable(group: Group, hidden: int = HIDDEN) -> FlowNet:
    """A steerable network of smoke and velocity.

    Examples
    --------
    >>> from intertwine.groups import O
    >>> import torch
    >>> now = torch.randn(2, 3, 16, 16)
    >>> steerable(O(2), 8)(Pairs(now, now)).shape
    torch.Size([2, 3, 16, 16])
    """
    fields = FIELDS(group)
    rep, factors = (hidden_rep(group, fields, fields, size)(group) for size in (hidden, FACTORS))
    reps = [fields, *[rep] * len(HOLES)]
    blocks = [Block(a, b, factors, hole) for (a, b), hole in zip(pairwise(reps), HOLES)]
    return FlowNet(nn.Sequential(*blocks, Fieldwise(Linear(rep, fields))))


def plain(width: int) -> FlowNet:
    """The residual network without symmetry, with so many channels.

    Examples
    --------
    >>> import torch
    >>> now = torch.randn(2, 3, 16, 16)
    >>> plain(8)(Pairs(now, now)).shape
    torch.Size([2, 3, 16, 16])
    """
    widths = [3, *[width] * len(HOLES)]
    blocks = [
        ConvBlock(a, b, KERNEL, dilation=hole, padding_mode="circular") for (a, b), hole in zip(pairwise(widths), HOLES)
    ]
    return FlowNet(nn.Sequential(*blocks, nn.Conv2d(width, 3, 1)))
