"""Exact matrices: reading what users type, and the float64 copies of it.

Integers, fractions, sympy numbers and floats that are whole multiples of 1/1024 (``0.5``, ``2.0``) are exact.
Other floats stay floats: putting √2/2 for ``0.7071`` would change the group.  `nearest_exact` offers it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from numbers import Integral
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

Array = NDArray[Any]
Matrix = Any  # sympy.ImmutableMatrix; sympy ships no types

SIGNIFICANT = 12  # digits of a float that count for identity
DYADIC = 1024  # floats that are whole multiples of 1/DYADIC are what was meant


def number(x: Any) -> Any:
    """Read one entry as a sympy number."""
    if isinstance(x, (Integral, np.bool_)):
        return sp.Integer(int(x))
    if isinstance(x, Fraction):
        return sp.Rational(x.numerator, x.denominator)
    if isinstance(x, (complex, np.complexfloating)):
        return number(float(x.real)) + sp.I * number(float(x.imag))
    if isinstance(x, (float, np.floating)):
        value = float(x)
        if not np.isfinite(value):
            raise ValueError(f"entries must be finite numbers, got {value}")
        return sp.Rational(int(value * DYADIC), DYADIC) if (value * DYADIC).is_integer() else sp.Float(value)
    if isinstance(x, str):
        return number(_fraction(x))
    return _tidy(sp.sympify(x))


def _fraction(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"text is not evaluated: instead of {text!r} write a number such as sympy.sqrt(2)") from None


@lru_cache(maxsize=65536)
def _tidy(x: Any) -> Any:
    """One form per number, as far as sympy can (surds expanded, denominators rational)."""
    if x.free_symbols:
        raise ValueError(f"entries must be numbers, got {x} with free symbols {sorted(map(str, x.free_symbols))}")
    if x.is_finite is False or x in (sp.nan, sp.zoo):
        raise ValueError(f"entries must be finite numbers, got {x}")
    if x.is_Rational:
        return x
    if x.is_Float:
        return number(float(x))
    if x.has(sp.I) or not x.is_real:
        x = sp.expand_complex(x)
    return sp.expand(sp.radsimp(sp.expand(x, func=True)))


def matrix(entries: Any, what: str = "a generator") -> Matrix:
    """Read a square matrix given as nested lists, a numpy array, a sympy matrix or a tensor (its numbers alone)."""
    if hasattr(entries, "detach"):
        entries = _array(entries, what)
    if not isinstance(entries, sp.MatrixBase):
        try:
            entries = np.asarray(entries, dtype=object) if not hasattr(entries, "dtype") else np.asarray(entries)
        except ValueError as error:
            raise ValueError(f"{what} must be a square matrix, got ragged rows {entries!r}") from error
    shape = tuple(entries.shape)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(f"{what} must be a square matrix of shape (d, d) with d >= 1, got shape {shape}")
    if isinstance(entries, sp.MatrixBase):
        values = {ij: y for ij, x in entries.todok().items() if (y := _entry(x, what, ij)) != 0}
    else:
        places = zip(*np.nonzero(entries)) if entries.dtype != object else np.ndindex(*shape)
        values = {(int(i), int(j)): y for i, j in places if (y := _entry(entries[i, j], what, (i, j))) != 0}
    return sp.ImmutableMatrix(sp.SparseMatrix(*shape, values))


def _array(tensor: Any, what: str) -> Array:
    """The numbers of a tensor of torch, on whatever device, with or without a gradient."""
    if tensor.is_meta:
        raise ValueError(f"{what} is a tensor on the device meta, which holds no numbers: give it on the CPU")
    tensor = tensor.detach().cpu().resolve_conj()
    return np.asarray(tensor if tensor.element_size() > 2 else tensor.tolist())


def _entry(x: Any, what: str, place: Any) -> Any:
    try:
        return number(x)
    except (ValueError, TypeError, sp.SympifyError) as error:
        i, j = (int(k) for k in place)
        raise ValueError(f"entry ({i}, {j}) of {what} is {x!r}: {error}") from error


def is_exact(m: Matrix) -> bool:
    """Whether a matrix holds no floating-point number."""
    return not m.has(sp.Float)


def is_complex(m: Matrix) -> bool:
    """Whether some entry has an imaginary part."""
    return any(x.has(sp.I) or not x.is_real for x in m.todok().values() if not x.is_Rational)


def numeric(matrices: tuple[Matrix, ...], d: int, field: str) -> Array:
    """Float64 (complex128) copies, stacked to (k, d, d)."""
    out = np.zeros((len(matrices), d, d), complex if field == "C" else float)
    convert = complex if field == "C" else float
    for n, m in enumerate(matrices):
        for (i, j), x in m.todok().items():
            out[n, i, j] = convert(x)
    return out


def floats(entries: Array, what: str) -> Array:
    """Float64 (complex128 where an imaginary part is not 0) copy of an array of exact numbers."""
    try:
        found = entries.astype(complex)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} is a matrix of numbers, got {entries.tolist()!r}") from error
    return found if found.imag.any() else found.real


def check_invertible(h: Matrix, numbers: Array, what: str, hint: str = "") -> None:
    """Raise where a matrix is singular."""
    s = np.linalg.svd(numbers, compute_uv=False)
    suspicious = s[-1] <= 1e-12 * s[0]
    if suspicious and (not is_exact(h) or h.rank() < h.rows):
        raise ValueError(f"{what} is singular (determinant 0), but must be invertible: {h.tolist()}{hint}")


def fingerprint(m: Matrix, projective: bool) -> tuple[Any, ...]:
    """Content of a matrix as a hashable value; up to a *real* scale when ``projective`` (iA is not A)."""
    entries = sorted(m.todok().items())
    if projective and entries:
        lead = entries[0][1]
        if is_exact(m):
            scale = lead if lead.is_real else sp.Abs(lead) * orientation(m)
            entries = [(ij, x / scale if scale.is_Rational else _tidy(x / scale)) for ij, x in entries]
        else:
            size = abs(complex(lead)) * orientation(m)
            return tuple((ij, _rounded(complex(x) / size)) for ij, x in entries)
    return tuple((ij, _rounded(complex(x)) if x.has(sp.Float) else sp.srepr(x)) for ij, x in entries)


def orientation(m: Matrix) -> int:
    """+1 or −1: the sign of the first entry that is not zero (of its imaginary part if that is all it has)."""
    _, lead = min(m.todok().items())
    lead = complex(lead)
    return 1 if (lead.real if abs(lead.real) > 1e-12 * abs(lead) else lead.imag) > 0 else -1


def _rounded(x: complex) -> str:
    """A float to `SIGNIFICANT` digits; a whole number as sympy writes it, equal to its exact twin."""
    real, imaginary = (float(f"{part:.{SIGNIFICANT - 1}e}") + 0.0 for part in (x.real, x.imag))
    if imaginary == 0 and real.is_integer():
        return str(sp.srepr(sp.Integer(int(real))))
    return f"{real!r},{imaginary!r}"
