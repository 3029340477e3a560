"""The expression algebra: normal forms, binding, errors, identity, pickling."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
import sympy
from intertwine.groups import SO, SU, O, S
from intertwine.reps import Alt, Custom, Det, Irrep, Scalar, Sym, T, V, parse, power_isometry
from intertwine.reps._tensor import Product, Sum
from intertwine.reps.laws import check_rep_laws


def test_tensor_sugar():
    assert T(2) == V * V
    assert T(0) == Scalar
    assert T(1) == V
    assert T(0, 1) == V.dual
    assert T(1, 1) == V * V.dual
    assert V**3 == T(3) == V * (V * V) == T(2) * V
    assert Scalar == V**0
    assert hash(V * V) == hash(T(2))


def test_normal_forms():
    assert Scalar * V == V == V * Scalar
    assert V + V == 2 * V == V * 2
    assert 2 * V + V == 3 * V
    assert (V + Scalar) * T(2) == T(3) + T(2)
    assert isinstance(V * (V + Scalar), Product)
    assert V.dual.dual == V
    assert (V + Scalar).dual == V.dual + Scalar
    assert T(2).dual == T(0, 2)
    assert Sym(2).dual == Sym(2, V.dual)
    assert V.conj.dual == V.dual.conj
    assert Sym(0) == Scalar
    assert Sym(1, V.dual) == V.dual
    assert Alt(1) == V
    assert sum([V, Scalar, V]) == V + Scalar + V
    assert V + Scalar != Scalar + V
    assert 0 * V + V == V


def test_summands_keep_the_users_order():
    rep = 3 * V + Scalar + 2 * V
    assert rep.summands() == ((3, V), (1, Scalar), (2, V))
    assert T(2).summands() == ((1, T(2)),)
    assert (2 * (V + Scalar)).summands() == ((1, V), (1, Scalar), (1, V), (1, Scalar))
    assert repr(2 * (V + Scalar) + T(2)) == "2 * (V + Scalar) + T(2)"
    assert (np.int64(3) * V).summands() == ((3, V),)


def test_simplified_expressions_have_identical_matrices():
    g = np.random.default_rng(0).normal(size=(3, 3))
    v = V(SO(3)).rho(g)
    inverse = np.linalg.inv(g).T
    assert np.allclose(T(2, 1)(SO(3)).rho(g), np.kron(np.kron(v, v), inverse))
    assert np.allclose((V * (V * V))(SO(3)).rho(g), np.kron(v, np.kron(v, v)))
    left = ((2 * V + Scalar) * V)(SO(3)).rho(g)
    direct = np.zeros((7, 7))
    direct[:3, :3] = direct[3:6, 3:6] = v
    direct[6, 6] = 1
    assert np.allclose(left, np.kron(direct, v))
    right = (V * (2 * V + Scalar))(SO(3)).rho(g)
    assert np.allclose(right, np.kron(v, direct))
    assert np.allclose((Det * (V + Scalar)).dual(SO(3)).rho(g)[:3, :3], inverse / np.linalg.det(g))


def test_dims():
    G = SO(3)
    assert Sym(6)(G).dim == 28
    assert Sym(4)(SO(8)).dim == 330
    assert Alt(3)(SO(5)).dim == 10
    assert Alt(4)(G).dim == 0
    assert (3 * V + T(2) * Sym(2))(G).dim == 9 + 54
    assert (0 * V)(G).dim == 0
    assert (0 * V)(G).rho(np.eye(3)).shape == (0, 0)


def test_power_isometry():
    g = np.random.default_rng(0).normal(size=(4, 4))
    for k, sign, power in ((3, 1, Sym), (2, -1, Alt), (3, -1, Alt), (4, 1, Sym)):
        isometry = power_isometry(k, 4, sign)
        full = g
        for _ in range(k - 1):
            full = np.kron(full, g)
        assert np.allclose((isometry.T @ isometry).toarray(), np.eye(isometry.shape[1]))
        assert np.allclose(isometry.T @ full @ isometry, power(k)(SO(4)).rho(g))


def test_batches_and_dtypes():
    G = SO(3)
    g = G.sample(6, 0).reshape(2, 3, 3, 3)
    for rep in (V, T(1, 1), Sym(3), Det * V + Scalar, Scalar):
        many = rep(G).rho(g)
        assert many.shape == (2, 3, rep(G).dim, rep(G).dim)
        assert np.allclose(many[1, 2], rep(G).rho(g[1, 2]))
        assert many.flags.writeable
    assert V(G).rho(np.eye(3, dtype=int)).dtype == np.float64
    assert T(1, 1)(SU(2)).rho(np.eye(2)).dtype == np.complex128
    assert not np.may_share_memory(V(G).rho(g), g)


def test_conj_is_the_identity_for_real_groups():
    assert (V.conj + V)(SO(3)) == (2 * V)(SO(3))
    g = SU(2).sample(rng=0)
    assert np.allclose(V.conj(SU(2)).rho(g), g.conj())
    assert np.allclose(V.dual.conj(SU(2)).rho(g), np.linalg.inv(g).conj().T)


def test_products_of_groups():
    rep = V(SO(3)) * V(S(5))
    G = rep.group
    assert SO(3) * S(5) == G
    assert rep.dim == 15
    g = G.sample(rng=0)
    assert np.allclose(rep.rho(g), np.kron(g[:3, :3], g[3:, 3:]))
    whole = V(G)
    assert np.allclose(whole.rho(g), (V(SO(3)) + V(S(5))).rho(g))
    assert np.allclose((V(S(5))(G) * V(SO(3))(G)).rho(g), np.kron(g[3:, 3:], g[:3, :3]))
    assert (V(S(5)) + V(SO(3)) * V(S(5))).group.factors == (S(5), SO(3))
    assert np.allclose(Det(S(5))(G).rho(g), np.linalg.det(g[3:, 3:]))
    assert (Scalar + rep).group == G
    assert all(term.group == G for _, term in (Scalar + rep).summands())
    check_rep_laws(rep + V(S(5)) + Scalar)


def test_binding_is_deep_and_checked():
    partly = V * V(SO(3))
    assert partly.group is None
    bound = partly(SO(3) * S(4))
    assert bound.dim == 7 * 3
    assert T(2)(SO(3))(SO(3)) == T(2)(SO(3))
    with pytest.raises(ValueError, match=r"bound to SO\(3\).*cannot become"):
        partly(S(4))
    with pytest.raises(ValueError, match=r"contains SO\(3\) 2 times"):
        V(SO(3))(SO(3) * SO(3))
    with pytest.raises(TypeError, match="binds a representation to a Group"):
        V("SO(3)")
    with pytest.raises(ValueError, match="bind it first"):
        _ = V.dim
    with pytest.raises(ValueError, match="bind it first"):
        T(2).rho(np.eye(3))
    with pytest.raises(ValueError, match=r"shape \(\.\.\., 3, 3\).*got shape \(2, 2\)"):
        V(SO(3)).rho(np.eye(2))


def test_errors_say_what_to_do():
    with pytest.raises(TypeError, match=r"3 \* Scalar"):
        V + 3
    with pytest.raises(TypeError, match="not a representation"):
        V + "V"
    with pytest.raises(TypeError, match=r"Sym\(2\)"):
        V + Sym
    with pytest.raises(TypeError, match="not a representation"):
        1.5 * V
    with pytest.raises(ValueError, match="integer >= 0, got -1"):
        -1 * V
    with pytest.raises(ValueError, match=r"V\.dual"):
        T(-1)
    with pytest.raises(ValueError, match="integer >= 0, got -2"):
        Sym(-2)
    with pytest.raises(TypeError, match="integer >= 0"):
        Alt(1.5)
    with pytest.raises(TypeError, match="takes a representation"):
        Sym(2, 3)
    with pytest.raises(TypeError, match="index or a string"):
        Irrep(1.5)
    with pytest.raises(ValueError, match="singular"):
        V.dual(SO(2)).rho(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="singular"):
        V.dual(SO(2)).rho_exact(sympy.zeros(2))
    with pytest.raises(ValueError, match="no exact values"):
        Irrep(1)(SO(2)).rho_exact(sympy.eye(2))
    with pytest.raises(ValueError, match=r"sympy matrices \(2, 2\), got \(3, 3\)"):
        V(SO(2)).rho_exact(sympy.eye(3))
    with pytest.raises(AttributeError, match="immutable"):
        V.group = SO(3)


def test_values_survive_pickle_and_copy():
    for rep in (V, 3 * T(2, 1) + Sym(2), (V(SO(3)) * V(S(4)) + Irrep(1)(SO(3))), Irrep("2e"), 0 * V):
        twin = pickle.loads(pickle.dumps(rep))
        assert twin == rep
        assert hash(twin) == hash(rep)
        assert repr(twin) == repr(rep)
        assert twin.key == rep.key
        assert copy.deepcopy(rep) == copy.copy(rep) == rep


def test_key_is_content():
    assert T(2)(SO(3)).key != T(2)(O(3)).key
    assert T(2)(SO(3)).key == (V * V)(SO(3)).key
    assert V(SO(3)).key != V(SO(3))(SO(3) * S(4)).key
    assert Custom(np.asarray, dim=3).key is None


def test_nothing_depends_on_the_hash_seed():
    code = (
        "from intertwine.groups import SO, S; from intertwine.reps import *\n"
        "r = (V(S(4)) + 2 * V(SO(3))) * (V(SO(3)) + Scalar) + Det(S(4))\n"
        "print(r, r.group.name, r.key, r.summands())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**__import__("os").environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(runs) == 1


def squared(g):
    return np.linalg.matrix_power(g, 2)


def doubled(a):
    return 2 * a


def test_custom():
    double = Custom(squared, doubled, 2, "double")
    assert double == Custom(squared, doubled, 2, "double")
    assert double != Custom(squared, doubled, 2, "other")
    assert pickle.loads(pickle.dumps(double(SO(2)))) == double(SO(2))
    check_rep_laws((double * V + double.dual)(SO(2)))
    assert repr(double * V) == "double * V"
    derived = Custom(squared, dim=2, name="derived")(SO(2))
    assert np.allclose(derived.algebra, double(SO(2)).algebra, atol=1e-12)
    check_rep_laws(derived)


def test_wrong_customs_break_the_laws():
    with pytest.raises(AssertionError, match="homomorphism"):
        check_rep_laws(Custom(np.transpose, lambda a: a.T, 3, "transpose")(SO(3)))
    with pytest.raises(AssertionError, match="exponential"):
        check_rep_laws(Custom(squared, lambda a: a, 2, "half")(SO(2)))
    with pytest.raises(AssertionError, match="identity"):
        check_rep_laws(Custom(lambda g: 2 * g, lambda a: a, 2, "scaled")(SO(2)))
    with pytest.raises(ValueError, match=r"dim 2: expected matrices \(2, 2\), got \(3, 3\)"):
        check_rep_laws(Custom(lambda g: g, dim=2)(SO(3)))
    with pytest.raises(ValueError, match="is_complex"):
        Custom(lambda g: g * 1j, dim=2)(SO(2)).rho(np.eye(2))
    with pytest.raises(ValueError, match="integer >= 1, got None"):
        Custom(squared)
    with pytest.raises(TypeError, match="rho is a callable"):
        Custom(3, dim=2)


def test_irreps_are_leaves():
    rep = (2 * Irrep(1) + Irrep(2))(SO(3))
    assert rep.dim == 11
    check_rep_laws(rep)
    mixed = Irrep(2)(SO(3)) * V(S(3))
    assert mixed.dim == 15
    check_rep_laws(mixed)
    assert parse("2x0e + 1x1o", O(3)).dim == 5
    check_rep_laws(V(SU(2)) * Irrep(1)(SO(3)))


def test_real_leaves_of_a_complex_product_see_real_matrices():
    def real(g):
        assert g.dtype == np.float64
        return g @ g

    rep = V(SU(2)) + Custom(real, doubled, 2, "real")(SO(2))
    check_rep_laws(rep)
    alone = Custom(real, doubled, 2, "real")(SO(2))(rep.group)
    assert alone.rho(rep.group.sample(rng=0)).dtype == np.complex128
    assert isinstance(rep, Sum)
