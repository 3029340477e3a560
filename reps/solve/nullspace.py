"""Nullspace of the constraint, for any group: exact where the generators are rational, float64 elsewhere.

Exact: elimination modulo a prime, lifted to ℚ and checked in integers (`intertwine.reps.solve.modular`).

Floating point: the constraints are taken one generator at a time, each restricted to the nullspace of those
before it, so that only the first one is large. Singular values are measured against the size of the
generators (all brought to 1), never against the matrix at hand, which is pure rounding where a generator
acts trivially. Between the largest value taken for zero and the smallest one taken for non-zero there must
be a factor of 1000, or nothing is returned.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._basis import DenseBlock
from .._constraint import Constraint
from .._errors import RankError
from .krylov import solve_krylov
from .modular import rational_nullspace
from .rational import rational_constraints

if TYPE_CHECKING:
    from .._node import Rep

Array = NDArray[Any]
_SVD_SIDE = 1500  # side beyond which singular values come from the Gram matrix
_ROUNDING = 1e-14
UNKNOWNS = 8192  # above, a floating-point constraint without structure does not fit


def solve_nullspace(rep_in: Rep, rep_out: Rep) -> DenseBlock:
    """Hom(rep_in, rep_out) for any group.

    Parameters
    ----------
    rep_in, rep_out : Rep
        Bound to the same group.

    Raises
    ------
    RankError
        If floating-point generators leave no clear gap.
    """
    solved = solve_rational(rep_in, rep_out)
    if solved is None and rep_in.dim * rep_out.dim > UNKNOWNS:
        return solve_krylov(rep_in, rep_out)
    return solved or solve_float(rep_in, rep_out)


def solve_rational(rep_in: Rep, rep_out: Rep) -> DenseBlock | None:
    """By exact elimination, or None where the generators are not rational or the numbers grow too large."""
    constraints = rational_constraints(rep_in, rep_out)
    shape = (rep_out.dim, rep_in.dim)
    n = shape[0] * shape[1]
    if constraints is None or _filled(constraints, n):
        return None
    solution = rational_nullspace(constraints, n)
    if solution is None:
        return None
    _, numerators, denominators = solution
    vectors = (numerators / denominators).T.toarray() if numerators.nnz else np.zeros((numerators.shape[1], n))
    # from the integer bases to the orthonormal ones
    scale = (rep_out.scale[:, None] / rep_in.scale).ravel()
    vectors = vectors * scale
    if rep_in.is_complex or rep_out.is_complex:
        vectors = vectors.astype(np.complex128)
    return DenseBlock.from_span(vectors, shape, gap=math.inf, certain=True)


def _filled(constraints: Any, n: int) -> bool:
    """Whether elimination would work on filled matrices, which floating point does faster."""
    first = next(iter(constraints()), None)
    return first is not None and n > 4096 and first.nnz > 40 * n


def solve_float(rep_in: Rep, rep_out: Rep) -> DenseBlock:
    """By singular values, one generator after the other."""
    constraint = Constraint.of(rep_in, rep_out)
    n = rep_in.dim * rep_out.dim
    if n > UNKNOWNS:
        raise ValueError(
            f"Hom({rep_in!r}, {rep_out!r}) has {n} unknowns, over the {UNKNOWNS} that elimination in floating"
            " point takes: give the generators as exact rational sympy matrices, or write the reps as sums"
        )
    basis = np.eye(n, dtype=constraint.dtype).reshape(n, *constraint.shape)
    gap = math.inf
    for pair in constraint.pairs:
        if not len(basis):
            break
        one = Constraint((pair,), constraint.shape, constraint.dtype)
        images = one.apply(basis)[0].reshape(len(basis), n)
        kernel, separation = _left_kernel(images, max(constraint.shape))
        basis = np.tensordot(kernel, basis, 1)
        gap = min(gap, separation)
    return DenseBlock.from_span(basis, constraint.shape, gap=gap)


def _left_kernel(images: Array, side: int) -> tuple[Array, float]:
    """Rows k with k · images = 0, orthonormal, and the ratio that separates them from the others."""
    if len(images) <= _SVD_SIDE:
        square = images
        if images.shape[1] > len(images):
            square = np.asarray(np.linalg.qr(images.conj().T, mode="r")).conj().T
        left, values, _ = np.linalg.svd(square)
        vectors = left.conj().T
        noise, largest, ratio = _ROUNDING * side, 1e-7, 1e3
    else:  # eigenvalues of a Gram matrix are right to rounding, so their roots to its square root
        squares, left = np.linalg.eigh(images @ images.conj().T)
        values, vectors = np.sqrt(np.abs(squares[::-1])), left[:, ::-1].conj().T
        noise, largest, ratio = 3e-7, 3e-6, 1e2
    zero = values < largest
    kept, out = values[zero].max(initial=noise), values[~zero].min(initial=math.inf)
    if out < ratio * kept:
        raise RankError(
            f"no clear gap between zero and non-zero singular values: {np.sum(zero)} up to {kept:.2g}, next"
            f" {out:.2g} (generators have size 1), expected a factor of {ratio:.0f}: give the generators"
            " exactly, as sympy numbers, or with more digits"
        )
    return vectors[zero], float(out / kept)
