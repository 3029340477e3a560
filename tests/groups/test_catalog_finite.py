"""Dicyclic and quaternion groups, grids, and the 32 crystallographic point groups against their tables."""

import numpy as np
import pytest
from intertwine.groups import (
    Dicyclic,
    Dihedral,
    Grid,
    Octahedral,
    PointGroup,
    Quaternion,
    Tetrahedral,
    check_group_laws,
    same_group,
)
from intertwine.groups.catalog.crystals import NAMES

# International Tables for Crystallography A, table 3.2.1.4; Schoenflies, order, proper rotations
CRYSTALS = {
    "1": ("C1", 1, 1),
    "-1": ("Ci", 2, 1),
    "2": ("C2", 2, 2),
    "m": ("Cs", 2, 1),
    "2/m": ("C2h", 4, 2),
    "222": ("D2", 4, 4),
    "mm2": ("C2v", 4, 2),
    "mmm": ("D2h", 8, 4),
    "4": ("C4", 4, 4),
    "-4": ("S4", 4, 2),
    "4/m": ("C4h", 8, 4),
    "422": ("D4", 8, 8),
    "4mm": ("C4v", 8, 4),
    "-42m": ("D2d", 8, 4),
    "4/mmm": ("D4h", 16, 8),
    "3": ("C3", 3, 3),
    "-3": ("C3i", 6, 3),
    "32": ("D3", 6, 6),
    "3m": ("C3v", 6, 3),
    "-3m": ("D3d", 12, 6),
    "6": ("C6", 6, 6),
    "-6": ("C3h", 6, 3),
    "6/m": ("C6h", 12, 6),
    "622": ("D6", 12, 12),
    "6mm": ("C6v", 12, 6),
    "-6m2": ("D3h", 12, 6),
    "6/mmm": ("D6h", 24, 12),
    "23": ("T", 12, 12),
    "m-3": ("Th", 24, 12),
    "432": ("O", 24, 24),
    "-43m": ("Td", 24, 12),
    "m-3m": ("Oh", 48, 24),
}
CENTROSYMMETRIC = {"-1", "2/m", "mmm", "4/m", "4/mmm", "-3", "-3m", "6/m", "6/mmm", "m-3", "m-3m"}
# number of conjugacy classes, the same as that of complex irreps (Koster et al. 1963)
CLASSES = {"mmm": 8, "-42m": 5, "4/mmm": 10, "-3m": 6, "6/mmm": 12, "23": 4, "m-3": 8, "432": 5, "-43m": 5, "m-3m": 10}


def test_there_are_32():
    assert list(NAMES) == list(CRYSTALS)
    assert len(CRYSTALS) == 32
    assert len({tuple(sorted(map(tuple, traces(s)))) for s in CRYSTALS}) == 32, "no two are the same geometric class"


def traces(symbol):
    g = PointGroup(symbol).elements()
    return np.round(np.stack([np.trace(g, axis1=1, axis2=2), np.linalg.det(g)], 1)).astype(int)


@pytest.mark.parametrize("symbol", CRYSTALS)
def test_point_groups(symbol):
    schoenflies, order, proper = CRYSTALS[symbol]
    group = PointGroup(symbol)
    assert group == PointGroup(schoenflies)
    assert repr(PointGroup(schoenflies)) == f"PointGroup('{symbol}')"
    assert (group.d, group.order) == (3, order)
    g = group.elements()
    assert np.sum(np.linalg.det(g) > 0) == proper
    assert np.allclose(g @ np.swapaxes(g, 1, 2), np.eye(3))
    assert any(np.allclose(h, -np.eye(3)) for h in g) == (symbol in CENTROSYMMETRIC)
    assert len(group.conjugacy_classes()) == CLASSES.get(symbol, len(group.conjugacy_classes()))
    assert group.is_exact
    check_group_laws(group)


def test_point_groups_and_the_rest_of_the_catalogue():
    assert same_group(PointGroup("432"), Octahedral())
    assert same_group(PointGroup("m-3m"), Octahedral(full=True))
    assert same_group(PointGroup("-43m"), Tetrahedral(full=True))
    assert same_group(PointGroup("6mm"), Dihedral(6).embed(3))
    assert PointGroup("S6") == PointGroup("C3i") == PointGroup("-3")


@pytest.mark.parametrize("symbol", ["7", "C5", "m3m!", "", "oh", "I"])
def test_unknown_point_groups_are_answered_with_the_list(symbol):
    with pytest.raises(ValueError, match=r"there is no point group .*m-3m \(Oh\)"):
        PointGroup(symbol)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_dicyclic_groups(n):
    group = Dicyclic(n)
    check_group_laws(group)
    assert group.order == 4 * n
    g = group.elements()
    involutions = [h for h in g if np.allclose(h @ h, np.eye(2)) and not np.allclose(h, np.eye(2))]
    assert len(involutions) == 1, "-1 is the only involution"
    assert np.allclose(involutions[0], -np.eye(2))
    assert len(group.conjugacy_classes()) == n + 3
    assert group.is_abelian == (n == 1)


def test_the_quaternion_group():
    group = Quaternion()
    check_group_laws(group)
    assert group.order == Dicyclic(2).order == 8
    assert sorted(len(c) for c in group.conjugacy_classes()) == [1, 1, 2, 2, 2]
    one = np.eye(4)
    equations = np.concatenate([np.kron(h, one) - np.kron(one, h.T) for h in group.discrete_generators])
    assert 16 - np.linalg.matrix_rank(equations) == 4, "V is irreducible of quaternionic type"


@pytest.mark.parametrize(("k", "reflections"), [(1, False), (2, False), (4, False), (4, True), (3, False), (6, True)])
@pytest.mark.parametrize("n", [3, 4, 7])
def test_orders_of_grids(n, k, reflections):
    group = Grid(n, k, reflections=reflections)
    check_group_laws(group)
    assert (group.d, group.order) == (n * n, n * n * k * (1 + reflections))


def test_grids_move_images_as_numpy_does():
    n = 5
    group = Grid(n, 4, reflections=True)
    everything = {tuple(g @ np.arange(n * n)) for g in group.elements()}
    image = np.arange(n * n).reshape(n, n)
    for moved in (np.rot90(image), np.rot90(image, 2), np.roll(image, (2, 3), (0, 1)), image.T, image[::-1]):
        assert tuple(moved.ravel()) in everything
    assert tuple(np.rot90(image).ravel()) not in {tuple(g @ np.arange(n * n)) for g in Grid(n, 2).elements()}
    assert tuple(np.random.default_rng(0).permutation(n * n)) not in everything


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: Grid(4, 5), ValueError, "1, 2, 3, 4 or 6"),
        (lambda: Grid(0), ValueError, "at least 1"),
        (lambda: Grid(4, reflections=1), TypeError, "True or False"),
        (lambda: Dicyclic(0), ValueError, "at least 1"),
        (lambda: PointGroup(32), TypeError, "symbol"),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()
