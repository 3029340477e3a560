"""Drawn kernels are the kernel's values at the drawn points, and turn with the group."""

import numpy as np
import pytest
import torch
from intertwine import plot
from intertwine.conv import GridConv, ImplicitKernel, PointConv
from intertwine.groups import SO, C, O
from intertwine.reps import Irrep, Scalar, T, V
from matplotlib.collections import PolyCollection
from matplotlib.quiver import Quiver

QUARTER = np.array([[0.0, -1.0], [1.0, 0.0]])


def made(rep_in, rep_out, group, **kwargs):
    torch.manual_seed(0)
    return ImplicitKernel(rep_in, rep_out, group=group, hidden=16, dtype=torch.float64, **kwargs)


def quiver(axes):
    (found,) = (c for c in axes.collections if isinstance(c, Quiver))
    return np.asarray(found.get_offsets()), np.stack([found.U, found.V], 1)


def values(kernel, points):
    with torch.no_grad():
        return kernel(torch.from_numpy(np.ascontiguousarray(points))).numpy()


def turned(points, vectors, g):
    """Drawn arrows, moved and turned by g: at the same points again, in the same order."""
    place = {tuple(np.round(p, 6) + 0.0): v for p, v in zip(points @ g.T, vectors @ g.T)}
    return np.array([place[tuple(np.round(p, 6) + 0.0)] for p in points])


def test_arrows_are_the_values_and_turn_with_the_group():
    kernel = made(Scalar, V, SO(2))
    points, vectors = quiver(plot.kernel(kernel, (0, 0), resolution=11))
    assert len(points) == 121
    np.testing.assert_allclose(vectors, values(kernel, points)[..., 0], atol=1e-12)
    np.testing.assert_allclose(turned(points, vectors, QUARTER), vectors, atol=1e-12)
    for g in kernel.group.sample(3, rng=0):  # K(gx) = ρ_out(g) K(x) ρ_in(g)⁻¹, ρ_in trivial
        np.testing.assert_allclose(values(kernel, points @ g.T)[..., 0], vectors @ kernel.rep_out.rho(g).T, atol=1e-10)


def test_arrows_that_do_not_turn_are_seen():
    class Constant(torch.nn.Module):
        group, space, rep_in, rep_out = SO(2), V(SO(2)), Scalar(SO(2)), V(SO(2))

        def forward(self, x):
            return torch.ones(*x.shape[:-1], 2, 1, dtype=x.dtype)

    points, vectors = quiver(plot.kernel(Constant(), (0, 0), resolution=5))
    assert np.abs(turned(points, vectors, QUARTER) - vectors).max() > 0.5


def test_rows_are_drawn_as_arrows_too():
    kernel = made(V, Scalar, SO(2))
    points, vectors = quiver(plot.kernel(kernel, (0, 0), resolution=9))
    np.testing.assert_allclose(vectors, values(kernel, points)[..., 0, :], atol=1e-12)
    np.testing.assert_allclose(turned(points, vectors, QUARTER), vectors, atol=1e-12)


def test_images_are_the_values_and_turn_with_the_group():
    kernel = made(Scalar, Scalar, C(4))
    axes = plot.kernel(kernel, (0, 0), resolution=8)
    image = np.asarray(axes.images[0].get_array())
    x0, x1, y0, y1 = axes.images[0].get_extent()
    line = np.linspace(x0, x1, 9)
    middle = (line[1:] + line[:-1]) / 2
    assert (x0, x1) == (y0, y1)
    at = np.stack(np.meshgrid(middle, middle, indexing="xy"), -1)  # row: second coordinate, upwards
    np.testing.assert_allclose(image, values(kernel, at)[..., 0, 0], atol=1e-12)
    assert axes.images[0].origin == "lower"
    np.testing.assert_allclose(np.rot90(image), image, atol=1e-12)
    assert np.abs(image - image.T).max() > 1e-3  # C(4) has no mirrors


def outlines(axes):
    (found,) = (c for c in axes.collections if isinstance(c, PolyCollection) and not isinstance(c, Quiver))
    paths = np.array([p.vertices[:-1] for p in found.get_paths()])  # (m, 40, 2)
    return paths.mean(1), paths, np.asarray(found.get_array())


