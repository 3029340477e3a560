"""Positions lifted to symmetric powers, so that a kernel has every angular dependence it needs.

A homogeneous polynomial of degree l in x is linear in x^⊗l ∈ Sym^l(space).  `Lift` writes Sym^0 … Sym^L as
atoms; `degree_needed` finds the smallest L at which a kernel is complete.  Where Sym^l contains
|x|² Sym^{l−2} (an invariant norm exists) only the harmonic rest is kept: the radial part supplies |x|².
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
import torch
from intertwine.emlp._constants import Constants
from intertwine.emlp._module import Derived, fixed
from intertwine.reps import Rep, Scalar, Sym
from intertwine.reps._frame import Atom, bilinear_basis, frame, is_reductive
from numpy.typing import NDArray
from torch import Tensor

from ._stabilizer import stabilizer

Array = NDArray[np.float64]
LARGEST = 256  # monomials of one degree


@lru_cache(maxsize=256)
def monomials(n: int, degree: int) -> tuple[tuple[tuple[int, ...], ...], Array]:
    """Multi-indices of Sym^degree(R^n) and the weights √(degree! / α!) of its orthonormal coordinates."""
    indices = tuple(combinations_with_replacement(range(n), degree))
    counts = [[index.count(i) for i in set(index)] for index in indices]
    weights = [math.sqrt(math.factorial(degree) / math.prod(map(math.factorial, c))) for c in counts]
    return indices, np.array(weights)


@lru_cache(maxsize=256)
def lifted_atoms(space: Rep, degree: int) -> tuple[tuple[Atom, Array], ...]:
    """Atoms of degree-``degree`` polynomials: pairs (atom, rows) with rows (m, dim, dim Sym^degree).

    Rows act on the orthonormal coordinates of x^⊗degree.
    """
    if degree == 0:
        ((atom, _),) = frame(Scalar(space._require_group())).atoms
        return ((atom, np.ones((1, 1, 1))),)
    found: dict[Atom, list[Array]] = {}
    start = 0
    f = frame(Sym(degree, space))
    width = f.rep.dim
    for term in f.terms:
        at = 0
        for atom, m in term.parts:
            rows = term.enc[at : at + m * atom.dim].reshape(m, atom.dim, -1)
            at += m * atom.dim
            for first, n in term.runs:
                for copy in range(n):
                    full = np.zeros((m, atom.dim, width))
                    start = first + copy * term.rep.dim
                    full[:, :, start : start + term.rep.dim] = rows
                    found.setdefault(atom, []).append(full)
    atoms = {atom: np.concatenate(rows) for atom, rows in found.items()}
    if degree > 1 and has_norm(space):
        atoms = _harmonic(atoms, space, degree)
    return tuple((atom, rows) for atom, rows in sorted(atoms.items(), key=lambda p: p[0].key) if len(rows))


def has_norm(space: Rep) -> bool:
    """Whether |x| itself is invariant."""
    return all(atom.is_unitary for atom, _ in frame(space).atoms) and all(
        np.allclose(term.enc.conj().T, term.dec) for term in frame(space).terms
    )


def _harmonic(atoms: dict[Atom, Array], space: Rep, degree: int) -> dict[Atom, Array]:
    """Keep the copies orthogonal to |x|² Sym^{degree−2}."""
    n = space.dim
    high, weight = monomials(n, degree)
    low, low_weight = monomials(n, degree - 2)
    place = {index: i for i, index in enumerate(high)}
    times = np.zeros((len(high), len(low)))  # multiplication by |x|², on coefficient vectors of polynomials
    for j, index in enumerate(low):
        for i in range(n):
            k = place[tuple(sorted((*index, i, i)))]
            times[k, j] += low_weight[j] / weight[k]
    image = np.linalg.qr(times)[0]
    kept = {}
    for atom, rows in atoms.items():
        inside = rows - (rows @ image) @ image.T
        gram = np.einsum("iab,jab->ij", inside, rows) / atom.dim
        values, vectors = np.linalg.eigh(gram)
        chosen = vectors[:, values > 0.5]
        kept[atom] = np.einsum("ji,jab->iab", _canonical(chosen), rows)
    return kept


def _canonical(basis: Array) -> Array:
    """An orthonormal basis of the same span that does not depend on the eigensolver."""
    if not basis.size:
        return basis
    z = np.random.default_rng(11).normal(size=(len(basis), basis.shape[1]))
    u, _, vh = np.linalg.svd(basis.T @ z)
    return basis @ u @ vh


def highest_degree(n: int, most: int) -> int:
    """The highest degree up to ``most`` with at most `LARGEST` monomials in n variables; at least 1."""
    return max((l for l in range(2, most + 1) if math.comb(n + l - 1, l) <= LARGEST), default=1)


def degree_needed(space: Rep, rep_in: Rep, rep_out: Rep, most: int, invariants: int) -> int:
    """Smallest degree, up to ``most``, at which a kernel is complete at a generic position, or as good as at ``most``.

    There the values of all covariants of an atom h span the vectors of h fixed by the stabiliser (all of h
    for a finite group that moves the point): one polynomial of an atom is not enough.  Where the given number of
    ``invariants`` does not tell orbits apart, a trivial atom must tell a second position from the first.

    References
    ----------
    The count is Frobenius reciprocity on the orbit G/G_x: Serre, *Linear Representations of Finite Groups*, §7.2.
    """
    points = np.random.default_rng(17).normal(size=(2, space.dim))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    allowed = _allowed(space, rep_in, rep_out, points[0], invariants)
    values: dict[Atom, Array] = {}
    reached = []
    for degree in range(most + 1):
        offered = lifted_atoms(space, degree)
        new = set(usable({atom for atom, _ in offered} - set(values), rep_in, rep_out))
        for atom, rows in offered:
            if atom in values or atom in new or atom.is_trivial:
                at = np.einsum("mdk,xk->mxd", rows, _powers(points, degree))
                values[atom] = np.concatenate([values.get(atom, np.zeros((0, *at.shape[1:]))), at])
        reached.append(sum(_rank(atom, at) for atom, at in values.items()))
        if allowed is not None:
            steerable = sum(_rank(atom, at) for atom, at in values.items() if not atom.is_trivial)
            if steerable == allowed[0] and reached[-1] - steerable >= allowed[1]:
                break
    return reached.index(reached[-1])


def _allowed(space: Rep, rep_in: Rep, rep_out: Rep, x: Array, invariants: int) -> tuple[int, int] | None:
    """Σ dim h^{G_x} over the nontrivial irreps h with a map h ⊗ V_in → V_out, and how many positions invariant
    polynomials must tell apart, where the given invariants do not; None where no irreps are known."""
    group = space._require_group()
    if not is_reductive(group):
        return None
    algebra, discrete = stabilizer(space, x, np.random.default_rng(5), starts=6)
    total = 0
    for atom in {atom for atom, _ in frame(rep_out * rep_in.dual).atoms if not atom.is_trivial}:
        rows = [atom.drho(a) for a in algebra] + [atom.rho(h) - np.eye(atom.dim) for h in discrete]
        gram = sum((row.conj().T @ row for row in rows), np.zeros((atom.dim, atom.dim)))
        total += int((np.linalg.eigvalsh(gram) < 1e-9).sum())
    return total, 1 if group.lie_dim - len(algebra) + invariants >= space.dim else 2


def _powers(points: Array, degree: int) -> Array:
    """Orthonormal coordinates of x^⊗degree for points (x, n): (x, dim Sym^degree)."""
    indices, weights = monomials(points.shape[1], degree)
    values = np.stack([np.prod(points[:, list(index)], axis=1) for index in indices], axis=1)
    return values * weights


def _rank(atom: Atom, at: Array) -> int:
    """Rank of the values (m, points, d) of an atom's covariants at the first point (of an invariant: at all)."""
    if atom.is_trivial:
        return int(np.linalg.matrix_rank(at[:, :, 0], tol=1e-6))
    spanned = np.einsum("kab,mb->kma", atom.end, at[:, 0]) if atom.irreducible else at[None, :, 0]
    return int(np.linalg.matrix_rank(spanned.reshape(-1, atom.dim), tol=1e-6))


