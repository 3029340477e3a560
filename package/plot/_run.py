"""Pictures of a run: its course, and what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._figure import Array, one, panels


def losses(history: Sequence[dict[str, float]], references: dict[str, float], name: str, axes: Any = None) -> Any:
    """Training loss and validation score per epoch, with reference lines.

    Parameters
    ----------
    history : sequence of dict
        With keys "loss" and "score"; one per epoch, or of the epochs in the key "epoch".
    references : dict of str to float
        Horizontal lines in the units of the score.
    name : str
        Of the score.
    axes : matplotlib Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> history = [{"loss": 1.0, "score": 2.0}, {"loss": 0.5, "score": 1.0}]
    >>> [line.get_label() for line in losses(history, {"mean": 3.0}, "MSE").lines]
    ['validation MSE', 'training loss', 'mean']
    """
    axes = one(axes, 6, 4)
    epochs = [h.get("epoch", k) for k, h in enumerate(history, 1)]
    axes.plot(epochs, [h["score"] for h in history], label=f"validation {name}", color="C0")
    axes.plot(epochs, [h["loss"] for h in history], label="training loss", color="C1", alpha=0.6)
    for k, (label, value) in enumerate(references.items()):
        axes.axhline(value, label=label, color=f"C{k + 2}", linestyle="--", linewidth=1)
    positive = all(h["score"] > 0 and h["loss"] > 0 for h in history)
    axes.set(xlabel="epoch", yscale="log" if positive else "linear")
    axes.legend(fontsize=8)
    return axes


def parity(true: ArrayLike, predicted: ArrayLike, unit: str, title: str, axes: Any = None) -> Any:
    """Predicted against true values of a scalar.

    Parameters
    ----------
    true, predicted : (n,), n >= 1
    unit, title : str
    axes : matplotlib Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        Where the two are no lists of real numbers of the same length, or empty.

    Examples
    --------
    >>> parity([1.0, 2.0], [1.1, 1.9], "eV", "gap").get_xlabel()
    'true (eV)'
    """
    true, predicted = np.asarray(true), np.asarray(predicted)
    for name, values in (("true", true), ("predicted", predicted)):
        if values.dtype.kind not in "biuf" or values.ndim != 1 or not values.size:
            raise ValueError(
                f"{name} is a list of n >= 1 real numbers, got shape {values.shape} of {values.dtype}: "
                "give one number per sample"
            )
    if len(true) != len(predicted):
        raise ValueError(
            f"true and predicted are of the same length, got {len(true)} and {len(predicted)}: give one pair per sample"
        )
    axes = one(axes, 5, 5)
    ends = [min(true.min(), predicted.min()), max(true.max(), predicted.max())]
    axes.plot(ends, ends, color="0.6", linewidth=1)
    axes.scatter(true, predicted, s=3, alpha=0.4, linewidths=0)
    axes.set(xlabel=f"true ({unit})", ylabel=f"predicted ({unit})", title=title, aspect="equal")
    return axes


def trajectories(
    pos: ArrayLike, target: ArrayLike, predicted: ArrayLike, paths: ArrayLike, title: str, axes: Any = None
) -> Array:
    """Some systems of particles: start, true path and end, predicted end, in the xy- and the xz-plane.

    Parameters
    ----------
    pos, target, predicted : (systems, particles, 3)
    paths : (systems, frames, particles, 3)
    title : str
    axes : array of matplotlib Axes, optional
        2 · systems.

    Returns
    -------
    array of Axes (2, systems)

    Examples
    --------
    >>> now = np.zeros((3, 5, 3))
    >>> trajectories(now, now, now, np.zeros((3, 10, 5, 3)), "at rest").shape
    (2, 3)
    """
    pos, target, predicted, paths = (np.asarray(a) for a in (pos, target, predicted, paths))
    grid = panels(2 * len(pos), axes, columns=len(pos), size=3.0).reshape(2, -1)
    if axes is None:
        grid[0, 0].figure.suptitle(title)
    colors = [f"C{p}" for p in range(pos.shape[1])]
    for s in range(len(pos)):
        for ax, plane in zip(grid[:, s], ([0, 1], [0, 2])):
            for p, color in enumerate(colors):
                ax.plot(*paths[s, :, p, plane], color=color, linewidth=1)
            ax.scatter(*pos[s][:, plane].T, color=colors, s=8)
            ax.scatter(*target[s][:, plane].T, edgecolors=colors, facecolors="none", s=50)
            ax.scatter(*predicted[s][:, plane].T, color=colors, marker="x", s=30)
            ax.set(xlabel="xyz"[plane[0]], ylabel="xyz"[plane[1]])
            ax.set_aspect("equal", "datalim")
    grid[0, 0].set_title("• now  ○ true  × predicted", fontsize=9)
    return grid
