"""The three forms in which a group's generators are kept: matrices, permutations, blocks of a product.

Whatever the form, the same group data give the same form, so that content identity can be read off it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from . import _exact

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]
Matrix = Any


@dataclass(frozen=True)
class Matrices:
    """Exact matrices of the Lie algebra and of the discrete part."""

    d: int
    field: str
    algebra: tuple[Matrix, ...]
    discrete: tuple[Matrix, ...]

    def __post_init__(self) -> None:
        """One order for equal groups, whatever order and sign they were typed in: caches hold numbers per generator."""
        identity = sp.ImmutableMatrix(sp.eye(self.d))
        algebra = [a for a in self.algebra if not a.is_zero_matrix]
        discrete = [h for h in self.discrete if h != identity]
        object.__setattr__(self, "d", int(self.d))
        object.__setattr__(self, "algebra", _sorted(algebra, projective=True))
        object.__setattr__(self, "discrete", _sorted(discrete, projective=False))

    def lie_algebra(self) -> Array:
        """Float64 copies of the Lie-algebra generators, each of unit Frobenius norm and positive first entry."""
        signs = np.array([_exact.orientation(a) for a in self.algebra], dtype=float)
        return unit_norm(_exact.numeric(self.algebra, self.d, self.field)) * signs[:, None, None]

    def discrete_generators(self) -> Array:
        """Float64 copies of the discrete generators."""
        return _exact.numeric(self.discrete, self.d, self.field)

    def content(self) -> tuple[Any, ...]:
        """What identity is decided by: order, repetition and the scale of algebra generators do not count."""
        algebra = [_exact.fingerprint(a, projective=True) for a in self.algebra]
        discrete = [_exact.fingerprint(h, projective=False) for h in self.discrete]
        return ("matrices", self.d, self.field, algebra, discrete)


def _sorted(matrices: Sequence[Matrix], projective: bool) -> tuple[Matrix, ...]:
    """Distinct matrices, ordered by content."""
    distinct: dict[tuple[Any, ...], Matrix] = {}
    for m in matrices:
        distinct.setdefault(_exact.fingerprint(m, projective), m)
    return tuple(distinct[content] for content in sorted(distinct))


@dataclass(frozen=True, eq=False)
class Permutations:
    """Permutations as arrays of images: p[j] = i sends e_j to e_i."""

    d: int
    images: Array  # (m, d)
    field: str = "R"

    def __post_init__(self) -> None:
        """A size of numpy's type is the same size."""
        object.__setattr__(self, "d", int(self.d))

    @classmethod
    def distinct(cls, d: int, rows: Sequence[Any]) -> Permutations:
        """One order for equal groups: distinct rows, sorted, without the identity."""
        kept = sorted({tuple(map(int, p)) for p in rows} - {tuple(range(d))})
        return cls(d, np.array(kept, dtype=np.int64).reshape(len(kept), d))

    @property
    def algebra(self) -> tuple[Matrix, ...]:
        """No Lie algebra: the group is finite."""
        return ()

    @property
    def discrete(self) -> tuple[Matrix, ...]:
        """Permutation matrices."""
        return tuple(
            sp.ImmutableMatrix(sp.SparseMatrix(self.d, self.d, {(int(i), j): 1 for j, i in enumerate(p)}))
            for p in self.images
        )

    def lie_algebra(self) -> Array:
        """Nothing: shape (0, d, d)."""
        return np.zeros((0, self.d, self.d))

    def discrete_generators(self) -> Array:
        """Float64 permutation matrices."""
        return permutation_matrices(self.images)

    def content(self) -> tuple[Any, ...]:
        """The set of permutations without the identity."""
        return ("permutations", self.d, self.distinct(self.d, self.images.tolist()).images.tolist())


@dataclass(frozen=True)
class Blocks:
    """A direct product acting block-diagonally: every generator belongs to one factor."""

    factors: tuple[Group, ...]

    @property
    def d(self) -> int:
        """Sum of the factors' dimensions."""
        return sum(f.d for f in self.factors)

    @property
    def field(self) -> str:
        """Complex as soon as one factor is."""
        return "C" if any(f.field == "C" for f in self.factors) else "R"

    @property
    def offsets(self) -> tuple[int, ...]:
        """Where each factor's block starts."""
        return tuple(np.cumsum([0, *(f.d for f in self.factors)])[:-1].tolist())

    @property
    def algebra(self) -> tuple[Matrix, ...]:
        """The factors' generators, zero elsewhere."""
        return tuple(placed(a, self.d, o, 0) for o, f in zip(self.offsets, self.factors) for a in f.algebra)

    @property
    def discrete(self) -> tuple[Matrix, ...]:
        """The factors' generators, the identity elsewhere."""
        return tuple(placed(h, self.d, o, 1) for o, f in zip(self.offsets, self.factors) for h in f.discrete)

    def _place(self, parts: Sequence[Array], diagonal: int) -> Array:
        dtype = complex if self.field == "C" else float
        out = np.zeros((sum(map(len, parts)), self.d, self.d), dtype)
        out[:] = diagonal * np.eye(self.d)
        row = 0
        for o, f, part in zip(self.offsets, self.factors, parts):
            out[row : row + len(part), o : o + f.d, o : o + f.d] = part
            row += len(part)
        return out

    def lie_algebra(self) -> Array:
        """Float64 copies, each of unit Frobenius norm."""
        return self._place([f.lie_algebra for f in self.factors], 0)

    def discrete_generators(self) -> Array:
        """Float64 copies."""
        return self._place([f.discrete_generators for f in self.factors], 1)

    def content(self) -> tuple[Any, ...]:
        """The factors in their order: a representation may live on one of them."""
        return ("product", [f.key for f in self.factors])


Generators = Matrices | Permutations | Blocks


def unit_norm(matrices: Array) -> Array:
    """Scale every matrix of a stack (k, d, d) to unit Frobenius norm."""
    norms = np.linalg.norm(matrices, axis=(1, 2), keepdims=True)
    return matrices / np.where(norms > 0, norms, 1)


def permutation_matrices(images: Array) -> Array:
    """Matrices (..., d, d) of permutations (..., d): M[p[j], j] = 1."""
    d = images.shape[-1]
    return np.asarray(images[..., None, :] == np.arange(d)[:, None], dtype=float)


def placed(m: Matrix, d: int, start: int, diagonal: int) -> Matrix:
    """A block of a d×d matrix at ``start``, and ``diagonal`` on the rest of the diagonal."""
    rest = {(i, i): diagonal for i in range(d) if not start <= i < start + m.rows and diagonal}
    block = {(i + start, j + start): x for (i, j), x in m.todok().items()}
    return sp.ImmutableMatrix(sp.SparseMatrix(d, d, rest | block))


def as_permutation(h: Matrix) -> list[int] | None:
    """Images of a permutation matrix, or None."""
    entries = h.todok()
    if len(entries) != h.rows or any(x != 1 for x in entries.values()):
        return None
    images = {j: i for i, j in entries}
    if len(images) != h.rows or len(set(images.values())) != h.rows:
        return None
    return [images[j] for j in range(h.rows)]


def from_matrices(algebra: Sequence[Matrix], discrete: Sequence[Matrix], d: int, field: str) -> Generators:
    """The canonical form of a list of exact matrices."""
    if field == "R" and not algebra:
        images = [as_permutation(h) for h in discrete]
        if all(p is not None for p in images):
            return Permutations.distinct(d, [p for p in images if p is not None])
    return Matrices(d, field, tuple(algebra), tuple(discrete))
