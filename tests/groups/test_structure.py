"""Structure against theory: closures, compactness, balancing, membership, sampling."""

import networkx as nx
import numpy as np
import pytest
import scipy.stats
import sympy as sp
from intertwine.groups import (
    GL,
    SE,
    SL,
    SO,
    SU,
    A,
    C,
    D,
    Dihedral,
    Group,
    Hyperoctahedral,
    Icosahedral,
    O,
    Octahedral,
    S,
    Sp,
    Tetrahedral,
    U,
    Z,
    same_group,
)
from intertwine.groups._balance import balance, invariant_form, is_self_adjoint
from intertwine.groups._lie import adjoint

LINEAR = [
    SO(3),
    O(3),
    O(1, 3),
    SO(1, 3),
    SU(2),
    SU(3),
    U(2),
    Sp(4),
    SL(3),
    GL(3),
    S(5),
    D(5),
    SO(8),
    SO(2) * SL(2),
]
NONE = np.zeros((0, 2, 2))


def skewed(group, condition, rng):
    n = group.d
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    p = left @ np.diag(np.geomspace(1, 1 / condition, n)) @ right
    q = np.linalg.inv(p)
    return p @ group.lie_algebra @ q, p @ group.discrete_generators @ q


# --------------------------------------------------------------------- Lie algebras


def test_closure_of_few_generators():
    x, y, _ = SO(3).algebra
    assert Group.from_generators([x, y]).lie_dim == 3
    up, down = [[0, 1], [0, 0]], [[0, 0], [1, 0]]
    assert same_group(Group.from_generators([up, down]), SL(2))
    chain = [sp.SparseMatrix(5, 5, {(i, i + 1): -1, (i + 1, i): 1}) for i in range(4)]
    assert Group.from_generators(chain).lie_dim == 10


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e6, 1e12])
def test_closure_does_not_depend_on_scale(scale):
    x, y, _ = (np.array(a.tolist(), float) for a in SO(3).algebra)
    assert Group.from_generators([x * scale, y]).lie_dim == 3


@pytest.mark.parametrize(
    ("group", "compact", "semisimple", "reductive", "abelian"),
    [
        (SO(2), True, False, True, True),
        (SO(3), True, True, True, False),
        (O(2), True, False, True, False),
        (O(1, 3), False, True, True, False),
        (SO(1, 1, connected=True), False, False, True, True),
        (SL(2), False, True, True, False),
        (GL(2), False, False, True, False),
        (SE(2), False, False, False, False),
        (SE(1), False, False, False, True),
        (SU(2), True, True, True, False),
        (U(2), True, False, True, False),
        (Z(4), True, True, True, True),
        (S(3), True, True, True, False),
        (SO(3) * Z(2), True, True, True, False),
    ],
    ids=str,
)
def test_flags(group, compact, semisimple, reductive, abelian):
    found = (group.is_compact, group.is_semisimple, group.is_reductive, group.is_abelian)
    assert found == (compact, semisimple, reductive, abelian)


def test_structure_constants_and_killing_form():
    for group in (SO(3), SL(3), SU(3), SE(3)):
        c, b = group.structure_constants, group.closure
        brackets = b[:, None] @ b[None] - b[None] @ b[:, None]
        assert np.allclose(brackets, np.einsum("ijk,kab->ijab", c, b))
    eigenvalues = np.linalg.eigvalsh(SL(2).killing_form)
    assert (eigenvalues > 0).sum() == 2
    assert (eigenvalues < 0).sum() == 1
    assert (np.linalg.eigvalsh(SO(4).killing_form) < 0).all()


@pytest.mark.parametrize("k", [3, 5, 6, 7, 12])
def test_coordinates_in_other_units(k):
    turns, rotations = C(4).conjugate(sp.diag(1, 10**k)), SO(3).conjugate(sp.diag(1, 1, 10**k))
    assert (turns.is_compact, turns.is_finite, turns.order) == (True, True, 4)
    np.testing.assert_allclose(sorted(np.trace(turns.elements(), axis1=1, axis2=2)), [-2, 0, 0, 2])
    assert all(g in turns for g in turns.elements())
    assert turns.discrete[0] * 2 not in turns
    assert (rotations.is_compact, rotations.is_semisimple) == (True, True)


