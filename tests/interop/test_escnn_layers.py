"""Layers inside each other: ours in escnn's SequentialModule, escnn's in ours, numbers and equivariance errors."""

import copy
import warnings

import numpy as np
import pytest
import torch
from intertwine.conv import GridConv, PointConv, radius_graph
from intertwine.emlp import EMLP, Gate, Linear
from intertwine.groups import SO, O
from intertwine.interop import EscnnModule, FromEscnn, from_escnn, linear_from_escnn, space_of, to_escnn
from intertwine.reps import Scalar, T, V
from intertwine.testing import assert_equivariant, equivariance_error, field_equivariance_error
from torch import nn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    enn = pytest.importorskip("escnn.nn", reason="escnn needs numpy < 2: make interop")
    from escnn import gspaces
    from escnn.group import o3_group, so3_group

SPACES = {
    "SO(2)": lambda: gspaces.rot2dOnR2(-1),
    "C(8)": lambda: gspaces.rot2dOnR2(8),
    "O(2)": lambda: gspaces.flipRot2dOnR2(-1),
    "D(4)": lambda: gspaces.flipRot2dOnR2(4),
    "D(4), other axis": lambda: gspaces.flipRot2dOnR2(4, axis=0.0),
    "flips": lambda: gspaces.flip2dOnR2(),
    "SO(3)": lambda: gspaces.rot3dOnR3(),
    "octahedral": lambda: gspaces.octaOnR3(),
}


def theirs(space, type_in, type_out, **options):
    kind = enn.R2Conv if space.dimensionality == 2 else enn.R3Conv
    return kind(type_in, type_out, kernel_size=3, padding=1, **options)


@pytest.fixture(params=SPACES)
def space(request):
    return SPACES[request.param]()


def field(space, width, n=7):
    return torch.randn(2, width, *(n,) * space.dimensionality, generator=torch.Generator().manual_seed(0))


def test_both_ways_in_one_network(space):
    """One network written as escnn's SequentialModule and as ours gives the same numbers, and both are equivariant."""
    torch.manual_seed(0)
    moving = space_of(space)
    first = GridConv(Scalar + moving, 2 * moving + Scalar, moving.group, 3, padding=1, space=moving)
    ours = EscnnModule(first, space)
    last = theirs(space, ours.out_type, ours.in_type)
    mixed = enn.SequentialModule(ours, last)
    plain = nn.Sequential(first, FromEscnn(last))
    x = field(space, ours.in_type.size)
    y = mixed(ours.in_type(x))
    torch.testing.assert_close(y.tensor, plain(x))
    assert y.type == last.out_type
    assert mixed.evaluate_output_shape(tuple(x.shape)) == tuple(y.tensor.shape)
    errors = ours.check_equivariance()
    assert len(errors) > 1
    assert max(error for _, error in errors) < 1e-5
    assert field_equivariance_error(plain, x, moving, plain[1].rep_out, plain[1].rep_out) < 1e-5


def test_convolutions_of_escnn_are_equivariant_under_our_action(space):
    moving = space_of(space)
    type_in, type_out = (to_escnn(rep, space) for rep in (moving + Scalar(moving.group), 2 * moving))
    layer = FromEscnn(theirs(space, type_in, type_out))
    x = field(space, type_in.size)
    assert field_equivariance_error(layer, x, layer.space) < 1e-5
    broken = copy.deepcopy(layer).eval()  # keeps the filter, in which one entry is then changed
    broken(x)
    broken.module.filter[0, 0].flatten()[0] += 0.5
    assert field_equivariance_error(broken, x, layer.space) > 0.01


def test_a_check_that_fails(space):
    """escnn's transformations notice a layer that breaks the symmetry."""
    moving = space_of(space)
    layer = GridConv(moving, moving, moving.group, 3, padding=1, space=moving)
    module = EscnnModule(layer, space)
    module.check_equivariance()
    layer.forward = lambda x: x.cumsum(-1)
    with pytest.raises(AssertionError, match="is not equivariant"):
        module.check_equivariance()


@pytest.mark.parametrize("group", [so3_group(3), o3_group(3)], ids=lambda g: g.name)
def test_linear_layers_are_the_same(group):
    torch.manual_seed(0)
    space = gspaces.no_base_space(group)
    irreps = group.irreps()[:3]
    kinds = space.type(*irreps, irreps[1], irreps[1].tensor(irreps[1])), space.type(irreps[2], *irreps)
    layer = enn.Linear(*kinds)
    with torch.no_grad():
        layer.bias.normal_()
    wrapped, ours = FromEscnn(layer), linear_from_escnn(layer)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in layer.parameters())
    x = torch.randn(4, 3, wrapped.rep_in.dim)
    torch.testing.assert_close(ours(x), wrapped(x), atol=1e-5, rtol=1e-5)
    assert_equivariant(wrapped)
    assert equivariance_error(ours) < 1e-5
    assert equivariance_error(lambda x: wrapped(x).roll(1, -1), ours.group, ours.rep_in, ours.rep_out) > 0.1


def test_networks_on_features_in_escnn():
    space = gspaces.no_base_space(so3_group(3))
    net = EMLP(Scalar + 2 * V, T(2), SO(3), hidden=32)
    module = enn.SequentialModule(EscnnModule(net, space), enn.IdentityModule(to_escnn(T(2)(SO(3)), space)))
    x = torch.randn(5, 7)
    assert torch.equal(module(module.in_type(x)).tensor, net(x))
    assert max(error for _, error in module[0].check_equivariance()) < 1e-5
    assert module.evaluate_output_shape((5, 7)) == (5, 9)
    layer = EscnnModule(Gate(2 * Scalar + 2 * V, SO(3)), gspaces.rot3dOnR3())
    x = torch.randn(1, layer.in_type.size, 3, 4, 5)
    assert layer(layer.in_type(x)).tensor.shape == (1, layer.out_type.size, 3, 4, 5)


