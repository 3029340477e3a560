"""Pooling of point features over each cloud, and invariants of features."""

from __future__ import annotations

import torch
from intertwine.emlp._frame import Encode
from intertwine.emlp._module import Layer, bind, check_width, feature_dtype
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar
from intertwine.reps._frame import frame
from torch import Tensor

from ._invariants import root


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
    if aggr not in ("mean", "sum"):
        raise ValueError(f"aggr is 'mean' or 'sum', got {aggr!r}")
    if batch is None:
        batch, size = torch.zeros(len(x), dtype=torch.int64, device=x.device), 1
    if batch.shape != x.shape[:1]:
        raise ValueError(f"batch must have shape ({x.shape[0]},), got {tuple(batch.shape)}")
    if size is None:
        size = int(batch.max()) + 1 if len(batch) else 0
    total = x.new_zeros(size, *x.shape[1:]).index_add(0, batch, x)
    if aggr == "sum":
        return total
    count = x.new_zeros(size).index_add(0, batch, torch.ones_like(x[:, 0]))
    return total / count.clamp_min(1).unsqueeze(-1)


class InvariantPool(Layer):
    """Pooled invariants of point features: trivial atoms as they are, one norm per copy of every unitary atom.

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
        self.group, (self.rep_in,) = bind(group, rep_in=rep_in)
        atoms = frame(self.rep_in).atoms
        self.kinds = tuple("value" if a.is_trivial else "norm" if a.is_unitary else "none" for a, _ in atoms)
        count = sum(m for (_, m), kind in zip(atoms, self.kinds) if kind != "none")
        if not count:
            raise ValueError(
                f"{self.rep_in!r} of {self.group.name} has no invariants and no invariant norms to pool: make "
                "invariants first, e.g. with Linear or Bilinear to n * Scalar"
            )
        self.rep_out = count * Scalar(self.group)
        self.aggr = aggr
        self.encode = Encode(self.rep_in, feature_dtype(dtype, self.rep_in.is_complex), device)

    def forward(self, x: Tensor, batch: Tensor | None = None, size: int | None = None) -> Tensor:
        """Map point features (N, rep_in.dim) to invariants (clouds, rep_out.dim)."""
        check_width(x, self.rep_in.dim, self.rep_in)
        parts = []
        for kind, y in zip(self.kinds, self.encode(x)):
            if kind == "value":
                parts.append(y[..., 0])
            elif kind == "norm":
                parts.append(root((y * y.conj()).real.sum(-1) if y.is_complex() else y.square().sum(-1)))
        return pool(torch.cat(parts, -1), batch, size, self.aggr)

    def __repr__(self) -> str:
        return f"InvariantPool({self.rep_in!r} -> {self.rep_out!r} | {self.group.name})"
