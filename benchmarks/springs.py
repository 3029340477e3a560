"""Does the right group win?  Plane springs, three groups, several seeds: `python benchmarks/springs.py`.

The springs to the plane leave only the azimuthal O(2) of the symmetry of space.  Models of the azimuthal O(2), of
O(3) (too much symmetry), of the trivial group (none), and of the trivial group with training data moved by random
elements of the azimuthal O(2), all of about the same number of weights, get the same number of epochs on the same
trajectories.  The table gives the test error as mean and standard deviation over the seeds.  Runs that are finished
are not repeated: the command can be stopped and called again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

MODELS = {
    "azimuthal O(2)": ["--group", "azimuthal"],
    "O(3)": ["--group", "O(3)"],
    "trivial": ["--group", "Trivial(3)"],
    "trivial, augmented": ["--group", "Trivial(3)", "--augment"],
}


def run(model: str, seed: int, settings: argparse.Namespace) -> dict:
    """Train one model in a process of its own, or read what it left before."""
    name = model.replace(" ", "-").replace("(", "").replace(")", "").replace(",", "")
    what = f"{settings.samples}x{settings.epochs}-{settings.parameters}weights-{settings.device}"
    folder = settings.out / f"{name}-seed{seed}-{what}"
    metrics = folder / "metrics.json"
    if not metrics.exists():
        command = [sys.executable, "-m", "intertwine", "train", "nbody", "--dataset", "springs", *MODELS[model]]
        options = {"seed": seed, "samples": settings.samples, "epochs": settings.epochs, "threads": 1, "lr": 3e-3}
        options |= {"parameters": settings.parameters, "kappa": 1.0, "out": folder, "device": settings.device}
        command += [part for key, value in options.items() for part in (f"--{key}", str(value))]
        command += ["--resume"] if (folder / "checkpoint.pt").exists() else []
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return json.loads(metrics.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--parameters", type=int, default=25000)
    parser.add_argument("--jobs", type=int, default=2, help="models trained side by side, one thread each")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=Path("runs/springs"))
    settings = parser.parse_args()
    cases = list(product(range(settings.seeds), MODELS))
    found: dict[str, list[dict]] = {model: [] for model in MODELS}
    with Progress() as progress, ThreadPoolExecutor(settings.jobs) as pool:
        bar = progress.add_task("training", total=len(cases))
        futures = [(model, pool.submit(run, model, seed, settings)) for seed, model in cases]
        for model, future in futures:
            found[model].append(future.result())
            progress.advance(bar)
    show(found, settings)


def show(found: dict[str, list[dict]], settings: argparse.Namespace) -> None:
    """Print the table and write it as JSON."""
    title = f"Plane springs, {settings.samples} trajectories, {settings.epochs} epochs, {settings.seeds} seeds"
    table = Table(title=title)
    for column in ("model", "weights", "test MSE", "± std", "seconds"):
        table.add_column(column, justify="left" if column == "model" else "right")
    rows = []
    for model, runs in found.items():
        errors = [r["test"]["test MSE"] for r in runs]
        mean, std = float(np.mean(errors)), float(np.std(errors, ddof=1)) if len(errors) > 1 else float("nan")
        seconds = float(np.mean([r["training_seconds"] for r in runs]))
        rows.append({"model": model, "errors": errors, "mean": mean, "std": std})
        table.add_row(model, f"{runs[0]['parameters']:,}", f"{mean:.2e}", f"{std:.0e}", f"{seconds:.0f}")
    straight = [r["references"]["linear motion x + v t"] for r in found["O(3)"]]
    table.add_row("linear motion x + v t", "", f"{np.mean(straight):.2e}", "", "")
    Console().print(table)
    (settings.out / "springs.json").write_text(json.dumps({"settings": vars(settings), "rows": rows}, default=str))


if __name__ == "__main__":
    main()
