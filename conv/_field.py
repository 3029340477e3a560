"""Layers on feature fields over grids, (batch, rep.dim, *spatial).

`Fieldwise` lifts any layer of features to fields; pooling and resampling move the points.  All but `NormMaxPool` are
linear in the field and the same for every component, so that they commute with any group; with the symmetries of the
grid they commute exactly, since every output point lies in the middle of what it sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from intertwine.emlp._frame import Decode, Encode
from intertwine.emlp._module import Layer, bind, feature_dtype, square
from intertwine.emlp._norm import check_unitary
from intertwine.groups import Group
from intertwine.reps import Rep
from intertwine.reps._frame import frame
from torch import Tensor, nn
from torch.nn import functional

from ._checks import check_number, check_tensor
from ._grid_layer import Size, sizes

MAX_POOL: dict[int, Any] = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
AVERAGE_POOL: dict[int, Any] = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}


REACH = 6.0  # standard deviations within which points are averaged


def check_field(x: Tensor, width: int) -> int:
    """The number of spatial axes of a field (batch, width, *spatial), or a ValueError."""
    check_tensor(x, "x")
    if x.ndim not in (3, 4, 5) or x.shape[1] != width:
        raise ValueError(
            f"expected a field of shape (batch, rep_in.dim = {width}, 1 to 3 spatial axes), got {tuple(x.shape)}"
        )
    return x.ndim - 2


class Fieldwise(Layer):
    """A layer of features (..., rep.dim) applied at every point of a field (batch, rep.dim, *spatial).

    Parameters
    ----------
    layer : nn.Module
        With ``group``, ``rep_in`` and ``rep_out``: any layer of `intertwine.emlp`.

    Examples
    --------
    >>> import torch
    >>> from intertwine.emlp import Norm
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> layer = Fieldwise(Norm(4 * Scalar + 2 * V, group=O(2)))
    >>> layer
    Fieldwise(Norm(4 * Scalar + 2 * V | O(2) | 6 weights))
    >>> layer(torch.randn(1, 8, 5, 5)).shape
    torch.Size([1, 8, 5, 5])
    """

    on_fields = True

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        rep_in: Any = getattr(layer, "rep_in", None)
        if not isinstance(rep_in, Rep):
            raise TypeError(
                "Fieldwise takes a layer of one argument with group, rep_in and rep_out, as those of intertwine.emlp, "
                f"got {layer!r}"
            )
        self.layer = layer
        self.group: Any = layer.group
        self.rep_in: Any = rep_in
        self.rep_out: Any = layer.rep_out
        self.width = rep_in.dim

    def forward(self, x: Tensor) -> Tensor:
        """Map a field (batch, rep_in.dim, *spatial) to (batch, rep_out.dim, *spatial)."""
        check_field(x, self.width)
        return self.layer(x.movedim(1, -1)).movedim(-1, 1)

    def __repr__(self) -> str:
        return f"Fieldwise({self.layer!r})"


class _Moving(Layer):
    """A layer that moves the points of a field and keeps its representation."""

    on_fields = True

    def __init__(self, rep: Rep, group: Group | None) -> None:
        super().__init__()
        self.group, (self.rep_in,) = bind(group, rep=rep)
        self.rep_out, self.width = self.rep_in, self.rep_in.dim

    def _show(self, about: str) -> str:
        return f"{type(self).__name__}({self.rep_in!r} | {self.group.name}, {about})"


class AveragePool(_Moving):
    """Means over windows of a field.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    kernel_size : int or sequence of int
    stride : optional
        By default ``kernel_size``.
    padding : int or sequence of int
        Points added on every side, which do not count.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import V
    >>> AveragePool(V, O(2))(torch.randn(1, 2, 8, 8)).shape
    torch.Size([1, 2, 4, 4])
    """

    def __init__(
        self, rep: Rep, group: Group | None = None, kernel_size: Size = 2, stride: Size | None = None, padding: Size = 0
    ) -> None:
        super().__init__(rep, group)
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """Map a field (batch, rep.dim, *spatial) to a coarser one."""
        n = check_field(x, self.width)
        if x.is_complex():
            return torch.complex(self(x.real), self(x.imag))
        return AVERAGE_POOL[n](x, *_window(self.kernel_size, self.stride, self.padding, n), count_include_pad=False)

    def __repr__(self) -> str:
        return self._show(f"{self.kernel_size}")


class NormMaxPool(_Moving):
    """From every window and for every copy of an atom the vector of largest norm; of invariants the largest.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    kernel_size, stride, padding : as in `AveragePool`
    device, dtype : as in `intertwine.emlp.Linear`

    Raises
    ------
    ValueError
        If an atom has no invariant norm.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import V
    >>> NormMaxPool(V, O(1))(torch.tensor([[[1.0, -3.0, 2.0, 0.5]]]))
    tensor([[[-3.,  2.]]])

    References
    ----------
    Weiler, Cesa, General E(2)-Equivariant Steerable CNNs, NeurIPS 2019, arXiv:1911.08251.
    """

    def __init__(
        self,
        rep: Rep,
        group: Group | None = None,
        kernel_size: Size = 2,
        stride: Size | None = None,
        padding: Size = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(rep, group)
        check_unitary(self.rep_in, "NormMaxPool")
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        dtype = feature_dtype(dtype, self.rep_in.is_complex)
        self.encode, self.decode = Encode(self.rep_in, dtype, device), Decode(self.rep_in, dtype, device)
        self.ordered = tuple(a.is_trivial and not self.rep_in.is_complex for a, _ in frame(self.rep_in).atoms)

    def forward(self, x: Tensor) -> Tensor:
        """Map a field (batch, rep.dim, *spatial) to a coarser one."""
        n = check_field(x, self.width)
        window = _window(self.kernel_size, self.stride, self.padding, n)
        out = []
        for y, ordered in zip(self.encode(x.movedim(1, -1)), self.ordered):
            y = y.movedim((-1, 0), (1, 2))  # (batch, m, d, *spatial)
            size = y[:, :, 0] if ordered else square(y.detach()).sum(2)
            best, at = MAX_POOL[n](size.detach(), *window, return_indices=True)
            flat = y.flatten(3).gather(3, at.flatten(2).unsqueeze(2).expand(-1, -1, y.shape[2], -1))
            out.append(flat.unflatten(3, best.shape[2:]).movedim((1, 2), (-1, 0)))
        return self.decode(out).movedim(-1, 1)

    def __repr__(self) -> str:
        return self._show(f"{self.kernel_size}")


class Downsample(_Moving):
    """Every ``factor``-th point of a field that was smoothed first, so that nothing is aliased.

    The smoothing is a Gaussian of standard deviation factor / 3; the new points lie symmetrically about the centre.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    factor : int
        A length n becomes ⌈n / factor⌉.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import V
    >>> Downsample(V, O(2))(torch.randn(1, 2, 9, 8)).shape
    torch.Size([1, 2, 5, 4])

    References
    ----------
    Zhang, Making Convolutional Networks Shift-Invariant Again, ICML 2019, arXiv:1904.11486.
    """

    def __init__(self, rep: Rep, group: Group | None = None, factor: int = 2) -> None:
        super().__init__(rep, group)
        check_number("factor", factor, 1)
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Map a field (batch, rep.dim, *spatial) to a coarser one."""
        check_field(x, self.width)
        for axis in range(2, x.ndim):
            n = x.shape[axis]
            at = _points(-(-n // self.factor), self.factor, x)
            far = (at - _points(n, 1.0, x).mT) * (3 / self.factor)
            weight = torch.exp(-0.5 * far.square()) * (far.abs() < REACH)  # denormal numbers are slow to multiply
            x = _resampled(x, axis, weight / weight.sum(1, keepdim=True))
        return x

    def __repr__(self) -> str:
        return self._show(f"{self.factor}")


class Upsample(_Moving):
    """Linear interpolation of a field on a finer grid with the same centre.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    factor : int
        A length n becomes n · factor, unless a size is given in the call.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import V
    >>> up = Upsample(V, O(2))
    >>> up(torch.randn(1, 2, 4, 4)).shape, up(torch.randn(1, 2, 4, 4), (7, 8)).shape
    (torch.Size([1, 2, 8, 8]), torch.Size([1, 2, 7, 8]))
    """

    def __init__(self, rep: Rep, group: Group | None = None, factor: int = 2) -> None:
        super().__init__(rep, group)
        check_number("factor", factor, 1)
        self.factor = factor

    def forward(self, x: Tensor, size: Sequence[int] | None = None) -> Tensor:
        """Map a field (batch, rep.dim, *spatial) to a finer one, of a given spatial size."""
        n = check_field(x, self.width)
        wanted = [s * self.factor for s in x.shape[2:]] if size is None else size
        if not isinstance(wanted, Sequence) or len(wanted) != n:
            raise ValueError(f"size is one integer for each of the {n} spatial axes, got {size!r}")
        for axis, new in enumerate(wanted, 2):
            old = x.shape[axis]
            at = _points(new, 1 / self.factor, x).clamp(-(old - 1) / 2, (old - 1) / 2)
            x = _resampled(x, axis, (1 - (at - _points(old, 1.0, x).mT).abs()).clamp_min(0))
        return x

    def __repr__(self) -> str:
        return self._show(f"{self.factor}")


class FieldPool(_Moving):
    """Mean of a field over its points: features (batch, rep.dim).

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import V
    >>> FieldPool(V, O(2))(torch.ones(1, 2, 4, 4))
    tensor([[1., 1.]])
    """

    def __init__(self, rep: Rep, group: Group | None = None) -> None:
        super().__init__(rep, group)

    def forward(self, x: Tensor) -> Tensor:
        """Map a field (batch, rep.dim, *spatial) to features (batch, rep.dim)."""
        check_field(x, self.width)
        return x.flatten(2).mean(2)

    def __repr__(self) -> str:
        return f"FieldPool({self.rep_in!r} | {self.group.name})"


def _window(kernel_size: Size, stride: Size, padding: Size, n: int) -> tuple[tuple[int, ...], ...]:
    size, step = sizes("kernel_size", kernel_size, n, 1), sizes("stride", stride, n, 1)
    return size, step, sizes("padding", padding, n, 0)


def _points(count: int, step: float, like: Tensor) -> Tensor:
    """Coordinates (count, 1) of points ``step`` apart, about the centre."""
    real = torch.promote_types(like.real.dtype if like.is_complex() else like.dtype, torch.float32)
    return (torch.arange(count, device=like.device, dtype=real) - (count - 1) / 2).unsqueeze(1) * step


def _resampled(x: Tensor, axis: int, weight: Tensor) -> Tensor:
    """Weights (new, old) applied along an axis."""
    return functional.linear(x.movedim(axis, -1).contiguous(), weight.to(x.dtype)).movedim(-1, axis)
