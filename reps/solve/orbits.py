"""Hom spaces of (signed) permutation representations: orbits of index pairs.

If every generator acts by e_j ↦ s_j e_{p(j)} on both sides, then W commutes exactly when
W[p(i), q(j)] = s_i t_j W[i, j]: W is constant, up to a sign, on the orbits of pairs (i, j), and zero on an
orbit that some word maps to itself with sign −1. So the dimension of the Hom space is the number of orbits
on which the sign is consistent (Burnside's lemma when there are no signs).

Orbits are the connected components of the graph with an edge (i, j) – (p(i), q(j)) for every generator.
A group that contains Alt(d) moves any k ≤ d − 2 points to any others, so that the orbits of k-tuples are the
patterns of equal entries, the set partitions of {1, …, k}: no graph is needed.

Signs are followed on the double cover with nodes (i, j, ±). Generators are taken one at a time on the
components so far, so that memory is linear in the number of unknowns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sps
from intertwine.groups._finite import contains_alternating
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from .._orbits import OrbitBlock, PatternBlock
from .._permute import Signed, signed_permutations
from .._tensor import V_, Conj, Dual, Product, Scalar_

if TYPE_CHECKING:
    from intertwine.groups import Group

    from .._node import Rep

Array = NDArray[Any]
MOST = 8  # factors of V whose patterns are listed


def merge_orbits(images: Iterable[Array], n: int) -> tuple[int, Array]:
    """Orbits of the permutations ``images`` of n points.

    Returns
    -------
    (count, labels)
        Number of orbits and the orbit of every point, numbered by first appearance.

    Examples
    --------
    >>> merge_orbits([np.array([1, 0, 2, 3]), np.array([0, 1, 3, 2])], 4)
    (2, array([0, 0, 1, 1], dtype=int32))
    """
    count, labels = n, np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)
    for image in images:
        target = labels[image]
        moved = np.flatnonzero(target != labels)
        if not len(moved):
            continue
        ones = np.ones(len(moved), np.int8)
        edges: Any = (ones, (labels[moved], target[moved]))
        graph = sps.coo_array(edges, shape=(count, count)).tocsr()
        count, merged = connected_components(graph, directed=False)
        labels = merged[labels]
    return count, _first_appearance(labels, count)


def _first_appearance(labels: Array, count: int) -> Array:
    """Renumber labels by first appearance, so that the numbering does not depend on the library."""
    first = np.full(count, len(labels), np.int64)
    first[labels[::-1]] = np.arange(len(labels) - 1, -1, -1)
    number = np.empty(count, labels.dtype)
    number[np.argsort(first, kind="stable")] = np.arange(count)
    return number[labels]


def pair_orbits(inner: list[Signed], outer: list[Signed], dim_in: int, dim_out: int) -> OrbitBlock:
    """Orbits of pairs (i, j), i an index of the target and j of the source.

    Parameters
    ----------
    inner, outer : list of (image, sign)
        The action of the same generators on the source and on the target.
    dim_in, dim_out : int

    Returns
    -------
    OrbitBlock
    """
    n = dim_in * dim_out
    pairs = (
        (pk[:, None] * dim_in + qk[None, :]).ravel() for (pk, _), (qk, _) in zip(outer, inner)
    )  # flat index of (p(i), q(j))
    if all((s > 0).all() for _, s in [*inner, *outer]):
        count, labels = merge_orbits(pairs, n)
        return OrbitBlock(labels.reshape(dim_out, dim_in), None, count)
    double = (_lift(image, (sk[:, None] * tk[None, :]).ravel()) for image, (_, sk), (_, tk) in zip(pairs, outer, inner))
    _, cover = merge_orbits(double, 2 * n)
    return _consistent(cover.reshape(2, n), (dim_out, dim_in))


def _lift(image: Array, sign: Array) -> Array:
    """Permutation of the double cover: (x, ε) ↦ (image(x), ε sign(x)); ε = +1 comes first."""
    n = len(image)
    flip = np.where(sign < 0, n, 0)
    return np.concatenate([image + flip, image + (n - flip)])


def _consistent(cover: Array, shape: tuple[int, int]) -> OrbitBlock:
    """Orbits whose two lifts stay apart; the lift that appears first is called +1."""
    plus, minus = cover
    lower = np.minimum(plus, minus)
    kept = plus != minus
    values, labels = np.unique(lower[kept], return_inverse=True)
    out = np.full(plus.size, -1, np.int32 if plus.size < 2**31 else np.int64)
    out[kept] = labels
    signs = np.where(plus <= minus, 1, -1).astype(np.int8)
    signs[~kept] = 0
    return OrbitBlock(out.reshape(shape), signs.reshape(shape), len(values))


def solve_orbits(rep_in: Rep, rep_out: Rep) -> OrbitBlock | None:
    """Hom(rep_in, rep_out) by orbits, or None where some generator is not a signed permutation.

    Parameters
    ----------
    rep_in, rep_out : Rep
        Bound to the same group.
    """
    group = rep_out._require_group()  # one list of generators: equal groups may list them differently
    split = _tensor_powers(rep_in, rep_out, group)
    if split is not None:
        return PatternBlock(group.d, *split)
    inner = signed_permutations(rep_in, group)
    if inner is None:
        return None
    outer = inner if rep_out == rep_in else signed_permutations(rep_out, group)
    if outer is None:
        return None
    return pair_orbits(inner, outer, rep_in.dim, rep_out.dim)


def _tensor_powers(rep_in: Rep, rep_out: Rep, group: Group) -> tuple[int, int] | None:
    """(factors of V in the target, in the source) where Alt(d) moves any so many points to any others."""
    if not group.is_permutation or len(group.factors) > 1:
        return None
    out, in_ = _tensor_power(rep_out), _tensor_power(rep_in)
    if out is None or in_ is None or not 0 < out + in_ <= min(group.d - 2, MOST):
        return None
    return (out, in_) if contains_alternating(group) else None


def _tensor_power(rep: Rep) -> int | None:
    if isinstance(rep, Scalar_):
        return 0
    if isinstance(rep, Product):
        left, right = _tensor_power(rep.left), _tensor_power(rep.right)
        return None if left is None or right is None else left + right
    if isinstance(rep, Dual | Conj):  # permutation matrices are real and orthogonal
        return _tensor_power(rep.base)
    return 1 if isinstance(rep, V_) else None
