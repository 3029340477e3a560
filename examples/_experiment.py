"""Experiments: data, the models that compete on them, a figure of merit; and one run of one of them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import torch
from intertwine import plot
from intertwine._distributed import World, join, leave
from intertwine._files import CHECKPOINT, RunError, release, set_aside, write
from intertwine._names import parse_group
from intertwine.groups import Group
from intertwine.train import (
    Plan,
    Run,
    State,
    Task,
    count_parameters,
    environment,
    pick_device,
    read_checkpoint,
    write_metrics,
)
from matplotlib.figure import Figure
from rich.console import Console
from torch import nn

from ._report import Report, run_folder
from ._settings import PROTOCOL, Settings, run_name

S = TypeVar("S", bound=Settings)
T = TypeVar("T", bound=Task)
M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Means:
    """How and where a run is made; nothing here changes what is asked.

    Attributes
    ----------
    device : str
        Or "auto".
    out : Path or None
        Folder of the run.
    resume : bool
        Go on from its checkpoint.
    replace : bool
        Begin anew in ``out``, whatever is there.
    compile, tensorboard : bool
    precision : "float32" or "bfloat16"
    """

    device: str = "auto"
    out: Path | None = None
    resume: bool = False
    replace: bool = False
    compile: bool = False
    precision: str = "float32"
    tensorboard: bool = False


class Experiment(ABC, Generic[S, T]):
    """An experiment: what `run` needs to know.

    Attributes
    ----------
    title : str
        Of the table.
    score : str
        What `test` returns first, with its unit: "test MSE"; see `score_of`.
    validated : str
        What validation measures where that is not the score, with its unit.
    published : mapping
        Figures of others, in the same units.
    """

    title: ClassVar[str]
    score: ClassVar[str] = ""
    validated: ClassVar[str] = ""
    published: ClassVar[Mapping[str, float]] = {}

    def group(self, settings: S) -> Group:
        """The group a run asks for, which must act on the data."""
        return parse_group(settings.group)

    def check(self, settings: S) -> None:
        """Raise a ValueError for settings that make no sense together, before any work."""

    @abstractmethod
    def task(self, settings: S, device: torch.device) -> T:
        """The data, read or made: what is trained on, validated and tested."""

    @abstractmethod
    def network(self, settings: S, group: Group, task: T) -> nn.Module:
        """The model, freshly initialised; called with the seed set."""

    @abstractmethod
    def test(self, settings: S, model: nn.Module, task: T) -> dict[str, float]:
        """Figures on test data, the one of `score` first; model in eval mode, without gradients."""

    def score_of(self, settings: S) -> str:
        """`score`, where it depends on the settings."""
        return self.score

    def references(self, settings: S, task: T) -> dict[str, float]:
        """Figures to put beside ours: predictors that need no training, and `published`."""
        return dict(self.published)

    def pictures(self, settings: S, model: nn.Module, task: T) -> dict[str, Figure]:
        """Figures to leave in the run's folder, by file name."""
        return {}

    def plan(self, settings: S) -> Plan:
        """How to train."""
        return Plan(
            epochs=settings.epochs,
            batch=settings.batch,
            seed=settings.seed,
            lr=settings.lr,
            schedule=settings.schedule,
            average=settings.average,
            patience=settings.patience,
            budget=60 * settings.budget if settings.budget else None,
        )


def run(
    experiment: Experiment[S, T], settings: S, means: Means | None = None, console: Console | None = None
) -> Report:
    """Train, test, and leave ``metrics.json`` and pictures in the run's folder.

    Parameters
    ----------
    experiment : Experiment
    settings : Settings
    means : Means, optional
    console : rich Console, optional

    Raises
    ------
    ValueError
        If the settings make no sense.
    RunError
        If the folder is taken or a checkpoint does not fit.
    """
    means = means or Means()
    world = join(means.device)
    console = (console or Console()) if world.leads else Console(quiet=True)
    try:
        task, held = _prepare(experiment, settings, means, console, world)
        try:
            state = held.train()
            if not world.leads:
                return Report(experiment.title, (), (), ())
            return _report(experiment, settings, task, held, state)
        finally:
            if world.leads:
                release(held.folder)
    finally:
        leave()


