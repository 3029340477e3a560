"""Nullspaces too large to factorise: random maps projected on it, matrix-free.

The constraint C is applied through its Kronecker structure and never formed.  For a random x the least-squares solution
y of C y = C x that lies in the range of C* (LSMR) leaves x − y = (1 − C⁺C) x, the orthogonal projection of x on the
nullspace.  Random vectors are projected, one after the other, until two in a row bring nothing new.

References
----------
Fong, Saunders, LSMR: An iterative algorithm for sparse least-squares problems, SIAM J. Sci. Comput. 33, 2011; the idea
for equivariant maps: Finzi, Welling, Wilson, arXiv:2104.09459, algorithm 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, lsmr

from .._basis import DenseBlock
from .._constraint import Constraint
from .._errors import RankError

if TYPE_CHECKING:
    from .._node import Rep

Array = NDArray[Any]
ENTRIES = 2**27  # of the whole basis
ITERATIONS = 3_000  # of one projection
CONVERGED = 1e-11  # ‖C w‖ / ‖C‖ ‖w‖
NOTHING = 1e-3  # a projection this much shorter than one dimension's is rounding


def solve_krylov(rep_in: Rep, rep_out: Rep) -> DenseBlock:
    """Basis of Hom(rep_in, rep_out) by projecting random maps.

    Parameters
    ----------
    rep_in, rep_out : Rep
        Bound to the same group.

    Raises
    ------
    RankError
        If a projection does not converge: the constraint has singular values too close to zero.
    ValueError
        If the basis would be too large to be held.
    """
    constraint = Constraint.of(rep_in, rep_out)
    operator, n = constraint.operator(), math.prod(constraint.shape)
    rng = np.random.default_rng(2718)
    found = np.zeros((0, n), constraint.dtype)
    misses = 0
    while misses < 2 and len(found) < n:
        x = rng.standard_normal(n).astype(constraint.dtype)
        if np.issubdtype(constraint.dtype, np.complexfloating):
            x = x + 1j * rng.standard_normal(n)
        new = _orthogonal(_projected(operator, x, constraint.norm), found)
        if np.linalg.norm(new) < NOTHING * np.linalg.norm(x) / math.sqrt(n):
            misses += 1
            continue
        misses = 0
        found = np.concatenate([found, new[None] / np.linalg.norm(new)])
        if found.size > ENTRIES:
            raise ValueError(
                f"the basis of Hom({rep_in!r}, {rep_out!r}) has more than {len(found)} maps of {n} entries each: too"
                " many to be held as arrays"
            )
    return DenseBlock.from_span(found, constraint.shape, method="krylov")


def _projected(operator: LinearOperator, x: Array, norm: float) -> Array:
    """Orthogonal projection of x on the nullspace, refined until C annihilates it."""
    length = float(np.linalg.norm(x))
    for _ in range(6):
        image = operator @ x
        size = float(np.linalg.norm(x))
        if np.linalg.norm(image) <= CONVERGED * norm * size or size < 1e-12 * length:
            return x
        x = x - lsmr(operator, image, atol=1e-15, btol=1e-15, conlim=0, maxiter=ITERATIONS)[0]
    reached = float(np.linalg.norm(operator @ x) / (norm * np.linalg.norm(x)))
    raise RankError(
        f"projections did not converge: residual {reached:.1e} after {6 * ITERATIONS} iterations, expected "
        f"{CONVERGED:.0e}: the constraint has singular values too close to zero; give the generators exactly"
    )


def _orthogonal(x: Array, basis: Array) -> Array:
    for _ in range(2):
        x = x - (basis.conj() @ x) @ basis
    return x
