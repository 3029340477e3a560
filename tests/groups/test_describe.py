"""The card of a group states what is true, and says of the rest that it was not computed."""

import numpy as np
import pytest
import sympy as sp
from intertwine.groups import (
    G2,
    GL,
    SE,
    SL,
    SO,
    SU,
    Cube,
    Dicyclic,
    Group,
    Heisenberg,
    O,
    Pin,
    Poincare,
    Rubik,
    S,
    Sp,
    Spin,
    U,
    UpperTriangular,
    USp,
)


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (O(3), {"dimension": "3", "Lie algebra": "A1 (semisimple)", "real form": "su(2)", "components": "2"}),
        (SO(5), {"Lie algebra": "B2 = C2 (semisimple)", "roots": "8, rank 2", "compact": "yes"}),
        (Spin(7), {"Lie algebra": "B3 (semisimple)", "acts on": "ℝ^8"}),
        (GL(3), {"Lie algebra": "A2 + T1 (reductive)", "centre": "dimension 1", "derived series": "9 > 8"}),
        (SU(3), {"unitary": "yes", "acts on": "ℂ^3", "invariant forms": "1 Hermitian of signature (3, 0)"}),
        (SE(3), {"reductive": "no", "Killing form": "0 plus, 3 minus, 3 zero"}),
        (Heisenberg(1), {"derived series": "3 > 1 > 0", "unimodular": "yes"}),
        (UpperTriangular(2), {"components": "4", "unimodular": "no"}),
        (Sp(4), {"invariant forms": "1 antisymmetric"}),
        (O(1, 3), {"components": "4", "invariant forms": "1 symmetric of signature (1, 3)"}),
        (G2(), {"invariant forms": "1 symmetric of signature (7, 0)"}),
        (Cube(), {"order": "24", "conjugacy classes": "5", "abelian": "no"}),
        (Dicyclic(2), {"irreps over ℂ": "4 of degree 1, 1 of degree 2; 4 real, 1 quaternionic"}),
        (Poincare(), {"components": "4", "dimension": "10", "real form": "sl(2, C)"}),
        (O(3) * S(4), {"product of": "O(3), S(4)", "components": "48"}),
    ],
    ids=lambda v: v.name if isinstance(v, Group) else "",
)
def test_cards(group, said):
    card = group.describe()
    assert {label: card[label] for label in said} == said
    assert str(card).startswith(group.name)
    assert "not computed" not in str(card)


def test_what_is_not_known_is_said():
    assert Rubik().describe()["conjugacy classes"] == "not computed (order above 20000)"
    assert Rubik().describe()["invariant forms"].startswith("not computed (forms are looked for up to")


def test_large_groups_have_a_card():
    """Rows whose cost grows with the size of the algebra are left out, those that are cheap are not."""
    card = SO(30).describe()
    assert card["Lie algebra"] == "not computed (dimension above 400)"
    assert (card["dimension"], card["compact"], card["orthogonal"]) == ("435", "yes", "yes")
    assert card["unimodular"].startswith("not computed (dimension above 400")
    card = Spin(15).describe()
    large = "not computed (105 algebra generators of shape 128 x 128 have more than 1500000 entries)"
    assert card["dimension"] == card["Lie algebra"] == card["components"] == large
    assert (card["compact"], card["abelian"]) == ("yes", "no")
    assert SO(17).describe()["Lie algebra"] == "B8 (semisimple; found numerically)"
    why = "not computed (144 generators of size 12 are too many to bracket exactly, and the algebra is not semisimple)"
    assert GL(12).describe()["Lie algebra"] == why


@pytest.mark.parametrize("make", [SO, O, GL, SL, Sp, U, SU, USp, SE, UpperTriangular])
def test_groups_that_do_not_fit_into_memory_are_refused_at_once(make):
    with pytest.raises(ValueError, match=r"\(512\) has \d+ generators of shape 512 x 512, .* give a smaller size"):
        make(512)


@pytest.mark.parametrize("make", [Spin, Pin])
def test_spinors_that_do_not_fit_into_memory_are_refused_at_once(make):
    with pytest.raises(ValueError, match=r"spinors of dimension 2\^20: .* up to 2\^8; give a smaller n"):
        make(40)


def test_floats_are_named():
    rng = np.random.default_rng(0)
    p = rng.standard_normal((3, 3))
    skewed = Group.from_generators([p @ a @ np.linalg.inv(p) for a in SO(3).lie_algebra], name="mine")
    card = skewed.describe()
    assert card["generators"].endswith("(floating point)")
    assert card["Lie algebra"] == "A1 (semisimple; found numerically)"


def test_transcendental_numbers_are_named():
    text = str(Group.from_generators(algebra=[[[0, -sp.pi], [1, 0]]]).describe())
    assert "not computed (entries must be algebraic numbers" in text
    assert "compact          yes" in text
    assert "A1 (semisimple; found numerically)" in str(SO(3).conjugate(sp.diag(1, 1, sp.pi)).describe())


def test_components_of_extensions():
    """Turns of the plane times a stretch have infinitely many components."""
    turn = sp.Matrix([[0, -1], [1, 0]])
    stretched = Group.from_generators([turn], [2 * sp.eye(2)])
    with pytest.raises(ValueError, match="components"):
        stretched.components  # noqa: B018
    assert Group.from_generators([turn], [sp.diag(1, -1)]).components == 2
    assert Group.from_generators([turn], [-sp.eye(2)]).components == 1


def test_components_of_the_double_covers():
    assert (Pin(3).components, Spin(3).components, O(2, 2).components, SO(2, 2).components) == (2, 1, 4, 2)


def test_a_card_is_a_table_in_a_notebook():
    html = SO(3).describe()._repr_html_()
    assert "<caption>SO(3)</caption>" in html
    assert "<th>Lie algebra</th><td>A1 (semisimple)</td>" in html
