"""Decompositions into irreps, as values to be read: multiplicities, change of basis, projectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np

from ._basis import LIMIT
from ._errors import NotReductive
from ._frame import Atom, Frame, frame, is_reductive
from ._hom import Hom
from ._irrep import Irrep
from ._node import Array, Rep
from ._tensor import Scalar
from ._threads import cached_property

SINGULAR = 1e-8  # ratio of singular values of a random intertwiner below which it is not invertible


class Part(NamedTuple):
    """An irrep, how often it occurs, its dimension and its type.

    The type is that of its endomorphisms, "R", "C" or "H", for a real group, and "C" for a complex one.
    """

    irrep: Rep
    multiplicity: int
    dim: int
    type: str


@dataclass(frozen=True)
class Decomposition:
    """A representation as a direct sum of irreps; made by `Rep.decompose`.

    Both matrices are made when they are first asked for; the parts are found for representations of any size.

    Attributes
    ----------
    rep : Rep
    parts : tuple of Part
        Ordered by dimension, the trivial one first.
    change : (dim, dim)
        ``change @ rep.rho(g) @ inverse == direct_sum.rho(g)``.
    inverse : (dim, dim)
        Orthogonal (unitary) groups: the conjugate transpose of ``change``, where ``rep`` is orthogonal.

    Raises
    ------
    ValueError
        When a matrix asked for would take more than a GiB.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T
    >>> found = T(2)(SO(3)).decompose()
    >>> [(part.dim, part.multiplicity) for part in found], found.change.shape
    ([(1, 1), (3, 1), (5, 1)], (9, 9))
    """

    rep: Rep
    parts: tuple[Part, ...]

    @cached_property
    def change(self) -> Array:
        """To the coordinates of the irreps, (dim, dim)."""
        found = self._frame()
        coordinates = found.analyse(np.eye(self.rep.dim))
        columns = [coordinates[irrep].reshape(self.rep.dim, -1) for irrep, _ in found.irreps]
        return np.concatenate([np.zeros((self.rep.dim, 0)), *columns], axis=1).T

    @cached_property
    def inverse(self) -> Array:
        """And back, (dim, dim)."""
        return _synthesis(self._frame(), self.rep.dim)

    def _frame(self) -> Frame:
        size = 8 * self.rep.dim**2
        if size > LIMIT:
            raise ValueError(
                f"the change of basis of {self.rep!r} has {self.rep.dim:.3g} rows and takes {size / 1e9:.3g} GB, over "
                f"the limit of {LIMIT / 1e9:.3g} GB: read the parts, or decompose the factors of a product"
            )
        return frame(self.rep)

    @property
    def direct_sum(self) -> Rep:
        """The sum of the irreps, as a representation."""
        return sum_of(self.parts, self.rep)

    def projectors(self) -> dict[Rep, Array]:
        """Projector (dim, dim) on the isotypic part of every irrep; they commute with the group and add up to 1."""
        found, start = {}, 0
        for part in self.parts:
            rows = slice(start, start + part.multiplicity * part.dim)
            found[part.irrep] = self.inverse[:, rows] @ self.change[rows]
            start = rows.stop
        return found

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __repr__(self) -> str:
        group = self.rep._require_group()
        lines = [f"{self.rep!r} of {group.name}, dimension {self.rep.dim}"]
        names = [repr(part.irrep) for part in self.parts]
        width = max(map(len, names), default=0)
        for name, part in zip(names, self.parts, strict=True):
            lines.append(f"    {part.multiplicity} × {name:{width}}  dimension {part.dim}, type {part.type}")
        return "\n".join(lines)


def sum_of(parts: tuple[Part, ...], like: Rep) -> Rep:
    """Direct sum of irreps."""
    return reduce(add, (part.multiplicity * part.irrep for part in parts), 0 * Scalar._place(like.group))


def part_of(irrep: Irrep, multiplicity: int) -> Part:
    """One line of a decomposition."""
    return Part(irrep.rep, multiplicity, irrep.dim, irrep.kind)


def decompose(rep: Rep) -> Decomposition:
    """See `Rep.decompose`."""
    group = rep._require_group()
    if group.field == "R" and rep.is_complex:
        raise ValueError(
            f"{rep!r} is complex while {group.name} is real, and the irreps of a real group are listed over the reals: "
            "give the group with field='C'"
        )
    if not is_reductive(group):
        raise NotReductive(f"{rep!r} need not be a sum of irreps: {group.name} is not known to be reductive")
    return Decomposition(rep, tuple(part_of(irrep, m) for irrep, m in frame(rep).irreps))


def _synthesis(found: Frame, n: int) -> Array:
    """The inverse change of basis, (dim, n)."""
    ends = np.cumsum([m * irrep.dim for irrep, m in found.irreps])
    blocks = np.split(np.eye(n), ends[:-1], axis=1) if n else []
    units: dict[Atom, Array] = {
        irrep: y.reshape(n, m, irrep.dim) for (irrep, m), y in zip(found.irreps, blocks, strict=True)
    }
    return found.synthesise(units).T


def is_isomorphic(a: Rep, b: Rep) -> bool:
    """See `Rep.is_isomorphic`."""
    if not isinstance(b, Rep):
        raise TypeError(f"is_isomorphic compares two representations, got {b!r}")
    group, other = a._require_group(), b._require_group()
    if group != other:
        raise ValueError(f"{a!r} is a representation of {group.name} and {b!r} of {other.name}: bind both to one group")
    if a.dim != b.dim:
        return False
    if a == b or a.dim == 0:
        return True
    found = [frame(rep).atoms for rep in (a, b)]
    if all(isinstance(atom, Irrep) for atoms in found for atom, _ in atoms):
        return found[0] == found[1]
    # otherwise: intertwiners form a linear space, in which the invertible ones are none or almost all
    s = np.linalg.svd(Hom(a, b).sample(0), compute_uv=False)
    return bool(s[-1] > SINGULAR * max(s[0], 1e-300))
