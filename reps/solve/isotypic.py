"""Hom spaces of reductive groups by Schur's lemma.

With both representations written as sums of irreps (`_frame`), an equivariant map is a matrix of numbers
per irrep: W = dec_out (⊕_σ Σ_k C_σk ⊗ E_σk) enc_in, where C_σk has shape (multiplicity out, multiplicity
in) and the E_σk span End(σ), which is ℝ, ℂ or ℍ.  The basis stays in this form, and
dim Hom = Σ_σ m_out m_in dim End(σ).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from intertwine.groups import Group
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular

from .._basis import Block
from .._frame import Frame, Term, frame, irrep_copies
from .._irrep import Irrep
from .._node import Rep
from .._tensor import Product

Array = NDArray[Any]


@dataclass(frozen=True)
class Channel:
    """One irrep shared by source and target: rows of enc_in, columns of dec_out, and End(σ).

    enc (m_in, d, in), dec (m_out, out, d), end (K, d, d) with ‖E‖ = 1.
    """

    enc: Array
    dec: Array
    end: Array

    @property
    def rank(self) -> int:
        """Number of maps through this irrep."""
        return len(self.dec) * len(self.enc) * len(self.end)

    def combine(self, c: Array) -> Array:
        """Σ c_{out,in,k} dec_out E_k enc_in; c (batch, rank)."""
        c = c.reshape(len(c), len(self.dec), len(self.enc), len(self.end))
        middle = np.einsum("zuvk,kab->zuavb", c, self.end)
        z, u, a, v, b = middle.shape
        left = self.dec.transpose(1, 0, 2).reshape(-1, u * a)
        return left @ middle.reshape(z, u * a, v * b) @ self.enc.reshape(v * b, -1)

    def correlate(self, w: Array) -> Array:
        """Adjoint of `combine`: w (batch, out, in) to (batch, rank)."""
        u, v, d = len(self.dec), len(self.enc), self.end.shape[-1]
        left = self.dec.transpose(0, 2, 1).reshape(u * d, -1).conj()
        right = self.enc.reshape(v * d, -1).conj().T
        middle = (left @ w @ right).reshape(len(w), u, d, v, d)
        return np.einsum("zuavb,kab->zuvk", middle, self.end.conj()).reshape(len(w), -1)


class IsotypicBlock(Block):
    """An orthonormal basis of Hom(s, r) kept as changes of basis to irreps."""

    kind = "isotypic"
    certain = False

    def __init__(self, shape: tuple[int, int], channels: tuple[Channel, ...], unitary: bool) -> None:
        self.shape = shape
        self.channels = channels
        self.rank = sum(c.rank for c in channels)
        self.dtype = np.result_type(np.float64, *(c.end.dtype for c in channels))
        self.unitary = unitary

    def combine(self, coefficients: ArrayLike) -> Array:
        """Σ c_i B_i."""
        c = np.asarray(coefficients)
        flat = c.reshape(-1, self.rank)
        if not self.unitary and self.rank:
            flat = solve_triangular(self._factor, flat.T).T
        return self._raw(flat).reshape(*c.shape[:-1], *self.shape)

    def coefficients(self, W: ArrayLike) -> Array:
        """⟨B_i, W⟩."""
        w = np.asarray(W)
        flat = w.reshape(-1, *self.shape)
        parts = [channel.correlate(flat) for channel in self.channels]
        c = np.concatenate([np.zeros((len(flat), 0), self.dtype), *parts], axis=1)
        if not self.unitary and self.rank:
            c = solve_triangular(self._factor, c.T, trans="C").T
        return c.reshape(*w.shape[:-2], self.rank)

    def _raw(self, c: Array) -> Array:
        total = np.zeros((len(c), *self.shape), np.result_type(self.dtype, c.dtype))
        start = 0
        for channel in self.channels:
            total += channel.combine(c[:, start : start + channel.rank])
            start += channel.rank
        return total

    @cached_property
    def _factor(self) -> Array:
        """Upper triangular R with rawᵀ = Q R, positive diagonal: the columns of Q are the orthonormal elements."""
        raw = self._raw(np.eye(self.rank, dtype=self.dtype)).reshape(self.rank, -1)
        r = np.linalg.qr(raw.T, mode="r")
        diagonal = np.diagonal(r)
        return r * (np.abs(diagonal) / diagonal)[:, None]


class ShiftedBlock(Block):
    """Hom(s, a ⊗ b) read off Hom(s ⊗ b*, a), or Hom(a ⊗ b, r) off Hom(a, r ⊗ b*): the same numbers."""

    kind = "isotypic"

    def __init__(self, inner: Block, moved: int, to_source: bool) -> None:
        self.inner, self.moved, self.to_source = inner, moved, to_source
        self.rank, self.dtype = inner.rank, inner.dtype
        out, in_ = inner.shape
        self.shape = (out * moved, in_ // moved) if to_source else (out // moved, in_ * moved)

    def combine(self, coefficients: ArrayLike) -> Array:
        """Σ c_i B_i."""
        w = self.inner.combine(coefficients)
        out, in_ = self.inner.shape
        if self.to_source:  # (a, (i, b)) -> ((a, b), i)
            w = w.reshape(*w.shape[:-2], out, in_ // self.moved, self.moved).swapaxes(-1, -2)
        else:  # ((o, b), a) -> (o, (a, b))
            w = w.reshape(*w.shape[:-2], out // self.moved, self.moved, in_).swapaxes(-1, -2)
        return w.reshape(*w.shape[:-3], *self.shape)

    def coefficients(self, W: ArrayLike) -> Array:
        """⟨B_i, W⟩."""
        w = np.asarray(W)
        if self.to_source:
            w = w.reshape(*w.shape[:-2], self.inner.shape[0], self.moved, self.shape[1])
        else:
            w = w.reshape(*w.shape[:-2], self.shape[0], self.inner.shape[1], self.moved)
        w = w.swapaxes(-1, -2)
        return self.inner.coefficients(w.reshape(*w.shape[:-3], *self.inner.shape))


def solve_isotypic(rep_in: Rep, rep_out: Rep, group: Group) -> Block:
    """Basis of Hom(rep_in, rep_out) for two representations.

    Where one side is a much larger tensor product, its last factor is moved across as a dual until the two
    are of similar size: an invariant of V^⊗8 is a map from (V^⊗4)* to V^⊗4.

    Raises
    ------
    NotReductive
        The group is not reductive, or one of the representations does not split into irreps.

    References
    ----------
    J.-P. Serre, *Linear Representations of Finite Groups*, §2.2 (Schur) and §2.6 (isotypic decomposition).
    """
    if isinstance(rep_out, Product) and _smaller(rep_in, rep_out):
        inner = solve_isotypic(rep_in * rep_out.right.dual, rep_out.left, group)
        return ShiftedBlock(inner, rep_out.right.dim, to_source=True)
    if isinstance(rep_in, Product) and _smaller(rep_out, rep_in):
        inner = solve_isotypic(rep_in.left, rep_out * rep_in.right.dual, group)
        return ShiftedBlock(inner, rep_in.right.dim, to_source=False)
    source, target = frame(rep_in(group)), frame(rep_out(group))
    rows, columns = _by_irrep(source), _by_irrep(target)
    channels = [
        Channel(enc, columns[irrep][1], irrep.end / np.sqrt(irrep.dim))
        for irrep, (enc, _) in rows.items()
        if irrep in columns
    ]
    unitary = all(_is_unitary(term) for term in (*source.terms, *target.terms))
    return IsotypicBlock((target.rep.dim, source.rep.dim), tuple(channels), unitary)


def _smaller(small: Rep, large: Product) -> bool:
    """Whether moving the last factor of ``large`` across makes the larger side smaller."""
    return large.dim > 64 and small.dim * large.right.dim < large.dim


def _by_irrep(f: Frame) -> dict[Irrep, tuple[Array, Array]]:
    """All copies of each irrep: enc (m, d, dim) and dec (m, dim, d)."""
    found: dict[Irrep, list[tuple[Array, Array]]] = {}
    for irrep, enc, dec in irrep_copies(f):
        found.setdefault(irrep, []).append((enc, dec))
    return {
        i: (np.concatenate([e for e, _ in pairs]), np.concatenate([d for _, d in pairs])) for i, pairs in found.items()
    }


def _is_unitary(term: Term) -> bool:
    return bool(np.abs(term.enc.conj().T - term.dec).max() < 1e-10)
