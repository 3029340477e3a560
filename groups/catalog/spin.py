"""Spin and Pin groups from Clifford generators, and their double covers of SO(p, q) and O(p, q).

Conventions.  γ_i γ_j + γ_j γ_i = 2 η_ij with η = diag(1, …, 1, −1, …, −1), p plus and q minus signs.  The
algebra element −½ γ_i γ_j η_jj covers the generator of SO(p, q) in the plane (i, j).  The vector
representation R of g is α(g) γ_k g⁻¹ = Σ_l γ_l R_lk, α(g) = ±g for even and odd g (Lawson, Michelsohn, Spin
Geometry, sections I.2 and I.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from .._exact import matrix
from .._group import Group
from ._check import signature
from .classical import SO, O, make
from .exceptional import FANO

Matrix = Any
Array = NDArray[Any]

SPINORS = 8  # spinors of a group have dimension up to 2^8


def octonions() -> list[Array]:
    """Left multiplication of 𝕆 = ℝ⁸ by the seven imaginary units: L_i L_j + L_j L_i = −2 δ_ij."""
    units = np.zeros((7, 8, 8), int)
    for i in range(7):
        units[i, i + 1, 0], units[i, 0, i + 1] = 1, -1
    for triple, sign in FANO.items():
        for shift in range(3):
            i, j, k = triple[shift:] + triple[:shift]
            units[i, k + 1, j + 1], units[i, j + 1, k + 1] = sign, -sign
    return list(units)


X, Z, EPSILON = np.array([[0, 1], [1, 0]]), np.array([[1, 0], [0, -1]]), np.array([[0, 1], [-1, 0]])


def clifford(a: int, b: int) -> tuple[list[Array], list[Array]]:
    """Real anticommuting matrices, a of square 1 and b of square −1, of size 2^((a+b−1)/2); a − b ≡ 1 mod 8."""
    if (a, b) == (1, 0):
        return [np.ones((1, 1), int)], []
    if (a, b) == (0, 7):
        return [], octonions()
    if a and b:
        plus, minus = ([np.kron(e, X) for e in part] for part in clifford(a - 1, b - 1))
        one = np.eye(2 ** ((a + b - 3) // 2), dtype=int)
        return [*plus, np.kron(one, Z)], [*minus, np.kron(one, EPSILON)]
    if a:  # Cl(a, 0) = Cl(0, a−2) ⊗ Cl(2, 0)
        _, minus = clifford(0, a - 2)
        one = np.eye(len(minus[0]), dtype=int)
        return [*(np.kron(e, EPSILON) for e in minus), np.kron(one, X), np.kron(one, Z)], []
    (last,), eight = clifford(1, 8)
    _, minus = clifford(0, b - 8)
    return [], [*(np.kron(e, np.eye(len(minus[0]), dtype=int)) for e in eight), *(np.kron(last, e) for e in minus)]


def _gammas(p: int, q: int, m: int, real: bool) -> tuple[list[Array], Array | None]:
    """γ matrices of size 2ᵐ and one more that anticommutes with them (None if there is none).

    They are real where that is possible; all imaginary, so that their products are real, unless ``real``.
    """
    for imaginary in (False,) if real else (False, True):
        x, y = (q, p) if imaginary else (p, q)
        for a in range(x, 2 * m + 2 - y):
            if (2 * a - 2 * m - 1) % 8 == 1:
                plus, minus = clifford(a, 2 * m + 1 - a)
                spare = [*plus[x:], *minus[y:]]
                found = [1j * e for e in (*minus[:y], *plus[:x])] if imaginary else [*plus[:x], *minus[:y]]
                return found, spare[0] if spare else None
    plus, minus = clifford(m + 1, m)
    hermitian = [*plus, *(1j * e for e in minus)]
    return [*hermitian[:p], *(1j * e for e in hermitian[p : p + q])], [*hermitian, None][p + q]


def _exact(m: Array, factor: Any = 1) -> Matrix:
    """Exact matrix of Gaussian integers, times a number."""
    entries = {
        (int(i), int(j)): factor * (int(m[i, j].real) + sp.I * int(m[i, j].imag)) for i, j in zip(*np.nonzero(m))
    }
    return matrix(sp.SparseMatrix(*m.shape, entries))


def gamma_matrices(p: int, q: int = 0) -> tuple[Matrix, ...]:
    """Exact Dirac matrices γ_1, …, γ_{p+q} of size 2^⌊(p+q)/2⌋, γ_iγ_j + γ_jγ_i = 2 η_ij, as `Spin` uses them.

    All real, or all imaginary, where the signature allows it (p − q ≡ 0, 1, 2 or 6, 7 mod 8).

    Parameters
    ----------
    p, q : int
        Number of γ of square 1 and of square −1.

    Examples
    --------
    >>> gamma_matrices(2)
    (Matrix([
    [0, 1],
    [1, 0]]), Matrix([
    [1,  0],
    [0, -1]]))
    """
    p, q = signature("gamma_matrices", p, q)
    gammas, _ = _gammas(p, q, (p + q) // 2, real=False)
    return tuple(_exact(g) for g in gammas)


def _spin(gammas: list[Array], p: int) -> list[Matrix]:
    eta = [1 if i < p else -1 for i in range(len(gammas))]
    pairs = combinations(range(len(gammas)), 2)
    return [_exact(gammas[i] @ gammas[j], sp.Rational(-eta[j], 2)) for i, j in pairs]


def _check_spinors(name: str, m: int) -> None:
    if m > SPINORS:
        raise ValueError(
            f"{name}(n) acts on spinors of dimension 2^{m}: groups are made of spinors of up to 2^{SPINORS}; "
            "give a smaller n"
        )


def _minus_one(p: int, q: int, size: int) -> list[Matrix]:
    """−1, unless it is a turn by 2π in some plane."""
    return [sp.ImmutableMatrix(-sp.eye(size))] if p < 2 and q < 2 else []


def Spin(p: int, q: int = 0, *, connected: bool = False) -> Group:
    """The double cover of SO(p, q) on its spinors, a space of dimension 2^⌊(p+q)/2⌋: products of even numbers of γ.

    Real where the signature allows real (Majorana) spinors, p − q ≡ 0, ±1, ±2 mod 8, and complex otherwise.
    In even dimensions both chiralities are there.  ``connected=True`` gives the identity component.

    Examples
    --------
    >>> Spin(7).d, Spin(7).field, Spin(7).lie_dim, Spin(4).field
    (8, 'R', 21, 'C')
    >>> from intertwine.groups import SU, same_group
    >>> same_group(Spin(3), SU(2))
    True
    """
    p, q = signature("Spin", p, q)
    _check_spinors("Spin", (p + q) // 2)
    gammas, _ = _gammas(p, q, (p + q) // 2, real=False)
    discrete = []
    if not (connected and q):
        discrete = _minus_one(p, q, len(gammas[0]))
        discrete += [_exact(gammas[0] @ gammas[p])] if q else []
    algebra = _spin(gammas, p)
    label = f"Spin({p}, {q}{', connected=True' if connected else ''})" if q else f"Spin({p})"
    return make(label, len(gammas[0]), algebra, discrete, _field(algebra, discrete))


def Pin(p: int, q: int = 0) -> Group:
    """The double cover of O(p, q) on spinors of dimension 2^⌈(p+q)/2⌉: products of γ, γ² = 1 for the p plus signs.

    In odd dimensions the spinors are those of one dimension more, where odd and even elements differ.

    Examples
    --------
    >>> Pin(3).d, Pin(3).lie_dim, Pin(1).order, Pin(2).field
    (4, 3, 4, 'R')
    """
    p, q = signature("Pin", p, q)
    _check_spinors("Pin", (p + q + 1) // 2)
    gammas, _ = _gammas(p, q, (p + q + 1) // 2, real=True)
    discrete = [_exact(gammas[0]), *([_exact(gammas[p])] if q else []), *_minus_one(p, q, len(gammas[0]))]
    algebra = _spin(gammas, p)
    label = f"Pin({p}, {q})" if q else f"Pin({p})"
    return make(label, len(gammas[0]), algebra, discrete, _field(algebra, discrete))


def _field(algebra: list[Matrix], discrete: list[Matrix]) -> str:
    return "C" if any(m.has(sp.I) for m in (*algebra, *discrete)) else "R"


@dataclass(frozen=True)
class DoubleCover:
    """The homomorphism Spin(p, q) → SO(p, q), or Pin(p, q) → O(p, q); made by `double_cover`.

    Attributes
    ----------
    p, q : int
    pin : bool
    """

    p: int
    q: int
    pin: bool

    @property
    def source(self) -> Group:
        """The group of spinors, `Spin` or `Pin`."""
        return Pin(self.p, self.q) if self.pin else Spin(self.p, self.q)

    @property
    def target(self) -> Group:
        """The group of vectors, `SO` or `O`."""
        return O(self.p, self.q) if self.pin else SO(self.p, self.q)

    @cached_property
    def _clifford(self) -> tuple[Array, Array, Array]:
        """γ (n, N, N), their inverses, and a matrix that anticommutes with them where odd elements occur."""
        gammas, spare = _gammas(self.p, self.q, (self.p + self.q + self.pin) // 2, real=self.pin)
        found = np.array(gammas)
        return found, np.linalg.inv(found), spare if self.pin and spare is not None else np.eye(found.shape[-1])

    def _coefficients(self, moved: Array) -> Array:
        """R (…, n, n) from γ'_k (…, n, N, N) = Σ_l γ_l R_lk: R_lk = tr(γ_l⁻¹ γ'_k) / N."""
        _, inverse, _ = self._clifford
        return np.asarray(np.einsum("lab,...kba->...lk", inverse, moved).real) / inverse.shape[-1]

    def rho(self, g: Array) -> Array:
        """Vector representation (…, n, n) of elements (…, N, N) of the spin group."""
        gammas, _, alpha = self._clifford
        twisted = alpha @ g @ np.linalg.inv(alpha)
        return self._coefficients(twisted[..., None, :, :] @ gammas @ np.linalg.inv(g)[..., None, :, :])

    def drho(self, a: Array) -> Array:
        """Vector representation (…, n, n) of Lie-algebra elements (…, N, N): [A, γ_k] = Σ_l γ_l R_lk."""
        gammas, _, _ = self._clifford
        a = np.asarray(a)[..., None, :, :]
        return self._coefficients(a @ gammas - gammas @ a)

    @property
    def algebra(self) -> tuple[Matrix, ...]:
        """Exact image of each matrix in ``source.algebra``, in its order."""
        return tuple(_rounded(self.drho(_numbers(a))) for a in self.source.algebra)

    @property
    def discrete(self) -> tuple[Matrix, ...]:
        """Exact image of each matrix in ``source.discrete``, in its order."""
        return tuple(_rounded(self.rho(_numbers(h))) for h in self.source.discrete)


def _numbers(m: Matrix) -> Array:
    return np.array(m.tolist(), complex)


def _rounded(m: Array) -> Matrix:
    """The generators cover matrices of whole numbers, and halves are exact in floating point."""
    return matrix(np.round(m).astype(int))


def double_cover(p: int, q: int = 0, *, pin: bool = False) -> DoubleCover:
    """The double cover Spin(p, q) → SO(p, q) (Pin(p, q) → O(p, q)): vectors as a representation of the spin group.

    Returns
    -------
    DoubleCover
        ``rho`` and ``drho`` map matrices of spinors to matrices of vectors; ``algebra`` and ``discrete`` are the
        exact images of the generators.

    Examples
    --------
    >>> cover = double_cover(3)
    >>> g = cover.source.sample(rng=0)
    >>> bool(np.allclose(cover.rho(g) @ cover.rho(g).T, np.eye(3))), bool(np.allclose(cover.rho(-g), cover.rho(g)))
    (True, True)
    """
    p, q = signature("double_cover", p, q)
    if not isinstance(pin, bool):
        raise TypeError(f"pin must be True or False, got {pin!r}")
    return DoubleCover(p, q, pin)
