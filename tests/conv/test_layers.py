"""Formulations agree, conventions hold, edge cases are right or clear errors."""

import copy
import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from intertwine.conv import (
    FieldPool,
    Fieldwise,
    GridConv,
    ImplicitKernel,
    InvariantPool,
    NonLocalKernelWarning,
    PointConv,
    StabilizerKernel,
    Upsample,
    _graph,
    fps,
    knn_graph,
    pool,
    radius,
    radius_graph,
)
from intertwine.conv.models import MessagePassing, SteerableResNet
from intertwine.groups import SL, SO, SU, C, Dihedral, Lorentz, O, Octahedral, S, Sp, Trivial
from intertwine.reps import Irrep, Scalar, T, V, parse
from intertwine.testing import assert_equivariant, equivariance_error


def cloud(n, rep, dtype=torch.float64, seed=0, scale=1.0):
    rng = torch.Generator().manual_seed(seed)
    pos = torch.randn(n, 3, generator=rng, dtype=torch.float64) * scale
    x = torch.randn(n, rep(O(3)).dim, generator=rng, dtype=torch.float64)
    return x.to(dtype), pos.to(dtype)


# -- three formulations of one sum ------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("aggr", ["sum", "mean"])
@pytest.mark.parametrize("attributes", [True, False])
def test_formulations_agree(dtype, bound, aggr, attributes):
    rep = parse("4x0e + 3x1o + 2x2e", O(3))
    layer = PointConv(rep, rep, edge=V(O(3)) if attributes else None, aggr=aggr, cutoff=3.0, dtype=dtype)
    x, pos = cloud(40, rep, dtype)
    edges = radius_graph(pos, 1.5)
    attr = pos[edges[0]] * 0.5 if attributes else None
    assert layer.kernel.is_factored == (not attributes)
    results, gradients = [], []
    for contraction in ("edge", "node") if attributes else ("edge", "factored"):
        layer.contraction = contraction
        layer.zero_grad()
        y = layer(x, pos, edges, attr)
        y.square().sum().backward()
        results.append(y)
        gradients.append(torch.cat([p.grad.flatten() for p in layer.parameters() if p.numel()]))
    assert (results[0] - results[1]).norm() <= bound * results[1].norm()
    assert (gradients[0] - gradients[1]).norm() <= 10 * bound * gradients[1].norm()


def test_the_sum_is_that_of_the_kernel():
    """Both equal Σ K(x_j − x_i) f_j with the kernel's own matrices: sign and direction of edges are pinned."""
    layer = PointConv(Scalar + V, V, group=O(3), cutoff=3.0, root_weight=False, bias=False, dtype=torch.float64)
    x, pos = cloud(10, Scalar + V)
    source, target = edges = radius_graph(pos, 2.0)
    kernels = layer.kernel(pos[source] - pos[target])
    expected = torch.zeros(10, 3, dtype=torch.float64)
    expected.index_add_(0, target, torch.einsum("eoi,ei->eo", kernels, x[source]))
    torch.testing.assert_close(layer(x, pos, edges), expected)


@pytest.mark.parametrize(("group", "n"), [(O(2), 2), (SO(3), 3), (O(1), 1)])
def test_a_lattice_of_points_is_a_grid(group, n):
    grid = GridConv(Scalar + V, V + Scalar, group=group, kernel_size=5, padding=2, dtype=torch.float64)
    points = PointConv(
        Scalar + V,
        V + Scalar,
        group=group,
        cutoff=2.0,
        window=(1.0, 1.5),  # one pixel of a 5-wide kernel beyond the ball
        neighbours=float(grid.grid.value("gain")) ** -2,
        root_weight=False,
        dtype=torch.float64,
    )
    for weight in grid.shift.parameters():
        torch.nn.init.normal_(weight)
    state = {name: value for name, value in grid.kernel.state_dict().items() if name != "constants.cutoff"}
    points.kernel.load_state_dict(state, strict=False)
    points.shift.load_state_dict(grid.shift.state_dict())
    x = torch.randn(1, n + 1, *[6] * n, dtype=torch.float64)
    lattice = torch.tensor(list(itertools.product(range(6), repeat=n)), dtype=torch.float64)
    y = points(x[0].flatten(1).T, lattice, radius_graph(lattice, 3.0, loop=True))
    torch.testing.assert_close(y.T.reshape(1, n + 1, *[6] * n), grid(x))


