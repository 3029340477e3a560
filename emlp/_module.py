"""What every layer shares: binding representations to a group, choosing a dtype, moving complex numbers.

``nn.Module.double()`` and ``.to(torch.float64)`` know real tensors only: the first leaves complex ones alone,
the second drops their imaginary part.  `Layer` applies both to the real and imaginary parts instead.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from intertwine.groups import Group
from intertwine.reps import Rep
from intertwine.reps._binding import common_group
from intertwine.reps._frame import Atom, frame
from torch import Tensor, nn

COMPLEX = {torch.float16: torch.complex32, torch.float32: torch.complex64, torch.float64: torch.complex128}
REAL = {value: key for key, value in COMPLEX.items()}


def through_real(fn: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Let a conversion written for real tensors act on the real and imaginary parts of complex ones."""

    def apply(t: Tensor) -> Tensor:
        if not t.is_complex():
            return fn(t)
        parts = fn(torch.view_as_real(t))
        return fn(t) if parts.is_complex() else torch.view_as_complex(parts.contiguous())

    return apply


class Layer(nn.Module):
    """A module whose complex parameters and buffers follow ``.double()``, ``.float()`` and ``.to(dtype)``."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        return super()._apply(through_real(fn), recurse)


class Derived(Layer):
    """A layer that keeps numbers made of its parts' constants: made again when it, not only a part, is moved or loaded.

    They are attributes, no buffers: nothing averages, broadcasts or saves them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_load_state_dict_post_hook(_refresh)

    @abstractmethod
    def refresh(self) -> None:
        """Make them."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        super()._apply(fn, recurse)
        self.refresh()
        return self


def square(x: Tensor) -> Tensor:
    """|x|², real and in at least single precision: half of it overflows at 256."""
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    return x.real.square() + x.imag.square() if x.is_complex() else x.square()


def fixed(t: Tensor) -> Tensor:
    """The tensor, whose shape is a constant to the compiler, as those of parameters and buffers are.

    What `torch._dynamo.mark_static` does, without the second that its import takes.
    """
    t._dynamo_static_indices = set(range(t.ndim))  # type: ignore[attr-defined]
    return t


def _refresh(layer: Derived, _: Any) -> None:
    layer.refresh()


def feature_dtype(dtype: torch.dtype | None, is_complex: bool) -> torch.dtype:
    """The dtype of a layer's features: real or complex as the representations are, default precision.

    Raises
    ------
    TypeError
        If it is not a dtype of torch.
    ValueError
        If the dtype is not a floating one, is complex although the representations are real, or has no
        complex counterpart.
    """
    dtype = torch.get_default_dtype() if dtype is None else dtype
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"dtype is a torch.dtype such as torch.float64, got {dtype!r}")
    if not (dtype.is_floating_point or dtype.is_complex):
        raise ValueError(f"a layer needs a floating dtype, got {dtype}: use torch.float32 or torch.float64")
    if not is_complex:
        if dtype.is_complex:
            raise ValueError(
                f"these representations are real, got dtype {dtype}: use {REAL[dtype]}, or a group with field 'C'"
            )
        return dtype
    if dtype.is_complex:
        return dtype
    if dtype not in COMPLEX:
        raise ValueError(
            f"complex representations have no features of dtype {dtype}: use torch.complex64 or torch.complex128"
        )
    return COMPLEX[dtype]


def default_device(device: torch.device | str | None) -> torch.device:
    """The given device, or else the one on which PyTorch makes tensors."""
    return torch.empty(0).device if device is None else torch.device(device)


def bind(group: Group | None, **reps: Rep) -> tuple[Group, tuple[Rep, ...]]:
    """Bind representations to one group, the given one or the one they are bound to.

    Raises
    ------
    TypeError
        If something is not a representation.
    ValueError
        If no group is given and some representation is unbound, or one is bound to a group that is not a
        factor of the one given.
    """
    for name, rep in reps.items():
        if not isinstance(rep, Rep):
            raise TypeError(f"{name} must be a representation such as 4 * V + Scalar, got {rep!r}")
    if group is None:
        group = common_group(reps.values())
    if group is None:
        shown = ", ".join(f"{name}={rep!r}" for name, rep in reps.items())
        raise ValueError(
            f"no group: {shown} do not all say what acts on them; pass group=..., e.g. group=SO(3), "
            "or bind them, e.g. (4 * V)(SO(3))"
        )
    bound = []
    for name, rep in reps.items():
        try:
            bound.append(rep(group))
        except ValueError as error:
            raise ValueError(f"{name}={rep!r} is not a representation of group={group.name}: {error}") from error
        if bound[-1].dim == 0:
            raise ValueError(f"{name}={rep!r} has dimension 0: a layer needs at least one feature")
    return group, tuple(bound)


def check_silent(group: Group | None, rep_in: Rep, rep_out: Rep, linear: bool = False) -> None:
    """Raise a ValueError where every equivariant function is 0 because the representations are bound to two groups.

    A factor that moves no input leaves f(x) alone.  Linear maps can be 0 for other reasons: the caller says so.
    """
    if group is not None or rep_in.group is None or rep_out.group is None or rep_in.group == rep_out.group:
        return
    union = (rep_in + rep_out)._require_group()
    moved = [i for i, factor in enumerate(union.factors) if factor not in rep_in.group.factors]
    if linear or (moved and not any(_has_fixed(atom, union, moved) for atom, _ in frame(rep_out(union)).atoms)):
        raise ValueError(
            f"rep_in = {rep_in!r} is bound to {rep_in.group.name} and rep_out = {rep_out!r} to {rep_out.group.name}, "
            f"so both are of {union.name}, whose factors act independently, and every equivariant "
            f"{'linear map' if linear else 'function'} is 0: bind both to one group, or pass group=... with "
            "representations that are not bound"
        )


def _has_fixed(atom: Atom, group: Group, factors: list[int]) -> bool:
    """Whether some vector of an atom is fixed by some factors of a product."""
    one, rows = np.eye(group.d), [np.zeros((0, atom.dim))]
    for i in factors:
        factor, at = group.factors[i], slice(group.offsets[i], group.offsets[i] + group.factors[i].d)
        for a in factor.lie_algebra:
            element = 0 * one.astype(a.dtype)
            element[at, at] = a
            rows.append(atom.drho(element))
        for h in factor.discrete_generators:
            element = one.astype(h.dtype)
            element[at, at] = h
            rows.append(atom.rho(element) - np.eye(atom.dim))
    return bool(np.linalg.matrix_rank(np.concatenate(rows), tol=1e-8) < atom.dim)


def is_count(value: Any, least: int = 1) -> bool:
    """Whether a value is an integer, Python's or NumPy's, from ``least`` on."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def is_number(value: Any, least: float = 0.0) -> bool:
    """Whether a value is a finite real number, Python's or NumPy's, from ``least`` on."""
    return isinstance(value, Real) and not isinstance(value, bool) and least <= float(value) < float("inf")


