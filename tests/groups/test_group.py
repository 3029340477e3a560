"""`Group` as a value: construction, identity, immutability, products, hostile input."""

import copy
import os
import pickle
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from intertwine.groups import GL, SE, SL, SO, SU, C, Group, O, S, Trivial, U, Z, check_group_laws, same_group

TURN = [[0, -1], [1, 0]]
FLIP = [[1, 0], [0, -1]]


def test_entries_of_every_kind_are_read_exactly():
    kinds = [
        TURN,
        sp.Matrix(TURN),
        np.array(TURN),
        np.array(TURN, float),
        np.array(TURN, np.float32),
        [[Fraction(0), Fraction(-1)], [Fraction(1), Fraction(0)]],
        [[0, -sp.sqrt(4) / 2], [sp.cos(0), 0]],
        [[0, -2.5], [2.5, 0]],
    ]
    for entries in kinds:
        assert Group.from_generators(algebra=[entries]) == SO(2)
    assert not Group.from_generators(algebra=[[[0, -0.3], [0.3, 0]]]).is_exact


def test_identity_is_content():
    same_name = [Group.from_generators(algebra=[a], name="G") for a in (TURN, [[0, 1], [1, 0]])]
    assert same_name[0] != same_name[1]
    assert Group.from_generators(algebra=[TURN], discrete=[FLIP], name="x") != Group.from_generators(
        algebra=[TURN], name="x"
    )
    a, b, c = SO(3).algebra
    assert Group.from_generators([c, a, b, a]) == SO(3)
    assert hash(Group.from_generators([-7 * c, a / 3, b * sp.sqrt(2)])) == hash(SO(3))
    assert Group.from_generators([sp.sqrt(5) * a + a, b, c]) == SO(3)
    assert SO(3) != "SO(3)"
    assert SO(3) * S(4) != S(4) * SO(3)
    assert SU(2) != U(2)


@given(st.floats(1e-12, 1e12), st.booleans())
@settings(max_examples=30, deadline=None, derandomize=True)
def test_scale_of_the_algebra_does_not_count(scale, negative):
    made = Group.from_generators([np.array(a.tolist(), float) * (-scale if negative else scale) for a in SO(3).algebra])
    assert made == SO(3)
    assert made.lie_dim == 3
    assert np.allclose(np.abs(made.lie_algebra), np.abs(SO(3).lie_algebra))


def test_scale_of_discrete_generators_does_count():
    assert Group.from_generators(discrete=[[[2]]]) != Group.from_generators(discrete=[[[3]]])
    assert Group.from_generators(discrete=[[[0.123]]]) != Group.from_generators(discrete=[[[0.123 + 1e-9]]])


def test_permutation_matrices_are_recognised():
    made = Group.from_generators(discrete=[[[0, 0, 1], [1, 0, 0], [0, 1, 0]]])
    assert made == Z(3)
    assert made.permutations.tolist() == [[1, 2, 0]]
    assert not Group.from_generators(discrete=[[[0, -1], [1, 0]]]).is_permutation
    assert Group.from_permutations(np.array([[1, 2, 0]])) == Z(3)
    assert Trivial(2).permutations.shape == (0, 2)


def test_permutation_convention():
    (h,) = Group.from_permutations([[2, 0, 1]]).discrete_generators
    assert np.array_equal(h @ [1, 0, 0], [0, 0, 1])


def test_groups_are_immutable_and_portable():
    group = O(3) * S(4)
    with pytest.raises(AttributeError, match="immutable"):
        group.name = "other"
    with pytest.raises(AttributeError, match="immutable"):
        del group.name
    with pytest.raises(ValueError, match="read-only"):
        group.lie_algebra[0] = 0
    assert pickle.loads(pickle.dumps(group)) == group
    assert copy.deepcopy(group) is group
    assert {group: 1}[O(3) * S(4)] == 1


def test_keys_are_the_same_in_every_process():
    code = "from intertwine.groups import SO, S, SU; print((SO(3) * S(4) * SU(2)).key)"
    for seed in ("1", "2"):
        out = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert out.stdout.strip() == (SO(3) * S(4) * SU(2)).key


