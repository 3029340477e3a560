"""The QM9 experiment: train on a scalar property, compare with predictors that see no geometry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from intertwine import plot
from intertwine.groups import Group
from intertwine.train import Plan, Run, State, count_parameters, environment, pick_device, write_metrics
from rich.console import Console
from torch import Tensor, nn
from torch.nn.functional import smooth_l1_loss

from .._report import Report, planned_epochs, require_orthogonal, run_folder, slug
from . import _data
from ._baseline import errors, predict, regression
from ._graphs import Graphs
from ._model import CUTOFF, MoleculeNet

EPOCHS, BATCH, RATE, LAYERS, WIDTH, AVERAGE = 30, 32, 2e-3, 3, (32, 16), 0.995
VALIDATED = 1_000
PUBLISHED = {"alpha": {"EGNN": 0.071, "SEGNN": 0.060}, "homo": {"EGNN": 29.0, "SEGNN": 24.0}}


@dataclass
class Property:
    """The training task, in units of ``scale``; the loss is absolute, and squared near zero."""

    train: Graphs
    val: Graphs
    scale: float

    @property
    def size(self) -> int:
        """Number of training molecules."""
        return len(self.train)

    def loss(self, model: nn.Module, index: Tensor, generator: torch.Generator) -> Tensor:
        """Smooth absolute error of some training molecules."""
        batch = self.train[index]
        true = self.train.molecules.target[index].to(batch.pos)
        return smooth_l1_loss(model(batch) / self.scale, true / self.scale, beta=0.1)

    def score(self, model: nn.Module) -> float:
        """Mean absolute error on the validation molecules."""
        return float((predicted(model, self.val) - self.val.molecules.target).abs().mean())


@torch.no_grad()
def predicted(model: nn.Module, graphs: Graphs, batch: int = 128) -> Tensor:
    """The property of all molecules, (n,) float64 on the CPU."""
    return torch.cat([model(graphs[i]).double().cpu() for i in torch.arange(len(graphs)).split(batch)])


def train(
    target: str,
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
    lr: float | None = None,
    validated: int | None = VALIDATED,
    tested: int | None = None,
) -> Report:
    """Train on one property and report the test error beside the baselines.

    Parameters
    ----------
    target : str
        A key of `_data.TARGETS`.
    group : Group
    samples, seed : int
    console : rich Console
    epochs : int, optional
    device : str
    out, resume : as the command line's
    budget : float, optional
        Minutes.
    channels : int, optional
        Hidden vectors; twice as many scalars.
    lr : float, optional
    validated, tested : int, optional
        How many validation and test molecules to use; None for all.
    """
    what = _data.target(target)
    settings: dict[str, Any] = {"experiment": "qm9", "target": target, "group": group.name, "key": group.key}
    settings |= {"samples": samples, "seed": seed, "channels": channels, "lr": lr or RATE}
    if samples <= len(_data.ELEMENTS) + 1:
        raise ValueError(
            f"samples must be more than {len(_data.ELEMENTS) + 1} for the regression on atom counts, got {samples}"
        )
    require_orthogonal(group, "atoms")
    where = pick_device(device)
    folder = run_folder(out, f"qm9-{target}-{slug(group.name)}-seed{seed}", resume)
    with console.status("reading QM9 (converted at the first use)"):
        parts = _data.load(target, seed, train=samples, val=validated, test=tested)
        graphs = {part: Graphs(molecules, CUTOFF, where) for part, molecules in parts.items()}
    fit = regression(parts["train"])
    scale = float((parts["train"].target - predict(fit, parts["train"].counts)).std())
    torch.manual_seed(seed)
    with console.status("solving for the layers"):
        width = (2 * channels, channels) if channels else WIDTH
        model = MoleculeNet(group, fit.float(), scale, width, LAYERS).to(where)
    console.print(
        f"QM9 split by seed {seed} into 110,000 / 10,000 / the rest; using {len(parts['train']):,} training, "
        f"{len(parts['val']):,} validation, {len(parts['test']):,} test molecules\n"
        f"{what.meaning} in {what.unit}; {count_parameters(model):,} weights, {group.name}, {where}, "
        f"{torch.get_num_threads()} threads"
    )
    plan = Plan(
        epochs=planned_epochs(epochs, folder, resume, 10**5 if budget else EPOCHS),
        batch=BATCH,
        seed=seed,
        lr=lr or RATE,
        average=AVERAGE,
        budget=60 * budget if budget else None,
    )
    task = Property(graphs["train"], graphs["val"], scale)
    run = Run(model, task, plan, folder, settings, resume, console)
    state = run.train()
    return _report(target, group, run, state, parts, graphs["test"])


def _report(
    target: str, group: Group, run: Run, state: State, parts: dict[str, _data.Molecules], test: Graphs
) -> Report:
    what, unit = _data.TARGETS[target], _data.TARGETS[target].unit
    baseline = errors(parts["train"], parts["test"])
    guess, true = predicted(run.model, test), test.molecules.target
    error = float((guess - true).abs().mean())
    published = PUBLISHED.get(target, {})
    metrics = {
        "test_mae": error,
        "unit": unit,
        "baselines": baseline,
        "published_with_110000": published,
        "best_val_mae": state.best,
        "best_epoch": state.best_epoch,
        "epochs": state.epoch,
        "training_seconds": state.seconds,
        "parameters": count_parameters(run.model),
        "split": {part: len(molecules) for part, molecules in parts.items()},
        "settings": run.settings,
        "environment": environment(next(run.model.parameters()).device),
        "history": state.history,
    }
    title = f"QM9 {what.meaning} · {group.name}"
    files = [
        write_metrics(run.folder, metrics),
        plot.save(plot.losses(state.history, baseline, f"MAE ({unit})"), run.folder / "loss.png"),
        plot.save(plot.parity(true, guess, unit, title), run.folder / "parity.png"),
    ]
    rows = [(f"intertwine, {group.name}", f"{error:.4g}", "1")]
    rows += [(f"{name} (predictor)", f"{mae:.4g}", f"{mae / error:.2f}") for name, mae in baseline.items()]
    rows += [(f"{name}, 110,000 molecules (published)", f"{mae:.4g}", "") for name, mae in published.items()]
    note = f"{state.epoch} epochs in {state.seconds:.0f} s on {len(parts['train']):,} molecules"
    return Report(title, ("model", f"test MAE ({unit})", "of ours"), rows, files, note)
