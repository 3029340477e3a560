"""Figures and panels, drawn without a display and without touching matplotlib's global state."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from intertwine._files import write
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

Array = NDArray[Any]

#: Python that makes what pictures are drawn of
A_GROUP = "intertwine.groups.SO(3)"
A_REP = "intertwine.reps.T(2)(intertwine.groups.SO(3))"
DIVERGING = "RdBu"  # values with a sign: red, white at 0, blue
SEQUENTIAL = "Blues"  # sizes: white at 0
#: Okabe and Ito's colours, told apart with every kind of colour vision
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def require(value: Any, kind: Any, example: str) -> None:
    """Raise a TypeError unless a value is of the kind that a picture is drawn of.

    Parameters
    ----------
    value : object
    kind : type
    example : str
        Python that makes such a value.

    Examples
    --------
    >>> require("SO(3)", int, "3")
    Traceback (most recent call last):
        ...
    TypeError: expected int, got 'SO(3)' (str): give for example 3
    """
    if not isinstance(value, kind):
        got = repr(value)
        got = got if len(got) <= 60 else got[:57] + "…"
        raise TypeError(f"expected {kind.__name__}, got {got} ({type(value).__name__}): give for example {example}")


def require_axes(value: Any) -> None:
    """Raise a TypeError unless a value is one matplotlib Axes."""
    require(value, Axes, "intertwine.plot.figure().subplots()")


class Picture(Figure):
    """A figure that notebooks show as the value of a cell, without pyplot."""

    def _repr_png_(self) -> bytes:
        return png(self, 100)


def figure(width: float = 6.0, height: float = 4.0) -> Figure:
    """An empty figure with an Agg canvas, in inches; a notebook shows it where a cell ends with it.

    Examples
    --------
    >>> axes = figure(3, 2).subplots()
    >>> axes.figure.get_size_inches().tolist()
    [3.0, 2.0]
    """
    made = Picture(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def png(drawn: Figure, dpi: int = 150) -> bytes:
    """The figure as the bytes of a PNG."""
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def save(drawn: Any, path: Path | str) -> Path:
    """Write a PNG, whole or not at all.

    Parameters
    ----------
    drawn : Figure, Axes or array of Axes
        Of axes, their whole figure.
    path : Path or str
        Ends with .png.

    Raises
    ------
    TypeError, ValueError
        For what is not drawn, or a file of another kind.
    RunError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(figure().subplots(), f"{folder}/empty.png").stat().st_size > 0
    True
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"save writes a PNG, got the name {path.name!r}: end it with .png, or call figure.savefig")
    first = drawn.flat[0] if isinstance(drawn, np.ndarray) and drawn.size else drawn
    found = first if isinstance(first, Figure) else getattr(first, "figure", None)
    if not isinstance(found, Figure):
        raise TypeError(f"save writes a figure, or that of axes, got {type(drawn).__name__}")
    write(path, png(found))
    return path


def one(axes: Any, width: float = 4.5, height: float = 4.5, projection: str | None = None) -> Any:
    """The axes given, or those of a new figure."""
    if axes is not None:
        return check_projection(axes, projection)
    return figure(width, height).add_subplot(projection=projection)


def panels(
    count: int, axes: Any, columns: int = 6, size: float = 2.0, projection: str | None = None, tall: float = 1.0
) -> Array:
    """So many axes (count,): those given, or of a new figure, row by row; ``tall`` is their height over their width.

    Raises
    ------
    TypeError, ValueError
        If something else was given, or another number of axes.
    """
    if axes is not None:
        return _given(axes, count, projection)
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    made = figure(max(size * columns, 3.0), (size * tall + 0.25) * rows + 0.35)
    grid: Any = made.subplots(rows, columns, squeeze=False, subplot_kw={"projection": projection})
    for unused in grid.flat[count:]:
        unused.remove()
    return np.asarray(grid.ravel()[:count])


def _given(axes: Any, count: int, projection: str | None) -> Array:
    found = np.empty(np.size(axes), object)
    found[:] = np.ravel(np.array(axes, object)).tolist()
    for each in found:
        require_axes(each)
    if len(found) != count:
        raise ValueError(f"there are {count} panels to draw, but {len(found)} axes were given")
    for each in found:
        check_projection(each, projection)
    return found


def check_projection(axes: Any, projection: str | None) -> Any:
    """The axes, which must be flat or, for projection "3d", in space.

    Raises
    ------
    TypeError, ValueError
        If they are no axes, or of the other kind.
    """
    require_axes(axes)
    wanted = projection or "flat"
    got = "3d" if getattr(axes, "name", "") == "3d" else "flat"
    if got != wanted:
        hint = "make them with subplot_kw={'projection': '3d'}" if wanted == "3d" else "make them without a projection"
        raise ValueError(f"the picture needs {wanted} axes, got {got} ones: {hint}")
    return axes


def bare(axes: Any, title: str = "") -> None:
    """No ticks, and a small title."""
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=9)


def subscript(n: int) -> str:
    """A number as a subscript: ₁₂."""
    return str(n).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def heat(axes: Any, matrix: Array) -> Any:
    """A matrix in diverging colours centred on 0; a complex one (r, c) as its parts side by side, (r, 2c)."""
    shown = np.concatenate([matrix.real, matrix.imag], 1) if np.iscomplexobj(matrix) else matrix
    most = 1.3 * float(np.abs(shown).max(initial=0)) or 1.0  # the darkest colours are hard to tell apart
    image = axes.imshow(shown, cmap=DIVERGING, vmin=-most, vmax=most, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    if np.iscomplexobj(matrix):
        axes.axvline(matrix.shape[1] - 0.5, color="0.3", linewidth=1)
        axes.set_xlabel("real part | imaginary part", fontsize=7)
    return image


def borders(axes: Any, rows: Array, columns: Array, **style: Any) -> None:
    """Lines between blocks of a matrix drawn by `heat`, at these positions."""
    style = {"color": "0.5", "linewidth": 0.7, **style}
    for at in rows:
        axes.axhline(at - 0.5, **style)
    for at in columns:
        axes.axvline(at - 0.5, **style)
