"""Frames: a representation written as a direct sum of atoms, the form every solver and layer works in.

For a reductive group an *atom* is an irrep and a frame is an isotypic decomposition,

    enc ρ(g) dec = ⊕ I_mult ⊗ atom(g),        dec = enc⁻¹,

so that by Schur's lemma Hom(a, b) is End(a) or 0, and Hom(a ⊗ b, c) is read off the Clebsch–Gordan
decomposition of a ⊗ b.  For any other group, and where a real group acts by complex matrices (its irreps are
kept over the reals), an atom is a summand of the representation itself, enc is the identity, and both Hom spaces
come from the nullspace solver.  Nothing above this file looks at which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from intertwine.groups import Group
from numpy.typing import NDArray

from ._custom import Irrep as IrrepNode
from ._errors import NotReductive
from ._images import is_trivial
from ._irrep import Irrep
from ._irreps import IrrepTable, irrep_table
from ._node import Rep
from ._splitting import MatrixSplitting, ProductSplitting, Splitting, gathered, scattered
from ._tensor import Product, Scalar
from ._threads import alone, cached_property

Array = NDArray


@dataclass(frozen=True)
class Summand:
    """An atom that is no irrep: an indecomposed summand, with its own matrices."""

    rep: Rep

    irreducible = False

    @property
    def dim(self) -> int:
        """Dimension."""
        return self.rep.dim

    @property
    def group(self) -> Group:
        """The group."""
        return self.rep._require_group()

    @cached_property
    def algebra(self) -> Array:
        """Images of the Lie-algebra generators, (k, dim, dim)."""
        return self.rep.algebra

    @cached_property
    def discrete(self) -> Array:
        """Images of the discrete generators, (m, dim, dim)."""
        return self.rep.discrete

    @cached_property
    def end(self) -> Array:
        """Basis of End, (K, dim, dim)."""
        return linear_basis(self, self)

    @cached_property
    def is_trivial(self) -> bool:
        """Whether every element acts as the identity of a one-dimensional space."""
        return is_trivial(self.algebra, self.discrete)

    @cached_property
    def is_unitary(self) -> bool:
        """Whether |x| is invariant."""
        skew = self.algebra + self.algebra.conj().swapaxes(-1, -2)
        unit = self.discrete @ self.discrete.conj().swapaxes(-1, -2) - np.eye(self.dim)
        return bool(max(np.abs(skew).max(initial=0), np.abs(unit).max(initial=0)) < 1e-8)

    @property
    def key(self) -> tuple:
        """Canonical sort key: dimension, trivial first, after the irreps, expression."""
        return (self.dim, not self.is_trivial, (np.inf, repr(self.rep)))

    def rho(self, g: Array) -> Array:
        """Matrices of group elements."""
        return self.rep.rho(g)

    def drho(self, a: Array) -> Array:
        """Matrices of Lie-algebra elements."""
        return self.rep.drho(a)

    def __repr__(self) -> str:
        return f"{self.rep!r}"


Atom = Irrep | Summand


@dataclass(frozen=True, eq=False)
class Term:
    """One distinct summand type of a representation.

    rep : the summand; runs : ((start, n), …), n copies from coordinate ``start`` on; splitting : into atoms.
    """

    rep: Rep
    runs: tuple[tuple[int, int], ...]
    splitting: Splitting

    @property
    def enc(self) -> Array:
        """To the atoms' coordinates, (dim, dim)."""
        return self.splitting.enc

    @property
    def dec(self) -> Array:
        """And back, (dim, dim)."""
        return self.splitting.dec

    @property
    def parts(self) -> tuple[tuple[Atom, int], ...]:
        """((atom, multiplicity), …) in the order of enc's rows."""
        return self.splitting.parts

    @property
    def copies(self) -> int:
        """How many copies of the summand there are."""
        return sum(n for _, n in self.runs)


@dataclass(frozen=True, eq=False)
class Frame:
    """A representation as a sum of atoms."""

    rep: Rep
    terms: tuple[Term, ...]

    @cached_property
    def atoms(self) -> tuple[tuple[Atom, int], ...]:
        """Distinct atoms with their total multiplicities, canonically ordered."""
        total: dict[Atom, int] = {}
        for term in self.terms:
            for atom, multiplicity in term.parts:
                total[atom] = total.get(atom, 0) + multiplicity * term.copies
        return tuple(sorted(total.items(), key=lambda pair: pair[0].key))

    @property
    def irreps(self) -> tuple[tuple[Irrep, int], ...]:
        """The atoms where all of them are irreps.

        Raises
        ------
        NotReductive
            One of them is not.
        """
        found = tuple((atom, m) for atom, m in self.atoms if isinstance(atom, Irrep))
        if len(found) < len(self.atoms):
            raise NotReductive(f"{self.rep!r} does not split into irreps")
        return found

    @property
    def is_unitary(self) -> bool:
        """Whether dec = enc*."""
        return all(term.splitting.is_unitary for term in self.terms)

    def analyse(self, x: Array) -> dict[Atom, Array]:
        """Vectors (b, dim) to {atom: (b, multiplicity, atom.dim)}, copies over (term, copy, multiplicity)."""
        return gathered(self, x)

    def synthesise(self, ys: Mapping[Atom, Array]) -> Array:
        """Inverse of `analyse`."""
        return scattered(self, ys)


