"""Molecules as graphs: every pair of atoms closer than a cutoff, batches as disjoint unions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from ._data import Molecules


@dataclass(frozen=True)
class Batch:
    """Some molecules as one graph.

    Attributes
    ----------
    pos : (atoms, 3), Å
    kind : (atoms,) element indices
    edge_index : (2, edges), source and target
    molecule : (atoms,) which molecule an atom is in
    size : number of molecules
    """

    pos: Tensor
    kind: Tensor
    edge_index: Tensor
    molecule: Tensor
    size: int


class Graphs:
    """Molecules with their edges, found once; ``graphs[index]`` is a `Batch`.

    Parameters
    ----------
    molecules : Molecules
    cutoff : float
        Å.
    device : torch.device, optional

    Examples
    --------
    >>> water = torch.tensor([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])
    >>> two = Molecules([water, water], [torch.tensor([3, 0, 0])] * 2, torch.zeros(2))
    >>> Graphs(two, cutoff=1.2)[torch.tensor([1, 0])].edge_index
    tensor([[1, 2, 0, 0, 4, 5, 3, 3],
            [0, 0, 1, 2, 3, 3, 4, 5]])
    """

    def __init__(self, molecules: Molecules, cutoff: float, device: torch.device | str = "cpu") -> None:
        self.molecules, self.device = molecules, device
        self.edges = [neighbours(pos, cutoff) for pos in molecules.pos]

    def __len__(self) -> int:
        return len(self.molecules)

    def __getitem__(self, index: Tensor) -> Batch:
        chosen = index.tolist()
        pos = [self.molecules.pos[i] for i in chosen]
        sizes = torch.tensor([len(p) for p in pos])
        starts = sizes.cumsum(0) - sizes
        edges = torch.cat([self.edges[i] + start for i, start in zip(chosen, starts.tolist())], 1)
        kind = torch.cat([self.molecules.kind[i] for i in chosen])
        molecule = torch.repeat_interleave(torch.arange(len(chosen)), sizes)
        there, kind, edges, molecule = (t.to(self.device) for t in (torch.cat(pos), kind, edges, molecule))
        return Batch(there, kind, edges, molecule, len(chosen))


def neighbours(pos: Tensor, cutoff: float) -> Tensor:
    """Ordered pairs (source, target) of atoms closer than the cutoff, sorted by target: (2, edges)."""
    pairs = cKDTree(pos.numpy()).query_pairs(cutoff, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 0], both[:, 1]))]
    return torch.from_numpy(np.ascontiguousarray(both.T)).long()
