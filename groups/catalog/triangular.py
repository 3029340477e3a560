"""Nilpotent and solvable groups of triangular matrices."""

from __future__ import annotations

from .._group import Group
from ._check import check_room, positive
from .classical import make, reflection, unit


def Heisenberg(n: int = 1) -> Group:
    """Matrices [[1, a, c], [0, 1, b], [0, 0, 1]] with a row a and a column b of length n: dimension 2n + 1.

    Examples
    --------
    >>> Heisenberg().d, Heisenberg().lie_dim, Heisenberg(2).lie_dim
    (3, 3, 5)
    """
    d = positive("Heisenberg", n) + 2
    inner = range(1, d - 1)
    rows, columns = [unit(d, (0, i, 1)) for i in inner], [unit(d, (i, d - 1, 1)) for i in inner]
    return make(f"Heisenberg({n})", d, [*rows, *columns, unit(d, (0, d - 1, 1))])


def UpperTriangular(n: int) -> Group:
    """Invertible upper triangular real matrices, the Borel subgroup of GL(n); 2ⁿ components.

    Examples
    --------
    >>> UpperTriangular(3).lie_dim, len(UpperTriangular(3).discrete)
    (6, 3)
    """
    n = positive("UpperTriangular", n)
    check_room("UpperTriangular", n * (n + 1) // 2, n)
    algebra = [unit(n, (i, j, 1)) for i in range(n) for j in range(i, n)]
    return make(f"UpperTriangular({n})", n, algebra, [reflection(n, i) for i in range(n)])
