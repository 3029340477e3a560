"""The progress bar of a training run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@contextlib.contextmanager
def progress_bar(console: Console, shown: Callable[[], dict[str, Any]]) -> Iterator[Callable[[], None]]:
    """A bar that, whenever what it yields is called, takes "completed" (0 to 1), "epoch", "loss" and "score" anew."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("epoch {task.fields[epoch]}"),
        TextColumn("loss {task.fields[loss]}  val {task.fields[score]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        row = bar.add_task("training", total=1.0, epoch="1", loss="-", score="-")
        yield lambda: bar.update(row, **shown())
