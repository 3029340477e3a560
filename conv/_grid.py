"""Steerable convolutions on regular grids in 1, 2 and 3 dimensions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from intertwine.emlp._constants import Constants
from intertwine.emlp._module import Layer, weights
from intertwine.groups import Group
from intertwine.reps import Rep, V
from torch import Tensor, nn
from torch.nn import functional

from ._kernel import ImplicitKernel, check_dtype, check_number, invariant_bias
from ._radial import Window

CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
Size = int | Sequence[int]


class GridConv(Layer):
    """Steerable convolution of feature fields on a grid, with an implicit kernel.

    A cross-correlation like `torch.nn.ConvNd`: y(i) = Σ_o K(o) f(i + o), offsets o of the grid, scaled to
    [−1, 1].  Coordinates come in the order of the spatial axes: on a plane the first coordinate runs down the
    rows.  The kernel falls smoothly to zero over one pixel beyond the unit ball, so that rotations that are no
    symmetry of the grid are broken by sampling only.

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group, optional
    kernel_size : int or sequence of int
    stride, padding, dilation : int or sequence of int
        As in `torch.nn.ConvNd`.
    space : Rep
        Acts on grid coordinates; its dimension (1, 2 or 3) is the grid's.
    bias : bool
        Add the invariant part of a learned constant.
    hidden, layers, width, radial, shells, degree
        Of the kernel: see `ImplicitKernel`.

    Raises
    ------
    TypeError, ValueError
        As `ImplicitKernel`; also for a space that is not 1-, 2- or 3-dimensional, sizes that don't fit it,
        and, when called, fields of another shape.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> conv = GridConv(Scalar, 4 * Scalar + 2 * V, group=O(2), kernel_size=5, padding=2)
    >>> conv(torch.randn(1, 1, 16, 16)).shape
    torch.Size([1, 8, 16, 16])
    >>> conv.filter().shape
    torch.Size([8, 1, 5, 5])

    References
    ----------
    Weiler et al., 3D Steerable CNNs, NeurIPS 2018, arXiv:1807.02547; implicit kernels: arXiv:2212.06096.
    """

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Size | Literal["same", "valid"] = 0,
        dilation: Size = 1,
        space: Rep = V,
        bias: bool = True,
        hidden: int | Rep = 128,
        layers: int = 2,
        width: int = 32,
        radial: str = "gaussian",
        shells: int = 8,
        degree: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.kernel = ImplicitKernel(
            rep_in,
            rep_out,
            group,
            space,
            hidden=hidden,
            layers=layers,
            width=width,
            radial=radial,
            shells=shells,
            cutoff=1.0,
            window=None,
            degree=degree,
            device=device,
            dtype=dtype,
        )
        self.group, self.space = self.kernel.group, self.kernel.space
        self.rep_in, self.rep_out = self.kernel.rep_in, self.kernel.rep_out
        n = self.space.dim
        if n not in CONVOLUTIONS:
            raise ValueError(f"grids have 1, 2 or 3 dimensions, but space = {self.space!r} has {n}")
        self.kernel_size = _sizes("kernel_size", kernel_size, n, 1)
        self.stride = _sizes("stride", stride, n, 1)
        self.padding = padding if padding in ("same", "valid") else _sizes("padding", padding, n, 0)
        self.dilation = _sizes("dilation", dilation, n, 1)
        dtype = next(iter(self.kernel.contraction.weights)).dtype
        offsets, pixel = grid_offsets(self.kernel_size)
        self.kernel.window = Window(1.0, 1.0 + pixel, n, self.kernel.radial, device, dtype)
        taps = Window(1.0, 1.0 + pixel, n, self.kernel.radial, dtype=torch.float64)
        gain = float(taps(torch.from_numpy(np.linalg.norm(offsets, axis=1))).square().sum()) ** -0.5
        self.grid = Constants({"offsets": offsets, "gain": np.array(gain)}, dtype, device)
        self.shift = invariant_bias(self.rep_out, dtype, device) if bias else None

    def filter(self) -> Tensor:
        """The plain convolution's weight, (rep_out.dim, rep_in.dim, *kernel_size)."""
        kernels = self.kernel(self.grid.value("offsets")) * self.grid.value("gain")  # (taps, out, in)
        return kernels.permute(1, 2, 0).reshape(self.rep_out.dim, self.rep_in.dim, *self.kernel_size)

    def export(self) -> nn.Module:
        """A plain `torch.nn.Conv1d`, `Conv2d` or `Conv3d` with the present filter, for inference without kernels.

        Examples
        --------
        >>> import torch
        >>> from intertwine.groups import C
        >>> from intertwine.reps import Scalar, V
        >>> conv = GridConv(Scalar, V, group=C(4), kernel_size=3)
        >>> plain, x = conv.export(), torch.randn(1, 1, 8, 8)
        >>> bool(torch.allclose(plain(x), conv(x), atol=1e-5))
        True
        """
        kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[self.space.dim - 1]
        weight = self.filter().detach()
        plain = kind(
            self.rep_in.dim,
            self.rep_out.dim,
            self.kernel_size,  # type: ignore[arg-type]
            self.stride,  # type: ignore[arg-type]
            self.padding,  # type: ignore[arg-type]
            self.dilation,  # type: ignore[arg-type]
            bias=self.shift is not None,
            device=weight.device,
            dtype=weight.dtype,
        )
        with torch.no_grad():
            plain.weight.copy_(weight)
            if self.shift is not None and plain.bias is not None:
                plain.bias.copy_(self.shift(weight.new_ones(1, 1))[0])
        return plain

    def forward(self, x: Tensor) -> Tensor:
        """Convolve fields (B, rep_in.dim, *spatial) to (B, rep_out.dim, *spatial')."""
        n = self.space.dim
        if x.ndim != n + 2 or x.shape[1] != self.rep_in.dim:
            raise ValueError(
                f"expected a field of shape (batch, rep_in.dim = {self.rep_in.dim}, {n} spatial axes), got "
                f"{tuple(x.shape)}"
            )
        check_dtype(x, "x", self.grid.value("offsets"))
        bias = None if self.shift is None else self.shift(x.new_ones(1, 1))[0]
        convolve = CONVOLUTIONS[n]
        return convolve(x, self.filter(), bias, self.stride, self.padding, self.dilation)

    def __repr__(self) -> str:
        size = "x".join(map(str, self.kernel_size))
        plain = {"stride": 1, "padding": 0, "dilation": 1}
        given = {name: getattr(self, name) for name in plain}
        about = "".join(f", {k}={v}" for k, v in given.items() if v != (plain[k],) * self.space.dim)
        reps = f"{self.rep_in!r} -> {self.rep_out!r}"
        return f"GridConv({reps} | {self.group.name}, {size}{about} | {weights(self)} weights)"


def _sizes(name: str, value: Any, n: int, least: int) -> tuple[int, ...]:
    values = tuple(value) if isinstance(value, Sequence | np.ndarray) else (value,) * n
    if len(values) != n:
        raise ValueError(f"{name} is one integer or {n} of them, got {value!r}")
    for v in values:
        check_number(name, v, least)
    return tuple(int(v) for v in values)


def grid_offsets(kernel_size: Sequence[int]) -> tuple[np.ndarray, float]:
    """Offsets (points, n) of a filter's taps scaled to [−1, 1], and the distance of neighbouring taps.

    Axes share one scale, that of the longest side, so a tap's neighbours lie equally far in every direction.
    """
    half = max(max((k - 1) / 2 for k in kernel_size), 0.5)
    axes = [(np.arange(k) - (k - 1) / 2) / half for k in kernel_size]
    offsets = np.array(list(itertools.product(*axes)))
    return offsets, 1 / half
