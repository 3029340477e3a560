"""Networks on grids without their kernels: plain convolutions for inference."""

from __future__ import annotations

import copy

from torch import nn

from ._grid_layer import GridLayer


def export(network: nn.Module) -> nn.Module:
    """A copy of a network in which every grid convolution is a plain `torch.nn.ConvNd` with its present filter.

    Parameters
    ----------
    network : nn.Module
        Left as it is.  Layers whose filter depends on attributes are refused.

    Returns
    -------
    nn.Module
        In eval mode; nothing in it evaluates a kernel.

    Examples
    --------
    >>> import torch
    >>> from intertwine.conv import GridConv
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> net = torch.nn.Sequential(GridConv(Scalar, V, O(2)), GridConv(V, Scalar, O(2))).eval()
    >>> plain, x = export(net), torch.randn(1, 1, 9, 9)
    >>> [type(layer).__name__ for layer in plain], bool(torch.allclose(plain(x), net(x), atol=1e-5))
    (['Conv2d', 'Conv2d'], True)
    """
    if isinstance(network, GridLayer):
        return network.export().eval()
    made = copy.deepcopy(network).eval()
    plain: dict[nn.Module | None, nn.Module] = {
        layer: layer.export() for layer in made.modules() if isinstance(layer, GridLayer)
    }
    for module in list(made.modules()):
        for name, child in list(module._modules.items()):
            if child in plain:
                setattr(module, name, plain[child])
    return made.eval()
