"""Convolutions of escnn as ours, with the same function."""

import warnings

import pytest
import torch
from intertwine.conv import GridConv, completeness
from intertwine.groups import O
from intertwine.interop import grid_conv_from_escnn
from intertwine.reps import Scalar, V
from intertwine.testing import field_equivariance_error

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    enn = pytest.importorskip("escnn.nn", reason="escnn needs numpy < 2: make interop")
    from escnn import gspaces

# space, kernel size
CASES = {
    "SO(2)": (lambda: gspaces.rot2dOnR2(-1), 5),
    "O(2)": (lambda: gspaces.flipRot2dOnR2(-1), 7),
    "C(4)": (lambda: gspaces.rot2dOnR2(4), 5),
    "D(8)": (lambda: gspaces.flipRot2dOnR2(8), 5),
    "D(4), other axis": (lambda: gspaces.flipRot2dOnR2(4, axis=0.0), 5),
    "SO(3)": (lambda: gspaces.rot3dOnR3(), 3),
    "octahedral": (lambda: gspaces.octaOnR3(), 3),
    "C(3), more orbits than distances": (lambda: gspaces.rot2dOnR2(3), 7),
    "C(4), more orbits than distances": (lambda: gspaces.rot2dOnR2(4), 9),
    "D(4), more orbits than distances": (lambda: gspaces.flipRot2dOnR2(4), 9),
}


def theirs(space, size, copies=1, **options):
    fiber = space.fibergroup
    irrep = next(r for r in fiber.irreps() if r.size > 1)
    trivial = space.trivial_repr
    types = space.type(*[trivial] * copies, *[irrep] * copies), space.type(*[irrep] * copies, trivial, irrep)
    torch.manual_seed(0)
    layer = (enn.R2Conv if space.dimensionality == 2 else enn.R3Conv)(*types, size, **options)
    with torch.no_grad():
        layer.bias.normal_()
    return layer


def field(layer, n=9):
    return torch.randn(2, layer.in_type.size, *(n,) * layer.in_type.gspace.dimensionality)


@pytest.mark.parametrize("name", CASES)
def test_the_same_function(name):
    space, size = CASES[name]
    layer = theirs(space(), size, padding=1)
    ours, x = grid_conv_from_escnn(layer), field(layer)
    expected = layer(layer.in_type(x)).tensor
    assert (ours(x) - expected).abs().max() < 1e-5 * expected.abs().max()
    assert field_equivariance_error(ours, x, ours.space) < 1e-5


@pytest.mark.parametrize("make", [gspaces.trivialOnR2, lambda: gspaces.rot2dOnR2(2), gspaces.flip2dOnR2])
def test_small_groups(make):
    """Of their kernels every tap, or every pair of taps, is a value of its own."""
    space = make()
    torch.manual_seed(0)
    layer = enn.R2Conv(space.type(space.trivial_repr), space.type(space.regular_repr), 5)
    ours, x = grid_conv_from_escnn(layer), field(layer)
    expected = layer(layer.in_type(x)).tensor
    assert (ours(x) - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize(
    "options",
    [{"stride": 2}, {"dilation": 2, "padding": 2}, {"padding_mode": "circular", "padding": 2}, {"copies": 5}],
    ids=str,
)
def test_options(options):
    layer = theirs(gspaces.flipRot2dOnR2(-1), 5, **options)
    ours, x = grid_conv_from_escnn(layer), field(layer, 12)
    expected = layer(layer.in_type(x)).tensor
    assert (ours(x) - expected).abs().max() < 1e-5 * expected.abs().max()
    assert isinstance(ours, GridConv)


def test_it_goes_on_training_and_is_complete():
    layer = theirs(gspaces.flipRot2dOnR2(-1), 3, padding=1)
    ours, x = grid_conv_from_escnn(layer), field(layer)
    assert completeness(ours.kernel).complete
    target = ours(x).detach().roll(1, -1)
    before = (ours(x) - target).square().mean()
    optimiser = torch.optim.Adam(ours.parameters(), 1e-2)
    for _ in range(20):
        loss = (ours(x) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.9 * before
    assert field_equivariance_error(ours, x, ours.space) < 1e-4


def test_a_filter_that_does_not_fit():
    """A filter that is not equivariant, and one that needs a higher degree, are refused and not approximated."""
    layer = theirs(gspaces.flipRot2dOnR2(-1), 5)
    weight, bias = layer.expand_parameters()
    layer.expand_parameters = lambda: (weight + torch.randn_like(weight), bias)
    with pytest.raises(ValueError, match=r"relative error .*, allowed 1e-05; give a higher degree"):
        grid_conv_from_escnn(layer)
    with pytest.raises(ValueError, match="give a higher degree"):
        grid_conv_from_escnn(theirs(gspaces.rot2dOnR2(4), 5), degree=1)


def test_mistakes():
    with pytest.raises(TypeError, match="takes an R2Conv or R3Conv of escnn, got GridConv"):
        grid_conv_from_escnn(GridConv(Scalar, V, O(2)))
    space = gspaces.rot2dOnR2(4)
    twice = space.type(space.trivial_repr, space.trivial_repr)
    with pytest.raises(ValueError, match="a convolution of 2 groups cannot be taken"):
        grid_conv_from_escnn(enn.R2Conv(twice, twice, 3, groups=2))
