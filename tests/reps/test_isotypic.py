"""The isotypic decomposition against what theory says of matrices we write down ourselves."""

import numpy as np
import pytest
from intertwine.reps import DecompositionError
from intertwine.reps._isotypic import isotypic
from scipy.linalg import expm


def elements(basis, rng, count=4):
    return np.stack([expm(np.tensordot(rng.normal(size=len(basis)), basis, 1)) for _ in range(count)])


def kron(a, b):
    return np.stack([np.kron(x, y) for x, y in zip(a, b)])


def so(n):
    pairs = [(i, j) for i in range(n) for j in range(i)]
    basis = np.zeros((len(pairs), n, n))
    for k, (i, j) in enumerate(pairs):
        basis[k, i, j], basis[k, j, i] = 1, -1
    return basis


SU2 = np.array([[[0, 0.5j], [0.5j, 0]], [[0, 0.5], [-0.5, 0]], [[0.5j, 0], [0, -0.5j]]])
SU2_REAL = np.block([[SU2.real, -SU2.imag], [SU2.imag, SU2.real]])


def power(e, k):
    out = e
    for _ in range(k - 1):
        out = kron(out, e)
    return out


CASES = {
    "SO(3) T4": (so(3), 4, {(1, 1): 3, (3, 1): 6, (5, 1): 6, (7, 1): 3, (9, 1): 1}),
    "SO(2) T4": (so(2), 4, {(1, 1): 6, (2, 2): 5}),
    "SU(2) as real 4x4, quaternionic": (SU2_REAL, 1, {(4, 4): 1}),
    "SU(2) as real 4x4, T3": (SU2_REAL, 3, {(4, 4): 8, (8, 4): 4}),
    "SU(2) complex T3": (SU2, 3, {(2, 1): 2, (4, 1): 1}),
    "SO(5) T2": (so(5), 2, {(1, 1): 1, (10, 1): 1, (14, 1): 1}),
}


@pytest.mark.parametrize("draw", range(3))
@pytest.mark.parametrize("case", CASES)
def test_multiplicities_types_and_alignment(case, draw):
    basis, k, expected = CASES[case]
    e = power(elements(basis, np.random.default_rng(7)), k)
    found = {}
    for c in isotypic(e, draw):
        m, d, _ = c.copies.shape
        found[d, len(c.end)] = found.get((d, len(c.end)), 0) + m
        q = c.copies.reshape(m * d, -1)
        sigma = np.stack([c.copies[0] @ x @ c.copies[0].conj().T for x in e])
        inside = q @ e @ q.conj().T
        np.testing.assert_allclose(inside, np.kron(np.eye(m), sigma), atol=1e-11)
        for unit in c.end:
            np.testing.assert_allclose(unit @ sigma, sigma @ unit, atol=1e-11)
        gram = np.einsum("kab,lab->kl", c.end.conj(), c.end)
        np.testing.assert_allclose(gram, d * np.eye(len(c.end)), atol=1e-11)
    assert found == expected


def test_the_basis_does_not_depend_on_rotation_of_the_eigensolver():
    """Perturbing by rounding dust must not move the basis: the gauge is fixed."""
    e = power(elements(so(3), np.random.default_rng(1)), 3)
    dust = 1e-15 * np.random.default_rng(2).normal(size=e.shape)
    for a, b in zip(isotypic(e), isotypic(e + dust)):
        np.testing.assert_allclose(a.copies, b.copies, atol=1e-9)


def test_cyclic_group_of_prime_order():
    """157 points: the trivial irrep and 78 rotations, whose eigenvalues crowd together."""
    shift = np.roll(np.eye(157), 1, 0)
    powers = np.random.default_rng(0).integers(157, size=8)
    e = np.stack([np.linalg.matrix_power(shift, int(k)) for k in powers])
    parts = isotypic(e)
    assert sorted(len(c.copies[0]) for c in parts) == [1] + 78 * [2]


def test_nearly_equal_eigenvalues_are_reported():
    """Two characters that differ by 1e-9 cannot be told apart in floating point: an error, no guess."""
    e = np.stack([np.diag([np.cos(t), np.cos(t + 1e-9)]) for t in (0.3, 0.7, 1.1)])
    with pytest.raises(DecompositionError, match="apart"):
        isotypic(e)
