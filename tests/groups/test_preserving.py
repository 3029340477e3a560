"""Groups given by what they preserve, stabilisers, and automorphisms of graphs."""

import itertools
import math
import warnings

import networkx as nx
import numpy as np
import pytest
import sympy as sp
from intertwine.groups import (
    SE,
    SL,
    SO,
    SU,
    A,
    ComponentsWarning,
    Group,
    Icosahedral,
    InexactWarning,
    Lorentz,
    O,
    Octahedral,
    Rubik,
    S,
    Sp,
    U,
    check_group_laws,
    same_group,
)
from sympy.combinatorics import Permutation

J = [[0, 0, 1, 0], [0, 0, 0, 1], [-1, 0, 0, 0], [0, -1, 0, 0]]


def octonion_form():
    """The 3-form on R⁷ whose stabiliser is G2 (Bryant, Ann. Math. 126, 1987)."""
    phi = np.zeros((7, 7, 7), int)
    lines = [
        (1, 0, 1, 2),
        (1, 0, 3, 4),
        (1, 0, 5, 6),
        (1, 1, 3, 5),
        (-1, 1, 4, 6),
        (-1, 2, 3, 6),
        (-1, 2, 4, 5),
    ]
    for sign, *line in lines:
        for p in itertools.permutations(range(3)):
            phi[tuple(line[i] for i in p)] = sign * Permutation(list(p)).signature()
    return phi


def quiet(make, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ComponentsWarning)
        return make(*args, **kwargs)


def test_one_nondegenerate_form_gives_the_catalogue():
    assert Group.preserving(sp.diag(1, -1, -1, -1)) == Lorentz()
    assert Group.preserving(sp.eye(3)) == O(3)
    assert Group.preserving([sp.eye(3)]) == O(3)
    assert Group.preserving([[1, 0], [0, 1]]) == O(2)
    assert Group.preserving(J) == Sp(4)
    assert same_group(Group.preserving(np.eye(3), field="C"), U(3))
    assert Group.preserving([[0, 1], [1, 0]]).lie_dim == 1
    assert len(Group.preserving([[0, 1], [1, 0]]).discrete) == 2
    assert len(Group.preserving(-sp.eye(3)).discrete) == 1


@pytest.mark.parametrize("form", [sp.Matrix([[2, 1], [1, 2]]), sp.Matrix([[0, 1, 2], [1, 0, 3], [2, 3, 0]])])
def test_elements_preserve_an_odd_form(form):
    group = Group.preserving(form)
    m = np.array(form.tolist(), float)
    for h in group.discrete:
        assert sp.simplify(h.T * form * h - form).is_zero_matrix
    for g in group.sample(20, rng=0):
        assert np.allclose(g.T @ m @ g, m)
    check_group_laws(group)
    eigenvalues = np.linalg.eigvalsh(m)
    assert len(group.discrete) == len({x > 0 for x in eigenvalues})


def test_complex_forms():
    assert Group.preserving(sp.diag(1, 1, -1), field="C").lie_dim == 9
    orthogonal = Group.preserving(sp.eye(3), field="C", kind="bilinear")
    assert (orthogonal.lie_dim, len(orthogonal.discrete), orthogonal.is_compact) == (6, 1, False)


def test_small_entries_of_exact_forms_count():
    light = sp.diag(1, *[-sp.Rational(1, 299792458**2)] * 3)
    metric = Group.preserving(light)
    assert (metric.lie_dim, metric.components) == (6, 4)
    assert len(metric.subgroup(fixing=[1, 0, 0, 0]).discrete) == 1
    small = sp.Rational(1, 10**13)
    assert Group.preserving(sp.eye(3) * small) == O(3)
    assert len(Group.preserving(sp.eye(3) * 1e-13).discrete) == 1
    with pytest.warns(ComponentsWarning):
        Group.preserving(sp.Matrix([[0, 1 + small], [-1, 0]]))  # neither symmetric nor skew


def test_float_forms_stay_floats():
    with pytest.warns(InexactWarning, match="3/10"):
        group = Group.preserving([[1.0, 0.3], [0.3, 1]])
    assert not group.is_exact
    m = np.array([[1, 0.3], [0.3, 1]])
    assert np.allclose(group.discrete_generators[0].T @ m @ group.discrete_generators[0], m)
    check_group_laws(group)


@pytest.mark.parametrize("forms", [[sp.eye(2), sp.diag(1, 2)], [sp.diag(1, 0)], [[[1, 1], [0, 1]]]])
def test_unsure_components_are_said(forms):
    with pytest.warns(ComponentsWarning, match="identity component"):
        Group.preserving(forms)


def test_g2_is_the_stabiliser_of_a_three_form():
    group = quiet(Group.stabilizer, octonion_form(), name="G2")
    assert (group.lie_dim, group.is_compact, group.is_semisimple, group.is_exact) == (14, True, True, True)
    phi = octonion_form()
    for g in group.sample(5, rng=0):
        assert np.allclose(np.einsum("abc,ai,bj,ck->ijk", phi, g, g, g), phi)
    check_group_laws(group)


