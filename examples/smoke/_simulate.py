"""Incompressible flow in the plane that carries smoke, on a torus, by a pseudo-spectral method.

    ∂ω/∂t + u·∇ω = ν Δω + b ∂s/∂x₁,    ∂s/∂t + u·∇s = ν Δs,    u = (−∂ψ/∂x₁, ∂ψ/∂x₀),    Δψ = ω,

the Navier–Stokes equations for the vorticity ω = ∂u₁/∂x₀ − ∂u₀/∂x₁, and smoke s that diffuses as fast as momentum does.
Coordinates are those of the grid's axes: x₀ runs down the rows.  Smoke feels a force b s up the rows.  The torus has
sides 2π; modes |k| < size / 2 are kept, and products are formed on a grid of 3/2 as many points a side, so that nothing
is aliased (the 2/3 rule).  Time steps are fourth-order Runge–Kutta, with viscosity integrated exactly.

Without buoyancy (b = 0) the laws are those of an isotropic plane, for O(2); the torus and its grid keep quarter turns,
mirrors, and shifts.  Buoyancy leaves the mirror x₁ ↦ −x₁.

References
----------
Canuto, Hussaini, Quarteroni, Zang, Spectral Methods: Fundamentals in Single Domains, Springer 2006, chapter 3 (the 2/3
rule) and appendix D (time steps).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

#: wavenumber at which the amplitudes of the first velocities and smoke have fallen by 1/e
SCALE = 4.0


class Flow:
    """The equations on a grid.

    Parameters
    ----------
    size : int
        Points on each side; even.
    viscosity, buoyancy : float
        ν and b.
    dtype : torch.dtype

    Examples
    --------
    >>> flow = Flow(16)
    >>> fields = flow.random(torch.randn(2, 2, 16, 16, dtype=torch.float64))
    >>> fields.shape, flow.after(fields, 0.1, steps=4).shape
    (torch.Size([2, 3, 16, 16]), torch.Size([2, 3, 16, 16]))
    """

    def __init__(
        self, size: int, viscosity: float = 0.01, buoyancy: float = 0.0, dtype: torch.dtype = torch.float64
    ) -> None:
        if size < 4 or size % 2:
            raise ValueError(f"size is an even number of points from 4 on, got {size}")
        self.size, self.fine = size, 3 * size // 2
        self.viscosity, self.buoyancy = viscosity, buoyancy
        self.k = wavenumbers(self.fine, dtype)
        self.square = self.k[0] ** 2 + self.k[1] ** 2
        self.kept = self.square < (size / 2) ** 2
        self.inverse = torch.where(self.square > 0, 1 / self.square.clamp_min(1.0), 0.0)

    def modes(self, fields: Tensor) -> Tensor:
        """Fourier coefficients of ω and s, of fields (n, 3, size, size): smoke, u₀, u₁."""
        z = resized(torch.fft.rfft2(fields, norm="forward"), self.fine) * self.kept
        vorticity = 1j * (self.k[0] * z[:, 2] - self.k[1] * z[:, 1])
        return torch.stack([vorticity, z[:, 0]], 1)

    def fields(self, modes: Tensor) -> Tensor:
        """Smoke and velocity (n, 3, size, size) of Fourier coefficients."""
        z = torch.cat([modes[:, 1:], self.velocity(modes)], 1)
        return torch.fft.irfft2(resized(z, self.size), (self.size, self.size), norm="forward")

    def velocity(self, modes: Tensor) -> Tensor:
        """Fourier coefficients (n, 2, …) of the velocity; it has mean zero."""
        stream = -self.inverse * modes[:, 0]
        return torch.stack([-1j * self.k[1] * stream, 1j * self.k[0] * stream], 1)

    def transport(self, modes: Tensor) -> Tensor:
        """−∇·(u ω) + b ∂s/∂x₁ and −∇·(u s)."""
        shape = (self.fine, self.fine)
        u, z = torch.fft.irfft2(torch.cat([self.velocity(modes), modes], 1), shape, norm="forward").split(2, 1)
        flux = torch.fft.rfft2(u[:, None] * z[:, :, None], norm="forward")  # (n, 2 of ω and s, 2 of u, …)
        change = -1j * self.kept * (self.k[0] * flux[:, :, 0] + self.k[1] * flux[:, :, 1])
        if self.buoyancy:
            change[:, 0] += self.buoyancy * 1j * self.k[1] * modes[:, 1]
        return change

    def after(self, fields: Tensor, time: float, steps: int) -> Tensor:
        """Smoke and velocity (n, 3, size, size) some time later.

        Velocities that are not free of divergence, or do not have mean zero, lose what is.
        """
        modes, h = self.modes(fields), time / steps
        half = torch.exp(-self.viscosity * self.square * h / 2)
        for _ in range(steps):
            modes = runge_kutta(self.transport, modes, h, half)
        return self.fields(modes)

    def random(self, noise: Tensor) -> Tensor:
        """Isotropic fields (n, 3, size, size) from white noise (n, 2, size, size).

        Amplitudes of the stream function and of smoke fall like exp(−(k / `SCALE`)²); the expected mean squares of
        smoke and of either component of the velocity are 1.
        """
        whole = wavenumbers(self.size, noise.dtype, whole=True)
        square = whole[0] ** 2 + whole[1] ** 2
        spectrum = torch.exp(-2 * square / SCALE**2) * (square > 0) * (square < (self.size / 2) ** 2) / self.size**2
        z = resized(torch.fft.rfft2(noise, norm="forward"), self.fine)
        z = z * self.kept * (self.square > 0) * torch.exp(-self.square / SCALE**2)
        vorticity = z[:, 0] * self.square * (2 / (spectrum * square).sum()).sqrt()
        return self.fields(torch.stack([vorticity, z[:, 1] / spectrum.sum().sqrt()], 1))


def runge_kutta(f: Callable[[Tensor], Tensor], z: Tensor, h: float, half: Tensor) -> Tensor:
    """One step of z' = f(z) − λ z, with ``half`` = exp(−λ h / 2), exact where f = 0."""
    a = f(z)
    b = f(half * (z + h / 2 * a))
    c = f(half * z + h / 2 * b)
    d = f(half * (half * z + h * c))
    return half * (half * (z + h / 6 * a) + h / 3 * (b + c)) + h / 6 * d


def wavenumbers(size: int, dtype: torch.dtype, whole: bool = False) -> tuple[Tensor, Tensor]:
    """Of both axes, as a column and a row; of the last axis those that `torch.fft.rfft2` keeps, or the whole."""
    along = torch.fft.fftfreq(size, 1 / size, dtype=dtype)
    last = along if whole else torch.fft.rfftfreq(size, 1 / size, dtype=dtype)
    return along[:, None], last[None, :]


def resized(modes: Tensor, size: int) -> Tensor:
    """Coefficients (…, m, m/2 + 1) of real fields for another grid; the highest of the smaller one are dropped."""
    half = math.ceil(min(size, modes.shape[-2]) / 2)
    out = modes.new_zeros(*modes.shape[:-2], size, size // 2 + 1)
    out[..., :half, :half] = modes[..., :half, :half]
    out[..., 1 - half :, :half] = modes[..., 1 - half :, :half]
    return out
