"""Periodic clouds, farthest points, attention, node attributes, down- and up-sampling."""

import itertools

import pytest
import torch
from intertwine.conv import PointConv, _contraction, _factored, _point, fps, periodic_graph, radius, radius_graph
from intertwine.groups import SO, Lorentz, O, Octahedral, S
from intertwine.reps import Scalar, T, V
from intertwine.testing import assert_equivariant, equivariance_error
from torch.utils._python_dispatch import TorchDispatchMode

CELL = torch.tensor([[1.0, 0.1, 0.0], [0.0, 1.2, 0.3], [0.2, 0.0, 0.9]], dtype=torch.float64)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# -- periodic clouds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("r", [0.4, 0.8, 1.7])
def test_periodic_neighbours_are_those_of_the_images(r):
    pos = normal(7, 3) * 2  # not all in the cell
    edges, offset = periodic_graph(pos, r, CELL)
    shifts = torch.tensor(list(itertools.product(range(-9, 10), repeat=3)), dtype=torch.float64) @ CELL
    images = pos[None] + shifts[:, None]
    apart = torch.cdist(images.reshape(-1, 3), pos)
    expected = int(((apart <= r) & (apart > 1e-9)).sum())
    assert edges.shape[1] == expected > 0
    relative = pos[edges[0]] + offset - pos[edges[1]]
    assert (relative.norm(dim=1) <= r + 1e-9).all()
    whole = offset @ torch.linalg.inv(CELL)
    torch.testing.assert_close(whole, whole.round(), atol=1e-9, rtol=0)
    assert len({(*e, *w) for e, w in zip(edges.T.tolist(), whole.round().tolist())}) == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cells", [0, 30])
def test_neighbours_of_a_lattice_at_exactly_the_radius_are_found(dtype, cells):
    pos = 0.1 * torch.cartesian_prod(*[torch.arange(10, dtype=dtype)] * 2)
    edges, _ = periodic_graph(pos + cells, 0.1, torch.eye(2, dtype=dtype))
    assert edges.shape[1] == 4 * 100
    assert periodic_graph(pos[:1] + cells, 1.0, torch.eye(2, dtype=dtype))[0].shape[1] == 4


def test_a_crystal_is_convolved_as_its_supercell():
    layer = PointConv(Scalar + V, Scalar + V, group=O(3), cutoff=1.0, dtype=torch.float64)
    pos, x = normal(5, 3), normal(5, 4, seed=1)
    edges, offset = periodic_graph(pos, 1.0, CELL)
    y = layer(x, pos, edges, offset=offset)
    twice = torch.cat([pos, pos + CELL[0]])
    cell = torch.stack([2 * CELL[0], CELL[1], CELL[2]])
    edges, offset = periodic_graph(twice, 1.0, cell)
    torch.testing.assert_close(layer(torch.cat([x, x]), twice, edges, offset=offset), torch.cat([y, y]))
    moved = pos + CELL.new_tensor([[3.0, -2.0, 5.0]]) @ CELL  # every point in another cell: the same crystal
    edges, offset = periodic_graph(moved, 1.0, CELL)
    torch.testing.assert_close(layer(x, moved, edges, offset=offset), y)


def test_periodic_convolutions_are_equivariant():
    layer = PointConv(Scalar + V, V, group=O(3), cutoff=1.0, dtype=torch.float64)
    pos, x = normal(6, 3), normal(6, 4, seed=1)
    edges, offset = periodic_graph(pos, 0.9, CELL)
    g = torch.tensor(O(3).sample(rng=3))
    turned_edges, turned = periodic_graph(pos @ g.T, 0.9, CELL @ g.T)
    assert turned_edges.shape == edges.shape
    y = layer(x @ torch.tensor(layer.rep_in.rho(g.numpy())).T, pos @ g.T, turned_edges, offset=turned)
    torch.testing.assert_close(y, layer(x, pos, edges, offset=offset) @ g.T)


@pytest.mark.parametrize(
    ("cell", "r", "message"),
    [
        (torch.zeros(3, 3), 1.0, "no volume"),
        (torch.eye(2), 1.0, "shape \\(3, 3\\)"),
        (torch.eye(3), 0.0, "radius > 0"),
        (torch.eye(3) * 1e-3, 10.0, "larger cell"),
    ],
)
def test_impossible_cells(cell, r, message):
    with pytest.raises(ValueError, match=message):
        periodic_graph(torch.rand(4, 3), r, cell)


# -- farthest points ----------------------------------------------------------------------------------------


def test_farthest_points():
    pos = normal(60, 3)
    batch = torch.arange(60) % 2
    kept = fps(pos, batch, ratio=0.25)
    assert len(kept) == 16
    assert (batch[kept] == 0).sum() == 8
    g = torch.tensor(O(3).sample(rng=0))
    assert torch.equal(fps(pos @ g.T + 5.0, batch, ratio=0.25), kept)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    assert torch.equal(order[fps(pos[order], batch[order], ratio=0.25)].sort().values, kept)
    far = torch.cdist(pos[kept], pos[kept]) + 10 * torch.eye(16)
    chance = pos[torch.arange(16)]
    assert far.min() > (torch.cdist(chance, chance) + 10 * torch.eye(16)).min()
    assert torch.equal(fps(pos, ratio=1.0), torch.arange(60))
    assert len(fps(torch.zeros(0, 3))) == 0
    with pytest.raises(ValueError, match="share in"):
        fps(pos, ratio=0.0)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0])