def cloud_count(batch: Any, rows: int, size: int | None = None) -> int:
    """The number of clouds whose labels 0, 1, … ``batch`` gives for every row, where it is not given.

    Labels are looked at (one wait for an accelerator) where it is not, and on the CPU.

    Raises
    ------
    ValueError
        If batch is no integer tensor (rows,), or has labels below 0 or not below size.
    """
    if not isinstance(batch, Tensor) or batch.shape != (rows,) or batch.dtype not in (torch.int64, torch.int32):
        shown = f"shape {tuple(batch.shape)}, {batch.dtype}" if isinstance(batch, Tensor) else type(batch).__name__
        raise ValueError(f"batch must be an integer tensor of shape ({rows},), the cloud of every row, got {shown}")
    if size is not None and not is_count(size, 0):
        raise ValueError(f"size is the number of clouds, an integer >= 0, got {size!r}")
    if not rows:
        return 0 if size is None else size
    if torch.compiler.is_compiling():
        return int(batch.max()) + 1 if size is None else size
    if size is not None and batch.device.type != "cpu":
        return size
    low, high = torch.stack(torch.aminmax(batch)).tolist()
    if low < 0 or (size is not None and high >= size):
        clouds = "clouds are counted from 0" if size is None else f"there are size = {size} clouds"
        raise ValueError(f"batch runs from {low} to {high}, but {clouds}")
    return high + 1 if size is None else size


def check_width(x: Tensor, width: int, rep: Rep, name: str = "x", rep_name: str = "rep_in") -> None:
    """Raise unless x is a tensor whose last axis is as wide as the representation."""
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{name} must be a torch.Tensor of shape (..., {width}), got {type(x).__name__}: convert it, e.g. with "
            f"torch.as_tensor({name}, dtype=...)"
        )
    if x.ndim == 0 or x.shape[-1] != width:
        raise ValueError(
            f"{rep_name} = {rep!r} has dim {width} but {name} has shape {tuple(x.shape)}: expected (..., {width})"
        )


def check_like(x: Tensor, like: Tensor, name: str = "x") -> None:
    """Raise a ValueError unless x has the dtype and the device of a layer's numbers (autocast picks dtypes itself)."""
    if x.device != like.device:
        raise ValueError(
            f"{name} is on {x.device}, but the layer is on {like.device}: move {name} with "
            f'{name}.to("{like.device}"), or the layer with layer.to("{x.device}")'
        )
    if x.dtype != like.dtype and not torch.is_autocast_enabled(x.device.type):
        if x.is_complex() and not like.is_complex():
            advice = f"the representations are real, so pass {name}.real, or take a group with field 'C'"
        else:
            fits = x.is_complex() if like.is_complex() else x.is_floating_point()
            advice = f"convert {name} with {name}.to({like.dtype})"
            advice += f", or the layer with layer.to({x.dtype})" if fits else ""
        raise ValueError(f"{name} has dtype {x.dtype}, but the layer's is {like.dtype}: {advice}")


def weights(module: nn.Module) -> int:
    """Number of trained coefficients (a complex one counts once)."""
    return sum(p.numel() for p in module.parameters())
