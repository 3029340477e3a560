"""The ``intertwine`` command: train the experiments, solve for equivariant maps, list and describe the groups.

Group names are parsed, never evaluated.  torch is imported only by ``train``.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from intertwine.examples._report import Report
    from intertwine.groups import Group

app = typer.Typer(
    name="intertwine",
    help="Equivariant networks for any group: solve for intertwiners, train steerable networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
train_app = typer.Typer(help="Train one of the experiments.", no_args_is_help=True)
app.add_typer(train_app, name="train")

#: largest exact matrix that is printed, in entries
PRINTED = 400
LARGEST = 512  # number in the name of a group


class System(StrEnum):
    """N-body systems."""

    charged = "charged"
    springs = "springs"


GroupOption = Annotated[str, typer.Option(help="Symmetry group acting on space; `intertwine groups` lists them.")]
Samples = Annotated[int, typer.Option(min=1, help="Number of training samples.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Number of passes over them.")]
Seed = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of weights, batches and data split.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps, or auto.")]
Out = Annotated[Path | None, typer.Option(file_okay=False, help="Folder of the run; by default a new one in runs/.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the folder's checkpoint.")]
Budget = Annotated[float | None, typer.Option(min=0.01, help="Minutes of training after which to end.")]
Channels = Annotated[int | None, typer.Option(min=1, help="Width: copies of every feature type.")]
Rate = Annotated[float | None, typer.Option(min=1e-8, help="Peak learning rate.")]
Threads = Annotated[int, typer.Option(min=1, help="Processor threads; more than 1 pays for large batches only.")]
Parameters = Annotated[
    int | None, typer.Option(min=1000, help="Choose the width so that the model has about so many weights.")
]


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Equivariant networks for any group."""
    if version:
        from intertwine import __version__

        print(__version__)
        raise typer.Exit


@app.command()
def groups() -> None:
    """List the groups there are."""
    table = Table("name", "what it is", title="The catalogue", title_justify="left")
    for call, meaning in catalogue():
        table.add_row(escape(call), escape(meaning))
    table.add_row("azimuthal, O2z", "the O(2) of O(3) that fixes the z-axis: O(3).subgroup(fixing=[0, 0, 1])")
    console = Console()
    console.print(table)
    console.print('Products: "SO(3) * S(4)". Your own: intertwine.groups.Group.from_generators, .preserving, ...')


