"""Steerable convolutions on regular grids in 1, 2 and 3 dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from intertwine.groups import Group
from intertwine.reps import Rep, V
from torch import Tensor, nn
from torch.nn import functional

from ._grid_layer import GridLayer, Size, sizes
from ._kernel import Kernel
from ._low_rank import Rank

CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class GridConv(GridLayer):
    """Steerable convolution of feature fields on a grid, with an implicit kernel.

    A cross-correlation like `torch.nn.ConvNd`: y(i) = Σ_o K(o) f(i + o), offsets o of the grid, scaled to
    [−1, 1].  Coordinates come in the order of the spatial axes: on a plane the first coordinate runs down the
    rows.  The kernel falls smoothly to zero over one pixel beyond the unit ball, so that rotations that are no
    symmetry of the grid are broken by sampling only.  For an indefinite form (space-time) the window is one of |q|,
    and the filter's box cuts what is left along the light cone.

    Parameters
    ----------
    rep_in, rep_out : Rep
        Of one of the ``groups``.
    group : Group, optional
    kernel_size : int or sequence of int
    stride, padding, dilation : int or sequence of int
        As in `torch.nn.ConvNd`; padding also "same" or "valid".
    padding_mode : "zeros", "reflect", "replicate" or "circular"
    groups : int
        Fields are so many copies, ``groups * rep_in`` and ``groups * rep_out``; every copy of the output sees its
        own copy of the input alone, through kernels of its own.  With one irrep per copy this is depthwise.
    spacing : float or sequence of float
        Distance of neighbouring grid points along each axis; only ratios matter.  Kernels see distances.
    attributes : Rep, optional
        Acts on attributes of a sample; the layer then has another filter for every sample.
    space : Rep
        Acts on grid coordinates; its dimension (1, 2 or 3) is the grid's.
    bias : bool
        Add the invariant part of a learned constant.
    hidden, layers, width, radial, shells, degree, rank
        Of the kernel: see `ImplicitKernel`.
    kernel : Kernel, optional
        A kernel to take instead, such as a `StabilizerKernel`, from ``rep_in`` to ``groups * rep_out``, of offsets
        of which the longest side runs from −1 to 1.

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
    Weiler et al., 3D Steerable CNNs, NeurIPS 2018, arXiv:1807.02547; implicit kernels: arXiv:2212.06096; attributes:
    arXiv:2212.06096, section 4.2.
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
        groups: int = 1,
        padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros",
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
        if padding_mode not in PADDING_MODES:
            raise ValueError(f"padding_mode is one of {', '.join(map(repr, PADDING_MODES))}, got {padding_mode!r}")
        n = self.space.dim
        self.padding = padding if padding in ("same", "valid") else sizes("padding", padding, n, 0)
        self.padding_mode = padding_mode
        if padding == "same" and self.stride != (1,) * n:
            raise ValueError(f"padding='same' needs stride 1, got {self.stride}: give the padding as numbers")

    def _seen(self, offsets: np.ndarray) -> np.ndarray:
        return offsets

    def filter(self, attr: Tensor | None = None) -> Tensor:
        """The plain convolution's weight, (rep_out.dim, rep_in.dim / groups, *kernel_size); with attributes
        (samples, attributes.dim) one for every sample, stacked along the first axis."""
        k = self.kernels(attr)
        return k.movedim(-3, -1).reshape(-1, k.shape[-1], *self.kernel_size)

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
        self._refuse_attributes()
        weight = self.filter().detach()
        kind: Any = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[self.space.dim - 1]
        plain = kind(
            self.dim_in,
            self.dim_out,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            bias=self.shift is not None,
            padding_mode=self.padding_mode,
            device=weight.device,
            dtype=weight.dtype,
        )
        return self._filled(plain, weight, self._bias(weight))

    def forward(self, x: Tensor, attr: Tensor | None = None) -> Tensor:
        """Convolve fields (B, rep_in.dim, *spatial), with attributes (B, attributes.dim), to (B, rep_out.dim, …)."""
        self._check(x, attr)
        convolve, batch, groups = CONVOLUTIONS[self.space.dim], x.shape[0], self.groups
        padding: Any = self.padding
        if self.padding_mode != "zeros" and padding != "valid":
            x, padding = functional.pad(x, self._margins(), self.padding_mode), 0
        if attr is None:
            return convolve(x, self._present_filter(), self._bias(x), self.stride, padding, self.dilation, groups)
        if not batch:
            return convolve(
                x,
                x.new_zeros(self.dim_out, self.dim_in // groups, *self.kernel_size),
                None,
                self.stride,
                padding,
                self.dilation,
                groups,
            )
        stacked = x.reshape(1, batch * x.shape[1], *x.shape[2:])  # samples as groups of channels
        y = convolve(stacked, self._present_filter(attr), None, self.stride, padding, self.dilation, batch * groups)
        y, bias = y.reshape(batch, self.dim_out, *y.shape[2:]), self._bias(x)
        return y if bias is None else y + bias.reshape(-1, *(1,) * self.space.dim)

    def _margins(self) -> list[int]:
        """What to add before and after each axis, the last axis first."""
        if self.padding == "same":
            total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
            return [side for t in reversed(total) for side in (t // 2, t - t // 2)]
        return [p for p in reversed(self.padding) if isinstance(p, int) for _ in range(2)]

    def __repr__(self) -> str:
        n = self.space.dim
        given: dict[str, Any] = {} if self.padding in ((0,) * n, "valid") else {"padding": self.padding}
        if self.padding_mode != "zeros":
            given["padding_mode"] = self.padding_mode
        return self._about("GridConv", **given)
