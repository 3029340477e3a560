"""Statistics of normalisations, for weights that were not trained themselves but averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

#: batches from which statistics are taken
MEASURED = 16


def take_statistics(model: nn.Module, predict: Callable[[int, Tensor], object], batches: Sequence[Tensor]) -> None:
    """Replace the running averages of a model in eval mode by means over the first batches, one after the other.

    Those of a model in training belong to other weights than their average.

    Parameters
    ----------
    model : nn.Module
        Its normalisations, PyTorch's or ours, have a ``momentum`` and buffers; without any nothing is done.
    predict : function of the number of a batch and its samples
        Calls the model.
    batches : sequence of Tensor
        Samples, (n,) each.

    Examples
    --------
    >>> import torch
    >>> norm, x = nn.BatchNorm1d(1).eval(), torch.tensor([[1.0], [3.0], [5.0], [7.0]])
    >>> take_statistics(norm, lambda k, index: norm(x[index]), torch.arange(4).split(2))
    >>> float(norm.running_mean), norm.momentum, norm.training
    (4.0, 0.1, False)

    References
    ----------
    Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, UAI 2018, arXiv:1803.05407,
    section 3.2.
    """
    norms: list[Any] = [module for module in model.modules() if _has_running_averages(module)]
    if not norms:
        return
    usual = [norm.momentum for norm in norms]
    for k, index in enumerate(batches[:MEASURED]):
        for norm in norms:
            norm.train().momentum = 1 / (k + 1)  # the mean of all so far
        predict(k, index)
    for norm, momentum in zip(norms, usual):
        norm.eval().momentum = momentum


def _has_running_averages(module: nn.Module) -> bool:
    return hasattr(module, "momentum") and next(module.buffers(recurse=False), None) is not None
