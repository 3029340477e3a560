"""Pictures in space to be turned with the mouse, by plotly (``pip install '.[plotly]'`` in the checkout)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._figure import DIVERGING, SEQUENTIAL, Array
from ._kernels import components, kernel_of, values


def interactive(
    value: Any,
    component: tuple[int, int] = (0, 0),
    *,
    resolution: int = 41,
    radius: float | None = None,
    attr: Any = None,
    colours: ArrayLike | None = None,
    vectors: ArrayLike | None = None,
    edges: ArrayLike | None = None,
) -> Any:
    """A kernel on R³, or points such as a molecule, as a plotly figure that can be turned.

    Parameters
    ----------
    value : Kernel or layer with one, or array (N, 3)
        Of a kernel, one component on a sphere: colours for scalar → scalar, cones where one side is a vector, and for
        all else colours for the Frobenius norm.  Or the positions of points.
    component, resolution, radius, attr
        Of a kernel: as `intertwine.plot.kernel`.
    colours : (N,), optional
        Of points: a number each.
    vectors : (N, 3), optional
        Of points: an arrow each.
    edges : (2, E) of int, optional
        Of points: bonds, drawn as lines.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ImportError
        Without plotly.
    ValueError
        For points that are not (N, 3), kernels on other than three dimensions, and as `intertwine.plot.kernel`.

    Examples
    --------
    >>> import numpy as np
    >>> drawn = interactive(np.eye(3), colours=[1, 2, 3], edges=[[0, 1], [1, 2]])
    >>> [trace.type for trace in drawn.data]
    ['scatter3d', 'scatter3d']
    """
    go = _plotly()
    if hasattr(value, "rep_in") or hasattr(value, "kernel"):
        traces = _kernel(go, value, component, resolution, radius, attr)
    else:
        traces = _points(go, value, colours, vectors, edges)
    drawn = go.Figure(traces)
    hidden = {"visible": False}
    drawn.update_layout(
        scene={"aspectmode": "data", "xaxis": hidden, "yaxis": hidden, "zaxis": hidden},
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        showlegend=False,
    )
    return drawn


def _plotly() -> Any:
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise ImportError("interactive pictures need plotly: pip install '.[plotly]' in the checkout") from error
    return go


def _kernel(go: Any, layer: Any, component: tuple[int, int], resolution: int, radius: float | None, attr: Any) -> Any:
    found = kernel_of(layer)
    if found.space.dim != 3:
        raise ValueError(
            f"interactive draws kernels on 3 dimensions, but {found.space!r} has {found.space.dim}: use kernel"
        )
    part = values(found, *components(found, component)[0], resolution, attr, radius)
    if part.kind == "vector":
        return [_cones(go, part.points.reshape(-1, 3), part.matrices.reshape(-1, 3))]
    if part.kind == "matrix":
        raise ValueError("matrices have no picture in plotly: draw ellipsoids with intertwine.plot.kernel")
    signed = part.kind == "scalar"
    shown = part.matrices[..., 0, 0] if signed else np.linalg.norm(part.matrices, axis=(2, 3))
    most = float(np.abs(shown).max(initial=0)) or 1.0
    x, y, z = np.moveaxis(part.points, -1, 0)
    scale = DIVERGING if signed else SEQUENTIAL
    return [go.Surface(x=x, y=y, z=z, surfacecolor=shown, colorscale=scale, cmin=-most if signed else 0, cmax=most)]


def _cones(go: Any, at: Array, vectors: Array) -> Any:
    x, y, z = at.T
    u, v, w = vectors.T
    return go.Cone(x=x, y=y, z=z, u=u, v=v, w=w, colorscale="Viridis", anchor="cm", showscale=False)


def _points(
    go: Any, value: Any, colours: ArrayLike | None, vectors: ArrayLike | None, edges: ArrayLike | None
) -> list[Any]:
    at = np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value, dtype=float)
    if at.ndim != 2 or at.shape[1] != 3:
        raise ValueError(f"points are an array (N, 3), got shape {at.shape}")
    x, y, z = at.T
    traces = []
    for name, given, shape in (("colours", colours, at.shape[:1]), ("vectors", vectors, at.shape)):
        if given is not None and np.shape(given) != shape:
            raise ValueError(f"{name} of {len(at)} points have shape {shape}, got {np.shape(given)}")
    if edges is not None:
        ends = at[_edges(edges, len(at)).T]  # (E, 2, 3)
        broken = np.concatenate([ends, np.full((len(ends), 1, 3), np.nan)], 1).reshape(-1, 3)
        lines = dict(zip("xyz", broken.T))
        traces.append(go.Scatter3d(**lines, mode="lines", line={"color": "#888888", "width": 5}, hoverinfo="skip"))
    marker: dict[str, Any] = {"size": 7, "colorscale": "Viridis", "color": "#0072B2"}
    if colours is not None:
        marker["color"] = np.asarray(colours, float)
    traces.append(go.Scatter3d(x=x, y=y, z=z, mode="markers", marker=marker))
    if vectors is not None:
        traces.append(_cones(go, at, np.asarray(vectors, float)))
    return traces


def _edges(edges: ArrayLike, count: int) -> Array:
    found = np.asarray(edges, int)
    if found.ndim != 2 or len(found) != 2 or not ((found >= 0) & (found < count)).all():
        raise ValueError(f"edges are an array (2, E) of numbers of points, from 0 to {count - 1}, got {edges!r}")
    return found
