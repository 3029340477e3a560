"""Kinds of kernels: steered from a stabiliser, of low rank, depthwise, of one's own; radial bases."""

import copy

import pytest
import torch
from intertwine.conv import (
    Chebyshev,
    GridConv,
    ImplicitKernel,
    Kernel,
    PointConv,
    StabilizerKernel,
    completeness,
    radius_graph,
)
from intertwine.conv._lift import Lift, monomials
from intertwine.emlp import check_layer_laws
from intertwine.groups import G2, SE, SO, SU, C, Group, Lorentz, O, Octahedral, S, Sp, Trivial, U
from intertwine.reps import Adjoint, Irrep, Scalar, T, V
from intertwine.testing import assert_equivariant, equivariance_error, field_equivariance_error

TRANSITIVE = {
    "SO(2)": SO(2),
    "O(2)": O(2),
    "SO(3)": SO(3),
    "O(3)": O(3),
    "SO(4)": SO(4),
    "azimuthal": O(3).subgroup(fixing=[0, 0, 1]),
    "U(2)": U(2).realification(),
    "G2": G2(),
    "skewed": Group.preserving([[2, 1, 0], [1, 2, 0], [0, 0, 1]], name="skewed"),
}


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def matrices_error(kernel, x, group):
    """Largest relative error of K(gx) ρ_in(g) = ρ_out(g) K(x)."""
    k, worst = kernel(x).detach(), 0.0
    for g in group.sample(5, 1):
        move, left, right = (torch.from_numpy(r.rho(g)) for r in (kernel.space, kernel.rep_out, kernel.rep_in))
        error = (kernel(x @ move.T).detach() @ right - left @ k).abs().max() / k.abs().max()
        worst = max(worst, float(error))
    return worst


# -- analytic ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRANSITIVE)
def test_steered_kernels(name):
    group = TRANSITIVE[name]
    kernel = StabilizerKernel(Scalar + V, V + Scalar, group, dtype=torch.float64)
    x = 0.3 * normal(6, group.d)
    x[0] = 0
    assert matrices_error(kernel, x, group) < 1e-10
    other = copy.deepcopy(kernel)
    other.constants.value(f"basis{other.paths[-1][0]}to{other.paths[-1][1]}")[..., 0, :].add_(1)
    assert matrices_error(other, x, group) > 1e-3


@pytest.mark.parametrize("name", ["SO(2)", "O(2)", "SO(3)", "O(3)", "azimuthal", "U(2)"])
def test_steered_kernels_are_all_there_are(name):
    report = completeness(StabilizerKernel(Scalar + V, V + T(2), TRANSITIVE[name], layers=1))
    assert report.complete, report


@pytest.mark.parametrize("name", ["SO(2)", "SO(3)", "O(3)", "G2", "U(2)"])
def test_steered_kernels_under_autocast(name):
    group = TRANSITIVE[name]
    kernel = StabilizerKernel(Scalar + V, V + Scalar, group)
    x = 0.3 * normal(50, group.d).float()
    expected = kernel(x).detach()
    with torch.autocast("cpu", torch.bfloat16):
        k = kernel(x).detach()
    assert float((k - expected).abs().max()) < 0.02 * float(expected.abs().max())
    half = copy.deepcopy(kernel).bfloat16()(x.bfloat16()).detach()
    assert float((half - expected).abs().max()) < 0.05 * float(expected.abs().max())


@pytest.mark.parametrize("name", ["SO(3)", "U(2)"])
@pytest.mark.parametrize("off", [1e-4, 3e-5, 1e-7])
def test_steered_kernels_almost_opposite_to_where_they_are_solved(name, off):
    group = TRANSITIVE[name]
    kernel = StabilizerKernel(V, V, group, dtype=torch.float64)
    one = kernel.encode_space(torch.eye(group.d, dtype=torch.float64))[kernel.moving][0, :, 0]  # of the first direction
    x = -0.3 * one / one.norm() + off * normal(3, group.d)
    assert matrices_error(kernel, x, group) < 1e-7


