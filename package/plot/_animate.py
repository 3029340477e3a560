"""Rotate the input, watch the output: an equivariant network's output turns along, and turned back it stands still.

The turn is by an angle θ in the plane of the first two coordinates.  Three panels: the input turned, g x; the output,
f(g x); the output turned back, g⁻¹ f(g x), which for an equivariant f is f(x) in every frame.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from intertwine._files import write
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, V

from ._figure import COLOURS, Array, panels
from ._kernels import panel

TITLES = ("input, turned", "output", "output, turned back")
NET = 72  # angles tried to find the turns that a group holds
DPI = 90


class Scene(NamedTuple):
    """A function with its input, and how both transform."""

    function: Callable[..., Any]
    x: Array
    group: Group
    rep_in: Rep
    rep_out: Rep
    points: bool

    def frame(self, g: Array) -> tuple[Array, Array, Array]:
        """g x, f(g x) and g⁻¹ f(g x)."""
        inverse = np.linalg.inv(g)
        turned = turn_field(self.x, self.rep_in, g) if not self.points else self.x @ self.rep_in.rho(g).T
        output = self._called(turned)
        if output.ndim == 3:
            return turned, output, turn_field(output, self.rep_out, inverse)
        return turned, output, output @ self.rep_out.rho(inverse).T

    def _called(self, x: Array) -> Array:
        import torch

        parameters = getattr(self.function, "parameters", None)
        like = next(parameters(), torch.zeros((), dtype=torch.float64)) if parameters else torch.zeros(()).double()
        given = torch.from_numpy(np.ascontiguousarray(x)).to(
            like.device, like.real.dtype if like.is_complex() else like.dtype
        )
        with torch.no_grad():
            y = self.function(given if self.points else given[None])
        y = y.detach().cpu().numpy() if hasattr(y, "detach") else np.asarray(y)
        y = y if self.points else y[0]
        if self.rep_out.dim not in (y.shape[-1:] if y.ndim < 3 else y.shape[:1]):
            raise ValueError(
                f"the output is to transform by {self.rep_out!r} of dimension {self.rep_out.dim}, got {y.shape}"
            )
        return y


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
    ValueError
        If the group is not known, does not act on the plane (or points' space), or has no rotation but the identity;
        if x or the output has another shape.

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
    scene = _scene(function, x, group, rep_in, rep_out)
    turns = _turns(scene.group, frames)
    pictures = [scene.frame(g) for g in turns]
    drawn = panels(3, axes, columns=3, size=2.7, projection=None)
    draw = partial(_draw, drawn, scene, _limits(scene, pictures))
    if path is not None:
        _write_gif(Path(path), drawn[0].figure, [partial(draw, picture) for picture in pictures], milliseconds)
    draw(pictures[0])
    return drawn


def _scene(function: Any, x: Any, group: Group | None, rep_in: Rep | None, rep_out: Rep | None) -> Scene:
    data = np.asarray(x.detach().cpu().numpy() if hasattr(x, "detach") else x, dtype=float)
    data = data[0] if data.ndim == 4 and len(data) == 1 else data
    points = data.ndim == 2 and data.shape[1] in (2, 3)
    data = data[None] if data.ndim == 2 and not points else data
    group = getattr(function, "group", None) if group is None else group
    if group is None:
        raise ValueError("the function does not say its group: pass group=…")
    if data.ndim != (2 if points else 3):
        raise ValueError(
            f"x is an image, a field (channels, rows, columns) or points (N, 2 or 3), got shape {data.shape}"
        )
    n = data.shape[1] if points else 2
    if group.d != n or group.field != "R":
        raise ValueError(f"{group.name} acts on {group.d} dimensions (over {group.field}), but x lies in {n} real ones")
    if points:
        rep_in = V
    elif rep_in is None:
        rep_in = getattr(function, "rep_in", Scalar)
    rep_out = getattr(function, "rep_out", rep_in) if rep_out is None else rep_out
    rep_in, rep_out = rep_in(group), rep_out(group)
    if not points and rep_in.dim != len(data):
        raise ValueError(f"x has {len(data)} channels, but rep_in = {rep_in!r} has dimension {rep_in.dim}")
    return Scene(function, data, group, rep_in, rep_out, points)


def rotation(angle: float, n: int) -> Array:
    """The rotation (n, n) by an angle in the plane of the first two coordinates."""
    g = np.eye(n)
    g[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return g


def _turns(group: Group, frames: int) -> list[Array]:
    """Rotations of the group nearest to equally spaced angles, once around."""
    angles = 2 * np.pi * np.arange(frames) / frames
    if rotation(1.0, group.d) in group:
        return [rotation(a, group.d) for a in angles]
    held = sorted({*(2 * np.pi * np.arange(NET) / NET).tolist(), *(2 * np.pi * np.arange(5) / 5).tolist()})
    held = [a for a in held if rotation(a, group.d) in group]
    if len(held) < 2:
        raise ValueError(f"{group.name} has no rotation in the plane of the first two coordinates but the identity")
    apart = np.abs(np.angle(np.exp(1j * (angles[:, None] - np.array(held)[None]))))
    return [rotation(held[k], group.d) for k in apart.argmin(1)]


def turn_field(x: Array, rep: Rep, g: Array) -> Array:
    """(g f)(p) = ρ(g) f(g⁻¹ p) around the centre, (dim, rows, columns), interpolated; 0 from outside."""
    from scipy.ndimage import affine_transform

    inverse = np.linalg.inv(g)
    centre = (np.array(x.shape[1:]) - 1) / 2
    moved = [affine_transform(c, inverse, centre - inverse @ centre, order=1) for c in x]
    return np.asarray(np.einsum("ij,jrc->irc", rep.rho(g), np.array(moved)))


def _limits(scene: Scene, pictures: list[tuple[Array, Array, Array]]) -> list[float]:
    """The same scale for all frames: the largest absolute value in each panel."""
    return [max(float(np.abs(picture[k]).max(initial=0)) for picture in pictures) or 1.0 for k in range(3)]


def _draw(axes: Array, scene: Scene, limits: list[float], picture: tuple[Array, Array, Array]) -> None:
    """Three panels, anew."""
    turned, output, back = picture
    for ax, title in zip(axes, TITLES):
        ax.clear()
        ax.set_axis_on()
        ax.set_title(title, fontsize=10)
    if scene.points:
        _cloud(axes[0], turned, None, scene.rep_out, limits)
    else:
        _pixels(axes[0], turned, scene.rep_in, limits[0])
    for ax, values, at in zip(axes[1:], (output, back), (turned, scene.x)):
        if values.ndim == 3:
            _pixels(ax, values, scene.rep_out, limits[1])
        elif values.ndim == 2 and scene.points:
            _cloud(ax, at, values, scene.rep_out, limits)
        else:
            _bars(ax, values.ravel(), limits[1])


def _pixels(axes: Any, field: Array, rep: Rep, most: float) -> None:
    """The first summand that is a vector as arrows over the first scalar; otherwise the first summand."""
    starts: dict[int, tuple[int, Rep]] = {}
    at = 0
    for n, part in rep.summands():
        starts.setdefault(part.dim, (at, part))
        at += n * part.dim
    chosen = [starts[d] for d in (1, 2) if d in starts] or [next(iter(starts.values()))]
    for start, part in chosen:
        panel(axes, field[start : start + part.dim], part)
    for image in axes.images:
        image.set_clim(-most if image.norm.vmin < 0 else 0, most)
    for arrows in axes.collections:
        if hasattr(arrows, "U"):
            arrows.scale = most / (1.4 * max(1.0, field.shape[2] / 24))
            arrows.set_clim(-0.3 * most, most)
    axes.set(xticks=[], yticks=[])


def _cloud(axes: Any, at: Array, values: Array | None, rep: Rep, limits: list[float]) -> None:
    """Points seen along the last axis: coloured by the first scalar, with the first vector as an arrow."""
    reach = 1.35 * limits[0] if at.shape[1] == 2 else 1.25 * limits[0]
    colours: dict[str, Any] = {"color": COLOURS[0]}
    if values is not None:
        start = 0
        for n, part in rep.summands():
            if part.dim == 1:
                colours = {"c": values[:, start], "cmap": "viridis", "vmin": -limits[1], "vmax": limits[1]}
            elif part.dim == at.shape[1]:
                vectors = values[:, start : start + 2]
                scale = limits[1] / (0.45 * limits[0])
                axes.quiver(*at[:, :2].T, *vectors.T, angles="xy", scale_units="xy", scale=scale, width=0.012, zorder=3)
            start += n * part.dim
    axes.scatter(*at[:, :2].T, s=45, edgecolors="0.3", zorder=2, **colours)
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
    for draw in draws:
        draw()
        buffer = io.BytesIO()
        drawn.savefig(buffer, format="png", dpi=DPI)
        images.append(Image.open(buffer).convert("RGB").quantize(128, dither=Image.Dither.NONE))
    data = io.BytesIO()
    images[0].save(data, "GIF", save_all=True, append_images=images[1:], duration=milliseconds, loop=0, disposal=1)
    write(path, data.getvalue())
