"""Products of two groups on the same space, one of which normalises the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import _lie
from ._generators import from_matrices
from ._membership import TOLERANCE, contains

if TYPE_CHECKING:
    from ._group import Group


def semidirect(normal: Group, top: Group, name: str | None) -> Group:
    """N ⋊ G for N = ``normal`` and G = ``top``, both groups of d×d matrices."""
    if normal.d != top.d:
        raise ValueError(
            f"a semidirect product acts on one space, but {normal} acts on dimension {normal.d} and {top} on {top.d}"
        )
    _check_normalises(normal, top)
    from ._products import bracketed

    field = "C" if "C" in (normal.field, top.field) else "R"
    algebra, discrete = (*normal.algebra, *top.algebra), (*normal.discrete, *top.discrete)
    label = name or f"{bracketed(normal.name)} ⋊ {bracketed(top.name)}"
    made = type(top)(label, from_matrices(algebra, discrete, top.d, field))
    _check_independent(normal, top, made)
    return made


def _check_normalises(normal: Group, top: Group) -> None:
    """N is normal if and only if the generators of G, and of its algebra, leave N and its algebra invariant."""
    dtype = np.result_type(normal.lie_algebra, top.lie_algebra, normal.discrete_generators, top.discrete_generators)
    lie = normal.closure.astype(dtype)
    for h in top.discrete_generators:
        inverse = np.linalg.inv(h)
        moved_out = _lie.outside(h @ lie @ inverse, lie) > TOLERANCE
        if moved_out or not all(contains(normal, h @ g @ inverse) for g in normal.discrete_generators):
            _refuse(normal, top, f"its discrete generator\n{h}\ndoes not")
    for a in top.lie_algebra.astype(dtype):
        differences = [a - np.linalg.inv(g) @ a @ g for g in normal.discrete_generators]
        change = np.array([*_lie.bracket(a, lie), *differences]).reshape(-1, *a.shape)
        outside = [c for c in change if np.linalg.norm(c) > TOLERANCE and _lie.outside(c[None], lie) > TOLERANCE]
        if outside:
            _refuse(normal, top, f"its Lie-algebra generator\n{a}\ndoes not")


def _refuse(normal: Group, top: Group, why: str) -> None:
    raise ValueError(
        f"{top} must normalise {normal} for the semidirect product of the two, but {why}; for the affine group "
        "of the maps x -> gx + t leave the argument out"
    )


def _check_independent(normal: Group, top: Group, made: Group) -> None:
    common = normal.lie_dim + top.lie_dim - made.lie_dim
    if common:
        raise ValueError(f"the Lie algebras of {normal} and {top} have a common part of dimension {common}")
    if normal.is_finite and top.is_finite and made.order != normal.order * top.order:
        raise ValueError(
            f"{normal} and {top} have {normal.order * top.order // made.order} elements in common, expected 1"
        )
