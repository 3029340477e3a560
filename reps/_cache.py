"""Solved blocks in memory and on disk.

In memory: least recently used, bounded in bytes, keyed by the representations themselves (groups compare by
content). On disk: one safetensors file per block, named by the sha256 of everything the numbers depend on
(generators, expression, method, solver version), written to a temporary file and renamed, so that concurrent
writers leave whole files. A file carries a checksum of its contents; one that is damaged is computed again
with a warning. A folder that cannot be written to costs one warning and nothing else. Nothing is ever
unpickled.

``INTERTWINE_CACHE`` names the folder; ``off`` disables the disk cache. Representations without a content
that could be written down (`Custom`) stay in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
import warnings
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import platformdirs
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ._basis import Block, DenseBlock
from ._orbits import OrbitBlock
from ._warnings import CacheWarning

if TYPE_CHECKING:
    from ._node import Rep

Array = NDArray[Any]
Value = TypeVar("Value")

#: part of every file name: raise it when a solver's numbers change
SOLVER_VERSION = 2
MEMORY_LIMIT = 2**29
FILE_LIMIT = 2**28


class Memory(Generic[Value]):
    """Least-recently-used map, bounded by the bytes its values declare."""

    def __init__(self, limit: int = MEMORY_LIMIT) -> None:
        self.limit = limit
        self.used = 0
        self._held: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        """The value, now the most recently used; None when it is not held."""
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key][0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Hold a value, dropping the least recently used ones beyond the limit."""
        if size > self.limit:
            return
        with self._lock:
            if key in self._held:
                self.used -= self._held.pop(key)[1]
            self._held[key] = (value, size)
            self.used += size
            while self.used > self.limit:
                self.used -= self._held.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self.used = 0


def folder() -> Path | None:
    """Where blocks are stored, or None when the disk cache is off."""
    named = os.environ.get("INTERTWINE_CACHE")
    if named is not None and named.strip().lower() in ("off", "0", "none", "no", "false"):
        return None
    return Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("intertwine"))


def file_name(rep_in: Rep, rep_out: Rep, method: str) -> str | None:
    """Content address of a block; None where the content cannot be written down."""
    group = rep_in._require_group()
    if rep_in.key is None or rep_out.key is None:
        return None
    content = [SOLVER_VERSION, method, group.key, rep_in.key, rep_out.key]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest() + ".safetensors"


def load(rep_in: Rep, rep_out: Rep, method: str) -> Block | None:
    """A stored block, or None when there is none, or none that is whole."""
    where, name = folder(), file_name(rep_in, rep_out, method)
    if where is None or name is None or not (where / name).is_file():
        return None
    try:
        return _read(where / name, rep_in, rep_out)
    except PermissionError:
        return None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, IndexError) as error:
        warnings.warn(
            f"the cached basis {where / name} is damaged ({error}); it is computed again",
            CacheWarning,
            stacklevel=2,
        )
        with contextlib.suppress(OSError):
            (where / name).unlink()
        return None


def _read(path: Path, rep_in: Rep, rep_out: Rep) -> Block:
    with safe_open(path, framework="numpy") as file:
        header = dict(file.metadata() or {})
        arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    checksum = header.pop("checksum", "")
    if checksum != _checksum(header, arrays):
        raise ValueError("its checksum does not match its contents")
    block = restore(header["kind"], _complex(arrays), rep_in, rep_out)
    block.gap, block.certain = float(header["gap"]), header["certain"] == "True"
    block.method = header["method"]
    return block


_COMPLEX = ".complex"  # arrays of (…, 2n) floats that stand for (…, n) complex numbers, unknown to the format


def _real(arrays: dict[str, Array]) -> dict[str, Array]:
    contiguous = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
    return {
        key + _COMPLEX * (a.dtype == np.complex128): a.view(np.float64) if a.dtype == np.complex128 else a
        for key, a in contiguous.items()
    }


def _complex(arrays: dict[str, Array]) -> dict[str, Array]:
    return {
        key.removesuffix(_COMPLEX): a.view(np.complex128) if key.endswith(_COMPLEX) else a for key, a in arrays.items()
    }


def restore(kind: str, arrays: Mapping[str, Array], rep_in: Rep, rep_out: Rep) -> Block:
    """Rebuild a block from what its ``arrays`` stored.

    Raises
    ------
    ValueError
        If the arrays do not fit the representations.
    """
    shape = (rep_out.dim, rep_in.dim)
    block: Block
    if kind == "dense":
        block = DenseBlock(arrays["elements"])
    elif kind == "orbits":
        block = OrbitBlock(arrays["labels"], arrays.get("signs"), int(arrays["rank"][0]))
    else:
        raise ValueError(f"no block of kind {kind!r} is stored; expected 'dense' or 'orbits'")
    if block.shape != shape:
        raise ValueError(f"stored block maps {block.shape}, but the representations need {shape}")
    return block


def _checksum(header: dict[str, str], arrays: dict[str, Array]) -> str:
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        digest.update(f"{key} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


_warned: set[str] = set()


def store(block: Block, rep_in: Rep, rep_out: Rep, method: str) -> None:
    """Write a block, if its content can be named and the folder can be written to."""
    where, name, arrays = folder(), file_name(rep_in, rep_out, method), block.arrays()
    if where is None or name is None or arrays is None:
        return
    arrays = _real(arrays)
    if sum(array.nbytes for array in arrays.values()) > FILE_LIMIT:
        return
    header = {
        "kind": block.kind,
        "gap": repr(block.gap),
        "certain": str(block.certain),
        "method": block.method,
    }
    header["checksum"] = _checksum(header, arrays)
    try:
        _write(where / name, save(arrays, header))
    except OSError as error:
        if str(where) not in _warned:
            _warned.add(str(where))
            warnings.warn(
                f"cannot write to the cache folder {where} ({error.strerror or error}); bases are computed"
                " again in every run. Set INTERTWINE_CACHE to a folder that can be written to, or to 'off'",
                CacheWarning,
                stacklevel=2,
            )


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
