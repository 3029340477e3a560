"""A residual network on grids that sees a field as a whole."""

from __future__ import annotations

from typing import Any

from intertwine.emlp import BatchNorm, Gate, Linear
from intertwine.emlp._hidden import hidden_rep
from intertwine.emlp._module import Layer, bind, weights
from intertwine.groups import Group
from intertwine.reps import Rep, V
from torch import Tensor, nn

from .._checks import check_number
from .._field import Downsample, FieldPool, Fieldwise
from .._grid import GridConv


class GridBlock(Layer):
    """x ↦ (Wx + norm(gate(conv(x)))) / √2, W the identity where the representation stays.

    Norms are taken over batch and grid: point by point they would blow up the noise where a field vanishes.

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group
    **conv
        Of the `GridConv`.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> GridBlock(Scalar, 2 * V, O(2), kernel_size=3)(torch.randn(2, 1, 8, 8)).shape
    torch.Size([2, 4, 8, 8])
    """

    on_fields = True

    def __init__(self, rep_in: Rep, rep_out: Rep, group: Group, **conv: Any) -> None:
        super().__init__()
        if "padding" in conv:
            raise ValueError(f"residual blocks keep the size of a field, got padding={conv['padding']!r}: leave it out")
        placed: dict[str, Any] = {"dtype": conv.get("dtype"), "device": conv.get("device")}
        self.group, (self.rep_in, self.rep_out) = bind(group, rep_in=rep_in, rep_out=rep_out)
        gate = Gate(self.rep_out, **placed)
        self.conv = GridConv(self.rep_in, gate.rep_in, self.group, padding="same", **conv)
        self.gate = Fieldwise(gate)
        self.norm = Fieldwise(BatchNorm(self.rep_out, strict=False, **placed))
        same = self.rep_in == self.rep_out
        self.skip = nn.Identity() if same else Fieldwise(Linear(self.rep_in, self.rep_out, bias=False, **placed))

    def forward(self, x: Tensor) -> Tensor:
        """Fields (batch, rep_in.dim, *spatial) to (batch, rep_out.dim, *spatial)."""
        return (self.skip(x) + self.norm(self.gate(self.conv(x)))) * 0.5**0.5


class SteerableResNet(Layer):
    """Residual convolutions at several resolutions, then the mean over the grid.

    Parameters
    ----------
    rep_in, rep_out : Rep
        Of the input field and of the result, one feature vector for every sample.
    group : Group, optional
    hidden : int or Rep
        Of the first resolution: a total dimension, or a representation; every coarser one has twice as many.
    stages : int
        Number of resolutions; each halves the one before.
    blocks : int
        Convolutions with residual connections per stage.
    kernel_size : int
    space : Rep
        Acts on grid coordinates.
    **conv
        Of every `GridConv`: width, shells, degree, …

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar
    >>> net = SteerableResNet(Scalar, 10 * Scalar, group=O(2), hidden=16, stages=2)
    >>> net(torch.randn(2, 1, 15, 15)).shape
    torch.Size([2, 10])

    References
    ----------
    Weiler, Cesa, General E(2)-Equivariant Steerable CNNs, NeurIPS 2019, arXiv:1911.08251.
    """

    on_fields = True

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        hidden: int | Rep = 64,
        stages: int = 3,
        blocks: int = 2,
        kernel_size: int = 5,
        space: Rep = V,
        **conv: Any,
    ) -> None:
        super().__init__()
        for name, value in (("stages", stages), ("blocks", blocks)):
            check_number(name, value, 1)
        self.group, (self.rep_in, self.rep_out, self.space) = bind(group, rep_in=rep_in, rep_out=rep_out, space=space)
        reps = hidden_reps(self.group, self.rep_in, self.rep_out, hidden, stages)
        conv = {"kernel_size": kernel_size, "space": self.space, **conv}
        layers: list[nn.Module] = []
        last = self.rep_in
        for k, rep in enumerate(reps):
            layers += [Downsample(last)] if k else []
            for _ in range(blocks):
                layers.append(GridBlock(last, rep, self.group, **conv))
                last = rep
        self.layers = nn.Sequential(*layers, FieldPool(last))
        self.out = Linear(last, self.rep_out, dtype=conv.get("dtype"), device=conv.get("device"))

    def forward(self, x: Tensor) -> Tensor:
        """Fields (batch, rep_in.dim, *spatial) to features (batch, rep_out.dim)."""
        return self.out(self.layers(x))

    def __repr__(self) -> str:
        reps = f"{self.rep_in!r} -> {self.rep_out!r}"
        return f"SteerableResNet({reps} | {self.group.name} | {weights(self)} weights)"


def hidden_reps(group: Group, rep_in: Rep, rep_out: Rep, hidden: int | Rep, stages: int) -> list[Rep]:
    """Representations of all resolutions: each coarser one twice the one before."""
    first = hidden_rep(group, rep_in, rep_out, hidden)
    return [(2**k * first)(group) for k in range(stages)]
