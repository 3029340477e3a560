"""Initial weights: every layer preserves the variance of its features.

A component of a feature has unit second moment when E|x_i|² = 1.  Basis elements of Hom(a, b) are normalised
to ‖B‖² = dim b, so a sum of n of them with independent weights of variance 1/n maps unit features to unit
features, whatever the group.  The gains below do the same for the nonlinearities under x ~ N(0, 1):
E[(SILU_GAIN silu(x))²] = E[(SIGMOID_GAIN sigmoid(x))²] = 1.
"""

from __future__ import annotations

import torch
from torch import nn

SILU_GAIN = 1.676532
SIGMOID_GAIN = 1.846323


def coefficients(
    n_out: int, fan_in: int, dtype: torch.dtype, device: torch.device | str | None = None
) -> nn.Parameter:
    """Independent normal weights of shape (n_out, fan_in) and second moment 1/fan_in."""
    weight = torch.randn(n_out, fan_in, dtype=dtype, device=device)  # complex: E|w|² = 1
    return nn.Parameter(weight / max(fan_in, 1) ** 0.5)
