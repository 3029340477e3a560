"""Signed permutations: orbits against characters and the dense nullspace."""

import numpy as np
import pytest
from intertwine.groups import Group, S, Trivial
from intertwine.reps import Alt, Custom, Det, Scalar, Sym, T, V
from intertwine.reps._count import by_characters
from intertwine.reps.solve import solve
from intertwine.reps.solve.orbits import merge_orbits, signed_permutations

HYPEROCTAHEDRAL = Group.from_generators(
    discrete=[np.diag([-1, 1, 1]), [[0, 1, 0], [1, 0, 0], [0, 0, 1]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]]
)


@pytest.mark.parametrize("group", [S(3), S(5), HYPEROCTAHEDRAL], ids=str)
@pytest.mark.parametrize(
    ("rep_in", "rep_out"),
    [(V, V), (Det * V, V), (Alt(2), Alt(2)), (T(3), Sym(2)), (T(2), Det), (Scalar, T(4)), (Alt(3), Det)],
    ids=str,
)
def test_orbit_count_is_the_character_average(group, rep_in, rep_out):
    hom = (rep_in >> rep_out)(group)
    basis = solve(hom, "orbits")
    assert basis.rank == by_characters(hom.rep_in, hom.rep_out)
    assert basis.certificate.residual < 1e-14


@pytest.mark.parametrize("n", [3, 8, 10])
def test_a_group_without_generators_allows_every_matrix(n):
    assert solve((V >> V)(Trivial(n)), "orbits").rank == n**2


def test_inconsistent_signs_force_zero():
    basis = (V >> Scalar)(HYPEROCTAHEDRAL).basis()
    assert basis.rank == 0
    assert basis.dense().shape == (0, 1, 3)
    block = (V >> V)(HYPEROCTAHEDRAL).basis().blocks[0].block
    assert block.rank == 1
    assert (block.labels == np.where(np.eye(3) > 0, 0, -1)).all()


def test_labels_are_the_matrix():
    basis = (T(2) >> V)(S(4)).basis()
    block = basis.blocks[0].block
    W = basis.combine(np.arange(basis.rank) * np.sqrt(block.sizes))
    assert np.allclose(W, block.labels)
    assert block.labels.ravel()[np.unique(block.labels, return_index=True)[1]].tolist() == list(range(5))


def test_complex_coefficients():
    basis = (V >> V)(S(3)).basis()
    c = np.array([1 + 2j, 3 - 1j])
    assert np.allclose(basis.coefficients(basis.combine(c)), c)


def test_custom_permutation_representations_are_recognised():
    regular = Custom(lambda g: np.kron(g, g), None, dim=9, name="pairs")(S(3))
    assert signed_permutations(regular, S(3)) is not None
    assert (regular >> V(S(3))).dim == (T(2) >> V)(S(3)).dim
    assert (regular >> V(S(3))).certificate.method == "orbits"


def test_other_generators_are_not():
    group = Group.from_generators(discrete=[[[2, 0], [0, 1]]])
    assert signed_permutations(V(group), group) is None


def test_merging_is_transitive():
    count, labels = merge_orbits([np.array([1, 2, 0, 4, 3, 5]), np.array([0, 1, 2, 5, 4, 3])], 6)
    assert count == 2
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
