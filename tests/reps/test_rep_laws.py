"""Laws over random expressions and groups, and agreement of all the arithmetics."""

import numpy as np
import pytest
import scipy.sparse
import sympy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from intertwine.groups import SL, SO, SU, O, S, Sp
from intertwine.reps import Alt, Det, Scalar, Sym, T, V
from intertwine.reps._evaluate import ModularBackend, SparseBackend
from intertwine.reps._permute import signed_permutation
from intertwine.reps.laws import check_rep_laws

GROUPS = (SO(2), SO(3), O(2), SU(2), SL(2), Sp(4), SO(1, 2), S(3), SO(2) * S(3))
MOST = 60
LEAVES = [V, Scalar, Det, V.dual, V.conj]
quick = settings(derandomize=True, deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))


def extend(children):
    return st.one_of(
        st.tuples(children, children).map(lambda ab: ab[0] + ab[1]),
        st.tuples(children, children).map(lambda ab: ab[0] * ab[1]),
        st.tuples(st.integers(0, 3), children).map(lambda na: na[0] * na[1]),
        st.tuples(st.integers(2, 3), children).map(lambda ka: Sym(*ka)),
        st.tuples(st.integers(2, 3), children).map(lambda ka: Alt(*ka)),
        children.map(lambda a: a.dual),
    )


trees = st.recursive(st.sampled_from(LEAVES), extend, max_leaves=6)


def bind(rep, group):
    bound = rep(group)
    assume(bound.dim <= MOST)
    return bound


@quick
@given(trees, st.sampled_from(GROUPS), st.integers(0, 2**16))
def test_laws(rep, group, seed):
    check_rep_laws(bind(rep, group), seed)


@quick
@given(trees, trees, st.sampled_from(GROUPS))
def test_dims_add_and_multiply(a, b, group):
    a, b = bind(a, group), bind(b, group)
    assert (a + b).dim == a.dim + b.dim
    assert (a * b).dim == a.dim * b.dim
    assert (3 * a).dim == 3 * a.dim
    assert a.dual.dim == a.dim


@quick
@given(trees, st.sampled_from(GROUPS))
def test_unitary_stays_unitary(rep, group):
    assume(group.is_orthogonal)
    rep = bind(rep, group)
    g = rep.rho(group.sample(rng=0))
    assert np.allclose(g @ g.conj().T, np.eye(rep.dim))


