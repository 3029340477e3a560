"""Semidirect and wreath products, embedding, realification, complexification."""

import math

import numpy as np
import pytest
from intertwine.groups import (
    SE,
    SL,
    SO,
    SU,
    C,
    Dicyclic,
    Dihedral,
    Group,
    Hyperoctahedral,
    O,
    Poincare,
    Quaternion,
    S,
    Scaling,
    Sp,
    Translation,
    Trivial,
    U,
    USp,
    Z,
    check_group_laws,
    same_group,
)

ALL = [SO(3), O(1, 3), SU(2), U(1), Z(4), Dihedral(3), Quaternion(), Dicyclic(3), SO(2) * S(3), Trivial(2), SE(2)]
FINITE = [group for group in ALL if group.is_finite]


@pytest.mark.parametrize("group", ALL, ids=str)
def test_affine_groups(group):
    """x ↦ gx + t: composition acts on points as it should, and the dimension grows by that of V."""
    affine = group.semidirect()
    check_group_laws(affine)
    reals = 2 if group.field == "C" else 1
    assert (affine.d, affine.lie_dim) == (group.d + 1, group.lie_dim + reals * group.d)
    g, h = affine.sample(2, rng=0)
    x = np.array([*np.random.default_rng(0).standard_normal(group.d), 1])
    A, t = h[:-1, :-1], h[:-1, -1]
    assert np.allclose((h @ x)[:-1], A @ x[:-1] + t)
    assert np.isclose((g @ h @ x)[-1], 1)
    assert not affine.is_reductive


def test_affine_groups_of_the_catalogue():
    assert SO(3).semidirect() == SE(3)
    assert O(1, 3).semidirect() == Poincare()
    assert Trivial(2).semidirect() == Translation(2)
    assert repr(SO(3).semidirect()) == "ℝ^3 ⋊ SO(3)"


def signs(n):
    return Group.from_generators(discrete=[np.diag([1 - 2 * (i == j) for i in range(n)]) for j in range(n)], name="±")


def test_inner_semidirect_products():
    made = S(4).semidirect(signs(4))
    assert made.order == 2**4 * 24
    assert same_group(made, Hyperoctahedral(4))
    flip = Group.from_generators(discrete=[[[1, 0], [0, -1]]], name="flip")
    assert same_group(flip.semidirect(SO(2)), O(2))
    assert same_group(flip.semidirect(C(5)), Dihedral(5))
    assert same_group(Scaling(3).semidirect(SO(3)), SO(3).semidirect(Scaling(3)))
    dilations = Scaling(2).embed(3)
    assert dilations.semidirect(Translation(2)).lie_dim == 3


@pytest.mark.parametrize(
    ("normal", "top", "text"),
    [
        (SO(2), S(3), "dimension 2"),
        (SO(2).embed(3), SO(2).embed(3, start=1), "normalise"),
        (Z(3), Group.from_permutations([[1, 0, 2]]), None),
        (Group.from_permutations([[1, 0, 2]], name="swap"), Z(3), "discrete generator"),
        (Group.from_permutations([[1, 0]], name="swap"), SO(2), "Lie-algebra generator"),
        (SO(3), SO(2).embed(3), "common part of dimension 1"),
        (signs(2), C(2), "2 elements in common"),
    ],
)
def test_groups_that_have_no_semidirect_product(normal, top, text):
    if text is None:
        assert top.semidirect(normal).order == 6
    else:
        with pytest.raises(ValueError, match=text):
            top.semidirect(normal)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("group", FINITE, ids=str)
def test_orders_of_wreath_products(group, n):
    if group.order**n * math.factorial(n) < 10**6:
        made = group.wreath(n)
        check_group_laws(made)
        assert (made.d, made.order) == (n * group.d, group.order**n * math.factorial(n))


