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

from ._batch_norm import BatchNorm
from ._bilinear import Bilinear, BilinearAtoms
from ._constants import Constants
from ._dropout import Dropout
from ._emlp import EMLP
from ._fourier import FourierAct
from ._frame import Decode, Encode
from ._gate import Gate, GateAtoms
from ._linear import Linear, LinearAtoms
from ._maps import InvariantMap, Restriction
from ._norm import Norm, NormAtoms
from ._norm_act import NormAct
from ._pointwise import GroupPool, Pointwise
from ._product import ProductAtoms
from ._product_act import TensorProductAct
from .laws import check_layer_laws

__all__ = [
    "EMLP",
    "BatchNorm",
    "Bilinear",
    "BilinearAtoms",
    "Constants",
    "Decode",
    "Dropout",
    "Encode",
    "FourierAct",
    "Gate",
    "GateAtoms",
    "GroupPool",
    "InvariantMap",
    "Linear",
    "LinearAtoms",
    "Norm",
    "NormAct",
    "NormAtoms",
    "Pointwise",
    "ProductAtoms",
    "Restriction",
    "TensorProductAct",
    "check_layer_laws",
]
