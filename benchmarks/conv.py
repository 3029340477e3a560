"""Time convolutions and networks beside their peers: `python benchmarks/conv.py`.

point   n × (0e + 1o + 2e) to the same over O(3), on a random graph of 1,000 nodes and 16,000 edges, float32.  Every
        formulation is measured, and the one that "auto" takes.  The peer is e3nn's usual recipe, if it is installed:
        one `FullyConnectedTensorProduct` with spherical harmonics 0e + 1o + 2e, its weights for each edge from a
        radial network of 64 hidden channels, then a sum over edges.  Our kernels use the same harmonics with 16 hidden
        channels each; their hidden features factorise, so "factored" applies; "node" is the formulation for any
        kernel.  "dense" is the kernel formed for every edge.
grid    convolutions on grids beside plain ones of the same shape, forward in eval mode, forward + backward in training
        mode, in one process.
profile where the time of the two main cases goes, and how near they come to the machine's bandwidth and flops.
scale   time and memory of one layer, 8 × (0e + 1o + 2e), from 10⁴ edges on, and of the neighbour graph of 10⁶ points.
small   a training step of the networks for 50 systems of five particles (250 nodes, 1,000 edges), where the number of
        operations counts: processor time, and how many PyTorch does.
emlp    an EMLP of three layers, 384 channels, batch 512, beside a plain MLP of the same widths.
build   the construction of layers, cold (a fresh process) and warm.

With `--device cuda` the point convolutions run there, also compiled and with bfloat16, beside e3nn and cuEquivariance
where they are installed.

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

PARTS = ("point", "grid", "profile", "scale", "small", "emlp", "build")
PEERS = {"e3nn": "e3nn", "cuequivariance": "cuequivariance_torch"}
LAYERS = ("dense", "node", "edge", "factored", "auto", *PEERS)
MALLOC = {
    "default": {},
    "tuned": {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TRIM_THRESHOLD_": str(2**32)},
}

CHILD = """
import json, resource, statistics, sys, time
import torch
layer, device, compiled, half = sys.argv[1], sys.argv[2], sys.argv[3] == "True", sys.argv[4] == "True"
width, threads, nodes, edges, repeats = map(int, sys.argv[5:])
torch.set_num_threads(threads)
torch.manual_seed(0)

if layer in ("e3nn", "cuequivariance"):
    import e3nn
    from e3nn import nn, o3
    e3nn.set_optimization_defaults(jit_mode="eager" if compiled else "script")
    text = f"{width}x0e + {width}x1o + {width}x2e"
    irreps = o3.Irreps(text)
    def build():
        harmonics = o3.Irreps("0e + 1o + 2e")
        if layer == "e3nn":
            product = o3.FullyConnectedTensorProduct(irreps, harmonics, irreps, shared_weights=False)
        else:
            import cuequivariance as cue, cuequivariance_torch as cuet
            a, b = cue.Irreps("O3", text), cue.Irreps("O3", "0e + 1o + 2e")
            options = dict(layout=cue.mul_ir, shared_weights=False, internal_weights=False)
            product = cuet.FullyConnectedTensorProduct(a, b, a, **options)
        radial = nn.FullyConnectedNet([8, 64, product.weight_numel], torch.nn.functional.silu)
        angular = o3.SphericalHarmonics(harmonics, normalize=True, normalization="component")
        centres = torch.linspace(0, 1, 8, device=device)
        def convolve(x, pos, index):
            d = pos[index[0]] - pos[index[1]]
            r = d.norm(dim=1, keepdim=True)
            y = angular(d)
            weight = radial(torch.exp(-32 * (r - centres) ** 2))
            message = product(x[index[0]], y, weight)
            return torch.zeros_like(x).index_add(0, index[1], message.to(x.dtype))
        return convolve, [product, radial, angular]
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
            return conv, [conv]
        kernel = ImplicitKernel(rep, rep, hidden=hidden, degree=2)
        def convolve(x, pos, index):
            messages = torch.einsum("eab,eb->ea", kernel(pos[index[0]] - pos[index[1]]), x[index[0]])
            return x.new_zeros(len(x), rep.dim).index_add(0, index[1], messages)
        return convolve, [kernel]
    dim = rep.dim

