"""Independent counts of dim Hom: by characters, by weights, by elimination modulo a prime.

None of them solves for a basis, and none shares code with the methods that do (elimination counts for the
others and is not asked about itself).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._elements import discrete_elements
from ._powers import Power
from ._tensor import Conj, Dual, Product, Scalar_, Sum
from ._weights import by_weights

if TYPE_CHECKING:
    from ._node import Rep

Array = NDArray[Any]
ORDER = 20_000  # finite groups up to this order are enumerated
FEW = 200  # or up to this one, where the rank is proved already
UNKNOWNS = 4096  # and Hom spaces up to this size eliminated
_FILLED = 2**16  # entries of a generator's constraint, above which elimination costs more than solving
_SIDE = 1024  # largest dimension for characters


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
        found = by_characters(rep_in, rep_out, FEW if certain else ORDER)
        if found is not None:
            return found, "characters"
    if len(group.algebra):
        found = by_weights(rep_in, rep_out)
        if found is not None:
            return found, "weights"
    if small and not certain and rep_in.dim * rep_out.dim <= UNKNOWNS:
        found = by_elimination(rep_in, rep_out, rank)
        if found is not None:
            return found, "elimination mod p"
    return None


# -- characters of finite groups


def by_characters(rep_in: Rep, rep_out: Rep, limit: int = ORDER) -> int | None:
    """(1/|G|) Σ χ_out(g) χ_in(g⁻¹), for a finite group of order up to the limit."""
    group = rep_in._require_group()
    g = discrete_elements(group, limit)
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
