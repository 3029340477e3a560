"""What one asks of a representation: subspaces and quotients, decompositions, characters.

Each verb is a pure function elsewhere; these are its documentation and its place on `Rep`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..groups import Group
    from ._decompose import Decomposition
    from ._node import Rep

Array = NDArray[Any]


class Verbs:
    """Methods of `Rep` that make new representations of it, or take it apart."""

    def sub(self, basis: Any) -> Rep:
        """Restrict to an invariant subspace.

        Parameters
        ----------
        basis : (m, dim)
            Independent vectors, exact or floats; they become the basis of the new representation.

        Raises
        ------
        ValueError
            If the vectors are dependent or have the wrong length, or a generator moves the subspace out of itself
            (found when the representation is bound).

        Examples
        --------
        >>> from intertwine.groups import S
        >>> from intertwine.reps import V
        >>> standard = V.sub([[1, -1, 0], [0, 1, -1]])(S(3))  # sum zero
        >>> standard.dim, standard.rho_exact(S(3).discrete[0])
        (2, Matrix([
        [-1, 1],
        [ 0, 1]]))
        """
        from ._subrep import sub

        return sub(_rep(self), basis)

    def quotient(self, basis: Any) -> Rep:
        """Divide by an invariant subspace: the dual of its annihilator.

        Parameters
        ----------
        basis : (m, dim)
            Independent vectors that span the subspace, exact or floats.

        Raises
        ------
        ValueError
            As for `sub`, and when the subspace is the whole space.

        Examples
        --------
        >>> from intertwine.groups import SE
        >>> from intertwine.reps import V
        >>> last = V(SE(2)).quotient([[1, 0, 0], [0, 1, 0]])  # by the directions (x, y, 0): the rest is invariant
        >>> last.dim
        1
        """
        from ._subrep import quotient

        return quotient(_rep(self), basis)

    @staticmethod
    def from_matrices(group: Group, algebra: Sequence[Any] = (), discrete: Sequence[Any] = ()) -> Rep:
        """Representation given by the images of the group's generators, checked to be one.

        Parameters
        ----------
        group : Group
        algebra : sequence of (dim, dim)
            Images of ``group.algebra``, in that order, which need not be the one in which they were typed, or pairs
            (generator, image) in any order; sympy matrices, nested lists or arrays.
        discrete : sequence of (dim, dim)
            Images of ``group.discrete``, in the same way.

        Returns
        -------
        Rep
            Evaluated on the elements of a finite group by words in the generators, and on those of a Lie group
            through logarithms; exact on generators (and, for finite groups, everywhere).

        Raises
        ------
        ValueError
            Naming a relation of the group that the images break; for images of several sizes or in the wrong
            number; for finite groups too large, and infinite discrete ones, whose relations cannot be checked.

        Examples
        --------
        >>> import sympy
        >>> from intertwine.groups import SO, Group
        >>> from intertwine.reps import Irrep, Rep
        >>> thrice = Rep.from_matrices(SO(2), algebra=[[[0, -3], [3, 0]]])  # A0 is a turn of unit speed
        >>> (thrice >> Irrep(3)(SO(2))).dim
        2
        >>> turn, flip = [[0, -1], [1, 0]], [[1, 0], [0, -1]]
        >>> square = Group.from_generators(discrete=[turn, flip])
        >>> square.discrete[0] == sympy.Matrix(flip)  # generators are kept in an order of their own
        True
        >>> Rep.from_matrices(square, discrete=[(turn, [[1]]), (flip, [[-1]])])
        Rep.from_matrices(discrete=[[[-1]], [[1]]])
        >>> Rep.from_matrices(SO(2), algebra=[[[0, -1], [2, 0]]])
        Traceback (most recent call last):
        ...
        ValueError: not a representation of SO(2): the images respect all brackets, but ...
        """
        from ._generated import from_matrices

        return from_matrices(group, algebra, discrete)

    def decompose(self) -> Decomposition:
        """Write the representation of a reductive group as a direct sum of irreps.

        Returns
        -------
        Decomposition
            The irreps with multiplicities, the change of basis, and projectors.

        Raises
        ------
        NotReductive
            When the group, or a custom representation of it, does not split.

        Examples
        --------
        >>> from intertwine.groups import O
        >>> from intertwine.reps import T
        >>> T(2)(O(3)).decompose()
        T(2) of O(3), dimension 9
            1 × Irrep('0e')  dimension 1, type R
            1 × Irrep('1e')  dimension 3, type R
            1 × Irrep('2e')  dimension 5, type R
        """
        from ._decompose import decompose

        return decompose(_rep(self))

    def projectors(self) -> dict[Rep, Array]:
        """Projector (dim, dim) on the isotypic part of every irrep that occurs."""
        return self.decompose().projectors()

    def branch(self, subgroup: Group) -> Decomposition:
        """Decompose the restriction to a subgroup that acts on the same space (branching rules).

        Examples
        --------
        >>> from intertwine.groups import SO
        >>> from intertwine.reps import Irrep
        >>> Irrep(2)(SO(3)).branch(SO(3).subgroup(fixing=[0, 0, 1])).direct_sum.dim
        5
        """
        from ._restrict import branch

        return branch(_rep(self), subgroup)

    def is_isomorphic(self, other: Rep) -> bool:
        """Whether some invertible equivariant map leads to another representation of the same group.

        Examples
        --------
        >>> from intertwine.groups import SO
        >>> from intertwine.reps import Adjoint, Alt, V
        >>> Adjoint(SO(3)).is_isomorphic(V(SO(3))), Adjoint(SO(4)).is_isomorphic(V(SO(4)))
        (True, False)
        """
        from ._decompose import is_isomorphic

        return is_isomorphic(_rep(self), other)

    def character(self, g: Array) -> Array:
        """Traces of group elements, (..., d, d) to (...).

        Examples
        --------
        >>> from intertwine.groups import S
        >>> from intertwine.reps import V
        >>> V(S(3)).character(S(3).elements())  # fixed points
        array([3., 1., 1., 0., 0., 1.])
        """
        from ._count import character

        g = np.asarray(g)
        rep = _rep(self)
        d = rep._require_group().d
        if g.shape[-2:] != (d, d):
            raise ValueError(f"elements of {rep.group} have shape (..., {d}, {d}), got {g.shape}")
        found = np.asarray(character(rep, g.reshape(-1, d, d)))
        return (found if rep.is_complex or g.dtype.kind == "c" else found.real).reshape(g.shape[:-2])


def _rep(verbs: Verbs) -> Rep:
    """The same object by its full type: every representation is put together from this class."""
    return cast("Rep", verbs)
