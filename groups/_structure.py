"""Structure of a group: computed from its generators and verified, never declared."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from . import _balance, _exact, _finite, _lie
from ._generators import Blocks, unit_norm
from ._value import Value, as_group, frozen

if TYPE_CHECKING:
    import networkx

    from ._algebra import LieAlgebra
    from ._characters import CharacterTable
    from ._describe import Card

Array = NDArray[Any]

ROUNDING = 1e-13  # relative, of a Killing form


class Structure(Value):
    """Properties of the Lie algebra and of the whole group."""

    @cached_property
    def closure(self) -> Array:
        """Orthonormal basis (lie_dim, d, d) of the Lie algebra that the generators span under brackets."""
        if isinstance(self._generators, Blocks):
            return frozen(self._generators._place([f.closure for f in self.factors], 0))
        algebra, units = self._algebra_in_units
        if (units == 1).all():
            return frozen(_lie.closure(self.lie_algebra))
        closed = unit_norm(_lie.closure(algebra) * (units / units[:, None]))
        return frozen(_lie.as_matrices(np.linalg.qr(_lie.as_real(closed).T)[0].T, closed))

    @property
    def lie_dim(self) -> int:
        """Dimension of the group as a manifold.

        Examples
        --------
        >>> from intertwine.groups import SU
        >>> SU(3).lie_dim
        8
        """
        return len(self.closure)

    @cached_property
    def lie(self) -> LieAlgebra:
        """The Lie algebra, exactly: Killing form, radical, series, Cartan subalgebra, roots, Dynkin type.

        Raises
        ------
        ValueError
            If an algebra generator holds floating-point numbers.

        Examples
        --------
        >>> from intertwine.groups import SO
        >>> SO(5).lie.type, SO(5).lie.rank, SO(5).lie.killing_signature
        ('B2 = C2', 2, (0, 10, 0))
        """
        from ._closure import lie_algebra

        return lie_algebra(as_group(self))

    @cached_property
    def structure_constants(self) -> Array:
        """c[i, j, k] with [B_i, B_j] = Σ_k c[i, j, k] B_k for the basis B = ``closure``."""
        return frozen(_lie.structure_constants(self.closure))

    @property
    def killing_form(self) -> Array:
        """K[i, j] = tr(ad B_i ad B_j) for the basis B = ``closure``."""
        return _lie.killing_form(self.structure_constants)

    @property
    def is_semisimple(self) -> bool:
        """Whether the Killing form is nondegenerate (Cartan's criterion); true without a Lie algebra.

        Raises
        ------
        ValueError
            Where rounding does not tell, and the generators are not exact.
        """
        if not self.lie_dim:
            return True
        algebra, units = self._algebra_in_units
        basis = self.closure if (units == 1).all() else _lie.closure(algebra)
        s = np.linalg.svd(_lie.killing_form(_lie.structure_constants(basis)), compute_uv=False)
        least = s[-1] / max(s[0], 1)
        return self.lie.is_semisimple if ROUNDING < least < _lie.RANK_TOLERANCE else bool(least > ROUNDING)

    @cached_property
    def is_abelian(self) -> bool:
        """Whether all elements commute."""
        g = np.concatenate([self.lie_algebra, self.discrete_generators])
        scale = np.linalg.norm(g, axis=(1, 2)) if len(g) else np.ones(0)
        gaps = (np.linalg.norm(_lie.bracket(a, g), axis=(1, 2)) / (s * scale) for a, s in zip(g, scale) if s)
        return all((gap[scale > 0] < 1e-10).all() for gap in gaps)

    @cached_property
    def is_orthogonal(self) -> bool:
        """Whether all elements are orthogonal (unitary) matrices."""
        return self.is_permutation or _lie.is_orthogonal(self.lie_algebra, self.discrete_generators)

    @cached_property
    def is_self_adjoint(self) -> bool:
        """Whether the group is closed under conjugate transpose (sound: a yes is verified).

        Examples
        --------
        >>> from intertwine.groups import O, SE
        >>> O(1, 3).is_self_adjoint, SE(2).is_self_adjoint
        (True, False)
        """
        if len(self.factors) > 1:
            return all(f.is_self_adjoint for f in self.factors)
        return self.is_orthogonal or _balance.is_self_adjoint(self.lie_algebra, self.discrete_generators)

    @cached_property
    def balancing(self) -> Array | None:
        """P with P G P⁻¹ closed under conjugate transpose; None when there is none (not reductive)."""
        if self.is_self_adjoint:
            return frozen(np.eye(self.d))
        if len(self.factors) > 1:
            blocks = [b for f in self.factors if (b := f.balancing) is not None]
            found = scipy.linalg.block_diag(*blocks) if len(blocks) == len(self.factors) else None
        else:
            algebra, units = self._algebra_in_units
            found = _balance.balance(algebra, self._discrete_in_units)
            found = None if found is None else found * units
        return None if found is None else frozen(found)

    @property
    def is_reductive(self) -> bool:
        """Whether a basis was found in which the group is closed under conjugate transpose.

        Examples
        --------
        >>> from intertwine.groups import SL, SE
        >>> SL(3).is_reductive, SE(3).is_reductive
        (True, False)
        """
        return self.balancing is not None

    @cached_property
    def is_compact(self) -> bool:
        """Whether the group preserves a positive-definite form, so that its closure is compact."""
        if len(self.factors) > 1:
            return all(f.is_compact for f in self.factors)
        if self.is_orthogonal:
            return True
        return _balance.invariant_form(self._algebra_in_units[0], self._discrete_in_units) is not None

    @cached_property
    def _algebra_in_units(self) -> tuple[Array, Array]:
        """Generators (k, d, d) where rows and columns weigh alike, and what coordinates (d,) are multiplied by for it.

        See `_balance.units`.
        """
        units = _balance.units(self.lie_algebra, self.discrete_generators)
        same = (units == 1).all()
        algebra = self.lie_algebra if same else unit_norm(self.lie_algebra * (units[:, None] / units))
        return frozen(algebra), frozen(units)

    @property
    def _discrete_in_units(self) -> Array:
        """The discrete generators (m, d, d) in the same units."""
        _, units = self._algebra_in_units
        return self.discrete_generators * (units[:, None] / units)

    @cached_property
    def is_unimodular(self) -> bool:
        """Whether left and right Haar measures agree: |det Ad g| = 1 for every g.

        Examples
        --------
        >>> from intertwine.groups import SE, UpperTriangular
        >>> SE(3).is_unimodular, UpperTriangular(2).is_unimodular
        (True, False)
        """
        if np.abs(np.einsum("ijj->i", self.structure_constants)).max(initial=0) > _lie.RANK_TOLERANCE:
            return False
        vectors = _lie.as_real(self.closure)
        moved = [_lie.as_real(h @ self.closure @ np.linalg.inv(h)) @ vectors.T for h in self.discrete_generators]
        return all(abs(abs(np.linalg.det(ad)) - 1) < _lie.RANK_TOLERANCE for ad in moved)

    @property
    def components(self) -> int:
        """Number of connected components; of a finite group, its order.

        Raises
        ------
        ValueError
            Where two elements can be proved neither to share a component nor not to.

        Examples
        --------
        >>> from intertwine.groups import O, SO
        >>> O(1, 3).components, SO(1, 3).components, O(3).components
        (4, 2, 2)
        """
        from ._membership import components

        return components(as_group(self))

    @cached_property
    def is_finite(self) -> bool:
        """Whether the group has finitely many elements.

        Raises
        ------
        ValueError
            For a bounded matrix group whose orbits are too large, or too close together, to tell; for one in a basis
            so far from orthogonal that rounding does not tell whether it is bounded.

        Examples
        --------
        >>> from intertwine.groups import D, O
        >>> D(5).is_finite, O(2).is_finite
        (True, False)
        """
        if len(self.factors) > 1:
            return all(f.is_finite for f in self.factors)
        if self.lie_dim:
            return False
        if not self.is_compact:
            if _lie.may_be_bounded(self._discrete_in_units):
                raise ValueError(
                    f"cannot tell whether {self} is finite: its generators are too far from orthogonal; give it in a "
                    "basis in which they are closer"
                )
            return False
        if _finite.model(as_group(self)) is None:
            raise ValueError(
                f"{self} is bounded but an orbit has more than {_finite.MAX_ORBIT} points, or points that rounding "
                "does not tell apart: cannot tell whether it is finite"
            )
        return True

    def _model(self) -> _finite.Model:
        found = _finite.model(as_group(self)) if self.is_finite else None
        if found is None:
            raise ValueError(f"{self} is infinite: it has no order, list of elements or finite Cayley graph")
        return found

    @property
    def order(self) -> int:
        """Number of elements of a finite group (Schreier–Sims).

        Raises
        ------
        ValueError
            If the group is infinite.

        Examples
        --------
        >>> from intertwine.groups import S
        >>> S(5).order, (S(3) * S(4)).order
        (120, 144)
        """
        if len(self.factors) > 1:
            return int(np.prod([f.order for f in self.factors], dtype=object))
        return _finite.order(self._model().group)

    def elements(self) -> Array:
        """All elements (order, d, d) of a small finite group, the identity first.

        Raises
        ------
        ValueError
            If the group is infinite or has more than 20,000 elements.

        Examples
        --------
        >>> from intertwine.groups import C
        >>> C(4).elements().shape
        (4, 2, 2)
        """
        model = self._model()
        return model.matrices(_finite.images(model.group))

    def __contains__(self, matrix: object) -> bool:
        """Whether a matrix (d, d), of floats or exact, is an element.

        Raises
        ------
        ValueError
            Where neither answer can be proved.
        TypeError
            If an entry is no number.

        Examples
        --------
        >>> import numpy as np
        >>> from intertwine.groups import SO
        >>> np.diag([1, -1]) in SO(2), np.diag([-1, -1]) in SO(2)
        (False, True)
        """
        from ._membership import contains

        h = np.asarray(matrix)
        if h.shape != (self.d, self.d):
            return False
        if h.dtype.kind not in "biufc":
            h = _exact.floats(h, f"what may be in {self}")
        if not np.isfinite(h).all() or np.linalg.slogdet(1.0 * h)[0] == 0:  # a pivot of 0 stops solvers
            return False
        return contains(as_group(self), h)

    def conjugacy_classes(self) -> list[Array]:
        """Conjugacy classes of a small finite group, as positions in ``elements()``.

        Examples
        --------
        >>> from intertwine.groups import S
        >>> sorted(len(c) for c in S(4).conjugacy_classes())
        [1, 3, 6, 6, 8]
        """
        return _finite.conjugacy_classes(self._model().group)

    def character_table(self) -> CharacterTable:
        """Irreducible complex characters of a small finite group, exactly, with their Frobenius–Schur indicators.

        Raises
        ------
        ValueError
            If the group is infinite, or has more than 20,000 elements or 256 conjugacy classes.

        Examples
        --------
        >>> from intertwine.groups import S
        >>> table = S(4).character_table()
        >>> table.degrees, table.frobenius_schur_indicators
        ((1, 1, 2, 3, 3), (1, 1, 1, 1, 1))
        """
        from ._characters import character_table

        return character_table(as_group(self), self._model().group)

    def describe(self) -> Card:
        """What the group is, as a card to print: only what was computed and verified.

        Examples
        --------
        >>> from intertwine.groups import O
        >>> print(O(1, 3).describe())
        O(1, 3)
          acts on          ℝ^4
          generators       6 in the Lie algebra, 2 discrete (exact)
          dimension        6
          Lie algebra      A1 + A1 (semisimple)
          real form        sl(2, C)
          roots            4, rank 2
          Killing form     3 plus, 3 minus, 0 zero
          components       4
          abelian          no
          compact          no
          reductive        yes
          unimodular       yes
          orthogonal       no
          invariant forms  1 symmetric of signature (1, 3)
        """
        from ._describe import describe

        return describe(as_group(self))

    def cayley_graph(self) -> networkx.DiGraph:
        """Cayley graph of a small finite group: nodes are positions in ``elements()``, edges g → g h.

        Edges carry ``generators``, the positions of the h in ``discrete``.

        Examples
        --------
        >>> from intertwine.groups import Z
        >>> Z(5).cayley_graph().number_of_edges()
        5
        """
        return _finite.cayley_graph(self._model().group)
