"""Character tables of small finite groups, exactly.

The class sums span a commutative algebra; in the basis C/√|C| it acts by normal matrices, whose common eigenvectors
are the irreducible characters (Burnside; Dixon, Numer. Math. 10, 1967).  They are found in floating point and lifted:
the multiplicity of the eigenvalue ζˢ of ρ(g) is (1/e) Σ_j χ(gʲ) ζ⁻ˢʲ, a whole number.  What comes out is exact, and its
orthogonality is verified modulo a prime.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from . import _finite

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]

MAX_CLASSES = 256
MAX_ENTRIES = 2**24  # multiplicities in the table: classes² × exponent
ROUNDING = 1e-4  # largest distance of a computed multiplicity from a whole number
TRIES = 8


@dataclass(frozen=True, eq=False)
class CharacterTable:
    """Irreducible complex characters of a finite group: rows by degree, the trivial one first.

    Columns are the classes of ``G.conjugacy_classes()``.

    Parameters
    ----------
    group : Group
    sizes, orders : (k,) of int
        Number of elements of each class, and their order.
    multiplicities : (k, k, e) of int
        How often exp(2πi s/e) is an eigenvalue of ρ(g), e the exponent of the group.
    powers : (k, e) of int
        Class of the j-th powers of a class.

    Examples
    --------
    >>> from intertwine.groups import A
    >>> table = A(4).character_table()
    >>> print(table)
    size   1              4              4   3
    order  1              3              3   2
    χ1     1              1              1   1
    χ2     1  -1/2 + √3*I/2  -1/2 - √3*I/2   1
    χ3     1  -1/2 - √3*I/2  -1/2 + √3*I/2   1
    χ4     3              0              0  -1
    >>> table.degrees, table.frobenius_schur_indicators
    ((1, 1, 1, 3), (1, 0, 0, 1))
    """

    group: Group
    sizes: Array
    orders: Array
    multiplicities: Array
    powers: Array

    @property
    def exponent(self) -> int:
        """Least e with gᵉ = 1 for every g."""
        return int(self.multiplicities.shape[2])

    @property
    def order(self) -> int:
        """Number of elements of the group."""
        return int(self.sizes.sum())

    @property
    def degrees(self) -> tuple[int, ...]:
        """Dimensions of the irreps over ℂ."""
        return tuple(self.multiplicities[:, 0].sum(axis=1).tolist())

    @cached_property
    def numeric(self) -> Array:
        """Complex128 values (k, k)."""
        roots = np.exp(2j * np.pi * np.arange(self.exponent) / self.exponent)
        return np.asarray(self.multiplicities @ roots)

    @cached_property
    def values(self) -> Any:
        """Exact values, a sympy matrix (k, k)."""
        field = Cyclotomic(self.exponent)
        known: dict[bytes, Any] = {}
        entries = []
        for row in self.multiplicities.reshape(-1, self.exponent):
            key = field.reduced(row).tobytes()
            if key not in known:
                known[key] = field.number(row)
            entries.append(known[key])
        return sp.ImmutableMatrix(*self.multiplicities.shape[:2], entries)

    @cached_property
    def frobenius_schur_indicators(self) -> tuple[int, ...]:
        """Frobenius–Schur indicators (1/|G|) Σ χ(g²): 1 for a real irrep, −1 quaternionic, 0 complex."""
        squares = np.einsum("t,xts->xs", self.sizes, self.multiplicities[:, self.powers[:, 2 % self.exponent]])
        total = Cyclotomic(self.exponent).reduced(squares)
        return tuple((total[:, 0] // self.order).tolist())

    def __str__(self) -> str:
        rows = [["size", *map(str, self.sizes)], ["order", *map(str, self.orders)]]
        for i, row in enumerate(self.values.tolist(), 1):
            rows.append([f"χ{i}", *(re.sub(r"sqrt\((\d+)\)", r"√\1", sp.sstr(x)) for x in row)])
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = [[row[0].ljust(widths[0]), *(x.rjust(w) for x, w in zip(row[1:], widths[1:]))] for row in rows]
        return "\n".join("  ".join(line) for line in lines)


def character_table(group: Group, permutations: Group) -> CharacterTable:
    """Character table of a group, from its model as a permutation group.

    Raises
    ------
    ValueError
        More elements than are listed, or more classes than `MAX_CLASSES`.
    """
    elements = _finite.images(permutations)
    classes = _finite.conjugacy_classes(permutations)
    k = len(classes)
    if k > MAX_CLASSES:
        raise ValueError(f"{group.name} has {k} conjugacy classes; character tables go up to {MAX_CLASSES}")
    sizes = np.array([len(c) for c in classes])
    lookup = _Lookup(elements, classes)
    powers = _powers(elements[[c[0] for c in classes]], lookup)
    exponent = powers.shape[1]
    if k * k * exponent > MAX_ENTRIES:
        raise ValueError(
            f"{group.name} has {k} conjugacy classes and exponent {exponent}: its character table is too large "
            f"(classes² × exponent up to {MAX_ENTRIES})"
        )
    orders = np.array([next(j for j in range(1, exponent + 1) if row[j % exponent] == 0) for row in powers])
    characters = _characters(elements, classes, sizes, lookup, powers[:, -1])
    multiplicities = np.fft.fft(characters[:, powers], axis=2) / exponent
    rounded = np.rint(multiplicities.real).astype(np.int64)
    if np.abs(multiplicities - rounded).max() > ROUNDING or rounded.min() < 0:
        raise ArithmeticError(f"the characters of {group.name} could not be lifted to exact numbers")
    key = [(sum(row[0]), (row[:, 1:] != 0).any(), (-row[:, 0]).tolist(), (-row).tolist()) for row in rounded]
    table = CharacterTable(group, sizes, orders, rounded[sorted(range(k), key=key.__getitem__)], powers)
    _verify(table)
    return table


class _Lookup:
    """Class of a permutation that is in the group, by a number computed from its images."""

    def __init__(self, elements: Array, classes: list[Array]) -> None:
        self._weights = np.random.default_rng(0).integers(2**62, size=elements.shape[1])
        keys = elements @ self._weights
        self._order = np.argsort(keys)
        self._keys = keys[self._order]
        if len(np.unique(keys)) < len(keys):
            raise ArithmeticError("two permutations share a key")
        self._owner = np.empty(len(elements), np.int64)
        for i, members in enumerate(classes):
            self._owner[members] = i

    def __call__(self, permutations: Array) -> Array:
        return np.asarray(self._owner[self._order[np.searchsorted(self._keys, permutations @ self._weights)]])


def _powers(representatives: Array, lookup: _Lookup) -> Array:
    """Classes (k, e) of the powers g⁰, g¹, …, gᵉ⁻¹ of each representative."""
    power = np.tile(np.arange(representatives.shape[1]), (len(representatives), 1))
    columns = [lookup(power)]
    while True:
        power = np.take_along_axis(representatives, power, axis=1)
        classes = lookup(power)
        if not classes.any():
            return np.stack(columns, axis=1)
        columns.append(classes)


def _characters(elements: Array, classes: list[Array], sizes: Array, lookup: _Lookup, inverse: Array) -> Array:
    """Irreducible characters (k, k) in floating point."""
    k, n = len(classes), len(elements)
    inverses = np.argsort(elements, axis=1)
    owner = lookup(elements)
    counts = np.zeros((k, k, k))  # [r, s, t]: pairs in C_r × C_s with product z_t
    for t, members in enumerate(classes):
        other = lookup(inverses[:, elements[members[0]]])  # x⁻¹ z_t for every x
        counts[:, :, t] = np.bincount(owner * k + other, minlength=k * k).reshape(k, k)
    rng = np.random.default_rng(0)
    for _ in range(TRIES):
        g = rng.standard_normal(k) + 1j * rng.standard_normal(k)
        g = (g + g[inverse].conj()) / np.sqrt(sizes)
        mixed = np.tensordot(g, counts, 1) * np.sqrt(sizes[None, :] / sizes[:, None])
        w, v = np.linalg.eigh(mixed)
        if k == 1 or np.diff(w).min() > 1e-7 * np.abs(w).max():
            ratios = v.T / np.sqrt(sizes) / v[0][:, None]  # χ / χ(1)
            degrees = np.sqrt(n / (np.abs(ratios) ** 2 @ sizes))
            return np.asarray(ratios * degrees[:, None])
    raise ArithmeticError("the class sums have eigenvalues too close to tell apart")


def _verify(table: CharacterTable) -> None:
    """Σ_t |C_t| χ(t) ψ(t⁻¹) = |G| δ, modulo a prime p = 1 mod e, where ζ is a whole number."""
    e, n = table.exponent, table.order
    p = next(q for q in range(e * (2**20 // e) + 1, 2**30, e) if q > n and sp.isprime(q))
    zeta = pow(int(sp.primitive_root(p)), (p - 1) // e, p)
    values = table.multiplicities @ np.array([pow(zeta, s, p) for s in range(e)]) % p
    weighted = values * table.sizes % p
    gram = weighted @ values[:, table.powers[:, -1]].T % p
    if not np.array_equal(gram, n % p * np.eye(len(values), dtype=np.int64)):
        raise ArithmeticError(f"the characters found for {table.group.name} are not orthogonal")


class Cyclotomic:
    """ℚ(ζ), ζ = exp(2πi/e): vectors v of length e stand for Σ_s v_s ζˢ."""

    def __init__(self, e: int) -> None:
        self.e = e
        x = sp.Symbol("x")
        tail = -np.array(sp.Poly(sp.cyclotomic_poly(e, x), x).all_coeffs()[:0:-1], dtype=np.int64)
        rows = np.zeros((e, len(tail)), np.int64)  # ζˢ in the basis 1, ζ, …
        rows[0, 0] = 1
        for s in range(1, e):
            rows[s, 1:] = rows[s - 1, :-1]
            rows[s] += rows[s - 1, -1] * tail
        self._rows = rows

    def reduced(self, v: Array) -> Array:
        """Coordinates in the basis 1, ζ, …, ζ^(φ(e)−1): equal for equal numbers only."""
        return np.asarray(v @ self._rows)

    def product(self, v: Array, w: Array) -> Array:
        """Product of two numbers."""
        out = np.zeros(self.e, v.dtype)
        for s in np.flatnonzero(v):
            out += v[s] * np.roll(w, s)
        return out

    def conjugates(self, v: Array) -> list[Array]:
        """The number and its distinct Galois conjugates."""
        found: dict[bytes, Array] = {}
        for a in range(1, self.e + 1):
            if math.gcd(a, self.e) == 1:
                moved = np.zeros_like(v)
                moved[a * np.arange(self.e) % self.e] = v
                found.setdefault(self.reduced(moved).tobytes(), moved)
        return list(found.values())

    def number(self, v: Array) -> Any:
        """As sympy writes it: in ℚ or a quadratic field by roots, else by cosines or roots of unity."""
        conjugates = self.conjugates(v)
        if len(conjugates) == 1:
            return sp.Integer(int(self.reduced(v)[0]))
        if len(conjugates) == 2:
            gap = v - conjugates[1]
            square = int(self.reduced(self.product(gap, gap))[0])
            trace = int(self.reduced(v + conjugates[1])[0])
            value = gap @ np.exp(2j * np.pi * np.arange(self.e) / self.e)
            sign = 1 if (value.real if square > 0 else value.imag) > 0 else -1
            return sp.Rational(trace, 2) + sign * sp.sqrt(square) / 2
        mirrored = v[-np.arange(self.e)]
        real = np.array_equal(self.reduced(v), self.reduced(mirrored))
        angles = [2 * sp.pi * sp.Rational(int(s), self.e) for s in np.flatnonzero(v)]
        terms = [sp.cos(a) if real else sp.exp(sp.I * a) for a in angles]
        return sp.Add(*(int(c) * t for c, t in zip(v[v != 0], terms)))
