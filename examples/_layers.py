"""Plain layers, which know no symmetry by themselves: parts of the baselines, and of maps between invariants."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn


def mlp(*widths: int, act: type[nn.Module] = nn.SiLU, dropout: float = 0.0) -> nn.Sequential:
    """Linear layers between the widths, with a nonlinearity (and dropout) after all but the last.

    Examples
    --------
    >>> len(mlp(3, 16, 16, 1)), len(mlp(3, 16, 16, 1, dropout=0.1))
    (5, 7)
    """
    between = [nn.Dropout(dropout)] if dropout else []
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), act(), *between]
    return nn.Sequential(*layers[: -1 - len(between)])


def rows(x: Tensor, index: Tensor) -> Tensor:
    """x[index], faster."""
    return x.index_select(0, index)


class Messages(nn.Module):
    """h_i ↦ h_i + φ(h_i, Σ_j ψ(h_i, h_j, e_ij)) on graphs, with plain networks φ and ψ.

    Parameters
    ----------
    width, edge : int
        Features of nodes (N, width) and of edges (E, edge).
    """

    def __init__(self, width: int, edge: int) -> None:
        super().__init__()
        self.message = mlp(2 * width + edge, width, width)
        self.update = mlp(2 * width, width, width)

    def forward(self, h: Tensor, edges: Tensor, e: Tensor) -> Tensor:
        """Features after messages along the edges, (source, target)."""
        source, target = edges
        m = self.message(torch.cat([rows(h, target), rows(h, source), e], -1))
        updated: Tensor = h + self.update(torch.cat([h, h.new_zeros(h.shape).index_add(0, target, m)], -1))
        return updated


class ConvBlock(nn.Module):
    """x ↦ relu(norm(conv(x)) + Wx) on images (n, width_in, s, s), of the same size after it.

    Parameters
    ----------
    width_in, width_out, kernel_size : int
    conv : keywords of the convolution
    """

    def __init__(self, width_in: int, width_out: int, kernel_size: int, **conv: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, kernel_size, padding="same", bias=False, **conv)
        self.norm = nn.BatchNorm2d(width_out)
        self.skip = nn.Conv2d(width_in, width_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, width_in, s, s) to (n, width_out, s, s)."""
        return (self.norm(self.conv(x)) + self.skip(x)).relu()
