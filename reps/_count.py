"""Independent counts of dim Hom: by characters, by weights, by elimination modulo a prime.

None of them solves for a basis, and none shares code with the methods that do (elimination counts for the
others and is not asked about itself).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._custom import Custom
from ._powers import Power
from ._tensor import Conj, Dual, Product, Scalar_, Sum

if TYPE_CHECKING:
    from ..groups import Group
    from ._node import Rep

Array = NDArray[Any]
ORDER = 20_000  # finite groups up to this order are enumerated
UNKNOWNS = 4096  # and Hom spaces up to this size eliminated
_DEPTH = 2_000  # longest word tried, so that an irrational turn is given up early
_FILLED = 2**16  # entries of a generator's constraint, above which elimination costs more than solving
_EQUAL = 1e-10  # weights this near, relative to the generic element, are equal
_DISTINCT = 1e-6  # and this far apart, distinct
_SIDE = 1024  # largest dimension for characters, and of a leaf for weights
_TERMS = 2**24  # terms of a product of formal characters


def count(rep_in: Rep, rep_out: Rep, rank: int, certain: bool = False) -> tuple[int, str] | None:
    """Dimension of Hom(rep_in, rep_out), and what counted it; None when no count applies.

    Parameters
    ----------
    rep_in, rep_out : Rep
        Bound to the same group.
    rank : int
        How many maps have been found; elimination stops as soon as it leaves no more.
    certain : bool
        The rank is proved already, so only a cheap count is worth making.
    """
    group = rep_in._require_group()
    small = max(rep_in.dim, rep_out.dim) <= _SIDE
    if small and not len(group.algebra):
        found = by_characters(rep_in, rep_out, 1_000 if certain else ORDER)
        if found is not None:
            return found, "characters"
    if len(group.algebra) and not len(group.discrete):
        found = by_weights(rep_in, rep_out)
        if found is not None:
            return found, "weights"
    if small and not certain and rep_in.dim * rep_out.dim <= UNKNOWNS:
        found = by_elimination(rep_in, rep_out, rank)
        if found is not None:
            return found, "elimination mod p"
    return None


# -- characters of finite groups


@lru_cache(maxsize=64)
def elements(group: Group, limit: int) -> Array | None:
    """All elements (order, d, d) of a finite group, breadth first, in a basis where they are orthogonal (unitary).

    None beyond the limit, or where no such basis is found.
    """
    basis = group.balancing
    if basis is None:
        return None
    generators = basis @ group.discrete_generators @ np.linalg.inv(basis)
    if not len(generators):
        return np.eye(group.d)[None]
    seen = {_digits(np.eye(group.d, dtype=generators.dtype)[None])[0]}
    layers = [np.eye(group.d, dtype=generators.dtype)[None]]
    total = 1
    while len(layers[-1]):
        products = (layers[-1][:, None] @ generators).reshape(-1, group.d, group.d)
        fresh = []
        for i, digits in enumerate(_digits(products)):
            if digits not in seen:
                seen.add(digits)
                fresh.append(i)
        layers.append(products[fresh])
        total += len(fresh)
        if total > limit or len(layers) > _DEPTH or not np.abs(products).max() < 1e3:
            return None
    return np.concatenate(layers)


def _digits(matrices: Array) -> list[bytes]:
    """Hashable rounded content; adding 0 turns −0 into 0."""
    scaled = np.round(matrices.reshape(len(matrices), -1) * 2.0**20) + 0
    return [row.tobytes() for row in scaled]


def by_characters(rep_in: Rep, rep_out: Rep, limit: int = ORDER) -> int | None:
    """(1/|G|) Σ χ_out(g) χ_in(g⁻¹), for a finite group of order up to the limit."""
    group = rep_in._require_group()
    g = elements(group, limit)
    if g is None or _unstructured(rep_in, len(g)) or _unstructured(rep_out, len(g)):
        return None
    basis = group.balancing
    if basis is not None and not (rep_in.is_functorial and rep_out.is_functorial):
        g = np.linalg.inv(basis) @ g @ basis
    mean = complex((character(rep_out, g) * character(rep_in.dual, g)).mean())
    rank = round(mean.real)
    return rank if abs(mean - rank) < 1e-3 else None


def _unstructured(rep: Rep, order: int) -> bool:
    """Whether characters would need matrices of every element that no structure gives, and these are large."""
    if rep.is_functorial:
        return False
    if isinstance(rep, Product | Sum | Dual | Conj | Power):
        return any(_unstructured(child, order) for child in rep._children())
    return rep._character_cost() * order > 2**24


def character(rep: Rep, g: Array) -> Array:
    """χ(g) for a batch of elements (b, d, d), by the structure of the expression.

    Symmetric and alternating powers follow Newton's identities,
    k h_k = Σ_j h_{k−j} p_j and k e_k = Σ_j (−1)^(j−1) e_{k−j} p_j with p_j = χ(g^j).
    """
    if isinstance(rep, Scalar_):
        return np.ones(len(g))
    if isinstance(rep, Product):
        return character(rep.left, g) * character(rep.right, g)
    if isinstance(rep, Sum):
        return sum((n * character(term, g) for n, term in rep.terms), np.zeros(len(g)))
    if isinstance(rep, Conj):
        return np.conj(character(rep.base, g))
    if isinstance(rep, Dual):
        return character(rep.base, np.linalg.inv(g))
    if isinstance(rep, Power):
        return _power_character(rep, g)
    return rep._character(g)


def _power_character(rep: Power, g: Array) -> Array:
    sign = 1 if rep.sign > 0 else -1
    powers, power = [], g
    for _ in range(rep.k):
        powers.append(character(rep.base, power))
        power = power @ g
    h = [np.ones(len(g), np.complex128)]
    for k in range(1, rep.k + 1):
        h.append(sum(sign ** (j - 1) * h[k - j] * powers[j - 1] for j in range(1, k + 1)) / k)
    return h[rep.k]


# -- weights of connected reductive Lie groups --


@lru_cache(maxsize=64)
def _generic(group: Group) -> tuple[Array, Array] | None:
    """A generic element of the Lie algebra and its roots; None where it is not known to be reductive.

    The element lies in one Cartan subalgebra (its centraliser), and all weights are read off as its
    eigenvalues.
    """
    if group.balancing is None:
        return None
    basis = group.closure
    X = np.tensordot(np.random.default_rng(1).standard_normal(len(basis)), basis, 1)
    brackets = X @ basis - basis @ X  # (dim g, d, d)
    real = np.concatenate([basis.reshape(len(basis), -1).real, basis.reshape(len(basis), -1).imag], axis=1)
    image = np.concatenate([brackets.reshape(len(basis), -1).real, brackets.reshape(len(basis), -1).imag], axis=1)
    adjoint = np.linalg.lstsq(real.T, image.T, rcond=None)[0]
    return X, np.linalg.eigvals(adjoint)


def weights(rep: Rep, X: Array, c: complex, scale: float) -> _Formal | None:
    """The formal character Σ e^λ of a representation, by the structure of the expression.

    Weights λ are labelled by Re(c λ(X)): eigenvalues of dρ(X), with multiplicity.  None where two labels are
    neither equal nor distinct.
    """
    if isinstance(rep, Scalar_):
        return _Formal(np.zeros(1), np.ones(1, np.int64))
    if isinstance(rep, Product):
        left, right = weights(rep.left, X, c, scale), weights(rep.right, X, c, scale)
        if left is None or right is None or len(left.at) * len(right.at) > _TERMS:
            return None
        return left.times(right, scale)
    if isinstance(rep, Sum):
        total: _Formal | None = _Formal(np.zeros(0), np.zeros(0, np.int64))
        for n, term in rep.terms:
            part = weights(term, X, c, scale)
            total = None if part is None or total is None else total.plus(part, n, scale)
        return total
    if isinstance(rep, Dual):
        base = weights(rep.base, X, c, scale)
        return None if base is None else _Formal(-base.at[::-1], base.n[::-1])
    if isinstance(rep, Conj):
        return weights(rep.base, X, c.conjugate(), scale)  # Re(c conj(λ)) = Re(conj(c) λ)
    return None if rep.dim > _SIDE else _Formal.of((c * np.linalg.eigvals(rep.drho(X))).real, scale)


def by_weights(rep_in: Rep, rep_out: Rep) -> int | None:
    """Multiplicity of the trivial representation in rep_out ⊗ rep_in*, from the Weyl character formula.

    For a connected reductive group it is the constant term of ch(rep_out ⊗ rep_in*) Π_{α>0} (1 − e^α).
    Weights are labelled by the real number Re(c λ(X)), X generic in a Cartan subalgebra, c a generic complex
    number.

    References
    ----------
    Fulton, Harris (1991), Representation Theory, §24.1.
    """
    group = rep_in._require_group()
    if any(_has_custom(rep) for rep in (rep_in, rep_out)):
        return None
    generic = _generic(group)
    if generic is None:
        return None
    X, roots = generic
    c = complex(np.exp(0.7j))
    labels = (c * roots).real
    scale = max(np.abs(labels).max(initial=0), np.abs(X).max(), 1e-300)
    terms = _Formal(np.zeros(1), np.ones(1, np.int64))
    for alpha in labels[labels > 1e-6 * scale]:
        merged = terms.times(_Formal(np.array([0.0, alpha]), np.array([1, -1])), scale)
        if merged is None or len(merged.at) > 20_000:
            return None
        terms = merged
    left, right = weights(rep_out, X, c, scale), weights(rep_in, X, c, scale)
    if left is None or right is None or len(left.at) * len(terms.at) > _TERMS:
        return None
    shifted = left.times(terms, scale)
    return None if shifted is None else shifted.inner(right, scale)


def _has_custom(rep: Rep) -> bool:
    return isinstance(rep, Custom) or any(_has_custom(child) for child in rep._children())


class _Formal:
    """A formal sum Σ n_i e^(at_i), exponents sorted and distinct."""

    def __init__(self, at: Array, n: Array) -> None:
        self.at, self.n = at, n

    @classmethod
    def of(cls, at: Array, scale: float, n: Array | None = None) -> _Formal | None:
        """Merge equal exponents; None when two are neither equal nor distinct."""
        n = np.ones(len(at), np.int64) if n is None else n
        order = np.argsort(at, kind="stable")
        at, n = at[order], n[order]
        steps = np.diff(at)
        new = steps > _EQUAL * scale
        if np.any(new & (steps < _DISTINCT * scale)):
            return None
        starts = np.concatenate([[0], np.flatnonzero(new) + 1]) if len(at) else np.zeros(0, int)
        n = np.add.reduceat(n, starts) if len(at) else n
        keep = n != 0
        return cls(at[starts][keep], n[keep])

    def plus(self, other: _Formal, copies: int, scale: float) -> _Formal | None:
        """The sum with some copies of another."""
        at, n = np.concatenate([self.at, other.at]), np.concatenate([self.n, copies * other.n])
        return _Formal.of(at, scale, n)

    def times(self, other: _Formal, scale: float) -> _Formal | None:
        """The product, exponents added."""
        at = np.add.outer(self.at, other.at).ravel()
        return _Formal.of(at, scale, np.multiply.outer(self.n, other.n).ravel())

    def inner(self, other: _Formal, scale: float) -> int | None:
        """Σ n_i m_j over equal exponents; None when two are neither equal nor distinct."""
        if not len(self.at) or not len(other.at):
            return 0
        after = np.clip(np.searchsorted(self.at, other.at), 1, max(len(self.at) - 1, 1))
        total = 0
        for offset in (1, 0) if len(self.at) > 1 else (1,):
            at = self.at[after - offset]
            apart = np.abs(at - other.at)
            near = apart < 2 * _EQUAL * scale  # runs of equal exponents are known by their first
            if np.any(~near & (apart < _DISTINCT * scale)):
                return None
            total += int((self.n[after - offset] * other.n)[near].sum())
        return total


# -- elimination


def by_elimination(rep_in: Rep, rep_out: Rep, rank: int = 0) -> int | None:
    """Nullity of the constraint modulo 2³¹ − 1, an upper bound that a solved basis must reach.

    (rank mod p ≤ rank over ℚ, so no equivariant map can be missing when the two agree: some of the generators may
    already show it.)
    """
    from .solve.finite_field import PRIMES
    from .solve.modular import sequential_nullspace_mod
    from .solve.rational import rational_constraints

    constraints = rational_constraints(rep_in, rep_out)
    first = None if constraints is None else next(iter(constraints()), None)
    if constraints is None or (first is not None and first.nnz > _FILLED):
        return None
    free, _ = sequential_nullspace_mod(constraints, rep_in.dim * rep_out.dim, PRIMES[0], rank)
    return len(free)
