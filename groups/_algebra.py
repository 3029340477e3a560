"""The Lie algebra of a group, exactly: Killing form, radical, series, centre, Levi part, Cartan subalgebra.

An element is its coordinates in ``basis``; a subspace is a matrix of such rows.  All of it is exact, over ℚ or
the real number field of the generators; a complex matrix counts as a real one of twice the size.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from . import _rows
from ._roots import RootSystem, root_system

if TYPE_CHECKING:
    from ._closure import Space

Array = NDArray[Any]
Matrix = Any


class LieAlgebra:
    """A Lie algebra of matrices over ℝ, given exactly.  Made by ``G.lie`` and by the methods of this class.

    Examples
    --------
    >>> from intertwine.groups import O, SE
    >>> lorentz, motions = O(1, 3).lie, SE(3).lie
    >>> lorentz.dim, lorentz.killing_signature, lorentz.type, lorentz.real_form
    (6, (3, 3, 0), 'A1 + A1', 'sl(2, C)')
    >>> motions.type, motions.radical.dim, [a.dim for a in motions.derived_series]
    ('A1 + radical of dimension 3 (abelian)', 3, [6])
    """

    def __init__(self, space: Space, vectors: Array, constants: Array) -> None:
        self._space, self._vectors, self._c = space, vectors, constants
        self._domain = space.domain

    def __repr__(self) -> str:
        return f"<Lie algebra of dimension {self.dim}: {self.type}>"

    @property
    def dim(self) -> int:
        """Dimension over ℝ."""
        return len(self._vectors)

    @cached_property
    def basis(self) -> tuple[Matrix, ...]:
        """Exact basis, sympy matrices (d, d), in reduced echelon form up to scale."""
        return tuple(self._space.matrix(v) for v in self._vectors)

    @cached_property
    def structure_constants(self) -> Any:
        """Exact c[i, j, k] with [B_i, B_j] = Σ_k c[i, j, k] B_k for the basis B, a sympy array."""
        places = zip(*(axis.tolist() for axis in np.nonzero(self._c != self._domain.zero)))
        return sp.ImmutableSparseNDimArray({p: self._domain.to_sympy(self._c[p]) for p in places}, self._c.shape)

    @cached_property
    def _killing(self) -> Array:
        return np.asarray(np.tensordot(self._c, self._c, ([1, 2], [2, 1])))

    @cached_property
    def killing_form(self) -> Matrix:
        """Exact K[i, j] = tr(ad B_i ad B_j), a sympy matrix."""
        return sp.ImmutableMatrix(self.dim, self.dim, [self._domain.to_sympy(x) for x in self._killing.ravel()])

    @cached_property
    def killing_signature(self) -> tuple[int, int, int]:
        """Numbers of positive, negative and zero squares of the Killing form."""
        return _rows.inertia(self._killing, self._domain)

    # ------------------------------------------------------------------ subalgebras

    def subalgebra(self, rows: Array) -> LieAlgebra:
        """The subalgebra spanned by rows of coordinates, which must be closed under brackets."""
        reduced, den, pivots = _rows.echelon(rows, self._domain)
        at_pivots = _brackets(self._c[:, :, pivots], reduced, reduced)
        scale, constants = _rows.divided(at_pivots, den, self._domain)
        return LieAlgebra(self._space, reduced @ self._vectors * scale if pivots else self._vectors[:0], constants)

    def _products(self, left: Array, right: Array) -> Array:
        """Reduced rows that span [left, right]."""
        spanned = _brackets(self._c, left, right).reshape(len(left) * len(right), self.dim)
        return _rows.echelon(spanned, self._domain)[0]

    @cached_property
    def _derived(self) -> Array:
        return _rows.echelon(self._c[np.triu_indices(self.dim, 1)], self._domain)[0]

    def _series(self, lower: bool) -> list[LieAlgebra]:
        found, rows = [self], self._derived
        while len(rows) < found[-1].dim:
            found.append(self.subalgebra(rows))
            rows = self._products(self._one if lower else rows, rows)
        return found

    @property
    def _one(self) -> Array:
        return np.where(np.eye(self.dim, dtype=bool), self._domain.one, self._domain.zero)

    @cached_property
    def derived_series(self) -> list[LieAlgebra]:
        """L ⊃ [L, L] ⊃ [[L, L], [L, L]] ⊃ …, down to the term that repeats."""
        return self._series(lower=False)

    @cached_property
    def lower_central_series(self) -> list[LieAlgebra]:
        """L ⊃ [L, L] ⊃ [L, [L, L]] ⊃ …, down to the term that repeats."""
        return self._series(lower=True)

    @cached_property
    def _radical(self) -> Array:
        if not self.dim:
            return self._one
        return _rows.nullspace(self._derived @ self._killing, self._domain) if len(self._derived) else self._one

    @cached_property
    def radical(self) -> LieAlgebra:
        """Largest solvable ideal: the complement of [L, L] in the Killing form (Bourbaki, Lie I §5 no. 5, prop. 5)."""
        return self.subalgebra(self._radical)

    @cached_property
    def _centre(self) -> Array:
        rows = self._radical  # the centre lies in the radical
        for ad in np.swapaxes(self._c, 0, 1):  # x ↦ [x, B_j]
            if not len(rows):
                break
            rows = _rows.nullspace((rows @ ad).T, self._domain) @ rows
        return rows

    @cached_property
    def centre(self) -> LieAlgebra:
        """The elements that commute with all of the algebra."""
        return self.subalgebra(self._centre)

    # ------------------------------------------------------------------ properties

    @property
    def is_abelian(self) -> bool:
        """Whether all brackets vanish."""
        return not len(self._derived)

    @property
    def is_solvable(self) -> bool:
        """Whether the derived series ends in 0."""
        return self.derived_series[-1].dim == 0

    @property
    def is_nilpotent(self) -> bool:
        """Whether the lower central series ends in 0."""
        return self.lower_central_series[-1].dim == 0

    @property
    def is_semisimple(self) -> bool:
        """Whether the radical is 0, the Killing form nondegenerate."""
        return not len(self._radical)

    @property
    def is_reductive(self) -> bool:
        """Whether the radical is the centre, so that L = [L, L] ⊕ centre."""
        return len(self._radical) == len(self._centre)

    @property
    def is_unimodular(self) -> bool:
        """Whether tr ad x = 0 for every x: left and right Haar measure of the connected group agree."""
        return not (np.einsum("ijj->i", self._c) != self._domain.zero).any()

    # ------------------------------------------------------------------ roots

    @cached_property
    def cartan_subalgebra(self) -> LieAlgebra:
        """A Cartan subalgebra: nilpotent and its own normaliser.

        It is an Engel subalgebra L₀(x) = ∪ ker (ad x)ⁿ, which is always its own normaliser, and found nilpotent.
        x is improved until it is (de Graaf, Lie Algebras: Theory and Algorithms, 2000, algorithm 3.2.7).
        """
        x, rows = np.full(self.dim, self._domain.zero, object), self._one
        while not (found := self.subalgebra(rows)).is_nilpotent:
            x, rows = self._smaller_engel(x, rows)
        return found

    def _smaller_engel(self, x: Array, rows: Array) -> tuple[Array, Array]:
        """Another x with a smaller Engel subalgebra, towards an element of the present one."""
        towards = [*rows, *(a + b for a in rows for b in rows)]  # one of them is not nilpotent (op. cit. 3.2.5)
        for y in towards:
            if len(self._engel(y)) == self.dim:
                continue
            for step in range(1, self.dim + 2):
                mixed = x + (y - x) * self._domain.convert(step)
                smaller = self._engel(mixed)
                if len(smaller) < len(rows):
                    return mixed, smaller
        raise ArithmeticError("no Cartan subalgebra was found")  # contradicts the theorem

    def _engel(self, x: Array) -> Array:
        ad = np.asarray(np.tensordot(x, self._c, 1)).T
        power = ad
        rows = _rows.nullspace(power, self._domain)
        while True:
            power = _rows.primitive((power @ ad).reshape(1, -1), self._domain).reshape(ad.shape)
            more = _rows.nullspace(power, self._domain)
            if len(more) == len(rows):
                return rows
            rows = more

    @property
    def rank(self) -> int:
        """Dimension of the Cartan subalgebras.

        Examples
        --------
        >>> from intertwine.groups import SU
        >>> SU(3).lie.rank
        2
        """
        return self.cartan_subalgebra.dim

    @cached_property
    def _quotient(self) -> Array:
        """Structure constants of L / radical, in the basis of the elements that are no pivots of the radical."""
        reduced, den, pivots = _rows.echelon(self._radical, self._domain)
        kept = [j for j in range(self.dim) if j not in set(pivots)]
        c = self._c[np.ix_(kept, kept)]
        if pivots:
            c = c[..., kept] * den - c[..., pivots] @ reduced[:, kept]
            return _rows.divided(c, den, self._domain)[1]
        return c

    @cached_property
    def roots(self) -> RootSystem:
        """Root system of the semisimple part L / radical, over ℂ.

        Examples
        --------
        >>> from intertwine.groups import SO
        >>> SO(5).lie.roots.cartan_matrix.tolist()
        [[2, -1], [-2, 2]]
        """
        return root_system(_rows.as_floats(self._quotient, self._domain))

    @property
    def type(self) -> str:
        """Dynkin type of the complexified algebra: of the semisimple part, and of the centre ("A2 + T1").

        Examples
        --------
        >>> from intertwine.groups import GL, Sp
        >>> Sp(4).lie.type, GL(3).lie.type
        ('B2 = C2', 'A2 + T1')
        """
        radical = len(self._radical)
        parts = [part.type for part in self.roots.parts]
        if radical and self.is_reductive:
            parts.append(f"T{radical}")
        elif radical:
            kinds = {"abelian": self.radical.is_abelian, "nilpotent": self.radical.is_nilpotent}
            kind = next((word for word, holds in kinds.items() if holds), "solvable")
            whole = "algebra" if radical == self.dim else "radical"
            parts.append(
                f"{kind} {whole} of dimension {radical}"
                if whole == "algebra"
                else f"{whole} of dimension {radical} ({kind})"
            )
        return " + ".join(parts) or "0"

    @property
    def real_form(self) -> str:
        """Real forms of the simple ideals of the semisimple part, by the signatures of their Killing forms.

        Examples
        --------
        >>> from intertwine.groups import SO
        >>> SO(4).lie.real_form, SO(2, 1).lie.real_form
        ('su(2) + su(2)', 'sl(2, R)')
        """
        return " + ".join(self.roots.real_forms)


def _brackets(constants: Array, left: Array, right: Array) -> Array:
    """Σ_ij left[a, i] right[b, j] c[i, j, :], of shape (a, b, k)."""
    half = np.tensordot(left, constants, (1, 0))  # (a, j, k)
    return np.moveaxis(np.tensordot(half, right, (1, 1)), 2, 1)
