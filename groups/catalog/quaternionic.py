"""Finite groups of unit quaternions."""

from __future__ import annotations

import sympy as sp

from .._group import Group
from ._check import positive
from .classical import make
from .point_groups import exact_rows, turn


def Dicyclic(n: int) -> Group:
    """Dicyclic group of order 4n on ℂ²: a²ⁿ = 1, x² = aⁿ, xax⁻¹ = a⁻¹.

    a is a turn by π/n, x is diag(i, −i).  It is the double cover, in SU(2), of the rotations in space that map
    a regular n-gon to itself.  Dicyclic(2) is the quaternion group, Dicyclic(2ᵏ) a generalised one.

    Examples
    --------
    >>> Dicyclic(3).d, Dicyclic(3).order
    (2, 12)
    """
    a = turn(2 * positive("Dicyclic", n))
    return make(f"Dicyclic({n})", 2, discrete=[a, sp.ImmutableMatrix(sp.diag(sp.I, -sp.I))], field="C")


def Quaternion() -> Group:
    """The quaternion group {±1, ±i, ±j, ±k} multiplying ℍ = ℝ⁴, basis 1, i, j, k, from the left.

    Examples
    --------
    >>> Quaternion().d, Quaternion().order
    (4, 8)
    """
    i = [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]
    j = [[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]]
    return make("Quaternion()", 4, discrete=[exact_rows(i), exact_rows(j)])