def test_wreath_products():
    assert same_group(O(1).wreath(4), Hyperoctahedral(4))
    assert S(2).wreath(3).is_permutation
    assert S(10).wreath(10).order == math.factorial(10) ** 11
    assert S(2).wreath(Z(5)).order == 2**5 * 5
    two = Group.from_permutations([[1, 0, 2, 3]], name="one swap")
    assert S(3).wreath(two).order == 6**4 * 2
    assert repr((SO(2) * S(2)).wreath(3)) == "(SO(2) × S(2)) ≀ S(3)"
    made = SU(2).wreath(3)
    check_group_laws(made)
    assert (made.d, made.field, made.lie_dim) == (6, "C", 9)
    assert made.is_compact
    g = O(1, 3).wreath(2).sample(20, rng=0)
    blocks = np.abs(g.reshape(20, 2, 4, 2, 4)).max(axis=(2, 4))
    assert np.all(np.sort(blocks.reshape(20, 4))[:, :2] == 0), "two of four blocks vanish"
    assert len({tuple((b > 0).ravel()) for b in blocks}) == 2


@pytest.mark.parametrize("group", ALL, ids=str)
def test_embedding(group):
    made = group.embed(group.d + 3, start=1)
    check_group_laws(made)
    assert (made.d, made.lie_dim, made.field) == (group.d + 3, group.lie_dim, group.field)
    g = made.sample(rng=0)
    assert np.allclose(np.delete(g, np.s_[1 : group.d + 1], 0)[:, [0, -2, -1]], np.eye(3))
    assert group.embed(group.d) == Group("flat", made_flat(group))
    if group.is_finite:
        assert made.order == group.order


def made_flat(group):
    from intertwine.groups._generators import from_matrices

    return from_matrices(group.algebra, group.discrete, group.d, group.field)


@pytest.mark.parametrize("group", ALL, ids=str)
def test_realification(group):
    made = group.realification()
    check_group_laws(made)
    d = group.d
    assert (made.d, made.field, made.lie_dim, made.is_compact) == (2 * d, "R", group.lie_dim, group.is_compact)
    i = np.kron([[0, -1], [1, 0]], np.eye(d))
    g = made.sample(5, rng=0)
    assert np.allclose(g @ i, i @ g), "complex linear"
    if group.is_finite:
        assert made.order == group.order


@pytest.mark.parametrize("group", ALL, ids=str)
def test_complexification(group):
    made = group.complexification()
    check_group_laws(made)
    assert (made.d, made.field) == (group.d, "C")
    real = group.field == "R" or group.name == "SU(2)" or group.name == "U(1)"
    assert not real or made.lie_dim == 2 * group.lie_dim
    assert made.complexification() == made


def test_complexifications_of_real_forms_agree():
    assert same_group(SU(2).complexification(), SL(2, field="C"))
    assert same_group(SU(1, 1).complexification(), SL(2).complexification())
    assert same_group(USp(4).complexification(), Sp(4, field="C"))
    assert SO(4).complexification() == SO(4, field="C")
    assert not same_group(SO(3).complexification(), SL(3, field="C"))


def test_realification_of_u1_is_so2():
    assert same_group(U(1).realification(), SO(2))
    assert not same_group(U(2).realification(), SO(4))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: SO(3).embed(3, start=1), ValueError, "coordinates"),
        (lambda: SO(3).embed(2), ValueError, "coordinates"),
        (lambda: SO(3).embed(5, start=-1), ValueError, "coordinates"),
        (lambda: SO(3).embed(3.0), TypeError, "whole number"),
        (lambda: SO(3).wreath(0), ValueError, "at least 1"),
        (lambda: SO(3).wreath("2"), TypeError, "number of copies"),
        (lambda: SO(3).wreath(SO(2)), ValueError, "permutation group"),
        (lambda: SO(3).semidirect(3), TypeError, "takes a Group N on the same space"),
        (lambda: Group.from_permutations([[1, 0]], name=3), TypeError, "name of a group is a text, got 3"),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()
