"""Signed permutations: how a permutation of the basis of ``V`` moves the basis of a representation.

A signed permutation is a pair ``(images, signs)``: ``e_j ↦ signs[j] · e_images[j]``.  No matrix is built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._binding import block_indices
from ._node import Array, Rep
from ._powers import Power, multi_indices, rank
from ._tensor import V_, Conj, Det_, Dual, Product, Scalar_, Sum

if TYPE_CHECKING:
    from ..groups import Group

Signed = tuple[Array, Array]


def permutation(rep: Rep, p: Any, signs: Any = None) -> Signed | None:
    """See `Rep.permutation`."""
    group = rep._require_group()
    images = np.asarray(p, dtype=np.int64)
    signs = np.ones(group.d, dtype=np.int64) if signs is None else np.asarray(signs, dtype=np.int64)
    _check(group, images, signs)
    if not rep.is_functorial:
        return None
    return _walk(rep, lambda leaf: _defining(leaf, group, images, signs))


def _check(group: Group, images: Array, signs: Array) -> None:
    if images.shape != (group.d,) or not np.array_equal(np.sort(images), np.arange(group.d)):
        raise ValueError(f"expected the images of 0..{group.d - 1} under a permutation, got {images}")
    if signs.shape != (group.d,) or not (np.abs(signs) == 1).all():
        raise ValueError(f"expected {group.d} signs, each +1 or -1, got {signs}")


def _walk(rep: Rep, leaf: Callable[[Rep], Signed | None]) -> Signed | None:
    """The action on an expression, from that on its leaves; None when some leaf has none."""
    if isinstance(rep, Scalar_):
        return np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)
    if isinstance(rep, Dual | Conj):  # signed permutations are real and orthogonal
        return _walk(rep.base, leaf)
    if not isinstance(rep, Product | Sum | Power):
        return leaf(rep)
    parts = []
    for child in rep._children():
        part = _walk(child, leaf)
        if part is None:
            return None
        parts.append(part)
    if isinstance(rep, Product):
        return _product(*parts)
    if isinstance(rep, Sum):
        return _sum([(n, part) for (n, _), part in zip(rep.terms, parts, strict=True)])
    return _power(parts[0], rep.k, rep.sign)


def _defining(rep: Rep, group: Group, images: Array, signs: Array) -> Signed:
    """The action on ``V`` and ``Det``."""
    if not isinstance(rep, V_ | Det_):
        raise TypeError(f"{type(rep).__name__} is not a signed permutation representation")
    own, flips = _restrict(rep._owner(), group, images, signs)
    if isinstance(rep, V_):
        return own, flips
    return np.zeros(1, dtype=np.int64), np.array([parity(own) * flips.prod()])


def of_element(rep: Rep, g: Array) -> Signed | None:
    """Signed permutation by which a group element (d, d) acts; None when some leaf is acted on otherwise."""
    known: dict[Rep, Signed | None] = {}

    def leaf(node: Rep) -> Signed | None:
        if node not in known:
            known[node] = node._signed(g)
        return known[node]

    return _walk(rep, leaf)


def _restrict(own: Group, group: Group, images: Array, signs: Array) -> Signed:
    rows = np.arange(group.d)[block_indices(own, group)]
    local = np.full(group.d, -1, dtype=np.int64)
    local[rows] = np.arange(len(rows))
    moved = local[images[rows]]
    if (moved < 0).any():
        raise ValueError(f"the permutation mixes the factors of {group.name}: it is not one of its elements")
    return moved, signs[rows]


def _product(left: Signed, right: Signed) -> Signed:
    images = left[0][:, None] * len(right[0]) + right[0]
    return images.ravel(), np.outer(left[1], right[1]).ravel()


def _sum(terms: list[tuple[int, Signed]]) -> Signed:
    images, signs, start = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
    for n, (p, s) in terms:
        images.append((start + len(p) * np.arange(n)[:, None] + p).ravel())
        signs.append(np.tile(s, n))
        start += n * len(p)
    return np.concatenate(images), np.concatenate(signs)


def _power(base: Signed, k: int, sign: int) -> Signed:
    indices = multi_indices(k, len(base[0]), sign)
    moved, signs = base[0][indices], base[1][indices].prod(axis=1)
    if sign < 0:
        inversions = sum((moved[:, i] > moved[:, j]).astype(np.int64) for i in range(k) for j in range(i + 1, k))
        signs = signs * (1 - 2 * (inversions % 2))
    return rank(np.sort(moved, axis=1), len(base[0]), sign), signs


def parity(p: Array) -> int:
    """Sign of a permutation, from its number of cycles."""
    seen = np.zeros(len(p), dtype=bool)
    cycles = 0
    for start in range(len(p)):
        if not seen[start]:
            cycles += 1
            while not seen[start]:
                seen[start] = True
                start = int(p[start])
    return -1 if (len(p) - cycles) % 2 else 1


def signed_permutation(matrix: Any) -> Signed | None:
    """Read a matrix as a signed permutation, exactly; None when it is not one.

    Examples
    --------
    >>> signed_permutation([[0, -1], [1, 0]])
    (array([1, 0]), array([ 1, -1]))
    """
    matrix = np.asarray(matrix)
    ones = np.abs(matrix) == 1
    if not (np.isin(matrix, (-1, 0, 1)).all() and (ones.sum(0) == 1).all() and (ones.sum(1) == 1).all()):
        return None
    images = np.nonzero(ones.T)[1]
    return images, matrix.real[images, np.arange(len(images))].astype(np.int64)


def signed_permutations(rep: Rep, group: Group) -> list[Signed] | None:
    """(image, sign) of every generator, e_j ↦ sign[j] e_image[j]; None where one acts otherwise."""
    if len(group.algebra):
        return None
    found = []
    for h in group.discrete_generators:
        acting = of_element(rep, h)
        if acting is None:
            return None
        found.append((np.asarray(acting[0]), np.asarray(acting[1], np.int8)))
    return found
