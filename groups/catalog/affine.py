"""Affine groups on homogeneous coordinates (x, 1), and scalings."""

from __future__ import annotations

from .._group import Group
from ._check import positive
from .classical import SO, Lorentz, O, Trivial, make, unit


def Scaling(n: int = 1) -> Group:
    """Scalings x ↦ eᵗ x of ℝⁿ, all of positive factor.

    Examples
    --------
    >>> Scaling(3).lie_dim, Scaling(3).is_compact
    (1, False)
    """
    n = positive("Scaling", n)
    return make(f"Scaling({n})", n, [unit(n, *((i, i, 1) for i in range(n)))])


def Translation(n: int) -> Group:
    """Translations of ℝⁿ as matrices [[1, t], [0, 1]] on homogeneous (n+1)-vectors.

    Examples
    --------
    >>> Translation(3).d, Translation(3).lie_dim, Translation(3).is_reductive
    (4, 3, False)
    """
    return Trivial(positive("Translation", n)).semidirect(name=f"Translation({n})")


def SE(n: int) -> Group:
    """Rotations and translations of ℝⁿ as matrices [[R, t], [0, 1]] on homogeneous (n+1)-vectors.

    Examples
    --------
    >>> SE(3).d, SE(3).lie_dim, SE(3).is_reductive
    (4, 6, False)
    """
    return SO(positive("SE", n)).semidirect(name=f"SE({n})")


def E(n: int) -> Group:
    """Rotations, reflections and translations of ℝⁿ on homogeneous (n+1)-vectors: all isometries.

    Examples
    --------
    >>> E(3).d, E(3).lie_dim, len(E(3).discrete)
    (4, 6, 1)
    """
    return O(positive("E", n)).semidirect(name=f"E({n})")


def Poincare() -> Group:
    """Isometries of Minkowski space: O(1, 3) and translations, on homogeneous 5-vectors (t, x, y, z, 1).

    Examples
    --------
    >>> Poincare().d, Poincare().lie_dim, len(Poincare().discrete)
    (5, 10, 2)
    """
    return Lorentz().semidirect(name="Poincare()")
