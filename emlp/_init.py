"""Initial weights: every layer preserves the variance of its features.

A component of a feature has unit second moment when E|x_i|² = 1.  Basis elements of Hom(a, b) are normalised
to ‖B‖² = dim b, so a sum of n of them with independent weights of variance 1/n maps unit features to unit
features, whatever the group.  The gains below do the same for the nonlinearities under x ~ N(0, 1):
E[(SILU_GAIN silu(x))²] = E[(SIGMOID_GAIN sigmoid(x))²] = 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from ._module import default_device

if TYPE_CHECKING:
    from ._linear import LinearAtoms

SILU_GAIN = 1.6765325
SIGMOID_GAIN = 1.8462285
LIMIT = 2**30  # weights of one map


def coefficients(n_out: int, fan_in: int, dtype: torch.dtype, device: torch.device | str | None = None) -> nn.Parameter:
    """Independent normal weights of shape (n_out, fan_in) and second moment 1/fan_in.

    Raises
    ------
    ValueError
        For more than `LIMIT` of them.
    """
    if n_out * fan_in > LIMIT and default_device(device).type != "meta":
        raise ValueError(
            f"one map would have {n_out:,} x {fan_in:,} weights, more than {LIMIT:,}: choose fewer features "
            "(hidden, channels), or make the layer on the device 'meta'"
        )
    weight = torch.randn(n_out, fan_in, dtype=dtype, device=device)  # complex: E|w|² = 1
    return nn.Parameter(weight / max(fan_in, 1) ** 0.5)


def balance_products(layer: LinearAtoms, linear: int, gain: float) -> None:
    """Rescale the initial weights of a map from [h, b] so that products b enter with a gain beside h.

    A target that gets n channels of h and m products starts as (n⁻¹ᐟ² Σ h + gain · m⁻¹ᐟ² Σ b) / √(1 + gain²), up to
    signs: features of unit second moment stay so.

    Parameters
    ----------
    layer : LinearAtoms
    linear : int
        How many of its input atoms are the linear ones; they come first.
    gain : float
    """
    with torch.no_grad():
        for weight, sources in zip(layer.weights, layer.sources):
            n = sum(r * layer.multiplicities[i] for i, r, _ in sources if i < linear)
            m = weight.shape[1] - n
            if n and m:
                weight[:, :n] *= ((n + m) / n / (1 + gain**2)) ** 0.5
                weight[:, n:] *= gain * ((n + m) / m / (1 + gain**2)) ** 0.5
