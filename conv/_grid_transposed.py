"""Transposed steerable convolutions: from a coarse grid to a fine one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from intertwine.groups import Group
from intertwine.reps import Rep, V
from torch import Tensor, nn
from torch.nn import functional

from ._grid_layer import GridLayer, Size, sizes
from ._kernel import Kernel
from ._low_rank import Rank
from ._radial import RadialBasis

TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}


class GridConvTransposed(GridLayer):
    """The transpose of a strided `GridConv`: y(j) = Σ_i K(i − j) f(i), i on the coarse grid, j on the fine one.

    With K'(x) = K(−x)ᵀ it is the adjoint of the `GridConv` of K'.  Parameters as `GridConv`, without padding modes.

    Parameters
    ----------
    output_padding : int or sequence of int
        Added to one side of the output's size, as in `torch.nn.ConvTransposeNd`.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> up = GridConvTransposed(V, Scalar + V, group=O(2), kernel_size=4, stride=2, padding=1)
    >>> up(torch.randn(1, 2, 8, 8)).shape
    torch.Size([1, 3, 16, 16])
    """

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        spacing: float | Sequence[float] = 1.0,
        attributes: Rep | None = None,
        space: Rep = V,
        bias: bool = True,
        hidden: int | Rep = 128,
        layers: int = 2,
        width: int = 32,
        radial: str = "gaussian",
        shells: int = 8,
        degree: int | None = None,
        rank: Rank | None = None,
        kernel: Kernel | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            rep_in,
            rep_out,
            group,
            kernel_size,
            stride,
            dilation,
            groups,
            spacing,
            attributes,
            space,
            bias,
            device,
            dtype,
            kernel,
            hidden=hidden,
            layers=layers,
            width=width,
            radial=radial,
            shells=shells,
            degree=degree,
            rank=rank,
        )
        n = self.space.dim
        self.padding = sizes("padding", padding, n, 0)
        self.output_padding = sizes("output_padding", output_padding, n, 0)

    def _seen(self, offsets: np.ndarray) -> np.ndarray:
        return -offsets

    def _reached(self, radial: RadialBasis, offsets: np.ndarray, pixel: float) -> float:
        return super()._reached(radial, offsets, pixel) / math.prod(self.stride)

    def filter(self, attr: Tensor | None = None) -> Tensor:
        """The plain transposed convolution's weight, (rep_in.dim, rep_out.dim / groups, *kernel_size); with attributes
        one for every sample, stacked along the first axis."""
        k = self.kernels(attr)
        m, n = self.dim_out // self.groups, k.shape[-1]
        k = k.reshape(-1, len(self.grid.value("offsets")), self.groups, m, n)  # (samples, taps, groups, out, in)
        return k.permute(0, 2, 4, 3, 1).reshape(-1, m, *self.kernel_size)

    def export(self) -> nn.Module:
        """A plain `torch.nn.ConvTranspose1d`, `2d` or `3d` with the present filter."""
        self._refuse_attributes()
        weight = self.filter().detach()
        kind: Any = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[self.space.dim - 1]
        plain = kind(
            self.dim_in,
            self.dim_out,
            self.kernel_size,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            bias=self.shift is not None,
            dilation=self.dilation,
            device=weight.device,
            dtype=weight.dtype,
        )
        return self._filled(plain, weight, self._bias(weight))

    def forward(self, x: Tensor, attr: Tensor | None = None) -> Tensor:
        """Fields (B, rep_in.dim, *spatial), with attributes (B, attributes.dim), to (B, rep_out.dim, …)."""
        self._check(x, attr)
        convolve, batch, groups = TRANSPOSED[self.space.dim], x.shape[0], self.groups
        about = (self.stride, self.padding, self.output_padding)
        if attr is None or not batch:
            weight = (
                self._present_filter()
                if attr is None
                else x.new_zeros(self.dim_in, self.dim_out // groups, *self.kernel_size)
            )
            return convolve(x, weight, self._bias(x), *about, groups, self.dilation)
        stacked = x.reshape(1, batch * x.shape[1], *x.shape[2:])
        y = convolve(stacked, self._present_filter(attr), None, *about, batch * groups, self.dilation)
        y, bias = y.reshape(batch, self.dim_out, *y.shape[2:]), self._bias(x)
        return y if bias is None else y + bias.reshape(-1, *(1,) * self.space.dim)

    def __repr__(self) -> str:
        zero = (0,) * self.space.dim
        given = {k: v for k in ("padding", "output_padding") if (v := getattr(self, k)) != zero}
        return self._about("GridConvTransposed", **given)
