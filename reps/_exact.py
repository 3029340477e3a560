"""Backend of exact matrices: sparse `DomainMatrix` over ℚ, a number field, or whatever sympy finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy
from sympy.polys.matrices import DomainMatrix
from sympy.polys.matrices.exceptions import DMNonInvertibleMatrixError

from ._evaluate import evaluate

if TYPE_CHECKING:
    from ._constant import Constant
    from ._node import Array, Rep
    from ._powers import Step


class ExactBackend:
    """Sparse matrices over a sympy field."""

    def __init__(self, domain: Any) -> None:
        self.domain = domain

    def _make(self, entries: dict[tuple[int, int], Any], n: int) -> DomainMatrix:
        rows: dict[int, dict[int, Any]] = {}
        for (i, j), value in entries.items():
            if value:
                rows.setdefault(i, {})[j] = value
        return DomainMatrix(rows, (n, n), self.domain)

    def _entries(self, a: DomainMatrix) -> dict[tuple[int, int], Any]:
        return dict(a.to_dok())

    def prepare(self, a: DomainMatrix) -> DomainMatrix:
        return a

    def eye(self, n: int, like: Any) -> DomainMatrix:
        return self._make({(i, i): self.domain.one for i in range(n)}, n)

    def zeros(self, n: int, like: Any) -> DomainMatrix:
        return self._make({}, n)

    def block(self, a: DomainMatrix, rows: slice | Array) -> DomainMatrix:
        chosen = list(range(*rows.indices(a.shape[0]))) if isinstance(rows, slice) else [int(i) for i in rows]
        return a.extract(chosen, chosen)

    def add(self, a: DomainMatrix, b: DomainMatrix) -> DomainMatrix:
        return a + b

    def neg(self, a: DomainMatrix) -> DomainMatrix:
        return -a

    def transpose(self, a: DomainMatrix) -> DomainMatrix:
        return a.transpose()

    def conj(self, a: DomainMatrix) -> DomainMatrix:
        to, of = self.domain.from_sympy, self.domain.to_sympy
        entries = {ij: to(sympy.conjugate(of(x))) for ij, x in self._entries(a).items()}
        return self._make(entries, a.shape[0])

    def inverse(self, a: DomainMatrix) -> DomainMatrix:
        try:
            return a.inv()
        except DMNonInvertibleMatrixError:
            raise ValueError("a dual needs the inverse of the group element, and the one given is singular") from None

    def det(self, a: DomainMatrix) -> DomainMatrix:
        return self._make({(0, 0): a.to_dense().det()}, 1)

    def trace(self, a: DomainMatrix) -> DomainMatrix:
        diagonal = (x for (i, j), x in self._entries(a).items() if i == j)
        return self._make({(0, 0): sum(diagonal, self.domain.zero)}, 1)

    def kron(self, a: DomainMatrix, b: DomainMatrix) -> DomainMatrix:
        n, right = b.shape[0], self._entries(b).items()
        entries = {(i * n + k, j * n + l): x * y for (i, j), x in self._entries(a).items() for (k, l), y in right}
        return self._make(entries, a.shape[0] * n)

    def kron_sum(self, parts: list[DomainMatrix]) -> DomainMatrix:
        total = parts[0]
        for a in parts[1:]:
            left, right = self.eye(a.shape[0], a), self.eye(total.shape[0], total)
            total = self.add(self.kron(total, left), self.kron(right, a))
        return total

    def direct_sum(self, terms: list[tuple[int, DomainMatrix]], like: Any) -> DomainMatrix:
        entries: dict[tuple[int, int], Any] = {}
        start = 0
        for n, a in terms:
            inner = self._entries(a).items()
            for _ in range(n):
                entries.update({(start + i, start + j): x for (i, j), x in inner})
                start += a.shape[0]
        return self._make(entries, start)

    def lift(self, a: DomainMatrix, b: DomainMatrix, step: Step) -> DomainMatrix:
        # rows M read entry (M − i, i); columns M' sum over their letters j
        by_row = _rows(a), _rows(b)
        columns = _columns(step)
        entries: dict[tuple[int, int], Any] = {}
        for m, (rest, letter) in enumerate(zip(step.row_rest.tolist(), step.row_letter.tolist(), strict=True)):
            for i, x in by_row[0].get(rest, {}).items():
                for j, y in by_row[1].get(letter, {}).items():
                    for column, sign in columns.get((i, j), ()):
                        entries[m, column] = entries.get((m, column), self.domain.zero) + sign * x * y
        return self._make(entries, step.dim)

    def constant(self, matrix: Constant, like: Any) -> DomainMatrix:
        return matrix.over(self.domain)

    def matmul(self, a: DomainMatrix, b: DomainMatrix) -> DomainMatrix:
        return a * b

    def call(self, function: Callable[[Array], Array], a: Any, dim: int, exact: Any = None) -> Any:
        if exact is None:
            raise ValueError("Irrep and Custom matrices are floating point: they have no exact values")
        return over(self.domain, exact(sympy.ImmutableMatrix(a.to_Matrix())))


def _rows(a: DomainMatrix) -> dict[int, dict[int, Any]]:
    rows: dict[int, dict[int, Any]] = {}
    for (i, j), x in a.to_dok().items():
        rows.setdefault(i, {})[j] = x
    return rows


def _columns(step: Step) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Columns M' (with sign) in which the pair (M' − j, j) occurs."""
    where: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for columns, rests, letters, sign in step.slots():
        for column, rest, letter in zip(columns.tolist(), rests.tolist(), letters.tolist(), strict=True):
            where.setdefault((rest, letter), []).append((column, sign))
    return where


