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
never multiplied, unless L' is small and applied as one matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from intertwine.emlp._assembly import Assembly, Block, axes, starts
from intertwine.emlp._constants import Constants
from intertwine.emlp._init import coefficients
from intertwine.emlp._module import Derived
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint

from ._paths import Array, Atoms, Path, Paths

CHUNK = 2**21  # numbers held at a time by one chunk of a formulation
HELD = 2**28  # the same on an accelerator
KEPT = 2**25  # numbers of all chunks up to which they are not formed again
SMALL = 2**16  # largest number of entries of L' as one matrix, and
WASTE = 8  # how many times as many multiplications it may take


class Contraction(Derived):
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
        found = Paths.between(atoms_h, atoms_in, atoms_out, lambda i, j: atoms_h[i][1] * atoms_in[j][1])
        self.paths, self.fan = found.paths, found.fan
        self.by_input = tuple(tuple(p for p in self.paths if p.a == j) for j in range(len(atoms_in)))
        self.constants = Constants(found.blocks | {"angular": self._angular(found.blocks)}, dtype, device)
        self.weights = nn.ParameterList(coefficients(m, n, dtype, device) for (_, m), n in zip(atoms_out, self.fan))
        self.matrix: Assembly | None = None
        self.refresh()

    def refresh(self) -> None:
        """Write L' as one matrix (Σ d·m, Σ d·u · Σ d·v), where it is small."""
        self.matrix, like = None, self.weights[0]
        at_h, at_in, at_out = map(starts, self.widths)
        size = at_h[-1] * at_in[-1] * at_out[-1]
        if like.is_meta or size > min(SMALL, WASTE * self.costs[0]):
            return
        at_weights = starts([w.numel() for w in self.weights])
        blocks: list[Block] = []
        for path in self.paths:
            (d_h, u), (d_a, v) = self.shape_h[path.h], self.shape_in[path.a]
            numbers = self.constants.get_buffer(path.name).cpu().numpy()
            parts = np.split(numbers, np.cumsum([self.shape_out[k][0] * r for k, r, _ in path.targets])[:-1])
            for (k, r, first), part in zip(path.targets, parts):
                d_b, m = self.shape_out[k]
                b, s, i, j, p, x, y = axes(d_b, r, d_h, d_a, m, u, v)
                h, f = at_h[path.h] + i * u + x, at_in[path.a] + j * v + y
                entries = ((at_out[k] + b * m + p) * at_h[-1] + h) * at_in[-1] + f
                weights = at_weights[k] + p * self.fan[k] + first + (s * u + x) * v + y
                blocks.append((entries, weights, part.reshape(d_b, r, d_h, d_a, 1, 1, 1)))
        self.matrix = Assembly((at_out[-1], at_h[-1] * at_in[-1]), blocks, at_weights[-1], like)

    def _angular(self, arrays: dict[str, Array]) -> Array:
        """Clebsch–Gordan blocks of all paths, (Σ d_h, Σ rows · d_a): from Y to the matrices Y ⊗ · by input atom."""
        at = starts([d for d, _ in self.shape_h])
        columns = []
        for path in (path for group in self.by_input for path in group):
            (d_h, _), (d_a, _) = self.shape_h[path.h], self.shape_in[path.a]
            block = arrays[path.name]
            placed = np.zeros((at[-1], len(block) * d_a), block.dtype)
            placed[at[path.h] : at[path.h + 1]] = block.reshape(-1, d_h, d_a).swapaxes(0, 1).reshape(d_h, -1)
            columns.append(placed)
        return np.concatenate([np.zeros((at[-1], 0)), *columns], axis=1)

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
        found: list[list[Tensor]] = [[] for _ in self.shape_out]
        for path, total in zip(self.paths, sums):
            (d_h, u), (d_a, v) = self.shape_h[path.h], self.shape_in[path.a]
            block = total.reshape(items, d_h, u, d_a, v).permute(1, 3, 0, 2, 4).reshape(d_h * d_a, items * u * v)
            if not self.constants.is_one(path.name):
                block = self.constants.value(path.name) @ block
            sizes = [self.shape_out[k][0] * r for k, r, _ in path.targets]
            for (k, r, _), z in zip(path.targets, block.split(sizes)):
                found[k].append(z.reshape(-1, r, items, u * v).transpose(1, 2).flatten(2))  # (d_b, items, r · u · v)
        parts = []
        for zs, weight, (d, m) in zip(found, self.weights, self.shape_out):
            if zs:
                y = (zs[0] if len(zs) == 1 else torch.cat(zs, 2)) @ weight.mT
                parts.append(y.transpose(0, 1).flatten(1))
            else:
                parts.append(weight.new_zeros(()).expand(items, d * m))
        return parts[0] if len(parts) == 1 else torch.cat(parts, 1)

    def extra_repr(self) -> str:
        """Numbers of paths and weights."""
        return f"{sum(len(p.targets) for p in self.paths)} paths, {sum(w.numel() for w in self.weights)} weights"


