"""Representations: an algebra of expressions, their irreps, and the equivariant maps between them.

>>> from intertwine.reps import Scalar, T, V
>>> 3 * V + T(2).dual
3 * V + T(0, 2)
"""

from ._custom import Custom, Irrep
from ._node import Rep
from ._powers import Alt, Sym, power_isometry
from ._tensor import Det, Scalar, T, V

__all__ = ["Alt", "Custom", "Det", "Irrep", "Rep", "Scalar", "Sym", "T", "V", "power_isometry"]
