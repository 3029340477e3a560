"""The table of results: a queue of runs that goes on where it stopped, and the page made from what they left.

Every run has a folder of its own below ``docs/runs``; its ``metrics.json`` is what the page is made of.
"""

from __future__ import annotations

import contextlib
import json
import math
import signal
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from intertwine._files import CHECKPOINT, METRICS, RunError, write
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ._registry import EXPERIMENTS
from ._settings import PROTOCOL, Settings, run_name

FOLDER = Path("docs/runs")
#: settings that do not name a line of the table
SILENT = {"seed", "samples", *PROTOCOL}


@dataclass(frozen=True)
class Job:
    """One run of the queue.

    Attributes
    ----------
    settings : Settings
    given : what differs from the preset "desk"
    folder : Path
    """

    settings: Settings
    given: Mapping[str, Any]
    folder: Path

    @property
    def is_done(self) -> bool:
        """Whether its figures are there."""
        return (self.folder / METRICS).is_file()

    @property
    def differences(self) -> list[str]:
        """What the finished run in its folder was asked otherwise."""
        theirs = json.loads((self.folder / METRICS).read_text()).get("settings", {})
        ours = asdict(self.settings)
        return [f"{key} {theirs.get(key)} instead of {ours[key]}" for key in ours if theirs.get(key) != ours[key]]

    @property
    def words(self) -> list[str]:
        """The command that makes the run, or goes on with it."""
        words = ["train", self.settings.name]
        for key, value in self.given.items():
            name = key.replace("_", "-")
            words += (
                [f"--{name}" if value else f"--no-{name}"] if isinstance(value, bool) else [f"--{name}", str(value)]
            )
        resume = ["--resume"] if (self.folder / CHECKPOINT).is_file() else []
        return [*words, "--out", str(self.folder), *resume]


def jobs(names: Sequence[str] = (), seeds: int = 3, root: Path = FOLDER) -> list[Job]:
    """All runs behind the table, those first that say most: with the first seed, with the usual number of samples.

    Parameters
    ----------
    names : experiments, by default all
    seeds : int
    root : Path

    Raises
    ------
    ValueError
        For an unknown experiment.
    """
    found = []
    for seed in range(seeds):
        for settings in (EXPERIMENTS[name] for name in known(names)):
            for compared in settings.compared():
                what = settings.of("desk", **compared, seed=seed)
                found.append(Job(what, {**compared, "seed": seed}, root / run_name(what)))
    return sorted(found, key=lambda job: (job.settings.seed, job.settings.samples != job.settings.of("desk").samples))


def known(names: Sequence[str]) -> Sequence[str]:
    """The names of experiments, by default all.

    Raises
    ------
    ValueError
        For one that is none.
    """
    unknown = sorted(set(names) - set(EXPERIMENTS))
    if unknown:
        raise ValueError(f"there are no experiments {', '.join(unknown)}: there are {', '.join(EXPERIMENTS)}")
    return names or list(EXPERIMENTS)


def work(queue: Iterable[Job], workers: int, console: Console, hours: float | None = None) -> list[Job]:
    """Make the runs that are missing, several at a time; returns those that failed.

    Every run is a process of its own and keeps its log in its folder; one that was stopped is resumed.  Ctrl-C and
    SIGTERM let the runs in progress write their checkpoints, and start no others.

    Parameters
    ----------
    queue : Jobs
    workers : int
        Processes at a time.
    console : rich Console
    hours : float, optional
        Start no more runs when they have taken so long.

    Raises
    ------
    RunError
        Naming the runs that are there, but were made with other settings than the queue's.
    """
    queue = list(queue)
    waiting = [job for job in queue if not job.is_done]
    others = [f"{job.folder} ({', '.join(job.differences)})" for job in queue if job.is_done and job.differences]
    if others:
        raise RunError("runs of other settings, move or delete them: " + "; ".join(others))
    failed: list[Job] = []
    running = Processes()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        row = bar.add_task("runs", total=len(waiting))

        def make(job: Job) -> None:
            late = hours is not None and (bar.tasks[row].elapsed or 0.0) > 3600 * hours
            if running.stopped or late:
                return
            bar.console.print(f"{job.folder.name}", highlight=False)
            if not _finish(job, running):
                failed.append(job)
                if not running.stopped:
                    bar.console.print(f"[red]failed[/]: see {job.folder / 'log.txt'}", highlight=False)
            bar.advance(row)

        with _interrupted_by_sigterm(), ThreadPoolExecutor(workers) as pool:
            try:
                list(pool.map(make, waiting))
            except BaseException:
                running.stop()
                raise
    return failed


