"""Graphs of PyTorch Geometric, and objects that only look like them."""

import subprocess
import sys
import warnings
from types import SimpleNamespace

import pytest
import torch
from intertwine.conv import PointConv, radius, radius_graph
from intertwine.conv.models import MessagePassing, PointResNet
from intertwine.groups import O
from intertwine.reps import Scalar, V
from intertwine.testing import assert_equivariant, equivariance_error

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PyG scripts a class when it is imported
    from torch_geometric.data import Batch, Data, HeteroData
    from torch_geometric.loader import DataLoader
    from torch_geometric.nn import MessagePassing as PyGLayer


def graph(seed=0, n=12, **more):
    rng = torch.Generator().manual_seed(seed)
    pos = torch.randn(n, 3, generator=rng)
    return Data(x=torch.randn(n, 4, generator=rng), pos=pos, edge_index=radius_graph(pos, 2.0), **more)


def test_a_convolution_takes_a_graph():
    data = graph()
    data.edge_attr = data.pos[data.edge_index[0]]
    layer = PointConv(Scalar + V, V, O(3), cutoff=2.0)
    torch.testing.assert_close(layer(data), layer(data.x, data.pos, data.edge_index))
    layer = PointConv(Scalar + V, V, O(3), cutoff=2.0, edge=V)
    torch.testing.assert_close(layer(data), layer(data.x, data.pos, data.edge_index, data.edge_attr))
    look_alike = SimpleNamespace(**data.to_dict())
    assert torch.equal(layer(look_alike), layer(data))


@pytest.mark.parametrize("edge", [None, V])
def test_networks_take_batches(edge):
    graphs = [graph(k) for k in range(3)]
    for data in graphs:
        data.edge_attr = data.pos[data.edge_index[0]]
    net = MessagePassing(Scalar + V, V, O(3), hidden=16, layers=2, readout="sum", cutoff=2.0, edge=edge)
    together = net(Batch.from_data_list(graphs))
    torch.testing.assert_close(together, torch.cat([net(data) for data in graphs]))
    assert together.shape == (3, 3)
    cloud = PointResNet(Scalar + V, V, O(3), hidden=16, levels=2, blocks=1, radius=1.0)
    torch.testing.assert_close(
        cloud(Batch.from_data_list(graphs)), torch.cat([cloud(d) for d in graphs]), atol=1e-5, rtol=1e-4
    )


def test_a_loader_trains_a_network():
    torch.manual_seed(0)
    graphs = [graph(k) for k in range(16)]
    for data in graphs:
        data.y = 2 + data.x[:, 1:].square().sum(1).mean().reshape(1, 1)
    net = MessagePassing(Scalar + V, Scalar, O(3), hidden=16, layers=1, readout="mean", cutoff=2.0)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        for batch in DataLoader(graphs, batch_size=4):
            optimiser.zero_grad()
            loss = (net(batch) - batch.y).square().mean()
            loss.backward()
            optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


class Summed(PyGLayer):
    """Σ K(pos_j − pos_i) x_j, as PyG gathers and adds it."""

    def __init__(self, kernel, flow="source_to_target"):
        super().__init__(aggr="add", flow=flow)
        self.kernel = kernel

    def forward(self, x, pos, edge_index, size=None):
        return self.propagate(edge_index, x=x, pos=pos, size=size)

    def message(self, x_j, pos_i, pos_j):
        return torch.einsum("eoi,ei->eo", self.kernel(pos_j - pos_i), x_j)


@pytest.mark.parametrize("contraction", ["node", "edge"])
def test_edges_mean_what_they_mean_to_pyg(contraction):
    data = graph()
    layer = PointConv(Scalar + V, V + Scalar, O(3), cutoff=2.0, root_weight=False, bias=False, contraction=contraction)
    expected = Summed(layer.kernel)(data.x, data.pos, data.edge_index)
    torch.testing.assert_close(layer(data), expected, atol=1e-5, rtol=1e-4)
    one_way = data.edge_index[:, data.edge_index[0] < data.edge_index[1]]
    y = layer(data.x, data.pos, one_way)
    torch.testing.assert_close(y, Summed(layer.kernel)(data.x, data.pos, one_way), atol=1e-5, rtol=1e-4)
    wrong = Summed(layer.kernel, "target_to_source")(data.x, data.pos, one_way)
    assert not torch.allclose(y, wrong, atol=1e-2)


def test_bipartite_graphs():
    """(x_src, x_dst) and (pos_src, pos_dst) of two kinds of nodes, in PyG's HeteroData."""
    fine, coarse = graph(0), graph(1)
    data = HeteroData()
    data["fine"].x, data["fine"].pos = fine.x, fine.pos
    data["coarse"].x, data["coarse"].pos = coarse.x[:5], coarse.pos[:5]
    data["fine", "to", "coarse"].edge_index = radius(data["fine"].pos, data["coarse"].pos, 2.5)
    edges = data["fine", "to", "coarse"].edge_index
    assert edges.shape[1] > 5
    assert edges[1].max() < 5
    layer = PointConv(Scalar + V, V, O(3), cutoff=2.5, root_weight=False, bias=False)
    xs, ps = (data["fine"].x, data["coarse"].x), (data["fine"].pos, data["coarse"].pos)
    expected = Summed(layer.kernel)(xs, ps, edges, size=(12, 5))
    assert expected.shape == (5, 3)
    torch.testing.assert_close(layer(xs, ps, edges), expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(layer((xs[0], None), ps, edges), expected, atol=1e-5, rtol=1e-4)
    rooted = PointConv(Scalar + V, V, O(3), cutoff=2.5)
    assert_equivariant(rooted, rep_in=(Scalar + V, V, None), inputs=(xs, ps, edges), rtol=1e-4)
    assert equivariance_error(rooted, rep_in=(2 * Scalar + 2 * Scalar, V, None), inputs=(xs, ps, edges)) > 0.05


def test_what_is_missing_is_named():
    layer = PointConv(Scalar + V, V, O(3))
    data = graph()
    with pytest.raises(ValueError, match=r"has no edge_index: set data\.edge_index"):
        layer(Data(x=data.x, pos=data.pos))
    with pytest.raises(ValueError, match="has no pos"):
        layer(Data(x=data.x, edge_index=data.edge_index))
    with pytest.raises(ValueError, match="edge_attr was not given"):
        PointConv(Scalar + V, V, O(3), edge=V)(data)
    with pytest.raises(TypeError, match="takes features, positions and edge_index"):
        layer(data.x, data.pos)


def test_nothing_imports_pyg():
    code = "import sys, intertwine.conv.models; sys.exit('torch_geometric' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
