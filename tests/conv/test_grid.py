"""Convolutions on grids: torch's geometry, exact symmetries of the grid, adjoints, attributes per sample."""

import copy
import itertools
import math

import pytest
import torch
from intertwine.conv import GridConv, GridConvTransposed
from intertwine.groups import SO, C, Dihedral, Group, O, Octahedral, Scaling, Trivial
from intertwine.reps import Scalar, T, V
from intertwine.testing import field_equivariance_error, grid_symmetries
from torch.utils._python_dispatch import TorchDispatchMode

SPACE_TIME = SO(1, 1)
GROUPS = {
    "SO(2)": SO(2),
    "O(2)": O(2),
    "C(4)": C(4),
    "D(4)": Dihedral(4),
    "trivial": Trivial(2),
    "SO(1,1)": SPACE_TIME,
    "O(1,1)": O(1, 1),
    "O(1)": O(1),
    "SO(3)": SO(3),
    "O(3)": O(3),
    "octahedral": Octahedral(),
    "O(1,2)": O(1, 2),
    "azimuthal": O(3).subgroup(fixing=[0, 0, 1]),
    "sheared": Group.preserving([[1, 1], [1, 2]], name="sheared"),
}


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def field(rep, group, size, batch=2):
    return normal(batch, rep(group).dim, *(size,) * group.d)


