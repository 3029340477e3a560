"""Kernels of low rank over channels: K(x) = A D(h(x)) B with D acting channel by channel.

B mixes the input's copies to ``rank`` channels (for a depthwise kernel it is the identity), D multiplies every channel
by its own hidden feature with Clebsch–Gordan blocks, and A mixes all products.  B and A are applied once per node, only
D once per edge: the products are added up before A.

References: Howard et al., MobileNets, arXiv:1704.04861 (depthwise separable convolutions); the full contraction of
`_contraction` is what this factorises.
"""

from __future__ import annotations

from typing import Literal

import torch
from intertwine.emlp._constants import Constants
from intertwine.emlp._init import coefficients
from intertwine.emlp._module import Layer
from torch import Tensor, nn

from ._contraction import in_chunks, recomputed
from ._paths import Atoms, Paths

Rank = int | Literal["depthwise"]


class LowRank(Layer):
    """The map h ⊗ f ↦ A (h ·_cg B f) between atoms, with the interface of `Contraction`.

    Parameters
    ----------
    atoms_h, atoms_in, atoms_out : sequences of (Atom, multiplicity)
        Every hidden atom has at least as many channels as any input atom gets.
    rank : int or "depthwise"
    """

    def __init__(
        self,
        atoms_h: Atoms,
        atoms_in: Atoms,
        atoms_out: Atoms,
        rank: Rank,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.shape_h, self.shape_in, self.shape_out = (
            tuple((a.dim, m) for a, m in atoms) for atoms in (atoms_h, atoms_in, atoms_out)
        )
        self.inner = inner_channels(atoms_in, rank)
        self.enter = nn.ParameterList(
            coefficients(c, m, dtype, device) for c, (_, m) in zip(self.inner, atoms_in) if rank != "depthwise"
        )
        found = Paths.between(atoms_h, atoms_in, atoms_out, lambda _, j: self.inner[j])
        self.paths, self.fan = found.paths, found.fan
        self.constants = Constants(found.blocks, dtype, device)
        self.weights = nn.ParameterList(coefficients(m, n, dtype, device) for (_, m), n in zip(atoms_out, self.fan))

    @property
    def widths(self) -> tuple[list[int], list[int], list[int]]:
        """Sizes dim · channels of the atoms of h, of the input as it enters the product, and of the output."""
        h, b = ([d * m for d, m in shape] for shape in (self.shape_h, self.shape_out))
        return h, [d * c for (d, _), c in zip(self.shape_in, self.inner)], b

    def entered(self, f: Tensor) -> Tensor:
        """B f: components-first features (items, Σ d·m) to (items, Σ d·channels)."""
        if not len(self.enter):
            return f
        parts = f.split([d * m for d, m in self.shape_in], 1)
        mixed = [(p.unflatten(1, s) @ w.mT).flatten(1) for p, s, w in zip(parts, self.shape_in, self.enter)]
        return torch.cat(mixed, 1)

    def products(self, h: Tensor, f: Tensor) -> Tensor:
        """All products item by item, h (items, Σ d·u), f = B f (items, Σ d·c): to (items, Σ d · fan)."""
        items, widths = len(h), self.widths
        hs, fs = h.split(widths[0], 1), f.split(widths[1], 1)
        found: list[list[Tensor]] = [[] for _ in self.shape_out]
        for path in self.paths:
            (d_h, u), (d_a, _), c = self.shape_h[path.h], self.shape_in[path.a], self.inner[path.a]
            left = hs[path.h].reshape(items, d_h, 1, u)[..., :c]
            outer = (left * fs[path.a].reshape(items, 1, d_a, c)).reshape(items, d_h * d_a, c)
            mixed = self.constants.value(path.name) @ outer
            sizes = [self.shape_out[k][0] * r for k, r, _ in path.targets]
            for (k, r, _), z in zip(path.targets, mixed.split(sizes, 1)):
                found[k].append(z.reshape(items, self.shape_out[k][0], r * c))
        return torch.cat([torch.cat(zs, 2).flatten(1) for zs in found if zs], 1)

    def left(self, z: Tensor) -> Tensor:
        """A of (added up) products (items, Σ d · fan): (items, Σ d·m)."""
        shapes = [(d, n) for (d, _), n in zip(self.shape_out, self.fan)]
        parts = z.split([d * n for d, n in shapes], 1)
        return torch.cat([(p.unflatten(1, s) @ w.mT).flatten(1) for p, s, w in zip(parts, shapes, self.weights)], 1)

    def kernels(self, h: Tensor) -> Tensor:
        """Kernel matrices between components-first features, (items, Σ d·m out, Σ d·m in)."""
        hs = h.split(self.widths[0], 1)
        rows = [[h.new_zeros(len(h), mo * do, mi * di) for di, mi in self.shape_in] for do, mo in self.shape_out]
        for path in self.paths:
            (d_h, u), (d_a, v), c = self.shape_h[path.h], self.shape_in[path.a], self.inner[path.a]
            part = hs[path.h].reshape(len(h), d_h, u)[..., :c]
            enter = self.enter[path.a] if len(self.enter) else torch.eye(v, dtype=h.dtype, device=h.device)
            sizes = [self.shape_out[k][0] * r for k, r, _ in path.targets]
            for (k, r, first), cg in zip(path.targets, self.constants.value(path.name).split(sizes)):
                leave = self.weights[k][:, first : first + r * c].reshape(-1, r, c)
                cg = cg.reshape(self.shape_out[k][0], r, d_h, d_a)
                turned = torch.einsum("brha,ehc->ebrac", cg, part)
                block = torch.einsum("ebrac,mrc,cv->ebmav", turned, leave, enter)
                rows[k][path.a] = rows[k][path.a] + block.flatten(3).flatten(1, 2)
        return torch.cat([torch.cat(row, 2) for row in rows], 1)

    def extra_repr(self) -> str:
        """Numbers of paths and weights."""
        return f"{sum(len(p.targets) for p in self.paths)} paths, {sum(w.numel() for w in self.weights)} weights"


def inner_channels(atoms_in: Atoms, rank: Rank) -> tuple[int, ...]:
    """Channels that every input atom gets inside."""
    return tuple(m if rank == "depthwise" else int(rank) for _, m in atoms_in)


def contract_low_rank(layer: LowRank, h: Tensor, f: Tensor, source: Tensor, target: Tensor, n: int) -> Tensor:
    """Σ over edges: h (E, Σ d·u), f (N, Σ d·v) to (n, Σ d·m); products are formed again in the backward pass."""
    inside = layer.entered(f)
    width = sum(d * m for (d, _), m in zip(layer.shape_out, layer.fan))
    total = inside.new_zeros(n, width)
    if torch.compiler.is_compiling():
        return layer.left(total.index_add(0, target, layer.products(h, inside.index_select(0, source)).to(total.dtype)))
    size = in_chunks(inside, width)
    for hc, fc, at in zip(h.split(size), inside.index_select(0, source).split(size), target.split(size)):
        total = total.index_add(0, at, recomputed(layer.products, hc, fc).to(total.dtype))
    return layer.left(total)
