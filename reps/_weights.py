"""Dimensions of Hom spaces of reductive Lie groups from the weights of a torus, component by component."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._custom import Custom
from ._elements import conjugacy_classes
from ._tensor import Conj, Dual, Product, Scalar_, Sum

if TYPE_CHECKING:
    from ..groups import Group
    from ._node import Rep

Array = NDArray[Any]
COMPONENTS = 2_000  # products of discrete generators that are enumerated
_EQUAL = 1e-10  # weights this near, relative to the generic element, are equal
_DISTINCT = 1e-6  # and this far apart, distinct
_SIDE = 1024  # largest dimension of a leaf
_TERMS = 2**24  # terms of a product of formal characters
_ROOTS = 20_000  # terms of the denominator
_INEXACT = 2**40  # complex multiplicities above this are no longer known to the nearest integer
_GENERIC = complex(np.exp(0.7j))


def by_weights(rep_in: Rep, rep_out: Rep) -> int | None:
    """Multiplicity of the trivial representation in W = rep_out ⊗ rep_in*, from Weyl's character formula.

    The invariants W₀ of the identity component G₀ are the constant term of ch(W) Π_{α>0} (1 − e^α), and those of G
    are the mean over the components h G₀ of tr(h | W₀).  With S the torus that h fixes, and n the sum of the positive
    root spaces of a Borel subalgebra that contains S and is preserved by h, this trace is the constant term of
    tr(h s | W) det(1 − h s | n) as a function of s in S: by Kostant's theorem the weight 0 of H(n*, W) is W₀.

    References
    ----------
    Fulton, Harris (1991), Representation Theory, §24.1; B. Kostant, Lie algebra cohomology and the generalized
    Borel–Weil theorem, Ann. Math. 74 (1961); R. Wendt, Weyl's character formula for non-connected Lie groups and
    orbital theory for twisted affine Lie algebras, J. Funct. Anal. 180 (2001).
    """
    if any(_has_custom(rep) for rep in (rep_in, rep_out)):
        return None
    components = _components(rep_in._require_group())
    if components is None:
        return None
    total: complex = 0
    for component, size in components:
        trace = component.trace(rep_in, rep_out)
        if trace is None:
            return None
        total += size * trace
    order = sum(size for _, size in components)
    if isinstance(total, int):
        return total // order if total % order == 0 else None
    if abs(total) > _INEXACT:
        return None
    rank = round(total.real / order)
    return rank if abs(total / order - rank) < 1e-3 else None


def _has_custom(rep: Rep) -> bool:
    return isinstance(rep, Custom) or any(_has_custom(child) for child in rep._children())


@lru_cache(maxsize=64)
def _components(group: Group) -> list[tuple[Component, int]] | None:
    """A component per conjugacy class of the discrete elements, and its size; None where that is not known."""
    if group.balancing is None:
        return None
    classes = conjugacy_classes(group, COMPONENTS)
    if classes is None:
        return None
    found = [(Component.of(group, h), size) for h, size in classes]
    known = [(component, size) for component, size in found if component is not None]
    return known if len(known) == len(found) else None


@dataclass(frozen=True, eq=False)
class Component:
    """A component h G₀ by a torus that h fixes.

    Parameters
    ----------
    h : (d, d), or None for the identity
    X : (d, d)
        A generic element of the torus; weights λ of it are labelled by the real number Re(c λ(X)), c a generic complex
        number.
    scale : float
        Size of the labels of roots.
    denominator : Formal
        det(1 − h s | n).
    """

    h: Array | None
    X: Array
    scale: float
    denominator: Formal

    @classmethod
    def of(cls, group: Group, h: Array) -> Component | None:
        """The component of an element of finite order that normalises the Lie algebra."""
        basis = group.closure
        one = np.allclose(h, np.eye(group.d))
        moved = None if one else _coordinates(h @ basis @ np.linalg.inv(h), basis)
        x = np.random.default_rng(1).standard_normal(len(basis))
        if moved is not None:
            x = _fixed(moved) @ x
        X = np.tensordot(x, basis, 1)
        w, v = np.linalg.eig(_coordinates(X @ basis - basis @ X, basis))
        labels = (_GENERIC * w).real
        scale = float(max(np.abs(labels).max(initial=0), np.abs(X).max(initial=0), 1e-300))
        positive = labels > _DISTINCT * scale
        terms: Formal | None = Formal(np.zeros(1), np.ones(1, np.int64))
        factors: list[tuple[float, complex]]
        if moved is None:
            factors = [(label, 1) for label in labels[positive]]
        else:
            factors = _twists(np.linalg.solve(v, moved @ v), labels, positive, scale)
        for label, mu in factors:
            if terms is None or len(terms.at) > _ROOTS:
                return None
            terms = terms.times(Formal(np.array([0.0, label]), _integral(np.array([1, -mu]))), scale)
        return None if terms is None else cls(None if one else h, X, scale, terms)

    def trace(self, rep_in: Rep, rep_out: Rep) -> complex | None:
        """tr(h | Hom(rep_in, rep_out)) over the maps that commute with the identity component."""
        left, right = self.character(rep_out), self.character(rep_in)
        if left is None or right is None or len(left.at) * len(self.denominator.at) > _TERMS:
            return None
        shifted = left.times(self.denominator, self.scale)
        return None if shifted is None else shifted.inner(right, self.scale)

    def character(self, rep: Rep, conjugated: bool = False) -> Formal | None:
        """tr(h s | rep) as a formal sum of e^λ, by the structure of the expression.

        None where two labels are neither equal nor distinct.
        """
        scale = self.scale
        if isinstance(rep, Scalar_):
            return Formal(np.zeros(1), np.ones(1, np.int64))
        if isinstance(rep, Product):
            left, right = self.character(rep.left, conjugated), self.character(rep.right, conjugated)
            if left is None or right is None or len(left.at) * len(right.at) > _TERMS:
                return None
            return left.times(right, scale)
        if isinstance(rep, Sum):
            total: Formal | None = Formal(np.zeros(0), np.zeros(0, np.int64))
            for n, term in rep.terms:
                part = self.character(term, conjugated)
                total = None if part is None or total is None else total.plus(part, n, scale)
            return total
        if isinstance(rep, Dual):
            base = self.character(rep.base, conjugated)
            return None if base is None else Formal(-base.at[::-1], base.n[::-1].conj())
        if isinstance(rep, Conj):
            return self.character(rep.base, not conjugated)
        return None if rep.dim > _SIDE else self._leaf(rep, conjugated)

    def _leaf(self, rep: Rep, conjugated: bool) -> Formal | None:
        matrix = rep.drho(self.X)
        if self.h is None:
            w, n = np.linalg.eigvals(matrix), None
        else:
            w, v = np.linalg.eig(matrix)
            n = np.diagonal(np.linalg.solve(v, rep.rho(self.h) @ v))
        if conjugated:
            w, n = w.conj(), None if n is None else n.conj()
        found = Formal.of((_GENERIC * w).real, self.scale, n)
        return found if found is None or n is None else Formal(found.at, _integral(found.n))


def _coordinates(matrices: Array, basis: Array) -> Array:
    """Columns: matrices (k, d, d) in a real basis of their span."""
    real, image = (np.concatenate([m.real, m.imag], 1) for m in (x.reshape(len(x), -1) for x in (basis, matrices)))
    return np.asarray(np.linalg.lstsq(real.T, image.T, rcond=None)[0])


def _fixed(moved: Array) -> Array:
    """The projection on what a matrix of finite order fixes, the mean of its powers."""
    total, power, n = np.eye(len(moved)), moved, 1
    while np.abs(power - np.eye(len(moved))).max(initial=0) > 1e-6 and n < 10 * COMPONENTS:
        total, power, n = total + power, power @ moved, n + 1
    return total / n


def _twists(moved: Array, labels: Array, positive: Array, scale: float) -> list[tuple[float, complex]]:
    """Labels of the root spaces of a torus, and the eigenvalues of h on them."""
    order = np.flatnonzero(positive)[np.argsort(labels[positive], kind="stable")]
    spaces = np.split(order, np.flatnonzero(np.diff(labels[order]) > _DISTINCT * scale) + 1) if len(order) else []
    return [(float(labels[s[0]]), complex(mu)) for s in spaces for mu in np.linalg.eigvals(moved[np.ix_(s, s)])]


def _size(n: Array) -> int:
    """A bound of Σ |n_i|."""
    return int(np.abs(n).sum()) + 1


def _roomy(n: Array, bound: int) -> Array:
    """Integers as Python's own, which have no end, where results may be as large as a bound."""
    return n.astype(object) if n.dtype.kind == "i" and bound >= 2**62 else n


