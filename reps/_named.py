"""Names and bases the field already uses: SO(3), O(3) as e3nn writes them, SO(2), O(2) by frequency.

* O(3): ``"2e"`` is degree 2, even; the basis is e3nn's, real spherical harmonics with y as polar axis, so
  that ``"1o"`` in its basis (x, y, z) is V itself.  SO(3): the degree, ``2``.
* SO(2), O(2): the frequency ``k``, acting by the rotation through kθ; on O(2) the reflection (x, −y) acts as
  (x, −y), and ``"0-"`` is the determinant.

Elsewhere an irrep keeps coordinate axes when its space is spanned by them (so V stays V).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from intertwine.groups import SO, Group, O
from numpy.typing import NDArray

from ._errors import DecompositionError
from ._isotypic import irreducible

if TYPE_CHECKING:
    from ._irrep import Irrep

Array = NDArray
Kind = Literal["SO(3)", "O(3)", "SO(2)", "O(2)"]


@lru_cache(maxsize=256)
def kind(group: Group) -> Kind | None:
    """Which named family a group is, by content; None when it has no names of its own."""
    if group.d not in (2, 3) or group.lie_dim not in (1, 3):
        return None
    if group == SO(group.d):
        return "SO(3)" if group.d == 3 else "SO(2)"
    if group == O(group.d):
        return "O(3)" if group.d == 3 else "O(2)"
    return None


def is_named(group: Group) -> bool:
    """Whether integer labels are degrees or frequencies and not indices."""
    return kind(group) is not None


def label(irrep: Irrep) -> str | int | None:
    """The field's name of an irrep, or None."""
    group, d = irrep.group, irrep.dim
    family = kind(group)
    if family is None:
        return None
    if family in ("SO(3)", "O(3)"):
        degree = (d - 1) // 2
        return degree if family == "SO(3)" else f"{degree}{_parity(irrep)}"
    if d == 1:
        return "0-" if len(irrep.discrete) and irrep.discrete[0, 0, 0] < 0 else 0
    return _frequency(irrep)


def preferred_basis(irrep: Irrep) -> Array:
    """Orthogonal (d, d) change from an irrep's rows to the basis it is kept in."""
    if kind(irrep.group) is not None and irrep.dim > 1:
        g = _elements(irrep.group)
        return _align(irrep.rho(g), _named_matrices(irrep, g))
    return _coordinate_change(irrep.rows)


def _frequency(irrep: Irrep) -> int:
    return round(float(np.linalg.norm(irrep.algebra[0]) / np.linalg.norm(irrep.letters.algebra[0])))


def _coordinate_change(rows: Array) -> Array:
    projector = rows.conj().T @ rows
    support = np.flatnonzero(np.abs(np.diag(projector) - 1) < 1e-9)
    if len(support) == len(rows):
        return rows[:, support].conj().T
    return np.eye(len(rows), dtype=rows.dtype)


def _align(own: Array, target: Array) -> Array:
    for draw in range(12):
        try:
            a, b = irreducible(own, draw), irreducible(target, draw)
        except DecompositionError:
            continue
        change = b.copies[0].conj().T @ a.copies[0]
        if np.abs(change @ own - target @ change).max() < 1e-9 * max(1.0, np.abs(own).max()):
            return change
    raise DecompositionError("an irrep did not match the named irrep of its dimension")


@lru_cache(maxsize=8)
def _elements(group: Group) -> Array:
    """Fixed elements of a named group that generate a dense subgroup, (4, d, d)."""
    return group.sample(4, rng=1618)


def _named_matrices(irrep: Irrep, g: Array) -> Array:
    signs = np.sign(np.linalg.det(g))
    if irrep.group.d == 3:
        matrices = harmonic_matrices((irrep.dim - 1) // 2, g * signs[:, None, None])
        odd = kind(irrep.group) == "O(3)" and _parity(irrep) == "o"  # −1 is no element of SO(3)
        return matrices * signs[:, None, None] if odd else matrices
    k = _frequency(irrep)
    angle = np.arctan2(g[:, 1, 0], g[:, 0, 0])
    rotation = np.stack([np.cos(k * angle), -np.sin(k * angle), np.sin(k * angle), np.cos(k * angle)], 1)
    matrices = rotation.reshape(-1, 2, 2)
    matrices[signs < 0, :, 1] *= -1
    return matrices


def _parity(irrep: Irrep) -> str:
    """How −1 acts."""
    return "e" if np.trace(irrep.rho(-np.eye(3))) > 0 else "o"


def spherical_harmonics(degree: int, points: Array) -> Array:
    """Real spherical harmonics of unit vectors in e3nn's order and axes, orthonormal on the sphere.

    points (n, 3) in the order x, y, z; returns (n, 2·degree + 1), m = −degree … degree; y is polar.

    Examples
    --------
    >>> import numpy as np
    >>> (spherical_harmonics(1, np.array([[0.48, 0.6, 0.64]])) * np.sqrt(4 * np.pi / 3)).round(6)
    array([[0.48, 0.6 , 0.64]])
    """
    x, y, z = points.T
    azimuth = np.arctan2(x, z)
    columns = []
    for m in range(-degree, degree + 1):
        wave = np.sin(-m * azimuth) if m < 0 else np.cos(m * azimuth)
        columns.append(_legendre(degree, abs(m), y) * wave * np.sqrt((2 if m else 1) / (2 * np.pi)))
    return np.stack(columns, axis=1)


def _legendre(l: int, m: int, t: Array) -> Array:
    """Associated Legendre function of unit norm on [−1, 1], positive near 1, by the recurrence in the degree."""
    before, value = np.zeros_like(t), np.sqrt(0.5) * np.ones_like(t)
    for k in range(1, m + 1):
        value = value * np.sqrt(np.maximum(1 - t**2, 0) * (2 * k + 1) / (2 * k))
    for k in range(m + 1, l + 1):
        scale = np.sqrt((4 * k * k - 1) / (k * k - m * m))
        back = np.sqrt(((k - 1) ** 2 - m * m) / (4 * (k - 1) ** 2 - 1))
        before, value = value, scale * (t * value - back * before)
    return value


def harmonic_matrices(degree: int, rotations: Array) -> Array:
    """D with Y(Rx) = D(R) Y(x) for rotations (s, 3, 3): (s, 2·degree + 1, 2·degree + 1)."""
    rng = np.random.default_rng(5)
    points = rng.normal(size=(8 * degree + 8, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    pinv = np.linalg.pinv(spherical_harmonics(degree, points))  # (2l+1, n)
    return np.stack([(pinv @ spherical_harmonics(degree, points @ r.T)).T for r in rotations])
