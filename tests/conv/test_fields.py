"""Layers on fields: exact under the symmetries of the grid, and what each of them is."""

import pytest
import torch
from intertwine.conv import (
    AveragePool,
    Downsample,
    FieldPool,
    Fieldwise,
    GridConv,
    NormMaxPool,
    Upsample,
    export,
)
from intertwine.conv.models import GridBlock, SteerableResNet, SteerableUNet
from intertwine.emlp import BatchNorm, Bilinear, Dropout, FourierAct, Gate, Linear, NormAct, TensorProductAct
from intertwine.groups import SL, SO, SU, C, Dihedral, Group, Lorentz, O, Octahedral, Trivial
from intertwine.reps import Scalar, T, V
from intertwine.reps._frame import frame
from intertwine.testing import field_equivariance_error, grid_symmetries
from torch import nn

GROUPS = {
    "SO(2)": SO(2),
    "O(2)": O(2),
    "C(4)": C(4),
    "D(4)": Dihedral(4),
    "trivial": Trivial(2),
    "O(1)": O(1),
    "SO(1,1)": SO(1, 1),
    "O(1,1)": O(1, 1),
    "sheared": Group.preserving([[1, 1], [1, 2]], name="sheared"),
    "SO(3)": SO(3),
    "O(3)": O(3),
    "octahedral": Octahedral(),
    "azimuthal": O(3).subgroup(fixing=[0, 0, 1]),
    "O(1,2)": O(1, 2),
}
REP = 2 * Scalar + V + T(2)
LAYERS = {
    "average": AveragePool,
    "average, padded": lambda rep, group: AveragePool(rep, group, 3, 1, 1),
    "largest": NormMaxPool,
    "largest, padded": lambda rep, group: NormMaxPool(rep, group, 3, 2, 1),
    "down": Downsample,
    "down by 3": lambda rep, group: Downsample(rep, group, 3),
    "up": Upsample,
    "up by 3": lambda rep, group: Upsample(rep, group, 3),
    "linear": lambda rep, group: Fieldwise(Linear(rep, V + Scalar, group)),
    "gate": lambda rep, group: nn.Sequential(
        Fieldwise(Linear(rep, Gate(rep, group).rep_in, group)), Fieldwise(Gate(rep, group))
    ),
    "norm act": lambda rep, group: Fieldwise(NormAct(rep, group)),
    "batch norm": lambda rep, group: Fieldwise(BatchNorm(rep, group)),
    "product": lambda rep, group: Fieldwise(TensorProductAct(rep, group)),
    "mean": FieldPool,
}


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def field(rep, group, size=8, batch=2):
    return normal(batch, rep(group).dim, *(size,) * group.d)


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("kind", LAYERS)
def test_symmetries_of_the_grid_are_exact(kind, name):
    group = GROUPS[name]
    rep = REP
    unitary = all(a.is_unitary for a, _ in frame(rep(group)).atoms)
    refused = kind == "norm act" and name == "SO(1,1)"  # two light-like lines, each without a form of its own
    if refused or (kind in ("largest", "largest, padded", "batch norm") and not unitary):
        with pytest.raises(ValueError, match="no invariant"):
            LAYERS[kind](rep, group)
        rep = 3 * Scalar
    layer = LAYERS[kind](rep, group).double()
    size = 9 if "padded" in kind else 8
    rep_out = layer[-1].rep_out if isinstance(layer, nn.Sequential) else layer.rep_out
    x = field(rep, group, size)
    assert field_equivariance_error(layer, x, V(group), rep, rep_out) < 1e-12
    if len(grid_symmetries(V(group))) > 1 and kind != "mean":  # off the centre
        assert field_equivariance_error(lambda x: layer(x).roll(1, 2), x, V(group), rep, rep_out) > 1e-3


def test_pools_are_torchs_for_invariants():
    x = normal(2, 3, 8, 9)
    group = O(2)
    pooled = NormMaxPool(3 * Scalar, group, 3, 2, 1).double()(x)
    torch.testing.assert_close(pooled, torch.nn.functional.max_pool2d(x, 3, 2, 1))
    pooled = AveragePool(3 * Scalar, group, 3, 2, 1)(x)
    torch.testing.assert_close(pooled, torch.nn.functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False))


