"""Farthest-point sampling: a subset of a cloud that covers it evenly."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ._graph import check_cloud


def fps(pos: Tensor, batch: Tensor | None = None, ratio: float = 0.5) -> Tensor:
    """Indices of a subset in which every next point is the farthest from those before, cloud by cloud.

    The first is the one farthest from the cloud's mean, so that the choice commutes with rotations, translations and
    the order of the points (ties excepted).

    Parameters
    ----------
    pos : Tensor (N, d)
    batch : int Tensor (N,), optional
        Which cloud each point belongs to.
    ratio : float
        Share of every cloud to keep, in (0, 1]; at least one point each.

    Returns
    -------
    int64 Tensor (kept,)
        Ascending.

    Raises
    ------
    ValueError
        For positions that are not a finite (N, d) tensor, or a ratio outside (0, 1].

    References
    ----------
    Eldar, Lindenbaum, Porat, Zeevi, The farthest point strategy for progressive image sampling, IEEE Trans. Image
    Processing 6 (1997).

    Examples
    --------
    >>> import torch
    >>> fps(torch.tensor([[0.0], [1.0], [2.0], [10.0]]))
    tensor([0, 3])
    """
    check_cloud(pos, batch, "pos")
    if not 0 < ratio <= 1:
        raise ValueError(f"ratio is a share in (0, 1], got {ratio!r}")
    pos = pos.detach()
    if batch is None:
        clouds = [torch.arange(len(pos), device=pos.device)] if len(pos) else []
    else:
        order = torch.argsort(batch, stable=True)
        clouds = list(order.split(torch.unique(batch, return_counts=True)[1].tolist()))
    kept = [cloud[_farthest(pos[cloud], math.ceil(ratio * len(cloud)))] for cloud in clouds]
    return torch.cat(kept).sort().values if kept else torch.zeros(0, dtype=torch.int64, device=pos.device)


def _farthest(x: Tensor, count: int) -> Tensor:
    first = (x - x.mean(0)).square().sum(1).argmax()
    chosen = [first]
    distance = (x - x[first]).square().sum(1)
    for _ in range(count - 1):
        chosen.append(distance.argmax())
        distance = torch.minimum(distance, (x - x[chosen[-1]]).square().sum(1))
    return torch.stack(chosen)
