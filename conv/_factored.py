"""Σ_e K(x_e) f_e where the hidden features of the kernel are a radial times an angular part.

With h_u = φ_u(s) Y, Y one covariant of the position for every atom,

    Σ_e L'(h_e ⊗ f_e) = Σ_u w_u ( Σ_e φ_u(s_e) CG(Y(x_e) ⊗ f_e) ),

so the Clebsch–Gordan product is taken per edge, without the channels of h, and its outer product with φ is added up
per node: only coordinates of the targets are aggregated, and not all of h ⊗ f.

The graph is gone through in chunks of nodes, which the backward pass forms again, as in `_contraction`, unless they are
small altogether.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ._contraction import Contraction, has_static_shapes, in_chunks, neighbourhoods, recomputed_beyond, summed


def factored_costs(layer: Contraction) -> tuple[int, int]:
    """Multiplications per node and per edge."""
    per_node = per_edge = 0
    for path in layer.paths:
        (d_h, u), (d_a, v) = layer.shape_h[path.h], layer.shape_in[path.a]
        per_edge += layer.rows(path) * (d_h * d_a + d_a * v + v * u)
        per_node += sum(layer.shape_out[k][0] * r * u * v * layer.shape_out[k][1] for k, r, _ in path.targets)
    return per_node, per_edge


def contract_factored(
    layer: Contraction, phi: Tensor, angular: Tensor, f: Tensor, source: Tensor, target: Tensor, n: int
) -> Tensor:
    """The sum over edges: φ (E, Σ u), Y (E, Σ d), f (N, Σ d·v) to (n, Σ d·m)."""
    weights = _weights(layer)
    sizes = _sizes(layer)
    width = sum(z * u for z, u in sizes)
    if has_static_shapes(f, n * width):
        total = summed(lambda *xs: _sums(layer, n, *xs), width, phi, angular, f.index_select(0, source), target)
        parts = total.split([z * u for z, u in sizes], 1)
        return _targets(layer, weights, [p.unflatten(1, size) for p, size in zip(parts, sizes)], n)
    held = _held(layer, len(target) / max(n, 1))
    plan = neighbourhoods(target, n, in_chunks(f, held))
    apply = recomputed_beyond(n * held, _some_nodes)
    chunks = zip(plan.gathered(phi), plan.gathered(angular), plan.gathered(f, source), plan.shapes)
    return plan.scattered([apply(layer, weights, *xs, *shape) for *xs, shape in chunks], f, sum(layer.widths[2]))


def _held(layer: Contraction, degree: float) -> int:
    """Numbers that a node of this degree needs at a time."""
    total = 0.0
    for path in layer.paths:
        u, v = layer.shape_h[path.h][1], layer.shape_in[path.a][1]
        total += layer.rows(path) * v * (degree + u)
    return max(int(total), 1)


def _couplings(layer: Contraction, angular: Tensor, f: Tensor) -> list[Tensor]:
    """CG(Y ⊗ f) item by item, for all targets: per path (items, rows · v)."""
    at_f = f.split(layer.widths[1], 1)
    sizes = [sum(layer.rows(p) for p in paths) * d_a for paths, (d_a, _) in zip(layer.by_input, layer.shape_in)]
    matrices = (angular @ layer.constants.value("angular")).split(sizes, 1)
    found = []
    for paths, matrix, x, (d_a, v) in zip(layer.by_input, matrices, at_f, layer.shape_in):
        if not paths:
            continue
        matrix, x = matrix.reshape(len(f), matrix.shape[1] // d_a, d_a), x.reshape(len(f), d_a, v)
        z = matrix * x if d_a == 1 else torch.bmm(matrix, x)  # a product of inner size 1 is slow as a bmm
        found += z.split([layer.rows(p) for p in paths], 1)
    return [z.flatten(1) for z in found]


def _weights(layer: Contraction) -> list[Tensor]:
    """Weights of every path into every target, (r · v · u, m), in the order of `_couplings`."""
    found = []
    for path in (path for group in layer.by_input for path in group):
        found += [layer.weight(k, path, r, first).permute(1, 3, 2, 0).flatten(0, 2) for k, r, first in path.targets]
    return found


def _targets(layer: Contraction, weights: list[Tensor], sums: Sequence[Tensor], items: int) -> Tensor:
    """Weights applied to the sums of all paths, (items, rows · v, u) each: to (items, Σ d·m)."""
    out: list[Tensor | None] = [None] * len(layer.shape_out)
    left = iter(weights)
    for path, total in zip((path for group in layer.by_input for path in group), sums):
        v = layer.shape_in[path.a][1]
        sizes = [layer.shape_out[k][0] * r * v for k, r, _ in path.targets]
        for (k, _, _), z in zip(path.targets, total.split(sizes, 1)):
            z, weight, y = z.reshape(items * layer.shape_out[k][0], -1), next(left), out[k]
            out[k] = z @ weight if y is None else torch.addmm(y, z, weight)
    zero = sums[0].new_zeros(())
    parts = [
        zero.expand(items, d * m) if y is None else y.view(items, d * m) for y, (d, m) in zip(out, layer.shape_out)
    ]
    return torch.cat(parts, 1)


def _radial(layer: Contraction, phi: Tensor) -> list[Tensor]:
    """φ of the atom of every path, in the order of `_couplings`."""
    parts = phi.split([u for _, u in layer.shape_h], -1)
    return [parts[path.h] for group in layer.by_input for path in group]


def _some_nodes(
    layer: Contraction, weights: list[Tensor], phi: Tensor, angular: Tensor, f: Tensor, nodes: int, degree: int
) -> Tensor:
    """All arguments (nodes · degree, …), zero where a node has fewer edges."""
    radial = _radial(layer, phi.reshape(nodes, degree, phi.shape[1]))
    zs = (z.reshape(nodes, degree, z.shape[1]) for z in _couplings(layer, angular, f))
    # the longer side last: a product with few columns is slow
    return _targets(layer, weights, [torch.bmm(p.mT, z).mT for z, p in zip(zs, radial)], nodes)


def _sizes(layer: Contraction) -> list[tuple[int, int]]:
    """Sizes (rows · v, u) of the sums of all paths, in the order of `_couplings`."""
    paths = (path for group in layer.by_input for path in group)
    return [(layer.rows(path) * layer.shape_in[path.a][1], layer.shape_h[path.h][1]) for path in paths]


def _sums(layer: Contraction, n: int, phi: Tensor, angular: Tensor, f: Tensor, target: Tensor) -> Tensor:
    """Outer products of all paths added up per node, (n, Σ rows·v·u)."""
    each = []
    for z, p in zip(_couplings(layer, angular, f), _radial(layer, phi)):
        outer = (z.unsqueeze(2) * p.unsqueeze(1)).flatten(1)
        each.append(outer.new_zeros(n, outer.shape[1]).index_add(0, target, outer))
    return torch.cat(each, 1)


def cheapest(layer: Contraction, is_factored: bool, edges: int, nodes: int) -> str:
    """The formulation with the fewest multiplications; compiled, at 16 neighbours: choosing by size would recompile."""
    if torch.compiler.is_compiling():
        edges, nodes = 16, 1
    per_node, per_edge, outer = layer.costs
    best, least = "node", edges * outer + nodes * per_node
    if edges * per_edge < least:
        best, least = "edge", edges * per_edge
    if is_factored:
        node, edge = factored_costs(layer)
        if edges * edge + nodes * node < least:
            best = "factored"
    return best
