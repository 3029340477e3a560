"""Groups, representations and types of escnn are ours: the same elements, the same matrices, both ways."""

import functools
import warnings

import numpy as np
import pytest
from intertwine.groups import SL, SO, C, Dihedral, Group, Icosahedral, Lorentz, O, Octahedral, S
from intertwine.interop import (
    element_of,
    from_escnn,
    from_escnn_group,
    matrix_of,
    space_of,
    to_escnn,
    to_escnn_group,
)
from intertwine.reps import Custom, Det, Irrep, Scalar, Sym, T, V

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    escnn_group = pytest.importorskip("escnn.group", reason="escnn needs numpy < 2: make interop")
    from escnn import gspaces


def product(*groups):
    return functools.reduce(escnn_group.direct_product, groups)


# escnn's, ours
GROUPS = {
    "C1": (lambda: escnn_group.cyclic_group(1), lambda: C(1)),
    "C5": (lambda: escnn_group.cyclic_group(5), lambda: C(5)),
    "D3": (lambda: escnn_group.dihedral_group(3), lambda: Dihedral(3)),
    "SO(2)": (lambda: escnn_group.so2_group(6), lambda: SO(2)),
    "O(2)": (lambda: escnn_group.o2_group(6), lambda: O(2)),
    "SO(3)": (lambda: escnn_group.so3_group(3), lambda: SO(3)),
    "O(3)": (lambda: escnn_group.o3_group(3), lambda: O(3)),
    "octahedral": (lambda: escnn_group.octa_group(), Octahedral),
    "icosahedral": (lambda: escnn_group.ico_group(), Icosahedral),
    "full octahedral": (lambda: escnn_group.full_octa_group(), lambda: Octahedral(full=True)),
    "cylinder": (lambda: escnn_group.cylinder_group(3), lambda: C(2) * SO(2)),
    "Klein": (lambda: escnn_group.klein4_group(), lambda: C(2) * C(2)),
    "three": (lambda: product(*3 * [escnn_group.cyclic_group(2)]), lambda: C(2) * C(2) * C(2)),
    "three, one of them continuous": (
        lambda: product(escnn_group.cyclic_group(3), escnn_group.so2_group(6), escnn_group.dihedral_group(3)),
        lambda: C(3) * SO(2) * Dihedral(3),
    ),
}


@pytest.fixture(params=GROUPS)
def pair(request):
    theirs, ours = GROUPS[request.param]
    return theirs(), ours()


def pairs_of_elements(theirs, n=6):
    """Elements of escnn's own sampling, which knows nothing of ours."""
    return [(e, matrix_of(e)) for e in (theirs.sample() for _ in range(n))]


def test_elements(pair):
    theirs, ours = pair
    assert from_escnn_group(theirs) == ours
    for (e, g), (f, h) in zip(pairs_of_elements(theirs), pairs_of_elements(theirs)):
        assert g in ours
        np.testing.assert_allclose(matrix_of(e @ f), g @ h, atol=1e-6)
        assert element_of(theirs, g) == e
    for g in ours.sample(4, rng=0):
        np.testing.assert_allclose(matrix_of(element_of(theirs, g)), g, atol=1e-6)


def test_groups_go_back(pair):
    theirs, ours = pair
    assert to_escnn_group(ours) == theirs


def test_a_group_typed_in_is_recognised():
    turned = Group.from_generators(algebra=[[[0, -3], [3, 0]]], discrete=[[[0, 1], [1, 0]]], name="mine")
    assert to_escnn_group(turned) == escnn_group.o2_group(6)


@pytest.mark.parametrize(
    "group", [SL(2), Lorentz(), S(4), O(2).conjugate([[2, 0], [0, 1]]), C(2) * Octahedral()], ids=lambda g: g.name
)
def test_groups_that_escnn_does_not_have(group):
    with pytest.raises(ValueError, match=r"escnn has no group with the matrices of .*; it has C_N"):
        to_escnn_group(group)


def test_what_is_no_group_or_element():
    with pytest.raises(ValueError, match="is not a group of escnn"):
        from_escnn_group("SO(3)")
    with pytest.raises(TypeError, match=r"to_escnn_group takes a Group, got 'SO\(3\)'"):
        to_escnn_group("SO(3)")
    with pytest.raises(ValueError, match="no element of C5"):
        element_of(escnn_group.cyclic_group(5), np.diag([1.0, -1.0]))


