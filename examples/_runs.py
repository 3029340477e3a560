"""What finished runs left, read and put in lines: for the page of results and for its pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intertwine._files import METRICS, RunError, read_metrics

from ._queue import FOLDER
from ._registry import EXPERIMENTS
from ._settings import PROTOCOL

#: settings that do not name a line of the table
SILENT = {"seed", "samples", *PROTOCOL}
#: what the page takes of the figures of a run
NEEDED = {
    "preset": str,
    "score": str,
    "test": dict,
    "references": dict,
    "settings": dict,
    "parameters": int,
    "training_seconds": (int, float),
}
#: what the page takes of the settings of a run
SAID = {"group": str, "model": str, "seed": int, "samples": int}
#: how and where a run is made, with the kinds of the values
MADE = {"processes": int, "device": str, "precision": str, "compile": bool}
#: in the place of a setting that means nothing for a line
NOTHING = "–"
#: the figures of one run
Run = Mapping[str, Any]


def collect(root: Path = FOLDER, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The figures of all finished runs below a folder, of some experiments or of all.

    Raises
    ------
    RunError
        Naming the file, for one that cannot be read.
    """
    found = []
    for path in sorted(root.rglob(METRICS)):
        metrics = read_metrics(path.parent)
        try:
            if metrics["experiment"] in names or (not names and metrics["experiment"] in EXPERIMENTS):
                _check(metrics)
                metrics["settings"] = EXPERIMENTS[metrics["experiment"]].completed(metrics["settings"])
                found.append(metrics)
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} does not hold the figures of a run ({error}): delete it") from error
    return found


def _check(metrics: Run) -> None:
    """Raise an error for figures that the page cannot be made of."""
    for name, kind in NEEDED.items():
        _require(name, metrics[name], kind)
    _require("revision", metrics.get("revision", 1), int)
    _require("epochs", metrics.get("epochs", 0), int)
    if not metrics["test"]:
        raise ValueError("no figure of a test")
    for label, value in [*metrics["test"].items(), *metrics["references"].items()]:
        _require(label, value, (int, float, type(None)))
    for name, value in metrics["settings"].items():
        _require(name, value, SAID.get(name, (bool, int, float, str, type(None))))
    if missing := SAID.keys() - metrics["settings"].keys():
        raise KeyError(*sorted(missing))
    made = metrics.get("environment", {})
    _require("environment", made, dict)
    for name in MADE.keys() & made.keys():
        _require(name, made[name], MADE[name])