def test_the_largest_vector_is_one_of_them():
    x = normal(1, 6, 4, 4)
    y = NormMaxPool(3 * V, O(2)).double()(x)
    for k in range(3):
        vectors = x[0, 2 * k : 2 * k + 2, :2, :2].flatten(1)
        best = vectors[:, vectors.norm(dim=0).argmax()]
        assert torch.equal(y[0, 2 * k : 2 * k + 2, 0, 0], best)
    x.requires_grad_()
    NormMaxPool(3 * V, O(2)).double()(x).sum().backward()
    assert int((x.grad != 0).sum()) == 6 * 4


def test_complex_fields():
    group = SU(2)
    x = torch.complex(normal(2, 2, 6, 6), normal(2, 2, 6, 6, seed=1))
    for layer in (NormMaxPool(V, group), AveragePool(V, group), Downsample(V, group), Upsample(V, group)):
        y = layer.double()(x)
        assert y.dtype == x.dtype
        turn = torch.from_numpy(group.sample(rng=0))
        torch.testing.assert_close(
            layer(torch.einsum("ij,bjxy->bixy", turn, x)), torch.einsum("ij,bjxy->bixy", turn, y)
        )


def test_resampling_keeps_smooth_fields():
    t = torch.linspace(0, 1, 32, dtype=torch.float64)
    x = (t[:, None] + 2 * t)[None, None]
    down, up = Downsample(Scalar, O(2)), Upsample(Scalar, O(2))
    again = up(down(x))
    assert (again - x)[..., 8:-8, 8:-8].abs().max() < 1e-10
    torch.testing.assert_close(up(x), torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear"))
    ones = torch.ones(1, 1, 7, 9)
    torch.testing.assert_close(down(ones), torch.ones(1, 1, 4, 5))
    assert up(down(ones), (7, 9)).shape == ones.shape


def test_downsampling_removes_what_would_be_aliased():
    x = torch.tensor([1.0, -1.0]).repeat(16)[None, None]
    assert Downsample(Scalar, O(1))(x)[..., 3:-3].abs().max() < 0.15
    assert x[..., ::2].abs().max() == 1


def test_dropout_drops_whole_fields():
    layer = Fieldwise(Dropout(4 * V, O(2), p=0.5))
    y = layer(torch.ones(20, 8, 5, 5))
    assert torch.equal(y, y[:, :, :1, :1].expand_as(y))
    assert 0.2 < float((y == 0).float().mean()) < 0.8


def test_signals_on_the_circle():
    act = FourierAct(SO(2), copies=2, tolerance=1e-3)
    layer = Fieldwise(act).double()
    assert field_equivariance_error(layer, field(act.rep_in, SO(2)), V(SO(2))) < 1e-3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AveragePool(V, O(2))(torch.zeros(2, 2)), "expected a field"),
        (lambda: AveragePool(V, O(2))(torch.zeros(2, 3, 4, 4)), "rep_in.dim = 2"),
        (lambda: Downsample(V, O(2), 0), "factor"),
        (lambda: Upsample(V, O(2))(torch.zeros(1, 2, 4, 4), (3,)), "one integer for each"),
        (lambda: NormMaxPool(V, SL(2)), "no invariant positive norm"),
        (lambda: NormMaxPool(V, O(2), (2, 2, 2))(torch.zeros(1, 2, 4, 4)), "kernel_size is one integer or 2"),
        (lambda: Fieldwise(Bilinear(V, V, V, SO(3))), "one argument"),
        (lambda: SteerableResNet(Scalar, Scalar, O(2), stages=0), "stages"),
        (lambda: SteerableUNet(Scalar, Scalar, O(2), blocks=0), "blocks"),
        (lambda: SteerableUNet(Scalar, Scalar, Lorentz()), "1, 2 or 3 dimensions"),
    ],
)
def test_mistakes_are_named(make, message):
    error = TypeError if message == "one argument" else ValueError
    with pytest.raises(error, match=message):
        make()


# -- networks ---------------------------------------------------------------------------------------------

