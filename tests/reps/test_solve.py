"""Every method against the dense float64 SVD of the constraint, on every small case."""

import os
import subprocess
import sys

import numpy as np
import pytest
import sympy as sp
from intertwine.groups import GL, SE, SL, SO, SU, A, Cube, D, Group, O, Rubik, S, Sp, Trivial, U, Z
from intertwine.reps import Alt, Det, NotReductive, RankError, Scalar, Sym, T, V
from intertwine.reps._orbits import OrbitBlock, PatternBlock
from intertwine.reps._permute import signed_permutations
from intertwine.reps.solve import orbits, solve
from intertwine.reps.solve.nullspace import solve_float
from intertwine.reps.solve.orbits import pair_orbits

half, root3 = sp.Rational(1, 2), sp.sqrt(3) / 2
HEXAGON = Group.from_generators(discrete=[[[half, -root3], [root3, half]]], name="hexagon")
OCTAHEDRON = Group.from_generators(
    discrete=[[[0, -1, 0], [1, 0, 0], [0, 0, 1]], [[0, 0, 1], [1, 0, 0], [0, 1, 0]]], name="octahedron"
)
UPPER = Group.from_generators(algebra=[[[1, 0], [0, 0]], [[0, 0], [0, 1]], [[0, 1], [0, 0]]], name="upper")
HEISENBERG = Group.from_generators(
    algebra=[[[0, 1, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1], [0, 0, 0]]], name="Heisenberg"
)
SHEAR = Group.from_generators(discrete=[[[1, 1], [0, 1]], [[2, 0], [0, sp.Rational(1, 3)]]], name="shear")
COMPLEX_UPPER = Group.from_generators(
    algebra=[[[sp.I, 0], [0, 1]], [[0, 1], [0, 0]], [[0, sp.I], [0, 0]]], name="complex upper"
)
SE2_TURN, SE2_SHIFT = [[0, -1, 0], [1, 0, 0], [0, 0, 1]], [[1, 0, 1], [0, 1, 0], [0, 0, 1]]
NOT_REDUCTIVE = (SE(2), SE(3), UPPER, HEISENBERG, SHEAR, COMPLEX_UPPER)
GROUPS = (
    Trivial(2),
    *(SO(2), SO(3), O(2), O(3), SO(1, 2), O(1, 1), SL(2), GL(2), Sp(2), SU(2), U(2), SO(2) * Z(2)),
    *(S(3), A(4), Z(3), D(4), HEXAGON, OCTAHEDRON),
    *NOT_REDUCTIVE,
)
REPS = (
    (V, V),
    (Scalar, T(2)),
    (V + Scalar, V * V),
    (T(1, 1), T(1, 1)),
    (Sym(2), T(0, 2)),
    (Alt(2) + Det, 2 * V.dual + Scalar),
    (Sym(2) * V, T(2)),
    (V.conj, V + V.dual),
)


def oracle(hom):
    """Nullspace of the constraint by one dense SVD: projector (n, n) and nullity."""
    n = int(np.prod(hom.shape))
    C = hom.constraint() @ np.eye(n)
    _, s, vh = np.linalg.svd(np.concatenate([C, np.zeros((n, n))]), full_matrices=False)
    zero = s < 1e-9 * max(s.max(initial=0), 1)
    return vh[zero].conj().T @ vh[zero], int(zero.sum())


def assert_same_space(basis, projector, rank):
    assert basis.rank == rank
    Q = basis.dense().reshape(rank, len(projector))
    assert np.allclose(Q.T @ Q.conj(), projector, atol=1e-9)


def methods(group):
    yield from ("auto", "split", "nullspace")
    if group not in NOT_REDUCTIVE:
        yield "isotypic"
    if not len(group.algebra) and group not in (HEXAGON, SHEAR):
        yield "orbits"


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_methods_agree_with_dense_svd(group):
    for rep_in, rep_out in REPS:
        hom = (rep_in >> rep_out)(group)
        truth = oracle(hom)
        for method in methods(group):
            assert_same_space(solve(hom, method), *truth)


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_exact_agrees_with_dense_svd(group):
    for rep_in, rep_out in REPS[:5]:
        hom = (rep_in >> rep_out)(group)
        assert_same_space(solve(hom, "exact"), *oracle(hom))


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_floating_point_agrees_with_dense_svd(group):
    for rep_in, rep_out in REPS[:5]:
        hom = (rep_in >> rep_out)(group)
        projector, rank = oracle(hom)
        Q = solve_float(hom.rep_in, hom.rep_out).dense().reshape(-1, len(projector))
        assert len(Q) == rank
        assert np.allclose(Q.T @ Q.conj(), projector, atol=1e-9)


