"""Ranks where processes are long, bases skewed, generators scaled or rounded: found by random search."""

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sympy as sp
from intertwine.groups import SE, SL, SO, SU, Dihedral, Group, O, Tetrahedral, Z, same_group
from intertwine.reps import Alt, CertificateError, Custom, Det, Irrep, NumericalWarning, Scalar, Sym, T, V, solve
from intertwine.reps import _frame as frames
from intertwine.reps import _irreps as engine
from intertwine.reps._frame import Summand, frame, linear_basis


def dense_rank(hom):
    """Nullity of the constraint by an SVD that shares nothing with the solvers."""
    out, in_ = hom.rep_out.dim, hom.rep_in.dim
    pairs = [*zip(hom.rep_out.algebra, hom.rep_in.algebra), *zip(hom.rep_out.discrete, hom.rep_in.discrete)]
    rows = [np.kron(r, np.eye(in_)) - np.kron(np.eye(out), s.T) for r, s in pairs]
    values = np.linalg.svd(np.concatenate([np.zeros((1, out * in_)), *rows]), compute_uv=False)
    return out * in_ - int((values > 1e-8 * max(1.0, values[0])).sum())


def skewed(group):
    shears = [sp.eye(group.d).as_mutable() for _ in range(3)]
    for i, shear in enumerate(shears):
        shear[i % group.d, (i + 1) % group.d] = sp.Rational(5, 2) - i
    return group.conjugate(shears[0] * shears[1] * shears[2])


def test_atoms_stay_the_same_objects_when_caches_overflow():
    group = Dihedral(7)
    before = frame(V(group))
    for cached in (engine.irrep_table, frames.frame, frames._split):
        cached.cache_clear()  # what meeting many more groups does
    gc.collect()
    after = frame((V * V * V)(group))
    ((a, _),) = before.atoms
    (b,) = (b for b, _ in after.atoms if b.key == a.key)
    assert a is b
    assert len(linear_basis(a, b)) == 1


def test_a_table_that_nothing_refers_to_is_freed():
    group = Group.from_generators(algebra=[[[0, -3], [3, 0]]], discrete=[[[0, 1], [1, 0]]])
    assert frame(V(group)).atoms
    for cached in (engine.irrep_table, frames.frame, frames._split):
        cached.cache_clear()
    gc.collect()
    assert group not in engine._living


def test_summands_of_groups_that_are_not_reductive_compare_by_content():
    frames._split.cache_clear()
    (a, _), (b, _) = frame(V(SE(2))).atoms[0], frame((2 * V)(SE(2))).atoms[0]
    frames.frame.cache_clear()
    frames._split.cache_clear()
    (c, _) = frame(V(SE(2))).atoms[0]
    assert isinstance(a, Summand)
    assert a == b == c
    assert len({a, b, c}) == 1


UNIPOTENT = Group.from_generators(discrete=[[[1, 1], [0, 1]], [[1, 0], [1, 1]]], name="SL(2, Z)")
STRETCH = Group.from_generators(discrete=[[[2, 0], [0, 1]]], name="powers of two")


@pytest.mark.parametrize(
    "hom",
    [
        (V.dual * V * V >> Sym(2))(UNIPOTENT),
        (V(SO(4)) + V(STRETCH) * V(SO(4)) >> V(SO(4)))(STRETCH * SO(4)),
        (2 * Det >> V * (V + V.dual))(skewed(Z(6))),
        (T(2) * (Scalar + V) >> 2 * Det)(skewed(O(3))),
        (2 * Det >> Sym(2, Sym(2, V.dual)))(skewed(Tetrahedral())),
    ],
    ids=str,
)
def test_isotypic_ranks(hom):
    assert solve(hom, method="isotypic").rank == dense_rank(hom)


