"""Rotate the input, watch the output: an equivariant network's output turns along, and turned back it stands still.

The turn is by an angle θ in the plane of the first two coordinates.  Three panels: the input turned, g x; the output,
f(g x); the output turned back, g⁻¹ f(g x), which for an equivariant f is f(x) in every frame.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from intertwine._files import write
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, V
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ._figure import COLOURS, DIVERGING, Array, panels
from ._glyphs import kind_of
from ._kernels import panel
from ._turning import Scene, scene_of, turns

TITLES = ("input, turned", "output", "output, turned back")
DPI = 90


def rotating(
    function: Callable[..., Any],
    x: Any,
    group: Group | None = None,
    frames: int = 24,
    path: Path | str | None = None,
    axes: Any = None,
    *,
    rep_in: Rep | None = None,
    rep_out: Rep | None = None,
    milliseconds: int = 90,
) -> Array:
    """Rotate the input, watch the output: g x, f(g x) and g⁻¹ f(g x) as g goes once around; a GIF where path is given.

    Parameters
    ----------
    function : module or function
        Of a field, given as (1, rep_in.dim, rows, columns): to a field, or to vectors (1, rep_out.dim).  Of points,
        given as positions (N, n): to features (N, rep_out.dim), or of the whole cloud (rep_out.dim,).
    x : array or Tensor
        An image (rows, columns), a field (rep_in.dim, rows, columns) — the network's first coordinate runs down the
        rows —, or points (N, 2) or (N, 3).
    group : Group, optional
        Acts on positions by its matrices; by default the function's.  A group without all rotations of the plane,
        such as `C` or `Dihedral`, turns by the nearest of those it has.
    frames : int
    path : path, optional
        Where the GIF is written.  The axes show the first frame.
    axes : array of three matplotlib Axes, optional
    rep_in, rep_out : Rep, optional
        By default the function's; else a scalar for an image, V for points; and ``rep_in`` for the output.
    milliseconds : int
        Per frame.

    Returns
    -------
    array of Axes (3,)

    Raises
    ------
    TypeError, ValueError
        For no function or no group; if the group is not known, does not act on the plane (or points' space), or has no
        rotation but the identity; if x is complex, or it or the output has another shape; for a file of another kind.

    Examples
    --------
    >>> import torch
    >>> from intertwine.conv import GridConv
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> conv = GridConv(Scalar, V, group=SO(2), kernel_size=5, padding=2)
    >>> axes = rotating(conv, torch.rand(12, 12), frames=2, path="turning.gif")
    >>> [ax.get_title() for ax in axes]
    ['input, turned', 'output', 'output, turned back']
    """
    if isinstance(frames, bool) or not isinstance(frames, int) or frames < 1:
        raise ValueError(f"frames is an integer >= 1, got {frames!r}")
    if path is not None and Path(path).suffix.lower() != ".gif":
        raise ValueError(f"rotating writes a GIF, got the name {Path(path).name!r}: end it with .gif")
    if not 0 < milliseconds < 65536:
        raise ValueError(f"milliseconds is a number from 1 to 65535, got {milliseconds!r}")
    scene = scene_of(function, x, group, rep_in, rep_out)
    pictures = [scene.frame(g) for g in turns(scene.group, frames)]
    drawn = panels(3, axes, columns=3, size=2.7, projection=None)
    inputs, outputs, _ = (list(part) for part in zip(*pictures))
    limits = _limits(inputs, scene.rep_in, inputs, True), _limits(outputs, scene.rep_out, inputs, not scene.points)
    for ax, title in zip(drawn, TITLES):
        ax.clear()
        ax.set_title(title, fontsize=10)
    draw = partial(_draw, drawn, scene, limits)
    if path is not None:
        _write_gif(Path(path), drawn[0].figure, [partial(draw, picture) for picture in pictures], milliseconds)
    draw(pictures[0])
    return drawn


class Limits(NamedTuple):
    """What holds for all frames: the largest size of a scalar, of a vector, and of any number; and of the input."""

    scalar: float
    vector: float
    number: float
    reach: float


def _limits(values: list[Array], rep: Rep, inputs: list[Array], fields: bool) -> Limits:
    joined = np.concatenate(
        [np.moveaxis(v, 0, -1).reshape(-1, v.shape[0]) if fields and v.ndim == 3 else v for v in values]
    )
    parts = _shown(rep)
    sizes = [
        float(np.linalg.norm(joined[..., part], axis=-1).max(initial=0)) if part is not None else 1.0 for part in parts
    ]
    number, reach = (float(np.abs(np.concatenate([v.ravel() for v in vs])).max(initial=0)) for vs in (values, inputs))
    return Limits(sizes[0] or 1.0, sizes[1] or 1.0, number or 1.0, reach or 1.0)


def _shown(rep: Rep) -> tuple[slice | None, slice | None]:
    """Where the first scalar is, and the first vector."""
    group = rep._require_group()
    start, scalar, vector = 0, None, None
    for n, part in rep.summands():
        if scalar is None and part.dim == 1:
            scalar = slice(start, start + 1)
        if vector is None and kind_of(part, Scalar(group), V(group)) == "vector":
            vector = slice(start, start + part.dim)
        start += n * part.dim
    return scalar, vector


def _draw(axes: Array, scene: Scene, limits: tuple[Limits, Limits], picture: tuple[Array, Array, Array]) -> None:
    """What is in the three panels, anew; axes and titles stay, which are slow to make."""
    turned, output, back = picture
    for ax in axes:
        for artist in (*ax.images, *ax.collections, *ax.patches, *ax.lines):
            artist.remove()
    if scene.points:
        _cloud(axes[0], turned, None, scene.rep_out, limits[1])
    else:
        _pixels(axes[0], turned, scene.rep_in, limits[0])
    for ax, values, at in zip(axes[1:], (output, back), (turned, scene.x)):
        if values.ndim == 3:
            _pixels(ax, values, scene.rep_out, limits[1])
        elif values.ndim == 2 and scene.points:
            _cloud(ax, at, values, scene.rep_out, limits[1])
        else:
            _bars(ax, values.ravel(), limits[1].number)


def _pixels(axes: Any, field: Array, rep: Rep, limits: Limits) -> None:
    """The first vector as arrows over the first scalar; the first summand where there is neither."""
    scalar, vector = _shown(rep)
    group = rep._require_group()
    if scalar is None and vector is None:
        part = rep.summands()[0][1]
        panel(axes, field[: part.dim], part)
    if scalar is not None:
        panel(axes, field[scalar], Scalar(group))
        axes.images[0].set_clim(-limits.scalar, limits.scalar)
    if vector is not None:
        panel(axes, field[vector], V(group))
        arrows = axes.collections[-1]
        arrows.scale *= limits.vector / (float(arrows.get_array().max()) or 1.0)
        arrows.set_clim(-0.3 * limits.vector, limits.vector)
        if scalar is not None:
            axes.images[0].set_alpha(0.55)
            arrows.set(array=None, color="0.1")
    axes.set(xticks=[], yticks=[])


def _cloud(axes: Any, at: Array, values: Array | None, rep: Rep, limits: Limits) -> None:
    """Points seen along the last axis: coloured by the first scalar, with the first vector as an arrow."""
    scalar, vector = _shown(rep)
    colours: dict[str, Any] = {"color": COLOURS[0]}
    if values is not None and scalar is not None:
        shown = values[:, scalar][:, 0]
        colours = {"c": shown, "cmap": DIVERGING, "vmin": -limits.scalar, "vmax": limits.scalar}
    if values is not None and vector is not None:
        arrows = values[:, vector][:, :2]
        scale = limits.vector / (0.5 * limits.reach)
        axes.quiver(*at[:, :2].T, *arrows.T, angles="xy", scale_units="xy", scale=scale, width=0.012, zorder=1)
    axes.scatter(*at[:, :2].T, s=50, edgecolors="0.3", zorder=2, **colours)
    reach = 1.4 * limits.reach
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])


def _bars(axes: Any, values: Array, most: float) -> None:
    """Features that belong to no place."""
    axes.bar(np.arange(len(values)), values, color=COLOURS[0])
    axes.axhline(0, color="0.5", linewidth=0.7)
    axes.set(ylim=(-1.1 * most, 1.1 * most), xticks=[], xlabel="feature")
    axes.spines[["top", "right"]].set_visible(False)


def _write_gif(path: Path, drawn: Any, draws: list[Callable[[], None]], milliseconds: int) -> None:
    """A looping GIF, whole or not at all."""
    from PIL import Image

    images = []
    with _canvas(drawn) as canvas:
        for draw in draws:
            draw()
            canvas.draw()
            image = Image.fromarray(np.array(canvas.buffer_rgba())).convert("RGB")
            images.append(image.quantize(128, dither=Image.Dither.NONE))
            drawn.set_layout_engine("none")  # the first frame's layout is that of all
    data = io.BytesIO()
    images[0].save(data, "GIF", save_all=True, append_images=images[1:], duration=milliseconds, loop=0, disposal=1)
    write(path, data.getvalue())


@contextmanager
def _canvas(drawn: Any) -> Iterator[FigureCanvasAgg]:
    """Pixels of a figure at the resolution of a GIF; the figure is then as it was."""
    canvas, engine, dpi = drawn.canvas, drawn.get_layout_engine(), drawn.dpi
    try:
        drawn.dpi = DPI
        yield FigureCanvasAgg(drawn)
    finally:
        drawn.dpi = dpi
        drawn.set_layout_engine(engine)
        drawn.set_canvas(canvas)
