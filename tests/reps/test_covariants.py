"""Symbolic polynomials: counted by Molien's formula, and covariant at random points."""

import numpy as np
import pytest
import sympy as sp
from intertwine.groups import SL, SO, Dihedral, Lorentz, O, Octahedral, S
from intertwine.reps import Scalar, Sym, T, V, covariants, invariant_polynomials, steerable_kernels


def molien(group, degree):
    """Coefficients of (1/|G|) Σ 1 / det(1 − t g), by power series."""
    elements = group.elements()
    total = np.zeros(degree + 1)
    for g in elements:
        e = np.poly(g)  # det(λ − g), so that det(1 − t g) has the same coefficients in t
        series = np.zeros(degree + 1)
        series[0] = 1
        for k in range(1, degree + 1):
            series[k] = -sum(e[j] * series[k - j] for j in range(1, min(k, len(e) - 1) + 1))
        total += series
    return np.round(total / len(elements)).astype(int)


@pytest.mark.parametrize("group", [S(3), Octahedral(), Octahedral(full=True), Dihedral(5)], ids=str)
def test_invariants_are_counted_by_molien(group):
    counts = molien(group, 6)
    assert [len(invariant_polynomials(group, k)) for k in range(7)] == counts.tolist()


@pytest.mark.parametrize(
    ("group", "rep", "degree"),
    [(SO(3), V, 3), (O(3), T(2), 2), (SL(2), Sym(2), 2), (Lorentz(), V, 3), (Octahedral(), V, 3)],
    ids=str,
)
def test_covariants_are_covariant_at_random(group, rep, degree):
    found = covariants(rep, degree, group)
    assert found
    symbols = sp.symbols("x y z")[: group.d] if group.d <= 3 else sp.symbols(f"x1:{group.d + 1}")
    rng = np.random.default_rng(0)
    bound = rep(group)
    for p in found:
        function = sp.lambdify(symbols, list(p), "numpy")
        for g in group.sample(3, rng=1):
            x = rng.standard_normal(group.d)
            left, right = np.array(function(*(g @ x)), float), bound.rho(g) @ np.array(function(*x), float)
            np.testing.assert_allclose(left, right, atol=1e-9 * (1 + np.abs(right).max()))
        wrong = sp.lambdify(symbols, [v + symbols[0] ** degree for v in p], "numpy")
        g = group.sample(rng=2)
        assert not np.allclose(wrong(*(g @ x)), bound.rho(g) @ np.array(wrong(*x), float), rtol=1e-3)


def test_kernels_of_vectors_are_the_known_ones():
    x, y, z = sp.symbols("x y z")
    v = sp.Matrix([x, y, z])
    (cross,) = steerable_kernels(V, V, 1, SO(3))
    assert cross == -sp.Matrix([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    assert set(steerable_kernels(V, V, 2, SO(3))) == {
        sp.ImmutableMatrix(v * v.T),
        sp.ImmutableMatrix((x**2 + y**2 + z**2) * sp.eye(3)),
    }
    assert steerable_kernels(V, V, 1, O(3)) == ()
    assert invariant_polynomials(Lorentz(), 2, symbols=sp.symbols("t x y z")) == (
        sp.sympify("t**2 - x**2 - y**2 - z**2"),
    )


def test_errors():
    with pytest.raises(ValueError, match="an integer >= 0, got -1"):
        covariants(V, -1, SO(2))
    with pytest.raises(TypeError, match="of type float"):
        invariant_polynomials(SO(2), 1.5)
    with pytest.raises(ValueError, match="no group"):
        covariants(V, 2)
    with pytest.raises(ValueError, match="3 coordinates, but 2 symbols"):
        invariant_polynomials(SO(3), 2, symbols=sp.symbols("x y"))
    assert covariants(Scalar, 0, SO(3)) == (sp.ImmutableMatrix([[1]]),)
