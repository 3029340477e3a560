"""Batch normalisation over copies of atoms, with running statistics."""

from __future__ import annotations

import torch
from intertwine.groups import Group
from intertwine.reps import Rep
from intertwine.reps._frame import frame
from torch import Tensor, nn

from ._frame import Decode, Encode
from ._module import Layer, bind, check_width, cloud_count, feature_dtype, is_number, square, weights
from ._norm import check_unitary


class Clouds:
    """Rows of a batch by cloud, counted once: with no look at the counts, for which an accelerator would wait."""

    def __init__(self, batch: Tensor, rows: int, size: int | None) -> None:
        self.batch, self.size = batch, cloud_count(batch, rows, size)
        ones = torch.ones(rows, device=batch.device)
        self.count = ones.new_zeros(self.size).index_add(0, batch, ones).unsqueeze(1)

    def means(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """Of values (N, m): every row's own cloud's (N, m), and that of all clouds that have rows (m,)."""
        total = value.new_zeros(self.size, value.shape[1]).index_add(0, self.batch, value)
        count = self.count.to(value.real.dtype if value.is_complex() else value.dtype)
        means = total / count.clamp_min(1)
        return means[self.batch], means.sum(0) / (count > 0).sum()


class BatchNorm(Layer):
    """Every copy of an atom divided by its root mean square over the batch; invariants are centred first.

    In training the statistics are those of the batch, over all axes but the last; in eval mode running averages.  When
    ``batch`` tells the cloud (or graph) of every row, each cloud is normalised by its own statistics and the running
    averages weigh all clouds alike: no statistic mixes the points or edges of different clouds.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    eps : float
        Added to mean squares.
    momentum : float
        Weight of the newest batch in the running averages.
    affine : bool
        Learn a scale per copy, and a shift of invariants.
    strict : bool
        Refuse atoms without an invariant norm; else they pass unchanged.
    device, dtype : as in `Linear`

    Raises
    ------
    ValueError
        If an atom has no invariant norm; in training, for a batch without rows.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> layer = BatchNorm(8 * Scalar + 4 * V, group=SO(3))
    >>> layer
    BatchNorm(8 * Scalar + 4 * V | SO(3) | 20 weights)
    >>> y = layer(3 + torch.randn(100, 20))
    >>> bool(y[:, :8].mean(0).abs().max() < 1e-5)
    True

    References
    ----------
    Ioffe, Szegedy, Batch Normalization, ICML 2015, arXiv:1502.03167; over copies: Weiler, Cesa, arXiv:1911.08251.
    """

    def __init__(
        self,
        rep: Rep,
        group: Group | None = None,
        eps: float = 1e-4,
        momentum: float = 0.1,
        affine: bool = True,
        strict: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not is_number(eps) or not eps:
            raise ValueError(f"eps is a number > 0, got {eps!r}")
        if not is_number(momentum) or momentum > 1:
            raise ValueError(f"momentum is a number from 0 to 1, got {momentum!r}")
        self.group, (self.rep_in,) = bind(group, rep=rep)
        self.rep_out, self.eps, self.momentum = self.rep_in, eps, momentum
        if strict:
            check_unitary(self.rep_in, "BatchNorm")
        dtype = feature_dtype(dtype, self.rep_in.is_complex)
        self.encode, self.decode = Encode(self.rep_in, dtype, device), Decode(self.rep_in, dtype, device)
        atoms = frame(self.rep_in).atoms
        self.trivial = tuple(a.is_trivial for a, _ in atoms)
        self.unitary = tuple(a.is_unitary for a, _ in atoms)
        real = torch.empty(0, dtype=dtype).real.dtype
        for i, (_, m) in enumerate(atoms):
            if not self.unitary[i]:
                continue
            self.register_buffer(f"square{i}", torch.ones(m, dtype=real, device=device))
            if self.trivial[i]:
                self.register_buffer(f"mean{i}", torch.zeros(m, dtype=dtype, device=device))
        sizes = [m if affine and a.is_unitary else 0 for a, m in atoms]
        self.scales = nn.ParameterList(nn.Parameter(torch.ones(m, dtype=real, device=device)) for m in sizes if m)
        self.shifts = nn.ParameterList(
            nn.Parameter(torch.zeros(m, dtype=dtype, device=device)) for m, t in zip(sizes, self.trivial) if m and t
        )

    def forward(self, x: Tensor, batch: Tensor | None = None, size: int | None = None) -> Tensor:
        """Map features (..., rep.dim) to (..., rep.dim); batch (N,) and the number of clouds for features (N, dim)."""
        check_width(x, self.rep_in.dim, self.rep_in)
        if batch is not None and x.ndim != 2:
            raise ValueError(f"batch is for features of shape (N, {self.rep_in.dim}), got {tuple(x.shape)}")
        if self.training and not x.numel():
            raise ValueError(f"a batch without rows has no statistics: got features of shape {tuple(x.shape)}")
        clouds = None if batch is None or not self.training else Clouds(batch, len(x), size)
        scales, shifts = iter(self.scales), iter(self.shifts)
        out = []
        for i, y in enumerate(self.encode(x)):
            if not self.unitary[i]:
                out.append(y)
                continue
            if self.trivial[i]:
                y = y - self._statistic(f"mean{i}", y[0], clouds)
            mean_square = self._statistic(f"square{i}", square(y).mean(0), clouds)
            z = y * torch.rsqrt(mean_square + self.eps).to(y.real.dtype if y.is_complex() else y.dtype)
            if len(self.scales):
                z = z * next(scales)
                z = z + next(shifts) if self.trivial[i] else z
            out.append(z)
        return self.decode(out)

    def _statistic(self, name: str, value: Tensor, clouds: Clouds | None) -> Tensor:
        """Mean of values (..., m): over the batch (m,), or every row's cloud (N, m); the running one in eval mode."""
        running = self.get_buffer(name)
        if not self.training:
            return running
        if clouds is None:
            found = overall = value.flatten(0, -2).mean(0) if value.ndim > 1 else value
        else:
            found, overall = clouds.means(value)
        with torch.no_grad():
            running.lerp_(overall.detach().to(running.dtype), self.momentum)
        return found

    def __repr__(self) -> str:
        return f"BatchNorm({self.rep_in!r} | {self.group.name} | {weights(self)} weights)"