@quick
@given(trees, st.sampled_from((SO(3), S(3), SL(2), SO(2) * S(3))), st.integers(0, 99))
def test_sparse_and_modular_equal_dense(rep, group, seed):
    rep = bind(rep, group)
    g, inverse = unimodular(group, seed)
    a = np.random.default_rng(seed).integers(-2, 3, size=g.shape)
    if len(group.factors) > 1:
        a[:2, 2:] = a[2:, :2] = 0
    ratio = rep.scale[:, None] / rep.scale
    p = 2**31 - 1
    for matrix, kind, dense in ((g, "group", rep.rho), (a, "algebra", rep.drho)):
        known = inverse if kind == "group" else None
        floats = rep.map_sparse(scipy.sparse.csr_array(matrix * 1.0), SparseBackend(), kind)
        assert np.allclose(floats.toarray() * ratio, dense(matrix), rtol=1e-7, atol=1e-7)
        integers = rep.map_sparse(
            scipy.sparse.csr_array(matrix),
            ModularBackend(p),
            kind,
            None if known is None else scipy.sparse.csr_array(known),
        ).toarray()
        centred = np.where(integers > p // 2, integers - p, integers)
        assert np.allclose(centred * ratio, dense(matrix), rtol=1e-7, atol=1e-6)
        computed = rep.map_sparse(scipy.sparse.csr_array(matrix), ModularBackend(p), kind).toarray()
        assert (computed == integers).all()


def unimodular(group, seed):
    """Random integer matrix of determinant one and its inverse, block-diagonal for a product."""
    rng = np.random.default_rng(seed)
    g, inverse = np.eye(group.d, dtype=np.int64), np.eye(group.d, dtype=np.int64)
    for _ in range(2):
        for start, factor in zip(group.offsets, group.factors, strict=True):
            i, j = start + rng.choice(factor.d, 2, replace=False)
            step = int(rng.integers(-1, 2))
            shear = np.eye(group.d, dtype=np.int64)
            shear[i, j] = step
            back = shear.copy()
            back[i, j] = -step
            g, inverse = g @ shear, back @ inverse
    return g, inverse


@settings(quick, max_examples=25)
@given(trees, st.sampled_from((SO(2), SU(2), S(3), SL(2), SO(2) * S(3))))
def test_exact_equals_numeric(rep, group):
    rep = bind(rep, group)
    assume(rep.dim <= 16)
    for h in group.discrete:
        assert np.allclose(numeric(rep.rho_exact(h)), rep.rho(numeric(h)))
    for a in group.algebra:
        assert np.allclose(numeric(rep.drho_exact(a)), rep.drho(numeric(a)))


def numeric(matrix):
    return np.array(matrix.evalf().tolist(), dtype=complex).reshape(matrix.shape)


def test_exact_in_a_number_field():
    c, s = (1 + sympy.sqrt(5)) / 4, sympy.sqrt(sympy.Rational(5, 8) - sympy.sqrt(5) / 8)
    h = sympy.Matrix([[c, -s], [s, c]])
    for rep in (T(2), T(1, 1), Sym(3), V * Alt(2) + V):
        exact = rep(SO(2)).rho_exact(h)
        assert isinstance(exact, sympy.ImmutableMatrix)
        assert np.allclose(numeric(exact), rep(SO(2)).rho(numeric(h).real))


@quick
@given(trees, st.sampled_from((S(3), S(4), S(2) * S(3))), st.integers(0, 99), st.booleans())
def test_permutation_equals_matrix(rep, group, seed, signed):
    rep = bind(rep, group)
    rng = np.random.default_rng(seed)
    parts = [start + rng.permutation(f.d) for start, f in zip(group.offsets, group.factors, strict=True)]
    p = np.concatenate(parts)
    signs = rng.choice([-1, 1], group.d) if signed else np.ones(group.d, dtype=int)
    g = np.zeros((group.d, group.d))
    g[p, np.arange(group.d)] = signs
    images, flips = rep.permutation(p, signs)
    matrix = np.zeros((rep.dim, rep.dim))
    matrix[images, np.arange(rep.dim)] = flips
    assert np.allclose(matrix, rep.rho(g))
    back = signed_permutation(matrix.round())
    assert (back[0] == images).all()
    assert (back[1] == flips).all()


def test_permutations_of_large_representations():
    images, signs = (T(2) + V)(S(100)).permutation(np.roll(np.arange(100), 1))
    assert len(images) == 10_100
    assert (np.sort(images) == np.arange(10_100)).all()
    assert (signs == 1).all()
    assert signed_permutation(np.eye(3) * 0.5) is None
    with pytest.raises(ValueError, match=r"images of 0\.\.2"):
        V(S(3)).permutation([0, 0, 1])
    with pytest.raises(ValueError, match="mixes the factors"):
        (V(S(2)) * V(S(3))).permutation([1, 2, 3, 4, 0])


def test_modular_errors():
    with pytest.raises(ValueError, match="prime below"):
        ModularBackend(2**40)
    with pytest.raises(ValueError, match="singular modulo 3"):
        V.dual(SO(2)).map_sparse(scipy.sparse.csr_array([[3, 0], [0, 1]]), ModularBackend(3))
    with pytest.raises(TypeError, match="integer entries, got dtype float64"):
        V(SO(2)).map_sparse(scipy.sparse.eye_array(2, format="csr"), ModularBackend(3))
    with pytest.raises(ValueError, match='"group" or "algebra"'):
        V(SO(2)).map_sparse(scipy.sparse.eye_array(2, format="csr"), SparseBackend(), "lie")