def megabytes():
    if device != "cpu":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def wait():
    if device != "cpu":
        torch.cuda.synchronize()

held = megabytes()
start = time.perf_counter()
convolve, modules = build()
built = time.perf_counter() - start
weights = [w for module in modules for w in module.to(device).parameters() if w.numel()]
x = torch.randn(nodes, dim, device=device, requires_grad=True)
pos = torch.rand(nodes, 3, device=device)
index = torch.randint(nodes, (2, edges), device=device)
convolve = torch.compile(convolve) if compiled else convolve

def applied():
    with torch.autocast(device, torch.bfloat16, enabled=half):
        return convolve(x, pos, index)

def forward():
    with torch.no_grad():
        applied()

def both():
    torch.autograd.grad(applied().float().square().mean(), [x, *weights])

def milliseconds(f):
    f(); f()
    times = []
    for _ in range(repeats):
        wait()
        start = time.perf_counter()
        f()
        wait()
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

GRID = """
import json, statistics, sys, time
import torch
from torch import nn
from intertwine.conv import GridConv
from intertwine.groups import O
from intertwine.reps import Irrep, Scalar, V
dim, size, batch, points = map(int, sys.argv[1:])
torch.set_num_threads(1)
rep = 16 * Scalar + 16 * V + 16 * Irrep(2) if dim == 2 else 16 * Scalar + 8 * V + 8 * Irrep("2e")
start = time.perf_counter()
conv = GridConv(rep, rep, group=O(dim), kernel_size=size, padding=size // 2)
built = time.perf_counter() - start
channels = conv.rep_in.dim
plain = getattr(nn, f"Conv{dim}d")(channels, channels, size, padding=size // 2)
x = torch.randn(batch, channels, *[points] * dim, requires_grad=True)
def both(model):
    torch.autograd.grad(model(x).square().mean(), [x, *(p for p in model.parameters() if p.numel())])
def forward(model):
    with torch.no_grad():
        model(x)
def pairs(f, repeats):
    times = {conv: [], plain: []}
    for _ in range(repeats + 1):
        for model in times:
            start = time.perf_counter()
            f(model)
            times[model].append(1e3 * (time.perf_counter() - start))
    return [statistics.median(t[1:]) for t in times.values()]
training = pairs(both, 5)
conv.eval()
found = {"dim": dim, "k": size, "batch": batch, "points": points, "channels": channels, "build_s": built}
print(json.dumps(found | {"eval_ms": pairs(forward, 11), "training_ms": training}))
"""

