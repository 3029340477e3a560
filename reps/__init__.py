"""Representations: an algebra of expressions, their irreps, and the equivariant maps between them.

>>> from intertwine.groups import SO
>>> from intertwine.reps import Scalar, T, V
>>> 3 * V + T(0, 2)
3 * V + T(0, 2)
>>> (2 * V + Scalar >> T(2))(SO(3)).dim
3
"""

from ._adjoint import Adjoint, Coadjoint
from ._basis import Basis
from ._certificate import Certificate
from ._covariants import covariants, invariant_polynomials, steerable_kernels
from ._custom import Custom, Irrep
from ._decompose import Decomposition
from ._errors import CertificateError, DecompositionError, NotReductive, RankError
from ._fusion import FusionTable, fusion_table
from ._hom import Hom
from ._induced import Induce, Permutation, Regular
from ._irreps import irreps
from ._node import Rep
from ._parse import ParseError, parse
from ._powers import Alt, Sym, power_isometry
from ._restrict import Restrict
from ._tensor import Det, Scalar, T, V
from ._warnings import CacheWarning, NumericalWarning
from .solve import solve

__all__ = [
    "Adjoint",
    "Alt",
    "Basis",
    "CacheWarning",
    "Certificate",
    "CertificateError",
    "Coadjoint",
    "Custom",
    "Decomposition",
    "DecompositionError",
    "Det",
    "FusionTable",
    "Hom",
    "Induce",
    "Irrep",
    "NotReductive",
    "NumericalWarning",
    "ParseError",
    "Permutation",
    "RankError",
    "Regular",
    "Rep",
    "Restrict",
    "Scalar",
    "Sym",
    "T",
    "V",
    "covariants",
    "fusion_table",
    "invariant_polynomials",
    "irreps",
    "parse",
    "power_isometry",
    "solve",
    "steerable_kernels",
]
