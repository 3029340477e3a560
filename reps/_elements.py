"""Elements that the discrete generators of a group generate, and their conjugacy classes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from intertwine.groups._generators import permutation_matrices
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..groups import Group

Array = NDArray[Any]
_DEPTH = 2_000  # longest word tried, so that an irrational turn is given up early
_LARGE = 1e6  # no entry of an orthogonal matrix, nor the point of a permutation that is enumerated


@lru_cache(maxsize=64)
def discrete_elements(group: Group, limit: int) -> Array | None:
    """All products (order, d, d) of discrete generators, the identity first, in a basis that balances the group.

    (In it a finite group is orthogonal or unitary.)  None beyond the limit, or where no such basis is found.
    """
    basis = group.balancing
    if basis is None:
        return None
    if not len(group.discrete_generators):
        return np.eye(group.d)[None]
    if group.is_permutation:
        images = _generated(group.permutations, np.arange(group.d), lambda x, g: x[:, g], limit)
        return None if images is None else permutation_matrices(images)
    generators = basis @ group.discrete_generators @ np.linalg.inv(basis)
    return _generated(generators, np.eye(group.d, dtype=generators.dtype), lambda x, g: x[:, None] @ g, limit)


def _generated(generators: Array, one: Array, times: Callable[[Array, Array], Array], limit: int) -> Array | None:
    """Everything that generators (m, …) generate, breadth first, ``times`` giving all products (b, m, …)."""
    seen = set(_digits(one[None]))
    layers = [one[None]]
    while len(layers[-1]):
        products = times(layers[-1], generators).reshape(-1, *one.shape)
        fresh = []
        for i, digits in enumerate(_digits(products)):
            if digits not in seen:
                seen.add(digits)
                fresh.append(i)
        layers.append(products[fresh])
        if len(seen) > limit or len(layers) > _DEPTH or not np.abs(products).max(initial=0) < _LARGE:
            return None
    return np.concatenate(layers)


def conjugacy_classes(group: Group, limit: int) -> list[tuple[Array, int]] | None:
    """One element (d, d) of each class of `discrete_elements`, in the basis of the group, and the size of the class."""
    g = discrete_elements(group, limit)
    basis = group.balancing
    if g is None or basis is None:
        return None
    inverse = np.linalg.inv(basis)
    index = {digits: i for i, digits in enumerate(_digits(g))}
    generators = basis @ group.discrete_generators @ inverse
    images = [np.array([index[digits] for digits in _digits(h @ g @ np.linalg.inv(h))]) for h in generators]
    labels, before = np.arange(len(g)), None
    while before is None or (labels != before).any():  # labels fall to the least of every class
        before = labels
        for image in images:
            labels = np.minimum(labels, labels[image])
    _, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    return [(inverse @ g[i] @ basis, int(n)) for i, n in zip(first, sizes)]


def _digits(elements: Array) -> list[bytes]:
    """Hashable content, rounded where it is not integral; adding 0 turns −0 into 0."""
    rows = elements.reshape(len(elements), -1)
    return [row.tobytes() for row in (rows if rows.dtype.kind == "i" else np.round(rows * 2.0**20) + 0)]
