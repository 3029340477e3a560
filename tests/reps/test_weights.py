"""Counts of invariants component by component, against elimination and known dimensions."""

import pytest
import sympy as sp
from intertwine.groups import GL, SO, SU, Group, O, Pin, S, Spin, U
from intertwine.reps import Alt, Sym, T, V
from intertwine.reps._count import by_elimination
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