@app.command()
def describe(
    group: Annotated[str, typer.Argument(help='For example "O(1,3)".')],
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
    """Print what is known about a group: its Lie algebra, components, characters, invariant forms."""
    with user_errors(Console()):
        card = parse_group(group).describe()
        print(json.dumps({"name": card.title, **dict(card.rows)}, ensure_ascii=False, indent=2) if as_json else card)


@app.command()
def solve(
    group: Annotated[str, typer.Argument(help='For example "O(3)".')],
    maps: Annotated[str, typer.Argument(metavar="HOM", help='For example "2V >> T(2)".')],
    method: Annotated[str, typer.Option(help="Solver; auto chooses.")] = "auto",
    exact: Annotated[bool, typer.Option("--exact", help="Print an exact basis.")] = False,
) -> None:
    """Solve for all equivariant linear maps between two representations."""
    console = Console()
    with user_errors(console):
        from intertwine.reps import Hom, parse
        from intertwine.reps import solve as solve_hom

        G = parse_group(group)
        hom = parse(maps, G)
        if not isinstance(hom, Hom):
            raise ValueError(f'{maps!r} is a single representation: write two with ">>" between, "V >> T(2)"')
        basis = solve_hom(hom, method)
        table = Table("", "", title=escape(f"{maps}  over {G.name}"), title_justify="left", show_header=False)
        for name, value in certificate_rows(hom, basis.certificate):
            table.add_row(name, escape(value))
        console.print(table)
        if exact:
            show_exact(console, hom)


def certificate_rows(hom: Any, certificate: Any) -> Iterator[tuple[str, str]]:
    """What a certificate says, as rows of a table."""
    rows, columns = hom.rep_out.dim, hom.rep_in.dim
    yield "matrices", f"{rows} x {columns} ({rows * columns} unknowns)"
    yield "rank", str(certificate.rank)
    yield "residual", f"{certificate.residual:.1e}"
    yield "method", str(certificate.method)
    if certificate.count is not None:
        yield "independent count", f"{certificate.count} (by {certificate.count_by})"


def show_exact(console: Console, hom: Any) -> None:
    """Print the exact basis matrices, if they are small."""
    import sympy

    entries = hom.rep_in.dim * hom.rep_out.dim
    if entries > PRINTED:
        raise ValueError(f"exact matrices of {entries} entries are too large to print (limit {PRINTED})")
    for k, matrix in enumerate(hom.exact(), 1):
        console.print(f"\n{k} of {hom.dim}")
        print(sympy.pretty(sympy.Matrix(matrix)))


@train_app.command()
def nbody(
    ctx: typer.Context,
    dataset: Annotated[System, typer.Option(help="Which system.")] = System.charged,
    group: GroupOption = "O(3)",
    samples: Samples = 3000,
    epochs: Epochs = None,
    seed: Seed = 0,
    device: Device = "auto",
    out: Out = None,
    resume: Resume = False,
    budget: Budget = None,
    channels: Channels = None,
    parameters: Parameters = None,
    lr: Rate = None,
    augment: Annotated[bool, typer.Option("--augment", help="Turn training data at random about z.")] = False,
    kappa: Annotated[float, typer.Option(help="Stiffness of the springs to the plane.")] = 1.0,
    threads: Threads = 1,
    demo: Annotated[bool, typer.Option("--demo", help="The main job: under 5 minutes on two cores.")] = False,
) -> None:
    """Predict the motion of five particles from their positions and velocities."""
    console = Console()

    def job() -> Report:
        from intertwine.examples.nbody._experiment import DEMO_MINUTES, EPOCHS, train

        return train(
            system=dataset.value,
            group=parse_group(group),
            samples=samples,
            epochs=EPOCHS if demo and epochs is None else epochs,
            seed=seed,
            device=device,
            out=out,
            resume=resume,
            budget=DEMO_MINUTES if demo and budget is None else budget,
            channels=channels,
            parameters=parameters,
            lr=lr,
            augment=augment,
            kappa=kappa,
            console=console,
        )

    perform(console, job, threads)


@train_app.command()
def qm9(
    ctx: typer.Context,
    target: Annotated[str, typer.Option(help="Property: alpha, homo, lumo, gap, mu, ...")] = "alpha",
    group: GroupOption = "O(3)",
    samples: Samples = 10_000,
    epochs: Epochs = None,
    seed: Seed = 0,
    device: Device = "auto",
    out: Out = None,
    resume: Resume = False,
    budget: Budget = None,
    channels: Channels = None,
    lr: Rate = None,
    threads: Threads = 1,
) -> None:
    """Predict a property of real molecules (needs the data package qm9pack)."""
    console = Console()

    def job() -> Report:
        from intertwine.examples.qm9._experiment import train

        return train(
            target=target,
            group=parse_group(group),
            samples=samples,
            epochs=epochs,
            seed=seed,
            device=device,
            out=out,
            resume=resume,
            budget=budget,
            channels=channels,
            lr=lr,
            console=console,
        )

    perform(console, job, threads)


def perform(console: Console, job: Callable[[], Report], threads: int) -> None:
    """Run an experiment and show its report; on Ctrl-C say how to go on."""
    with user_errors(console):
        import torch
        from intertwine.train import Stopped

        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            job().show(console)
        except Stopped as stopped:
            console.print(f"\n[yellow]stopped[/]: {escape(str(stopped))}; go on with")
            console.print(f"  {resume_command(stopped.folder)}", highlight=False, soft_wrap=True, markup=False)
            raise typer.Exit(130) from None
        finally:
            torch.set_num_threads(before)


def resume_command(folder: Path) -> str:
    """The command that goes on with the run that this process was asked for."""
    found = shutil.which("intertwine")
    own = found is not None and Path(found).parent == Path(sys.executable).parent
    words = ["intertwine"] if own else [sys.executable, "-m", "intertwine"]
    words += [word for word in sys.argv[1:] if word != "--resume"]
    if not any(word == "--out" or word.startswith("--out=") for word in words):
        words += ["--out", str(folder)]
    return shlex.join([*words, "--resume"])


@contextlib.contextmanager
def user_errors(console: Console) -> Iterator[None]:
    """Show what a user can mend without a traceback, and exit with status 1."""
    try:
        yield
    except (ValueError, RuntimeError, OSError) as error:
        if not mendable(error):
            raise
        Console(stderr=True).print(f"[red]error[/]: {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("\n[yellow]stopped[/]")
        raise typer.Exit(130) from None


def mendable(error: BaseException) -> bool:
    """Whether an error is one for users: all but the RuntimeErrors that are not ours."""
    if not isinstance(error, RuntimeError):
        return True
    return type(error).__module__.startswith("intertwine")


def catalogue() -> Iterator[tuple[str, str]]:
    """Every group of the catalogue: how it is called, and the first line of its documentation."""
    import inspect

    import intertwine.groups as available

    for name in sorted(available.__all__):
        make = getattr(available, name)
        if name[0].isupper() and inspect.isfunction(make):
            parameters = inspect.signature(make).parameters.values()
            words = [p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in parameters]
            yield f"{name}({', '.join(words)})", (inspect.getdoc(make) or "").partition("\n")[0]


def parse_group(text: str) -> Group:
    """The group a user typed: a catalogue call such as ``SO(3)``, short as ``O3``, or ``azimuthal``.

    Raises
    ------
    ValueError
        For an unknown name; says what there is.

    Examples
    --------
    >>> parse_group("so3").name, parse_group("O(1, 3)").d, parse_group("azimuthal").d
    ('SO(3)', 4, 3)
    """
    import re

    from intertwine.groups import O
    from intertwine.reps._parse import find_group

    words = text.strip().lower().replace(" ", "").replace("_", "")
    if words in ("azimuthal", "o2z", "o(2)z", "o(2)azimuthal", "azimuthalo(2)", "azimuthalo2"):
        return O(3).subgroup(fixing=[0, 0, 1], name="O(2) azimuthal")
    call = spelled(text.strip())
    if call is None:
        listed = ", ".join(shown for shown, _ in catalogue())
        raise ValueError(f"there is no group {text!r}; there are {listed}, azimuthal, and products with *")
    large = [n for n in re.findall(r"\d+", call) if int(n) > LARGEST]
    if large:
        raise ValueError(f"the group {text!r} is too large: numbers up to {LARGEST} are read, got {large[0]}")
    try:
        return find_group(call)
    except TypeError as error:  # a catalogue function called with too many or too few numbers
        raise ValueError(f"cannot read the group {text!r}: {error}") from None


def spelled(text: str) -> str | None:
    """Factors of a product as catalogue calls ("so3 * octahedral" is "SO(3) * Octahedral()"), or None."""
    import re

    known = {call.partition("(")[0].lower(): call.partition("(")[0] for call, _ in catalogue()}
    parts = []
    for part in re.split(r"\s*[*×]\s*(?![^()]*\))", text):
        short = part.lower() in known  # G2 is a name, O3 is O(3)
        if re.fullmatch(r"[eE][678]", part):  # exceptional groups to some, isometries to others: E(8) is unambiguous
            return None
        found = re.fullmatch(r"(\w+)()" if short else r"([A-Za-z]\w*?)\s*(\d+|\([^()]*\))?", part)
        if found is None or found[1].lower() not in known:
            return None
        name, given = known[found[1].lower()], found[2] or ("3" if found[1].lower() == "trivial" else "()")
        parts.append(name + (given if given.startswith("(") else f"({given})"))
    return " * ".join(parts)


def main() -> None:
    """Entry point."""
    app()
