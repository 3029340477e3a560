"""Pictures of networks: errors by layer, and turning inputs."""

import numpy as np
import pytest
import torch
from intertwine import plot
from intertwine.conv import GridConv, report
from intertwine.emlp import Linear
from intertwine.groups import SO, SU, C, O, S
from intertwine.plot._turning import rotation, scene_of, turns
from intertwine.reps import Scalar, V
from PIL import Image


class Broken(torch.nn.Module):
    group, rep_in, rep_out = SO(3), V(SO(3)), V(SO(3))

    def forward(self, x):
        return torch.tanh(x)


def test_bars_are_the_errors_of_the_report():
    torch.manual_seed(0)
    net = torch.nn.Sequential(Linear(3 * V, V, SO(3)), Broken(), Linear(V, V, SO(3)))
    x = 5 * torch.randn(4, 9)
    found = report(net, x)
    axes = plot.equivariance_errors(found)
    rows = [row for row in found.rows if row.error is not None]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], [max(row.error, 1e-17) for row in rows])
    widths = [bar.get_width() for bar in plot.equivariance_errors(net, x).patches]
    assert widths[0] < 1e-12 < 1e-2 < widths[1]
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0  Linear", "1  Broken", "2  Linear"]


def test_errors_of_what_does_not_say_how_it_transforms():
    with pytest.raises(ValueError, match="no layer says"):
        plot.equivariance_errors(torch.nn.Linear(3, 3), torch.randn(2, 3))
    with pytest.raises(ValueError, match="alone"):
        plot.equivariance_errors(report(Broken(), torch.randn(2, 3)), torch.randn(2, 3))


def conv(rep_out=V, group=None):
    torch.manual_seed(0)
    return GridConv(Scalar, rep_out, group=group or SO(2), kernel_size=5, padding=2, dtype=torch.float64)


def blob(n=20):
    line = np.linspace(-2, 2, n)
    return np.exp(-((line[:, None] - 0.4) ** 2) - 2 * line[None] ** 2)


def test_a_gif_has_its_frames(tmp_path):
    path = tmp_path / "turning.gif"
    axes = plot.rotating(conv(), blob(), frames=5, path=path)
    with Image.open(path) as image:
        assert (image.format, image.n_frames) == ("GIF", 5)
    assert [p.name for p in tmp_path.iterdir()] == ["turning.gif"]
    assert [len(ax.images) for ax in axes] == [1, 0, 0]
    assert [len(ax.collections) for ax in axes] == [0, 1, 1]
    np.testing.assert_allclose(axes[0].images[0].get_array(), blob())


def test_a_gif_leaves_the_figure_as_it_was(tmp_path):
    axes = plot.figure(7, 3).subplots(1, 3)
    axes[0].plot([0, 1])
    figure = axes[0].figure
    before = (figure.dpi, figure.get_layout_engine(), figure.canvas)
    plot.rotating(conv(Scalar + V), blob(), frames=3, path=tmp_path / "turning.gif", axes=axes)
    assert (figure.dpi, figure.get_layout_engine(), figure.canvas) == before
    assert not axes[0].lines
    with Image.open(tmp_path / "turning.gif") as image:
        assert image.size == (630, 270)
        frames = []
        for k in range(3):
            image.seek(k)
            frames.append(np.asarray(image.convert("RGB"), float))
    left, right = slice(0, 210), slice(430, 630)
    assert np.abs(frames[1] - frames[0])[:, left].max() > 50  # the input turns
    assert np.abs(frames[1] - frames[0])[:, left].mean() > 2 * np.abs(frames[1] - frames[0])[:, right].mean()


def test_an_equivariant_output_turned_back_stands_still():
    scene = scene_of(conv(Scalar + V), blob(), None, None, None)
    first = scene.frame(rotation(0.0, 2))[2]
    for angle in (np.pi / 2, 0.7):
        _, output, back = scene.frame(rotation(angle, 2))
        size = np.linalg.norm(first)
        assert np.linalg.norm(output - first) > 0.3 * size
        assert np.linalg.norm(back - first) < (1e-9 if angle > 1 else 0.05) * size


def test_an_output_that_is_not_equivariant_does_not_stand_still():
    torch.manual_seed(0)
    scene = scene_of(torch.nn.Conv2d(1, 2, 5, padding=2).double(), blob(), SO(2), Scalar, V)
    first, back = (scene.frame(rotation(a, 2))[2] for a in (0.0, np.pi / 2))
    assert np.linalg.norm(back - first) > 0.3 * np.linalg.norm(first)


def push(x):
    return (x[:, None] - x[None]).sum(1)


def test_points_turn_with_their_arrows(tmp_path):
    x = np.random.default_rng(0).standard_normal((5, 3))
    scene = scene_of(push, x, SO(3), None, V)
    turned, output, back = scene.frame(rotation(1.0, 3))
    np.testing.assert_allclose(turned, x @ rotation(1.0, 3).T)
    np.testing.assert_allclose(output, push(torch.from_numpy(turned)).numpy())
    np.testing.assert_allclose(back, push(torch.from_numpy(x)).numpy(), atol=1e-12)
    axes = plot.rotating(push, x, SO(3), frames=3, path=tmp_path / "points.gif", rep_out=V)
    np.testing.assert_allclose(axes[0].collections[0].get_offsets(), x[:, :2])


def test_a_group_of_quarter_turns_turns_by_them():
    scene = scene_of(conv(group=C(4)), blob(), None, None, None)
    for g in turns(scene.group, 12):
        assert g in scene.group
    assert len({tuple(np.round(g, 6).ravel()) for g in turns(scene.group, 12)}) == 4


def test_invariant_outputs_are_bars():
    axes = plot.rotating(lambda x: x.mean((2, 3)), blob(), SO(2), frames=2, rep_out=Scalar)
    assert len(axes[1].patches) == 1


def test_what_cannot_turn_is_refused():
    with pytest.raises(ValueError, match="group"):
        plot.rotating(push, np.ones((4, 3)))
    with pytest.raises(ValueError, match="acts on 3 dimensions"):
        plot.rotating(push, blob(), SO(3))
    with pytest.raises(ValueError, match="over C"):
        plot.rotating(push, blob(), SU(2))
    with pytest.raises(ValueError, match="no rotation"):
        plot.rotating(push, np.ones((4, 2)), S(2))
    with pytest.raises(ValueError, match="2 channels"):
        plot.rotating(conv(), np.ones((2, 8, 8)))
    with pytest.raises(ValueError, match="dimension 1"):
        plot.rotating(push, np.ones((4, 2)), O(2), rep_out=Scalar)
    with pytest.raises(ValueError, match="frames"):
        plot.rotating(conv(), blob(), frames=0)
    with pytest.raises(ValueError, match="x is real, got complex128"):
        plot.rotating(conv(), blob() * 1j)
    with pytest.raises(ValueError, match=r"got the name 'turning\.png': end it with \.gif"):
        plot.rotating(conv(), blob(), path="turning.png")
    with pytest.raises(ValueError, match="milliseconds"):
        plot.rotating(conv(), blob(), milliseconds=-1)
