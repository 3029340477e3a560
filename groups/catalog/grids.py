"""Symmetries of periodic grids of pixels, as permutations."""

from __future__ import annotations

from itertools import product

from .._group import Group
from ._check import positive
from .finite import permuting

# rotations of order k of the lattice ℤ²: squares for k = 1, 2, 4, hexagons for k = 3, 6 (there are no others)
TURNS = {
    1: ((1, 0), (0, 1)),
    2: ((-1, 0), (0, -1)),
    3: ((0, -1), (1, -1)),
    4: ((0, -1), (1, 0)),
    6: ((0, -1), (1, 1)),
}


def Grid(n: int, k: int = 4, *, reflections: bool = False) -> Group:
    """ℤₖ ⋉ (ℤₙ × ℤₙ): shifts of a periodic n×n grid and its turns by 2π/k, permuting the pixels (row, column).

    The pixel (i, j) is the point i·n + j.  k = 1, 2, 4 turn square pixels, k = 3, 6 hexagonal ones, whose
    axes stand at 120° for k = 3 and 60° for k = 6.  The order is k·n², twice that with reflections, for n ≥ 3.

    Examples
    --------
    >>> Grid(8).d, Grid(8).order, Grid(8, reflections=True).order
    (64, 256, 512)
    """
    n = positive("Grid", n)
    if k not in TURNS or isinstance(k, bool):
        raise ValueError(f"a periodic grid has turns of order k = 1, 2, 3, 4 or 6, got k = {k!r}")
    if not isinstance(reflections, bool):
        raise TypeError(f"reflections must be True or False, got {reflections!r}")
    (a, b), (c, d) = TURNS[k]
    pixels = list(product(range(n), repeat=2))
    maps = [[(i + 1, j) for i, j in pixels], [(i, j + 1) for i, j in pixels]]
    maps.append([(a * i + b * j, c * i + d * j) for i, j in pixels])
    if reflections:
        maps.append([(j, i) for i, j in pixels])
    images = [[i % n * n + j % n for i, j in moved] for moved in maps]
    return permuting(f"Grid({n}, {k}{', reflections=True' if reflections else ''})", n * n, images)
