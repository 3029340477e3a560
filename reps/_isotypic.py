"""Isotypic decomposition of a matrix *-algebra from one eigendecomposition.

Let a group closed under conjugate transpose act on kⁿ (k = ℝ or ℂ).  The algebra 𝒜 its matrices span is
a *-algebra, so kⁿ is an orthogonal sum ⊕ m_σ σ of irreducibles, and End(σ) = K is ℝ, ℂ or ℍ (Frobenius).
Take a generic self-adjoint X ∈ 𝒜.  On m copies of σ every eigenspace of X is K ⊗ kᵐ, and no eigenvalue is
shared by two different irreducibles.  A second generic Y ∈ 𝒜 joins two eigenspaces exactly when they belong
to the same σ.  Hence

* connected components of the block pattern of Y in the eigenbasis of X are the isotypic components,
* Y restricted to a pair of eigenspaces is |y| times an isometry: it transports a frame of the first
  eigenspace to all others, which aligns *all* copies of σ at once,
* the corner e Y e of the first eigenspace is the division algebra K itself, which names the type.

This proves irreducibility and not only suggests it: a submodule meets some eigenspace, is transported to
the first, and K acts irreducibly on a K-line there.  It is the idea of the meat-axe (R. A. Parker, 1984),
sharpened by self-adjointness.  A draw in which two eigenvalues come too close is reported, never used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._errors import DecompositionError

Array = NDArray

GAP = 1e-7  # eigenvalues nearer than this (relative to the largest) make a draw unusable
NOISE = 1e-10  # eigenvalues within this are one cluster; between the two nothing is decided
LINK = 1e-6  # a block of Y above this (relative to ‖Y‖) joins two eigenspaces
APART = 1e-8  # and one below this does not; between the two nothing is decided


@dataclass(frozen=True)
class Component:
    """m aligned copies of one irreducible: copies[i] ρ(g) copies[i]* is the same matrix for all i."""

    copies: Array  # (m, d, n), all rows orthonormal
    spectrum: Array  # (d / K,) eigenvalues of X on the irreducible
    end: Array  # (K, d, d) basis of End(σ): the identity first, then anticommuting complex structures

    @property
    def dim(self) -> int:
        """Dimension d of the irreducible."""
        return int(self.copies.shape[1])


class Words:
    """Four generic elements w = L + M N of the algebra, L, M, N combinations of the given elements.

    The coefficients depend on the draw and the number of elements only, so the same *abstract* element is
    evaluated in every representation and its spectrum identifies an irreducible.

    elements : (s, n, n) generators of the algebra.
    """

    def __init__(self, elements: Array, draw: int) -> None:
        s, n, _ = elements.shape
        rng = np.random.default_rng([2718, draw])
        coefficients = rng.normal(size=(4, 3, s + 1)) / np.sqrt(s + 1)
        if np.iscomplexobj(elements):
            coefficients = coefficients + 1j * rng.normal(size=coefficients.shape) / np.sqrt(s + 1)
        linear = coefficients[..., :s].reshape(12, s) @ elements.reshape(s, n * n)
        self.linear = linear.reshape(4, 3, n, n)
        self.linear[..., range(n), range(n)] += coefficients[..., s, None]
        self.scale = float(np.linalg.norm(self.linear[2]) / np.sqrt(n))

    def self_adjoint(self, i: int) -> Array:
        """w + w* of the i-th element."""
        first, left, right = self.linear[i]
        word = first + left @ right
        return np.asarray(word + word.conj().T)

    def corner(self, i: int, frame: Array) -> Array:
        """frame* w frame, and w is never formed."""
        first, left, right = self.linear[i]
        return np.asarray(frame.conj().T @ first @ frame + (frame.conj().T @ left) @ (right @ frame))


def isotypic(elements: Array, draw: int = 0) -> list[Component]:
    """Decompose the space on which ``elements`` act into aligned irreducibles.

    Parameters
    ----------
    elements : (s, n, n) array
        Matrices that generate the algebra, which must be closed under conjugate transpose.
    draw : int
        Which pseudo-random algebra elements to use.

    Returns
    -------
    list of Component
        Ordered by dimension, then spectrum; Σ m·d = n.

    Raises
    ------
    DecompositionError
        The draw has eigenvalues that cannot be told apart; take another.
    """
    words = Words(elements, draw)
    values, vectors = np.linalg.eigh(words.self_adjoint(0))
    starts = _clusters(values)
    linked = vectors.conj().T @ words.self_adjoint(1) @ vectors
    norms = _block_norms(linked, starts)
    components = []
    for tree in _spanning_trees(norms, starts):
        members = sorted(tree)
        size = starts[members[0] + 1] - starts[members[0]]
        frames = [vectors[:, starts[a] : starts[a + 1]] for a in members]
        transports = _transports(linked, starts, tree)
        units = _division_algebra(frames[0], words)
        lines, signs = _lines(frames[0], units, draw)  # (m, K, size)
        moved = np.stack([f @ t for f, t in zip(frames, transports)])  # (s, n, size)
        copies = np.einsum("anc,ikc->iakn", moved, lines).conj()  # (m, s, K, n)
        m, s, k, n = copies.shape
        if m * k != size:
            raise DecompositionError(f"an eigenspace of dimension {size} is not a multiple of {k}")
        end = np.einsum("ab,rkl->rakbl", np.eye(s), signs).reshape(k, s * k, s * k)
        spectrum = np.array([values[starts[a] : starts[a + 1]].mean() for a in members])
        components.append(Component(copies.reshape(m, s * k, n), spectrum, end.astype(elements.dtype)))
    return sorted(components, key=lambda c: (c.dim, tuple(np.round(c.spectrum, 7))))


def irreducible(generators: Array, draw: int) -> Component:
    """The one component of an irreducible representation; DecompositionError where it is seen to have others."""
    components = isotypic(generators, draw)
    if len(components) != 1 or len(components[0].copies) != 1:
        raise DecompositionError("what was taken for an irrep splits in another draw")
    return components[0]


def _clusters(values: Array) -> list[int]:
    """Start indices of the runs of equal eigenvalues, closed by n."""
    scale = np.abs(values).max()
    gaps = np.diff(values) / scale
    doubtful = (gaps > NOISE) & (gaps < GAP)
    if doubtful.any():
        raise DecompositionError(f"eigenvalues only {gaps[doubtful].min():.1e} apart (relative)")
    return [0, *(np.flatnonzero(gaps >= GAP) + 1).tolist(), len(values)]


def _spanning_trees(norms: Array, starts: list[int]) -> list[dict[int, int]]:
    """Components of the eigenspaces under strong links, each as a tree of its strongest ones (Prim).

    A tree is {eigenspace: parent} in the order found; its root, the lowest eigenvalue, is its own parent.
    """
    scale = np.linalg.norm(norms)
    sizes = np.diff(starts)
    labels = np.full(len(norms), -1)
    trees: list[dict[int, int]] = []
    for root in range(len(norms)):
        if labels[root] >= 0:
            continue
        tree, found = {root: root}, root
        strength, parents = np.full(len(norms), -1.0), np.full(len(norms), root)
        while True:
            labels[found] = len(trees)
            better = norms[found] > strength
            strength[better], parents[better] = norms[found][better], found
            found = int(np.argmax(np.where(labels < 0, strength, -1.0)))
            if labels[found] >= 0 or strength[found] <= LINK * scale:
                break
            tree[found] = int(parents[found])
        if len({int(sizes[a]) for a in tree}) > 1:
            raise DecompositionError("two different irreducibles share an eigenvalue")
        trees.append(tree)
    between = float(norms[labels[:, None] != labels].max(initial=0.0))
    if between > APART * scale:
        raise DecompositionError(f"parts joined by no more than {between / scale:.1e} of a generic element")
    return trees


def _block_norms(linked: Array, starts: list[int]) -> Array:
    squares = np.abs(linked) ** 2
    rows = np.add.reduceat(squares, starts[:-1], axis=0)
    return np.sqrt(np.add.reduceat(rows, starts[:-1], axis=1))


def _transports(linked: Array, starts: list[int], tree: dict[int, int]) -> list[Array]:
    """Isometries from the first eigenspace of a tree to each of them, in ascending order."""
    maps: dict[int, Array] = {}
    for a, b in tree.items():
        block = linked[starts[a] : starts[a + 1], starts[b] : starts[b + 1]]
        size = len(block)
        scaled = block * (np.sqrt(size) / np.linalg.norm(block))
        maps[a] = np.eye(size, dtype=linked.dtype) if a == b else scaled @ maps[b]
    return [_polar(maps[a]) for a in sorted(maps)]


def _polar(matrix: Array) -> Array:
    if matrix.shape == (1, 1):
        return matrix / np.abs(matrix)
    u, _, vh = np.linalg.svd(matrix)
    return u @ vh


def _division_algebra(frame: Array, words: Words) -> list[Array]:
    """Complex structures by which K acts on the first eigenspace: none (ℝ), one (ℂ) or three (ℍ)."""
    size = frame.shape[1]
    if np.iscomplexobj(frame) or size == 1:
        return []
    skew = [(c - c.T) / 2 for c in (words.corner(2, frame), words.corner(3, frame))]
    norms = [np.linalg.norm(c) / np.sqrt(size) for c in skew]
    if _vanishes(max(norms) / words.scale):
        return []
    j = skew[0] / norms[0]
    rest = skew[1] - (np.sum(skew[1] * j) / size) * j
    if _vanishes(np.linalg.norm(rest) / np.sqrt(size) / words.scale):
        units = [j]
    else:
        k = rest / (np.linalg.norm(rest) / np.sqrt(size))
        units = [j, k, j @ k]
    if any(np.abs(u @ u + np.eye(size)).max() > 1e-6 for u in units):
        raise DecompositionError("a corner of the algebra is not a division algebra")
    return units


def _vanishes(size: float) -> bool:
    """Whether a relative size is zero; DecompositionError where that is doubtful."""
    if APART < size < LINK:
        raise DecompositionError(f"a complex structure of relative size {size:.1e}")
    return bool(size <= APART)


def _lines(frame: Array, units: list[Array], draw: int) -> tuple[Array, Array]:
    """Canonical orthogonal K-lines of the first eigenspace, and right multiplication on one line.

    A fixed matrix Z is projected on the eigenspace, so the choice does not depend on LAPACK's.
    Returns (m, K, size) coordinates and (K, K, K) matrices.
    """
    n, size = frame.shape
    z = frame.conj().T @ np.random.default_rng([3141, draw]).normal(size=(n, size))
    if not units:
        return _polar(z).T[:, None, :], np.ones((1, 1, 1))
    k = len(units) + 1
    basis: list[Array] = []
    for column in range(size):
        rest = z[:, column]
        for _ in range(2):
            for known in basis:
                rest = rest - known * (known @ rest)
        if len(basis) < size:
            rest = rest / np.linalg.norm(rest)
            basis += [rest, *(u @ rest for u in units)]
    lines = np.stack(basis).reshape(size // k, k, size)
    # right multiplication: units act from the left, J_k J_l v = ± J_{kl} v
    first = lines[0]
    left = [np.eye(size), *units]
    right = np.stack([np.stack([first @ (a @ (b @ first[0])) for a in left], axis=1) for b in left])
    return lines, np.round(right)
