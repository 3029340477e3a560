"""Decompositions, branching rules, fusion and isomorphism, against known tables."""

import pickle

import numpy as np
import pytest
from intertwine.groups import SE, SL, SO, SU, A, C, D, Dihedral, Group, Icosahedral, O, Octahedral, S, Tetrahedral
from intertwine.reps import (
    Adjoint,
    Alt,
    Det,
    Induce,
    Irrep,
    NotReductive,
    Regular,
    Restrict,
    Scalar,
    Sym,
    T,
    V,
    fusion_table,
    irreps,
    parse,
)
from intertwine.reps.laws import check_rep_laws

GROUPS = [SO(3), O(3), SU(3), S(4), C(5), O(1, 3), SO(3) * S(3), SL(2), SO(2).conjugate([[2, 1], [0, 1]])]


@pytest.mark.parametrize("group", GROUPS, ids=str)
@pytest.mark.parametrize("rep", [2 * V + T(2), Adjoint + Scalar, Sym(3), T(1, 1) + Det], ids=repr)
def test_a_decomposition_is_one(group, rep):
    rep = rep(group)
    found = rep.decompose()
    g = group.sample(3, rng=0)
    assert found.direct_sum.dim == rep.dim
    np.testing.assert_allclose(found.change @ rep.rho(g) @ found.inverse, found.direct_sum.rho(g), atol=1e-8)
    projectors = rep.projectors()
    np.testing.assert_allclose(sum(projectors.values()), np.eye(rep.dim), atol=1e-9)
    for part in found:
        p = projectors[part.irrep]
        np.testing.assert_allclose(p @ p, p, atol=1e-9)
        np.testing.assert_allclose(p @ rep.rho(g), rep.rho(g) @ p, atol=1e-8)
        assert round(np.trace(p).real) == part.multiplicity * part.dim
    assert rep.is_isomorphic(found.direct_sum)
    assert not rep.is_isomorphic(rep + Scalar)
    np.testing.assert_allclose(rep.character(g), found.direct_sum.character(g), atol=1e-8)
    np.testing.assert_allclose(rep.character(g[0]), np.trace(rep.rho(g[0])), atol=1e-8)


def test_decompositions_read_well():
    assert repr(T(2)(O(3)).decompose()) == (
        "T(2) of O(3), dimension 9\n"
        "    1 × Irrep('0e')  dimension 1, type R\n"
        "    1 × Irrep('1e')  dimension 3, type R\n"
        "    1 × Irrep('2e')  dimension 5, type R"
    )
    kinds = {part.type for part in V(Group.from_generators(algebra=[[[0, -1], [1, 0]]])).decompose()}
    assert kinds == {"C"}
    assert len((0 * V)(SO(3)).decompose()) == 0


@pytest.mark.parametrize(("group", "dims"), [(S(4), [1, 3, 2, 3, 1]), (Icosahedral(), [1, 3, 5, 3, 4])])
def test_the_regular_representation_holds_every_irrep(group, dims):
    found = Regular(group).decompose()
    assert sorted(part.dim for part in found) == sorted(dims)
    assert all(part.multiplicity == part.dim for part in found)  # all of type R
    assert {part.irrep for part in found} == set(irreps(group))


# dimensions with multiplicity of SO(3) degrees 0, 1, 2, … on subgroups: the crystal-field tables (Bethe 1929)
CRYSTAL = {
    "cubic": (Octahedral(), [[1], [3], [2, 3], [1, 3, 3], [1, 2, 3, 3], [2, 3, 3, 3]]),
    "tetrahedral": (Tetrahedral(), [[1], [3], [2, 3], [1, 3, 3], [1, 2, 3, 3]]),
    "icosahedral": (Icosahedral(), [[1], [3], [5], [3, 4], [4, 5], [3, 3, 5]]),
    "axial": (SO(3).subgroup(fixing=[0, 0, 1]), [[1], [1, 2], [1, 2, 2], [1, 2, 2, 2]]),
}


@pytest.mark.parametrize("case", CRYSTAL)
def test_branching_rules(case):
    subgroup, table = CRYSTAL[case]
    for degree, dims in enumerate(table):
        parts = Irrep(degree)(SO(3)).branch(subgroup)
        assert sorted(part.dim for part in parts for _ in range(part.multiplicity)) == dims


def test_restriction_keeps_the_structure():
    H = Octahedral()
    rep = Restrict(SO(3), Irrep(3) + Adjoint * V.dual + Sym(2) + Det)
    assert rep.group is None
    bound = rep(H)
    check_rep_laws(bound)
    assert bound == (Restrict(SO(3), Irrep(3)) + Restrict(SO(3), Adjoint) * V.dual + Sym(2) + Det)(H)
    assert parse(repr(bound), H) == bound
    assert parse(repr(rep)) == rep
    assert pickle.loads(pickle.dumps(bound)) == bound
    exact = Restrict(SO(3), Adjoint * V)(H)
    hom = exact >> exact
    ranks = {method: hom.basis(method).rank for method in ("auto", "orbits", "isotypic", "nullspace", "exact")}
    assert set(ranks.values()) == {4}  # four irreps of O, each once, in T1 ⊗ T1