def _prepare(experiment: Experiment[S, T], settings: S, means: Means, console: Console, world: World) -> tuple[T, Run]:
    """The data, and the run in a folder that is this process's."""
    check_idle(settings)
    experiment.check(settings)
    group = experiment.group(settings)
    device = pick_device(means.device)
    with world.in_turn():  # what the leader solves and makes, the others find in the cache
        folder = run_folder(means.out, run_name(settings), means.resume, world.leads, means.replace)
        with console.status("reading or making the data (kept in the cache)"):
            task = experiment.task(settings, device)
        torch.manual_seed(settings.seed)
        with console.status("solving for the layers"):
            model = experiment.network(settings, group, task).to(device)
        check_size(settings, count_parameters(model))
    console.print(
        f"{experiment.title}: {settings.model}, {group.name}, {count_parameters(model):,} weights, "
        f"{task.size:,} training samples, {device}, {torch.get_num_threads()} threads"
        + (f", {world.size} processes" if world.size > 1 else "")
    )
    plan = experiment.plan(settings)
    plan = Plan(**{**asdict(plan), "precision": means.precision, "compile": means.compile})
    question = {"experiment": settings.name, "revision": settings.revision, **settings.question}
    question |= {"parameters": settings.parameters, "key": group.key}
    held = Run(model, task, plan, folder, question, means.resume, console, world, means.tensorboard)
    if means.replace and world.leads and (kept := set_aside(folder)):
        console.print(f"the checkpoint that was there is now {kept}", highlight=False, soft_wrap=True)
    return task, held


def check_idle(settings: Settings) -> None:
    """Raise a ValueError for settings that are asked for and mean nothing.

    Examples
    --------
    >>> from intertwine.examples.nbody._settings import NBodySettings
    >>> check_idle(NBodySettings(kappa=0.1))
    Traceback (most recent call last):
        ...
    ValueError: --kappa 0.1 means nothing for this run of nbody (group O(3), model steerable, ...): leave it out
    """
    usual = type(settings)()
    for name in settings.idle(asdict(settings)):
        asked = getattr(settings, name)
        if asked != getattr(usual, name):
            others = ", ".join(f"{key} {value}" for key, value in settings.question.items() if key != name)
            raise ValueError(f"--{name} {asked} means nothing for this run of {settings.name} ({others}): leave it out")


def check_size(settings: Settings, weights: int) -> None:
    """Raise a ValueError where a model is far from the size that was asked for.

    Examples
    --------
    >>> from intertwine.examples.nbody._settings import NBodySettings
    >>> check_size(NBodySettings(parameters=5000), 5100)
    >>> check_size(NBodySettings(parameters=5000), 20_000)
    Traceback (most recent call last):
        ...
    ValueError: nbody has no steerable network of about 5,000 weights, only one of 20,000: leave out --parameters
    """
    wanted = settings.parameters
    if wanted and abs(weights - wanted) > 0.3 * wanted:
        raise ValueError(
            f"{settings.name} has no {settings.model} network of about {wanted:,} weights, only one of {weights:,}: "
            "leave out --parameters"
        )


def _report(experiment: Experiment[S, T], settings: S, task: T, held: Run, state: State) -> Report:
    model = held.model
    references = experiment.references(settings, task)
    with torch.no_grad():
        figures = experiment.test(settings, model, task)
        pictures = experiment.pictures(settings, model, task)
    score, value = experiment.score_of(settings), next(iter(figures.values()))
    metrics = {
        "experiment": settings.name,
        "revision": settings.revision,
        "preset": settings.preset,
        "settings": asdict(settings),
        "score": score,
        "test": figures,
        "references": references,
        "best_validation": state.best,
        "best_epoch": state.best_epoch,
        "epochs": state.epoch,
        "training_seconds": state.seconds,
        "parameters": count_parameters(model),
        "environment": environment(next(model.parameters()).device) | _made(held),
    }
    history = held.folder / "history.json"
    write(history, json.dumps(state.history).encode())
    files = [write_metrics(held.folder, metrics), history]
    beside = {} if experiment.validated else references
    course = plot.losses(state.history, beside, experiment.validated or score.removeprefix("test "))
    pictures = {"loss.png": course.figure} | pictures
    files += [plot.save(drawn, held.folder / name) for name, drawn in pictures.items()]
    rows = [(name, shown(x), "") for name, x in figures.items()]
    rows[0] = (f"this run: {settings.model}, {settings.group}", shown(value), "1")
    rows += [(name, shown(x), f"{x / value:.2f}" if value else "") for name, x in references.items()]
    on_cpu = next(model.parameters()).device.type == "cpu"
    note = f"{state.epoch} epochs in {state.seconds:.0f} s" + " of processor time" * on_cpu
    return Report(
        experiment.title, ("", score, "of ours"), rows, files, f"{note}; {settings.note}" if settings.note else note
    )


