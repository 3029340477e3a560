"""Classical Lie groups.  The argument is the size of the matrices; names say what the group acts on."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import sympy as sp

from .._generators import Matrices, Permutations, from_matrices
from .._group import Group
from ._check import positive

Matrix = Any


def unit(n: int, *entries: tuple[int, int, Any]) -> Matrix:
    """The n×n matrix with the given entries (row, column, value), zero elsewhere."""
    return sp.ImmutableMatrix(sp.SparseMatrix(n, n, {(i, j): sp.sympify(x) for i, j, x in entries}))


def reflection(n: int, *axes: int) -> Matrix:
    """Diagonal matrix with −1 on the given axes."""
    return sp.ImmutableMatrix(sp.SparseMatrix(n, n, {(i, i): -1 if i in axes else 1 for i in range(n)}))


def make(name: str, d: int, algebra: Any = (), discrete: Any = (), field: str = "R") -> Group:
    """A named group from trusted exact matrices."""
    return Group(name, from_matrices(tuple(algebra), tuple(discrete), d, field))


def rotations(p: int, q: int = 0) -> list[Matrix]:
    """Basis of so(p, q): Aᵀη + ηA = 0 with η = diag(1, …, 1, −1, …, −1)."""
    n = p + q
    return [unit(n, (i, j, -1), (j, i, 1 if (i < p) == (j < p) else -1)) for i, j in combinations(range(n), 2)]


def Trivial(d: int = 1) -> Group:
    """The group of the identity matrix alone, acting on ℝᵈ.

    Examples
    --------
    >>> Trivial(3).order
    1
    """
    import numpy as np

    return Group(f"Trivial({d})", Permutations(positive("Trivial", d), np.zeros((0, d), np.int64)))


def _signature(name: str, p: int, q: int) -> tuple[int, int]:
    positive(name, p)
    if q != 0:
        positive(name, q)
    return p, q


def SO(p: int, q: int = 0, *, connected: bool = False) -> Group:
    """Matrices of determinant 1 that preserve diag(1, …, 1, −1, …, −1), p plus and q minus signs.

    SO(p, q) with p, q ≥ 1 has two components; ``connected=True`` gives the identity component.

    Examples
    --------
    >>> SO(3), SO(1, 3), SO(1, 3, connected=True).discrete
    (SO(3), SO(1, 3), ())
    """
    p, q = _signature("SO", p, q)
    if not q:
        return make(f"SO({p})", p, rotations(p))
    if connected:
        return make(f"SO({p}, {q}, connected=True)", p + q, rotations(p, q))
    return make(f"SO({p}, {q})", p + q, rotations(p, q), [reflection(p + q, 0, p)])


def O(p: int, q: int = 0) -> Group:  # noqa: E743, the group's name
    """All matrices that preserve diag(1, …, 1, −1, …, −1): O(p) has two components, O(p, q) four.

    Examples
    --------
    >>> O(3).lie_dim, len(O(1, 3).discrete)
    (3, 2)
    """
    p, q = _signature("O", p, q)
    if not q:
        return make(f"O({p})", p, rotations(p), [reflection(p, 0)])
    return make(f"O({p}, {q})", p + q, rotations(p, q), [reflection(p + q, 0), reflection(p + q, p)])


def Lorentz() -> Group:
    """O(1, 3): boosts, rotations, time reversal and parity; the first coordinate is time.

    Examples
    --------
    >>> Lorentz() == O(1, 3)
    True
    """
    return O(1, 3)


def _anti_hermitian(n: int) -> list[Matrix]:
    pairs = list(combinations(range(n), 2))
    real = [unit(n, (i, j, -1), (j, i, 1)) for i, j in pairs]
    return real + [unit(n, (i, j, sp.I), (j, i, sp.I)) for i, j in pairs]


def U(n: int) -> Group:
    """Unitary matrices on ℂⁿ.

    Examples
    --------
    >>> U(2).lie_dim, U(1).d
    (4, 1)
    """
    n = positive("U", n)
    phases = [unit(n, (i, i, sp.I)) for i in range(n)]
    return make(f"U({n})", n, _anti_hermitian(n) + phases, field="C")


def SU(n: int) -> Group:
    """Unitary matrices of determinant 1 on ℂⁿ.

    Examples
    --------
    >>> SU(3).lie_dim, SU(3).field
    (8, 'C')
    """
    n = positive("SU", n)
    phases = [unit(n, (i, i, sp.I), (i + 1, i + 1, -sp.I)) for i in range(n - 1)]
    return Group(f"SU({n})", Matrices(n, "C", (*_anti_hermitian(n), *phases), ()))


def Sp(n: int) -> Group:
    """Real symplectic matrices on ℝⁿ, n even: gᵀJg = J with J = [[0, 1], [−1, 0]].

    Examples
    --------
    >>> Sp(4).d, Sp(4).lie_dim
    (4, 10)
    """
    if positive("Sp", n) % 2:
        raise ValueError(f"Sp(n) acts on R^n with n even (positions and momenta), got n = {n}: Sp({n + 1})?")
    h = n // 2
    linear = [unit(n, (i, j, 1), (h + j, h + i, -1)) for i in range(h) for j in range(h)]
    pairs = [(i, j) for i in range(h) for j in range(i, h)]
    upper = [unit(n, (i, h + j, 1), (j, h + i, 1)) for i, j in pairs]
    lower = [unit(n, (h + i, j, 1), (h + j, i, 1)) for i, j in pairs]
    return make(f"Sp({n})", n, linear + upper + lower)


def _off_diagonal(n: int) -> list[Matrix]:
    return [unit(n, (i, j, 1)) for i in range(n) for j in range(n) if i != j]


def SL(n: int) -> Group:
    """Real matrices of determinant 1.

    Examples
    --------
    >>> SL(3).lie_dim
    8
    """
    diagonal = [unit(positive("SL", n), (i, i, 1), (i + 1, i + 1, -1)) for i in range(n - 1)]
    return make(f"SL({n})", n, _off_diagonal(n) + diagonal)


def GL(n: int) -> Group:
    """All invertible real matrices, both signs of the determinant.

    Examples
    --------
    >>> GL(3).lie_dim, len(GL(3).discrete)
    (9, 1)
    """
    diagonal = [unit(positive("GL", n), (i, i, 1)) for i in range(n)]
    return make(f"GL({n})", n, _off_diagonal(n) + diagonal, [reflection(n, 0)])
