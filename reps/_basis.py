"""Bases of Hom spaces, kept factored.

A Hom space between direct sums is a direct sum of Hom spaces: for n copies of r in the target and m copies
of s in the source, Hom(m s, n r) is n·m copies of Hom(s, r). A :class:`Basis` therefore holds one solved
:class:`Block` per distinct pair (r, s), and where it is placed; nothing is ever stored twice.

Conventions. W has shape (out, in). Basis elements are orthonormal in the Frobenius inner product
⟨A, B⟩ = tr(A* B), so ``combine`` is an isometry from coefficients to matrices and ``coefficients`` is its
adjoint. The coefficient vector runs over (run of the target, run of the source, copy in the target, copy in
the source, element of the block), the last one fastest.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._constraint import Constraint

if TYPE_CHECKING:
    from ..groups import Group
    from ._certificate import Certificate
    from ._node import Rep

Array = NDArray[Any]
LIMIT = 2**30
_ALL = 2**22  # entries up to which the residual of every element is measured
_DRAWS = 4


class Block(ABC):
    """An orthonormal basis of Hom(s, r) for one pair of representations.

    Attributes
    ----------
    shape : tuple[int, int]
        (r.dim, s.dim), the shape of a map.
    rank : int
        Number of basis elements.
    dtype : numpy.dtype
        float64, or complex128 where the representations are complex.
    kind : str
        How it is represented: "dense", "orbits" or "isotypic".
    method : str
        Name of the method that made it; the kind where empty.
    certain : bool
        The method that made the block proves its rank (exact arithmetic, combinatorics).
    gap : float
        Ratio between the smallest singular value kept out of the nullspace and the scale of the constraint;
        NaN where the method computes none (exact ones).
    """

    kind: str = "dense"
    method: str = ""
    certain: bool = False
    gap: float = math.nan
    shape: tuple[int, int]
    rank: int
    dtype: np.dtype[Any]

    @abstractmethod
    def combine(self, coefficients: ArrayLike) -> Array:
        """Σ c_i B_i; coefficients (..., rank) give maps (..., out, in)."""

    @abstractmethod
    def coefficients(self, W: ArrayLike) -> Array:
        """⟨B_i, W⟩; maps (..., out, in) give coefficients (..., rank)."""

    def dense(self) -> Array:
        """All basis elements, shape (rank, out, in)."""
        return self.combine(np.eye(self.rank, dtype=self.dtype))

    def project(self, W: ArrayLike) -> Array:
        """The equivariant map nearest to W in the Frobenius norm, shapes (..., out, in)."""
        return self.combine(self.coefficients(W))

    def apply(self, coefficients: ArrayLike, x: ArrayLike) -> Array:
        """(Σ c_i B_i) x for coefficients (rank,) and vectors x (..., in): (..., out)."""
        return np.asarray(x @ self.combine(coefficients).T)

    def residual(self, rep_in: Rep, rep_out: Rep) -> float:
        """Largest ‖C q‖ / ‖C‖ over the elements q, or over random combinations where they are many."""
        constraint, size = Constraint.of(rep_in, rep_out), math.prod(self.shape)
        if self.rank * size <= _ALL:
            return constraint.residual(self.dense())
        draws = _DRAWS if size <= _ALL else 1
        return constraint.residual(self.combine(np.random.default_rng(0).standard_normal((draws, self.rank))))

    def arrays(self) -> dict[str, Array] | None:
        """What `restore` needs to rebuild the block, or None where it is not worth storing."""
        return None


class DenseBlock(Block):
    """Basis elements stored as one array (rank, out, in)."""

    kind = "dense"

    def __init__(
        self, elements: Array, gap: float = math.nan, certain: bool = False, method: str = "nullspace"
    ) -> None:
        self.elements = elements
        self.rank = len(elements)
        self.shape = (int(elements.shape[1]), int(elements.shape[2]))
        self.dtype = elements.dtype
        self.gap = gap
        self.certain = certain
        self.method = method

    @classmethod
    def from_span(cls, vectors: Array, shape: tuple[int, int], **about: Any) -> DenseBlock:
        """Orthonormalise linearly independent maps (rank, out·in) or (rank, out, in)."""
        flat = vectors.reshape(len(vectors), shape[0] * shape[1])
        q = np.linalg.qr(flat.T)[0].T if len(flat) else flat
        # QR fixes a direction only up to a phase: make the largest entries agree with the input
        phase = np.einsum("ri,ri->r", q.conj(), flat)
        size = np.abs(phase)
        unit = np.where(size > 0, phase / np.where(size > 0, size, 1), 1)
        return cls(np.ascontiguousarray((q * unit[:, None]).reshape(len(q), *shape)), **about)

    def combine(self, coefficients: ArrayLike) -> Array:
        """Σ c_i B_i."""
        c = np.asarray(coefficients)
        return np.tensordot(c, self.elements, axes=(-1, 0))

    def coefficients(self, W: ArrayLike) -> Array:
        """⟨B_i, W⟩."""
        return np.tensordot(np.asarray(W), self.elements.conj(), axes=((-2, -1), (1, 2)))

    def dense(self) -> Array:
        """The stored array."""
        return self.elements

    def arrays(self) -> dict[str, Array]:
        """The stored array, by name."""
        return {"elements": self.elements}


@dataclass(frozen=True, eq=False)
class Placed:
    """A block in its place: ``copies[0]`` × ``copies[1]`` times, from (``rows``, ``columns``) on."""

    block: Block
    rows: int
    columns: int
    copies: tuple[int, int]

    @property
    def rank(self) -> int:
        """Number of basis elements: copies in the target × copies in the source × rank of the block."""
        return self.copies[0] * self.copies[1] * self.block.rank

    def window(self, W: Array) -> Array:
        """View of W (..., out, in) as (..., copy, r.dim, copy, s.dim)."""
        (n, m), (r, s) = self.copies, self.block.shape
        part = W[..., self.rows : self.rows + n * r, self.columns : self.columns + m * s]
        return part.reshape(*W.shape[:-2], n, r, m, s)

    def add_to(self, W: Array, c: Array) -> None:
        """Write Σ c B into W; c (..., rank)."""
        (n, m), (r, s) = self.copies, self.block.shape
        parts = self.block.combine(c.reshape(*c.shape[:-1], n, m, self.block.rank))
        W[..., self.rows : self.rows + n * r, self.columns : self.columns + m * s] = np.swapaxes(parts, -3, -2).reshape(
            *c.shape[:-1], n * r, m * s
        )

    def coefficients(self, W: Array) -> Array:
        """⟨B, W⟩ for all copies, (..., rank)."""
        c = self.block.coefficients(np.swapaxes(self.window(W), -3, -2))
        return c.reshape(*W.shape[:-2], self.rank)


@dataclass(frozen=True, eq=False)
class Basis:
    """A certified, factored, Frobenius-orthonormal basis of a Hom space.

    Attributes
    ----------
    rep_in, rep_out : Rep
        Bound representations.
    group : Group
    blocks : tuple[Placed, ...]
        The distinct solved blocks and their places.
    certificate : Certificate

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import V
    >>> basis = (2 * V >> V)(SO(3)).basis()
    >>> basis.rank, basis.dense().shape
    (2, (2, 3, 6))
    """

    rep_in: Rep
    rep_out: Rep
    group: Group
    blocks: tuple[Placed, ...]
    certificate: Certificate

    @property
    def rank(self) -> int:
        """Dimension of the Hom space."""
        return sum(placed.rank for placed in self.blocks)

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in), the shape of a map."""
        return (self.rep_out.dim, self.rep_in.dim)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or complex128."""
        return np.result_type(np.float64, *(placed.block.dtype for placed in self.blocks))

    def combine(self, coefficients: ArrayLike) -> Array:
        """Σ c_i B_i.

        Parameters
        ----------
        coefficients : array (..., rank)

        Returns
        -------
        array (..., out, in)

        Raises
        ------
        ValueError
            If the last axis is not the rank.
        """
        c = np.asarray(coefficients)
        if c.ndim == 0 or c.shape[-1] != self.rank:
            raise ValueError(f"expected coefficients of shape (..., {self.rank}), got {c.shape}")
        W = np.zeros((*c.shape[:-1], *self.shape), np.result_type(self.dtype, c.dtype))
        start = 0
        for placed in self.blocks:
            placed.add_to(W, c[..., start : start + placed.rank])
            start += placed.rank
        return W

    def coefficients(self, W: ArrayLike) -> Array:
        """⟨B_i, W⟩, the coefficients of the orthogonal projection of W.

        Parameters
        ----------
        W : array (..., out, in)

        Returns
        -------
        array (..., rank)

        Raises
        ------
        ValueError
            If W does not end in the shape of a map.
        """
        W = np.asarray(W)
        if W.shape[-2:] != self.shape:
            raise ValueError(
                f"expected W of shape (..., {self.shape[0]}, {self.shape[1]}) = (..., rep_out.dim,"
                f" rep_in.dim), got {W.shape}"
            )
        parts = [placed.coefficients(W) for placed in self.blocks]
        empty = np.zeros((*W.shape[:-2], 0), self.dtype)
        return np.concatenate([empty, *parts], axis=-1)

    def project(self, W: ArrayLike) -> Array:
        """The equivariant map nearest to W in the Frobenius norm; shapes (..., out, in)."""
        return self.combine(self.coefficients(W))

    def dense(self, limit: int = LIMIT) -> Array:
        """All basis elements as one array.

        Parameters
        ----------
        limit : int
            Bytes the array may take.

        Returns
        -------
        array (rank, out, in)
            Orthonormal: ``einsum('aij,bij->ab', B.conj(), B)`` is the identity.

        Raises
        ------
        ValueError
            If the array would be larger than the limit.
        """
        size = self.rank * math.prod(self.shape) * self.dtype.itemsize
        if size > limit:
            raise ValueError(
                f"the dense basis of {self.rep_in} >> {self.rep_out} has shape {(self.rank, *self.shape)}"
                f" and takes {size / 1e9:.3g} GB, over the limit of {limit / 1e9:.3g} GB: use combine,"
                " coefficients or project, which stay factored, or pass a larger limit"
            )
        W = np.zeros((self.rank, *self.shape), self.dtype)
        start = 0
        for placed in self.blocks:
            # combine on this block's own coefficients only: never a (rank, rank) identity
            stop = start + placed.rank
            placed.add_to(W[start:stop], np.eye(placed.rank, dtype=placed.block.dtype))
            start = stop
        return W

    def __repr__(self) -> str:
        return f"Basis({self.rep_in!r} >> {self.rep_out!r}, rank={self.rank})"