def test_irreps_have_the_same_matrices(pair):
    theirs, ours = pair
    for irrep in theirs.irreps()[:6]:
        rep = from_escnn(irrep)
        assert rep.group == ours
        for e, g in pairs_of_elements(theirs):
            np.testing.assert_allclose(rep.rho(g), irrep(e), atol=1e-9)


def test_names_are_kept():
    group = escnn_group.o2_group(6)
    kind = gspaces.flipRot2dOnR2(-1).type(*[group.irrep(*i) for i in ((0, 0), (1, 0), (1, 1), (1, 1), (1, 3))])
    assert from_escnn(kind) == (Scalar + Irrep("0-") + 2 * V + Irrep(3))(O(2))


@pytest.mark.parametrize("rep", [Scalar, V, 2 * V + Scalar, T(2), Sym(2) + Det], ids=repr)
def test_representations_become_types(pair, rep):
    theirs, ours = pair
    made = to_escnn(rep(ours), theirs)
    for e, g in pairs_of_elements(theirs):
        np.testing.assert_allclose(made(e), rep(ours).rho(g), atol=1e-9)
    back = from_escnn(made)
    for _, g in pairs_of_elements(theirs):
        np.testing.assert_allclose(back.rho(g), rep(ours).rho(g), atol=1e-9)


def test_a_regular_field_keeps_its_nonlinearities():
    space = gspaces.rot2dOnR2(4)
    regular = from_escnn(space.regular_repr)
    kind = to_escnn(2 * regular, space)
    assert kind == space.type(space.regular_repr, space.regular_repr)
    made = to_escnn(T(2)(C(4)), space).representations[0]
    assert made.supported_nonlinearities == {"norm", "gated"}


def test_a_skewed_representation():
    skew = np.array([[1.0, 2.0], [0.0, 1.0]])
    rep = Custom(lambda g: skew @ g @ np.linalg.inv(skew), dim=2, name="skewed")(SO(2))
    theirs = escnn_group.so2_group(6)
    made = to_escnn(rep, theirs)
    assert not made.supported_nonlinearities
    for e, g in pairs_of_elements(theirs):
        np.testing.assert_allclose(made(e), rep.rho(g), atol=1e-9)


def test_mistakes_with_representations():
    space = gspaces.rot2dOnR2(4)
    with pytest.raises(ValueError, match=r"V is not bound to a group: write it as V\(group\)"):
        to_escnn(V, space)
    with pytest.raises(ValueError, match=r"V is a representation of O\(2\), not of C4"):
        to_escnn(V(O(2)), space)
    with pytest.raises(ValueError, match=r"0 \* Scalar has no components, and types of escnn have at least one field"):
        to_escnn((0 * V)(C(4)), space)
    with pytest.raises(ValueError, match="has no components"):
        to_escnn((0 * V)(C(4)), space.fibergroup)
    with pytest.raises(TypeError, match="to_escnn takes a Rep, got 'V': from_escnn reads"):
        to_escnn("V", space)
    with pytest.raises(TypeError, match="space_of takes a GSpace of escnn, got C4"):
        space_of(space.fibergroup)
    with pytest.raises(TypeError, match="takes a Representation or a FieldType"):
        from_escnn(V)
    with pytest.raises(ValueError, match="has no points"):
        space_of(gspaces.no_base_space(space.fibergroup))


def test_the_same_name_never_stands_for_other_matrices():
    """escnn tells representations apart by name and irreps: ours with one repr and other matrices differ."""
    group = escnn_group.so2_group(6)
    made = [
        to_escnn(Custom(lambda g, m=m: m @ g @ np.linalg.inv(m), dim=2, name="one")(SO(2)), group)
        for m in (np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [3.0, 1.0]]))
    ]
    assert made[0] != made[1]


@pytest.mark.parametrize("n", [2, 4, 6, 12])
def test_no_two_irreps_are_taken_for_each_other(n):
    """Every irrep comes back as itself, also those that differ on few elements."""
    for theirs in (escnn_group.cyclic_group(n), escnn_group.dihedral_group(n)):
        space = gspaces.no_base_space(theirs)
        for irrep in theirs.irreps():
            assert to_escnn(from_escnn(irrep), space).representations == (irrep,)
