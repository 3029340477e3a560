"""What convolutions on grids share: the kernel, sampled on the taps of a filter."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from intertwine.emlp._constants import Constants
from intertwine.emlp._invariants import Invariants
from intertwine.emlp._module import Layer, check_width, feature_dtype, weights
from intertwine.groups import Group
from intertwine.reps import Rep
from torch import Tensor, nn

from ._checks import check_dtype, check_number, check_tensor
from ._kernel import ImplicitKernel, Kernel, invariant_bias
from ._point import check_kernel
from ._radial import RadialBasis, Window

Size = int | Sequence[int]
TAPS = 10**6  # of a filter, at most


class GridLayer(Layer):
    """Base of `GridConv` and `GridConvTransposed`."""

    on_fields = True

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None,
        kernel_size: Size,
        stride: Size,
        dilation: Size,
        groups: int,
        spacing: float | Sequence[float],
        attributes: Rep | None,
        space: Rep,
        bias: bool,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
        kernel: Kernel | None,
        **made: Any,
    ) -> None:
        super().__init__()
        check_number("groups", groups, 1)
        if kernel is not None:
            check_kernel(kernel, rep_in, groups * rep_out, attributes, made)
        made = {"cutoff": 1.0, "window": None, "device": device, "dtype": dtype, **made}
        self.kernel: Kernel = kernel or ImplicitKernel(rep_in, groups * rep_out, group, space, attributes, **made)
        self.group, self.space, self.attributes = self.kernel.group, self.kernel.space, self.kernel.edge
        self.groups = groups
        self.rep_in, self.rep_out = groups * self.kernel.rep_in, self.kernel.rep_out
        self.dim_in, self.dim_out = self.rep_in.dim, self.rep_out.dim
        n = self.space.dim
        if n not in (1, 2, 3):
            raise ValueError(f"grids have 1, 2 or 3 dimensions, but space = {self.space!r} has {n}")
        self.kernel_size = sizes("kernel_size", kernel_size, n, 1)
        self.stride = sizes("stride", stride, n, 1)
        self.dilation = sizes("dilation", dilation, n, 1)
        self.spacing = lengths("spacing", spacing, n)
        dtype = next((p.dtype for p in self.kernel.parameters()), dtype)
        dtype = feature_dtype(dtype, self.rep_in.is_complex or self.rep_out.is_complex)
        steps = [s * d for s, d in zip(self.spacing, self.dilation)]
        offsets, pixel = grid_offsets(self.kernel_size, steps)
        gain = float(len(offsets)) ** -0.5
        if kernel is None and isinstance(self.kernel, ImplicitKernel):
            self.kernel.window = Window(1.0, 1.0 + pixel, n, self.kernel.radial, device, dtype)
            gain = self._reached(self.kernel.radial, offsets, pixel) ** -0.5
        self.grid = Constants({"offsets": self._seen(offsets), "gain": np.array(gain)}, dtype, device)
        self.shift = invariant_bias(self.rep_out, dtype, device) if bias else None
        self._kept: tuple[Any, dict[torch.dtype, Tensor], Tensor] | None = None

    def _reached(self, radial: RadialBasis, offsets: np.ndarray, pixel: float) -> float:
        """Sum of the squared window over the taps: the variance of a sum of independent terms."""
        invariants = Invariants(self.space, torch.float64, "cpu")
        if invariants.kind == "none":
            return float(len(offsets))
        taps = Window(1.0, 1.0 + pixel, self.space.dim, radial, "cpu", torch.float64)
        distance, _ = invariants(torch.from_numpy(offsets))
        return float(taps(distance).square().sum())

    @abstractmethod
    def _seen(self, offsets: np.ndarray) -> np.ndarray:
        """Relative positions source − target of the taps (taps, n)."""

    def kernels(self, attr: Tensor | None = None) -> Tensor:
        """K at the taps, (taps, rep_out.dim, rep_in.dim / groups), or (samples, taps, …) for attributes."""
        offsets, gain = self.grid.value("offsets"), self.grid.value("gain")
        if attr is None:
            return self.kernel(offsets) * gain
        pairs = len(attr), len(offsets)
        x = offsets.expand(*pairs, offsets.shape[1])
        return self.kernel(x, attr.unsqueeze(1).expand(*pairs, attr.shape[1])) * gain

    @abstractmethod
    def export(self) -> nn.Module:
        """A plain convolution with the present filter."""

    @abstractmethod
    def filter(self, attr: Tensor | None = None) -> Tensor:
        """Weight of the plain convolution."""

    def _present_filter(self, attr: Tensor | None = None) -> Tensor:
        """The filter; in eval mode, without gradients, formed once and again when any number it is made of changes.

        Numbers are compared, not their version counters: writes to ``.data`` count too.  On an accelerator this is one
        look for the hundreds of operations of a kernel, but none is allowed while a CUDA graph is captured.
        """
        device = self.grid.value("offsets").device
        tracked = torch.is_grad_enabled() or torch._C._are_functorch_transforms_active()
        captured = device.type == "cuda" and torch.cuda.is_current_stream_capturing()
        unseen = device.type == "meta" or captured or torch.compiler.is_compiling()
        if attr is not None or self.training or tracked or unseen:
            return self.filter(attr)
        autocast = torch.is_autocast_enabled(device.type), torch.get_autocast_dtype(device.type)
        mode, made_of = (device, autocast, torch.is_inference_mode_enabled()), _numbers(self.kernel, self.grid)
        if self._kept is not None:
            kept_mode, kept, weight = self._kept
            same = kept_mode == mode and kept.keys() == made_of.keys()
            if same and all(torch.equal(kept[dtype], made_of[dtype]) for dtype in kept):
                return weight
        weight = self.filter()
        self._kept = mode, made_of, weight
        return weight

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": None}

    def _check(self, x: Tensor, attr: Tensor | None) -> None:
        check_tensor(x, "x")
        n = self.space.dim
        if x.ndim != n + 2 or x.shape[1] != self.dim_in:
            raise ValueError(
                f"expected a field of shape (batch, rep_in.dim = {self.dim_in}, {n} spatial axes), got {tuple(x.shape)}"
            )
        check_dtype(x, "x", self.grid.value("offsets"))
        if (attr is None) != (self.attributes is None):
            raise ValueError(
                f"the layer was built with attributes={self.attributes!r}, but attr was "
                f"{'not given' if attr is None else 'given'}"
            )
        if attr is not None and self.attributes is not None:
            check_tensor(attr, "attr")
            check_width(attr, self.attributes.dim, self.attributes, "attr", "attributes")
            if attr.ndim != 2 or len(attr) != len(x):
                wanted = (len(x), self.attributes.dim)
                raise ValueError(f"attr must be of shape {wanted}, one row per sample; got {tuple(attr.shape)}")

    def _bias(self, x: Tensor) -> Tensor | None:
        return None if self.shift is None else self.shift(x.new_ones(1, 1))[0]

    def _refuse_attributes(self) -> None:
        if self.attributes is not None:
            raise ValueError(
                "a layer with attributes has another filter for every sample: there is no plain one to export"
            )

    @staticmethod
    def _filled(plain: nn.Module, weight: Tensor, bias: Tensor | None) -> nn.Module:
        with torch.no_grad():
            plain.get_parameter("weight").copy_(weight)
            if bias is not None:
                plain.get_parameter("bias").copy_(bias)
        return plain

    def _about(self, name: str, **given: Any) -> str:
        n = self.space.dim
        plain = {"stride": (1,) * n, "dilation": (1,) * n, "spacing": (1.0,) * n, "groups": 1}
        shown = {**given, **{k: getattr(self, k) for k, v in plain.items() if getattr(self, k) != v}}
        if self.attributes is not None:
            shown["attributes"] = self.attributes
        about = "".join(f", {k}={v!r}" for k, v in shown.items())
        size = "x".join(map(str, self.kernel_size))
        return (
            f"{name}({self.rep_in!r} -> {self.rep_out!r} | {self.group.name}, {size}{about} | {weights(self)} weights)"
        )


def _numbers(*modules: nn.Module) -> dict[torch.dtype, Tensor]:
    """A copy of all numbers that modules compute with, one flat tensor for every dtype."""
    found: dict[torch.dtype, list[Tensor]] = {}
    for module in (part for whole in modules for part in whole.modules()):
        buffers = module.all_values() if isinstance(module, Constants) else module.buffers(recurse=False)
        for t in (*module.parameters(recurse=False), *buffers):
            found.setdefault(t.dtype, []).append(t.detach().flatten())
    return {dtype: torch.cat(parts) for dtype, parts in found.items()}


def sizes(name: str, value: Any, n: int, least: int) -> tuple[int, ...]:
    """One integer from ``least`` on, or n of them, as n."""
    values = tuple(value) if isinstance(value, Sequence | np.ndarray) else (value,) * n
    if len(values) != n:
        raise ValueError(f"{name} is one integer or {n} of them, got {value!r}")
    for v in values:
        check_number(name, v, least)
    return tuple(int(v) for v in values)


def lengths(name: str, value: Any, n: int) -> tuple[float, ...]:
    """One positive number, or n of them, as n."""
    values = tuple(value) if isinstance(value, Sequence | np.ndarray) else (value,) * n
    if len(values) != n:
        raise ValueError(f"{name} is one number or {n} of them, got {value!r}")
    for v in values:
        check_number(name, v, 0, strict=True, whole=False)
    return tuple(float(v) for v in values)


def grid_offsets(kernel_size: Sequence[int], steps: Sequence[float] | None = None) -> tuple[np.ndarray, float]:
    """Offsets (points, n) of a filter's taps scaled to [−1, 1], and the largest distance of neighbouring taps.

    Axes share one scale, that of the longest side, so a tap's neighbours lie where they are in space; ``steps`` are the
    distances of neighbours along every axis.
    """
    if math.prod(kernel_size) > TAPS:
        raise ValueError(
            f"a filter of {' x '.join(map(str, kernel_size))} has {math.prod(kernel_size):,} taps, more than {TAPS:,}: "
            "choose a smaller kernel_size"
        )
    steps = [1.0] * len(kernel_size) if steps is None else steps
    half = max(max((k - 1) / 2 * s for k, s in zip(kernel_size, steps)), min(steps) / 2)
    axes = [(np.arange(k) - (k - 1) / 2) * s / half for k, s in zip(kernel_size, steps)]
    offsets = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(axes))
    return offsets, max(steps) / half
