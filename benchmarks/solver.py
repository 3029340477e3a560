"""Time `solve` cold, one fresh process per case, and check the rank: `python benchmarks/solver.py`.

Every case is solved from nothing: a new interpreter, no disk cache, the clock started after the imports and
the construction of the group, so it covers irreps, Clebsch–Gordan blocks, basis and certificate.  The column
"EMLP" repeats what EMLP 1.0.3 took on the same kind of machine (two cores; an upper bound, not this run).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

# group, map, rank that theory gives, seconds EMLP took
CASES = [
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

CHILD = """
import json, sys, time
import intertwine.groups as groups
from intertwine.reps import parse, solve
name, text = sys.argv[1:]
group = None
for part in name.split(" * "):
    call, _, arguments = part.partition("(")
    values, keywords = [], {}
    for argument in filter(None, arguments[:-1].split(",")):
        key, _, value = argument.strip().rpartition("=")
        if key:
            keywords[key] = value == "True"
        else:
            values.append(int(value))
    factor = getattr(groups, call)(*values, **keywords)
    group = factor if group is None else group * factor
hom = parse(text, group)
start = time.perf_counter()
basis = solve(hom)
certificate = basis.certificate
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "rank": basis.rank, "residual": float(certificate.residual),
                  "method": certificate.method, "count": certificate.count}))
"""


def measure(group: str, text: str) -> dict:
    """Solve one case in a process of its own."""
    env = {**os.environ, "INTERTWINE_CACHE": "off"}
    done = subprocess.run([sys.executable, "-c", CHILD, group, text], capture_output=True, text=True, env=env)
    if done.returncode:
        raise SystemExit(f"{group} {text} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/solver.json"))
    parser.add_argument("--repeats", type=int, default=3, help="processes per case; the median is printed")
    arguments = parser.parse_args()
    table = Table(title="solve, cold (seconds, median of fresh processes)")
    for column in ("group", "map", "rank", "theory", "count", "residual", "method", "seconds", "EMLP 1.0.3"):
        table.add_column(column, justify="left" if column in ("group", "map", "method") else "right")
    rows, wrong = [], 0
    for group, text, rank, emlp in track(CASES, description="solving"):
        runs = sorted((measure(group, text) for _ in range(arguments.repeats)), key=lambda r: r["seconds"])
        row = runs[len(runs) // 2]
        wrong += row["rank"] != rank or row["residual"] > 1e-10
        rows.append({"group": group, "map": text, "theory": rank, "emlp_seconds": emlp, **row})
        table.add_row(
            group,
            text,
            str(row["rank"]),
            str(rank),
            str(row["count"] if row["count"] is not None else "–"),
            f"{row['residual']:.0e}",
            row["method"],
            f"{row['seconds']:.3f}",
            "–" if emlp is None else f"{emlp:g}",
        )
    Console(width=130).print(table)
    slowest = max(row["seconds"] for row in rows)
    print(f"{len(rows)} cases, {wrong} wrong, slowest {slowest:.3f} s")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(rows, indent=1))
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
