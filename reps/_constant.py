"""A fixed exact matrix, as every arithmetic of `intertwine.reps._evaluate` needs it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sparse
import sympy
from intertwine.groups import _exact as numbers
from sympy.polys.matrices import DomainMatrix

from ._exact import irrational, over
from ._node import Array
from ._threads import cached_property

Matrix = Any  # sympy.ImmutableMatrix; sympy ships no types


def rectangle(rows: Any, what: str) -> Matrix:
    """Read an exact matrix (m, n) given as nested lists, a numpy array or a sympy matrix."""
    if isinstance(rows, sympy.MatrixBase):
        rows = rows.tolist()
    try:
        listed = [list(row) for row in rows]
    except TypeError:
        raise TypeError(f"{what} is a list of rows, [[1, 0, 0], ...], got {rows!r}") from None
    lengths = sorted({len(row) for row in listed})
    if len(lengths) != 1 or lengths == [0]:
        raise ValueError(f"{what} is a list of rows of one length, got {len(listed)} rows of lengths {lengths}")
    try:
        return sympy.ImmutableMatrix([[numbers.number(x) for x in row] for row in listed])
    except (ValueError, TypeError, sympy.SympifyError) as error:
        raise ValueError(f"an entry of {what} is not a number: {error}") from error


def text(matrix: Matrix) -> str:
    """Nested lists that `intertwine.reps.parse` reads back."""
    return "[" + ", ".join("[" + ", ".join(map(_number, row)) + "]" for row in matrix.tolist()) + "]"


def _number(x: Any) -> str:
    if not x.has(sympy.Float):
        return str(x)
    value = complex(x)
    return repr(value.real) if value.imag == 0 else f"{value.real!r} + {value.imag!r}*I"


class Constant:
    """A fixed matrix: exact, and converted to each arithmetic once."""

    def __init__(self, exact: Matrix) -> None:
        self.exact = exact
        self._over: dict[Any, DomainMatrix] = {}

    @cached_property
    def numbers(self) -> frozenset[Any]:
        """Its irrational entries."""
        return irrational(self.exact)

    @cached_property
    def floats(self) -> Array:
        """As an ndarray, complex where an entry is."""
        out = np.zeros(self.exact.shape, complex)
        for at, x in self.exact.todok().items():
            out[at] = complex(x)
        return out if out.imag.any() else np.ascontiguousarray(out.real)

    @cached_property
    def sparse(self) -> Any:
        """As a csr array."""
        return sparse.csr_array(self.floats)

    def modulo(self, p: int) -> Any:
        """Residues modulo a prime, as a csr array of int64."""
        if any(not x.is_Rational for x in self.exact.todok().values()):
            raise ValueError("irrational entries have no values modulo a prime: use a float or exact backend")
        residues = self.exact.applyfunc(lambda x: int(x.p) * pow(int(x.q), -1, p) % p)
        return sparse.csr_array(np.array(residues.tolist(), dtype=np.int64).reshape(self.exact.shape))

    def over(self, domain: Any) -> DomainMatrix:
        """Over a sympy field."""
        if domain not in self._over:
            self._over[domain] = over(domain, self.exact)
        return self._over[domain]


@lru_cache(maxsize=256)
def left_inverse(columns: Matrix) -> Matrix:
    """(RᴴR)⁻¹Rᴴ for independent columns R (n, m).

    Raises
    ------
    ValueError
        If the columns are dependent.
    """
    if columns.has(sympy.Float):
        floats = Constant(columns).floats
        if np.linalg.matrix_rank(floats, tol=1e-10 * np.abs(floats).max()) < floats.shape[1]:
            raise ValueError("dependent")
        return rectangle(np.linalg.pinv(floats).tolist(), "a left inverse")
    adjoint = columns.H
    domain, _ = sympy.construct_domain([*columns, *adjoint], extension=True, field=True)
    star = over(domain, adjoint)
    gram = star * over(domain, columns)
    if gram.rank() < columns.shape[1]:
        raise ValueError("dependent")
    return tidy((gram.inv() * star).to_Matrix())


def tidy(matrix: Matrix) -> Matrix:
    """One form per number."""
    return sympy.ImmutableMatrix(matrix.rows, matrix.cols, [numbers.number(x) for x in matrix])


def scaled_rows(matrix: Matrix, squares: Iterable[Any], power: int) -> Matrix:
    """diag(√squares)^power · matrix."""
    factors = [sympy.sqrt(int(s)) ** power for s in squares]
    if all(f == 1 for f in factors):
        return matrix
    return tidy(sympy.Matrix(matrix.rows, matrix.cols, lambda i, j: factors[i] * matrix[i, j]))
