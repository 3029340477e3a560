"""Nullspaces of small linear systems: exact over a number field, by SVD for floats."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import sympy as sp
from sympy.polys.matrices import DomainMatrix

Vector = list[Any]

RANK_TOLERANCE = 1e-10


def nullspace(rows: list[dict[int, Any]], unknowns: int) -> list[Vector]:
    """Basis of {x : Σ_j row[j] x_j = 0 for every row}, as lists of sympy numbers.

    Parameters
    ----------
    rows : list of {column: sympy number}
    unknowns : int
    """
    rows = [row for row in rows if row]
    if not rows:
        return [[sp.Integer(int(i == j)) for j in range(unknowns)] for i in range(unknowns)]
    if any(x.has(sp.Float) for row in rows for x in row.values()):
        return _float_nullspace(rows, unknowns)
    entries = {(i, j): x for i, row in enumerate(rows) for j, x in row.items()}
    matrix = sp.SparseMatrix(len(rows), unknowns, entries)
    system = DomainMatrix.from_Matrix(matrix, extension=True).to_field().to_sparse()
    basis = system.nullspace().to_Matrix()
    return [_cleared(list(basis.row(i))) for i in range(basis.rows)]


def _cleared(vector: Vector) -> Vector:
    """Scale a vector so that its first entry is 1 and rational entries are whole."""
    lead = next(x for x in vector if x != 0)
    scaled = [sp.radsimp(x / lead) if x != 0 else sp.Integer(0) for x in vector]
    whole = sp.ilcm(1, *(x.q for x in scaled if x.is_Rational))
    return [x * whole for x in scaled]


def _float_nullspace(rows: list[dict[int, Any]], unknowns: int) -> list[Vector]:
    matrix = np.zeros((len(rows), unknowns), complex)
    for i, row in enumerate(rows):
        for j, x in row.items():
            matrix[i, j] = complex(x)
    if not matrix.imag.any():
        matrix = matrix.real
    basis = scipy.linalg.null_space(matrix, rcond=RANK_TOLERANCE)
    return [[sp.sympify(x.item()) for x in np.where(np.abs(v) < 1e-14, 0, v)] for v in basis.T]
