"""Direct products, acting block-diagonally."""

from __future__ import annotations

from ._generators import Blocks
from ._group import Group


def direct_product(*groups: Group) -> Group:
    """G × H × … on V_G ⊕ V_H ⊕ …; nested products flatten."""
    factors = tuple(factor for g in groups for factor in g.factors)
    if len(factors) == 1:
        return factors[0]
    return Group(" × ".join(f.name for f in factors), Blocks(factors))
