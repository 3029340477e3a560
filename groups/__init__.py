"""Symmetry groups: exact generators, a catalogue, products, subgroups, structure and sampling.

>>> from intertwine.groups import Group, O, S
>>> G = O(3) * S(4)
>>> G, G.d, G.sample(rng=0).shape
(O(3) × S(4), 7, (7, 7))
"""

from ._errors import ComponentsWarning
from ._group import Group
from .catalog import GL, O, S, SE, SL, SO, SU, U, Z, A, D, Lorentz, Sp, Trivial

__all__ = [
    "GL",
    "SE",
    "SL",
    "SO",
    "SU",
    "A",
    "ComponentsWarning",
    "D",
    "Group",
    "Lorentz",
    "O",
    "S",
    "Sp",
    "Trivial",
    "U",
    "Z",
]
