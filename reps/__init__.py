"""Representations: an algebra of expressions, their irreps, and the equivariant maps between them.

>>> from intertwine.reps import Scalar, T, V
>>> 3 * V + T(0, 2)
3 * V + T(0, 2)
"""

from ._custom import Custom, Irrep
from ._node import Rep
from ._parse import parse
from ._powers import Alt, Sym, power_isometry
from ._tensor import Det, Scalar, T, V

__all__ = ["Alt", "Custom", "Det", "Irrep", "Rep", "Scalar", "Sym", "T", "V", "parse", "power_isometry"]