# -- groups that are not reductive ----------------------------------------------------------------------


@pytest.mark.parametrize("group", NOT_REDUCTIVE, ids=str)
def test_not_reductive_goes_to_the_nullspace(group):
    certificate = (T(2) >> T(1, 1))(group).certificate
    assert certificate.method == "nullspace"
    assert certificate.residual < 1e-14
    with pytest.raises(NotReductive):
        solve((V >> V)(group), "isotypic")


@pytest.mark.parametrize("group", [SE(3), HEISENBERG, UPPER, SHEAR], ids=str)
def test_rational_solutions_are_exact(group):
    hom = (T(2) >> T(2))(group)
    for W in hom.exact():
        for a in group.algebra:
            assert (hom.rep_out.drho_exact(a) * W - W * hom.rep_in.drho_exact(a)).is_zero_matrix
        for h in group.discrete:
            assert (hom.rep_out.rho_exact(h) * W - W * hom.rep_in.rho_exact(h)).is_zero_matrix


def test_se3_sizes():
    assert [(T(k) >> T(k))(SE(3)).dim for k in (1, 2, 3)] == [1, 4, 25]


def test_heisenberg_centre():
    """V is indecomposable with a two-dimensional commutant: 1 and the central element."""
    assert (V >> V)(HEISENBERG).exact() == (
        sp.ImmutableMatrix(sp.eye(3)),
        sp.ImmutableMatrix([[0, 0, 1], [0, 0, 0], [0, 0, 0]]),
    )


# -- scale ----------------------------------------------------------------------------------------------


def scaled(group, factor):
    return Group.from_generators(
        algebra=[np.array(A.tolist(), complex if group.field == "C" else float) * factor for A in group.algebra],
        discrete=list(group.discrete),
        name=f"{group.name} × {factor:g}",
    )


@pytest.mark.parametrize("factor", [1e-6, 1e6])
@pytest.mark.parametrize("group", [SO(3), O(1, 2), SL(2), SU(2), SE(2), UPPER], ids=str)
def test_scale_of_a_generator_changes_nothing(group, factor):
    """Defect 2: absolute tolerances."""
    hom = (T(2) >> T(1, 1) + V)(group)
    basis = (T(2) >> T(1, 1) + V)(scaled(group, factor)).basis()
    assert_same_space(basis, *oracle(hom))


def test_a_small_turn_counts_as_much_as_a_large_one():
    """A discrete generator close to 1 has a small constraint, but not one that is zero."""
    c, s = np.cos(1e-4), np.sin(1e-4)
    turn = Group.from_generators(discrete=[[[c, -s], [s, c]]])
    assert solve_float(V(turn), V(turn)).rank == 2
    assert solve_float(T(2)(turn), Scalar(turn)).rank == 2


def test_no_gap_is_an_error_that_shows_it():
    """Singular values 3e-8 and 4e-7 of the largest: nobody can tell zero from non-zero."""
    shift = np.diag([1.0, 1.0 + 3e-8, 1.0 + 4e-7])
    rep = V(Group.from_generators(discrete=[shift, np.diag([1.0, 2.0, 3.0]) @ shift]))
    nearly = Group.from_generators(algebra=[np.diag([1.0, 1.0 + 3e-8, 1.0 + 4e-7, 2.0])])
    with pytest.raises(RankError, match="no clear gap"):
        solve_float(V(nearly), V(nearly))
    assert solve_float(rep, rep).rank == 3


def test_equal_groups_may_list_their_generators_differently():
    """Identity is by content, so the two sides of a Hom space may come with lists in different orders."""
    one, two = (Group.from_generators(discrete=[SE2_TURN, SE2_SHIFT][::step]) for step in (1, -1))
    assert one == two
    assert solve(V(one) >> T(1, 1)(two)).certificate.residual < 1e-12
    swap, cycle = [1, 0, 2], [1, 2, 0]
    one, two = Group.from_permutations([swap, cycle]), Group.from_permutations([cycle, swap])
    assert solve(T(2)(one) >> V(two)).rank == 5
    plus, minus = (Group.from_generators(algebra=[[[0, s, 0], [0, 0, s], [0, 0, 0]]]) for s in (1, -1))
    assert plus == minus
    assert solve(V(plus) >> V(minus)).rank == 3


# -- reproducible ---------------------------------------------------------------------------------------