@pytest.mark.parametrize(("rep_in", "rep_out"), [(V, V), (Scalar, T(2))])
def test_ellipses_are_images_of_the_circle_and_turn_with_the_group(rep_in, rep_out):
    kernel = made(rep_in, rep_out, SO(2))
    centres, paths, traces = outlines(plot.kernel(kernel, (0, 0), resolution=7))
    matrices = values(kernel, centres).reshape(-1, 2, 2)
    np.testing.assert_allclose(traces, np.trace(matrices, axis1=1, axis2=2), atol=1e-12)
    arms = (paths - centres[:, None]) / np.abs(paths - centres[:, None]).max()
    circle = np.array([[np.cos(t), np.sin(t)] for t in np.linspace(0, 2 * np.pi, 40, endpoint=False)])
    expected = circle @ matrices.swapaxes(1, 2)
    np.testing.assert_allclose(arms, expected / np.abs(expected).max(), atol=1e-9)
    # a quarter turn takes point k of the circle to point k + 10
    place = {tuple(np.round(c, 6) + 0.0): a for c, a in zip(centres @ QUARTER.T, arms @ QUARTER.T)}
    moved = np.array([place[tuple(np.round(c, 6) + 0.0)] for c in centres])
    np.testing.assert_allclose(np.roll(arms, -10, axis=1), moved, atol=1e-9)


def test_a_panel_for_every_pair_of_summands():
    kernel = made(Scalar + 2 * V, 3 * Scalar + V + Irrep(2), SO(2))
    axes = plot.kernel(kernel, resolution=7)
    assert axes.shape == (3, 2)
    assert [ax.get_title() for ax in axes[:, 0]] == ["Scalar → Scalar", "Scalar → V", "Scalar → Irrep(2), size"]
    at = np.stack(np.meshgrid(*[np.linspace(-1, 1, 7)] * 2, indexing="xy"), -1)
    sizes = np.linalg.norm(values(kernel, at)[..., 5:7, 0], axis=-1)
    np.testing.assert_allclose(axes[2, 0].images[0].get_array(), sizes, atol=1e-12)


def test_layers_show_their_kernel():
    for layer in (
        GridConv(Scalar, V, group=O(2), kernel_size=5, dtype=torch.float64),
        PointConv(Scalar, V, group=O(2), cutoff=2.0, dtype=torch.float64),
    ):
        points, vectors = quiver(plot.kernel(layer, (0, 0), resolution=5))
        np.testing.assert_allclose(vectors, values(layer.kernel, points)[..., 0], atol=1e-12)
    assert points.max() == 2.0  # the cutoff


def test_kernels_in_space_are_drawn_on_a_sphere():
    kernel = made(Scalar + V, Scalar + V, SO(3))
    axes = plot.kernel(kernel, resolution=9)
    assert {ax.name for ax in axes.flat} == {"3d"}
    starts_and_ends = np.array(axes[1, 0].collections[0]._segments3d)[:120]
    middles = starts_and_ends.mean(1)
    np.testing.assert_allclose(np.linalg.norm(middles, axis=1), 0.5, atol=1e-9)
    steps = starts_and_ends[:, 0] - starts_and_ends[:, 1]  # matplotlib lists tips first
    vectors = values(kernel, middles)[:, 1:, 0]
    np.testing.assert_allclose(steps / np.abs(steps).max(), vectors / np.abs(vectors).max(), atol=1e-9)


def test_kernels_on_the_line_are_curves():
    kernel = made(Scalar, V, O(1))
    axes = plot.kernel(kernel, (0, 0), resolution=11)
    curve = axes.lines[0].get_ydata()
    np.testing.assert_allclose(curve, -curve[::-1], atol=1e-12)  # odd


