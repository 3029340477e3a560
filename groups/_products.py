"""Direct, semidirect and wreath products."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from ._generators import Blocks, Permutations, from_matrices, placed
from ._value import Value, as_group

if TYPE_CHECKING:
    from ._group import Group

Matrix = Any


class Products(Value):
    """Groups made from several, or from several copies of one."""

    def __mul__(self, other: Group) -> Group:
        """Direct product, acting block-diagonally on V ⊕ V'; products flatten.

        Examples
        --------
        >>> from intertwine.groups import SO, S
        >>> G = SO(3) * S(4)
        >>> G.d, G.factors, G.offsets
        (7, (SO(3), S(4)), (0, 3))
        """
        if not isinstance(other, Value):
            return NotImplemented
        factors = (*self.factors, *other.factors)
        return type(self.factors[0])(" × ".join(f.name for f in factors), Blocks(factors))

    def semidirect(self, normal: Group | None = None, name: str | None = None) -> Group:
        """Affine group V ⋊ G of the maps x ↦ gx + t, or the product N ⋊ G of two groups on the same space.

        Affine maps are matrices [[g, t], [0, 1]] on homogeneous vectors (x, 1) of length d + 1.

        Parameters
        ----------
        normal : Group, optional
            A group N on the same space, normalised by this one, with no common element but the identity.
        name : str, optional

        Raises
        ------
        ValueError
            Where N acts on another space, is not normalised by the generators of this group, or meets it in
            more than the identity (seen in the Lie algebras, and for finite groups in the orders).

        Examples
        --------
        >>> from intertwine.groups import SE, SO, Group
        >>> SO(3).semidirect() == SE(3)
        True
        >>> signs = Group.from_generators(discrete=[[[-1, 0], [0, 1]], [[1, 0], [0, -1]]], name="signs")
        >>> swap = Group.from_permutations([[1, 0]], name="swap")
        >>> swap.semidirect(signs), swap.semidirect(signs).order
        (signs ⋊ swap, 8)
        """
        group = as_group(self)
        if normal is not None:
            if not isinstance(normal, Value):
                raise TypeError(f"G.semidirect(N) takes a Group N on the same space, or none for R^d, got {normal!r}")
            from ._semidirect import semidirect

            return semidirect(normal, group, name)
        d = self.d
        units = (sp.Integer(1), sp.I) if self.field == "C" else (sp.Integer(1),)
        shifts = [sp.ImmutableMatrix(sp.SparseMatrix(d + 1, d + 1, {(i, d): x})) for i in range(d) for x in units]
        algebra = [*(placed(a, d + 1, 0, 0) for a in self.algebra), *shifts]
        discrete = [placed(h, d + 1, 0, 1) for h in self.discrete]
        field = "ℂ" if self.field == "C" else "ℝ"
        label = name or f"{field}^{d} ⋊ {bracketed(self.name)}"
        return type(group)(label, from_matrices(algebra, discrete, d + 1, self.field))

    def wreath(self, top: int | Group, name: str | None = None) -> Group:
        """Wreath product G ≀ S(n) = Gⁿ ⋊ S(n) on n copies of V, or G ≀ H for a permutation group H of n points.

        Every copy has its own element of G, and the copies are permuted: the symmetry of n identical parts.

        Parameters
        ----------
        top : int or Group
            Number of copies n, or a permutation group.
        name : str, optional

        Examples
        --------
        >>> from intertwine.groups import O, S, Z
        >>> S(3).wreath(2).order, S(2).wreath(Z(4)).order, O(3).wreath(5).lie_dim
        (72, 64, 15)
        """
        label, n, images = _top(top)
        d = self.d
        algebra = [placed(a, n * d, k * d, 0) for k in range(n) for a in self.algebra]
        moved = [(d * np.asarray(p)[:, None] + np.arange(d)).ravel() for p in images]
        orbit_starts = _one_per_orbit(images, n)
        own = [placed(h, n * d, k * d, 1) for k in orbit_starts for h in self.discrete]
        swaps = Permutations(n * d, np.array(moved, np.int64).reshape(len(moved), n * d)).discrete
        group = as_group(self)
        made = from_matrices(algebra, [*own, *swaps], n * d, self.field)
        return type(group)(name or f"{bracketed(self.name)} ≀ {label}", made)


def _top(top: int | Group) -> tuple[str, int, list[list[int]]]:
    """Name, number of points and generators of the group that permutes the copies."""
    if isinstance(top, Value):
        if not top.is_permutation:
            raise ValueError(f"the copies are permuted by a permutation group such as S(3) or Z(4), got {top!r}")
        return bracketed(top.name), top.d, top.permutations.tolist()
    if isinstance(top, bool) or not isinstance(top, Integral):
        raise TypeError(f"wreath takes the number of copies or a permutation group, got {top!r}")
    n = int(top)
    if n < 1:
        raise ValueError(f"the number of copies must be at least 1, got {n}")
    swap, cycle = [1, 0, *range(2, n)], [*range(1, n), 0]
    return f"S({n})", n, [] if n == 1 else [swap, cycle]


def _one_per_orbit(images: list[list[int]], n: int) -> list[int]:
    """A point of every orbit: conjugation reaches the other copies from there."""
    label = list(range(n))
    for _ in range(n):
        for p in images:
            for i, j in enumerate(p):
                label[i] = label[j] = min(label[i], label[j])
    return sorted(set(label))


def bracketed(name: str) -> str:
    """A name as an operand: products in parentheses."""
    return f"({name})" if " " in name and any(sign in name for sign in "×⋊≀") else name
