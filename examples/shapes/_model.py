"""Networks for clouds of points: steerable, and the same without symmetry."""

from __future__ import annotations

import torch
from intertwine.conv import PointConv
from intertwine.conv.models import PointBlock
from intertwine.emlp import Gate, Norm
from intertwine.emlp._hidden import hidden_rep
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, V
from torch import Tensor, nn

from .._layers import mlp, rows
from ._data import Clouds
from ._levels import NEIGHBOURS, RADII, RATIOS, levels

HIDDEN, KERNEL, INVARIANTS, DROPOUT = 48, 24, 64, 0.3


class Down(nn.Module):
    """norm(gate(conv)) from the points of one level to those of the next."""

    def __init__(self, rep_in: Rep, rep_out: Rep, group: Group, cutoff: float, neighbours: int) -> None:
        super().__init__()
        self.gate, self.norm = Gate(rep_out, group=group), Norm(rep_out, group=group)
        self.conv = PointConv(
            rep_in, self.gate.rep_in, group, hidden=KERNEL, cutoff=cutoff, neighbours=neighbours, root_weight=False
        )

    def forward(self, x: Tensor, pos: tuple[Tensor, Tensor], edges: Tensor) -> Tensor:
        """Features of sources (N, rep_in.dim) to features of targets (M, rep_out.dim)."""
        made: Tensor = self.norm(self.gate(self.conv((x, None), pos, edges)))
        return made


class ShapeNet(nn.Module):
    """Logits (n, classes) of clouds, by steerable convolutions that see a constant and the position from the centre.

    Parameters
    ----------
    group : Group
        Acting orthogonally on space.
    classes : int
    hidden : int
        Dimension of the features of a point.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> net = ShapeNet(SO(3), 10, 24).eval()
    >>> net(Clouds(torch.randn(2, 64, 3), torch.zeros(2))).shape
    torch.Size([2, 10])
    """

    def __init__(self, group: Group, classes: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        seen, last = (Scalar + V)(group), (INVARIANTS * Scalar)(group)
        rep = hidden_rep(group, seen, last, hidden)
        reps = [seen, *([rep] * len(RADII))]
        self.down = nn.ModuleList(Down(a, rep, group, r, NEIGHBOURS) for a, r in zip(reps, RADII))
        kernel = {"hidden": KERNEL, "neighbours": NEIGHBOURS}
        self.same = nn.ModuleList(PointBlock(rep, rep, group, cutoff=1.5 * r, **kernel) for r in RADII)
        self.centre = PointConv(rep, last, group, hidden=KERNEL, cutoff=1.5, aggr="mean", root_weight=False)
        self.out = head(classes)

    def forward(self, clouds: Clouds) -> Tensor:
        """Logits of every class."""
        first, *coarser, last = levels(clouds.points)
        before, x = first, torch.cat([torch.ones_like(first.pos[:, :1]), first.pos], 1)
        for level, down, same in zip(coarser, self.down, self.same):
            x = same(down(x, (before.pos, level.pos), level.down), level.pos, level.same)
            before = level
        logits: Tensor = self.out(self.centre((x, None), (before.pos, last.pos), last.down))
        return logits


class Messages(nn.Module):
    """The largest, over the neighbours, of a plain network of features and relative position (PointNet++).

    References
    ----------
    Qi, Yi, Su, Guibas, NeurIPS 2017, arXiv:1706.02413.
    """

    def __init__(self, width_in: int, width_out: int, cutoff: float) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.net = mlp(width_in + 4, width_out, width_out, act=nn.ReLU)
        self.norm = nn.BatchNorm1d(width_out)

    def forward(self, x: Tensor, pos: tuple[Tensor, Tensor], edges: Tensor) -> Tensor:
        """Features of sources (N, width_in) to features of targets (M, width_out)."""
        source, target = edges
        apart = (rows(pos[0], source) - rows(pos[1], target)) / self.cutoff
        m = self.net(torch.cat([rows(x, source), apart, apart.norm(dim=1, keepdim=True)], 1))
        where = target[:, None].expand_as(m)
        best = m.new_zeros(len(pos[1]), m.shape[1]).scatter_reduce(0, where, m, "amax", include_self=False)
        return self.norm(best).relu()


class PointNet(nn.Module):
    """Logits (n, classes) of clouds on the same graphs without symmetry; shifts aside.

    Parameters
    ----------
    classes : int
    width : int
    """

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        widths = [4, *([width] * len(RATIOS))]
        self.down = nn.ModuleList(Messages(a, width, r) for a, r in zip(widths, RADII))
        self.same = nn.ModuleList(Messages(width, width, 1.5 * r) for r in RADII)
        self.centre = Messages(width, INVARIANTS, 1.5)
        self.out = head(classes)

    def forward(self, clouds: Clouds) -> Tensor:
        """Logits of every class."""
        first, *coarser, last = levels(clouds.points)
        before, x = first, torch.cat([torch.ones_like(first.pos[:, :1]), first.pos], 1)
        for level, down, same in zip(coarser, self.down, self.same):
            x = down(x, (before.pos, level.pos), level.down)
            x = x + same(x, (level.pos, level.pos), level.same)
            before = level
        logits: Tensor = self.out(self.centre(x, (before.pos, last.pos), last.down))
        return logits


def head(classes: int) -> nn.Sequential:
    """Logits from invariants."""
    return nn.Sequential(nn.SiLU(), nn.Dropout(DROPOUT), nn.Linear(INVARIANTS, classes))
