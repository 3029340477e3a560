"""Unitary groups: real Lie groups of complex matrices that preserve a Hermitian form."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import sympy as sp

from .._group import Group
from ._check import check_room, even, signature
from .classical import make, unit

Matrix = Any


def _anti_hermitian(p: int, q: int = 0) -> list[Matrix]:
    """Off-diagonal part of u(p, q): A*η + ηA = 0 with η = diag(1, …, 1, −1, …, −1)."""
    n = p + q
    check_room("U", n**2, n)
    found = []
    for i, j in combinations(range(n), 2):
        sign = 1 if (i < p) == (j < p) else -1
        found += [unit(n, (i, j, -1), (j, i, sign)), unit(n, (i, j, sp.I), (j, i, sign * sp.I))]
    return found


def U(p: int, q: int = 0) -> Group:
    """Matrices on ℂᵖ⁺ᑫ that preserve the Hermitian form diag(1, …, 1, −1, …, −1); connected.

    Examples
    --------
    >>> U(2).lie_dim, U(1).d, U(1, 1).is_compact
    (4, 1, False)
    """
    p, q = signature("U", p, q)
    algebra = _anti_hermitian(p, q) + [unit(p + q, (i, i, sp.I)) for i in range(p + q)]
    return make(f"U({p}, {q})" if q else f"U({p})", p + q, algebra, field="C")


def SU(p: int, q: int = 0) -> Group:
    """Matrices of U(p, q) of determinant 1; connected.

    Examples
    --------
    >>> SU(3).lie_dim, SU(3).field, SU(2, 1).lie_dim
    (8, 'C', 8)
    """
    p, q = signature("SU", p, q)
    algebra = _anti_hermitian(p, q)
    algebra += [unit(p + q, (i, i, sp.I), (i + 1, i + 1, -sp.I)) for i in range(p + q - 1)]
    return make(f"SU({p}, {q})" if q else f"SU({p})", p + q, algebra, field="C")


def USp(n: int) -> Group:
    """The compact symplectic group Sp(n/2): unitary matrices on ℂⁿ, n even, with gᵀJg = J.

    Its algebra is [[A, −B*], [B, Ā]] with A anti-Hermitian and B symmetric: quaternionic anti-Hermitian
    matrices of size n/2.

    Examples
    --------
    >>> USp(4).lie_dim, USp(4).is_compact
    (10, True)
    >>> from intertwine.groups import same_group
    >>> same_group(USp(2), SU(2))
    True
    """
    n = even("USp", n)
    check_room("USp", n * (n + 1) // 2, n)
    h = n // 2
    algebra = [
        unit(n, (i, j, -1), (j, i, 1), (h + i, h + j, -1), (h + j, h + i, 1)) for i, j in combinations(range(h), 2)
    ]
    for i in range(h):
        for j in range(i, h):
            algebra += [
                unit(n, (i, j, sp.I), (j, i, sp.I), (h + i, h + j, -sp.I), (h + j, h + i, -sp.I)),
                unit(n, (i, h + j, -1), (j, h + i, -1), (h + i, j, 1), (h + j, i, 1)),
                unit(n, (i, h + j, sp.I), (j, h + i, sp.I), (h + i, j, sp.I), (h + j, i, sp.I)),
            ]
    return make(f"USp({n})", n, algebra, field="C")
