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
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from intertwine.groups import Group
from intertwine.groups._balance import is_self_adjoint
from numpy.typing import NDArray
from scipy.linalg import expm

from . import _named
from ._errors import DecompositionError, NotReductive
from ._isotypic import Component, isotypic
from ._node import Rep
from ._tensor import V

Array = NDArray

DRAWS = 12  # how many generic elements to try
RESIDUAL = 1e-9  # above this a decomposition is refused
CLEAN = 1e-12  # below this no other draw is tried


@dataclass(frozen=True)
class Generators:
    """Images of a group's generators, and of its fixed random elements, in one representation.

    algebra (k, n, n), discrete (m, n, n), elements (s, n, n).
    """

    algebra: Array
    discrete: Array
    elements: Array

    @property
    def dim(self) -> int:
        """Dimension n of the representation."""
        return int(self.elements.shape[-1])

    def map(self, function: Callable[[Array], Array]) -> Generators:
        """Apply a function that commutes with sums and products of matrices."""
        return Generators(function(self.algebra), function(self.discrete), function(self.elements))

    def tensor(self, other: Generators) -> Generators:
        """Images in the tensor product, the left factor slow."""
        one, two = np.eye(self.dim)[None], np.eye(other.dim)[None]
        return Generators(
            _kron(self.algebra, one) + _kron(one, other.algebra)
            if self.dim == 1 and other.dim == 1
            else _kron(self.algebra, two) + _kron(one, other.algebra),
            _kron(self.discrete, other.discrete),
            _kron(self.elements, other.elements),
        )


def _kron(a: Array, b: Array) -> Array:
    n = a.shape[1] * b.shape[1]
    product = a[:, :, None, :, None] * b[:, None, :, None, :]
    return product.reshape(len(product), n, n)


@dataclass(frozen=True, eq=False)
class Irrep:
    """One irreducible representation; the unit (*atom*) that layers mix.

    Attributes
    ----------
    dim : int
    generators : Generators
        Orthogonal (unitary) for elements of the maximal compact part.
    end : (K, dim, dim) array
        Basis of End(σ), identity first; K = 1, 2, 4 for types ℝ, ℂ, ℍ.
    evaluate : callable
        (rho-like function of g, or drho-like function of A) given by the representation it was found in.
    """

    table: IrrepTable
    generators: Generators
    end: Array
    rho: Callable[[Array], Array]
    drho: Callable[[Array], Array]
    label: str | int
    _lines: dict[int, Array] = field(default_factory=dict)
    _spectra: dict[int, Array] = field(default_factory=dict)

    irreducible = True

    @property
    def dim(self) -> int:
        """Dimension."""
        return self.generators.dim

    @property
    def algebra(self) -> Array:
        """Images of the Lie-algebra generators, (k, dim, dim)."""
        return self.generators.algebra

    @property
    def discrete(self) -> Array:
        """Images of the discrete generators, (m, dim, dim)."""
        return self.generators.discrete

    @cached_property
    def rep(self) -> Rep:
        """The same irrep as an expression, bound to the group."""
        from . import Irrep as IrrepNode

        return IrrepNode(self.label)(self.table.group)

    @cached_property
    def is_trivial(self) -> bool:
        """Whether every element acts as the identity."""
        return is_trivial(self.algebra, self.discrete)

    @cached_property
    def is_unitary(self) -> bool:
        """Whether |x| is invariant."""
        adjoint = self.generators.map(lambda m: m.conj().swapaxes(-1, -2))
        unit = self.discrete @ adjoint.discrete
        return bool(
            np.abs(self.algebra + adjoint.algebra).max(initial=0) < 1e-8
            and np.abs(unit - np.eye(self.dim)).max(initial=0) < 1e-8
        )

    @property
    def kind(self) -> str:
        """Frobenius type over the group's field: "R", "C" or "H" ("C" for every complex irrep)."""
        if np.iscomplexobj(self.generators.elements):
            return "C"
        return {1: "R", 2: "C", 4: "H"}[len(self.end)]

    def spectrum(self, draw: int) -> Array:
        """Eigenvalues of the draw's generic self-adjoint element, one per K-line."""
        self._prepare(draw)
        return self._spectra[draw]

    def canonical(self, draw: int) -> Array:
        """Rows of the draw's canonical basis, (dim, dim)."""
        self._prepare(draw)
        return self._lines[draw]

    def _prepare(self, draw: int) -> None:
        if draw not in self._lines:
            (component,) = isotypic(self.generators.elements, draw)
            self._lines[draw], self._spectra[draw] = component.copies[0], component.spectrum

    @cached_property
    def key(self) -> tuple:
        """Sort key that does not depend on the order of discovery: dimension, trivial first, spectrum."""
        return (self.dim, not self.is_trivial, tuple(np.round(self.spectrum(0), 6)))

    def __reduce__(self) -> tuple:
        return _restore, (self.table.group, self.label)

    def __deepcopy__(self, memo: object) -> Irrep:
        return self

    def __repr__(self) -> str:
        return f"{self.rep!r}"


def _restore(group: Group, label: str | int) -> Irrep:
    return irrep_table(group).find(label)


