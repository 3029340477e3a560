"""The queue of the runs behind the table of results: it goes on where it stopped.

Every run has a folder of its own below ``docs/runs``; its ``metrics.json`` is what the page is made of.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from intertwine._files import CHECKPOINT, METRICS, RunError, claim, read_checkpoint, read_metrics, release, set_aside
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ._registry import EXPERIMENTS
from ._settings import Settings, run_name

FOLDER = Path("docs/runs")
#: failures in a row after which it is no use to go on with an experiment
ENOUGH = 4


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
        """Whether its figures are there, of the experiment as it is."""
        return (self.folder / METRICS).is_file() and not self.is_old

    @property
    def is_old(self) -> bool:
        """Whether the run in its folder is of an earlier revision of the experiment, and is to be made again."""
        return (self.folder / METRICS).is_file() and self._figures.get("revision", 1) < self.settings.revision

    @property
    def has_old_checkpoint(self) -> bool:
        """Whether what was stopped in its folder is of another revision, or cannot be read: not to go on with."""
        if not (self.folder / CHECKPOINT).is_file():
            return False
        try:
            asked = json.loads(read_checkpoint(self.folder)["settings"])
        except RunError:
            return True
        return asked.get("revision", 1) != self.settings.revision

    @property
    def _figures(self) -> Mapping[str, Any]:
        return read_metrics(self.folder)

    @property
    def differences(self) -> list[str]:
        """What the finished run in its folder was asked otherwise."""
        theirs, ours = self.settings.completed(self._figures.get("settings", {})), asdict(self.settings)
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
        resume = ["--resume" if (self.folder / CHECKPOINT).is_file() else "--replace"]
        return [*words, "--out", str(self.folder), *resume]


def jobs(names: Sequence[str] = (), seeds: int = 3, root: Path = FOLDER) -> list[Job]:
    """All runs behind the table, those first that say most: with the first seed, with the usual number of samples.

    Those with another plan of training than the preset's come last.

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
    return sorted(found, key=_order)


def _order(job: Job) -> tuple[bool, int, bool]:
    what = job.settings
    return what.preset == "own", what.seed, what.samples != what.of("desk").samples


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
    """Make the runs that are missing or old, several at a time; returns those that failed.

    Every run is a process of its own and keeps its log in its folder; one that was stopped is resumed, and one that
    another process is at is left to it.  The figures of an old one stay until there are new ones.  Ctrl-C and SIGTERM
    let the runs in progress write their checkpoints, and start no others; nor are others of an experiment started after
    `ENOUGH` of its runs in a row failed.

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
        Naming the runs that are there, but were made with other settings than the queue's, or a file of figures that
        cannot be read.
    """
    queue = list(queue)
    waiting = [job for job in queue if not job.is_done]
    others = [f"{job.folder} ({', '.join(job.differences)})" for job in queue if job.is_done and job.differences]
    if others:
        raise RunError("runs of other settings, move or delete them: " + "; ".join(others))
    failed: list[Job] = []
    in_a_row = Counter[str]()
    running = Processes()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        row = bar.add_task("runs", total=len(waiting))

        def say(text: str) -> None:
            bar.console.print(text, highlight=False)

        def make(job: Job) -> None:
            name = job.settings.name
            late = hours is not None and (bar.tasks[row].elapsed or 0.0) > 3600 * hours
            if running.stopped or late or in_a_row[name] >= ENOUGH:
                return
            say(job.folder.name)
            is_made = _finish(job, running)
            if is_made is None:
                say(f"[yellow]left[/] to the process that is training in {job.folder}")
            elif is_made:
                in_a_row[name] = 0
            else:
                failed.append(job)
                in_a_row[name] += 1
                if not running.stopped:
                    say(f"[red]failed[/]: see {job.folder / 'log.txt'}")
                    if in_a_row[name] == ENOUGH:
                        say(f"[red]{name}[/]: {ENOUGH} runs in a row failed, no more of them are started")
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


def _finish(job: Job, running: Processes) -> bool | None:
    """Make one run, and say whether it worked; None where it is another process's."""
    if not claim(job.folder):
        return None
    try:
        if job.is_done:  # meanwhile, by another queue
            return True
        if job.has_old_checkpoint:
            set_aside(job.folder)
    finally:
        release(job.folder)
    with (job.folder / "log.txt").open("ab") as log:
        status = running.run([sys.executable, "-m", "intertwine", *job.words], log)
    if status == 0 and job.is_done and not job.differences:
        return True
    is_free = claim(job.folder)
    release(job.folder)
    return False if is_free else None
