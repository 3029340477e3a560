"""The files of a run: whole or not written at all, with errors that say what to do."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import pickle
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

CHECKPOINT, METRICS, LOCK = "checkpoint.pt", "metrics.json", "running"
#: where a checkpoint goes that is not gone on with
ASIDE = "checkpoint-old.pt"
#: raise when the contents of a checkpoint change
FORMAT = 1
#: locks that this process holds
_claimed: dict[Path, BaseFileLock] = {}


class RunError(RuntimeError):
    """Something a user can mend: a full disk, a damaged checkpoint, a loss that is not finite."""


def claim(folder: Path) -> bool:
    """Make a folder this process's to train in, until `release` or its end; False where another process has it.

    The lock is the system's on an open file: it goes with the process, however that ends.

    Raises
    ------
    RunError
        If the folder cannot be made or written to.
    """
    path = (folder / LOCK).absolute()
    if path in _claimed:
        return True
    lock = FileLock(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        return False
    except OSError as error:
        raise RunError(
            f"cannot write to {folder} ({error.strerror or error}): choose another folder with --out"
        ) from error
    _claimed[path] = lock
    return True


def release(folder: Path) -> None:
    """Give up a folder, if it is this process's."""
    path = (folder / LOCK).absolute()
    lock = _claimed.pop(path, None)
    if lock is not None:
        with contextlib.suppress(OSError):  # not every system removes an open file
            path.unlink()
        lock.release()


def set_aside(folder: Path) -> Path | None:
    """Move a folder's checkpoint, if it has one, to where nothing goes on from it, and say where that is."""
    if not (folder / CHECKPOINT).exists():
        return None
    first = folder / ASIDE
    names = (first if k == 1 else first.with_stem(f"{first.stem}-{k}") for k in itertools.count(1))
    found = next(path for path in names if not path.exists())
    os.replace(folder / CHECKPOINT, found)
    return found


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file or leave the old one: temporary name in the same folder, flush to disk, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write(path: Path, data: bytes) -> None:
    """`write_atomically`, with an error for users.

    Raises
    ------
    RunError
        If the disk is full or the folder cannot be written to.
    """
    try:
        write_atomically(path, data)
    except OSError as error:
        kept = f"; the previous {path.name} is intact" if path.is_file() else ""
        raise RunError(
            f"cannot write {path} ({len(data) / 1e6:.1f} MB): {error.strerror or error}{kept}; free some "
            "space or choose another folder with --out"
        ) from error


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """The contents of a run's checkpoint; only tensors and plain values are ever unpickled.

    Raises
    ------
    RunError
        If there is none, or it is damaged or of another version.

    Examples
    --------
    >>> read_checkpoint(Path("nowhere"))
    Traceback (most recent call last):
        ...
    intertwine._files.RunError: there is nothing to resume: nowhere/checkpoint.pt does not exist; ...
    """
    path = Path(folder) / CHECKPOINT
    if not path.is_file():
        raise RunError(f"there is nothing to resume: {path} does not exist; run without --resume to start")
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, expected {FORMAT}")
        return dict(content)
    except Exception as error:  # a damaged zip raises nearly anything
        reason = f"{type(error).__name__}: " + str(error).partition("\n")[0]
        if isinstance(error, pickle.UnpicklingError):  # torch's advice is to run what it holds
            reason = "it is damaged, or holds more than tensors and plain values"
        raise RunError(f"the checkpoint {path} cannot be read ({reason}): delete it and start again") from error


def write_metrics(folder: Path, metrics: dict[str, Any]) -> Path:
    """Write ``metrics.json``; numbers that are not finite become null.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_metrics(Path(folder), {"error": float("nan"), "epochs": 3}).read_text().split()
    ['{', '"error":', 'null,', '"epochs":', '3', '}']
    """
    path = Path(folder) / METRICS
    write(path, (json.dumps(_finite(metrics), indent=2, allow_nan=False) + "\n").encode())
    return path


def read_metrics(folder: Path) -> dict[str, Any]:
    """The figures of a finished run.

    Raises
    ------
    RunError
        Naming the file, if it cannot be read.
    """
    path = Path(folder) / METRICS
    try:
        found = json.loads(path.read_text())
        if not isinstance(found, dict):
            raise TypeError(f"it holds a {type(found).__name__}")
    except (OSError, ValueError, TypeError) as error:
        raise RunError(f"{path} does not hold the figures of a run ({error}): delete it") from error
    return found


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
