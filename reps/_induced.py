"""Induced representations of finite groups; functions on cosets and on the group itself among them.

On the cosets t_0 H, t_1 H, … of a subgroup (H itself first), with g t_j = t_i h,

    ρ(g) (t_j ⊗ u) = t_i ⊗ σ(h) u,

the coset being the slow index. For σ = 1 this is the permutation representation on G/H, and for H = 1 the
(left) regular one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from intertwine.groups import Group, Trivial
from intertwine.groups._cosets import Cosets, cosets, images
from intertwine.groups._stabilizers import exact_element

from ._custom import Opaque
from ._dense import DenseBackend
from ._evaluate import evaluate
from ._exact import ExactBackend, irrational, to_domain
from ._group_text import write
from ._node import Array, Rep
from ._tensor import Scalar, Scalar_
from ._threads import cached_property

if TYPE_CHECKING:
    from ._evaluate import Walk


class Induced(Opaque):
    """Induced from ``inner``, a representation of ``subgroup``; the trivial subgroup when that is None.

    Examples
    --------
    >>> from intertwine.groups import D
    >>> from intertwine.reps import Regular
    >>> Regular(D(4)).dim, (Regular >> Regular)(D(4)).dim
    (8, 8)
    """

    _fields = ("subgroup", "inner", "own", "group")
    subgroup: Group | None
    inner: Rep

    def _name(self) -> str:
        if self.subgroup is None:
            return "Regular"
        if self._permutes:
            return f"Permutation({write(self.subgroup)})"
        return f"Induce({write(self.subgroup)}, {self.inner!r})"

    def _parameters(self) -> str | None:
        if self.subgroup is None:
            return ""
        return None if self.inner.key is None else f"{self.subgroup.key}:{self.inner.key}"

    def _bind(self, group: Group) -> Rep:
        node = super()._bind(group)
        assert isinstance(node, Induced)
        _ = node._cosets  # raises where there are none
        return node

    @property
    def _permutes(self) -> bool:
        return isinstance(self.inner, Scalar_)

    @property
    def _cosets(self) -> Cosets:
        own = self._owner()
        return cosets(own, Trivial(own.d) if self.subgroup is None else self.subgroup)

    @cached_property
    def is_exact(self) -> bool:
        """Whether the inducing representation is."""
        return self.inner.is_exact

    @property
    def numbers(self) -> frozenset[Any]:
        """Irrational numbers of the inducing representation and in the elements of the subgroup."""
        return frozenset() if self._permutes else self.inner.numbers | irrational(*self._owner().discrete)

    def _dim(self) -> int:
        return len(self._cosets) * self.inner.dim

    def _complex_leaf(self) -> bool:
        return self.inner.is_complex

    def _scale_squared(self) -> Array:
        return np.tile(self.inner.scale_squared, len(self._cosets))

    # -- matrices -----------------------------------------------------------------------------------

    def _rho(self, at: Walk[Any]) -> Any:
        return self._call(at, self._floats, self._exactly)

    def _drho(self, at: Walk[Any]) -> Any:
        return at.zeros(self.dim)

    def _act(self, elements: Array) -> tuple[Array, Array]:
        return self._cosets.act(images(self._owner(), elements))

    def _floats(self, g: Array) -> Array:
        elements = g.reshape(-1, *g.shape[-2:])
        targets, rest = self._act(elements)
        (b, k), n = targets.shape, self.inner.dim
        blocks = self._inner_floats(rest.reshape(b * k, -1)).reshape(b, k, n, n)
        out = np.zeros((b, k, n, k, n), np.result_type(blocks, g))
        batch, source = np.arange(b)[:, None], np.arange(k)
        out[batch, targets, :, source, :] = blocks
        return out.reshape(*g.shape[:-2], k * n, k * n)

    def _inner_floats(self, elements: Array) -> Array:
        """σ of permutations (b, N) of the model's points, (b, n, n)."""
        if self._permutes:
            return np.ones((len(elements), 1, 1))
        matrices = self._cosets.model.matrices(elements)
        return np.asarray(evaluate(self.inner, matrices, DenseBackend()))

    def _exactly(self, g: Any) -> Any:
        own, n = self._owner(), self.inner.dim
        floats = np.array(g.tolist(), complex if own.field == "C" else float)
        targets, rest = self._act(floats[None])
        entries: dict[tuple[int, int], Any] = {}
        for j, (i, h) in enumerate(zip(targets[0].tolist(), rest[0], strict=True)):
            for (a, b), x in self._inner_exact(h).items():
                entries[i * n + a, j * n + b] = x
        return sympy.SparseMatrix(self.dim, self.dim, entries)

    def _inner_exact(self, element: Array) -> dict[tuple[int, int], Any]:
        if self._permutes:
            return {(0, 0): sympy.Integer(1)}
        h = to_domain(exact_element(self._owner(), self._cosets.model, element), self.inner)
        found = evaluate(self.inner, h, ExactBackend(h.domain)).to_dok()
        return {at: h.domain.to_sympy(x) for at, x in found.items()}

    # -- shortcuts ----------------------------------------------------------------------------------

    def _signed(self, g: Array) -> tuple[Array, Array] | None:
        if not self._permutes:
            return super()._signed(g)
        targets, _ = self._act(self._own_block(g)[None])
        return targets[0], np.ones(self.dim, dtype=np.int64)

    def _character(self, g: Array) -> Array:
        """Σ over the cosets that stay of χ_σ(h)."""
        targets, rest = self._act(self._own_block(g))
        stays = targets == np.arange(targets.shape[1])
        traces = np.trace(self._inner_floats(rest[stays]), axis1=1, axis2=2)
        out = np.zeros(stays.shape, traces.dtype)
        out[stays] = traces
        return np.asarray(out.sum(axis=1))

    def _character_cost(self) -> int:
        return self.dim