LAYERS = {
    "plain": (GridConv, {"padding": 1}),
    "stride": (GridConv, {"padding": 1, "stride": 2}),
    "dilation": (GridConv, {"padding": 2, "dilation": 2}),
    "same": (GridConv, {"padding": "same"}),
    "circular": (GridConv, {"padding": 1, "padding_mode": "circular"}),
    "reflect": (GridConv, {"padding": 1, "padding_mode": "reflect"}),
    "replicate": (GridConv, {"padding": 1, "padding_mode": "replicate"}),
    "groups": (GridConv, {"padding": 1, "groups": 2}),
    "even": (GridConv, {"kernel_size": 4, "padding": 1, "stride": 2}),
    "transposed": (GridConvTransposed, {"padding": 1}),
    "transposed, strided": (GridConvTransposed, {"kernel_size": 4, "padding": 1, "stride": 2}),
    "transposed, groups": (GridConvTransposed, {"groups": 2}),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", GROUPS)
def test_symmetries_of_the_grid_are_exact(name, layer):
    group, (kind, options) = GROUPS[name], LAYERS[layer]
    made = kind(Scalar + V, V + T(2), group=group, hidden=24, dtype=torch.float64, **options)
    with torch.no_grad():
        for p in made.parameters():
            p.add_(0.1 * torch.randn_like(p))
    size = 7 if made.kernel_size[0] % 2 else 8
    x = field(made.rep_in, group, size)
    assert field_equivariance_error(made, x, V(group)) < 1e-12
    if len(grid_symmetries(V(group))) > 1:
        assert field_equivariance_error(lambda x: made(x.flip(1)), x, V(group), made.rep_in, made.rep_out) > 1e-3


@pytest.mark.parametrize("mode", ["zeros", "circular", "reflect", "replicate"])
@pytest.mark.parametrize("padding", [2, "same", "valid", (1, 2)])
@pytest.mark.parametrize("groups", [1, 2])
def test_an_exported_layer_is_the_same_function(mode, padding, groups):
    layer = GridConv(
        Scalar + V,
        V,
        group=O(2),
        kernel_size=(3, 5),
        padding=padding,
        padding_mode=mode,
        groups=groups,
        dilation=(2, 1),
        dtype=torch.float64,
    )
    x = normal(2, layer.rep_in.dim, 9, 8)
    plain = layer.export()
    assert plain.groups == groups
    assert plain.padding_mode == mode
    torch.testing.assert_close(plain(x), layer(x))
    torch.testing.assert_close(torch.export.export(plain, (x,)).module()(x), layer(x))


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(("size", "stride", "padding", "dilation"), [(3, 1, 0, 1), (4, 2, 1, 1), (3, 2, 1, 2)])
def test_transposed_layers_are_adjoint(n, size, stride, padding, dilation):
    """⟨y, Aᵀ x⟩ = ⟨A y, x⟩ for the layer with the same taps, and the geometry is torch's."""
    group = O(n)
    layer = GridConvTransposed(
        Scalar + V,
        V,
        group=group,
        kernel_size=size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        output_padding=1 if stride > 1 else 0,
        bias=False,
        dtype=torch.float64,
    )
    x = field(layer.rep_in, group, 5)
    y = layer(x)
    other = normal(*y.shape, seed=1)
    convolve = (torch.conv1d, torch.conv2d, torch.conv3d)[n - 1]
    back = convolve(other, layer.filter(), None, stride, padding, dilation)
    torch.testing.assert_close((back * x).sum(), (y * other).sum())
    torch.testing.assert_close(layer.export()(x), y)
    # the same kernel: taps of the transposed filter are K(−x), seen from the other side
    offsets = layer.grid.value("offsets")
    assert torch.equal(offsets, -layer.grid.value("offsets").flip(0))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("groups", [1, 2])
def test_attributes_give_every_sample_its_own_filter(transposed, groups):
    kind = GridConvTransposed if transposed else GridConv
    layer = kind(Scalar + V, V + Scalar, group=O(2), attributes=V, groups=groups, padding=1, dtype=torch.float64)
    x, attr = field(layer.rep_in, O(2), 6, 3), normal(3, 2, seed=1)
    together = layer(x, attr)
    for k in range(3):
        torch.testing.assert_close(layer(x[k : k + 1], attr[k : k + 1]), together[k : k + 1])
    assert not torch.allclose(layer(x, attr.flip(0)), together)
    assert layer(x[:0], attr[:0]).shape == (0, *together.shape[1:])
    reps = {"attributes": V(O(2))}
    assert field_equivariance_error(layer, x, V(O(2)), attr=attr, **reps) < 1e-12
    assert field_equivariance_error(layer, x, V(O(2)), attr=attr, attributes=Scalar(O(2)) + Scalar(O(2))) > 1e-4
    with pytest.raises(ValueError, match="no plain one to export"):
        layer.export()


def test_groups_do_not_see_each_other():
    layer = GridConv(Scalar + V, V, group=O(2), groups=3, padding=1, dtype=torch.float64)
    assert (layer.rep_in.dim, layer.rep_out.dim) == (9, 6)
    x = field(layer.rep_in, O(2), 5)
    y = layer(x)
    changed = x.clone()
    changed[:, 3:6] = 0
    moved = (layer(changed) - y).abs().amax((0, 2, 3))
    assert moved[:2].max() == 0
    assert moved[4:].max() == 0
    assert moved[2:4].min() > 1e-3


def test_spacing_measures_in_space():
    """A grid twice as coarse along one axis is every second tap of the finer grid's kernel."""
    make = lambda **o: GridConv(Scalar + V, V, group=O(2), dtype=torch.float64, bias=False, **o)  # noqa: E731
    torch.manual_seed(0)
    fine = make(kernel_size=(5, 5))
    torch.manual_seed(0)
    coarse = make(kernel_size=(3, 5), spacing=(2.0, 1.0))
    torch.manual_seed(0)
    dilated = make(kernel_size=(3, 5), dilation=(2, 1))
    assert torch.equal(coarse.grid.value("offsets"), dilated.grid.value("offsets"))
    torch.testing.assert_close(coarse.filter(), dilated.filter())
    every_second = fine.grid.value("offsets").reshape(5, 5, 2)[::2].reshape(-1, 2)
    torch.testing.assert_close(every_second, coarse.grid.value("offsets"))


def test_space_time_kernels_are_boost_covariant():
    """At the taps the kernel obeys its law under boosts, which are no symmetries of the grid."""
    group = SPACE_TIME
    layer = GridConv(Scalar + V, V, group=group, kernel_size=5, spacing=(1.0, 0.5), dtype=torch.float64)
    x = layer.grid.value("offsets")
    for g in group.sample(5, 0):
        g = torch.from_numpy(g)
        rep_in, rep_out = (torch.from_numpy(rep.rho(g.numpy())) for rep in (layer.rep_in, layer.rep_out))
        expected = rep_out @ layer.kernel(x) @ torch.linalg.inv(rep_in)
        torch.testing.assert_close(layer.kernel(x @ g.T), expected)
        assert not torch.allclose(layer.kernel(x), expected)


def test_turning_by_any_angle_is_nearly_exact():
    """A smooth field turned by 30° about the centre: the error is that of sampling, far below that of no symmetry."""
    size = 49
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, size, dtype=torch.float64),) * 2, indexing="ij")

    def blob(angle):
        c, s = math.cos(angle), math.sin(angle)
        u, v = c * y + s * x, -s * y + c * x
        return torch.exp(-8 * ((u - 0.2) ** 2 + 3 * v**2))[None, None]

    errors = {}
    for group in (SO(2), Trivial(2)):
        torch.manual_seed(0)
        layer = GridConv(Scalar, Scalar, group=group, kernel_size=9, padding=4, bias=False, dtype=torch.float64)
        angles = torch.linspace(0, 2 * torch.pi, 7)[:-1]
        norms = torch.stack([layer(blob(float(a))).detach().norm() for a in angles])
        errors[group.name] = float(norms.std() / norms.mean())
    assert errors["SO(2)"] < 0.01
    assert errors["Trivial(2)"] > 3 * errors["SO(2)"]