class Processes:
    """Those running: none is started once they have been stopped."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self.stopped = False

    def run(self, words: Sequence[str], log: BinaryIO | None = None) -> int | None:
        """The exit status of a command, None where it was not started."""
        with self._lock:
            if self.stopped:
                return None
            process = subprocess.Popen(words, stdout=log, stderr=log)
            self._running.add(process)
        status = process.wait()
        with self._lock:
            self._running.discard(process)
        return status

    def stop(self) -> None:
        """Ask all to end; by SIGTERM, because Ctrl-C reaches them from the terminal, too, and twice would be harsh."""
        with self._lock:
            self.stopped = True
            for process in self._running:
                process.terminate()


@contextlib.contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """SIGTERM is taken as Ctrl-C: runs don't outlive their queue."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _finish(job: Job, running: Processes) -> bool:
    job.folder.mkdir(parents=True, exist_ok=True)
    with (job.folder / "log.txt").open("ab") as log:
        status = running.run([sys.executable, "-m", "intertwine", *job.words], log)
    return status == 0 and job.is_done and not job.differences


# -- the page -----------------------------------------------------------------------------------------
#: what the page takes of the figures of a run
NEEDED = {
    "preset": str,
    "score": str,
    "test": dict,
    "references": dict,
    "settings": dict,
    "parameters": int,
    "training_seconds": (int, float),
}


