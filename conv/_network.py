"""The plain network on invariants in a kernel."""

from __future__ import annotations

import torch
from intertwine.emlp._gate import act
from intertwine.emlp._module import Layer
from torch import Tensor, nn

Device = torch.device | str | None


def scalar_network(fan_in: int, width: int, out: int, layers: int, device: Device, dtype: torch.dtype) -> nn.Sequential:
    """A plain network on invariants with SiLU scaled to unit second moment."""
    parts: list[nn.Module] = []
    for _ in range(layers):
        parts += [_dense(fan_in, width, device, dtype), _Act()]
        fan_in = width
    return nn.Sequential(*parts, _dense(fan_in, out, device, dtype))


class _Act(Layer):
    def forward(self, x: Tensor) -> Tensor:
        return act(x)


def _dense(n: int, m: int, device: Device, dtype: torch.dtype) -> nn.Linear:
    layer = nn.Linear(n, m, device=device, dtype=dtype)
    nn.init.normal_(layer.weight, std=(0.75 / n) ** 0.5)
    nn.init.normal_(layer.bias, std=0.5)  # 3/4 + 1/4: unit variance, and functions that are not odd
    return layer
