"""How long an epoch of all of QM9 takes: `python benchmarks/qm9.py`, or `--device cuda`.

Steps of the recipe in docs/howto/scale-out.md (HOMO energies, bonds and elements seen by the kernels), and of EGNN with
as many weights, are timed one by one after some that are not; an epoch is 110,000 molecules.  "batches" is the share of
the time that goes into putting molecules together, on the processor.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import time
from itertools import product
from pathlib import Path
from typing import Any

import torch
from intertwine.examples.qm9._data import TRAIN
from intertwine.examples.qm9._experiment import Property, QM9Experiment
from intertwine.examples.qm9._settings import QM9Settings
from intertwine.train import count_parameters, environment, pick_device
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import nn

MODELS = {"steerable": {"attributes": "atoms"}, "egnn": {"model": "egnn"}}


def steps(
    model: nn.Module, task: Property, batch: int, half: bool, device: torch.device, count: int, warm: int
) -> tuple[float, float]:
    """Median seconds of a training step, and of putting its batch together."""
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)
    on_device = device.type != "cpu"
    rng = torch.Generator().manual_seed(0)
    times, batches = [], []
    for _ in range(warm + count):
        index = torch.randperm(task.size, generator=rng)[:batch]
        start = time.perf_counter()
        task.train[index]
        batches.append(time.perf_counter() - start)
        start = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16) if half else contextlib.nullcontext():
            loss = task.loss(model, index, rng)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if on_device:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[warm:]), statistics.median(batches[warm:])


def measure(model: str, batch: int, half: bool, compiled: bool, task: Property, given: argparse.Namespace) -> Any:
    """One model in one mode."""
    device = pick_device(given.device)
    experiment, settings = QM9Experiment(), QM9Settings(samples=given.samples, target="homo", **MODELS[model])
    torch.manual_seed(0)
    net = experiment.network(settings, experiment.group(settings), task).to(device)
    weights = count_parameters(net)
    if compiled:
        torch._dynamo.reset()
        net = torch.compile(net, dynamic=True)  # type: ignore[assignment]
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    step, making = steps(net, task, batch, half, device, given.steps, given.warm)
    mode = ", ".join(name for name, on in (("compiled", compiled), ("bfloat16", half)) if on) or "float32"
    found = {"model": model, "weights": weights, "batch": batch, "mode": mode, "step_ms": 1e3 * step}
    found |= {"epoch_s": step * TRAIN / batch, "batches": making / step}
    return found | {"mb": torch.cuda.max_memory_allocated() / 2**20 if device.type == "cuda" else None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--samples", type=int, default=5000, help="molecules that batches are drawn from")
    parser.add_argument("--batches", type=int, nargs="+", default=[96])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warm", type=int, default=5, help="steps before, not timed")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="measure compiled models too")
    parser.add_argument("--bf16", action="store_true", help="measure bfloat16 too")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/qm9.json"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    device = pick_device(given.device)
    settings = QM9Settings(samples=given.samples, target="homo", **MODELS["steerable"])
    task = QM9Experiment().task(settings, device)
    modes = list(product(sorted({False, given.bf16}), sorted({False, given.compile})))
    cases = [(model, batch, *mode) for model, batch, mode in product(MODELS, given.batches, modes)]
    rows = [measure(*case, task, given) for case in track(cases, "QM9")]
    where = environment(device)
    table = Table(title=f"a training step, and an epoch of {TRAIN:,} molecules, on {where['device']}")
    for column in ("model", "weights", "batch", "mode", "step ms", "epoch s", "batches", "MB"):
        table.add_column(column, justify="left" if column in ("model", "mode") else "right")
    for row in rows:
        numbers = (f"{row['step_ms']:.3g}", f"{row['epoch_s']:.0f}", f"{row['batches']:.0%}")
        memory = "" if row["mb"] is None else f"{row['mb']:.0f}"
        table.add_row(row["model"], f"{row['weights']:,}", str(row["batch"]), row["mode"], *numbers, memory)
    Console(width=110).print(table)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"environment": where, "rows": rows}, indent=1))
    print(f"wrote {given.out}")


if __name__ == "__main__":
    main()
