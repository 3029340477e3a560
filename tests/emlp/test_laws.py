"""Every layer over every group of the table: equivariance, shapes, derivatives, copies, checkpoints."""

import pytest
import torch
from intertwine.emlp import EMLP, BatchNorm, Bilinear, Gate, Linear, Norm, check_layer_laws
from intertwine.groups import SO
from intertwine.reps import Scalar, T, V
from intertwine.testing import assert_equivariant, equivariance_error
from torch import nn


def test_linear(case):
    group, rep_in, rep_out = case
    check_layer_laws(Linear(rep_in, rep_out, group))


def test_bilinear(case):
    group, rep_in, rep_out = case
    check_layer_laws(Bilinear(rep_in, rep_in, rep_out + Scalar, group))


def test_gate(case):
    group, rep_in, rep_out = case
    check_layer_laws(Gate(rep_in + rep_out, group))


def test_norm(case):
    group, rep_in, rep_out = case
    rep = rep_in + rep_out
    if not group.is_orthogonal:
        with pytest.raises(ValueError, match="no invariant positive norm"):
            Norm(rep, group)
        rep = 4 * Scalar
    check_layer_laws(Norm(rep, group))


def test_emlp(case):
    group, rep_in, rep_out = case
    check_layer_laws(EMLP(rep_in, rep_out, group, hidden=32))


def test_compiles_without_graph_breaks():
    net = EMLP(2 * V + Scalar, T(2), SO(3), hidden=24, layers=2)
    assert check_layer_laws(net, compile=True)["compile"] <= 1e-12


class Broken(nn.Module):
    """A layer that forgets the group in one coordinate."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.group, self.rep_in, self.rep_out = layer, layer.group, layer.rep_in, layer.rep_out

    def forward(self, x):
        y = self.layer(x)
        return torch.cat([1.01 * y[..., :1], y[..., 1:]], -1)


def test_a_broken_layer_fails(case):
    """Negative control, over every group: one output coordinate off by a hundredth."""
    group, rep_in, _ = case
    broken = Broken(Linear(rep_in, rep_in, group, dtype=torch.float64))
    assert equivariance_error(broken) > 1e-5
    with pytest.raises(AssertionError, match="not equivariant"):
        assert_equivariant(broken)
    with pytest.raises(AssertionError, match="law 'equivariance'"):
        check_layer_laws(broken)
    assert_equivariant(broken.layer)


@pytest.mark.parametrize("measure", [equivariance_error, assert_equivariant])
def test_running_averages_stay(measure):
    layer = BatchNorm(2 * V + Scalar, SO(3), dtype=torch.float64)
    before = {name: b.clone() for name, b in layer.named_buffers()}
    measure(layer)
    assert layer.training
    assert all(torch.equal(b, before[name]) for name, b in layer.named_buffers())
    layer(torch.randn(8, 7, dtype=torch.float64))
    assert not all(torch.equal(b, before[name]) for name, b in layer.named_buffers())


class Elsewhere(nn.Module):
    """On another device, which its input must be on."""

    group, rep_in, rep_out = SO(3), V(SO(3)), V(SO(3))

    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.ones(3, device="meta"))

    def forward(self, x):
        raise InterruptedError(x.device)


def test_inputs_are_drawn_on_the_device_of_the_layer():
    with pytest.raises(InterruptedError, match="meta"):
        check_layer_laws(Elsewhere())


class Mixing(nn.Module):
    """Equivariant, but normalises over the batch (what BatchNorm does inside a kernel's network)."""

    group, rep_in, rep_out = SO(3), V(SO(3)), V(SO(3))

    def forward(self, x):
        return x / x.square().mean().sqrt()


def test_mixing_the_batch_is_found():
    with pytest.raises(AssertionError, match="law 'batch'"):
        check_layer_laws(Mixing())
