"""A message-passing network for graphs in space: molecules, particles, meshes."""

from __future__ import annotations

import itertools
from typing import Any

from intertwine.emlp import Gate, Linear, Norm
from intertwine.emlp._hidden import hidden_rep
from intertwine.emlp._module import Layer, bind, weights
from intertwine.groups import Group
from intertwine.reps import Rep
from torch import Tensor, nn

from .._checks import check_number
from .._data import is_graph, unpacked
from .._point import PointConv
from .._pool import check_aggregation, pool


class PointBlock(Layer):
    """x ↦ (Wx + norm(gate(conv(x)))) / √2, W the identity where the representation stays.

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group
    **conv
        Of the `PointConv`.

    Examples
    --------
    >>> import torch
    >>> from intertwine.conv import radius_graph
    >>> from intertwine.groups import O
    >>> from intertwine.reps import V
    >>> block, pos = PointBlock(2 * V, 2 * V, O(3), cutoff=2.0), torch.randn(5, 3)
    >>> block(torch.randn(5, 6), pos, radius_graph(pos, 2.0)).shape
    torch.Size([5, 6])
    """

    def __init__(self, rep_in: Rep, rep_out: Rep, group: Group, **conv: Any) -> None:
        super().__init__()
        placed: dict[str, Any] = {"dtype": conv.get("dtype"), "device": conv.get("device")}
        self.group, (self.rep_in, self.rep_out) = bind(group, rep_in=rep_in, rep_out=rep_out)
        self.gate = Gate(self.rep_out, **placed)
        self.conv = PointConv(self.rep_in, self.gate.rep_in, self.group, **conv)
        self.norm = Norm(self.rep_out, strict=False, **placed)
        same = self.rep_in == self.rep_out
        self.skip = nn.Identity() if same else Linear(self.rep_in, self.rep_out, bias=False, **placed)

    def forward(self, x: Tensor, *graph: Tensor | None) -> Tensor:
        """Features (N, rep_in.dim) and what `PointConv` takes after them, to (N, rep_out.dim)."""
        return (self.skip(x) + self.norm(self.gate(self.conv(x, *graph)))) * 0.5**0.5


class MessagePassing(Layer):
    """Steerable convolutions on a given graph, with residual connections.

    Parameters
    ----------
    rep_in, rep_out : Rep
        Of the nodes' features and of the result.
    group : Group, optional
    hidden : int or Rep
        Hidden features: a total dimension, or a representation with invariants.
    layers : int
        Number of convolutions.
    readout : "mean", "sum" or None
        Pool the result over each graph; None gives it for every node.
    **conv
        Of every `PointConv`: cutoff, edge, node, aggr, neighbours, …

    Examples
    --------
    >>> import torch
    >>> from intertwine.conv import radius_graph
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> net = MessagePassing(4 * Scalar, Scalar + V, group=O(3), hidden=32, readout="sum", cutoff=2.0)
    >>> pos = torch.randn(30, 3)
    >>> batch = torch.arange(30) // 10
    >>> net(torch.randn(30, 4), pos, radius_graph(pos, 2.0, batch), batch=batch).shape
    torch.Size([3, 4])
    """

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        hidden: int | Rep = 128,
        layers: int = 3,
        readout: str | None = None,
        **conv: Any,
    ) -> None:
        super().__init__()
        if readout is not None:
            check_aggregation(readout)
        check_number("layers", layers, 1)
        self.group, (self.rep_in, self.rep_out) = bind(group, rep_in=rep_in, rep_out=rep_out)
        self.rep_hidden = hidden_rep(self.group, self.rep_in, self.rep_out, hidden)
        self.readout = readout
        reps = [self.rep_in, *([self.rep_hidden] * layers)]
        self.blocks = nn.ModuleList(PointBlock(a, b, self.group, **conv) for a, b in itertools.pairwise(reps))
        placed: dict[str, Any] = {"dtype": conv.get("dtype"), "device": conv.get("device")}
        self.out = Linear(self.rep_hidden, self.rep_out, **placed)

    def forward(
        self,
        x: Tensor | Any,
        pos: Tensor | None = None,
        edge_index: Tensor | None = None,
        edge_attr: Tensor | None = None,
        node_attr: Tensor | None = None,
        offset: Tensor | None = None,
        batch: Tensor | None = None,
        size: int | None = None,
    ) -> Tensor:
        """Features (N, rep_in.dim) of a graph, as in `PointConv`, to (N or graphs, rep_out.dim).

        batch (N,) tells the graph of every node and size their number, for a readout.  A graph or batch of PyG stands
        for all arguments.
        """
        if is_graph(x):
            batch, size = unpacked(x, "batch", "num_graphs")
            x, pos, edge_index, edge_attr, node_attr, offset = next(
                m for m in self.modules() if isinstance(m, PointConv)
            ).arguments(x)
        for block in self.blocks:
            x = block(x, pos, edge_index, edge_attr, node_attr, offset)
        y: Tensor = self.out(x)
        return y if self.readout is None else pool(y, batch, size, self.readout)

    @property
    def argument_reps(self) -> tuple[Rep | None, ...]:
        """How the arguments of `forward` transform."""
        return next(m for m in self.modules() if isinstance(m, PointConv)).argument_reps

    def __repr__(self) -> str:
        reps = f"{self.rep_in!r} -> {self.rep_out!r}"
        return f"MessagePassing({reps} | {self.group.name}, {len(self.blocks)} layers | {weights(self)} weights)"
