"""Time convolutions and networks beside their peers: `python benchmarks/conv.py`.

point   n × (0e + 1o + 2e) to the same over O(3), on a random graph of 1,000 nodes and 16,000 edges, float32.  Every
        formulation is measured, and the one that "auto" takes.  The peer is e3nn's usual recipe, if it is installed:
        one `FullyConnectedTensorProduct` with spherical harmonics 0e + 1o + 2e, its weights for each edge from a
        radial network of 64 hidden channels, then a sum over edges.  Our kernels use the same harmonics with 16 hidden
        channels each; their hidden features factorise, so "factored" applies; "node" is the formulation for any
        kernel.  "dense" is the kernel formed for every edge.
scale   time and memory of one layer, 8 × (0e + 1o + 2e), from 10⁴ edges on, and of the neighbour graph of 10⁶ points.
emlp    an EMLP of three layers, 384 channels, batch 512, beside a plain MLP of the same widths.
build   the construction of layers, cold (a fresh process) and warm.

Each measurement has a process of its own, so that the peak of its resident memory is its own too; the column
"import" is what that process held before it built anything.  glibc gives large buffers back to the system after every
use unless told otherwise, which can double the time of a backward pass, so both settings are measured: "default", and
"tuned" (MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ of 4 GB).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

PARTS = ("point", "scale", "emlp", "build")
LAYERS = ("dense", "node", "edge", "factored", "auto", "e3nn")
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
    from intertwine.conv import ImplicitKernel, PointConv
    from intertwine.groups import O
    from intertwine.reps import parse
    rep = parse(f"{width}x0e + {width}x1o + {width}x2e", O(3))
    def build():
        hidden = parse("16x0e + 16x1o + 16x2e", O(3))
        if layer != "dense":
            conv = PointConv(rep, rep, hidden=hidden, degree=2, contraction=layer, root_weight=False, bias=False)
            return conv, list(conv.parameters())
        kernel = ImplicitKernel(rep, rep, hidden=hidden, degree=2)
        def convolve(x, pos, index):
            messages = torch.einsum("eab,eb->ea", kernel(pos[index[0]] - pos[index[1]]), x[index[0]])
            return x.new_zeros(len(x), rep.dim).index_add(0, index[1], messages)
        return convolve, list(kernel.parameters())
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


SCALE = """
import json, resource, sys, time
import torch
from intertwine.conv import PointConv, radius_graph
from intertwine.groups import O
from intertwine.reps import parse
nodes, edges = map(int, sys.argv[1:])
torch.set_num_threads(1)
held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rep = parse("8x0e + 8x1o + 8x2e", O(3))
conv = PointConv(rep, rep, hidden=parse("16x0e + 16x1o + 16x2e", O(3)), degree=2)
few = torch.randint(100, (2, 1000))
conv(torch.randn(100, rep.dim), torch.rand(100, 3), few).sum().backward()
x, pos, index = torch.randn(nodes, rep.dim, requires_grad=True), torch.rand(nodes, 3), torch.randint(nodes, (2, edges))
start = time.perf_counter()
conv(x, pos, index).square().mean().backward()
seconds = time.perf_counter() - start
used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) / 1024
print(json.dumps({"nodes": nodes, "edges": edges, "both_s": seconds, "mb": used}))
"""

GRAPH = """
import json, time
import torch
from intertwine.conv import radius_graph
pos = torch.rand(10**6, 3)
start = time.perf_counter()
edges = radius_graph(pos, 0.0156).shape[1]
print(json.dumps({"nodes": len(pos), "edges": edges, "seconds": time.perf_counter() - start}))
"""

EMLP = """
import json, statistics, sys, time
import torch
from torch import nn
from intertwine.emlp import EMLP
from intertwine.groups import SO, O, S
from intertwine.reps import Scalar, V
torch.set_num_threads(1)
group = {"SO(3)": SO(3), "O(1, 3)": O(1, 3), "S(5)": S(5)}[sys.argv[1]]
start = time.perf_counter()
net = EMLP(8 * V, Scalar, group=group, hidden=384, layers=3)
built = time.perf_counter() - start
widths = [net.rep_in.dim, 384, 384, 1]
parts = [m for a, b in zip(widths, widths[1:]) for m in (nn.Linear(a, b), nn.SiLU())][:-1]
plain = nn.Sequential(*parts)
x = torch.randn(512, net.rep_in.dim)
def milliseconds(model):
    times = []
    for _ in range(23):
        start = time.perf_counter()
        torch.autograd.grad(model(x).square().mean(), list(model.parameters()))
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[3:])
print(json.dumps({"group": group.name, "build_s": built, "emlp_ms": milliseconds(net), "mlp_ms": milliseconds(plain)}))
"""

BUILD = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from intertwine.conv import GridConv, PointConv
from intertwine.groups import SO, Dihedral, O, Octahedral, S
from intertwine.reps import Irrep, Scalar, T, V
rep = 16 * Scalar + 16 * V + 8 * T(2)
high = 16 * Irrep(0) + 16 * Irrep(1) + 16 * Irrep(2) + 8 * Irrep(3)
cases = {
    "PointConv O(3)": lambda: PointConv(rep, rep, group=O(3)),
    "PointConv SO(3), l up to 3": lambda: PointConv(high, high, group=SO(3)),
    "PointConv O(1, 3)": lambda: PointConv(8 * Scalar + 8 * V, 8 * Scalar + 8 * V + T(2), group=O(1, 3)),
    "PointConv octahedral": lambda: PointConv(rep, rep, group=Octahedral()),
    "PointConv S(10)": lambda: PointConv(Scalar + V, V, group=S(10)),
    "GridConv O(2)": lambda: GridConv(rep, rep, group=O(2), kernel_size=7),
    "GridConv O(3)": lambda: GridConv(rep, rep, group=O(3), kernel_size=5),
    "GridConv D(4)": lambda: GridConv(rep, rep, group=Dihedral(4), kernel_size=5),
}
if len(sys.argv) == 1:
    print(json.dumps(list(cases)))
else:
    times = []
    for _ in range(2):
        start = time.perf_counter()
        cases[sys.argv[1]]()
        times.append(1e3 * (time.perf_counter() - start))
    print(json.dumps({"layer": sys.argv[1], "cold_ms": times[0], "warm_ms": times[1]}))
"""