def test_stabilizers_of_several_tensors_and_of_volume():
    epsilon = sp.Array([[[sp.LeviCivita(i, j, k) for k in range(3)] for j in range(3)] for i in range(3)])
    assert same_group(quiet(Group.stabilizer, epsilon), SL(3))
    assert same_group(quiet(Group.stabilizer, [epsilon, sp.eye(3)]), SO(3))
    quartic = np.zeros((2,) * 4, int)
    quartic[0, 0, 0, 0] = quartic[1, 1, 1, 1] = 1
    assert quiet(Group.stabilizer, [sp.eye(2), quartic]).lie_dim == 0


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Group.preserving([]), "GL"),
        (lambda: Group.preserving([sp.eye(2), sp.eye(3)]), "same space"),
        (lambda: Group.preserving(sp.eye(2), kind="cubic"), "kind"),
        (lambda: Group.preserving(sp.eye(2), field="Q"), "field"),
        (lambda: Group.preserving(sp.eye(2) * sp.I, field="R"), "complex"),
        (lambda: Group.preserving([[1, float("nan")], [0, 1]]), "finite"),
        (lambda: Group.preserving(sp.zeros(2, 3)), "square"),
        (lambda: Group.stabilizer(np.zeros((2, 3))), "shape"),
        (lambda: Group.stabilizer([np.eye(2), np.eye(3)]), "same space"),
        (lambda: O(3).subgroup(fixing=[1, 0]), "dimension 3"),
        (lambda: O(3).subgroup(fixing=[]), "nothing"),
        (lambda: O(3).subgroup([sp.eye(3)], fixing=[1, 0, 0]), "not both"),
        (lambda: SO(3).subgroup([sp.diag(1, 1, -1)]), "not an element"),
        (lambda: SO(3).subgroup(algebra=[sp.eye(3)]), "not in the Lie algebra"),
        (lambda: S(3).subgroup([[0, 0, 1]]), "images"),
        (lambda: SO(3).with_discrete([sp.eye(2)]), "same space"),
        (lambda: SO(3).conjugate(sp.eye(2)), "shape"),
        (lambda: SO(2).conjugate([[1, 1], [1, 1]]), "singular"),
        (lambda: Group.automorphisms(nx.Graph()), "no nodes"),
        (lambda: Group.automorphisms(nx.MultiGraph([(0, 1)])), "multigraph"),
    ],
)
def test_hostile_input(call, text):
    with pytest.raises(ValueError, match=text):
        call()


# group, what is fixed, dimension and number of components of the stabiliser
FIXED = [
    (O(3), [0, 0, 1], 1, 2),
    (O(3), [1, 2, 3], 1, 2),
    (O(3), [[1, 0, 0], [0, 1, 0]], 0, 2),
    (O(3), np.eye(3, dtype=int)[:2], 0, 2),
    (O(3), [[1, 0, 0], [0, 1, 0], [1, 1, 1]], 0, 1),
    (SO(3), [0, 0, 1], 1, 1),
    (O(1, 3), [1, 0, 0, 0], 3, 2),
    (O(1, 3), [0, 1, 0, 0], 3, 4),
    (O(1, 3), [1, 1, 0, 0], 3, 2),
    (SO(1, 3), [1, 0, 0, 0], 3, 1),
    (SO(1, 3), [0, 1, 0, 0], 3, 2),
    (SO(1, 3), [1, 1, 0, 0], 3, 1),
    (SO(1, 3, connected=True), [0, 1, 0, 0], 3, 1),
    (SU(3), [1, 0, 0], 3, 1),
    (SL(3), [1, 0, 0], 5, 1),
    (Sp(4), [1, 0, 0, 0], 6, 1),
    (O(3) * S(4), [0, 0, 1, 0, 0, 1, 1], 1, 8),
]


@pytest.mark.parametrize(("group", "fixed", "dim", "components"), FIXED, ids=str)
def test_stabilizers_of_vectors(group, fixed, dim, components):
    from intertwine.groups._membership import component_words

    found = group.subgroup(fixing=fixed)
    assert found.lie_dim == dim
    if dim == 0:
        assert found.order == components
    elif len(found.factors) == 1:
        assert len(component_words(found)) == components
    vectors = np.atleast_2d(np.array(fixed, float))
    g = found.sample(20, rng=0)
    assert np.allclose(g @ vectors.T, vectors.T)
    check_group_laws(found)


def test_azimuthal_group():
    group = O(3).subgroup(fixing=[0, 0, 1])
    axial = sp.Matrix([[0, -1, 0], [1, 0, 0], [0, 0, 0]])
    assert group == Group.from_generators([axial], [sp.diag(-1, 1, 1)])
    assert "fixing (0, 0, 1)" in group.name