Regular: Rep = Induced._make(subgroup=None, inner=Scalar, own=None, group=None)


def Permutation(subgroup: Group) -> Rep:
    """Functions on the left cosets of a subgroup of a finite group, permuted by the group.

    Parameters
    ----------
    subgroup : Group
        Acting on the same space as the group; ``G.subgroup(fixing=x)`` gives functions on the orbit of x.

    Returns
    -------
    Rep
        Of dimension |G| / |H|; coordinate 0 is the coset H.

    Raises
    ------
    ValueError
        When it is bound to a group that is infinite, or that does not contain the subgroup.

    Examples
    --------
    >>> from intertwine.groups import D, S
    >>> from intertwine.reps import Permutation, Scalar
    >>> Permutation(D(4))(S(4)).dim  # the three ways to pair four points
    3
    >>> corner = S(5).subgroup(fixing=[1, 1, 0, 0, 0])
    >>> (Permutation(corner) >> Scalar)(S(5)).dim, Permutation(corner)(S(5)).dim
    (1, 10)
    """
    return Induce(subgroup, Scalar)


def Induce(subgroup: Group, rep: Rep) -> Rep:
    """Induce a representation from a subgroup of a finite group.

    Parameters
    ----------
    subgroup : Group
        H, acting on the same space as the group.
    rep : Rep
        A representation σ of H.

    Returns
    -------
    Rep
        Of dimension dim σ · |G| / |H|, the coset being the slow index.

    Raises
    ------
    ValueError
        When it is bound to a group that is infinite, or that does not contain the subgroup.

    References
    ----------
    Serre (1977), Linear Representations of Finite Groups, §3.3; Frobenius reciprocity §7.2.

    Examples
    --------
    >>> from intertwine.groups import A, S
    >>> from intertwine.reps import Induce, V
    >>> (Induce(A(3), V) >> V)(S(3)).dim, (V >> V)(A(3)).dim  # Frobenius reciprocity
    (3, 3)
    """
    if not isinstance(subgroup, Group):
        raise TypeError(f"Induce(H, rep) and Permutation(H) take a subgroup, a Group, got {subgroup!r}")
    if not isinstance(rep, Rep):
        raise TypeError(f"Induce(H, rep) takes a representation of H, got {rep!r}")
    return Induced._make(subgroup=subgroup, inner=rep(subgroup), own=None, group=None)
