"""What layers on points and grids ask of their arguments."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from numbers import Integral, Real
from typing import Any

import torch
from intertwine.emlp._module import check_width
from intertwine.reps import Rep
from torch import Tensor


def check_number(name: str, value: Any, least: float, strict: bool = False, whole: bool = True) -> None:
    """Raise a ValueError unless value is a finite (whole) number from ``least`` on, or above it where ``strict``."""
    right = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if not (right and (least < value if strict else least <= value) and value < float("inf")):
        kind = "an integer" if whole else "a number"
        raise ValueError(f"{name} is {kind} {'>' if strict else '>='} {least}, got {value!r}")


def without_autocast(x: Tensor) -> AbstractContextManager[Any]:
    """A context in which numbers on the device of x keep their precision."""
    kind = x.device.type
    return torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext()


def check_space(space: Rep) -> None:
    """Raise a ValueError unless a representation can act on positions."""
    if space.is_complex:
        raise ValueError(
            f"positions are real, but space = {space!r} of {space._require_group().name} is complex, as every "
            "representation of a complex group: take one of its realification, V or Adjoint of group.realification()"
        )


def check_tensor(x: Any, name: str) -> None:
    """Raise a ValueError unless x is a tensor."""
    if not isinstance(x, Tensor):
        raise ValueError(f"{name} must be a tensor, got {type(x).__name__}: torch.as_tensor makes one")


def check_window(window: Any) -> None:
    """Raise a ValueError unless window is (start, stop) or None."""
    if window is not None:
        pair = isinstance(window, tuple | list) and len(window) == 2 and all(isinstance(w, Real) for w in window)
        if not (pair and 0 <= window[0] < window[1]):
            raise ValueError(
                f"window is (start, stop) with 0 <= start < stop in units of the cutoff, or None, got {window!r}"
            )


def check_points(x: Tensor, rep: Rep, name: str, rep_name: str, like: Tensor) -> None:
    """Raise a ValueError unless x is (N, rep.dim) and of the dtype of a layer's constants (or autocast is on)."""
    if not isinstance(x, Tensor) or x.ndim != 2:
        shown = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"{name} must be a tensor of shape (N, {rep_name}.dim = {rep.dim}), got {shown}")
    check_width(x, rep.dim, rep, name, rep_name)
    check_dtype(x, name, like if rep.is_complex or not like.is_complex() else like.real)


def check_device(x: Tensor, name: str, like: Tensor) -> None:
    """Raise a ValueError unless x is on the device of a layer's constants."""
    if x.device != like.device:
        raise ValueError(
            f"{name} is on {x.device}, but the layer is on {like.device}: move {name}, or the layer with "
            f'layer.to("{x.device}")'
        )


def check_dtype(x: Tensor, name: str, like: Tensor) -> None:
    """Raise a ValueError unless x has the dtype of a layer's constants, or its real part's (or autocast is on)."""
    check_device(x, name, like)
    if x.dtype in (like.dtype, like.real.dtype if like.is_complex() else like.dtype):
        return
    if not torch.is_autocast_enabled(x.device.type):
        raise ValueError(
            f"{name} has dtype {x.dtype}, but the layer's is {like.dtype}: convert {name}, or the layer with "
            f"layer.to({x.dtype})" + ("" if x.is_floating_point() else "; features are floating-point numbers")
        )
