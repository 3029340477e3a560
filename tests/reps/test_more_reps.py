"""Adjoint, subrepresentations and quotients, against dimensions that theory gives."""

import pickle

import numpy as np
import pytest
from intertwine.groups import GL, SE, SL, SO, SU, Group, O, S, Sp
from intertwine.reps import Adjoint, Alt, Coadjoint, Irrep, Scalar, Sym, T, V, parse
from intertwine.reps.laws import check_rep_laws

LIE = [SO(3), O(3), SU(2), SU(3), SE(2), O(1, 3), Sp(4), SL(2), GL(2), SO(2) * S(3), SU(2) * SO(2)]


@pytest.mark.parametrize("group", LIE, ids=str)
def test_adjoint_acts_on_the_lie_algebra(group):
    adjoint = Adjoint(group)
    check_rep_laws(adjoint)
    check_rep_laws(Coadjoint(group))
    check_rep_laws(Sym(2, adjoint) + adjoint.dual * V(group))
    assert adjoint.dim == group.lie_dim
    assert np.abs(adjoint.rho(group.sample(3, rng=0)).imag).max() < 1e-12  # a real Lie algebra
    assert pickle.loads(pickle.dumps(adjoint)) == adjoint == parse("Adjoint", group)
    # ρ(g) preserves the bracket: it commutes with ad
    trace = np.trace(adjoint.algebra @ adjoint.algebra, axis1=1, axis2=2).real
    c = group.structure_constants
    killing = np.einsum("ikl,jlk->ij", c, c)
    vectors = group.closure.reshape(group.lie_dim, -1)
    coordinates = (group.lie_algebra.reshape(len(group.lie_algebra), -1) @ vectors.conj().T).real
    np.testing.assert_allclose(trace, np.einsum("ai,ij,aj->a", coordinates, killing, coordinates), atol=1e-9)


@pytest.mark.parametrize("method", ["auto", "nullspace", "exact"])
def test_adjoint_of_a_simple_group_is_irreducible(method):
    for group in (SO(3), SU(2), SO(5), O(1, 3)):
        assert (Adjoint >> Adjoint)(group).basis(method).rank == 1
    assert (Adjoint >> Alt(2))(O(4)).basis(method).rank == 1
    assert (Adjoint >> Adjoint)(SO(4)).basis(method).rank == 2  # so(4) = so(3) + so(3)


def test_adjoint_is_orthonormal_and_exact():
    for group in (SO(4), SU(3)):
        image = Adjoint(group).rho(group.sample(2, rng=1))
        np.testing.assert_allclose(image @ image.swapaxes(1, 2) - np.eye(group.lie_dim), 0, atol=1e-12)
        for generator in group.algebra:
            exact = np.array(Adjoint(group).drho_exact(generator).tolist(), complex)
            floats = Adjoint(group).drho(np.array(generator.tolist(), complex if group.field == "C" else float))
            np.testing.assert_allclose(exact, floats, atol=1e-12)


def test_adjoint_does_not_depend_on_the_scale_of_generators():
    a = [[0, -1, 0], [1, 0, 0], [0, 0, 0]]
    b = [[0, 0, 1], [0, 0, 0], [-1, 0, 0]]
    G = Group.from_generators(algebra=[a, b])  # closes with [a, b]
    H = Group.from_generators(algebra=[(3 * np.array(a)).tolist(), b])
    assert G == H
    assert Adjoint(G).dim == 3
    np.testing.assert_allclose(Adjoint(G).rho(G.sample(2, rng=0)), Adjoint(H).rho(G.sample(2, rng=0)))


def test_the_standard_representation_is_a_subrepresentation_and_a_quotient():
    G = S(4)
    standard = V(G).sub([[1, -1, 0, 0], [0, 1, -1, 0], [0, 0, 1, -1]])
    quotient = V(G).quotient([[1, 1, 1, 1]])
    for rep in (standard, quotient, standard * quotient.dual, Sym(2, standard)):
        check_rep_laws(rep)
        assert parse(repr(rep), G) == rep
        assert pickle.loads(pickle.dumps(rep)) == rep
    for method in ("auto", "nullspace", "exact", "isotypic"):
        assert (standard >> quotient).basis(method).rank == 1
        assert (standard >> Scalar).basis(method).rank == 0
    assert (standard * standard >> Scalar)(G).exact()[0].shape == (1, 9)