def test_points():
    space = gspaces.rot3dOnR3()
    moving = space_of(space, points=True)
    layer = PointConv(Scalar, Scalar + V, SO(3), space=moving, cutoff=2.0)
    module = EscnnModule(layer, space)
    pos = torch.randn(12, 3)
    edges = radius_graph(pos, 2.0)
    x = torch.randn(12, 1)
    y = module(module.in_type(x, pos), edges)
    assert torch.equal(y.tensor, layer(x, pos, edges))
    element = space.fibergroup.sample()
    moved = module(module.in_type(x, pos).transform(element), edges)
    torch.testing.assert_close(moved.tensor, y.transform(element).tensor, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(moved.coords, y.transform(element).coords)
    back = FromEscnn(enn.R3PointConv(module.out_type, module.in_type, width=2.0, n_rings=2, frequencies_cutoff=2.0))
    assert back(y.tensor, pos, edges).shape == (12, 1)
    assert module.evaluate_output_shape((12, 1)) == (12, 4)


def test_a_mixed_network_trains_exports_and_is_restored():
    torch.manual_seed(0)
    space = gspaces.rot2dOnR2(4)
    ours = EscnnModule(GridConv(Scalar, V, from_escnn(space.trivial_repr).group, 3, padding=1), space)
    net = enn.SequentialModule(ours, theirs(space, ours.out_type, space.type(space.trivial_repr)))
    twin, x = copy.deepcopy(net), field(space, 1)
    y = x.roll(1, -1)
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    losses = []
    for _ in range(30):
        loss = (net(net.in_type(x)).tensor - y).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    net.eval()
    exported = net.export()
    torch.testing.assert_close(exported(x), net(net.in_type(x)).tensor, atol=1e-5, rtol=1e-4)
    twin.train().load_state_dict(net.train().state_dict())
    torch.testing.assert_close(twin(net.in_type(x)).tensor, net(net.in_type(x)).tensor)


def test_mistakes():
    space = gspaces.flipRot2dOnR2(-1)
    other = gspaces.flipRot2dOnR2(4, axis=0.0)
    layer = GridConv(Scalar, V, O(2), 3, padding=1)
    with pytest.raises(ValueError, match=r"rep_in = Scalar of GridConv has other matrices than .*from_escnn\(type\)"):
        EscnnModule(layer, space.type(space.irrep(1, 0)))
    module = EscnnModule(layer, space)
    with pytest.raises(ValueError, match=r"expected a GeometricTensor of type"):
        module(module.out_type(torch.randn(1, 2, 5, 5)))
    with pytest.raises(TypeError, match=r"takes a GeometricTensor, got a tensor of shape \(1, 1, 5, 5\): wrap it"):
        module(torch.randn(1, 1, 5, 5))
    with pytest.raises(TypeError, match="takes a GeometricTensor, got None"):
        module(None)
    with pytest.raises(ValueError, match=r"expected a shape \(batch, 1, ...\)"):
        module.evaluate_output_shape((1, 2, 5, 5))
    rep = from_escnn(other.irrep(1, 1))
    with pytest.raises(ValueError, match=r"space=space_of\(gspace\)"):
        EscnnModule(GridConv(rep, rep, rep.group, 3), other)
    with pytest.raises(ValueError, match=r"space=space_of\(gspace, points=True\)"):
        EscnnModule(PointConv(rep, rep, rep.group, space=space_of(other)), other)
    with pytest.raises(TypeError, match="needs rep_in and rep_out"):
        EscnnModule(nn.ReLU(), space)
    with pytest.raises(ValueError, match="take types of one space"):
        EscnnModule(layer, space, gspaces.rot2dOnR2(4).type(gspaces.rot2dOnR2(4).irrep(1)))
    with pytest.raises(TypeError, match="takes an EquivariantModule"):
        FromEscnn(layer)
    with pytest.raises(TypeError, match=r"takes an escnn\.nn\.Linear"):
        linear_from_escnn(Linear(V, V, O(2)))


def test_what_the_spans_of_linear_maps_are():
    """escnn's linear maps between two types span our Hom space."""
    group = so3_group(3)
    space = gspaces.no_base_space(group)
    vector, tensor = to_escnn(V(SO(3)), space), to_escnn(T(2)(SO(3)), space)
    layer = enn.Linear(vector, tensor, bias=False)
    drawn = []
    for seed in range(3):
        torch.manual_seed(seed)
        with torch.no_grad():
            layer.weights.normal_()
            drawn.append(layer.expand_parameters()[0].numpy())
    hom = (V >> T(2))(SO(3))
    assert layer.weights.numel() == hom.dim
    assert np.linalg.matrix_rank(np.array(drawn).reshape(3, -1)) == hom.dim
    for w in drawn:
        np.testing.assert_allclose(hom.project(w), w, atol=1e-5)


def test_linear_layers_of_rotations_in_space():
    group = so3_group(2)
    space = gspaces.no_base_space(group)
    theirs = enn.Linear(space.type(*map(group.irrep, (0, 1, 2))), space.type(*map(group.irrep, (0, 2))))
    x = torch.randn(4, theirs.in_type.size)
    torch.testing.assert_close(linear_from_escnn(theirs)(x), theirs(theirs.in_type(x)).tensor, atol=1e-5, rtol=1e-5)
