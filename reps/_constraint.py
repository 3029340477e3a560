"""The linear operator whose nullspace a Hom space is.

W is equivariant exactly when ρ_out(h) W = W ρ_in(h) for the discrete generators h and dρ_out(A) W = W
dρ_in(A) for the Lie-algebra generators A. Stacked and applied to vec(W) (row-major) this is one matrix

    C = [ dρ_out(A) ⊗ 1 − 1 ⊗ dρ_in(A)ᵀ ; ρ_out(h) ⊗ 1 − 1 ⊗ ρ_in(h)ᵀ ],

applied through its Kronecker structure and never formed. Neither side changes when a multiple of the
identity is taken from both matrices of a generator, nor its kernel when it is scaled: every generator is
centred and brought to unit size, so that a generator times 1e-6, or an element close to 1, counts as much as
any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sps
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from ._evaluate import SparseBackend
from ._threads import cached_property

if TYPE_CHECKING:
    from ..groups import Group
    from ._node import Rep

Array = NDArray[Any]
_SPARSE_FROM = 96  # dimension above which a sparse matrix is worth its overhead
_NEGLIGIBLE = 1e-13


def _is_sparse(R: Any) -> bool:
    return bool(sps.issparse(R))


def _left(R: Any, W: Array) -> Array:
    """R W for W (b, out, in)."""
    if not _is_sparse(R):
        return R @ W
    b, _, n = W.shape
    flat = R @ W.transpose(1, 0, 2).reshape(R.shape[1], b * n)
    return flat.reshape(R.shape[0], b, n).transpose(1, 0, 2)


def _right(W: Array, S: Any) -> Array:
    """W S for W (b, out, in)."""
    if not _is_sparse(S):
        return W @ S
    b, m, n = W.shape
    return (W.reshape(b * m, n) @ S).reshape(b, m, S.shape[1])


def _adjoint(R: Any) -> Any:
    return R.conj().T


def actions(rep: Rep, group: Group) -> list[Any]:
    """Matrices of the algebra's generators, then of the discrete ones; sparse where that is cheaper."""
    if rep.dim < _SPARSE_FROM or not rep.is_functorial:
        return [*rep.drho(group.lie_algebra), *rep.rho(group.discrete_generators)]
    kinds = (("algebra", group.lie_algebra), ("group", group.discrete_generators))
    return [_sparse_action(rep, g, kind) for kind, elements in kinds for g in elements]


def _sparse_action(rep: Rep, g: Array, kind: str) -> Any:
    matrix = rep.map_sparse(sps.csr_array(g), SparseBackend(), kind)
    scale = rep.scale
    if (scale != 1).any():
        matrix = sps.diags_array(scale) @ matrix @ sps.diags_array(1 / scale)
    if matrix.nnz > rep.dim**2 // 16:
        return matrix.toarray()
    return sps.csr_array(matrix)


def _size(R: Any) -> float:
    """Root mean square of the singular values."""
    data = R.data if _is_sparse(R) else R
    return float(np.linalg.norm(data) / np.sqrt(max(R.shape[0], 1)))


def _centred(R: Any, S: Any, generator: float) -> tuple[Any, Any]:
    """Take the common multiple of the identity out and bring the pair to unit size.

    generator : size of the generator itself, against which the images are rounding or not; 0 where they have
    a size of their own (group elements).
    """
    size = max(_size(R), _size(S), generator)
    shift = (R.trace() + S.trace()) / max(R.shape[0] + S.shape[0], 1)
    if shift:
        R, S = R - shift * _identity(R), S - shift * _identity(S)
    rest = max(_size(R), _size(S))
    if rest <= _NEGLIGIBLE * size:  # acts by the same scalar on both sides: no condition, only rounding
        return R * 0, S * 0
    return R / rest, S / rest


def _identity(R: Any) -> Any:
    n = R.shape[0]
    return sps.csr_array(sps.eye_array(n)) if _is_sparse(R) else np.eye(n)


