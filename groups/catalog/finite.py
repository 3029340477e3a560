"""Permutation groups on n points: S, A, Z, D."""

from __future__ import annotations

from collections.abc import Sequence

from .._generators import Permutations
from .._group import Group
from ._check import positive


def permuting(name: str, d: int, images: Sequence[Sequence[int]]) -> Group:
    """A named permutation group from trusted images."""
    return Group(name, Permutations.distinct(d, images))


def _cycle(points: Sequence[int], n: int) -> list[int]:
    images = list(range(n))
    for i, j in zip(points, [*points[1:], points[0]]):
        images[i] = j
    return images


def S(n: int) -> Group:
    """All permutations of n points.

    Examples
    --------
    >>> S(5).order
    120
    """
    if positive("S", n) < 3:
        return permuting(f"S({n})", n, [[1, 0]] if n == 2 else [])
    return permuting(f"S({n})", n, [_cycle([0, 1], n), _cycle(range(n), n)])


def A(n: int) -> Group:
    """Even permutations of n points.

    Examples
    --------
    >>> A(5).order
    60
    """
    if positive("A", n) < 3:
        return permuting(f"A({n})", n, [])
    if n == 3:
        return permuting("A(3)", 3, [[1, 2, 0]])
    return permuting(f"A({n})", n, [_cycle([0, 1, 2], n), _cycle(range(1 - n % 2, n), n)])


def Z(n: int) -> Group:
    """Cyclic shifts of n points.

    Examples
    --------
    >>> Z(5).order
    5
    """
    return permuting(f"Z({n})", n, [_cycle(range(n), n)] if positive("Z", n) > 1 else [])


def D(n: int) -> Group:
    """Shifts and reversal of n points on a circle.

    Examples
    --------
    >>> D(5).order
    10
    """
    if positive("D", n) < 3:
        return permuting(f"D({n})", n, Z(n).permutations.tolist())
    return permuting(f"D({n})", n, [_cycle(range(n), n), [-j % n for j in range(n)]])
