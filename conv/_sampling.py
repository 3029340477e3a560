"""Farthest-point sampling: a subset of a cloud that covers it evenly."""

from __future__ import annotations

import itertools
import math
from numbers import Real

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
    if not isinstance(ratio, Real) or not 0 < ratio <= 1:
        raise ValueError(f"ratio is a share in (0, 1], got {ratio!r}")
    if not len(pos):
        return torch.zeros(0, dtype=torch.int64, device=pos.device)
    pos = pos.detach()
    order = torch.arange(len(pos), device=pos.device) if batch is None else torch.argsort(batch, stable=True)
    sizes = [len(pos)] if batch is None else torch.unique(batch, return_counts=True)[1].tolist()
    alike: dict[int, list[tuple[int, int]]] = {}  # (first, size), clouds together that padding doubles at most
    for size, end in zip(sizes, itertools.accumulate(sizes)):
        alike.setdefault(size.bit_length(), []).append((end - size, size))
    kept = [at for clouds in alike.values() for at in _farthest(pos[order], clouds, ratio)]
    return order[torch.cat(kept)].sort().values


def _farthest(pos: Tensor, clouds: list[tuple[int, int]], ratio: float) -> list[Tensor]:
    """Chosen points of each of several clouds, given as (first, size): all clouds go on by one point at a time."""
    first, size = torch.tensor(clouds, device=pos.device).T
    counts = [math.ceil(round(ratio * n, 9)) for _, n in clouds]  # .07 * 100 is a little more than 7
    slot = torch.arange(max(n for _, n in clouds), device=pos.device)
    x = pos[first[:, None] + torch.minimum(slot, size[:, None] - 1)]  # (clouds, points, d)
    mean = torch.stack([pos[at : at + n].mean(0) for at, n in clouds])
    real = slot < size[:, None]
    far = torch.where(real, torch.inf, -1.0).to(pos.dtype)  # −1 where there is no point, or one that is chosen
    at = torch.where(real, (x - mean[:, None]).square().sum(2), -1.0).argmax(1, keepdim=True)
    chosen = [at]
    for _ in range(max(counts) - 1):
        last = x.gather(1, at[..., None].expand(-1, -1, x.shape[2]))
        far = torch.minimum(far.scatter_(1, at, -1.0), (x - last).square().sum(2))
        at = far.argmax(1, keepdim=True)
        chosen.append(at)
    return [row[:n] for row, n in zip(torch.cat(chosen, 1) + first[:, None], counts)]
