"""The irreducible representations of a group, found as they are met and recognised when met again.

One `IrrepTable` per group.  An irrep is stored as orthogonal (unitary) matrices of the Lie-algebra
generators, the discrete generators and a few fixed random letters; the latter give the spectrum by
which it is recognised (`_isotypic`).  Its basis is that of V where V is irreducible, e3nn's for SO(3) and
O(3) (`_named`), and otherwise the canonical one of the decomposition: it does not depend on the order in
which irreps are met.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter
from weakref import WeakValueDictionary

import numpy as np
from intertwine.groups import Group
from intertwine.groups._balance import balance
from numpy.typing import NDArray

from . import _named
from ._counts import is_int
from ._custom import Irrep as Node
from ._errors import DecompositionError, NotReductive
from ._images import Compressed, Images, Leaf, Tensor, letters
from ._irrep import DRAWS, Irrep
from ._isotypic import Component, isotypic
from ._node import Rep
from ._tensor import V
from ._threads import alone, cached_property

Array = NDArray

RESIDUAL = 1e-9  # above this a decomposition is refused
CLEAN = 1e-12  # below this no other draw is tried
APART = 1e-3  # eigenvalues of a Casimir element with a larger gap (relative to the largest) are split
PROBES = 4  # random vectors on which a decomposition is checked


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
        # the table's own letters: an equal group may have its generators in another order, or another sign
        self.letters = letters(self.balanced(group.closure), self.balanced(group.discrete_generators))

    def balanced(self, m: Array) -> Array:
        """P m P⁻¹ for elements of the group or its algebra, (..., d, d): V in a basis closed under adjoints."""
        if self.is_balanced:
            return m
        return np.asarray(self.balance @ m @ np.linalg.inv(self.balance))

    @alone
    def decompose(self, images: Images) -> list[tuple[Irrep, Array]]:
        """Split a representation into irreps of the table.

        Returns pairs (irrep, copies) with copies (m, d, n) aligned to the irrep's own matrices:
        copies[i] ρ copies[i]* = σ; canonically ordered.
        """
        found: dict[Irrep, list[Array]] = {}
        for part in presplit(images):
            for irrep, copies in self._decompose(part):
                found.setdefault(irrep, []).append(_signed(copies))
        pairs = [(irrep, np.concatenate(copies)) for irrep, copies in found.items()]
        check_decomposition(images, pairs)
        return sorted(pairs, key=lambda pair: pair[0].key)

    def _decompose(self, images: Images) -> list[tuple[Irrep, Array]]:
        known, problem = len(self.irreps), None
        generic = images.generic
        tried = []
        for draw in range(DRAWS):
            try:
                found = [self._recognise(c, draw, images) for c in isotypic(generic, draw)]
                tried.append((check_decomposition(images, found), draw, found, self.irreps[known:]))
            except DecompositionError as error:
                problem = error
            del self.irreps[known:]  # what a poor draw added must not be recognised later
            if tried and (tried[-1][0] < CLEAN or len(tried) == 4):
                break
        if not tried:
            raise DecompositionError(
                f"a representation of {self.group} of dimension {images.dim} could not be split "
                f"reliably in {DRAWS} draws; last reason: {problem}"
            )
        _, _, found, added = min(tried, key=lambda t: t[:2])
        self.irreps += added
        if isinstance(images, Compressed):
            return [(irrep, copies @ images.rows) for irrep, copies in found]
        return found

    def _recognise(self, component: Component, draw: int, images: Images) -> tuple[Irrep, Array]:
        for irrep in self.irreps:
            if irrep.dim != component.dim or len(irrep.end) != len(component.end):
                continue
            try:
                spectrum = irrep.spectrum(draw)
            except DecompositionError:
                continue
            if np.abs(spectrum - component.spectrum).max() <= 1e-7 * np.abs(component.spectrum).max():
                return irrep, irrep.canonical(draw).conj().T @ component.copies
        return self._add(component, draw, images)

    def _add(self, component: Component, draw: int, images: Images) -> tuple[Irrep, Array]:
        raw = Irrep(self, images, component.copies[0], component.end)
        change = _named.preferred_basis(raw)  # (d, d)
        irrep = Irrep(self, images, change @ component.copies[0], change @ raw.end @ change.conj().T)
        irrep.known(draw, component.spectrum, change.conj().T)
        name = _named.label(irrep)
        irrep.label = f"{irrep.dim}:{_fingerprint(irrep.signature)}" if name is None else name
        self.irreps.append(irrep)
        return irrep, change @ component.copies

    @cached_property
    def standard(self) -> tuple[list[tuple[Irrep, Array]], Array, Array]:
        """V, split before anything else, so that its irreps keep its coordinates."""
        return self._split(V(self.group))

    @alone
    def leaf(self, rep: Rep) -> tuple[list[tuple[Irrep, Array]], Array, Array]:
        """Decompose one representation directly: parts, and the balancing enc, dec they refer to."""
        standard = self.standard
        return standard if rep == V(self.group) else self._split(rep)

    def _split(self, rep: Rep) -> tuple[list[tuple[Irrep, Array]], Array, Array]:
        if not rep.is_functorial:
            return self._custom_leaf(rep)
        # ρ(P g P⁻¹) and not ρ(P) ρ(g) ρ(P)⁻¹, whose rounding grows with the condition number of ρ(P)
        parts = self.decompose(Leaf(self.letters, rep.rho, rep.drho, self.balanced))
        if self.is_balanced:
            return parts, np.eye(rep.dim), np.eye(rep.dim)
        return parts, rep.rho(self.balance), rep.rho(np.linalg.inv(self.balance))

    def _custom_leaf(self, rep: Rep) -> tuple[list[tuple[Irrep, Array]], Array, Array]:
        group, inverse = self.group, np.linalg.inv(self.balance)
        enc = balance(rep.drho(group.lie_algebra), rep.rho(group.discrete_generators))
        if enc is None:
            raise NotReductive(f"{rep!r} of {group} is not completely reducible")
        dec = np.linalg.inv(enc)
        images = Leaf(
            self.letters,
            lambda g: enc @ rep.rho(inverse @ g @ self.balance) @ dec,
            lambda a: enc @ rep.drho(inverse @ a @ self.balance) @ dec,
            self.balanced,
        )
        known = len(self.irreps)
        parts = self.decompose(images)
        for irrep in self.irreps[known:]:
            irrep.origin = rep
        return parts, enc, dec

    @alone
    def clebsch_gordan(self, a: Irrep, b: Irrep) -> list[tuple[Irrep, Array]]:
        """σ ⊗ τ = ⊕ m ω: pairs (ω, C) with C (m, dim ω, dim σ · dim τ), rows orthonormal.  Cached."""
        slot = (id(a), id(b))
        if slot not in self.products:
            if a.is_trivial or b.is_trivial:
                other = b if a.is_trivial else a
                self.products[slot] = [(other, np.eye(other.dim)[None])]
            else:
                known = len(self.irreps)
                self.products[slot] = self.decompose(Tensor(a, b))
                for irrep in self.irreps[known:] if a.origin or b.origin else ():
                    irrep.origin = (a, b)
        return self.products[slot]

    @alone
    def find(self, label: str | int) -> Irrep:
        """The irrep of a name or an index, growing tensor powers of V until it appears or can no longer be expected.

        Names count as far as they go, whatever has been met before: a degree or frequency is in the power of that
        number, and irreps "d:…" are looked for while the powers have new irreps of dimension up to d.
        """
        known: list[Irrep] = []
        for power, level in enumerate(self.levels(MOST_LEVEL)):
            if isinstance(label, int) and not _named.is_named(self.group):
                if label < len(level):
                    return level[label]
            else:
                for irrep in self.irreps:
                    if str(irrep.label) == str(label):
                        return irrep
            fresh, known = level[len(known) :], level
            if power >= MAX_LEVEL and not self._may_follow(label, power, fresh):
                break
        names = ", ".join(str(i.label) for i in sorted(self.irreps, key=lambda i: i.key))
        raise ValueError(f"{self.group} has no irrep {label!r} within {power} tensor powers of V; those found: {names}")

    def _may_follow(self, label: str | int, power: int, fresh: list[Irrep]) -> bool:
        """Whether a name can be expected in higher tensor powers of V."""
        digits = re.match(r"\d+", label) if isinstance(label, str) else None
        number = int(digits[0]) if digits else label if isinstance(label, int) else 0
        if _named.is_named(self.group):
            return power < number <= MOST_LEVEL
        return digits is not None and any(irrep.dim <= number for irrep in fresh)

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


MAX_LEVEL = 12  # tensor powers of V that are looked through for any name
MOST_LEVEL = 128  # and for a name that says it is further on


def presplit(images: Images) -> list[Images]:
    """Eigenspaces of the Casimir element: parts of a representation that share no irrep of the identity component.

    Its eigenvalues are few and lie far apart, where a generic element of the algebra has many near ones.
    """
    if not len(images.letters.algebra) or images.dim == 1:
        return [images]
    casimir = images.casimir()
    scale = max(float(np.abs(casimir).max()), 1.0)
    if np.abs(casimir - casimir.conj().T).max() > CLEAN * scale:
        return [images]  # a representation in which another form is the self-adjoint one
    values, vectors = np.linalg.eigh(casimir)
    cuts = np.flatnonzero(np.diff(values) > APART * max(np.abs(values).max(), scale)) + 1
    return [Compressed(images, part.conj().T) for part in np.split(vectors, cuts, axis=1)] if len(cuts) else [images]


def check_decomposition(images: Images, parts: list[tuple[Irrep, Array]]) -> float:
    """Relative residual of copies[i] ρ = σ copies[i] on random vectors, over all letters; raises above rounding."""
    count = sum(copies.shape[0] * copies.shape[1] for _, copies in parts)
    if count != images.dim:
        raise DecompositionError(f"parts of total dimension {count} in a space of dimension {images.dim}")
    worst = 0.0
    for irrep, copies in parts:
        m, d, n = copies.shape
        u = np.random.default_rng(4).standard_normal((min(PROBES, d), d))
        rows = (u @ copies).reshape(-1, n)
        for name in ("algebra", "discrete"):
            pick, derived = attrgetter(name), name == "algebra"
            big = images.times(rows, pick, derived).reshape(-1, m, len(u), n)
            small = irrep.times(u, pick, derived)[:, None] @ copies
            scale = np.maximum(np.linalg.norm(big, axis=-1), np.linalg.norm(u, axis=-1))
            worst = max(worst, float((np.linalg.norm(big - small, axis=-1) / scale).max(initial=0.0)))
    if not worst <= RESIDUAL:
        raise DecompositionError(f"residual {worst:.1e} of a decomposition")
    return worst


def _signed(copies: Array) -> Array:
    """Every copy (…, d, n) times the sign (phase) that makes the first of its largest entries positive."""
    flat = copies.reshape(len(copies), -1)
    size = np.abs(flat)
    lead = np.take_along_axis(flat, np.argmax(size > size.max(1, keepdims=True) - 1e-6, 1)[:, None], 1)
    return copies * (np.abs(lead) / lead)[:, :, None]


def _fingerprint(spectrum: Array) -> str:
    digits = ",".join(f"{x:.5f}" for x in spectrum)
    return hashlib.sha256(digits.encode()).hexdigest()[:8]


_living: WeakValueDictionary[Group, IrrepTable] = WeakValueDictionary()


@lru_cache(maxsize=64)
@alone
def irrep_table(group: Group) -> IrrepTable:
    """The table of a group, one per content (groups compare by their generators).

    Atoms are compared as objects, so a table lives as long as any frame or layer refers to one of its irreps;
    the 64 used last are kept anyway.
    """
    table = _living.get(group)
    if table is None:
        table = _living[group] = IrrepTable(group)
    return table


@alone
def listed(group: Group, max_dim: int | None = None, level: int = 3) -> tuple[Irrep, ...]:
    """The atoms of `irreps`."""
    *_, last = irrep_table(group).levels(level)
    return tuple(i for i in last if max_dim is None or i.dim <= max_dim)


def irreps(group: Group, max_dim: int | None = None, level: int = 3) -> tuple[Node, ...]:
    """Irreps of a reductive group, found in the tensor powers of V (with duals and conjugates) up to a level.

    They are representations, ``Irrep(label)(group)``, with ``dim``, ``label`` and ``kind``, the type over the group's
    field, "R", "C" or "H". Every irrep of a compact group occurs in some power of a faithful V; of a finite group all
    have been found when Σ dim² / dim End = |G|.

    Parameters
    ----------
    group : Group
    max_dim : int, optional
        Leave out irreps of larger dimension.
    level : int
        Highest tensor power to look at, at most 128.

    Returns
    -------
    tuple of Irrep
        Ordered by level, then dimension and spectrum; ``Irrep(i)`` indexes this order unless the group's
        irreps have names of their own.

    Raises
    ------
    NotReductive
        When representations of the group are not sums of irreps.
    TypeError, ValueError
        When the level or the dimension is no such number.

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
    if not isinstance(group, Group):
        raise TypeError(f"irreps(G) lists the irreps of a Group, got {group!r}")
    if not is_int(level) or not 0 <= level <= MOST_LEVEL:
        raise ValueError(f"level, the highest tensor power of V, is an integer from 0 to {MOST_LEVEL}, got {level!r}")
    if max_dim is not None and not is_int(max_dim):
        raise TypeError(f"max_dim is an integer, got {max_dim!r}")
    return tuple(irrep.rep for irrep in listed(group, max_dim, level))


def irrep_kind(group: Group, label: str | int) -> str:
    """Type of a named irrep, "R", "C" or "H"."""
    return irrep_table(group).find(label).kind


def irrep_dim(group: Group, label: str | int) -> int:
    """Dimension of a named irrep."""
    return irrep_table(group).find(label).dim


def irrep_rho(group: Group, label: str | int, g: Array) -> Array:
    """Matrices of a named irrep, (..., dim, dim)."""
    return irrep_table(group).find(label).rho(g)


def irrep_drho(group: Group, label: str | int, a: Array) -> Array:
    """Lie-algebra matrices of a named irrep, (..., dim, dim)."""
    return irrep_table(group).find(label).drho(a)
