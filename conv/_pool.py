"""Pooling of point features over each cloud, and invariants of features."""

from __future__ import annotations

import torch
from intertwine.emlp._maps import InvariantMap
from intertwine.emlp._module import Layer, cloud_count
from intertwine.groups import Group
from intertwine.reps import Rep
from torch import Tensor


def pool(x: Tensor, batch: Tensor | None = None, size: int | None = None, aggr: str = "mean") -> Tensor:
    """Sum or mean of point features over each cloud; equivariant for every representation.

    Parameters
    ----------
    x : Tensor (N, dim)
    batch : int Tensor (N,), optional
        Cloud of every point; all points form one cloud by default.
    size : int, optional
        Number of clouds; ``batch.max() + 1`` by default.
    aggr : "mean" or "sum"

    Returns
    -------
    Tensor (size, dim)
        Empty clouds give zeros.

    Examples
    --------
    >>> import torch
    >>> pool(torch.tensor([[1.0], [3.0], [5.0]]), torch.tensor([0, 0, 1]))
    tensor([[2.],
            [5.]])
    """
    check_aggregation(aggr)
    if x.ndim != 2 or not (x.is_floating_point() or x.is_complex()):
        raise ValueError(f"x must be floating-point features of shape (N, dim), got {tuple(x.shape)}, {x.dtype}")
    if batch is None:
        batch, size = torch.zeros(len(x), dtype=torch.int64, device=x.device), 1 if size is None else size
    size = cloud_count(batch, len(x), size)
    total = x.new_zeros(size, x.shape[1]).index_add(0, batch, x)
    return total if aggr == "sum" else total / number(batch, size, x)


def check_aggregation(aggr: str, known: tuple[str, ...] = ("mean", "sum")) -> None:
    """Raise a ValueError unless aggr is one of those known."""
    if aggr not in known:
        raise ValueError(f"aggr is one of {', '.join(map(repr, known))}, got {aggr!r}")


def number(index: Tensor, size: int, like: Tensor) -> Tensor:
    """How often every index occurs, at least 1: real, (size, 1), of the precision of ``like``."""
    ones = torch.ones(len(index), device=like.device)  # half precision cannot count beyond 256
    count = ones.new_zeros(size).index_add(0, index, ones).clamp_min(1).unsqueeze(-1)
    return count.to(like.real.dtype if like.is_complex() else like.dtype)


def softmax(score: Tensor, index: Tensor, size: int) -> Tensor:
    """exp(score) (E,) divided by its sum over all with the same index.

    Examples
    --------
    >>> import torch
    >>> softmax(torch.tensor([0.0, 0.0, 5.0]), torch.tensor([0, 0, 1]), 2)
    tensor([0.5000, 0.5000, 1.0000])
    """
    wide = score.to(torch.promote_types(score.dtype, torch.float32))  # as for `torch.softmax` under autocast
    top = wide.detach().new_full((size,), -torch.inf).scatter_reduce(0, index, wide.detach(), "amax")
    weight = torch.exp(wide - top.index_select(0, index))
    return (weight / weight.new_zeros(size).index_add(0, index, weight).index_select(0, index)).to(score.dtype)


class InvariantPool(Layer):
    """Pooled invariants of point features: trivial atoms as they are, one norm or indefinite form per copy of others.

    Parameters
    ----------
    rep_in : Rep
    group : Group, optional
    aggr : "mean" or "sum"

    Raises
    ------
    ValueError
        If ``rep_in`` has neither an invariant nor a norm (use `intertwine.emlp.Bilinear` to make invariants).

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> layer = InvariantPool(4 * Scalar + 2 * V, group=O(3))
    >>> layer
    InvariantPool(4 * Scalar + 2 * V -> 6 * Scalar | O(3))
    >>> layer(torch.randn(7, 10)).shape
    torch.Size([1, 6])
    """

    def __init__(
        self,
        rep_in: Rep,
        group: Group | None = None,
        aggr: str = "mean",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_aggregation(aggr)
        self.map = InvariantMap(rep_in, group, device, dtype)
        self.group, self.rep_in, self.rep_out = self.map.group, self.map.rep_in, self.map.rep_out
        self.aggr = aggr

    def forward(self, x: Tensor, batch: Tensor | None = None, size: int | None = None) -> Tensor:
        """Map point features (N, rep_in.dim) to invariants (clouds, rep_out.dim)."""
        return pool(self.map(x), batch, size, self.aggr)

    def __repr__(self) -> str:
        return f"InvariantPool({self.rep_in!r} -> {self.rep_out!r} | {self.group.name})"
