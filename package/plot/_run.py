"""Pictures of a run: its course, and what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ._figure import figure


def losses(history: Sequence[dict[str, float]], references: dict[str, float], name: str) -> Figure:
    """Training loss and validation score per epoch, with reference lines.

    Parameters
    ----------
    history : sequence of dict
        With keys "loss" and "score", one per epoch.
    references : dict of str to float
        Horizontal lines in the units of the score.
    name : str
        Of the score.

    Examples
    --------
    >>> history = [{"loss": 1.0, "score": 2.0}, {"loss": 0.5, "score": 1.0}]
    >>> [line.get_label() for line in losses(history, {"mean": 3.0}, "MSE").axes[0].lines]
    ['validation MSE', 'training loss', 'mean']
    """
    drawn = figure()
    axes = drawn.subplots()
    epochs = np.arange(1, len(history) + 1)
    axes.plot(epochs, [h["score"] for h in history], label=f"validation {name}", color="C0")
    axes.plot(epochs, [h["loss"] for h in history], label="training loss", color="C1", alpha=0.6)
    for k, (label, value) in enumerate(references.items()):
        axes.axhline(value, label=label, color=f"C{k + 2}", linestyle="--", linewidth=1)
    positive = all(h["score"] > 0 and h["loss"] > 0 for h in history)
    axes.set(xlabel="epoch", yscale="log" if positive else "linear")
    axes.legend(fontsize=8)
    return drawn


def parity(true: ArrayLike, predicted: ArrayLike, unit: str, title: str) -> Figure:
    """Predicted against true values of a scalar.

    Parameters
    ----------
    true, predicted : (n,)
    unit, title : str

    Examples
    --------
    >>> parity([1.0, 2.0], [1.1, 1.9], "eV", "gap").axes[0].get_xlabel()
    'true (eV)'
    """
    drawn = figure(5, 5)
    axes = drawn.subplots()
    true, predicted = np.asarray(true), np.asarray(predicted)
    ends = [min(true.min(), predicted.min()), max(true.max(), predicted.max())]
    axes.plot(ends, ends, color="0.6", linewidth=1)
    axes.scatter(true, predicted, s=3, alpha=0.4, linewidths=0)
    axes.set(xlabel=f"true ({unit})", ylabel=f"predicted ({unit})", title=title, aspect="equal")
    return drawn


def trajectories(pos: ArrayLike, target: ArrayLike, predicted: ArrayLike, paths: ArrayLike, title: str) -> Figure:
    """Some systems of particles: start, true path and end, predicted end, in the xy- and the xz-plane.

    Parameters
    ----------
    pos, target, predicted : (systems, particles, 3)
    paths : (systems, frames, particles, 3)
    title : str

    Examples
    --------
    >>> now = np.zeros((3, 5, 3))
    >>> len(trajectories(now, now, now, np.zeros((3, 10, 5, 3)), "at rest").axes)
    6
    """
    pos, target, predicted, paths = (np.asarray(a) for a in (pos, target, predicted, paths))
    drawn = figure(3.2 * len(pos), 6.4)
    drawn.suptitle(title)
    grid: Any = drawn.subplots(2, len(pos), squeeze=False)
    for s in range(len(pos)):
        for row, (a, b) in enumerate(((0, 1), (0, 2))):
            axes = grid[row, s]
            for p in range(pos.shape[1]):
                axes.plot(*paths[s, :, p, [a, b]], color=f"C{p}", linewidth=1)
            colors = [f"C{p}" for p in range(pos.shape[1])]
            axes.scatter(*pos[s][:, [a, b]].T, color=colors, s=8)
            axes.scatter(*target[s][:, [a, b]].T, edgecolors=colors, facecolors="none", s=50)
            axes.scatter(*predicted[s][:, [a, b]].T, color=colors, marker="x", s=30)
            axes.set(xlabel="xyz"[a], ylabel="xyz"[b])
            axes.set_aspect("equal", "datalim")
    grid[0, 0].set_title("• now  ○ true  × predicted", fontsize=9)
    return drawn