# -- grids ------------------------------------------------------------------------------------------------


def test_grid_axes_are_those_of_rot90():
    """Turning the field and its vectors by 90° turns the output: pins axis order and sign."""
    layer = GridConv(Scalar + V, Scalar + V, group=SO(2), kernel_size=5, padding=2, dtype=torch.float64)
    x = torch.randn(1, 3, 9, 9, dtype=torch.float64)

    def turn(field):
        moved = torch.rot90(field, 1, (2, 3))
        # rot90 takes column j to row n − 1 − j: (row, column) ↦ (−column, row)
        return torch.stack([moved[:, 0], -moved[:, 2], moved[:, 1]], 1)

    torch.testing.assert_close(layer(turn(x)), turn(layer(x)))
    wrong = torch.stack([x[:, 0], x[:, 2], x[:, 1]], 1)
    assert not torch.allclose(layer(turn(wrong)), turn(layer(x)))


def test_grid_flips_and_exact_symmetries_in_3d():
    layer = GridConv(Scalar, Scalar, group=Octahedral(full=True), kernel_size=3, padding=1, dtype=torch.float64)
    x = torch.randn(1, 1, 5, 5, 5, dtype=torch.float64)
    for move in (lambda f: f.flip(2), lambda f: torch.rot90(f, 1, (2, 4)), lambda f: f.transpose(3, 4)):
        torch.testing.assert_close(layer(move(x)), move(layer(x)))


@pytest.mark.parametrize("size", [3, 4, (3, 5)])
@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"padding": (2, 1)}, {"dilation": 2}])
def test_grid_shapes_are_torchs(size, options):
    layer = GridConv(Scalar, 2 * Scalar, group=O(2), kernel_size=size, **options)
    plain = torch.nn.Conv2d(1, 2, size, **options)
    x = torch.randn(2, 1, 12, 13)
    assert layer(x).shape == plain(x).shape
    expected = torch.nn.functional.conv2d(x, layer.filter(), layer.shift(torch.ones(1, 1))[0], **options)
    torch.testing.assert_close(layer(x), expected)


def test_an_exported_filter_is_a_plain_convolution():
    layer = GridConv(Scalar + V, V, group=O(2), kernel_size=(3, 5), stride=2, padding=(1, 0), dilation=(1, 2))
    x = torch.randn(2, 3, 12, 14)
    plain = layer.export()
    assert type(plain) is torch.nn.Conv2d
    torch.testing.assert_close(plain(x), layer(x))
    with torch.no_grad():
        next(layer.kernel.parameters()).mul_(1.5)
    assert not torch.allclose(plain(x), layer(x), atol=1e-3)


def test_less_symmetry_allows_more():
    """The kernel of D4 is not isotropic where O(2)'s is: at one radius it varies with direction."""
    torch.manual_seed(0)
    angles = torch.linspace(0, np.pi / 4, 7)
    ring = 0.5 * torch.stack([angles.cos(), angles.sin()], 1)
    spread = {}
    for group in (O(2), Dihedral(4), C(3), Trivial(2)):
        values = ImplicitKernel(Scalar, 8 * Scalar, group=group)(ring).detach()
        spread[group.name] = float(values.std(0).mean() / values.abs().mean())
    assert spread["O(2)"] < 1e-5
    assert min(spread["Dihedral(4)"], spread["C(3)"], spread["Trivial(2)"]) > 1e-2


# -- completeness on the orbit of a generic point ---------------------------------------------------------


