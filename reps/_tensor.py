"""Leaves, sums and products: ``Scalar``, ``Det``, ``V``, duals, conjugates, ``⊕`` and ``⊗``.

Conventions: in a product the left factor is the slow index, ``(ρ⊗σ)[(i,a),(j,b)] = ρ[i,j] σ[a,b]``;
``n * rep`` is copy-major; ``T(p, q)`` is ``V^⊗p ⊗ V*^⊗q``, the left-associated product.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from ._binding import block_indices, common_group
from ._counts import exponent, fitting, multiplicity
from ._node import Array, Rep

if TYPE_CHECKING:
    from ..groups import Group
    from ._evaluate import Walk

RUNS = 10**6  # parts of a sum, one after the other


class Scalar_(Rep):
    """The trivial representation; needs no group."""

    _fields = ("group",)

    def _dim(self) -> int:
        return 1

    @property
    def dual(self) -> Rep:
        """Itself."""
        return self

    @property
    def conj(self) -> Rep:
        """Itself."""
        return self

    def _bind(self, group: Group) -> Rep:
        return self._place(group)

    def _place(self, group: Group | None) -> Rep:
        return Scalar_._make(group=group)

    def _rho(self, at: Walk[Any]) -> Any:
        return at.eye(1)

    def _drho(self, at: Walk[Any]) -> Any:
        return at.zeros(1)


class Leaf(Rep):
    """A leaf that reads the matrices of its own group, a factor of ``group``."""

    own: Group | None

    def _but(self, **fields: Any) -> Rep:
        old = {name: getattr(self, name) for name in self._fields}
        return type(self)._make(**{**old, **fields})

    @property
    def _open(self) -> bool:
        return self.own is None

    def _bind(self, group: Group) -> Rep:
        if self.own is None:
            return self._but(own=group, group=group)
        return self._place(group)

    def _place(self, group: Group | None) -> Rep:
        if group is not None and self.own is not None:
            block_indices(self.own, group)  # raises when the group does not contain it
        return self._but(group=group)

    def _owners(self) -> tuple[Group, ...]:
        return () if self.own is None else (self.own,)

    def _name(self) -> str:
        """How it prints, without its group."""
        raise NotImplementedError

    def _own_block(self, g: Array) -> Array:
        """The block of an element (..., d, d) of ``group`` that the leaf reads."""
        own = self._owner()
        rows = block_indices(own, self._require_group())
        block = g[..., rows, :][..., rows]
        return block.real if own.field == "R" else block

    def _owner(self) -> Group:
        if self.own is None:
            self._require_group()
            raise AssertionError("unreachable")
        return self.own

    @property
    def dual(self) -> Rep:
        """The dual representation."""
        return Dual._make(base=self, group=self.group)

    @property
    def conj(self) -> Rep:
        """The complex conjugate; itself for a real group."""
        return self if self._is_real() else Conj._make(base=self, group=self.group)

    def _is_real(self) -> bool:
        return self.own is not None and self.own.field == "R" and not self._complex_leaf()


class V_(Leaf):
    """The defining representation: the group's own matrices (block-diagonal for a product)."""

    _fields = ("own", "group")

    def _name(self) -> str:
        return "V"

    def _dim(self) -> int:
        return self._owner().d

    def _rho(self, at: Walk[Any]) -> Any:
        return at.block(self._owner())

    _drho = _rho


class Det_(Leaf):
    """The determinant of the defining representation, ``g ↦ det g``; its algebra acts by the trace."""

    _fields = ("own", "group")

    def _name(self) -> str:
        return "Det"

    def _dim(self) -> int:
        return 1

    def _rho(self, at: Walk[Any]) -> Any:
        return at.ops.det(at.block(self._owner()))

    def _drho(self, at: Walk[Any]) -> Any:
        return at.ops.trace(at.block(self._owner()))


class Wrapper(Rep):
    """A dual or conjugate of a leaf or subrepresentation; normal form ``Dual(Conj(leaf))``."""

    _fields = ("base", "group")
    base: Rep

    def _children(self) -> tuple[Rep, ...]:
        return (self.base,)

    def _dim(self) -> int:
        return self.base.dim


class Dual(Wrapper):
    """The dual of a leaf, ``ρ(g⁻¹)ᵀ``."""

    def _scale_squared(self) -> Array:
        squares = self.base.scale_squared
        common = lcm(*squares.tolist())
        return common // squares.astype(fitting(common))  # the inverse scale, times a common factor

    def _rebuild(self, children: tuple[Rep, ...]) -> Rep:
        return children[0].dual

    @property
    def dual(self) -> Rep:
        """The leaf again."""
        return self.base

    def _rho(self, at: Walk[Any]) -> Any:
        return at.ops.transpose(at.inverse(self.base))

    def _drho(self, at: Walk[Any]) -> Any:
        return at.ops.neg(at.ops.transpose(at(self.base)))


class Conj(Wrapper):
    """The complex conjugate of a leaf."""

    def _scale_squared(self) -> Array:
        return self.base.scale_squared

    def _rebuild(self, children: tuple[Rep, ...]) -> Rep:
        return children[0].conj

    @property
    def dual(self) -> Rep:
        """The dual of the conjugate."""
        return Dual._make(base=self, group=self.group)

    @property
    def conj(self) -> Rep:
        """The leaf again."""
        return self.base

    def _rho(self, at: Walk[Any]) -> Any:
        return at.ops.conj(at(self.base))

    _drho = _rho


