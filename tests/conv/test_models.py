"""Networks made of the layers: equivariance as wholes, permutations of points, batches, learning."""

import pytest
import torch
import torch._dynamo.testing
from intertwine.conv import periodic_graph, radius_graph
from intertwine.conv.models import MessagePassing, PointResNet
from intertwine.groups import SE, SL, SO, C, Dihedral, Group, Lorentz, O, Octahedral, S, Trivial
from intertwine.reps import Scalar, T, V
from intertwine.testing import assert_equivariant, equivariance_error


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("group", [O(3), SO(3), Octahedral(), O(3).subgroup(fixing=[0, 0, 1])], ids=str)
@pytest.mark.parametrize("aggr", ["sum", "softmax"])
def test_message_passing(group, aggr):
    net = MessagePassing(
        Scalar + V,
        V + T(2),
        group=group,
        hidden=24,
        layers=2,
        edge=V,
        node=V,
        cutoff=2.0,
        aggr=aggr,
        dtype=torch.float64,
    )
    pos, x, a = normal(14, 3), normal(14, 4, seed=1), normal(14, 3, seed=2)
    edges = radius_graph(pos, 1.6)
    attr = normal(edges.shape[1], 3, seed=3)
    inputs, reps = (x, pos, edges, attr, a), (net.rep_in, *(rep and rep(group) for rep in (V, None, V, V)))
    assert_equivariant(net, inputs=inputs, rep_in=reps)
    assert equivariance_error(net, inputs=inputs, rep_in=(*reps[:4], None)) > 1e-4
    shifted = net(x, pos + 7.0, edges, attr, a)
    torch.testing.assert_close(shifted, net(*inputs))


def test_message_passing_readout_is_graph_by_graph():
    net = MessagePassing(V, Scalar + V, group=O(3), hidden=24, layers=2, readout="sum", cutoff=2.0, dtype=torch.float64)
    pos, x = normal(20, 3), normal(20, 3, seed=1)
    batch = torch.arange(20) // 10
    together = net(x, pos, radius_graph(pos, 2.0, batch), batch=batch, size=2)
    for k in range(2):
        own = batch == k
        alone = net(x[own], pos[own], radius_graph(pos[own], 2.0))
        torch.testing.assert_close(together[k : k + 1], alone)


def test_message_passing_on_a_crystal():
    net = MessagePassing(Scalar, V, group=O(3), hidden=24, layers=2, cutoff=1.5, dtype=torch.float64)
    pos, x, cell = normal(6, 3), normal(6, 1, seed=1), 2 * torch.eye(3, dtype=torch.float64)
    edges, offset = periodic_graph(pos, 1.5, cell)
    moved = pos + cell[0] * torch.arange(6)[:, None]
    other, other_offset = periodic_graph(moved, 1.5, cell)
    torch.testing.assert_close(net(x, pos, edges, offset=offset), net(x, moved, other, offset=other_offset))


@pytest.mark.parametrize("group", [O(3), SO(3), Octahedral()], ids=str)
def test_point_resnet(group):
    net = PointResNet(Scalar, Scalar + V, group=group, hidden=24, levels=2, blocks=1, radius=1.2, dtype=torch.float64)
    pos, x = normal(40, 3), normal(40, 1, seed=1)
    batch = torch.arange(40) // 20
    assert_equivariant(
        lambda x, pos: net(x, pos, batch),
        inputs=(x, pos),
        rep_in=(net.rep_in, net.space),
        rep_out=net.rep_out,
        group=group,
    )
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(net(x[order], pos[order], batch[order]), net(x, pos, batch))
    alone = net(x[:20], pos[:20])
    torch.testing.assert_close(alone, net(x, pos, batch)[:1])


SKEWED = Group.preserving([[2, 1, 0], [1, 2, 0], [0, 0, 1]], name="skewed")


@pytest.mark.parametrize("group", [Lorentz(), SL(3), SE(3), SKEWED], ids=str)
def test_neighbourhoods_need_an_orthogonal_action(group):
    with pytest.raises(ValueError, match="neighbours are chosen by their distance"):
        PointResNet(Scalar, V, group=group, hidden=16, levels=1)


@pytest.mark.parametrize("group", [S(3), Trivial(3), SO(2) * C(3), Dihedral(4)], ids=str)
def test_any_orthogonal_action_will_do(group):
    PointResNet(Scalar, V, group=group, hidden=16, levels=1, blocks=1)


def test_wrong_numbers():
    with pytest.raises(ValueError, match="layers"):
        MessagePassing(V, V, group=O(3), layers=0)
    with pytest.raises(ValueError, match="aggr is one of"):
        MessagePassing(V, V, group=O(3), readout="max")
    with pytest.raises(ValueError, match="levels"):
        PointResNet(V, V, group=O(3), levels=0)
    with pytest.raises(ValueError, match="radius"):
        PointResNet(V, V, group=O(3), radius=-1.0)


@pytest.mark.parametrize("contraction", ["node", "edge", "factored"])
def test_message_passing_compiles_whole_and_once(contraction):
    """One graph, whatever the number of points and edges."""
    net = MessagePassing(
        Scalar, V, group=O(3), hidden=4 * Scalar + 2 * V, layers=1, readout="mean", cutoff=2.0, contraction=contraction
    )
    counter = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(net, fullgraph=True, backend=counter, dynamic=True)
    for n in (11, 17, 23):
        pos, x = torch.randn(n, 3), torch.randn(n, 1)
        edges, batch = radius_graph(pos, 2.0), torch.arange(n) % 2
        given = {"batch": batch, "size": 2}
        torch.testing.assert_close(compiled(x, pos, edges, **given), net(x, pos, edges, **given), atol=1e-4, rtol=1e-4)
    assert counter.frame_count == 1


def test_point_resnet_compiles_whole_and_once():
    net = PointResNet(Scalar, V, group=O(3), hidden=4 * Scalar + 2 * V, levels=2, blocks=1, radius=1.2)
    counter = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(net, fullgraph=True, backend=counter, dynamic=True)
    for n in (24, 31, 40):
        pos, x, batch = 0.5 * torch.randn(n, 3), torch.randn(n, 1), torch.arange(n) % 2
        levels = net.levels(pos, batch)
        given = {"batch": batch, "size": 2}
        torch.testing.assert_close(compiled(x, pos, levels=levels, **given), net(x, pos, **given), atol=1e-4, rtol=1e-4)
    assert counter.frame_count == 1