NETWORKS = ["SO(2)", "D(4)", "O(1)", "octahedral", "azimuthal", "O(1,1)", "trivial"]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("kind", [SteerableResNet, SteerableUNet])
@pytest.mark.parametrize("size", [8, 9])
def test_networks(kind, name, size):
    group = GROUPS[name]
    net = kind(Scalar + V, V + Scalar, group=group, hidden=12, stages=2, blocks=1, kernel_size=3, dtype=torch.float64)
    x = field(net.rep_in, group, size)
    assert field_equivariance_error(net, x, V(group)) < 1e-10
    if len(grid_symmetries(V(group))) > 1:
        assert field_equivariance_error(lambda x: net(x.roll(1, 1)), x, V(group), net.rep_in, net.rep_out) > 1e-4
    plain = export(net.eval())
    torch.testing.assert_close(plain(x), net(x))
    assert not any(isinstance(m, GridConv) for m in plain.modules())


def test_a_layer_used_twice_is_exported_once():
    layer = GridConv(V, V, O(2), padding=1)
    net = torch.nn.Sequential(layer, torch.nn.Sequential(Fieldwise(NormAct(V, O(2))), layer), layer).eval()
    plain, x = export(net), torch.randn(1, 2, 7, 7)
    assert not any(isinstance(module, GridConv) for module in plain.modules())
    assert plain[0] is plain[1][1] is plain[2]
    torch.testing.assert_close(plain(x), net(x), atol=1e-5, rtol=1e-5)


def test_exported_networks_go_through_torch_export():
    net = SteerableUNet(Scalar, V, group=O(2), hidden=12, stages=2, kernel_size=3).eval()
    x = torch.randn(1, 1, 8, 8)
    plain = export(net)
    torch.testing.assert_close(torch.export.export(plain, (x,)).module()(x), net(x), atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(1.1)
    assert not torch.allclose(plain(x), net(x), atol=1e-3)


def spots(radii, turn):
    """Blobs at these distances from the middle, a radian apart; the field vanishes almost everywhere."""
    grid = torch.stack(torch.meshgrid(*(torch.linspace(-1, 1, 29),) * 2, indexing="ij"), -1)
    angle = turn + torch.arange(float(len(radii)))
    at = torch.stack([angle.cos(), angle.sin()], -1) * torch.tensor(radii)[:, None]
    return torch.exp(-40 * (grid - at[:, None, None]).square().sum(-1)).sum(0)[None, None]


@pytest.mark.parametrize(("group", "notices"), [(SO(2), False), (O(2), False), (Trivial(2), True)])
def test_networks_notice_turns_that_are_no_symmetry_of_the_grid(group, notices):
    """Norms point by point would blow up what sampling leaves where the field vanishes."""
    torch.manual_seed(0)
    same = torch.cat([spots([0.2, 0.4, 0.6, 0.6], turn) for turn in (0.0, 0.5, 2.0)])
    other = spots([0.3, 0.3, 0.5, 0.7], 0.0)
    net = SteerableResNet(Scalar, 8 * Scalar, group=group, hidden=24, stages=2, blocks=1)
    with torch.no_grad():
        for _ in range(40):
            net(torch.cat([same, other]))  # running statistics
        net.eval()
        first, *turned = net(same)
        change = torch.stack(turned).sub(first).square().sum(1).mean() / (net(other)[0] - first).square().sum()
    assert (change.sqrt() > 0.3) == notices, change.sqrt()


def test_networks_compile_whole():
    net = SteerableUNet(Scalar, V, group=O(2), hidden=12, stages=2, kernel_size=3)
    x = torch.randn(1, 1, 8, 8)
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), net(x), atol=1e-5, rtol=1e-5)


def test_a_network_learns():
    """Which way a blob's gradient points: a vector from a scalar field."""
    torch.manual_seed(0)
    net = SteerableResNet(Scalar, V, group=SO(2), hidden=16, stages=2, blocks=1, kernel_size=5, width=16)
    grid = torch.stack(torch.meshgrid(*(torch.linspace(-1, 1, 16),) * 2, indexing="ij"), -1)
    at = 0.5 * torch.randn(64, 2)
    x = torch.exp(-4 * (grid - at[:, None, None]).square().sum(-1)).unsqueeze(1)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        optimiser.zero_grad()
        loss = (net(x) - at).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.15 * float(at.square().mean())


def test_a_block_for_groups_without_norms():
    block = GridBlock(Scalar + V, Scalar + V, O(1, 1), kernel_size=3, dtype=torch.float64)
    assert field_equivariance_error(block, field(block.rep_in, O(1, 1)), V(O(1, 1))) < 1e-12
