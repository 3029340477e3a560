"""The 32 crystallographic point groups, in three dimensions.

A Hermann–Mauguin symbol is read as what it is: for each symmetry direction of the crystal system, n is a
rotation by 2π/n about it, −n that rotation times the inversion, m a mirror perpendicular to it, n/m both
(International Tables for Crystallography A, section 2.1.3).  Axes are orthogonal, with the principal axis
along z (unique axis c in the monoclinic system).
"""

from __future__ import annotations

import re
from typing import Any

import sympy as sp

from .._exact import matrix
from .._generators import placed
from .._group import Group
from .classical import make
from .point_groups import CYCLE, exact_rows, turn

Matrix = Any
Direction = tuple[int, int, int]

#: Hermann–Mauguin symbol and its Schoenflies names
NAMES: dict[str, tuple[str, ...]] = {
    "1": ("C1",),
    "-1": ("Ci", "S2"),
    "2": ("C2",),
    "m": ("Cs", "C1h"),
    "2/m": ("C2h",),
    "222": ("D2",),
    "mm2": ("C2v",),
    "mmm": ("D2h",),
    "4": ("C4",),
    "-4": ("S4",),
    "4/m": ("C4h",),
    "422": ("D4",),
    "4mm": ("C4v",),
    "-42m": ("D2d",),
    "4/mmm": ("D4h",),
    "3": ("C3",),
    "-3": ("C3i", "S6"),
    "32": ("D3",),
    "3m": ("C3v",),
    "-3m": ("D3d",),
    "6": ("C6",),
    "-6": ("C3h",),
    "6/m": ("C6h",),
    "622": ("D6",),
    "6mm": ("C6v",),
    "-6m2": ("D3h",),
    "6/mmm": ("D6h",),
    "23": ("T",),
    "m-3": ("Th",),
    "432": ("O",),
    "-43m": ("Td",),
    "m-3m": ("Oh",),
}

X, Y, Z, FACE, BODY = (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1)


def PointGroup(symbol: str) -> Group:
    """A crystallographic point group by its Hermann–Mauguin symbol ("m-3m") or Schoenflies name ("Oh").

    Examples
    --------
    >>> PointGroup("m-3m").order, PointGroup("Oh") == PointGroup("m-3m"), PointGroup("D6h")
    (48, True, PointGroup('6/mmm'))
    """
    if not isinstance(symbol, str):
        raise TypeError(f'PointGroup takes a symbol such as "m-3m" or "Oh", got {symbol!r}')
    known = {name: hm for hm, schoenflies in NAMES.items() for name in (hm, *schoenflies)}
    if symbol not in known:
        listed = ", ".join(f"{hm} ({names[0]})" for hm, names in NAMES.items())
        raise ValueError(f"there is no point group {symbol!r}; the 32 crystallographic ones are {listed}")
    hm = known[symbol]
    parts = re.findall(r"-?\d(?:/m)?|m", hm)
    elements = [h for part, axis in zip(parts, _directions(parts)) for h in _elements(part, axis)]
    return make(f"PointGroup({hm!r})", 3, discrete=elements)


def _directions(parts: list[str]) -> tuple[Direction, ...]:
    """Symmetry directions of the crystal system, one for each part of the symbol."""
    if len(parts) == 1:
        return (Z,)
    if parts[1].endswith("3"):
        return Z, BODY, FACE  # cubic
    principal = parts[0].removeprefix("-")[0]
    if principal in "36":
        return Z, X, Y
    return (Z, X, FACE) if principal == "4" else (X, Y, Z)


def _elements(part: str, axis: Direction) -> list[Matrix]:
    rotation, _, mirror = part.partition("/")
    return [_element(p, axis) for p in (rotation, mirror) if p]


def _element(part: str, axis: Direction) -> Matrix:
    sign = -1 if part.startswith("-") or part == "m" else 1
    n = 2 if part == "m" else int(part.removeprefix("-"))
    if n == 1:
        h = sp.eye(3)
    elif n == 2:
        u = sp.Matrix(axis)
        h = 2 * u * u.T / u.dot(u) - sp.eye(3)
    else:
        h = exact_rows(CYCLE) if axis == BODY else placed(turn(n), 3, 0, 1)
    return matrix(sign * h)
