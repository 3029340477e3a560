"""The catalogue: one short function of exact generators per group."""

from .affine import SE
from .classical import GL, SL, SO, SU, Lorentz, O, Sp, Trivial, U
from .finite import A, D, S, Z

__all__ = ["GL", "SE", "SL", "SO", "SU", "A", "D", "Lorentz", "O", "S", "Sp", "Trivial", "U", "Z"]