class IrrepTable:
    """All irreps of one group met so far."""

    def __init__(self, group: Group) -> None:
        self.group = group
        balance = group.balancing
        if balance is None:
            raise NotReductive(
                f"{group} is not known to be reductive: no basis was found in which it is closed "
                "under conjugate transpose"
            )
        self.balance: Array = balance
        self.irreps: list[Irrep] = []
        self.products: dict[tuple[int, int], list[tuple[Irrep, Array]]] = {}
        self.elements = random_elements(group)  # (s, d, d)

    def functorial(self, rep: Rep) -> tuple[Generators, Array, Array]:
        """Generators of a representation in a basis closed under conjugate transpose, with enc and dec."""
        # the table's list of generators: an equal group may have them in another order, or another sign
        algebra, discrete = rep.drho(self.group.lie_algebra), rep.rho(self.group.discrete_generators)
        raw = Generators(algebra, discrete, rep.rho(self.elements))
        enc, dec = self._balancing(rep, raw)
        return raw.map(lambda m: enc @ m @ dec), enc, dec

    def _balancing(self, rep: Rep, raw: Generators) -> tuple[Array, Array]:
        if rep.is_functorial:
            if np.array_equal(self.balance, np.eye(self.group.d)):
                return np.eye(rep.dim), np.eye(rep.dim)
            enc = rep.rho(self.balance)
        elif is_self_adjoint(raw.algebra, raw.discrete):
            return np.eye(rep.dim), np.eye(rep.dim)
        else:
            from intertwine.groups._balance import balance

            found = balance(raw.algebra, raw.discrete)
            if found is None:
                raise NotReductive(f"{rep!r} of {self.group} is not completely reducible")
            enc = found
        return enc, np.linalg.inv(enc)

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
        return sorted(found, key=lambda pair: pair[0].key)

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

    def leaf(self, rep: Rep) -> tuple[list[tuple[Irrep, Array]], Array, Array]:
        """Decompose one representation directly: parts, and its balancing enc, dec."""
        generators, enc, dec = self.functorial(rep)
        parts = self.decompose(generators, lambda g: enc @ rep.rho(g) @ dec, lambda a: enc @ rep.drho(a) @ dec)
        return parts, enc, dec

    def clebsch_gordan(self, a: Irrep, b: Irrep) -> list[tuple[Irrep, Array]]:
        """σ ⊗ τ = ⊕ m ω: pairs (ω, C) with C (m, dim ω, dim σ · dim τ), rows orthonormal.  Cached."""
        slot = (id(a), id(b))
        if slot not in self.products:

            def rho(g: Array) -> Array:
                return _batched_kron(a.rho(g), b.rho(g))

            def drho(x: Array) -> Array:
                one, two = np.eye(a.dim), np.eye(b.dim)
                return _batched_kron(a.drho(x), two) + _batched_kron(one, b.drho(x))

            if a.is_trivial or b.is_trivial:
                other = b if a.is_trivial else a
                self.products[slot] = [(other, np.eye(other.dim)[None])]
            else:
                self.products[slot] = self.decompose(a.generators.tensor(b.generators), rho, drho)
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


def is_trivial(algebra: Array, discrete: Array) -> bool:
    """Whether (k, n, n) and (m, n, n) generator images are those of the one-dimensional trivial action."""
    if algebra.shape[-1] != 1:
        return False
    return bool(np.abs(algebra).max(initial=0) < 1e-9 and np.abs(discrete - 1).max(initial=0) < 1e-9)


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


def _batched_kron(a: Array, b: Array) -> Array:
    n = a.shape[-1] * b.shape[-1]
    product = a[..., :, None, :, None] * b[..., None, :, None, :]
    return product.reshape(*product.shape[:-4], n, n)


def random_elements(group: Group, count: int = 4, length: int = 12) -> Array:
    """Fixed pseudo-random elements that generate a dense subgroup, (s, d, d).

    Products of exponentials of the Lie algebra and random words in the discrete generators.  Non-compact
    directions are shortened: high tensor powers of a boost spread the spectrum until its small end is noise.
    """
    rng = np.random.default_rng(1618)
    algebra, discrete = group.lie_algebra, group.discrete_generators
    elements = []
    for _ in range(count if len(algebra) else 2 * count):
        g = np.eye(group.d)
        if len(discrete):
            for letter in rng.integers(len(discrete), size=length + int(rng.integers(len(discrete) + 1))):
                g = g @ discrete[letter]
        if len(algebra):
            weights = rng.normal(size=len(algebra)) * (1.5 / np.sqrt(len(algebra)))
            g = g @ expm(_gentle(np.tensordot(weights, algebra, 1), group.balancing))
        elements.append(g)
    return np.stack([*elements, *discrete]) if len(discrete) else np.stack(elements)


def _gentle(a: Array, balance: Array | None, boost: float = 0.3) -> Array:
    """The Lie-algebra element with its self-adjoint part, in the basis where the algebra is closed, scaled down."""
    if balance is None:
        return a
    inverse = np.linalg.inv(balance)
    b = balance @ a @ inverse
    adjoint = b.conj().T
    return inverse @ ((b - adjoint) / 2 + boost * (b + adjoint) / 2) @ balance


def _fingerprint(generators: Generators) -> str:
    component = isotypic(generators.elements, 0)
    digits = ",".join(f"{x:.5f}" for c in component for x in c.spectrum)
    return hashlib.sha256(digits.encode()).hexdigest()[:8]


@lru_cache(maxsize=64)
def irrep_table(group: Group) -> IrrepTable:
    """The table of a group, one per content (groups compare by their generators)."""
    return IrrepTable(group)


def irreps(group: Group, max_dim: int | None = None, level: int = 3) -> tuple[Irrep, ...]:
    """Irreps found in the tensor powers of V (with duals and conjugates) up to a level.

    Parameters
    ----------
    group : Group
    max_dim : int, optional
        Leave out irreps of larger dimension.
    level : int
        Highest tensor power to look at; finite groups are exhausted after a few.

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
