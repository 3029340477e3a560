"""Random elements of symmetry groups, by which training samples are moved."""

from __future__ import annotations

import torch
from intertwine.groups import Group, O
from torch import Tensor

#: elements that are drawn once, where drawing them anew would take longer than training
POOL = 4096


def elements(group: Group, n: int, generator: torch.Generator) -> Tensor:
    """Random elements of a group, (n, d, d) float64."""
    seed = int(torch.randint(2**31, (1,), generator=generator))
    return torch.from_numpy(group.sample(n, rng=seed))


def azimuthal(n: int, generator: torch.Generator) -> Tensor:
    """Random rotations about the z-axis and mirrors that contain it, (n, 3, 3) float64.

    Examples
    --------
    >>> g = azimuthal(100, torch.Generator().manual_seed(0))
    >>> torch.equal(g[:, 2], torch.tensor([[0.0, 0.0, 1.0]]).double().expand(100, 3))
    True
    >>> sorted(set(g.det().round().tolist()))
    [-1.0, 1.0]
    """
    found = torch.eye(3, dtype=torch.float64).repeat(n, 1, 1)
    found[:, :2, :2] = elements(O(2), n, generator)
    return found
