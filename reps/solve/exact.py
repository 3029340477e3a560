"""Exact bases, to be read: sympy matrices over ℚ or a number field."""

from __future__ import annotations

import math
from collections import Counter
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from sympy.polys.matrices import DomainMatrix

from .._basis import DenseBlock
from .modular import rational_nullspace
from .rational import field_constraints, rational_constraints
from .split import runs

if TYPE_CHECKING:
    from .._hom import Hom
    from .._node import Rep

RATIONAL_LIMIT = 20_000  # unknowns of one block over ℚ
FIELD_LIMIT = 1296  # and over a number field
ENTRIES = 2**22  # entries of all sympy matrices together
Matrix = sympy.ImmutableMatrix


def exact_basis(hom: Hom) -> tuple[sympy.ImmutableMatrix, ...]:
    """Exact basis of a bound Hom space; see `Hom.exact`."""
    solved: dict[tuple[Rep, Rep], list[Any]] = {}
    found = []
    for rows, n, r in runs(hom.rep_out):
        for columns, m, s in runs(hom.rep_in):
            if (s, r) not in solved:
                solved[s, r] = exact_block(s, r)
            if not solved[s, r]:
                continue
            for i in range(n):
                for j in range(m):
                    places = (rows + i * r.dim, columns + j * s.dim)
                    found += [(places, block) for block in solved[s, r]]
    if len(found) * math.prod(hom.shape) > ENTRIES:
        raise ValueError(
            f"the exact basis of {hom!r} has {len(found)} matrices of shape {hom.shape}: too large to be"
            " read; use basis(), or the exact basis of one pair of summands"
        )
    return tuple(_placed(block, at, hom.shape) for at, block in found)


def _placed(block: dict[tuple[int, int], Any], at: tuple[int, int], shape: tuple[int, int]) -> Any:
    entries = {(at[0] + i, at[1] + j): x for (i, j), x in block.items()}
    return sympy.ImmutableSparseMatrix(*shape, entries).as_immutable()


def solve_exact(rep_in: Rep, rep_out: Rep) -> DenseBlock:
    """Hom(rep_in, rep_out) as an orthonormal float basis of the exact one."""
    shape = (rep_out.dim, rep_in.dim)
    dtype = np.complex128 if rep_in.is_complex or rep_out.is_complex else np.float64
    found = exact_block(rep_in, rep_out)
    vectors = np.zeros((len(found), *shape), dtype)
    for vector, entries in zip(vectors, found):
        for at, x in entries.items():
            vector[at] = complex(x) if dtype is np.complex128 else float(x)
    return DenseBlock.from_span(vectors, shape, gap=math.inf, certain=True, method="exact")


def exact_block(rep_in: Rep, rep_out: Rep) -> list[dict[tuple[int, int], Any]]:
    """Basis elements as {(i, j): sympy number}, readable: sparse, primitive, first entry positive."""
    n = rep_in.dim * rep_out.dim
    _check_exact(rep_in, rep_out)
    constraints = rational_constraints(rep_in, rep_out)
    if constraints is not None and n <= RATIONAL_LIMIT:
        solution = rational_nullspace(constraints, n)
        if solution is not None:
            return _from_rational(solution[1], rep_in, rep_out)
    if n <= RATIONAL_LIMIT:
        found = _rational_part(rep_in, rep_out)
        if found is not None:
            return found
    if n > FIELD_LIMIT:
        raise ValueError(
            f"Hom({rep_in!r}, {rep_out!r}) has {n} unknowns, over the limit of exact arithmetic"
            f" ({RATIONAL_LIMIT} over ℚ, {FIELD_LIMIT} over a number field): use basis()"
        )
    return _field_basis(rep_in, rep_out)


def _check_exact(rep_in: Rep, rep_out: Rep) -> None:
    group = rep_in._require_group()
    if any(g.has(sympy.Float) for g in (*group.algebra, *group.discrete)):
        raise ValueError(
            f"{group.name} was given in floating point, so its intertwiners have no exact form: give its"
            " generators as sympy numbers (sympy.Rational, sympy.sqrt, …), or use basis()"
        )
    for rep in (rep_in, rep_out):
        if not rep.is_exact:
            raise ValueError(f"{rep!r} has floating-point matrices and no exact form: use basis()")


# -- over ℚ
# ---------------------------------------------------------------------------------------------------------


def _from_rational(N: Any, rep_in: Rep, rep_out: Rep) -> list[dict[tuple[int, int], Any]]:
    """Columns of an integer nullspace, made readable."""
    return [_unscaled(v, rep_in, rep_out) for v in _readable(list(N.T.toarray()))]


def _readable(vectors: list[Any]) -> list[Any]:
    """Make integer vectors sparse by adding multiples of one another, primitive, positive first, sorted."""
    vectors = [_primitive(v) for v in vectors]
    improved = len(vectors) <= 200
    while improved:
        improved = False
        for i, v in enumerate(vectors):
            for j, w in enumerate(vectors):
                if i == j or not np.any((v != 0) & (w != 0)):
                    continue
                better = _sparser(v, w)
                if better is not None:
                    vectors[i] = v = _primitive(better)
                    improved = True
    return sorted(vectors, key=lambda v: (int(np.flatnonzero(v)[0]), int(np.count_nonzero(v)), tuple(v.tolist())))