def test_a_basis_too_skewed_to_tell():
    with pytest.raises(ValueError, match="cannot tell whether"):
        _ = C(4).conjugate([[1, 10**7], [0, 1]]).is_finite
    shear = sp.eye(3).as_mutable()
    shear[0, 1] = 10**5
    assert SO(3).conjugate(shear).is_semisimple
    for far in (10**4, 10**12):
        assert not Group.from_generators(discrete=[[[far, 0], [0, sp.Rational(1, far)]]]).is_finite
        turn = sp.Matrix([[0, -1], [1, 0]])
        blocks = sp.BlockMatrix([[turn, far * sp.eye(2)], [sp.zeros(2), turn]])
        assert not Group.from_generators(algebra=[sp.Matrix(blocks)]).is_compact


def test_infinite_discrete_groups():
    for h in ([[2]], [[1, 1], [0, 1]], [[2, 0], [0, sp.Rational(1, 2)]]):
        group = Group.from_generators(discrete=[h])
        assert not group.is_finite
        assert not group.is_compact
        with pytest.raises(ValueError, match="infinite"):
            _ = group.order
        assert np.linalg.cond(group.sample(20, rng=0)).max() <= 10 * (1 + 1e-9)
    irrational = Group.from_generators(discrete=[[[sp.cos(1), -sp.sin(1)], [sp.sin(1), sp.cos(1)]]])
    with pytest.raises(ValueError, match="cannot tell"):
        _ = irrational.is_finite
    assert irrational.sample(3, rng=0).shape == (3, 2, 2)


# --------------------------------------------------------------------- balancing


@pytest.mark.parametrize("group", LINEAR, ids=str)
@pytest.mark.parametrize("condition", [3, 100])
def test_reductive_groups_are_balanced(group, condition):
    algebra, discrete = skewed(group, condition, np.random.default_rng(0))
    p = balance(algebra, discrete)
    assert p is not None
    q = np.linalg.inv(p)
    a, h = p @ algebra @ q, p @ discrete @ q
    assert is_self_adjoint(a, h, tolerance=1e-7)
    if group.is_compact:
        assert np.allclose(h @ adjoint(h), np.eye(group.d), atol=1e-8)


@pytest.mark.parametrize("group", [SO(3), SU(3), S(5), O(1, 3), Sp(4)], ids=str)
def test_balancing_at_condition_ten_thousand(group):
    algebra, discrete = skewed(group, 9e3, np.random.default_rng(1))
    assert balance(algebra, discrete) is not None


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0, 1e3])
def test_unipotent_groups_are_never_balanced(size):
    shear = np.array([[[1.0, size], [0, 1]]])
    assert balance(NONE, shear) is None
    assert balance(np.array([[[0, size], [0, 0]]]), NONE) is None
    mixed = np.zeros((1, 4, 4))
    mixed[0, :2, :2], mixed[0, 2:, 2:] = [[0.6, -0.8], [0.8, 0.6]], shear[0]
    assert balance(np.zeros((0, 4, 4)), mixed) is None
    assert invariant_form(NONE, shear) is None


@pytest.mark.parametrize("group", [SE(2), SE(3), SE(2) * SO(3)], ids=str)
def test_groups_that_are_not_reductive(group):
    for condition in (1, 30):
        algebra, discrete = skewed(group, condition, np.random.default_rng(0))
        assert balance(algebra, discrete) is None


def test_balance_leaves_closed_groups_alone():
    for group in LINEAR:
        assert np.array_equal(balance(group.lie_algebra, group.discrete_generators), np.eye(group.d))


