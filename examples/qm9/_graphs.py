"""Molecules as graphs: every pair of atoms closer than a cutoff, batches as disjoint unions."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    bond : (edges,) indices into `BONDS`; zeros where bonds were not looked for
    molecule : (atoms,) which molecule an atom is in
    size : number of molecules
    target : (size, ...) float64, on the CPU
    """

    pos: Tensor
    kind: Tensor
    edge_index: Tensor
    bond: Tensor
    molecule: Tensor
    size: int
    target: Tensor

    def moved(self, g: Tensor) -> Batch:
        """Every molecule moved by its orthogonal matrix (size, 3, 3); targets stay."""
        return replace(self, pos=(g.to(self.pos)[self.molecule] @ self.pos.unsqueeze(2)).squeeze(2))


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
        self.bonds = [torch.zeros(e.shape[1], dtype=torch.long) for e in self.edges]
        if molecules.bonds is not None:
            self.bonds = [bond_types(*three) for three in zip(self.edges, molecules.bonds, map(len, molecules.pos))]

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
        bond = torch.cat([self.bonds[i] for i in chosen])
        parts = (torch.cat(pos), kind, edges, bond, molecule)
        there, kind, edges, bond, molecule = (t.to(self.device) for t in parts)
        return Batch(there, kind, edges, bond, molecule, len(chosen), self.molecules.target[index])


def bond_types(edges: Tensor, bonds: Tensor, atoms: int) -> Tensor:
    """The kind of bond (edges,) along each edge, from a list (bonds, 3).

    Examples
    --------
    >>> bond_types(torch.tensor([[0, 1, 2], [1, 0, 0]]), torch.tensor([[0, 1, 2]]), 3)
    tensor([2, 2, 0])
    """
    table = torch.zeros(atoms, atoms, dtype=torch.long)
    table[bonds[:, 0], bonds[:, 1]] = table[bonds[:, 1], bonds[:, 0]] = bonds[:, 2]
    return table[edges[0], edges[1]]


def neighbours(pos: Tensor, cutoff: float) -> Tensor:
    """Ordered pairs (source, target) of atoms closer than the cutoff, sorted by target: (2, edges)."""
    pairs = cKDTree(pos.numpy()).query_pairs(cutoff, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 0], both[:, 1]))]
    return torch.from_numpy(np.ascontiguousarray(both.T)).long()
