"""How far networks on a torus are from commuting with turns of the plane."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ._data import moved, symmetries

Step = Callable[[Tensor], Tensor]
#: sides of the torus in a turned patch, and the part of its inner radius within which outputs are compared
PATCH, INNER = 2, 0.5


def grid_error(step: Step, fields: Tensor, buoyancy: float = 0.0) -> float:
    """Relative error ‖f(g x) − g f(x)‖ / ‖f(x) − x‖ over the symmetries of the grid.

    Examples
    --------
    >>> fields = torch.randn(2, 3, 8, 8)
    >>> grid_error(lambda x: x.roll(1, 2), fields) > 0.1, grid_error(lambda x: 2 * x, fields)
    (True, 0.0)
    """
    plain = step(fields)
    errors = [(step(moved(fields, g)) - moved(plain, g)).norm() for g in symmetries(buoyancy)]
    return float(torch.stack(errors).square().mean().sqrt() / (plain - fields).norm())


def turn_error(step: Step, fields: Tensor, angles: Tensor) -> float:
    """The same over turns by any angles, in the middle of a patch of the plane on which the fields repeat themselves.

    Fields and what the network makes of them are turned by the trigonometric polynomials through their points, without
    interpolation.  The patch has twice the side of the torus and is compared within half its inner radius, so that the
    network sees its edge, where turned fields do not fit together, only from afar.
    """
    size = PATCH * fields.shape[-1]
    along = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    place = torch.stack(torch.meshgrid(along, along, indexing="ij"), -1)
    inside = (place.norm(dim=-1) < INNER * size / 2).to(fields.device)
    plain, wrong, right = step(fields), 0.0, 0.0
    for angle in angles.tolist():
        x, y = (turned(some, angle, place) for some in (fields, plain))
        wrong += float((step(x) - y)[..., inside].square().sum())
        right += float((y - x)[..., inside].square().sum())
    return math.sqrt(wrong / right)


def turned(fields: Tensor, angle: float, place: Tensor) -> Tensor:
    """Smoke and velocity (n, 3, s, s) turned about the middle of their grid, at places (a, b, 2): (n, 3, a, b).

    Examples
    --------
    >>> fields = torch.randn(1, 3, 9, 9)
    >>> place = torch.cartesian_prod(torch.arange(-4, 5), torch.arange(-4, 5)).view(9, 9, 2)
    >>> quarter = turned(fields, math.pi / 2, place.double())
    >>> torch.allclose(quarter[:, 0], fields[:, 0].rot90(1, (1, 2)), atol=1e-5)
    True
    """
    c, s, size = math.cos(angle), math.sin(angle), fields.shape[-1]
    turn = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    k = torch.fft.fftfreq(size, 1 / size, dtype=torch.float64)
    before = (place @ turn).flatten(0, 1) + (size - 1) / 2  # g⁻¹ p as rows, from the grid's first point
    waves = [torch.exp(2j * math.pi / size * x[:, None] * k) for x in before.unbind(1)]
    every = torch.einsum("pi,pj->pij", *waves).flatten(1).to(fields.device)  # (points, modes)
    modes = torch.fft.fft2(fields.double(), norm="forward").flatten(2)
    values = (modes @ every.mT).real.unflatten(2, place.shape[:2])
    velocity = torch.einsum("ij,njab->niab", turn.to(fields.device), values[:, 1:])
    return torch.cat([values[:, :1], velocity], 1).to(fields)
