"""The catalogue against what theory says, and the laws on all of it."""

import math

import numpy as np
import pytest
import sympy as sp
from intertwine import groups as ig
from intertwine.groups import (
    GL,
    SE,
    SL,
    SO,
    SU,
    A,
    C,
    Cube,
    D,
    Dihedral,
    Group,
    Hyperoctahedral,
    Icosahedral,
    Lorentz,
    O,
    Octahedral,
    Rubik,
    S,
    Sp,
    Tetrahedral,
    Trivial,
    U,
    Z,
)
from intertwine.groups.laws import LAWS, LawError, check_group_laws

# group, d, dimension as a manifold, number of discrete generators
LIE = [
    (SO(2), 2, 1, 0),
    (SO(3), 3, 3, 0),
    (SO(5), 5, 10, 0),
    (O(3), 3, 3, 1),
    (O(1), 1, 0, 1),
    (SO(1, 3), 4, 6, 1),
    (SO(1, 3, connected=True), 4, 6, 0),
    (SO(1, 1, connected=True), 2, 1, 0),
    (O(1, 3), 4, 6, 2),
    (O(2, 2), 4, 6, 2),
    (U(1), 1, 1, 0),
    (U(2), 2, 4, 0),
    (SU(2), 2, 3, 0),
    (SU(3), 3, 8, 0),
    (Sp(2), 2, 3, 0),
    (Sp(4), 4, 10, 0),
    (SL(2), 2, 3, 0),
    (SL(3), 3, 8, 0),
    (GL(2), 2, 4, 1),
    (GL(3), 3, 9, 1),
    (SE(2), 3, 3, 0),
    (SE(3), 4, 6, 0),
]
FINITE = [
    (Trivial(), 1, 1),
    (Trivial(3), 3, 1),
    (S(1), 1, 1),
    (S(2), 2, 2),
    (S(5), 5, 120),
    (S(12), 12, math.factorial(12)),
    (A(1), 1, 1),
    (A(3), 3, 3),
    (A(4), 4, 12),
    (A(6), 6, 360),
    (A(9), 9, math.factorial(9) // 2),
    (Z(1), 1, 1),
    (Z(7), 7, 7),
    (D(1), 1, 1),
    (D(2), 2, 2),
    (D(6), 6, 12),
    (C(1), 2, 1),
    (C(2), 2, 2),
    (C(7), 2, 7),
    (Dihedral(1), 2, 2),
    (Dihedral(5), 2, 10),
    (Tetrahedral(), 3, 12),
    (Tetrahedral(full=True), 3, 24),
    (Octahedral(), 3, 24),
    (Octahedral(full=True), 3, 48),
    (Icosahedral(), 3, 60),
    (Icosahedral(full=True), 3, 120),
    (Hyperoctahedral(4), 4, 2**4 * 24),
    (Cube(), 6, 24),
    (Rubik(), 48, 43252003274489856000),
]
EVERY = [row[0] for row in (*LIE, *FINITE)]


@pytest.mark.parametrize(("group", "d", "dim", "discrete"), LIE, ids=lambda x: str(x))
def test_dimensions(group, d, dim, discrete):
    assert (group.d, group.lie_dim, len(group.discrete)) == (d, dim, discrete)
    assert len(group.algebra) == dim, "the catalogue gives bases"
    if dim:
        assert not group.is_finite


@pytest.mark.parametrize(("group", "d", "order"), FINITE, ids=lambda x: str(x))
def test_orders(group, d, order):
    assert group.is_finite
    assert (group.d, group.order) == (d, order)


@pytest.mark.parametrize("group", EVERY, ids=str)
def test_laws(group):
    check_group_laws(group)


@pytest.mark.parametrize("group", [g for g in EVERY if not g.name.startswith("Lorentz")], ids=str)
def test_names_are_calls_that_make_the_group(group):
    assert eval(repr(group), vars(ig)) == group
    assert group.is_exact


def test_large_groups_are_quick():
    assert S(100).order == math.factorial(100)
    assert A(100).order == math.factorial(100) // 2
    assert S(100).sample(2, rng=0).shape == (2, 100, 100)
    assert Hyperoctahedral(8).order == 2**8 * math.factorial(8)


def test_generators_preserve_their_forms():
    eta = np.diag([1.0, -1, -1, -1])
    for group in (O(1, 3), SO(1, 3)):
        for g in group.sample(20, rng=0):
            assert np.allclose(g.T @ eta @ g, eta)
    j = np.block([[np.zeros((2, 2)), np.eye(2)], [-np.eye(2), np.zeros((2, 2))]])
    for g in Sp(4).sample(20, rng=0):
        assert np.allclose(g.T @ j @ g, j)
    assert np.allclose(np.linalg.det(SL(3).sample(20, rng=0)), 1)
    assert np.allclose(np.linalg.det(SU(3).sample(20, rng=0)), 1)


def test_generators_of_large_condition_are_sampled():
    stretch = [[20, 0], [0, 1]]
    for group in (
        Group.from_generators(discrete=[stretch]),
        Group.from_generators(discrete=[stretch, [[1, 2], [0, 1]]]),
        Group.from_generators([[[0, 0], [0, 1]]], [stretch]),
    ):
        check_group_laws(group)
        g = group.sample(5, rng=0)
        assert np.isclose(np.abs(g).max((1, 2)), 20).any(), group
        assert (np.linalg.cond(g) <= 20 * (1 + 1e-9)).all()


def test_components_of_the_lorentz_group():
    def components(group):
        g = group.sample(400, rng=0)
        return {(bool(t > 0), bool(det > 0)) for t, det in zip(g[:, 0, 0], np.linalg.det(g))}

    assert components(Lorentz()) == {(a, b) for a in (True, False) for b in (True, False)}
    assert components(SO(1, 3)) == {(True, True), (False, True)}
    assert components(SO(1, 3, connected=True)) == {(True, True)}
    assert {bool(d > 0) for d in np.linalg.det(GL(3).sample(50, rng=0))} == {True, False}


def test_icosahedral_group_permutes_the_corners_of_the_icosahedron():
    phi = (1 + 5**0.5) / 2
    corners = [np.roll([0, a, b * phi], k) for k in range(3) for a in (1, -1) for b in (1, -1)]
    for h in Icosahedral(full=True).discrete_generators:
        moved = np.array(corners) @ h.T
        gaps = np.linalg.norm(moved[:, None] - np.array(corners)[None], axis=-1)
        assert np.allclose(gaps.min(axis=1), 0)
    assert all(sp.simplify(h * h.T - sp.eye(3)).is_zero_matrix for h in Icosahedral().discrete)


def test_rubik_turns():
    turns = Rubik().permutations
    assert all(np.sum(p != np.arange(48)) == 20 for p in turns), "a face turn moves 20 stickers"
    for p in turns:
        assert np.array_equal(p[p][p[p]], np.arange(48)), "a face turn has order 4"
    assert Rubik().subgroup(fixing=[1] + [0] * 47).order == 43252003274489856000 // 24


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: SO(0), ValueError, "at least 1"),
        (lambda: SO(-2), ValueError, "at least 1"),
        (lambda: O(3, -1), ValueError, "at least 1"),
        (lambda: SO(2.5), TypeError, "whole number"),
        (lambda: SO(True), TypeError, "whole number"),
        (lambda: Sp(3), ValueError, "even"),
        (lambda: S(0), ValueError, "at least 1"),
        (lambda: Trivial(0), ValueError, "at least 1"),
        (lambda: C(0), ValueError, "at least 1"),
        (lambda: SE(0), ValueError, "at least 1"),
        (lambda: Icosahedral(full=1), TypeError, "True or False"),
        (lambda: SO(3).order, ValueError, "infinite"),
        (lambda: S(9).elements(), ValueError, "sample"),
        (lambda: O(2).permutations, ValueError, "not a permutation group"),
        (lambda: O(2).sample(-1), ValueError, "negative"),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()


class Broken(Group):
    """Samples that are not in the group."""

    def sample(self, n=None, rng=None):
        return super().sample(n, rng) * 1.5


def test_numbers_of_numpy_are_numbers():
    two, four, none = np.int64(2), np.int64(4), np.int64(0)
    assert (SO(four, none), SU(two, none)) == (SO(4), SU(2))
    assert (S(four), Z(four), D(four), Trivial(two)) == (S(4), Z(4), D(4), Trivial(2))
    assert SO(2).embed(four, two) == SO(2).embed(4, 2)
    assert Group.from_generators(discrete=[np.eye(2, dtype=bool)[::-1]]) == S(2)


def test_laws_see_a_broken_group():
    with pytest.raises(LawError, match="O\\(3\\)"):
        check_group_laws(Broken("O(3)", O(3)._generators))
    assert issubclass(LawError, AssertionError)
    assert len(LAWS) >= 7
