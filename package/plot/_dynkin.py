"""Weights of a representation, in whole numbers: Dynkin labels and multiplicities.

In a Cartan subalgebra H of the semisimple part, with simple roots αᵢ and their coroots αᵢ^∨ in H, the label of a
weight λ is the row of whole numbers λ(αᵢ^∨).  Characters are put together along the expression: weights add up in a
tensor product, are united in a sum, negated in a dual.  On a leaf, a generic element of H has the weight spaces as its
eigenspaces.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from intertwine.groups import _lie
from intertwine.groups._roots import ROUNDING, TRIES, _cartan_numbers, _coordinates, _parts, _simple, _Weights
from intertwine.reps._powers import Power
from intertwine.reps._tensor import Dual, Product, Scalar_, Sum
from numpy.typing import NDArray

if TYPE_CHECKING:
    from intertwine.groups import Group
    from intertwine.reps import Rep

Array = NDArray[Any]
Character = tuple[Array, Array]  # distinct labels (n, r), and how often each occurs (n,)

BUILT = (Scalar_, Product, Sum, Dual, Power)  # the character follows from those of the parts
LEAF = 2_000  # dimension of the largest leaf whose weights are found, an eigenproblem
TERMS = 2**24  # pairs of weights of a product
LARGEST = 2**60  # multiplicities are 64-bit integers


class Weights(NamedTuple):
    """The weights of a representation.

    Attributes
    ----------
    cartan_matrix : (r, r) of int
        2(αᵢ, αⱼ)/(αⱼ, αⱼ) of the simple roots.
    labels : (n, r) of int
        λ(αᵢ^∨) = 2(λ, αᵢ)/(αᵢ, αᵢ) of every weight λ.
    multiplicities : (n,) of int
        Dimensions of the weight spaces.
    """

    cartan_matrix: Array
    labels: Array
    multiplicities: Array


def dynkin_weights(rep: Rep) -> Weights:
    """Weights of a representation of a reductive group with respect to its semisimple part.

    Raises
    ------
    ValueError
        If the group is not known to be reductive, its semisimple part is 0, or weights could not be told apart; for a
        representation too large, and leaves of dimension above 2,000.

    Examples
    --------
    >>> from intertwine.groups import SU
    >>> from intertwine.reps import Adjoint
    >>> weights = dynkin_weights(Adjoint(SU(3)))
    >>> len(weights.labels), weights.multiplicities.max().item()
    (7, 2)
    """
    group = rep._require_group()
    basis = _semisimple(group)
    if rep.dim > LARGEST:
        raise ValueError(f"{rep!r} has dimension {rep.dim}: weights are counted in 64-bit integers, up to {LARGEST}")
    rng = np.random.default_rng(0)
    for _ in range(TRIES):
        found = _coroots(basis, rng)
        character = None if found is None else _Characters(basis, found[1], rng).of(rep)
        if found is not None and character is not None:
            return Weights(found[0], *character)
    raise ValueError(f"the weights of {rep!r} of {group.name} could not be told apart in floating point")


class _Characters:
    """Characters of representations, given the coroots (r, n) in a basis (n, d, d) of the algebra."""

    def __init__(self, basis: Array, coroots: Array, rng: np.random.Generator) -> None:
        self.basis, self.coroots, self.rng = basis, coroots, rng
        self.known: dict[Rep, Character | None] = {}

    def of(self, rep: Rep) -> Character | None:
        """The character; None where the weights of a leaf are no whole numbers."""
        if rep not in self.known:
            self.known[rep] = self._built(rep) if isinstance(rep, BUILT) else self._leaf(rep)
        return self.known[rep]

    def _built(self, rep: Rep) -> Character | None:
        found, rank = [self.of(child) for child in rep._children()], len(self.coroots)
        parts = [part for part in found if part is not None]
        if len(parts) < len(found):
            return None
        if isinstance(rep, Scalar_):
            return _one(rank)
        if isinstance(rep, Product):
            return _times(parts[0], parts[1])
        if isinstance(rep, Sum):
            return _plus([(n, part) for (n, _), part in zip(rep.terms, parts, strict=True)], rank)
        if isinstance(rep, Dual):
            return _merged(-parts[0][0], parts[0][1])
        assert isinstance(rep, Power)
        return _power(parts[0], rep.k, rep.sign, rank)

    def _leaf(self, rep: Rep) -> Character | None:
        if rep.dim > LEAF:
            raise ValueError(
                f"{rep!r} has dimension {rep.dim}: weights are found up to {LEAF}, and beyond for sums, tensor "
                "products and powers of smaller representations"
            )
        labels = _labels(np.tensordot(self.coroots, rep.drho(self.basis), 1), self.rng)
        return None if labels is None else _merged(labels, np.ones(len(labels), np.int64))


def _merged(labels: Array, counts: Array) -> Character:
    distinct, place = np.unique(labels, axis=0, return_inverse=True)
    total = np.zeros(len(distinct), np.int64)
    np.add.at(total, place.ravel(), counts)
    return distinct[total != 0], total[total != 0]


def _one(rank: int) -> Character:
    return np.zeros((1, rank), int), np.ones(1, np.int64)


def _times(left: Character, right: Character) -> Character:
    """Every weight of one with every weight of the other."""
    (a, m), (b, n) = left, right
    if len(a) * len(b) > TERMS:
        raise ValueError(f"{len(a)} x {len(b)} weights of a tensor product are too many (limit {TERMS})")
    return _merged((a[:, None] + b[None]).reshape(len(a) * len(b), -1), np.outer(m, n).ravel())


def _plus(terms: list[tuple[int, Character]], rank: int) -> Character:
    labels = [np.zeros((0, rank), int), *(part[0] for _, part in terms)]
    counts = [np.zeros(0, np.int64), *(n * part[1] for n, part in terms)]
    return _merged(np.concatenate(labels), np.concatenate(counts))


def _power(base: Character, k: int, sign: int, rank: int) -> Character:
    """Symmetric or alternating powers h by Newton's identities: j h_j = Σ_i (±1)^(i−1) p_i h_(j−i).

    The power sum p_i has the weights i λ.
    """
    powers, d = [_one(rank)], int(base[1].sum())
    if k * max(comb(d + j - 1, j) if sign > 0 else comb(d, j) for j in range(k + 1)) > LARGEST:
        raise ValueError(f"the weights of power {k} of dimension {d} are too many to count in 64-bit integers")
    for j in range(1, k + 1):
        terms = [(sign ** (i - 1), _times((i * base[0], base[1]), powers[j - i])) for i in range(1, j + 1)]
        labels, counts = _plus(terms, rank)
        powers.append((labels, counts // j))
    return powers[k]


def _semisimple(group: Group) -> Array:
    """Orthonormal basis of [L, L], which is semisimple where the group is reductive."""
    if not group.is_reductive:
        raise ValueError(f"{group.name} is not known to be reductive, so its representations need not have weights")
    closed = group.closure
    brackets = _lie.bracket(closed[:, None], closed[None]).reshape(-1, *closed.shape[1:])
    basis = _lie.as_matrices(_lie.orthonormal(_lie.as_real(brackets)), closed) if len(closed) else closed
    if not len(basis):
        raise ValueError(f"{group.name} has no semisimple part, and so no roots or weights")
    return basis


def _coroots(basis: Array, rng: np.random.Generator) -> tuple[Array, Array] | None:
    """Cartan matrix (r, r) and the coroots (r, n) of the simple roots in a basis of the algebra."""
    c = _lie.structure_constants(basis)
    found = _Weights.of(c, rng.standard_normal(len(c)))
    numbers = None if found is None else _cartan_numbers(found.values)
    if found is None or numbers is None:
        return None
    simple = _simple(numbers, np.random.default_rng(0))
    coordinates = _coordinates(numbers, simple)
    if coordinates is None:
        return None
    order = [i for part in _parts(numbers[np.ix_(simple, simple)], coordinates) for i in part.simple]
    simple = [simple[i] for i in order]
    dual = np.linalg.solve(found.values.T @ found.values, found.values[simple].T).T  # t_α by the Killing form on H
    lengths = np.einsum("ij,ij->i", dual, found.values[simple])
    return numbers[np.ix_(simple, simple)], (2 * dual / lengths[:, None]) @ found.cartan


def _labels(coroots: Array, rng: np.random.Generator) -> Array | None:
    """Eigenvalues (dim, r) of the commuting matrices (r, dim, dim), whole numbers; None where they are none."""
    _, v = np.linalg.eig(np.tensordot(rng.standard_normal(len(coroots)), coroots, 1))
    if not np.linalg.cond(v) < 1e8:
        return None
    inside = np.linalg.solve(v, coroots @ v)  # (r, dim, dim)
    values = np.diagonal(inside, axis1=1, axis2=2)
    labels = np.rint(values.real)
    if np.abs(values - labels).max(initial=0) > ROUNDING:
        return None
    return labels.T.astype(int)
