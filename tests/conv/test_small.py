"""What kernels and contractions do at once where it is small, they do step by step elsewhere."""

import copy

import pytest
import torch
from intertwine.conv import GridConv, ImplicitKernel, Kernel, PointConv
from intertwine.conv._contraction import neighbourhoods
from intertwine.groups import SO, D, O, Trivial, U
from intertwine.reps import Scalar, T, V
from torch.nn.utils import prune
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

AZIMUTHAL = O(3).subgroup(fixing=[0, 0, 1])
CASES = {
    "O(3)": (O(3), Scalar + 2 * V, 2 * Scalar + V, 2 * Scalar + V),
    "SO(3)": (SO(3), Scalar + V, V + T(2), V),
    "azimuthal": (AZIMUTHAL, Scalar + V, 2 * Scalar + V, Scalar + V),
    "SO(2), complex type": (SO(2), Scalar + 2 * V, V, Scalar + V),
    "D(4)": (D(4), V, Scalar + V, V),
    "Trivial(2)": (Trivial(2), Scalar + V, V, 2 * Scalar),
    "no attributes": (O(3), Scalar + V, V, None),
    "complex features": (U(2).realification(), V, V, None),
}


def layer_of(name, **options):
    group, rep_in, rep_out, edge = CASES[name]
    hidden = options.pop("hidden", 24)
    return PointConv(rep_in, rep_out, group, edge=edge, hidden=hidden, cutoff=3.0, dtype=torch.float64, **options)


