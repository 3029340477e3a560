"""How to train, and where a run is; random numbers that depend on that and on nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes
    ----------
    epochs, seed : int
    batch : int
        Samples per step, or fewer: those of an epoch are shared out evenly.
    lr : float
        Peak learning rate; rises linearly over ``warmup`` of the training, then, by the ``schedule`` "cosine", falls
        to ``floor`` times the peak, or stays ("constant").
    schedule : "cosine" or "constant"
    warmup, floor : float
    weight_decay : float
        Decoupled (AdamW).
    clip : float
        Largest norm of the gradient.
    average : float
        Decay of the moving average of the weights, which is what is validated and kept; 0 turns it off.
    budget : float or None
        Seconds of training after which to end; the learning rate then follows the clock where that is
        ahead of the epochs.  On a CPU they are processor time of all threads, which a busy machine does not shorten.
    save_every : float
        Seconds between checkpoints within an epoch; one is written at the end of each epoch, too, unless the
        last is younger than a twentieth of this.
    patience : int or None
        End after so many epochs without a better validation score.
    precision : "float32" or "bfloat16"
        With bfloat16 the loss is computed under autocast; weights and their averages stay as they are.
    compile : bool
        Compile the model with `torch.compile`.

    Examples
    --------
    >>> Plan(epochs=5, lr=1e-2).batch
    100
    >>> Plan(average=1.0)
    Traceback (most recent call last):
        ...
    ValueError: average must lie in [0, 1), got 1.0
    """

    epochs: int = 100
    batch: int = 100
    seed: int = 0
    lr: float = 1e-3
    warmup: float = 0.02
    floor: float = 0.01
    weight_decay: float = 0.0
    clip: float = 1.0
    average: float = 0.0
    budget: float | None = None
    save_every: float = 60.0
    patience: int | None = None
    precision: str = "float32"
    compile: bool = False
    schedule: str = "cosine"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "lr", "patience"):
            value = getattr(self, name)
            if value is not None and (not 0 < value < math.inf or (name != "lr" and value != int(value))):
                raise ValueError(f"{name} must be a positive {'number' if name == 'lr' else 'integer'}, got {value}")
        if not 0 <= self.average < 1:
            raise ValueError(f"average must lie in [0, 1), got {self.average}")
        if not self.clip > 0:
            raise ValueError(f"clip must be a positive number, got {self.clip}: math.inf clips nothing")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup must lie in [0, 1), got {self.warmup}")
        for name, known in (("precision", ("float32", "bfloat16")), ("schedule", ("cosine", "constant"))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {known[0]} or {known[1]}, got {getattr(self, name)!r}")

    def differences(self, before: Mapping[str, Any]) -> list[str]:
        """What is otherwise than it was, option by option.

        Examples
        --------
        >>> Plan(lr=0.01, epochs=5).differences({"lr": 0.02, "epochs": 5})
        ['lr was 0.02, now 0.01']
        """
        now = asdict(self)
        was = now | dict(before)  # a checkpoint may be older than an option
        said = {k: (_said(was[k]), _said(now[k])) for k in now if k != "save_every"}
        return [f"{k} was {old}, now {new}" for k, (old, new) in said.items() if old != new]

    def rate(self, progress: float) -> float:
        """Learning rate at a progress between 0 and 1.

        Examples
        --------
        >>> [round(Plan(lr=1.0, warmup=0.1, floor=0.0).rate(t), 3) for t in (0.05, 0.1, 0.55, 1.0)]
        [0.5, 1.0, 0.5, 0.0]
        """
        if progress < self.warmup:
            return self.lr * progress / self.warmup
        if self.schedule == "constant":
            return self.lr
        t = (min(progress, 1.0) - self.warmup) / (1 - self.warmup)
        return self.lr * (self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * t)))


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass
class State:
    """Where a run is.

    Attributes
    ----------
    epoch, step : int
        Complete epochs, and complete steps in the present one.
    running : float
        Sum of the losses of those steps.
    seconds : float
        Spent training, over all sittings: processor time of all threads on a CPU, by the clock on another device.
    best, best_epoch : float, int
    unseen, looked : float
        Seconds spent training since the last validation, and on that one.
    history : list of dict
        Of every epoch that was validated: epoch, loss, score, rate, seconds.
    """

    epoch: int = 0
    step: int = 0
    running: float = 0.0
    seconds: float = 0.0
    best: float = math.inf
    best_epoch: int = 0
    unseen: float = 0.0
    looked: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


def generator(*seed: int) -> torch.Generator:
    """A generator that depends on the numbers given, and on nothing else.

    Examples
    --------
    >>> bool(torch.rand(1, generator=generator(0, 1)) == torch.rand(1, generator=generator(0, 1)))
    True
    """
    mixed = 0
    for number in seed:
        mixed = (mixed * 0x9E3779B97F4A7C15 + number + 1) % 2**63
    return torch.Generator().manual_seed(mixed)
