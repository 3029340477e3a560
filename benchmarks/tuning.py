"""Learning rates of the experiments: the same few are tried with every model, and that of least validation error kept.

    python benchmarks/tuning.py            # two at a time, three hours of processor time; goes on where it stopped
    python benchmarks/tuning.py o5 nbody   # only these experiments

Every trial is a run at the desk with half its budget, with the usual number of samples and the first seed.  Where the
best of three rates is at an end, the next beyond it is tried, too, until the best has one on either side.  Plain
networks are tried with augmentation, which is where they are best.  The choice is `Settings.rates`, and what
`Settings.planned` says of other data.  `OTHERS` are tried to see whether other groups, or data, want other rates.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from intertwine._files import read_metrics
from intertwine.examples._queue import Job, known, work
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples._settings import Settings, run_name
from rich.console import Console

RATES = (1e-3, 4e-3, 1.6e-2)
STEP = 4  # between rates
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
USUAL: Mapping[str, Mapping[str, Any]] = {"qm9": {"target": "homo", "samples": 20_000}}  # what is compared


def models(settings: type[Settings]) -> Sequence[str]:
    """The models of an experiment."""
    choices: Sequence[str] = settings.__dataclass_fields__["model"].metadata["choices"]
    return choices


def asked(settings: type[Settings]) -> Iterator[Mapping[str, Any]]:
    """What is tried: every model, then `OTHERS`."""
    for model in models(settings):
        plain = settings.baselines.get(model, "").startswith("Trivial")
        yield {"model": model, **({"augment": True} if plain else {}), **USUAL.get(settings.name, {})}
    yield from OTHERS.get(settings.name, ())


@dataclass
class Trials:
    """Runs of one model with several rates.

    Attributes
    ----------
    settings : type of Settings
    what : what differs from the preset "desk"
    root : Path
        Folder of all trials.
    rates : list of float
        Tried so far, in order.
    """

    settings: type[Settings]
    what: Mapping[str, Any]
    root: Path
    rates: list[float] = field(default_factory=lambda: list(RATES))

    def job(self, rate: float) -> Job:
        """The run with a rate."""
        half = round(self.settings.of("desk", **self.what).budget / 2, 3)
        given = {**self.what, "lr": rate, "budget": half}
        run = self.settings.of("desk", **given)
        return Job(run, given, self.root / f"{run_name(run)}-{rate:g}")

    def error(self, rate: float) -> float:
        """The least validation error with a rate, infinite where the run failed."""
        job = self.job(rate)
        if rate not in self.rates or not job.is_done:
            return float("inf")
        found: float = read_metrics(job.folder)["best_validation"]
        return found

    def widened(self) -> list[Job]:
        """The run with the rate beyond the end at which the best one is, which is added; none where it is at no end."""
        best = min(self.rates, key=self.error)
        ends = {self.rates[-1]: best * STEP, self.rates[0]: best / STEP}
        if self.error(best) == float("inf") or best not in ends:
            return []
        rate = float(f"{ends[best]:.3g}")
        self.rates = sorted([*self.rates, rate])
        return [self.job(rate)]


def main() -> None:
    """Try, and print a table of validation errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="experiments; by default all")
    parser.add_argument("--out", type=Path, default=Path("runs/tuning"))
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    rows = [Trials(s, what, given.out) for s in (EXPERIMENTS[n] for n in known(given.names)) for what in asked(s)]
    tried = [row.job(rate) for row in rows for rate in row.rates]
    while tried:
        work(tried, given.jobs, Console())
        tried = [job for row in rows for job in row.widened()]
    rates = sorted({rate for row in rows for rate in row.rates})
    print("| experiment | tried | " + " | ".join(f"{rate:g}" for rate in rates) + " |")
    print("|---" * (2 + len(rates)) + "|")
    for row in rows:
        print(f"| {row.settings.name} | {_said(row.what)} | " + " | ".join(_cells(row, rates)) + " |")


def _cells(row: Trials, rates: Sequence[float]) -> Iterator[str]:
    best = min(map(row.error, rates))
    for rate in rates:
        error = row.error(rate)
        failed = "diverged" if rate in row.rates else ""
        yield failed if error == float("inf") else f"**{error:.4g}**" if error == best else f"{error:.4g}"


def _said(what: Mapping[str, Any]) -> str:
    """What is tried, in words."""
    given = {key: value for key, value in what.items() if key != "parameters"}
    return ", ".join(key if value is True else str(value) for key, value in given.items())


if __name__ == "__main__":
    main()