def test_self_adjoint_needs_the_discrete_part_too():
    shear = np.array([[[1.0, 1], [0, 1]]])
    assert not is_self_adjoint(NONE, shear)
    assert is_self_adjoint(SL(2).lie_algebra, shear), "a shear is in SL(2)"
    assert is_self_adjoint(NONE, np.array([[[2.0, 0], [0, 3]]]))


def test_components_boosted_apart():
    boosts = [np.linalg.inv(g) for g in SO(1, 3, connected=True).sample(2, rng=0)]
    discrete = np.array([b @ h @ np.linalg.inv(b) for b, h in zip(boosts, O(1, 3).discrete_generators)])
    p = np.eye(4) + np.triu(np.ones((4, 4)), 1) / 3
    q = np.linalg.inv(p)
    assert balance(p @ O(1, 3).lie_algebra @ q, p @ discrete @ q) is not None


# --------------------------------------------------------------------- same_group


def turned(group):
    """The same group from different generators."""
    h = group.sample(rng=3)
    discrete = [h @ x @ np.linalg.inv(h) for x in group.discrete_generators]
    algebra = np.tensordot(np.random.default_rng(0).standard_normal((group.lie_dim,) * 2), group.closure, 1)
    return Group.from_generators(algebra, discrete, name=f"{group} again", field=group.field)


@pytest.mark.parametrize("group", [SO(3), O(3), O(1, 3), SO(1, 3), SU(2), U(2), SL(3), GL(3), S(4), Sp(4)], ids=str)
def test_same_group_by_other_generators(group):
    assert same_group(group, turned(group))
    assert same_group(turned(group), group)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (O(3), SO(3)),
        (O(1, 3), SO(1, 3)),
        (SO(1, 3), SO(1, 3, connected=True)),
        (SU(2), U(2)),
        (SU(2), SU(2).with_discrete([sp.I * sp.eye(2)])),
        (GL(3), SL(3)),
        (S(5), A(5)),
        (Icosahedral(), Octahedral()),
        (Octahedral(), Tetrahedral()),
        (Octahedral(full=True), Octahedral()),
        (SO(2), SO(3)),
        (SO(3) * S(3), SO(3) * Z(3)),
    ],
    ids=str,
)
def test_different_groups(a, b):
    assert not same_group(a, b)
    assert not same_group(b, a)


def test_same_group_in_disguise():
    inversion = -sp.eye(3)
    assert same_group(O(3), SO(3).with_discrete([inversion]))
    assert same_group(SU(2), SU(2).with_discrete([-sp.eye(2)]))
    assert same_group(SO(1, 3), SO(1, 3, connected=True).with_discrete([-sp.eye(4)]))
    assert same_group(Octahedral(full=True), Hyperoctahedral(3))
    assert same_group(C(4), Dihedral(4)) is False
    neighbours = [[1, 0, 2, 3], [0, 2, 1, 3], [0, 1, 3, 2]]
    assert same_group(S(4), Group.from_permutations(neighbours))


def test_components_that_are_not_counted():
    group = Group.from_generators(algebra=[[[0, -1, 0], [1, 0, 0], [0, 0, 0]]], discrete=[sp.diag(1, 1, 2)])
    with pytest.raises(ValueError, match="more than 64 components"):
        _ = group.components


def test_undecidable_is_said():
    a = Group.from_generators(discrete=[[[1, 1], [0, 1]]])
    b = Group.from_generators(discrete=[[[1, 2], [0, 1]]])
    with pytest.raises(ValueError, match="cannot tell"):
        same_group(a, b)


# --------------------------------------------------------------------- finite groups


def test_elements_and_classes():
    for group, classes in ((S(4), 5), (A(5), 5), (Icosahedral(), 5), (Octahedral(), 5), (D(4), 5), (Z(6), 6)):
        elements = group.elements()
        assert elements.shape == (group.order, group.d, group.d)
        assert np.allclose(elements[0], np.eye(group.d))
        gaps = np.abs(elements[:, None] - elements[None]).max(axis=(2, 3)) + 9 * np.eye(group.order)
        assert gaps.min() > 1e-3, "elements are distinct"
        found = group.conjugacy_classes()
        assert len(found) == classes
        assert sorted(np.concatenate(found)) == list(range(group.order))
        for members in found:
            assert np.ptp(np.trace(elements[members], axis1=1, axis2=2)) < 1e-9