def test_steered_and_implicit_kernels_span_the_same():
    """Values at one point over all weights: one subspace, found in two ways."""
    group, x = SO(3), torch.tensor([[0.3, 0.2, -0.4]], dtype=torch.float64)
    spans = []
    for kind in (ImplicitKernel, StabilizerKernel):
        kernel = kind(Irrep(1), Irrep(2), group, dtype=torch.float64)
        values = []
        for _ in range(12):
            for p in kernel.learned.parameters():
                torch.nn.init.normal_(p)
            values.append(kernel(x).detach().flatten())
        _, size, rows = torch.linalg.svd(torch.stack(values), full_matrices=False)
        spans.append(rows[size > 1e-8 * size[0]])
    assert spans[0].shape == spans[1].shape == (3, 15)
    assert torch.linalg.matrix_rank(torch.cat(spans), rtol=1e-6) == 3


@pytest.mark.parametrize("name", ["SO(3)", "O(2)", "U(2)", "azimuthal"])
def test_steered_kernels_are_smooth(name):
    kernel = StabilizerKernel(Scalar, V, TRANSITIVE[name], shells=3, width=4, dtype=torch.float64)
    x = (0.3 * normal(2, kernel.space.dim)).requires_grad_()
    torch.autograd.gradcheck(kernel, (x,))
    for point in (torch.zeros(1, kernel.space.dim), -0.2 * torch.eye(kernel.space.dim)[:1]):
        point = point.double().requires_grad_()
        kernel(point).sum().backward()
        assert point.grad.isfinite().all()


@pytest.mark.parametrize("group", [Octahedral(), C(4), Lorentz(), SE(3), Sp(4), S(4), O(1)])
def test_groups_that_are_not_transitive_are_refused(group):
    with pytest.raises(ValueError, match="does not act transitively"):
        StabilizerKernel(V, V, group)


@pytest.mark.parametrize("space", [V, Adjoint])
def test_positions_of_a_complex_group_are_those_of_its_realification(space):
    for kernel in (ImplicitKernel, StabilizerKernel):
        with pytest.raises(ValueError, match=r"positions are real, .* realification"):
            kernel(V, V, SU(2), space)
        real = kernel(V, V, SU(2).realification(), space, dtype=torch.float64)
        g = real.group.sample(rng=0)
        x, rho = normal(7, real.space.dim), torch.tensor(real.rep_in.rho(g))
        torch.testing.assert_close(real(x @ torch.tensor(real.space.rho(g)).T), rho @ real(x) @ rho.T)


# -- in layers --------------------------------------------------------------------------------------------


def test_any_kernel_in_a_point_convolution():
    group = SO(3)
    kernel = StabilizerKernel(Scalar + V, V, group, cutoff=2.0, dtype=torch.float64)
    layer = PointConv(Scalar + V, V, group, kernel=kernel, root_weight=False, bias=False)
    x, pos = normal(10, 4), normal(10, 3, seed=1)
    edges = radius_graph(pos, 2.0)
    assert_equivariant(layer, inputs=(x, pos, edges), rep_in=(layer.rep_in, V(group), None), dtype=torch.float64)
    source, target = edges
    expected = torch.zeros(10, 3, dtype=torch.float64)
    expected.index_add_(0, target, (kernel(pos[source] - pos[target]) @ x[source].unsqueeze(-1)).squeeze(-1))
    torch.testing.assert_close(layer(x, pos, edges), expected)
    assert layer(x, pos, edges[:, :0]).abs().max() == 0
    layer(x, pos, edges).sum().backward()
    assert all(p.grad is not None for p in layer.parameters() if p.numel())


def test_an_implicit_kernel_made_elsewhere_is_the_same_layer():
    torch.manual_seed(0)
    own = PointConv(Scalar + V, V, O(3), dtype=torch.float64)
    shared = PointConv(Scalar + V, V, O(3), kernel=own.kernel, dtype=torch.float64)
    shared.root = own.root
    x, pos = normal(10, 4), 0.3 * normal(10, 3, seed=1)
    edges = radius_graph(pos, 1.0)
    torch.testing.assert_close(own(x, pos, edges), shared(x, pos, edges))


