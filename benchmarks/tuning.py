"""Learning rates of the experiments: the same few are tried with every model, and that of least validation error kept.

    python benchmarks/tuning.py            # two at a time, about two hours of processor time; goes on where it stopped
    python benchmarks/tuning.py o5 nbody   # only these experiments

Every trial is a run at the desk with half its budget, with the usual number of samples and the first seed.  Plain
networks are tried with augmentation, which is where they are best.  The choice is `Settings.rates`, and what
`Settings.planned` says of other data.  `OTHERS` are tried to see whether other groups, or data, want other rates.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from intertwine.examples._queue import Job, known, work
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples._settings import Settings, run_name
from rich.console import Console

RATES = (1e-3, 4e-3, 1.6e-2)
_NONE = {"group": "Trivial(3)"}
_SPRINGS = {"dataset": "springs", "parameters": 21_200}
OTHERS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "o5": ({"group": "Trivial(5)", "parameters": 80_000},),
    "inertia": ({**_NONE, "parameters": 52_000}, {"group": "O(3)", "parameters": 52_000}),
    "lorentz": ({"group": "Trivial(4)", "parameters": 83_000},),
    "pendulum": ({"dynamics": "ode"}, {"dynamics": "ode", "model": "mlp", "augment": True}),
    "nbody": (
        {**_NONE, "augment": True, "parameters": 20_400},
        {**_SPRINGS, "group": "azimuthal", "samples": 100},
        {**_SPRINGS, "group": "azimuthal", "samples": 1000},
        {**_SPRINGS, **_NONE, "augment": True, "samples": 1000},
        {**_SPRINGS, "model": "plain", "augment": True, "samples": 1000},
    ),
    "qm9": tuple({"target": "homo", "samples": 20_000, "model": model} for model in ("steerable", "egnn")),
    "dipoles": (
        {**_NONE, "parameters": 24_000},
        {"target": "polarizability"},
        {"target": "polarizability", "model": "plain", "augment": True},
    ),
    "jets": ({"group": "Trivial(4)", "parameters": 34_000},),
    "digits": ({"group": "C(8)", "parameters": 80_000}, {"group": "Trivial(2)", "parameters": 80_000}),
    "smoke": ({"group": "Trivial(2)", "parameters": 40_000},),
    "shapes": ({"group": "SO(3)", "rotated": True}, _NONE),
}


def models(settings: type[Settings]) -> Sequence[str]:
    """The models of an experiment."""
    choices: Sequence[str] = settings.__dataclass_fields__["model"].metadata["choices"]
    return choices


def asked(settings: type[Settings]) -> Iterator[Mapping[str, Any]]:
    """What is tried: every model, then `OTHERS`."""
    for model in models(settings):
        plain = settings.baselines.get(model, "").startswith("Trivial")
        yield {"model": model, **({"augment": True} if plain else {})}
    yield from OTHERS.get(settings.name, ())


def trials(names: Sequence[str], root: Path) -> Iterator[Job]:
    """A run of everything that is tried with every rate."""
    for name in names:
        settings = EXPERIMENTS[name]
        for what in asked(settings):
            for rate in RATES:
                given = {**what, "lr": rate, "budget": round(settings.of("desk", **what).budget / 2, 3)}
                run = settings.of("desk", **given)
                yield Job(run, given, root / f"{run_name(run)}-{rate:g}")


def main() -> None:
    """Try, and print a table of validation errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="experiments; by default all")
    parser.add_argument("--out", type=Path, default=Path("runs/tuning"))
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    tried = list(trials(known(given.names), given.out))
    work(tried, given.jobs, Console())
    print("| experiment | tried | " + " | ".join(f"{rate:g}" for rate in RATES) + " |")
    print("|---" * (2 + len(RATES)) + "|")
    for first in range(0, len(tried), len(RATES)):
        some = tried[first : first + len(RATES)]
        errors = [_error(job) for job in some]
        cells = [f"**{e:.4g}**" if e == min(errors) else f"{e:.4g}" for e in errors]
        print(f"| {some[0].settings.name} | {_said(some[0])} | " + " | ".join(cells) + " |")


def _said(job: Job) -> str:
    """What is tried, in words."""
    given = {key: value for key, value in job.given.items() if key not in ("lr", "budget", "parameters")}
    return ", ".join(key if value is True else str(value) for key, value in given.items())


def _error(job: Job) -> float:
    """The best validation error, infinite where there is none."""
    if not job.is_done:
        return float("inf")
    found: float = json.loads((job.folder / "metrics.json").read_text())["best_validation"]
    return found


if __name__ == "__main__":
    main()
