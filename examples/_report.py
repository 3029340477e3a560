"""What an experiment hands back: figures for a table, and the files it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from intertwine._files import CHECKPOINT, RunError
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Report:
    """The end of a run.

    Attributes
    ----------
    title : str
    columns : names of the columns
    rows : sequence of rows of text
    files : what was written
    note : a line under the table
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    files: Sequence[Path]
    note: str = ""

    def show(self, console: Console) -> None:
        """Print the table and the list of files."""
        table = Table(title=self.title, title_justify="left")
        for k, name in enumerate(self.columns):
            table.add_column(name, justify="right" if k else "left")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        if self.note:
            console.print(self.note, highlight=False, soft_wrap=True)
        for path in self.files:
            console.print(f"wrote {path}", highlight=False, soft_wrap=True)


def run_folder(out: Path | None, name: str, resume: bool) -> Path:
    """The folder of a run: ``out``, or ``runs/name``; without ``out`` a new run gets a fresh one.

    Raises
    ------
    RunError
        If a new run would overwrite the one in ``out``, or there is none to resume.
    """
    tried = [Path("runs") / name, *(Path("runs") / f"{name}-{k}" for k in range(2, 1000))]
    taken = [path for path in tried if (path / CHECKPOINT).exists()]
    if resume:
        folder = out or (taken or tried)[-1 if taken else 0]
        if not (folder / CHECKPOINT).exists():
            raise RunError(f"there is nothing to resume in {folder}: run without --resume to start")
        return folder
    if out is not None and (out / CHECKPOINT).exists():
        raise RunError(f"{out} holds a run already: go on with it (--resume) or choose another --out")
    return out or next(path for path in tried if path not in taken)


def slug(name: str) -> str:
    """A group's name as part of a file name.

    Examples
    --------
    >>> slug("O(2) azimuthal")
    'O2-azimuthal'
    """
    kept = "".join(c if c.isalnum() else " " if c in " ×*," else "" for c in name)
    return "-".join(kept.split())
