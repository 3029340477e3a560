"""Time a point convolution over O(3) beside e3nn's: `python benchmarks/point_conv.py`.

n × (0e + 1o + 2e) to the same on a random graph of 1,000 nodes and 16,000 edges, float32.  Each measurement has
a process of its own, so that the peak of its resident memory is its own too; the column "import" is what that
process held before it built anything.  All of intertwine's contractions are measured, and the one that "auto" takes.

The peer is e3nn's usual recipe, if it is installed: one `FullyConnectedTensorProduct` with spherical
harmonics 0e + 1o + 2e, its weights for each edge from a radial network of 64 hidden channels, then a sum
over edges.  Our kernels use the same harmonics with 16 hidden channels each.

glibc gives large buffers back to the system after every use unless told otherwise, which can double the time of
a backward pass, so both settings are measured: "default", and "tuned" (MALLOC_MMAP_THRESHOLD_ and
MALLOC_TRIM_THRESHOLD_ of 4 GB).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

LAYERS = ("node", "edge", "factored", "auto", "e3nn")
MALLOC = {
    "default": {},
    "tuned": {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TRIM_THRESHOLD_": str(2**32)},
}

CHILD = """
import json, resource, statistics, sys, time
import torch
layer, width, threads, nodes, edges, repeats = sys.argv[1], *map(int, sys.argv[2:])
torch.set_num_threads(threads)
torch.manual_seed(0)

if layer == "e3nn":
    from e3nn import nn, o3
    irreps = o3.Irreps(f"{width}x0e + {width}x1o + {width}x2e")
    def build():
        harmonics = o3.Irreps("0e + 1o + 2e")
        product = o3.FullyConnectedTensorProduct(irreps, harmonics, irreps, shared_weights=False)
        radial = nn.FullyConnectedNet([8, 64, product.weight_numel], torch.nn.functional.silu)
        centres = torch.linspace(0, 1, 8)
        def convolve(x, pos, index):
            d = pos[index[0]] - pos[index[1]]
            r = d.norm(dim=1, keepdim=True)
            y = o3.spherical_harmonics(harmonics, d, normalize=True, normalization="component")
            weight = radial(torch.exp(-32 * (r - centres) ** 2))
            message = product(x[index[0]], y, weight)
            return x.new_zeros(len(x), irreps.dim).index_add(0, index[1], message)
        return convolve, list(radial.parameters())
    dim = irreps.dim
else:
    from intertwine.conv import PointConv
    from intertwine.groups import O
    from intertwine.reps import parse
    rep = parse(f"{width}x0e + {width}x1o + {width}x2e", O(3))
    def build():
        hidden = parse("16x0e + 16x1o + 16x2e", O(3))
        conv = PointConv(rep, rep, hidden=hidden, degree=2, contraction=layer, root_weight=False, bias=False)
        return conv, list(conv.parameters())
    dim = rep.dim

def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

held = megabytes()
start = time.perf_counter()
convolve, weights = build()
built = time.perf_counter() - start
x = torch.randn(nodes, dim, requires_grad=True)
pos = torch.rand(nodes, 3)
index = torch.randint(nodes, (2, edges))

def forward():
    with torch.no_grad():
        convolve(x, pos, index)

def both():
    torch.autograd.grad(convolve(x, pos, index).square().mean(), [x, *weights])

def milliseconds(f):
    f(); f()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        f()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)

result = {"build_s": built, "weights": sum(w.numel() for w in weights), "import_mb": held}
result |= {"forward_ms": milliseconds(forward), "forward_mb": megabytes()}
result |= {"both_ms": milliseconds(both), "both_mb": megabytes()}
print(json.dumps(result))
"""


def measure(layer: str, width: int, malloc: str, arguments: argparse.Namespace) -> dict:
    """One layer in a process of its own."""
    env = {**os.environ, **MALLOC[malloc], "OMP_NUM_THREADS": str(arguments.threads)}
    numbers = (width, arguments.threads, arguments.nodes, arguments.edges, arguments.repeats)
    command = [sys.executable, "-W", "ignore", "-c", CHILD, layer, *map(str, numbers)]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode:
        raise SystemExit(f"{layer}, width {width}, failed:\n{done.stderr}")
    return {"layer": layer, "width": width, "malloc": malloc, **json.loads(done.stdout)}


def show(rows: list[dict], arguments: argparse.Namespace) -> None:
    """Print the table."""
    title = f"{arguments.nodes:,} nodes, {arguments.edges:,} edges, float32, {arguments.threads} thread(s)"
    table = Table(title=f"n x (0e + 1o + 2e) over O(3): {title}")
    for column in ("n", "malloc", "layer"):
        table.add_column(column)
    for column in ("weights", "build s", "forward ms", "forward+backward ms", "peak MB", "import MB"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            str(row["width"]),
            row["malloc"],
            row["layer"],
            f"{row['weights']:,}",
            f"{row['build_s']:.2f}",
            f"{row['forward_ms']:.0f}",
            f"{row['both_ms']:.0f}",
            f"{row['both_mb']:.0f}",
            f"{row['import_mb']:.0f}",
            end_section=row["layer"] == rows[-1]["layer"],
        )
    Console(width=110).print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/point_conv.json"))
    parser.add_argument("--widths", type=int, nargs="+", default=[8, 16, 32])
    parser.add_argument("--malloc", choices=MALLOC, nargs="+", default=list(MALLOC))
    parser.add_argument("--layers", choices=LAYERS, nargs="+", default=list(LAYERS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--edges", type=int, default=16000)
    parser.add_argument("--repeats", type=int, default=5, help="the median is printed")
    arguments = parser.parse_args()
    layers = [layer for layer in arguments.layers if layer != "e3nn" or importlib.util.find_spec("e3nn")]
    if "e3nn" not in layers:
        print("e3nn is not installed (pip install e3nn): measured without it")
    cases = [(layer, n, m) for n in arguments.widths for m in arguments.malloc for layer in layers]
    rows = [measure(*case, arguments) for case in track(cases, description="measuring")]
    show(rows, arguments)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"threads": arguments.threads, "rows": rows}, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