def turning_error(group, size):
    """Of one output pixel, whose filter sees a smooth field turned by many angles, against the turned output."""
    torch.manual_seed(0)
    layer = GridConv(Scalar, Scalar + V, group=group, kernel_size=size, bias=False, dtype=torch.float64)
    u, v = layer.grid.value("offsets").T

    def output(angle):
        c, s = math.cos(angle), math.sin(angle)
        x, y = c * u + s * v, -s * u + c * v
        return layer(torch.exp(-3 * ((x - 0.3) ** 2 + 2 * y**2)).reshape(1, 1, size, size)).detach()[0, :, 0, 0]

    first, worst = output(0.0), 0.0
    for k in range(1, 16):
        angle = 2 * math.pi * k / 16
        c, s = math.cos(angle), math.sin(angle)
        turned = torch.stack([first[0], c * first[1] - s * first[2], s * first[1] + c * first[2]])
        worst = max(worst, float((output(angle) - turned).norm() / first.norm()))
    return worst


def test_turns_by_any_angle_come_nearer_with_resolution():
    errors = [turning_error(SO(2), size) for size in (5, 9, 17, 33)]
    assert errors[0] < 0.3
    assert all(fine < coarse for coarse, fine in itertools.pairwise(errors))
    assert errors[-1] < 0.1 * errors[0]
    assert turning_error(Trivial(2), 33) > 10 * errors[-1]


@pytest.mark.parametrize("kind", [GridConv, GridConvTransposed])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_variance_is_kept(kind, n):
    group = O(n)
    torch.manual_seed(0)
    layer = kind(8 * Scalar + 4 * V, 8 * Scalar + 4 * V, group=group, kernel_size=5, stride=2, padding=2)
    x = torch.randn(2, layer.rep_in.dim, *(33,) * min(n, 2), *(17,) * (n - 2))
    inner = layer(x).detach()[(slice(None), slice(None), *(slice(3, -3),) * n)]
    assert 0.2 < float(inner.square().mean()) < 5


def test_gradients_reach_every_weight():
    for kind, attributes in itertools.product((GridConv, GridConvTransposed), (None, V)):
        layer = kind(Scalar + V, V + T(2), group=O(2), attributes=attributes, padding=1, dtype=torch.float64)
        more = () if attributes is None else (normal(2, 2, seed=3),)
        layer(field(layer.rep_in, O(2), 6), *more).square().sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters() if p.numel())


