"""One tree walk, several arithmetics: how an expression becomes matrices.

`Walk` carries the matrix of a group element (``kind="group"``) or of a Lie-algebra element
(``kind="algebra"``) down the tree; every node states its own pair of equations, ``_rho`` and ``_drho``,
in terms of the few operations of a `Backend`.  The backends are

=================  ===========================================================================
`DenseBackend`     batched ndarrays ``(..., d, d)``
`SparseBackend`    scipy.sparse matrices, float or complex
`ModularBackend`   scipy.sparse int64 matrices modulo a prime
``_exact``         sparse matrices over a sympy domain (exact, number fields included)
=================  ===========================================================================

The walk works in the *integer basis*: integer generators have integer matrices.  It differs from the
orthonormal basis of the representation by one diagonal only, ``rep.scale``::

    ρ = diag(scale) · evaluate(rep, g, ops) · diag(1 / scale)

`Rep.rho`, `Rep.drho` and their exact variants include the scaling.

Examples
--------
>>> import scipy.sparse
>>> from intertwine.groups import S
>>> from intertwine.reps import Sym, V
>>> from intertwine.reps._evaluate import ModularBackend, evaluate
>>> swap = scipy.sparse.csr_array([[0, 1], [1, 0]])
>>> evaluate(Sym(2)(S(2)), swap, ModularBackend(7), inverse=swap).toarray()
array([[0, 0, 1],
       [0, 1, 0],
       [1, 0, 0]])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from ._binding import block_indices
from ._dense import DenseBackend
from ._node import Array, Rep
from ._sparse import ModularBackend, SparseBackend

if TYPE_CHECKING:
    from ..groups import Group
    from ._constant import Constant
    from ._powers import Step

__all__ = ["Backend", "DenseBackend", "ModularBackend", "SparseBackend", "Walk", "dense", "evaluate"]

M = TypeVar("M")


class Backend(Protocol[M]):
    """Matrix operations the walk needs; ``M`` is one matrix (or a batch of them)."""

    def prepare(self, a: M) -> M:
        """Bring the element given to normal form."""

    def eye(self, n: int, like: M) -> M:
        """Return the identity of size n, of the kind (batch, dtype, domain) of ``like``."""

    def zeros(self, n: int, like: M) -> M:
        """Return the zero matrix of size n."""

    def block(self, a: M, rows: Any) -> M:
        """Return the submatrix ``a[rows, rows]``; rows is a slice or an index array."""

    def add(self, a: M, b: M) -> M:
        """Sum."""

    def neg(self, a: M) -> M:
        """Negative."""

    def transpose(self, a: M) -> M:
        """Transpose (without conjugation)."""

    def conj(self, a: M) -> M:
        """Entrywise complex conjugate."""

    def inverse(self, a: M) -> M:
        """Inverse."""

    def det(self, a: M) -> M:
        """Determinant, as a 1 × 1 matrix."""

    def trace(self, a: M) -> M:
        """Trace, as a 1 × 1 matrix."""

    def kron(self, a: M, b: M) -> M:
        """Kronecker product, the left factor slow."""

    def kron_sum(self, parts: list[M]) -> M:
        """Kronecker sum a ⊗ 1 ⊗ … + 1 ⊗ b ⊗ … + …"""

    def direct_sum(self, terms: list[tuple[int, M]], like: M) -> M:
        """Block-diagonal matrix of n copies of each term; ``like`` serves the empty sum."""

    def lift(self, a: M, b: M, step: Step) -> M:
        """``L (a ⊗ b) J`` for one step of a symmetric or alternating power (see `Step`)."""

    def constant(self, matrix: Constant, like: M) -> M:
        """Return a fixed matrix in this arithmetic."""

    def matmul(self, a: M, b: M) -> M:
        """Matrix product."""

    def call(self, function: Any, a: M, dim: int, exact: Any = None) -> M:
        """Apply a callable ``(d, d) -> (dim, dim)``, batched over leading axes; ``exact`` is its sympy twin."""


class Walk(Generic[M]):
    """One evaluation: the element, the arithmetic, and the nodes already done."""

    def __init__(self, group: Group, element: M, ops: Any, kind: str, inverse: M | None = None) -> None:
        if kind not in ("group", "algebra"):
            raise ValueError(f'kind is "group" or "algebra", got {kind!r}')
        self.group, self.element, self.ops, self.kind = group, element, ops, kind
        self._inverse = inverse
        self._reverse: Walk[M] | None = None
        self._done: dict[Rep, M] = {}

    def __call__(self, rep: Rep) -> M:
        """Return the matrix of a node."""
        if rep not in self._done:
            self._done[rep] = rep._rho(self) if self.kind == "group" else rep._drho(self)
        return self._done[rep]

    def inverse(self, rep: Rep) -> M:
        """Return the matrix of a node at the inverse element."""
        if self._reverse is None:
            if self._inverse is None:
                self._inverse = self.ops.inverse(self.element)
            self._reverse = Walk(self.group, self._inverse, self.ops, self.kind, self.element)
        return self._reverse(rep)

    def block(self, own: Group) -> M:
        """Return the block of the element that a leaf bound to ``own`` reads."""
        if own == self.group:
            return self.element
        block: M = self.ops.block(self.element, block_indices(own, self.group))
        return block

    def eye(self, n: int) -> M:
        """Return the identity of size n."""
        eye: M = self.ops.eye(n, self.element)
        return eye

    def zeros(self, n: int) -> M:
        """Return the zero matrix of size n."""
        zeros: M = self.ops.zeros(n, self.element)
        return zeros

    def sandwich(self, left: Constant, rep: Rep, right: Constant) -> M:
        """Return ``left ρ right`` for a node and two fixed matrices."""
        ops, like = self.ops, self.element
        product: M = ops.matmul(ops.matmul(ops.constant(left, like), self(rep)), ops.constant(right, like))
        return product

    def direct_sum(self, terms: list[tuple[int, M]]) -> M:
        """Return the block-diagonal matrix of n copies of each term."""
        total: M = self.ops.direct_sum(terms, self.element)
        return total


def evaluate(rep: Rep, matrix: M, ops: Backend[M], kind: str = "group", inverse: M | None = None) -> M:
    """Evaluate a bound representation in the arithmetic ``ops``, in the integer basis.

    Parameters
    ----------
    rep : Rep
        Bound.
    matrix : M
        A group element (``kind="group"``) or Lie-algebra element (``kind="algebra"``) of ``rep.group``.
    ops : Backend
    kind : {"group", "algebra"}
    inverse : M, optional
        Inverse of a group element, if known; computed by ``ops.inverse`` when a dual needs it.

    Returns
    -------
    M
        The (dim, dim) matrix.

    Raises
    ------
    ValueError
        When ``rep`` is unbound.
    """
    inverse = None if inverse is None else ops.prepare(inverse)
    return Walk(rep._require_group(), ops.prepare(matrix), ops, kind, inverse)(rep)


def dense(rep: Rep, matrix: Any, kind: str) -> Array:
    """Evaluate on (a batch of) ndarrays, in the orthonormal basis."""
    group = rep._require_group()
    matrix = np.asarray(matrix)
    if matrix.shape[-2:] != (group.d, group.d) or matrix.dtype.kind not in "biufc":
        what = "group elements" if kind == "group" else "Lie-algebra elements"
        raise ValueError(
            f"{what} of {group.name} are numeric arrays of shape (..., {group.d}, {group.d}), "
            f"got shape {matrix.shape}, dtype {matrix.dtype}"
        )
    real = matrix.dtype.kind != "c" and not rep.is_complex
    matrix = matrix.astype(np.float64 if real else np.complex128, copy=False)
    result: Array = Walk(group, matrix, DenseBackend(), kind)(rep)
    result = result.astype(np.result_type(result, matrix), copy=False)
    squares = rep.scale_squared.astype(np.float64)
    if (squares == 1).all():
        shared = not result.flags.writeable or np.may_share_memory(result, matrix)
        return result.copy() if shared else result
    return result * np.sqrt(squares[:, None] / squares)
