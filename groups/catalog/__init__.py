"""The catalogue: one short function of exact generators per group."""

from .affine import SE
from .classical import GL, SL, SO, SU, Lorentz, O, Sp, Trivial, U
from .finite import A, D, S, Z
from .point_groups import C, Cube, Dihedral, Hyperoctahedral, Icosahedral, Octahedral, Rubik, Tetrahedral

__all__ = [
    "GL",
    "SE",
    "SL",
    "SO",
    "SU",
    "A",
    "C",
    "Cube",
    "D",
    "Dihedral",
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
]
