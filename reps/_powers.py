"""Symmetric and alternating powers, in bases indexed by sorted multi-indices in lexicographic order.

`Sym(k, U)` and `Alt(k, U)` are the subspaces of ``U^⊗k`` of symmetric and antisymmetric tensors, in the
orthonormal bases ``e_M ∝ Σ ± e_σ(M)``.  `power_isometry` is the isometry ``S`` with
``ρ_Sym = Sᵀ ρ^⊗k S``; nothing below forms ``U^⊗k``.  With ``f_M`` the sum of the distinct (signed)
rearrangements of ``e_M``, one step is

    f_M = Σ_i ± f_{M−i} ⊗ e_i ,        ρ_k = L (ρ_{k−1} ⊗ ρ) J ,

J holding those signs and L any left inverse of it with one entry a row: all entries are 0, ±1, so
integer matrices stay integer.  The squared length of ``f_M`` is the number of its rearrangements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import comb, factorial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy.sparse as sparse

from ._counts import exponent, fitting
from ._node import Array, Rep
from ._tensor import Scalar, Scalar_, V
from ._threads import cached_property

if TYPE_CHECKING:
    from ._evaluate import Walk


class Power(Rep):
    """A symmetric or alternating power; degrees 0 and 1 are ``Scalar`` and the rep itself."""

    _fields = ("k", "base", "group")
    sign: ClassVar[int]
    k: int
    base: Rep

    def __new__(cls, k: int, rep: Rep = V) -> Rep:  # type: ignore[misc]
        """Build the k-th power of ``rep``."""
        k = exponent(k, f"{cls.__name__}(k, rep)")
        if not isinstance(rep, Rep):
            raise TypeError(f"{cls.__name__}(k, rep) takes a representation, got {rep!r}")
        if k == 0:
            return Scalar._place(rep.group)
        if k == 1 or (isinstance(rep, Scalar_) and cls.sign > 0):
            return rep
        return cls._make(k=k, base=rep, group=rep.group)

    def _children(self) -> tuple[Rep, ...]:
        return (self.base,)

    def _rebuild(self, children: tuple[Rep, ...]) -> Rep:
        return type(self)(self.k, children[0])

    def _parameters(self) -> str | None:
        return str(self.k)

    def _products(self, indices: Array) -> Array:
        """Products of the base's squared lengths over multi-indices (dim, k), with room for rearrangements."""
        squares = self.base.scale_squared
        kind = fitting(int(squares.max(initial=1)) ** self.k * factorial(self.k))
        return np.asarray(squares.astype(kind)[indices].prod(axis=1))

    def _rho(self, at: Walk[Any]) -> Any:
        base = at(self.base)
        power = base
        for step in _steps(self.k, self.base.dim, self.sign):
            power = at.ops.lift(power, base, step)
        return power

    def _drho(self, at: Walk[Any]) -> Any:
        ops, base = at.ops, at(self.base)
        power, one = base, at.eye(self.base.dim)
        for step in _steps(self.k, self.base.dim, self.sign):
            still = at.eye(step.dim_before)
            power = ops.add(ops.lift(power, one, step), ops.lift(still, base, step))
        return power


class Sym(Power):
    """The k-th symmetric power of a representation (of ``V`` by default), in an orthonormal basis.

    Parameters
    ----------
    k : int
        Degree, at least 0.
    rep : Rep
        Default ``V``.

    Raises
    ------
    ValueError
        When ``k`` is negative.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Sym
    >>> Sym(6)(SO(3)).dim
    28
    """

    sign = 1

    def _dim(self) -> int:
        return comb(self.base.dim + self.k - 1, self.k) if self.base.dim else 0

    def _scale_squared(self) -> Array:
        indices = multi_indices(self.k, self.base.dim, 1)
        return self._products(indices) * _rearrangements(indices)


class Alt(Power):
    """The k-th alternating power of a representation (of ``V`` by default), in an orthonormal basis.

    Parameters
    ----------
    k : int
        Degree, at least 0; beyond the dimension the power is zero.
    rep : Rep
        Default ``V``.

    Raises
    ------
    ValueError
        When ``k`` is negative.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Alt
    >>> Alt(2)(SO(4)).dim
    6
    """

    sign = -1

    def _dim(self) -> int:
        return comb(self.base.dim, self.k)

    def _scale_squared(self) -> Array:
        indices = multi_indices(self.k, self.base.dim, -1)
        return self._products(indices)


@lru_cache(maxsize=256)
def multi_indices(k: int, n: int, sign: int) -> Array:
    """Sorted multi-indices of a symmetric (+1) or alternating (−1) power, (dim, k), lexicographic."""
    indices = np.zeros((1 if n or not k else 0, 0), dtype=np.int64)
    for _ in range(k):
        first = indices[:, -1] + (sign < 0) if indices.shape[1] else np.zeros(len(indices), dtype=np.int64)
        count = n - first
        row = np.repeat(np.arange(len(indices)), count)
        letter = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + first[row]
        indices = np.concatenate([indices[row], letter[:, None]], axis=1)
    indices.flags.writeable = False
    return indices