SCRIPT = """
import hashlib, numpy as np
from intertwine.groups import SE, S, Z
from intertwine.reps import Scalar, Sym, T, V
for hom in ((V + T(2) + Scalar >> T(2) + 2 * V)(SE(2)), (T(2) + Sym(2) >> V + T(2))(S(3)), (T(2) >> V)(Z(4))):
    Q = hom.basis().dense()
    print(Q.shape, hashlib.sha256(np.round(Q, 12).tobytes()).hexdigest(), [m.tolist() for m in hom.exact()])
"""


def test_nothing_depends_on_the_hash_seed():
    """Defect 6: layouts that depend on PYTHONHASHSEED."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("group", [S(8), A(9)], ids=str)
@pytest.mark.parametrize("hom", [V >> V, V >> T(2), T(2) >> T(2).dual, T(3) >> Scalar], ids=str)
def test_patterns_are_the_orbits_of_symmetric_groups(group, hom):
    bound = hom(group)
    (placed,) = solve(bound).blocks
    assert isinstance(placed.block, PatternBlock)
    actions = [signed_permutations(rep, group) for rep in (bound.rep_in, bound.rep_out)]
    found = pair_orbits(*actions, bound.rep_in.dim, bound.rep_out.dim)
    np.testing.assert_array_equal(placed.block.labels, found.labels)
    np.testing.assert_array_equal(placed.block.sizes, found.sizes)


def test_labels_are_made_on_request():
    basis = solve((T(2) >> T(2))(S(100)))
    assert basis.rank == 15
    assert "labels" not in vars(basis.blocks[0].block)


def test_a_wrong_orbit_fails_the_certificate():
    hom = (V >> T(2))(Z(6))
    (placed,) = solve(hom).blocks
    labels = placed.block.labels.copy()
    labels[0, 0] += 1
    assert placed.block.residual(hom.rep_in, hom.rep_out) == 0
    assert OrbitBlock(labels, None, placed.rank).residual(hom.rep_in, hom.rep_out) == 1


@pytest.mark.parametrize(
    ("group", "hom"),
    [(SO(3), T(2) >> T(2)), (SU(3), T(1, 1) >> T(1, 1)), (SE(3), T(2) >> T(2)), (S(5), V >> T(2)), (SL(3), V >> T(2))],
    ids=str,
)
def test_krylov_spans_the_same_space(group, hom):
    found, expected = solve(hom(group), method="krylov"), solve(hom(group), method="nullspace")
    assert found.certificate.method == "krylov"
    assert found.rank == expected.rank
    maps = found.dense()
    np.testing.assert_allclose(expected.project(maps), maps, atol=1e-9)


@pytest.mark.filterwarnings("ignore::intertwine.groups.InexactWarning")
def test_large_floating_point_spaces_are_projected():
    """Too many unknowns for singular values: SE(3) with its generators mixed by an irrational angle."""
    c, s = np.cos(1.0), np.sin(1.0)
    turn = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    algebra = [turn @ a @ turn.T for a in SE(3).lie_algebra]
    group = Group.from_generators(algebra=algebra, name="turned SE(3)")
    basis = solve((T(3) >> T(4))(group))
    assert basis.certificate.method == "krylov"
    assert basis.rank == 55


def test_krylov_refuses_what_does_not_converge(monkeypatch):
    from intertwine.reps.solve import krylov

    monkeypatch.setattr(krylov, "ITERATIONS", 2)
    with pytest.raises(RankError, match="did not converge"):
        krylov.solve_krylov(T(3)(SE(2)), T(3)(SE(2)))


@pytest.mark.parametrize("few", [1, 8])
@pytest.mark.parametrize(
    ("group", "hom"),
    [(Cube(), T(2) >> T(2)), (Z(6), V >> T(2)), (D(5), T(2) >> V), (Z(2) * S(3), T(2) >> T(2)), (Rubik(), V >> V)],
    ids=str,
)
def test_orbits_row_by_row_are_the_connected_components(monkeypatch, group, hom, few):
    """Also where the first Schreier elements do not generate the stabiliser, so that others must be merged."""
    monkeypatch.setattr(orbits, "FEW", few)
    bound = hom(group)
    inner, outer = ([p for p, _ in signed_permutations(rep, group)] for rep in (bound.rep_in, bound.rep_out))
    width = bound.rep_in.dim
    pairs = ((p[:, None] * width + q).ravel() for p, q in zip(outer, inner))
    count, labels = orbits.orbits_by_rows(outer, inner)
    expected, known = orbits.merge_orbits(pairs, width * bound.rep_out.dim)
    assert count == expected
    np.testing.assert_array_equal(labels, known)