def test_a_subrepresentation_waits_for_its_group():
    traceless = Sym(2).quotient([[1, 0, 0, 1, 0, 1]])
    assert (traceless + V).group is None
    assert (traceless >> Irrep("2e"))(O(3)).dim == 1
    check_rep_laws(traceless(O(3)))
    with pytest.raises(ValueError, match="not invariant"):
        traceless(SL(3))
    with pytest.raises(ValueError, match="consists of vectors of that length, got 6"):
        traceless(SO(2))


def test_a_quotient_without_complement():
    """SE(2) on homogeneous vectors: the plane is invariant, the point is only a quotient."""
    G = SE(2)
    plane, point = V(G).sub([[1, 0, 0], [0, 1, 0]]), V(G).quotient([[1, 0, 0], [0, 1, 0]])
    check_rep_laws(plane)
    assert point.dim == 1
    assert (point >> Scalar).dim == 1
    assert (V(G) >> point).dim == 1
    assert (point >> V(G)).dim == 0
    with pytest.raises(ValueError, match="not invariant"):
        V(G).sub([[0, 0, 1]])


def test_subspaces_that_are_none():
    with pytest.raises(ValueError, match="independent"):
        V.sub([[1, 1, 0], [2, 2, 0]])
    with pytest.raises(ValueError, match="the whole space"):
        V(S(2)).quotient([[1, 0], [0, 1]])
    with pytest.raises(TypeError, match="list of rows"):
        V.sub(3)
    with pytest.raises(ValueError, match="not invariant"):  # nearly invariant is not invariant
        V(S(3)).sub([[1, 1, 1.00001]])


def test_a_subspace_of_floats_and_of_complex_vectors():
    G = SO(2)
    spin = V(G).sub([[1.0, 1j]])
    check_rep_laws(spin)
    assert spin.is_complex
    assert spin.conj != spin
    assert (spin >> spin.conj).dim == 0
    assert (spin >> spin.conj.dual).dim == 1
    assert (T(2) >> spin * spin)(G).dim == 1


def test_adjoint_in_a_skewed_basis_and_of_floats():
    skewed = SO(3).conjugate([[2, 1, 0], [0, 1, 0], [0, 0, 1]])
    hom = (Adjoint + V >> Adjoint + V)(skewed)
    assert {hom.basis(method).rank for method in ("auto", "nullspace", "isotypic", "exact")} == {4}
    turns = [[[0, -0.51, 0], [0.51, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, -0.3], [0, 0.3, 0]]]
    floats = Group.from_generators(algebra=turns)
    check_rep_laws(Adjoint(floats))
    assert (Adjoint >> V)(floats).dim == 1
    with pytest.raises(ValueError, match="floating point"):
        (Adjoint >> V)(floats).exact()


def test_squared_lengths_beyond_64_bits():
    """Integer basis vectors of a skewed algebra are long, and those of its powers longer."""
    G = SO(3).conjugate([[7, 3, 11], [2, 17, 5], [13, 1, 19]])
    A = Adjoint(G)
    g = G.sample(1)[0]
    for rep in (A**3, (A**3).dual, Sym(3, A), Alt(3, A) * A):
        assert rep.scale_squared.min() > 0
        assert np.isfinite(rep.rho(g)).all()
    np.testing.assert_allclose((A**3).rho(g), np.kron(np.kron(A.rho(g), A.rho(g)), A.rho(g)), rtol=1e-9)
    assert (A**3 >> Scalar).dim == 1
    check_rep_laws(Sym(2, A))


@pytest.mark.parametrize("k", [20, 21, 40, 66])
def test_symmetric_powers_of_high_degree(k):
    """Of SO(2): turns by e^{i m t}, m = k, k − 2, …"""
    rep, t = Sym(k)(SO(2)), 0.3
    turn = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
    traces = [2 * np.cos(m * t) if m else 1 for m in range(k % 2, k + 1, 2)]
    np.testing.assert_allclose(np.trace(rep.rho(turn)), sum(traces), atol=1e-6)
    np.testing.assert_allclose(rep.algebra, -rep.algebra.swapaxes(1, 2), atol=1e-12)
