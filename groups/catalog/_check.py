"""Arguments of the catalogue."""

from __future__ import annotations

from numbers import Integral


def positive(name: str, n: object, least: int = 1) -> int:
    """Read a size; the group must exist."""
    if isinstance(n, bool) or not isinstance(n, Integral):
        raise TypeError(f"{name} takes a whole number, got {n!r}")
    if n < least:
        raise ValueError(f"{name}({n}) is not a group of this catalogue: the number must be at least {least}")
    return int(n)
