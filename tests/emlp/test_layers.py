"""What single layers compute: counts against theory, closed forms, projections, gates, norms, complex groups."""

import numpy as np
import pytest
import sympy as sp
import torch
from intertwine.emlp import EMLP, Bilinear, Gate, Linear, Norm
from intertwine.emlp._init import SIGMOID_GAIN, SILU_GAIN
from intertwine.groups import SE, SL, SO, SU, C, Group, Lorentz, O, S, Sp
from intertwine.reps import Custom, Det, Rep, Restrict, Scalar, T, V
from intertwine.reps import Irrep as Spin
from intertwine.testing import assert_equivariant


def trained(module):
    return sum(p.numel() for p in module.parameters())


def test_linear_trains_exactly_the_dimension_of_the_hom_space(case):
    group, rep_in, rep_out = case
    layer = Linear(rep_in, rep_out, group, bias=False)
    assert trained(layer) == (rep_in >> rep_out)(group).dim
    with_bias = Linear(rep_in, rep_out, group)
    assert trained(with_bias) - trained(layer) == (Scalar >> rep_out)(group).dim


def test_hidden_layer_of_so3_has_no_redundant_weight():
    """384 channels of SO(3): as many coefficients as Schur's lemma allows, Σ m_in m_out."""
    rep = EMLP(V, V, SO(3), hidden=384).hidden_rep
    expected = sum(n * m * (a == b) for n, a in rep.summands() for m, b in rep.summands())
    assert trained(Linear(rep, rep, bias=False)) == expected == (rep >> rep).dim


def test_bilinear_trains_exactly_the_dimension_of_the_hom_space(case):
    group, rep_in, rep_out = case
    layer = Bilinear(V + Scalar, rep_in, rep_out, group) if len(group.factors) == 1 else None
    if layer is not None:
        assert trained(layer) == ((V + Scalar) * rep_in >> rep_out)(group).dim


def test_bilinear_of_two_vectors_is_the_dot_and_the_cross_product(features):
    layer = Bilinear(V, V, Scalar + V, SO(3), dtype=torch.float64)
    x, y = features(V(SO(3)), 5), features(V(SO(3)), 5, seed=1)
    out = layer(x, y)
    dot, cross = (x * y).sum(-1, keepdim=True), torch.linalg.cross(x, y)
    for part, reference in ((out[:, :1], dot), (out[:, 1:], cross)):
        ratio = part / reference
        torch.testing.assert_close(ratio, ratio[:1, :1].expand_as(ratio))


CHARGE = Custom(lambda g: g[:1, :1] + 1j * g[1:, :1], lambda a: 1j * a[1:, :1], 1, "charge", is_complex=True)


@pytest.mark.parametrize(
    ("rep", "group"),
    [
        (Rep.from_matrices(C(4), discrete=[[[sp.I]]]), C(4)),
        (CHARGE, SO(2)),
        (CHARGE * V + CHARGE.conj, SO(2)),
        (Restrict(SU(2), Spin(2)), SO(2)),
    ],
    ids=repr,
)
def test_complex_representations_of_a_real_group(rep, group):
    rep_in, rep_out = rep + V + Scalar, V + 2 * rep
    layer = Linear(rep_in, rep_out, group, bias=False, dtype=torch.float64)
    assert trained(layer) == (rep_in >> rep_out)(group).dim
    assert_equivariant(layer)
    bilinear = Bilinear(rep, rep_in, rep * rep_out, group, dtype=torch.float64)
    assert trained(bilinear) == (rep * rep_in >> rep * rep_out)(group).dim
    assert_equivariant(bilinear)


def test_linear_spans_the_hom_space(case):
    """Random weights give matrices inside the Hom space that span all of it."""
    group, rep_in, rep_out = case
    hom = (rep_in >> rep_out)(group)
    layer = Linear(rep_in, rep_out, group, dtype=torch.float64)
    matrices = []
    for _ in range(hom.dim + 2):
        for p in layer.parameters():
            torch.nn.init.normal_(p)
        w = layer.dense().detach().numpy()
        np.testing.assert_allclose(hom.project(w), w, atol=1e-9 * np.abs(w).max())
        matrices.append(w.ravel())
    assert np.linalg.matrix_rank(np.array(matrices), tol=1e-8) == hom.dim


