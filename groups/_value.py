"""A group as an immutable value: its generators and its identity.

Conventions.  A permutation p acts as e_j ↦ e_{p[j]}.  ``G * H`` acts block-diagonally on V_G ⊕ V_H.
The algebra of a complex group is a *real* Lie algebra of complex matrices (anti-Hermitian ones for
SU(n)).
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from . import _exact
from ._generators import Blocks, Generators, Permutations

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]
Matrix = Any


class Value:
    """A group as data: exact generators, float64 copies of them, factors, and identity by content."""

    name: str
    _generators: Generators

    def __init__(self, name: str, generators: Generators) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of a group is a text, got {name!r}")
        self.__dict__.update(name=name, _generators=generators)

    def __setattr__(self, attribute: str, value: object) -> None:
        raise AttributeError(f"groups are immutable: cannot set {attribute!r} of {self!r}")

    def __delattr__(self, attribute: str) -> None:
        raise AttributeError(f"groups are immutable: cannot delete {attribute!r} of {self!r}")

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name, "_generators": self._generators}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __copy__(self) -> Value:
        return self

    def __deepcopy__(self, memo: object) -> Value:
        return self

    def __repr__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Value):
            return NotImplemented
        return self is other or self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    # ------------------------------------------------------------------ generators

    @property
    def d(self) -> int:
        """Dimension of the defining representation V."""
        return self._generators.d

    @property
    def field(self) -> str:
        """``"R"`` or ``"C"``."""
        return self._generators.field

    @cached_property
    def algebra(self) -> tuple[Matrix, ...]:
        """Exact Lie-algebra generators, sympy matrices (d, d)."""
        return self._generators.algebra

    @cached_property
    def discrete(self) -> tuple[Matrix, ...]:
        """Exact discrete generators, sympy matrices (d, d)."""
        return self._generators.discrete

    @cached_property
    def lie_algebra(self) -> Array:
        """Float64 (complex128) copies (k, d, d) of ``algebra``, each of unit Frobenius norm."""
        return frozen(self._generators.lie_algebra())

    @cached_property
    def discrete_generators(self) -> Array:
        """Float64 (complex128) copies (m, d, d) of ``discrete``."""
        return frozen(self._generators.discrete_generators())

    @cached_property
    def is_exact(self) -> bool:
        """Whether no generator holds a floating-point number."""
        if isinstance(self._generators, Blocks):
            return all(f.is_exact for f in self.factors)
        return self.is_permutation or all(_exact.is_exact(m) for m in (*self.algebra, *self.discrete))

    @cached_property
    def key(self) -> str:
        """SHA-256 of the canonical content: what equality and caches go by."""
        return hashlib.sha256(repr(self._generators.content()).encode()).hexdigest()

    @cached_property
    def factors(self) -> tuple[Group, ...]:
        """Factors of a direct product; ``(self,)`` otherwise."""
        return self._generators.factors if isinstance(self._generators, Blocks) else (cast("Group", self),)

    @property
    def offsets(self) -> tuple[int, ...]:
        """Start of each factor's block in V."""
        return self._generators.offsets if isinstance(self._generators, Blocks) else (0,)

    @property
    def is_permutation(self) -> bool:
        """Whether every generator is a permutation matrix (and there is no Lie algebra)."""
        return all(isinstance(f._generators, Permutations) for f in self.factors)

    @cached_property
    def permutations(self) -> Array:
        """Images (m, d) of the generators of a permutation group: p[j] = i sends e_j to e_i.

        Raises
        ------
        ValueError
            If some generator is not a permutation matrix.
        """
        if not self.is_permutation:
            raise ValueError(f"{self} is not a permutation group: see is_permutation")
        rows = []
        for start, factor in zip(self.offsets, self.factors):
            assert isinstance(factor._generators, Permutations)
            for p in factor._generators.images:
                row = np.arange(self.d)
                row[start : start + factor.d] = p + start
                rows.append(row)
        return frozen(np.array(rows, dtype=np.int64).reshape(len(rows), self.d))


def frozen(array: Array) -> Array:
    """Make an array read-only: groups are immutable."""
    array.flags.writeable = False
    return array


def as_group(value: Value) -> Group:
    """The same object by its full type: every value is a `Group`, which is put together from this class."""
    return cast("Group", value)
