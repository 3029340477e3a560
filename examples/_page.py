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
from ._runs import Line, Run, collect, counts, figures, idle, lines, made, references, spread_of_epochs
from ._settings import Settings, slug

#: the folder of pictures, beside the page
PICTURES = "curves"
INTRODUCTION = """\
Made by `intertwine results` from the `metrics.json` of the runs in this folder, which `make results` makes. Every line
is the mean over seeds ± their standard deviation, of the preset named in it ("own": another plan of training; "old": of
an earlier revision of the experiment, to be made again), which also says what is unlike float32 and one process on a
CPU. In square brackets: of so many seeds, where its line has more elsewhere. Figures called *published* are those of
their authors, on their own samples or splits. Minutes are processor time (on a GPU, time)."""
#: what words of the tables mean; those that are on the page are explained there
WORDS = {
    "azimuthal": "the O(2) that fixes the z-axis",
    "azimuthal-so2": "the rotations about the z-axis",
    "azimuthal-so2-mirror": "these rotations, and z → −z",
    "steerable": "our network, equivariant under the group of its line",
    "emlp": "our network of products alone, where steerable also has functions of invariants",
    "gated": "the layers of the published EMLP: linear maps, products, gates",
    "scalars": "a plain network of invariants",
    "mlp": "a plain network of all components",
    "cnn": "a plain residual network of pixels",
    "pointnet": "a plain network of points, in groups and groups of groups (PointNet++)",
    "plain": "messages of plain networks that see components (of jets, what a detector measures)",
    "egnn": "EGNN (arXiv:2102.09844), written from its paper",
    "implicit": "kernels are equivariant MLPs (*standard*: radial functions times harmonics)",
    "bonds": "kernels see the types of bonds, too",
    "atoms": "kernels see the types of bonds and the elements of both atoms, too",
    "augment": "training samples are moved by random elements of the symmetry group of the data",
    "kappa": "stiffness of the springs to the plane",
    "beams": "the network sees the directions of the beams, too",
}


def render(root: Path = FOLDER, out: Path = Path("docs/results.md")) -> Path:
    """Write the page and its pictures.

    Raises
    ------
    RunError
        If there are no runs, or a file cannot be written.
    """
    runs = collect(root)
    if not runs:
        raise RunError(f"there are no finished runs below {root}: `intertwine results --run` makes them")
    for name, settings in EXPERIMENTS.items():
        for score, own in scores(runs, name):
            if _curves.panels(own, settings.data):
                write(out.parent / _picture(name, score), _curves.svg(_curves.draw(own, score, settings.data)))
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
    parts: list[str] = []
    for name, settings in EXPERIMENTS.items():
        found = scores(runs, name)
        if found:
            parts += [f"## {name}", "", (settings.__doc__ or "").strip(), ""]
        for score, own in found:
            parts += [*table(own, score, settings), ""]
            if _curves.panels(own, settings.data):
                parts += [f"![{score} of {name}, by number of training samples]({_picture(name, score)})", ""]
            for other in _variants(own, score):
                parts += [*variant(own, other), ""]
            if beside := others(own, score):
                parts += [*beside, ""]
        if found and settings.note:
            parts += [f"{settings.note[0].upper()}{settings.note[1:]}.", ""]
    hours = sum(run["training_seconds"] for run in runs) / 3600
    parts += [f"{len(runs)} runs, {hours:.1f} hours of training in all.", ""]
    return "\n".join(["# Results", "", INTRODUCTION, *_of_time(runs), "", *_legend(parts), *parts])


def _of_time(runs: Sequence[Run]) -> list[str]:
    """How far apart seeds are that ended with their time, as a sentence."""
    found = [ratio for name in EXPERIMENTS for _, own in scores(runs, name) for ratio in spread_of_epochs(own)]
    if round(max(found, default=1.0), 1) <= 1:
        return []
    usual, most = statistics.median(found), max(found)
    return [
        f"Within a line, numbers of epochs of seeds differ by {usual:.1f} times in the middle, {most:.1f} at most, in "
        "equal minutes: machines were not alike, nor equally busy."
    ]


def _legend(parts: Sequence[str]) -> list[str]:
    """The words of tables that are explained nowhere else."""
    cells = {cell for part in parts if part.startswith("|") for cell in part.strip("| ").split(" | ")}
    told = [f"- *{word}*: {meaning}" for word, meaning in WORDS.items() if word in cells]
    return ["In the tables:", "", *told, ""] if told else []


def _variants(runs: Sequence[Run], score: str) -> list[str]:
    """Other figures that are the score in another way, and so depend on the number of samples."""
    return list(dict.fromkeys(name for run in runs for name in run["test"] if name.startswith(f"{score} ")))


def table(runs: Sequence[Run], score: str, settings: type[Settings]) -> list[str]:
    """A table of one score; columns are numbers of samples; in brackets proportions to the rival's figures."""
    found, sizes, theirs = lines(runs), counts(runs), _theirs(runs, settings)
    bracket = f" (in brackets: times that of {settings.rival} on the same data in the same time)" if theirs else ""
    dials = list(found[0].values)
    head = [*dials, *(f"{n:,}" for n in sizes), "weights", "minutes", "seeds", "preset"]
    rows = [_row(head), _row(["---"] * len(head))]
    for line in found:
        cells = [_spread(line.of(n), seeds=line.seeds) + _proportion(line.of(n), theirs, settings) for n in sizes]
        rows.append(_row([*line.label, *cells, *_facts(line, sizes, settings.revision)]))
    for label, where, known in references(runs, [dial for dial in dials if dial in settings.data]):
        empty = ["" if where.get(dial) is None else str(where[dial]) for dial in dials[1:]]
        rows.append(_row([f"*{label}*", *empty, *_of_reference(known, sizes), "", "", "", ""]))
    return [f"{score}, by number of training samples{bracket}", "", *rows]