@dataclass(frozen=True, eq=False)
class Constraint:
    """The generators' actions on both sides, one normalised pair (R, S) each: R W − W S = 0.

    Attributes
    ----------
    pairs : tuple
        ((out, out), (in, in)) arrays or sparse arrays.
    shape : tuple[int, int]
        (out, in).
    dtype : numpy.dtype
    """

    pairs: tuple[tuple[Any, Any], ...]
    shape: tuple[int, int]
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, rep_in: Rep, rep_out: Rep) -> Constraint:
        """The constraint of Hom(rep_in, rep_out); both bound to the same group."""
        group = rep_out._require_group()  # one list of generators: equal groups may list them differently
        outer = actions(rep_out, group)
        inner = outer if rep_in == rep_out else actions(rep_in, group)
        complex_ = rep_in.is_complex or rep_out.is_complex
        dtype = np.dtype(np.complex128 if complex_ else np.float64)
        sizes = [1.0 / np.sqrt(group.d)] * len(group.lie_algebra) + [0.0] * len(group.discrete_generators)
        pairs = tuple(map(_centred, outer, inner, sizes))
        return cls(pairs, (rep_out.dim, rep_in.dim), dtype)

    def apply(self, W: Array) -> Array:
        """R W − W S for all generators, (b, out, in) to (generators, b, out, in)."""
        out = [_left(R, W) - _right(W, S) for R, S in self.pairs]
        return np.array(out, np.result_type(self.dtype, W.dtype)).reshape(len(out), *W.shape)

    def adjoint(self, Y: Array) -> Array:
        """Σ R* Y − Y S*, (generators, b, out, in) to (b, out, in)."""
        total = np.zeros(Y.shape[1:], np.result_type(self.dtype, Y.dtype))
        for (R, S), part in zip(self.pairs, Y):
            total += _left(_adjoint(R), part) - _right(part, _adjoint(S))
        return total

    @cached_property
    def norm(self) -> float:
        """Root mean square of the singular values of C over the unknowns, a lower bound of ‖C‖₂.

        ‖R ⊗ 1 − 1 ⊗ Sᵀ‖² = in ‖R‖² + out ‖S‖² − 2 Re tr R tr S̄ in the Frobenius norm.
        """
        n_out, n_in = self.shape
        squares = 0.0
        for R, S in self.pairs:
            traces = complex(R.trace()) * complex(S.trace()).conjugate()
            squares += _size(R) ** 2 + _size(S) ** 2 - 2 * traces.real / max(n_out * n_in, 1)
        return float(np.sqrt(max(squares, 0.0)))

    def residual(self, W: Array) -> float:
        """Largest ‖C w‖ / (‖C‖ ‖w‖) over maps w = W[a], shape (b, out, in); 0 where C is 0."""
        if not len(W) or self.norm == 0:
            return 0.0
        squares = np.zeros(len(W))
        for R, S in self.pairs:
            image = _left(R, W) - _right(W, S)
            squares += np.linalg.norm(image.reshape(len(W), -1), axis=1) ** 2
        lengths = np.linalg.norm(W.reshape(len(W), -1), axis=1)
        return float(np.sqrt(squares / np.where(lengths > 0, lengths, 1) ** 2).max() / self.norm)

    def operator(self) -> LinearOperator:
        """As a scipy operator on vec(W), row-major."""
        n = self.shape[0] * self.shape[1]
        rows = len(self.pairs) * n

        def forward(X: Array) -> Array:
            W = X.reshape(n, X.size // max(n, 1)).T.reshape(-1, *self.shape)
            return self.apply(W).transpose(0, 2, 3, 1).reshape(rows, len(W))

        def backward(Y: Array) -> Array:
            columns = Y.shape[1] if Y.ndim > 1 else 1
            parts = Y.reshape(len(self.pairs), *self.shape, columns).transpose(0, 3, 1, 2)
            return self.adjoint(parts).reshape(columns, n).T

        return LinearOperator(
            shape=(rows, n),
            dtype=self.dtype,
            matvec=lambda x: forward(x)[:, 0],
            rmatvec=lambda y: backward(y)[:, 0],
            matmat=forward,
            rmatmat=backward,
        )
