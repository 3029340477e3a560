"""Neighbour graphs of periodic point clouds: crystals, boxes of a simulation."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from ._graph import check_cloud, check_radius, reach

IMAGES = 10**7  # periodic images of points that are held at most


def periodic_graph(pos: Tensor, r: float, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Edges between all points and periodic images of points at distance at most r.

    Parameters
    ----------
    pos : Tensor (N, d)
        Anywhere, in the cell or not.
    r : float
        Radius; may be larger than the cell.
    cell : Tensor (d, d)
        Rows are the lattice vectors.

    Returns
    -------
    edge_index : int64 Tensor (2, E)
        (source, target), sorted by target.  A point may be its own neighbour, in another cell.
    offset : Tensor (E, d)
        The lattice vector of every edge: the image of the source lies at pos[source] + offset.  Give it to
        `PointConv`, which then needs nothing else to respect the periodicity.

    Raises
    ------
    ValueError
        For positions that are not a finite (N, d) tensor, a radius that is not positive, a cell without volume, or
        more images than fit in memory.

    Examples
    --------
    >>> import torch
    >>> edges, offset = periodic_graph(torch.tensor([[0.1], [0.9]]), 0.3, torch.eye(1))
    >>> edges, offset
    (tensor([[1, 0],
            [0, 1]]), tensor([[-1.],
            [ 1.]]))
    """
    check_cloud(pos, None, "pos")
    n, d = pos.shape
    check_radius(r)
    if not isinstance(cell, Tensor) or cell.shape != (d, d) or not bool(torch.isfinite(cell).all()):
        shown = tuple(cell.shape) if isinstance(cell, Tensor) else type(cell).__name__
        raise ValueError(f"cell must be a finite tensor of shape ({d}, {d}), rows lattice vectors, got {shown}")
    box, x = cell.detach().double().cpu().numpy(), pos.detach().double().cpu().numpy()
    if abs(np.linalg.det(box)) <= 1e-12 * np.prod(np.linalg.norm(box, axis=1)):
        raise ValueError(f"the cell has no volume: its lattice vectors {box.tolist()} are not independent")
    inverse = np.linalg.inv(box)
    cells = np.floor(x @ inverse)  # lattice vector of every point's own cell
    home = x - cells @ box
    far = reach(pos, cell.to(pos), r)
    most = np.ceil(far * np.linalg.norm(inverse, axis=0)).astype(int)  # cells that a ball of this radius reaches into
    if max(n, 1) * np.prod(2 * most + 1.0) > IMAGES:
        raise ValueError(
            f"a radius of {r} reaches over {np.prod(2 * most + 1)} cells of {n} points, more than {IMAGES:,} images: "
            "choose a smaller radius, or a larger cell"
        )
    tree = cKDTree(home)
    found = []
    for shift in itertools.product(*(range(-k, k + 1) for k in most)):
        move = np.array(shift) @ box
        pairs = tree.sparse_distance_matrix(cKDTree(home + move), far, output_type="ndarray")
        target, source = pairs["i"].astype(np.int64), pairs["j"].astype(np.int64)
        keep = slice(None) if any(shift) else source != target
        lattice = np.array(shift) + cells[target[keep]] - cells[source[keep]]
        found.append((source[keep], target[keep], lattice @ box))
    source, target, offset = (np.concatenate(parts) for parts in zip(*found))
    order = np.lexsort((*offset.T, source, target))
    edges = torch.from_numpy(np.stack([source[order], target[order]])).to(pos.device)
    return edges, torch.from_numpy(offset[order]).to(pos.device, pos.dtype)
