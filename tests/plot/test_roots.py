"""Root and weight diagrams have the lengths, angles and multiplicities of the theory."""

from collections import Counter
from itertools import product
from math import comb, factorial

import numpy as np
import pytest
from intertwine import plot
from intertwine.groups import G2, SE, SL, SO, SU, O, S, U
from intertwine.plot import _dynkin
from intertwine.plot._dynkin import dynkin_weights
from intertwine.reps import Adjoint, Alt, Scalar, Sym, T, V


def points(axes):
    collection = axes.collections[0]
    if hasattr(collection, "_offsets3d"):
        return np.stack(collection._offsets3d, 1)
    return np.asarray(collection.get_offsets())


@pytest.mark.parametrize(
    ("group", "count", "ratio"),
    [(SU(3), 6, 1), (SO(5), 8, 2), (G2(), 12, 3), (SO(4), 4, 1), (SO(1, 3), 4, 1)],
    ids=repr,
)
def test_root_diagrams_of_rank_two(group, count, ratio):
    at = points(plot.roots(group))
    squares = np.sum(at**2, axis=1)
    assert len(at) == count
    assert squares.max() / squares.min() == pytest.approx(ratio)
    numbers = 2 * at @ at.T / squares
    np.testing.assert_allclose(numbers, np.round(numbers), atol=1e-9)  # a root system
    angles = np.sort(np.angle(at[:, 0] + 1j * at[:, 1]))
    np.testing.assert_allclose(np.diff(angles), 2 * np.pi / count, atol=1e-9)


def test_root_diagrams_of_other_ranks():
    assert points(plot.roots(SU(2))).shape == (2, 2)
    axes = plot.roots(SU(4))
    assert (axes.name, len(points(axes))) == ("3d", 12)
    at = points(plot.roots(SU(5)))  # in the Coxeter plane: two rings of h = 5 pairs of roots
    assert len(at) == 20
    radii = np.sort(np.linalg.norm(at, axis=1))
    np.testing.assert_allclose(radii[:10], radii[0])
    np.testing.assert_allclose(radii[10:], radii[-1])
    assert radii[-1] / radii[0] == pytest.approx((1 + 5**0.5) / 2)


def test_simple_roots_are_marked():
    axes = plot.roots(SO(5))
    assert {text.get_text() for text in axes.texts} == {"α₁", "α₂"}


@pytest.mark.parametrize("group", [SO(2), S(3)], ids=repr)
def test_rank_zero_is_refused(group):
    with pytest.raises(ValueError, match="no semisimple part"):
        plot.roots(group)
    with pytest.raises(ValueError, match="no semisimple part"):
        plot.weights(V(group))


def test_high_rank_needs_a_simple_algebra():
    with pytest.raises(ValueError, match="not simple"):
        plot.roots(SU(3) * SU(3))


def test_weights_of_a_group_that_is_not_reductive_are_refused():
    with pytest.raises(ValueError, match="reductive"):
        plot.weights(V(SE(3)))
    with pytest.raises(ValueError, match="dimension 0"):
        plot.weights((0 * V)(SU(3)))


@pytest.mark.parametrize("group", [SU(3), SL(3), U(3)], ids=repr)
def test_the_weights_of_v_are_a_triangle(group):
    at = points(plot.weights(V(group)))
    assert at.shape == (3, 2)
    np.testing.assert_allclose(at.sum(0), 0, atol=1e-9)
    sides = np.linalg.norm(at - np.roll(at, 1, axis=0), axis=1)
    np.testing.assert_allclose(sides, 2**0.5)  # differences of weights are roots
    dual = points(plot.weights(V(group).dual))
    assert {tuple(p) for p in np.round(dual, 6) + 0.0} == {tuple(p) for p in np.round(-at, 6) + 0.0}


def test_multiplicities_are_written():
    axes = plot.weights(Adjoint(SU(3)))
    assert [text.get_text() for text in axes.texts if text.get_text().isdigit()] == ["2"]
    roots = points(plot.roots(SU(3)))
    at = points(axes)
    nonzero = at[np.linalg.norm(at, axis=1) > 1e-6]
    assert {tuple(p) for p in np.round(nonzero, 6) + 0.0} == {tuple(p) for p in np.round(roots, 6) + 0.0}


