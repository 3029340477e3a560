"""Definitions that are not what was meant: caught with the reason, and never mended in silence."""

import re
import warnings

import numpy as np
import pytest
import sympy as sp
from intertwine.groups import SE, SL, SO, Group, InexactWarning, O, Sp, double_cover
from intertwine.groups._checks import nearest_exact

TURN = [[0, -1], [1, 0]]


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (0.7071067811865476, sp.sqrt(2) / 2),
        (-0.7071067811865476, -sp.sqrt(2) / 2),
        (0.3333333333, sp.Rational(1, 3)),
        (0.8660254037844386, sp.sqrt(3) / 2),
        (1.4142135623730951, sp.sqrt(2)),
        (0.30901699437494745, (sp.sqrt(5) - 1) / 4),
        (0.5477225575051661, sp.sqrt(30) / 10),
        (0.1, sp.Rational(1, 10)),
        (0.707, None),
        (0.70710678, None),
        (np.pi, None),
        (1e-12, None),
        (123.456, None),
    ],
)
def test_the_nearest_exact_number(value, exact):
    found = nearest_exact(value)
    assert found is None if exact is None else sp.simplify(found - exact) == 0


def test_random_numbers_are_next_to_nothing():
    rng = np.random.default_rng(0)
    assert [x for x in rng.standard_normal(3000) if nearest_exact(float(x)) is not None] == []


@pytest.mark.parametrize(
    ("algebra", "discrete", "text"),
    [
        ([], [[[0.7071067811865476, -0.7071067811865476], [0.7071067811865476, 0.7071067811865476]]], "sqrt(2)/2"),
        (
            [[[1, 0], [0, 0.3333333333]]],
            [],
            "entry (1, 1) of algebra generator 0 is the float 0.3333333333, next to 1/3",
        ),
        ([[[1j, 0], [0, -0.3333333333j]]], [], "next to -1/3"),
        ([TURN], [np.array([[np.cos(np.pi / 3), -np.sin(np.pi / 3)], [np.sin(np.pi / 3), np.cos(np.pi / 3)]])], "1/2"),
    ],
)
def test_floats_that_were_meant_as_exact_numbers(algebra, discrete, text):
    with pytest.warns(InexactWarning, match=re.escape(text)) as caught:
        group = Group.from_generators(algebra, discrete)
    assert len(caught) == 1, "one warning is enough"
    assert caught[0].filename == __file__, "the warning points at the user's line"
    assert not group.is_exact, "nothing is substituted"


def test_forms_and_changes_of_basis():
    with pytest.warns(InexactWarning, match="entry \\(1, 1\\) of form 0 is the float 0.3333333333, next to 1/3"):
        Group.preserving([[1, 0], [0, 0.3333333333]])
    with pytest.warns(InexactWarning, match="change of basis 0"):
        SO(2).conjugate([[1, 0.7071067811865476], [0, 1]])


def test_floats_that_are_what_was_meant():
    """No warning: data, numbers that floats hold exactly, and the scale of an algebra generator."""
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Group.from_generators(discrete=[rng.standard_normal((5, 5))])
        assert Group.from_generators(discrete=[[[0.5, 0], [0, -2.25]]]).is_exact
        assert Group.from_generators(algebra=[0.1 * np.array(TURN)]) == SO(2)
        Group.from_generators(algebra=[np.array(TURN) * 0.3 + 1e-3 * rng.standard_normal((2, 2))])


def test_exact_halves_are_equal_however_they_are_written():
    made = [Group.from_generators(discrete=[sp.diag(x, 3)]) for x in (0.5, sp.Rational(1, 2), sp.Float(0.5))]
    assert made[0] == made[1] == made[2]
    assert Group.from_generators(discrete=[[["1/2", 0], [0, "3"]]]) == made[0]


@pytest.mark.parametrize("text", ["nonsense(", "sqrt(2)", "__import__('os').getcwd()", "1/0", ""])
def test_text_is_not_evaluated(text):
    with pytest.raises(ValueError, match=r"entry \(0, 1\).*text is not evaluated"):
        Group.from_generators(algebra=[[[0, text], [0, 0]]])


def test_a_discrete_part_that_does_not_normalise_the_algebra():
    """diag(2, 1) takes the rotations to those of an ellipse, and together they generate SL(2) and more."""
    with pytest.raises(ValueError, match=r"\[\[2, 0\], \[0, 1\]\] does not normalise the Lie algebra of dimension 1"):
        Group.from_generators(algebra=[TURN], discrete=[[[2, 0], [0, 1]]])
    with pytest.raises(ValueError, match="does not normalise"):
        SO(3).with_discrete([[[1, 1, 0], [0, 1, 0], [0, 0, 1]]])
    h = sp.diag(2, 1)
    made = Group.from_generators(algebra=[TURN, h * sp.Matrix(TURN) * h.inv()], discrete=[h])
    assert made.lie_dim == 3, "what the message says to do"
    assert Group.from_generators(algebra=SL(2).algebra, discrete=[h]).lie_dim == 3


@pytest.mark.parametrize(
    "group", [O(3), O(2, 2), SE(2).with_discrete([sp.diag(-1, 1, 1)]), double_cover(3, pin=True).source]
)
@pytest.mark.parametrize("seed", range(3))
def test_right_definitions_pass_in_any_basis(group, seed):
    """Floats in a basis of condition 1e3 are not taken for a mistake."""
    rng = np.random.default_rng(seed)
    u, _, v = np.linalg.svd(rng.standard_normal((group.d, group.d)))
    p = u @ np.diag(np.geomspace(1, 1e3, group.d)) @ v
    algebra, discrete = (
        [p @ m @ np.linalg.inv(p) for m in part] for part in (group.lie_algebra, group.discrete_generators)
    )
    assert Group.from_generators(algebra, discrete).lie_dim == group.lie_dim


def test_sizes_and_singular_generators():
    with pytest.raises(ValueError, match=r"sizes \[2, 4\]: algebra generator 0 is 2×2, algebra generator 1 is 4×4"):
        Group.from_generators(algebra=[TURN, *Sp(4).algebra])
    with pytest.raises(ValueError, match="discrete generator 1 is singular"):
        Group.from_generators(discrete=[TURN, [[1, 2], [2, 4]]])
