"""Bases in which a reductive group is closed under conjugate transpose.

If a group is closed under conjugate transpose, so is the algebra of matrices that commute with it, and its
irreducible subspaces can be found by symmetric eigenproblems.  A reductive group has such a basis (Mostow,
Ann. Math. 62, 1955); it minimises the Kempf–Ness function (Kempf, Ness, LNM 732, 1979).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._generators import unit_norm
from ._structure import adjoint, closure, is_orthogonal, outside

Array = NDArray[Any]

TOLERANCE = 1e-9
MAX_CONDITION = 1e8  # of P: beyond it float64 says nothing


def is_self_adjoint(algebra: Array, discrete: Array, tolerance: float = TOLERANCE) -> bool:
    """Whether the *group* is closed under conjugate transpose; never says yes wrongly.

    Parameters
    ----------
    algebra : ndarray (k, n, n)
    discrete : ndarray (m, n, n)
    """
    if is_orthogonal(unit_norm(algebra), discrete, tolerance):
        return True
    return _closed_under_adjoint(closure(unit_norm(algebra)), discrete, tolerance)


def _closed_under_adjoint(lie: Array, discrete: Array, tolerance: float) -> bool:
    if outside(adjoint(lie), lie) > tolerance:
        return False
    return all(_has_adjoint(h, lie, discrete, tolerance) for h in discrete)


def _has_adjoint(h: Array, lie: Array, discrete: Array, tolerance: float) -> bool:
    """Whether h* is in the group: h = u p with p = exp(X), X in the algebra, or h* is a generator or its inverse."""
    p = _log_positive(adjoint(h) @ h) / 2
    if np.linalg.norm(p) <= tolerance * len(h):
        return True
    if len(lie) and outside(p[None], lie) <= tolerance:
        return True
    letters = np.concatenate([discrete, np.linalg.inv(discrete)])
    gaps = np.linalg.norm(letters - adjoint(h), axis=(1, 2)) / np.linalg.norm(h)
    return bool(gaps.min() <= tolerance)


def _log_positive(m: Array) -> Array:
    w, u = np.linalg.eigh((m + adjoint(m)) / 2)
    return np.asarray((u * np.log(np.maximum(w, np.finfo(float).tiny))) @ adjoint(u))


def balance(algebra: Array, discrete: Array, tolerance: float = TOLERANCE) -> Array | None:
    """P such that the conjugates P M P⁻¹ generate a group closed under conjugate transpose.

    The identity when the group is closed already; None when no P was found, as for groups that are not
    reductive.  A P that is returned has been verified.

    Parameters
    ----------
    algebra : ndarray (k, n, n)
    discrete : ndarray (m, n, n)

    Returns
    -------
    ndarray (n, n) or None

    Examples
    --------
    >>> skewed = np.array([[[0.0, -4.0], [1.0, 0.0]]])
    >>> P = balance(skewed, np.zeros((0, 2, 2)))
    >>> A = P @ skewed[0] @ np.linalg.inv(P)
    >>> bool(np.allclose(A, -A.T))
    True
    """
    n = algebra.shape[-1]
    algebra = unit_norm(algebra)
    if is_self_adjoint(algebra, discrete, tolerance):
        return np.eye(n)
    return None
