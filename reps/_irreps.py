"""The irreducible representations of a group, found as they are met and recognised when met again.

One `IrrepTable` per group.  An irrep is stored as orthogonal (unitary) matrices of the Lie-algebra
generators, the discrete generators and a few fixed random group elements; the latter give the spectrum by
which it is recognised (`_isotypic`).  Its basis is that of V where V is irreducible, e3nn's for SO(3) and
O(3) (`_named`), and otherwise the canonical one of the decomposition: it does not depend on the order in
which irreps are met.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from weakref import WeakValueDictionary

import numpy as np
from intertwine.groups import Group
from intertwine.groups._balance import balance
from numpy.typing import NDArray

from . import _named
from ._errors import DecompositionError, NotReductive
from ._images import Generators, derived_kron, kron, random_elements
from ._irrep import DRAWS, Irrep, signature
from ._isotypic import Component, isotypic
from ._node import Rep
from ._tensor import V

Array = NDArray

RESIDUAL = 1e-9  # above this a decomposition is refused
CLEAN = 1e-12  # below this no other draw is tried


class IrrepTable:
    """All irreps of one group met so far."""

    def __init__(self, group: Group) -> None:
        self.group = group
        found = group.balancing
        if found is None:
            raise NotReductive(
                f"{group} is not known to be reductive: no basis was found in which it is closed "
                "under conjugate transpose"
            )
        self.balance: Array = found
        self.is_balanced = np.array_equal(found, np.eye(group.d))
        self.irreps: list[Irrep] = []
        self.products: dict[tuple[int, int], list[tuple[Irrep, Array]]] = {}
        # the table's list of generators: an equal group may have them in another order, or another sign
        self.own = Generators(group.lie_algebra, group.discrete_generators, random_elements(group))

    def balanced(self, m: Array) -> Array:
        """P m P⁻¹ for elements of the group or its algebra, (..., d, d): V in a basis closed under adjoints."""
        if self.is_balanced:
            return m
        return np.asarray(self.balance @ m @ np.linalg.inv(self.balance))

    def decompose(
        self, generators: Generators, rho: Callable[[Array], Array], drho: Callable[[Array], Array]
    ) -> list[tuple[Irrep, Array]]:
        """Split a representation into irreps of the table.

        Returns pairs (irrep, copies) with copies (m, d, n) aligned to the irrep's own matrices:
        copies[i] ρ copies[i]* = σ; canonically ordered.
        """
        known, problem = len(self.irreps), None
        tried = []
        for draw in range(DRAWS):
            try:
                residual, found = self._attempt(draw, generators, rho, drho)
                tried.append((residual, draw, found, self.irreps[known:]))
            except DecompositionError as error:
                problem = error
            del self.irreps[known:]  # what a poor draw added must not be recognised later
            if tried and (tried[-1][0] < CLEAN or len(tried) == 4):
                break
        if not tried:
            raise DecompositionError(
                f"a representation of {self.group} of dimension {generators.dim} could not be split "
                f"reliably in {DRAWS} draws; last reason: {problem}"
            )
        _, _, found, added = min(tried, key=lambda t: t[:2])
        self.irreps += added
        return sorted(((irrep, _signed(copies)) for irrep, copies in found), key=lambda pair: pair[0].key)

    def _attempt(
        self, draw: int, generators: Generators, rho: Callable[[Array], Array], drho: Callable[[Array], Array]
    ) -> tuple[float, list[tuple[Irrep, Array]]]:
        components = isotypic(generators.elements, draw)
        found = [self._recognise(c, draw, generators, rho, drho) for c in components]
        return check_decomposition(generators, found), found

    def _recognise(
        self,
        component: Component,
        draw: int,
        generators: Generators,
        rho: Callable[[Array], Array],
        drho: Callable[[Array], Array],
    ) -> tuple[Irrep, Array]:
        for irrep in self.irreps:
            if irrep.dim != component.dim or len(irrep.end) != len(component.end):
                continue
            try:
                spectrum = irrep.spectrum(draw)
            except DecompositionError:
                continue
            if np.abs(spectrum - component.spectrum).max() <= 1e-7 * np.abs(component.spectrum).max():
                return irrep, irrep.canonical(draw).conj().T @ component.copies
        return self._add(component, draw, generators, rho, drho)

    def _add(
        self,
        component: Component,
        draw: int,
        generators: Generators,
        rho: Callable[[Array], Array],
        drho: Callable[[Array], Array],
    ) -> tuple[Irrep, Array]:
        rows = component.copies[0]
        change = _named.preferred_basis(self.group, rows, generators)  # (d, d)
        rows = change @ rows
        columns = rows.conj().T
        own = generators.map(lambda m: rows @ m @ columns)
        end = change @ component.end @ change.conj().T
        name = _named.label(self.group, own)
        irrep = Irrep(
            self,
            own,
            end,
            lambda g: rows @ rho(g) @ columns,
            lambda a: rows @ drho(a) @ columns,
            f"{component.dim}:{_fingerprint(own)}" if name is None else name,
        )
        self.irreps.append(irrep)
        return irrep, change @ component.copies

    @cached_property
    def standard(self) -> tuple[list[tuple[Irrep, Array]], Array, Array]:
        """V, split before anything else, so that its irreps keep its coordinates."""
        return self._split(V(self.group))

    def leaf(self, rep: Rep) -> tuple[list[tuple[Irrep, Array]], Array, Array]:
        """Decompose one representation directly: parts, and the balancing enc, dec they refer to."""
        standard = self.standard
        return standard if rep == V(self.group) else self._split(rep)

    def _split(self, rep: Rep) -> tuple[list[tuple[Irrep, Array]], Array, Array]:
        if not rep.is_functorial:
            return self._custom_leaf(rep)
        # ρ(P g P⁻¹) and not ρ(P) ρ(g) ρ(P)⁻¹, whose rounding grows with the condition number of ρ(P)
        own = self.own.map(self.balanced)
        parts = self.decompose(
            Generators(rep.drho(own.algebra), rep.rho(own.discrete), rep.rho(own.elements)),
            lambda g: rep.rho(self.balanced(g)),
            lambda a: rep.drho(self.balanced(a)),
        )
        if self.is_balanced:
            return parts, np.eye(rep.dim), np.eye(rep.dim)
        return parts, rep.rho(self.balance), rep.rho(np.linalg.inv(self.balance))

    def _custom_leaf(self, rep: Rep) -> tuple[list[tuple[Irrep, Array]], Array, Array]:
        raw = Generators(rep.drho(self.own.algebra), rep.rho(self.own.discrete), rep.rho(self.own.elements))
        enc = balance(raw.algebra, raw.discrete)
        if enc is None:
            raise NotReductive(f"{rep!r} of {self.group} is not completely reducible")
        dec = np.linalg.inv(enc)
        parts = self.decompose(
            raw.map(lambda m: enc @ m @ dec), lambda g: enc @ rep.rho(g) @ dec, lambda a: enc @ rep.drho(a) @ dec
        )
        return parts, enc, dec

    def clebsch_gordan(self, a: Irrep, b: Irrep) -> list[tuple[Irrep, Array]]:
        """σ ⊗ τ = ⊕ m ω: pairs (ω, C) with C (m, dim ω, dim σ · dim τ), rows orthonormal.  Cached."""
        slot = (id(a), id(b))
        if slot not in self.products:
            if a.is_trivial or b.is_trivial:
                other = b if a.is_trivial else a
                self.products[slot] = [(other, np.eye(other.dim)[None])]
            else:
                self.products[slot] = self.decompose(
                    a.generators.tensor(b.generators),
                    lambda g: kron(a.rho(g), b.rho(g)),
                    lambda x: derived_kron(a.drho(x), b.drho(x)),
                )
        return self.products[slot]

    def find(self, label: str | int) -> Irrep:
        """The irrep of a name or an index, growing tensor powers of V until it appears."""
        for level in self.levels():
            if isinstance(label, int) and not _named.is_named(self.group):
                if label < len(level):
                    return level[label]
            else:
                for irrep in self.irreps:
                    if str(irrep.label) == str(label):
                        return irrep
        known = ", ".join(str(i.label) for i in sorted(self.irreps, key=lambda i: i.key))
        raise ValueError(
            f"{self.group} has no irrep {label!r} within {MAX_LEVEL} tensor powers of V; those found: {known}"
        )

    def levels(self, most: int | None = None) -> Iterable[list[Irrep]]:
        """Irreps in V^⊗0, V^⊗1, … (with duals and conjugates), by level, then dimension and spectrum."""
        from ._frame import trivial_atom

        base = V(self.group)
        generators = [base, base.dual] + ([base.conj, base.conj.dual] if self.group.field == "C" else [])
        trivial = trivial_atom(self.group)
        listed = [trivial] if isinstance(trivial, Irrep) else []
        yield listed
        steps: list[Irrep] = []
        for rep in generators:
            steps += [i for i, _ in self.leaf(rep)[0] if i not in steps]
        fresh = listed
        for _ in range(MAX_LEVEL if most is None else most):
            seen: list[Irrep] = []
            for old in fresh:
                for step in steps:
                    seen += [i for i, _ in self.clebsch_gordan(old, step) if i not in seen + listed]
            fresh = sorted(seen, key=lambda i: i.key)
            if not fresh:
                return
            listed = [*listed, *fresh]
            yield listed


MAX_LEVEL = 12


def check_decomposition(generators: Generators, parts: list[tuple[Irrep, Array]]) -> float:
    """Largest relative residual of copies[i] ρ − σ copies[i] over all generators; raises above rounding."""
    worst, count = 0.0, 0
    for irrep, copies in parts:
        count += copies.shape[0] * copies.shape[1]
        pairs = (
            (generators.algebra, irrep.algebra),
            (generators.discrete, irrep.discrete),
            (generators.elements, irrep.generators.elements),
        )
        for big, small in pairs:
            for x, s in zip(big, small):
                scale = max(np.abs(x).max(), 1.0)  # generators have unit norm in V
                worst = max(worst, np.abs(copies @ x - s @ copies).max() / scale)
    if count != generators.dim:
        raise DecompositionError(f"parts of total dimension {count} in a space of dimension {generators.dim}")
    if worst > RESIDUAL:
        raise DecompositionError(f"residual {worst:.1e} of a decomposition")
    return worst


def _signed(copies: Array) -> Array:
    """Every copy (…, d, n) times the sign (phase) that makes the first of its largest entries positive."""
    flat = copies.reshape(len(copies), -1)
    size = np.abs(flat)
    lead = np.take_along_axis(flat, np.argmax(size > size.max(1, keepdims=True) - 1e-6, 1)[:, None], 1)
    return copies * (np.abs(lead) / lead)[:, :, None]


def _fingerprint(generators: Generators) -> str:
    digits = ",".join(f"{x:.5f}" for x in signature(generators.elements))
    return hashlib.sha256(digits.encode()).hexdigest()[:8]


_living: WeakValueDictionary[Group, IrrepTable] = WeakValueDictionary()


@lru_cache(maxsize=64)
def irrep_table(group: Group) -> IrrepTable:
    """The table of a group, one per content (groups compare by their generators).

    Atoms are compared as objects, so a table lives as long as any frame or layer refers to one of its irreps;
    the 64 used last are kept anyway.
    """
    table = _living.get(group)
    if table is None:
        table = _living[group] = IrrepTable(group)
    return table


def irreps(group: Group, max_dim: int | None = None, level: int = 3) -> tuple[Irrep, ...]:
    """Irreps of a reductive group, found in the tensor powers of V (with duals and conjugates) up to a level.

    Each has ``dim``, ``kind`` (its type over the group's field, "R", "C" or "H"), its ``label``, and ``rep``, the
    same irrep as a representation: ``Irrep(label)(group)``. Every irrep of a compact group occurs in some power
    of a faithful V; of a finite group all have been found when Σ dim² / dim End = |G|.

    Parameters
    ----------
    group : Group
    max_dim : int, optional
        Leave out irreps of larger dimension.
    level : int
        Highest tensor power to look at.

    Returns
    -------
    tuple of Irrep
        Ordered by level, then dimension and spectrum; ``Irrep(i)`` indexes this order unless the group's
        irreps have names of their own.

    Raises
    ------
    NotReductive
        When representations of the group are not sums of irreps.

    Examples
    --------
    >>> from intertwine.groups import S
    >>> [sigma.dim for sigma in irreps(S(4))]
    [1, 3, 2, 3, 1]
    >>> from intertwine.groups import O
    >>> [sigma.label for sigma in irreps(O(3), max_dim=5, level=2)]
    ['0e', '1o', '1e', '2e']

    References
    ----------
    Bröcker, tom Dieck (1985), Representations of Compact Lie Groups, theorem III.4.4.
    """
    *_, last = irrep_table(group).levels(level)
    return tuple(i for i in last if max_dim is None or i.dim <= max_dim)


def irrep_dim(group: Group, label: str | int) -> int:
    """Dimension of a named irrep."""
    return irrep_table(group).find(label).dim


def irrep_rho(group: Group, label: str | int, g: Array) -> Array:
    """Matrices of a named irrep, (..., dim, dim)."""
    return irrep_table(group).find(label).rho(g)


def irrep_drho(group: Group, label: str | int, a: Array) -> Array:
    """Lie-algebra matrices of a named irrep, (..., dim, dim)."""
    return irrep_table(group).find(label).drho(a)
