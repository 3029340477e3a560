"""Fusion: how tensor products of irreps decompose."""

from __future__ import annotations

from dataclasses import dataclass

from intertwine.groups import Group

from ._decompose import part_of, sum_of
from ._irreps import listed
from ._node import Rep


@dataclass(frozen=True)
class FusionTable:
    """Tensor products of the irreps of a group; ``table[a, b]`` is a ⊗ b as a sum of irreps.

    Attributes
    ----------
    group : Group
    irreps : tuple of Rep
    products : dict
        {(a, b): sum of irreps}, for all a and b in ``irreps``.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Irrep, fusion_table
    >>> fusion_table(SO(3), max_dim=5)[Irrep(1), Irrep(1)].dim
    9
    """

    group: Group
    irreps: tuple[Rep, ...]
    products: dict[tuple[Rep, Rep], Rep]

    def __getitem__(self, pair: tuple[Rep, Rep]) -> Rep:
        a, b = (rep(self.group) for rep in pair)
        if (a, b) not in self.products:
            listed = ", ".join(map(repr, self.irreps))
            raise KeyError(f"{a!r} ⊗ {b!r} is not in the fusion table of {self.group.name}, whose irreps are {listed}")
        return self.products[a, b]

    def __repr__(self) -> str:
        lines = [f"Fusion of {len(self.irreps)} irreps of {self.group.name}"]
        for i, a in enumerate(self.irreps):
            lines += [f"    {a!r} ⊗ {b!r} = {self.products[a, b]!r}" for b in self.irreps[i:]]
        return "\n".join(lines)


def fusion_table(group: Group, max_dim: int | None = None, level: int = 3) -> FusionTable:
    """Decompose the tensor products of all pairs of irreps of a reductive group.

    Parameters
    ----------
    group : Group
    max_dim : int, optional
        Leave out factors of larger dimension; the products are complete all the same.
    level : int
        Irreps are looked for in tensor powers of V up to this one, see `irreps`.

    Returns
    -------
    FusionTable

    Raises
    ------
    NotReductive
        When representations of the group are not sums of irreps.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Irrep, fusion_table
    >>> fusion_table(SO(3), max_dim=5)
    Fusion of 3 irreps of SO(3)
        Irrep(0) ⊗ Irrep(0) = Irrep(0)
        Irrep(0) ⊗ Irrep(1) = Irrep(1)
        Irrep(0) ⊗ Irrep(2) = Irrep(2)
        Irrep(1) ⊗ Irrep(1) = Irrep(0) + Irrep(1) + Irrep(2)
        Irrep(1) ⊗ Irrep(2) = Irrep(1) + Irrep(2) + Irrep(3)
        Irrep(2) ⊗ Irrep(2) = Irrep(0) + Irrep(1) + Irrep(2) + Irrep(3) + Irrep(4)
    """
    if not isinstance(group, Group):
        raise TypeError(f"fusion_table(G) takes a Group, got {group!r}")
    found = listed(group, max_dim, level)
    products: dict[tuple[Rep, Rep], Rep] = {}
    for a in found:
        for b in found:
            parts = sorted(a.table.clebsch_gordan(a, b), key=lambda pair: pair[0].key)
            products[a.rep, b.rep] = sum_of(tuple(part_of(c, len(copies)) for c, copies in parts), a.rep)
    return FusionTable(group, tuple(a.rep for a in found), products)
