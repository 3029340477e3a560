"""Affine groups on homogeneous coordinates (x, 1)."""

from __future__ import annotations

from .._group import Group
from ._check import positive
from .classical import make, rotations, unit


def SE(n: int) -> Group:
    """Rotations and translations of ℝⁿ as matrices [[R, t], [0, 1]] on homogeneous (n+1)-vectors.

    Examples
    --------
    >>> SE(3).d, SE(3).lie_dim, SE(3).is_reductive
    (4, 6, False)
    """
    size = positive("SE", n) + 1
    turns = [unit(size, *((i, j, x) for (i, j), x in a.todok().items())) for a in rotations(n)]
    return make(f"SE({n})", size, turns + [unit(size, (i, n, 1)) for i in range(n)])
