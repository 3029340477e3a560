"""Data sets kept on disk: computed or converted once, then read back.

One safetensors file per data set in the folder of ``INTERTWINE_CACHE`` (default: the user's cache folder;
``off`` disables), written to a temporary name and renamed, with a checksum: a damaged file is made again,
with a warning.  Of several processes that want the same, one makes it and the others wait.
"""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from intertwine._files import write_atomically
from intertwine.reps import CacheWarning
from intertwine.reps._cache import folder
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

Arrays = dict[str, NDArray[Any]]


def stream(part: str, seed: int = 0) -> int:
    """The random numbers that a part of generated data is drawn with: those of "val" and "test" know no seed.

    Examples
    --------
    >>> stream("val"), stream("test", 7), stream("train"), stream("train", 7)
    (0, 1, 2, 9)
    """
    return {"val": 0, "test": 1, "train": 2 + seed}[part]


def stored(name: str, make: Callable[[], Arrays]) -> Arrays:
    """The arrays called ``name``: from disk when they are there and whole, else from ``make()``.

    Parameters
    ----------
    name : str
        File name without its ending; says everything the arrays depend on.
    make : function of nothing

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as where:
    ...     os.environ["INTERTWINE_CACHE"] = where
    ...     a = stored("squares", lambda: {"n": np.arange(3) ** 2})
    ...     b = stored("squares", lambda: {"n": np.zeros(0)})
    ...     del os.environ["INTERTWINE_CACHE"]
    >>> b["n"].tolist()
    [0, 1, 4]
    """
    where = folder()
    if where is None:
        return make()
    path = where / "data" / f"{name}.safetensors"
    before = _changed(path)
    found = _read(path)
    if found is None:
        with _alone(path):
            if _changed(path) != before:  # by another process
                found = _read(path)
            if found is None:
                found = {key: np.ascontiguousarray(array) for key, array in make().items()}
                _write(path, found)
    return found


def _changed(path: Path) -> int | None:
    """When a file was last written, None where there is none."""
    return path.stat().st_mtime_ns if path.is_file() else None


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other process is here with the same path, as far as locks work there."""
    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # not every system removes an open file
            Path(lock.lock_file).unlink()
        lock.release()


def checksum(arrays: Mapping[str, NDArray[Any]]) -> str:
    """sha256 of names, dtypes, shapes and contents."""
    digest = hashlib.sha256()
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        digest.update(f"{key} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _read(path: Path) -> Arrays | None:
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
            expected = (file.metadata() or {}).get("checksum")
        if checksum(arrays) != expected:
            raise ValueError("its checksum does not match its contents")
    except (OSError, SafetensorError, ValueError) as error:
        warnings.warn(f"the cached data {path} are damaged ({error}); making them again", CacheWarning, 3)
        return None
    return arrays


def _write(path: Path, arrays: Arrays) -> None:
    try:
        write_atomically(path, save(arrays, {"checksum": checksum(arrays)}))
    except OSError as error:
        warnings.warn(
            f"cannot write {path} ({error.strerror or error}): it will be made again in every run; free "
            "some space, or set INTERTWINE_CACHE to another folder, or to 'off'",
            CacheWarning,
            3,
        )
