"""Networks as tables."""

import pytest
import torch
from intertwine.conv import GridConv, radius_graph, report
from intertwine.conv.models import MessagePassing, PointResNet, SteerableResNet, SteerableUNet
from intertwine.emlp import Gate, Linear
from intertwine.groups import SO, O
from intertwine.reps import Scalar, V
from torch import nn


def test_every_layer_of_a_graph_network_has_a_row():
    net = MessagePassing(Scalar + V, V, O(3), hidden=16, layers=2, edge=V, cutoff=2.0)
    pos = torch.randn(9, 3)
    edges = radius_graph(pos, 2.0)
    found = report(net, torch.randn(9, 4), pos, edges, pos[edges[0]])
    layers = [row.layer for row in found.rows]
    assert layers == ["Linear", *["PointConv", "Gate", "Norm"] * 2, "Linear", "MessagePassing"]
    assert found.rows[-1].weights == sum(p.numel() for p in net.parameters())
    assert found.rows[-1].weights == sum(row.weights for row in found.rows[:-1])
    assert all(row.error < 1e-10 for row in found.rows)
    assert found.rows[1].flops > 0
    lines = str(found).splitlines()
    assert len(lines) == len(found.rows) + 3
    assert lines[0].split()[:2] == ["name", "layer"]
    assert "blocks.0.conv" in str(found)
    assert next(net.parameters()).dtype == torch.float32


def test_clouds():
    net = PointResNet(Scalar, V, O(3), hidden=16, levels=2, blocks=1, radius=1.0)
    found = report(net, torch.randn(30, 1), torch.randn(30, 3))
    assert all(row.error is not None and row.error < 1e-9 for row in found.rows)


@pytest.mark.parametrize("kind", [SteerableResNet, SteerableUNet])
def test_grids(kind):
    net = kind(Scalar, V, O(2), hidden=8, stages=2, blocks=1, kernel_size=3)
    found = report(net, torch.randn(2, 1, 9, 9))
    assert all(row.error < 1e-10 for row in found.rows)
    assert "GridConv" in [row.layer for row in found.rows]


class Broken(nn.Module):
    group, rep_in, rep_out = SO(3), V(SO(3)), V(SO(3))

    def forward(self, x):
        return x.abs()


def test_a_broken_layer_is_seen():
    gate = Gate(V + Scalar, SO(3))
    net = nn.Sequential(Linear(V, V, SO(3)), Broken(), Linear(V, gate.rep_in, SO(3)), gate)
    found = report(net, torch.randn(4, 3))
    errors = [row.error for row in found.rows]
    assert [e is not None and e > 1e-3 for e in errors] == [False, True, False, False, False]
    assert errors[-1] is None  # a Sequential does not say how its arguments transform
    net.group, net.rep_in, net.rep_out = SO(3), V(SO(3)), gate.rep_out
    assert report(net, torch.randn(4, 3)).rows[-1].error > 1e-3


def test_filters_by_attributes():
    layer = GridConv(Scalar, V, O(2), attributes=V, padding=1)
    found = report(layer, torch.randn(2, 1, 7, 7), torch.randn(2, 2))
    assert found.rows[-1].error < 1e-10
