"""Independent counts of dim Hom: by characters, by weights, by elimination modulo a prime.

None of them solves for a basis, and none shares code with the methods that do (elimination counts for the
others and is not asked about itself).
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from intertwine.groups._finite import contains_alternating, has_odd
from numpy.typing import NDArray

from ._elements import discrete_elements
from ._powers import Power
from ._tensor import V_, Conj, Dual, Product, Scalar_, Sum
from ._weights import by_weights

if TYPE_CHECKING:
    from ._node import Rep

Array = NDArray[Any]
ORDER = 20_000  # finite groups up to this order are enumerated
FEW = 200  # or up to this one, where the rank is proved already
MANY = 50_000  # or up to this one, where nothing else can count
INEXACT = 2**40  # floating-point characters above this are no longer known to the nearest integer
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


def by_theory(rep_in: Rep, rep_out: Rep) -> int | None:
    """Dimension of Hom(rep_in, rep_out) of any size, nothing of which is formed; None when no theory applies.

    Weights of Lie groups, patterns of equal indices of Alt(d) and Sym(d), characters of finite groups or, where these
    are not rational, multiplicities of irreps.
    """
    group = rep_in._require_group()
    if len(group.algebra):
        return by_weights(rep_in, rep_out)
    found = by_patterns(rep_in, rep_out)
    if found is None and discrete_elements(group, MANY) is not None:
        found = by_characters(rep_in, rep_out, MANY)
        found = by_irreps(rep_in, rep_out) if found is None else found
    return found


def by_irreps(rep_in: Rep, rep_out: Rep) -> int | None:
    """Σ m_out m_in dim End over the irreps that occur on both sides (Schur), by the steps of the tensor products."""
    from ._frame import frame
    from ._irrep import Irrep

    found = [dict(frame(rep).atoms) for rep in (rep_in, rep_out)]
    if not all(isinstance(atom, Irrep) for atoms in found for atom in atoms):
        return None
    return sum(m * found[1].get(atom, 0) * len(atom.end) for atom, m in found[0].items())


def by_patterns(rep_in: Rep, rep_out: Rep) -> int | None:
    """Orbits of Alt(d) or Sym(d) on the coordinates of sums of tensor powers of V.

    The orbits of Sym(d) on k-tuples are the set partitions of {1, …, k} into at most d parts; under Alt(d) those into
    d − 1 or d parts fall in two.
    """
    group = rep_in._require_group()
    degrees = _degrees(rep_in * rep_out)
    if degrees is None or not group.is_permutation or len(group.factors) > 1 or not contains_alternating(group):
        return None
    odd = has_odd(group)
    most = max(degrees, default=0)
    partitions, total = [1], degrees.get(0, 0)  # of k things into j parts
    for k in range(1, most + 1):
        partitions = [j * b + a for j, a, b in zip(range(k + 1), [0, *partitions], [*partitions, 0])]
        orbits = sum(n if odd or j < group.d - 1 else 2 * n for j, n in enumerate(partitions[: group.d + 1]))
        total += degrees.get(k, 0) * orbits
    return total


def _degrees(rep: Rep) -> dict[int, int] | None:
    """Multiplicities of the tensor powers of V whose sum a representation by permutations is."""
    if isinstance(rep, Scalar_):
        return {0: 1}
    if isinstance(rep, V_):
        return {1: 1}
    if isinstance(rep, Dual | Conj):  # permutation matrices are real and orthogonal
        return _degrees(rep.base)
    if not isinstance(rep, Product | Sum):
        return None
    parts = [_degrees(child) for child in rep._children()]
    known = [part for part in parts if part is not None]
    found: dict[int, int] = {}
    if len(known) < len(parts):
        return None
    if isinstance(rep, Sum):
        for (n, _), part in zip(rep.terms, known):
            for k, m in part.items():
                found[k] = found.get(k, 0) + n * m
        return found
    for (k, m), (j, n) in product(known[0].items(), known[1].items()):
        found[k + j] = found.get(k + j, 0) + m * n
    return found


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
    values = _times(character(rep_out, g, True), character(rep_in.dual, g, True))
    if values.dtype == object:
        total = sum(values.tolist())
        return total // len(g) if total % len(g) == 0 else None
    if np.abs(values).max() > INEXACT:
        return None
    mean = complex(values.mean())
    rank = round(mean.real)
    return rank if abs(mean - rank) < 1e-3 else None


def _unstructured(rep: Rep, order: int) -> bool:
    """Whether characters would need matrices of every element that no structure gives, and these are large."""
    if rep.is_functorial:
        return False
    if isinstance(rep, Product | Sum | Dual | Conj | Power):
        return any(_unstructured(child, order) for child in rep._children())
    return rep._character_cost() * order > 2**24


def character(rep: Rep, g: Array, exact: bool = False) -> Array:
    """χ(g) for a batch of elements (b, d, d), by the structure of the expression.

    Symmetric and alternating powers follow Newton's identities,
    k h_k = Σ_j h_{k−j} p_j and k e_k = Σ_j (−1)^(j−1) e_{k−j} p_j with p_j = χ(g^j).

    Where ``exact`` and the characters of all leaves are whole numbers, the result is of Python's, of any size.
    """
    if isinstance(rep, Scalar_):
        return np.ones(len(g), object if exact else float)
    if isinstance(rep, Product):
        return _times(character(rep.left, g, exact), character(rep.right, g, exact))
    if isinstance(rep, Sum):
        parts = [n * character(term, g, exact) for n, term in rep.terms]
        whole = exact and all(part.dtype == object for part in parts)
        return sum(parts if whole else map(_inexact, parts), np.zeros(len(g), object if whole else float))
    if isinstance(rep, Conj):
        return np.conj(character(rep.base, g, exact))
    if isinstance(rep, Dual):
        return character(rep.base, np.linalg.inv(g), exact)
    found = _power_character(rep, g) if isinstance(rep, Power) else rep._character(g)
    return _whole(found) if exact else found


def _whole(values: Array) -> Array:
    """Numbers as Python's integers where all of them are whole."""
    nearest = np.rint(values.real)
    whole = np.abs(values - nearest).max(initial=0) < 1e-6 and np.abs(nearest).max(initial=0) < INEXACT
    return nearest.astype(np.int64).astype(object) if whole else values


def _inexact(values: Array) -> Array:
    """Python's integers as floating-point numbers, what is one as it is."""
    return values.astype(np.float64) if values.dtype == object else values


def _times(a: Array, b: Array) -> Array:
    return a * b if a.dtype == b.dtype else _inexact(a) * _inexact(b)


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
