"""Bases in which a reductive group is closed under conjugate transpose.

If a group is closed under conjugate transpose, so is the algebra of matrices that commute with it, and its
irreducible subspaces can be found by symmetric eigenproblems.  A reductive real algebraic group has such a basis
(Mostow, Ann. Math. 62, 1955); it minimises the Kempf–Ness function (Kempf, Ness, LNM 732, 1979).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ._generators import unit_norm
from ._lie import adjoint, as_matrices, as_real, bracket, closure, is_orthogonal, orthonormal, outside

Array = NDArray[Any]

TOLERANCE = 1e-9
MAX_CONDITION = 2e4  # of P: beyond it a unipotent part squeezed to nothing looks like rounding


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
    """Whether h* is in the group: h = u exp(X), X in the algebra, or h* is a generator or its inverse."""
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


def units(algebra: Array, discrete: Array) -> Array:
    """Powers of 2, (n,), that coordinates are multiplied by for rows and columns of the generators to weigh alike.

    They differ from 1 where coordinates are in different units.  Scaling stops where a step gains less than 5 %
    (Parlett, Reinsch, Numer. Math. 13, 1969), so that no unipotent part is squeezed to nothing.
    """
    weights = np.abs(np.concatenate([unit_norm(algebra), discrete])).sum(axis=0)
    _, (scale, _) = scipy.linalg.matrix_balance(weights, permute=False, separate=True)
    return np.asarray(1 / scale)


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
    lie = closure(algebra)
    for find in (_from_invariant_form, kempf_ness, _from_algebra_alone):
        p = find(lie, discrete)
        if p is not None and _balances(p, lie, discrete, tolerance):
            return np.asarray(p * np.exp(-np.linalg.slogdet(p)[1] / n))  # |det| = 1: no tensor power grows or shrinks
    return None


def conjugated(p: Array, matrices: Array) -> Array:
    """P M P⁻¹ for a stack of matrices."""
    return np.asarray(p @ matrices @ np.linalg.inv(p))


def _balances(p: Array, lie: Array, discrete: Array, tolerance: float) -> bool:
    """Verify P, allowing for rounding in the generators M as they came: cond(P)·ε·‖M‖ / ‖P M P⁻¹‖."""
    condition = np.linalg.cond(p)
    if condition > MAX_CONDITION:
        return False
    given = np.concatenate([lie, discrete])
    norms = np.linalg.norm(given, axis=(1, 2)) / np.linalg.norm(conjugated(p, given), axis=(1, 2))
    shrinking = float(np.max(norms, initial=1.0))
    allowed = tolerance + 20 * condition * shrinking * np.finfo(float).eps
    moved = as_matrices(orthonormal(as_real(unit_norm(conjugated(p, lie)))), lie)
    return len(moved) == len(lie) and _closed_under_adjoint(moved, conjugated(p, discrete), allowed)


def _from_invariant_form(lie: Array, discrete: Array) -> Array | None:
    """P = H^½ for an invariant positive-definite form H, which compact groups have: P g P⁻¹ is unitary."""
    form = invariant_form(lie, discrete)
    if form is None:
        return None
    w, u = np.linalg.eigh(form)
    return np.asarray((u * np.sqrt(w)) @ adjoint(u))


def invariant_form(algebra: Array, discrete: Array) -> Array | None:
    """Average g*g over a compact group: a positive-definite H with g*Hg = H; None when there is none.

    The average R(M) is the projection onto the invariants N_i along the orthogonal complement of the
    invariants K_j of the dual action: R(1) = Σ_ij N_i (⟨K_j, N_i⟩⁻¹)_ij ⟨K_j, 1⟩.
    """
    algebra = unit_norm(algebra)
    forms = hermitian_invariants(adjoint(algebra), adjoint(discrete))
    dual = hermitian_invariants(algebra, discrete)
    if not len(forms) or len(forms) != len(dual):
        return None
    n, k = as_real(forms), as_real(dual)
    pairing = k @ n.T
    if np.linalg.cond(pairing) > 1 / np.finfo(float).eps:
        return None
    traces = np.trace(dual, axis1=1, axis2=2).real
    mean = np.tensordot(np.linalg.solve(pairing, traces), forms, 1)
    mean = (mean + adjoint(mean)) / 2
    w = np.linalg.eigvalsh(mean)
    if w[0] <= 1e-14 * np.abs(w).max() or _defect(mean, algebra, discrete) > 1e-6:
        return None
    return np.asarray(mean / w[-1])


def _defect(form: Array, algebra: Array, discrete: Array) -> float:
    """Largest relative change of a form under the generators, measured in the basis where the form is 1."""
    w, u = np.linalg.eigh(form)
    p, q = (u * np.sqrt(w)) @ adjoint(u), (u / np.sqrt(w)) @ adjoint(u)
    a, h = p @ algebra @ q, p @ discrete @ q
    skew = np.linalg.norm(a + adjoint(a), axis=(1, 2)) / np.maximum(np.linalg.norm(a, axis=(1, 2)), 1e-300)
    unitary = np.linalg.norm(h @ adjoint(h) - np.eye(len(form)), axis=(1, 2))
    return float(max([0.0, *skew, *unitary]))


def hermitian_basis(n: int, field_complex: bool) -> Array:
    """Orthonormal basis of the Hermitian (symmetric) n×n matrices."""
    i, j = np.triu_indices(n)
    basis = np.zeros((len(i), n, n))
    weight = np.where(i == j, 1, np.sqrt(0.5))
    basis[np.arange(len(i)), i, j] = weight
    basis[np.arange(len(i)), j, i] = weight
    if not field_complex:
        return basis
    i, j = np.triu_indices(n, 1)
    skew = np.zeros((len(i), n, n), complex)
    skew[np.arange(len(i)), i, j] = 1j * np.sqrt(0.5)
    skew[np.arange(len(i)), j, i] = -1j * np.sqrt(0.5)
    return np.concatenate([basis, skew])


def hermitian_invariants(algebra: Array, discrete: Array) -> Array:
    """Hermitian K with AK + KA* = 0 and hKh* = K, an orthonormal basis; QR generator by generator."""
    n = algebra.shape[-1]
    basis = hermitian_basis(n, np.iscomplexobj(algebra) or np.iscomplexobj(discrete))
    r = np.zeros((0, len(basis)))
    for a in algebra:
        half = a @ basis
        r = _stack(r, half + adjoint(half))
    for h in discrete:
        scale = max(1.0, float(np.linalg.norm(h, 2)) ** 2)
        r = _stack(r, (h @ basis @ adjoint(h) - basis) / scale)
    if not len(r):
        return basis
    _, s, vt = np.linalg.svd(r)
    rank = int(np.sum(s > 1e-10 * max(1.0, s[0])))
    return np.tensordot(vt[rank:], basis, 1)


def _stack(r: Array, images: Array) -> Array:
    return np.asarray(np.linalg.qr(np.concatenate([r, as_real(images).T]), mode="r"))


def kempf_ness(lie: Array, discrete: Array, steps: int = 200) -> Array | None:
    """Minimise ½ log det Gram(P B P⁻¹) + Σ_h log ‖P h P⁻¹‖² over positive-definite P, by Newton's method.

    Both terms are convex along P ↦ exp(tX) P.  With B orthonormal the gradient is Σ [B, B*] + Σ 2[h,
    h*]/‖h‖², and the Hessian 2 Σ ‖(1 − Π)[X, B]‖², Π the projection on the span of B; likewise for each
    h.
    """
    n = lie.shape[-1]
    basis = hermitian_basis(n, np.iscomplexobj(lie) or np.iscomplexobj(discrete))
    p: Array = np.eye(n, dtype=basis.dtype)
    for _ in range(steps):
        b = as_matrices(orthonormal(as_real(unit_norm(conjugated(p, lie))), 0.0), lie)
        h = unit_norm(conjugated(p, discrete))
        gradient = _moment(b, basis) + 2 * _moment(h, basis)
        if np.linalg.norm(gradient) <= 1e-13 * (len(b) + len(h)):
            break
        x = np.tensordot(-_newton_step(b, h, basis, gradient), basis, 1)
        x = x / max(1.0, float(np.linalg.norm(x, 2)))
        x = _line_search(x, b, h)
        if np.linalg.norm(x) < 1e-15:
            break
        p = scipy.linalg.expm(x) @ p
        if np.linalg.cond(p) > MAX_CONDITION:
            return None
    return p


def _moment(matrices: Array, basis: Array) -> Array:
    """⟨E, Σ [M, M*]⟩ for every E of a basis."""
    total = bracket(matrices, adjoint(matrices)).sum(axis=0)
    return np.asarray(np.tensordot(basis.conj(), total, 2).real)


def _newton_step(b: Array, h: Array, basis: Array, gradient: Array) -> Array:
    hessian = np.zeros((len(basis), len(basis)))
    span = as_real(b)
    for m in b:
        moved = as_real(bracket(basis, m))
        moved = moved - (moved @ span.T) @ span
        hessian += 2 * moved @ moved.T
    for m in h:
        moved, line = as_real(bracket(basis, m)), as_real(m[None])
        moved = moved - (moved @ line.T) @ line
        hessian += 4 * moved @ moved.T
    w, u = np.linalg.eigh(hessian)
    along = u.T @ gradient
    floor = 1e-12 * max(w[-1], 1e-300)
    return np.asarray(u @ (along / np.maximum(w, floor) * (w > floor)))


def _line_search(x: Array, b: Array, h: Array) -> Array:
    for _ in range(30):
        if _kempf_ness_value(x, b, h) <= 1e-14 * (len(b) + len(h)):
            return x
        x = x / 2
    return np.zeros_like(x)


def _kempf_ness_value(x: Array, b: Array, h: Array) -> float:
    """Value at exp(X) relative to X = 0, where b is orthonormal and h of unit norm."""
    p = scipy.linalg.expm(x)
    vectors = as_real(conjugated(p, b))
    value = 0.5 * np.linalg.slogdet(vectors @ vectors.T)[1] if len(b) else 0.0
    return float(value + np.log(np.linalg.norm(conjugated(p, h), axis=(1, 2)) ** 2).sum())


def _from_algebra_alone(lie: Array, discrete: Array) -> Array | None:
    """Balance the algebra; discrete generators then need only have their polar part in it."""
    return kempf_ness(lie, discrete[:0]) if len(lie) and len(discrete) else None