PROFILE = """
import json, sys, time
import torch
from torch.profiler import ProfilerActivity, profile
torch.set_num_threads(1)
torch.manual_seed(0)
case = sys.argv[1]
if case == "point":
    from intertwine.conv import PointConv
    from intertwine.groups import O
    from intertwine.reps import parse
    rep = parse("16x0e + 16x1o + 16x2e", O(3))
    conv = PointConv(rep, rep, hidden=rep, degree=2, root_weight=False, bias=False, contraction=sys.argv[2])
    x, pos, index = torch.randn(1000, rep.dim, requires_grad=True), torch.rand(1000, 3), torch.randint(1000, (2, 16000))
    call = lambda: conv(x, pos, index)
else:
    from intertwine.conv import GridConv
    from intertwine.groups import O
    from intertwine.reps import Irrep, Scalar, V
    rep = 16 * Scalar + 16 * V + 16 * Irrep(2)
    conv = GridConv(rep, rep, group=O(2), kernel_size=7, padding=3)
    x = torch.randn(8, 80, 64, 64, requires_grad=True)
    call = lambda: conv(x)
weights = [p for p in conv.parameters() if p.numel()]
step = lambda: torch.autograd.grad(call().square().mean(), [x, *weights])
step(), step()
start = time.perf_counter()
step()
seconds = time.perf_counter() - start
with profile(activities=[ProfilerActivity.CPU], with_flops=True) as seen:
    step()
events = sorted((e for e in seen.key_averages() if e.self_cpu_time_total), key=lambda e: -e.self_cpu_time_total)
total = sum(e.self_cpu_time_total for e in events)
top = [(e.key, e.self_cpu_time_total / total, e.count) for e in events[:8]]
from torch.utils.flop_counter import FlopCounterMode
with FlopCounterMode(display=False) as counter:
    call().square().mean().backward()
def best(f, n=5):
    times = []
    for _ in range(n):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)
a = torch.randn(1024, 1024)
peak = 2 * 1024**3 / best(lambda: a @ a)
b, c = torch.randn(2**25), torch.empty(2**25)
bandwidth = 2 * 4 * 2**25 / best(lambda: c.copy_(b))
found = {"case": case, "seconds": seconds, "flops": counter.get_total_flops(), "peak": peak, "bandwidth": bandwidth}
print(json.dumps(found | {"top": top}))
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
    start = time.perf_counter()
    torch.autograd.grad(model(x).square().mean(), list(model.parameters()))
    return 1e3 * (time.perf_counter() - start)
pairs = [(milliseconds(net), milliseconds(plain)) for _ in range(33)][3:]
ours, theirs = (statistics.median(times) for times in zip(*pairs))
ratio = statistics.median(a / b for a, b in pairs)
print(json.dumps({"group": group.name, "build_s": built, "emlp_ms": ours, "mlp_ms": theirs, "ratio": ratio}))
"""

SMALL = """
import json, sys, time
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from intertwine.examples.nbody._data import load
from intertwine.examples.nbody._egnn import EGNN
from intertwine.examples.nbody._model import NBodyNet
from intertwine.examples.nbody._plain import PlainNet
from intertwine.groups import O
torch.set_num_threads(1)
torch.manual_seed(0)
class Count(TorchDispatchMode):
    done = 0
    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.done += 1
        return function(*arguments, **(options or {}))
azimuthal = O(3).subgroup(fixing=[0, 0, 1])
make = {
    "O(3)": lambda: NBodyNet(O(3)),
    "azimuthal O(2)": lambda: NBodyNet(azimuthal),
    "EGNN": lambda: EGNN(64),
    "plain messages": lambda: PlainNet(28),
}
if len(sys.argv) == 1:
    print(json.dumps(list(make)))
else:
    net, data = make[sys.argv[1]](), load("springs", "train", 50)
    optimizer = torch.optim.Adam(net.parameters())
    def step():
        optimizer.zero_grad()
        (net(data) - data.target).square().mean().backward()
        optimizer.step()
    for _ in range(10):
        step()
    with Count() as count:
        step()
    start = time.process_time()
    for _ in range(100):
        step()
    milliseconds = 10 * (time.process_time() - start)
    weights = sum(p.numel() for p in net.parameters())
    print(json.dumps({"net": sys.argv[1], "weights": weights, "step_ms": milliseconds, "operations": count.done}))
"""