def test_cayley_graph():
    graph = S(4).cayley_graph()
    assert (graph.number_of_nodes(), nx.is_strongly_connected(graph)) == (24, True)
    elements, h = Octahedral().elements(), Octahedral().discrete_generators
    for i, j, data in Octahedral().cayley_graph().edges(data=True):
        for k in data["generators"]:
            assert np.allclose(elements[i] @ h[k], elements[j])


# --------------------------------------------------------------------- sampling


def test_sampling_is_reproducible_and_moves_on():
    for group in LINEAR:
        assert np.array_equal(group.sample(4, rng=1), group.sample(4, rng=np.random.default_rng(1)))
        assert not np.array_equal(group.sample(4, rng=1), group.sample(4, rng=2))
        assert group.sample(0).shape == (0, group.d, group.d)
        assert group.sample().shape == (group.d, group.d)


@pytest.mark.parametrize("group", [SO(2), SO(3), O(3), U(2), SU(2), SU(3), S(4), Icosahedral(full=True)], ids=str)
def test_haar_moments(group):
    """Averages of V ⊗ V* over the group are projections: the mean of |tr g|² is dim End(V)."""
    trace = np.trace(group.sample(20000, rng=0), axis1=1, axis2=2)
    expected = 2 if group == SO(2) else 1 + (group == S(4))
    assert abs(np.mean(np.abs(trace) ** 2) - expected) < 0.1
    assert abs(np.mean(trace) - (group == S(4))) < 0.05


def test_words_are_close_to_haar():
    """A circle with frequencies 1 and 2: tr = 1 + 2 cos t + 2 cos 2t has mean 1 and mean square 5."""
    rho = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    spin = np.array([[0, 1, 0, 0, 0], [-1, 0, 0, 0, 0], [0, 0, 0, 2, 0], [0, 0, -2, 0, 0], [0, 0, 0, 0, 0]], float)
    group = Group.from_generators([rho @ spin @ rho.T])
    skewed = group.conjugate(np.eye(5) + np.triu(np.ones((5, 5)), 1))
    assert np.allclose(np.sort(np.trace(skewed.sample(50, rng=0), axis1=1, axis2=2))[-1], 5, atol=1)
    trace = np.trace(group.sample(20000, rng=0), axis1=1, axis2=2)
    assert abs(np.mean(trace) - 1) < 0.1
    assert abs(np.mean(trace**2) - 5) < 0.3


def test_finite_samples_are_uniform():
    elements = S(4).elements().reshape(24, -1)
    samples = S(4).sample(4800, rng=0).reshape(4800, -1)
    counts = (samples[:, None] == elements[None]).all(axis=-1).sum(axis=0)
    assert counts.sum() == 4800
    assert scipy.stats.chisquare(counts).pvalue > 1e-4
    signs = np.array([np.linalg.det(g) for g in A(9).sample(50, rng=0)])
    assert np.allclose(signs, 1)


@pytest.mark.parametrize("x", [[1, -1, 1], [1, 0, 0], [0, 1, 1]], ids=str)
@pytest.mark.parametrize("group", [Octahedral(), Icosahedral(), Tetrahedral(full=True)], ids=str)
def test_stabilisers_in_a_finite_matrix_group_fix_what_they_should(group, x):
    """Their generators are words in the group's, multiplied in the right order."""
    found = group.subgroup(fixing=x)
    fixes = [g for g in group.elements() if np.allclose(g @ x, x)]
    assert found.order == len(fixes)
    for g in found.elements():
        np.testing.assert_allclose(g @ x, x, atol=1e-12)