def test_from_dense_is_the_orthogonal_projection(case, features):
    group, rep_in, rep_out = case
    hom = (rep_in >> rep_out)(group)
    w = features(hom.rep_out, hom.rep_in.dim).T.numpy()
    b = features(hom.rep_out).numpy()
    layer = Linear.from_dense(w, rep_in, rep_out, group, bias=b, dtype=torch.float64)
    scale = np.abs(w).max()
    np.testing.assert_allclose(layer.dense().detach().numpy(), hom.project(w), atol=1e-9 * scale)
    x = features(hom.rep_in, 4)
    bias = (Scalar >> rep_out)(group).project(b[:, None])[:, 0]
    expected = x.numpy() @ hom.project(w).T + bias
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, atol=1e-8 * scale)


@pytest.mark.parametrize("rep", [V, V.dual, V + Scalar, V.dual + Det])
@pytest.mark.parametrize("seed", range(4))
def test_from_dense_has_the_signs_of_the_layer(rep, seed):
    """Over a group that is not reductive, in a basis of its own, solvers find atoms up to a sign."""
    p = np.random.default_rng(seed).standard_normal((3, 3))
    group = Group.from_generators(algebra=[p @ a @ np.linalg.inv(p) for a in SE(2).lie_algebra])
    n = rep(group).dim
    layer = Linear.from_dense(np.eye(n), rep, rep, group, bias=np.arange(n), dtype=torch.float64)
    torch.testing.assert_close(layer.dense().detach(), torch.eye(n, dtype=torch.float64))
    again = Linear.from_dense(layer.dense(), rep, rep, group, bias=layer(torch.zeros(n).double()), dtype=torch.float64)
    torch.testing.assert_close(again.state_dict(), layer.state_dict())


@pytest.mark.parametrize("rep", [Det + V, V.quotient([[1, 0, 0], [0, 1, 0]]) + V])
def test_hidden_layers_with_trivial_atoms_of_two_kinds(rep):
    """Where a group is not reductive they are not recognised as the same."""
    net = EMLP(rep, Scalar + rep, SE(2), hidden=24, dtype=torch.float64)
    assert_equivariant(net)
    rep_in = net.rep_in
    x = torch.randn(5, rep_in.dim, dtype=torch.float64)
    assert net(x).shape == (5, rep_in.dim + 1)


def test_from_dense_says_what_shape_it_wants():
    with pytest.raises(ValueError, match=r"weight has shape \(3, 2\), expected .* = \(2, 3\)"):
        Linear.from_dense(np.zeros((3, 2)), 3 * Scalar, 2 * Scalar, SO(3))


def test_complex_groups_have_complex_weights():
    """A real start vector misses complex-only invariants: conj(z)·w and det[z, w, u] have complex multiples."""
    layer = Linear(2 * V, V, SU(3))
    assert {p.dtype for p in layer.parameters()} == {torch.complex64}
    assert trained(layer) == 2
    assert Linear(V * V.conj, Scalar, SU(3), bias=False)(torch.randn(2, 9, dtype=torch.complex64)).shape == (2, 1)
    assert trained(Linear(T(3), Scalar, SU(3), bias=False)) == 1


def test_double_of_a_complex_layer_is_complex128():
    layer = EMLP(2 * V, V, SU(3), hidden=24, layers=2).double()
    assert {t.dtype for t in (*layer.parameters(), *layer.buffers()) if t.is_complex()} == {torch.complex128}
    layer.to(torch.float32)
    assert all(p.dtype in (torch.complex64, torch.float32) for p in layer.parameters())
    assert any(p.is_complex() and p.imag.any() for p in layer.parameters())