def usable(atoms: Sequence[Atom] | set[Atom], rep_in: Rep, rep_out: Rep) -> list[Atom]:
    """Atoms h with an equivariant map h ⊗ V_in → V_out, canonically ordered."""
    sources = [a for a, _ in frame(rep_in).atoms]
    targets = [b for b, _ in frame(rep_out).atoms]
    chosen = [h for h in atoms if any(len(bilinear_basis(h, a, b)) for a in sources for b in targets)]
    return sorted(chosen, key=lambda atom: atom.key)


class Lift(Derived):
    """x (..., n) to atoms of its homogeneous polynomials up to a degree.

    Parameters
    ----------
    space : bound Rep of dimension n
    degree : int

    Attributes
    ----------
    atoms : tuple of (Atom, multiplicity)
        Of the output [(dim, ..., multiplicity)].  Every channel has a mean square of one per component over
        random directions.
    """

    def __init__(
        self,
        space: Rep,
        degree: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.space, self.degree = space, degree
        rows: dict[Atom, list[tuple[int, Array]]] = {}
        for l in range(degree + 1):
            for atom, block in lifted_atoms(space, l):
                rows.setdefault(atom, []).append((l, block * _gain(block, space.dim, l)))
        order = sorted(rows, key=lambda atom: atom.key)
        self.atoms = tuple((atom, sum(len(b) for _, b in rows[atom])) for atom in order)
        arrays = {}
        layout = []
        for l in range(degree + 1):
            parts = [(i, block) for i, atom in enumerate(order) for k, block in rows[atom] if k == l]
            none = np.zeros((0, math.comb(space.dim + l - 1, l)))  # on a line |x|² takes all degrees from 2 on
            arrays[f"degree{l}"] = np.concatenate([none, *(block.reshape(-1, block.shape[-1]) for _, block in parts)])
            layout.append(tuple((i, *block.shape[:2]) for i, block in parts))
        self.layout = tuple(layout)
        self.sizes = tuple(arrays[f"degree{l}"].shape[1] for l in range(degree + 1))
        self.constants = Constants(arrays, dtype, device)
        self.refresh()

    def refresh(self) -> None:
        """Look up which coordinate times which monomial of one degree less makes a monomial."""
        self.factors: list[tuple[Tensor, Tensor]] = []
        device = self.constants.value("degree0").device
        device = torch.device("cpu") if device.type == "meta" else device  # `torch.func` calls modules on meta
        for l in range(2, self.degree + 1):
            place = {index: i for i, index in enumerate(monomials(self.space.dim, l - 1)[0])}
            made = [(index[0], place[index[1:]]) for index in monomials(self.space.dim, l)[0]]
            times, power = (fixed(torch.tensor(at, device=device)) for at in zip(*made))
            self.factors.append((times, power))

    def powers(self, x: Tensor) -> Tensor:
        """Monomials of all degrees, (..., Σ dim Sym^l), of x (..., n)."""
        found = [x.new_ones(*x.shape[:-1], 1), x][: self.degree + 1]
        for times, power in self.factors:
            times, power = (times, power) if times.device == x.device else (times.to(x.device), power.to(x.device))
            found.append(x.index_select(-1, times) * found[-1].index_select(-1, power))
        return torch.cat(found, -1)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Evaluate the polynomials."""
        return self.polynomials(self.powers(x))

    def polynomials(self, powers: Tensor) -> list[Tensor]:
        """The same from all monomials, linearly."""
        found: list[list[Tensor]] = [[] for _ in self.atoms]
        for l, (layout, power) in enumerate(zip(self.layout, powers.split(self.sizes, -1))):
            y = torch.nn.functional.linear(power, self.constants.value(f"degree{l}"))
            for (i, m, d), part in zip(layout, y.split([m * d for _, m, d in layout], -1)):
                found[i].append(part.unflatten(-1, (m, d)).movedim(-1, 0))
        return [torch.cat(parts, -1) for parts in found]

    def extra_repr(self) -> str:
        """The space and the degree."""
        return f"{self.space!r}, degree={self.degree}"


def _gain(block: Array, n: int, degree: int) -> Array:
    """Weights of the orthonormal coordinates times the scale of unit mean square on random directions."""
    x = np.random.default_rng(13).normal(size=(500, n))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.einsum("mdk,xk->xmd", block, _powers(x, degree))
    weights = monomials(n, degree)[1]
    size = np.sqrt(np.mean(y**2, axis=(0, 2)))
    return weights / np.where(size > 1e-9, size, 1.0)[:, None, None]
