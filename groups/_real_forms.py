"""Names of the real forms of simple Lie algebras, by the signature of their Killing form.

The character of a real form is the number of positive squares minus that of negative ones, dim p − dim k of a Cartan
decomposition: −dim for the compact form, the rank for the split one.  With the type it names the form, but for two
that share it now and then (Helgason, Differential Geometry, Lie Groups, and Symmetric Spaces, chapter X, table V).
"""

from __future__ import annotations

from collections.abc import Iterator

EXCEPTIONAL = {
    ("G", 2): (-14, 2),
    ("F", 4): (-52, -20, 4),
    ("E", 6): (-78, -26, -14, 2, 6),
    ("E", 7): (-133, -25, -5, 7),
    ("E", 8): (-248, -24, 8),
}

#: algebras with two names of their type
TWINS = {("B", 2): ("B", "C"), ("A", 3): ("A", "D")}


def names(letter: str, rank: int, character: int | None) -> str:
    """Name of a real form; of the complex algebra as a real one when the character is None.

    Examples
    --------
    >>> names("A", 2, -8), names("A", 2, 2), names("D", 4, -4), names("A", 1, None)
    ('su(3)', 'sl(3, R)', 'so(6, 2) = so*(8)', 'sl(2, C)')
    """
    if (letter, rank) in EXCEPTIONAL:
        name = f"{letter.lower()}{rank}"
        if character is None:
            return f"{name}(C)"
        kind = {-DIMENSION[letter, rank]: "compact ", rank: "split "}.get(character, "")
        return f"{kind}{name}({character})"
    found = [name for twin in TWINS.get((letter, rank), (letter,)) for name in _classical(twin, rank, character)]
    distinct = letter in "AD" and rank > 8  # elsewhere two names of one character are one algebra
    return (" or " if distinct else " = ").join(dict.fromkeys(found)) or f"{letter}{rank} of character {character}"


DIMENSION = {key: -min(characters) for key, characters in EXCEPTIONAL.items()}


def _classical(letter: str, rank: int, character: int | None) -> Iterator[str]:
    if character is None:
        yield {
            "A": f"sl({rank + 1}, C)",
            "B": f"so({2 * rank + 1}, C)",
            "C": f"sp({2 * rank}, C)",
            "D": f"so({2 * rank}, C)",
        }[letter]
        return
    forms = {"A": _linear, "B": _orthogonal, "C": _symplectic, "D": _orthogonal}[letter]
    size = {"A": rank + 1, "B": 2 * rank + 1, "C": rank, "D": 2 * rank}[letter]
    yield from (name for name, value in forms(size) if value == character)


def _pairs(n: int, name: str) -> Iterator[tuple[str, int, int]]:
    for q in range(n // 2 + 1):
        yield (f"{name}({n - q}, {q})" if q else f"{name}({n})"), n - q, q


def _linear(n: int) -> Iterator[tuple[str, int]]:
    """su(p, q), sl(n, ℝ), su*(n) = sl(n/2, ℍ)."""
    yield f"sl({n}, R)", n - 1
    for name, p, q in _pairs(n, "su"):
        if (p, q) != (1, 1):  # su(1, 1) = sl(2, R)
            yield name, 1 - (p - q) ** 2
    if n % 2 == 0 and n > 2:
        yield f"su*({n})", -n - 1


def _orthogonal(n: int) -> Iterator[tuple[str, int]]:
    """so(p, q), so*(2m)."""
    for name, p, q in _pairs(n, "so"):
        yield name, p * q - p * (p - 1) // 2 - q * (q - 1) // 2
    if n % 2 == 0:
        yield f"so*({n})", -n // 2


def _symplectic(n: int) -> Iterator[tuple[str, int]]:
    """sp(2n, ℝ), sp(p, q)."""
    yield f"sp({2 * n}, R)", n
    for name, p, q in _pairs(n, "sp"):
        yield name, 4 * p * q - p * (2 * p + 1) - q * (2 * q + 1)
