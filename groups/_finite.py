"""Finite groups: elements, orders, conjugacy classes, uniform sampling."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sympy.combinatorics import Permutation, PermutationGroup

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]

MAX_ELEMENTS = 20_000


@lru_cache(maxsize=256)
def schreier_sims(group: Group) -> PermutationGroup:
    """The permutation group in sympy, with its base and strong generating set on demand."""
    images = group.permutations.tolist() or [list(range(group.d))]
    return PermutationGroup([Permutation(p) for p in images])


@lru_cache(maxsize=256)
def contains_alternating(group: Group) -> bool:
    """Whether a permutation group is Alt(d) or Sym(d).

    A transitive and primitive group with an element that has a cycle of prime length p, d/2 < p < d − 2, does
    (Jordan; Seress, Permutation Group Algorithms, section 10.2).  sympy's Monte Carlo test is sure when it says yes.
    """
    return group.d >= 8 and bool(schreier_sims(group).is_alt_sym())


def random_permutations(group: Group, n: int, rng: np.random.Generator) -> Array:
    """Uniform elements as images (n, d)."""
    d = group.d
    if contains_alternating(group):
        out = rng.permuted(np.tile(np.arange(d), (n, 1)), axis=1)
        if has_odd(group):
            return out
        odd = np.array([Permutation(p.tolist()).is_odd for p in out], bool)
        out[odd, :2] = out[odd, 1::-1]
        return out
    out = np.tile(np.arange(d), (n, 1))
    for transversal in transversals(group):
        chosen = transversal[rng.integers(len(transversal), size=n)]
        out = np.take_along_axis(out, chosen, axis=1)  # out ∘ chosen
    return out


def has_odd(group: Group) -> bool:
    """Whether some generator is an odd permutation."""
    return any(Permutation(p).is_odd for p in group.permutations.tolist())


@lru_cache(maxsize=64)
def transversals(group: Group) -> tuple[Array, ...]:
    """Coset representatives (r, d) along the stabiliser chain: each element is u_1 ∘ u_2 ∘ … in exactly one way."""
    chain = schreier_sims(group).basic_transversals
    return tuple(np.array([list(u.array_form) for u in level.values()], dtype=np.int64) for level in chain)


@lru_cache(maxsize=64)
def enumerated(group: Group) -> Array | None:
    """All elements (order, d, d) of a small finite matrix group, the identity first; None when too many."""
    generators = group.discrete_generators
    found = np.eye(group.d, dtype=generators.dtype)[None]
    seen = {fingerprint(found[0])}
    frontier = found
    while len(frontier):
        products = (frontier[:, None] @ generators[None]).reshape(-1, group.d, group.d)
        fresh = []
        for g in products:
            mark = fingerprint(g)
            if mark not in seen:
                seen.add(mark)
                fresh.append(g)
        if len(seen) > MAX_ELEMENTS:
            return None
        frontier = np.array(fresh).reshape(-1, group.d, group.d)
        found = np.concatenate([found, frontier])
    return found


def fingerprint(g: Array) -> bytes:
    """Bytes of a matrix rounded to 1e-6, with one zero."""
    return bytes((np.round(g, 6) + 0.0).tobytes())
