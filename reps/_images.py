"""What the irreps engine reads of a representation: images of generators and of fixed random elements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

import numpy as np
from intertwine.groups._lie import self_adjoint_basis
from numpy.typing import NDArray
from scipy.linalg import expm

Array = NDArray

MAX_CONDITION = 10.0  # of a random word


@dataclass(frozen=True)
class Letters:
    """The fixed matrices of a group that representations are compared on, (·, d, d).

    They are in a basis in which the group is closed under conjugate transpose.  ``algebra`` is orthonormal, and
    orthogonal for the invariant form Re tr(AB), whose values on it are ``signs``.
    """

    algebra: Array
    signs: Array
    discrete: Array
    elements: Array


Pick = Callable[["Images"], Array]  # which images: attrgetter("elements"), or those of elements at hand


class Images(ABC):
    """A representation as the irreps engine reads it: images of the fixed letters, and of anything else.

    Attributes
    ----------
    dim : int
    letters : Letters
    elements, discrete, algebra : arrays (·, dim, dim)
        Images of the letters.
    """

    dim: int
    letters: Letters
    elements: Array
    discrete: Array
    algebra: Array

    @abstractmethod
    def rho(self, g: Array) -> Array:
        """Matrices of group elements (s, d, d): (s, dim, dim)."""

    @abstractmethod
    def drho(self, a: Array) -> Array:
        """Matrices of Lie-algebra elements (s, d, d): (s, dim, dim)."""

    def times(self, rows: Array, pick: Pick, derived: bool = False) -> Array:
        """Rows (p, dim) times every picked image: (s, p, dim); ``derived`` where they are of the Lie algebra."""
        return rows @ pick(self)

    def casimir(self) -> Array:
        """Σ ± A², the Casimir element of the invariant form, up to a multiple of the identity; commutes with all."""
        signed = self.letters.signs[:, None, None] * self.algebra
        return np.asarray(np.tensordot(signed, self.algebra, axes=((0, 2), (0, 1))))


class Leaf(Images):
    """Images given by two functions of matrices in the letters' basis, to which ``own`` brings the group's matrices."""

    def __init__(
        self,
        letters: Letters,
        rho: Callable[[Array], Array],
        drho: Callable[[Array], Array],
        own: Callable[[Array], Array],
    ) -> None:
        self.letters, self._rho, self._drho, self._own = letters, rho, drho, own
        self.elements, self.discrete = rho(letters.elements), rho(letters.discrete)
        self.algebra = drho(letters.algebra)
        self.dim = int(self.elements.shape[-1])

    def rho(self, g: Array) -> Array:
        """Matrices of group elements."""
        return self._rho(self._own(g))

    def drho(self, a: Array) -> Array:
        """Matrices of Lie-algebra elements."""
        return self._drho(self._own(a))


class Tensor(Images):
    """The tensor product of two, the left factor slow; its matrices are formed only when they are asked for."""

    def __init__(self, left: Images, right: Images) -> None:
        self.left, self.right, self.letters = left, right, left.letters
        self.dim = left.dim * right.dim

    def rho(self, g: Array) -> Array:
        """Matrices of group elements."""
        return kron(self.left.rho(g), self.right.rho(g))

    def drho(self, a: Array) -> Array:
        """Matrices of Lie-algebra elements."""
        return derived_kron(self.left.drho(a), self.right.drho(a))

    @property
    def elements(self) -> Array:  # type: ignore[override]
        """Images of the fixed random elements."""
        return kron(self.left.elements, self.right.elements)

    @property
    def discrete(self) -> Array:  # type: ignore[override]
        """Images of the discrete generators."""
        return kron(self.left.discrete, self.right.discrete)

    @property
    def algebra(self) -> Array:  # type: ignore[override]
        """Images of the Lie-algebra generators."""
        return derived_kron(self.left.algebra, self.right.algebra)

    def times(self, rows: Array, pick: Pick, derived: bool = False) -> Array:
        """One factor after the other."""
        left, right = pick(self.left), pick(self.right)
        x = rows.reshape(-1, self.left.dim, self.right.dim)
        turned = left.swapaxes(-1, -2)[:, None] @ x  # (s, p, left, right)
        y = turned + x @ right[:, None] if derived else turned @ right[:, None]
        return y.reshape(len(left), len(rows), self.dim)

    def casimir(self) -> Array:
        """Its mixed part 2 Σ ± A ⊗ A; the others are numbers on irreducible factors."""
        signed = 2 * self.letters.signs[:, None, None] * self.left.algebra
        mixed = np.tensordot(signed, self.right.algebra, axes=(0, 0))  # (left, left, right, right)
        return np.asarray(mixed.swapaxes(1, 2).reshape(self.dim, self.dim))


class Compressed(Images):
    """rows ρ rows* for the orthonormal rows (dim, n) of an invariant subspace of ρ; formed when asked for."""

    parent: Images
    rows: Array

    def __init__(self, parent: Images, rows: Array) -> None:
        if isinstance(parent, Compressed):
            self.parent, self.rows = parent.parent, rows @ parent.rows
        else:
            self.parent, self.rows = parent, rows
        self.letters = parent.letters
        self.dim = len(rows)

    def _compressed(self, pick: Pick, derived: bool = False) -> Array:
        return self.parent.times(self.rows, pick, derived) @ self.rows.conj().T

    @cached_property
    def elements(self) -> Array:  # type: ignore[override]
        """Images of the fixed random elements, (s, dim, dim)."""
        return self._compressed(attrgetter("elements"))

    @cached_property
    def discrete(self) -> Array:  # type: ignore[override]
        """Images of the discrete generators, (m, dim, dim)."""
        return self._compressed(attrgetter("discrete"))

    @cached_property
    def algebra(self) -> Array:  # type: ignore[override]
        """Images of the basis of the Lie algebra, (k, dim, dim)."""
        return self._compressed(attrgetter("algebra"), derived=True)

    def rho(self, g: Array) -> Array:
        """Matrices of group elements, (..., d, d) to (..., dim, dim)."""
        return self._batched(g, lambda flat: self._compressed(lambda images: images.rho(flat)))

    def drho(self, a: Array) -> Array:
        """Matrices of Lie-algebra elements, (..., d, d) to (..., dim, dim)."""
        return self._batched(a, lambda flat: self._compressed(lambda images: images.drho(flat), derived=True))

    def _batched(self, matrices: Array, function: Callable[[Array], Array]) -> Array:
        flat = function(np.reshape(matrices, (-1, *np.shape(matrices)[-2:])))
        return flat.reshape(*np.shape(matrices)[:-2], self.dim, self.dim)

    def times(self, rows: Array, pick: Pick, derived: bool = False) -> Array:
        """Rows (p, dim) times every picked image, without forming it."""
        return self.parent.times(rows @ self.rows, pick, derived) @ self.rows.conj().T


def kron(a: Array, b: Array) -> Array:
    """a ⊗ b over the last two axes, the left factor slow: (..., n, n) and (..., m, m) to (..., nm, nm)."""
    n = a.shape[-1] * b.shape[-1]
    product = a[..., :, None, :, None] * b[..., None, :, None, :]
    return product.reshape(*product.shape[:-4], n, n)


def derived_kron(a: Array, b: Array) -> Array:
    """a ⊗ 1 + 1 ⊗ b over the last two axes: how a Lie algebra acts on a tensor product."""
    return kron(a, np.eye(b.shape[-1])) + kron(np.eye(a.shape[-1]), b)


def is_trivial(algebra: Array, discrete: Array) -> bool:
    """Whether (k, n, n) and (m, n, n) generator images are those of the one-dimensional trivial action."""
    if algebra.shape[-1] != 1:
        return False
    return bool(np.abs(algebra).max(initial=0) < 1e-9 and np.abs(discrete - 1).max(initial=0) < 1e-9)


def letters(algebra: Array, discrete: Array, closure: Array) -> Letters:
    """The letters of a group closed under conjugate transpose, up to rounding.

    algebra (k, d, d), discrete (m, d, d) : generators; closure (r, d, d) : a basis of the Lie algebra.
    """
    basis, signs = self_adjoint_basis(closure)
    inside = np.einsum("kr,rij->kij", np.einsum("kij,rij->kr", algebra, basis.conj()).real, basis)
    return Letters(basis, signs, discrete, random_elements(inside, discrete))


def random_elements(algebra: Array, discrete: Array, count: int = 4, length: int = 12) -> Array:
    """Fixed pseudo-random elements that generate a dense subgroup, (s, d, d).

    Products of exponentials of the Lie algebra and random words in the discrete generators.  Non-compact
    directions are lengthened, but letters left out of words that grow: high tensor powers of a large boost
    spread the spectrum until its small end is noise.
    """
    rng = np.random.default_rng(1618)
    elements = []
    for _ in range(count if len(algebra) else 2 * count):
        g = np.eye(algebra.shape[-1])
        if len(discrete):
            for letter in rng.integers(len(discrete), size=length + int(rng.integers(len(discrete) + 1))):
                longer = g @ discrete[letter]
                g = longer if np.linalg.cond(longer) <= MAX_CONDITION else g
        if len(algebra):
            weights = rng.normal(size=len(algebra)) * (1.5 / np.sqrt(len(algebra)))
            g = g @ expm(_stretched(np.tensordot(weights, algebra, 1)))
        elements.append(g)
    return np.stack([*elements, *discrete]) if len(discrete) else np.stack(elements)


def _stretched(a: Array, boost: float = 1.5) -> Array:
    """A Lie-algebra element with its self-adjoint part lengthened.

    Where boosts are short the elements nearly lie in a maximal compact torus, commute, and separate nothing.
    """
    adjoint = a.conj().T
    return (a - adjoint) / 2 + boost * (a + adjoint) / 2
