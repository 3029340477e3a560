"""Hom spaces as values, their constraint, their bases, their certificates."""

import pickle

import numpy as np
import pytest
import sympy as sp
from intertwine.groups import SE, SO, SU, Group, O, S
from intertwine.reps import CertificateError, Custom, Scalar, Sym, T, V
from intertwine.reps._basis import Basis, DenseBlock
from intertwine.reps._certificate import certify
from intertwine.reps._hom import Hom
from intertwine.reps._orbits import OrbitBlock
from intertwine.reps.solve import solve

HOMS = [
    (2 * V + Scalar >> T(2))(SO(3)),
    (V + 2 * T(2) + V >> V + Scalar)(O(2)),
    (T(2) + V >> 2 * V)(S(4)),
    (T(1, 1) >> 2 * V * V.dual + Scalar)(SU(2)),
    (V + Sym(2) >> Sym(2) + V)(SE(2)),
]


# -- a value ------------------------------------------------------------------------------------------


def test_equality_and_hash_are_by_content():
    one, two = (V >> T(2))(SO(3)), V(SO(3)) >> T(2)(SO(3))
    assert one == two
    assert hash(one) == hash(two)
    assert one != (V >> T(2))(O(3))
    assert one != (T(2) >> V)(SO(3))
    assert pickle.loads(pickle.dumps(one)) == one


def test_binding():
    hom = V >> T(2)
    assert hom.group is None
    assert repr(hom) == "V >> T(2)"
    assert repr(hom(SO(3))) == "(V >> T(2))(SO(3))"
    assert (V(SO(3)) >> Scalar).group == SO(3)
    with pytest.raises(ValueError, match="not bound to a group"):
        hom.constraint()
    with pytest.raises(ValueError, match="not bound to a group"):
        solve(hom)
    with pytest.raises(AttributeError, match="immutable"):
        hom.group = SO(3)


def test_reps_of_different_groups_meet_on_the_product():
    hom = V(SO(3)) >> V(S(3))
    assert hom.group == SO(3) * S(3)
    assert hom.dim == 0
    assert (Scalar >> V(S(3)) * V(SO(3)) * V(SO(3))).dim == 1


def test_unknown_method():
    with pytest.raises(ValueError, match="unknown method 'lanczos'"):
        solve((V >> V)(SO(3)), "lanczos")


def test_orbits_refuses_what_is_no_permutation():
    with pytest.raises(ValueError, match="signed permutation"):
        solve((V >> V)(SO(3)), "orbits")


# -- the constraint -----------------------------------------------------------------------------------


@pytest.mark.parametrize("hom", HOMS, ids=str)
def test_constraint_is_the_stated_operator(hom):
    C = hom.constraint()
    rng = np.random.default_rng(0)
    W = rng.standard_normal(hom.shape).astype(C.dtype)
    parts = (C @ W.ravel()).reshape(-1, *hom.shape)
    actions = [
        *zip(hom.rep_out.algebra, hom.rep_in.algebra, strict=True),
        *zip(hom.rep_out.discrete, hom.rep_in.discrete, strict=True),
    ]
    assert len(parts) == len(actions)
    for part, (R, S_) in zip(parts, actions, strict=True):
        expected = R @ W - W @ S_
        assert np.linalg.norm(part) > 0
        cosine = np.vdot(part, expected) / np.linalg.norm(part) / np.linalg.norm(expected)
        assert cosine == pytest.approx(1)  # equal but for the normalisation of the generator


@pytest.mark.parametrize("hom", HOMS, ids=str)
def test_constraint_adjoint(hom):
    C = hom.constraint()
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal(C.shape[1]), rng.standard_normal(C.shape[0])
    assert np.vdot(y, C @ x) == pytest.approx(np.vdot(C.H @ y, x))
    X = rng.standard_normal((C.shape[1], 3))
    assert np.allclose((C @ X)[:, 1], C @ X[:, 1])


def test_constraint_of_large_sparse_actions_agrees_with_dense():
    hom = (T(4) >> V)(O(1, 3))  # 256 dimensions: sparse inside
    C = hom.constraint()
    W = np.random.default_rng(2).standard_normal(hom.shape)
    parts = (C @ W.ravel()).reshape(-1, *hom.shape)
    expected = hom.rep_out.algebra[0] @ W - W @ hom.rep_in.algebra[0]
    assert np.allclose(parts[0] / np.linalg.norm(parts[0]), expected / np.linalg.norm(expected))