def test_compiled_whole():
    layer = GridConv(Scalar + V, V, group=O(2), padding="same", padding_mode="circular", attributes=V)
    x, attr = field(layer.rep_in, O(2), 6).float(), normal(2, 2, seed=1).float()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, attr), layer(x, attr), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GridConv(V, V, O(2), padding_mode="mirror"), "padding_mode is one of"),
        (lambda: GridConv(V, V, O(2), padding="same", stride=2), "needs stride 1"),
        (lambda: GridConv(V, V, O(2), padding="full"), "padding"),
        (lambda: GridConv(V, V, O(2), groups=0), "groups"),
        (lambda: GridConv(V, V, O(2), spacing=0.0), "spacing"),
        (lambda: GridConv(V, V, O(2), spacing=(1.0, 1.0, 1.0)), "spacing is one number or 2"),
        (lambda: GridConv(V, V, O(2), kernel_size=(3, 3, 3)), "kernel_size is one integer or 2"),
        (lambda: GridConv(V, V, O(4)), "1, 2 or 3 dimensions"),
        (lambda: GridConv(V, V, O(2))(torch.zeros(2, 2, 5)), "expected a field of shape"),
        (lambda: GridConv(V, V, O(2))(torch.zeros(2, 3, 5, 5)), "expected a field of shape"),
        (lambda: GridConv(V, V, O(2))(torch.zeros(2, 2, 5, 5), torch.zeros(2, 2)), "attr was given"),
        (lambda: GridConv(V, V, O(2), attributes=V)(torch.zeros(2, 2, 5, 5)), "attr was not given"),
        (lambda: GridConv(V, V, O(2), attributes=V)(torch.zeros(2, 2, 5, 5), torch.zeros(3, 2)), "one row per sample"),
        (lambda: GridConv(V, V, O(2), attributes=V)(torch.zeros(2, 2, 5, 5), torch.zeros(2, 3)), "attributes"),
        (lambda: GridConvTransposed(V, V, O(2), output_padding=1)(torch.zeros(2, 2, 5, 5)), "output padding"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises((ValueError, RuntimeError), match=message):
        make()


def test_a_group_without_invariants_has_filters_that_are_not_local():
    with pytest.warns(UserWarning, match="not local"):
        layer = GridConv(Scalar, Scalar + V, group=Scaling(2), padding=1, dtype=torch.float64)
    assert field_equivariance_error(layer, field(layer.rep_in, Scaling(2), 5), V(Scaling(2))) < 1e-12


# -- one filter for many calls ----------------------------------------------------------------------------


@pytest.fixture
def counted():
    layer = GridConv(Scalar + V, V, group=O(2), padding=1, dtype=torch.float64).eval()
    calls = []
    layer.kernel.register_forward_hook(lambda *_: calls.append(1))
    return layer, calls


def test_eval_mode_forms_the_filter_once(counted):
    layer, calls = counted
    x = field(Scalar + V, O(2), 6)
    with torch.no_grad():
        first = layer(x)
        assert torch.equal(layer(x), first)
        assert torch.equal(layer(x[:1]), first[:1])
    assert len(calls) == 1
    torch.testing.assert_close(layer(x), first)
    layer.train()
    with torch.no_grad():
        layer(x)
    assert len(calls) == 3


class Looks(TorchDispatchMode):
    """Counts what makes the processor wait for an accelerator."""

    found = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.found += function in (torch.ops.aten.equal.default, torch.ops.aten._local_scalar_dense.default)
        return function(*args, **(kwargs or {}))


def test_a_kept_filter_costs_one_look_at_numbers(counted):
    layer, calls = counted
    x = field(Scalar + V, O(2), 6)
    with torch.no_grad():
        layer(x)
        with Looks() as looks:
            layer(x)
        assert (len(calls), looks.found) == (1, 1)
        layer, x = layer.to("meta"), x.to("meta")
        assert layer(x).shape == layer(x).shape == (*x.shape[:1], 2, *x.shape[2:])


@pytest.mark.parametrize("change", ["step", "data", "swap", "load", "buffer", "double", "autocast"])
def test_a_kept_filter_follows_every_change(counted, change):
    layer, _ = counted
    layer, x = layer.float(), field(Scalar + V, O(2), 6).float()
    weight = layer.kernel.contraction.weights[0]
    with torch.no_grad():
        before = layer(x)
        if change == "step":
            weight.mul_(2)
        elif change == "data":
            weight.data.mul_(2)
        elif change == "swap":
            weight.data = 2 * weight.data
        elif change == "load":
            layer.load_state_dict({k: 2 * v if "weights" in k else v for k, v in layer.state_dict().items()})
        elif change == "buffer":
            layer.kernel.constants.value("cutoff").mul_(2)
        elif change == "double":
            layer, x = layer.double(), x.double()
        fresh = copy.deepcopy(layer).train()
        if change == "autocast":
            with torch.autocast("cpu", torch.bfloat16):
                assert layer(x).dtype == torch.bfloat16
            assert layer(x).dtype == torch.float32
        after = layer(x)
        torch.testing.assert_close(after, fresh(x))
        assert (after.dtype, bool(torch.allclose(before, after.float(), atol=1e-5))) == (
            x.dtype,
            change in ("double", "autocast"),
        )


def test_a_filter_kept_in_inference_mode_is_not_used_outside(counted):
    layer, _ = counted
    x = field(Scalar + V, O(2), 6).requires_grad_()
    for p in layer.parameters():
        p.requires_grad_(False)
    with torch.inference_mode():
        layer(x)
    layer(x).sum().backward()
    assert x.grad is not None
    assert copy.deepcopy(layer)(x).shape == layer(x).shape


def test_filters_of_too_many_taps_are_refused():
    with pytest.raises(ValueError, match=r"3001 x 3001 has 9,006,001 taps, more than 1,000,000"):
        GridConv(V, V, SO(2), kernel_size=3001)
