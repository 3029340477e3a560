"""Messages of plain networks between particles, as a baseline: they see positions and velocities by components."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .._layers import Messages, mlp, rows
from ._data import INTERVAL, NBody


class PlainNet(nn.Module):
    """Positions after `INTERVAL`: those of linear motion, and what the messages of all pairs add.

    Parameters
    ----------
    width : int
        Hidden features.
    absolute : bool
        See absolute positions, as an outer field asks for; without them shifts are a symmetry, the only one.
    layers : int

    Examples
    --------
    >>> from intertwine.examples.nbody._data import load
    >>> PlainNet(8, True)(load("springs", "test", 2)).shape
    torch.Size([2, 5, 3])
    """

    def __init__(self, width: int, absolute: bool = False, layers: int = 4) -> None:
        super().__init__()
        self.absolute = absolute
        self.enter = nn.Linear(8 if absolute else 5, width)
        self.messages = nn.ModuleList(Messages(width, 9) for _ in range(layers))
        self.leave = mlp(width, width, 3)

    def forward(self, data: NBody) -> Tensor:
        """Predict the positions (n, 5, 3)."""
        pos, vel = data.pos.flatten(0, 1), data.vel.flatten(0, 1)
        source, target = edges = data.edge_index
        apart, against = rows(pos, target) - rows(pos, source), rows(vel, target) - rows(vel, source)
        lengths = [t.norm(dim=-1, keepdim=True) for t in (apart, against)]
        seen = torch.cat([apart, against, *lengths, data.edge_pair], -1)
        own = [data.node.reshape(-1, 1), vel.norm(dim=-1, keepdim=True), vel, *([pos] if self.absolute else [])]
        h = self.enter(torch.cat(own, -1))
        for messages in self.messages:
            h = messages(h, edges, seen)
        return (pos + INTERVAL * vel + self.leave(h)).view_as(data.pos)