# -- the basis ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hom", HOMS, ids=str)
def test_basis_is_orthonormal_and_equivariant(hom):
    basis = hom.basis()
    Q = basis.dense()
    assert Q.shape == (basis.rank, *hom.shape)
    assert np.allclose(np.einsum("aij,bij->ab", Q.conj(), Q), np.eye(basis.rank), atol=1e-12)
    for g in hom.group.sample(3, rng=0):
        left, right = hom.rep_out.rho(g), hom.rep_in.rho(g)
        assert np.allclose(left @ Q, Q @ right, atol=1e-9 * max(1, np.abs(left).max()))


@pytest.mark.parametrize("hom", HOMS, ids=str)
def test_combine_coefficients_project(hom):
    basis, rng = hom.basis(), np.random.default_rng(0)
    c = rng.standard_normal((2, basis.rank))
    W = basis.combine(c)
    assert np.allclose(W, np.tensordot(c, basis.dense(), 1))
    assert np.allclose(basis.coefficients(W), c)
    X = rng.standard_normal((2, *hom.shape))
    P = hom.project(X)
    assert np.allclose(basis.project(P), P)
    assert abs(np.vdot(X - P, P)) < 1e-10  # orthogonal
    assert np.allclose(basis.coefficients(X - P), 0)


def test_equal_blocks_are_solved_once():
    basis = (3 * V + Scalar + V >> 2 * V + Scalar)(SO(3)).basis()
    assert len({id(p.block) for p in basis.blocks}) == 2
    assert basis.rank == 2 * 4 + 1


def test_rank_multiplies_with_copies():
    assert (40 * V + 7 * T(2) >> 30 * V)(SO(3)).dim == 30 * 40 + 30 * 7


def test_empty_sums():
    hom = (0 * V >> V)(SO(3))
    assert hom.dim == 0
    assert hom.basis().dense().shape == (0, 3, 0)


def test_dense_refuses_beyond_its_limit():
    basis = (T(3) >> T(3))(SO(3)).basis()
    with pytest.raises(ValueError, match=r"over the limit.*combine"):
        basis.dense(limit=1000)


def test_wrong_shapes_are_named():
    basis = (V >> T(2))(SO(3)).basis()
    with pytest.raises(ValueError, match=r"shape \(\.\.\., 1\), got \(2,\)"):
        basis.combine(np.zeros(2))
    with pytest.raises(ValueError, match="got \\(3, 9\\)"):
        basis.project(np.zeros((3, 9)))


def test_sample_is_reproducible_and_equivariant():
    hom = (T(2) >> T(2))(SO(3))
    W = hom.sample(0)
    assert np.array_equal(W, hom.sample(0))
    assert not np.allclose(W, hom.sample(1))
    assert np.allclose(hom.project(W), W)
    assert np.iscomplexobj((T(1, 1) >> Scalar)(SU(2)).sample(0))


# -- exact bases --------------------------------------------------------------------------------------


def test_exact_delta_epsilon_metric():
    (delta,) = (Scalar >> T(2))(SO(3)).exact()
    (epsilon,) = (Scalar >> T(3))(SO(3)).exact()
    (metric,) = (Scalar >> T(2))(O(1, 3)).exact()
    assert delta == sp.ImmutableMatrix(sp.eye(3)).reshape(9, 1)
    assert epsilon == sp.ImmutableMatrix(
        27, 1, [sp.LeviCivita(i, j, k) for i in range(3) for j in range(3) for k in range(3)]
    )
    assert metric == sp.ImmutableMatrix(sp.diag(1, -1, -1, -1)).reshape(16, 1)


def test_exact_four_tensors_are_products_of_deltas():
    found = (T(2) >> T(2))(O(3)).exact()
    d = np.eye(3, dtype=int)
    products = [np.einsum(f"{a},{b}->ijkl", d, d).reshape(9, 9) for a, b in (("ij", "kl"), ("ik", "jl"), ("il", "jk"))]
    assert {m.tolist().__repr__() for m in found} == {sp.Matrix(p).tolist().__repr__() for p in products}


def hexagon():
    c, s = sp.cos(sp.pi / 3), sp.sin(sp.pi / 3)
    return Group.from_generators(discrete=[[[c, -s], [s, c]]], name="hexagon")


EXACT = [
    (V + Scalar >> T(2) + V)(SO(2)),
    (T(2) >> T(2))(SE(2)),
    (T(1, 1) >> T(1, 1))(SU(2)),
    (Sym(2) >> T(2))(S(3)),
    (T(2) >> T(2))(hexagon()),
]


@pytest.mark.parametrize("hom", EXACT, ids=str)
def test_exact_spans_the_same_space(hom):
    exact = np.array([np.array(m.tolist(), dtype=complex) for m in hom.exact()])
    assert len(exact) == hom.dim
    assert np.linalg.matrix_rank(exact.reshape(len(exact), -1)) == hom.dim
    assert np.allclose(hom.project(exact), exact)
    for g in (*hom.group.algebra, *hom.group.discrete):
        kind = "drho_exact" if g in hom.group.algebra else "rho_exact"
        left, right = getattr(hom.rep_out, kind)(g), getattr(hom.rep_in, kind)(g)
        for m in hom.exact():
            assert sp.simplify(left * m - m * right).is_zero_matrix


