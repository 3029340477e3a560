"""`Group`: what a user holds, put together from its parts."""

from __future__ import annotations

from ._construct import Construction
from ._products import Products
from ._sampling import Sampling
from ._spaces import Spaces
from ._structure import Structure
from ._subgroups import Subgroups


class Group(Construction, Products, Subgroups, Spaces, Structure, Sampling):
    """A matrix group, given by exact generators of its Lie algebra and discrete generators.

    Groups are immutable, hashable and compared by content (``key``), never by ``name``: the order of the
    generators and the scale of the Lie-algebra generators do not count.  Make one with
    `from_generators`, `preserving`, `stabilizer`, `from_permutations`, `from_cayley_table`, `automorphisms`,
    or take one from the catalogue.

    Examples
    --------
    >>> from intertwine.groups import Group, SO
    >>> G = Group.from_generators(algebra=[[[0, -2], [2, 0]]], name="turns")
    >>> G, G.d, G == SO(2)
    (turns, 2, True)
    """
