"""The stabiliser of a position, with its components."""

from __future__ import annotations

import numpy as np
from intertwine.reps import Rep, V
from intertwine.reps._elements import discrete_elements
from numpy.typing import NDArray
from scipy.linalg import expm

Array = NDArray[np.float64]
ELEMENTS = 2_000  # finite groups up to this order are enumerated
STARTS = 16  # elements from which others that fix a point are looked for
TOLERANCE = 1e-7


def stabilizer(space: Rep, x: Array, rng: np.random.Generator, starts: int = STARTS) -> tuple[Array, Array]:
    """Lie algebra (k, d, d) of the stabiliser of x, and elements (m, d, d) of it from its components.

    Finite groups are enumerated; elsewhere g ↦ ρ(g) x − x is brought to zero by Gauss–Newton steps along the group,
    from random elements of every component.
    """
    group = space._require_group()
    closure = group.closure
    moves = _moves(space, closure, x)
    algebra = np.tensordot(nullspace(moves.T, 1.0), closure, 1) if len(closure) else closure
    if not len(closure):
        if group.is_permutation and space == V(group):
            return closure, group.subgroup(fixing=np.round(x, 9).tolist()).discrete_generators
        found = discrete_elements(group, ELEMENTS)
        if found is not None:
            p = group.balancing
            found = found if p is None else np.linalg.inv(p) @ found @ p
            return closure, np.stack([g for g in found if np.abs(space.rho(g) @ x - x).max() < TOLERANCE])
    kept = []
    for g in group.sample(starts, rng=rng):
        fixed = _newton(space, closure, g, x)
        if fixed is not None:
            kept.append(fixed)
    return algebra, np.array(kept).reshape(-1, group.d, group.d)


def _newton(space: Rep, closure: Array, g: Array, x: Array) -> Array | None:
    size = max(1.0, float(np.linalg.norm(x)))
    for _ in range(40):
        y = space.rho(g) @ x
        if np.linalg.norm(y - x) < 1e-12 * size:
            return g
        if not len(closure):
            return None
        step = np.linalg.lstsq(_moves(space, closure, y).T, x - y, rcond=1e-9)[0]
        g = expm(np.tensordot(step / max(1.0, float(np.linalg.norm(step))), closure, 1)) @ g
    return g if np.linalg.norm(space.rho(g) @ x - x) < 1e-9 * size else None


def _moves(space: Rep, closure: Array, x: Array) -> Array:
    """Velocities of x along a basis of the Lie algebra, (k, n)."""
    return np.array([space.drho(a) @ x for a in closure]).reshape(len(closure), len(x))


def nullspace(rows: Array, scale: float) -> Array:
    """Orthonormal basis (k, n) of the nullspace of rows (m, n)."""
    _, s, vt = np.linalg.svd(rows, full_matrices=True)
    rank = int((s > TOLERANCE * scale).sum())
    return np.asarray(vt[rank:])
