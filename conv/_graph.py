"""Neighbour graphs of point clouds, in PyG's convention: ``edge_index = (source, target)``, int64 of shape (2, E).

On the CPU a k-d tree finds the neighbours (scipy); elsewhere distances are taken in chunks on the device.  Edges
are sorted by target, then source.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from ._checks import check_number

CHUNK = 2**24  # distances held at a time on a device


def radius_graph(
    pos: Tensor,
    r: float,
    batch: Tensor | None = None,
    loop: bool = False,
    max_num_neighbors: int | None = None,
) -> Tensor:
    """Edges between all points at distance at most r.

    Parameters
    ----------
    pos : Tensor (N, d)
    r : float
        Radius, in the unit of the positions.
    batch : int Tensor (N,), optional
        Which cloud each point belongs to; edges stay within a cloud.
    loop : bool
        Include edges from a point to itself.
    max_num_neighbors : int, optional
        Keep only the nearest ones of every target.

    Returns
    -------
    Tensor (2, E)
        (source, target).

    Raises
    ------
    ValueError
        For positions that are not a finite (N, d) tensor, a radius that is not positive, or a batch that
        doesn't fit.

    Examples
    --------
    >>> import torch
    >>> radius_graph(torch.tensor([[0.0], [1.0], [3.0]]), r=1.5)
    tensor([[1, 0],
            [0, 1]])
    """
    check_cloud(pos, batch, "pos")
    return radius(pos, pos, r, batch, batch, max_num_neighbors, exclude_same=not loop)


def knn_graph(pos: Tensor, k: int, batch: Tensor | None = None, loop: bool = False) -> Tensor:
    """Edges to every point from its k nearest (fewer where its cloud is smaller).

    Parameters, returns and errors as `radius_graph`; ``loop`` counts a point as its own neighbour.

    Examples
    --------
    >>> import torch
    >>> knn_graph(torch.tensor([[0.0], [1.0], [3.0]]), k=1)
    tensor([[1, 0, 1],
            [0, 1, 2]])
    """
    check_cloud(pos, batch, "pos")
    return knn(pos, pos, k, batch, batch, exclude_same=not loop)


def radius(
    x: Tensor,
    y: Tensor,
    r: float,
    batch_x: Tensor | None = None,
    batch_y: Tensor | None = None,
    max_num_neighbors: int | None = None,
    exclude_same: bool = False,
) -> Tensor:
    """Edges from points of x (source) to points of y (target) at distance at most r: (2, E).

    Examples
    --------
    >>> import torch
    >>> x, y = torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([[0.5]])
    >>> radius(x, y, 1.0)
    tensor([[0, 1],
            [0, 0]])
    """
    check_cloud(x, batch_x, "x")
    check_cloud(y, batch_y, "y")
    check_radius(r)
    if max_num_neighbors is not None:
        check_number("max_num_neighbors", max_num_neighbors, 1)
    find = _radius_tree if x.device.type == "cpu" else _radius_chunks
    return _per_cloud(find, x, y, batch_x, batch_y, exclude_same, r, max_num_neighbors)


def knn(
    x: Tensor,
    y: Tensor,
    k: int,
    batch_x: Tensor | None = None,
    batch_y: Tensor | None = None,
    exclude_same: bool = False,
) -> Tensor:
    """Edges from the k points of x nearest to every point of y: (2, E).

    Examples
    --------
    >>> import torch
    >>> x, y = torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([[4.0]])
    >>> knn(x, y, 1)
    tensor([[2],
            [0]])
    """
    check_cloud(x, batch_x, "x")
    check_cloud(y, batch_y, "y")
    check_number("k", k, 1)
    find = _knn_tree if x.device.type == "cpu" else _knn_chunks
    return _per_cloud(find, x, y, batch_x, batch_y, exclude_same, k, None)


def check_radius(r: Any) -> None:
    """Raise a ValueError unless r is a positive number."""
    if not isinstance(r, Real | Tensor) or not float(r) > 0:
        raise ValueError(f"r is a radius > 0, got {r!r}")


def check_cloud(pos: Tensor, batch: Tensor | None, name: str) -> None:
    """Raise a ValueError unless pos is a finite floating-point (N, d) tensor and batch labels its points."""
    if not isinstance(pos, Tensor) or pos.ndim != 2 or not pos.is_floating_point():
        shown = f"shape {tuple(pos.shape)}, {pos.dtype}" if isinstance(pos, Tensor) else f"{type(pos).__name__}"
        raise ValueError(f"{name} must be a floating-point tensor of shape (N, d), got {shown}")
    bad = ~torch.isfinite(pos.detach()).all(1)
    if bool(bad.any()):
        raise ValueError(
            f"{name} has {int(bad.sum())} points that are not finite, the first at {int(bad.nonzero()[0])}"
        )
    if pos.shape[1] == 0:
        raise ValueError(f"{name} must have at least one coordinate, got shape {tuple(pos.shape)}")
    if batch is not None and (not isinstance(batch, Tensor) or batch.shape != pos.shape[:1]):
        given = tuple(batch.shape) if isinstance(batch, Tensor) else type(batch).__name__
        raise ValueError(f"batch must be a tensor of shape ({pos.shape[0]},) like {name}, got {given}")
    if batch is not None and (batch.is_floating_point() or batch.is_complex() or batch.dtype == torch.bool):
        raise ValueError(f"batch must be an integer tensor, the cloud of every point, got {batch.dtype}")


def _per_cloud(
    find: Callable[..., tuple[Tensor, Tensor]],
    x: Tensor,
    y: Tensor,
    batch_x: Tensor | None,
    batch_y: Tensor | None,
    exclude_same: bool,
    *arguments: float | None,
) -> Tensor:
    x, y = x.detach(), y.detach()
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"x and y must have the same number of coordinates, got {x.shape[1]} and {y.shape[1]}")
    if (batch_x is None) != (batch_y is None):
        raise ValueError("give the batch of both point clouds, or of neither")
    if batch_x is None or batch_y is None:
        clouds = [(torch.arange(len(x), device=x.device), torch.arange(len(y), device=x.device))]
    else:
        clouds = _clouds(batch_x, batch_y)
    found = [
        torch.stack([i[s], j[t]])
        for i, j in clouds
        if len(i) and len(j)
        for s, t in [find(x[i], y[j], exclude_same, *arguments)]
    ]
    if not found:
        return torch.zeros(2, 0, dtype=torch.int64, device=x.device)
    source, target = torch.cat(found, 1)
    order = torch.argsort(target * len(x) + source)
    return torch.stack([source[order], target[order]])


def _clouds(batch_x: Tensor, batch_y: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Points of x and of y in every cloud of y, each ascending."""
    labels = batch_y.unique()
    parts = []
    for batch in (batch_x, batch_y):
        order = torch.argsort(batch, stable=True)
        ends = [torch.searchsorted(batch[order], labels, right=right).tolist() for right in (False, True)]
        parts.append([order[start:stop] for start, stop in zip(*ends)])
    return list(zip(*parts))


