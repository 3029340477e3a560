"""`intertwine doctor`: versions, devices, the cache, and a self-test of the laws."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from ._algebra import Json
from ._errors import user_errors

PACKAGES = ("intertwine", "torch", "numpy", "scipy", "sympy", "networkx", "safetensors", "matplotlib")
OPTIONAL = ("torch_geometric", "e3nn", "escnn", "plotly", "qm9pack", "tensorboard")


def doctor(
    seconds: Annotated[float, typer.Option(min=0.0, help="Length of the self-test; 0 leaves it out.")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the random elements and layers.")] = 0,
    as_json: Json = False,
) -> None:
    """Print versions, devices and the state of the cache, and test the laws on random elements.

    Exits with 1 if a law does not hold or the cache cannot be used.
    """
    console = Console()
    with user_errors(console):
        found: dict[str, dict[str, Any]] = {"versions": versions(), "devices": devices(), "cache": cache()}
        tested, failed = self_test(console, seconds, seed, quiet=as_json) if seconds else ({}, {})
        found |= {"laws": tested, "failed": failed}
        if as_json:
            print(json.dumps(found, indent=2, ensure_ascii=False))
        else:
            show(console, found)
        if failed or "error" in found["cache"]:
            raise typer.Exit(1)


def versions() -> dict[str, Any]:
    """Versions of Python and of the packages, None for those that are not there."""
    names = (*PACKAGES, *OPTIONAL)
    return {"python": platform.python_version(), **{name: _version(name) for name in names}}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def devices() -> dict[str, Any]:
    """Processor and accelerators as torch sees them."""
    import torch

    found: dict[str, Any] = {"cpu": {"cores": os.cpu_count(), "threads": torch.get_num_threads()}}
    for k in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(k)
        found[f"cuda:{k}"] = {"name": properties.name, "GiB": round(properties.total_memory / 2**30, 1)}
    if torch.backends.mps.is_available():
        found["mps"] = {}
    return found


def cache() -> dict[str, Any]:
    """Folder, number and size of what is stored, and whether it can be written to."""
    from intertwine._files import write_atomically
    from intertwine.reps._cache import folder

    where = folder()
    if where is None:
        return {"folder": None}
    files = [path for path in where.rglob("*.safetensors") if path.is_file()] if where.is_dir() else []
    state: dict[str, Any] = {"folder": str(where), "files": len(files)}
    state["MB"] = round(sum(path.stat().st_size for path in files) / 1e6, 1)
    probe = where / ".doctor"
    try:
        write_atomically(probe, b"")
        Path(probe).unlink()
    except OSError as error:
        state["error"] = f"cannot be written to ({error.strerror or error}): set INTERTWINE_CACHE to another folder"
    return state


def laws(seed: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What is tested: groups of every kind, their representations, maps and layers."""
    from intertwine.conv import PointConv
    from intertwine.emlp import EMLP
    from intertwine.groups import SO, SU, Group, Lorentz, O, Octahedral, S, check_group_laws
    from intertwine.reps import Scalar, T, V
    from intertwine.reps.laws import check_hom_laws, check_rep_laws
    from intertwine.testing import assert_equivariant

    boost = Group.from_generators(algebra=[[[0, 1], [1, 0]]], discrete=[[[-1, 0], [0, 1]]], name="one's own")
    for G in (SO(3), O(2), Lorentz(), SU(2), S(4), Octahedral(), SO(3) * S(3), boost):
        yield f"group {G.name}", partial(check_group_laws, G, seed)
        yield f"T(2) of {G.name}", partial(check_rep_laws, T(2)(G), seed)
        yield f"V >> T(2) over {G.name}", partial(check_hom_laws, (V >> T(2))(G), seed)
        if G.field == "R":
            network = EMLP(2 * V, Scalar + V, G, hidden=16, layers=2).double()
            yield f"EMLP over {G.name}", partial(assert_equivariant, network, rng=seed)
    for G in (SO(3), O(3), Lorentz(), Octahedral()):
        yield f"PointConv over {G.name}", partial(_convolution, PointConv(Scalar + V, V, G).double(), seed)


def _convolution(layer: Any, seed: int) -> None:
    import torch
    from intertwine.testing import assert_equivariant

    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(6, layer.rep_in.dim, dtype=torch.float64, generator=rng)
    pos = torch.randn(6, layer.space.dim, dtype=torch.float64, generator=rng)
    edges = torch.randint(6, (2, 20), generator=rng)
    assert_equivariant(layer, inputs=(x, pos, edges), rep_in=(layer.rep_in, layer.space, None), rng=seed)


def self_test(
    console: Console, seconds: float, seed: int, quiet: bool = False
) -> tuple[dict[str, float], dict[str, str]]:
    """Test laws until the time is over, with new random elements in every round.

    Returns
    -------
    held : dict of float, milliseconds
    failed : dict of str, what was found
    """
    held: dict[str, float] = {}
    failed: dict[str, str] = {}
    start, done = time.perf_counter(), False
    with Progress(console=console, transient=True, disable=quiet) as bar:
        row = bar.add_task("testing the laws", total=seconds)
        while not done:
            for name, check in laws(seed):
                since = time.perf_counter()
                try:
                    check()
                    held[name] = round(1e3 * (time.perf_counter() - since), 1)
                except AssertionError as error:
                    failed[name] = str(error).partition("\n")[0]
                elapsed = time.perf_counter() - start
                bar.update(row, completed=min(elapsed, seconds), description=name)
                done = elapsed >= seconds
                if done:
                    break
            seed += 1
    return held, failed


def in_words(name: str, value: Any) -> str | None:
    """A finding for people; None for a package that is not there."""
    if name == "cpu":
        return f"{value['cores']} cores, {value['threads']} threads in use"
    if name.startswith("cuda"):
        return f"{value['name']}, {value['GiB']:.0f} GiB"
    if name == "mps":
        return "available"
    if name == "folder" and value is None:
        return "off (INTERTWINE_CACHE)"
    return None if value is None else str(value)


def show(console: Console, found: dict[str, dict[str, Any]]) -> None:
    """Print the findings."""
    table = Table(show_header=False, title="intertwine doctor", title_justify="left")
    for section in ("versions", "devices", "cache"):
        for name, value in found[section].items():
            text = in_words(name, value)
            if text is not None:
                table.add_row(section, name, escape(text))
        table.add_section()
    missing = [name for name in OPTIONAL if found["versions"][name] is None]
    if missing:
        table.add_row("", "not installed", ", ".join(missing))
    console.print(table)
    for name, why in found["failed"].items():
        console.print(f"[red]failed[/] {escape(name)}: {escape(why)}", highlight=False)
    if found["laws"] and not found["failed"]:
        console.print(f"{len(found['laws'])} laws hold on random elements", highlight=False)
