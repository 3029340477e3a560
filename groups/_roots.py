"""Root systems of semisimple Lie algebras, their Dynkin types and real forms.

The eigenvalues of a Cartan subalgebra are found in floating point, in a basis where the Killing form is ±1 (there a
compact algebra acts by skew matrices).  What comes out are integers, the Cartan numbers 2(α, β)/(β, β): they
are rounded with a margin, and then checked to be a reduced root system of the right size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._real_forms import names as real_form_names

Array = NDArray[Any]

ROUNDING = 0.05  # a Cartan number is an integer to this, or another element is drawn
SEPARATE = 1e-6  # eigenvalues of ad(h), relative to the largest, that are taken to differ
TRIES = 8
DEGENERATE = 1e-13  # smallest eigenvalue of the Killing form over the largest
SKEWED = "its basis is too skewed: conjugate the group to a better one, group.conjugate(P)"

ALIASES = {("B", 2): ("B2", "C2"), ("A", 3): ("A3", "D3")}


@dataclass(frozen=True)
class Part:
    """A connected component of a Dynkin diagram: a simple ideal over ℂ."""

    letter: str
    rank: int
    simple: tuple[int, ...]  # its nodes

    @property
    def type(self) -> str:
        """Its name, with the other one of the same algebra: "B2 = C2", "A3 = D3"."""
        return " = ".join(ALIASES.get((self.letter, self.rank), (f"{self.letter}{self.rank}",)))


@dataclass(frozen=True, eq=False)
class RootSystem:
    """Roots of a semisimple Lie algebra over ℂ, in whole coordinates, and the names of its real form.

    Parameters
    ----------
    cartan_matrix : (r, r) of int
        2(αᵢ, αⱼ)/(αⱼ, αⱼ) of the simple roots αᵢ.
    roots : (n, r) of int
        Every root as a combination of simple roots.
    parts : tuple of Part
        Connected components of the Dynkin diagram, larger ones first.
    real_forms : tuple of str
        Names of the simple ideals over ℝ.

    Examples
    --------
    >>> from intertwine.groups import SU
    >>> roots = SU(3).lie.roots
    >>> roots.positive.tolist(), roots.real_forms
    ([[0, 1], [1, 0], [1, 1]], ('su(3)',))
    """

    cartan_matrix: Array
    roots: Array
    parts: tuple[Part, ...]
    real_forms: tuple[str, ...]

    @property
    def rank(self) -> int:
        """Number of simple roots."""
        return len(self.cartan_matrix)

    @cached_property
    def positive(self) -> Array:
        """The positive roots."""
        return np.asarray(self.roots[(self.roots >= 0).all(axis=1)])


def root_system(c: Array, seed: int = 0) -> RootSystem:
    """Root system of the semisimple algebra with structure constants c (n, n, n).

    Raises
    ------
    ValueError
        If the algebra is not semisimple, or its basis too skewed to tell the roots apart in floating point.
    """
    n = len(c)
    if not n:
        return RootSystem(np.zeros((0, 0), int), np.zeros((0, 0), int), (), ())
    c, signs = _killing_normal(c)
    rng = np.random.default_rng(seed)
    for _ in range(TRIES):
        found = _Weights.of(c, rng.standard_normal(n))
        numbers = None if found is None else _cartan_numbers(found.values)
        if found is None or numbers is None:
            continue
        simple = _simple(numbers, rng)
        coordinates = _coordinates(numbers, simple)
        if coordinates is None or not _is_closed(numbers, coordinates):
            continue
        matrix = numbers[np.ix_(simple, simple)]
        parts = _parts(matrix, coordinates)
        order = [i for part in parts for i in part.simple]
        places = {i: k for k, i in enumerate(order)}
        parts = tuple(Part(p.letter, p.rank, tuple(places[i] for i in p.simple)) for p in parts)
        coordinates = coordinates[:, order]
        forms = _real_forms(found, coordinates, parts, signs)
        sort = np.lexsort(coordinates.T[::-1])
        return RootSystem(matrix[np.ix_(order, order)], coordinates[sort], parts, forms)
    raise ValueError(f"the roots of an algebra of dimension {n} could not be told apart in floating point: {SKEWED}")


def _killing_normal(c: Array) -> tuple[Array, Array]:
    """Structure constants in a basis where the Killing form is diag(±1), and the signs."""
    for _ in range(2):  # the second time for the digits lost in the first
        w, u = np.linalg.eigh(np.tensordot(c, c, ([1, 2], [2, 1])))
        if np.abs(w).min() <= DEGENERATE * np.abs(w).max():
            raise ValueError(f"the Killing form is degenerate: the algebra is not semisimple, or {SKEWED}")
        size = np.sqrt(np.abs(w))
        c = np.einsum("ai,bj,abc,ck->ijk", u / size, u / size, c, u * size, optimize=True)
    return c, np.sign(w)


@dataclass(frozen=True, eq=False)
class _Weights:
    """A Cartan subalgebra H (r, n), and the roots: values (R, r) on it, root vectors (R, n)."""

    cartan: Array
    values: Array
    vectors: Array

    @classmethod
    def of(cls, c: Array, h: Array) -> _Weights | None:
        """From the eigenvectors of ad h; None where they cannot be told apart."""
        n = len(h)
        ad = np.swapaxes(c, 1, 2)  # ad[i] is the matrix of ad B_i
        w, v = np.linalg.eig(np.tensordot(h, ad, 1))
        order = np.argsort(np.abs(w))
        w, v = w[order], v[:, order]
        scale = np.abs(w[-1])
        rank = int(np.sum(np.abs(w) < SEPARATE * scale))
        if rank == 0 or rank == n or np.abs(w[rank - 1]) > 1e-3 * np.abs(w[rank]):
            return None
        gaps = np.abs(w[rank:, None] - w[None, rank:]) + scale * np.eye(n - rank)
        if gaps.min() < SEPARATE * scale:
            return None
        cartan = np.linalg.svd(np.tensordot(h, ad, 1))[2][n - rank :]
        inverse = np.linalg.pinv(np.concatenate([cartan.T, v[:, rank:]], axis=1))
        acting = np.tensordot(cartan, ad, 1)  # (r, n, n)
        values = np.einsum("ai,rij,ja->ar", inverse[rank:], acting, v[:, rank:], optimize=True)
        return cls(cartan, values, v[:, rank:].T)


def _cartan_numbers(values: Array) -> Array | None:
    """Integers 2(α, β)/(β, β) for all pairs of roots, by the Killing form Σ_α α(x) α(y) on H."""
    gram = values @ np.linalg.solve(values.T @ values, values.T)
    lengths = gram.diagonal()
    if np.abs(lengths).min() < 1e-8:
        return None
    numbers = 2 * gram / lengths[None, :]
    rounded = np.rint(numbers.real)
    return rounded.astype(int) if np.abs(numbers - rounded).max() < ROUNDING else None


def _simple(numbers: Array, rng: np.random.Generator) -> list[int]:
    """Positive roots that are no sum of two: a root α is told from others by its row of Cartan numbers."""
    level = numbers @ rng.standard_normal(len(numbers))
    positive = np.flatnonzero(level > 0)
    sums = {tuple(row) for i, a in enumerate(positive) for row in (numbers[a] + numbers[positive[:i]]).tolist()}
    return [int(a) for a in positive if tuple(numbers[a].tolist()) not in sums]


def _coordinates(numbers: Array, simple: list[int]) -> Array | None:
    """Every root as a whole combination of simple ones, of one sign; None when it is none."""
    found = np.rint(numbers @ np.linalg.pinv(numbers[simple])).astype(int)
    if len(simple) != np.linalg.matrix_rank(numbers) or not np.array_equal(found @ numbers[simple], numbers):
        return None
    return found if np.all((found >= 0).all(axis=1) | (found <= 0).all(axis=1)) else None


def _is_closed(numbers: Array, coordinates: Array) -> bool:
    """Whether reflections β − n(β, α) α permute the roots, and no root is there twice, or its double."""
    known = {tuple(row) for row in coordinates.tolist()}
    doubled = known & {tuple(row) for row in (2 * coordinates).tolist()}
    reflected = coordinates[:, None] - numbers[:, :, None] * coordinates[None]
    images = {tuple(row) for row in reflected.reshape(-1, coordinates.shape[1]).tolist()}
    return len(known) == len(coordinates) and not doubled and images == known


def _parts(matrix: Array, coordinates: Array) -> tuple[Part, ...]:
    left, parts = set(range(len(matrix))), []
    while left:
        nodes = [min(left)]
        for i in nodes:
            nodes += [int(j) for j in np.flatnonzero(matrix[i]) if j not in nodes]
        left -= set(nodes)
        count = int((coordinates[:, nodes] != 0).any(axis=1).sum())
        parts.append((count, Part(_letter(matrix[np.ix_(nodes, nodes)], count), len(nodes), tuple(nodes))))
    return tuple(part for _, part in sorted(parts, key=lambda p: (-p[0], p[1].letter, p[1].simple)))


def _letter(matrix: Array, count: int) -> str:
    """Letter of a connected Cartan matrix, by its rank, the number of roots and the lengths (Bourbaki, Lie VI)."""
    n, bond = len(matrix), int((matrix * matrix.T - 4 * np.eye(len(matrix), dtype=int)).max(initial=0))
    if bond == 3:
        return "G"
    if bond == 2:
        if count == 48 and n == 4:
            return "F"
        i, j = np.argwhere(matrix * matrix.T == 2)[0]
        long, short = (i, j) if abs(matrix[i, j]) == 2 else (j, i)
        ends = [k for k in (long, short) if np.count_nonzero(matrix[k]) <= 2]
        return "B" if n == 2 or short in ends else "C"
    if count == n * (n + 1):
        return "A"
    return "D" if count == 2 * n * (n - 1) else "E"


def _real_forms(found: _Weights, coordinates: Array, parts: tuple[Part, ...], signs: Array) -> tuple[str, ...]:
    """One name per simple ideal over ℝ.

    Complex conjugation permutes the roots and so the parts.  Two that are exchanged make one complex algebra; one
    that stays is told by the signature of the Killing form on it.
    """
    owner = np.array([next(k for k, p in enumerate(parts) if row[list(p.simple)].any()) for row in coordinates])
    gaps = np.abs(found.values.conj()[:, None] - found.values[None]).sum(axis=2)
    partner = owner[np.argmin(gaps, axis=1)]
    names = []
    for k, part in enumerate(parts):
        other = int(partner[np.argmax(owner == k)])
        if other == k:
            names.append(real_form_names(part.letter, part.rank, _character(found, owner == k, part, signs)))
        elif k < other:
            names.append(real_form_names(part.letter, part.rank, None))
    return tuple(names)


def _character(found: _Weights, mine: Array, part: Part, signs: Array) -> int:
    """Positive minus negative squares of the Killing form on an ideal, Σ of signs over an adapted basis."""
    coroots = found.values[mine].conj() @ found.cartan
    spanning = np.concatenate([found.vectors[mine], coroots])
    real = np.concatenate([spanning.real, spanning.imag])
    real = real / np.maximum(np.linalg.norm(real, axis=1, keepdims=True), 1e-300)
    vt = np.linalg.svd(real)[2]
    size = int(mine.sum()) + part.rank
    w = np.linalg.eigvalsh((vt[:size] * signs) @ vt[:size].T)
    return int(np.sign(w).sum())
