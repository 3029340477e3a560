"""The exact Lie algebra that the generators of a group span under brackets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from . import _rows
from ._algebra import LieAlgebra

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]
Matrix = Any


def lie_algebra(group: Group) -> LieAlgebra:
    """The Lie algebra of a group with exact generators."""
    if any(m.has(sp.Float) for m in group.algebra):
        raise ValueError(
            f"the generators of {group.name} hold floating-point numbers, whose Lie algebra cannot be computed "
            "exactly: write them exactly (sympy.sqrt(2) for 1.4142...), or use the numerical closure, lie_dim and "
            "structure_constants of the group"
        )
    return Space(group.algebra, group.d, group.field).closure()


class Space:
    """Real coordinates of matrices: the rows and columns in use, real parts above imaginary ones."""

    def __init__(self, matrices: tuple[Matrix, ...], d: int, field: str) -> None:
        entries = [m.todok() for m in matrices]
        self.d, self.used = d, sorted({i for e in entries for place in e for i in place})
        self.halves, self.size = 1 + (field == "C"), len(self.used)
        place = {i: n for n, i in enumerate(self.used)}
        rows: list[dict[int, Any]] = []
        for e in entries:
            row = {}
            for (i, j), x in e.items():
                for half, part in enumerate(x.as_real_imag()[: self.halves]):
                    if part != 0:
                        row[(half * self.size + place[i]) * self.size + place[j]] = part
            rows.append(row)
        self.domain, self.vectors = _rows.read(rows, self.halves * self.size**2)

    def real(self, vectors: Array) -> Array:
        """Real matrices [[x, −y], [y, x]] of x + iy, which multiply as those do."""
        columns = vectors.reshape(len(vectors), self.halves * self.size, self.size)
        if self.halves == 1:
            return columns
        x, y = columns[:, : self.size], columns[:, self.size :]
        return np.concatenate([columns, np.concatenate([-y, x], axis=1)], axis=2)

    def matrix(self, vector: Array) -> Matrix:
        """The sympy matrix of a coordinate vector."""
        values: dict[tuple[int, int], Any] = {}
        for place in np.flatnonzero(vector != self.domain.zero).tolist():
            row, j = divmod(place, self.size)
            half, i = divmod(row, self.size)
            at = (self.used[i], self.used[j])
            values[at] = values.get(at, 0) + self.domain.to_sympy(vector[place]) * (sp.I if half else 1)
        return sp.ImmutableMatrix(sp.SparseMatrix(self.d, self.d, values))

    def closure(self) -> LieAlgebra:
        """The Lie algebra that the matrices generate."""
        rows = self.vectors
        while True:
            reduced, den, pivots = _rows.echelon(rows, self.domain)
            brackets = self._brackets(reduced)
            rest = brackets * den - brackets[..., pivots] @ reduced if pivots else brackets
            new = rest.reshape(len(reduced) ** 2, self.vectors.shape[1])
            new = new[(new != self.domain.zero).any(axis=1)]
            if not len(new):
                scale, constants = _rows.divided(brackets[..., pivots], den, self.domain)
                return LieAlgebra(self, reduced * scale, constants)
            rows = np.concatenate([reduced, new])

    def _brackets(self, vectors: Array) -> Array:
        """Coordinates (k, k, m) of all brackets."""
        k, matrices = len(vectors), self.real(vectors)
        columns = vectors.reshape(k, self.halves * self.size, self.size)
        products = np.tensordot(matrices, columns, (2, 1))  # (k, rows, k, columns)
        flat = np.moveaxis(products, 2, 1).reshape(k, k, vectors.shape[1])
        return np.asarray(flat - np.swapaxes(flat, 0, 1))
