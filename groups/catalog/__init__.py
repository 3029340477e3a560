"""The catalogue: one short function of exact generators per group."""

from .affine import SE, E, Poincare, Scaling, Translation
from .classical import GL, SL, SO, Lorentz, O, Sp, Trivial
from .crystals import PointGroup
from .exceptional import G2
from .finite import A, D, S, Z
from .grids import Grid
from .point_groups import C, Cube, Dihedral, Hyperoctahedral, Icosahedral, Octahedral, Rubik, Tetrahedral
from .quaternionic import Dicyclic, Quaternion
from .spin import Pin, Spin, double_cover, gamma_matrices
from .triangular import Heisenberg, UpperTriangular
from .unitary import SU, U, USp

__all__ = [
    "G2",
    "GL",
    "SE",
    "SL",
    "SO",
    "SU",
    "A",
    "C",
    "Cube",
    "D",
    "Dicyclic",
    "Dihedral",
    "E",
    "Grid",
    "Heisenberg",
    "Hyperoctahedral",
    "Icosahedral",
    "Lorentz",
    "O",
    "Octahedral",
    "Pin",
    "Poincare",
    "PointGroup",
    "Quaternion",
    "Rubik",
    "S",
    "Scaling",
    "Sp",
    "Spin",
    "Tetrahedral",
    "Translation",
    "Trivial",
    "U",
    "USp",
    "UpperTriangular",
    "Z",
    "double_cover",
    "gamma_matrices",
]
