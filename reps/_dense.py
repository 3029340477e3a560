"""Backend of batched ndarrays ``(..., n, n)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._node import Array

if TYPE_CHECKING:
    from ._constant import Constant
    from ._powers import Step


class DenseBackend:
    """Batched dense matrices."""

    def prepare(self, a: Array) -> Array:
        return a

    def eye(self, n: int, like: Array) -> Array:
        return np.broadcast_to(np.eye(n, dtype=like.dtype), (*like.shape[:-2], n, n))

    def zeros(self, n: int, like: Array) -> Array:
        return np.zeros((*like.shape[:-2], n, n), like.dtype)

    def block(self, a: Array, rows: slice | Array) -> Array:
        return a[..., rows, :][..., rows]

    def add(self, a: Array, b: Array) -> Array:
        return np.asarray(a + b)

    def neg(self, a: Array) -> Array:
        return np.asarray(-a)

    def transpose(self, a: Array) -> Array:
        return np.swapaxes(a, -1, -2)

    def conj(self, a: Array) -> Array:
        return np.conj(a)

    def inverse(self, a: Array) -> Array:
        try:
            return np.linalg.inv(a)
        except np.linalg.LinAlgError:
            raise ValueError("a dual needs the inverse of the group element, and one given is singular") from None

    def det(self, a: Array) -> Array:
        return np.asarray(np.linalg.det(a))[..., None, None]

    def trace(self, a: Array) -> Array:
        return np.asarray(np.trace(a, axis1=-2, axis2=-1))[..., None, None]

    def kron(self, a: Array, b: Array) -> Array:
        n = a.shape[-1] * b.shape[-1]
        product = a[..., :, None, :, None] * b[..., None, :, None, :]
        return product.reshape(*product.shape[:-4], n, n)

    def kron_sum(self, parts: list[Array]) -> Array:
        total = parts[0]
        for a in parts[1:]:
            total = self.kron(total, np.eye(a.shape[-1])) + self.kron(np.eye(total.shape[-1]), a)
        return total

    def direct_sum(self, terms: list[tuple[int, Array]], like: Array) -> Array:
        total = self.zeros(sum(n * a.shape[-1] for n, a in terms), like)
        start = 0
        for n, a in terms:
            for _ in range(n):
                stop = start + a.shape[-1]
                total[..., start:stop, start:stop] = a
                start = stop
        return total

    def lift(self, a: Array, b: Array, step: Step) -> Array:
        # out[M, M'] = Σ_slots sign · a[M − i, M' − j] b[i, j], j running over the letters of M'
        total = np.zeros((*a.shape[:-2], step.dim, step.dim), np.result_type(a, b))
        rows, letters = step.row_rest[:, None], step.row_letter[:, None]
        for valid, rest, letter, sign in step.slots():
            term = a[..., rows, rest] * b[..., letters, letter]
            total[..., :, valid] += sign * term
        return total

    def constant(self, matrix: Constant, like: Array) -> Array:
        return matrix.floats

    def matmul(self, a: Array, b: Array) -> Array:
        return np.asarray(a @ b)

    def call(self, function: Callable[[Array], Array], a: Array, dim: int, exact: Any = None) -> Array:
        return function(a)
