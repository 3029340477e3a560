"""Steerable kernels as fields of matrices on the line, the plane and space, and feature fields on pixel grids."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from intertwine.reps import Rep, Scalar

from ._figure import A_REP, COLOURS, Array, bare, check_projection, panels, require
from ._glyphs import kind_of, plane, sphere, sphere_points, spread_points

LIMIT = 48  # panels
SPREAD = {"vector": 120, "matrix": 60}  # points of a sphere for glyphs


class Values(NamedTuple):
    """A kernel's values between one summand of the output and one of the input."""

    kind: str
    points: Array  # (..., n)
    matrices: Array  # (..., out, in)
    title: str


def kernel(
    layer_or_kernel: Any,
    component: tuple[int, int] | None = None,
    resolution: int = 33,
    axes: Any = None,
    *,
    attr: Any = None,
    radius: float | None = None,
) -> Any:
    """A steerable kernel K(x) as a field of matrices, a panel per summand of the output (row) and input (column).

    On the plane, by how a block of K transforms: scalar → scalar is an image (red negative, blue positive); where one
    side is a vector (the representation that acts on positions) and the other a scalar, arrows; vector → vector, or
    scalar → T(2), ellipses, the images M(unit circle) of each matrix M coloured by its trace; anything else an image
    of its Frobenius norm.  In space: the same on the sphere of one radius, with ellipsoids for matrices.  On the line:
    a curve per entry.  Of ``n * rep`` the first copy is shown.  The first coordinate runs to the right.

    Parameters
    ----------
    layer_or_kernel : intertwine.conv.Kernel, GridConv, GridConvTransposed or PointConv
        Of a layer, its kernel (without the layer's gain).
    component : (i, j), optional
        Show only summand i of ``rep_out`` and j of ``rep_in``, in the order of their ``summands()``.
    resolution : int
        Points along an axis (a meridian, in space).
    axes : matplotlib Axes or array of them, optional
        As many as there are panels; in space 3D ones.
    attr : array (edge.dim,), optional
        The attributes of the edge, for a kernel that has them.
    radius : float, optional
        Half the width of the picture, by default the kernel's cutoff; in space the radius of the sphere, by default
        half the cutoff.

    Returns
    -------
    array of Axes (summands of rep_out, summands of rep_in), or one Axes for a component

    Raises
    ------
    TypeError, ValueError
        For anything without a kernel; a component that is not there; attributes missing; positions of more than
        three dimensions; more than 48 panels.

    Examples
    --------
    >>> from intertwine.conv import ImplicitKernel
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> axes = kernel(ImplicitKernel(Scalar, Scalar + V, group=O(2)), resolution=9)
    >>> axes.shape, len(axes[0, 0].images), axes[1, 0].collections[0].U.shape
    ((2, 1), 1, (81,))
    """
    found = kernel_of(layer_or_kernel)
    chosen = components(found, component)
    n = found.space.dim
    projection = "3d" if n == 3 else None
    columns = len({j for _, j in chosen})
    drawn = panels(len(chosen), axes, columns, 2.6, projection)
    for ax, (i, j) in zip(drawn, chosen):
        check_projection(ax, projection)
        part = values(found, i, j, resolution, attr, radius)
        draw: Any = (_curves, plane, sphere)[n - 1]
        draw(ax, part.kind, part.points, part.matrices)
        ax.set_title(part.title, fontsize=9)
    if axes is None:
        where = f" at |x| = {_radius(found, radius):g}" if n == 3 else ""
        drawn[0].figure.suptitle(f"Kernel of {found.group.name}{where}", fontsize=11)
    return drawn.reshape(-1, columns) if component is None else drawn[0]


def kernel_of(layer: Any) -> Any:
    """The kernel of a layer, or the kernel itself."""
    found = getattr(layer, "kernel", layer)
    if not all(hasattr(found, name) for name in ("group", "rep_in", "rep_out", "space")):
        raise TypeError(f"a kernel is drawn of a GridConv, a PointConv or a Kernel, got {type(layer).__name__}")
    if found.space.dim not in (1, 2, 3):
        raise ValueError(f"kernels are drawn on 1, 2 and 3 dimensions, but {found.space!r} has {found.space.dim}")
    return found


