"""`intertwine bench`: how long solving takes here, from nothing."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from ._algebra import Json, parse_hom
from ._errors import user_errors

#: what is timed unless asked otherwise: one case for every kind of group
CASES = (
    ("SO(3)", "T(4) >> T(4)"),
    ("O(5)", "T(2) >> T(2)"),
    ("SO(1, 3, connected=True)", "T(3) >> T(3)"),
    ("SU(3)", "T(1, 1) >> T(1, 1)"),
    ("Sp(4)", "T(3) >> T(3)"),
    ("S(10)", "T(2) >> T(2)"),
    ("Octahedral()", "T(3) >> T(3)"),
    ("SO(3) * S(5)", "T(2) >> T(2)"),
)

CHILD = """
import json, sys, time
from intertwine._names import parse_group
from intertwine.reps import parse, solve
hom = parse(sys.argv[2], parse_group(sys.argv[1]))
start = time.perf_counter()
basis = solve(hom)
seconds = time.perf_counter() - start
c = basis.certificate
print(json.dumps({"ms": 1e3 * seconds, "unknowns": hom.rep_in.dim * hom.rep_out.dim, "rank": c.rank,
                  "residual": float(c.residual), "method": str(c.method)}))
"""


def bench(
    group: Annotated[str | None, typer.Argument(help='For example "SO(3)"; by default, a case of every kind.')] = None,
    maps: Annotated[str | None, typer.Argument(metavar="HOM", help='For example "T(4) >> T(4)".')] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Fresh processes per case; the median is shown.")] = 3,
    as_json: Json = False,
) -> None:
    """Time the solver: every case in a fresh process, without the cache, on one thread."""
    console = Console()
    with user_errors(console):
        if group is not None:
            if maps is None:
                raise ValueError(f'give the maps as well: intertwine bench "{group}" "T(2) >> T(2)"')
            parse_hom(maps, group)
        cases = CASES if group is None or maps is None else ((group, maps),)
        rows = [
            {"group": g, "hom": m, **measure(g, m, repeat)}
            for g, m in track(cases, "solving", console=console, transient=True, disable=as_json)
        ]
        if as_json:
            print(json.dumps(rows, indent=2))
            return
        table = Table("group", "maps", title="Solved from nothing, medians", title_justify="left")
        for name in ("unknowns", "rank", "residual", "ms"):
            table.add_column(name, justify="right")
        table.add_column("method")
        for row in rows:
            shown = [f"{row['unknowns']:,}", f"{row['rank']:,}", f"{row['residual']:.0e}", f"{row['ms']:.1f}"]
            table.add_row(escape(row["group"]), escape(row["hom"]), *shown, row["method"])
        console.print(table)


def measure(group: str, maps: str, repeat: int) -> dict[str, Any]:
    """What one case takes: the run of median time."""
    environment = os.environ | {"INTERTWINE_CACHE": "off", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    runs = []
    for _ in range(repeat):
        done = subprocess.run(
            [sys.executable, "-c", CHILD, group, maps], capture_output=True, text=True, env=environment, check=False
        )
        if done.returncode:
            raise ValueError(done.stderr.strip().rpartition("\n")[2] or f"solving {maps} over {group} failed")
        runs.append(json.loads(done.stdout))
    return {**runs[0], "ms": statistics.median(run["ms"] for run in runs)}