def _integral(n: Array) -> Array:
    """Coefficients as integers where they all are."""
    nearest = np.round(n.real)
    return nearest.astype(np.int64) if np.abs(n - nearest).max(initial=0) < 1e-9 else n


class Formal:
    """A formal sum Σ n_i e^(at_i), exponents sorted and distinct, n integral or complex."""

    def __init__(self, at: Array, n: Array) -> None:
        self.at, self.n = at, n

    @classmethod
    def of(cls, at: Array, scale: float, n: Array | None = None) -> Formal | None:
        """Merge equal exponents; None when two are neither equal nor distinct."""
        n = np.ones(len(at), np.int64) if n is None else n
        order = np.argsort(at, kind="stable")
        at, n = at[order], n[order]
        steps = np.diff(at)
        new = steps > _EQUAL * scale
        if np.any(new & (steps < _DISTINCT * scale)):
            return None
        starts = np.concatenate([[0], np.flatnonzero(new) + 1]) if len(at) else np.zeros(0, int)
        n = np.add.reduceat(n, starts) if len(at) else n
        keep = n != 0 if n.dtype.kind in "iO" else np.abs(n) > 1e-9
        return cls(at[starts][keep], n[keep])

    def plus(self, other: Formal, copies: int, scale: float) -> Formal | None:
        """The sum with some copies of another."""
        bound = _size(self.n) + copies * _size(other.n)
        n = np.concatenate([_roomy(self.n, bound), copies * _roomy(other.n, bound)])
        return Formal.of(np.concatenate([self.at, other.at]), scale, n)

    def times(self, other: Formal, scale: float) -> Formal | None:
        """The product, exponents added."""
        at = np.add.outer(self.at, other.at).ravel()
        bound = _size(self.n) * _size(other.n)
        return Formal.of(at, scale, np.multiply.outer(_roomy(self.n, bound), _roomy(other.n, bound)).ravel())

    def inner(self, other: Formal, scale: float) -> complex | None:
        """Σ n_i m̄_j over equal exponents; None when two are neither equal nor distinct."""
        if not len(self.at) or not len(other.at):
            return 0
        after = np.clip(np.searchsorted(self.at, other.at), 1, max(len(self.at) - 1, 1))
        total: complex = 0
        bound = _size(self.n) * _size(other.n)
        left, right = _roomy(self.n, bound), _roomy(other.n, bound).conj()
        for offset in (1, 0) if len(self.at) > 1 else (1,):
            at = self.at[after - offset]
            apart = np.abs(at - other.at)
            near = apart < 2 * _EQUAL * scale  # runs of equal exponents are known by their first
            if np.any(~near & (apart < _DISTINCT * scale)):
                return None
            total += sum((left[after - offset] * right)[near].tolist())
        return total
