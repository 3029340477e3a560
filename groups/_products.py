"""Direct products, acting block-diagonally."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._generators import Blocks
from ._value import Value

if TYPE_CHECKING:
    from ._group import Group


class Products(Value):
    """The operator ``*`` of groups."""

    def __mul__(self, other: Group) -> Group:
        """Direct product, acting block-diagonally on V ⊕ V'; products flatten.

        Examples
        --------
        >>> from intertwine.groups import SO, S
        >>> G = SO(3) * S(4)
        >>> G.d, G.factors, G.offsets
        (7, (SO(3), S(4)), (0, 3))
        """
        if not isinstance(other, Value):
            return NotImplemented
        factors = (*self.factors, *other.factors)
        return type(self.factors[0])(" × ".join(f.name for f in factors), Blocks(factors))
