"""Axes are taken where they are given, and nothing of pyplot or torch is touched."""

import subprocess
import sys

import numpy as np
import pytest
from intertwine import plot
from intertwine.groups import SU, O
from intertwine.reps import T, V


def test_importing_loads_no_torch_and_drawing_no_pyplot():
    code = (
        "import sys; from intertwine import plot\n"
        "from intertwine.groups import SO, S; from intertwine.reps import T, V\n"
        "plot.generators(SO(3)); plot.roots(SO(5)); plot.cayley_graph(S(3)); plot.basis((V >> V)(SO(3)))\n"
        "plot.blocks(T(2)(SO(3)))\n"
        "print([m for m in ('torch', 'matplotlib.pyplot', 'plotly') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_given_axes_are_drawn_on():
    axes = plot.figure().subplots(1, 2)
    assert plot.generators(O(2), axes)[1] is axes[1]
    one = plot.figure().add_subplot()
    assert plot.roots(SU(3), one) is one


def test_a_wrong_number_or_kind_of_axes_is_refused():
    with pytest.raises(ValueError, match="2 panels to draw, but 3 axes"):
        plot.generators(O(2), plot.figure().subplots(1, 3))
    with pytest.raises(ValueError, match="3d axes, got flat"):
        plot.roots(SU(4), plot.figure().add_subplot())
    with pytest.raises(ValueError, match="flat axes, got 3d"):
        plot.roots(SU(3), plot.figure().add_subplot(projection="3d"))


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: plot.generators("SO(3)"), r"expected Group, got 'SO\(3\)' \(str\): give for example intertwine"),
        (lambda: plot.cayley_graph("S(3)"), r"expected Group, got 'S\(3\)' \(str\)"),
        (lambda: plot.roots(3), "expected Group, got 3"),
        (lambda: plot.weights(O), "expected Rep, got <function"),
        (lambda: plot.blocks(None), "expected Rep, got None"),
        (lambda: plot.field(np.zeros((1, 2, 2)), "V"), "expected Rep, got 'V'"),
        (lambda: plot.equivariance_errors(None), "expected Module, got None"),
        (lambda: plot.rotating(None, np.zeros((4, 4))), "expected Callable, got None"),
        (lambda: plot.rotating(abs, np.zeros((4, 4)), "SO(2)"), "expected Group, got 'SO"),
        (lambda: plot.basis((V >> V)(O(2)), axes=3), "expected Axes, got 3"),
        (lambda: plot.roots(SU(3), axes=plot.figure()), "expected Axes, got <Picture"),
    ],
)
def test_what_cannot_be_drawn_is_named_with_an_example(draw, said):
    with pytest.raises(TypeError, match=said):
        draw()


def test_pictures_of_runs_are_axes_and_take_them():
    history = [{"loss": 1.0, "score": 2.0}]
    one = plot.figure().add_subplot()
    assert plot.losses(history, {}, "MSE", axes=one) is one
    one = plot.figure().add_subplot()
    assert plot.parity([1.0, 2.0], [1.0, 2.0], "eV", "gap", axes=one) is one
    now = np.zeros((2, 5, 3))
    grid = plot.figure().subplots(2, 2)
    assert plot.trajectories(now, now, now, np.zeros((2, 3, 5, 3)), "", axes=grid).tolist() == grid.tolist()
    alone = plot.trajectories(now[:1], now[:1], now[:1], np.zeros((1, 3, 5, 3)), "at rest")
    assert alone.shape == (2, 1)
    assert alone[0, 0].figure.get_suptitle() == "at rest"


def test_save_writes_a_png(tmp_path):
    from PIL import Image

    path = plot.save(plot.blocks(T(2)(O(2)))[0].figure, tmp_path / "blocks.png")
    with Image.open(path) as image:
        assert image.format == "PNG"
    drawn = plot.blocks(T(2)(O(2)))
    for value in (drawn, drawn[0]):
        with Image.open(plot.save(value, tmp_path / "axes.png")) as again:
            assert again.size == image.size


@pytest.mark.parametrize("value", [None, 3, np.zeros((2, 2)), np.empty(0, object)])
def test_save_refuses_what_is_not_drawn(value, tmp_path):
    with pytest.raises(TypeError, match="writes a figure"):
        plot.save(value, tmp_path / "no.png")
    with pytest.raises(ValueError, match=r"end it with \.png"):
        plot.save(plot.figure(), tmp_path / "figure.pdf")
    assert not list(tmp_path.iterdir())


def test_every_picture_says_what_it_takes():
    assert all(getattr(plot, name).__doc__ for name in plot.__all__)
    assert len(plot.basis((V >> V)(O(2)))) == 1
    assert np.ndim(plot.generators(O(2))) == 1


def test_notebooks_show_a_figure():
    drawn = plot.generators(O(2))[0].figure
    assert drawn._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("true", "predicted", "says"),
    [
        ([], [], "n >= 1 real numbers, got shape \\(0,\\)"),
        ([1.0, 2.0], [1.0], "the same length, got 2 and 1"),
        (1.0, 2.0, "true is a list of .* got shape \\(\\)"),
        ([1.0], [[1.0]], "predicted is a list of .* got shape \\(1, 1\\)"),
        (["a"], [1.0], "true is a list of"),
    ],
)
def test_parity_needs_pairs_of_numbers(true, predicted, says):
    with pytest.raises(ValueError, match=says):
        plot.parity(true, predicted, "eV", "gap")