@pytest.mark.parametrize("j", range(4))
@pytest.mark.parametrize("l", range(4))
def test_kernel_values_span_what_the_stabiliser_allows(j, l):
    """Ranks on an orbit x ≠ 0: 2 min(j, l) + 1 over SO(3); min(j, l) + 1 or min(j, l) over O(3) by parity."""
    assert value_rank(Irrep(j), Irrep(l), SO(3)) == 2 * min(j, l) + 1
    parity = "e" if (j + l) % 2 == 0 else "o"
    assert value_rank(Irrep(f"{j}e"), Irrep(f"{l}{parity}"), O(3)) == min(j, l) + 1


@pytest.mark.parametrize(("group", "expected"), [(SO(2), 4), (O(2), 2)])
def test_kernel_values_on_the_circle(group, expected):
    assert value_rank(Irrep(1), Irrep(2), group) == expected
    assert value_rank(Irrep(2), Irrep(2), group) == expected


def value_rank(rep_in, rep_out, group):
    torch.manual_seed(0)
    rep_in, rep_out = rep_in(group), 24 * rep_out(group)
    kernel = ImplicitKernel(rep_in, rep_out, hidden=400, dtype=torch.float64)
    x = torch.tensor([[0.3, 0.5, -0.2][: group.d]], dtype=torch.float64)
    values = kernel(x)[0].reshape(24, -1).detach()
    return int(torch.linalg.matrix_rank(values, rtol=1e-8))


# -- module contract --------------------------------------------------------------------------------------


def test_pickle_deepcopy_compile_of_every_layer():
    x, pos = cloud(8, Scalar + V, torch.float32)
    edges = radius_graph(pos, 2.0)
    layers = [
        (PointConv(Scalar + V, V, group=O(3), hidden=24, cutoff=3.0), (x, pos, edges)),
        (ImplicitKernel(Scalar + V, V, group=O(3), hidden=24), (pos * 0.2,)),
        (GridConv(Scalar, V, group=O(2), kernel_size=3, hidden=24), (torch.randn(1, 1, 5, 5),)),
        (InvariantPool(Scalar + V, group=O(3)), (x,)),
    ]
    for layer, inputs in layers:
        expected = layer(*inputs)
        for twin in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
            torch.testing.assert_close(twin(*inputs), expected, rtol=0, atol=0)
        compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(*inputs), expected, rtol=1e-4, atol=1e-5)


# -- hostile and degenerate inputs ------------------------------------------------------------------------


def test_factored_needs_one_covariant_per_atom():
    with pytest.raises(ValueError, match="use 'auto'"):
        PointConv(V, V, group=O(3), edge=V, contraction="factored")
    with pytest.raises(ValueError, match="'factored'"):
        PointConv(V, V, group=O(3), contraction="nodes")


@pytest.mark.parametrize("contraction", ["node", "edge", "factored", "auto"])
def test_degenerate_graphs(contraction):
    layer = PointConv(Scalar + V, Scalar + V, group=O(3), contraction=contraction, dtype=torch.float64)
    x, pos = cloud(5, Scalar + V)
    none = torch.zeros(2, 0, dtype=torch.int64)
    torch.testing.assert_close(layer(x, pos, none), layer.root(x) * 0.5**0.5)  # zero edges
    isolated = layer(x, 0.1 * pos, torch.tensor([[0], [1]]))
    torch.testing.assert_close(isolated[2:], layer.root(x)[2:] * 0.5**0.5)
    coincident = torch.zeros(5, 3, dtype=torch.float64)
    edges = torch.tensor([[0, 1, 2], [1, 2, 2]])
    assert layer(x, coincident, edges).isfinite().all()
    assert_equivariant(layer, inputs=(x, coincident, edges), rep_in=(layer.rep_in, layer.space, None))
    assert layer(x[:1], pos[:1], none).shape == (1, 4)
    assert layer(x[:0], pos[:0], none).shape == (0, 4)


