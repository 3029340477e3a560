"""Arguments of the catalogue."""

from __future__ import annotations

from numbers import Integral

MOST = 2**27  # entries of a group's generators: a gigabyte; writing down more takes minutes


def positive(name: str, n: object, least: int = 1) -> int:
    """Read a size; the group must exist."""
    if isinstance(n, bool) or not isinstance(n, Integral):
        raise TypeError(f"{name} takes a whole number, got {n!r}")
    if n < least:
        raise ValueError(f"{name}({n}) is not a group of this catalogue: the number must be at least {least}")
    return int(n)


def even(name: str, n: object) -> int:
    """Read the size of symplectic matrices."""
    size = positive(name, n)
    if size % 2:
        raise ValueError(
            f"{name}(n) acts on vectors of even length n (positions and momenta), got n = {size}: {name}({size + 1})?"
        )
    return size


def signature(name: str, p: object, q: object) -> tuple[int, int]:
    """Read the numbers of plus and minus signs of a form."""
    return positive(name, p), positive(name, q) if q else positive(name, q, least=0)


def is_complex(field: object) -> bool:
    """Read ``field="R"`` or ``field="C"``."""
    if field not in ("R", "C"):
        raise ValueError(f'field must be "R" or "C", got {field!r}')
    return field == "C"


def check_room(name: str, count: int, n: int) -> None:
    """Refuse so many generators (n, n) that they would fill the memory."""
    if count * n**2 > MOST:
        raise ValueError(
            f"{name}({n}) has {count} generators of shape {n} x {n}, {count * n**2:.1e} entries: the catalogue makes "
            f"groups of up to {MOST:.1e}; give a smaller size"
        )
