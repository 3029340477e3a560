"""Polynomials that respect a group, symbolically: invariants, covariants and steerable kernels.

A homogeneous polynomial map of degree k from V to W is a linear map from Sym^k V to W applied to x^⊗k, and is
covariant, p(ρ(g) x) = ρ_W(g) p(x), exactly when that map is equivariant.  So Hom(Sym^k V, W) lists them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ._binding import common_group
from ._counts import exponent
from ._powers import Sym, _rearrangements, multi_indices
from ._tensor import Scalar, V

if TYPE_CHECKING:
    import sympy
    from intertwine.groups import Group

    from ._node import Rep

NAMES = ("x", "y", "z")


def invariant_polynomials(
    group: Group, degree: int, space: Rep = V, symbols: Sequence[sympy.Symbol] | None = None
) -> tuple[sympy.Expr, ...]:
    """Basis of the invariant polynomials of one degree, exactly.

    Parameters
    ----------
    group : Group
    degree : int
    space : Rep
        Where the polynomials live.
    symbols : sequence of sympy.Symbol, optional
        Coordinates; x, y, z in up to three dimensions, x1, x2, … beyond.

    Returns
    -------
    tuple of sympy.Expr
        Independent, homogeneous, with coprime integer coefficients over ℚ.

    Raises
    ------
    ValueError
        As `Hom.exact`; also for a negative degree, and a number of symbols that is not the dimension of the space.

    Examples
    --------
    >>> from intertwine.groups import S, SO
    >>> invariant_polynomials(SO(3), 2)
    (x**2 + y**2 + z**2,)
    >>> invariant_polynomials(S(3), 1)
    (x + y + z,)
    """
    return tuple(p[0] for p in covariants(Scalar, degree, group, space, symbols))


def covariants(
    rep: Rep,
    degree: int,
    group: Group | None = None,
    space: Rep = V,
    symbols: Sequence[sympy.Symbol] | None = None,
) -> tuple[sympy.ImmutableMatrix, ...]:
    """Basis of the polynomial maps p of one degree with p(ρ_space(g) x) = ρ(g) p(x), exactly.

    Parameters
    ----------
    rep : Rep
        Acts on the values.
    degree, space, symbols
        As `invariant_polynomials`.
    group : Group, optional
        Where ``rep`` is not bound.

    Returns
    -------
    tuple of sympy.ImmutableMatrix, shape (rep.dim, 1)

    Raises
    ------
    ValueError
        As `invariant_polynomials`; also without any group.

    Examples
    --------
    >>> from intertwine.groups import Dihedral
    >>> covariants(V, 2, Dihedral(3))
    (Matrix([
    [x**2 - y**2],
    [     -2*x*y]]),)
    """
    import sympy

    degree = exponent(degree, "covariants(rep, degree)")
    own = group if group is not None else common_group([rep, space])
    if own is None:
        raise ValueError(f"no group: bind {rep!r}, or pass group=…")
    space, rep = space(own), rep(own)
    if symbols is None:
        names = NAMES if space.dim <= len(NAMES) else [f"x{i + 1}" for i in range(space.dim)]
        symbols = sympy.symbols(names[: space.dim])
    if len(symbols) != space.dim:
        raise ValueError(f"{space!r} has {space.dim} coordinates, but {len(symbols)} symbols were given: {symbols}")
    indices = multi_indices(degree, space.dim, 1)
    monomials = [prod((symbols[i] for i in index), start=sympy.Integer(1)) for index in indices.tolist()]
    # coordinates of x^⊗k in the orthonormal basis of Sym^k
    weights = [sympy.sqrt(int(n)) for n in np.atleast_1d(_rearrangements(indices))]
    powers = sympy.Matrix([w * m for w, m in zip(weights, monomials)])
    found = (Sym(degree, space) >> rep).exact() if degree > 1 else ((space if degree else Scalar(own)) >> rep).exact()
    return tuple(_primitive(matrix * powers, symbols) for matrix in found)


def steerable_kernels(
    rep_in: Rep,
    rep_out: Rep,
    degree: int,
    group: Group | None = None,
    space: Rep = V,
    symbols: Sequence[sympy.Symbol] | None = None,
) -> tuple[sympy.ImmutableMatrix, ...]:
    """Basis of the polynomial kernels of one degree with K(g x) = ρ_out(g) K(x) ρ_in(g)⁻¹, exactly.

    Times functions of the invariants they span the kernels of a steerable convolution.

    Parameters
    ----------
    rep_in, rep_out : Rep
    degree, group, space, symbols
        As `covariants`.

    Returns
    -------
    tuple of sympy.ImmutableMatrix, shape (rep_out.dim, rep_in.dim)

    References
    ----------
    Weiler, Geiger, Welling, Boomsma, Cohen, 3D Steerable CNNs, NeurIPS 2018, arXiv:1807.02547.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> steerable_kernels(V, V, 1, SO(3))[0]
    Matrix([
    [ 0,  z, -y],
    [-z,  0,  x],
    [ y, -x,  0]])
    """
    import sympy

    found = covariants(rep_out * rep_in.dual, degree, group, space, symbols)
    bound = rep_in(group) if group is not None else rep_in
    columns = bound.dim
    return tuple(sympy.ImmutableMatrix(len(p) // columns, columns, list(p)) for p in found)


def _primitive(values: Any, symbols: Sequence[sympy.Symbol]) -> sympy.ImmutableMatrix:
    """Divided by the common content of the coefficients, where these are rational after one division."""
    import sympy

    entries = [sympy.expand(v) for v in values]
    coefficients = [c for v in entries if v != 0 for c in sympy.Poly(v, *symbols).coeffs()]
    lead = coefficients[0]
    ratios = [sympy.nsimplify(sympy.radsimp(c / lead)) for c in coefficients]
    if all(r.is_Rational for r in ratios):
        content = sympy.gcd_list(ratios)
        entries = [sympy.expand(sympy.radsimp(v / lead) / content) for v in entries]
    return sympy.ImmutableMatrix(len(entries), 1, entries)