def child(code: str, *arguments: object, env: dict[str, str] | None = None) -> Any:
    """What a process of its own prints as JSON."""
    known = {**os.environ, "OMP_NUM_THREADS": "1", **(env or {})}
    known.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=known)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def measure(layer: str, width: int, malloc: str, arguments: argparse.Namespace) -> dict:
    """One layer in a process of its own."""
    numbers = (width, arguments.threads, arguments.nodes, arguments.edges, arguments.repeats)
    env = {**MALLOC[malloc], "OMP_NUM_THREADS": str(arguments.threads)}
    return {"layer": layer, "width": width, "malloc": malloc, **child(CHILD, layer, *numbers, env=env)}


def point(arguments: argparse.Namespace) -> list[dict]:
    """Formulations of a point convolution, and e3nn."""
    layers = [layer for layer in arguments.layers if layer != "e3nn" or importlib.util.find_spec("e3nn")]
    if "e3nn" not in layers:
        print("e3nn is not installed (pip install e3nn): measured without it")
    cases = [(layer, n, m) for n in arguments.widths for m in arguments.malloc for layer in layers]
    rows = [measure(*case, arguments) for case in track(cases, description="point")]
    show(rows, arguments)
    ratios(rows)
    return rows


def ratios(rows: list[dict]) -> None:
    """How many times faster than the peer, and how much less memory above the imports."""
    for row in rows:
        peers = [p for p in rows if p["layer"] == "e3nn" and (p["width"], p["malloc"]) == (row["width"], row["malloc"])]
        for peer in peers if row["layer"] in ("node", "factored") else ():
            time, memory = peer["both_ms"] / row["both_ms"], peer["both_mb"] - peer["import_mb"]
            memory /= row["both_mb"] - row["import_mb"]
            print(
                f"n = {row['width']}, {row['malloc']}: {row['layer']} {time:.1f} x faster, {memory:.1f} x less memory"
            )


def scale(arguments: argparse.Namespace) -> list[dict]:
    """One layer on growing graphs."""
    cases = [(1_000, 10_000), (10_000, 160_000), (100_000, 1_600_000), (200_000, 3_000_000)]
    rows = [child(SCALE, *case, env=MALLOC["tuned"]) for case in track(cases, description="scale")]
    for row in rows:
        microseconds = 1e6 * row["both_s"] / row["edges"]
        print(f"{row['nodes']:,} nodes, {row['edges']:,} edges: forward + backward {row['both_s']:.1f} s", end="")
        print(f", {microseconds:.1f} us an edge, {row['mb']:,.0f} MB")
    graph = child(GRAPH)
    print(f"radius_graph of {graph['nodes']:,} points: {graph['edges']:,} edges in {graph['seconds']:.1f} s")
    return [*rows, graph]


def emlp(arguments: argparse.Namespace) -> list[dict]:
    """An EMLP beside an MLP."""
    rows = [child(EMLP, name) for name in track(("SO(3)", "O(1, 3)", "S(5)"), description="emlp")]
    for row in rows:
        times = f"{row['emlp_ms']:.1f} ms, MLP {row['mlp_ms']:.1f} ms, ratio {row['emlp_ms'] / row['mlp_ms']:.1f}"
        print(f"EMLP over {row['group']}: built in {row['build_s']:.2f} s, forward + backward {times}")
    return rows


def build(arguments: argparse.Namespace) -> list[dict]:
    """Construction of layers."""
    rows = [child(BUILD, name, env={"INTERTWINE_CACHE": "off"}) for name in track(child(BUILD), description="build")]
    for row in rows:
        print(f"{row['layer']}: built in {row['cold_ms']:.0f} ms, again in {row['warm_ms']:.0f} ms")
    return rows


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
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/conv.json"))
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--widths", type=int, nargs="+", default=[8, 16, 32])
    parser.add_argument("--malloc", choices=MALLOC, nargs="+", default=list(MALLOC))
    parser.add_argument("--layers", choices=LAYERS, nargs="+", default=list(LAYERS[1:]))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--edges", type=int, default=16000)
    parser.add_argument("--repeats", type=int, default=5, help="the median is printed")
    arguments = parser.parse_args()
    parts = {"point": point, "scale": scale, "emlp": emlp, "build": build}
    found = {name: parts[name](arguments) for name in arguments.only}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"threads": arguments.threads, **found}, indent=1))
    print(f"wrote {arguments.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
