"""Finite groups of orthogonal matrices and of puzzles: polygons, platonic solids, Rubik's cube."""

from __future__ import annotations

from itertools import product
from typing import Any

import sympy as sp

from .._exact import number
from .._group import Group
from ._check import positive
from .classical import make, reflection
from .finite import S, permuting

Matrix = Any
Point = tuple[int, ...]


def exact_rows(rows: Any) -> Matrix:
    """Exact matrix of nested lists."""
    return sp.ImmutableMatrix(sp.SparseMatrix(sp.Matrix(rows).applyfunc(number)))


def turn(n: int) -> Matrix:
    """Rotation of the plane by 2π/n."""
    angle = 2 * sp.pi / n
    return exact_rows([[sp.cos(angle), -sp.sin(angle)], [sp.sin(angle), sp.cos(angle)]])


def C(n: int) -> Group:
    """Rotations of the plane by multiples of 2π/n.

    Examples
    --------
    >>> C(5).d, C(5).order
    (2, 5)
    """
    return make(f"C({n})", 2, discrete=[turn(n)] if positive("C", n) > 1 else [])


def Dihedral(n: int) -> Group:
    """Symmetries of a regular n-gon in the plane, reflections included; (1, 0) is a corner.

    Examples
    --------
    >>> Dihedral(5).d, Dihedral(5).order
    (2, 10)
    """
    return make(f"Dihedral({n})", 2, discrete=[*C(n).discrete, reflection(2, 1)])


CYCLE = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]  # turn by 120° about (1, 1, 1)
HALF_TURN = [[-1, 0, 0], [0, -1, 0], [0, 0, 1]]
QUARTER_TURN = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
SWAP = [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


def _platonic(name: str, rotations: list[Any], extra: Any, full: bool) -> Group:
    if not isinstance(full, bool):
        raise TypeError(f"full must be True or False, got {full!r}")
    label = f"{name}(full=True)" if full else f"{name}()"
    return make(label, 3, discrete=[exact_rows(h) for h in (*rotations, *([extra] if full else []))])


def Tetrahedral(*, full: bool = False) -> Group:
    """Rotations of the tetrahedron with corners (1, 1, 1), (1, −1, −1), …; T_d when ``full``.

    Examples
    --------
    >>> Tetrahedral().order, Tetrahedral(full=True).order
    (12, 24)
    """
    return _platonic("Tetrahedral", [CYCLE, HALF_TURN], SWAP, full)


def Octahedral(*, full: bool = False) -> Group:
    """Rotations of the cube and octahedron aligned with the axes; the inversion too (O_h) when ``full``.

    Examples
    --------
    >>> Octahedral().order, Octahedral(full=True).order
    (24, 48)
    """
    return _platonic("Octahedral", [CYCLE, QUARTER_TURN], -sp.eye(3), full)


def Icosahedral(*, full: bool = False) -> Group:
    """Rotations of the icosahedron with corners (0, ±1, ±φ) and cyclic; I_h when ``full``.

    Examples
    --------
    >>> Icosahedral().order, Icosahedral(full=True).order
    (60, 120)
    """
    golden = (1 + sp.sqrt(5)) / 2
    # the turn by 72° about the corner (0, 1, φ)
    fifth = sp.Matrix([[golden - 1, -golden, 1], [golden, 1, golden - 1], [-1, golden - 1, golden]]) / 2
    return _platonic("Icosahedral", [CYCLE, HALF_TURN, fifth], -sp.eye(3), full)


def Hyperoctahedral(n: int) -> Group:
    """Signed permutation matrices: the symmetries of the n-dimensional cube.

    Examples
    --------
    >>> Hyperoctahedral(3).order
    48
    """
    name = f"Hyperoctahedral({positive('Hyperoctahedral', n)})"
    return make(name, n, discrete=[*S(n).discrete, reflection(n, 0)])


def _apply(m: Any, x: Point) -> Point:
    return tuple(sum(a * b for a, b in zip(row, x)) for row in m)


def Cube() -> Group:
    """Rotations of the cube permuting its six faces, in the order +x, −x, +y, −y, +z, −z.

    Examples
    --------
    >>> Cube().d, Cube().order
    (6, 24)
    """
    faces = [tuple(s * (i == axis) for i in range(3)) for axis in range(3) for s in (1, -1)]
    return permuting("Cube()", 6, [[faces.index(_apply(m, f)) for f in faces] for m in (CYCLE, QUARTER_TURN)])


# quarter turns about x, y, z, counter-clockwise seen from the positive side
AXIS_TURNS = (
    ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    ((0, 0, 1), (0, 1, 0), (-1, 0, 0)),
    ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
)


def Rubik() -> Group:
    """Rubik's cube: the six face turns permuting 48 stickers (the six centres stay where they are).

    A sticker is a pair (position of its small cube in {−1, 0, 1}³, outward normal of its face).
    Turning a face turns the small cubes on it and the stickers they carry.

    Examples
    --------
    >>> Rubik().d, Rubik().order
    (48, 43252003274489856000)
    """
    stickers = [
        (cube, tuple(x if i == axis else 0 for i in range(3)))
        for cube in product((-1, 0, 1), repeat=3)
        for axis, x in enumerate(cube)
        if x and any(y for i, y in enumerate(cube) if i != axis)
    ]
    place = {sticker: i for i, sticker in enumerate(stickers)}
    turns = [
        [
            place[_apply(m, cube), _apply(m, normal)] if cube[axis] == side else i
            for i, (cube, normal) in enumerate(stickers)
        ]
        for axis, m in enumerate(AXIS_TURNS)
        for side in (1, -1)
    ]
    return permuting("Rubik()", len(stickers), turns)