def _add(out: list[Tensor | None], k: int, y: Tensor) -> None:
    before = out[k]
    out[k] = y if before is None else before + y


def contract_edges(layer: Contraction, h: Tensor, f: Tensor, source: Tensor, target: Tensor, n: int) -> Tensor:
    """Σ over edges with L' applied to every edge: h (E, Σ d·u), f (N, Σ d·v) to (n, Σ d·m)."""
    out = f.new_zeros(n, sum(layer.widths[2]))
    if torch.compiler.is_compiling():
        return out.index_add(0, target, layer.messages(h, f.index_select(0, source)).to(out.dtype))
    size = in_chunks(f, max(h.shape[1], f.shape[1]))
    messages = recomputed_beyond(len(h) * layer.held, layer.messages)
    for hc, fc, at in zip(h.split(size), f.index_select(0, source).split(size), target.split(size)):
        out = out.index_add(0, at, messages(hc, fc).to(out.dtype))  # autocast
    return out


def contract_nodes(layer: Contraction, h: Tensor, f: Tensor, source: Tensor, target: Tensor, n: int) -> Tensor:
    """The same sum with outer products added up per node, a few nodes at a time."""
    width = sum(h_ * f_ for h_, f_ in layer.pairs)
    if has_static_shapes(f, n * width):
        total = summed(lambda *xs: _sums(layer, n, *xs), width, h, f.index_select(0, source), target)
        sums = total.split([h_ * f_ for h_, f_ in layer.pairs], 1)
        return layer.apply_aggregate(sums, n)
    plan = neighbourhoods(target, n, in_chunks(f, h.shape[1] * f.shape[1]))
    chunks = zip(plan.gathered(h), plan.gathered(f, source), plan.shapes)
    apply = recomputed_beyond(4 * n * width, _some_nodes)  # sums and products with the blocks, and both rearranged
    matrix = None if layer.matrix is None else layer.matrix(layer.weights)
    return plan.scattered([apply(layer, matrix, hc, fc, *shape) for hc, fc, shape in chunks], f, sum(layer.widths[2]))


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


def _some_nodes(layer: Contraction, matrix: Tensor | None, h: Tensor, f: Tensor, nodes: int, degree: int) -> Tensor:
    """h and f (nodes · degree, …), zero where a node has fewer edges."""
    h, f = h.reshape(nodes, degree, h.shape[1]), f.reshape(nodes, degree, f.shape[1])
    if matrix is not None:
        return linear(torch.bmm(h.mT, f).flatten(1), matrix)
    hs, fs = h.split(layer.widths[0], 2), f.split(layer.widths[1], 2)
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
    degree; shapes: (nodes, degree) of the chunks; nodes (n,): where every node went.  Where edges come target by target
    in equal numbers, slots and nodes are None: all is in place.
    """

    slots: Tensor | None
    shapes: list[tuple[int, int]]
    nodes: Tensor | None

    def gathered(self, x: Tensor, at: Tensor | None = None) -> tuple[Tensor, ...]:
        """Rows of x (E, …), or x[at] where edges are ``at`` rows of x, at the slots of every chunk, zeros at the empty.

        One gather and one split: their gradients are made once, not chunk by chunk.
        """
        slots = at
        if self.slots is not None:
            slots = self.slots if at is None else torch.cat([at, at.new_full((1,), len(x))])[self.slots]
            x = torch.cat([x, x.new_zeros(1, x.shape[1])])
        x = x if slots is None else x.index_select(0, slots)
        return x.split([n * degree for n, degree in self.shapes])

    def scattered(self, parts: Sequence[Tensor], like: Tensor, width: int) -> Tensor:
        """Rows of nodes (n, width), from those of the chunks."""
        if not parts:
            return like.new_zeros(0, width)
        out = parts[0] if len(parts) == 1 else torch.cat(list(parts))
        return out if self.nodes is None else out.index_select(0, self.nodes)


def neighbourhoods(target: Tensor, n: int, step: int) -> Neighbourhoods:
    """Group edges by target for `contract_nodes`, ``step`` nodes at a time."""
    k = len(target) // max(n, 1)
    if k * n == len(target) and torch.equal(target, torch.arange(n, device=target.device).repeat_interleave(k)):
        return Neighbourhoods(None, [(min(step, n - at), k) for at in range(0, n, step)], None)
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
