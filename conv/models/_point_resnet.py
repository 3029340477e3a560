"""A residual network on point clouds with downsampling."""

from __future__ import annotations

from typing import Any, NamedTuple

from intertwine.emlp import Linear
from intertwine.emlp._hidden import hidden_rep
from intertwine.emlp._module import Layer, bind, weights
from intertwine.groups import Group
from intertwine.reps import Rep, V
from torch import Tensor, nn

from .._checks import check_number
from .._data import is_graph, unpacked
from .._graph import radius, radius_graph
from .._lift import has_norm
from .._point import PointConv
from .._pool import check_aggregation, pool
from .._sampling import fps
from ._message_passing import PointBlock


class Level(NamedTuple):
    """One resolution: points and their clouds, edges, and for all but the first the points kept and edges to them."""

    pos: Tensor
    batch: Tensor | None
    edges: Tensor
    kept: Tensor | None
    down: Tensor | None


class PointResNet(Layer):
    """Residual convolutions at several resolutions; every level keeps a share of the points and doubles the radius.

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group, optional
        Acting orthogonally on positions: distances must be its invariants.
    hidden : int or Rep
        Of every level: a total dimension, or a representation with invariants.
    levels : int
        Number of resolutions.
    blocks : int
        Convolutions with residual connections per level.
    radius : float
        Of the first level's neighbourhoods.
    ratio : float
        Share of the points that the next level keeps.
    neighbours : int
        Nearest neighbours kept in each neighbourhood.
    readout : "mean" or "sum"
    space : Rep
        Acts on positions.
    **conv
        Of every `PointConv`.

    Raises
    ------
    ValueError
        As `PointConv`; also for a group that does not act orthogonally.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> net = PointResNet(Scalar, 10 * Scalar, group=O(3), hidden=32, levels=2, radius=0.5)
    >>> pos, batch = torch.rand(100, 3), torch.arange(100) // 50
    >>> net(torch.ones(100, 1), pos, batch).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        hidden: int | Rep = 128,
        levels: int = 3,
        blocks: int = 2,
        radius: float = 0.2,
        ratio: float = 0.25,
        neighbours: int = 32,
        readout: str = "mean",
        space: Rep = V,
        **conv: Any,
    ) -> None:
        super().__init__()
        check_aggregation(readout)
        for name, value in (("levels", levels), ("blocks", blocks), ("neighbours", neighbours)):
            check_number(name, value, 1)
        check_number("radius", radius, 0, strict=True, whole=False)
        self.group, (self.rep_in, self.rep_out, self.space) = bind(group, rep_in=rep_in, rep_out=rep_out, space=space)
        if not has_norm(self.space):
            raise ValueError(
                f"neighbours are chosen by their distance, which {self.group.name} does not keep on {self.space!r}: "
                "choose a group that acts orthogonally on positions, or build the graph yourself for MessagePassing"
            )
        self.rep_hidden = hidden_rep(self.group, self.rep_in, self.rep_out, hidden)
        self.radii = tuple(radius * 2.0**k for k in range(levels))
        self.blocks, self.ratio, self.neighbours, self.readout = blocks, ratio, neighbours, readout
        conv = {"space": self.space, "neighbours": neighbours, **conv}
        self.first = PointConv(self.rep_in, self.rep_hidden, cutoff=radius, **conv)
        same = self.rep_hidden, self.rep_hidden, self.group
        wide = [r for r in self.radii for _ in range(blocks)]
        self.residual = nn.ModuleList(PointBlock(*same, cutoff=r, **conv) for r in wide)
        self.down = nn.ModuleList(PointConv(*same, cutoff=r, **conv) for r in self.radii[1:])
        self.out = Linear(self.rep_hidden, self.rep_out, dtype=conv.get("dtype"), device=conv.get("device"))

    def levels(self, pos: Tensor, batch: Tensor | None = None) -> list[Level]:
        """Points and neighbourhoods of all resolutions: what depends on positions alone, for use in several calls."""
        found: list[Level] = []
        for k, r in enumerate(self.radii):
            kept = down = None
            if k:
                kept = fps(pos, batch, self.ratio)
                coarse, near = pos[kept], None if batch is None else batch[kept]
                down = radius(pos, coarse, r, batch, near, self.neighbours)
                pos, batch = coarse, near
            edges = radius_graph(pos, r, batch, max_num_neighbors=self.neighbours)
            found.append(Level(pos, batch, edges, kept, down))
        return found

    def forward(
        self,
        x: Tensor | Any,
        pos: Tensor | None = None,
        batch: Tensor | None = None,
        size: int | None = None,
        levels: list[Level] | None = None,
    ) -> Tensor:
        """Features (N, rep_in.dim) and positions (N, n) of clouds, or a batch of PyG, to (clouds, rep_out.dim).

        ``levels`` of the same positions are taken if they are given; this part compiles as a whole.
        """
        if is_graph(x):
            x, pos, batch, size = unpacked(x, "x", "pos", "batch", "num_graphs")
        if pos is None:
            raise TypeError("PointResNet takes features and positions, or a graph that has them")
        levels = self.levels(pos, batch) if levels is None else levels
        for k, level in enumerate(levels):
            if level.kept is None or level.down is None:
                x = self.first(x, level.pos, level.edges)
            else:
                x = self.down[k - 1]((x, x[level.kept]), (levels[k - 1].pos, level.pos), level.down)
            for block in self.residual[k * self.blocks : (k + 1) * self.blocks]:
                x = block(x, level.pos, level.edges)
        return pool(self.out(x), levels[-1].batch, size, self.readout)

    @property
    def argument_reps(self) -> tuple[Rep | None, ...]:
        """How the arguments of `forward` transform."""
        return self.rep_in, self.space

    def __repr__(self) -> str:
        reps = f"{self.rep_in!r} -> {self.rep_out!r}"
        return f"PointResNet({reps} | {self.group.name}, {len(self.radii)} levels | {weights(self)} weights)"
