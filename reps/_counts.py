"""The numbers in expressions of representations: multiplicities and degrees."""

from __future__ import annotations

from typing import Any

import numpy as np

MAX_FACTORS = 128  # of a tensor power: expressions are trees, and trees that deep cannot be walked


def is_int(value: Any) -> bool:
    """Whether a value is an integer, and not a bool."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def fitting(largest: int) -> type:
    """The dtype of whole numbers up to this one: int64, or Python's own integers, which have no end."""
    return np.int64 if largest < 2**63 else object


def multiplicity(n: Any) -> int:
    """Check a multiplicity."""
    if not is_int(n) or n < 0:
        raise ValueError(f"a multiplicity is an integer >= 0, got {n!r}")
    return int(n)


def exponent(k: Any, where: str) -> int:
    """Check the degree of a power."""
    if not is_int(k):
        raise TypeError(f"{where}: the degree is an integer >= 0, got {k!r} of type {type(k).__name__}")
    if k < 0:
        hint = "; negative powers of V are powers of V.dual" if where.startswith(("rep", "T")) else ""
        raise ValueError(f"{where}: the degree is an integer >= 0, got {k}{hint}")
    if k > MAX_FACTORS and where.startswith(("rep", "T")):
        raise ValueError(f"{where}: a tensor product has at most {MAX_FACTORS} factors, got {k}")
    return int(k)