def test_exact_needs_exact_generators():
    turn = Group.from_generators(algebra=[[[0.0, -0.3], [0.3, 0.0]]], name="measured")
    with pytest.raises(ValueError, match="measured was given in floating point"):
        (V >> V)(turn).exact()


# -- certificates -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hom", "method", "by"),
    [
        ((T(2) >> T(2))(S(4)), "auto", "characters"),
        ((T(2) >> T(2))(SO(3)), "auto", "weights"),
        ((T(2, 1) >> V)(SU(3)), "auto", "weights"),
        ((T(2) >> T(2))(O(1, 3)), "auto", "weights"),
        ((T(2) >> T(2))(SE(2)), "krylov", "elimination mod p"),
    ],
    ids=str,
)
def test_counts_are_independent(hom, method, by):
    certificate = solve(hom, method).certificate
    assert certificate.count == certificate.rank == hom.dim
    assert certificate.count_by == by
    assert certificate.residual <= 1e-10


def test_a_wrong_basis_is_refused():
    rep = T(2)(SO(3))
    good = (rep >> rep).basis().dense()
    certify(DenseBlock(good), rep, rep)
    with pytest.raises(CertificateError, match="residual"):
        certify(DenseBlock(good + 1e-4), rep, rep)
    with pytest.raises(CertificateError, match="by weights there are 3"):
        certify(DenseBlock(good[:2]), rep, rep)


def test_a_perturbed_group_does_not_accept_the_basis():
    """Negative control: the basis for SO(3) does not certify for a group close to it."""
    good = (T(2)(SO(3)) >> T(2)(SO(3))).basis().dense()
    bent = Group.from_generators(algebra=[np.array(A, float) + 1e-6 * np.ones((3, 3)) for A in SO(3).algebra])
    rep = T(2)(bent)
    with pytest.raises(CertificateError, match="residual"):
        certify(DenseBlock(good), rep, rep)


def test_blocks_have_their_kinds():
    assert isinstance((V >> V)(S(3)).basis().blocks[0].block, OrbitBlock)
    assert isinstance((V >> V)(SE(3)).basis().blocks[0].block, DenseBlock)
    assert isinstance((V >> V)(SE(3)).basis(), Basis)
    assert "rank=1" in repr((V >> V)(SE(3)).basis())


# -- defects of others --------------------------------------------------------------------------------


def test_groups_with_one_name_do_not_share_a_basis():
    """Defect 1: identity by name."""
    plane = Group.from_generators(algebra=[[[0, -1], [1, 0]]], name="G")
    boost = Group.from_generators(algebra=[[[0, 1], [1, 0]]], name="G")
    one, two = (Scalar >> T(2))(plane), (Scalar >> T(2))(boost)
    assert repr(one) == repr(two)
    assert one != two
    for hom in (one, two):
        Q = hom.basis().dense()
        g = hom.group.sample(rng=0)
        assert np.allclose(hom.rep_out.rho(g) @ Q, Q)
    assert not np.allclose(two.project(one.basis().dense()), one.basis().dense())


def test_custom_reps_with_one_name_do_not_share_a_basis():
    """Defect 1, for representations."""
    same = Custom(lambda g: g, lambda A: A, dim=2, name="mine")
    sign = Custom(lambda g: np.linalg.det(g) * g, lambda A: np.trace(A) * np.eye(2) + A, dim=2, name="mine")
    assert (same >> V)(O(2)).dim == 1
    W = (same >> V)(O(2)).basis().dense()[0]
    X = (sign >> V)(O(2)).basis().dense()[0]
    assert not np.allclose(np.abs(W), np.abs(X))


def test_complex_groups_have_complex_intertwiners():
    """Defect 7: a real start vector misses complex-only invariants."""
    turn_and_phase = Group.from_generators(algebra=[[[sp.I, -1], [1, sp.I]]])
    hom = (Scalar >> V)(turn_and_phase)
    for method in ("auto", "nullspace", "exact"):
        ((x,),) = solve(hom, method).dense().transpose(0, 2, 1)
        assert x[1] / x[0] == pytest.approx(1j)
        assert hom.group.sample(rng=0) @ x == pytest.approx(x)
    assert len(hom.exact()) == 1


def test_hom_accepts_reps_directly():
    assert Hom(V, V, SO(3)) == (V >> V)(SO(3))
