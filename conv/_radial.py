"""Radial bases: functions of the distance (or of a signed interval) that a kernel is expanded in.

Everything here is smooth and starts with a mean square of one over a ball, so that the network behind it starts
well scaled.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
import torch
from intertwine.emlp._constants import Constants
from intertwine.emlp._module import default_device
from torch import Tensor, nn


def window(t: Tensor, start: float | Tensor = 0.0, stop: float | Tensor = 1.0) -> Tensor:
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


class RadialBasis(nn.Module, ABC):
    """Smooth functions of the distance with learnable parameters, scaled to unit mean square over a ball.

    Parameters
    ----------
    count : int
        Number of functions.
    low, high : float
        The range they cover at the start; t is in units of the cutoff.
    dim : int
        Dimension of the ball |x| ≤ high.
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
        self.count, self.low, self.high = count, low, high
        kind = dtype or torch.get_default_dtype()
        self.scale = _gain(self.functions(radii(low, high, dim), *self.initial()))
        self.constants = Constants({"gain": np.array(self.scale)}, kind, device)
        device = default_device(device)
        self.parts = nn.ParameterList(nn.Parameter(p.to(device, kind)) for p in self.initial())

    @abstractmethod
    def initial(self) -> tuple[Tensor, ...]:
        """Parameters at the start, (count,) each, float64, on the CPU."""

    @abstractmethod
    def functions(self, t: Tensor, *parameters: Tensor) -> Tensor:
        """Functions of t (...) before scaling, shape (..., count)."""

    def forward(self, t: Tensor) -> Tensor:
        """Functions of t (...), shape (..., count)."""
        return self.functions(t, *self.parts) * self.constants.value("gain")

    def profile(self, t: Tensor) -> Tensor:
        """Root mean square (...) of the functions at t (...) as they start."""
        return self.functions(t, *self.initial()).square().mean(-1).sqrt() * self.scale

    def extra_repr(self) -> str:
        """Number of functions."""
        return str(self.count)


class GaussianShells(RadialBasis):
    """exp(−(t − μ_k)² / 2σ_k²) with learnable centres and widths, equally spaced at the start.

    Examples
    --------
    >>> GaussianShells(8)(torch.rand(5)).shape
    torch.Size([5, 8])
    """

    def initial(self) -> tuple[Tensor, ...]:
        """Centres and logarithms of the widths."""
        centres = torch.linspace(self.low, self.high, self.count, dtype=torch.float64, device="cpu")
        width = (self.high - self.low) / max(self.count - 1, 1)
        return centres, torch.full_like(centres, math.log(width))

    def functions(self, t: Tensor, *parameters: Tensor) -> Tensor:
        """The shells."""
        centres, log_widths = parameters
        return torch.exp(-0.5 * ((t.unsqueeze(-1) - centres) * torch.exp(-log_widths)).square())


class Bessel(RadialBasis):
    """sin(πkt)/t for k = 1 … count, smooth at 0, with learnable frequencies.

    References
    ----------
    Gasteiger, Groß, Günnemann, Directional Message Passing for Molecular Graphs, ICLR 2020, equation 7.

    Examples
    --------
    >>> basis = Bessel(4)
    >>> (basis(torch.zeros(1)) / basis(torch.zeros(1))[0, 0]).round(decimals=3)
    tensor([[1., 2., 3., 4.]], grad_fn=<...>)
    """

    def initial(self) -> tuple[Tensor, ...]:
        """Frequencies."""
        return (torch.arange(1.0, self.count + 1, dtype=torch.float64, device="cpu"),)

    def functions(self, t: Tensor, *parameters: Tensor) -> Tensor:
        """The waves."""
        k = math.pi * parameters[0]
        return k * sinc(k * (t / self.high).unsqueeze(-1))


class Chebyshev(RadialBasis):
    """Chebyshev polynomials: T_2k(t), even and so smooth at 0, of a distance; T_k of a signed interval.

    Constant beyond the range; the network behind them mixes them, they have no parameters of their own.

    Examples
    --------
    >>> basis = Chebyshev(3)
    >>> (basis(torch.tensor([0.0, 0.5, 1.0])) / basis(torch.zeros(1))[0, 0]).round(decimals=3)
    tensor([[ 1.0000, -1.0000,  1.0000],
            [ 1.0000, -0.5000, -0.5000],
            [ 1.0000,  1.0000,  1.0000]])
    """

    def initial(self) -> tuple[Tensor, ...]:
        """None."""
        return ()

    def functions(self, t: Tensor, *parameters: Tensor) -> Tensor:
        """The polynomials, by their recurrence."""
        low, high = self.low, self.high
        u = 2 * (t / high).square() - 1 if low == 0 else (2 * t - low - high) / (high - low)
        u = u.clamp(-1, 1)
        found = [torch.ones_like(u), u]
        while len(found) < self.count:
            found.append(2 * u * found[-1] - found[-2])
        return torch.stack(found[: self.count], -1)


class Window(nn.Module):
    """The smooth cutoff `window`, scaled so that with the radial functions its mean square over |x| ≤ stop is 1.

    Parameters
    ----------
    start, stop : float
        Where it leaves one and reaches zero.
    dim : int
        Dimension of the ball.
    radial : RadialBasis, optional
        What the window multiplies; by default constants.

    Examples
    --------
    >>> Window(0.0, 1.0, dim=3)(torch.tensor([0.0, 1.0])).round(decimals=3)
    tensor([2.4290, 0.0000])
    """

    def __init__(
        self,
        start: float,
        stop: float,
        dim: int,
        radial: RadialBasis | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        t = radii(0.0, stop, dim)
        values = window(t, start, stop)
        gain = _gain(values if radial is None else values * radial.profile(t))
        real = (dtype or torch.get_default_dtype()).to_real()
        self.constants = Constants({"window": np.array([start, stop, gain])}, real, device)

    def forward(self, t: Tensor) -> Tensor:
        """Values at distances t (...), of the same shape."""
        start, stop, gain = self.constants.value("window").to(t.dtype).unbind()
        return window(t, start, stop) * gain

    def extra_repr(self) -> str:
        """Where it starts and stops."""
        window = self.constants.value("window")
        return "?" if window.is_meta else "{}, {}".format(*window.tolist())


def radii(low: float, high: float, dim: int) -> Tensor:
    """Quantiles of the distance |x| of a uniform point of the ball |x| ≤ high, with both signs where low < 0."""
    t = high * ((torch.arange(1000, dtype=torch.float64, device="cpu") + 0.5) / 1000) ** (1 / dim)
    return torch.cat([-t, t]) if low < 0 else t


def _gain(values: Tensor) -> float:
    return float(values.square().mean() ** -0.5)


BASES: dict[str, type[RadialBasis]] = {"gaussian": GaussianShells, "bessel": Bessel, "chebyshev": Chebyshev}


def basis(
    name: str, shells: int, low: float, dim: int, device: torch.device | str | None, dtype: torch.dtype
) -> RadialBasis:
    """The radial basis of a name, over [low, 1] in ``dim`` dimensions."""
    if name not in BASES:
        raise ValueError(f"radial is one of {', '.join(map(repr, BASES))}, got {name!r}")
    return BASES[name](shells, low, 1.0, dim, device, dtype)
