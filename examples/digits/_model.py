"""Networks for images: steerable, and the same without symmetry."""

from __future__ import annotations

from itertools import pairwise

from intertwine.conv.models import SteerableResNet
from intertwine.groups import Group
from intertwine.reps import Scalar
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from .._layers import ConvBlock
from ._data import CLASSES, Images

HIDDEN, STAGES, KERNEL = 20, 3, 5


class DigitNet(nn.Module):
    """Logits (n, 10) of images, by any network of fields (n, 1, s, s).

    Parameters
    ----------
    body : nn.Module
    """

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, images: Images) -> Tensor:
        """Logits of every class."""
        logits: Tensor = self.body(4 * images.pixels)
        return logits


def steerable(group: Group, hidden: int = HIDDEN) -> DigitNet:
    """A steerable residual network.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> steerable(SO(2), 8)(Images(torch.rand(2, 1, 29, 29), torch.zeros(2))).shape
    torch.Size([2, 10])
    """
    net = SteerableResNet(Scalar, CLASSES * Scalar, group, hidden=hidden, stages=STAGES, blocks=1, kernel_size=KERNEL)
    return DigitNet(net)


class CNN(nn.Module):
    """The residual network without symmetry: logits from fields (n, 1, s, s).

    Parameters
    ----------
    width : int
        Channels of the first stage; every later one has twice as many.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [1, *(width * 2**k for k in range(STAGES))]
        self.blocks = nn.ModuleList(ConvBlock(a, b, KERNEL) for a, b in pairwise(widths))
        self.out = nn.Linear(widths[-1], CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 10)."""
        for k, block in enumerate(self.blocks):
            x = block(avg_pool2d(x, 3, 2, 1) if k else x)
        return self.out(x.mean((2, 3)))


def plain(width: int) -> DigitNet:
    """A network without symmetry.

    Examples
    --------
    >>> import torch
    >>> plain(4)(Images(torch.rand(2, 1, 29, 29), torch.zeros(2))).shape
    torch.Size([2, 10])
    """
    return DigitNet(CNN(width))
