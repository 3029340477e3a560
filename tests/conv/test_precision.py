"""Half precision counts, and adds up, as well as it can; models on meta lend their forward pass."""

import copy

import pytest
import torch
from intertwine.conv import GridConv, ImplicitKernel, InvariantPool, NormMaxPool, PointConv, Upsample, pool
from intertwine.conv._pool import number, softmax
from intertwine.conv.models import MessagePassing
from intertwine.emlp import BatchNorm, InvariantMap, Norm
from intertwine.groups import SO, Lorentz, O
from intertwine.reps import Scalar, T, V
from torch.func import functional_call, stack_module_state

HALF = (torch.bfloat16, torch.float16)


@pytest.mark.parametrize("dtype", HALF)
def test_means_over_many(dtype):
    x = torch.rand(3000, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(pool(x.to(dtype)).float(), pool(x), rtol=0.02, atol=0)
    cloud = torch.arange(3000) // 2900
    assert number(cloud, 2, x.to(dtype)).flatten().tolist() == torch.tensor([2900, 100]).to(dtype).tolist()
    weights = softmax(x[:, 0].to(dtype), cloud, 2)
    assert weights.dtype == dtype
    torch.testing.assert_close(weights.float(), softmax(x[:, 0], cloud, 2), rtol=0.02, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("aggr", ["mean", "softmax"])
def test_convolutions_over_many_neighbours(aggr):
    torch.manual_seed(0)
    rep = (2 * Scalar + V)(O(3))
    conv = PointConv(rep, Scalar + T(2), O(3), aggr=aggr, cutoff=8.0, bias=False, root_weight=False)
    x, pos = torch.randn(601, rep.dim), torch.randn(601, 3)
    edges = torch.stack([torch.arange(600), torch.full((600,), 600)])
    whole = conv(x, pos, edges)[600]
    with torch.autocast("cpu", torch.bfloat16):
        half = conv(x, pos, edges)[600]
    torch.testing.assert_close(half.float(), whole, rtol=0, atol=0.05 * float(whole.abs().max()))


def test_models_with_means_under_autocast():
    torch.manual_seed(0)
    net = MessagePassing(Scalar, 2 * Scalar, O(3), hidden=16, layers=1, readout="mean", cutoff=2.0)
    x, pos = torch.randn(1000, 1), torch.rand(1000, 3)
    edges = torch.stack([torch.arange(1000), torch.arange(1000).roll(1)])
    whole = net(x, pos, edges)
    with torch.autocast("cpu", torch.bfloat16):
        half = net(x, pos, edges)
    torch.testing.assert_close(half.float(), whole, rtol=0.05, atol=0.05)


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (BatchNorm(8 * Scalar + 4 * V, O(3)), 300 * torch.randn(20, 20)),
        (Norm(8 * Scalar + 4 * V, O(3)), 300 * torch.randn(20, 20)),
        (Norm(8 * Scalar + 4 * V, Lorentz(), strict=False), 300 * torch.randn(20, 24)),
        (InvariantPool(2 * V, O(3)), 300 * torch.randn(20, 6)),
        (InvariantMap(2 * V, O(3)), torch.tensor([[1000.0, 0, 0, 0, 300, 400]])),
        (NormMaxPool(V, SO(2)), torch.tensor([[[[300.0, 400], [0, 1]], [[0.0, 300], [1, 0]]]])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_large_numbers_do_not_overflow(layer, x):
    with torch.no_grad():
        whole, half = layer(x.half().float()), copy.deepcopy(layer).half()(x.half())
    pairs = [(whole, half)] if isinstance(whole, torch.Tensor) else zip(whole, half)
    for a, b in pairs:
        assert b.dtype == torch.float16
        torch.testing.assert_close(b.float(), a, rtol=0.01, atol=0.01 * float(a.abs().max()))


@pytest.mark.parametrize("length", [300, 1000])
def test_long_fields_grow_in_half_precision(length):
    ones = torch.ones(1, 1, length, dtype=torch.bfloat16)
    assert (Upsample(V, O(1))(ones) == 1).all()


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (
            lambda: PointConv(V, V, O(3), cutoff=8.0),
            (torch.randn(4, 3), torch.randn(4, 3), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])),
        ),
        (lambda: GridConv(V, V, O(2)), (torch.randn(1, 2, 5, 5),)),
        (lambda: ImplicitKernel(V, V, O(3), cutoff=8.0), (torch.randn(6, 3),)),
    ],
    ids=["points", "grid", "kernel"],
)
def test_a_model_on_meta_lends_its_forward_pass(make, inputs):
    """As in the recipe of PyTorch for ensembles."""
    torch.manual_seed(0)
    models = [make().eval() for _ in range(2)]
    parameters, buffers = stack_module_state(models)
    base = copy.deepcopy(models[0]).to("meta")
    for k, model in enumerate(models):
        own = {name: t[k] for name, t in parameters.items()}, {name: t[k] for name, t in buffers.items()}
        torch.testing.assert_close(functional_call(base, own, inputs), model(*inputs))


def test_a_checkpoint_assigned_to_a_model_on_meta():
    torch.manual_seed(0)
    model = PointConv(V, V, O(3), cutoff=8.0)
    with torch.device("meta"):
        empty = PointConv(V, V, O(3), cutoff=8.0)
    assert "cutoff=?" in repr(empty)
    str(empty)
    empty.load_state_dict(model.state_dict(), assign=True)
    inputs = torch.randn(4, 3), torch.randn(4, 3), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
    torch.testing.assert_close(empty(*inputs), model(*inputs))