class Mine(Kernel):
    """x ↦ x, from invariants to vectors."""

    def __init__(self, group):
        super().__init__()
        self.group, self.space = group, V(group)
        self.rep_in, self.rep_out = Scalar(group), V(group)
        self.size = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))

    def forward(self, x, attr=None):
        return self.size * x.unsqueeze(-1)


def test_a_kernel_of_ones_own():
    layer = PointConv(Scalar, V, SO(2), kernel=Mine(SO(2)), root_weight=False)
    pos = normal(5, 2)
    edges = radius_graph(pos, 5.0)
    y = layer(torch.ones(5, 1, dtype=torch.float64), pos, edges)
    torch.testing.assert_close(y, pos.sum(0) - 5 * pos)
    grid = GridConv(Scalar, V, SO(2), kernel_size=3, padding=1, kernel=Mine(SO(2)))
    assert field_equivariance_error(grid, normal(1, 1, 5, 5), V(SO(2))) < 1e-12
    with pytest.raises(ValueError, match="the kernel has rep_in"):
        PointConv(V, V, SO(2), kernel=Mine(SO(2)))
    with pytest.raises(ValueError, match="attributes"):
        PointConv(Scalar, V, SO(2), edge=V, kernel=Mine(SO(2)))
    with pytest.raises(ValueError, match="weighted"):
        PointConv(Scalar, V, SO(2), aggr="softmax", kernel=Mine(SO(2)))


class Outward(Mine):
    """The same, without weights."""

    def __init__(self, group):
        super().__init__(group)
        del self.size

    def forward(self, x, attr=None):
        return x.unsqueeze(-1)


@pytest.mark.parametrize("dtype", [None, torch.float64])
def test_a_kernel_without_weights(dtype):
    x, pos = normal(5, 1).to(dtype or torch.float32), normal(5, 2).to(dtype or torch.float32)
    layer = PointConv(Scalar, V, SO(2), kernel=Outward(SO(2)), dtype=dtype)
    edges = radius_graph(pos, 5.0)
    assert_equivariant(layer, inputs=(x, pos, edges), rep_in=(layer.rep_in, V(SO(2)), None))
    grid = GridConv(Scalar, V, SO(2), kernel_size=3, padding=1, kernel=Outward(SO(2)), dtype=dtype)
    assert field_equivariance_error(grid, normal(1, 1, 5, 5).to(x.dtype), V(SO(2))) < 1e-5


def test_a_steered_kernel_on_a_grid():
    kernel = StabilizerKernel(Scalar + V, V, O(2), window=(1.0, 1.4), dtype=torch.float64)
    layer = GridConv(Scalar + V, V, O(2), kernel_size=5, padding=2, kernel=kernel)
    assert field_equivariance_error(layer, normal(2, 3, 9, 9), V(O(2))) < 1e-12
    torch.testing.assert_close(layer.export()(normal(2, 3, 9, 9)), layer(normal(2, 3, 9, 9)))


# -- low rank ---------------------------------------------------------------------------------------------

GROUPS = {
    "SO(3)": SO(3),
    "O(3)": O(3),
    "azimuthal": TRANSITIVE["azimuthal"],
    "O(1,3)": Lorentz(),
    "S(4)": S(4),
    "octahedral": Octahedral(),
    "Sp(4)": Sp(4),
}


@pytest.mark.filterwarnings("ignore:.*not local")
@pytest.mark.parametrize("rank", [1, 3, "depthwise"])
@pytest.mark.parametrize("name", GROUPS)
def test_low_rank_layers(name, rank):
    group = GROUPS[name]
    options = {"cutoff": 2.0, "rank": rank, "width": 16, "dtype": torch.float64}
    layer = PointConv(2 * Scalar + 3 * V, V + 2 * Scalar, group, edge=V, **options)
    n, d = 8, group.d
    x, pos = normal(n, layer.rep_in.dim), 0.7 * normal(n, d, seed=1)
    edges = radius_graph(pos, 10.0, max_num_neighbors=3)
    attr = 0.5 * normal(edges.shape[1], d, seed=2)
    reps = (layer.rep_in, V(group), None, V(group))
    assert_equivariant(layer, inputs=(x, pos, edges, attr), rep_in=reps)
    assert equivariance_error(layer, inputs=(x, pos, edges, attr), rep_in=(*reps[:3], None)) > 1e-6


