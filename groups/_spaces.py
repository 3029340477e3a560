"""The same group on another space: a larger one, or over the other field."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import sympy as sp

from . import _exact
from ._generators import from_matrices, placed
from ._value import Value, as_group

if TYPE_CHECKING:
    from ._group import Group

Matrix = Any


class Spaces(Value):
    """Embedding, realification, complexification."""

    def embed(self, n: int, start: int = 0, name: str | None = None) -> Group:
        """The group on coordinates ``start``, …, ``start`` + d − 1 of a space of dimension n, the others fixed.

        Examples
        --------
        >>> from intertwine.groups import SO, O
        >>> azimuthal = SO(2).embed(3)
        >>> azimuthal.d, azimuthal == SO(3).subgroup(fixing=[0, 0, 1])
        (3, True)
        """
        for what, value in (("the dimension n", n), ("start", start)):
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise TypeError(f"{what} must be a whole number, got {value!r}")
        n, start = int(n), int(start)
        if not 0 <= start <= n - self.d:
            raise ValueError(
                f"{self.name} takes {self.d} coordinates, from {start} to {start + self.d - 1}, but the space has "
                f"coordinates 0 to {n - 1}: choose n >= start + {self.d}"
            )
        algebra = [placed(a, n, start, 0) for a in self.algebra]
        discrete = [placed(h, n, start, 1) for h in self.discrete]
        group = as_group(self)
        label = name or f"{self.name} on coordinates {start} to {start + self.d - 1} of {n}"
        return type(group)(label, from_matrices(algebra, discrete, n, self.field))

    def realification(self, name: str | None = None) -> Group:
        """The group on ℝ²ᵈ = ℂᵈ, (x, y) for x + iy: A + iB becomes [[A, −B], [B, A]].

        A real group is taken to act on ℂᵈ: it becomes two copies of itself.

        Examples
        --------
        >>> from intertwine.groups import SO, U, same_group
        >>> U(2).realification().d, same_group(U(1).realification(), SO(2))
        (4, True)
        """
        group = as_group(self)
        algebra, discrete = ([_real_form(m) for m in part] for part in (self.algebra, self.discrete))
        made = from_matrices(algebra, discrete, 2 * self.d, "R")
        return type(group)(name or f"{self.name} on ℝ^{2 * self.d}", made)

    def complexification(self, name: str | None = None) -> Group:
        """The complex group on ℂᵈ whose Lie algebra is spanned by A and iA for A in that of this group.

        Discrete generators stay what they are, so that a finite group is the same over ℂ.

        Examples
        --------
        >>> from intertwine.groups import SL, SO, SU, same_group
        >>> SO(3).complexification() == SO(3, field="C"), same_group(SU(2).complexification(), SL(2, field="C"))
        (True, True)
        """
        group = as_group(self)
        algebra = [*self.algebra, *(_exact.matrix(sp.I * a) for a in self.algebra)]
        made = from_matrices(algebra, self.discrete, self.d, "C")
        return type(group)(name or f"complexification of {self.name}", made)


def _real_form(m: Matrix) -> Matrix:
    d = m.rows
    entries: dict[tuple[int, int], Any] = {}
    for (i, j), x in m.todok().items():
        re, im = x.as_real_imag()
        entries |= {(i, j): re, (d + i, d + j): re, (d + i, j): im, (i, d + j): -im}
    return _exact.matrix(sp.SparseMatrix(2 * d, 2 * d, entries))
