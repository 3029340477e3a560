"""Bases of Hom spaces of (signed) permutation representations: indicators of orbits of index pairs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._basis import Block
from ._permute import signed_permutations
from ._threads import cached_property

if TYPE_CHECKING:
    from ._node import Rep

Array = NDArray[Any]


class OrbitBlock(Block):
    """Basis elements that are (signed) indicators of orbits of index pairs.

    Parameters
    ----------
    labels : int array (out, in)
        Orbit of every index pair; −1 where equivariance forces a zero.
    signs : int8 array (out, in) or None
        Sign of every index pair relative to its orbit; None when all are +1.
    rank : int
        Number of orbits.
    """

    kind = method = "orbits"
    certain = True

    def __init__(self, labels: Array, signs: Array | None, rank: int) -> None:
        self.labels = labels
        self.signs = signs
        self.rank = rank
        self.shape = (int(labels.shape[0]), int(labels.shape[1]))
        self.dtype = np.dtype(np.float64)

    @cached_property
    def sizes(self) -> Array:
        """Number of index pairs in every orbit, shape (rank,)."""
        return np.bincount(self.labels.ravel() + 1, minlength=self.rank + 1)[1:]

    def combine(self, coefficients: ArrayLike) -> Array:
        """Gather c / √size by label."""
        c = np.asarray(coefficients) / np.sqrt(self.sizes)
        # the extra last entry is what label −1 reads
        c = np.concatenate([c, np.zeros((*c.shape[:-1], 1), c.dtype)], axis=-1)
        W = c[..., self.labels]
        return W if self.signs is None else W * self.signs

    def coefficients(self, W: ArrayLike) -> Array:
        """Sum over every orbit, divided by √size."""
        W = np.asarray(W)
        signed = W if self.signs is None else W * self.signs
        flat = signed.reshape(-1, self.labels.size)
        labels = self.labels.ravel() + 1
        sums = [self._sum(labels, row) for row in flat]
        return (np.array(sums).reshape(*W.shape[:-2], self.rank)) / np.sqrt(self.sizes)

    def _sum(self, labels: Array, row: Array) -> Array:
        real = np.bincount(labels, row.real, self.rank + 1)[1:]
        if not np.iscomplexobj(row):
            return real
        return real + 1j * np.bincount(labels, row.imag, self.rank + 1)[1:]

    def residual(self, rep_in: Rep, rep_out: Rep) -> float:
        """Exactly 0 where every generator keeps the labels and the signs, else 1."""
        group = rep_out._require_group()
        inner, outer = signed_permutations(rep_in, group), signed_permutations(rep_out, group)
        if inner is None or outer is None:
            return super().residual(rep_in, rep_out)
        for (q, t), (p, s) in zip(inner, outer):
            at = np.ix_(p, q)
            if not np.array_equal(self.labels[at], self.labels):
                return 1.0
            if self.signs is not None and not np.array_equal(self.signs[at], self.signs * np.outer(s, t)):
                return 1.0
        return 0.0

    def arrays(self) -> dict[str, Array] | None:
        """Labels, signs and rank, by name."""
        stored = {"labels": self.labels, "rank": np.array([self.rank])}
        return stored if self.signs is None else {**stored, "signs": self.signs}


class PatternBlock(OrbitBlock):
    """Orbits of a group that moves any k points to any others: patterns of equal entries of k-tuples.

    Parameters
    ----------
    points : int
        d, how many points are permuted.
    out, in_ : int
        Factors of V in the target and in the source; k is their sum.
    """

    def __init__(self, points: int, out: int, in_: int) -> None:
        self.points, self.tuple = points, out + in_
        self.shape = (points**out, points**in_)
        self.patterns = _patterns(self.tuple)
        self.rank = len(self.patterns)
        self.signs = None
        self.dtype = np.dtype(np.float64)

    @cached_property
    def labels(self) -> Array:  # type: ignore[override]
        """Pattern of every pair of multi-indices, (out, in); made when it is first asked for."""
        k, grid = self.tuple, np.arange(self.points)
        code = np.zeros((), np.int16 if k <= 5 else np.int32)
        for m in range(k):  # every entry is replaced by the place of the first one equal to it
            first = np.full((1,) * m + (self.points,), m, np.int8)
            for earlier in reversed(range(m)):
                column = grid.reshape((-1,) + (1,) * (m - earlier))
                first = np.where(column == grid, np.int8(earlier), first)
            code = code[..., None] * code.dtype.type(k) + first
        table = np.zeros(k**k, np.int32 if self.rank > 127 else np.int8)
        for label, pattern in enumerate(self.patterns):
            table[sum(place * k ** (k - 1 - m) for m, place in enumerate(pattern))] = label
        return table[code].reshape(self.shape)

    @cached_property
    def sizes(self) -> Array:
        """d (d − 1) … for every pattern, one factor for every distinct entry."""
        return np.array([math.perm(self.points, len(set(p))) for p in self.patterns], np.float64)

    def residual(self, rep_in: Rep, rep_out: Rep) -> float:
        """Exactly 0: a permutation keeps equal what is equal, and apart what is not."""
        return 0.0

    def arrays(self) -> None:
        """Nothing to store: it is made faster than read."""
        return


def _patterns(k: int) -> list[tuple[int, ...]]:
    """Set partitions of k places, each place named by the first of its part; in lexicographic order."""
    found: list[tuple[int, ...]] = [()]
    for m in range(k):
        found = [(*pattern, place) for pattern in found for place in sorted({*pattern, m})]
    return found