@pytest.mark.parametrize("contraction", ["node", "edge", "factored"])
def test_a_position_that_is_no_number_spoils_its_neighbours_only(contraction):
    layer = PointConv(Scalar + V, Scalar + V, group=O(3), contraction=contraction, dtype=torch.float64)
    x, pos = cloud(5, Scalar + V)
    edges = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 3]])
    expected = layer(x, pos, edges)
    pos[0] = float("nan")
    y = layer(x, pos, edges)
    assert y[1].isnan().all()
    torch.testing.assert_close(y[[0, 2, 3, 4]], expected[[0, 2, 3, 4]])


def test_kernel_at_the_origin_commutes_with_the_group():
    kernel = ImplicitKernel(T(2), T(2), group=SO(3), dtype=torch.float64)
    k = kernel(torch.zeros(1, 3, dtype=torch.float64))[0]
    for g in SO(3).sample(3, rng=0):
        rho = torch.from_numpy(T(2)(SO(3)).rho(g))
        torch.testing.assert_close(rho @ k, k @ rho, atol=1e-10, rtol=1e-10)


def test_bipartite_graphs():
    layer = PointConv(Scalar + V, Scalar + V, group=O(3), cutoff=3.0, dtype=torch.float64)
    x, pos = cloud(9, Scalar + V)
    coarse, few = cloud(4, Scalar + V, seed=5)
    edges = radius(pos, few, 3.0)
    assert layer((x, coarse), (pos, few), edges).shape == (4, 4)
    assert layer((x, None), (pos, few), edges).shape == (4, 4)
    moved = O(3).sample(1, rng=3)[0]
    rho = torch.from_numpy(layer.rep_in.rho(moved))
    g = torch.from_numpy(moved)
    y = layer((x @ rho.T, coarse @ rho.T), (pos @ g.T, few @ g.T), edges)
    torch.testing.assert_close(y, layer((x, coarse), (pos, few), edges) @ rho.T)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": torch.randn(5, 3)}, "rep_in .* has dim 4 but x has shape"),
        ({"pos": torch.randn(5, 2)}, "has dim 3 but pos"),
        ({"pos": torch.randn(4, 3)}, "5 features but 4 positions"),
        ({"edges": torch.zeros(2, 3)}, "int64 tensor of shape"),
        ({"edges": torch.zeros(3, 3, dtype=torch.int64)}, "int64 tensor of shape"),
        ({"attr": torch.randn(1, 3)}, "built with edge=None"),
    ],
)
def test_wrong_inputs_are_explained(change, message):
    layer = PointConv(Scalar + V, V, group=O(3))
    inputs = {"x": torch.randn(5, 4), "pos": torch.randn(5, 3), "edges": torch.tensor([[0], [1]]), "attr": None}
    with pytest.raises(ValueError, match=message):
        layer(*{**inputs, **change}.values())


def test_groups_without_invariants_say_that_the_kernel_is_not_local():
    with pytest.warns(NonLocalKernelWarning, match="no invariant"):
        PointConv(Scalar + V, V, group=SL(3))


# -- graphs and pooling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("loop", [False, True])
def test_graphs_match_brute_force_and_batches_do_not_mix(loop):
    pos = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    pos[7] = pos[3]  # coincident points are neighbours of each other
    batch = torch.arange(40) // 15
    distance = torch.cdist(pos, pos, compute_mode="donot_use_mm_for_euclid_dist")
    allowed = batch[:, None] == batch[None, :]
    if not loop:
        allowed &= ~torch.eye(40, dtype=torch.bool)
    expected = ((distance <= 1.2) & allowed).nonzero()
    edges = radius_graph(pos, 1.2, batch, loop=loop)
    assert {tuple(e) for e in edges.T.tolist()} == {(j, i) for i, j in expected.tolist()}
    nearest = knn_graph(pos, 3, batch, loop=loop)
    for i in range(40):
        found = distance[i, nearest[0, nearest[1] == i]].sort().values
        others = distance[i, allowed[i]].sort().values[:3]
        torch.testing.assert_close(found, others)


