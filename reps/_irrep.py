"""One irreducible representation of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from intertwine.groups import Group
from numpy.typing import NDArray

from ._custom import Irrep as Node
from ._errors import DecompositionError
from ._images import Compressed, Images, is_trivial
from ._isotypic import irreducible
from ._threads import cached_property

if TYPE_CHECKING:
    from ._irreps import IrrepTable
    from ._node import Rep

Array = NDArray

DRAWS = 12  # how many generic elements to try


class Irrep(Compressed):
    """One irreducible representation, the unit (*atom*) that layers mix: rows · ρ · rows* of where it was found.

    Its matrices are orthogonal (unitary) for elements of the maximal compact part.

    Attributes
    ----------
    table : IrrepTable
    parent : Images
        The representation ρ it was found in.
    rows : (dim, n) array
        Orthonormal basis of the subspace.
    end : (K, dim, dim) array
        Basis of End(σ), identity first; K = 1, 2, 4 for types ℝ, ℂ, ℍ.
    label : str or int
    origin : Rep, pair of Irreps or None
        Where it was found, if that is no tensor power of V: a representation of its own, or a product.
    """

    irreducible = True

    def __init__(self, table: IrrepTable, parent: Images, rows: Array, end: Array) -> None:
        super().__init__(parent, rows)
        self.table, self.end = table, end
        self.label: str | int = ""
        self.origin: Rep | tuple[Irrep, Irrep] | None = None
        self._lines: dict[int, Array] = {}
        self._spectra: dict[int, Array] = {}

    @property
    def group(self) -> Group:
        """The group."""
        return self.table.group

    @cached_property
    def rep(self) -> Node:
        """The same irrep as an expression, bound to the group."""
        return cast(Node, Node(self.label)(self.table.group))

    @cached_property
    def is_trivial(self) -> bool:
        """Whether every element acts as the identity."""
        return self.dim == 1 and is_trivial(self.algebra, self.discrete)

    @cached_property
    def is_unitary(self) -> bool:
        """Whether |x| is invariant."""
        unit = self.discrete @ self.discrete.conj().swapaxes(-1, -2) - np.eye(self.dim)
        skew = self.algebra + self.algebra.conj().swapaxes(-1, -2)
        return bool(max(np.abs(skew).max(initial=0), np.abs(unit).max(initial=0)) < 1e-8)

    @property
    def kind(self) -> str:
        """Frobenius type over the group's field: "R", "C" or "H" ("C" for every complex irrep)."""
        if np.iscomplexobj(self.rows) or np.iscomplexobj(self.end):
            return "C"
        return {1: "R", 2: "C", 4: "H"}[len(self.end)]

    def known(self, draw: int, spectrum: Array, lines: Array) -> None:
        """Remember what a draw gives, from the decomposition in which the irrep was found."""
        self._spectra[draw], self._lines[draw] = spectrum, lines

    def spectrum(self, draw: int) -> Array:
        """Eigenvalues of the draw's generic self-adjoint element, one per K-line."""
        self._prepare(draw)
        return self._spectra[draw]

    def canonical(self, draw: int) -> Array:
        """Rows of the draw's canonical basis, (dim, dim)."""
        self._prepare(draw)
        return self._lines[draw]

    def _prepare(self, draw: int) -> None:
        if draw not in self._lines:
            component = irreducible(self.generic, draw)
            self.known(draw, component.spectrum, component.copies[0])

    @cached_property
    def signature(self) -> Array:
        """Spectrum of the first draw that separates it."""
        for draw in range(DRAWS):
            try:
                return self.spectrum(draw)
            except DecompositionError as error:
                problem = error
        raise problem

    @cached_property
    def key(self) -> tuple:
        """Sort key that does not depend on the order of discovery: dimension, trivial first, spectrum."""
        return (self.dim, not self.is_trivial, tuple(np.round(self.signature, 6)))

    def __reduce__(self) -> tuple:
        return _restore, (self.table.group, self.label, self.origin)

    def __deepcopy__(self, memo: object) -> Irrep:
        return self

    def __repr__(self) -> str:
        return f"{self.rep!r}"


def _restore(group: Group, label: str | int, origin: Rep | tuple[Irrep, Irrep] | None = None) -> Irrep:
    from ._irreps import irrep_table

    table = irrep_table(group)
    if isinstance(origin, tuple):
        table.clebsch_gordan(*origin)
    elif origin is not None:
        table.leaf(origin)
    return table.find(label)