def to_domain(matrix: Any, *reps: Rep) -> DomainMatrix:
    """Convert a sympy matrix, over the smallest field that holds its entries and the numbers of the reps."""
    matrix = sympy.Matrix(matrix)
    numbers = frozenset().union(*(rep.numbers for rep in reps))
    if not numbers:
        return DomainMatrix.from_Matrix(matrix, extension=True).to_field().to_sparse()
    domain, _ = sympy.construct_domain([*matrix, *sorted(numbers, key=str)], extension=True, field=True)
    return over(domain, matrix)


def over(domain: Any, matrix: Any) -> DomainMatrix:
    """Convert a sympy matrix to a field that holds its entries."""
    known: dict[Any, Any] = {}
    rows: dict[int, dict[int, Any]] = {}
    for (i, j), x in matrix.todok().items():
        if x not in known:
            known[x] = domain.from_sympy(x)
        rows.setdefault(i, {})[j] = known[x]
    return DomainMatrix(rows, matrix.shape, domain)


def irrational(*matrices: Any) -> frozenset[Any]:
    """Entries of sympy matrices that are neither rational nor floating point."""
    entries = (x for matrix in matrices for x in matrix.todok().values())
    return frozenset(x for x in entries if not x.is_Rational and not x.has(sympy.Float))


def exact(rep: Rep, matrix: Any, kind: str) -> sympy.ImmutableMatrix:
    """Evaluate on a sympy matrix, in the orthonormal basis."""
    group = rep._require_group()
    if getattr(matrix, "shape", None) != (group.d, group.d):
        got = getattr(matrix, "shape", type(matrix).__name__)
        raise ValueError(f"exact elements of {group.name} are sympy matrices ({group.d}, {group.d}), got {got}")
    element = to_domain(matrix, rep)
    result = evaluate(rep, element, ExactBackend(element.domain), kind)
    squares = [int(s) for s in rep.scale_squared]
    values = sympy.zeros(rep.dim, rep.dim)
    for (i, j), x in result.to_dok().items():
        value = element.domain.to_sympy(x)
        ratio = sympy.sqrt(sympy.Rational(squares[i], squares[j]))
        values[i, j] = value if ratio == 1 else sympy.expand(value * ratio)
    return sympy.ImmutableMatrix(values)