def test_farthest_points_of_many_clouds_are_those_of_each(ratio):
    """Of all sizes together, with ties, whatever the labels and their order."""
    lattice = 0.1 * torch.cartesian_prod(torch.arange(5), torch.arange(4)).double()
    clouds = [
        lattice,
        normal(1, 2),
        normal(7, 2, seed=1),
        normal(40, 2, seed=2),
        lattice + 1,
        0 * normal(3, 2),
    ]
    pos, batch = torch.cat(clouds), torch.cat([torch.full((len(c),), 9 - 2 * i) for i, c in enumerate(clouds)])
    mixed = torch.randperm(len(pos), generator=torch.Generator().manual_seed(0))
    kept = fps(pos[mixed], batch[mixed], ratio)
    assert len(kept.unique()) == len(kept)
    for label in batch.unique():
        own = (batch[mixed] == label).nonzero()[:, 0]
        assert torch.equal(kept[batch[mixed][kept] == label], own[one_by_one(pos[mixed][own], ratio)])


def one_by_one(x, ratio):
    """Farthest points as they are defined."""
    chosen = [int((x - x.mean(0)).square().sum(1).argmax())]
    while len(chosen) < ratio * len(x):
        far = torch.stack([(x - x[i]).square().sum(1) for i in chosen]).amin(0)
        far[chosen] = -1
        chosen.append(int(far.argmax()))
    return sorted(chosen)


def test_down_and_up():
    """From all points to a subset and back: both steps are equivariant, the targets have no features of their own."""
    pos, x = normal(40, 3), normal(40, 4, seed=1)
    kept = fps(pos, ratio=0.25)
    down = PointConv(Scalar + V, 2 * V, group=O(3), cutoff=1.5, dtype=torch.float64)
    up = PointConv(2 * V, V + Scalar, group=O(3), cutoff=1.5, root_weight=False, dtype=torch.float64)

    def network(x, pos):
        coarse = pos[kept]
        y = down((x, None), (pos, coarse), radius(pos, coarse, 1.5))
        return up((y, None), (coarse, pos), radius(coarse, pos, 1.5))

    assert network(x, pos).shape == (40, 4)
    assert_equivariant(network, inputs=(x, pos), rep_in=(down.rep_in, down.space), rep_out=up.rep_out, group=O(3))


# -- attention and attributes -------------------------------------------------------------------------------


def test_softmax_weighs_the_edges():
    layer = PointConv(Scalar + V, Scalar + V, group=O(3), cutoff=3.0, aggr="softmax", dtype=torch.float64)
    pos, x = normal(12, 3), normal(12, 4, seed=1)
    edges = radius_graph(pos, 1.8)
    parts = layer.kernel.parts(pos[edges[0]] - pos[edges[1]], None)
    kernels = layer.kernel(pos[edges[0]] - pos[edges[1]])
    expected = torch.zeros(12, 4, dtype=torch.float64)
    for i in range(12):
        into = edges[1] == i
        weight = torch.softmax(parts.score[into], 0)
        expected[i] = torch.einsum("e,eab,eb->a", weight, kernels[into], x[edges[0][into]])
    y = layer(x, pos, edges)
    torch.testing.assert_close(y, (expected + layer.root(x)) * 0.5**0.5)
    assert parts.score.std() > 0.01
    for contraction in ("node", "edge", "factored"):
        layer.contraction = contraction
        torch.testing.assert_close(layer(x, pos, edges), y)
    assert_equivariant(layer, inputs=(x, pos, edges), rep_in=(layer.rep_in, layer.space, None))


@pytest.mark.parametrize("group", [O(3), SO(2), Lorentz(), Octahedral(), S(4)], ids=str)
@pytest.mark.parametrize("edge", [None, Scalar + V], ids=str)
def test_node_attributes(group, edge):
    layer = PointConv(Scalar + V, V, group=group, edge=edge, node=V, cutoff=3.0, dtype=torch.float64)
    n = layer.space.dim
    pos, x, a = normal(8, n), normal(8, layer.rep_in.dim, seed=1), normal(8, n, seed=2)
    edges = torch.randint(8, (2, 20), generator=torch.Generator().manual_seed(0))
    attr = None if edge is None else normal(20, layer.edge.dim, seed=3)
    inputs, reps = (x, pos, edges, attr, a), (layer.rep_in, layer.space, None, layer.edge, layer.node)
    assert_equivariant(layer, inputs=inputs, rep_in=reps)
    assert equivariance_error(layer, inputs=inputs, rep_in=(*reps[:4], None)) > 1e-3  # attributes that stay behind
    both = PointConv(
        Scalar + V, V, group=group, edge=2 * V if edge is None else edge + 2 * V, cutoff=3.0, dtype=torch.float64
    )
    both.load_state_dict(layer.state_dict())
    per_edge = torch.cat([p for p in (attr, a[edges[0]], a[edges[1]]) if p is not None], 1)
    torch.testing.assert_close(both(x, pos, edges, per_edge), layer(*inputs))


