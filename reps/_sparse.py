"""Backends of scipy.sparse matrices: float or complex entries, and int64 entries modulo a prime."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sparse

from ._node import Array

if TYPE_CHECKING:
    from ._constant import Constant
    from ._powers import Step

Sparse = Any


class SparseBackend:
    """Sparse matrices in csr format, in the dtype of the element given."""

    def wrap(self, a: Any) -> Sparse:
        """Bring a result to normal form."""
        return sparse.csr_array(a)

    def prepare(self, a: Any) -> Sparse:
        return self.wrap(a)

    def eye(self, n: int, like: Sparse) -> Sparse:
        return self.wrap(sparse.identity(n, dtype=like.dtype))

    def zeros(self, n: int, like: Sparse) -> Sparse:
        return sparse.csr_array((n, n), dtype=like.dtype)

    def block(self, a: Sparse, rows: slice | Array) -> Sparse:
        chosen = np.arange(a.shape[0])[rows]
        return self.wrap(a[chosen[:, None], chosen])

    def add(self, a: Sparse, b: Sparse) -> Sparse:
        return self.wrap(a + b)

    def neg(self, a: Sparse) -> Sparse:
        return self.wrap(-a)

    def transpose(self, a: Sparse) -> Sparse:
        return sparse.csr_array(a.T)

    def conj(self, a: Sparse) -> Sparse:
        return self.wrap(a.conj())

    def inverse(self, a: Sparse) -> Sparse:
        return self.wrap(np.linalg.inv(a.toarray()))

    def det(self, a: Sparse) -> Sparse:
        return self.wrap(np.array([[np.linalg.det(a.toarray())]]))

    def trace(self, a: Sparse) -> Sparse:
        return self.wrap(np.array([[a.trace()]]))

    def kron(self, a: Sparse, b: Sparse) -> Sparse:
        return self.wrap(sparse.kron(a, b, format="csr"))

    def kron_sum(self, parts: list[Sparse]) -> Sparse:
        n = math.prod(a.shape[0] for a in parts)
        entries: list[tuple[Array, Array, Array]] = []
        before = 1
        for part in parts:
            a, size = part.tocoo(), part.shape[0]
            after = n // (before * size) if n else 0
            outer = (np.arange(before) * size)[:, None, None]
            inner = np.arange(after)[None, None, :]
            rows, columns = ((outer + at[None, :, None]) * after + inner for at in a.coords)
            entries.append((rows.ravel(), columns.ravel(), np.broadcast_to(a.data[None, :, None], rows.shape).ravel()))
            before *= size
        rows, columns, data = (np.concatenate(x) for x in zip(*entries))
        return self.wrap(sparse.coo_array((data, (rows, columns)), (n, n)))

    def direct_sum(self, terms: list[tuple[int, Sparse]], like: Sparse) -> Sparse:
        blocks = [a for n, a in terms for _ in range(n)]
        return self.wrap(sparse.block_diag(blocks, format="csr")) if blocks else self.zeros(0, like)

    def lift(self, a: Sparse, b: Sparse, step: Step) -> Sparse:
        rows, columns = step.matrices()
        return self.wrap(rows.astype(a.dtype) @ (sparse.kron(a, b, format="csr") @ columns.astype(a.dtype)))

    def constant(self, matrix: Constant, like: Sparse) -> Sparse:
        return self.wrap(matrix.sparse)

    def matmul(self, a: Sparse, b: Sparse) -> Sparse:
        return self.wrap(a @ b)

    def call(self, function: Callable[[Array], Array], a: Sparse, dim: int, exact: Any = None) -> Sparse:
        return self.wrap(function(a.toarray()))


class ModularBackend(SparseBackend):
    """Sparse int64 matrices with entries in ``0 … p − 1``, p a prime below 2^31."""

    def __init__(self, p: int) -> None:
        if not 2 <= p < 2**31:
            raise ValueError(f"the modulus is a prime below 2**31 (products must fit in int64), got {p}")
        self.p = p

    def wrap(self, a: Any) -> Sparse:
        a = sparse.csr_array(a, copy=True).astype(np.int64)
        a.data %= self.p
        a.eliminate_zeros()
        return a

    def prepare(self, a: Any) -> Sparse:
        if a.dtype.kind not in "iu":
            raise TypeError(f"a matrix modulo a prime has integer entries, got dtype {a.dtype}")
        return self.wrap(a)

    def conj(self, a: Sparse) -> Sparse:
        raise ValueError("complex conjugation has no meaning modulo a prime: use a float or exact backend")

    def inverse(self, a: Sparse) -> Sparse:
        return self.wrap(self._eliminate(a.toarray())[0])

    def det(self, a: Sparse) -> Sparse:
        return self.wrap(np.array([[self._eliminate(a.toarray())[1]]], dtype=np.int64))

    def lift(self, a: Sparse, b: Sparse, step: Step) -> Sparse:
        rows, columns = step.matrices()
        return self.wrap(rows @ self.wrap(self.kron(a, b) @ columns))

    def constant(self, matrix: Constant, like: Sparse) -> Sparse:
        return self.wrap(matrix.modulo(self.p))

    def call(self, function: Callable[[Array], Array], a: Sparse, dim: int, exact: Any = None) -> Sparse:
        raise ValueError("a residue does not say which group element it comes from: use a float or exact backend")

    def _eliminate(self, a: Array) -> tuple[Array, int]:
        """Inverse and determinant by Gauss–Jordan elimination."""
        p, n, det = self.p, len(a), 1
        a = np.hstack([a % p, np.eye(n, dtype=np.int64)])
        for i in range(n):
            pivots = np.flatnonzero(a[i:, i])
            if not len(pivots):
                raise ValueError(f"the matrix is singular modulo {p}: choose another prime")
            j = i + int(pivots[0])
            if j != i:
                a[[i, j]] = a[[j, i]]
                det = -det
            det = det * int(a[i, i]) % p
            a[i] = a[i] * pow(int(a[i, i]), -1, p) % p
            column = a[:, i].copy()
            column[i] = 0
            a = (a - column[:, None] * a[i] % p) % p
        return a[:, n:], det % p