def rank(indices: Array, n: int, sign: int) -> Array:
    """Position of sorted multi-indices (m, k) in `multi_indices`: how many come before, letter by letter."""
    place, lowest = np.zeros((2, len(indices)), dtype=np.int64)
    for at, letter in enumerate(indices.T):
        left = indices.shape[1] - at
        free = left - 1 if sign > 0 else 0
        ends = np.array([comb(n - first + free, left) for first in range(n + 1)])  # of `left` letters from first on
        place += ends[lowest] - ends[letter]
        lowest = letter + (sign < 0)
    return place


def _rearrangements(indices: Array) -> Array:
    """Multinomial coefficients ``k! / Π mᵢ!`` of sorted multi-indices."""
    count: Array = np.ones(len(indices), dtype=fitting(factorial(indices.shape[1])))
    run = count
    for place in range(1, indices.shape[1]):
        run = np.where(indices[:, place] == indices[:, place - 1], run + 1, 1)
        count = count * (place + 1) // run
    return count


@dataclass(frozen=True, eq=False)
class Step:
    """One step ``U_{k−1} ⊗ U ⊃ U_k``: the combinatorics of J and L of the module docstring."""

    k: int
    n: int
    sign: int

    @cached_property
    def indices(self) -> Array:
        """Multi-indices of degree k."""
        return multi_indices(self.k, self.n, self.sign)

    @property
    def dim(self) -> int:
        """Dimension of the k-th power."""
        return len(self.indices)

    @property
    def dim_before(self) -> int:
        """Dimension of the power before."""
        return len(multi_indices(self.k - 1, self.n, self.sign))

    def _slot(self, place: int) -> tuple[Array, Array, Array, int]:
        """Columns in which the letter at ``place`` is split off, what is left, the letter, the sign."""
        letters, rest = self.indices[:, place], np.delete(self.indices, place, axis=1)
        last = place == self.k - 1
        first_of_run = letters != self.indices[:, place + 1] if not last else np.ones(self.dim, bool)
        valid = np.flatnonzero(first_of_run) if self.sign > 0 else np.arange(self.dim)
        sign = 1 if self.sign > 0 else (-1) ** (self.k - 1 - place)
        return valid, rank(rest[valid], self.n, self.sign), letters[valid], sign

    @cached_property
    def _slots(self) -> tuple[tuple[Array, Array, Array, int], ...]:
        return tuple(self._slot(place) for place in range(self.k))

    def slots(self) -> Iterator[tuple[Array, Array, Array, int]]:
        """Entries of J, as (columns, index of M − i, i, sign)."""
        return iter(self._slots)

    @property
    def row_rest(self) -> Array:
        """Index of M − i for the last letter i of M."""
        return self._slots[-1][1]

    @property
    def row_letter(self) -> Array:
        """Last letter of M."""
        return self._slots[-1][2]

    def matrices(self) -> tuple[Any, Any]:
        """L (dim, before·n) and J (before·n, dim), sparse int64."""
        shape = (self.dim_before * self.n, self.dim)
        entries = [
            (rest * self.n + letter, columns, np.full(len(columns), sign, dtype=np.int64))
            for columns, rest, letter, sign in self._slots
        ]
        rows, columns, values = (np.concatenate(part) for part in zip(*entries, strict=True))
        split = sparse.csr_array((values, (rows, columns)), shape=shape)
        place = self.row_rest * self.n + self.row_letter
        ones = np.ones(self.dim, dtype=np.int64)
        return sparse.csr_array((ones, (np.arange(self.dim), place)), shape=shape[::-1]), split


@lru_cache(maxsize=256)
def _steps(k: int, n: int, sign: int) -> tuple[Step, ...]:
    return tuple(Step(j, n, sign) for j in range(2, k + 1))


def power_isometry(k: int, n: int, sign: int = 1) -> Any:
    """Isometry ``S`` from a symmetric or alternating power of ℝⁿ into ``(ℝⁿ)^⊗k``: ``ρ_k = Sᵀ ρ^⊗k S``.

    Parameters
    ----------
    k, n : int
        Degree and dimension.
    sign : {1, -1}
        Symmetric or alternating.

    Returns
    -------
    scipy.sparse.csr_array (n**k, dim)
        Orthonormal columns, in the order of the bases of `Sym` and `Alt`.

    Examples
    --------
    >>> power_isometry(2, 2).toarray().round(3)
    array([[1.   , 0.   , 0.   ],
           [0.   , 0.707, 0.   ],
           [0.   , 0.707, 0.   ],
           [0.   , 0.   , 1.   ]])
    """
    k = exponent(k, "power_isometry(k, n)")
    if k == 0:
        return sparse.csr_array(np.ones((1, 1)))
    one = sparse.csr_array(sparse.identity(n, dtype=np.int64))
    total = one
    for step in _steps(k, n, sign):
        total = sparse.csr_array(sparse.kron(total, one, format="csr") @ step.matrices()[1])
    count = _rearrangements(multi_indices(k, n, sign)) if sign > 0 else np.full(total.shape[1], factorial(k))
    return sparse.csr_array(total.astype(np.float64) @ sparse.diags_array(1 / np.sqrt(count.astype(np.float64))))
