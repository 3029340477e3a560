"""Representations given on generators: checked to be one, with the relation that fails."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import sympy as sp
import torch
from intertwine.groups import GL, SE, SL, SO, SU, C, Group, O, Octahedral, Rubik, S, Sp, U
from intertwine.reps import Adjoint, Det, Irrep, Rep, Scalar, T, V, parse
from intertwine.reps.laws import check_rep_laws

GROUPS = [SO(2), O(2), SO(3), O(3), SU(2), SU(3), SE(2), O(1, 3), Sp(4), SL(2), GL(2), U(2), S(4), C(5), Octahedral()]


def given(rep):
    """The same representation, known on generators only."""
    group = rep.group
    return Rep.from_matrices(
        group,
        algebra=[rep.drho_exact(A) for A in group.algebra],
        discrete=[rep.rho_exact(h) for h in group.discrete],
    )


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_generators_determine_the_representation(group):
    rep = (V + Adjoint * Det)(group)
    found = given(rep)
    check_rep_laws(found, tol=1e-8)
    g = group.sample(3, rng=3)
    np.testing.assert_allclose(found.rho(g), rep.rho(g), atol=1e-7)
    np.testing.assert_allclose(found.drho(group.closure), rep.drho(group.closure), atol=1e-9)
    assert found.is_isomorphic(rep)
    assert parse(repr(found), group) == found == pickle.loads(pickle.dumps(found))


@pytest.mark.parametrize("group", [SO(3), SU(2), SE(2), O(2), S(3), SO(2) * S(2)], ids=str)
def test_every_solver_takes_it(group):
    rep = V(group)
    hom = given(rep) >> rep * rep.dual + rep
    expected = (rep >> rep * rep.dual + rep).dim
    methods = ["auto", "nullspace", "exact"] + ["isotypic"] * group.is_reductive
    assert {hom.basis(method).rank for method in methods} == {expected}
    assert len(hom.exact()) == expected


def test_in_a_mixed_product_and_in_every_operation():
    standard = given(V(S(3)).sub([[1, -1, 0], [0, 1, -1]]))
    rep = standard * V(SO(3)) + standard.dual
    check_rep_laws(rep)
    assert (rep >> rep).dim == 2
    assert parse(repr(rep), rep.group) == rep


def test_exact_values():
    G = S(4)
    rep = V(G).quotient([[1, 1, 1, 1]])
    found = given(rep)
    for g in G.elements()[:9]:
        h = sp.Matrix(g.astype(int).tolist())
        assert found.rho_exact(h) == rep.rho_exact(h)
    turn = given(V(SO(3)))
    A = SO(3).algebra
    assert turn.drho_exact(A[0] * A[1] - A[1] * A[0] + 2 * A[2]) == A[0] * A[1] - A[1] * A[0] + 2 * A[2]
    with pytest.raises(ValueError, match="exact on these only"):
        turn.rho_exact(sp.diag(-1, -1, 1))


def test_generators_that_do_not_span_are_completed():
    a, b = [[0, -1, 0], [1, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, -1], [0, 1, 0]]
    G = Group.from_generators(algebra=[a, b], name="two turns")
    degree_two = T(2)(G)
    check_rep_laws(given(degree_two), tol=1e-8)
    assert given(degree_two).dim == 9


def test_a_bracket_that_fails_is_named():
    images = [V(SO(3)).drho_exact(A) for A in SO(3).algebra]
    with pytest.raises(ValueError, match=r"not a representation of SO\(3\): \[A\d, A\d\] = .*A\d in its Lie"):
        Rep.from_matrices(SO(3), algebra=[2 * images[0], images[1], images[2]])
    with pytest.raises(ValueError, match=r"\[A\d, A\d\]"):  # a little wrong is wrong
        Rep.from_matrices(SO(3), algebra=[images[0] * (1 + sp.Rational(1, 10**6)), *images[1:]])


def test_a_relation_that_fails_is_named():
    swap = sp.Matrix([[0, 1], [1, 0]])
    with pytest.raises(ValueError, match=r"not a representation of C\(5\): h0 h0 h0 h0 h0 = 1 in the group, but"):
        Rep.from_matrices(C(5), discrete=[swap])
    with pytest.raises(ValueError, match=r"h\d.* = .* in the group"):
        Rep.from_matrices(S(3), discrete=[swap, swap])


def test_discrete_and_continuous_parts_must_fit():
    (A,), (h,) = O(2).algebra, O(2).discrete
    with pytest.raises(ValueError, match=r"h0 A0 h0⁻¹ = -1 A0"):
        Rep.from_matrices(O(2), algebra=[A], discrete=[sp.eye(2)])
    with pytest.raises(ValueError, match=r"h0 · h0 lies in the component of 1"):
        Rep.from_matrices(O(2), algebra=[sp.zeros(1, 1)], discrete=[[[2]]])
    assert Rep.from_matrices(O(2), algebra=[sp.zeros(1, 1)], discrete=[[[-1]]]).is_isomorphic(Det(O(2)))
    assert given(V(O(2))).rho_exact(h) == h


def spin_half(group):
    """Half the turns of SO(3), as real 4 × 4 matrices: left multiplication by quaternions."""
    i = sp.Matrix([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]])
    j = sp.Matrix([[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]])
    units = [i, j, i * j]
    images = []
    for A in group.algebra:
        axis = [A[2, 1], A[0, 2], A[1, 0]]
        images.append(sum((x * u / 2 for x, u in zip(axis, units, strict=True)), sp.zeros(4, 4)))
    return images


def test_spin_half_is_no_representation_of_rotations():
    with pytest.raises(ValueError, match="of a covering group, that the group itself does not have"):
        Rep.from_matrices(SO(3), algebra=spin_half(SO(3)))
    G = SO(2)
    with pytest.raises(ValueError, match="covering group"):
        Rep.from_matrices(G, algebra=[G.algebra[0] / 2])
    assert (Rep.from_matrices(G, algebra=[2 * G.algebra[0]]) >> Irrep(2)(G)).dim == 2
    with pytest.raises(ValueError, match="covering group"):
        Rep.from_matrices(SE(2), algebra=[SE(2).algebra[k][:2, :2] / 2 for k in range(3)])


def test_images_in_the_wrong_number_or_shape():
    with pytest.raises(ValueError, match=r"has 3 Lie-algebra generators, in the order of G\.algebra, got 1 images"):
        Rep.from_matrices(SO(3), algebra=[sp.zeros(2, 2)])
    with pytest.raises(ValueError, match="got 0 images"):
        Rep.from_matrices(O(2), algebra=[sp.zeros(1, 1)])
    with pytest.raises(ValueError, match="one size"):
        Rep.from_matrices(O(2), algebra=[sp.zeros(1, 1)], discrete=[sp.eye(2)])
    with pytest.raises(ValueError, match="no images"):
        Rep.from_matrices(SO(2))
    with pytest.raises(ValueError, match="singular"):
        Rep.from_matrices(C(2), discrete=[sp.zeros(2, 2)])
    with pytest.raises(TypeError, match="takes a Group"):
        Rep.from_matrices(V, discrete=[sp.eye(2)])


def test_groups_whose_relations_cannot_be_checked():
    with pytest.raises(ValueError, match="too many to check"):
        Rep.from_matrices(Rubik(), discrete=[sp.eye(1)] * len(Rubik().discrete))
    shear = Group.from_generators(discrete=[[[1, 1], [0, 1]]])
    with pytest.raises(ValueError, match="discrete and infinite"):
        Rep.from_matrices(shear, discrete=[sp.eye(1)])
    assert (Rep.from_matrices(C(2), discrete=[[[1.0]]]) >> Scalar).dim == 1


FRESH = """
import numpy as np
from intertwine.groups import SO
from intertwine.reps import Rep, Scalar, V
G = SO(3)
one = [np.array(a.tolist(), dtype=float) for a in G.algebra]
vector = Rep.from_matrices(G, one)
q = np.linalg.qr(np.random.default_rng(0).standard_normal((9, 9)))[0]
matrices = Rep.from_matrices(G, [q @ (np.kron(a, np.eye(3)) + np.kron(np.eye(3), a)) @ q.T for a in one])
assert sorted(part.dim for part in matrices.decompose()) == [1, 3, 5]
assert (matrices >> vector + Scalar)(G).dim == 2
"""


def test_rotations_are_asked_about_rotations_alone():
    """In a fresh process: −1, which tells irreps of O(3) apart, is no element of SO(3)."""
    run = subprocess.run(
        [sys.executable, "-c", FRESH],
        env=os.environ | {"INTERTWINE_CACHE": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_images_in_pairs_with_their_generators():
    a, b = sp.diag(1, -1), sp.diag(-1, 1)
    signs = {"discrete": [(a, [[-1]]), (b, [[1]])]}
    for generators in ([a, b], [b, a]):
        rep = Rep.from_matrices(Group.from_generators(discrete=generators), **signs)
        assert (rep.rho(np.diag([1.0, -1.0])), rep.rho(np.diag([-1.0, 1.0]))) == (-1, 1)
    G = SU(2)
    pairs = [(A, A) for A in reversed(G.algebra)]
    assert Rep.from_matrices(G, algebra=pairs) == Rep.from_matrices(G, algebra=G.algebra)
    two_rows = [((0, -1), (1, 0))]
    assert Rep.from_matrices(SO(2), algebra=two_rows).dim == 2
    D2 = Group.from_generators(discrete=[a, b])
    with pytest.raises(ValueError, match=r"is not one of G\.discrete"):
        Rep.from_matrices(D2, discrete=[(a, [[1]]), (a * b, [[1]])])
    with pytest.raises(ValueError, match="given twice"):
        Rep.from_matrices(D2, discrete=[(a, [[1]]), (a, [[1]])])
    with pytest.raises(ValueError, match="2 discrete generators"):
        Rep.from_matrices(D2, discrete=[(a, [[1]])])


def test_images_given_as_tensors():
    """Their numbers count, and neither device, precision nor gradient."""
    images = [torch.tensor(h, dtype=torch.float64, requires_grad=True) for h in S(3).discrete_generators]
    rep = Rep.from_matrices(S(3), discrete=images)
    for other in (torch.stack(images), [image.bfloat16() for image in images]):
        assert Rep.from_matrices(S(3), discrete=other) == rep
    with pytest.raises(ValueError, match=r"the image of discrete generator 0 is a tensor on the device meta"):
        Rep.from_matrices(S(3), discrete=[image.to("meta") for image in images])
    with pytest.raises(TypeError, match=r"discrete is a list of matrices, one for every generator of .*, got 3"):
        Rep.from_matrices(S(3), discrete=3)
