"""Σ_e K(x_e) f_e for kernels K(x) = L(h(x)) whose last layer is linear, in three formulations.

With L' ∈ Hom(H ⊗ V_in, V_out) the same map read as bilinear,

    Σ_e K(x_e) f_e = Σ_e L'(h_e ⊗ f_e) = L'( Σ_e h_e ⊗ f_e ),

so outer products can be added up per node first and L' applied once per *node*: no kernel is ever formed.

* ``edge``: L' is applied edge by edge, its weights to h_e first.
* ``node``: outer products are aggregated per node.
* ``factored`` (`_factored`): as ``node``, for h that are a radial times an angular part.

They go through the graph in chunks, and form a chunk's large intermediates again in the backward pass instead
of storing them.  `Contraction.kernels` forms K itself, which none needs.

Inside, features are components first, (items, Σ dim · channels) with channels fastest.  L' is made of paths
(h, a → b), each a Clebsch–Gordan block times a weight matrix over channel pairs; pairs (h, a) that reach no target are
never multiplied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from intertwine.emlp._constants import Constants
from intertwine.emlp._init import coefficients
from intertwine.emlp._module import Layer
from intertwine.reps._frame import Atom, bilinear_basis
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

Array = NDArray[np.number]
Atoms = Sequence[tuple[Atom, int]]
CHUNK = 2**21  # numbers held at a time by one chunk of a formulation
HELD = 2**28  # the same on an accelerator
KEPT = 2**25  # numbers of all chunks up to which they are not formed again


@dataclass(frozen=True)
class Path:
    """One pair (h, a) and the targets it reaches: (target, blocks, first column in the target's weight)."""

    h: int
    a: int
    targets: tuple[tuple[int, int, int], ...]

    @property
    def name(self) -> str:
        """Name of the constant with the Clebsch–Gordan blocks of all targets, (Σ d_b · r, d_h · d_a)."""
        return f"cg{self.h}x{self.a}"


class Contraction(Layer):
    """The equivariant bilinear map L' between atoms, with both ways of summing it over edges.

    Parameters
    ----------
    atoms_h, atoms_in, atoms_out : sequences of (Atom, multiplicity)
        Hidden features of the kernel, input and output features.

    Attributes
    ----------
    weights : nn.ParameterList
        For every output atom (m_out, fan-in); fan-in runs over (path, block, channel h, channel in).
    """

    def __init__(
        self,
        atoms_h: Atoms,
        atoms_in: Atoms,
        atoms_out: Atoms,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.shape_h = tuple((a.dim, m) for a, m in atoms_h)
        self.shape_in = tuple((a.dim, m) for a, m in atoms_in)
        self.shape_out = tuple((a.dim, m) for a, m in atoms_out)
        fan = [0] * len(atoms_out)
        paths: list[Path] = []
        arrays: dict[str, Array] = {}
        for i, (h, u) in enumerate(atoms_h):
            for j, (a, v) in enumerate(atoms_in):
                targets, blocks = [], []
                for k, (b, _) in enumerate(atoms_out):
                    block = bilinear_basis(h, a, b)
                    if len(block):
                        blocks.append(block.swapaxes(0, 1).reshape(-1, h.dim * a.dim))
                        targets.append((k, len(block), fan[k]))
                        fan[k] += len(block) * u * v
                if targets:
                    paths.append(Path(i, j, tuple(targets)))
                    arrays[paths[-1].name] = np.concatenate(blocks)
        self.paths = tuple(paths)
        self.by_input = tuple(tuple(p for p in paths if p.a == j) for j in range(len(atoms_in)))
        self.fan = tuple(fan)
        arrays["angular"] = self._angular(arrays)
        self.constants = Constants(arrays, dtype, device)
        self.weights = nn.ParameterList(coefficients(m, n, dtype, device) for (_, m), n in zip(atoms_out, fan))

    def _angular(self, arrays: dict[str, Array]) -> Array:
        """Clebsch–Gordan blocks of all paths, (Σ d_h, Σ rows · d_a): from Y to the matrices Y ⊗ · by input atom."""
        starts = np.cumsum([0, *(d for d, _ in self.shape_h)])
        columns = []
        for path in (path for group in self.by_input for path in group):
            (d_h, _), (d_a, _) = self.shape_h[path.h], self.shape_in[path.a]
            block = arrays[path.name]
            placed = np.zeros((starts[-1], len(block) * d_a), block.dtype)
            placed[starts[path.h] : starts[path.h + 1]] = block.reshape(-1, d_h, d_a).swapaxes(0, 1).reshape(d_h, -1)
            columns.append(placed)
        return np.concatenate([np.zeros((starts[-1], 0)), *columns], axis=1)

    @property
    def costs(self) -> tuple[int, int, int]:
        """Multiplications: L' per node, L' per edge, outer products per edge."""
        per_node = per_edge = outer = 0
        for path in self.paths:
            (d_h, u), (d_a, v) = self.shape_h[path.h], self.shape_in[path.a]
            outer += d_h * u * d_a * v
            for k, r, _ in path.targets:
                d_b, m = self.shape_out[k]
                per_node += r * d_b * u * v * (d_h * d_a + m)
                per_edge += r * m * d_h * (u * v + v * d_a + d_a * d_b)
        return per_node, per_edge, outer

    @property
    def held(self) -> int:
        """Numbers that `messages` makes for every item."""
        total = 0
        for path in self.paths:
            (d_h, _), (d_a, v) = self.shape_h[path.h], self.shape_in[path.a]
            for k, r, _ in path.targets:
                d_b, m = self.shape_out[k]
                total += m * (d_h * r * (v + 2 * d_a) + 2 * d_b)
        return total

    @property
    def widths(self) -> tuple[list[int], list[int], list[int]]:
        """Sizes dim · channels of the atoms of h, in and out."""
        h, a, b = ([d * m for d, m in shape] for shape in (self.shape_h, self.shape_in, self.shape_out))
        return h, a, b

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Sizes (d_h · u, d_a · v) of the outer products of all paths."""
        widths = self.widths
        return [(widths[0][path.h], widths[1][path.a]) for path in self.paths]

    def rows(self, path: Path) -> int:
        """Coordinates of all targets of a path."""
        return sum(self.shape_out[k][0] * r for k, r, _ in path.targets)

    def blocks(self, path: Path) -> list[Tensor]:
        """Clebsch–Gordan blocks of a path, one (d_b, r, d_h, d_a) for every target."""
        d_h, d_a = self.shape_h[path.h][0], self.shape_in[path.a][0]
        sizes = [(self.shape_out[k][0], r, d_h, d_a) for k, r, _ in path.targets]
        parts = self.constants.value(path.name).split([d_b * r for d_b, r, _, _ in sizes])
        return [part.reshape(size) for part, size in zip(parts, sizes)]

    def weight(self, k: int, path: Path, r: int, first: int) -> Tensor:
        """Weights of a path into a target, (m, r, u, v)."""
        u, v = self.shape_h[path.h][1], self.shape_in[path.a][1]
        return self.weights[k][:, first : first + r * u * v].reshape(-1, r, u, v)

    def kernels(self, h: Tensor) -> Tensor:
        """Kernel matrices between components-first features, (items, Σ d·m out, Σ d·m in), from h (items, Σ d·u)."""
        hs = h.split(self.widths[0], 1)
        rows = [[h.new_zeros(len(h), mo * do, mi * di) for di, mi in self.shape_in] for do, mo in self.shape_out]
        for path in self.paths:
            (d_h, u), (d_a, v) = self.shape_h[path.h], self.shape_in[path.a]
            for (k, r, first), cg in zip(path.targets, self.blocks(path)):
                d_b, m = self.shape_out[k]
                weight = self.weight(k, path, r, first).permute(2, 1, 0, 3).reshape(u, r * m * v)
                weighted = (hs[path.h].reshape(-1, u) @ weight).reshape(-1, d_h * r, m * v)
                matrix = cg.permute(0, 3, 2, 1).reshape(d_b * d_a, d_h * r)
                block = (matrix @ weighted).reshape(-1, d_b, d_a, m, v).transpose(2, 3).reshape(-1, d_b * m, d_a * v)
                rows[k][path.a] = rows[k][path.a] + block
        return torch.cat([torch.cat(row, 2) for row in rows], 1)

    def messages(self, h: Tensor, f: Tensor) -> Tensor:
        """L'(h ⊗ f) item by item: h (items, Σ d·u), f (items, Σ d·v) to (items, Σ d·m)."""
        items, widths = len(h), self.widths
        hs, fs = h.split(widths[0], 1), f.split(widths[1], 1)
        out: list[Tensor | None] = [None] * len(self.shape_out)
        for path in self.paths:
            (d_h, u), (d_a, v) = self.shape_h[path.h], self.shape_in[path.a]
            part = fs[path.a].reshape(items, d_a, v).mT
            for (k, r, first), cg in zip(path.targets, self.blocks(path)):
                d_b, m = self.shape_out[k]
                weight = self.weight(k, path, r, first).permute(2, 0, 1, 3).reshape(u, m * r * v)
                weighted = (hs[path.h].reshape(items * d_h, u) @ weight).reshape(items, d_h * m * r, v)
                pairs = torch.bmm(weighted, part).reshape(items, d_h, m, r * d_a).transpose(1, 2)
                matrix = cg.permute(2, 1, 3, 0).reshape(d_h * r * d_a, d_b)
                y = pairs.reshape(items * m, d_h * r * d_a) @ matrix
                y = y.reshape(items, m, d_b).mT.reshape(items, d_b * m)
                _add(out, k, y)
        return torch.cat([h.new_zeros(items, n) if y is None else y for y, n in zip(out, widths[2])], 1)

    def apply_aggregate(self, sums: Iterable[Tensor], items: int) -> Tensor:
        """L' of Σ h ⊗ f, given path by path as (items, d_h · u, d_a · v): to (items, Σ d·m)."""
        out: list[Tensor | None] = [None] * len(self.shape_out)
        for path, total in zip(self.paths, sums):
            (d_h, u), (d_a, v) = self.shape_h[path.h], self.shape_in[path.a]
            block = total.reshape(items, d_h, u, d_a, v).permute(1, 3, 0, 2, 4)
            mixed = self.constants.value(path.name) @ block.reshape(d_h * d_a, items * u * v)
            parts = mixed.split([self.shape_out[k][0] * r for k, r, _ in path.targets])
            for (k, r, first), z in zip(path.targets, parts):
                d_b = self.shape_out[k][0]
                z = z.reshape(d_b, r, items, u * v).transpose(1, 2).reshape(d_b * items, r * u * v)
                y = z @ self.weights[k][:, first : first + r * u * v].mT  # (d_b · items, m)
                _add(out, k, y)
        zero = self.weights[0].new_zeros(())
        parts = [
            zero.expand(items, d * m) if y is None else y.reshape(d, items, m).transpose(0, 1).reshape(items, d * m)
            for y, (d, m) in zip(out, self.shape_out)
        ]
        return torch.cat(parts, 1)

    def extra_repr(self) -> str:
        """Numbers of paths and weights."""
        return f"{sum(len(p.targets) for p in self.paths)} paths, {sum(w.numel() for w in self.weights)} weights"


def _add(out: list[Tensor | None], k: int, y: Tensor) -> None:
    before = out[k]
    out[k] = y if before is None else before + y


def flatten(xs: Sequence[Tensor]) -> Tensor:
    """Atoms [(d, ..., m)] to one matrix (..., Σ d·m)."""
    return torch.cat([x.movedim(0, -2).flatten(-2) for x in xs], -1)


def unflatten(x: Tensor, shape: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Inverse of `flatten`; shape [(d, m)]."""
    parts = x.split([d * m for d, m in shape], -1)
    return [p.unflatten(-1, s).movedim(-2, 0) for p, s in zip(parts, shape)]


def contract_edges(layer: Contraction, h: Tensor, f: Tensor, source: Tensor, target: Tensor, n: int) -> Tensor:
    """Σ over edges with L' applied to every edge: h (E, Σ d·u), f (N, Σ d·v) to (n, Σ d·m)."""
    out = f.new_zeros(n, sum(layer.widths[2]))
    if torch.compiler.is_compiling():
        return out.index_add(0, target, layer.messages(h, f[source]).to(out.dtype))
    size = in_chunks(f, max(h.shape[1], f.shape[1]))
    messages = recomputed_beyond(len(h) * layer.held, layer.messages)
    for hc, fc, at in zip(h.split(size), f[source].split(size), target.split(size)):
        out = out.index_add(0, at, messages(hc, fc).to(out.dtype))  # autocast
    return out


def contract_nodes(layer: Contraction, h: Tensor, f: Tensor, source: Tensor, target: Tensor, n: int) -> Tensor:
    """The same sum with outer products added up per node, a few nodes at a time."""
    width = sum(h_ * f_ for h_, f_ in layer.pairs)
    if has_static_shapes(f, n * width):
        total = summed(lambda *xs: _sums(layer, n, *xs), width, h, f[source], target)
        sums = total.split([h_ * f_ for h_, f_ in layer.pairs], 1)
        return layer.apply_aggregate(sums, n)
    plan = neighbourhoods(target, n, in_chunks(f, h.shape[1] * f.shape[1]))
    chunks = zip(plan.gathered(h), plan.gathered(f, source), plan.shapes)
    apply = recomputed_beyond(4 * n * width, _some_nodes)  # sums and products with the blocks, and both rearranged
    parts = [apply(layer, hc, fc, *shape) for hc, fc, shape in chunks]
    out = torch.cat(parts) if parts else f.new_zeros(0, sum(layer.widths[2]))
    return out[plan.nodes]


def in_chunks(x: Tensor, width: int) -> int:
    """How many items of ``width`` numbers each a formulation takes at a time, on the device of x."""
    return max(1, (CHUNK if x.device.type == "cpu" else HELD // 4) // max(width, 1))


def has_static_shapes(x: Tensor, held: int) -> bool:
    """Whether to sum without looking at the degrees of nodes: for the compiler, and on accelerators, where a look would
    make the processor wait, while all sums fit."""
    return torch.compiler.is_compiling() or (x.device.type != "cpu" and held <= HELD)


def summed(function: Callable[..., Tensor], width: int, *items: Tensor) -> Tensor:
    """Sum of function(*chunk) over chunks of edges, each of which holds ``width`` numbers for every edge."""
    if torch.compiler.is_compiling() or not len(items[0]):
        return function(*items)
    parts = zip(*(x.split(max(1, HELD // (2 * width))) for x in items))
    total = recomputed(function, *next(parts))
    for part in parts:
        total = total + recomputed(function, *part)
    return total


def recomputed(function: Callable[..., Tensor], *arguments: object) -> Tensor:
    """function(*arguments), whose intermediates are formed again in the backward pass."""
    # torch.func (grad, jacrev, vmap, …) knows no checkpoints
    if not torch.is_grad_enabled() or torch._C._are_functorch_transforms_active():
        return function(*arguments)
    return checkpoint(function, *arguments, use_reentrant=False, preserve_rng_state=False)


def recomputed_beyond(held: int, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The function, `recomputed` where the intermediates of all its calls hold more than `KEPT` numbers."""
    return function if held <= KEPT else partial(recomputed, function)


def _some_nodes(layer: Contraction, h: Tensor, f: Tensor, nodes: int, degree: int) -> Tensor:
    """h and f (nodes · degree, …), zero where a node has fewer edges."""
    hs = h.reshape(nodes, degree, h.shape[1]).split(layer.widths[0], 2)
    fs = f.reshape(nodes, degree, f.shape[1]).split(layer.widths[1], 2)
    return layer.apply_aggregate((torch.bmm(hs[path.h].mT, fs[path.a]) for path in layer.paths), nodes)


def _sums(layer: Contraction, n: int, h: Tensor, f: Tensor, target: Tensor) -> Tensor:
    """Outer products of all paths added up per node, (n, Σ d_h·u·d_a·v)."""
    hs, fs = h.split(layer.widths[0], 1), f.split(layer.widths[1], 1)
    outer = [(hs[path.h].unsqueeze(2) * fs[path.a].unsqueeze(1)).flatten(1) for path in layer.paths]
    each = [x.new_zeros(n, x.shape[1]).index_add(0, target, x) for x in outer]
    return torch.cat(each, 1)


@dataclass(frozen=True)
class Neighbourhoods:
    """Edges grouped by target, targets sorted by degree and cut into chunks.

    slots: for all chunks the edge at every (node, place), E where a node has fewer edges than the chunk's largest
    degree; shapes: (nodes, degree) of the chunks; nodes (n,): where every node went.
    """

    slots: Tensor
    shapes: list[tuple[int, int]]
    nodes: Tensor

    def gathered(self, x: Tensor, at: Tensor | None = None) -> tuple[Tensor, ...]:
        """Rows of x (E, …), or x[at] where edges are ``at`` rows of x, at the slots of every chunk, zeros at the empty.

        One gather and one split: their gradients are made once, not chunk by chunk.
        """
        slots = self.slots if at is None else torch.cat([at, at.new_full((1,), len(x))])[self.slots]
        return torch.cat([x, x.new_zeros(1, x.shape[1])])[slots].split([n * degree for n, degree in self.shapes])


def neighbourhoods(target: Tensor, n: int, step: int) -> Neighbourhoods:
    """Group edges by target for `contract_nodes`, ``step`` nodes at a time."""
    degree = target.new_zeros(n).index_add(0, target, torch.ones_like(target))
    ranked = torch.argsort(degree, stable=True)
    place = torch.empty_like(ranked)
    place[ranked] = torch.arange(n, device=target.device)
    edges = torch.cat([torch.argsort(place[target], stable=True), target.new_full((1,), len(target))])
    sorted_degree = degree[ranked]
    first = torch.cumsum(sorted_degree, 0) - sorted_degree
    parts = sorted_degree.split(step) if n else ()
    degrees = torch.stack([part[-1] for part in parts]).tolist() if parts else []  # one look at all
    shapes, slots = [], [target.new_zeros(0)]
    for part, at, largest in zip(parts, first.split(step), degrees):
        slot = torch.arange(largest, device=target.device)
        slots.append(torch.where(slot < part[:, None], at[:, None] + slot, len(target)).flatten())
        shapes.append((len(part), largest))
    return Neighbourhoods(edges[torch.cat(slots)], shapes, place)