@pytest.mark.parametrize("rank", [2, "depthwise"])
def test_low_rank_sums_are_those_of_the_kernel(rank):
    layer = PointConv(2 * Scalar + 3 * V, V, O(3), rank=rank, root_weight=False, bias=False, dtype=torch.float64)
    x, pos = normal(9, 11), 0.3 * normal(9, 3, seed=1)
    source, target = edges = radius_graph(pos, 1.0)
    k = layer.kernel(pos[source] - pos[target])
    expected = torch.zeros(9, 3, dtype=torch.float64).index_add(0, target, torch.einsum("eoi,ei->eo", k, x[source]))
    torch.testing.assert_close(layer(x, pos, edges), expected)
    check_layer_laws(layer, (x, pos, edges), rep_in=(layer.rep_in, V(O(3)), None), compile=True)


def test_depthwise_kernels_see_one_copy_each():
    """The products before the last mixing: copy i of the input times hidden channel i."""
    layer = ImplicitKernel(4 * V, 4 * V, O(3), rank="depthwise", dtype=torch.float64)
    assert not len(layer.contraction.enter)
    full = ImplicitKernel(4 * V, 4 * V, O(3), hidden=layer.contraction.shape_h[0][1] * 9, dtype=torch.float64)
    assert sum(w.numel() for w in layer.contraction.weights) * 2 < sum(w.numel() for w in full.contraction.weights)


def test_low_rank_keeps_variance():
    torch.manual_seed(0)
    for rank in (4, "depthwise"):
        layer = PointConv(8 * Scalar + 8 * V, 8 * Scalar + 8 * V, O(3), rank=rank, neighbours=16, root_weight=False)
        pos = torch.rand(400, 3) * 2
        edges = radius_graph(pos, 1.0, max_num_neighbors=16)
        y = layer(torch.randn(400, 32), pos, edges).detach()
        assert 0.1 < float(y.square().mean()) < 5


def test_low_rank_mistakes():
    with pytest.raises(ValueError, match="rank"):
        ImplicitKernel(V, V, O(3), rank=0)
    with pytest.raises(ValueError, match="needs 4 copies"):
        ImplicitKernel(4 * V, V, O(3), rank="depthwise", hidden=2 * Scalar + 2 * V + 2 * Irrep("2e"))
    with pytest.raises(ValueError, match="contraction='factored'"):
        PointConv(V, V, O(3), rank=2, contraction="factored")


# -- lifts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(1, 6))
def test_lifts_are_polynomials_with_monomials_in_order(n):
    lift, x = Lift(V(Trivial(n)), 6 if n < 4 else 4, torch.float64), normal(3, n)
    expected = []
    for l in range(lift.degree + 1):
        powers = [x[:, list(index)].prod(1) for index in monomials(n, l)[0]]
        expected.append(torch.stack(powers, 1) @ lift.constants.value(f"degree{l}").T)
    torch.testing.assert_close(lift(x)[0][0], torch.cat(expected, 1))


# -- radial -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("radial", ["gaussian", "bessel", "chebyshev"])
@pytest.mark.parametrize("group", [O(3), Lorentz()])
def test_radial_bases(radial, group):
    kernel = ImplicitKernel(Scalar, V, group, radial=radial, dtype=torch.float64)
    x = 0.4 * normal(5, group.d)
    assert matrices_error(kernel, x, group) < 1e-10
    torch.autograd.gradcheck(kernel, (x[:2].requires_grad_(),))


def test_chebyshev_polynomials():
    t = torch.linspace(0, 1, 50, dtype=torch.float64)
    values = Chebyshev(6, dtype=torch.float64)(t)
    expected = torch.stack([torch.cos(2 * k * torch.arccos(t)) for k in range(6)], -1)
    torch.testing.assert_close(values / values[-1, 0], expected)
    assert not list(Chebyshev(3).parameters())
    with pytest.raises(ValueError, match="radial is one of"):
        ImplicitKernel(Scalar, V, O(3), radial="fourier")
