"""What the irreps engine reads of a representation: images of generators and of fixed random letters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from intertwine.groups._lie import self_adjoint_basis
from numpy.typing import NDArray
from scipy.linalg import expm

from ._threads import cached_property

Array = NDArray

MAX_CONDITION = 10.0  # of a random word
RANDOM = 4  # elements of each kind


@dataclass(frozen=True)
class Letters:
    """The fixed matrices of a group that representations are read on, (·, d, d).

    They are in a basis in which the group is closed under conjugate transpose.

    Attributes
    ----------
    algebra, signs : arrays
        Orthonormal basis of the Lie algebra, orthogonal for the invariant form Re tr(AB), and its values ±1 there.
    discrete : array
        Discrete generators.
    boosts : array
        Random self-adjoint elements of the Lie algebra.
    words : array
        Random words in the discrete generators times random compact elements, and the generators.  Images of boosts
        and words generate the algebra of matrices that the group spans, and stay well conditioned where those of
        non-compact group elements do not.
    """

    algebra: Array
    signs: Array
    discrete: Array
    boosts: Array
    words: Array


Pick = Callable[["Images"], Array]  # which images: attrgetter("words"), or those of elements at hand


class Images(ABC):
    """A representation as the irreps engine reads it: images of the fixed letters, and of anything else.

    Attributes
    ----------
    dim : int
    letters : Letters
    algebra, discrete, boosts, words : arrays (·, dim, dim)
        Images of the letters.
    """

    dim: int
    letters: Letters
    algebra: Array
    discrete: Array
    boosts: Array
    words: Array

    @abstractmethod
    def rho(self, g: Array) -> Array:
        """Matrices of group elements (s, d, d): (s, dim, dim)."""

    @abstractmethod
    def drho(self, a: Array) -> Array:
        """Matrices of Lie-algebra elements (s, d, d): (s, dim, dim)."""

    def times(self, rows: Array, pick: Pick, derived: bool = False) -> Array:
        """Rows (p, dim) times every picked image: (s, p, dim); ``derived`` where they are of the Lie algebra."""
        return rows @ pick(self)

    @property
    def generic(self) -> Array:
        """Matrices that generate the algebra the group spans, (s, dim, dim)."""
        return np.concatenate([self.boosts, self.words])

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
        self.algebra, self.boosts = drho(letters.algebra), drho(letters.boosts)
        self.discrete, self.words = rho(letters.discrete), rho(letters.words)
        self.dim = int(self.algebra.shape[-1])

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
    def algebra(self) -> Array:  # type: ignore[override]
        """Images of the basis of the Lie algebra."""
        return derived_kron(self.left.algebra, self.right.algebra)

    @property
    def discrete(self) -> Array:  # type: ignore[override]
        """Images of the discrete generators."""
        return kron(self.left.discrete, self.right.discrete)

    @property
    def boosts(self) -> Array:  # type: ignore[override]
        """Images of the boosts."""
        return derived_kron(self.left.boosts, self.right.boosts)

    @property
    def words(self) -> Array:  # type: ignore[override]
        """Images of the words."""
        return kron(self.left.words, self.right.words)

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


_EVALUATED: ContextVar[dict[tuple[int, int, bool], tuple[Array, Array]] | None] = ContextVar("evaluated", default=None)


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
    def algebra(self) -> Array:  # type: ignore[override]
        """Images of the basis of the Lie algebra, (k, dim, dim)."""
        return self._compressed(attrgetter("algebra"), derived=True)

    @cached_property
    def discrete(self) -> Array:  # type: ignore[override]
        """Images of the discrete generators, (m, dim, dim)."""
        return self._compressed(attrgetter("discrete"))

    @cached_property
    def boosts(self) -> Array:  # type: ignore[override]
        """Images of the boosts, (s, dim, dim)."""
        return self._compressed(attrgetter("boosts"), derived=True)

    @cached_property
    def words(self) -> Array:  # type: ignore[override]
        """Images of the words, (s, dim, dim)."""
        return self._compressed(attrgetter("words"))

    def rho(self, g: Array) -> Array:
        """Matrices of group elements, (..., d, d) to (..., dim, dim)."""
        return self._evaluated(g, derived=False)

    def drho(self, a: Array) -> Array:
        """Matrices of Lie-algebra elements, (..., d, d) to (..., dim, dim)."""
        return self._evaluated(a, derived=True)

    def _evaluated(self, matrices: Array, derived: bool) -> Array:
        """Each representation in the ancestry of this one is evaluated once: they can share factors many times over."""
        known = _EVALUATED.get()
        if known is None:
            token = _EVALUATED.set({})
            try:
                return self._evaluated(matrices, derived)
            finally:
                _EVALUATED.reset(token)
        flat = matrices if np.ndim(matrices) == 3 else np.reshape(matrices, (-1, *np.shape(matrices)[-2:]))
        key = id(self), id(flat), derived
        if key not in known:
            pick: Pick = (lambda images: images.drho(flat)) if derived else (lambda images: images.rho(flat))
            known[key] = flat, self._compressed(pick, derived)  # flat is kept, so that its id stays its own
        return known[key][1].reshape(*np.shape(matrices)[:-2], self.dim, self.dim)

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


def letters(closure: Array, discrete: Array) -> Letters:
    """The letters of a group closed under conjugate transpose, up to rounding.

    closure (r, d, d) : a basis of the Lie algebra; discrete (m, d, d) : generators.
    """
    algebra, signs = self_adjoint_basis(closure)
    rng = np.random.default_rng(1618)
    compact, boosts = (_random_elements(algebra[signs == sign], rng) for sign in (-1, 1))
    return Letters(algebra, signs, discrete, boosts, _random_words(compact, discrete, rng))


def _random_elements(basis: Array, rng: np.random.Generator) -> Array:
    """Elements (s, d, d) of the span of orthonormal matrices: projections of fixed ones, so no basis is preferred."""
    if not len(basis):
        return basis
    fixed = rng.normal(size=(RANDOM, *basis.shape[1:]))
    if np.iscomplexobj(basis):
        fixed = fixed + 1j * rng.normal(size=fixed.shape)
    weights = np.einsum("kij,rij->kr", fixed, basis.conj()).real
    weights *= np.sqrt(basis.shape[-1]) / np.linalg.norm(weights, axis=1, keepdims=True)
    return np.tensordot(weights, basis, 1)


def _random_words(compact: Array, discrete: Array, rng: np.random.Generator, length: int = 12) -> Array:
    """Words in the discrete generators times exponentials; letters are left out of words that grow."""
    found = []
    for k in range(max(len(compact), 2 * RANDOM if len(discrete) else 0)):
        g = np.eye(discrete.shape[-1])
        if len(discrete):
            for letter in rng.integers(len(discrete), size=length + int(rng.integers(len(discrete) + 1))):
                longer = g @ discrete[letter]
                g = longer if np.linalg.cond(longer) <= MAX_CONDITION else g
        found.append(g @ expm(compact[k]) if k < len(compact) else g)
    return np.stack([*found, *discrete]) if found else discrete
