"""Exact linear algebra on rows: object arrays of whole numbers, or of elements of a real number field.

Over ℚ every row is scaled to whole numbers, which python multiplies far faster than fractions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.polys.constructor import construct_domain
from sympy.polys.domains import ZZ
from sympy.polys.matrices import DomainMatrix

Array = NDArray[Any]
Domain = Any  # sympy ships no types


def read(entries: list[dict[int, Any]], length: int) -> tuple[Domain, Array]:
    """Rows {place: real sympy number} as an array (rows, length), each row up to a factor, and its domain."""
    scaled = [_rationalised(row) for row in entries]
    numbers = [x for row in scaled for x in row.values()]
    if all(x.is_Rational for x in numbers):
        domain, numbers = ZZ, []
        for row in scaled:
            common = sp.ilcm(1, *(x.q for x in row.values()))
            numbers += [int(x * common) for x in row.values()]
    else:
        domain, numbers = construct_domain(numbers, extension=True, field=True)
        if not domain.is_Algebraic:
            raise ValueError(f"entries must be algebraic numbers (roots of rationals and the like), got {domain}")
    out = np.full((len(entries), length), domain.zero, object)
    values = iter(numbers)
    for i, row in enumerate(scaled):
        for j in row:
            out[i, j] = next(values)
    return domain, primitive(out, domain)


def _rationalised(row: dict[int, Any]) -> dict[int, Any]:
    lead = next((x for x in row.values() if not x.is_Rational), None)
    return row if lead is None else {j: sp.radsimp(x / lead) for j, x in row.items()}


def primitive(rows: Array, domain: Domain) -> Array:
    """Rows of whole numbers divided by their greatest common divisors; rows over a field as they are."""
    if domain != ZZ or not rows.size:
        return rows
    common = np.array([math.gcd(*row) or 1 for row in rows.tolist()], object)
    return np.asarray(rows // common[:, None])


def echelon(rows: Array, domain: Domain) -> tuple[Array, Any, list[int]]:
    """Reduced rows R, common pivot value N and pivots p with R[:, p] = N·1, spanning the same space."""
    n = rows.shape[1]
    reduced, den = rows[:0], domain.one
    pivots: list[int] = []
    rows = primitive(rows[(rows != domain.zero).any(axis=1)], domain)
    while len(rows) and len(reduced) < n:
        rest = rows * den - np.take(rows, pivots, axis=1) @ reduced if pivots else rows
        rows = primitive(rest[(rest != domain.zero).any(axis=1)], domain)
        some = np.concatenate([reduced, rows[:n]])
        if len(rows):
            found, den, at = DomainMatrix(some.tolist(), some.shape, domain).rref_den()
            pivots = [int(p) for p in at]
            reduced = as_array(found, domain)[: len(pivots)]
        rows = rows[n:]
    return reduced, den, pivots


def nullspace(matrix: Array, domain: Domain) -> Array:
    """Rows x with matrix · x = 0, a basis."""
    n = matrix.shape[1]
    reduced, den, pivots = echelon(matrix, domain)
    free = [j for j in range(n) if j not in set(pivots)]
    out = np.full((len(free), n), domain.zero, object)
    out[range(len(free)), free] = den
    if pivots and free:
        out[:, pivots] = -reduced[:, free].T
    return primitive(out, domain)


def as_array(matrix: Any, domain: Domain) -> Array:
    """A DomainMatrix as an object array."""
    out = np.full(matrix.shape, domain.zero, object)
    for (i, j), x in matrix.to_dok().items():
        out[i, j] = x
    return out


def inertia(form: Array, domain: Domain) -> tuple[int, int, int]:
    """Numbers of positive, negative and zero squares of a symmetric form (Sylvester), by congruences."""
    form, counts = form.copy(), {1: 0, -1: 0}
    while len(form):
        diagonal = np.flatnonzero(form.diagonal() != domain.zero)
        if not len(diagonal):
            places = np.argwhere(form != domain.zero)
            if not len(places):
                break
            p, q = places[0]
            form[p] = form[p] + form[q]
            form[:, p] = form[:, p] + form[:, q]
            diagonal = places[0]
        p = int(diagonal[0])
        pivot, line = form[p, p], np.delete(form[p], p)
        s = sign(pivot, domain)
        counts[s] += 1
        rest = np.delete(np.delete(form, p, 0), p, 1)
        form = (rest * pivot - line[:, None] * line[None]) * domain.convert(s)  # |pivot| · Schur complement
        if domain == ZZ and form.size:
            form = form // (math.gcd(*form.ravel().tolist()) or 1)
    return counts[1], counts[-1], len(form)


def sign(x: Any, domain: Domain) -> int:
    """Sign of a number that is not zero."""
    if domain == ZZ:
        return 1 if x > 0 else -1
    return 1 if domain.to_sympy(x).is_positive else -1


def divided(numbers: Array, den: Any, domain: Domain) -> tuple[Any, Array]:
    """s and s·numbers/den, with the smallest s > 0 for which whole numbers stay whole."""
    if domain != ZZ:
        return domain.one, numbers / den
    s = abs(den) // math.gcd(den, *numbers.ravel().tolist())
    return s, numbers * s // den


def as_floats(numbers: Array, domain: Any) -> Array:
    """Float64 copies, up to a common factor."""
    if domain == ZZ:
        largest = max(map(abs, numbers.ravel().tolist()), default=1) or 1
        return np.array([x / largest for x in numbers.ravel().tolist()], float).reshape(numbers.shape)
    values = {x: float(domain.to_sympy(x)) for x in set(numbers.ravel().tolist())}
    return np.array([values[x] for x in numbers.ravel().tolist()], float).reshape(numbers.shape)
