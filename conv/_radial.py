"""Radial bases: functions of the distance (or of a signed interval) that a kernel is expanded in.

Everything here is smooth and starts with a mean square of one over a ball, so that the network behind it starts
well scaled.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def window(t: Tensor, start: float = 0.0, stop: float = 1.0) -> Tensor:
    """Smooth cutoff: 1 for |t| ≤ start, 0 with all derivatives from |t| = stop on; t = r / cutoff.

    Between them the bump exp(1 − 1/(1 − s²)), s = (|t| − start)/(stop − start).

    Examples
    --------
    >>> window(torch.tensor([0.0, 0.5, 0.999, 1.5])).round(decimals=3)
    tensor([1.0000, 0.7170, 0.0000, 0.0000])
    """
    s = ((t.abs() - start) / (stop - start)).clamp_min(0.0)
    inside = (1 - s.square()).clamp_min(1e-2)  # exp(−99) is 0 in float32 and nearly so in float64
    return torch.exp(1 - 1 / inside) * (s < 1)


class Window(nn.Module):
    """The smooth cutoff `window`, scaled to unit mean square over the ball |x| ≤ stop.

    Parameters
    ----------
    start, stop : float
        Where it leaves one and reaches zero.
    dim : int
        Dimension of the ball.

    Examples
    --------
    >>> Window(0.0, 1.0, dim=3)(torch.tensor([0.0, 1.0])).round(decimals=3)
    tensor([2.4290, 0.0000])
    """

    def __init__(self, start: float, stop: float, dim: int) -> None:
        super().__init__()
        self.start, self.stop = float(start), float(stop)
        self.gain = _gain(window(radii(0.0, self.stop, dim), self.start, self.stop))

    def forward(self, t: Tensor) -> Tensor:
        """Values at distances t (...), of the same shape."""
        return window(t, self.start, self.stop) * self.gain

    def extra_repr(self) -> str:
        """Where it starts and stops."""
        return f"{self.start}, {self.stop}"


def sinc(x: Tensor) -> Tensor:
    """sin(x)/x with all its derivatives at 0 (those of `torch.sinc` are nan there from the second on).

    Examples
    --------
    >>> sinc(torch.tensor([0.0, torch.pi / 2])).round(decimals=4)
    tensor([1.0000, 0.6366])
    """
    near = x.abs() < 0.1
    square = torch.where(near, x, 0.0).square()
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72)))
    far = torch.where(near, 1.0, x)
    return torch.where(near, series, torch.sin(far) / far)


class GaussianShells(nn.Module):
    """exp(−(t − μ_k)² / 2σ_k²) with learnable centres and widths.

    Parameters
    ----------
    count : int
        Number of shells.
    low, high : float
        Range in which the centres start, equally spaced; t is in units of the cutoff.
    dim : int
        They are scaled to unit mean square over a ball of this dimension.

    Examples
    --------
    >>> GaussianShells(8)(torch.rand(5)).shape
    torch.Size([5, 8])
    """

    def __init__(
        self,
        count: int,
        low: float = 0.0,
        high: float = 1.0,
        dim: int = 3,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.count = count
        width = (high - low) / max(count - 1, 1)
        centres = torch.linspace(low, high, count, dtype=torch.float64)
        t = radii(low, high, dim)
        self.gain = _gain(torch.exp(-0.5 * ((t[:, None] - centres) / width).square()))
        self.centres = nn.Parameter(centres.to(device, dtype or torch.get_default_dtype()))
        self.log_widths = nn.Parameter(torch.full((count,), math.log(width), device=device, dtype=dtype))

    def forward(self, t: Tensor) -> Tensor:
        """Shells of t (...), shape (..., count)."""
        z = (t.unsqueeze(-1) - self.centres) * torch.exp(-self.log_widths)
        return torch.exp(-0.5 * z.square()) * self.gain

    def extra_repr(self) -> str:
        """Number of shells."""
        return str(self.count)


class Bessel(nn.Module):
    """sin(πkt)/t for k = 1 … count, smooth at 0, with learnable frequencies.

    Parameters
    ----------
    count, low, high, dim
        As in `GaussianShells`.

    References
    ----------
    Gasteiger, Groß, Günnemann, Directional Message Passing for Molecular Graphs, ICLR 2020, equation 7.

    Examples
    --------
    >>> basis = Bessel(4)
    >>> (basis(torch.zeros(1)) / basis(torch.zeros(1))[0, 0]).round(decimals=3)
    tensor([[1., 2., 3., 4.]], grad_fn=<...>)
    """

    def __init__(
        self,
        count: int,
        low: float = 0.0,
        high: float = 1.0,
        dim: int = 3,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.count, self.high = count, high
        frequencies = torch.arange(1.0, count + 1, dtype=torch.float64)
        t = radii(low, high, dim)
        self.gain = _gain(self._waves(t, frequencies))
        self.frequencies = nn.Parameter(frequencies.to(device, dtype or torch.get_default_dtype()))

    def _waves(self, t: Tensor, frequencies: Tensor) -> Tensor:
        k = math.pi * frequencies
        return k * sinc(k * (t / self.high).unsqueeze(-1))

    def forward(self, t: Tensor) -> Tensor:
        """Functions of t (...), shape (..., count)."""
        return self._waves(t, self.frequencies) * self.gain

    def extra_repr(self) -> str:
        """Number of functions."""
        return str(self.count)


def radii(low: float, high: float, dim: int) -> Tensor:
    """Quantiles of the distance |x| of a uniform point of the ball |x| ≤ high, with both signs where low < 0."""
    t = high * ((torch.arange(1000, dtype=torch.float64) + 0.5) / 1000) ** (1 / dim)
    return torch.cat([-t, t]) if low < 0 else t


def _gain(values: Tensor) -> float:
    return float(values.square().mean() ** -0.5)


BASES = {"gaussian": GaussianShells, "bessel": Bessel}
