"""Invariant subspaces and quotients of a representation, as representations.

Let the rows of B (m, n) span an invariant subspace of ρ, and R = Bᵀ. Then ρ(g) R = R ρ_sub(g), so

    ρ_sub(g) = L ρ(g) R        for any L with L R = 1.

A quotient is the dual of the annihilator: (U / W)* = {f ∈ U* : f(W) = 0}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from intertwine.groups._linear import nullspace

from ._constant import Constant, left_inverse, rectangle, scaled_rows, text
from ._node import Rep
from ._tensor import Conj, Dual
from ._threads import cached_property

if TYPE_CHECKING:
    from ..groups import Group
    from ._evaluate import Walk

RESIDUAL = 1e-9  # relative distance of g·w from the subspace, above which it is not invariant


class Sub(Rep):
    """An invariant subspace, in the basis given by the rows of ``rows``; made by `Rep.sub`."""

    _fields = ("base", "rows", "group")
    base: Rep
    rows: Any
    is_functorial = False

    def _children(self) -> tuple[Rep, ...]:
        return (self.base,)

    def _rebuild(self, children: tuple[Rep, ...]) -> Rep:
        return sub(children[0], self.rows)

    def _place(self, group: Group | None) -> Rep:
        return self if self.group == group else self._make(base=self.base._place(group), rows=self.rows, group=group)

    def _parameters(self) -> str | None:
        return text(self.rows)

    def _dim(self) -> int:
        return int(self.rows.rows)

    def _complex_leaf(self) -> bool:
        return self.base._complex_leaf() or np.iscomplexobj(self._columns.floats)

    @property
    def dual(self) -> Rep:
        """The dual representation, a quotient of ``base.dual``."""
        return Dual._make(base=self, group=self.group)

    @property
    def conj(self) -> Rep:
        """The complex conjugate; itself where the matrices are real."""
        real = self.group is not None and not self.is_complex
        return self if real else Conj._make(base=self, group=self.group)

    @cached_property
    def _columns(self) -> Constant:
        return Constant(self.rows.T)

    @cached_property
    def _left(self) -> Constant:
        return Constant(left_inverse(self.rows.T))

    @cached_property
    def _integer(self) -> tuple[Constant, Constant]:
        """L diag(scale) and diag(1/scale) R: to and from the integer basis of ``base``."""
        squares = self.base.scale_squared
        if (squares == 1).all():
            return self._left, self._columns
        left = scaled_rows(self._left.exact.T, squares, 1).T
        return Constant(left), Constant(scaled_rows(self._columns.exact, squares, -1))

    @cached_property
    def is_exact(self) -> bool:
        """Whether the base and the basis are."""
        return self.base.is_exact and not self.rows.has(sympy.Float)

    @cached_property
    def numbers(self) -> frozenset[Any]:
        """Irrational numbers of the base and of the basis."""
        left, right = self._integer
        return self.base.numbers | left.numbers | right.numbers

    def _rho(self, at: Walk[Any]) -> Any:
        left, right = self._integer
        return at.sandwich(left, self.base, right)

    _drho = _rho

    def _check(self) -> None:
        """Raise unless the subspace is invariant under every generator."""
        if self.rows.cols != self.base.dim:
            raise ValueError(
                f"a basis of a subspace of {self.base!r}, which has dim {self.base.dim}, consists of vectors of "
                f"that length, got {self.rows.cols}"
            )
        group, right, left = self._require_group(), self._columns.floats, self._left.floats
        for kind, images in (("Lie-algebra", self.base.algebra), ("discrete", self.base.discrete)):
            for i, image in enumerate(images):
                moved = image @ right
                distance = np.linalg.norm(moved - right @ (left @ moved))
                scale = float(np.linalg.norm(right)) * max(1.0, float(np.linalg.norm(image, 2)))
                if distance > RESIDUAL * scale:
                    raise ValueError(
                        f"the subspace of {self.base!r} is not invariant: {kind} generator {i} of {group.name} moves "
                        f"it out of itself (relative distance {distance / scale:.1e}); the smallest invariant "
                        "subspaces are those of rep.decompose()"
                    )


def sub(rep: Rep, basis: Any) -> Rep:
    """See `Rep.sub`."""
    rows = rectangle(basis, "a basis of a subspace")
    node = Sub._make(base=rep, rows=rows, group=rep.group)
    try:
        _ = node._left
    except ValueError:
        raise ValueError(f"a basis of a subspace consists of independent vectors, got {text(rows)}") from None
    if rep.group is not None:
        node._check()
    return node


def quotient(rep: Rep, basis: Any) -> Rep:
    """See `Rep.quotient`."""
    sub(rep, basis)  # checks that the subspace is one, and invariant
    rows = rectangle(basis, "a basis of a subspace")
    equations = [{j: rows[i, j] for j in range(rows.cols) if rows[i, j] != 0} for i in range(rows.rows)]
    annihilator = nullspace(equations, rows.cols)
    if not annihilator:
        raise ValueError(f"the quotient of {rep!r} by the whole space is zero: give a proper subspace")
    return sub(rep.dual, annihilator).dual
