"""`Group`: a matrix group as a value, given by exact generators.

Conventions.  A permutation p acts as e_j ↦ e_{p[j]}.  ``G * H`` acts block-diagonally on V_G ⊕ V_H.  The algebra of
a complex group is a *real* Lie algebra of complex matrices (anti-Hermitian ones for SU(n)).
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg
import sympy as sp
from numpy.typing import NDArray

from . import _exact
from ._generators import Blocks, Generators, Permutations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Array = NDArray[Any]
Matrix = Any
Rng = int | np.random.Generator | None


class Group:
    """A matrix group, given by exact generators of its Lie algebra and discrete generators.

    Groups are immutable, hashable and compared by content (``key``), never by ``name``: the order of the
    generators and the scale of the Lie-algebra generators do not count.  Make one with
    `from_generators`, `preserving`, `stabilizer`, `from_permutations`, `from_cayley_table`, `automorphisms`,
    or take one from the catalogue.

    Examples
    --------
    >>> from intertwine.groups import Group, SO
    >>> G = Group.from_generators(algebra=[[[0, -2], [2, 0]]], name="turns")
    >>> G, G.d, G == SO(2)
    (turns, 2, True)
    """

    name: str
    _generators: Generators

    def __init__(self, name: str, generators: Generators) -> None:
        self.__dict__.update(name=name, _generators=generators)

    def __setattr__(self, attribute: str, value: object) -> None:
        raise AttributeError(f"groups are immutable: cannot set {attribute!r} of {self!r}")

    def __delattr__(self, attribute: str) -> None:
        raise AttributeError(f"groups are immutable: cannot delete {attribute!r} of {self!r}")

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name, "_generators": self._generators}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __copy__(self) -> Group:
        return self

    def __deepcopy__(self, memo: object) -> Group:
        return self

    def __repr__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Group):
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
        return _frozen(self._generators.lie_algebra())

    @cached_property
    def discrete_generators(self) -> Array:
        """Float64 (complex128) copies (m, d, d) of ``discrete``."""
        return _frozen(self._generators.discrete_generators())

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
        return self._generators.factors if isinstance(self._generators, Blocks) else (self,)

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
        return _frozen(np.array(rows, dtype=np.int64).reshape(len(rows), self.d))

    # ------------------------------------------------------------------ construction

    @staticmethod
    def from_generators(
        algebra: Iterable[Any] = (),
        discrete: Iterable[Any] = (),
        name: str | None = None,
        field: str | None = None,
    ) -> Group:
        """Group generated by exp(t A), A in ``algebra``, and the matrices in ``discrete``.

        Parameters
        ----------
        algebra, discrete : iterables of (d, d)
            sympy matrices, nested lists, or numpy arrays.  Integers, fractions and sympy numbers are exact.
        name : str, optional
            For people; plays no part in identity.
        field : {"R", "C"}, optional
            Found from the entries when not given.

        Raises
        ------
        ValueError
            No generator at all, shapes that differ, entries that are not finite numbers, a singular discrete
            generator, or complex entries over ``field="R"``.

        Examples
        --------
        >>> boost = Group.from_generators(algebra=[[[0, 1], [1, 0]]], discrete=[[[-1, 0], [0, 1]]])
        >>> boost.d, boost.is_compact
        (2, False)
        """
        from ._construct import from_generators

        return from_generators(algebra, discrete, name, field)

    @staticmethod
    def from_permutations(permutations: Sequence[Sequence[int]], name: str | None = None) -> Group:
        """Group generated by permutations, each given by its images: p[j] = i sends e_j to e_i.

        Examples
        --------
        >>> Group.from_permutations([[1, 2, 0]]).order
        3
        """
        from ._construct import from_permutations

        return from_permutations(permutations, name)

    def __mul__(self, other: Group) -> Group:
        """Direct product, acting block-diagonally on V ⊕ V'; products flatten."""
        if not isinstance(other, Group):
            return NotImplemented
        from ._products import direct_product

        return direct_product(self, other)

    # ------------------------------------------------------------------ elements

    def sample(self, n: int | None = None, rng: Rng = None) -> Array:
        """Random elements.

        Haar-distributed for SO, O, SU, U and products of them, uniform for finite groups, long random words of
        exponentials and discrete generators for other compact groups (close to Haar), and for non-compact
        groups words and exponentials of condition number at most 10.

        Parameters
        ----------
        n : int, optional
            How many; a single matrix (d, d) when None.
        rng : int, numpy.random.Generator, optional

        Returns
        -------
        ndarray (n, d, d) or (d, d)

        Examples
        --------
        >>> from intertwine.groups import O
        >>> g = O(3).sample(5, rng=0)
        >>> g.shape, bool(np.allclose(g @ g.transpose(0, 2, 1), np.eye(3)))
        ((5, 3, 3), True)
        """
        from ._sampling import sample

        elements = sample(self, 1 if n is None else n, np.random.default_rng(rng))
        return elements[0] if n is None else elements

    # ------------------------------------------------------------------ structure

    @cached_property
    def closure(self) -> Array:
        """Orthonormal basis (lie_dim, d, d) of the Lie algebra that the generators span under brackets."""
        from ._structure import closure

        if len(self.factors) > 1:
            return _frozen(Blocks(self.factors)._place([f.closure for f in self.factors], 0))
        return _frozen(closure(self.lie_algebra))

    @property
    def lie_dim(self) -> int:
        """Dimension of the group as a manifold."""
        return len(self.closure)

    @cached_property
    def is_orthogonal(self) -> bool:
        """Whether all elements are orthogonal (unitary) matrices."""
        from ._structure import is_orthogonal

        return self.is_permutation or is_orthogonal(self.lie_algebra, self.discrete_generators)

    @cached_property
    def is_self_adjoint(self) -> bool:
        """Whether the group is closed under conjugate transpose (sound: a yes is verified)."""
        from ._balance import is_self_adjoint

        if len(self.factors) > 1:
            return all(f.is_self_adjoint for f in self.factors)
        return self.is_orthogonal or is_self_adjoint(self.lie_algebra, self.discrete_generators)

    @cached_property
    def balancing(self) -> Array | None:
        """P with P G P⁻¹ closed under conjugate transpose; None when there is none (not reductive)."""
        from ._balance import balance

        if self.is_self_adjoint:
            return _frozen(np.eye(self.d))
        if len(self.factors) > 1:
            blocks = [f.balancing for f in self.factors]
            found = None if any(b is None for b in blocks) else scipy.linalg.block_diag(*blocks)
        else:
            found = balance(self.lie_algebra, self.discrete_generators)
        return None if found is None else _frozen(found)

    @property
    def is_reductive(self) -> bool:
        """Whether a basis was found in which the group is closed under conjugate transpose."""
        return self.balancing is not None


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array


def identity(d: int) -> Matrix:
    """Exact identity matrix."""
    return sp.ImmutableMatrix(sp.eye(d))
