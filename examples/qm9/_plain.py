"""Messages of plain networks between atoms, as a baseline: they see positions by components."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from .._layers import Messages, mlp, rows
from ._data import ELEMENTS
from ._graphs import Batch
from ._model import CUTOFF


class Plain(nn.Module):
    """Features of all atoms of a batch, of relative positions: they know no symmetry but shifts.

    Parameters
    ----------
    width, layers : int

    Attributes
    ----------
    scalars : int
        Number of features: ``width``.
    """

    def __init__(self, width: int, layers: int = 4) -> None:
        super().__init__()
        self.scalars = width
        self.enter = nn.Linear(len(ELEMENTS), width)
        self.messages = nn.ModuleList(Messages(width, 4) for _ in range(layers))
        self.leave = mlp(width, width, width)

    def scalar(self, batch: Batch) -> Tensor:
        """The features (atoms, width)."""
        source, target = batch.edge_index
        apart = (rows(batch.pos, target) - rows(batch.pos, source)) / CUTOFF
        seen = torch.cat([apart, apart.norm(dim=-1, keepdim=True)], -1)
        h = self.enter(one_hot(batch.kind, len(ELEMENTS)).to(batch.pos))
        for messages in self.messages:
            h = messages(h, batch.edge_index, seen)
        features: Tensor = self.leave(h)
        return features
