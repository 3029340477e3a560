"""Clouds at several resolutions: what every network here passes messages along."""

from __future__ import annotations

from typing import NamedTuple

import torch
from intertwine.conv import fps, radius
from torch import Tensor

#: of the points before, kept by every level; the radius of its neighbourhoods; and how many points these have at most
RATIOS, RADII, NEIGHBOURS = (3 / 8, 1 / 3), (0.5, 0.9), 16


class Level(NamedTuple):
    """Points (N, 3) of clouds batch (N,); edges from the points of the level before, and edges among them."""

    pos: Tensor
    batch: Tensor
    down: Tensor
    same: Tensor


def levels(points: Tensor) -> list[Level]:
    """Coarser and coarser clouds, the last one the centres alone; from points (n, p, 3).

    Examples
    --------
    >>> [len(level.pos) for level in levels(torch.randn(2, 128, 3))]
    [256, 96, 32, 2]
    """
    n, p, _ = points.shape
    pos, batch = points.flatten(0, 1), torch.arange(n, device=points.device).repeat_interleave(p)
    none = batch.new_zeros(2, 0)
    found = [Level(pos, batch, none, none)]
    for ratio, r in zip(RATIOS, RADII):
        kept = fps(pos, batch, ratio)
        coarse, near = pos[kept], batch[kept]
        down = radius(pos, coarse, r, batch, near, NEIGHBOURS)
        pos, batch = coarse, near
        found.append(Level(pos, batch, down, radius(pos, pos, 1.5 * r, batch, batch, NEIGHBOURS)))
    inward = torch.stack([torch.arange(len(pos), device=pos.device), batch])
    last = torch.arange(n, device=points.device)
    return [*found, Level(points.new_zeros(n, 3), last, inward, none)]