def test_attributes_are_needed_where_the_kernel_has_them():
    kernel = made(Scalar, V, SO(2), edge=V)
    with pytest.raises(ValueError, match="give attr"):
        plot.kernel(kernel)
    points, vectors = quiver(plot.kernel(kernel, (0, 0), resolution=5, attr=[1.0, 0.0]))
    with torch.no_grad():
        expected = kernel(torch.from_numpy(points), torch.tensor([[1.0, 0.0]]).double().expand(25, 2))[..., 0]
    np.testing.assert_allclose(vectors, expected, atol=1e-12)
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        plot.kernel(kernel, attr=[1.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="leave out attr"):
        plot.kernel(made(Scalar, V, SO(2)), attr=[1.0, 0.0])


def test_wrong_arguments_are_refused():
    kernel = made(Scalar, V, SO(2))
    with pytest.raises(TypeError, match="GridConv"):
        plot.kernel(torch.nn.Linear(2, 2))
    for component in ((1, 0), 5, "ab"):
        with pytest.raises(ValueError, match=r"component is \(i, j\)"):
            plot.kernel(kernel, component)
    with pytest.raises(ValueError, match="resolution"):
        plot.kernel(kernel, resolution=1)
    with pytest.raises(ValueError, match="radius"):
        plot.kernel(kernel, radius=0.0)
    for wrong in ("a", True, [1.0], 1j):
        with pytest.raises(TypeError, match="radius is a number > 0, got"):
            plot.kernel(kernel, radius=wrong)
    with pytest.raises(ValueError, match="1, 2 and 3 dimensions"):
        plot.kernel(made(Scalar, V, SO(4)))


def test_fields_are_drawn_summand_by_summand():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((7, 6, 6))
    scalar, vector, tensor = plot.field(x, (Scalar + V + T(2))(O(2)))
    np.testing.assert_allclose(scalar.images[0].get_array(), x[0])
    points, arrows = quiver(vector)
    assert vector.yaxis_inverted()  # the first coordinate runs down the rows
    columns, rows = np.round(points).astype(int).T
    np.testing.assert_allclose(arrows, x[[2, 1]][:, rows, columns].T)
    assert len(outlines(tensor)[0]) == 36
    assert len(plot.field(np.ones((20, 4, 4)), 20 * Scalar(O(2)), count=5)) == 5
    with pytest.raises(ValueError, match=r"rep\.dim = 3"):
        plot.field(x, (Scalar + V)(O(2)))
    with pytest.raises(ValueError, match=r"got shape \(1, 0, 0\)"):
        plot.field(np.zeros((1, 0, 0)), Scalar(O(2)))
    for count in (0, -1, 2.0):
        with pytest.raises(ValueError, match="count is an integer >= 1"):
            plot.field(np.ones((1, 4, 4)), Scalar(O(2)), count=count)
    with pytest.raises(ValueError, match="V is real, but x is complex"):
        plot.field(np.ones((2, 4, 4)) * 1j, V(O(2)))
    low = torch.rand(2, 4, 4).bfloat16()
    np.testing.assert_allclose(quiver(plot.field(low, V(O(2)))[0])[1].ravel().sum(), low.double().sum())


def test_interactive_kernels_and_points():
    pytest.importorskip("plotly")
    kernel = made(Scalar, Scalar + V, SO(3))
    (surface,) = plot.interactive(kernel, resolution=5).data
    at = np.stack([surface.x, surface.y, surface.z], -1)
    np.testing.assert_allclose(surface.surfacecolor, values(kernel, at)[..., 0, 0], atol=1e-12)
    (cones,) = plot.interactive(kernel, (1, 0)).data
    arrows = np.stack([cones.u, cones.v, cones.w], 1)
    at = np.stack([cones.x, cones.y, cones.z], 1)
    np.testing.assert_allclose(arrows, values(kernel, at)[:, 1:, 0], atol=1e-12)
    lines, points = plot.interactive(np.eye(3), edges=[[0], [1]]).data
    np.testing.assert_allclose(points.x, [1, 0, 0])
    np.testing.assert_allclose(lines.x[:2], [1, 0])
    with pytest.raises(ValueError, match=r"\(N, 3\)"):
        plot.interactive(np.eye(2))
    for wrong in ({"colours": [1, 2]}, {"vectors": [[1, 2]]}, {"edges": [[0], [3]]}, {"edges": [0, 1]}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} (of|are)"):
            plot.interactive(np.eye(3), **wrong)
    with pytest.raises(ValueError, match="on 3 dimensions"):
        plot.interactive(made(Scalar, V, SO(2)))


def test_interactive_without_plotly_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(ImportError, match=r"pip install '\.\[plotly\]'"):
        plot.interactive(np.eye(3))
