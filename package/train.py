"""A small training loop in plain PyTorch: progress bar, atomic checkpoints, clean stops, exact resumption.

A run lives in one folder: ``checkpoint.pt`` (everything needed to go on), ``metrics.json``, and pictures.
One process on the CPU of one machine, with a fixed number of threads, ends with the same bits whether it was
interrupted and resumed or not: batches and random transformations depend on (seed, epoch, step) only, and the
checkpoint carries the model, its average, the optimizer, the best weights so far and the random state.  (On a
GPU sums are not added up in a fixed order.)  A time budget trades that for a fixed duration: the learning rate
then follows the clock, and so does validation, which takes at most a fifth of the time.

Processes started by `torchrun` train one model together: each takes its share of every batch, gradients are
averaged, and the first process validates, writes and talks.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from rich.console import Console
from torch import Tensor, nn

from ._bar import progress_bar
from ._distributed import World, join, leave
from ._files import CHECKPOINT, FORMAT, RunError, read_checkpoint, write, write_metrics
from ._interrupts import on_interrupt
from ._machine import board as open_board
from ._machine import count_parameters, environment, pick_device
from ._plan import Plan, State, generator
from ._statistics import take_statistics

__all__ = [
    "CHECKPOINT",
    "Plan",
    "Run",
    "RunError",
    "State",
    "Stopped",
    "Task",
    "World",
    "count_parameters",
    "environment",
    "generator",
    "join",
    "leave",
    "pick_device",
    "read_checkpoint",
    "write_metrics",
]

#: with a budget, training between two validations takes so many times what the last one took, or longer
RARELY = 4.0


class Stopped(Exception):
    """The run in ``folder`` was stopped by Ctrl-C or SIGTERM; a checkpoint was written to go on from."""

    def __init__(self, folder: Path, epoch: int) -> None:
        super().__init__(f"in epoch {epoch}, with a checkpoint in {folder}")
        self.folder = folder


class Task(Protocol):
    """What is trained: the harness asks it for batches, a loss and a figure of merit."""

    @property
    def size(self) -> int:
        """Number of training samples."""
        ...

    def loss(self, model: nn.Module, index: Tensor, generator: torch.Generator) -> Tensor:
        """Mean loss of the training samples ``index``; random transformations draw from ``generator``."""
        ...

    def score(self, model: nn.Module) -> float:
        """Figure of merit on validation data, smaller is better; called in eval mode without gradients."""
        ...


class Run:
    """One training run in one folder.

    Parameters
    ----------
    model : nn.Module
    task : Task
    plan : Plan
    folder : Path
    settings : dict
        What the run is, stored in the checkpoint; a checkpoint of another is refused.
    resume : bool
        Go on from the folder's checkpoint.
    console : rich Console, optional
    world : World, optional
        The processes that train together.
    board : bool
        Write losses and rates for TensorBoard into the folder.

    Raises
    ------
    RunError
        If there is nothing to resume, the checkpoint is damaged or of another run, or the disk is full.
    ValueError
        If there are no weights or samples, or more processes than a batch can be shared by.

    Examples
    --------
    >>> import tempfile
    >>> class Line:
    ...     size = 64
    ...     x = torch.linspace(-1, 1, 64)[:, None]
    ...     def loss(self, model, index, generator):
    ...         return (model(self.x[index]) - 3 * self.x[index]).square().mean()
    ...     def score(self, model):
    ...         return float((model(self.x) - 3 * self.x).abs().mean())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = Run(torch.nn.Linear(1, 1), Line(), Plan(epochs=100, batch=16, lr=0.1), Path(folder), {})
    ...     state = run.train()
    >>> state.epoch, state.best < 0.05
    (100, True)
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        plan: Plan,
        folder: Path,
        settings: dict[str, Any] | None = None,
        resume: bool = False,
        console: Console | None = None,
        world: World | None = None,
        board: bool = False,
    ) -> None:
        self.model, self.task, self.plan, self.folder = model, task, plan, Path(folder)
        self.settings = settings or {}
        self.console = console or Console(stderr=True, quiet=True)
        self.world = world or World()
        if self.world.size > plan.batch:
            raise ValueError(
                f"{self.world.size} processes share batches of {plan.batch}: start fewer, or raise --batch"
            )
        if next(model.parameters(), None) is None or not task.size:
            raise ValueError(f"there is nothing to train: {count_parameters(model)} weights, {task.size} samples")
        self._check_norms()
        self.state = State()
        device = next(model.parameters()).device.type
        self._is_on_cuda = device == "cuda"
        self._clock = time.process_time if device == "cpu" else time.perf_counter
        self.replica = self.world.replica(model)
        if plan.compile:
            self.replica = cast("nn.Module", torch.compile(self.replica))
        self._board = open_board(self.folder) if board and self.world.leads else None
        fused = all(p.is_floating_point() for p in model.parameters())  # not of complex weights
        self.optimizer = torch.optim.AdamW(model.parameters(), plan.lr, weight_decay=plan.weight_decay, fused=fused)
        self.averaged = copy.deepcopy(model) if plan.average else model
        self.best: dict[str, Tensor] = {}
        self._saved = -math.inf
        self._wants_to_stop = False
        if not self.world.leads:  # dropout differs from process to process
            torch.manual_seed(generator(plan.seed, self.world.rank).initial_seed())
        if resume:
            self._load()

    def _check_norms(self) -> None:
        """Raise a ValueError where a network that normalises over batches would get a single sample."""
        if not any(isinstance(m, nn.BatchNorm1d) for m in self.model.modules()):
            return
        if self.task.size // self.steps // self.world.size < 2:
            raise ValueError(
                f"the network normalises over batches, and of {self.task.size} samples in batches of {self.plan.batch} "
                f"one of {self.world.size} processes would get a single one: choose another number of samples, or batch"
            )

    # -- the loop -------------------------------------------------------------------------------------
    @property
    def steps(self) -> int:
        """Steps per epoch."""
        return math.ceil(self.task.size / self.plan.batch)

    @property
    def _batches(self) -> Sequence[Tensor]:
        """The samples of every step of this epoch: one more or less, since a much smaller batch is noise."""
        order = torch.randperm(self.task.size, generator=generator(self.plan.seed, self.state.epoch))
        return order.tensor_split(self.steps)

    @property
    def progress(self) -> float:
        """How much of the training is done, by epochs or by the clock, whichever is ahead."""
        done = (self.state.epoch + self.state.step / self.steps) / self.plan.epochs
        budget = self.plan.budget
        return max(done, self.state.seconds / budget) if budget else done

    def train(self) -> State:
        """Train to the end, leave the best weights in the model, and say how it went.

        Raises
        ------
        Stopped
            After Ctrl-C or SIGTERM; the checkpoint has been written.
        RunError
            For a loss that is not finite, or a full disk.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with (
                on_interrupt(self._stop, alone=self.world.size == 1),
                progress_bar(self.console, self._shown) as advance,
            ):
                while self.state.epoch < self.plan.epochs and self.progress < 1 and not self._is_stale():
                    self._epoch(advance)
                    self.save(at_least=self.plan.save_every / 20)
        except KeyboardInterrupt:  # a second Ctrl-C, before the first one's step was over
            if not (self.folder / CHECKPOINT).exists():
                raise
            raise Stopped(self.folder, self.state.epoch + 1) from None
        self.save()
        if not self.best and self.state.history:
            self.console.print("[yellow]no validation score was a number: the last weights are kept")
        self.model.load_state_dict(self.best or self.averaged.state_dict())
        self.model.eval()
        return self.state

    def _stop(self) -> None:
        self._wants_to_stop = True

    def _is_stale(self) -> bool:
        patience, history = self.plan.patience, self.state.history
        return patience is not None and bool(history) and history[-1]["epoch"] - self.state.best_epoch >= patience

    def _epoch(self, advance: Callable[[], None]) -> None:
        state, plan = self.state, self.plan
        self.replica.train()
        for index in self._batches[state.step :]:
            since = self._clock()
            loss = self._step(index)
            seconds = self._agree(loss, self._clock() - since)
            state.seconds += seconds
            state.unseen += seconds
            state.step += 1
            advance()
            if self._wants_to_stop:
                self.save()
                raise Stopped(self.folder, state.epoch + 1)
            self.save(at_least=plan.save_every)
            if plan.budget and state.seconds >= plan.budget:
                break
        if not plan.budget or self.progress >= 1 or state.unseen >= RARELY * state.looked:
            self._validate()
        state.epoch, state.step, state.running = state.epoch + 1, 0, 0.0
        advance()

    def _agree(self, loss: float, seconds: float) -> float:
        """Add a step's loss up over all processes; the leader's clock, and anybody's wish to stop, count for all."""
        total, seconds, stop = self.world.total([loss, seconds * self.world.leads, float(self._wants_to_stop)])
        self._wants_to_stop = stop > 0
        self.state.running += total / self.world.size
        return seconds

    def _step(self, index: Tensor) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate(self.progress + 0.5 / (self.steps * self.plan.epochs))
        share, weight = self.world.share(index)
        seed = generator(self.plan.seed, self.state.epoch, self.state.step, *[self.world.rank] * (self.world.rank > 0))
        with self._precision():
            loss = self.task.loss(self.replica, share, seed) * weight
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.plan.clip)
        value = float(loss.detach())  # waits for an accelerator: only now, when all its work is queued
        if not math.isfinite(value):
            if not self.state.epoch + self.state.step:
                raise RunError(
                    f"the loss is {value} before any training: no learning rate mends that; the data, or what an "
                    "untrained network makes of them (a long rollout of products, say), are too large"
                )
            raise RunError(
                f"the loss became {value} in epoch {self.state.epoch + 1}: try a smaller learning rate "
                f"(--lr, now {self.plan.lr:g})" + self._kept()
            )
        self.optimizer.step()
        self._average()
        return value

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        if self.plan.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast(next(self.model.parameters()).device.type, torch.bfloat16)

    def _kept(self) -> str:
        intact = (self.folder / CHECKPOINT).exists()
        return f"; the last checkpoint in {self.folder} is intact" if intact else ""

    @torch.no_grad()
    def _average(self) -> None:
        if self.averaged is self.model:
            return
        done = self.state.epoch * self.steps + self.state.step
        decay = min(self.plan.average, (1 + done) / (10 + done))
        torch._foreach_lerp_(list(self.averaged.parameters()), list(self.model.parameters()), 1 - decay)

    @torch.no_grad()
    def _follow(self) -> None:
        """Give the averaged model the buffers of the model, and running averages of its own.

        Only now: most buffers are solved constants, which never change, and copying them at every step would take time.
        """
        if self.averaged is self.model:
            return
        for held, new in zip(self.averaged.buffers(), self.model.buffers()):
            held.copy_(new)

        def predict(k: int, index: Tensor) -> None:
            with self._precision():
                self.task.loss(self.averaged, index, generator(self.plan.seed, self.state.epoch, k))

        take_statistics(self.averaged, predict, self._batches)

    def _validate(self) -> None:
        state = self.state
        since = self._clock()
        self.averaged.eval()
        self._follow()
        score = 0.0
        if self.world.leads:
            with torch.no_grad():
                score = float(self.task.score(self.averaged))
        score, seconds = self.world.total([score, (self._clock() - since) * self.world.leads])
        state.seconds += seconds
        state.unseen, state.looked = 0.0, seconds
        loss, epoch = state.running / max(state.step, 1), state.epoch + 1
        entry = {"loss": loss, "score": score, "rate": self.optimizer.param_groups[0]["lr"]}
        state.history.append({"epoch": epoch} | entry | {"seconds": state.seconds})
        if self._board is not None:
            for name, number in entry.items():
                self._board.add_scalar(name, number, epoch)
            self._board.flush()
        if score < state.best:
            state.best, state.best_epoch = score, epoch
            self.best = {key: value.detach().clone() for key, value in self.averaged.state_dict().items()}

    # -- checkpoints ----------------------------------------------------------------------------------
    def save(self, at_least: float = 0.0) -> None:
        """Write the checkpoint, unless the last one is younger than ``at_least`` seconds."""
        now = time.monotonic()
        if now - self._saved < at_least or not self.world.leads:
            return
        content = {
            "format": FORMAT,
            "settings": json.dumps(self.settings),
            "plan": json.dumps(asdict(self.plan)),
            "state": json.dumps(asdict(self.state)),
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict() if self.averaged is not self.model else {},
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if self._is_on_cuda else [],
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        write(self.folder / CHECKPOINT, buffer.getvalue())
        self._saved = now

    def _load(self) -> None:
        content = read_checkpoint(self.folder)
        theirs, ours = json.loads(content["settings"]), json.loads(json.dumps(self.settings))
        differing = sorted(k for k in theirs.keys() | ours.keys() if theirs.get(k) != ours.get(k))
        if differing:
            listed = "; ".join(f"{k} was {theirs.get(k)!r}, now {ours.get(k)!r}" for k in differing)
            raise RunError(f"{self.folder} holds another run ({listed}): resume with its options, or choose --out")
        changed = self.plan.differences(json.loads(content["plan"]))
        if changed:
            self.console.print(f"resuming with another plan: {'; '.join(changed)}; training follows the new one")
        self.state = State(**json.loads(content["state"]))
        self.model.load_state_dict(content["model"])
        if self.averaged is not self.model:
            self.averaged.load_state_dict(content["averaged"] or content["model"])
        self.best = content["best"]
        self.optimizer.load_state_dict(content["optimizer"])
        if self.world.leads:
            torch.set_rng_state(content["random"])
            if self._is_on_cuda and len(content.get("cuda", ())) == torch.cuda.device_count():
                torch.cuda.set_rng_state_all(content["cuda"])

    # -- the terminal ---------------------------------------------------------------------------------
    def _shown(self) -> dict[str, Any]:
        state, plan = self.state, self.plan
        last = state.history[-1] if state.history else None
        loss = state.running / state.step if state.step else last["loss"] if last else math.nan
        return {
            "completed": min(self.progress, 1.0),
            "epoch": f"{min(state.epoch + 1, plan.epochs)}" + ("" if plan.budget else f"/{plan.epochs}"),
            "loss": f"{loss:.4g}",
            "score": f"{last['score']:.4g}" if last else "-",
        }
