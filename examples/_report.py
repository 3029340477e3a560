"""What an experiment hands back: figures for a table, and the files it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from intertwine._files import CHECKPOINT, METRICS, RunError, claim
from intertwine.groups import Group
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


def run_folder(out: Path | None, name: str, resume: bool, leads: bool = True, replace: bool = False) -> Path:
    """The folder of a run: ``out``, or ``runs/name``; without ``out`` a new run gets a fresh one.

    A folder with figures alone is taken, too, unless its run is to be replaced.  Only the process that ``leads`` claims
    it; the others take what it took.

    Raises
    ------
    RunError
        If a new run would overwrite the one in ``out``, there is none to resume, or it is not said which to replace.
    """
    if replace and (resume or out is None):
        what = "a run is resumed or replaced, not both" if resume else "--replace is for the run in a folder"
        raise RunError(f"{what}: leave out --replace{'' if resume else ', or name the folder (--out)'}")
    numbered = [Path("runs") / name, *(Path("runs") / f"{name}-{k}" for k in range(2, 1000))]
    begun = [path for path in numbered if (path / CHECKPOINT).exists()]
    if resume:
        folder = out or max(begun, key=lambda path: (path / CHECKPOINT).stat().st_mtime, default=numbered[0])
        if not (folder / CHECKPOINT).exists():
            raise RunError(f"there is nothing to resume in {folder}: run without --resume to start")
    elif out is None:
        return next(path for path in numbered if not _is_taken(path) and (not leads or claim(path)))
    else:
        folder = out
        if leads and _is_taken(out) and not replace:
            begun_here = "go on with it (--resume), " * (out / CHECKPOINT).exists()
            raise RunError(
                f"{out} holds a run already: {begun_here}begin anew in its place (--replace), or choose another --out"
            )
    if leads and not claim(folder):
        raise RunError(f"another process is training in {folder}: wait for it, or choose another --out")
    return folder


#: groups of orthogonal matrices by their size
KNOWN = {2: "O(2), SO(2), C(8)", 3: "O(3), SO(3), azimuthal, Octahedral"}


def _is_taken(folder: Path) -> bool:
    return (folder / CHECKPOINT).exists() or (folder / METRICS).exists()


def require_orthogonal(group: Group, inhabitants: str, d: int = 3) -> None:
    """Raise a ValueError unless a group acts on R^d by orthogonal matrices."""
    if group.d != d or group.field != "R" or not group.is_orthogonal:
        kind = "orthogonal" if group.is_orthogonal else "not orthogonal"
        raise ValueError(
            f"{group.name} acts on {group.field}^{group.d} ({kind}), but {inhabitants} live in R^{d}: choose a "
            f"group of orthogonal {d} x {d} matrices, such as {KNOWN[d]} or Trivial({d})"
        )
