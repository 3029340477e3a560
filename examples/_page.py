"""The page of results, made from what finished runs left: a table for every score, and its learning curves."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from intertwine._files import RunError, write

from . import _curves
from ._queue import FOLDER
from ._registry import EXPERIMENTS
from ._runs import Line, Run, collect, counts, figures, lines, references
from ._settings import slug

#: the folder of pictures, beside the page
PICTURES = "curves"
INTRODUCTION = """\
Made by `intertwine results` from the `metrics.json` of the runs in this folder, which `make results` makes. Every line
is the mean over seeds ± their standard deviation, of the preset named in it ("own": another plan of training). Minutes
are processor time. Figures called *published* are those of their authors, on their own samples or splits."""


def render(root: Path = FOLDER, out: Path = Path("docs/results.md"), names: Sequence[str] = ()) -> Path:
    """Write the page and its pictures, of some experiments or of all.

    Raises
    ------
    RunError
        If there are no runs, or a file cannot be written.
    """
    runs = collect(root, names)
    if not runs:
        of = f" of {', '.join(names)}" if names else ""
        raise RunError(f"there are no finished runs{of} below {root}: `intertwine results --run` makes them")
    for name in EXPERIMENTS:
        for score, own in scores(runs, name):
            if _curves.panels(own):
                write(out.parent / _picture(name, score), _curves.svg(_curves.draw(own, score)))
    write(out, page(runs).encode())
    return out


def scores(runs: Sequence[Run], name: str) -> list[tuple[str, list[Run]]]:
    """The runs of an experiment by what they are measured by."""
    own = [run for run in runs if run["experiment"] == name]
    return [(score, [r for r in own if r["score"] == score]) for score in dict.fromkeys(r["score"] for r in own)]


def _picture(name: str, score: str) -> str:
    return f"{PICTURES}/{name}-{slug(score)}.svg"


def page(runs: Sequence[Run]) -> str:
    """The results as Markdown: for every experiment tables of means and spreads over seeds, and learning curves."""
    made = ["# Results", "", INTRODUCTION, ""]
    for name, settings in EXPERIMENTS.items():
        found = scores(runs, name)
        if found:
            made += [f"## {name}", "", (settings.__doc__ or "").strip(), ""]
        for score, own in found:
            made += [*table(own, score, settings.rival), ""]
            if _curves.panels(own):
                made += [f"![{score} of {name}, by number of training samples]({_picture(name, score)})", ""]
    hours = sum(run["training_seconds"] for run in runs) / 3600
    made += [f"{len(runs)} runs, {hours:.1f} hours of training in all.", ""]
    return "\n".join(made)


def table(runs: Sequence[Run], score: str, rival: Sequence[str] = ()) -> list[str]:
    """A table of one score; columns are numbers of samples; in brackets proportions to the rival's figures."""
    found, sizes, theirs = lines(runs), counts(runs), _theirs(runs, rival)
    bracket = f" (in brackets: times that of {rival[0]} on the same data in the same time)" if theirs else ""
    dials = list(found[0].values)
    head = [*dials, *(f"{n:,}" for n in sizes), "weights", "minutes", "seeds", "preset"]
    rows = [_row(head), _row(["---"] * len(head))]
    for line in found:
        cells = [_spread(figures(line.of(n))) + _proportion(line.of(n), theirs, rival) for n in sizes]
        rows.append(_row([*line.label, *cells, *_facts(line, sizes)]))
    for label, known in references(runs).items():
        empty = [""] * (len(dials) - 1)
        rows.append(_row([f"*{label}*", *empty, *_of_reference(known, sizes), "", "", "", ""]))
    return [f"{score}, by number of training samples{bracket}", "", *rows]


def _facts(line: Line, sizes: Sequence[int]) -> list[str]:
    """Weights, minutes, seeds and preset of a line."""
    weights = sorted({run["parameters"] for run in line.runs})
    span = f"{weights[0]:,}" if len(weights) == 1 else f"{weights[0]:,}–{weights[-1]:,}"
    minutes = statistics.mean(run["training_seconds"] for run in line.runs) / 60
    return [span, f"{minutes:.1f}", str(max(len(line.of(n)) for n in sizes)), line.preset]


def _asked(run: Run, rival: Sequence[str]) -> tuple[Any, ...]:
    return tuple(run["settings"].get(name) for name in ("samples", "budget", *rival[1:]))


def _theirs(runs: Sequence[Run], rival: Sequence[str]) -> dict[tuple[Any, ...], float]:
    """Mean figures of the rival model, by the data and the time they are of."""
    found: dict[tuple[Any, ...], list[float]] = {}
    for run in runs:
        if rival and run["settings"]["model"] == rival[0]:
            found.setdefault(_asked(run, rival), []).extend(figures([run]))
    return {data: statistics.mean(values) for data, values in found.items() if values}


def _proportion(runs: Sequence[Run], theirs: Mapping[tuple[Any, ...], float], rival: Sequence[str]) -> str:
    ours = figures(runs)
    mean = theirs.get(_asked(runs[0], rival)) if ours else None
    return f" ({statistics.mean(ours) / mean:.2f})" if mean else ""


def _of_reference(known: Mapping[int, Sequence[float]], sizes: Sequence[int]) -> list[str]:
    """Means over the runs of each number of samples, or one figure where they all agree."""
    if len({value for values in known.values() for value in values}) == 1:
        known = {max(known): known[max(known)]}
    return [_number(statistics.mean(known[n])) if n in known else "" for n in sizes]


def _spread(known: Sequence[float]) -> str:
    if not known:
        return ""
    mean = statistics.mean(known)
    return f"{_number(mean)} ± {_number(statistics.stdev(known))}" if len(known) > 1 else _number(mean)


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.1e}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
