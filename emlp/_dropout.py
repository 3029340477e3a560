"""Dropout of whole copies of atoms."""

from __future__ import annotations

import torch
from intertwine.groups import Group
from intertwine.reps import Rep
from torch import Tensor

from ._frame import Decode, Encode
from ._module import Layer, bind, check_width, feature_dtype


class Dropout(Layer):
    """In training, zero every copy of every atom with probability p and divide what is left by 1 − p.

    A copy is dropped for a whole sample, the first axis of the features: on grids whole fields, not pixels.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    p : float
        Between 0 and 1.
    device, dtype : as in `Linear`

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> layer = Dropout(8 * Scalar + 4 * V, group=SO(3), p=0.5)
    >>> y = layer(torch.ones(1, 20))[0, 8:].reshape(4, 3)
    >>> bool(((y == 0) | (y == 2)).all() and (y == y[:, :1]).all())
    True
    """

    def __init__(
        self,
        rep: Rep,
        group: Group | None = None,
        p: float = 0.5,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if isinstance(p, bool) or not isinstance(p, float | int) or not 0 <= p < 1:
            raise ValueError(f"p is a probability below 1, got {p!r}")
        self.group, (self.rep_in,) = bind(group, rep=rep)
        self.rep_out, self.p = self.rep_in, float(p)
        dtype = feature_dtype(dtype, self.rep_in.is_complex)
        self.encode, self.decode = Encode(self.rep_in, dtype, device), Decode(self.rep_in, dtype, device)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., rep.dim) to (..., rep.dim)."""
        check_width(x, self.rep_in.dim, self.rep_in)
        if not self.training or not self.p:
            return x
        return self.decode([y * self._mask(y) for y in self.encode(x)])

    def _mask(self, y: Tensor) -> Tensor:
        samples = (y.shape[1], *[1] * (y.ndim - 3)) if y.ndim > 2 else ()
        shape = (1, *samples, y.shape[-1])
        kept = torch.rand(shape, device=y.device) >= self.p
        return kept.to(y.dtype) / (1 - self.p)

    def __repr__(self) -> str:
        return f"Dropout({self.rep_in!r} | {self.group.name}, p={self.p:g})"
