"""Learning rates of the experiments: the same few are tried with every model, and that of least validation error kept.

    python benchmarks/tuning.py            # two at a time, about 70 minutes of processor time; goes on where it stopped
    python benchmarks/tuning.py o5 nbody   # only these experiments

Every trial is a run at the desk with half its budget, with the usual number of samples and the first seed.  Plain
networks are tried with augmentation, which is where they are best.  The choice is `Settings.rates`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from intertwine.examples._queue import Job, known, work
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples._settings import Settings
from rich.console import Console

RATES = (1e-3, 4e-3, 1.6e-2)


def models(settings: type[Settings]) -> Sequence[str]:
    """The models of an experiment."""
    choices: Sequence[str] = settings.__dataclass_fields__["model"].metadata["choices"]
    return choices


def trials(names: Sequence[str], root: Path) -> Iterator[Job]:
    """A run of every model with every rate."""
    for name in names:
        settings = EXPERIMENTS[name]
        for model in models(settings):
            plain = settings.baselines.get(model, "").startswith("Trivial")
            asked = {"model": model, **({"augment": True} if plain else {})}
            for rate in RATES:
                given = {**asked, "lr": rate, "budget": round(settings.of("desk", **asked).budget / 2, 3)}
                yield Job(settings.of("desk", **given), given, root / f"{name}-{model}-{rate:g}")


def main() -> None:
    """Try, and print a table of validation errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="experiments; by default all")
    parser.add_argument("--out", type=Path, default=Path("runs/tuning"))
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    tried = list(trials(known(given.names), given.out))
    work(tried, given.jobs, Console())
    print("| experiment | model | " + " | ".join(f"{rate:g}" for rate in RATES) + " |")
    print("|---" * (2 + len(RATES)) + "|")
    for first in range(0, len(tried), len(RATES)):
        some = tried[first : first + len(RATES)]
        errors = [_error(job) for job in some]
        cells = [f"**{e:.4g}**" if e == min(errors) else f"{e:.4g}" for e in errors]
        print(f"| {some[0].settings.name} | {some[0].settings.model} | " + " | ".join(cells) + " |")


def _error(job: Job) -> float:
    """The best validation error, infinite where there is none."""
    if not job.is_done:
        return float("inf")
    found: float = json.loads((job.folder / "metrics.json").read_text())["best_validation"]
    return found


if __name__ == "__main__":
    main()
