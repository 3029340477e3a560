"""Whole networks of point convolutions over many groups: equivariant on random elements, in both precisions."""

import numpy as np
import pytest
import torch
from intertwine.conv import PointConv, radius_graph
from intertwine.emlp import Gate, Linear
from intertwine.groups import G2, SL, SO, C, Group, Lorentz, O, Octahedral, S, Sp, U
from intertwine.reps import Scalar, V
from intertwine.testing import assert_equivariant, equivariance_error
from torch import nn

# a form nobody has heard of, in a skewed basis: indefinite, so its group is not compact
TYPED_IN = Group.preserving([[0, 0, 1], [0, 2, 0], [1, 0, 3]], name="typed in")
AZIMUTHAL = O(3).subgroup(fixing=[0, 0, 1])
PRODUCT = SO(3) * S(4)
PAIR = V(SO(3)) * V(S(4))
CASES = {
    "SO(3)": (SO(3), V, Scalar + V, 2 * Scalar + 2 * V),
    "O(3)": (O(3), V, Scalar + V, 2 * Scalar + 2 * V),
    "azimuthal O(2)": (AZIMUTHAL, V, Scalar + V, 2 * Scalar + 2 * V),
    "O(1,3)": (Lorentz(), V, Scalar + V, 2 * Scalar + 2 * V),
    "Sp(4)": (Sp(4), V, Scalar + V, 2 * Scalar + 2 * V),
    "SL(3)": (SL(3), V, Scalar + V, 2 * Scalar + 2 * V),
    "S(5)": (S(5), V, Scalar + V, 2 * Scalar + 2 * V),
    "octahedral": (Octahedral(), V, Scalar + V, 2 * Scalar + 2 * V),
    "SO(3) x S(4)": (PRODUCT, V(SO(3)), PAIR + Scalar, PAIR + 2 * Scalar),
    "SO(2)": (SO(2), V, Scalar + V, 2 * Scalar + 2 * V),
    "C(5)": (C(5), V, Scalar + V, 2 * Scalar + 2 * V),
    "SO(1,1)": (SO(1, 1), V, Scalar + V, 2 * Scalar + 2 * V),
    "O(1,2)": (O(1, 2), V, Scalar + V, 2 * Scalar + 2 * V),
    "U(2)": (U(2).realification(), V, Scalar + V, 2 * Scalar + 2 * V),
    "G2": (G2(), V, Scalar + V, 2 * Scalar + 2 * V),
    "typed in": (TYPED_IN, V, Scalar + V, 2 * Scalar + 2 * V),
}


class Net(nn.Module):
    """Two convolutions with a gate between them, and a linear map at the end."""

    def __init__(self, group, space, rep_in, hidden, broken=False):
        super().__init__()
        gate = Gate(hidden, group=group)
        settings = {"group": group, "space": space, "hidden": 40, "width": 16, "cutoff": 3.0, "neighbours": 4}
        self.first = PointConv(rep_in, gate.rep_in, edge=space, **settings)
        self.gate = gate
        self.second = PointConv(hidden, hidden, edge=space, **settings)
        self.last = Linear(hidden, rep_in, group=group)
        self.broken = broken
        self.group = group
        self.rep_in = (self.first.rep_in, self.first.space, None, self.first.edge)
        self.rep_out = self.last.rep_out

    def forward(self, x, pos, edges, attr):
        h = self.gate(self.first(x, pos, edges, attr))
        if self.broken:
            h = torch.relu(h)
        return self.last(self.second(h, pos, edges, attr))


def build(name, dtype, broken=False):
    torch.manual_seed(0)
    group, space, rep_in, hidden = CASES[name]
    net = Net(group, space, rep_in, hidden, broken).to(dtype)
    rng = torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.randn(*shape, generator=rng, dtype=torch.float64).to(dtype)  # noqa: E731
    pos = draw(8, net.first.space.dim) * 0.7
    edges = radius_graph(pos, 10.0, max_num_neighbors=4)
    return net, (draw(8, net.first.rep_in.dim), pos, edges, draw(edges.shape[1], net.first.edge.dim) * 0.7)


@pytest.fixture(autouse=True)
def _not_local():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SL and Sp: kernels that are not local, tested elsewhere
        yield


@pytest.mark.parametrize("name", CASES)
def test_network_in_double(name):
    net, inputs = build(name, torch.float64)
    assert_equivariant(net, inputs=inputs, rep_in=net.rep_in, rep_out=net.rep_out)


@pytest.mark.parametrize("name", CASES)
def test_network_in_single(name):
    net, inputs = build(name, torch.float32)
    assert_equivariant(net, inputs=inputs, rep_in=net.rep_in, rep_out=net.rep_out)


@pytest.mark.parametrize("name", ["SO(3)", "O(1,3)", "typed in", "SO(3) x S(4)"])
def test_a_broken_layer_fails(name):
    """A pointwise relu on vectors is not equivariant, and the same check says so."""
    net, inputs = build(name, torch.float64, broken=True)
    with pytest.raises(AssertionError):
        assert_equivariant(net, inputs=inputs, rep_in=net.rep_in, rep_out=net.rep_out)
    assert equivariance_error(net, inputs=inputs, rep_in=net.rep_in, rep_out=net.rep_out) > 1e-3


def test_the_kernel_does_depend_on_position():
    """Equivariance alone is cheap: the network must see where its points are."""
    for name in CASES:
        net, (x, pos, edges, attr) = build(name, torch.float64)
        moved = pos + 0.3 * torch.from_numpy(np.random.default_rng(0).normal(size=pos.shape))
        change = (net(x, pos, edges, attr) - net(x, moved, edges, attr)).norm() / net(x, pos, edges, attr).norm()
        assert change > 1e-2, name
