"""`Hom`: the space of equivariant linear maps between two representations, as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._binding import common_group

if TYPE_CHECKING:
    import sympy
    from scipy.sparse.linalg import LinearOperator

    from ..groups import Group
    from ._basis import Basis
    from ._certificate import Certificate
    from ._node import Rep

Array = NDArray[Any]
LARGE = 2**16  # coordinates of a summand above which maps are counted and not solved for


class Hom:
    """Equivariant linear maps: all W (out, in) with ρ_out(g) W = W ρ_in(g) for every g.

    Made by ``rep_in >> rep_out``; representations that are not bound yet are bound by calling it with a
    group.

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group, optional
        Binds both; not needed when they are bound already.

    Raises
    ------
    ValueError
        If a representation is bound to a group that is not a factor of the one given.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, T, V
    >>> hom = (V + Scalar >> T(2))(SO(3))
    >>> hom.dim, hom.basis().dense().shape
    (2, (2, 9, 4))
    >>> hom == (V(SO(3)) + Scalar >> T(2)(SO(3)))
    True
    """

    __slots__ = ("group", "rep_in", "rep_out")
    rep_in: Rep
    rep_out: Rep
    group: Group | None

    def __init__(self, rep_in: Rep, rep_out: Rep, group: Group | None = None) -> None:
        if group is None:
            group = common_group((rep_in, rep_out))
        if group is not None:
            rep_in, rep_out = rep_in(group), rep_out(group)
        for name, value in (("rep_in", rep_in), ("rep_out", rep_out), ("group", group)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a Hom space is immutable: cannot set {name!r} on {self!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Hom space is immutable: cannot delete {name!r} of {self!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return Hom, (self.rep_in, self.rep_out, self.group)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hom):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def _content(self) -> tuple[Any, ...]:
        return (self.rep_in, self.rep_out, self.group)

    def __call__(self, group: Group) -> Hom:
        """Bind both representations to a group."""
        return Hom(self.rep_in, self.rep_out, group)

    def __repr__(self) -> str:
        arrow = f"{self.rep_in!r} >> {self.rep_out!r}"
        return arrow if self.group is None else f"({arrow})({self.group.name})"

    def _bound(self) -> Group:
        if self.group is None:
            raise ValueError(f"{self!r} is not bound to a group: bind it first, ({self!r})(G), e.g. with SO(3)")
        return self.group

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in), the shape of a map."""
        self._bound()
        return (self.rep_out.dim, self.rep_in.dim)

    @property
    def is_complex(self) -> bool:
        """Whether the maps are complex."""
        return self.rep_in.is_complex or self.rep_out.is_complex

    @property
    def dim(self) -> int:
        """Dimension of the space (over ℂ where the maps are complex).

        That of the certified basis; where a summand has more than 2¹⁶ coordinates, counted by theory alone if one
        applies: weights of reductive Lie groups, characters of finite groups, patterns of indices of S(n) and A(n).

        Examples
        --------
        >>> from intertwine.groups import SO
        >>> from intertwine.reps import T, Scalar
        >>> (T(30) >> Scalar)(SO(3)).dim
        439742222071
        """
        from ._count import by_theory

        self._bound()
        sides = [summand.dim for rep in (self.rep_in, self.rep_out) for _, summand in rep.summands()]
        counted = by_theory(self.rep_in, self.rep_out) if max(sides, default=0) > LARGE else None
        return self.basis().rank if counted is None else counted

    @property
    def certificate(self) -> Certificate:
        """Why the basis is believed: residual, gap, and an independent count."""
        return self.basis().certificate

    def constraint(self) -> LinearOperator:
        """The linear operator on vec(W), row-major, whose nullspace this space is.

        Returns
        -------
        scipy.sparse.linalg.LinearOperator, shape (generators · out · in, out · in)
            Stacked dρ_out(A) W − W dρ_in(A) and ρ_out(h) W − W ρ_in(h), each generator brought to unit size.

        Examples
        --------
        >>> import numpy as np
        >>> from intertwine.groups import SO
        >>> from intertwine.reps import V
        >>> C = (V >> V)(SO(3)).constraint()
        >>> bool(np.allclose(C @ np.eye(3).ravel(), 0))
        True
        """
        from ._constraint import Constraint

        self._bound()
        return Constraint.of(self.rep_in, self.rep_out).operator()

    def basis(self, method: str = "auto") -> Basis:
        """Solve for a certified, factored, Frobenius-orthonormal basis; see `intertwine.reps.solve`."""
        from .solve import solve

        return solve(self, method)

    def exact(self) -> tuple[sympy.ImmutableMatrix, ...]:
        """Exact basis as sympy matrices (out, in), scaled to be read.

        Returns
        -------
        tuple of sympy.ImmutableMatrix
            Over ℚ primitive integer matrices whose first entry is positive, as sparse as was found: δ, ε and
            the metric come out as such. Not orthonormal.

        Raises
        ------
        ValueError
            If the group was given in floating point, a representation has no exact form, or the problem is
            too large for exact arithmetic.

        Examples
        --------
        >>> from intertwine.groups import SO
        >>> from intertwine.reps import T, V
        >>> (V * V >> V)(SO(3)).exact()[0]
        Matrix([
        [0, 0,  0,  0, 0, 1, 0, -1, 0],
        [0, 0, -1,  0, 0, 0, 1,  0, 0],
        [0, 1,  0, -1, 0, 0, 0,  0, 0]])
        """
        from .solve.exact import exact_basis

        self._bound()
        return exact_basis(self)

    def latex(self) -> str:
        r"""The exact basis as LaTeX, one matrix after the other, for a display.

        Examples
        --------
        >>> from intertwine.groups import SO
        >>> from intertwine.reps import T, Scalar
        >>> print((T(2) >> Scalar)(SO(2)).latex())
        \left[\begin{matrix}1 & 0 & 0 & 1\end{matrix}\right],\quad \left[\begin{matrix}0 & 1 & -1 & 0\end{matrix}\right]
        """
        import sympy

        return ",\\quad ".join(sympy.latex(matrix) for matrix in self.exact())

    def project(self, W: ArrayLike) -> Array:
        """The equivariant map nearest to W in the Frobenius norm; shapes (..., out, in)."""
        return self.basis().project(W)

    def sample(self, rng: int | np.random.Generator | None = None) -> Array:
        """A random equivariant map (out, in) with independent standard normal coefficients."""
        rng = np.random.default_rng(rng)
        basis = self.basis()
        c = rng.standard_normal(basis.rank)
        if self.is_complex:
            c = (c + 1j * rng.standard_normal(basis.rank)) / np.sqrt(2)
        return basis.combine(c)
