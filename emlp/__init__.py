"""Equivariant layers and multilayer perceptrons for any group.

Plain ``torch.nn.Module``s on plain tensors (..., rep.dim).  `Linear`, `Bilinear`, `Gate`, `Norm` and `EMLP` take
representations; the ``…Atoms`` layers below them take lists of atoms (see `intertwine.emlp._frame`), for building
other layers.

>>> import torch
>>> from intertwine.groups import Lorentz
>>> from intertwine.reps import Scalar, V
>>> net = EMLP(4 * V, Scalar, group=Lorentz(), hidden=64)
>>> net(torch.randn(32, 16)).shape
torch.Size([32, 1])
"""

from ._bilinear import Bilinear, BilinearAtoms
from ._constants import Constants
from ._emlp import EMLP
from ._frame import Decode, Encode
from ._gate import Gate, GateAtoms
from ._linear import Linear, LinearAtoms
from ._norm import Norm, NormAtoms
from ._product import ProductAtoms
from .laws import check_layer_laws

__all__ = [
    "EMLP",
    "Bilinear",
    "BilinearAtoms",
    "Constants",
    "Decode",
    "Encode",
    "Gate",
    "GateAtoms",
    "Linear",
    "LinearAtoms",
    "Norm",
    "NormAtoms",
    "ProductAtoms",
    "check_layer_laws",
]
