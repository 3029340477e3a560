"""Where data lie that no package of Python brings: a folder the user fills, or `make data` does."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from platformdirs import user_data_path


class MissingDataError(RuntimeError):
    """A data set is not on this machine; the message says how to get it."""


def places() -> list[Path]:
    """Folders that are searched: that of ``INTERTWINE_DATA``, ``data`` here, and the user's."""
    named = os.environ.get("INTERTWINE_DATA")
    return [*([Path(named)] if named else []), Path("data"), user_data_path("intertwine", appauthor=False)]


def source(*patterns: str) -> Path | None:
    """The first thing in `places` that one of the patterns names, or None.

    Parameters
    ----------
    *patterns : str
        Of `pathlib.Path.glob`, the preferred first.
    """
    for pattern in patterns:
        for place in places():
            found = sorted(place.glob(pattern)) if place.is_dir() else []
            if found:
                return found[0]
    return None


def fingerprint(*paths: Path) -> str:
    """Sixteen letters that change with the place, size or time of files: for the names of what is made of them.

    Parameters
    ----------
    *paths : Path
    """
    about = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return hashlib.sha256(repr(about).encode()).hexdigest()[:16]


def missing(what: str, how: str) -> MissingDataError:
    """The error for a data set that is not there.

    Parameters
    ----------
    what : str
        The data: "handwritten digits".
    how : str
        How to get them, with size and licence.
    """
    listed = ", ".join(str(place) for place in places())
    return MissingDataError(f"the {what} are not on this machine (searched {listed}): {how}")