def test_products_act_block_diagonally():
    group = SO(3) * (S(2) * SU(2))
    assert group.factors == (SO(3), S(2), SU(2))
    assert group.offsets == (0, 3, 5)
    assert (group.d, group.field, group.lie_dim) == (7, "C", 6)
    assert len(group.algebra) == 6
    assert [a.shape for a in group.algebra] == [(7, 7)] * 6
    assert np.allclose(group.lie_algebra[:3, :3, :3], SO(3).lie_algebra)
    assert np.allclose(group.discrete_generators[0], np.eye(7)[[0, 1, 2, 4, 3, 5, 6]])
    g = group.sample(4, rng=0)
    assert np.allclose(g[:, :3, 3:], 0)
    assert np.allclose(g[:, 3:5, 5:], 0)
    assert (S(3) * S(4)).order == 144
    assert (S(3) * S(4)).is_permutation
    assert (S(3) * S(4)).permutations.shape == (4, 7)
    assert not (SO(3) * SE(2)).is_reductive
    check_group_laws(group)
    check_group_laws(S(3) * Z(4))
    with pytest.raises(TypeError):
        SO(3) * 3


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Group.from_generators(), "no generators"),
        (lambda: Group.from_generators(algebra=[[[0, 1]]]), "square"),
        (lambda: Group.from_generators(algebra=[[[0, 1], [1]]]), "ragged|square"),
        (lambda: Group.from_generators(algebra=[np.zeros((2, 2, 2))]), "square"),
        (lambda: Group.from_generators(algebra=[np.zeros((0, 0))]), "square"),
        (lambda: Group.from_generators(algebra=[TURN], discrete=[np.eye(3)]), "same space"),
        (lambda: Group.from_generators(discrete=[[[1, 1], [1, 1]]]), "singular"),
        (lambda: Group.from_generators(discrete=[[[0.5, 0.5], [0.5, 0.5]]]), "singular"),
        (lambda: Group.from_generators(algebra=[[[0, np.nan], [0, 0]]]), "finite"),
        (lambda: Group.from_generators(algebra=[[[0, np.inf], [0, 0]]]), "finite"),
        (lambda: Group.from_generators(algebra=[[[0, sp.oo], [0, 0]]]), "finite"),
        (lambda: Group.from_generators(algebra=[[[0, sp.nan], [0, 0]]]), "finite"),
        (lambda: Group.from_generators(algebra=[[[0, sp.Symbol("x")], [0, 0]]]), "symbols"),
        (lambda: Group.from_generators(algebra=[[[0, "nonsense("], [0, 0]]]), "entry"),
        (lambda: Group.from_generators(algebra=[[[1j]]], field="R"), "complex"),
        (lambda: Group.from_generators(algebra=[TURN], field="H"), "field"),
        (lambda: Group.from_permutations([]), "no permutations"),
        (lambda: Group.from_permutations([[0, 0, 1]]), "exactly once"),
        (lambda: Group.from_permutations([[1, 2, 3]]), "exactly once"),
        (lambda: Group.from_permutations([[0.5, 1]]), "exactly once"),
        (lambda: Group.from_permutations([[1, 0], [1, 2, 0]]), "same number"),
        (lambda: Group.from_cayley_table([[0, 1], [0, 1]]), "once"),
        (lambda: Group.from_cayley_table([[0, 1]]), "square"),
        (lambda: Group.from_cayley_table([[0, 1, 2], [2, 0, 1], [1, 2, 0]]), "associative"),
    ],
)
def test_hostile_input(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_errors_show_the_offending_entry():
    with pytest.raises(ValueError, match=r"entry \(0, 1\) of algebra generator 0"):
        Group.from_generators(algebra=[[[0, np.nan], [0, 0]]])


def test_nearly_singular_exact_generators_are_fine():
    tiny = sp.Rational(1, 10**20)
    assert Group.from_generators(discrete=[sp.diag(1, tiny)]).d == 2


def test_cayley_table():
    table = [[(a + b) % 6 for b in range(6)] for a in range(6)]
    group = Group.from_cayley_table(table)
    assert (group.order, group.is_abelian) == (6, True)
    assert same_group(group, Z(6))


def test_field_and_complex_generators():
    assert Group.from_generators(algebra=[[[1j]]]).field == "C"
    assert Group.from_generators(algebra=[TURN], field="C") != SO(2)
    assert SU(2).lie_algebra.dtype == complex
    assert SL(2).lie_algebra.dtype == float


@pytest.mark.parametrize("group", [SO(3), GL(3), S(3), SE(2), SO(2) * S(1)], ids=repr)
def test_what_is_no_invertible_matrix_is_no_element(group):
    for wrong in (np.zeros((3, 3)), np.full((3, 3), np.nan), np.diag([1.0, np.inf, 1.0]), np.zeros((3, 3), bool)):
        assert wrong not in group
    assert np.eye(3) in group
    assert np.eye(3, dtype=bool) in group
    assert sp.eye(3) in group
    assert sp.zeros(3) not in group
    for wrong in (sp.eye(3) * sp.Symbol("x"), [["one"] * 3] * 3):
        with pytest.raises(TypeError, match="a matrix of numbers"):
            _ = wrong in group


def test_exact_matrices_are_elements():
    assert O(2).discrete[0] in O(2)
    assert O(2).discrete[0] not in SO(2)
    swap = np.kron([[0, 1], [1, 0]], np.eye(2))
    assert swap not in SO(2) * SO(2)
    assert np.eye(4) in SO(2) * SO(2)
    turn = sp.Matrix([[1, -1], [1, 1]]) / sp.sqrt(2)
    assert turn in C(8)
    assert turn not in C(4)
    assert sp.I * sp.eye(2) in U(2)
    assert sp.I * sp.eye(2) not in SU(2)
