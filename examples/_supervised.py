"""Training on samples with targets: what experiments share that predict one thing from another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


class Batch(Protocol):
    """Some samples: what a model takes, and what it should give."""

    @property
    def target(self) -> Tensor:
        """(n, ...)."""
        ...


class Samples(Protocol):
    """Data of one part: ``samples[index]`` is a `Batch`."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Tensor) -> Any: ...


Index = NDArray[np.int64]
Errors = Callable[[Tensor, Tensor], Tensor]
Move = Callable[[Any, torch.Generator], Any]


@dataclass
class Supervised:
    """A training task: models take a batch and are compared with its target.

    Attributes
    ----------
    train, val, test : Samples
    loss_of : function of predictions and targets
        Mean loss of a batch.
    errors_of : function of predictions and targets
        Figure of merit of every sample, (n,); smaller is better.
    move : function of a batch and a generator, optional
        Augmentation of training samples.
    at_once : int
        Samples predicted at a time when nothing is learned.
    """

    train: Samples
    val: Samples
    test: Samples
    loss_of: Callable[[Tensor, Tensor], Tensor]
    errors_of: Errors
    move: Move | None = None
    at_once: int = 128

    @property
    def size(self) -> int:
        """Number of training samples."""
        return len(self.train)

    def loss(self, model: nn.Module, index: Tensor, generator: torch.Generator) -> Tensor:
        """Mean loss of some training samples."""
        batch = self.train[index]
        if self.move is not None:
            batch = self.move(batch, generator)
        return self.loss_of(model(batch), batch.target)

    def score(self, model: nn.Module) -> float:
        """Mean figure of merit on the validation samples."""
        return self.error(model, self.val)

    def error(self, model: nn.Module, samples: Samples) -> float:
        """Mean figure of merit of some samples."""
        return float(self.errors_of(*self.predicted(model, samples)).mean())

    @torch.no_grad()
    def predicted(self, model: nn.Module, samples: Samples) -> tuple[Tensor, Tensor]:
        """Predictions and targets of all samples."""
        batches = [samples[index] for index in torch.arange(len(samples)).split(self.at_once)]
        return torch.cat([model(b) for b in batches]), torch.cat([b.target for b in batches])


def classified(train: Samples, val: Samples, test: Samples, move: Move | None = None, at_once: int = 128) -> Supervised:
    """The task of telling classes apart: cross-entropy, and the share of mistakes in percent."""
    return Supervised(train, val, test, cross_entropy, mistakes, move, at_once)


def mistakes(logits: Tensor, target: Tensor) -> Tensor:
    """100 where the most likely class is wrong, else 0.

    Examples
    --------
    >>> mistakes(torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([1, 1]))
    tensor([  0., 100.])
    """
    return 100.0 * (logits.argmax(-1) != target)


def cut(order: Index, test: int, val: int, samples: int, seed: int, what: str) -> dict[str, Index]:
    """The first ``test`` of an order for tests, always; of the rest, shuffled by seed, ``val`` and ``samples``.

    Raises
    ------
    ValueError
        If there are fewer samples; ``what`` they are is said.

    Examples
    --------
    >>> {part: len(index) for part, index in cut(np.arange(100), 20, 10, 50, 0, "jets").items()}
    {'train': 50, 'val': 10, 'test': 20}
    """
    rest = np.random.default_rng(seed).permutation(order[test:])
    train = rest[val:]
    if samples > len(train):
        raise ValueError(f"there are {len(train):,} training {what}, got samples={samples:,}")
    return {"train": train[:samples], "val": rest[:val], "test": order[:test]}
