"""Classical Lie groups over ℝ and ℂ.  The argument is the size of the matrices: what the group acts on.

A complex group is a real Lie group of twice the dimension: its algebra holds X and iX.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import sympy as sp

from .._generators import Permutations, from_matrices
from .._group import Group
from ._check import check_room, even, is_complex, positive, signature

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
    check_room("SO", n * (n - 1) // 2, n)
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


def over(field: str, name: str, size: int, algebra: list[Matrix], discrete: Any = ()) -> Group:
    """The group over ℝ, or with the iX too over ℂ."""
    if not is_complex(field):
        return make(f"{name}({size})", size, algebra, discrete)
    imaginary = [sp.ImmutableMatrix(sp.I * a) for a in algebra]
    return make(f"{name}({size}, field='C')", size, algebra + imaginary, discrete, "C")


def _no_signature(name: str, p: int, q: int) -> None:
    if q:
        raise ValueError(
            f"{name}({p}, {q}, field='C'): over C all nondegenerate quadratic forms are equivalent, "
            f"use {name}({p + q}, field='C')"
        )


def SO(p: int, q: int = 0, *, connected: bool = False, field: str = "R") -> Group:
    """Matrices of determinant 1 that preserve diag(1, …, 1, −1, …, −1), p plus and q minus signs.

    SO(p, q) with p, q ≥ 1 has two components; ``connected=True`` gives the identity component.  Over ℂ
    the form is bilinear, gᵀg = 1.

    Examples
    --------
    >>> SO(3), SO(1, 3), SO(1, 3, connected=True).discrete
    (SO(3), SO(1, 3), ())
    >>> SO(3, field="C").lie_dim
    6
    """
    p, q = signature("SO", p, q)
    if is_complex(field):
        _no_signature("SO", p, q)
    if not q:
        return over(field, "SO", p, rotations(p))
    if connected:
        return make(f"SO({p}, {q}, connected=True)", p + q, rotations(p, q))
    return make(f"SO({p}, {q})", p + q, rotations(p, q), [reflection(p + q, 0, p)])


def O(p: int, q: int = 0, *, field: str = "R") -> Group:  # noqa: E743, the group's name
    """All matrices that preserve diag(1, …, 1, −1, …, −1): O(p) has two components, O(p, q) four.

    Over ℂ the form is bilinear, gᵀg = 1, and there are two components.

    Examples
    --------
    >>> O(3).lie_dim, len(O(1, 3).discrete), O(3, field="C").lie_dim
    (3, 2, 6)
    """
    p, q = signature("O", p, q)
    if is_complex(field):
        _no_signature("O", p, q)
    if not q:
        return over(field, "O", p, rotations(p), [reflection(p, 0)])
    return make(f"O({p}, {q})", p + q, rotations(p, q), [reflection(p + q, 0), reflection(p + q, p)])


def Lorentz() -> Group:
    """O(1, 3): boosts, rotations, time reversal and parity; the first coordinate is time.

    Examples
    --------
    >>> Lorentz() == O(1, 3)
    True
    """
    return O(1, 3)


def Sp(n: int, *, field: str = "R") -> Group:
    """Symplectic matrices on vectors of even length n: gᵀJg = J with J = [[0, 1], [−1, 0]].

    The compact group of this complex Lie algebra is `USp`.

    Examples
    --------
    >>> Sp(4).d, Sp(4).lie_dim, Sp(4, field="C").lie_dim
    (4, 10, 20)
    """
    n = even("Sp", n)
    check_room("Sp", n * (n + 1) // 2, n)
    h = n // 2
    linear = [unit(n, (i, j, 1), (h + j, h + i, -1)) for i in range(h) for j in range(h)]
    pairs = [(i, j) for i in range(h) for j in range(i, h)]
    upper = [unit(n, (i, h + j, 1), (j, h + i, 1)) for i, j in pairs]
    lower = [unit(n, (h + i, j, 1), (h + j, i, 1)) for i, j in pairs]
    return over(field, "Sp", n, linear + upper + lower)


def _off_diagonal(name: str, n: int) -> list[Matrix]:
    check_room(name, n**2, n)
    return [unit(n, (i, j, 1)) for i in range(n) for j in range(n) if i != j]


def SL(n: int, *, field: str = "R") -> Group:
    """Matrices of determinant 1.

    Examples
    --------
    >>> SL(3).lie_dim, SL(2, field="C").lie_dim
    (8, 6)
    """
    units = _off_diagonal("SL", positive("SL", n))
    return over(field, "SL", n, units + [unit(n, (i, i, 1), (i + 1, i + 1, -1)) for i in range(n - 1)])


def GL(n: int, *, field: str = "R") -> Group:
    """All invertible matrices: over ℝ both signs of the determinant; connected over ℂ.

    Examples
    --------
    >>> GL(3).lie_dim, len(GL(3).discrete)
    (9, 1)
    >>> GL(2, field="C").lie_dim, GL(2, field="C").discrete
    (8, ())
    """
    units = _off_diagonal("GL", positive("GL", n)) + [unit(n, (i, i, 1)) for i in range(n)]
    return over(field, "GL", n, units, [] if is_complex(field) else [reflection(n, 0)])
