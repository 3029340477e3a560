"""Irreps, features and linear layers of e3nn are ours, without a change of basis."""

import warnings

import numpy as np
import pytest
import torch
from intertwine.emlp import Linear
from intertwine.groups import SO, O
from intertwine.interop import from_irreps, linear_from_e3nn, linear_to_e3nn, to_irreps
from intertwine.reps import Det, Irrep, Scalar, T, V
from intertwine.reps._named import spherical_harmonics
from intertwine.testing import assert_equivariant, equivariance_error

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    o3 = pytest.importorskip("e3nn.o3", reason="e3nn is not installed: make interop")

IRREPS = "4x0e + 2x0o + 3x1o + 2x1e + 2e + 2o + 3x3o + 4e + 5o"


@pytest.fixture(autouse=True)
def double():
    """e3nn keeps its constants in the default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_matrices_agree():
    irreps, rep = o3.Irreps(IRREPS), from_irreps(IRREPS)
    assert rep.dim == irreps.dim
    assert from_irreps(irreps) == rep
    assert to_irreps(rep) == irreps
    for g in O(3).sample(6, rng=0):
        np.testing.assert_allclose(irreps.D_from_matrix(torch.tensor(g)).numpy(), rep.rho(g), atol=1e-9)


@pytest.mark.parametrize("degree", range(7))
def test_spherical_harmonics_agree(degree):
    """Same order, axes and signs; x ↦ Y(x) is then equivariant for both with one and the same matrices."""
    rng = np.random.default_rng(degree)
    points = rng.standard_normal((9, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    theirs = o3.spherical_harmonics(degree, torch.tensor(points), normalize=False, normalization="integral")
    np.testing.assert_allclose(theirs.numpy(), spherical_harmonics(degree, points), atol=1e-9)
    parity = "eo"[degree % 2]
    for g in O(3).sample(3, rng=1):
        moved = o3.spherical_harmonics(degree, torch.tensor(points @ g.T), False, normalization="integral")
        np.testing.assert_allclose(moved.numpy(), theirs.numpy() @ Irrep(f"{degree}{parity}")(O(3)).rho(g).T, atol=1e-9)


def test_short_names():
    assert str(to_irreps(4 * Scalar + 2 * V + Det)) == "4x0e+2x1o+1x0o"
    assert to_irreps(V * Det) == o3.Irreps("1x1e")
    assert from_irreps("0x1o+2x0e") == from_irreps("2x0e")
    assert to_irreps(0 * V) == o3.Irreps("")
    assert from_irreps(to_irreps(0 * V)) == 0 * Scalar(O(3))


def trained(layer, irreps_in, irreps_out):
    """A layer of e3nn after some steps towards a random equivariant map."""
    target = o3.Linear(irreps_in, irreps_out, biases=True)
    with torch.no_grad():
        target.bias.normal_()
    optimiser = torch.optim.Adam(layer.parameters(), 0.05)
    losses = []
    for _ in range(60):
        x = o3.Irreps(irreps_in).randn(32, -1)
        loss = (layer(x) - target(x)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    return layer


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("normalization", ["element", "path"])
def test_a_trained_linear_layer_loads(biases, normalization):
    torch.manual_seed(0)
    irreps_in, irreps_out = "8x0e + 4x1o + 2x2e + 3x0e + 1o", "6x0e + 2x1o + 2e + 2x1o + 0o"
    layer = o3.Linear(irreps_in, irreps_out, biases=biases, path_normalization=normalization)
    trained(layer, irreps_in, irreps_out)
    ours = linear_from_e3nn(layer)
    x = torch.randn(5, 7, layer.irreps_in.dim)
    torch.testing.assert_close(ours(x), layer(x), atol=1e-12, rtol=1e-12)
    assert sum(p.numel() for p in ours.parameters()) == layer.weight_numel + layer.bias_numel
    assert_equivariant(ours)
    assert equivariance_error(lambda x: ours(x).roll(1, -1), O(3), ours.rep_in, ours.rep_out) > 0.1
    back = linear_to_e3nn(ours)
    torch.testing.assert_close(back(x), layer(x), atol=1e-12, rtol=1e-12)


def test_in_single_precision():
    torch.set_default_dtype(torch.float32)
    layer = o3.Linear("8x0e + 4x1o", "6x0e + 2x1o", biases=True)
    ours, x = linear_from_e3nn(layer), torch.randn(5, 20)
    assert ours(x).dtype == torch.float32
    torch.testing.assert_close(ours(x), layer(x), atol=1e-5, rtol=1e-5)


def test_some_instructions_only():
    layer = o3.Linear("4x0e + 3x0e", "4x0e + 3x0e", instructions=[(0, 0), (1, 1)])
    ours, x = linear_from_e3nn(layer), torch.randn(5, 7)
    torch.testing.assert_close(ours(x), layer(x))


def test_ours_goes_there():
    torch.manual_seed(0)
    ours = Linear(4 * Scalar + 3 * V + Irrep("2e"), 2 * Scalar + V + 2 * Irrep("2e"), O(3))
    with torch.no_grad():
        for p in ours.parameters():
            p.normal_()
    theirs, x = linear_to_e3nn(ours), torch.randn(5, ours.rep_in.dim)
    torch.testing.assert_close(theirs(x), ours(x), atol=1e-12, rtol=1e-12)
    assert str(theirs.irreps_in) == "4x0e+3x1o+1x2e"


def test_mistakes():
    with pytest.raises(TypeError, match="to_irreps takes a Rep, got '2x0e'"):
        to_irreps("2x0e")
    with pytest.raises(ValueError, match=r"T\(2\) is no irrep in the basis of e3nn: take x @ change\.T"):
        to_irreps(T(2))
    with pytest.raises(ValueError, match=r"irreps of e3nn are those of O\(3\)"):
        to_irreps(V(SO(3)))
    with pytest.raises(TypeError, match=r"takes an e3nn\.o3\.Linear, got"):
        linear_from_e3nn(Linear(V, V, O(3)))
    with pytest.raises(TypeError, match=r"takes an intertwine\.emlp\.Linear, got"):
        linear_to_e3nn(o3.Linear("0e", "0e"))
    with pytest.raises(ValueError, match="a bias on invariants that nothing else reaches"):
        linear_to_e3nn(Linear(V, V + Scalar, O(3)))
    with pytest.raises(ValueError, match="has no weights of its own"):
        linear_from_e3nn(o3.Linear("0e", "0e", internal_weights=False, shared_weights=False))


def test_what_the_error_says_to_do():
    """Features of T(2), changed as the message of `to_irreps` says, are features of e3nn."""
    found = T(2)(O(3)).decompose()
    irreps = to_irreps(found.direct_sum)
    x = torch.randn(5, 9)
    change = torch.tensor(found.change)
    for g in O(3).sample(3, rng=0):
        moved = x @ torch.tensor(T(2)(O(3)).rho(g)).mT
        torch.testing.assert_close(moved @ change.mT, x @ change.mT @ irreps.D_from_matrix(torch.tensor(g)).mT)
