"""Left cosets gH of a subgroup of a finite group, and how the group permutes them.

Elements are permutations of the points of the group's model (`_finite.Model`). Of the elements p∘h of a coset,
the one with the least images of H's base points, in order, is its name; it is found along H's stabiliser
chain, level by level, without listing H.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _finite
from ._generators import Permutations

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]

MAX_COSETS = 5_000


@lru_cache(maxsize=64)
def _places(model: _finite.Model) -> dict[bytes, int]:
    return {_finite.mark(x): i for i, x in enumerate(model.points)}


def image(model: _finite.Model, h: Array) -> Array | None:
    """How a matrix (d, d) permutes the points of a model, (N,); None where it does not."""
    place = _places(model)
    if np.iscomplexobj(h) and not np.iscomplexobj(model.points):
        if np.abs(h.imag).max() > 1e-7:
            return None
        h = h.real
    moved = (model.points @ model.scaled(h).T).astype(model.points.dtype)
    found = [place.get(_finite.mark(x)) for x in moved]
    if None in found or len(set(found)) < len(found):
        return None
    return np.array(found, dtype=np.int64)


def images(group: Group, elements: Array) -> Array:
    """How elements (b, d, d) of a finite group permute the points of its model, (b, N).

    Raises
    ------
    ValueError
        For a matrix that is no element.
    """
    model = _finite.model(group)
    if model is None:
        raise ValueError(f"{group.name} is infinite: its elements are not permutations of finitely many points")
    found = []
    for g in elements:
        p = image(model, g)
        if p is None:
            raise ValueError(f"not an element of the finite group {group.name}:\n{g}")
        found.append(p)
    return np.array(found, dtype=np.int64).reshape(len(found), len(model.points))


@dataclass(frozen=True, eq=False)
class Cosets:
    """The cosets t_0 H, t_1 H, … of a finite group, H itself first."""

    model: _finite.Model
    levels: tuple[tuple[int, Array], ...]  # H's stabiliser chain: base point, transversal (r, N)
    representatives: Array  # (k, N)
    _numbers: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Number the cosets by their names."""
        self._numbers.update({p.tobytes(): i for i, p in enumerate(_named(self.levels, self.representatives))})

    def __len__(self) -> int:
        return len(self.representatives)

    def act(self, elements: Array) -> tuple[Array, Array]:
        """Where elements (b, N) send the cosets, (b, k), and the h in g t_j = t_i h, (b, k, N)."""
        b, k, n = len(elements), *self.representatives.shape
        moved = elements[:, self.representatives].reshape(b * k, n)  # g∘t_j
        found = [self._numbers.get(p.tobytes()) for p in _named(self.levels, moved)]
        if None in found:
            raise ValueError("a permutation of the model's points is not an element of the group")
        targets = np.array(found, dtype=np.int64)
        inverses = np.argsort(self.representatives, axis=1)[targets]
        rest = np.take_along_axis(inverses, moved, axis=1)  # t_i⁻¹∘(g∘t_j)
        return targets.reshape(b, k), rest.reshape(b, k, n)


def _named(levels: tuple[tuple[int, Array], ...], elements: Array) -> Array:
    """The names of the cosets of elements (b, N)."""
    for point, transversal in levels:
        choice = elements[:, transversal[:, point]].argmin(axis=1)
        elements = np.take_along_axis(elements, transversal[choice], axis=1)
    return np.ascontiguousarray(elements)


@lru_cache(maxsize=64)
def cosets(group: Group, subgroup: Group) -> Cosets:
    """Left cosets of a subgroup of a finite group, H first, the others as generators reach them.

    Raises
    ------
    ValueError
        When a generator of the subgroup is not in the group, or there are too many cosets.
    """
    if subgroup.d != group.d:
        raise ValueError(
            f"a subgroup of {group.name} acts on the same space, of dimension {group.d}; {subgroup.name} acts on "
            f"dimension {subgroup.d}"
        )
    if not group.is_finite:
        raise ValueError(f"{group.name} is infinite: cosets are listed, and representations induced, for finite groups")
    if subgroup.lie_dim:
        raise ValueError(f"{subgroup.name} is not a subgroup of {group.name}: it is infinite, and {group.name} finite")
    model = _finite.model(group)
    assert model is not None
    generators = []
    for i, h in enumerate(subgroup.discrete_generators):
        p = image(model, h)
        if p is None or not _finite.contains(model.group, p.tolist()):
            raise ValueError(f"{subgroup.name} is not a subgroup of {group.name}: its generator {i} is no element")
        generators.append(p)
    index = group.order // subgroup.order
    if index > MAX_COSETS:
        raise ValueError(f"{subgroup.name} has {index} cosets in {group.name}, listed only up to {MAX_COSETS}")
    levels = _chain(type(group)("", Permutations.distinct(len(model.points), generators)))
    return Cosets(model, levels, _reached(levels, images(group, group.discrete_generators), len(model.points)))


def _chain(group: Group) -> tuple[tuple[int, Array], ...]:
    if not len(group.permutations):
        return ()
    base = _finite.schreier_sims(group).base
    return tuple(zip(base, _finite.transversals(group), strict=True))


def _reached(levels: tuple[tuple[int, Array], ...], generators: Array, n: int) -> Array:
    found = [np.arange(n)]
    names = {_named(levels, found[0][None])[0].tobytes()}
    for t in found:
        for g in generators:
            moved = g[t]
            name = _named(levels, moved[None])[0].tobytes()
            if name not in names:
                names.add(name)
                found.append(moved)
    return np.array(found)
