"""Matrices modulo a 31-bit prime: sparse and dense products that cannot overflow, and echelon forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sps
from numpy.typing import NDArray

Array = NDArray[Any]
Sparse = Any

#: the largest primes below 2³¹
PRIMES = (2147483647, 2147483629, 2147483587, 2147483579, 2147483563, 2147483549)
_PANEL = 32  # columns eliminated at once in an array


def inverse_mod(a: Array, p: int) -> Array:
    """Elementwise a⁻¹ mod p, as a^(p−2)."""
    result, base, exponent = np.ones_like(a), a % p, p - 2
    while exponent:
        if exponent & 1:
            result = result * base % p
        base = base * base % p
        exponent >>= 1
    return result


def multiply_mod(a: Sparse, b: Sparse, p: int) -> Sparse:
    """A·B mod p for entries in [0, p), exact: in 16-bit limbs of A sums of 2¹⁶ terms stay below 2⁶³."""
    high, low = a.copy(), a.copy()
    high.data, low.data = a.data >> 16, a.data & 0xFFFF
    upper, lower = high @ b, low @ b
    upper.data = (upper.data % p << 16) % p
    lower.data = lower.data % p
    return reduce_mod(sps.csr_array(upper + lower), p)


def reduce_mod(a: Sparse, p: int) -> Sparse:
    """Entries into [0, p), stored zeros dropped."""
    a.data = a.data % p
    a.eliminate_zeros()
    return a


def reduced_echelon(a: Array, p: int) -> tuple[Array, Array]:
    """Reduced row echelon form modulo p of an array with entries in [0, p), by blocks of columns.

    Returns
    -------
    (reduced, pivots)
        Non-zero rows (r, n) and their pivot columns (r,).

    Examples
    --------
    >>> reduced_echelon(np.array([[2, 4], [1, 2]]), 7)
    (array([[1, 2]]), array([0]))
    """
    a = a.copy()
    found: list[Array] = []
    top = 0
    for start in range(0, a.shape[1], _PANEL):
        rows, columns = _panel_pivots(a[top:, start : start + _PANEL], p)
        if not len(rows):
            continue
        rows, columns = rows + top, columns + start
        chosen = _reduce_rows(a[rows], columns, p)
        rest = np.delete(np.arange(len(a)), rows)
        hit = rest[a[np.ix_(rest, columns)].any(axis=1)]
        live = np.flatnonzero(chosen.any(axis=0))
        a[np.ix_(hit, live)] = (
            a[np.ix_(hit, live)] - dense_multiply_mod(a[np.ix_(hit, columns)], chosen[:, live], p)
        ) % p
        a = np.concatenate([a[:top], chosen, a[rest[rest >= top]]])
        top += len(rows)
        found.append(columns)
        if top == len(a):
            break
    return a[:top], np.concatenate([np.zeros(0, np.int64), *found])


def _panel_pivots(panel: Array, p: int) -> tuple[Array, Array]:
    """Rows and columns of pivots of a narrow panel, by plain elimination of a copy."""
    panel = panel.copy()
    free = np.ones(len(panel), bool)
    rows, columns = [], []
    for column in range(panel.shape[1]):
        below = np.flatnonzero(free & (panel[:, column] != 0))
        if not len(below):
            continue
        row, others = below[0], below[1:]
        factor = panel[others, column] * pow(int(panel[row, column]), p - 2, p) % p
        panel[others] = (panel[others] - factor[:, None] * panel[row] % p) % p
        free[row] = False
        rows.append(row)
        columns.append(column)
    return np.array(rows, np.int64), np.array(columns, np.int64)


def _reduce_rows(rows: Array, columns: Array, p: int) -> Array:
    """Multiply by the inverse of rows[:, columns] (Gauss–Jordan)."""
    r = len(rows)
    work = np.concatenate([rows[:, columns], np.eye(r, dtype=np.int64)], axis=1)
    for k in range(r):
        first = k + int(np.flatnonzero(work[k:, k])[0])
        work[[k, first]] = work[[first, k]]
        work[k] = work[k] * pow(int(work[k, k]), p - 2, p) % p
        factor = work[:, k].copy()
        factor[k] = 0
        work = (work - factor[:, None] * work[k] % p) % p
    return dense_multiply_mod(work[:, r:], rows, p)


def dense_multiply_mod(a: Array, b: Array, p: int) -> Array:
    """A·B mod p by BLAS: 16-bit limbs of A times B in float64 are exact for sums of up to 64 terms."""
    if a.shape[1] > 64:
        raise ValueError(f"the inner dimension is {a.shape[1]}, more than the 64 that are exact")
    right = b.astype(np.float64)
    high = ((a >> 16).astype(np.float64) @ right).astype(np.int64) % p
    low = ((a & 0xFFFF).astype(np.float64) @ right).astype(np.int64) % p
    return ((high << 16) + low) % p
