"""Radial bases: functions of the distance (or of a signed interval) that a kernel is expanded in.

Both bases are smooth, vanish with their derivatives at the cutoff, and have a mean square of about one where
they live, so that the network behind them starts well scaled.
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


class GaussianShells(nn.Module):
    """exp(−(t − μ_k)² / 2σ_k²) with learnable centres and widths.

    Parameters
    ----------
    count : int
        Number of shells.
    low, high : float
        Range in which the centres start, equally spaced; t is in units of the cutoff.

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
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.count = count
        width = (high - low) / max(count - 1, 1)
        self.centres = nn.Parameter(torch.linspace(low, high, count, device=device, dtype=dtype))
        self.log_widths = nn.Parameter(torch.full((count,), math.log(width), device=device, dtype=dtype))
        # mean over t of the square of one shell is σ√π / (high − low)
        self.gain = math.sqrt((high - low) / (width * math.sqrt(math.pi)))

    def forward(self, t: Tensor) -> Tensor:
        """Shells of t (...), shape (..., count)."""
        z = (t.unsqueeze(-1) - self.centres) * torch.exp(-self.log_widths)
        return torch.exp(-0.5 * z.square()) * self.gain

    def extra_repr(self) -> str:
        """Number of shells."""
        return str(self.count)


class Bessel(nn.Module):
    """√2 sin(πkt)/t for k = 1 … count, smooth at 0, with learnable frequencies.

    References
    ----------
    Gasteiger, Groß, Günnemann, Directional Message Passing for Molecular Graphs, ICLR 2020, equation 7.

    Examples
    --------
    >>> Bessel(4)(torch.zeros(1)).round(decimals=3)
    tensor([[ 4.4430,  8.8860, 13.3290, 17.7720]], grad_fn=<...>)
    """

    def __init__(
        self,
        count: int,
        low: float = 0.0,
        high: float = 1.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.count, self.high = count, high
        self.frequencies = nn.Parameter(torch.arange(1.0, count + 1, device=device, dtype=dtype))

    def forward(self, t: Tensor) -> Tensor:
        """Functions of t (...), shape (..., count)."""
        t = (t / self.high).unsqueeze(-1)
        return math.sqrt(2) * math.pi * self.frequencies * torch.sinc(self.frequencies * t)

    def extra_repr(self) -> str:
        """Number of functions."""
        return str(self.count)


BASES = {"gaussian": GaussianShells, "bessel": Bessel}
