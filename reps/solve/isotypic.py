"""Hom spaces of reductive groups by Schur's lemma.

With both representations written as sums of irreps (`_frame`), an equivariant map is a matrix of numbers
per irrep: W = dec_out (⊕_σ Σ_k C_σk ⊗ E_σk) enc_in, where C_σk has shape (multiplicity out, multiplicity
in) and the E_σk span End(σ), which is ℝ, ℂ or ℍ.  The basis stays in this form, and
dim Hom = Σ_σ m_out m_in dim End(σ).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from intertwine.groups import Group
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular

from .._apply import apply
from .._basis import Block
from .._frame import Frame, frame
from .._irrep import Irrep
from .._irreps import irrep_table
from .._node import Rep
from .._tensor import Product
from .._threads import cached_property

Array = NDArray[Any]
PROBES = 4
NEGLIGIBLE = 1e-13


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

    def __init__(self, source: Frame, target: Frame) -> None:
        self.source, self.target = source, target
        self.shape = (target.rep.dim, source.rep.dim)
        self.shared = tuple((i, m, k) for i, m in target.irreps for j, k in source.irreps if i is j)
        self.rank = sum(m * k * len(i.end) for i, m, k in self.shared)
        self.dtype = np.result_type(np.float64, *(i.end.dtype for i, _, _ in self.shared))
        self.is_unitary = source.is_unitary and target.is_unitary

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The changes of basis as matrices, one channel for every shared irrep."""
        encode = self.source.analyse(np.eye(self.shape[1]))
        channels = []
        for irrep, m, _ in self.shared:
            size = m * irrep.dim
            own = np.eye(size).reshape(size, m, irrep.dim)
            ys = {a: own if a is irrep else np.zeros((size, n, a.dim)) for a, n in self.target.atoms}
            dec = self.target.synthesise(ys).reshape(m, irrep.dim, -1).swapaxes(1, 2)
            enc = encode[irrep].transpose(1, 2, 0)
            channels.append(Channel(enc, dec, irrep.end / np.sqrt(irrep.dim)))
        return tuple(channels)

    def combine(self, coefficients: ArrayLike) -> Array:
        """Σ c_i B_i."""
        c = np.asarray(coefficients)
        flat = self._orthonormal(c.reshape(-1, self.rank))
        return self._raw(flat).reshape(*c.shape[:-1], *self.shape)

    def coefficients(self, W: ArrayLike) -> Array:
        """⟨B_i, W⟩."""
        w = np.asarray(W)
        flat = w.reshape(-1, *self.shape)
        parts = [channel.correlate(flat) for channel in self.channels]
        c = np.concatenate([np.zeros((len(flat), 0), self.dtype), *parts], axis=1)
        if not self.is_unitary and self.rank:
            c = solve_triangular(self._factor, c.T, trans="C").T
        return c.reshape(*w.shape[:-2], self.rank)

    def apply(self, coefficients: ArrayLike, x: ArrayLike) -> Array:
        """(Σ c_i B_i) x for c (rank,) and x (..., in), through the irreps: the map is never formed."""
        x = np.asarray(x)
        (c,) = self._orthonormal(np.reshape(coefficients, (1, self.rank)))
        atoms = self.source.analyse(x.reshape(-1, self.shape[1]))
        batch, start = x.size // max(self.shape[1], 1), 0
        ys = {a: np.zeros((batch, m, a.dim), self.dtype) for a, m in self.target.atoms}
        for irrep, m, n in self.shared:
            k = len(irrep.end)
            weight = c[start : start + m * n * k].reshape(m, n, k) / np.sqrt(irrep.dim)
            ys[irrep] = np.einsum("mnk,kab,znb->zma", weight, irrep.end, atoms[irrep], optimize=True)
            start += m * n * k
        return self.target.synthesise(ys).reshape(*x.shape[:-1], self.shape[0])

    def residual(self, rep_in: Rep, rep_out: Rep) -> float:
        """With orthogonal changes of basis: how well those intertwine, which bounds every element at once."""
        if not (self.is_unitary and irrep_table(rep_in._require_group()).is_balanced):
            return super().residual(rep_in, rep_out)
        return max(_intertwining(frame) for frame in {self.source, self.target})

    def _orthonormal(self, c: Array) -> Array:
        return c if self.is_unitary or not self.rank else solve_triangular(self._factor, c.T).T

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


def _intertwining(frame: Frame) -> float:
    """Largest ‖(enc ρ − σ enc) x‖ / ‖ρ x‖ and ‖dec enc x − x‖ / ‖x‖ over the generators and some random x.

    For discrete generators h the scale is that of ρ(h) − 1.
    """
    x = np.random.default_rng(0).standard_normal((PROBES, frame.rep.dim))
    ys = frame.analyse(x)
    length = np.linalg.norm(x)
    worst = float(np.linalg.norm(frame.synthesise(ys) - x) / length)
    letters = irrep_table(frame.rep._require_group()).letters
    for name, matrices in (("algebra", letters.algebra), ("discrete", letters.discrete)):
        if not len(matrices):
            continue
        derived = name == "algebra"
        turned = {irrep: _turn(irrep, ys[irrep], name, derived) for irrep, _ in frame.irreps}
        moved = np.array([apply(frame.rep, matrix, x, derived) for matrix in matrices]).reshape(-1, *x.shape)
        zs = frame.analyse(moved.reshape(-1, frame.rep.dim))
        wrong = [(zs[i] - y.reshape(zs[i].shape)).reshape(len(moved), -1) for i, y in turned.items()]
        errors = np.linalg.norm(np.concatenate(wrong, axis=1), axis=1)
        scales = np.linalg.norm((moved if derived else moved - x).reshape(len(moved), -1), axis=1)
        for scale, error in zip(scales, errors):
            if max(scale, error) > NEGLIGIBLE * length:  # else it acts as 1 up to rounding, and constrains nothing
                worst = max(worst, float(error / scale))
    return worst


def _turn(atom: Irrep, y: Array, name: str, derived: bool) -> Array:
    """σ(h) y for all letters h of a name; y (b, m, d) to (k, b, m, d)."""
    rows = y.reshape(-1, atom.dim).conj()
    turned = atom.times(rows, lambda images: getattr(images, name).conj().swapaxes(-1, -2), derived)
    return turned.conj().reshape(-1, *y.shape)


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
    return IsotypicBlock(frame(rep_in(group)), frame(rep_out(group)))


def _smaller(small: Rep, large: Product) -> bool:
    """Whether moving the last factor of ``large`` across makes the larger side smaller."""
    return large.dim > 64 and small.dim * large.right.dim < large.dim