def components(found: Any, component: tuple[int, int] | None) -> list[tuple[int, int]]:
    """The pairs of summands to draw: the one chosen, or all."""
    sizes = len(found.rep_out.summands()), len(found.rep_in.summands())
    every = [(i, j) for i in range(sizes[0]) for j in range(sizes[1])]
    if component is not None:
        if (tuple(component) if isinstance(component, Iterable) else component) not in every:
            raise ValueError(
                f"component is (i, j) for summand i < {sizes[0]} of {found.rep_out!r} and j < {sizes[1]} of "
                f"{found.rep_in!r}, got {component!r}"
            )
        return [(int(component[0]), int(component[1]))]
    if len(every) > LIMIT:
        raise ValueError(f"{len(every)} pairs of summands are too many to draw (above {LIMIT}): choose a component")
    return every


def values(found: Any, i: int, j: int, resolution: int, attr: Any, radius: float | None) -> Values:
    """What is drawn for summands i and j."""
    (rows, rep_out), (columns, rep_in) = _slices(found.rep_out)[i], _slices(found.rep_in)[j]
    kind = kind_of(rep_out, rep_in, found.space)
    if not isinstance(resolution, int) or isinstance(resolution, bool) or resolution < 2:
        raise ValueError(f"resolution is an integer >= 2, got {resolution!r}")
    points = _points(found.space.dim, kind, _radius(found, radius), resolution)
    matrices = _evaluated(found, points, attr)[..., rows, columns]
    note = ", size" if kind == "norm" else ""
    return Values(kind, points, matrices, f"{rep_in!r} → {rep_out!r}{note}")


def _slices(rep: Rep) -> list[tuple[slice, Rep]]:
    """The first copy of every summand."""
    ends = [0, *accumulate(n * part.dim for n, part in rep.summands())]
    return [(slice(start, start + part.dim), part) for start, (_, part) in zip(ends, rep.summands())]


def _radius(found: Any, radius: float | None) -> float:
    if radius is not None:
        if isinstance(radius, bool) or not isinstance(radius, Real):
            raise TypeError(f"radius is a number > 0, got {radius!r} ({type(radius).__name__})")
        if not 0 < radius < float("inf"):
            raise ValueError(f"radius is a number > 0, got {radius!r}")
        return float(radius)
    constants = getattr(found, "constants", None)
    try:
        cutoff = float(constants.value("cutoff")) if constants is not None else 1.0
    except (KeyError, AttributeError):
        cutoff = 1.0
    return cutoff / 2 if found.space.dim == 3 else cutoff


def _points(n: int, kind: str, radius: float, resolution: int) -> Array:
    line = np.linspace(-radius, radius, resolution)
    if n == 1:
        return line[:, None]
    if n == 2:
        return np.stack(np.meshgrid(line, line, indexing="xy"), -1)
    return spread_points(radius, SPREAD[kind]) if kind in SPREAD else sphere_points(radius, resolution, 2 * resolution)


def _evaluated(found: Any, points: Array, attr: Any) -> Array:
    """K at points (..., n): (..., out, in)."""
    import torch

    like = next(found.parameters(), torch.zeros(()))
    dtype = like.real.dtype if like.is_complex() else like.dtype
    x = torch.from_numpy(points.reshape(-1, points.shape[-1])).to(like.device, dtype)
    edge = getattr(found, "edge", None)
    if (attr is None) != (edge is None):
        raise ValueError(
            f"the kernel has attributes edge = {edge!r}: " + ("give attr" if attr is None else "leave out attr")
        )
    with torch.no_grad():
        if edge is None:
            k = found(x)
        else:
            a = torch.as_tensor(attr, dtype=like.dtype, device=like.device)
            if a.shape != (edge.dim,):
                raise ValueError(f"attr must be of shape ({edge.dim},), one edge's attributes, got {tuple(a.shape)}")
            k = found(x, a.expand(len(x), -1))
    return np.asarray(k.cpu().numpy()).reshape(*points.shape[:-1], *k.shape[1:])


