"""Splittings: the change of basis from one representation to atoms, applied factor by factor.

A splitting is a pair of maps enc, dec = enc⁻¹ with enc ρ(g) dec = ⊕ I_m ⊗ σ(g).  For a tensor product

    enc = C (enc_left ⊗ enc_right),

C the Clebsch–Gordan blocks of pairs of irreps, so V^⊗k is split by a chain of k − 1 small steps: multiplicities
come from the steps alone, and no dim × dim matrix exists until somebody asks for ``enc`` or ``dec``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._threads import cached_property

if TYPE_CHECKING:
    from ._frame import Atom, Frame
    from ._irrep import Irrep
    from ._irreps import IrrepTable

Array = NDArray[Any]
DUST = 1e-14  # entries below this are rounding


class Splitting(ABC):
    """Change of basis between a representation and its atoms.

    Attributes
    ----------
    dim : int
    parts : tuple of (Atom, multiplicity)
        In the order of enc's rows.
    is_unitary : bool
        Whether dec = enc*.
    """

    dim: int
    parts: tuple[tuple[Atom, int], ...]
    is_unitary: bool

    @abstractmethod
    def analyse(self, x: Array) -> list[Array]:
        """Vectors (b, dim) to atoms [(b, m, d)]."""

    @abstractmethod
    def synthesise(self, ys: list[Array]) -> Array:
        """Inverse of `analyse`."""

    @cached_property
    def enc(self) -> Array:
        """The matrix (dim, dim) of `analyse`."""
        columns = self.analyse(np.eye(self.dim))
        return _snap(np.concatenate([y.reshape(self.dim, -1) for y in columns], axis=1).T)

    @cached_property
    def dec(self) -> Array:
        """The matrix (dim, dim) of `synthesise`."""
        rows = np.split(np.eye(self.dim), np.cumsum([m * a.dim for a, m in self.parts])[:-1], axis=1)
        return _snap(self.synthesise([y.reshape(-1, m, a.dim) for y, (a, m) in zip(rows, self.parts)]).T)


class MatrixSplitting(Splitting):
    """A splitting given by its matrices."""

    def __init__(self, enc: Array, dec: Array, parts: tuple[tuple[Atom, int], ...]) -> None:
        self.dim, self.parts = len(enc), parts
        self.enc, self.dec = _snap(enc), _snap(dec)
        self.is_unitary = bool(np.abs(self.enc.conj().T - self.dec).max(initial=0) < 1e-10)

    def analyse(self, x: Array) -> list[Array]:
        """Vectors (b, dim) to atoms [(b, m, d)]."""
        ys = np.split(x @ self.enc.T, np.cumsum([m * a.dim for a, m in self.parts])[:-1], axis=1)
        return [y.reshape(len(x), m, a.dim) for y, (a, m) in zip(ys, self.parts)]

    def synthesise(self, ys: list[Array]) -> Array:
        """Inverse of `analyse`."""
        return np.concatenate([y.reshape(len(y), -1) for y in ys], axis=1) @ self.dec.T


@dataclass(frozen=True)
class Step:
    """σ_left ⊗ σ_right → σ_part: cg (k, d, d_left, d_right); copies [start, start + count) of the part."""

    left: Irrep
    right: Irrep
    part: int
    start: int
    count: int
    cg: Array


class ProductSplitting(Splitting):
    """A tensor product: each factor is split, then every pair of irreps.

    Raises
    ------
    NotReductive
        A factor does not split into irreps.
    """

    def __init__(self, left: Frame, right: Frame, table: IrrepTable) -> None:
        self.left, self.right = left, right
        self.dim = left.rep.dim * right.rep.dim
        self.is_unitary = left.is_unitary and right.is_unitary
        found: dict[Irrep, int] = {}
        steps: list[tuple[Irrep, Step]] = []
        for a, m in left.irreps:
            for b, n in right.irreps:
                for irrep, cg in table.clebsch_gordan(a, b):
                    cg = cg.reshape(*cg.shape[:2], a.dim, b.dim)
                    start = found.get(irrep, 0)
                    found[irrep] = start + m * n * len(cg)
                    steps.append((irrep, Step(a, b, 0, start, m * n * len(cg), cg)))
        order = sorted(found, key=lambda i: i.key)
        place = {irrep: k for k, irrep in enumerate(order)}
        self.parts = tuple((irrep, found[irrep]) for irrep in order)
        self.steps = tuple(replace(step, part=place[irrep]) for irrep, step in steps)

    def analyse(self, x: Array) -> list[Array]:
        """Vectors (b, dim) to atoms [(b, m, d)]."""
        batch, n, m = len(x), self.left.rep.dim, self.right.rep.dim
        by_left = self.left.analyse(x.reshape(batch, n, m).swapaxes(1, 2).reshape(-1, n))
        pairs: dict[tuple[Atom, Atom], Array] = {}
        for a, y in by_left.items():
            y = y.reshape(batch, m, -1).swapaxes(1, 2).reshape(-1, m)
            for b, z in self.right.analyse(y).items():
                pairs[a, b] = z.reshape(batch, -1, a.dim, z.shape[1], b.dim).swapaxes(2, 3)
        ys: list[Array | None] = [None] * len(self.parts)
        for step in self.steps:
            part = np.einsum("zuvab,kcab->zuvkc", pairs[step.left, step.right], step.cg, optimize=True)
            if (whole := ys[step.part]) is None:
                irrep, count = self.parts[step.part]
                whole = ys[step.part] = np.empty((batch, count, irrep.dim), part.dtype)
            whole[:, step.start : step.start + step.count] = part.reshape(batch, step.count, -1)
        return [y for y in ys if y is not None]

    def synthesise(self, ys: list[Array]) -> Array:
        """Inverse of `analyse`."""
        batch, n, m = len(ys[0]), self.left.rep.dim, self.right.rep.dim
        copies = (dict(self.left.atoms), dict(self.right.atoms))
        pairs: dict[tuple[Atom, Atom], Array] = {}
        for step in self.steps:
            u, v = copies[0][step.left], copies[1][step.right]
            y = ys[step.part][:, step.start : step.start + step.count]
            y = y.reshape(batch, u, v, len(step.cg), -1)
            part = np.einsum("zuvkc,kcab->zuavb", y, step.cg.conj(), optimize=True)
            slot = (step.left, step.right)
            pairs[slot] = pairs[slot] + part if slot in pairs else part
        by_left = {}
        for a, u in self.left.atoms:
            rows = {b: pairs[a, b].reshape(-1, v, b.dim) for b, v in self.right.atoms}
            z = self.right.synthesise(rows).reshape(batch, u * a.dim, m).swapaxes(1, 2)
            by_left[a] = z.reshape(-1, u, a.dim)
        return self.left.synthesise(by_left).reshape(batch, m, n).swapaxes(1, 2).reshape(batch, n * m)


def gathered(frame: Frame, x: Array) -> dict[Atom, Array]:
    """`Frame.analyse`: every term's run of copies, its atoms joined over (term, run, copy, multiplicity)."""
    found: dict[Atom, list[Array]] = {}
    for term in frame.terms:
        for start, n in term.runs:
            size = term.rep.dim
            block = x[:, start : start + n * size].reshape(-1, size)
            for (atom, m), y in zip(term.splitting.parts, term.splitting.analyse(block)):
                found.setdefault(atom, []).append(y.reshape(len(x), n * m, atom.dim))
    return {atom: ys[0] if len(ys) == 1 else np.concatenate(ys, axis=1) for atom, ys in found.items()}


def scattered(frame: Frame, ys: Mapping[Atom, Array]) -> Array:
    """`Frame.synthesise`, the inverse of `gathered`."""
    batch = len(next(iter(ys.values()))) if ys else 0
    read = dict.fromkeys(ys, 0)
    blocks = {0: np.zeros((batch, 0))}  # by the coordinate they start at
    for term in frame.terms:
        for start, n in term.runs:
            parts = []
            for atom, m in term.splitting.parts:
                parts.append(ys[atom][:, read[atom] : read[atom] + n * m].reshape(-1, m, atom.dim))
                read[atom] += n * m
            blocks[start] = term.splitting.synthesise(parts).reshape(batch, n * term.rep.dim)
    return np.concatenate([blocks[start] for start in sorted(blocks)], axis=1)


def _snap(matrix: Array) -> Array:
    """Remove rounding dust, so that identities are exact and sparse bases stay sparse."""
    matrix = np.where(np.abs(matrix) < DUST, 0, matrix)
    if matrix.shape[0] == matrix.shape[1] and np.abs(matrix - np.eye(len(matrix))).max(initial=0) < 1e-12:
        return np.eye(len(matrix), dtype=matrix.dtype)
    return matrix
