"""Symmetry groups: exact generators, a catalogue, products, subgroups, structure and sampling.

>>> from intertwine.groups import Group, O, S
>>> G = O(3) * S(4)
>>> G, G.d, G.sample(rng=0).shape
(O(3) × S(4), 7, (7, 7))
"""

from ._errors import ComponentsWarning
from ._group import Group
from ._membership import same_group
from .catalog import (
    GL,
    SE,
    SL,
    SO,
    SU,
    A,
    C,
    Cube,
    D,
    Dihedral,
    Hyperoctahedral,
    Icosahedral,
    Lorentz,
    O,
    Octahedral,
    Rubik,
    S,
    Sp,
    Tetrahedral,
    Trivial,
    U,
    Z,
)
from .laws import check_group_laws

__all__ = [
    "GL",
    "SE",
    "SL",
    "SO",
    "SU",
    "A",
    "C",
    "ComponentsWarning",
    "Cube",
    "D",
    "Dihedral",
    "Group",
    "Hyperoctahedral",
    "Icosahedral",
    "Lorentz",
    "O",
    "Octahedral",
    "Rubik",
    "S",
    "Sp",
    "Tetrahedral",
    "Trivial",
    "U",
    "Z",
    "check_group_laws",
    "same_group",
]