BUILD = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from intertwine.conv import GridConv, GridConvTransposed, PointConv, StabilizerKernel
from intertwine.emlp import BatchNorm, FourierAct, NormAct, TensorProductAct
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
    "GridConv SO(1, 2)": lambda: GridConv(Scalar + V, Scalar + V, group=SO(1, 2), kernel_size=5),
    "GridConvTransposed O(2)": lambda: GridConvTransposed(rep, rep, group=O(2), kernel_size=4, stride=2),
    "PointConv depthwise O(3)": lambda: PointConv(rep, rep, group=O(3), rank="depthwise"),
    "StabilizerKernel O(3)": lambda: StabilizerKernel(rep, rep, group=O(3)),
    "FourierAct sphere": lambda: FourierAct(O(3), copies=8, subgroup=O(3).subgroup(fixing=[0, 0, 1])),
    "FourierAct SO(2)": lambda: FourierAct(SO(2), copies=8),
    "FourierAct octahedral": lambda: FourierAct(Octahedral(), copies=8),
    "FourierAct SO(3)": lambda: FourierAct(SO(3), copies=8),
    "NormAct O(3)": lambda: NormAct(rep, group=O(3)),
    "TensorProductAct O(3)": lambda: TensorProductAct(rep, group=O(3)),
    "BatchNorm O(3)": lambda: BatchNorm(rep, group=O(3)),
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


class Failed(SystemExit):
    """A measurement's process failed."""


def child(code: str, *arguments: object, env: dict[str, str] | None = None) -> Any:
    """What a process of its own prints as JSON.

    Raises
    ------
    Failed
        If it fails.
    """
    known = {**os.environ, "OMP_NUM_THREADS": "1", **(env or {})}
    known.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=known)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, arguments))} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(layer: str, width: int, malloc: str, compiled: bool, half: bool, arguments: argparse.Namespace) -> dict:
    """One layer in a process of its own."""
    numbers = (width, arguments.threads, arguments.nodes, arguments.edges, arguments.repeats)
    env = {**MALLOC[malloc], "OMP_NUM_THREADS": str(arguments.threads)}
    mode = ", ".join(name for name, on in (("compiled", compiled), ("bfloat16", half)) if on)
    try:
        found = child(CHILD, layer, arguments.device, compiled, half, *numbers, env=env)
    except Failed as error:
        if layer not in PEERS:
            raise
        print(f"{layer} {mode} failed: {str(error).strip().splitlines()[-1]}")
        return {}
    return {"layer": layer, "mode": mode, "width": width, "malloc": malloc, **found}


def point(arguments: argparse.Namespace) -> list[dict]:
    """Formulations of a point convolution, and e3nn."""
    missing = {layer for layer, package in PEERS.items() if not importlib.util.find_spec(package)}
    layers = [layer for layer in arguments.layers if layer not in missing]
    if missing & set(arguments.layers):
        print(f"not installed, measured without: {', '.join(sorted(missing & set(arguments.layers)))}")
    modes = [(c, h) for c in sorted({False, arguments.compile}) for h in sorted({False, arguments.bf16})]
    allocators = arguments.malloc if arguments.device == "cpu" else ["default"]
    cases = [(layer, n, m, *mode) for n in arguments.widths for m in allocators for layer in layers for mode in modes]
    rows = [row for case in track(cases, description="point") if (row := measure(*case, arguments))]
    show(rows, arguments)
    ratios(rows)
    return rows


def ratios(rows: list[dict]) -> None:
    """How many times faster than the peers, and how much less memory above the imports, in the same mode."""
    same = ("width", "malloc", "mode")
    for row in (row for row in rows if row["layer"] in ("node", "factored")):
        for peer in (p for p in rows if p["layer"] in PEERS and all(p[key] == row[key] for key in same)):
            memory = (peer["both_mb"] - peer["import_mb"]) / (row["both_mb"] - row["import_mb"])
            time = peer["both_ms"] / row["both_ms"]
            case = f"n = {row['width']}, {row['malloc']}, {row['mode'] or 'float32'}: {row['layer']}"
            print(f"{case} {time:.1f} x faster, {memory:.1f} x less memory than {peer['layer']}")


