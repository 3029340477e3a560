"""`intertwine train` and `intertwine results`."""

from __future__ import annotations

import inspect
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import Field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_type_hints

import typer
from intertwine._files import METRICS
from intertwine.examples._registry import EXPERIMENTS
from rich.console import Console
from rich.markup import escape

from ._errors import user_errors

if TYPE_CHECKING:
    from intertwine.examples._report import Report
    from intertwine.examples._settings import Settings


class Preset(StrEnum):
    """How long to train."""

    fast = "fast"
    desk = "desk"
    paper = "paper"


class Precision(StrEnum):
    """Of the forward pass."""

    float32 = "float32"
    bfloat16 = "bfloat16"


Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps, or auto.")]
Out = Annotated[Path | None, typer.Option(file_okay=False, help="Folder of the run; by default a new one in runs/.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the folder's checkpoint.")]
#: what `Means` holds
MEANS = ("device", "out", "resume", "replace", "compile", "precision", "tensorboard")
Threads = Annotated[int, typer.Option(min=1, help="Processor threads; more than 1 pays for large batches only.")]


def train_command(settings: type[Settings]) -> Callable[..., None]:
    """The command that trains an experiment: one option for each of its settings, and those of every run."""

    def command(**words: Any) -> None:
        preset, threads, as_json = words.pop("preset"), words.pop("threads"), words.pop("as_json")
        console = Console(stderr=as_json)
        means = {key: words.pop(key) for key in MEANS}
        means["precision"] = means["precision"].value
        given = {key: getattr(value, "value", value) for key, value in words.items() if value is not None}

        def job() -> Report:
            from intertwine.examples._experiment import Means, resumed, run
            from intertwine.examples._registry import experiment

            here = Means(**means)
            what = resumed(settings, here.out if here.resume else None, {"preset": preset or "desk", **given})
            if here.resume and preset and what != settings.of(preset, **given):
                console.print(f"[yellow]--preset {preset} is for new runs: this one goes on as it began")
            return run(experiment(settings), what, here, console)

        report = perform(console, job, threads)
        if not as_json and report.rows:
            report.show(console)
        for path in report.files:
            if as_json and path.name == METRICS:
                print(path.read_text())

    options = [_option(f, get_type_hints(settings)[f.name]) for f in fields(settings)]
    common = list(inspect.signature(_common, eval_str=True).parameters.values())
    command.__signature__ = inspect.Signature([*options, *common])  # type: ignore[attr-defined]
    command.__doc__ = settings.__doc__
    return command


def _option(setting: Field[Any], hint: Any) -> inspect.Parameter:
    """The option of one setting; without it the preset's value holds."""
    shown, least, most, choices = (setting.metadata.get(key) for key in ("help", "least", "most", "choices"))
    kind: Any = next((k for k in (*get_args(hint), hint) if k in (bool, int, float, str)), str)
    if choices:
        kind = Literal[tuple(choices)]
    name = setting.name.replace("_", "-")
    flag = [f"--{name}/--no-{name}"] if kind is bool else []
    option = typer.Option(*flag, help=shown, min=least, max=most)
    annotation = Annotated[kind | None, option]
    return inspect.Parameter(setting.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _common(
    *,
    preset: Annotated[
        Preset | None, typer.Option(help="About a minute, some minutes, or as published.", show_default="desk")
    ] = None,
    device: Device = "auto",
    out: Out = None,
    resume: Resume = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Begin anew in --out; a checkpoint there is set aside.")
    ] = False,
    threads: Threads = 1,
    compile: Annotated[bool, typer.Option("--compile", help="Compile the model.")] = False,
    precision: Annotated[Precision, typer.Option(help="Of the forward pass.")] = Precision.float32,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write logs for TensorBoard.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Options of every run."""


def train_app() -> typer.Typer:
    """One command for every experiment."""
    app = typer.Typer(
        help="Train one of the experiments.",
        no_args_is_help=True,
        epilog="Example: intertwine train nbody --preset fast",
    )
    for settings in EXPERIMENTS.values():
        app.command(settings.name, epilog=f"Example: intertwine train {settings.name} --preset fast")(
            train_command(settings)
        )
    return app


def results(
    names: Annotated[list[str] | None, typer.Argument(help="Experiments to run or to print; by default all.")] = None,
    make: Annotated[bool, typer.Option("--run", help="Make the runs that are missing first.")] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of every line.")] = 3,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = 2,
    hours: Annotated[float | None, typer.Option(min=0.0, help="Start no more runs after so long.")] = None,
    runs: Annotated[Path, typer.Option(file_okay=False, help="Where the runs are.")] = Path("docs/runs"),
    out: Annotated[Path, typer.Option(dir_okay=False, help="The page.")] = Path("docs/results.md"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures of all runs as JSON.")] = False,
) -> None:
    """Make the page of results from all finished runs; with --run, make those that are missing."""
    console = Console(stderr=as_json)
    with user_errors(console):
        from intertwine.examples import _page, _queue, _runs

        chosen = _queue.known(names or ())
        failed = _queue.work(_queue.jobs(chosen, seeds, runs), jobs, console, hours) if make else []
        console.print(f"wrote {_page.render(runs, out)}", highlight=False)
        if as_json:
            print(json.dumps(_runs.collect(runs, names or ()), indent=2))
        if failed:
            raise typer.Exit(1)


def perform(console: Console, job: Callable[[], Report], threads: int) -> Report:
    """Run an experiment; on Ctrl-C say how to go on."""
    with user_errors(console):
        import torch
        from intertwine._distributed import started
        from intertwine.train import Stopped

        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            return job()
        except Stopped as stopped:
            world = started()
            if world.leads:
                console.print(f"\n[yellow]stopped[/]: {escape(str(stopped))}; go on with")
                here = int(os.environ.get("LOCAL_WORLD_SIZE", world.size))
                command = resume_command(stopped.folder, here if world.size > 1 else 0)
                console.print(f"  {command}", highlight=False, soft_wrap=True, markup=False)
                if here < world.size:
                    console.print("on every machine, with --nnodes and the rendezvous as before")
            raise typer.Exit(130) from None
        finally:
            torch.set_num_threads(before)


def resume_command(folder: Path, processes: int = 0) -> str:
    """The command that goes on with the run that this process was asked for.

    Where `torchrun` started it, with so many ``processes`` on this machine.
    """
    if processes:
        words = _ours("torchrun", "torch.distributed.run")
        words += [f"--nproc-per-node={processes}", "-m", "intertwine"]
    else:
        words = _ours("intertwine", "intertwine")
    words += [word for word in sys.argv[1:] if word not in ("--resume", "--replace")]
    if not any(word == "--out" or word.startswith("--out=") for word in words):
        words += ["--out", str(folder)]
    return shlex.join([*words, "--resume"])


def _ours(script: str, module: str) -> list[str]:
    """A script by its name where that is this environment's, else its module through this interpreter."""
    found = shutil.which(script)
    own = found is not None and Path(found).parent == Path(sys.executable).parent
    return [script] if own else [sys.executable, "-m", module]