def _curves(axes: Any, kind: str, points: Array, matrices: Array) -> None:
    """A curve for every entry of matrices (m, out, in)."""
    flat = matrices.reshape(len(matrices), -1)
    for k, curve in enumerate(np.abs(flat).T if np.iscomplexobj(flat) else flat.T):
        axes.plot(points[:, 0], curve, color=COLOURS[k % len(COLOURS)], linewidth=1.2)
    axes.axhline(0, color="0.7", linewidth=0.7, zorder=0)


def field(x: Any, rep: Rep, axes: Any = None, count: int = 8) -> Array:
    """A feature field on a pixel grid, a panel per summand: images for scalars, arrows for vectors.

    Vectors are copies of V of a group of 2 × 2 matrices: their components are those along rows and columns, as in
    `intertwine.conv.GridConv` (the first coordinate runs down the rows).  T(2) gives ellipses, as in `kernel`, and
    anything else an image of its norm.

    Parameters
    ----------
    x : array or Tensor (rep.dim, rows, columns), or (1, rep.dim, rows, columns)
    rep : bound Rep
    axes : matplotlib Axes or array of them, optional
        As many as are drawn.
    count : int
        Largest number of summands drawn, every copy counted.

    Returns
    -------
    array of Axes

    Raises
    ------
    TypeError, ValueError
        For no representation; if x has another shape or no pixels, or is complex where the representation is real; if
        count or the number of axes is another.

    Examples
    --------
    >>> import numpy as np
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> axes = field(np.random.default_rng(0).standard_normal((3, 8, 8)), (Scalar + V)(O(2)))
    >>> len(axes[0].images), axes[1].collections[0].U.shape
    (1, (64,))
    """
    require(rep, Rep, A_REP)
    data = as_field(x, rep)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"count is an integer >= 1, got {count!r}")
    parts = [part for n, part in rep.summands() for _ in range(n)]
    ends = [0, *accumulate(part.dim for part in parts)]
    shown = parts[:count]
    drawn = panels(len(shown), axes, columns=4, size=2.6)
    for ax, part, start in zip(drawn, shown, ends):
        panel(ax, data[start : start + part.dim], part)
        bare(ax, repr(part))
    return drawn


def as_field(x: Any, rep: Rep) -> Array:
    """A field as an array (rep.dim, rows, columns)."""
    data = as_array(x)
    data = data[0] if data.ndim == 4 and len(data) == 1 else data
    if np.iscomplexobj(data) and not rep.is_complex:
        raise ValueError(f"{rep!r} is real, but x is complex: draw x.real or x.imag")
    if data.ndim != 3 or len(data) != rep.dim or not data.size:
        raise ValueError(f"a field of {rep!r} is an array (rep.dim = {rep.dim}, rows, columns), got shape {data.shape}")
    return data


def as_array(x: Any) -> Array:
    """A tensor of any device and precision, or what numpy reads."""
    if not hasattr(x, "detach"):
        return np.asarray(x)
    x = x.detach().cpu()
    return np.asarray((x.resolve_conj() if x.is_complex() else x.double()).numpy())


def panel(axes: Any, data: Array, part: Rep) -> None:
    """One summand (part.dim, rows, columns), rows downwards."""
    group = part._require_group()
    rows, columns = data.shape[1:]
    points = np.stack(np.meshgrid(np.arange(columns), np.arange(rows), indexing="xy"), -1).astype(float)
    space = _plane_of(group)
    kind = "scalar" if part.dim == 1 and not part.is_complex else "norm"
    if space is not None:
        kind = kind_of(part, Scalar(group), space)
    matrices = np.moveaxis(data, 0, -1)[..., None]  # (rows, columns, dim, 1)
    if kind == "vector":
        matrices = matrices[:, :, ::-1]  # the first component runs down the rows, the picture's second coordinate
    elif kind == "matrix":
        matrices = matrices.reshape(rows, columns, 2, 2)[:, :, ::-1, ::-1]
    plane(axes, kind, points, matrices, origin="upper")


def _plane_of(group: Any) -> Rep | None:
    from intertwine.reps import V

    return V(group) if group.d == 2 and group.field == "R" else None