def grid(arguments: argparse.Namespace) -> list[dict]:
    """Convolutions on grids beside plain ones."""
    cases = [(2, 7, 8, 64), (3, 5, 2, 32)]
    rows = [child(GRID, *case, env=MALLOC["tuned"]) for case in track(cases, description="grid")]
    for row in rows:
        shape = (
            f"{row['dim']}D, k = {row['k']}, {row['batch']} x {row['points']}^{row['dim']}, {row['channels']} channels"
        )
        for mode in ("eval", "training"):
            ours, plain = row[f"{mode}_ms"]
            print(f"{shape}, {mode}: {ours:.0f} ms, plain {plain:.0f} ms, ratio {ours / plain:.3f}")
    return rows


def profile(arguments: argparse.Namespace) -> list[dict]:
    """Where the time goes."""
    cases = [("point", "node"), ("point", "factored"), ("grid", "")]
    rows = [child(PROFILE, *case, env=MALLOC["tuned"]) for case in track(cases, description="profile")]
    for (case, how), row in zip(cases, rows):
        rate = row["flops"] / row["seconds"]
        print(f"{case} {how}: {1e3 * row['seconds']:.0f} ms, {row['flops'] / 1e9:.1f} Gflop in products", end="")
        print(
            f" = {rate / 1e9:.0f} Gflop/s, {rate / row['peak']:.0%} of a large product's {row['peak'] / 1e9:.0f}",
            end="",
        )
        print(f"; memory copies at {row['bandwidth'] / 1e9:.0f} GB/s")
        for name, share, count in row["top"]:
            print(f"    {share:5.1%}  {name} ({count})")
    return rows


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


def small(arguments: argparse.Namespace) -> list[dict]:
    """Steps of small networks."""
    rows = [child(SMALL, name) for name in track(child(SMALL), description="small")]
    for row in rows:
        about = f"{row['weights']:,} weights, {row['operations']:,} operations"
        print(f"{row['net']}: a step takes {row['step_ms']:.1f} ms ({about})")
    return rows


def emlp(arguments: argparse.Namespace) -> list[dict]:
    """An EMLP beside an MLP, in alternation."""
    cases = [(name, malloc) for name in ("SO(3)", "O(1, 3)", "S(5)") for malloc in arguments.malloc]
    rows = [child(EMLP, name, env=MALLOC[malloc]) | {"malloc": malloc} for name, malloc in track(cases, "emlp")]
    for row in rows:
        times = f"{row['emlp_ms']:.1f} ms, MLP {row['mlp_ms']:.1f} ms, ratio {row['ratio']:.2f} ({row['malloc']})"
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
    title = f"{arguments.nodes:,} nodes, {arguments.edges:,} edges, {arguments.device}, {arguments.threads} thread(s)"
    table = Table(title=f"n x (0e + 1o + 2e) over O(3): {title}")
    for column in ("n", "malloc", "layer", "mode"):
        table.add_column(column)
    for column in ("weights", "build s", "forward ms", "forward+backward ms", "peak MB", "import MB"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            str(row["width"]),
            row["malloc"],
            row["layer"],
            row["mode"] or "float32",
            f"{row['weights']:,}",
            f"{row['build_s']:.2f}",
            f"{row['forward_ms']:.3g}",
            f"{row['both_ms']:.3g}",
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
    parser.add_argument("--device", default="cpu", help="of the point convolutions: cpu or cuda")
    parser.add_argument("--compile", action="store_true", help="measure compiled layers too")
    parser.add_argument("--bf16", action="store_true", help="measure bfloat16 too")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--edges", type=int, default=16000)
    parser.add_argument("--repeats", type=int, default=5, help="the median is printed")
    arguments = parser.parse_args()
    if arguments.device != "cpu":
        arguments.compile = arguments.bf16 = True
    parts = {
        "point": point,
        "grid": grid,
        "profile": profile,
        "scale": scale,
        "small": small,
        "emlp": emlp,
        "build": build,
    }
    found = {name: parts[name](arguments) for name in arguments.only}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"threads": arguments.threads, **found}, indent=1))
    print(f"wrote {arguments.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