def _sparser(v: Any, w: Any) -> Any | None:
    """The combination a v − b w with the fewest entries, if it has fewer than v."""
    both = np.flatnonzero((v != 0) & (w != 0))
    gcd = np.gcd(v[both], w[both])
    sign = np.sign(w[both])
    ratios = Counter(zip((sign * v[both] // gcd).tolist(), (sign * w[both] // gcd).tolist()))
    (b, a), cleared = ratios.most_common(1)[0]
    added = np.count_nonzero((w != 0) & (v == 0))
    if cleared <= added or max(abs(a), abs(b)) > 2**15:
        return None
    return a * v - b * w


def _primitive(v: Any) -> Any:
    v = v // max(int(np.gcd.reduce(v)), 1)
    nonzero = np.flatnonzero(v)
    return -v if len(nonzero) and v[nonzero[0]] < 0 else v


def _unscaled(v: Any, rep_in: Rep, rep_out: Rep) -> dict[tuple[int, int], Any]:
    """Sympy entries in the orthonormal bases (square roots appear for symmetric powers only)."""
    rows, columns = rep_out.scale_squared, rep_in.scale_squared
    entries = {}
    for at in np.flatnonzero(v):
        i, j = divmod(int(at), rep_in.dim)
        entries[i, j] = int(v[at]) * sympy.sqrt(sympy.Rational(int(rows[i]), int(columns[j])))
    return entries


# -- over a number field --------------------------------------------------------------------------


def _rational_part(rep_in: Rep, rep_out: Rep) -> list[dict[tuple[int, int], Any]] | None:
    """The rational intertwiners, where they span all (they often do although the group is irrational)."""
    from . import _solve_block

    constraints = field_constraints(rep_in, rep_out)
    if constraints is None:
        return None
    solution = rational_nullspace(constraints, rep_in.dim * rep_out.dim)
    if solution is None or solution[1].shape[1] != _solve_block(rep_in, rep_out, "auto")[0].rank:
        return None
    return _from_rational(solution[1], rep_in, rep_out)


def _field_basis(rep_in: Rep, rep_out: Rep) -> list[dict[tuple[int, int], Any]]:
    """DomainMatrix nullspace, restricted generator by generator."""
    group = rep_in._require_group()
    rows = [
        _vectorised(outer, inner)
        for outer, inner in [
            *((rep_out.drho_exact(A), rep_in.drho_exact(A)) for A in group.algebra),
            *((rep_out.rho_exact(h), rep_in.rho_exact(h)) for h in group.discrete),
        ]
    ]
    n = rep_in.dim * rep_out.dim
    if not rows:
        return [{divmod(k, rep_in.dim): sympy.Integer(1)} for k in range(n)]
    entries = [x for matrix in rows for x in matrix.values()]
    domain, _ = sympy.construct_domain(entries or [sympy.Integer(1)], extension=True, field=True)
    basis = DomainMatrix.eye(n, domain).to_sparse()
    for matrix in rows:
        values: dict[int, dict[int, Any]] = {}
        for (i, j), x in matrix.items():
            values.setdefault(i, {})[j] = domain.from_sympy(x)
        restricted = DomainMatrix(values, (n, n), domain) * basis.transpose()
        basis = restricted.nullspace() * basis
    return [_from_domain(basis.extract([k], list(range(n))), rep_in.dim) for k in range(basis.shape[0])]


def _vectorised(R: Any, S: Any) -> dict[tuple[int, int], Any]:
    """Entries of R ⊗ 1 − 1 ⊗ Sᵀ on row-major vec(W)."""
    m, n = R.shape[0], S.shape[0]
    entries: dict[tuple[int, int], Any] = {}
    for (i, k), x in R.todok().items():
        for j in range(n):
            entries[i * n + j, k * n + j] = x
    for (k, j), x in S.todok().items():
        for i in range(m):
            at = (i * n + j, i * n + k)
            entries[at] = entries.get(at, 0) - x
    return {at: x for at, x in entries.items() if x != 0}


def _from_domain(row: DomainMatrix, columns: int) -> dict[tuple[int, int], Any]:
    """Scale the first entry to 1, then clear denominators."""
    entries = {j: row.domain.to_sympy(x) for (_, j), x in sorted(row.to_dok().items())}
    first = next(iter(entries.values()))
    scaled = {j: sympy.radsimp(sympy.expand(x / first)) for j, x in entries.items()}
    denominator = reduce(
        math.lcm, (int(sympy.fraction(sympy.together(x))[1].as_coeff_Mul()[0].p) for x in scaled.values()), 1
    )
    return {divmod(j, columns): sympy.expand(x * denominator) for j, x in scaled.items()}