def test_the_chunked_search_finds_what_the_tree_finds():
    from intertwine.conv import _graph

    x, y = torch.randn(30, 3, dtype=torch.float64), torch.randn(20, 3, dtype=torch.float64)
    for tree, chunks, argument in (
        (_graph._radius_tree, _graph._radius_chunks, 1.0),
        (_graph._knn_tree, _graph._knn_chunks, 4),
    ):
        a = torch.stack(tree(x, y, False, argument, None))
        b = torch.stack(chunks(x, y, False, argument, None))
        assert {tuple(e) for e in a.T.tolist()} == {tuple(e) for e in b.T.tolist()}


def test_graph_errors():
    with pytest.raises(ValueError, match="not finite"):
        radius_graph(torch.tensor([[0.0, float("nan")]]), 1.0)
    with pytest.raises(ValueError, match="radius > 0"):
        radius_graph(torch.zeros(2, 3), 0.0)
    with pytest.raises(ValueError, match=r"shape \(N, d\)"):
        knn_graph(torch.zeros(3), 2)


def test_pooling():
    x = torch.randn(7, 4, dtype=torch.float64)
    batch = torch.tensor([0, 0, 0, 2, 2, 2, 2])
    torch.testing.assert_close(pool(x, batch, 4)[2], x[3:].mean(0))
    assert pool(x, batch, 4)[1].abs().sum() == 0
    layer = InvariantPool(Scalar + V, group=O(3), dtype=torch.float64)
    assert equivariance_error(layer, inputs=(x,), rep_in=layer.rep_in, rep_out=layer.rep_out) < 1e-12
    with pytest.raises(ValueError, match="no invariants"):
        InvariantPool(V, group=SL(3))


@pytest.mark.parametrize(
    ("radial", "group"),
    [
        *itertools.product(["gaussian", "bessel"], [O(3), SO(2), S(4), Trivial(3)]),
        ("gaussian", Lorentz()),  # Bessel functions peak at the light cone, where most intervals lie
    ],
    ids=str,
)
def test_features_keep_their_variance_at_the_start(radial, group):
    """On a uniform cloud, over the draws of the weights; the sum is over about ``neighbours`` edges."""
    rep = 6 * (Scalar + V)
    mean = []
    for seed in range(6):
        torch.manual_seed(seed)
        pos = 2 * torch.rand(200, group.d) - 1
        edges = radius_graph(pos, 0.9)
        near = edges.shape[1] / len(pos)
        layer = PointConv(rep, rep, group=group, cutoff=0.9, neighbours=near, radial=radial, root_weight=False)
        x = torch.randn(200, layer.rep_in.dim)
        mean.append(float(layer(x, pos, edges).detach().square().mean()))
    assert 0.4 < np.exp(np.mean(np.log(mean))) < 2.5


def test_half_precision_is_finite_and_falls_off():
    layer = PointConv(Scalar + V, Scalar + V, group=O(3), cutoff=2.0).half()
    x, pos = cloud(6, Scalar + V, torch.float16)
    pos[1] = pos[0]
    assert layer(x, pos, torch.tensor([[0, 1, 2], [1, 2, 3]])).isfinite().all()
    far = layer.kernel(torch.tensor([[0.0, 0, 0], [80.0, 0, 0]], dtype=torch.float16))
    assert far.isfinite().all()
    assert not far[1].any()
    assert GridConv(Scalar, V, group=O(2)).half()(torch.randn(1, 1, 5, 5).half()).isfinite().all()
    assert InvariantPool(Scalar + V, group=O(3)).half()(torch.zeros(3, 4).half()).isfinite().all()
    single = ImplicitKernel(Scalar, V, group=O(3), cutoff=2.0)
    assert not single(torch.tensor([[2e10, 0.0, 0.0], [0.0, 3e18, 0.0]])).any()