@lru_cache(maxsize=1024)
@alone
def frame(rep: Rep) -> Frame:
    """Write a bound representation as a sum of atoms.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T
    >>> [(atom.dim, n) for atom, n in frame(T(2)(SO(3))).atoms]
    [(1, 1), (3, 1), (5, 1)]
    """
    runs: dict[Rep, list[tuple[int, int]]] = {}
    start = 0
    for n, summand in rep.summands():
        if summand.dim:
            runs.setdefault(summand, []).append((start, n))
        start += n * summand.dim
    terms = [Term(summand, tuple(places), _split(summand, rep.group)) for summand, places in runs.items()]
    return Frame(rep, tuple(terms))


def is_reductive(group: Group) -> bool:
    """Whether irreps describe the group's representations (it has a self-adjoint basis)."""
    return group.balancing is not None


@lru_cache(maxsize=1024)
@alone
def _split(rep: Rep, group: Group) -> Splitting:
    if is_reductive(group) and (group.field == "C" or not rep.is_complex):
        try:
            return _split_irreps(rep(group), irrep_table(group))
        except NotReductive:  # a custom representation in which a reductive group acts without splitting
            pass
    return MatrixSplitting(np.eye(rep.dim), np.eye(rep.dim), ((Summand(rep(group)), 1),))


def _split_irreps(rep: Rep, table: IrrepTable) -> Splitting:
    if isinstance(rep, Product):
        return ProductSplitting(frame(rep.left(table.group)), frame(rep.right(table.group)), table)
    if isinstance(rep, IrrepNode) and rep._owners() == (table.group,):
        return MatrixSplitting(np.eye(rep.dim), np.eye(rep.dim), ((table.find(rep.label), 1),))
    parts, enc, dec = table.leaf(rep)
    rows = np.concatenate([copies.reshape(-1, rep.dim) for _, copies in parts])
    return MatrixSplitting(rows @ enc, dec @ rows.conj().T, tuple((i, len(c)) for i, c in parts))


LARGE = 256  # dimension of a product of irreps that is not split where a smaller one tells the same


def trivial_atom(group: Group) -> Atom:
    """The atom on which the group acts as the identity."""
    ((atom, _),) = frame(Scalar(group)).atoms
    return atom


def linear_basis(a: Atom, b: Atom) -> Array:
    """Orthogonal basis of Hom(a, b), (r, b.dim, a.dim), each element of squared Frobenius norm b.dim."""
    if isinstance(a, Irrep) and isinstance(b, Irrep):
        return a.end if a is b else np.zeros((0, b.dim, a.dim), a.end.dtype)
    return _solved(a.rep, b.rep) * np.sqrt(b.dim)


def bilinear_basis(a: Atom, b: Atom, c: Atom) -> Array:
    """Orthogonal basis of Hom(a ⊗ b, c), (r, c.dim, a.dim, b.dim), each of squared Frobenius norm c.dim."""
    if isinstance(a, Irrep) and isinstance(b, Irrep) and isinstance(c, Irrep):
        sizes = sorted((a.dim, b.dim, c.dim))
        if sizes[2] > sizes[0] * sizes[1]:  # an irrep inside a tensor product is no larger than it
            return np.zeros((0, c.dim, a.dim, b.dim), c.end.dtype)
        if a.dim * b.dim > LARGE and c.dim < max(a.dim, b.dim) and all(_is_orthogonal(i) for i in (a, b, c)):
            return _turned(a, b, c)
        for irrep, cg in a.table.clebsch_gordan(a, b):
            if irrep is c:
                basis = np.einsum("kce,mex->kmcx", c.end, cg)
                return basis.reshape(-1, c.dim, a.dim, b.dim)
        return np.zeros((0, c.dim, a.dim, b.dim), c.end.dtype)
    solved = _solved(a.rep * b.rep, c.rep) * np.sqrt(c.dim)
    return solved.reshape(-1, c.dim, a.dim, b.dim)


def _is_orthogonal(irrep: Irrep) -> bool:
    return irrep.is_unitary and not np.iscomplexobj(irrep.end)


def _turned(a: Irrep, b: Irrep, c: Irrep) -> Array:
    """Hom(a ⊗ b, c) from the two smallest of three orthogonal irreps: invariants of a ⊗ b ⊗ c in another order."""
    if a.dim >= b.dim:
        basis = bilinear_basis(c, b, a).transpose(0, 2, 1, 3)  # (r, c, a, b)
        return np.ascontiguousarray(basis) * np.sqrt(c.dim / a.dim)
    basis = bilinear_basis(a, c, b).transpose(0, 3, 2, 1)
    return np.ascontiguousarray(basis) * np.sqrt(c.dim / b.dim)


@lru_cache(maxsize=4096)
def _solved(rep_in: Rep, rep_out: Rep) -> Array:
    from ._hom import Hom
    from .solve import solve

    return solve(Hom(rep_in, rep_out), method="nullspace").dense()
