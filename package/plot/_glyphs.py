"""One feature field drawn: colours for scalars, arrows for vectors, ellipses and ellipsoids for matrices.

What is drawn turns with the group.  The glyph of a matrix M is the image of the unit circle (sphere) under M, coloured
by the trace: that of ρ(g) M ρ(g)⁻¹ is the glyph of M turned by ρ(g) where ρ(g) is orthogonal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from intertwine.reps import Rep, V

from ._figure import DIVERGING, SEQUENTIAL, Array

ARROWS = 18  # arrows along an axis of a field, at most
GLYPHS = 14  # ellipses along an axis
NET: dict[str, Any] = {"edgecolor": (0, 0, 0, 0.2), "linewidth": 0.2}  # of a sphere, so that it looks round


def kind_of(rep_out: Rep, rep_in: Rep, space: Rep) -> str:
    """How matrices (out, in) are drawn: "scalar", "vector", "matrix" or, for all else, "norm"."""
    n = space.dim
    if rep_out.is_complex or rep_in.is_complex:
        return "norm"
    sizes = (rep_out.dim, rep_in.dim)
    if sizes == (1, 1):
        return "scalar"
    if sizes in ((n, 1), (1, n)):
        return "vector" if _is_space(rep_out if sizes[0] == n else rep_in, space) else "norm"
    if sizes == (n, n) and _is_space(rep_out, space) and _is_space(rep_in, space):
        return "matrix"
    if sizes == (n * n, 1) and rep_out == space * space:
        return "matrix"
    return "norm"


def _is_space(rep: Rep, space: Rep) -> bool:
    """Whether a representation has the matrices of the one that acts on positions."""
    group = rep._require_group()
    own = np.concatenate([rep.algebra, rep.discrete]) if rep.dim else np.zeros((0, 0, 0))
    other = np.concatenate([space.algebra, space.discrete])
    if own.shape != other.shape:
        return False
    return rep == space or rep == V(group) == space or bool(np.allclose(own, other, atol=1e-9))


def image(axes: Any, values: Array, extent: tuple[float, float, float, float], origin: str) -> None:
    """Scalars (rows, columns) in diverging colours centred on 0."""
    most = float(np.abs(values).max(initial=0)) or 1.0
    axes.imshow(values, origin=origin, extent=extent, cmap=DIVERGING, vmin=-most, vmax=most)


def size_image(axes: Any, values: Array, extent: tuple[float, float, float, float], origin: str) -> None:
    """Sizes (rows, columns), white at 0."""
    axes.imshow(values, origin=origin, extent=extent, cmap=SEQUENTIAL, vmin=0, vmax=float(values.max(initial=0)) or 1.0)


def arrows(axes: Any, points: Array, vectors: Array, step: float) -> None:
    """Arrows at points (m, 2), the longest one as long as 1.8 steps, shaded by length."""
    size = np.linalg.norm(vectors, axis=1)
    longest = float(size.max(initial=0)) or 1.0
    axes.quiver(
        *points.T,
        *vectors.T,
        size,
        angles="xy",
        scale_units="xy",
        scale=longest / (1.8 * step),
        cmap="viridis_r",
        clim=(-0.3 * longest, longest),
        width=0.007,
        pivot="mid",
    )


def ellipses(axes: Any, points: Array, matrices: Array, step: float) -> None:
    """Images of the unit circle under matrices (m, 2, 2) at points (m, 2), the largest twice as wide as a step."""
    from matplotlib.collections import PolyCollection

    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)])  # (2, 40)
    scale = 0.9 * step / (float(np.linalg.norm(matrices, 2, axis=(1, 2)).max(initial=0)) or 1.0)
    outlines = points[:, :, None] + scale * (matrices @ circle)  # (m, 2, 40)
    traces = np.trace(matrices, axis1=1, axis2=2)
    most = float(np.abs(traces).max(initial=0)) or 1.0
    drawn = PolyCollection(list(outlines.swapaxes(1, 2)), cmap=DIVERGING, edgecolors="0.3", linewidths=0.6)
    drawn.set_array(traces)
    drawn.set_clim(-most, most)
    axes.add_collection(drawn)


def plane(axes: Any, kind: str, points: Array, values: Array, origin: str = "lower") -> None:
    """A field of matrices (rows, columns, out, in) at points (rows, columns, 2), drawn as its kind says."""
    rows, columns = points.shape[:2]
    (left, low), (right, high) = points[0, 0], points[-1, -1]
    step = abs(right - left) / max(columns - 1, 1)
    half = (step / 2) * np.sign(right - left or 1)
    upright = (abs(high - low) / max(rows - 1, 1) / 2) * np.sign(high - low or 1)
    extent = (left - half, right + half, low - upright, high + upright)
    if origin == "upper":
        extent = (*extent[:2], extent[3], extent[2])
    if kind == "scalar":
        image(axes, values[..., 0, 0], extent, origin)
    elif kind == "norm":
        size_image(axes, np.linalg.norm(values, axis=(2, 3)), extent, origin)
    else:
        every = max(1, -(-max(rows, columns) // (ARROWS if kind == "vector" else GLYPHS)))
        start = ((max(rows, columns) - 1) % every) // 2
        at = points[start::every, start::every].reshape(-1, 2)
        chosen = values[start::every, start::every]
        if kind == "vector":
            arrows(axes, at, chosen.reshape(len(at), 2), every * step)
        else:
            ellipses(axes, at, chosen.reshape(len(at), 2, 2), every * step)
        axes.set(xlim=extent[:2], ylim=extent[2:])
    axes.set(aspect="equal", xticks=[], yticks=[])


def sphere(axes: Any, kind: str, points: Array, values: Array) -> None:
    """Matrices (a, b, out, in) at points (a, b, 3) of a sphere, on 3D axes."""
    radius = float(np.linalg.norm(points[0, 0]))
    reach = radius
    if kind in ("scalar", "norm"):
        shown = values[..., 0, 0] if kind == "scalar" else np.linalg.norm(values, axis=(2, 3))
        axes.plot_surface(
            *np.moveaxis(points, -1, 0), facecolors=_coloured(shown, kind), rstride=1, cstride=1, shade=False, **NET
        )
    else:
        at, chosen = points.reshape(-1, 3), values.reshape(-1, *values.shape[2:])
        reach = 1.3 * radius
        if kind == "vector":
            vectors = chosen.reshape(-1, 3)
            longest = float(np.linalg.norm(vectors, axis=1).max(initial=0)) or 1.0
            axes.quiver(*at.T, *(0.45 * radius / longest * vectors).T, color="#0072B2", linewidth=1, pivot="middle")
        else:
            ellipsoids(axes, at, chosen.reshape(-1, 3, 3), 0.19 * radius)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), zlim=(-reach, reach))
    axes.set_box_aspect((1, 1, 1), zoom=1.25)
    axes.set_axis_off()


def _coloured(values: Array, kind: str) -> Array:
    from matplotlib import colormaps

    most = float(np.abs(values).max(initial=0)) or 1.0
    unit = (values / most + 1) / 2 if kind == "scalar" else values / most
    return np.asarray(colormaps[DIVERGING if kind == "scalar" else SEQUENTIAL](unit))


def ellipsoids(axes: Any, points: Array, matrices: Array, size: float) -> None:
    """Images of the unit sphere under matrices (m, 3, 3) at points (m, 3), coloured by the trace."""
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    ball = sphere_points(1.0, 9, 12)  # (9, 12, 3)
    corners = np.stack([ball[:-1, :-1], ball[1:, :-1], ball[1:, 1:], ball[:-1, 1:]], 2).reshape(-1, 4, 3)
    scale = size / (float(np.linalg.norm(matrices, 2, axis=(1, 2)).max(initial=0)) or 1.0)
    faces = points[:, None, None] + scale * np.einsum("mij,fcj->mfci", matrices, corners)
    traces = np.trace(matrices, axis1=1, axis2=2)
    colours = np.repeat(_coloured(traces, "scalar"), len(corners), axis=0)
    axes.add_collection3d(
        Poly3DCollection(faces.reshape(-1, 4, 3), facecolors=colours, edgecolors="0.4", linewidths=0.1)
    )


def sphere_points(radius: float, rows: int, columns: int) -> Array:
    """A net (rows, columns, 3) of latitudes and longitudes."""
    polar, around = np.meshgrid(np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns), indexing="ij")
    return radius * np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)


def spread_points(radius: float, count: int) -> Array:
    """Points (1, count, 3) spread over a sphere, along a Fibonacci spiral."""
    z = 1 - (2 * np.arange(count) + 1) / count
    around = np.pi * (3 - 5**0.5) * np.arange(count)
    flat = np.sqrt(1 - z**2)
    return radius * np.stack([flat * np.cos(around), flat * np.sin(around), z], -1)[None]