@pytest.mark.parametrize(
    ("rep", "dims"),
    [
        (Sym(4)(SU(2)), {(-4,): 1, (-2,): 1, (0,): 1, (2,): 1, (4,): 1}),
        (T(2)(SO(3)), {(-4,): 1, (-2,): 2, (0,): 3, (2,): 2, (4,): 1}),
        (V(O(3)) + Scalar, {(-2,): 1, (0,): 2, (2,): 1}),
    ],
)
def test_labels_of_rank_one(rep, dims):
    found = dynkin_weights(rep)
    assert {tuple(label): n for label, n in zip(found.labels.tolist(), found.multiplicities.tolist())} == dims


@pytest.mark.parametrize("rep", [T(2, 1)(SU(3)), V(G2()), T(2)(SO(7)), V(SO(1, 3)), Adjoint(SL(4))], ids=repr)
def test_weights_are_invariant_under_reflections(rep):
    """s_i λ = λ − λ(αᵢ^∨) αᵢ, and the labels of αᵢ are row i of the Cartan matrix."""
    found = dynkin_weights(rep)
    counts = {tuple(label): n for label, n in zip(found.labels.tolist(), found.multiplicities.tolist())}
    assert sum(counts.values()) == rep.dim
    for i, root in enumerate(found.cartan_matrix):
        moved = found.labels - found.labels[:, i : i + 1] * root
        assert {tuple(label): n for label, n in zip(moved.tolist(), found.multiplicities.tolist())} == counts


def counted(found):
    return Counter(dict(zip(map(tuple, found.labels.tolist()), found.multiplicities.tolist())))


def test_weights_of_a_large_tensor_power():
    """The weight a μ₁ + b μ₂ + c μ₃ of V^⊗8 is there 8! / (a! b! c!) times; the matrices would be 6561 x 6561."""
    corners = dynkin_weights(V(SU(3))).labels
    expected = {
        tuple((np.array(n) @ corners).tolist()): factorial(8) // np.prod([factorial(k) for k in n]).item()
        for n in product(range(9), repeat=3)
        if sum(n) == 8
    }
    assert counted(dynkin_weights(T(8)(SU(3)))) == expected
    written = [text.get_text() for text in plot.weights(T(8)(SU(3))).texts if text.get_text().isdigit()]
    assert Counter(map(int, written)) == Counter(n for n in expected.values() if n > 1)


@pytest.mark.parametrize(
    "rep",
    [
        T(2, 1)(SU(3)) + 2 * Adjoint(SU(3)),
        Sym(3, V + Scalar)(SU(3)).dual,
        (Alt(2) * Sym(2, Adjoint))(SL(3)),
        (V * V.conj + V.dual)(SL(2, field="C")),
        (T(2) + Alt(3))(SO(3) * SO(5)),
        Alt(4)(SO(3)) + V(SO(3)),
    ],
    ids=repr,
)
def test_weights_by_structure_are_those_of_the_matrices(rep, monkeypatch):
    found = dynkin_weights(rep)
    monkeypatch.setattr(_dynkin, "BUILT", ())
    assert counted(found) == counted(dynkin_weights(rep))
    assert found.multiplicities.sum() == rep.dim


def test_weights_of_alternating_powers_of_every_degree():
    """Alt(k) and Alt(d − k) have the same weights for SO(7)."""
    for k in range(8):
        found = dynkin_weights(Alt(k)(SO(7)))
        assert counted(found) == counted(dynkin_weights(Alt(7 - k)(SO(7))))
        assert found.multiplicities.sum() == comb(7, k)


def test_weights_too_many_are_refused(monkeypatch):
    with pytest.raises(ValueError, match=r"has dimension \d+: weights are counted in 64-bit integers"):
        plot.weights(T(60)(SU(3)))
    with pytest.raises(ValueError, match="weights of power 100 of dimension 100 are too many"):
        dynkin_weights(Alt(100, T(4) + 19 * Scalar)(SU(3)))
    monkeypatch.setattr(_dynkin, "LEAF", 7)
    with pytest.raises(ValueError, match=r"Adjoint has dimension 8: weights are found up to 7, and beyond for sums"):
        plot.weights(V(SU(3)) * Adjoint(SU(3)))
    assert len(dynkin_weights(T(2)(SU(3))).labels) == 6
    monkeypatch.setattr(_dynkin, "TERMS", 8)
    with pytest.raises(ValueError, match="3 x 3 weights of a tensor product are too many"):
        dynkin_weights(T(2)(SU(3)))
