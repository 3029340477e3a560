"""Clifford generators, Spin and Pin, and their double covers of SO and O."""

from itertools import product

import numpy as np
import pytest
import scipy.linalg
import sympy as sp
from intertwine.groups import (
    G2,
    SL,
    SO,
    SU,
    ComponentsWarning,
    Group,
    Pin,
    Spin,
    USp,
    check_group_laws,
    double_cover,
    gamma_matrices,
    same_group,
)

SIGNATURES = [(p, q) for p, q in product(range(1, 8), range(4)) if p + q <= 8]
COVERS = [(1, 0), (2, 0), (3, 0), (4, 0), (1, 1), (2, 1), (1, 3), (3, 1), (2, 2), (5, 0), (7, 0), (4, 2)]


@pytest.mark.parametrize(("p", "q"), [*SIGNATURES, (9, 0), (1, 9)])
def test_clifford_relations(p, q):
    gammas = gamma_matrices(p, q)
    size = 2 ** ((p + q) // 2)
    assert [g.shape for g in gammas] == [(size, size)] * (p + q)
    for i, a in enumerate(gammas):
        for j, b in enumerate(gammas[: i + 1]):
            eta = 2 * (i == j) * (1 if i < p else -1)
            assert a * b + b * a == eta * sp.eye(size)


@pytest.mark.parametrize(("p", "q"), SIGNATURES)
def test_spinors_are_real_where_the_signature_allows(p, q):
    assert Spin(p, q).field == ("R" if (p - q) % 8 in (0, 1, 2, 6, 7) else "C")
    assert Spin(p, q).d == 2 ** ((p + q) // 2)
    assert Spin(p, q).lie_dim == (p + q) * (p + q - 1) // 2


def test_bott_periodicity():
    assert (Spin(9).d, Spin(9).field, Spin(10).d, Spin(10).field) == (16, "R", 32, "R")


@pytest.mark.parametrize("pin", [False, True])
@pytest.mark.parametrize(("p", "q"), COVERS)
def test_double_cover(p, q, pin):
    """R is a homomorphism onto the target with kernel ±1, and R of the generators generates the target."""
    cover = double_cover(p, q, pin=pin)
    spin, target = cover.source, cover.target
    check_group_laws(spin)
    g, h = spin.sample(12, rng=0), spin.sample(12, rng=1)
    eta = np.diag([1.0] * p + [-1.0] * q)
    R = cover.rho(g)
    assert np.allclose(cover.rho(g @ h), R @ cover.rho(h))
    assert np.allclose(np.swapaxes(R, 1, 2) @ eta @ R, eta)
    assert np.allclose(cover.rho(-g), R)
    assert np.allclose(cover.rho(np.eye(spin.d)), np.eye(p + q))
    assert not pin or (np.linalg.det(R) < 0).any(), "odd elements cover reflections"
    assert pin or np.allclose(np.linalg.det(R), 1)
    assert [m.shape for m in cover.algebra] == [(p + q, p + q)] * spin.lie_dim
    if p + q > 1:
        image = Group.from_generators(cover.algebra, cover.discrete or [sp.eye(p + q)], name="image")
        assert same_group(image, target)


def test_the_derivative_of_the_cover():
    cover = double_cover(1, 3)
    for a, image in zip(cover.source.algebra, cover.algebra):
        exact = np.array(a.tolist(), float)
        assert np.allclose(cover.drho(exact), np.array(image.tolist(), float))
        step = 1e-5
        difference = (cover.rho(np.eye(4) + step * exact) - cover.rho(np.eye(4) - step * exact)) / (2 * step)
        assert np.allclose(difference, np.array(image.tolist(), float), atol=1e-8)
    assert len(cover.discrete) == len(cover.source.discrete) == 1


def test_a_turn_by_one_revolution_is_minus_one():
    cover = double_cover(3)
    a = np.array(cover.source.algebra[0].tolist(), complex)
    assert np.allclose(scipy.linalg.expm(2 * np.pi * a), -np.eye(2))
    assert np.allclose(scipy.linalg.expm(4 * np.pi * a), np.eye(2))
    assert np.allclose(scipy.linalg.expm(2 * np.pi * np.array(cover.algebra[0].tolist(), float)), np.eye(3))


def test_coincidences():
    assert same_group(Spin(3), SU(2))
    assert Spin(1).order == 2
    assert Pin(1).order == 4
    assert Spin(5).lie_dim == USp(4).lie_dim
    assert Spin(1, 3, connected=True).lie_dim == SL(2, field="C").lie_dim
    assert Spin(1, 3, connected=True).discrete == ()
    assert not same_group(Spin(7), SO(8))


def test_g2_is_the_stabiliser_of_a_spinor():
    with pytest.warns(ComponentsWarning):
        spinor = Spin(7).subgroup(fixing=[1] + [0] * 7, name="G2 on spinors")
    assert spinor.lie_dim == G2().lie_dim == 14
    assert spinor.is_semisimple


def test_bad_arguments():
    with pytest.raises(ValueError, match="at least 1"):
        Spin(0)
    with pytest.raises(TypeError, match="whole number"):
        Pin(2.5)
