"""Equal groups hold equal numbers, however they were typed in; a real scale counts, a phase does not."""

import numpy as np
import sympy as sp
from intertwine.groups import SO, Group, S

X = [[0, 0, 0], [0, 0, -1], [0, 1, 0]]
Y = [[0, 0, 1], [0, 0, 0], [-1, 0, 0]]


def test_order_sign_scale_and_repetition_do_not_count():
    a = Group.from_generators(algebra=[X, Y], discrete=[np.diag([-1, 1, 1]), np.diag([1, -1, 1])])
    b = Group.from_generators(
        algebra=[-3 * sp.Matrix(Y), X, Y, sp.zeros(3)],
        discrete=[np.diag([1, -1, 1]), np.eye(3, dtype=int), np.diag([-1, 1, 1])],
    )
    assert a == b
    np.testing.assert_allclose(a.lie_algebra, b.lie_algebra, rtol=1e-14)
    np.testing.assert_array_equal(a.discrete_generators, b.discrete_generators)


def test_permutations_are_ordered():
    a = Group.from_permutations([[1, 2, 0], [1, 0, 2]])
    b = Group.from_permutations([[1, 0, 2], [0, 1, 2], [1, 2, 0]])
    assert a == b
    np.testing.assert_array_equal(a.permutations, b.permutations)
    assert S(3).order == 6


def test_a_rotation_is_not_a_dilation():
    """[[i]] generates U(1) and [[1]] the positive scalings: a complex factor is not a scale."""
    turn = Group.from_generators(algebra=[[[sp.I]]])
    dilation = Group.from_generators(algebra=[[[1]]], field="C")
    assert turn != dilation
    assert turn == Group.from_generators(algebra=[[[-2 * sp.I]]])


def test_one_float_generator_scaled():
    a = Group.from_generators(algebra=[[[0.0, -0.3], [0.3, 0.0]]])
    assert a == Group.from_generators(algebra=[[[0.0, 1e-6], [-1e-6, 0.0]]])
    assert a == SO(2)
