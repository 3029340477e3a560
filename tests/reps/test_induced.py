"""Representations of finite groups on cosets: Frobenius reciprocity, exact matrices, every solver."""

import pickle

import numpy as np
import pytest
import sympy as sp
from intertwine.groups import SO, SU, A, C, D, Dihedral, Group, Icosahedral, Octahedral, S, Tetrahedral, Trivial, Z
from intertwine.reps import Alt, Det, Induce, Irrep, Permutation, Regular, Scalar, Sym, T, V, parse
from intertwine.reps._count import by_characters
from intertwine.reps.laws import check_rep_laws

FINITE = [S(3), S(4), C(5), D(5), Dihedral(6), Tetrahedral(), Octahedral(), S(3) * Z(4)]
SUBGROUPS = [A(4), D(4), S(4).subgroup(fixing=[1, 1, 0, 0]), S(4).subgroup(generators=[[1, 0, 2, 3]])]


@pytest.mark.parametrize("group", FINITE, ids=str)
def test_regular(group):
    """Every irrep as often as its dimension (over the division algebra) says."""
    regular = Regular(group)
    check_rep_laws(regular)
    assert regular.dim == group.order
    assert (Regular >> Regular)(group).dim == group.order
    assert (Regular >> V)(group).dim == group.d
    assert (Scalar >> Regular)(group).dim == 1
    character = regular._character(group.elements())
    np.testing.assert_array_equal(character, [group.order, *[0] * (group.order - 1)])
    assert parse("Regular", group) == regular == pickle.loads(pickle.dumps(regular))


@pytest.mark.parametrize("subgroup", SUBGROUPS, ids=str)
@pytest.mark.parametrize("inner", [Scalar, V, Sym(2), Irrep(1), V * Det + Irrep(1)], ids=repr)
def test_frobenius_reciprocity(subgroup, inner):
    G = S(4)
    induced = Induce(subgroup, inner)
    check_rep_laws(induced(G))
    assert induced(G).dim == inner(subgroup).dim * 24 // subgroup.order
    for other in (V, T(2), Alt(2)):
        assert (induced >> other)(G).dim == (inner >> other)(subgroup).dim
        assert (other >> induced)(G).dim == (other >> inner)(subgroup).dim
    bound = induced(G)
    assert parse(repr(bound), G) == bound
    assert parse(repr(induced)) == induced
    assert pickle.loads(pickle.dumps(bound)) == bound


@pytest.mark.parametrize("axis", [[0, 0, 1], [1, 1, 1]])
def test_irrational_groups_induce_exactly(axis):
    G = Icosahedral()
    induced = Induce(G.subgroup(fixing=axis), V + Sym(2))(G)
    check_rep_laws(induced)
    for h in G.discrete:
        exact = np.array(induced.rho_exact(h).tolist(), float)
        np.testing.assert_allclose(exact, induced.rho(np.array(h.tolist(), float)), atol=1e-12)


def test_every_solver_agrees_over_a_number_field():
    G, H = Dihedral(6), Dihedral(3)
    hom = (Induce(H, V) >> V)(G)
    ranks = {method: hom.basis(method).rank for method in ("auto", "isotypic", "nullspace", "exact")}
    assert set(ranks.values()) == {(V >> V)(H).dim}


def test_every_solver_agrees():
    hom = (Permutation(D(4)) * V >> Regular)(S(4))
    ranks = {method: hom.basis(method).rank for method in ("auto", "orbits", "isotypic", "nullspace", "exact")}
    assert set(ranks.values()) == {3 * 4}  # Hom(U, Regular) is U*


def test_cosets_of_a_group_too_large_to_list():
    pairs = Permutation(S(12).subgroup(fixing=[1, 1, *[0] * 10]))(S(12))
    assert pairs.dim == 66
    assert (pairs >> pairs).dim == 3  # unordered pairs: equal, meeting, disjoint
    assert (V(S(12)) >> pairs).dim == 2
    point = Permutation(S(12).subgroup(fixing=[1, *[0] * 11]))(S(12))
    assert (point >> V(S(12))).dim == 2
    check_rep_laws(pairs)


def test_transitivity_of_induction():
    G, H, K = S(4), D(4), S(4).subgroup(generators=[[1, 2, 3, 0]])
    direct, twice = Induce(K, V)(G), Induce(H, Induce(K, V))(G)
    assert direct.dim == twice.dim
    g = G.elements()
    np.testing.assert_allclose(direct._character(g), twice._character(g))
    assert parse(repr(twice), G) == twice


def test_in_a_mixed_product():
    rep = Regular(S(3)) * V(SO(3)) + Scalar
    check_rep_laws(rep)
    assert (rep >> rep).dim == 6 * 1 + 1
    assert parse(repr(rep)) == rep
    complex_rep = Regular(S(2)) * V(SU(2))
    check_rep_laws(complex_rep)
    assert (complex_rep >> complex_rep).dim == 2
    exact = (Regular(S(2)) * V(SO(2)) >> V(SO(2))).exact()
    assert len(exact) == 2


def test_what_cannot_be_induced():
    with pytest.raises(ValueError, match=r"SO\(3\) is infinite: cosets are listed"):
        Permutation(A(3))(SO(3))
    with pytest.raises(ValueError, match=r"S\(3\) is not a subgroup of A\(3\): its generator 0 is no element"):
        Permutation(S(3))(A(3))
    with pytest.raises(ValueError, match=r"SO\(2\) is not a subgroup"):
        Permutation(SO(2))(C(4))
    with pytest.raises(ValueError, match="acts on the same space"):
        Permutation(S(2))(S(3))
    with pytest.raises(ValueError, match="listed only up to 5000"):
        Regular(S(10))
    with pytest.raises(TypeError, match="take a subgroup"):
        Permutation(3)
    with pytest.raises(ValueError, match="not an element of the finite group"):
        Regular(C(4)).rho(np.eye(2) * 2)
    assert Permutation(Trivial(3))(S(3)).dim == 6


def test_a_complex_finite_group():
    """The quaternion group: four characters and a plane that is met twice."""
    G = Group.from_generators(discrete=[[[sp.I, 0], [0, -sp.I]], [[0, 1], [-1, 0]]], name="Q8")
    check_rep_laws(Regular(G))
    assert sorted((part.dim, part.multiplicity) for part in Regular(G).decompose()) == [*[(1, 1)] * 4, (2, 2)]
    H = G.subgroup(generators=[[[sp.I, 0], [0, -sp.I]]])
    induced = Induce(H, V)(G)
    check_rep_laws(induced)
    assert parse(repr(induced), G) == induced
    assert len((induced >> V(G)).exact()) == (V >> V)(H).dim == 2
    assert Induce(H, Irrep(1))(G).is_isomorphic(V(G))


@pytest.mark.parametrize("rep", [Sym(2, Regular), Alt(2, Permutation(D(4))), Alt(2, Regular) * V], ids=repr)
def test_powers_of_permutations_are_signed_permutations(rep):
    rep = rep(S(4))
    check_rep_laws(rep)
    hom = rep >> T(2)(S(4))
    assert hom.certificate.method == "orbits"
    assert hom.dim == by_characters(rep, T(2)(S(4)))