def test_restriction_is_adjoint_to_induction():
    G, H = S(4), D(4)
    for up in (Regular, T(2), Irrep(1)):
        for down in (V, Irrep(2), Scalar):
            assert (Restrict(G, up) >> down)(H).dim == (up >> Induce(H, down))(G).dim


def test_restriction_in_a_product():
    axial = SO(3).subgroup(fixing=[0, 0, 1])
    rep = Restrict(SO(3), Irrep(2))(axial) * V(S(3))
    check_rep_laws(rep)
    assert (rep >> rep).dim == 2 * (1 + 2 + 2)


def test_restriction_of_a_complex_group_to_a_real_subgroup():
    spin = Restrict(SU(2), Irrep(2))(SO(2))
    check_rep_laws(spin)
    assert spin.is_complex
    assert ((spin >> Scalar).dim, (spin >> spin).dim) == (1, 3)
    with pytest.raises(ValueError, match="is complex while"):
        Irrep(2)(SU(2)).branch(SO(2))


def test_what_cannot_be_restricted():
    with pytest.raises(ValueError, match=r"O\(3\) is not a subgroup of SO\(3\): its discrete generator"):
        Restrict(SO(3), Irrep(2))(O(3))
    with pytest.raises(ValueError, match="Lie algebra is not contained"):
        Restrict(O(3), V)(SO(1, 2))
    with pytest.raises(ValueError, match="acts on the same space"):
        Restrict(SO(3), V)(SO(2))
    with pytest.raises(TypeError, match="the larger group"):
        Restrict(V, V)


def test_fusion_of_rotations_is_clebsch_gordan():
    table = fusion_table(SO(3), max_dim=7)
    for a in range(4):
        for b in range(4):
            product = table[Irrep(a), Irrep(b)]
            assert product == sum((Irrep(c)(SO(3)) for c in range(abs(a - b), a + b + 1)), 0)
    assert fusion_table(O(3), max_dim=3)[Irrep("1o"), Irrep("1e")].decompose().parts[1].irrep.label == "1o"
    with pytest.raises(KeyError, match="not in the fusion table"):
        table[Irrep(9), Irrep(0)]


@pytest.mark.parametrize("group", [S(4), A(4), Dihedral(5), C(3), SU(2)], ids=str)
def test_fusion_agrees_with_characters(group):
    table = fusion_table(group, max_dim=4, level=2)
    g = group.sample(4, rng=0)
    for (a, b), product in table.products.items():
        np.testing.assert_allclose(a.character(g) * b.character(g), product.character(g), atol=1e-8)
        assert product == table[b, a]


def test_isomorphism():
    G = SO(3)
    assert Alt(2)(G).is_isomorphic(V(G))
    assert not Alt(2)(O(3)).is_isomorphic(V(O(3)))
    assert V(SU(2)).is_isomorphic(V.conj(SU(2)))
    assert not V(SU(3)).is_isomorphic(V.conj(SU(3)))
    assert V(O(1, 3)).is_isomorphic(V.dual(O(1, 3)))
    assert not V(SE(2)).is_isomorphic(V.dual(SE(2)))  # not reductive
    assert V(SE(2)).is_isomorphic(V(SE(2)).sub([[1, 2, 3], [0, 1, 4], [0, 0, 1]]))
    up, down = V(SO(2)).sub([[1, 1j]]), V(SO(2)).sub([[1, -1j]])
    assert not up.is_isomorphic(down)
    assert up.is_isomorphic(down.conj)
    with pytest.raises(ValueError, match="bind both to one group"):
        V(SO(3)).is_isomorphic(V(O(3)))


def test_what_has_no_decomposition():
    with pytest.raises(NotReductive, match="not known to be reductive"):
        V(SE(2)).decompose()
    with pytest.raises(ValueError, match="not bound"):
        V.decompose()
    with pytest.raises(ValueError, match="field='C'"):
        V(SO(2)).sub([[1, 1j]]).decompose()


def test_parts_of_representations_of_any_size():
    assert [part.multiplicity for part in (10**20 * V)(SO(3)).decompose()] == [10**20]
    found = T(20)(SO(3)).decompose()
    assert sum(part.multiplicity * part.dim for part in found) == 3**20
    with pytest.raises(ValueError, match=r"the change of basis of T\(20\) has 3.49e\+09 rows .*: read the parts"):
        _ = found.change
    with pytest.raises(ValueError, match="read the parts"):
        T(20)(SO(3)).projectors()
