"""Steerable convolutions on point clouds and graphs."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from intertwine.emlp._constants import Constants
from intertwine.emlp._frame import Decode, Encode
from intertwine.emlp._linear import Linear
from intertwine.emlp._module import Layer, feature_dtype, weights
from intertwine.groups import Group
from intertwine.reps import Rep, V
from torch import Tensor

from ._checks import check_device, check_number, check_points
from ._contraction import contract_edges, contract_nodes, in_chunks, recomputed
from ._data import is_graph, unpacked
from ._factored import cheapest, contract_factored
from ._kernel import ImplicitKernel, Kernel, Parts, invariant_bias
from ._low_rank import LowRank, Rank, contract_low_rank
from ._pool import check_aggregation, number, softmax
from ._stabilizer_kernel import StabilizerKernel

AGGREGATIONS = ("sum", "mean", "softmax")
CONTRACTIONS = ("auto", "factored", "node", "edge")
Features = Tensor | tuple[Tensor, Tensor | None]
Positions = Tensor | tuple[Tensor, Tensor]


class PointConv(Layer):
    """Steerable convolution y_i = Σ_{j → i} K(x_j − x_i, a_ji) f_j (+ W f_i + b) with an implicit kernel.

    Equivariant: ρ_out(g) y = PointConv(ρ_in(g) f, g x, ρ_edge(g) a), and invariant to translations.

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group, optional
    space : Rep
        Acts on positions, by default V.
    edge : Rep, optional
        Acts on edge attributes.
    node : Rep, optional
        Acts on node attributes; the kernel of an edge sees those of its source and of its target.
    hidden, layers, width, radial, shells, cutoff, window, degree, rank
        Of the kernel: see `ImplicitKernel`.
    kernel : Kernel, optional
        A kernel to take instead, such as a `StabilizerKernel`, or one of your own.
    aggr : "sum", "mean" or "softmax"
        The sum is divided by √neighbours, the mean by the number of incoming edges; "softmax" weighs every edge by the
        softmax, over the incoming edges, of a learned invariant score.
    neighbours : float
        Expected number of incoming edges, to keep the variance of a sum at one.  Give it: with the default the
        variance of the output grows with the number of neighbours.
    root_weight : bool
        Add an equivariant linear map of the target's own features (where the targets have any).
    bias : bool
        Add the invariant part of a learned constant.
    contraction : "auto", "factored", "node" or "edge"
        How the sum is formed (`_contraction`, `_factored`); the same function. "auto" compares the multiplications.

    Raises
    ------
    TypeError, ValueError
        As `ImplicitKernel`; when called, for inputs whose shapes don't fit.

    Examples
    --------
    >>> import torch
    >>> from intertwine.conv import radius_graph
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> conv = PointConv(4 * Scalar, 8 * Scalar + 4 * V, group=O(3), cutoff=2.0)
    >>> conv
    PointConv(4 * Scalar -> 8 * Scalar + 4 * V | O(3), cutoff=2, aggr='sum' | ... weights)
    >>> pos = torch.randn(20, 3)
    >>> conv(torch.randn(20, 4), pos, radius_graph(pos, 2.0)).shape
    torch.Size([20, 20])

    References
    ----------
    Zhdanov, Hoffmann, Cesa, Implicit Convolutional Kernels for Steerable CNNs, NeurIPS 2023,
    arXiv:2212.06096, equation 6.
    """

    _looked = False

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        space: Rep = V,
        edge: Rep | None = None,
        node: Rep | None = None,
        hidden: int | Rep = 128,
        layers: int = 2,
        width: int = 32,
        radial: str = "gaussian",
        shells: int = 8,
        cutoff: float = 1.0,
        window: tuple[float, float] | None = (0.0, 1.0),
        degree: int | None = None,
        rank: Rank | None = None,
        kernel: Kernel | None = None,
        aggr: Literal["sum", "mean", "softmax"] = "sum",
        neighbours: float = 1.0,
        root_weight: bool = True,
        bias: bool = True,
        contraction: Literal["auto", "factored", "node", "edge"] = "auto",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_aggregation(aggr, AGGREGATIONS)
        if contraction not in CONTRACTIONS:
            raise ValueError(f"contraction is one of {', '.join(map(repr, CONTRACTIONS))}, got {contraction!r}")
        check_number("neighbours", neighbours, 0, strict=True, whole=False)
        attributes = _attributes(edge, node)
        made: dict[str, Any] = {
            "hidden": hidden,
            "layers": layers,
            "width": width,
            "radial": radial,
            "shells": shells,
            "cutoff": cutoff,
            "window": window,
            "degree": degree,
            "rank": rank,
        }
        if kernel is not None:
            check_kernel(kernel, rep_in, rep_out, attributes, made)
            self.kernel: Kernel = kernel
        else:
            made |= {"weighted": aggr == "softmax", "device": device, "dtype": dtype}
            self.kernel = ImplicitKernel(rep_in, rep_out, group, space, attributes, **made)
        self.group, self.space = self.kernel.group, self.kernel.space
        self.edge, self.node = (None if rep is None else rep(self.group) for rep in (edge, node))
        self.rep_in, self.rep_out = self.kernel.rep_in, self.kernel.rep_out
        self.aggr, self.contraction = aggr, contraction
        if aggr == "softmax" and not (isinstance(self.kernel, ImplicitKernel) and self.kernel.weighted):
            raise ValueError("aggr='softmax' needs the scores of an ImplicitKernel(weighted=True)")
        if contraction == "factored" and not (isinstance(self.kernel, ImplicitKernel) and self.kernel.is_factored):
            raise ValueError(
                "contraction='factored' needs hidden features that are a radial times an angular part, but some of "
                "them mix several covariants (of high degree, or of edge attributes): use 'auto'"
            )
        dtype = next((p.dtype for p in self.kernel.parameters()), dtype)
        dtype = feature_dtype(dtype, self.rep_in.is_complex or self.rep_out.is_complex)
        self.constants = Constants({"gain": np.array(float(neighbours) ** -0.5)}, dtype, device)
        self.encode = Encode(self.rep_in, dtype, device)
        self.decode = Decode(self.rep_out, dtype, device)
        self.root = Linear(self.rep_in, self.rep_out, bias=False, dtype=dtype, device=device) if root_weight else None
        self.shift = invariant_bias(self.rep_out, dtype, device) if bias else None

    def forward(
        self,
        x: Features | Any,
        pos: Positions | None = None,
        edge_index: Tensor | None = None,
        edge_attr: Tensor | None = None,
        node_attr: Positions | None = None,
        offset: Tensor | None = None,
    ) -> Tensor:
        """Convolve.

        Parameters
        ----------
        x : Tensor (N, rep_in.dim), a pair for bipartite graphs, or a graph
            Features of the sources (and, second, of the targets, or None where these have none).  Or PyG's ``Data`` or
            ``Batch`` (any object with these attributes), which stands for all arguments; of its ``edge_attr`` and
            ``node_attr`` only what the layer was built with is used.
        pos : Tensor (N, n), or a pair
            Positions of sources and targets.
        edge_index : int64 Tensor (2, E)
            (source, target); the kernel is evaluated at pos[source] − pos[target].
        edge_attr : Tensor (E, edge.dim), optional
        node_attr : Tensor (N, node.dim), or a pair, optional
        offset : Tensor (E, n), optional
            Added to the relative position of every edge: lattice vectors of a periodic cloud (`periodic_graph`).

        Returns
        -------
        Tensor (targets, rep_out.dim)
        """
        if is_graph(x):
            x, pos, edge_index, edge_attr, node_attr, offset = self.arguments(x)
        if pos is None or edge_index is None:
            raise TypeError("a convolution takes features, positions and edge_index, or a graph that has them")
        x_source, x_target = x if isinstance(x, tuple) else (x, x)
        pos_source, pos_target = pos if isinstance(pos, tuple) else (pos, pos)
        self._check(x_source, x_target, pos_source, pos_target, edge_index)
        source, target = edge_index[0], edge_index[1]
        n = pos_target.shape[0]
        relative = pos_source.index_select(0, source) - pos_target.index_select(0, target)
        if offset is not None:
            relative = relative + self._per_edge(offset, self.space, "offset", "space", source)
        attr = self._conditions(edge_attr, node_attr, pos_source, pos_target, edge_index)
        if not torch.compiler.is_compiling() and not self._looked and len(relative):
            self._look(relative)
        if isinstance(self.kernel, ImplicitKernel):
            y = self._sum(self.kernel, self.kernel.parts(relative, attr), x_source, source, target, n)
        else:
            y = contract_matrices(self.kernel, relative, attr, x_source, source, target, n)
        y = y * self._scale(y, target, n)
        if self.root is not None and x_target is not None:
            y = (y + self.root(x_target)) * 0.5**0.5
        return y if self.shift is None else y + self.shift(y.new_ones(1, 1))

    def _look(self, relative: Tensor) -> None:
        """Warn where the kernel is zero on all edges; looked for once, on the CPU."""
        self._looked, kernel = True, self.kernel
        if not isinstance(kernel, ImplicitKernel | StabilizerKernel) or kernel.window is None:
            return
        hidden = relative.device.type != "cpu" or torch._C._are_functorch_transforms_active()
        if hidden or kernel.invariants.kind == "none":
            return
        with torch.no_grad():
            unit = kernel.constants.value("cutoff")  # complex where features are
            cutoff = float(unit.real)
            stop = cutoff * float(kernel.window.constants.value("window")[1])
            seen = relative / (unit if isinstance(kernel, ImplicitKernel) else unit.real)
            length = kernel.invariants(seen)[0].abs() * cutoff
            low, high = float(length.min()), float(length.max())
        if low >= stop:
            warnings.warn(
                f"all {len(relative)} edges have lengths from {low:.3g} to {high:.3g}, and the kernel is zero from "
                f"{stop:.3g} on: neighbours are ignored; cutoff = {cutoff:.3g}, pass another, in the unit of positions",
                stacklevel=5,
            )

    @property
    def argument_reps(self) -> tuple[Rep | None, ...]:
        """How the arguments of `forward` transform."""
        return self.rep_in, self.space, None, self.edge, self.node, self.space

    def arguments(self, data: Any) -> tuple[Any, ...]:
        """What `forward` takes, from a graph of PyG: attributes that the layer was not built with are left out."""
        x, pos, edges, edge, node, offset = unpacked(data, "x", "pos", "edge_index", "edge_attr", "node_attr", "offset")
        return x, pos, edges, None if self.edge is None else edge, None if self.node is None else node, offset

    def _scale(self, y: Tensor, target: Tensor, n: int) -> Tensor | float:
        if self.aggr == "mean":
            return 1 / number(target, n, y)
        return self.constants.value("gain") if self.aggr == "sum" else 1.0

    def _sum(self, kernel: ImplicitKernel, parts: Parts, x: Tensor, source: Tensor, target: Tensor, n: int) -> Tensor:
        if parts.score is not None:
            parts = parts._replace(phi=parts.phi * softmax(parts.score, target, n).unsqueeze(1))
        f, layer = self.encode.flat(x), kernel.contraction
        graph = source, target, n
        if isinstance(layer, LowRank):
            y = contract_low_rank(layer, kernel.features(parts).to(f.dtype), f, *graph)
        else:
            auto = self.contraction == "auto"
            formulation = cheapest(layer, kernel.is_factored, len(source), n) if auto else self.contraction
            if formulation == "factored":
                phi, angular = kernel.factors(parts)
                y = contract_factored(layer, phi.to(f.dtype), angular.to(f.dtype), f, *graph)
            else:
                contract = contract_nodes if formulation == "node" else contract_edges
                y = contract(layer, kernel.features(parts).to(f.dtype), f, *graph)
        return self.decode.flat(y)

    def _conditions(
        self,
        edge_attr: Tensor | None,
        node_attr: Positions | None,
        pos_source: Tensor,
        pos_target: Tensor,
        edge_index: Tensor,
    ) -> Tensor | None:
        """Attributes of the kernel: those of the edges, of their sources and of their targets."""
        found = []
        for name, rep, given in (("edge", self.edge, edge_attr), ("node", self.node, node_attr)):
            if (given is None) != (rep is None):
                raise ValueError(
                    f"the layer was built with {name}={rep!r}, but {name}_attr was "
                    f"{'not given' if given is None else 'given'}"
                )
        if self.edge is not None and edge_attr is not None:
            found.append(self._per_edge(edge_attr, self.edge, "edge_attr", "edge", edge_index[0]))
        if self.node is not None and node_attr is not None:
            pair = node_attr if isinstance(node_attr, tuple) else (node_attr, node_attr)
            for attr, pos, at in zip(pair, (pos_source, pos_target), edge_index):
                check_points(attr, self.node, "node_attr", "node", self.constants.value("gain"))
                if attr.shape[0] != pos.shape[0]:
                    raise ValueError(f"{attr.shape[0]} node attributes for {pos.shape[0]} points")
                found.append(attr.index_select(0, at))
        return torch.cat(found, 1) if found else None

    def _per_edge(self, x: Tensor, rep: Rep, name: str, rep_name: str, source: Tensor) -> Tensor:
        check_points(x, rep, name, rep_name, self.constants.value("gain"))
        if x.shape[0] != source.shape[0]:
            raise ValueError(f"{x.shape[0]} rows of {name} for {source.shape[0]} edges")
        return x

    def _check(
        self,
        x_source: Tensor,
        x_target: Tensor | None,
        pos_source: Tensor,
        pos_target: Tensor,
        edge_index: Tensor,
    ) -> None:
        like = self.constants.value("gain")
        check_points(x_source, self.rep_in, "x", "rep_in", like)
        check_points(pos_source, self.space, "pos", "space", like)
        check_points(pos_target, self.space, "pos", "space", like)
        if x_target is not None and self.root is not None:
            check_points(x_target, self.rep_in, "x of the targets", "rep_in", like)
        pairs = [("sources", x_source, pos_source), ("targets", x_target, pos_target)]
        for name, features, positions in pairs:
            if features is not None and features.shape[0] != positions.shape[0]:
                raise ValueError(
                    f"{features.shape[0]} features but {positions.shape[0]} positions of the {name}: "
                    "x and pos must list the same points"
                )
        if not isinstance(edge_index, Tensor):
            raise ValueError(f"edge_index must be an int64 tensor of shape (2, E), got {type(edge_index).__name__}")
        if edge_index.ndim != 2 or edge_index.shape[0] != 2 or edge_index.dtype != torch.int64:
            raise ValueError(
                f"edge_index must be an int64 tensor of shape (2, E), rows source and target; got "
                f"{tuple(edge_index.shape)}, {edge_index.dtype}"
            )
        check_device(edge_index, "edge_index", like)
        if edge_index.device.type == "cpu" and not torch.compiler.is_compiling() and edge_index.numel():
            low, high = edge_index.amin(1).tolist(), edge_index.amax(1).tolist()
            sizes = [pos_source.shape[0], pos_target.shape[0]]
            if min(low) < 0 or high[0] >= sizes[0] or high[1] >= sizes[1]:
                raise ValueError(
                    f"edge_index = (source, target) runs from {low} to {high}, but there are {sizes[0]} sources and "
                    f"{sizes[1]} targets"
                )

    def __repr__(self) -> str:
        edge = "".join(f", {k}={v!r}" for k, v in (("edge", self.edge), ("node", self.node)) if v is not None)
        space = "" if self.space == V(self.group) else f", space={self.space!r}"
        about = f"aggr={self.aggr!r}"
        if isinstance(self.kernel, ImplicitKernel):
            cutoff = self.kernel.constants.value("cutoff")
            about = f"cutoff={'?' if cutoff.is_meta else f'{float(cutoff.real):g}'}, {about}"
        reps = f"{self.rep_in!r} -> {self.rep_out!r}"
        return f"PointConv({reps} | {self.group.name}{space}{edge}, {about} | {weights(self)} weights)"


def _attributes(edge: Rep | None, node: Rep | None) -> Rep | None:
    if node is None:
        return edge
    return 2 * node if edge is None else edge + 2 * node


def check_kernel(kernel: Kernel, rep_in: Rep, rep_out: Rep, edge: Rep | None, made: Mapping[str, Any]) -> None:
    """Raise an error unless a given kernel goes between these representations, with these attributes, and what a layer
    would have made one with is left at its defaults."""
    if not isinstance(kernel, Kernel):
        raise TypeError(f"kernel is a StabilizerKernel, an ImplicitKernel or another Kernel, got {kernel!r}")
    defaults = inspect.signature(ImplicitKernel).parameters
    given = [f"{name}={value!r}" for name, value in made.items() if value != defaults[name].default]
    if given:
        raise ValueError(
            f"{', '.join(given)} would be of a kernel that the layer makes, but kernel={kernel!r} was given: give that "
            "kernel what you want, or leave out kernel="
        )
    wanted = {"rep_in": rep_in(kernel.group), "rep_out": rep_out(kernel.group)}
    for name, rep in wanted.items():
        if getattr(kernel, name) != rep:
            raise ValueError(f"the kernel has {name} = {getattr(kernel, name)!r}, the layer {rep!r}")
    if kernel.edge != (None if edge is None else edge(kernel.group)):
        raise ValueError(f"the kernel has attributes edge = {kernel.edge!r}, the layer {edge!r}")


def contract_matrices(
    kernel: Kernel, x: Tensor, attr: Tensor | None, f: Tensor, source: Tensor, target: Tensor, n: int
) -> Tensor:
    """Σ over edges of kernel matrices, formed a few edges at a time: x (E, dim), f (N, in) to (n, out)."""

    def messages(x: Tensor, f: Tensor, attr: Tensor | None) -> Tensor:
        k = kernel(x) if attr is None else kernel(x, attr)
        return (k.to(f.dtype) @ f.unsqueeze(-1)).squeeze(-1)

    out = f.new_zeros(n, kernel.rep_out.dim)
    if not len(x):
        return out
    size = len(x) if torch.compiler.is_compiling() else in_chunks(f, f.shape[1] * out.shape[1])
    attrs = [None] * len(x) if attr is None else attr.split(size)
    for xc, fc, at, ac in zip(x.split(size), f.index_select(0, source).split(size), target.split(size), attrs):
        out = out.index_add(0, at, recomputed(messages, xc, fc, ac).to(out.dtype))
    return out