def cloud(layer, n=12, degree=4, seed=0):
    """Features, positions, edges target by target in equal numbers, attributes."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)  # noqa: E731
    source = torch.randint(n, (n * degree,), generator=generator)
    edges = torch.stack([source, torch.arange(n).repeat_interleave(degree)])
    edge = None if layer.edge is None else draw(n * degree, layer.edge.dim)
    return draw(n, layer.rep_in.dim), draw(n, layer.space.dim), edges, edge


def agree(fast, slow, arguments):
    """Values and gradients in all weights."""
    y, z = fast(*arguments), slow(*arguments)
    torch.testing.assert_close(y, z)
    g = torch.randn_like(y)
    found = torch.autograd.grad(y, list(fast.parameters()), g, allow_unused=True)
    for a, b in zip(found, torch.autograd.grad(z, list(slow.parameters()), g, allow_unused=True), strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", CASES)
def test_covariants_of_one_matrix(name, monkeypatch):
    monkeypatch.setattr("intertwine.conv._covariants.SMALL", 2**20)
    layer = layer_of(name)
    covariants = layer.kernel.covariants
    slow = copy.deepcopy(layer)
    slow.kernel.covariants.whole = None
    assert covariants.whole is not None
    agree(layer, slow, cloud(layer))
    scalars, steerable = covariants(*_seen(layer))
    others = slow.kernel.covariants(*_seen(layer))
    torch.testing.assert_close(scalars, others[0])
    for a, b in zip(steerable, others[1], strict=True):
        torch.testing.assert_close(a, b)


def _seen(layer):
    _, pos, _, edge = cloud(layer, degree=1)
    return pos, edge


@pytest.mark.parametrize("name", CASES)
def test_a_contraction_of_one_matrix(name):
    layer = layer_of(name, contraction="node")
    slow = copy.deepcopy(layer)
    assert layer.kernel.contraction.matrix is not None
    slow.kernel.contraction.matrix = None
    agree(layer, slow, cloud(layer))


def test_large_ones_go_step_by_step():
    wide = PointConv(16 * (Scalar + V), 16 * (Scalar + V), O(3), edge=6 * V, hidden=64)
    assert wide.kernel.contraction.matrix is None
    assert wide.kernel.covariants.whole is None


@pytest.mark.parametrize("contraction", ["node", "factored"])
@pytest.mark.parametrize("step", [1, 5, 100])
def test_edges_in_place_and_out_of_it(contraction, step, monkeypatch):
    """Edges that come target by target in equal numbers are taken as they are, others sorted."""
    monkeypatch.setattr("intertwine.conv._contraction.CHUNK", step)
    layer = layer_of("no attributes", contraction=contraction, degree=1, hidden=2 * Scalar + 2 * V)
    x, pos, edges, _ = cloud(layer)
    order = torch.randperm(edges.shape[1], generator=torch.Generator().manual_seed(1))
    assert neighbourhoods(edges[1], 12, 5).slots is None
    assert neighbourhoods(edges[1][order], 12, 5).slots is not None
    torch.testing.assert_close(layer(x, pos, edges), layer(x, pos, edges[:, order]))
    uneven = edges[:, 1:]
    assert neighbourhoods(uneven[1], 12, 5).slots is not None
    one = edges[:, :1]
    torch.testing.assert_close(
        layer(x, pos, edges) - layer(x, pos, uneven), layer(x, pos, one) - layer(x, pos, edges[:, :0])
    )


def test_equal_numbers_of_edges_are_not_enough():
    target = torch.tensor([0, 0, 1, 2, 2, 1])
    assert neighbourhoods(target, 3, 10).slots is not None
    assert neighbourhoods(torch.tensor([0, 0, 0, 1]), 2, 10).slots is not None
    assert neighbourhoods(torch.zeros(0, dtype=torch.int64), 3, 10).shapes == [(3, 0)]
    assert neighbourhoods(torch.zeros(0, dtype=torch.int64), 0, 10).shapes == []


def test_kernels_without_storage_are_filled_by_their_checkpoint():
    arguments = {"group": O(3), "edge": Scalar + V, "hidden": 24, "cutoff": 3.0}
    with torch.device("meta"):
        empty = PointConv(Scalar + V, Scalar + V, **arguments)
    assert empty.kernel.covariants.whole is None
    real = PointConv(Scalar + V, Scalar + V, **arguments)
    loaded = empty.to_empty(device="cpu")
    loaded.load_state_dict(real.state_dict())
    x, pos, edges, edge = (t.float() if t.is_floating_point() else t for t in cloud(real))
    torch.testing.assert_close(loaded(x, pos, edges, edge), real(x, pos, edges, edge))
    assert loaded.kernel.covariants.whole is not None


def test_checkpoints_with_the_names_of_0_1_0():
    make = lambda: PointConv(Scalar + V, Scalar + V, O(3), edge=Scalar + V, hidden=24, cutoff=3.0)  # noqa: E731
    real, other = make(), make()
    former = {}
    for name, value in real.state_dict().items():
        name = name.replace("kernel.covariants.encode.", "kernel.encode_edge.")
        former[name.replace("kernel.covariants.", "kernel.")] = value
    assert {name.split(".")[1] for name in former} >= {"lift", "encode_edge", "product", "mix"}
    other.load_state_dict(former)
    x, pos, edges, edge = (t.float() if t.is_floating_point() else t for t in cloud(real))
    torch.testing.assert_close(other(x, pos, edges, edge), real(x, pos, edges, edge))
    former["kernel.mix.weight"] = torch.zeros(1)
    with pytest.raises(RuntimeError, match=r"covariants\.mix\.weight"):
        other.load_state_dict(former)


def test_what_is_kept_is_no_state():
    """Averages of weights and buffers, pruning and hooks see weights and constants only."""
    layer = layer_of("O(3)")
    assert all(t.is_floating_point() for t in layer.buffers())
    average = AveragedModel(layer, use_buffers=True, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    for _ in range(20):
        average.update_parameters(layer)
    arguments = cloud(layer)
    torch.testing.assert_close(average(*arguments), layer(*arguments), rtol=1e-6, atol=1e-6)
    prune.random_unstructured(layer.kernel.covariants.mix.weights, "0", 0.3)
    layer.to("cpu")
    layer.load_state_dict(layer.state_dict())


def test_numbers_of_ones_own_kernel_are_looked_at():
    class Bump(Kernel):
        def __init__(self, group):
            super().__init__()
            self.group, self.space = group, V(group)
            self.rep_in = self.rep_out = Scalar(group)
            self.register_buffer("size", torch.ones(1), persistent=False)

        def forward(self, x, attr=None):
            return (self.size * torch.exp(-x.square().sum(-1)))[..., None, None]

    layer = GridConv(Scalar, Scalar, group=O(2), kernel_size=3, kernel=Bump(O(2)), bias=False).eval()
    x = torch.randn(1, 1, 6, 6)
    with torch.no_grad():
        before = layer(x)
        layer.kernel.size.mul_(3)
        torch.testing.assert_close(layer(x), 3 * before)


def test_a_subclass_may_use_former_names():
    class Mixed(ImplicitKernel):
        def __init__(self):
            super().__init__(V, V, O(3), hidden=8)
            self.mix = torch.nn.Linear(2, 2)

    kernel, other = Mixed(), Mixed()
    other.load_state_dict(kernel.state_dict())
    assert torch.equal(other.mix.weight, kernel.mix.weight)
