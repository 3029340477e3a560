"""Time `solve` cold, one fresh process per case, and check the rank: `python benchmarks/solver.py`.

Every case is solved from nothing: a new interpreter, no disk cache, one thread, the clock started after the imports
and the construction of the group, so it covers irreps, Clebsch–Gordan blocks, basis and certificate.  The column
"EMLP" repeats what EMLP 1.0.3 took on the same kind of machine (two cores; an upper bound, not this run);
``--emlp PYTHON`` measures it side by side instead, with the interpreter of an environment of its own:

    python3.11 -m venv emlp && emlp/bin/pip install emlp==1.0.3 jax==0.4.30 jaxlib==0.4.30 numpy==1.26.4 \\
        plum-dispatch==1.7.4 'scipy<1.13' six

The second table has what no peer solves.  The column "bare" is a bare call of scipy's connected components on the
pairs of coordinates, for groups of permutations.  Writes a JSON file, and how the time grows with k on SO(3),
T(k) → T(k), as a picture.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from intertwine.plot import figure, save
from rich.console import Console
from rich.progress import track
from rich.table import Table

# group, map, rank that theory gives, seconds EMLP took
ANCHORS = [
    ("SO(3)", "T(2) >> T(2)", 3, 0.7),
    ("SO(3)", "T(3) >> T(3)", 15, 2.5),
    ("SO(3)", "T(4) >> T(4)", 91, 143),
    ("SO(3)", "Scalar >> T(5)", 6, 3.2),
    ("O(3)", "T(3) >> T(3)", 15, 4.3),
    ("SO(2)", "T(4) >> T(4)", 70, 1.9),
    ("O(5)", "T(2) >> T(2)", 3, 28),
    ("SO(1, 3, connected=True)", "T(2) >> T(2)", 4, 1.1),
    ("SO(1, 3, connected=True)", "T(3) >> T(3)", 25, 23),
    ("O(1, 3)", "T(3) >> T(3)", 15, 7.4),
    ("Sp(4)", "T(2) >> T(2)", 3, 1.2),
    ("Sp(4)", "T(3) >> T(3)", 14, 9.6),
    ("SU(3)", "T(1, 1) >> T(1, 1)", 2, 0.9),
    ("SU(3)", "T(2, 2) >> T(2, 2)", 23, 142),
    ("SL(3)", "Scalar >> T(3, 3)", 6, 4.8),
    ("GL(3)", "T(1, 1) >> T(1, 1)", 2, 0.8),
    ("SO(1, 1, connected=True)", "T(2, 1) >> T(2, 1)", 20, 1.0),
    ("S(4)", "T(2) >> T(2)", 15, 1.1),
    ("S(6)", "T(2) >> T(2)", 15, 5.3),
    ("S(10)", "T(2) >> T(2)", 15, 19),
    ("Z(10)", "T(2) >> T(2)", 1000, None),
    ("Cube()", "T(2) >> T(2)", 60, 1.8),
    ("Rubik()", "V >> V", 9, None),
    ("SO(3) * S(5)", "V(SO(3)) * V(S(5)) >> V(SO(3)) * V(S(5))", 2, 1.3),
]

# group, map, rank that theory gives, seconds aimed at
BEYOND = [
    ("SO(3)", "T(6) >> T(6)", 4213, 0.05),
    ("SO(3)", "T(10) >> T(10)", 13393689, 0.5),
    ("SO(8)", "T(3) >> T(3)", 15, 0.5),
    ("SO(8)", "T(4) >> T(4)", 106, 5.0),
    ("G2()", "T(3) >> T(3)", 35, 1.0),
    ("SU(4)", "T(2, 2) >> T(2, 2)", 24, 1.0),
    ("SO(1, 3, connected=True)", "Scalar >> T(8)", 196, 1.0),
    ("S(100)", "T(2) >> T(2)", 15, 0.1),
    ("Rubik()", "T(2) >> T(2)", 350, 1.0),
    ("Sp(6)", "T(2) >> T(2)", 3, 1.0),
    ("SO(4, 2)", "T(2) >> T(2)", 3, 1.0),
    ("Spin(7)", "T(2) >> T(2)", 4, 1.0),
    ("SE(3)", "T(3) >> T(3)", 25, 1.0),
    ("SE(3)", "T(4) >> T(4)", 196, 20.0),
    ("Poincare()", "T(2) >> T(2)", 3, 1.0),
    ("Poincare()", "T(3) >> T(3)", 15, 20.0),
    ("Heisenberg(1)", "T(3) >> T(3)", 51, 1.0),
    ("Heisenberg(1)", "T(4) >> T(4)", 323, 1.0),
]
RIORDAN = (1, 3, 15, 91, 603, 4213, 30537, 227475, 1730787, 13393689)  # invariants of SO(3) in V^⊗2k, k = 1 …

CHILD = """
import json, resource, sys, time
from intertwine.reps import parse, solve
from intertwine.reps._parse import find_group
name, text = sys.argv[1:]
group = find_group(name)
hom = parse(text, group)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
basis = solve(hom)
certificate = basis.certificate
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
bare = None
if group.is_permutation and hom.rep_in.dim * hom.rep_out.dim < 10**5:
    import numpy as np
    from intertwine.reps._permute import signed_permutations
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    rows, columns = ([p for p, _ in signed_permutations(rep, group)] for rep in (hom.rep_out, hom.rep_in))
    n = hom.rep_in.dim * hom.rep_out.dim
    start = time.perf_counter()
    images = np.concatenate([(p[:, None] * len(q) + q).ravel() for p, q in zip(rows, columns)])
    pairs = np.tile(np.arange(n), len(rows))
    connected_components(coo_array((np.ones(len(pairs), bool), (pairs, images)), (n, n)), directed=False)
    bare = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "bare": bare, "rank": basis.rank, "residual": float(certificate.residual),
                  "method": certificate.method, "count": certificate.count,
                  "unknowns": hom.rep_in.dim * hom.rep_out.dim,
                  "megabytes": (after - before) / 1024}))
