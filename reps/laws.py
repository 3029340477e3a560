"""Laws every representation and every space of equivariant maps obeys, checkable on any object a user makes.

>>> from intertwine.groups import SO
>>> from intertwine.reps import Sym, T, V
>>> max(check_hom_laws((T(2) >> V)(SO(3))).values()) < 1e-10
True
>>> worst = check_rep_laws(Sym(3)(SO(3)))
>>> max(worst.values()) < 1e-10
True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import expm

from ._hom import Hom
from ._node import Array, Rep

__all__ = ["check_hom_laws", "check_rep_laws"]


def check_rep_laws(rep: Rep, rng: Any = 0, samples: int = 3, tol: float = 1e-9) -> dict[str, float]:
    """Check that ``rep`` is a representation of its group, on random elements.

    ==============  ==================================================
    identity        ρ(1) = 1
    homomorphism    ρ(gh) = ρ(g) ρ(h)
    linearity       dρ(sA + tB) = s dρ(A) + t dρ(B)
    bracket         dρ([A, B]) = [dρ(A), dρ(B)]
    exponential     ρ(exp A) = exp dρ(A)
    adjoint         ρ(g) dρ(A) ρ(g)⁻¹ = dρ(g A g⁻¹)
    dual            ρ*(g)ᵀ ρ(g) = 1,  dρ*(A)ᵀ = −dρ(A)
    generators      ``algebra`` and ``discrete`` are dρ and ρ of the group's generators
    ==============  ==================================================

    Parameters
    ----------
    rep : Rep
        Bound.
    rng : int or numpy.random.Generator
    samples : int
        Random pairs of elements.
    tol : float
        Bound on every relative error.

    Returns
    -------
    dict
        Worst relative error of each law.

    Raises
    ------
    AssertionError
        Naming the law that fails, and by how much.
    """
    return _checked(f"{rep!r} of {rep._require_group().name}", _laws(rep, np.random.default_rng(rng), samples), tol)


def check_hom_laws(hom: Hom, rng: Any = 0, samples: int = 3, tol: float = 1e-8) -> dict[str, float]:
    """Check a solved space of equivariant maps, and its certificate, on random elements.

    ===============  =========================================================================
    equivariance     ρ_out(g) W = W ρ_in(g) for a random W of the basis and random g
    constraint       C vec W = 0 for the public operator C
    isometry         the coefficients of Σ c B are c
    projection       projecting twice is projecting once, and leaves an equivariant map
    certificate      its rank is the basis', its residual at most 1e-10, its count (if any) the rank
    transposition    dim Hom(in, out) = dim Hom(out*, in*)
    direct sums      dim Hom(in, out + out) = 2 dim Hom(in, out)
    adjunction       dim Hom(in, out) = dim Hom(1, out ⊗ in*)
    ===============  =========================================================================

    Parameters
    ----------
    hom : Hom
        Bound, and small enough to be written out.
    rng, samples, tol
        As `check_rep_laws`.

    Returns
    -------
    dict
        Worst relative error of each law; differences of dimensions as they are.

    Raises
    ------
    AssertionError
        Naming the law that fails, and by how much.
    """
    rng = np.random.default_rng(rng)
    rep_in, rep_out, basis = hom.rep_in, hom.rep_out, hom.basis()
    group = rep_in._require_group()
    g = group.sample(samples, rng)
    c = rng.standard_normal(basis.rank)
    noise = rng.standard_normal(basis.shape)
    w, near = basis.combine(c), basis.project(noise)
    certificate = basis.certificate
    claimed = [certificate.rank, basis.rank if certificate.count is None else certificate.count]
    trivial = _trivial(rep_in)

    def dims(*spaces: Hom) -> Pairs:
        return [(np.array(float(space.dim)), np.array(float(basis.rank))) for space in spaces]

    laws: list[tuple[str, Callable[[], Pairs]]] = [
        ("equivariance", lambda: [(rep_out.rho(g) @ w, w @ rep_in.rho(g))]),
        ("constraint", lambda: [(image := hom.constraint() @ w.ravel(), np.zeros_like(image))]),
        ("isometry", lambda: [(basis.coefficients(w), c.astype(basis.dtype))]),
        ("projection", lambda: [(basis.project(near), near), (rep_out.rho(g) @ near, near @ rep_in.rho(g))]),
        ("certificate", lambda: [(np.array(claimed, float), np.full(2, float(basis.rank)))]),
        ("transposition", lambda: dims(rep_out.dual >> rep_in.dual)),
        ("direct sums", lambda: [(p / 2, q) for p, q in dims(rep_in >> rep_out + rep_out)]),
        ("adjunction", lambda: dims(trivial >> rep_out * rep_in.dual)),
    ]
    if not certificate.residual <= 1e-10:
        raise AssertionError(f"{hom!r} has a certificate with residual {certificate.residual:.1e}, over 1e-10")
    return _checked(f"{hom!r} over {group.name}", laws, tol)


def _trivial(rep: Rep) -> Rep:
    from ._tensor import Scalar

    return Scalar(rep._require_group())


Pairs = list[tuple[Array, Array]]


def _checked(what: str, laws: list[tuple[str, Callable[[], Pairs]]], tol: float) -> dict[str, float]:
    errors: dict[str, float] = {}
    for law, check in laws:
        errors[law] = max((_relative(a, b) for a, b in check()), default=0.0)
        if not errors[law] <= tol:
            raise AssertionError(
                f"{what} breaks the law '{law}': relative error {errors[law]:.2e}, allowed {tol:.0e}; "
                "see intertwine.reps.laws"
            )
    return errors


def _laws(rep: Rep, rng: np.random.Generator, samples: int) -> list[tuple[str, Callable[[], Pairs]]]:
    group = rep._require_group()
    g, h = group.sample(samples, rng), group.sample(samples, rng)
    a, b = (_random_algebra(group, rng, samples) for _ in range(2))
    laws: list[tuple[str, Callable[[], Pairs]]] = [
        ("identity", lambda: [(rep.rho(np.eye(group.d)), np.eye(rep.dim))]),
        ("homomorphism", lambda: [(rep.rho(g @ h), rep.rho(g) @ rep.rho(h))]),
        ("dual", lambda: [(np.swapaxes(rep.dual.rho(g), -1, -2) @ rep.rho(g), _eye(rep, samples))]),
        ("generators", lambda: _generators(rep)),
    ]
    if not len(group.lie_algebra):
        return laws
    return [
        *laws,
        ("linearity", lambda: [(rep.drho(2 * a - 3 * b), 2 * rep.drho(a) - 3 * rep.drho(b))]),
        ("bracket", lambda: [(rep.drho(_bracket(a, b)), _bracket(rep.drho(a), rep.drho(b)))]),
        ("exponential", lambda: [(rep.rho(expm(a)), expm(rep.drho(a)))]),
        ("adjoint", lambda: [(rep.rho(g) @ rep.drho(a), rep.drho(g @ a @ np.linalg.inv(g)) @ rep.rho(g))]),
        ("dual algebra", lambda: [(np.swapaxes(rep.dual.drho(a), -1, -2), -rep.drho(a))]),
    ]


def _generators(rep: Rep) -> Pairs:
    group = rep._require_group()
    exact = [rep.rho(h) for h in group.discrete_generators], [rep.drho(A) for A in group.lie_algebra]
    return [*zip(rep.discrete, exact[0], strict=True), *zip(rep.algebra, exact[1], strict=True)]


def _random_algebra(group: Any, rng: np.random.Generator, samples: int) -> Array:
    basis = group.lie_algebra
    return np.tensordot(rng.normal(size=(samples, len(basis))), basis, 1) / max(1, len(basis)) ** 0.5


def _bracket(a: Array, b: Array) -> Array:
    return a @ b - b @ a


def _eye(rep: Rep, samples: int) -> Array:
    return np.broadcast_to(np.eye(rep.dim), (samples, rep.dim, rep.dim))


def _relative(a: Array, b: Array) -> float:
    if a.shape != b.shape:
        return float("inf")
    scale = max(1.0, float(np.abs(a).max(initial=0)), float(np.abs(b).max(initial=0)))
    return float(np.abs(a - b).max(initial=0)) / scale
