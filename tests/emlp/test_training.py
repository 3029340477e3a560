"""Networks learn: small tasks against the mean predictor and against a baseline without the symmetry."""

import torch
from intertwine.emlp import EMLP
from intertwine.groups import Lorentz, O, S
from intertwine.reps import Scalar, T, V
from intertwine.testing import assert_equivariant
from torch import nn


def o5(n):
    """sin|x₁| − |x₂|³/2 + x₁·x₂ / (|x₁||x₂|), an O(5) invariant of two vectors."""
    x = torch.randn(n, 10)
    a, b = x[:, :5], x[:, 5:]
    na, nb = a.norm(dim=1), b.norm(dim=1)
    return x, (na.sin() - nb**3 / 2 + (a * b).sum(1) / (na * nb))[:, None]


def lorentz(n):
    """(p₁·p₂)(p₃·p₄) − (p₁·p₃)(p₂·p₄), Minkowski products of four four-vectors."""
    x = torch.randn(n, 16)
    metric = torch.tensor([1.0, -1, -1, -1])
    p = x.unflatten(-1, (4, 4))
    dot = torch.einsum("nia,a,nja->nij", p, metric, p)
    return x, (dot[:, 0, 1] * dot[:, 2, 3] - dot[:, 0, 2] * dot[:, 1, 3])[:, None]


def outer(n):
    """The antisymmetric part of x yᵀ plus δ(x·y), over permutations of five points."""
    x = torch.randn(n, 10)
    a, b = x[:, :5], x[:, 5:]
    wedge = a[:, :, None] * b[:, None] - b[:, :, None] * a[:, None]
    return x, (wedge + (a * b).sum(-1)[:, None, None] * torch.eye(5)).flatten(1)


def fit(net, task, samples, steps, lr=1e-2):
    """Test error relative to the mean predictor, after Adam with a linearly falling rate."""
    (x, y), (x_test, y_test) = task(samples), task(1000)
    scale = (y - y.mean(0)).square().mean().sqrt()
    optimiser = torch.optim.Adam(net.parameters(), lr=lr)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = lr * (1 - step / steps)
        i = torch.randint(samples, (min(samples, 250),))
        loss = (net(x[i]) - y[i] / scale).square().mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
    with torch.no_grad():
        return float((net(x_test) * scale - y_test).square().mean() / (y_test - y.mean(0)).square().mean())


def test_o5_invariant():
    net = EMLP(2 * V, Scalar, O(5), hidden=48)
    assert fit(net, o5, 1000, 250) < 5e-3
    assert_equivariant(net)


def test_lorentz_invariant_beats_a_plain_network():
    net = EMLP(4 * V, Scalar, Lorentz(), hidden=48, layers=2)
    error = fit(net, lorentz, 500, 250)
    width = 64
    plain = nn.Sequential(nn.Linear(16, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1))
    assert error < 1e-2
    assert error < 0.05 * fit(plain, lorentz, 500, 250)
    assert_equivariant(net)


def test_tensors_over_permutations():
    net = EMLP(2 * V, T(2), S(5), hidden=48, layers=1)
    assert fit(net, outer, 500, 200, lr=5e-2) < 1e-3
    assert_equivariant(net)
