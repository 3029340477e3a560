"""Exact nullspaces: against fractions, with large numbers, with unlucky shapes."""

import numpy as np
import pytest
import scipy.sparse as sps
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from intertwine.reps.solve.finite_field import (
    PRIMES,
    dense_multiply_mod,
    inverse_mod,
    multiply_mod,
    reduced_echelon,
)
from intertwine.reps.solve.modular import nullspace_mod, rational_nullspace, reconstruct, vanishes
from sympy.polys.matrices import DomainMatrix

P = PRIMES[0]


def sparse(a):
    return sps.csr_array(np.asarray(a, np.int64))


def low_rank(rng, m, n, r, density=0.4):
    left = rng.integers(-3, 4, (m, r)) * (rng.random((m, r)) < density)
    right = rng.integers(-3, 4, (r, n)) * (rng.random((r, n)) < density)
    return left @ right


def test_primes_are_primes():
    assert all(sp.isprime(p) and 2**30 < p < 2**31 for p in PRIMES)


@given(st.integers(-(10**4), 10**4), st.integers(1, 10**4))
@settings(derandomize=True, deadline=None)
def test_reconstruct_inverts_reduction(n, d):
    g = np.gcd(n, d)
    assert reconstruct(n * pow(d, -1, P) % P, P) == (n // g, d // g)


def test_inverse():
    a = np.array([1, 2, P - 1, 123456789])
    assert (a * inverse_mod(a, P) % P == 1).all()


def test_products_do_not_overflow():
    rng = np.random.default_rng(0)
    a, b = rng.integers(P - 5, P, (40, 64)), rng.integers(P - 5, P, (64, 30))
    exact = (a.astype(object) @ b.astype(object)) % P
    assert (multiply_mod(sparse(a), sparse(b), P).toarray() == exact).all()
    assert (dense_multiply_mod(a, b, P) == exact).all()
    with pytest.raises(ValueError, match="more than the 64"):
        dense_multiply_mod(np.ones((2, 65), int), np.ones((65, 2), int), P)


@pytest.mark.parametrize("seed", range(20))
def test_nullspace_against_svd(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 60, 2)
    a = low_rank(rng, m, n, int(rng.integers(0, min(m, n) + 1)))
    free, N = nullspace_mod(sparse(a), P)
    assert len(free) == n - np.linalg.matrix_rank(a)
    assert (N.toarray()[free] == np.eye(len(free))).all()
    assert not (a.astype(object) @ N.toarray().astype(object) % P).any()


@pytest.mark.parametrize("seed", range(10))
def test_rational_nullspace_is_exact(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 25, 2)
    a = low_rank(rng, m, n, int(rng.integers(0, min(m, n) // 2 + 1)))
    parts = [sparse(part) for part in np.array_split(a, 3) if len(part)]
    free, numerators, denominators = rational_nullspace(lambda: iter(parts), n)
    assert len(free) == n - np.linalg.matrix_rank(a)
    assert not (a @ numerators.toarray()).any()
    assert (numerators.toarray()[free] == np.diag(denominators)).all()


def test_echelon_form_is_sympys():
    rng = np.random.default_rng(3)
    a = low_rank(rng, 90, 80, 50, 0.9) % P
    reduced, pivots = reduced_echelon(a, P)
    field = sp.GF(P, symmetric=False)
    expected, columns = DomainMatrix.from_Matrix(sp.Matrix(a.tolist())).convert_to(field).rref()
    assert tuple(pivots) == columns
    assert (reduced == np.array(expected.to_Matrix().tolist())[: len(columns)].astype(int)).all()


def test_several_primes_are_combined():
    """Numbers beyond what one prime can tell apart."""
    a = sparse([[99991, -100003, 0], [0, 1, -1]])
    _, numerators, denominators = rational_nullspace(lambda: iter([a]), 3)
    assert not (a @ numerators).toarray().any()
    assert set(np.abs(numerators.data)) | set(denominators) == {99991, 100003}


def test_numbers_too_large_to_lift_give_none():
    rng = np.random.default_rng(0)
    a = sparse(rng.integers(-(10**6), 10**6, (12, 13)))
    assert rational_nullspace(lambda: iter([a]), 13) is None


def test_a_matrix_divisible_by_the_prime_is_not_zero():
    """Modulo p it vanishes, over the rationals it has full rank: the integer check refuses the lift."""
    a = sparse(P * np.eye(2, dtype=np.int64))
    free, *_ = rational_nullspace(lambda: iter([a]), 2)
    assert len(free) == 0


def test_vanishing_is_decided_beyond_64_bits():
    big = 2**31 - 2
    row, column = sparse([[big, big, -big, -big]]), sparse([[big], [big], [big], [big]])
    assert vanishes(row, column)
    assert not vanishes(row, sparse([[big], [big], [big], [big - 1]]))