@pytest.mark.parametrize("group", [skewed(Z(5)), skewed(SU(2)), skewed(SL(2))], ids=str)
def test_bases_in_skewed_coordinates_are_orthonormal(group):
    basis = solve((Sym(2, V + Det) >> Sym(2, V.dual + Det))(group), method="isotypic")
    dense = basis.dense()
    np.testing.assert_allclose(np.einsum("aij,bij->ab", dense.conj(), dense), np.eye(basis.rank), atol=1e-11)
    np.testing.assert_allclose(basis.coefficients(dense), np.eye(basis.rank), atol=1e-11)


@pytest.mark.parametrize("method", ["auto", "isotypic", "nullspace"])
def test_a_trace_of_rounding_size_is_no_trace(method):
    q = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0]
    turned = Group.from_generators(algebra=[q @ a @ q.T for a in SO(3).lie_algebra])
    assert np.trace(turned.lie_algebra, axis1=1, axis2=2).any()
    assert solve((2 * Det >> Scalar)(turned), method=method).rank == 2


def test_a_power_of_dimension_zero_has_no_maps():
    hom = (Alt(4) + V >> V * Alt(4) + V)(SO(3))
    assert hom.dim == 1
    assert (V >> Alt(4))(SO(3)).basis().dense().shape == (0, 0, 3)
    assert [atom.dim for atom, _ in frame((V + Alt(4))(SO(3))).atoms] == [3]


def test_auto_solves_as_a_nullspace_where_the_basis_is_too_skewed_for_irreps():
    skew = sp.Matrix([[1, 10, -15], [3, 31, sp.Rational(-93, 2)], [0, 0, 1]])
    hom = (V >> T(2, 1))(SO(1, 2).conjugate(skew))
    with pytest.raises(CertificateError):
        solve(hom, method="isotypic")
    with pytest.warns(NumericalWarning, match="solved as a nullspace instead"):
        basis = solve(hom)
    assert basis.rank == 3
    assert basis.certificate.method == "nullspace"


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: solve(V), TypeError, "takes a Hom space"),
        (lambda: Irrep(-1), ValueError, "at least 0"),
        (lambda: same_group(O(3), 3), TypeError, "compares two groups, got 3"),
        (lambda: Group.automorphisms(5), TypeError, "networkx graph, got 5"),
        (lambda: Group.from_generators(algebra=5), TypeError, "a list of matrices"),
        (lambda: Group.from_permutations(5), TypeError, "a list of lists"),
        (lambda: Group.from_cayley_table(3), ValueError, "square array"),
        (lambda: SU(0), ValueError, "at least 1"),
        (lambda: O(3).sample(1.5), TypeError, "a number of elements"),
        (lambda: O(2).conjugate([[1, 1], [1, 1]]), ValueError, "change of basis P is singular"),
    ],
)
def test_what_a_user_gets_wrong_is_said(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_nearly_equal_frequencies_are_told_apart_exactly():
    close = sp.Rational(1, 10**9)
    turns = sp.Matrix([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1 - close], [0, 0, 1 + close, 0]])
    hom = (T(2) >> T(2))(Group.from_generators(algebra=[turns]))
    assert solve(hom, method="nullspace").rank == 36  # a float sees two equal circles: 96
    with pytest.warns(NumericalWarning):
        assert hom.dim == 36


def test_a_custom_representation_that_is_not_finite_is_named():
    unipotent = Custom(lambda g: np.array([[1, np.log(g[0, 0] * 0)], [0, 1]]), lambda A: 0 * A[:2, :2], 2, name="log")
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match="log returned entries that are not finite"):
        _ = (unipotent >> V)(O(2)).dim


@pytest.fixture
def hasty():
    """Threads that take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("shear", [1, 2, 3])
def test_frames_made_in_several_threads_share_their_atoms(shear, hasty):
    group = SO(3).conjugate([[1, 0, 0], [shear, 1, 0], [0, 0, 1]])
    reps, start = [V(group), T(2)(group), Sym(2)(group)], threading.Barrier(3)

    def atoms(rep):
        start.wait()
        return {atom for atom, _ in frame(rep).atoms}

    with ThreadPoolExecutor(3) as threads:
        vector, pair, square = threads.map(atoms, reps)
    assert sorted(atom.dim for atom in pair) == [1, 3, 5]
    assert pair == vector | square
