"""A U-Net on grids, from fields to fields."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from intertwine.emlp import Linear
from intertwine.emlp._module import Layer, bind, weights
from intertwine.groups import Group
from intertwine.reps import Rep, V
from torch import Tensor, nn

from .._checks import check_number
from .._field import Downsample, Fieldwise, Upsample
from ._resnet import GridBlock, hidden_reps


class SteerableUNet(Layer):
    """From fields to fields of the same size: down to coarser grids and up again, with skips at every resolution.

    Parameters
    ----------
    rep_in, rep_out, group, hidden, stages, blocks, kernel_size, space, **conv
        As in `SteerableResNet`; ``rep_out`` is that of the resulting field.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> net = SteerableUNet(Scalar, V, group=O(2), hidden=16, stages=2)
    >>> net(torch.randn(2, 1, 15, 15)).shape
    torch.Size([2, 2, 15, 15])

    References
    ----------
    Ronneberger, Fischer, Brox, U-Net, MICCAI 2015, arXiv:1505.04597.
    """

    on_fields = True

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        hidden: int | Rep = 64,
        stages: int = 3,
        blocks: int = 1,
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

        def stage(first: Rep, rep: Rep) -> nn.Sequential:
            chain = [first, *[rep] * blocks]
            return nn.Sequential(*(GridBlock(a, b, self.group, **conv) for a, b in itertools.pairwise(chain)))

        self.down = nn.ModuleList(stage(a, b) for a, b in itertools.pairwise([self.rep_in, *reps]))
        self.up = nn.ModuleList(stage(coarse + fine, fine) for fine, coarse in itertools.pairwise(reps))
        self.coarsen = nn.ModuleList(Downsample(rep) for rep in reps[:-1])
        self.refine = nn.ModuleList(Upsample(rep) for rep in reps[1:])
        self.out = Fieldwise(Linear(reps[0], self.rep_out, dtype=conv.get("dtype"), device=conv.get("device")))

    def forward(self, x: Tensor) -> Tensor:
        """Fields (batch, rep_in.dim, *spatial) to (batch, rep_out.dim, *spatial)."""
        seen = []
        for k, stage in enumerate(self.down):
            x = stage(self.coarsen[k - 1](x) if k else x)
            seen.append(x)
        for stage, refine, skip in zip(reversed(self.up), reversed(self.refine), reversed(seen[:-1])):
            x = stage(torch.cat([refine(x, skip.shape[2:]), skip], 1))
        return self.out(x)

    def __repr__(self) -> str:
        reps = f"{self.rep_in!r} -> {self.rep_out!r}"
        return f"SteerableUNet({reps} | {self.group.name} | {weights(self)} weights)"
