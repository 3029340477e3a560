"""EGNN, written from its paper, as a baseline.

As in the authors' code, messages see the distances at the start, too, and the weights that move particles begin small.

References
----------
Satorras, Hoogeboom, Welling, E(n) Equivariant Graph Neural Networks, ICML 2021, arXiv:2102.09844, equations 3 to 7 and
appendix C.1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .._layers import mlp, rows
from ._data import NBody
from ._simulate import PARTICLES


class EGNN(nn.Module):
    """Positions one unit of time later, from positions and velocities; equivariant under E(3).

    Parameters
    ----------
    width : int
        Hidden features.
    layers : int

    Examples
    --------
    >>> from intertwine.examples.nbody._data import load
    >>> EGNN(8, 2)(load("springs", "test", 2)).shape
    torch.Size([2, 5, 3])
    """

    def __init__(self, width: int = 64, layers: int = 4) -> None:
        super().__init__()
        self.enter = nn.Linear(2, width)  # speed and charge
        self.message = nn.ModuleList(nn.Sequential(*mlp(2 * width + 3, width, width), nn.SiLU()) for _ in range(layers))
        self.update = nn.ModuleList(mlp(2 * width, width, width) for _ in range(layers))
        self.push = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1, bias=False)) for _ in range(layers)
        )
        self.drift = nn.ModuleList(mlp(width, width, 1) for _ in range(layers))
        for push in self.push.children():
            nn.init.xavier_uniform_(push.get_parameter("2.weight"), gain=0.001)

    def forward(self, data: NBody) -> Tensor:
        """Predict the positions (n, 5, 3)."""
        x, v = data.pos.flatten(0, 1), data.vel.flatten(0, 1)
        source, target = data.edge_index
        edge = torch.cat([data.edge_pair, (rows(x, target) - rows(x, source)).square().sum(-1, keepdim=True)], -1)
        h = self.enter(torch.stack([v.norm(dim=-1), data.node.flatten()], -1))
        for message, update, push, drift in zip(self.message, self.update, self.push, self.drift):
            apart = rows(x, target) - rows(x, source)
            distance = apart.square().sum(-1, keepdim=True)
            m = message(torch.cat([rows(h, target), rows(h, source), distance, edge], -1))
            force = x.new_zeros(x.shape).index_add(0, target, apart * push(m)) / (PARTICLES - 1)
            v_now = drift(h) * v
            x = x + force + v_now
            h = h + update(torch.cat([h, h.new_zeros(h.shape).index_add(0, target, m)], -1))
        return x.unflatten(0, (-1, PARTICLES))