def variant(runs: Sequence[Run], name: str) -> list[str]:
    """A table of the score in another way."""
    found, sizes = lines(runs), counts(runs)
    head = [*found[0].values, *(f"{n:,}" for n in sizes)]
    rows = [_row([*line.label, *(_spread(line.of(n), name, line.seeds) for n in sizes)]) for line in found]
    return [name, "", _row(head), _row(["---"] * len(head)), *rows]


def others(runs: Sequence[Run], score: str) -> list[str]:
    """A table of what else was measured, with the number of samples that most lines have; of several, the usual one."""
    found, beside = lines(runs), {score, *_variants(runs, score)}
    names = list(dict.fromkeys(name for run in runs for name in run["test"] if name not in beside))
    more = [run for run in runs if not beside.issuperset(run["test"])]
    if not more:
        return []
    desk = EXPERIMENTS[more[0]["experiment"]].of("desk").samples
    usual = max(counts(more), key=lambda n: (sum(run["settings"]["samples"] == n for run in more), n == desk))
    head = [*found[0].values, *names]
    rows = [_row(head), _row(["---"] * len(head))]
    for line in found:
        if line.of(usual):
            cells = [_spread(line.of(usual), name, line.seeds) for name in names]
            rows.append(_row([*line.label, *cells]))
    return [f"Measured beside it, with {usual:,} training samples", "", *rows]


def _facts(line: Line, sizes: Sequence[int], revision: int) -> list[str]:
    """Weights, minutes, seeds and preset of a line."""
    weights = sorted({run["parameters"] for run in line.runs})
    span = f"{weights[0]:,}" if len(weights) == 1 else f"{weights[0]:,}–{weights[-1]:,}"
    minutes = sorted(statistics.mean(r["training_seconds"] / 60 for r in line.of(n)) for n in sizes if line.of(n))
    spent = "–".join(dict.fromkeys(f"{m:.1f}" for m in (minutes[0], minutes[-1])))
    is_old = any(run.get("revision", 1) < revision for run in line.runs)
    return [span, spent, str(line.seeds), ", ".join([line.preset, *line.made, *["old"] * is_old])]


def _asked(run: Run, settings: type[Settings]) -> tuple[Any, ...]:
    """What runs must agree in to be compared: revision, how they were made, samples, time, data."""
    told = [name for name in ("samples", "budget", *settings.data) if name not in idle(run)]
    return (run.get("revision", 1), made(run), *(run["settings"].get(name) for name in told))


def _theirs(runs: Sequence[Run], settings: type[Settings]) -> dict[tuple[Any, ...], float]:
    """Mean figures of the rival model as it is by default, by what runs must agree in; a preset's before others."""
    found: dict[tuple[Any, ...], float] = {}
    for line in sorted(lines(runs), key=lambda line: line.preset == "own"):
        for own in filter(None, (line.of(n) for n in counts(line.runs))):
            values = figures(own)
            if values and _is_rival(own[0], settings):
                found.setdefault(_asked(own[0], settings), statistics.mean(values))
    return found


def _is_rival(run: Run, settings: type[Settings]) -> bool:
    """Whether a run is of the rival model, and of nothing else than it is by default but data and plan of training."""
    theirs = run["settings"]
    if theirs["model"] != settings.rival or theirs.get("parameters") is not None:
        return False
    usual = settings.of(model=settings.rival).question
    free = {"samples", "seed", *settings.data, *idle(run)}
    return all(theirs.get(name) == value for name, value in usual.items() if name not in free)


def _proportion(runs: Sequence[Run], theirs: Mapping[tuple[Any, ...], float], settings: type[Settings]) -> str:
    ours = figures(runs)
    timed = bool(ours) and runs[0]["settings"].get("budget") is not None
    mean = theirs.get(_asked(runs[0], settings)) if timed else None
    return f" ({statistics.mean(ours) / mean:.2f})" if mean else ""


def _of_reference(known: Mapping[int, Sequence[float]], sizes: Sequence[int]) -> list[str]:
    """Means over the runs of each number of samples, or one figure where they all agree."""
    if len({value for values in known.values() for value in values}) == 1:
        known = {max(known): known[max(known)]}
    return [_number(statistics.mean(known[n])) if n in known else "" for n in sizes]


def _spread(runs: Sequence[Run], name: str | None = None, seeds: int = 0) -> str:
    """Mean and standard deviation of the figures that are numbers.

    Also how many those are, where some are not or where a line has more ``seeds`` elsewhere.
    """
    few = f" [{len(runs)}]" if len(runs) < seeds else ""
    known = figures(runs, name)
    if not known:
        return f"diverged{few}" if any(name is None or name in run["test"] for run in runs) else ""
    mean = statistics.mean(known)
    spread = f"{_number(mean)} ± {_number(statistics.stdev(known))}" if len(known) > 1 else _number(mean)
    return f"{spread}{few}" if len(known) == len(runs) else f"{spread}, {len(known)} of {len(runs)} seeds"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.1e}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
