"""Functions of one real number, scaled to keep the second moment of normal features."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

Function = Callable[[Tensor], Tensor]

ACTIVATIONS: dict[str, Function] = {
    "silu": functional.silu,
    "gelu": functional.gelu,
    "softplus": functional.softplus,
    "elu": functional.elu,
    "relu": functional.relu,
    "tanh": torch.tanh,
}


def activation(act: str | Function) -> Function:
    """The function of a name, or the one given.

    Raises
    ------
    ValueError
        If the name is not one of those known.
    """
    if callable(act):
        return act
    if act not in ACTIVATIONS:
        raise ValueError(f"act is one of {', '.join(map(repr, ACTIVATIONS))} or a function, got {act!r}")
    return ACTIVATIONS[act]


@lru_cache(maxsize=64)
def gain(function: Function) -> float:
    """1/√E[function(x)²] under x ~ N(0, 1).

    Examples
    --------
    >>> round(gain(torch.relu), 4)
    1.4142
    """
    x, weight = np.polynomial.hermite_e.hermegauss(101)
    y = _applied(function, torch.from_numpy(x)).numpy()
    size = float((weight * y**2).sum() / weight.sum())
    if not 0 < size < np.inf:
        raise ValueError(f"an activation must be finite and not zero everywhere, got second moment {size}")
    return size**-0.5


def is_odd(function: Function) -> bool:
    """Whether function(−x) = −function(x), as far as 1,000 points tell."""
    x = torch.linspace(0, 8, 1000, dtype=torch.float64, device="cpu")
    return bool(torch.allclose(_applied(function, -x), -_applied(function, x), atol=1e-10))


@torch.no_grad()
def _applied(function: Function, x: Tensor) -> Tensor:
    """Values in double precision, also of a module with weights, as they are."""
    return (copy.deepcopy(function).double() if isinstance(function, nn.Module) else function)(x)


def apply_parts(function: Function, x: Tensor) -> Tensor:
    """function of real features; of the real and the imaginary part of complex ones."""
    return torch.view_as_complex(function(torch.view_as_real(x))) if x.is_complex() else function(x)