def _require(name: str, value: Any, kind: Any) -> None:
    """Raise an error for a value of another kind; true and false are no numbers."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise TypeError(f"{name} is {value!r}")


@dataclass(frozen=True)
class Line:
    """Runs that differ in seeds and numbers of training samples only.

    Attributes
    ----------
    preset : str
    made : words
        How and where, see `made`.
    values : mapping of setting to value
        Of the settings in which the runs of a table differ.
    runs : figures of runs
    """

    preset: str
    made: Sequence[str]
    values: Mapping[str, Any]
    runs: Sequence[Run]

    def of(self, samples: int) -> list[Run]:
        """The runs with so many samples, one of every seed: a repetition says nothing about the spread."""
        return list({r["settings"]["seed"]: r for r in self.runs if r["settings"]["samples"] == samples}.values())

    @property
    def seeds(self) -> int:
        """The number of seeds, where it is largest."""
        return max(len(self.of(n)) for n in counts(self.runs))

    @property
    def label(self) -> list[str]:
        """The values as words; switches by their names, or not at all."""
        return [
            (dial if value else "") if isinstance(value, bool) else "" if value is None else str(value)
            for dial, value in self.values.items()
        ]


def lines(runs: Sequence[Run]) -> list[Line]:
    """The lines of a table, by what they say; group and model are always said."""
    keys = [key for key in runs[0]["settings"] if key not in SILENT]
    dials = [k for k in keys if k in ("group", "model") or len({str(r["settings"].get(k)) for r in runs}) > 1]
    found: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        plan = run["preset"] == "own" and tuple(run["settings"].get(name) for name in PROTOCOL)
        theirs = {key: NOTHING if key in idle(run) else value for key, value in run["settings"].items()}
        size = theirs["model"] in EXPERIMENTS[run["experiment"]].baselines and theirs.get("parameters")
        found.setdefault((run["preset"], plan, size, made(run), *(theirs.get(dial) for dial in dials)), []).append(run)
    ordered = sorted(found.items(), key=lambda item: str(item[0]))
    return [
        Line(preset, words, dict(zip(dials, values)), _newest(members))
        for (preset, _, _, words, *values), members in ordered
    ]


def made(run: Run) -> tuple[str, ...]:
    """How and where a run was made, where that is not as usual: in float32, by one process, on a CPU.

    Examples
    --------
    >>> made({"environment": {"device": "NVIDIA H200", "precision": "bfloat16", "processes": 4}})
    ('bfloat16', '4 processes', 'NVIDIA H200')
    """
    told = run.get("environment", {})
    words = {
        told.get("precision", "float32"): "float32",
        "compiled" * told.get("compile", False): "",
        f"{told.get('processes', 1)} processes": "1 processes",
        told.get("device", "cpu"): "cpu",
    }
    return tuple(word for word, usual in words.items() if word != usual)


def spread_of_epochs(runs: Sequence[Run]) -> list[float]:
    """How many times as many epochs as another a run took, for all sets of those that differ in seeds only.

    Of runs that ended with their budget.
    """
    found: list[float] = []
    for line in lines(runs):
        epochs: dict[str, list[int]] = {}
        for run in (run for n in counts(line.runs) for run in line.of(n)):
            asked = {key: value for key, value in run["settings"].items() if key != "seed"}
            if asked.get("budget") and run.get("epochs"):
                epochs.setdefault(str(asked), []).append(run["epochs"])
        found += [max(some) / min(some) for some in epochs.values() if len(some) > 1]
    return found


def _newest(runs: Sequence[Run]) -> list[Run]:
    """Those of the last revision with each number of samples: others are not averaged with them."""
    last: dict[int, int] = {}
    for run in runs:
        n = run["settings"]["samples"]
        last[n] = max(last.get(n, 0), run.get("revision", 1))
    return [run for run in runs if run.get("revision", 1) == last[run["settings"]["samples"]]]


def idle(run: Run) -> tuple[str, ...]:
    """Settings of a run that mean nothing beside its others."""
    return EXPERIMENTS[run["experiment"]].idle(run["settings"])


def counts(runs: Sequence[Run]) -> list[int]:
    """The numbers of training samples there are."""
    return sorted({run["settings"]["samples"] for run in runs})


def figures(runs: Sequence[Run], name: str | None = None) -> list[float]:
    """The figures of merit that are numbers, or others by their name."""
    found = [run["test"].get(name) if name else next(iter(run["test"].values())) for run in runs]
    return [value for value in found if value is not None and math.isfinite(value)]


def references(
    runs: Sequence[Run], data: Sequence[str] = ()
) -> list[tuple[str, dict[str, Any], dict[int, list[float]]]]:
    """What references say, for every number of training samples; of different ``data`` apart where they differ.

    Those of earlier revisions, and those that are no numbers, are left out.
    """
    by_place: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        where = tuple(None if dial in idle(run) else run["settings"].get(dial) for dial in data)
        by_place.setdefault(where, []).append(run)
    found: dict[str, dict[tuple[Any, ...], dict[int, list[float]]]] = {}
    for where, members in by_place.items():
        for run in _newest(members):
            for label, value in run["references"].items():
                if value is not None and math.isfinite(value):
                    of_data = found.setdefault(label, {}).setdefault(where, {})
                    of_data.setdefault(run["settings"]["samples"], []).append(value)
    listed: list[tuple[str, dict[str, Any], dict[int, list[float]]]] = []
    for label, by_data in found.items():
        merged: dict[int, list[float]] = {}
        for known in by_data.values():
            for n, values in known.items():
                merged.setdefault(n, []).extend(values)
        if all(len({round(v, 9) for v in values}) == 1 for values in merged.values()) or len(by_data) == 1:
            listed.append((label, {}, merged))
        else:
            listed += [(label, dict(zip(data, where)), known) for where, known in by_data.items()]
    return listed
