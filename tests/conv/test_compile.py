"""Every layer goes through the compiler as one graph, and is the same function; and is made on the default device."""

import pytest
import torch
from intertwine.conv import (
    AveragePool,
    Downsample,
    FieldPool,
    Fieldwise,
    GridConv,
    GridConvTransposed,
    ImplicitKernel,
    InvariantPool,
    NormMaxPool,
    PointConv,
    StabilizerKernel,
    Upsample,
)
from intertwine.conv.models import MessagePassing, PointResNet, SteerableResNet, SteerableUNet
from intertwine.emlp import (
    EMLP,
    BatchNorm,
    Bilinear,
    FourierAct,
    Gate,
    GroupPool,
    InvariantMap,
    Linear,
    Norm,
    NormAct,
    Pointwise,
    Restriction,
    TensorProductAct,
)
from intertwine.groups import G2, SO, Lorentz, O, Octahedral, S, U
from intertwine.reps import Regular, Scalar, T, V

REP = 3 * Scalar + 2 * V
SPHERE = SO(3).subgroup(fixing=[0, 0, 1])


def features(layer, *shape):
    rng = torch.Generator().manual_seed(0)
    reps = layer.rep_in if isinstance(layer.rep_in, tuple) else (layer.rep_in,)
    return tuple(torch.randn(*shape, rep.dim, generator=rng) for rep in reps)


LAYERS = {
    "Linear": lambda: Linear(REP, T(2), SO(3)),
    "Bilinear": lambda: Bilinear(V, V, V + Scalar, SO(3)),
    "EMLP": lambda: EMLP(REP, V, Lorentz(), hidden=24, layers=2),
    "Gate": lambda: Gate(REP, SO(3)),
    "Norm": lambda: Norm(REP, SO(3)),
    "NormAct": lambda: NormAct(REP, SO(3)),
    "NormAct, form": lambda: NormAct(REP, Lorentz()),
    "FourierAct, finite": lambda: FourierAct(Octahedral(), copies=2),
    "FourierAct, sphere": lambda: FourierAct(SO(3), copies=2, subgroup=SPHERE),
    "Pointwise": lambda: Pointwise(2 * V, S(4)),
    "TensorProductAct": lambda: TensorProductAct(REP, SO(3)),
    "BatchNorm": lambda: BatchNorm(REP, SO(3)).eval(),
    "BatchNorm, training": lambda: BatchNorm(REP, SO(3), momentum=0.0),
    "InvariantMap": lambda: InvariantMap(REP, Lorentz()),
    "GroupPool": lambda: GroupPool(2 * Regular, Octahedral()),
    "Restriction": lambda: Restriction(REP, SPHERE, SO(3)),
    "InvariantPool": lambda: InvariantPool(REP, O(3)),
}
FIELDS = {
    "GridConvTransposed": lambda: GridConvTransposed(REP, V, O(2), kernel_size=4, stride=2),
    "Fieldwise": lambda: Fieldwise(Norm(REP, O(2))),
    "AveragePool": lambda: AveragePool(REP, O(2)),
    "NormMaxPool": lambda: NormMaxPool(REP, O(2)),
    "Downsample": lambda: Downsample(REP, O(2)),
    "Upsample": lambda: Upsample(REP, O(2)),
    "FieldPool": lambda: FieldPool(REP, O(2)),
    "SteerableResNet": lambda: SteerableResNet(REP, V, O(2), hidden=8, stages=2, blocks=1, kernel_size=3),
}
KERNELS = {
    "ImplicitKernel": lambda: ImplicitKernel(REP, V, O(3)),
    "ImplicitKernel, depthwise": lambda: ImplicitKernel(REP, V, O(3), rank="depthwise"),
    "StabilizerKernel": lambda: StabilizerKernel(REP, V, O(3)),
    "StabilizerKernel, exceptional": lambda: StabilizerKernel(REP, V, G2()),
    "StabilizerKernel, unitary": lambda: StabilizerKernel(REP, V, U(2).realification()),
}
CONVOLUTIONS = {
    "PointConv": lambda: PointConv(REP, V, O(3), edge=V, aggr="softmax"),
    "PointConv, bessel": lambda: PointConv(REP, V, O(3), radial="bessel", rank=2),
    "GridConv": lambda: GridConv(REP, V, O(2), kernel_size=3),
    "GridConv, form": lambda: GridConv(REP, V, SO(1, 1), kernel_size=3),
    "MessagePassing": lambda: MessagePassing(REP, V, O(3), hidden=24, layers=2),
    "PointResNet": lambda: PointResNet(REP, V, O(3), hidden=24, levels=2, blocks=1),
    "SteerableUNet": lambda: SteerableUNet(REP, V, O(2), hidden=8, stages=2, kernel_size=3),
}
ALL = LAYERS | FIELDS | KERNELS | CONVOLUTIONS


def same(layer, *inputs):
    torch._dynamo.reset()
    torch.manual_seed(0)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    expected = layer(*inputs)
    torch.testing.assert_close(compiled(*inputs), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_features(name):
    layer = LAYERS[name]()
    same(layer, *features(layer, 5))


@pytest.mark.parametrize("name", FIELDS)
def test_layers_of_fields(name):
    same(FIELDS[name](), torch.randn(2, 7, 8, 8))


@pytest.mark.parametrize("name", KERNELS)
def test_kernels(name):
    kernel = KERNELS[name]()
    same(kernel, 0.4 * torch.randn(6, kernel.space.dim))


@pytest.mark.parametrize("name", ALL)
def test_the_default_device_is_that_of_new_layers(name):
    """Nothing is computed on it while a layer is made; weights loaded later give the same function."""
    expected = ALL[name]().state_dict()
    with torch.device("meta"):
        layer = ALL[name]()
    held = [*layer.parameters(), *layer.buffers()]
    assert all(t.is_meta for t in held)
    layer.to_empty(device="cpu").load_state_dict(expected)
    for key, value in layer.state_dict().items():
        torch.testing.assert_close(value, expected[key], rtol=0, atol=0)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda **on: GridConv(Scalar + V, V, SO(1, 1), kernel_size=3, **on), (1, 3, 6, 6)),
        (lambda **on: StabilizerKernel(REP, V, O(3), **on), (7, 3)),
    ],
    ids=["GridConv", "StabilizerKernel"],
)
def test_made_without_memory_and_loaded(make, shape):
    whole, x = make(), torch.randn(shape)
    layer = make(device="meta").to_empty(device="cpu")
    layer.load_state_dict(whole.state_dict())
    torch.testing.assert_close(layer(x), whole(x))
