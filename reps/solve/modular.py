"""Exact nullspaces of sparse rational matrices, by elimination modulo a prime.

The nullspace of C over ℚ is found in three steps: eliminate modulo a 31-bit prime p, lift the reduced basis
(the identity on the free columns) to ℚ by rational reconstruction, and check C·N = 0 in integers. The check
makes it a proof: k independent vectors in the kernel give nullity ≥ k, and rank over ℚ ≥ rank mod p gives
nullity ≤ k.

Elimination is done in batches. Every round picks many pivots at once, none of whose rows meets another's
column, so that the pivot block is diagonal and one sparse product gives the Schur complement.

References
----------
Wang, Guy, Davenport (1982), P-adic reconstruction of rational numbers. SIGSAM Bulletin 16(2).
Dumas, Villard (2002), Computing the rank of sparse matrices over finite fields. CASC 2002, 47–62.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sps
from numpy.typing import NDArray

from .finite_field import PRIMES, inverse_mod, multiply_mod, reduce_mod, reduced_echelon

Array = NDArray[Any]
Sparse = Any

_DENSE = 400_000  # entries below which the rest is eliminated as a dense array
_FILL = 0.25


def _select(a: Sparse, rows: Array) -> Sparse:
    return sps.csr_array(a[rows])


def _independent_pivots(a: Sparse) -> tuple[Array, Array]:
    """Rows and columns of pivots such that no pivot row has an entry in another pivot's column.

    Every row proposes its lightest column; every column takes its cheapest row (Markowitz cost); among the
    pairs that touch each other a maximal independent set is found by Luby's rounds with pseudo-random ties.
    """
    m, lengths = a.shape[0], np.diff(a.indptr)
    weight = np.bincount(a.indices, minlength=a.shape[1])
    owner = np.repeat(np.arange(m), lengths)
    order = np.lexsort((a.indices, weight[a.indices], owner))
    column = a.indices[order[a.indptr[:-1]]]
    cost = (lengths - 1.0) * (weight[column] - 1.0)
    ties = np.random.default_rng(0).permutation(m)
    priority = np.empty(m, np.int64)
    priority[np.lexsort((ties, lengths, np.floor(np.log2(cost + 1))))] = np.arange(m)
    priority[cost > 4 * np.median(cost) + 4] = m
    claimed = np.full(a.shape[1], m)  # the best priority among the rows that propose the column
    np.minimum.at(claimed, column, priority)
    chosen = (claimed[column] == priority) & (priority < m)
    proposer = np.full(a.shape[1], -1)
    proposer[column[chosen]] = np.flatnonzero(chosen)
    touch = chosen[owner] & (proposer[a.indices] >= 0) & (proposer[a.indices] != owner)
    left, right = owner[touch], proposer[a.indices[touch]]  # pairs of pivots that touch
    kept = np.zeros(m, bool)
    while chosen.any():
        best = priority.copy()
        np.minimum.at(best, left, priority[right])
        np.minimum.at(best, right, priority[left])
        wins = chosen & (best == priority)
        kept |= wins
        chosen &= ~wins
        chosen[right[wins[left]]] = False
        chosen[left[wins[right]]] = False
        live = chosen[left] & chosen[right]
        left, right = left[live], right[live]
    rows = np.flatnonzero(kept)
    return rows, column[rows]


@dataclass
class _Step:
    """x[columns] = −block · x: what the eliminated unknowns are in terms of those that remain."""

    columns: Array
    block: Sparse


def nullspace_mod(a: Sparse, p: int) -> tuple[Array, Sparse]:
    """Nullspace of a sparse matrix modulo p.

    Parameters
    ----------
    a : csr_array (m, n) of int64
    p : int
        A prime below 2³¹.

    Returns
    -------
    free : int array (k,)
        Columns on which the basis is the identity, ascending.
    N : csr_array (n, k)
        Columns span the nullspace; N[free] is the identity.
    """
    n = a.shape[1]
    a = reduce_mod(sps.csr_array(a, dtype=np.int64), p)
    steps: list[_Step] = []
    while a.nnz:
        a = _drop_duplicates(_select(a, np.flatnonzero(np.diff(a.indptr))))
        active = np.flatnonzero(np.bincount(a.indices, minlength=n))
        entries = a.shape[0] * len(active)
        if entries <= 4096 or (a.nnz > _FILL * entries) or (entries <= _DENSE and a.nnz > 0.05 * entries):
            steps.append(_dense_step(a, active, p))
            break
        rows, columns = _independent_pivots(a)
        step, a = _schur(a, rows, columns, p)
        steps.append(step)
    eliminated = np.zeros(n, bool)
    for step in steps:
        eliminated[step.columns] = True
    free = np.flatnonzero(~eliminated)
    return free, _substitute(steps, free, n, p)


def _drop_duplicates(a: Sparse) -> Sparse:
    """Keep one row with a single entry for every unknown; cheap, and stacked constraints repeat many."""
    if a.shape[0] < 2:
        return a
    a.sort_indices()
    lengths = np.diff(a.indptr)
    keep = np.ones(a.shape[0], bool)
    rows = np.flatnonzero(lengths == 1)
    _, first = np.unique(a.indices[a.indptr[rows]], return_index=True)
    keep[rows] = False
    keep[rows[first]] = True
    return a if keep.all() else _select(a, np.flatnonzero(keep))


def _schur(a: Sparse, rows: Array, columns: Array, p: int) -> tuple[_Step, Sparse]:
    """Eliminate the pivots (rows[i], columns[i]) at once."""
    n = a.shape[1]
    pivot = _select(a, rows)  # (r, n), diagonal on `columns`
    position = np.full(n, -1)
    position[columns] = np.arange(len(columns))
    owner = np.repeat(np.arange(len(rows)), np.diff(pivot.indptr))
    on_pivot = position[pivot.indices] >= 0
    values = np.zeros(len(rows), np.int64)
    values[owner[on_pivot]] = pivot.data[on_pivot]
    inverse = inverse_mod(values, p)
    pivot.data = pivot.data * inverse[owner] % p
    pivot.data[on_pivot] = 0
    pivot.eliminate_zeros()
    others = np.ones(a.shape[0], bool)
    others[rows] = False
    rest = _select(a, np.flatnonzero(others))
    hit = position[rest.indices] >= 0
    if hit.any():
        owner = np.repeat(np.arange(rest.shape[0]), np.diff(rest.indptr))
        factor = sps.csr_array(
            (rest.data[hit], (owner[hit], position[rest.indices[hit]])), shape=(rest.shape[0], len(rows))
        )
        rest.data[hit] = 0
        rest.eliminate_zeros()
        product = multiply_mod(factor, pivot, p)
        product.data = p - product.data
        rest = reduce_mod(sps.csr_array(rest + product), p)
    return _Step(columns, pivot), rest


def _dense_step(a: Sparse, active: Array, p: int) -> _Step:
    """Gauss–Jordan on the columns in use, as an array."""
    reduced, columns = reduced_echelon(a[:, active].toarray(), p)
    reduced[np.arange(len(columns)), columns] = 0
    block = sps.csr_array(reduced)
    full = sps.csr_array((block.data, active[block.indices], block.indptr), shape=(len(columns), a.shape[1]))
    return _Step(active[columns], full)


def _substitute(steps: list[_Step], free: Array, n: int, p: int) -> Sparse:
    """Back substitution: N with the identity on the free columns."""
    k = len(free)
    position = np.full(n, -1)  # row of an unknown among those known so far
    position[free] = np.arange(k)
    known = sps.csr_array(sps.identity(k, dtype=np.int64, format="csr"))
    for step in reversed(steps):
        block = step.block
        relabelled = sps.csr_array(
            (block.data, position[block.indices], block.indptr), shape=(block.shape[0], known.shape[0])
        )
        values = multiply_mod(relabelled, known, p)
        values.data = p - values.data
        position[step.columns] = known.shape[0] + np.arange(len(step.columns))
        known = sps.csr_array(sps.vstack([known, values], format="csr"))
    return _select(known, position)


def sequential_nullspace_mod(
    constraints: Callable[[], Iterator[Sparse]], n: int, p: int, enough: int = 0
) -> tuple[Array, Sparse]:
    """Nullspace of stacked constraints, one after the other on what the earlier ones leave.

    Parameters
    ----------
    constraints : callable
        Gives an iterator of integer matrices (m_i, n).
    n : int
        Number of unknowns.
    p : int
        A prime below 2³¹.
    enough : int
        Dimension at which to stop, where the space is known to be no smaller.

    Returns
    -------
    free, N
        As :func:`nullspace_mod`, for all constraints together.
    """
    free = np.arange(n)
    N = sps.csr_array(sps.identity(n, dtype=np.int64, format="csr"))
    for constraint in constraints():
        if len(free) <= enough:
            break
        a = reduce_mod(sps.csr_array(constraint, dtype=np.int64, copy=True), p)
        if len(free) < n:
            a = multiply_mod(a, N, p)
        kept, step = nullspace_mod(a, p)
        N = step if len(free) == n else multiply_mod(N, step, p)
        free = free[kept]
    return free, N


def reconstruct(value: int, modulus: int) -> tuple[int, int] | None:
    """The fraction n/d with n/d ≡ value mod modulus and |n|, d ≤ √(modulus/2), or None."""
    bound = math.isqrt(modulus // 2)
    r0, r1, t0, t1 = modulus, value % modulus, 0, 1
    while r1 > bound:
        q = r0 // r1
        r0, r1, t0, t1 = r1, r0 - q * r1, t1, t0 - q * t1
    if t1 == 0 or abs(t1) > bound or math.gcd(r1, abs(t1)) != 1:
        return None
    return (r1, t1) if t1 > 0 else (-r1, -t1)


def lift(N: Sparse, modulus: int, residues: Array) -> tuple[Sparse, Array] | None:
    """Integer columns proportional to the rational ones that ``residues`` (Python ints) stand for.

    Returns
    -------
    (numerators, denominators) or None
        csr_array (n, k) of int64 and int array (k,): column j of the nullspace is numerators[:,
        j]/denominators[j].
    """
    values, where = np.unique(residues, return_inverse=True)
    fractions = [reconstruct(int(v), modulus) for v in values]
    if any(f is None for f in fractions):
        return None
    pairs = [f for f in fractions if f is not None]
    if any(max(abs(num), den) >= 2**31 for num, den in pairs):
        return None
    num = np.array([f[0] for f in pairs], np.int64)[where.ravel()]
    den = np.array([f[1] for f in pairs], np.int64)[where.ravel()]
    common = np.ones(N.shape[1], np.int64)
    if den.size and den.max() > 1:
        for column, d in zip(N.indices[den > 1], den[den > 1]):
            common[column] = math.lcm(int(common[column]), int(d))
            if common[column] >= 2**31:
                return None
    data = num * (common[N.indices] // den)
    return sps.csr_array((data, N.indices, N.indptr), shape=N.shape), common


def vanishes(constraint: Sparse, N: Sparse) -> bool:
    """Whether an integer product is exactly zero (by several primes where 64 bits could overflow)."""
    if not constraint.nnz or not N.nnz:
        return True
    big_c, big_n = int(np.abs(constraint.data).max()), int(np.abs(N.data).max())
    bound = big_c * big_n * int(np.diff(constraint.indptr).max())
    if bound < 2**62:
        product = constraint @ N
        return not product.nnz or not np.any(product.data)
    size, primes = 1, []
    for p in PRIMES:  # an integer below the product of the primes that vanishes modulo each of them is zero
        primes.append(p)
        size *= p
        if size > 2 * bound:
            break
    else:
        return False
    return all(not multiply_mod(reduce_mod(constraint.copy(), p), reduce_mod(N.copy(), p), p).nnz for p in primes)


def rational_nullspace(constraints: Callable[[], Iterator[Sparse]], n: int) -> tuple[Array, Sparse, Array] | None:
    """Exact nullspace over ℚ of stacked integer constraints.

    Parameters
    ----------
    constraints : callable
        Gives an iterator of csr_array (m_i, n) of int64.
    n : int
        Number of unknowns.

    Returns
    -------
    (free, numerators, denominators) or None
        Column j of the nullspace is numerators[:, j] / denominators[j], the identity on the unknowns
        ``free``; a proof has been made that these columns are a basis. None when the numbers are too large
        to lift.

    Examples
    --------
    >>> import numpy as np, scipy.sparse as sps
    >>> rows = sps.csr_array(np.array([[1, -2, 0], [0, 0, 3]]))
    >>> free, num, den = rational_nullspace(lambda: iter([rows]), 3)
    >>> (num.toarray() / den).tolist()
    [[2.0], [1.0], [0.0]]
    """
    first: tuple[Array, Sparse] | None = None
    modulus, residues = 1, np.zeros(0, object)
    for p in PRIMES[:4]:
        free, N = sequential_nullspace_mod(constraints, n, p)
        N.sort_indices()
        if first is None or len(free) < len(first[0]):  # fewer than before: those primes were unlucky
            first, modulus, residues = (free, N), p, N.data
        else:
            pattern = first[1]
            if not (np.array_equal(free, first[0]) and np.array_equal(N.indices, pattern.indices)):
                continue  # an unlucky prime
            # Chinese remainders: x ≡ residues (mod modulus), x ≡ N.data (mod p)
            old = residues.astype(object)
            residues = old + modulus * ((N.data.astype(object) - old) * pow(modulus, -1, p) % p)
            modulus *= p
        lifted = lift(first[1], modulus, residues)
        if lifted is not None and all(vanishes(c, lifted[0]) for c in constraints()):
            return first[0], *lifted
    return None
