"""The N-body experiment: train, compare with published figures, leave pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from intertwine import plot
from intertwine.groups import Group
from intertwine.train import Plan, Run, State, count_parameters, environment, pick_device, write_metrics
from rich.console import Console
from torch import Tensor, nn

from .._report import Report, planned_epochs, run_folder, slug
from ._data import FRAME_IN, FRAME_OUT, TEST, VALIDATION, NBody, begin, linear_motion, load
from ._model import NBodyNet, Width, matched_width
from ._simulate import simulate

#: test MSE, charged, 3,000 training trajectories: arXiv:2102.09844 table 2, arXiv:2110.02905 table 1
PUBLISHED = {"EGNN (published)": 0.0070, "SEGNN (published)": 0.0043}
DEMO_MINUTES = 3.5
EPOCHS, BATCH, RATE, LAYERS, AVERAGE = 30, 50, 3e-3, 4, 0.995
DRAWN = 4


@dataclass
class Motion:
    """The training task: mean squared error of the positions.

    Attributes
    ----------
    train, val : NBody
    augment : bool
        Rotate training systems by random angles about the z-axis.
    """

    train: NBody
    val: NBody
    augment: bool = False

    @property
    def size(self) -> int:
        """Number of training trajectories."""
        return len(self.train)

    def loss(self, model: nn.Module, index: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared error on some training trajectories."""
        some = self.train[index.to(self.train.pos.device)]
        if self.augment:
            some = turned(some, 2 * torch.pi * torch.rand(len(some), generator=generator))
        return (model(some) - some.target).square().mean()

    def score(self, model: nn.Module) -> float:
        """Mean squared error on the validation trajectories."""
        return mean_square_error(model, self.val)


def turned(data: NBody, angles: Tensor) -> NBody:
    """Every system rotated about the z-axis by its angle (n,)."""
    c, s = angles.cos().to(data.pos), angles.sin().to(data.pos)
    zero, one = torch.zeros_like(c), torch.ones_like(c)
    turn = torch.stack([c, -s, zero, s, c, zero, zero, zero, one], -1).view(-1, 3, 3)
    pos, vel, target = (x @ turn.mT for x in (data.pos, data.vel, data.target))
    return NBody(pos, vel, data.node, data.pair, target)


@torch.no_grad()
def predict(model: nn.Module, data: NBody, batch: int = 250) -> Tensor:
    """Predicted positions (n, 5, 3)."""
    return torch.cat([model(data[k : k + batch]) for k in range(0, len(data), batch)])


def mean_square_error(model: nn.Module, data: NBody) -> float:
    """Mean squared error of a model."""
    return float((predict(model, data) - data.target).square().mean())


def train(
    system: str,
    group: Group,
    samples: int,
    seed: int,
    console: Console,
    epochs: int | None = None,
    device: str = "auto",
    out: Path | None = None,
    resume: bool = False,
    budget: float | None = None,
    channels: int | None = None,
    parameters: int | None = None,
    lr: float | None = None,
    augment: bool = False,
    kappa: float = 1.0,
    validation: int = VALIDATION,
    test: int = TEST,
) -> Report:
    """Train on one system and report the test error beside the references.

    Parameters
    ----------
    system : "charged" or "springs"
    group : Group
    samples, seed : int
    console : rich Console
    epochs : int, optional
        Default 30; without limit when there is a budget.
    device : str
    out, resume : as the command line's
    budget : float, optional
        Minutes.
    channels, parameters : int, optional
        Hidden scalars and vectors each, or the number of weights to match instead.
    lr : float, optional
    augment : bool
    kappa : float
    validation, test : int
        Trajectories held out.
    """
    settings: dict[str, Any] = {
        "experiment": "nbody",
        "system": system,
        "group": group.name,
        "key": group.key,
    }
    settings |= {"samples": samples, "seed": seed, "channels": channels, "parameters": parameters}
    settings |= {"augment": augment, "kappa": kappa, "lr": lr or RATE}
    if channels and parameters:
        raise ValueError("give --channels or --parameters, not both")
    where = pick_device(device)
    folder = run_folder(out, f"nbody-{system}-{slug(group.name)}-seed{seed}", resume)
    absolute = system == "springs"

    @cache
    def build(width: Width) -> NBodyNet:
        torch.manual_seed(seed)
        return NBodyNet(group, width, LAYERS, absolute)

    with console.status("solving for the layers"):
        width = Width(channels, channels) if channels else Width()
        if parameters and not channels:
            width = matched_width(lambda w: count_parameters(build(w)), parameters)
        model = build(width).to(where)
    with console.status("simulating trajectories (kept in the cache for the next time)"):
        sizes = {"train": samples, "val": validation, "test": test}
        data = {part: load(system, part, n, seed, kappa).to(where) for part, n in sizes.items()}
    console.print(
        f"{system}: {samples} training, {validation} validation, {test} test trajectories; "
        f"{count_parameters(model):,} weights, {group.name}, {where}, {torch.get_num_threads()} threads"
    )
    plan = Plan(
        epochs=planned_epochs(epochs, folder, resume, 10**5 if budget else EPOCHS),
        batch=BATCH,
        seed=seed,
        lr=lr or RATE,
        average=AVERAGE,
        budget=60 * budget if budget else None,
    )
    run = Run(model, Motion(data["train"], data["val"], augment), plan, folder, settings, resume, console)
    state = run.train()
    return _report(system, group, run, state, data["test"], kappa)


def shown(error: float) -> str:
    """Four decimals, or two figures of what is smaller."""
    return f"{error:.4f}" if error >= 1e-3 else f"{error:.1e}"


def _report(system: str, group: Group, run: Run, state: State, test: NBody, kappa: float) -> Report:
    predicted = predict(run.model, test)
    each = (predicted - test.target).square().mean((1, 2))
    straight = float((linear_motion(test) - test.target).square().mean())
    references = {"linear motion x + v t": straight} | (PUBLISHED if system == "charged" else {})
    error = float(each.mean())
    metrics = {
        "test_mse": error,
        "test_mse_without_worst_percent": float(each.sort().values[: int(0.99 * len(each))].mean()),
        "references": references,
        "best_val_mse": state.best,
        "best_epoch": state.best_epoch,
        "epochs": state.epoch,
        "training_seconds": state.seconds,
        "parameters": count_parameters(run.model),
        "settings": run.settings,
        "environment": environment(test.pos.device),
        "history": state.history,
    }
    name = f"{system} · {group.name}"
    files = [
        write_metrics(run.folder, metrics),
        plot.save(plot.losses(state.history, references, "MSE"), run.folder / "loss.png"),
        plot.save(_picture(system, test, predicted, kappa, name), run.folder / "trajectories.png"),
    ]
    rows = [(f"intertwine, {group.name}", shown(error), f"{error / straight:.4f}")]
    rows += [(label, shown(value), f"{value / straight:.4f}") for label, value in references.items()]
    note = f"{state.epoch} epochs in {state.seconds:.0f} s; published figures are on their own samples"
    return Report(f"N-body, {name}", ("model", "test MSE", "of linear motion"), rows, files, note)


def _picture(system: str, test: NBody, predicted: Tensor, kappa: float, title: str) -> Any:
    """The first test systems: their paths from frame 30 to 40 and the predicted ends."""
    n = min(DRAWN, len(test))
    paths, _ = simulate(system, begin(system, "test", n), tuple(range(FRAME_IN, FRAME_OUT + 1)), kappa)
    pos, target, guess = (t[:n].cpu().numpy() for t in (test.pos, test.target, predicted))
    return plot.trajectories(pos, target, guess, paths, title)