class Sum(Rep):
    """A direct sum: ``terms`` is ``((n, rep), …)``, flat, adjacent terms distinct; built by ``+``."""

    _fields = ("terms", "group")
    terms: tuple[tuple[int, Rep], ...]

    def _children(self) -> tuple[Rep, ...]:
        return tuple(rep for _, rep in self.terms)

    def _rebuild(self, children: tuple[Rep, ...]) -> Rep:
        return direct_sum((n, rep) for (n, _), rep in zip(self.terms, children, strict=True))

    def _bind(self, group: Group) -> Rep:
        return super()._bind(group) if self.terms else Sum._make(terms=(), group=group)

    def _place(self, group: Group | None) -> Rep:
        return super()._place(group) if self.terms else Sum._make(terms=(), group=group)

    def _parameters(self) -> str | None:
        return repr([n for n, _ in self.terms])

    def summands(self) -> tuple[tuple[int, Rep], ...]:
        """Return the terms."""
        return self.terms

    def _dim(self) -> int:
        return sum(n * rep.dim for n, rep in self.terms)

    def _scale_squared(self) -> Array:
        parts = [np.tile(rep.scale_squared, n) for n, rep in self.terms]
        return np.concatenate(parts) if parts else np.ones(0, dtype=np.int64)

    def _rho(self, at: Walk[Any]) -> Any:
        return at.direct_sum([(n, at(rep)) for n, rep in self.terms])

    _drho = _rho


class Product(Rep):
    """A tensor product ``left ⊗ right``, the left factor slow; built by ``*``, left-associated."""

    _fields = ("left", "right", "group")
    left: Rep
    right: Rep

    def _children(self) -> tuple[Rep, ...]:
        return self.left, self.right

    def _rebuild(self, children: tuple[Rep, ...]) -> Rep:
        return tensor(*children)

    def factors(self) -> tuple[Rep, ...]:
        """All factors, left to right."""
        left = self.left.factors() if isinstance(self.left, Product) else (self.left,)
        return (*left, self.right)

    def _dim(self) -> int:
        return self.left.dim * self.right.dim

    def _scale_squared(self) -> Array:
        left, right = self.left.scale_squared, self.right.scale_squared
        kind = fitting(int(left.max(initial=1)) * int(right.max(initial=1)))
        return np.kron(left.astype(kind), right.astype(kind))

    def _rho(self, at: Walk[Any]) -> Any:
        return at.ops.kron(at(self.left), at(self.right))

    def _drho(self, at: Walk[Any]) -> Any:
        return at.ops.kron_sum([at(factor) for factor in self.factors()])


def direct_sum(terms: Iterable[tuple[int, Rep]]) -> Rep:
    """Direct sum of ``n`` copies of each rep, flattened, adjacent equal terms merged."""
    terms = [(multiplicity(n), rep) for n, rep in terms]
    group = common_group(rep for n, rep in terms if n) or common_group(rep for _, rep in terms)
    flat: list[tuple[int, Rep]] = []
    for n, rep in terms:
        _append(flat, n, rep._place(group))
    if len(flat) == 1 and flat[0][0] == 1:
        return flat[0][1]
    return Sum._make(terms=tuple(flat), group=group)


def _append(flat: list[tuple[int, Rep]], n: int, rep: Rep) -> None:
    inner = rep.summands()
    if len(inner) == 1:
        runs: Iterable[tuple[int, Rep]] = ((n * inner[0][0], inner[0][1]),)
    elif n * len(inner) > RUNS:
        listed = " + ".join(f"{n} * {term!r}" for _, term in inner[:2])
        raise ValueError(
            f"{n:,} copies of a sum of {len(inner)} terms, one after the other, are more than {RUNS:,} parts: put the "
            f"copies of each term together, {listed}" + (" + ..." if len(inner) > 2 else "")
        )
    else:
        runs = inner * n
    for m, term in runs:
        if m and flat and flat[-1][1] == term:
            flat[-1] = (flat[-1][0] + m, term)
        elif m:
            flat.append((m, term))


def tensor(left: Rep, right: Rep) -> Rep:
    """Tensor product, normalised where the coordinates stay identical."""
    group = common_group((left, right))
    left, right = left._place(group), right._place(group)
    if isinstance(left, Scalar_):
        return right
    if isinstance(right, Scalar_):
        return left
    if isinstance(left, Sum):
        return _distribute(group, ((n, tensor(rep, right)) for n, rep in left.terms))
    if isinstance(right, Sum) and (not right.terms or _one_dimensional(left)):
        return _distribute(group, ((n, tensor(left, rep)) for n, rep in right.terms))
    if isinstance(right, Product):
        return tensor(tensor(left, right.left), right.right)
    return Product._make(left=left, right=right, group=group)


def _distribute(group: Group | None, terms: Iterable[tuple[int, Rep]]) -> Rep:
    return direct_sum(terms)._place(group)


def _one_dimensional(rep: Rep) -> bool:
    if isinstance(rep, Product):
        return _one_dimensional(rep.left) and _one_dimensional(rep.right)
    if isinstance(rep, Dual | Conj):
        return _one_dimensional(rep.base)
    return isinstance(rep, Det_)


Scalar: Rep = Scalar_._make(group=None)
V: Rep = V_._make(own=None, group=None)
Det: Rep = Det_._make(own=None, group=None)


def T(p: int, q: int = 0) -> Rep:
    """Tensors with ``p`` contravariant and ``q`` covariant indices, ``V^⊗p ⊗ V*^⊗q``.

    Parameters
    ----------
    p, q : int
        Non-negative.

    Returns
    -------
    Rep
        The left-associated product; ``T(0) == Scalar``, ``T(1) == V``, ``T(0, 1) == V.dual``.

    Raises
    ------
    ValueError
        When ``p`` or ``q`` is negative.

    Examples
    --------
    >>> from intertwine.reps import T, V
    >>> T(2) == V * V, T(1, 1) == V * V.dual
    (True, True)
    """
    p, q = exponent(p, "T(p, q)"), exponent(q, "T(p, q)")
    return V**p * V.dual**q
