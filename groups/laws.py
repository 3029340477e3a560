"""Laws that every group of this package satisfies, to run on a group of your own.

A law returns nothing and raises `LawError` (an AssertionError) that says what is broken.
"""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from . import _balance, _lie

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]
Rng = int | np.random.Generator | None

TOLERANCE = 1e-9


class LawError(AssertionError):
    """A group breaks a law."""


def check_group_laws(group: Group, rng: Rng = 0) -> None:
    """Run every law of this module on a group.

    Parameters
    ----------
    group : Group
    rng : int, numpy.random.Generator, optional

    Raises
    ------
    LawError
        Says which law is broken and by how much.

    Examples
    --------
    >>> from intertwine.groups import O, check_group_laws
    >>> check_group_laws(O(1, 3))
    """
    rng = np.random.default_rng(rng)
    for law in LAWS:
        law(group, rng)


def _require(holds: Any, group: Group, text: str) -> None:
    if not holds:
        raise LawError(f"{group.name}: {text}")


def value_law(group: Group, rng: np.random.Generator) -> None:
    """A group is a value: copies are equal, names play no part."""
    twin = pickle.loads(pickle.dumps(group))
    renamed = type(group)("another name", group._generators)
    for other, how in ((twin, "pickle"), (copy.deepcopy(group), "deepcopy"), (renamed, "renaming")):
        _require(other == group and hash(other) == hash(group), group, f"{how} gives a different group")


def shapes_law(group: Group, rng: np.random.Generator) -> None:
    """Generators are finite arrays of the stated shapes; algebra generators have unit norm."""
    d = group.d
    a, h = group.lie_algebra, group.discrete_generators
    _require(a.shape == (len(group.algebra), d, d), group, f"lie_algebra has shape {a.shape}")
    _require(h.shape == (len(group.discrete), d, d), group, f"discrete_generators has shape {h.shape}")
    _require(np.isfinite(a).all() and np.isfinite(h).all(), group, "generators are not finite")
    norms = np.linalg.norm(a, axis=(1, 2))
    _require(np.all((np.abs(norms - 1) < 1e-12) | (norms == 0)), group, f"algebra norms are {norms}")
    _require(sum(f.d for f in group.factors) == d, group, "the factors do not fill the space")


def closure_law(group: Group, rng: np.random.Generator) -> None:
    """The Lie algebra is closed under brackets, and holds its generators."""
    lie = group.closure
    _require(_lie.outside(group.lie_algebra, lie) < 1e-7, group, "generators are outside the closure")
    if len(lie):
        x, y = np.tensordot(rng.standard_normal((2, len(lie))), lie, 1)
        z = _lie.bracket(x, y)[None]
        small = np.linalg.norm(z) < TOLERANCE * np.linalg.norm(x) * np.linalg.norm(y)
        _require(small or _lie.outside(z, lie) < 1e-7, group, "the Lie algebra is not closed under brackets")


def sample_law(group: Group, rng: np.random.Generator) -> None:
    """Samples are well-conditioned, reproducible, and normalise the Lie algebra."""
    g = group.sample(5, rng=int(rng.integers(2**31)))
    _require(g.shape == (5, group.d, group.d), group, f"5 samples have shape {g.shape}")
    worst = max((np.linalg.cond(block) for f, block in _blocks(group, g) for block in block), default=1)
    _require(worst <= 1 + 1e-6 or not group.is_orthogonal, group, f"a sample has condition number {worst}")
    most = max(10, *np.linalg.cond(group.discrete_generators)) if len(group.discrete) else 10
    _require(
        group.is_compact or worst <= most * (1 + 1e-9),
        group,
        f"a sample has condition number {worst}, at most {most:g} was promised",
    )
    same = np.array_equal(group.sample(3, rng=7), group.sample(3, rng=7))
    _require(same, group, "the same seed gives different samples")
    if len(group.closure):
        x = np.tensordot(rng.standard_normal(group.lie_dim), group.closure, 1)
        moved = g @ x @ np.linalg.inv(g)
        _require(_lie.outside(moved, group.closure) < 1e-7, group, "a sample does not normalise the Lie algebra")


def _blocks(group: Group, g: Array) -> list[tuple[Group, Array]]:
    return [(f, g[:, o : o + f.d, o : o + f.d]) for o, f in zip(group.offsets, group.factors)]


def orthogonal_law(group: Group, rng: np.random.Generator) -> None:
    """Orthogonal groups have orthogonal elements; orthogonal means compact, compact means reductive."""
    if group.is_orthogonal:
        g = group.sample(5, rng=rng)
        gap = np.abs(g @ _lie.adjoint(g) - np.eye(group.d)).max()
        _require(gap < TOLERANCE, group, f"is_orthogonal, but a sample is off by {gap}")
        _require(group.is_compact, group, "is_orthogonal but not is_compact")
    _require(group.is_reductive or not group.is_compact, group, "is_compact but not is_reductive")


def self_adjoint_law(group: Group, rng: np.random.Generator) -> None:
    """In the balanced basis the Lie algebra is closed under conjugate transpose, and so is the group."""
    p = group.balancing
    if p is None:
        _require(not group.is_self_adjoint, group, "is_self_adjoint but not is_reductive")
        return
    lie = _balance.conjugated(p, group.closure)
    basis = _lie.as_matrices(_lie.orthonormal(_lie.as_real(lie)), lie)
    _require(_lie.outside(_lie.adjoint(basis), basis) < 1e-5, group, "balancing does not balance the algebra")
    if len(basis):
        x = np.tensordot(rng.standard_normal(len(basis)) * 0.3, basis, 1)
        g = _lie.adjoint(scipy.linalg.expm(x))
        moved = g @ basis @ np.linalg.inv(g)
        _require(
            _lie.outside(moved, basis) < 1e-5,
            group,
            "the adjoint of an element does not normalise the algebra",
        )


def permutation_law(group: Group, rng: np.random.Generator) -> None:
    """Images and matrices of permutations agree: e_j goes to e_{p[j]}."""
    if group.is_permutation:
        for p, h in zip(group.permutations, group.discrete_generators):
            _require(np.array_equal(h[:, np.arange(group.d)], np.eye(group.d)[:, p]), group, f"{p} is not {h}")


LAWS = (value_law, shapes_law, closure_law, sample_law, orthogonal_law, self_adjoint_law, permutation_law)
