"""Σ_e K(x_e) f_e for kernels K(x) = L(h(x)) whose last layer is linear, in two formulations.

With L' ∈ Hom(H ⊗ V_in, V_out) the same map read as bilinear,

    Σ_e K(x_e) f_e = Σ_e L'(h_e ⊗ f_e) = L'( Σ_e h_e ⊗ f_e ),

so outer products can be added up per node first and L' applied once per *node*: no kernel is ever formed.

* ``edge``: K_e is formed and applied, edge by edge (in chunks).
* ``node``: outer products are aggregated per node, for a few nodes at a time, and formed again in the
  backward pass instead of being stored.

Inside, components come first: features are (dim, items, channels), so that a linear map over channels is one
batched matrix product.  L' is made of paths (h, a → b), each a Clebsch–Gordan block times a weight matrix
over channel pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from intertwine.emlp._constants import Constants
from intertwine.emlp._init import coefficients
from intertwine.emlp._module import Layer
from intertwine.reps._frame import Atom, bilinear_basis
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

Atoms = Sequence[tuple[Atom, int]]
CHUNK = 2**21  # numbers held at a time by one chunk of either formulation


@dataclass(frozen=True)
class Path:
    """One pair (h, a) and the targets it reaches: (target, blocks, first row in the target's weight)."""

    h: int
    a: int
    targets: tuple[tuple[int, int, int], ...]


class Contraction(Layer):
    """The equivariant bilinear map L' between atoms, with both ways of summing it over edges.

    Parameters
    ----------
    atoms_h, atoms_in, atoms_out : sequences of (Atom, multiplicity)
        Hidden features of the kernel, input and output features.

    Attributes
    ----------
    weights : nn.ParameterList
        For every reached output atom (fan-in, m_out); fan-in runs over (path, block, channel h, channel in).
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
        paths, arrays = [], {}
        for i, (h, u) in enumerate(atoms_h):
            for j, (a, v) in enumerate(atoms_in):
                targets = []
                for k, (b, _) in enumerate(atoms_out):
                    block = bilinear_basis(h, a, b)
                    if len(block):
                        arrays[f"cg{i}x{j}to{k}"] = block
                        targets.append((k, len(block), fan[k]))
                        fan[k] += len(block) * u * v
                if targets:
                    paths.append(Path(i, j, tuple(targets)))
        self.paths = tuple(paths)
        self.fan = tuple(fan)
        self.constants = Constants(arrays, dtype, device)
        self.weights = nn.ParameterList(coefficients(m, n, dtype, device) for (_, m), n in zip(atoms_out, fan))

    @property
    def costs(self) -> tuple[int, int, int]:
        """Multiplications: L' per node, a formed kernel per edge, an outer product per edge."""
        per_node = per_edge = 0
        for path in self.paths:
            (d_h, u), (d_a, v) = self.shape_h[path.h], self.shape_in[path.a]
            for k, r, _ in path.targets:
                d_b, m = self.shape_out[k]
                per_node += r * d_b * u * v * (d_h * d_a + m)
                per_edge += r * m * v * d_h * (u + d_b * d_a)
        width = sum(d * m for d, m in self.shape_in)
        outer = width * sum(d * m for d, m in self.shape_h)
        return per_node, per_edge + width * sum(d * m for d, m in self.shape_out), outer

    # -- one formulation: kernels ---------------------------------------------------------------------
    def kernels(self, hs: Sequence[Tensor]) -> Tensor:
        """Kernel matrices between atoms, (items, Σ m·d out, Σ m·d in), from hs [(dim, items, channels)]."""
        items = hs[0].shape[1]
        rows = [[hs[0].new_zeros(items, mo * do, mi * di) for di, mi in self.shape_in] for do, mo in self.shape_out]
        for path in self.paths:
            h = hs[path.h]
            (d_h, u), (d_a, v) = self.shape_h[path.h], self.shape_in[path.a]
            for k, r, first in path.targets:
                d_b, m = self.shape_out[k]
                w = self.weights[k][:, first : first + r * u * v].reshape(m, r, u, v)
                cg = self.constants.value(f"cg{path.h}x{path.a}to{k}")
                t = torch.einsum("ceu,oruv->cerov", h, w)
                block = torch.einsum("rbca,cerov->eobva", cg, t).reshape(items, m * d_b, v * d_a)
                rows[k][path.a] = rows[k][path.a] + block
        return torch.cat([torch.cat(row, 2) for row in rows], 1)

    # -- the other: aggregates ------------------------------------------------------------------------
    def apply_aggregate(self, aggregate: Tensor) -> Tensor:
        """L' of Σ h ⊗ f: (items, Σ d·u, Σ d·v) to (items, Σ d·m), all components first."""
        items = aggregate.shape[0]
        widths_h = [d * m for d, m in self.shape_h]
        widths_in = [d * m for d, m in self.shape_in]
        blocks = [row.split(widths_in, 2) for row in aggregate.split(widths_h, 1)]
        out: list[Tensor | None] = [None] * len(self.shape_out)
        for path in self.paths:
            (d_h, u), (d_a, v) = self.shape_h[path.h], self.shape_in[path.a]
            block = blocks[path.h][path.a].reshape(items, d_h, u, d_a, v)
            block = block.permute(1, 3, 0, 2, 4).reshape(d_h * d_a, items * u * v)
            cg = torch.cat(
                [
                    self.constants.value(f"cg{path.h}x{path.a}to{k}").transpose(0, 1).reshape(-1, d_h * d_a)
                    for k, _, _ in path.targets
                ]
            )
            mixed = cg @ block  # (Σ d_b·r, items·u·v)
            start = 0
            for k, r, first in path.targets:
                d_b, m = self.shape_out[k]
                z = mixed[start : start + d_b * r].reshape(d_b, r, items, u * v)
                start += d_b * r
                z = z.transpose(1, 2).reshape(d_b * items, r * u * v)
                y = z @ self.weights[k][:, first : first + r * u * v].mT
                out[k] = y if out[k] is None else out[k] + y
        parts = [
            aggregate.new_zeros(items, d * m)
            if y is None
            else y.reshape(d, items, m).transpose(0, 1).reshape(items, d * m)
            for y, (d, m) in zip(out, self.shape_out)
        ]
        return torch.cat(parts, 1)

    def extra_repr(self) -> str:
        """Numbers of paths and weights."""
        return f"{sum(len(p.targets) for p in self.paths)} paths, {sum(w.numel() for w in self.weights)} weights"


def flatten(xs: Sequence[Tensor]) -> Tensor:
    """Atoms [(items, m, d)] to one components-first matrix (items, Σ d·m)."""
    return torch.cat([x.transpose(-1, -2).flatten(-2) for x in xs], -1)


def unflatten(x: Tensor, shape: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Inverse of `flatten`; shape [(d, m)]."""
    parts = x.split([d * m for d, m in shape], -1)
    return [p.unflatten(-1, s).transpose(-1, -2) for p, s in zip(parts, shape)]


def contract_edges(layer: Contraction, h: Tensor, f: Tensor, source: Tensor, target: Tensor, n: int) -> Tensor:
    """Σ over edges with a kernel formed for every edge: h (E, Σ d·u), f (N, Σ d·v) to (n, Σ d·m)."""
    height = sum(d * m for d, m in layer.shape_out)
    width = sum(d * m for d, m in layer.shape_in)
    size = max(1, CHUNK // (height * width))
    out = f.new_zeros(n, height)
    for start in range(0, h.shape[0], size):
        at = slice(start, start + size)
        message = _messages(layer, h[at], f[source[at]])
        out = out.index_add(0, target[at], message)
    return out


def _messages(layer: Contraction, h: Tensor, f: Tensor) -> Tensor:
    hs = [
        p.unflatten(-1, s).transpose(0, 1)
        for p, s in zip(h.split([d * m for d, m in layer.shape_h], -1), layer.shape_h)
    ]
    fs = torch.cat([x.flatten(-2) for x in unflatten(f, layer.shape_in)], -1)
    out = torch.bmm(layer.kernels(hs), fs.unsqueeze(-1)).squeeze(-1)
    parts = out.split([d * m for d, m in layer.shape_out], -1)
    return flatten([p.unflatten(-1, (m, d)) for p, (d, m) in zip(parts, layer.shape_out)])


def contract_nodes(layer: Contraction, h: Tensor, f: Tensor, source: Tensor, target: Tensor, n: int) -> Tensor:
    """The same sum with outer products added up per node, a few nodes at a time."""
    if torch.compiler.is_compiling():
        outer = h.unsqueeze(-1) * f[source].unsqueeze(-2)
        aggregate = h.new_zeros(n, *outer.shape[1:]).index_add(0, target, outer)
        return layer.apply_aggregate(aggregate)
    plan = neighbourhoods(target, n, max(1, CHUNK // (h.shape[1] * f.shape[1])))
    hs = h[plan.edges].split(plan.sizes)  # one gather and one split: their gradients are made once, not per chunk
    fs = f[source[plan.edges]].split(plan.sizes)
    parts = []
    for hc, fc, slots in zip(hs, fs, plan.slots):
        if torch.is_grad_enabled():
            part = checkpoint(_node_chunk, layer, hc, fc, slots, use_reentrant=False, preserve_rng_state=False)
        else:
            part = _node_chunk(layer, hc, fc, slots)
        parts.append(part)
    out = torch.cat(parts) if parts else f.new_zeros(0, sum(d * m for d, m in layer.shape_out))
    return out[plan.nodes]


def _node_chunk(layer: Contraction, h: Tensor, f: Tensor, slots: Tensor) -> Tensor:
    """slots (nodes, degree): rows of h and f, one past the end where a node has fewer edges."""
    h = torch.cat([h, h.new_zeros(1, h.shape[1])])
    f = torch.cat([f, f.new_zeros(1, f.shape[1])])
    aggregate = torch.bmm(h[slots].transpose(1, 2), f[slots])
    return layer.apply_aggregate(aggregate)


@dataclass(frozen=True)
class Neighbourhoods:
    """Edges grouped by target, targets sorted by degree and cut into chunks.

    edges (E,): the order of the edges; sizes: edges per chunk; slots: per chunk (nodes, largest degree) rows
    within the chunk's edges; nodes (n,): where every node went.
    """

    edges: Tensor
    sizes: list[int]
    slots: list[Tensor]
    nodes: Tensor


def neighbourhoods(target: Tensor, n: int, step: int) -> Neighbourhoods:
    """Group edges by target for `contract_nodes`, ``step`` nodes at a time."""
    degree = torch.bincount(target, minlength=n)
    ranked = torch.argsort(degree, stable=True)
    place = torch.empty_like(ranked)
    place[ranked] = torch.arange(n, device=target.device)
    edges = torch.argsort(place[target], stable=True)
    sorted_degree = degree[ranked]
    sizes, slots = [], []
    for start in range(0, n, step):
        part = sorted_degree[start : start + step]
        first = torch.cumsum(part, 0) - part
        total, largest = int(part.sum()), int(part[-1])
        slot = torch.arange(largest, device=target.device)
        slots.append(torch.where(slot < part[:, None], first[:, None] + slot, total))
        sizes.append(total)
    return Neighbourhoods(edges, sizes, slots, place)
