"""How a leaf bound to one group finds its block in the elements of a product that contains it.

Elements of a product ``G1 * … * Gn`` are block-diagonal; a leaf bound to ``H`` reads the rows and
columns of the factors of ``H``.  Factors are identified by content, so a leaf bound to ``SO(3)`` inside
``SO(3) * SO(3)`` is ambiguous and refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache, reduce
from operator import mul
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..groups import Group
    from ._node import Rep


@lru_cache(maxsize=4096)
def block_indices(own: Group, group: Group) -> Any:
    """Rows of ``group``'s elements that ``own`` acts on: a slice, or an index array when scattered."""
    if own == group:
        return slice(0, group.d)
    positions = _positions(own, group)
    rows = np.concatenate([np.arange(group.offsets[i], group.offsets[i] + group.factors[i].d) for i in positions])
    if np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        return slice(int(rows[0]), int(rows[0]) + len(rows))
    return rows


def _positions(own: Group, group: Group) -> list[int]:
    have, want = Counter(group.factors), Counter(own.factors)
    for factor, n in want.items():
        if have[factor] < n:
            raise ValueError(
                f"a representation bound to {own.name} cannot become one of {group.name}, whose factors "
                f"are {', '.join(f.name for f in group.factors)}: bind an unbound representation, or bind "
                f"this one to a product that contains {own.name}"
            )
        if have[factor] > n:
            raise ValueError(
                f"{group.name} contains {factor.name} {have[factor]} times, so a representation bound to "
                f"{own.name} does not say which copy acts: bind it to the whole product"
            )
    places = {f: [i for i, h in enumerate(group.factors) if h == f] for f in want}
    return [places[factor].pop(0) for factor in own.factors]


def unite(groups: Iterable[Group]) -> Group | None:
    """Direct product of the groups with each factor once, in order of first appearance."""
    groups = list(dict.fromkeys(groups))
    if not groups:
        return None
    factors: list[Group] = []
    for group in groups:
        have = Counter(factors)
        for factor in group.factors:
            if have[factor] == 0:
                factors.append(factor)
            else:
                have[factor] -= 1
    for group in groups:
        if list(group.factors) == factors:
            return group
    return reduce(mul, factors)


def common_group(reps: Iterable[Rep]) -> Group | None:
    """Group of a sum or product of ``reps``; ``None`` while a leaf is unbound or none needs a group."""
    reps = list(reps)
    if any(rep._open for rep in reps):
        return None
    found = [g for rep in reps for g in ((rep.group,) if rep.group is not None else rep._owners())]
    return unite(found)
