"""Constraints of Hom spaces as sparse integer matrices, where the generators are rational."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sps
import sympy
from sympy import QQ

from .._evaluate import SparseBackend
from .._exact import ExactBackend, to_domain

if TYPE_CHECKING:
    from ...groups import Group
    from .._node import Rep

Sparse = Any
_LARGEST = 2**31


class IntegerBackend(SparseBackend):
    """Sparse int64 matrices; the inverse of a group element must be given, and be an integer matrix too."""

    def inverse(self, a: Sparse) -> Sparse:
        """Refuse: only integer inverses are exact."""
        raise ArithmeticError("the inverse of an integer matrix has to be supplied")

    def det(self, a: Sparse) -> Sparse:
        """Exact determinant."""
        return self.wrap(np.array([[int(sympy.Matrix(a.toarray().tolist()).det())]]))


@lru_cache(maxsize=64)
def _rational_generators(group: Group) -> tuple[tuple[str, Any, Any, Any], ...] | None:
    """(kind, sympy matrix, integer matrix, its inverse) of every generator; None unless all are rational.

    Algebra elements are scaled to integers (the constraint is linear in them). A group element that is not an
    integer matrix with an integer inverse is kept as a sympy matrix only.
    """
    found: list[tuple[str, Any, Any, Any]] = []
    for A in group.algebra:
        if not _rational(A):
            return None
        A = A * _denominator(A)
        found.append(("algebra", A, _integers(A), None))
    for h in group.discrete:
        if not _rational(h):
            return None
        inverse = h.inv()
        if _denominator(h) == 1 and _denominator(inverse) == 1:
            found.append(("group", h, _integers(h), _integers(inverse)))
        else:
            found.append(("group", h, None, None))
    return tuple(found)


def _rational(matrix: sympy.MatrixBase) -> bool:
    return all(x.is_Rational for x in matrix)


def _denominator(matrix: sympy.MatrixBase) -> int:
    return math.lcm(*(int(x.q) for x in matrix))


def _integers(matrix: sympy.MatrixBase) -> Sparse:
    return sps.csr_array(np.array(matrix.tolist(), dtype=np.int64))


def rational_constraints(rep_in: Rep, rep_out: Rep) -> Callable[[], Iterator[Sparse]] | None:
    """Integer constraints on vec(W), one per generator, in the *integer bases* of the representations.

    Returns
    -------
    callable or None
        Gives an iterator of csr_array (out·in, out·in) of int64; None where a generator or a representation
        is not rational, or the integers do not fit.
    """
    group = rep_in._require_group()
    if not (rep_in.is_exact and rep_out.is_exact) or rep_in.numbers or rep_out.numbers:
        return None
    try:
        generators = _rational_generators(group)
        if generators is None:
            return None
        outer = [_action(rep_out, *generator) for generator in generators]
        inner = outer if rep_in == rep_out else [_action(rep_in, *generator) for generator in generators]
    except (ArithmeticError, OverflowError):
        return None
    pairs = [_common(a, b) for a, b in zip(outer, inner)]
    if any(_size(a) >= _LARGEST or _size(b) >= _LARGEST for a, b in pairs):
        return None
    pairs.sort(key=lambda pair: pair[0].nnz + pair[1].nnz)
    return lambda: (_stacked(a, b) for a, b in pairs)


def field_constraints(rep_in: Rep, rep_out: Rep) -> Callable[[], Iterator[Sparse]] | None:
    """Integer constraints whose nullspace are the *rational* intertwiners of a group over a number field.

    With ρ(g) = Σ α^k R_k, R_k rational, a rational W commutes exactly when it does with every R_k.
    """
    group = rep_in._require_group()
    generators = [*(("algebra", A) for A in group.algebra), *(("group", h) for h in group.discrete)]
    pairs = []
    try:
        for kind, g in generators:
            element = to_domain(g, rep_in, rep_out)
            parts = zip(_coefficients(rep_out, kind, element), _coefficients(rep_in, kind, element))
            pairs += [_common(a, b) for a, b in parts]
    except (ArithmeticError, NotImplementedError):
        return None
    if any(_size(a) >= _LARGEST or _size(b) >= _LARGEST for a, b in pairs):
        return None
    return lambda: (_stacked(a, b) for a, b in pairs)


def _action(rep: Rep, kind: str, matrix: Any, integers: Sparse | None, inverse: Any) -> tuple[Sparse, int]:
    """Integer matrix and its denominator."""
    if integers is not None and rep.is_functorial:
        return rep.map_sparse(integers, IntegerBackend(), kind, inverse), 1
    return _coefficients(rep, kind, to_domain(matrix))[0]


def _coefficients(rep: Rep, kind: str, element: Any) -> list[tuple[Sparse, int]]:
    """ρ(g) = Σ α^k R_k: (integer matrix, denominator) of every R_k."""
    domain = element.domain
    entries = rep.map_sparse(element, ExactBackend(domain), kind).to_dok()
    degree = domain.mod.degree() if domain.is_AlgebraicField else 2 if domain.is_QQ_I else 1
    if not (domain.is_AlgebraicField or domain.is_QQ_I or domain.is_QQ):
        raise NotImplementedError(f"no rational coordinates over {domain}")
    split = {at: _coordinates(x, domain, degree) for at, x in entries.items()}
    return [_integral({at: xs[k] for at, xs in split.items()}, rep.dim) for k in range(degree)]


def _coordinates(x: Any, domain: Any, degree: int) -> list[Any]:
    """Rational coordinates of a field element, constant term first."""
    if domain.is_QQ:
        return [x]
    if domain.is_QQ_I:
        return [x.x, x.y]
    low = list(reversed(x.to_list()))
    return low + [0] * (degree - len(low))


def _integral(entries: dict[tuple[int, int], Any], dim: int) -> tuple[Sparse, int]:
    """A rational matrix as integers over one denominator."""
    entries = {at: QQ.convert(x) for at, x in entries.items() if x}
    common = math.lcm(1, *(int(x.denominator) for x in entries.values()))
    values = [int(x * common) for x in entries.values()]
    if any(abs(v) >= _LARGEST for v in values) or common >= _LARGEST:
        raise OverflowError("the entries of a generator are too large for 31 bits")
    rows, columns = np.array(list(entries), dtype=np.int64).reshape(-1, 2).T
    data: Any = (np.array(values, dtype=np.int64), (rows, columns))
    return sps.csr_array(data, shape=(dim, dim)), common


def _common(a: tuple[Sparse, int], b: tuple[Sparse, int]) -> tuple[Sparse, Sparse]:
    """Both over one denominator."""
    denominator = math.lcm(a[1], b[1])
    return a[0] * (denominator // a[1]), b[0] * (denominator // b[1])


def _size(a: Sparse) -> int:
    return int(np.abs(a.data).max(initial=0))


def _stacked(a: Sparse, b: Sparse) -> Sparse:
    """A ⊗ 1 − 1 ⊗ Bᵀ, on row-major vec(W)."""
    left = sps.kron(a, sps.eye_array(b.shape[0], dtype=np.int64), format="csr")
    right = sps.kron(sps.eye_array(a.shape[0], dtype=np.int64), b.T, format="csr")
    return sps.csr_array(left - right)
