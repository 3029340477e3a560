"""Random group elements: Haar where the group is recognised as compact, bounded words otherwise."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from . import _finite
from ._generators import permutation_matrices
from ._value import Value, as_group

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]
Generator = np.random.Generator
Rng = int | Generator | None

MAX_CONDITION = 10.0
WORD_LENGTH = 24
EXPONENTIALS = 4


class Sampling(Value):
    """Random elements."""

    def sample(self, n: int | None = None, rng: Rng = None) -> Array:
        """Random elements.

        Haar-distributed for SO, O, SU, U and products of them and uniform for finite groups; long
        random words of exponentials and discrete generators for other compact groups (close to Haar),
        and for non-compact groups words and exponentials of condition number at most 10, or that of the
        worst discrete generator.

        Parameters
        ----------
        n : int, optional
            How many; a single matrix (d, d) when None.
        rng : int, numpy.random.Generator, optional

        Returns
        -------
        ndarray (n, d, d) or (d, d)

        Examples
        --------
        >>> from intertwine.groups import O
        >>> g = O(3).sample(5, rng=0)
        >>> g.shape, bool(np.allclose(g @ g.transpose(0, 2, 1), np.eye(3)))
        ((5, 3, 3), True)
        """
        if n is not None and (isinstance(n, bool) or not isinstance(n, Integral)):
            raise TypeError(f"sample takes a number of elements, or None for one matrix, got {n!r}")
        elements = sample(as_group(self), 1 if n is None else n, np.random.default_rng(rng))
        return elements[0] if n is None else elements


def sample(group: Group, n: int, rng: Generator) -> Array:
    """Draw n elements (n, d, d) of a group; see `Group.sample` for the distribution."""
    if n < 0:
        raise ValueError(f"the number of samples must not be negative, got {n}")
    if len(group.factors) > 1:
        return _product(group, n, rng)
    if group.is_permutation:
        return permutation_matrices(_finite.random_permutations(group, n, rng))
    haar = _classical(group)
    if haar is not None:
        return _haar(group, haar, n, rng)
    model = _finite.model(group)
    if model is not None:
        return model.matrices(_finite.random_permutations(model.group, n, rng))
    if group.is_compact:
        return _compact(group, n, rng)
    return _words(group.discrete_generators, group.closure, n, rng, MAX_CONDITION, 1.0)


def _compact(group: Group, n: int, rng: Generator) -> Array:
    """Long words, in the basis where the group is orthogonal (unitary)."""
    p = group.balancing
    assert p is not None, "compact groups are reductive"
    q = np.linalg.inv(p)
    angles = 2 * np.pi * np.sqrt(group.d)  # matrices of unit Frobenius norm turn slowly
    return q @ _words(p @ group.discrete_generators @ q, p @ group.closure @ q, n, rng, np.inf, angles) @ p


def _product(group: Group, n: int, rng: Generator) -> Array:
    out = np.zeros((n, group.d, group.d), complex if group.field == "C" else float)
    for start, factor in zip(group.offsets, group.factors):
        out[:, start : start + factor.d, start : start + factor.d] = sample(factor, n, rng)
    return out


def _classical(group: Group) -> str | None:
    """Recognise SO(n), O(n), SU(n), U(n) by dimension: full dimension means the whole algebra."""
    if not group.is_orthogonal:
        return None
    n = group.d
    flips = bool(len(group.discrete)) and bool((np.linalg.det(group.discrete_generators).real < 0).any())
    if group.field == "R" and group.lie_dim == n * (n - 1) // 2 > 0:
        return "O" if flips else "SO"
    if group.field == "C" and group.lie_dim == n * n:
        return "U"
    if group.field == "C" and group.lie_dim == n * n - 1 > 0 and not len(group.discrete):
        return "SU"
    return None


def _haar(group: Group, kind: str, n: int, rng: Generator) -> Array:
    """QR of Gaussian matrices without the phases of R's diagonal (Mezzadri, Notices AMS 54, 2007)."""
    d = group.d
    z = rng.standard_normal((n, d, d))
    if kind in ("U", "SU"):
        z = z + 1j * rng.standard_normal((n, d, d))
    q, r = np.linalg.qr(z)
    diagonal = np.diagonal(r, axis1=1, axis2=2)
    q = q * (diagonal / np.abs(diagonal))[:, None, :]
    if kind in ("SO", "SU"):
        q[:, :, 0] /= np.linalg.det(q)[:, None]
    return np.asarray(q)


def _words(letters: Array, closure: Array, n: int, rng: Generator, limit: float, scale: float) -> Array:
    """Products of discrete generators and exponentials, of condition number at most ``limit`` or a letter's."""
    d = closure.shape[-1]
    g = np.broadcast_to(np.eye(d, dtype=np.result_type(letters, closure)), (n, d, d))
    if len(letters):
        letters = np.concatenate([letters, np.linalg.inv(letters)])
        for _ in range(WORD_LENGTH):
            g = _step(g, letters[rng.integers(len(letters), size=n)], rng.random(n) < 0.5, limit)
    if len(closure):
        for _ in range(EXPONENTIALS):
            x = np.tensordot(scale * rng.standard_normal((n, len(closure))), closure, 1)
            g = _exponential_step(g, x, limit)
    return np.array(g)


def _step(g: Array, h: Array, take: Array, limit: float) -> Array:
    """Multiply by h where asked and where the condition number allows it: a letter on its own always is."""
    longer = g @ h
    allowed = take & (np.linalg.cond(longer) <= np.maximum(limit, np.maximum(np.linalg.cond(g), np.linalg.cond(h))))
    return np.where(allowed[:, None, None], longer, g)


def _exponential_step(g: Array, x: Array, limit: float) -> Array:
    """Multiply by exp(x), halving x until the condition number allows it."""
    most = np.maximum(limit, np.linalg.cond(g))
    for _ in range(60):
        longer = g @ scipy.linalg.expm(x) if len(g) else g
        bad = np.linalg.cond(longer) > most
        if not bad.any():
            return np.asarray(longer)
        x = np.where(bad[:, None, None], x / 2, x)
    return g
