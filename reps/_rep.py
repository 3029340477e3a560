"""The whole representation algebra in one place, for the modules of this package that build on it."""

from ._custom import Custom, Irrep
from ._node import Rep
from ._powers import Alt, Power, Sym, power_isometry
from ._tensor import (
    V_,
    Conj,
    Det,
    Det_,
    Dual,
    Leaf,
    Product,
    Scalar,
    Scalar_,
    Sum,
    T,
    V,
    direct_sum,
    tensor,
)

__all__ = [
    "V_",
    "Alt",
    "Conj",
    "Custom",
    "Det",
    "Det_",
    "Dual",
    "Irrep",
    "Leaf",
    "Power",
    "Product",
    "Rep",
    "Scalar",
    "Scalar_",
    "Sum",
    "Sym",
    "T",
    "V",
    "direct_sum",
    "power_isometry",
    "tensor",
]
