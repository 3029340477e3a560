"""Counts of invariants component by component, against elimination and known dimensions."""

import pytest
import sympy as sp
from intertwine.groups import GL, SE, SO, SU, A, Group, Icosahedral, Lorentz, O, Pin, S, Spin, U, Z
from intertwine.reps import Alt, Det, Scalar, Sym, T, V
from intertwine.reps._count import by_elimination, by_irreps, by_theory
from intertwine.reps._weights import by_weights

DISCONNECTED = [
    O(2),
    O(3),
    O(4),
    O(5),
    O(1, 3),
    O(2, 2),
    SO(1, 3),
    SO(2, 2),
    Pin(2),
    Pin(3),
    Spin(1, 3),
    GL(2),
    GL(3),
    O(2) * S(3),
    O(2) * O(3),
]


@pytest.mark.parametrize("group", DISCONNECTED, ids=str)
@pytest.mark.parametrize("hom", [V >> V, V >> T(2), T(2) >> Sym(2), Alt(2) >> Alt(2), T(1, 1) >> T(2)], ids=str)
def test_disconnected_groups_against_elimination(group, hom):
    hom = hom(group)
    assert by_weights(hom.rep_in, hom.rep_out) == by_elimination(hom.rep_in, hom.rep_out)


def test_the_outer_automorphism_of_su3():
    """SU(3) ⋊ conjugation on ℝ⁶: the diagram automorphism of A2 swaps 3 and 3̄; two dimensions of torus, one fixed."""
    conjugation = sp.diag(1, 1, 1, -1, -1, -1)
    parts = [sp.Matrix(a) for a in SU(3).algebra]
    real = [sp.Matrix(sp.BlockMatrix([[sp.re(a), -sp.im(a)], [sp.im(a), sp.re(a)]]).as_explicit()) for a in parts]
    group = Group.from_generators(real, [conjugation], name="SU(3).2")
    connected = Group.from_generators(real, name="SU(3)")
    for hom, whole, identity in [(V >> V, 1, 2), (T(2) >> V, 1, 2), (T(2) >> T(2), None, None)]:
        assert whole in (None, hom(group).dim)
        assert identity in (None, hom(connected).dim)
        for G in (group, connected):
            bound = hom(G)
            assert by_weights(bound.rep_in, bound.rep_out) == by_elimination(bound.rep_in, bound.rep_out) == bound.dim


@pytest.mark.parametrize("group", [SO(3).wreath(S(2)), SO(2).wreath(S(3)), O(2).wreath(S(2))], ids=str)
@pytest.mark.parametrize("hom", [V >> V, V >> T(2), Sym(2) >> Sym(2)], ids=str)
def test_components_that_permute_the_factors(group, hom):
    bound = hom(group)
    assert by_weights(bound.rep_in, bound.rep_out) == by_elimination(bound.rep_in, bound.rep_out) == bound.dim


@pytest.mark.parametrize("group", [U(2), Pin(4), Pin(1, 3)], ids=str)
def test_large_and_complex_groups_are_counted(group):
    hom = (T(2) >> T(2))(group)
    assert hom.certificate.count == hom.dim
    assert hom.certificate.count_by == "weights"


def test_a_wrong_component_changes_the_count():
    """The control: without its reflections O(3) has one more map."""
    assert by_weights(V(O(3)), Alt(2)(O(3))) == 0
    assert by_weights(V(SO(3)), Alt(2)(SO(3))) == 1


COUNTED = [SO(3), O(3), SU(2), SU(3), Lorentz(), Pin(3), O(2) * S(3), S(3), S(5), S(8), Z(5), Icosahedral()]


@pytest.mark.parametrize("group", COUNTED, ids=str)
@pytest.mark.parametrize("hom", [V >> T(2), 2 * T(2) + Scalar >> T(2), T(1, 1) >> T(1, 1), Alt(2) >> V * V], ids=str)
def test_counts_of_large_spaces_against_solved_ones(group, hom):
    bound = hom(group)
    assert by_theory(bound.rep_in, bound.rep_out) == bound.basis().rank


@pytest.mark.parametrize("group", [S(9), A(9), S(12)], ids=str)
@pytest.mark.parametrize("hom", [V >> T(2), 2 * T(2) + Scalar >> T(2), T(4) >> Scalar], ids=str)
def test_counts_by_patterns_of_indices_against_solved_ones(group, hom):
    bound = hom(group)
    assert by_theory(bound.rep_in, bound.rep_out) == bound.basis().rank


@pytest.mark.parametrize("group", [O(3), S(5), Lorentz(), Icosahedral(full=True)], ids=str)
def test_counts_with_determinants(group):
    bound = (V + Det >> T(2) + Det * V)(group)
    assert by_theory(bound.rep_in, bound.rep_out) == bound.basis().rank


@pytest.mark.parametrize("group", [S(4), S(5), Icosahedral()], ids=str)
def test_counts_of_large_spaces_against_products_of_irreps(group):
    """More maps than 2⁶³, none of which is formed."""
    bound = (T(25) >> T(25))(group)
    assert bound.dim == by_irreps(bound.rep_in, bound.rep_out) > 2**63


def test_counts_against_known_sequences():
    motzkin_sums = [1, 0]  # invariants of SO(3) in T(k), OEIS A005043
    for k in range(2, 81):
        motzkin_sums.append((k - 1) * (2 * motzkin_sums[-1] + 3 * motzkin_sums[-2]) // (k + 1))
    assert [(T(k) >> Scalar)(SO(3)).dim for k in (12, 30, 40)] == [motzkin_sums[k] for k in (12, 30, 40)]
    assert (T(40) >> T(40))(SO(3)).dim == motzkin_sums[80] > 2**63
    assert (T(10) >> T(2))(S(100)).dim == 4213597  # Bell number
    assert (T(7) >> T(2))(S(9)).dim == 21147
    assert (T(8) >> Scalar)(A(9)).dim == 4141  # 4140, and the one of eight distinct points falls in two
    assert ((10**20 * V) >> V)(SO(3)).dim == 10**20


def test_what_is_too_large_says_so():
    for hom in ((T(30) >> Scalar)(SE(3)), (10**9 * T(13) >> V)(SE(3))):
        with pytest.raises(ValueError, match=r"not solved for: T\(..\) has dimension .*, over the limit of 1.68e\+07"):
            _ = hom.dim
    for method in ("auto", "isotypic", "krylov"):
        with pytest.raises(ValueError, match=r"or read hom\.dim, which is counted where a theory applies"):
            (T(30) >> Scalar)(SO(3)).basis(method)
    with pytest.raises(ValueError, match=r"has 3.81e\+12 pairs of coordinates, and orbits of up to"):
        (T(9) >> T(9))(S(5)).basis()