def test_autocast_and_inference_mode_leave_no_trace():
    layer, x = GridConv(Scalar, V, group=O(2)).eval(), torch.randn(1, 1, 6, 6)
    expected = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
    with torch.inference_mode():
        layer(x)
    torch.testing.assert_close(layer(x.requires_grad_()), expected)
    layer(x).sum().backward()
    point = PointConv(Scalar + V, V, group=O(3), cutoff=3.0, contraction="edge")
    features, pos = cloud(6, Scalar + V, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        low = point(features, pos, radius_graph(pos, 2.0))
    torch.testing.assert_close(low.float(), point(features, pos, radius_graph(pos, 2.0)), atol=0.1, rtol=0.1)


@pytest.mark.parametrize("contraction", ["node", "edge", "factored"])
def test_function_transforms(contraction):
    layer = PointConv(Scalar + V, Scalar, group=O(3), cutoff=3.0, contraction=contraction, dtype=torch.float64)
    x, pos = cloud(5, Scalar + V)
    edges = radius_graph(pos, 2.0)
    energy = lambda p: layer(x, p, edges).sum()  # noqa: E731
    (expected,) = torch.autograd.grad(energy(pos.requires_grad_()), pos)
    torch.testing.assert_close(torch.func.grad(energy)(pos.detach()), expected)


def test_a_checkpoint_is_the_same_function_in_a_fresh_process(tmp_path):
    layer = PointConv(Scalar + V, V, group=O(3), hidden=24, cutoff=3.0, dtype=torch.float64)
    x, pos = cloud(6, Scalar + V)
    edges = radius_graph(pos, 2.0)
    torch.save({"state": layer.state_dict(), "inputs": (x, pos, edges), "y": layer(x, pos, edges)}, tmp_path / "c.pt")
    script = """if True:
        import sys, torch
        from intertwine.conv import PointConv
        from intertwine.groups import O
        from intertwine.reps import Scalar, V
        saved = torch.load(sys.argv[1])
        layer = PointConv(Scalar + V, V, group=O(3), hidden=24, cutoff=1.0, neighbours=7.0, dtype=torch.float64)
        layer.load_state_dict(saved["state"])
        torch.testing.assert_close(layer(*saved["inputs"]), saved["y"], rtol=1e-12, atol=1e-12)
    """
    run = subprocess.run([sys.executable, "-c", script, str(tmp_path / "c.pt")], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("find", [_graph._radius_tree, _graph._radius_chunks])
def test_lattice_neighbours_at_exactly_the_radius_are_found(find):
    pos = 0.1 * torch.cartesian_prod(*[torch.arange(6)] * 3)
    source, _ = find(pos, pos, True, 0.1, None)
    assert len(source) == 6 * 6 * 5 * 6


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_device_code_takes_half_precision(dtype):
    """torch.cdist knows none of these; positions are the same numbers in single precision."""
    pos = torch.randn(30, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    for tree, chunks, argument in (
        (_graph._radius_tree, _graph._radius_chunks, 1.0),
        (_graph._knn_tree, _graph._knn_chunks, 4),
    ):
        found = [set(zip(*(t.tolist() for t in find(pos, pos, True, argument, None)))) for find in (tree, chunks)]
        assert found[0] == found[1]


@pytest.mark.parametrize("most", [None, 3])
@pytest.mark.parametrize("exclude", [True, False])
def test_device_code_finds_the_same_neighbours(most, exclude):
    pos = torch.randn(50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    finds = [_graph._radius_tree, _graph._radius_chunks]
    pairs = [set(zip(*(t.tolist() for t in find(pos, pos, exclude, 1.0, most)))) for find in finds]
    assert pairs[0] == pairs[1]
    assert pairs[0]
    knn = [
        set(zip(*(t.tolist() for t in f(pos, pos, exclude, 4, None)))) for f in (_graph._knn_tree, _graph._knn_chunks)
    ]
    assert knn[0] == knn[1]


def test_complex_features_and_forms_are_pooled():
    x = torch.randn(4, 2, dtype=torch.complex64)
    torch.testing.assert_close(pool(x), x.mean(0, keepdim=True))
    assert InvariantPool(V, group=SU(3))(torch.randn(5, 3, dtype=torch.complex64)).shape == (1, 1)
    layer = InvariantPool(Scalar + V, group=Lorentz(), dtype=torch.float64)
    assert layer.rep_out.dim == 2
    assert equivariance_error(layer, inputs=(torch.randn(5, 5, dtype=torch.float64),)) < 1e-10


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda layer, x, pos, e: layer(x.double(), pos, e), "x has dtype torch.float64"),
        (lambda layer, x, pos, e: layer(x, pos.double(), e), "pos has dtype torch.float64"),
        (lambda layer, x, pos, e: layer(x.long(), pos, e), "floating-point numbers"),
        (lambda layer, x, pos, e: layer(x.to("meta"), pos, e), "x is on meta, but the layer is on cpu"),
        (lambda layer, x, pos, e: layer(x, pos.to("meta"), e), "pos is on meta, but the layer is on cpu"),
        (lambda layer, x, pos, e: layer(x, pos, e.to("meta")), "edge_index is on meta, but the layer is on cpu"),
        (lambda layer, x, pos, e: GridConv(V, V, group=O(2))(torch.zeros(1, 2, 5, 5, device="meta")), "x is on meta"),
        (lambda layer, x, pos, e: layer(x[None], pos, e), r"shape \(N, rep_in.dim = 4\)"),
        (lambda layer, x, pos, e: layer(x.tolist(), pos, e), "got list"),
        (lambda layer, x, pos, e: layer(x, pos, e.tolist()), "got list"),
        (lambda layer, x, pos, e: radius(pos, pos[:, :2], 1.0), "number of coordinates"),
        (lambda layer, x, pos, e: radius_graph(pos, 1.0, batch=[0] * 6), "got list"),
        (lambda layer, x, pos, e: radius_graph(pos[:, :0], 1.0), "at least one coordinate"),
        (lambda layer, x, pos, e: pool(x, torch.arange(6), size=3), "batch runs from 0 to 5"),
        (lambda layer, x, pos, e: pool(x.long()), "floating-point"),
        (lambda layer, x, pos, e: InvariantPool(V, group=O(3), aggr="max"), "one of 'mean', 'sum'"),
        (lambda layer, x, pos, e: GridConv(Scalar, V, group=O(2), kernel_size=True), "kernel_size"),
        (lambda layer, x, pos, e: GridConv(Scalar, V, group=O(2), padding=1.5), "padding is an integer"),
        (lambda layer, x, pos, e: PointConv(V, V, group=O(3), window=(1,)), "window is"),
        (lambda layer, x, pos, e: PointConv(V, V, group=O(3), shells=2.5), "shells is an integer"),
        (lambda layer, x, pos, e: PointConv(V, V, group=O(3), window=1.0), "window is"),
        (lambda layer, x, pos, e: StabilizerKernel(V, V, group=O(3), window=(1, 0)), "window is"),
        (lambda layer, x, pos, e: GridConv(V, V, group=O(2))(np.zeros((1, 2, 5, 5))), "must be a tensor, got ndarray"),
        (lambda layer, x, pos, e: FieldPool(V, group=O(2))(np.zeros((1, 2, 5, 5))), "must be a tensor, got ndarray"),
        (lambda layer, x, pos, e: Upsample(V, group=O(2))(torch.zeros(1, 2, 5, 5), 5), "each of the 2 spatial axes"),
        (lambda layer, x, pos, e: MessagePassing(V, V, group=O(3), layers=1.5), "layers is an integer"),
        (lambda layer, x, pos, e: SteerableResNet(Scalar, V, group=O(2), padding=1), "padding=1"),
        (lambda layer, x, pos, e: radius_graph(pos, "1"), "radius > 0, got '1'"),
        (lambda layer, x, pos, e: radius_graph(pos, 1.0, max_num_neighbors=2.0), "max_num_neighbors is an integer"),
        (lambda layer, x, pos, e: radius_graph(pos, 1.0, torch.full((6,), float("nan"))), "integer tensor"),
        (lambda layer, x, pos, e: fps(pos, ratio="1"), "share in"),
        (lambda layer, x, pos, e: pool(x, torch.arange(6) - 1), "batch runs from -1 to 4"),
        (lambda layer, x, pos, e: pool(x, torch.ones(6, dtype=torch.bool)), "integer tensor of shape"),
        (
            lambda layer, x, pos, e: PointConv(V, V, group=O(3), kernel=ImplicitKernel(V, V, O(3)), cutoff=5.0),
            "cutoff=5.0",
        ),
        (lambda layer, x, pos, e: GridConv(V, V, group=O(2), kernel=ImplicitKernel(V, V, O(2)), width=8), "width=8"),
        (lambda layer, x, pos, e: PointConv(V, V, group=O(3), degree=2.5), "degree is an integer"),
        (lambda layer, x, pos, e: PointConv(V, V, group=O(3), cutoff=float("inf")), "cutoff is a number"),
    ],
)
def test_bad_input_gets_a_clear_error(call, says):
    layer = PointConv(Scalar + V, V, group=O(3), hidden=24)
    x, pos = cloud(6, Scalar + V, torch.float32)
    with pytest.raises(ValueError, match=says):
        call(layer, x, pos, radius_graph(pos, 2.0))


def test_what_is_no_layer_is_refused():
    with pytest.raises(TypeError, match="Fieldwise takes a layer"):
        Fieldwise(torch.nn.Linear(2, 2))
    with pytest.raises(TypeError, match="kernel is a StabilizerKernel"):
        PointConv(V, V, group=O(3), kernel=torch.nn.Linear)


def test_edges_beyond_the_cutoff_are_told_once():
    layer = PointConv(Scalar + V, V, group=O(3))
    x, pos = cloud(6, Scalar + V, torch.float32)
    edges = radius_graph(10 * pos, 100.0)
    with pytest.warns(UserWarning, match=r"all 30 edges have lengths from .* zero from 1 on: .* cutoff = 1, pass"):
        layer(x, 10 * pos, edges)
    layer(x, 10 * pos, edges)
    near = PointConv(Scalar + V, V, group=O(3), cutoff=100.0)
    near(x, 10 * pos, edges)
    near(x, 1000 * pos, edges)  # looked at once


@pytest.mark.parametrize(
    ("group", "rep_in", "rep_out"),
    [
        (SL(3), T(1, 1), V),
        (SL(3), T(2), T(2)),
        (SO(1, 2, connected=True), Scalar + V, T(2)),
        (Lorentz(), T(2), T(2)),
        (Sp(4), T(2), T(2)),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:.*no invariant of a single position")
def test_tensors_of_non_compact_groups(group, rep_in, rep_out):
    """High symmetric powers of boosts are badly conditioned; the irreps they are split into are not."""
    layer = PointConv(rep_in, rep_out, group=group, dtype=torch.float64)
    rng = torch.Generator().manual_seed(0)
    pos = torch.randn(5, group.d, generator=rng, dtype=torch.float64) * 0.3
    x = torch.randn(5, layer.rep_in.dim, generator=rng, dtype=torch.float64)
    edges = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
    assert_equivariant(layer, inputs=(x, pos, edges), rep_in=(layer.rep_in, layer.space, None))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch itself
@pytest.mark.parametrize("contraction", ["node", "edge", "factored"])
def test_inductor_compiles_the_same_function(contraction):
    layer = PointConv(Scalar + V, Scalar + V, group=O(3), hidden=24, cutoff=3.0, contraction=contraction)
    x, pos = cloud(8, Scalar + V, torch.float32)
    edges = radius_graph(pos, 2.0)
    compiled = torch.compile(layer, fullgraph=True)
    torch.testing.assert_close(compiled(x, pos, edges), layer(x, pos, edges), rtol=1e-4, atol=1e-5)
    grads = []
    for function in (compiled, layer):
        layer.zero_grad()
        function(x, pos, edges).square().sum().backward()
        grads.append(torch.cat([p.grad.flatten() for p in layer.parameters() if p.grad is not None]))
    torch.testing.assert_close(*grads, rtol=1e-3, atol=1e-4)
