"""Inputs made to mislead: right, or a clear error with what was seen; never a wrong basis.  Ten seeds each."""

import warnings

import numpy as np
import pytest
import sympy as sp
from intertwine.groups import SE, SO, SU, A, Dihedral, Group, Lorentz, S, Sp, Z
from intertwine.reps import CertificateError, Custom, DecompositionError, RankError, Scalar, T, V
from intertwine.reps.solve import solve

SEEDS = range(10)
SMALL = [(SO(3), T(2) >> T(2), 3), (Sp(4), T(2) >> T(2), 3), (SU(2), T(1, 1) >> T(1, 1), 2), (SE(2), T(2) >> T(2), 4)]


REASONS = ("residual", "gap", "apart", "singular", "rank")


def rank_or_refusal(hom):
    """The rank solved, or None where it was refused with a reason."""
    reason = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            basis = solve(hom)
        except (CertificateError, DecompositionError, RankError) as error:
            reason = str(error)
    if reason is not None:
        assert any(word in reason for word in REASONS), reason
        return None
    assert basis.certificate.residual <= 1e-10
    return basis.rank


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("group", "hom", "rank"), SMALL, ids=lambda x: str(x))
def test_generators_of_any_size(group, hom, rank, seed):
    rng = np.random.default_rng(seed)
    algebra = [np.array(a) * 10.0 ** rng.uniform(-8, 8) for a in group.lie_algebra]
    scaled = Group.from_generators(algebra=algebra, field=group.field, name="scaled")
    assert rank_or_refusal(hom(scaled)) == rank == solve(hom(group)).rank


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("group", "hom", "rank"),
    [(SO(3), T(2) >> T(2), 3), (Lorentz(), V >> T(2, 1), 3), (S(4), V >> T(2), 5), (A(5), V >> V, 2)],
    ids=lambda x: str(x),
)
def test_bases_of_condition_ten_thousand(group, hom, rank, seed):
    rng = np.random.default_rng(seed)
    d = group.d
    u, v = (np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(2))
    p = u @ np.diag(np.logspace(0, 4, d)) @ v
    algebra = [p @ a @ np.linalg.inv(p) for a in group.lie_algebra]
    discrete = [p @ h @ np.linalg.inv(p) for h in group.discrete_generators]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        skewed = Group.from_generators(algebra=algebra, discrete=discrete, name="skewed")
    assert rank_or_refusal(hom(skewed)) in (rank, None)


@pytest.mark.parametrize("seed", SEEDS)
def test_forty_copies_of_one_irrep(seed):
    """V ⊗ 1 mixed by a random orthogonal matrix: one eigenvalue, 40 times."""
    group, copies = (SO(3), SU(2), Z(5))[seed % 3], (40, 40, 12)[seed % 3]
    n = group.d * copies
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    eye = np.eye(copies)
    rep = Custom(lambda g: q @ np.kron(eye, g) @ q.T, lambda a: q @ np.kron(eye, a) @ q.T, n)
    assert solve((V >> rep)(group)).rank == copies * solve((V >> V)(group)).rank


@pytest.mark.parametrize("seed", SEEDS)
def test_a_large_prime_cyclic_group(seed):
    """157 distinct frequencies, nearly all of them close to others; the generator is any power of the shift."""
    k = int(np.random.default_rng(seed).integers(1, 157))
    group = Group.from_permutations([[(i + k) % 157 for i in range(157)]])
    assert solve((V >> V)(group)).rank == 157
    angle = 2 * np.pi * k / 157
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plane = Group.from_generators(discrete=[turn], name="turns")
    assert rank_or_refusal((T(2) >> T(2))(plane)) == 6


@pytest.mark.parametrize("seed", SEEDS)
def test_nearly_equal_irreps(seed):
    """Two turns whose angles differ by ε: told apart, or refused; below 1e-10, the bound of residuals, they are one."""
    rng = np.random.default_rng(seed)
    eps = 10.0 ** rng.uniform(-9, -2)
    a = np.zeros((4, 4))
    a[0, 1], a[1, 0], a[2, 3], a[3, 2] = -1, 1, -(1 + eps), 1 + eps
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = Group.from_generators(algebra=[a], name="two turns")
    assert rank_or_refusal((V >> V)(group)) in (4, None)


@pytest.mark.filterwarnings("ignore:entry .* is the float")
@pytest.mark.parametrize("exponent", [1, 3, 5, 6, 9])
@pytest.mark.parametrize("exactly", [True, False])
def test_maps_of_groups_in_other_units(exponent, exactly):
    """As many maps as in the usual units, or an error: never more."""
    turns = sp.Matrix([[0, -1, 0], [1, 0, 0], [0, 0, 0]]), sp.Matrix([[0, 0, -1], [0, 0, 0], [1, 0, 0]])
    change = sp.diag(10**exponent, 1, 1)
    algebra = [change * a * change.inv() for a in turns]
    group = Group.from_generators(algebra=algebra if exactly else [np.array(a.evalf(), float) for a in algebra])
    assert group.lie_dim == 3
    assert group.is_compact
    assert group.is_reductive
    for hom, dim in (((V >> V)(group), 1), ((V * V >> Scalar)(group), 1), ((T(2) >> T(2))(group), 3)):
        found = rank_or_refusal(hom)
        assert found == dim or (found is None and exponent > 5)


@pytest.mark.parametrize("exponent", [1, 3, 4, 5, 7])
def test_maps_of_finite_groups_in_other_units(exponent):
    change = sp.diag(1, 11 * 10**exponent)
    group = Group.from_generators(discrete=[change * h * change.inv() for h in Dihedral(3).discrete])
    found = rank_or_refusal((V * V >> V)(group))
    assert found == 1 or (found is None and exponent > 4)
