"""The adjoint representation, A ↦ g A g⁻¹ on the group's own Lie algebra.

It is a subrepresentation of ``V * V.dual``, in a basis orthonormal for Re tr(A*B). The Lie algebra of a
complex group is a *real* vector space of complex matrices, so there A is sent to (A, Ā) in
``V * V.dual + (V * V.dual).conj``, where real independence is complex independence: matrices stay real.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd, lcm
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from intertwine.groups._words import bracket_words, spell

from ._constant import Constant, tidy
from ._node import Array, Rep
from ._tensor import Leaf, V
from ._threads import cached_property

if TYPE_CHECKING:
    from ..groups import Group
    from ._evaluate import Walk

Vector = dict[int, Any]

LARGEST = 2**52  # squared length of a whole vector


class Adjoint_(Leaf):
    """The adjoint representation on the Lie algebra; its dual is ``Coadjoint``.

    Examples
    --------
    >>> from intertwine.groups import SO, SU
    >>> from intertwine.reps import Adjoint, V
    >>> Adjoint(SU(3)).dim, (Adjoint >> V)(SO(3)).dim  # axial vectors
    (8, 1)
    """

    _fields = ("own", "group")
    is_functorial = False

    def _name(self) -> str:
        return "Adjoint"

    def _dim(self) -> int:
        return self._owner().lie_dim

    def _scale_squared(self) -> Array:
        return _model(self._owner()).squares

    @cached_property
    def is_exact(self) -> bool:
        """Whether the group is."""
        return self._owner().is_exact

    @cached_property
    def numbers(self) -> frozenset[Any]:
        """Irrational numbers in the basis."""
        model = _model(self._owner())
        return model.left.numbers | model.right.numbers

    def _rho(self, at: Walk[Any]) -> Any:
        model = _model(self._owner())
        return at.sandwich(model.left, model.ambient, model.right)

    _drho = _rho


Adjoint: Rep = Adjoint_._make(own=None, group=None)
Coadjoint: Rep = Adjoint.dual


@dataclass(frozen=True, eq=False)
class _Model:
    """The Lie algebra inside ``ambient``: basis vectors are the columns of ``right``, squared lengths ``squares``."""

    ambient: Rep
    left: Constant
    right: Constant
    squares: Array


@lru_cache(maxsize=64)
def _model(group: Group) -> _Model:
    matrices = V(group) * V(group).dual
    if group.field == "R":
        ambient, copies = matrices, 1
    else:
        ambient, copies = matrices + matrices.conj, 2
    basis, squares = _orthogonal_basis(group)
    n = group.d**2
    columns: dict[tuple[int, int], Any] = {}
    rows: dict[tuple[int, int], Any] = {}
    for j, (b, square) in enumerate(zip(basis, squares, strict=True)):
        for i, x in b.items():
            for copy in range(copies):
                value = sympy.conjugate(x) if copy else x
                columns[i + copy * n, j] = value
                rows[j, i + copy * n] = sympy.conjugate(value) / (copies * square)
    right = sympy.ImmutableMatrix(sympy.SparseMatrix(copies * n, len(basis), columns))
    left = sympy.ImmutableMatrix(sympy.SparseMatrix(len(basis), copies * n, rows))
    return _Model(ambient, Constant(tidy(left)), Constant(right), np.array(squares, dtype=np.int64))


def _orthogonal_basis(group: Group) -> tuple[list[Vector], list[int]]:
    """Basis of the Lie algebra, orthogonal for Re tr(A*B), and its squared lengths."""
    basis: list[Vector] = []
    squares: list[int] = []
    if not group.is_exact:
        basis = [{i: sympy.sympify(x.item()) for i, x in enumerate(b.ravel()) if x} for b in group.closure]
        return basis, [1] * len(basis)
    words = bracket_words(group._algebra_in_units[0])
    for matrix in spell(words, group.algebra, lambda a, b: a * b - b * a):
        v = {i * group.d + j: x for (i, j), x in sympy.ImmutableMatrix(matrix).todok().items()}
        for b, square in zip(basis, squares, strict=True):
            ratio = _inner(b, v) / square
            if ratio:
                v = _combined(v, b, -ratio)
        vector, square = _normal(v)
        basis.append(vector)
        squares.append(square)
    return basis, squares


def _inner(u: Vector, v: Vector) -> Any:
    """Re Σ ū v."""
    total = sum((sympy.conjugate(x) * v[i] for i, x in u.items() if i in v), sympy.Integer(0))
    return sympy.radsimp(sympy.re(sympy.expand(total)))


def _combined(u: Vector, v: Vector, factor: Any) -> Vector:
    total = dict(u)
    for i, x in v.items():
        total[i] = sympy.expand(sympy.radsimp(total.get(i, sympy.Integer(0)) + factor * x))
    return {i: x for i, x in total.items() if x != 0}


def _normal(v: Vector) -> tuple[Vector, int]:
    """The multiple that does not depend on the scale of the generators, and its squared length.

    It is primitive where it has whole entries of moderate size, and of unit length otherwise.
    """
    parts = [part for _, x in sorted(v.items()) for part in sympy.expand(x).as_real_imag()]
    sign = 1 if next(part for part in parts if part != 0) > 0 else -1
    square = _inner(v, v)
    if all(part.is_Rational for part in parts):
        whole = lcm(*(int(p.q) for p in parts))
        size = sympy.Rational(gcd(*(int(p * whole) for p in parts)), whole)
        if square / size**2 <= LARGEST:
            return _multiple(v, sign / size), int(square / size**2)
    return _multiple(v, sign / sympy.sqrt(square)), 1


def _multiple(v: Vector, factor: Any) -> Vector:
    return {i: sympy.expand(sympy.radsimp(x * factor)) for i, x in v.items()}