def reach(x: Tensor, y: Tensor, r: float) -> float:
    """r and what positions are rounded by: a lattice's neighbours at distance r are neighbours."""
    size = max(float(p.abs().max()) if p.numel() else 0.0 for p in (x, y))
    return r + 4 * torch.finfo(x.dtype).eps * (r + size)


def _radius_tree(x: Tensor, y: Tensor, exclude_same: bool, r: float, most: int | None) -> tuple[Tensor, Tensor]:
    tree = cKDTree(x.double().numpy())
    if most is not None:
        k = min(most + exclude_same, len(x))
        return _nearest(tree, y, k, exclude_same, reach(x, y, r))
    pairs = cKDTree(y.double().numpy()).sparse_distance_matrix(tree, reach(x, y, r), output_type="ndarray")
    target, source = pairs["i"].astype(np.int64), pairs["j"].astype(np.int64)
    keep = source != target if exclude_same else slice(None)
    return torch.from_numpy(source[keep]), torch.from_numpy(target[keep])


def _knn_tree(x: Tensor, y: Tensor, exclude_same: bool, k: int, _: None) -> tuple[Tensor, Tensor]:
    return _nearest(cKDTree(x.double().numpy()), y, min(k + exclude_same, len(x)), exclude_same, np.inf)


def _nearest(tree: cKDTree, y: Tensor, k: int, exclude_same: bool, r: float) -> tuple[Tensor, Tensor]:
    distance, source = map(
        np.asarray, tree.query(y.double().numpy(), list(range(1, k + 1)), distance_upper_bound=r * (1 + 1e-12))
    )
    target = np.broadcast_to(np.arange(len(y))[:, None], source.shape)
    keep = np.isfinite(distance)
    if exclude_same:
        same = source == target
        # a point coincident with others may not come first: drop the last one where it is not listed at all
        same[:, -1] |= ~same.any(1) & (k > 1) & (source.shape[1] == k)
        keep &= ~same
    return torch.from_numpy(source[keep].astype(np.int64)), torch.from_numpy(np.ascontiguousarray(target[keep]))


def _wide(x: Tensor) -> Tensor:
    """In single precision at least: torch.cdist knows no less."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _radius_chunks(x: Tensor, y: Tensor, exclude_same: bool, r: float, most: int | None) -> tuple[Tensor, Tensor]:
    if most is not None:
        source, target, distance = _chunks(x, y, exclude_same, min(most, len(x)))
        near = distance <= reach(x, y, r)
        return source[near], target[near]
    sources, targets, far = [], [], reach(x, y, r)
    x, y = _wide(x), _wide(y)
    step = max(1, CHUNK // max(len(x), 1))
    for start in range(0, len(y), step):
        distance = torch.cdist(y[start : start + step], x, compute_mode="donot_use_mm_for_euclid_dist")
        near = distance <= far
        if exclude_same:
            rows = torch.arange(len(near), device=x.device)
            near[rows, rows + start] = False
        t, s = near.nonzero(as_tuple=True)
        sources.append(s)
        targets.append(t + start)
    return torch.cat(sources), torch.cat(targets)


def _knn_chunks(x: Tensor, y: Tensor, exclude_same: bool, k: int, _: None) -> tuple[Tensor, Tensor]:
    source, target, distance = _chunks(x, y, exclude_same, min(k, len(x)))
    near = torch.isfinite(distance)
    return source[near], target[near]


def _chunks(x: Tensor, y: Tensor, exclude_same: bool, k: int) -> tuple[Tensor, Tensor, Tensor]:
    found, x, y = [], _wide(x), _wide(y)
    step = max(1, CHUNK // max(len(x), 1))
    for start in range(0, len(y), step):
        distance = torch.cdist(y[start : start + step], x, compute_mode="donot_use_mm_for_euclid_dist")
        rows = torch.arange(len(distance), device=x.device)
        if exclude_same:
            distance[rows, rows + start] = torch.inf
        nearest = distance.topk(k, largest=False)
        found.append((nearest.indices, (rows + start)[:, None].expand(-1, k), nearest.values))
    source, target, distance = (torch.cat([f[i].flatten() for f in found]) for i in range(3))
    return source, target, distance