def test_attributes_must_fit():
    layer = PointConv(V, V, group=O(3), node=T(2), cutoff=3.0)
    pos = torch.rand(5, 3)
    edges = torch.zeros(2, 4, dtype=torch.int64)
    with pytest.raises(ValueError, match="node_attr was not given"):
        layer(pos, pos, edges)
    with pytest.raises(ValueError, match="4 node attributes for 5 points"):
        layer(pos, pos, edges, node_attr=torch.rand(4, 9))
    with pytest.raises(ValueError, match="has dim 9 but node_attr"):
        layer(pos, pos, edges, node_attr=torch.rand(5, 3))
    with pytest.raises(ValueError, match="3 rows of offset for 4 edges"):
        layer(pos, pos, edges, node_attr=torch.rand(5, 9), offset=torch.rand(3, 3))


# -- on accelerators --------------------------------------------------------------------------------------


class Forbidden(TorchDispatchMode):
    """Operations that make the processor wait for an accelerator raise."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        waits = torch.ops.aten._local_scalar_dense, torch.ops.aten.nonzero, torch.ops.aten.bincount
        if function.overloadpacket in waits:
            raise AssertionError(f"{function} synchronises")
        if function is torch.ops.aten.index.Tensor and args[1][0] is None:
            raise AssertionError("columns are picked by a list, which is copied to the device and so synchronises")
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("contraction", ["node", "edge", "factored", "auto", "rank"])
def test_nothing_synchronises_on_an_accelerator(contraction, monkeypatch):
    """The path taken off the CPU, run on it: the same function, and no look at numbers."""
    rep = 4 * Scalar + 2 * V
    options = {"rank": 2} if contraction == "rank" else {"contraction": contraction}
    layer = PointConv(rep, rep, group=O(3), cutoff=2.0, dtype=torch.float64, **options)
    pos, x = normal(30, 3), normal(30, 10, seed=1).requires_grad_()
    edges = radius_graph(pos, 2.0)
    expected = layer(x, pos, edges)
    (slope,) = torch.autograd.grad(expected.square().sum(), x)
    for module in (_contraction, _factored):
        monkeypatch.setattr(module, "has_static_shapes", lambda x, held: True)
    monkeypatch.setattr(_contraction, "HELD", 2**16)  # several chunks
    monkeypatch.setattr(_point.PointConv, "_check", lambda *_: None)  # looks at indices on the CPU alone
    looks, plain = [], torch.Tensor.tolist
    monkeypatch.setattr(torch.Tensor, "tolist", lambda t: looks.append(1) or plain(t))
    with Forbidden():
        y = layer(x, pos, edges)
        (found,) = torch.autograd.grad(y.square().sum(), x)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(found, slope)
    assert not looks
    if contraction in ("node", "factored"):
        monkeypatch.setattr(_contraction, "CHUNK", 2**10)  # many chunks, and one look at the degrees of all
        for module in (_contraction, _factored):
            monkeypatch.setattr(module, "has_static_shapes", lambda x, held: False)
        with Forbidden():
            y = layer(x, pos, edges)
        torch.testing.assert_close(y, expected)
        assert len(looks) == 1


@pytest.mark.parametrize("contraction", ["node", "edge", "factored"])
def test_what_is_formed_again_has_the_same_gradients(contraction, monkeypatch):
    rep = 4 * Scalar + 2 * V
    layer = PointConv(rep, rep, group=O(3), cutoff=2.0, dtype=torch.float64, contraction=contraction)
    pos, x = normal(30, 3), normal(30, 10, seed=1).requires_grad_()
    edges, again, formed = radius_graph(pos, 2.0), _contraction.checkpoint, []
    monkeypatch.setattr(_contraction, "checkpoint", lambda *a, **k: formed.append(1) or again(*a, **k))
    slopes = []
    for kept in (2**25, 0):
        monkeypatch.setattr(_contraction, "KEPT", kept)
        assert not formed  # small graphs keep what they need
        slopes.append(torch.autograd.grad(layer(x, pos, edges).square().sum(), [x, *layer.kernel.parameters()]))
    assert formed
    for kept, found in zip(*slopes):
        torch.testing.assert_close(found, kept)


def test_shares_of_points_are_not_rounded_up_twice():
    pos = torch.randn(100, 3)
    assert [len(fps(pos, ratio=ratio)) for ratio in (0.07, 0.071, 0.29)] == [7, 8, 29]


def test_an_empty_cloud_in_a_small_cell_is_refused_like_any_other():
    for n in (0, 1):
        with pytest.raises(ValueError, match="choose a smaller radius, or a larger cell"):
            periodic_graph(torch.zeros(n, 3), 1e3, torch.eye(3))
