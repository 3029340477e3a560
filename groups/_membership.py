"""Is a matrix in a group?  Are two groups the same set of matrices?

Answers are proofs up to rounding, or an error.  A matrix h is in the identity component of a group with
Lie algebra L if h·k = exp(X) for some X in L and some k known to be there.  It is not in the group if
it does not normalise L, or fails to preserve a tensor that the group preserves.  In a group closed
under conjugate transpose, h = u exp(X) with X in L, and the question is that of u in the compact part,
where invariant tensors decide (they separate the closed subgroups of a compact group; those of order up
to 4 are tried).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from . import _balance, _cosets, _exact, _finite, _lie
from ._generators import from_matrices
from ._value import Value

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]

TOLERANCE = 1e-7
MAX_COMPONENTS = 64
TRIES = 64
MAX_TENSOR = 1500  # entries of the largest invariant tensors looked at


class Undecided(ValueError):
    """Membership could be neither proved nor refuted."""


def same_group(G: Group, H: Group) -> bool:
    """Whether two groups are the same set of matrices, however they were given.

    Raises
    ------
    ValueError
        Where neither answer can be proved, e.g. for the components of groups that are not reductive.

    Examples
    --------
    >>> from intertwine.groups import Group, O, SO, same_group
    >>> H = SO(3).with_discrete([[[-1, 0, 0], [0, -1, 0], [0, 0, -1]]])  # rotations and the inversion
    >>> H == O(3), same_group(H, O(3)), same_group(H, SO(3))
    (False, True, False)
    """
    for group in (G, H):
        if not isinstance(group, Value):
            raise TypeError(f"same_group compares two groups, got {group!r}")
    if G == H:
        return True
    if G.d != H.d or not _same_algebra(G, H):
        return False
    return all(contains(a, h) for a, b in ((G, H), (H, G)) for h in b.discrete_generators)


@lru_cache(maxsize=256)
def check_subgroup(group: Group, subgroup: Group) -> None:
    """Raise unless every generator of one group is shown to be in the other."""
    if subgroup.d != group.d:
        raise ValueError(
            f"{subgroup.name} acts on dimension {subgroup.d} and {group.name} on dimension {group.d}: a subgroup acts "
            "on the same space"
        )
    a, b = _promoted(subgroup.closure, group.closure)
    if _lie.outside(a, b) > TOLERANCE:
        raise ValueError(f"{subgroup.name} is not a subgroup of {group.name}: its Lie algebra is not contained")
    for i, h in enumerate(subgroup.discrete_generators):
        if not contains(group, h):
            raise ValueError(
                f"{subgroup.name} is not a subgroup of {group.name}: its discrete generator {i} is no element"
            )


def _same_algebra(G: Group, H: Group) -> bool:
    if G.lie_dim != H.lie_dim:
        return False
    a, b = _promoted(G.closure, H.closure)
    return _lie.outside(a, b) < TOLERANCE


def _promoted(a: Array, b: Array) -> tuple[Array, Array]:
    dtype = np.result_type(a, b)
    return a.astype(dtype), b.astype(dtype)


def contains(group: Group, h: Array) -> bool:
    """Whether a matrix (d, d) is an element of a group.

    Raises
    ------
    ValueError
        Where neither answer can be proved.
    """
    h = np.asarray(h)
    if len(group.factors) > 1:
        return _product_contains(group, h)
    if group.lie_dim == 0:
        return _discrete_contains(group, h)
    if _outside_algebra(group, h):
        return False
    if any(_in_identity_component(group, np.linalg.solve(w, h)) for w in component_words(group)):
        return True
    if _refuted(group, h):
        return False
    raise Undecided(
        f"cannot tell whether a matrix is in {group.name}: it normalises the Lie algebra and preserves the "
        f"invariant tensors that were tried, but was not reached from the known components:\n{h}"
    )


def _outside_algebra(group: Group, h: Array) -> bool:
    """Whether a matrix does not normalise the Lie algebra."""
    lie, h = _promoted(group.closure, h)
    return _lie.outside(h @ lie @ np.linalg.inv(h), lie) > TOLERANCE


def _product_contains(group: Group, h: Array) -> bool:
    rest = h.copy()
    blocks = [slice(o, o + f.d) for o, f in zip(group.offsets, group.factors)]
    for block in blocks:
        rest[block, block] = 0
    if not np.abs(rest).max() < TOLERANCE:
        return False
    return all(contains(f, h[block, block]) for f, block in zip(group.factors, blocks))


def _discrete_contains(group: Group, h: Array) -> bool:
    model = _finite.model(group)
    if model is None:
        raise Undecided(f"{group.name} is discrete and not known to be finite: cannot tell what it contains")
    permuted = _cosets.image(model, h)
    return permuted is not None and _finite.contains(model.group, permuted.tolist())


def components(group: Group) -> int:
    """Number of connected components.

    Raises
    ------
    ValueError
        Where two elements can be proved neither to share a component nor not to.
    """
    if len(group.factors) > 1:
        return math.prod(components(f) for f in group.factors)
    if not group.lie_dim:
        return group.order
    words, proved = _component_words(group)
    if len(words) > MAX_COMPONENTS:
        raise Undecided(f"{group.name} has more than {MAX_COMPONENTS} components as far as can be told: not counted")
    if not proved:
        raise Undecided(f"at most {len(words)} components were found for {group.name}, but not proved to be different")
    return len(words)


def component_words(group: Group) -> tuple[Array, ...]:
    """Products of discrete generators, one per component as far as can be told, the identity first."""
    return _component_words(group)[0]


@lru_cache(maxsize=64)
def _component_words(group: Group) -> tuple[tuple[Array, ...], bool]:
    """Component representatives, and whether they were proved to be in different components."""
    connected = type(group)(group.name, from_matrices(group.algebra, (), group.d, group.field))
    words, proved = [np.eye(group.d, dtype=group.closure.dtype)], True
    for w in words:
        for h in group.discrete_generators:
            verdicts = [_apart(connected, np.linalg.solve(v, w @ h)) for v in words]
            if all(verdict is not False for verdict in verdicts):
                words.append(w @ h)
                proved = proved and None not in verdicts
        if len(words) > MAX_COMPONENTS:
            return tuple(words), False
    return tuple(words), proved


def _apart(connected: Group, g: Array) -> bool | None:
    """Whether g is outside a connected group; None where neither is proved."""
    if _outside_algebra(connected, g) or _refuted(connected, g):
        return True
    steps, graded = _graded(connected)
    if graded != connected and _refuted(graded, _diagonal(steps, g[None])[0]):
        return True
    return False if _in_identity_component(connected, g) else None


@lru_cache(maxsize=64)
def _graded(group: Group) -> tuple[list[Array], Group]:
    """A flag of invariant subspaces, and how a connected group acts on the sum of its quotients."""
    steps = _lie.flag(group.closure)
    if len(steps) == 1:
        return steps, group
    diagonal = _diagonal(steps, group.closure)
    algebra = _lie.as_matrices(_lie.orthonormal(_lie.as_real(diagonal)), diagonal)
    read = [_exact.matrix(m) for m in algebra]
    return steps, type(group)(group.name, from_matrices(read, (), group.d, group.field))


def _diagonal(steps: list[Array], matrices: Array) -> Array:
    """Matrices (k, d, d) with all but the diagonal blocks along a flag left out, in the basis of the flag."""
    blocks = [_lie.adjoint(q) @ matrices @ q for q in steps]
    return np.array([scipy.linalg.block_diag(*parts) for parts in zip(*blocks)]).reshape(matrices.shape)


def _in_identity_component(group: Group, g: Array) -> bool:
    """Search for k in the identity component with log(g k) in the algebra; a yes is a proof."""
    return identity_logarithms(group, [g]) is not None


def identity_logarithms(group: Group, candidates: Sequence[Array]) -> tuple[int, Array, Array] | None:
    """The first i, X, x found with g_i exp(x) = exp(X), X and x in the Lie algebra.

    They prove that g_i is in the identity component.
    """
    lie = group.closure
    rng = np.random.default_rng(0)
    for attempt in range(TRIES):
        size = 0.0 if attempt == 0 else np.pi * attempt / TRIES
        x = np.tensordot(rng.standard_normal(len(lie)), lie, 1) * size
        k = scipy.linalg.expm(x)
        for i, g in enumerate(candidates):
            big = _logarithm(lie, g @ k)
            if big is not None:
                return i, big, x
    return None


def _logarithm(lie: Array, g: Array) -> Array | None:
    """The principal logarithm, where there is one and it lies in the algebra."""
    w = np.linalg.eigvals(g)
    on_cut = np.abs(w.imag) < 1e-9 * np.abs(w)
    if np.any(on_cut & (w.real < 0)):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of its accuracy, which is checked below
        x = np.asarray(scipy.linalg.logm(g))
    if not np.iscomplexobj(lie):
        if np.abs(np.imag(x)).max() > TOLERANCE:
            return None
        x = np.real(x)
    elif not np.iscomplexobj(x):
        x = x.astype(complex)
    if np.linalg.norm(x) < TOLERANCE:
        return x
    if np.linalg.norm(scipy.linalg.expm(x) - g) > TOLERANCE * np.linalg.norm(g):
        return None
    return x if _lie.outside(x[None], lie) * np.linalg.norm(x) < TOLERANCE else None


def _refuted(group: Group, h: Array) -> bool:
    """Whether an invariant of the group proves that h is not in it."""
    part = _unitary_part(group)
    if part is None:
        return False
    p = group.balancing
    if p is None:
        return part.moved_by(h)
    h = p @ h @ np.linalg.inv(p)
    return not _polar_in(_balance.conjugated(p, group.closure), h) or part.moved_by(_polar(h)[0])


@lru_cache(maxsize=64)
def _unitary_part(group: Group) -> Part | None:
    """K where G = K exp(p) is known, None where it is not; G itself where it has no balancing."""
    p = group.balancing
    if p is None:
        return Part(group.lie_algebra, group.discrete_generators)
    lie = _balance.conjugated(p, group.closure)
    words = _balance.conjugated(p, group.discrete_generators)
    if not all(_polar_in(lie, w) for w in words):
        return None
    compact = _lie.as_matrices(_lie.orthonormal(_lie.as_real((lie - _lie.adjoint(lie)) / 2)), lie)
    return Part(compact, np.array([_polar(w)[0] for w in words]).reshape(words.shape))


@dataclass(frozen=True, eq=False)
class Part:
    """A group as what it leaves in place: invariant tensors, and volume."""

    algebra: Array
    discrete: Array

    def moved_by(self, h: Array) -> bool:
        """Whether h moves what the group leaves in place, so that it is no element."""
        traceless = np.abs(np.trace(self.algebra, axis1=1, axis2=2)).max(initial=0) < TOLERANCE
        special = len(self.algebra) and traceless and np.allclose(np.linalg.det(self.discrete), 1)
        if special and not np.isclose(np.linalg.det(h), 1):
            return True
        x: Array = np.eye(1)
        for tensors in self.invariant_tensors:
            x = np.kron(x, h)
            if np.abs(tensors @ x.T - tensors).max(initial=0) > TOLERANCE:
                return True
        return False

    @cached_property
    def invariant_tensors(self) -> tuple[Array, ...]:
        """Invariants of V, V ⊗ V, … up to `MAX_TENSOR` components, as rows."""
        n = size = self.algebra.shape[-1]
        one, a, g = np.eye(n), self.algebra, self.discrete
        found = [fixed_vectors(a, g)]
        while size * n <= MAX_TENSOR:
            a = np.array([np.kron(b, one) + np.kron(np.eye(size), c) for b, c in zip(a, self.algebra)])
            g = np.array([np.kron(b, c) for b, c in zip(g, self.discrete)])
            size *= n
            a, g = a.reshape(-1, size, size), g.reshape(-1, size, size)
            found.append(fixed_vectors(a, g))
        return tuple(found)


def _polar_in(lie: Array, g: Array) -> bool:
    _, x = _polar(g)
    return bool(np.linalg.norm(x) < TOLERANCE or _lie.outside(x[None].astype(lie.dtype), lie) < TOLERANCE)


def _polar(g: Array) -> tuple[Array, Array]:
    """g = u exp(x) with u unitary and x Hermitian."""
    u, p = scipy.linalg.polar(g)
    w, v = np.linalg.eigh(p)
    return np.asarray(u), np.asarray((v * np.log(w)) @ _lie.adjoint(v))


def fixed_vectors(algebra: Array, discrete: Array) -> Array:
    """Orthonormal rows t with A t = 0 and g t = t."""
    size = algebra.shape[-1]
    gram = np.zeros((size, size), np.result_type(algebra, discrete, float))
    for m in (*algebra, *(discrete - np.eye(size))):
        gram += _lie.adjoint(m) @ m
    w, v = np.linalg.eigh(gram)
    return np.asarray(v[:, w < 1e-10 * max(1.0, w[-1])].T)
