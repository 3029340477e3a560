"""One irreducible representation of a group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from intertwine.groups import Group
from numpy.typing import NDArray

from ._errors import DecompositionError
from ._images import Generators, is_trivial
from ._isotypic import isotypic
from ._node import Rep

if TYPE_CHECKING:
    from ._irreps import IrrepTable

Array = NDArray

DRAWS = 12  # how many generic elements to try


@dataclass(frozen=True, eq=False)
class Irrep:
    """One irreducible representation; the unit (*atom*) that layers mix.

    Attributes
    ----------
    dim : int
    generators : Generators
        Orthogonal (unitary) for elements of the maximal compact part.
    end : (K, dim, dim) array
        Basis of End(σ), identity first; K = 1, 2, 4 for types ℝ, ℂ, ℍ.
    evaluate : callable
        (rho-like function of g, or drho-like function of A) given by the representation it was found in.
    """

    table: IrrepTable
    generators: Generators
    end: Array
    rho: Callable[[Array], Array]
    drho: Callable[[Array], Array]
    label: str | int
    _lines: dict[int, Array] = field(default_factory=dict)
    _spectra: dict[int, Array] = field(default_factory=dict)

    irreducible = True

    @property
    def dim(self) -> int:
        """Dimension."""
        return self.generators.dim

    @property
    def group(self) -> Group:
        """The group."""
        return self.table.group

    @property
    def algebra(self) -> Array:
        """Images of the Lie-algebra generators, (k, dim, dim)."""
        return self.generators.algebra

    @property
    def discrete(self) -> Array:
        """Images of the discrete generators, (m, dim, dim)."""
        return self.generators.discrete

    @cached_property
    def rep(self) -> Rep:
        """The same irrep as an expression, bound to the group."""
        from . import Irrep as IrrepNode

        return IrrepNode(self.label)(self.table.group)

    @cached_property
    def is_trivial(self) -> bool:
        """Whether every element acts as the identity."""
        return is_trivial(self.algebra, self.discrete)

    @cached_property
    def is_unitary(self) -> bool:
        """Whether |x| is invariant."""
        adjoint = self.generators.map(lambda m: m.conj().swapaxes(-1, -2))
        unit = self.discrete @ adjoint.discrete
        return bool(
            np.abs(self.algebra + adjoint.algebra).max(initial=0) < 1e-8
            and np.abs(unit - np.eye(self.dim)).max(initial=0) < 1e-8
        )

    @property
    def kind(self) -> str:
        """Frobenius type over the group's field: "R", "C" or "H" ("C" for every complex irrep)."""
        if np.iscomplexobj(self.generators.elements):
            return "C"
        return {1: "R", 2: "C", 4: "H"}[len(self.end)]

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
            (component,) = isotypic(self.generators.elements, draw)
            self._lines[draw], self._spectra[draw] = component.copies[0], component.spectrum

    @cached_property
    def key(self) -> tuple:
        """Sort key that does not depend on the order of discovery: dimension, trivial first, spectrum."""
        return (self.dim, not self.is_trivial, tuple(np.round(signature(self.generators.elements), 6)))

    def __reduce__(self) -> tuple:
        return _restore, (self.table.group, self.label)

    def __deepcopy__(self, memo: object) -> Irrep:
        return self

    def __repr__(self) -> str:
        return f"{self.rep!r}"


def _restore(group: Group, label: str | int) -> Irrep:
    from ._irreps import irrep_table

    return irrep_table(group).find(label)


def signature(elements: Array) -> Array:
    """Spectrum of an irrep, given by its images (s, d, d), in the first draw that separates it."""
    for draw in range(DRAWS):
        try:
            (component,) = isotypic(elements, draw)
        except DecompositionError as error:
            problem = error
        else:
            return component.spectrum
    raise problem