def collect(root: Path = FOLDER, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The figures of all finished runs below a folder, of some experiments or of all.

    Raises
    ------
    RunError
        Naming the file, for one that cannot be read.
    """
    found = []
    for path in sorted(root.rglob(METRICS)):
        try:
            metrics = json.loads(path.read_text())
            if metrics["experiment"] in names or (not names and metrics["experiment"] in EXPERIMENTS):
                _check(metrics)
                found.append(metrics)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} does not hold the figures of a run ({error}): delete it") from error
    return found


def _check(metrics: Mapping[str, Any]) -> None:
    """Raise an error for figures that the page cannot be made of."""
    for name, kind in NEEDED.items():
        if not isinstance(metrics[name], kind):  # type: ignore[arg-type]
            raise TypeError(f"{name} is {metrics[name]!r}")
    if not metrics["test"]:
        raise ValueError("no figure of a test")
    for name in ("seed", "samples"):
        int(metrics["settings"][name])


def page(runs: Sequence[Mapping[str, Any]]) -> str:
    """The results as Markdown: for every experiment one table of means and spreads over seeds."""
    made = ["# Results", "", INTRODUCTION, ""]
    for name, settings in EXPERIMENTS.items():
        own = [run for run in runs if run["experiment"] == name]
        if own:
            made += [f"## {name}", "", (settings.__doc__ or "").strip(), ""]
            made += [line for table in _tables(own, settings.rival) for line in (*table, "")]
    hours = sum(run["training_seconds"] for run in runs) / 3600
    made += [f"{len(runs)} runs, {hours:.1f} hours of training in all.", ""]
    return "\n".join(made)


INTRODUCTION = """\
Made by `intertwine results` from the `metrics.json` of the runs in this folder, which `make results` makes. Every line
is the mean over seeds ± their standard deviation, of the preset named in it ("own": another plan of training). Minutes
are processor time. Figures called *published* are those of their authors, on their own samples or splits."""


def _tables(runs: Sequence[Mapping[str, Any]], rival: Sequence[str] = ()) -> Iterator[list[str]]:
    """One table for every score; columns are numbers of samples; in brackets proportions to the rival's figures."""
    for score in dict.fromkeys(run["score"] for run in runs):
        own = [run for run in runs if run["score"] == score]
        counts = sorted({run["settings"]["samples"] for run in own})
        dials = _dials(own)
        lines: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for run in own:
            plan = run["preset"] == "own" and tuple(run["settings"].get(name) for name in PROTOCOL)
            key = (run["preset"], plan, *(run["settings"].get(dial) for dial in dials))
            lines.setdefault(key, []).append(run)
        head = [*(d for d in dials), *(f"{n:,}" for n in counts), "weights", "minutes", "seeds", "preset"]
        theirs = _theirs(own, rival)
        bracket = f" (in brackets: times that of {rival[0]} on the same data)" if theirs else ""
        table = [f"{score}, by number of training samples{bracket}", "", _row(head), _row(["---"] * len(head))]
        for (preset, _, *values), members in sorted(lines.items(), key=lambda item: str(item[0])):
            by_count = [_of_count(members, n) for n in counts]
            cells = [_spread(_figures(some)) + _proportion(some, theirs, rival) for some in by_count]
            weights = sorted({r["parameters"] for r in members})
            minutes = statistics.mean(r["training_seconds"] for r in members) / 60
            seeds = max(len(some) for some in by_count)
            shown = [_word(dial, value) for dial, value in zip(dials, values)]
            span = f"{weights[0]:,}" if len(weights) == 1 else f"{weights[0]:,}–{weights[-1]:,}"
            table.append(_row([*shown, *cells, span, f"{minutes:.1f}", str(seeds), preset]))
        for label, per_count in _references(own, counts).items():
            empty = [""] * (len(dials) - 1)
            table.append(_row([f"*{label}*", *empty, *per_count, "", "", "", ""]))
        yield table


def _figures(runs: Sequence[Mapping[str, Any]]) -> list[float]:
    """The figures of merit that are numbers."""
    found = [next(iter(run["test"].values())) for run in runs]
    return [value for value in found if value is not None and math.isfinite(value)]


def _asked(run: Mapping[str, Any], rival: Sequence[str]) -> tuple[Any, ...]:
    return tuple(run["settings"].get(name) for name in ("samples", *rival[1:]))


def _theirs(runs: Sequence[Mapping[str, Any]], rival: Sequence[str]) -> dict[tuple[Any, ...], float]:
    """Mean figures of the rival model, by the data they are of."""
    found: dict[tuple[Any, ...], list[float]] = {}
    for run in runs:
        if rival and run["settings"]["model"] == rival[0]:
            found.setdefault(_asked(run, rival), []).extend(_figures([run]))
    return {data: statistics.mean(values) for data, values in found.items() if values}


def _proportion(
    runs: Sequence[Mapping[str, Any]], theirs: Mapping[tuple[Any, ...], float], rival: Sequence[str]
) -> str:
    ours = _figures(runs)
    mean = theirs.get(_asked(runs[0], rival)) if ours else None
    return f" ({statistics.mean(ours) / mean:.2f})" if mean else ""


def _of_count(runs: Sequence[Mapping[str, Any]], samples: int) -> list[Mapping[str, Any]]:
    """The runs with so many samples, one of every seed: a repetition says nothing about the spread."""
    return list({run["settings"]["seed"]: run for run in runs if run["settings"]["samples"] == samples}.values())


def _dials(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Settings in which the runs differ, model and group first."""
    keys = [k for k in runs[0]["settings"] if k not in SILENT]
    return [k for k in keys if k in ("group", "model") or len({str(r["settings"].get(k)) for r in runs}) > 1]


def _references(runs: Sequence[Mapping[str, Any]], counts: Sequence[int]) -> dict[str, list[str]]:
    """Rows of references: means over the runs of each number of samples, or one figure where they all agree."""
    rows: dict[str, list[str]] = {}
    for label in dict.fromkeys(label for run in runs for label in run["references"]):
        groups = [
            [r["references"][label] for r in runs if label in r["references"] and r["settings"]["samples"] == n]
            for n in counts
        ]
        if len({value for group in groups for value in group}) == 1:
            groups = [*[[]] * (len(counts) - 1), groups[-1] or next(g for g in groups if g)]
        rows[label] = [_number(statistics.mean(group)) if group else "" for group in groups]
    return rows


def _spread(known: Sequence[float]) -> str:
    if not known:
        return ""
    mean = statistics.mean(known)
    return f"{_number(mean)} ± {_number(statistics.stdev(known))}" if len(known) > 1 else _number(mean)


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.1e}"


def _word(dial: str, value: Any) -> str:
    if isinstance(value, bool):
        return dial if value else ""
    return "" if value is None else str(value)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def render(root: Path = FOLDER, out: Path = Path("docs/results.md"), names: Sequence[str] = ()) -> Path:
    """Write the page, of some experiments or of all.

    Raises
    ------
    RunError
        If there are no runs, or the page cannot be written.
    """
    runs = collect(root, names)
    if not runs:
        of = f" of {', '.join(names)}" if names else ""
        raise RunError(f"there are no finished runs{of} below {root}: `intertwine results --run` makes them")
    write(out, page(runs).encode())
    return out
