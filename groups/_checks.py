"""Mistakes in a list of generators.

Sizes that differ, a discrete part that enlarges the algebra, floats that were meant as exact numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from . import _exact, _lie
from ._errors import InexactWarning
from ._value import Value, as_group

if TYPE_CHECKING:
    from numpy.typing import NDArray

Matrix = Any

ESCAPE = 1e-7  # relative distance from the algebra that is not rounding
NEAR = 2e-10  # relative distance at which an exact number may have been meant
SIMPLE = 64  # largest numerator and denominator that may have been meant
TYPED = 64  # matrices with more different floats were not typed by hand


def common_size(algebra: Sequence[Matrix], discrete: Sequence[Matrix]) -> int:
    """The dimension on which all generators act.

    Raises
    ------
    ValueError
        For no generator, and for different sizes; names one generator of each size.
    """
    labels = [f"algebra generator {i}" for i in range(len(algebra))]
    labels += [f"discrete generator {i}" for i in range(len(discrete))]
    first = dict(reversed([(m.rows, label) for m, label in zip((*algebra, *discrete), labels)]))
    if not first:
        raise ValueError("no generators given: the trivial group of R^d is Trivial(d)")
    if len(first) > 1:
        raise ValueError(
            f"all generators must act on the same space, got sizes {sorted(first)}: "
            f"{', '.join(f'{first[d]} is {d}×{d}' for d in sorted(first))}; "
            "G * H acts on two spaces, G.embed(n) places a group in a larger one"
        )
    return int(next(iter(first)))


def check_normalises(value: Value) -> None:
    """Raise where some h A h⁻¹ is outside the Lie algebra: the group that is generated would have a larger one.

    Raises
    ------
    ValueError
        Shows the discrete generator and how far it moves the algebra.
    """
    if not value.algebra or not value.discrete:
        return
    lie = as_group(value).closure
    for h, exact in zip(value.discrete_generators, value.discrete):
        distance = _escape(h, lie)
        if distance:
            raise ValueError(
                f"the discrete generator {exact.tolist()} does not normalise the Lie algebra of dimension {len(lie)}: "
                f"h A h^-1 leaves it by {distance:.1g} of its length, so that the group is larger than its algebra "
                "says; add h * A * h.inv() for every algebra generator A to algebra=[...]"
            )


def _escape(h: NDArray[Any], lie: NDArray[Any]) -> float:
    """Largest relative distance of h A h⁻¹ from the algebra; 0 where rounding explains it."""
    inverse = np.linalg.inv(h)
    moved = h @ lie @ inverse
    growth = np.linalg.norm(h) * np.linalg.norm(inverse) / np.linalg.norm(moved, axis=(1, 2)).min()
    distance = _lie.outside(moved, lie)
    return distance if distance > ESCAPE + 100 * growth * np.linalg.cond(h) * np.finfo(float).eps else 0.0


def warn_of_floats(what: str, matrices: Sequence[Matrix], stacklevel: int, *, projective: bool = False) -> None:
    """Offer the exact number next to a float, for the first such entry; the float is kept.

    Warns
    -----
    InexactWarning
        Says which entry of which matrix, and the number.
    """
    for i, m in enumerate(matrices):
        found = suspect(m, projective)
        if found is not None:
            place, value, exact = found
            warnings.warn(
                f"entry {place} of {what} {i} is the float {value!r}, next to {exact}: the float is used, and the "
                f"group is not exact; if {exact} is meant, give the sympy number",
                InexactWarning,
                stacklevel=stacklevel + 1,
            )
            return


def suspect(m: Matrix, projective: bool) -> tuple[tuple[int, int], float, Any] | None:
    """A place, the float there, and the exact number next to it; None where nothing looks like one.

    Where the scale does not count (``projective``), a float times whole numbers is as good as exact.
    """
    numbers = {ij: complex(x) for ij, x in m.todok().items()}
    floats = [(ij, part) for ij, x in m.todok().items() for part in _floats(x)]
    if not floats or len({abs(part) for _, part in floats}) > TYPED:
        return None
    lead = next(iter(numbers.values()))
    if projective and all(abs(q - round(q.real)) < NEAR for q in (x / lead for x in numbers.values())):
        return None
    return next(((ij, part, exact) for ij, part in floats if (exact := nearest_exact(part)) is not None), None)


def _floats(x: Any) -> list[float]:
    """Real and imaginary part, where they are floats."""
    return [float(part) for part in x.as_real_imag() if part.has(sp.Float)] if x.has(sp.Float) else []


def nearest_exact(x: float) -> Any:
    """A small fraction, its square root, or (a + b√5)/4, within `NEAR` of a float; None when there is none.

    Examples
    --------
    >>> nearest_exact(0.7071067811865476), nearest_exact(0.3333333333), nearest_exact(-0.8090169943749475)
    (sqrt(2)/2, 1/3, -sqrt(5)/4 - 1/4)
    >>> nearest_exact(0.123456789)
    """
    size = abs(x)
    zero, one, five = Fraction(0), Fraction(1), Fraction(5)
    surds = [(_small_fraction(size), zero, one), (zero, one, _small_fraction(size * size))]  # s + c √r
    surds += [(Fraction(round(4 * size - b * 5**0.5), 4), Fraction(b, 4), five) for b in (-3, -2, -1, 1, 2, 3)]
    for s, c, r in surds:
        value = float(s) + float(c) * float(r) ** 0.5
        if value != 0 and abs(value - size) <= NEAR * size:
            return int(np.sign(x)) * (_exact.number(s) + _exact.number(c) * sp.sqrt(_exact.number(r)))
    return None


def _small_fraction(x: float) -> Fraction:
    nearest = Fraction(x).limit_denominator(SIMPLE)
    return nearest if nearest.numerator <= SIMPLE else Fraction(0)
