"""Initial weights preserve second moments, through every layer and through depth."""

import pytest
import torch
from intertwine.emlp import EMLP, Bilinear, Gate, Linear, Norm
from intertwine.emlp._emlp import product_gain
from intertwine.groups import SL, SO, SU, Lorentz, O, Octahedral, S, Sp
from intertwine.reps import Scalar, T, V

GROUPS = [SO(3), O(3), Octahedral(), S(5), Lorentz(), Sp(4), SL(3), SU(3)]
each_group = pytest.mark.parametrize("group", GROUPS, ids=lambda g: g.name)


def second_moment(make, rep, features, inputs=1, draws=4):
    """Mean of |y|² over components, samples and initial weights."""
    moments = []
    for seed in range(draws):
        torch.manual_seed(seed)
        layer = make()
        with torch.no_grad():
            y = layer(*(features(rep, 500, seed=10 * seed + i) for i in range(inputs)))
        moments.append(y.abs().square().mean())
    return float(torch.stack(moments).mean())


@each_group
def test_linear(group, features):
    rep = (16 * Scalar + 16 * V + 8 * T(2))(group)
    moment = second_moment(lambda: Linear(rep, rep, dtype=torch.float64), rep, features)
    assert abs(moment - 1) < 0.15


@each_group
def test_bilinear(group, features):
    rep = (4 * Scalar + 4 * V + 2 * T(2))(group)
    moment = second_moment(lambda: Bilinear(rep, rep, rep, dtype=torch.float64), rep, features, inputs=2)
    assert abs(moment - 1) < 0.25


@each_group
def test_gate(group, features):
    layer = Gate(32 * Scalar + 16 * V, group, dtype=torch.float64)
    moment = second_moment(lambda: layer, layer.rep_in, features, draws=1)
    assert abs(moment - 1) < 0.05


def test_norm(features):
    layer = Norm(8 * Scalar + 8 * V, O(3), dtype=torch.float64)
    moment = second_moment(lambda: layer, layer.rep_in, lambda *a, **k: 7 * features(*a, **k), draws=1)
    assert abs(moment - 1) < 1e-3


@each_group
@pytest.mark.parametrize("layers", [1, 2, 3, 8])
def test_depth(group, layers, features):
    """Second moments neither vanish nor explode with depth, non-compact groups included."""
    rep = (8 * Scalar + 8 * V)(group)
    moment = second_moment(
        lambda: EMLP(rep, rep, hidden=48, layers=layers, dtype=torch.float64), rep, features, draws=20
    )
    assert 0.25 < moment < 4


def test_products_without_a_small_gain_explode(monkeypatch, features):
    """Negative control: the gain is what holds an eight-layer network together."""
    monkeypatch.setattr("intertwine.emlp._emlp.product_gain", lambda layers: 1.0)
    rep = (8 * Scalar + 8 * V)(SO(3))
    moment = second_moment(lambda: EMLP(rep, rep, hidden=48, layers=8, dtype=torch.float64), rep, features, draws=1)
    assert not moment < 1e8
    assert product_gain(8) == 1 / 64
