"""Predictors without geometry: the mean, and a linear regression on the number of atoms of each element."""

from __future__ import annotations

import torch
from torch import Tensor

from ._data import Molecules


def regression(train: Molecules) -> Tensor:
    """Least-squares coefficients of the property on atom counts and a constant, (6,) float64.

    Examples
    --------
    >>> kind = [torch.tensor([1, 0, 0, 0, 0]), torch.tensor([2, 0, 0, 0]), torch.tensor([3, 0, 0])]
    >>> counts = Molecules([torch.zeros(len(k), 3) for k in kind], kind, torch.zeros(3)).counts
    >>> counts[0].tolist()
    [4.0, 1.0, 0.0, 0.0, 0.0]
    """
    return torch.linalg.lstsq(_with_constant(train.counts), train.target[:, None], driver="gelsd").solution[:, 0]


def predict(coefficients: Tensor, counts: Tensor) -> Tensor:
    """The regression's prediction for atom counts (n, 5): (n,)."""
    return _with_constant(counts) @ coefficients.to(counts.dtype)


def errors(train: Molecules, test: Molecules) -> dict[str, float]:
    """Mean absolute errors of both predictors on the test molecules."""
    mean = (test.target - train.target.mean()).abs().mean()
    fit = (test.target - predict(regression(train), test.counts)).abs().mean()
    return {"mean": float(mean), "atom counts": float(fit)}


def _with_constant(counts: Tensor) -> Tensor:
    return torch.cat([counts, torch.ones_like(counts[:, :1])], -1)
