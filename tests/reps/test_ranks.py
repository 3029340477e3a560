"""Ranks that theory gives, exactly; every solve cold and with a certificate."""

import math

import numpy as np
import pytest
from intertwine.groups import GL, SL, SO, SU, Group, O, S, Sp, Z
from intertwine.reps import Det, Scalar, T, V
from intertwine.reps.solve import _memory, solve

RIORDAN = (1, 0, 1, 1, 3, 6, 15, 36, 91)  # invariants of SO(3) in V^⊗n
BELL = (1, 1, 2, 5, 15, 52, 203)
CATALAN = (1, 1, 2, 5, 14)


def certified(hom, rank):
    """Solve cold; the rank and the residual are as claimed."""
    _memory.clear()
    certificate = solve(hom).certificate
    assert certificate.rank == hom.dim == rank
    assert certificate.residual <= 1e-10
    assert certificate.count in (None, rank)


def cube_faces():
    """The rotations of a cube on its 6 faces: quarter turns about two axes."""
    return Group.from_permutations([[0, 1, 4, 5, 3, 2], [4, 5, 2, 3, 1, 0]])


def rubik():
    """The six face turns on the 48 moving stickers, from the geometry of the cube."""
    axes = np.array([sign * np.eye(3, dtype=int)[k] for k in range(3) for sign in (1, -1)])
    grid = [(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)]
    stickers = [(c, tuple(n)) for c in grid for n in axes if np.dot(c, n) == 1 and np.abs(c).sum() > 1]
    place = {sticker: i for i, sticker in enumerate(stickers)}
    turns = []
    for n in axes:
        cross = np.array([np.cross(n, e) for e in np.eye(3, dtype=int)]).T
        turn = np.outer(n, n) + cross  # a quarter turn about n
        moved = [(tuple(turn @ c), tuple(turn @ face)) if np.dot(c, n) == 1 else (c, face) for c, face in stickers]
        turns.append([place[tuple(map(int, c)), tuple(map(int, face))] for c, face in moved])
    return Group.from_permutations(turns, name="Rubik")


LORENTZ = SO(1, 3, connected=True)
MIXED = V(SO(3)) * V(S(5))
ANCHORS = {
    "SO(3) T2": ((T(2) >> T(2))(SO(3)), 3),
    "SO(3) T3": ((T(3) >> T(3))(SO(3)), 15),
    "SO(3) T4": ((T(4) >> T(4))(SO(3)), 91),
    "SO(3) T5 invariants": ((Scalar >> T(5))(SO(3)), 6),
    "O(3) T3": ((T(3) >> T(3))(O(3)), 15),
    "SO(2) T4": ((T(4) >> T(4))(SO(2)), 70),
    "O(5) T2": ((T(2) >> T(2))(O(5)), 3),
    "SO+(1,3) T2": ((T(2) >> T(2))(LORENTZ), 4),
    "SO+(1,3) T3": ((T(3) >> T(3))(LORENTZ), 25),
    "O(1,3) T3": ((T(3) >> T(3))(O(1, 3)), 15),
    "Sp(4) T2": ((T(2) >> T(2))(Sp(4)), 3),
    "Sp(4) T3": ((T(3) >> T(3))(Sp(4)), 14),
    "SU(3) T(1,1)": ((T(1, 1) >> T(1, 1))(SU(3)), 2),
    "SU(3) T(2,2)": ((T(2, 2) >> T(2, 2))(SU(3)), 23),
    "SL(3) T(3,3)": ((Scalar >> T(3, 3))(SL(3)), 6),
    "GL(3) T(1,1)": ((T(1, 1) >> T(1, 1))(GL(3)), 2),
    "SO+(1,1) T(2,1)": ((T(2, 1) >> T(2, 1))(SO(1, 1, connected=True)), 20),
    "S(4) T2": ((T(2) >> T(2))(S(4)), 15),
    "S(6) T2": ((T(2) >> T(2))(S(6)), 15),
    "S(10) T2": ((T(2) >> T(2))(S(10)), 15),
    "Z(10) T2": ((T(2) >> T(2))(Z(10)), 1000),
    "cube T2": ((T(2) >> T(2))(cube_faces()), 60),
    "Rubik V": ((V >> V)(rubik()), 9),
    "SO(3) x S(5)": (MIXED >> MIXED, 2),
}


@pytest.mark.parametrize("case", ANCHORS)
def test_anchor(case):
    certified(*ANCHORS[case])


@pytest.mark.parametrize("n", range(len(RIORDAN)))
def test_so3_invariants_are_riordan_numbers(n):
    certified((Scalar >> T(n))(SO(3)), RIORDAN[n])


def test_hom_is_invariants_of_the_product():
    certified((T(5) >> T(3))(SO(3)), RIORDAN[8])


@pytest.mark.parametrize(("n", "k"), [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (4, 2), (5, 2)])
def test_orthogonal_invariants_are_double_factorials(n, k):
    certified((Scalar >> T(2 * k))(O(n)), math.prod(range(1, 2 * k, 2)))
    certified((Scalar >> T(2 * k - 1))(O(n)), 0)


@pytest.mark.parametrize("group", [SL(2), Sp(2)], ids=str)
@pytest.mark.parametrize("k", range(5))
def test_sl2_invariants_are_catalan_numbers(group, k):
    certified((Scalar >> T(2 * k))(group), CATALAN[k])
    certified((Scalar >> T(2 * k + 1))(group), 0)


@pytest.mark.parametrize("k", range(1, 7))
def test_symmetric_group_invariants_are_bell_numbers(k):
    certified((Scalar >> T(k))(S(max(k, 2))), BELL[k])


def test_too_few_points_miss_partitions():
    certified((Scalar >> T(5))(S(4)), 51)


@pytest.mark.parametrize(("n", "k"), [(2, 1), (5, 3), (10, 4), (7, 2)])
def test_cyclic_invariants(n, k):
    certified((Scalar >> T(k))(Z(n)), n ** (k - 1))


@pytest.mark.parametrize(("n", "p"), [(2, 1), (2, 2), (3, 2), (3, 3), (4, 2)])
def test_general_linear_invariants_are_permutations(n, p):
    certified((Scalar >> T(p, p))(GL(n)), math.factorial(p))


def test_determinant_is_an_invariant_of_sl3():
    certified((Scalar >> T(3))(SL(3)), 1)
    certified((Det >> T(3))(GL(3)), 1)


@pytest.mark.parametrize(("group", "rank"), [(LORENTZ, 4), (O(1, 3), 3)], ids=str)
def test_lorentz_four_tensors(group, rank):
    certified((Scalar >> T(4))(group), rank)


@pytest.mark.parametrize(("group", "rank"), [(LORENTZ, 196), (O(1, 3), 105)], ids=str)
def test_lorentz_eight_tensors(group, rank):
    certified((T(4) >> T(4))(group), rank)


def test_rubik_pairs():
    certified((T(2) >> T(2))(rubik()), 350)


@pytest.mark.parametrize("n", [4, 5])
def test_finite_group_average_of_characters(n):
    """rank = (1/|G|) Σ χ_out χ_in over all permutations, counted here by fixed points."""
    from itertools import permutations

    fixed = [sum(i == p for i, p in enumerate(g)) for g in permutations(range(n))]
    certified((T(2) >> T(1))(S(n)), sum(f**3 for f in fixed) // len(fixed))
