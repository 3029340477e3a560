"""Every layer goes through the compiler as one graph, and is the same function."""

import pytest
import torch
from intertwine.conv import (
    AveragePool,
    Downsample,
    FieldPool,
    Fieldwise,
    GridConvTransposed,
    ImplicitKernel,
    InvariantPool,
    NormMaxPool,
    StabilizerKernel,
    Upsample,
)
from intertwine.conv.models import SteerableResNet
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
