"""Learning curves: what a table of results says, drawn by the number of training samples."""

from __future__ import annotations

import io
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib as mpl
from intertwine.plot import figure
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from ._runs import NOTHING, Line, Run, counts, figures, lines, references

WIDTH, HEIGHT, COLUMNS = 4.6, 4.4, 2

#: for every number of training samples the figures of all seeds
Curve = Mapping[int, Sequence[float]]


def panels(runs: Sequence[Run], data: Sequence[str] = ()) -> dict[str, dict[str, Curve]]:
    """The curves on each kind of data by their labels: lines of the table with two numbers of samples or more."""
    by_title: dict[str, list[tuple[Line, str, Curve]]] = {}
    for line in lines(runs):
        curve = {n: values for n in counts(runs) if (values := figures(line.of(n)))}
        if len(curve) > 1 and line.preset != "own":
            words = {dial: word for dial, word in zip(line.values, line.label) if word not in ("", NOTHING)}
            label = " ".join(word for dial, word in words.items() if dial not in data)
            title = ", ".join(_said(dial, words[dial]) for dial in data if dial in words)
            by_title.setdefault(title, []).append((line, label, curve))
    return {title: _told_apart(curves) for title, curves in by_title.items()}


def _told_apart(curves: Sequence[tuple[Line, str, Curve]]) -> dict[str, Curve]:
    """Curves by their labels; those that have the same also say their presets, then their weights."""
    found: dict[str, Curve] = {}
    often = Counter(label for _, label, _ in curves)
    longer = [label if often[label] == 1 else ", ".join([label, line.preset, *line.made]) for line, label, _ in curves]
    often = Counter(longer)
    for (line, _, curve), label in zip(curves, longer):
        weights = f", {line.runs[0]['parameters']:,} weights" if often[label] > 1 else ""
        found[label + weights] = curve
    return found


def _said(dial: str, word: str) -> str:
    return f"{dial} {word}" if word[:1].isdigit() else word


def published(runs: Sequence[Run]) -> dict[str, Curve]:
    """Published figures that are known for several numbers of samples, and differ."""
    return {
        label: known
        for label, _, known in references(runs)
        if "published" in label and len({value for values in known.values() for value in values}) > 1
    }


def draw(runs: Sequence[Run], score: str, data: Sequence[str] = ()) -> Figure:
    """One panel for every kind of data; bars are standard deviations over seeds, published figures are grey."""
    found, others = panels(runs, data), published(runs)
    columns = min(COLUMNS, len(found))
    drawn = figure(WIDTH * columns, HEIGHT * -(-len(found) // columns))
    grid = drawn.subplots(-(-len(found) // columns), columns, squeeze=False)
    for axes, (title, curves) in zip(grid.flat, found.items()):
        _panel(axes, curves, others)
        axes.set(xlabel="training samples", ylabel=score, title=title)
    for unused in grid.flat[len(found) :]:
        unused.remove()
    return drawn


def _panel(axes: Axes, curves: Mapping[str, Curve], others: Mapping[str, Curve]) -> None:
    for label, curve in curves.items():
        plain = any(word in label for word in ("Trivial", "scalars"))
        axes.errorbar(*_points(curve), capsize=2, marker="o", ms=4, ls="--" if plain else "-", label=label)
    for (label, curve), marker in zip(others.items(), cycle("x+1v^")):
        x, y, _ = _points(curve)
        axes.plot(x, y, color="0.6", lw=0.8, ls=":", marker=marker, label=label)
    sizes = sorted({n for curve in curves.values() for n in curve})
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes.minorticks_off()
    values = [v for curve in curves.values() for v in _points(curve)[1]]
    if min(values) > 0 and max(values) > 5 * min(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(LogFormatter())
        axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.4)))
    axes.legend(fontsize=6, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16), frameon=False)


def _points(curve: Curve) -> tuple[list[int], list[float], list[float]]:
    """Numbers of samples, means and standard deviations."""
    spread = [statistics.stdev(values) if len(values) > 1 else 0.0 for values in curve.values()]
    return list(curve), [statistics.mean(values) for values in curve.values()], spread


def svg(drawn: Figure) -> bytes:
    """The picture as SVG, the same bytes for the same runs."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "intertwine"}):
        drawn.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