def test_stabilizers_in_finite_groups():
    assert S(5).subgroup(fixing=[1, 1, 2, 2, 2]).order == 12
    assert A(9).subgroup(fixing=[1, 1, 1, 1, 2, 2, 2, 3, 3]).order == 24 * 6 * 2 // 2
    assert A(6).subgroup(fixing=[1, 1, 0, 0, 0, 0]).order == 24
    assert S(100).subgroup(fixing=[1] + [0] * 99).order == math.factorial(99)
    assert (S(3) * S(5)).subgroup(fixing=[1, 0, 0, 0, 0, 0, 0, 2]).order == 2 * 24
    assert Octahedral(full=True).subgroup(fixing=[1, 0, 0]).order == 8
    assert Icosahedral().subgroup(fixing=[1, 1, 0]).order == 1
    golden = (1 + sp.sqrt(5)) / 2
    corner = Icosahedral().subgroup(fixing=[0, 1, golden])
    assert (corner.order, corner.is_exact) == (5, True)
    assert Octahedral().subgroup(fixing=sp.eye(3)).order == 24
    assert Rubik().subgroup(fixing=[1, 2] + [0] * 46).order < Rubik().order


def test_a_real_group_that_fixes_a_complex_vector_fixes_its_parts():
    both = O(3).subgroup(fixing=[1, 2 * sp.I, 0])
    assert both == O(3).subgroup(fixing=[[1, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(both.discrete_generators, [np.diag([1, 1, -1])])
    assert S(3).subgroup(fixing=[1, sp.I, 1]).order == 2
    assert (O(3) * SU(2)).subgroup(fixing=[1, sp.I, 0, 0, 0]).lie_dim == 3


def test_other_stabilizers_warn():
    with pytest.warns(ComponentsWarning, match=r"SE\(3\)"):
        assert SE(3).subgroup(fixing=[0, 0, 0, 1]).lie_dim == 3
    with pytest.warns(ComponentsWarning):
        assert O(3).subgroup(fixing=sp.diag(1, 1, 2)).lie_dim == 1


def test_subgroups_by_generators():
    assert O(3).subgroup([sp.diag(1, 1, -1)]).order == 2
    assert S(4).subgroup([[1, 0, 2, 3], [0, 1, 3, 2]]).order == 4
    assert SO(3).subgroup(algebra=[SO(3).algebra[0]]).lie_dim == 1
    assert SU(2).subgroup([-sp.eye(2)]).field == "C"
    with pytest.raises(ValueError, match=r"generator 2 is not an element of SO\(2\): \[\[1, 0\], \[0, -1\]\]"):
        SO(2).subgroup([sp.eye(2), [[0, -1], [1, 0]], sp.diag(1, -1)])


def test_conjugates():
    skewed = SL(2).conjugate([[1, 2], [3, 4]])
    assert skewed != SL(2)
    assert same_group(skewed, SL(2))
    for group in (SO(3), O(1, 2), S(3), SU(3), Sp(2)):
        p = sp.Matrix(group.d, group.d, lambda i, j: sp.Rational(i + 1, j + 2) + int(i == j))
        other = group.conjugate(p)
        assert (other.is_exact, other.lie_dim, other.is_reductive) == (True, group.lie_dim, True)
        assert other.is_compact == group.is_compact
        check_group_laws(other)


@pytest.mark.parametrize(
    ("graph", "order"),
    [
        (nx.petersen_graph(), 120),
        (nx.dodecahedral_graph(), 120),
        (nx.hypercube_graph(3), 48),
        (nx.path_graph(5), 2),
        (nx.complete_graph(20), math.factorial(20)),
        (nx.empty_graph(4), 24),
        (nx.frucht_graph(), 1),
        (nx.cycle_graph(7, create_using=nx.DiGraph), 7),
        (nx.complete_bipartite_graph(3, 3), 72),
        (nx.disjoint_union(nx.cycle_graph(3), nx.cycle_graph(3)), 72),
        (nx.Graph([(0, 0), (0, 1)]), 1),
        (nx.grid_2d_graph(4, 4), 8),
    ],
    ids=lambda x: str(x),
)
def test_automorphisms(graph, order):
    group = Group.automorphisms(graph)
    assert group.order == order
    nodes = list(graph.nodes)
    for p in group.permutations:
        for a, b in graph.edges:
            assert graph.has_edge(nodes[p[nodes.index(a)]], nodes[p[nodes.index(b)]])


def test_automorphisms_keep_colours():
    graph = nx.cycle_graph(6)
    nx.set_node_attributes(graph, {i: i % 2 for i in graph}, "kind")
    assert Group.automorphisms(graph, node="kind").order == 6
    nx.set_edge_attributes(graph, {e: i % 2 for i, e in enumerate(nx.cycle_graph(6).edges)}, "bond")
    assert Group.automorphisms(graph, edge="bond").order < 12


def test_automorphisms_by_brute_force():
    rng = np.random.default_rng(0)
    for seed in range(15):
        graph = nx.gnp_random_graph(6, 0.5, seed=int(rng.integers(1000)) + seed)
        a = nx.to_numpy_array(graph)
        count = sum(np.array_equal(a[np.ix_(p, p)], a) for p in itertools.permutations(range(6)))
        assert Group.automorphisms(graph).order == count


@pytest.mark.parametrize("forms", [None, 3, "diag"])
def test_what_is_no_form_is_named(forms):
    with pytest.raises(TypeError, match=r"a form is a matrix \(d, d\).*got"):
        Group.preserving(forms)