def _made(held: Run) -> dict[str, Any]:
    """How a run was made; precision and compilation where they are not as usual."""
    plan, usual = asdict(held.plan), asdict(Plan())
    unusual = {key: plan[key] for key in ("precision", "compile") if plan[key] != usual[key]}
    return {"processes": held.world.size, **unusual}


def shown(number: float) -> str:
    """Four digits, or two of what is small.

    Examples
    --------
    >>> shown(0.00701), shown(0.000123), shown(36.0)
    ('0.00701', '1.2e-04', '36')
    """
    return f"{number:.4g}" if abs(number) >= 1e-3 or number == 0 else f"{number:.1e}"


def resumed(settings: type[S], folder: Path | None, given: Mapping[str, Any]) -> S:
    """The settings of the run in a folder, with those given instead of its own.

    Raises
    ------
    RunError
        If it is a run of another experiment.
    """
    if folder is None or not (folder / CHECKPOINT).exists():
        return settings.of(**given)  # type: ignore[return-value]
    content = read_checkpoint(folder)
    before, plan = json.loads(content["settings"]), json.loads(content["plan"])
    if before.get("experiment") != settings.name:
        raise RunError(
            f"{folder} holds a run of {before.get('experiment', 'no experiment')}, not of {settings.name}: go on with "
            "its own command, or choose --out"
        )
    found = {f.name: before[f.name] for f in fields(settings) if f.name in before}
    found |= {key: plan[key] for key in PROTOCOL if key in plan}
    found["budget"] = plan["budget"] / 60 if plan["budget"] else None
    for one, other in (("epochs", "budget"), ("budget", "epochs")):
        if one in given and other not in given:  # it ends the training by itself
            del found[other]
    return settings.of(**{**found, **given})  # type: ignore[return-value]


def sized(make: Callable[[int], M], parameters: int, seed: int) -> M:
    """The model with about ``parameters`` weights, initialised with a seed.

    Parameters
    ----------
    make : function of the width
        The model.
    parameters, seed : int

    Raises
    ------
    ValueError
        If no width has about so many weights.

    Examples
    --------
    >>> sized(lambda width: nn.Linear(9, width), 400, seed=0)
    Linear(in_features=9, out_features=40, bias=True)
    """
    width = matched(lambda width: count_parameters(make(width)), parameters)
    torch.manual_seed(seed)
    return make(width)


def steerable_or_plain(
    settings: Settings,
    ours: Callable[..., nn.Module],
    usual: Callable[[], nn.Module],
    plain: Callable[[int], nn.Module],
) -> nn.Module:
    """The model of a run: ``ours``, of its own width unless weights are asked for, or of as many weights as ``usual``.

    Parameters
    ----------
    settings : Settings
    ours, plain : functions of the width
        The first with a default.
    usual : function
        The model that others are compared with.
    """
    if settings.model == "steerable" and settings.parameters is None:
        return ours()
    parameters = settings.parameters or count_parameters(usual())
    return sized(ours if settings.model == "steerable" else plain, parameters, settings.seed)


def matched(count: Callable[[int], int], parameters: int, tolerance: float = 0.25) -> int:
    """The width with which a model has about ``parameters`` weights.

    Parameters
    ----------
    count : function of the width
        Number of weights; increasing.
    parameters : int
    tolerance : float
        Relative.

    Raises
    ------
    ValueError
        If no width does.

    Examples
    --------
    >>> matched(lambda width: 10 * width**2, 3800)
    19
    """
    count = cache(count)
    low = largest(lambda width: count(width) <= parameters)
    found = min((low, low + 1), key=lambda width: abs(count(width) - parameters))
    if abs(count(found) - parameters) > tolerance * parameters:
        raise ValueError(f"no model has about {parameters} weights: the nearest has {count(found)}")
    return found


def largest(fits: Callable[[int], bool]) -> int:
    """The largest n ≥ 1 that fits, by doubling and bisection; 1 when none does.

    Examples
    --------
    >>> largest(lambda n: n * n <= 200)
    14
    """
    low, high = 1, 2
    while fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