"""
IMPORTS = ("import numpy, sympy, scipy, scipy.sparse, scipy.linalg", "import intertwine.groups, intertwine.reps")
LABELS = """
import resource, time
from intertwine.groups import S
from intertwine.reps import T, solve
basis = solve((T(2) >> T(2))(S(100)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
labels = basis.blocks[0].block.labels
print(time.perf_counter() - start, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""

PEER = """
import sys, time
from emlp.reps import Scalar, T, V
from emlp.groups import GL, O, O13, S, SL, SO, SO11p, SO13p, SU, Sp, Z, Cube, RubiksCube
names = {"SO(1, 3, connected=True)": "SO13p()", "O(1, 3)": "O13()", "Sp(4)": "Sp(2)", "Rubik()": "RubiksCube()",
         "SO(1, 1, connected=True)": "SO11p()"}
name, text = sys.argv[1:]
if name == "SO(3) * S(5)":
    rep = V(SO(3)) * V(S(5))
    hom = rep >> rep
else:
    group = eval(names.get(name, name))
    source, target = text.split(" >> ")
    hom = eval(source)(group) >> eval(target)(group)
start = time.perf_counter()
hom.equivariant_basis()
print(time.perf_counter() - start)
"""


def child(code: str, *arguments: str) -> str:
    """What a fresh process prints: one thread, no disk cache, and modules compiled to bytecode as usual."""
    env = {**os.environ, "INTERTWINE_CACHE": "off", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=env)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def measure(group: str, text: str) -> dict:
    """Solve one case in a process of its own."""
    return json.loads(child(CHILD, group, text))


def measure_imports(repeats: int) -> list[float]:
    """Median seconds of the imports, ours and those of the packages it stands on, in turns."""
    runs = [[timed_import(line) for line in IMPORTS] for _ in range(repeats)]
    return [statistics.median(column) for column in zip(*runs)]


def timed_import(line: str) -> float:
    """Seconds of one import statement in a fresh process; torch and networkx must not come with it."""
    code = f"import sys, time; s = time.perf_counter(); {line}; print(time.perf_counter() - s)"
    return float(child(code + "; assert not {'torch', 'networkx'} & set(sys.modules)"))


def measure_peer(python: Path, group: str, text: str, limit: float) -> float | None:
    """Seconds EMLP takes, or None where it fails or takes longer than the limit."""
    command = [python.absolute(), "-c", PEER, group, text]
    try:  # not from this folder, which has an emlp of its own
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, cwd=tempfile.gettempdir())
    except subprocess.TimeoutExpired:
        return None
    return None if done.returncode else float(done.stdout.split()[-1])


def run(cases: list[tuple[str, str, int]], repeats: int, say: str) -> list[dict]:
    """The median of some runs of every case."""
    rows = []
    for group, text, theory in track(cases, description=say):
        runs = sorted((measure(group, text) for _ in range(repeats)), key=lambda r: r["seconds"])
        rows.append({"group": group, "map": text, "theory": theory, **runs[len(runs) // 2]})
    return rows


def shown(title: str, rows: list[dict], column: str) -> Table:
    """A table of measured rows; the last column is named."""
    table = Table(title=title)
    for name in (
        "group",
        "map",
        "unknowns",
        "rank",
        "theory",
        "count",
        "residual",
        "method",
        "MB",
        "seconds",
        "bare",
        column,
    ):
        table.add_column(name, justify="left" if name in ("group", "map", "method") else "right")
    for row in rows:
        count, other = row["count"], row[column]
        table.add_row(
            row["group"],
            row["map"],
            f"{row['unknowns']:,}",
            f"{row['rank']:,}",
            f"{row['theory']:,}",
            "–" if count is None else f"{count:,}",
            f"{row['residual']:.0e}",
            row["method"],
            f"{row['megabytes']:.0f}",
            f"{row['seconds']:.3f}",
            "–" if row["bare"] is None else f"{row['bare']:.4f}",
            "–" if other is None else f"{other:.3g}",
        )
    return table


def draw_growth(rows: list[dict], path: Path) -> None:
    """Seconds against k on a logarithmic axis."""
    drawn = figure()
    axes = drawn.subplots()
    axes.semilogy(range(1, len(rows) + 1), [row["seconds"] for row in rows], "o-")
    axes.set(xlabel="k", ylabel="seconds", title="SO(3), all maps T(k) → T(k), solved cold")
    for k, row in enumerate(rows, start=1):
        axes.annotate(f"{row['rank']:,}", (k, row["seconds"]), textcoords="offset points", xytext=(0, 6), fontsize=6)
    save(drawn, path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/solver.json"))
    parser.add_argument("--repeats", type=int, default=3, help="processes per case; the median is printed")
    parser.add_argument("--emlp", type=Path, help="interpreter of an environment with EMLP, to run it side by side")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds after which EMLP is stopped")
    arguments = parser.parse_args()
    anchors = run([case[:3] for case in ANCHORS], arguments.repeats, "cases of EMLP")
    for row, (group, text, _, known) in zip(anchors, ANCHORS):
        python = arguments.emlp
        row["EMLP s"] = known if python is None else measure_peer(python, group, text, arguments.limit)
    beyond = run([case[:3] for case in BEYOND], arguments.repeats, "beyond them")
    for row, case in zip(beyond, BEYOND):
        row["aim s"] = case[3]
    powers = [("SO(3)", f"T({k}) >> T({k})", rank) for k, rank in enumerate(RIORDAN, start=1)]
    growth = run(powers, arguments.repeats, "growth")
    console = Console(width=150)
    console.print(shown("solve, cold (seconds, median of fresh processes, one thread)", anchors, "EMLP s"))
    console.print(shown("beyond the peers", beyond, "aim s"))
    rows = anchors + beyond + growth
    wrong = sum(row["rank"] != row["theory"] or row["residual"] > 1e-10 for row in rows)
    solved = sorted(row["seconds"] for row in anchors)
    quick = sum(t < 0.03 for t in solved)
    late = [f"{row['group']} {row['map']}" for row in beyond if row["seconds"] > row["aim s"]]
    print(f"{len(rows)} cases, {wrong} wrong; of EMLP's {len(solved)}: {quick} under 30 ms, slowest {solved[-1]:.3f} s")
    print(f"beyond: {len(late)} later than aimed at {late}")
    times = measure_imports(4 * arguments.repeats + 1)
    print("imports, seconds: " + "; ".join(f"{line}: {t:.2f}" for line, t in zip(IMPORTS, times)), end="")
    print(f"; ratio {times[1] / times[0]:.2f}")
    seconds, megabytes = map(float, child(LABELS).split())
    print(f"S(100) T(2) >> T(2): labels of all 10^8 entries in {seconds:.2f} s, {megabytes:.0f} MB")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    found = {"anchors": anchors, "beyond": beyond, "growth": growth, "imports": dict(zip(IMPORTS, times))}
    arguments.out.write_text(json.dumps(found, indent=1))
    draw_growth(growth, arguments.out.with_suffix(".png"))
    print(f"wrote {arguments.out} and {arguments.out.with_suffix('.png')}")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