def test_gains_normalise_the_second_moment():
    nodes, weights = np.polynomial.hermite_e.hermegauss(100)
    weights = weights / weights.sum()
    sigmoid = 1 / (1 + np.exp(-nodes))
    assert abs(SIGMOID_GAIN**2 * weights @ sigmoid**2 - 1) < 1e-5
    assert abs(SILU_GAIN**2 * weights @ (nodes * sigmoid) ** 2 - 1) < 1e-5


def test_gate_acts_on_every_invariant_inside():
    """T(2) of SO(3) contains an invariant, its trace: it goes through SiLU and needs no gate."""
    layer = Gate(T(2), SO(3), dtype=torch.float64)
    assert layer.rep_in.dim == 9 + 2
    x = torch.cat([torch.eye(3, dtype=torch.float64).reshape(1, 9), torch.zeros(1, 2, dtype=torch.float64)], -1)
    s = torch.tensor(3.0**0.5, dtype=torch.float64)
    expected = SILU_GAIN * torch.nn.functional.silu(s) / s * torch.eye(3, dtype=torch.float64)
    sign_free = torch.stack([expected, SILU_GAIN * torch.sigmoid(-s) * torch.eye(3, dtype=torch.float64)])
    got = layer(x).reshape(3, 3)
    assert min(float((got - e).abs().max()) for e in sign_free) < 1e-7  # the invariant may be ∓ trace


def test_norm_normalises_every_atom_of_every_sample(features):
    layer = Norm(3 * Scalar + 4 * V, O(3), eps=0.0, dtype=torch.float64)
    y = layer(1e3 * features(layer.rep_in, 6))
    for part in (y[:, :3], y[:, 3:]):
        torch.testing.assert_close(part.square().mean(-1), torch.ones(6, dtype=torch.float64))


def test_norm_is_smooth_at_zero():
    layer = Norm(4 * V, O(3), dtype=torch.float64)
    x = torch.zeros(1, 12, dtype=torch.float64, requires_grad=True)
    hessian = torch.autograd.functional.hessian(lambda z: layer(z).square().sum(), x)
    assert torch.isfinite(hessian).all()
    assert hessian.abs().max() > 0


@pytest.mark.parametrize("group", [Lorentz(), Sp(4), SL(3)], ids=lambda g: g.name)
def test_norm_refuses_what_has_no_norm(group):
    with pytest.raises(ValueError, match=r"no invariant positive norm.*Bilinear"):
        Norm(2 * V + Scalar, group)
    Norm(3 * Scalar, group)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_any_floating_dtype(dtype):
    net = EMLP(2 * V + Scalar, T(2), O(3), hidden=24, layers=2, dtype=dtype)
    y = net(torch.randn(3, 7, dtype=dtype))
    assert y.dtype == dtype
    assert torch.isfinite(y).all()


def test_autocast():
    net = EMLP(2 * V + Scalar, V, O(3), hidden=24, layers=2)
    x = torch.randn(8, 7)
    with torch.autocast("cpu", torch.bfloat16):
        y = net(x)
    y.float().sum().backward()
    torch.testing.assert_close(y.float(), net(x), atol=0.1, rtol=0.1)


def test_default_dtype_is_torchs():
    torch.set_default_dtype(torch.float64)
    try:
        assert next(Linear(V, V, SO(3)).parameters()).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_leading_axes_and_single_samples(features):
    net = EMLP(2 * V, V, S(5), hidden=24, layers=2, dtype=torch.float64)
    x = features(net.rep_in, 2, 3)
    torch.testing.assert_close(net(x)[1, 2], net(x[1, 2]))
    assert net(x[:0]).shape == (0, 3, 5)


def test_vmap(features):
    net = EMLP(2 * V, V, SO(3), hidden=24, layers=2, dtype=torch.float64)
    x = features(net.rep_in, 4)
    torch.testing.assert_close(torch.func.vmap(net)(x), net(x))


def test_large_permutation_groups():
    """S(60) builds without decomposing V ⊗ V; the products that need no decomposition are there."""
    net = EMLP(2 * V + Scalar, V, S(60), hidden=256, layers=2, dtype=torch.float64)
    assert_equivariant(net)
