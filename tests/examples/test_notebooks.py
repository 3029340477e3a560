"""Every notebook runs from the first cell to the last, in time, its claims hold and its pictures can be drawn."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.py"))
RUNNER = Path(__file__).with_name("_run_notebook.py")


def run(path, folder):
    """A notebook in a process of its own, without a display and with an empty cache."""
    environment = {**os.environ, "INTERTWINE_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    environment.pop("DISPLAY", None)
    command = [sys.executable, str(RUNNER), str(path)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900)


def cells(path):
    """Kinds of the cells of a notebook, "markdown" or "code", in order."""
    marks = [line for line in path.read_text().splitlines() if line.startswith("# %%")]
    return ["markdown" if "[markdown]" in mark else "code" for mark in marks]


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_format(path):
    """A header that names the kernel, prose before the first code, claims that are checked."""
    text = path.read_text()
    assert text.startswith("# ---\n# jupyter:")
    assert "#     name: python3\n" in text
    kinds = cells(path)
    assert kinds[0] == "markdown"
    assert min(kinds.count("markdown"), kinds.count("code")) >= 3
    assert "\nassert " in text or "    assert " in text


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(path, tmp_path):
    done = run(path, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout.splitlines()[-1].split()[0]) > 0, "no pictures"


@pytest.mark.parametrize("cell", ["assert 1 + 1 == 3", "while True: pass", "figure().subplots().set_title('$\\\\x$')"])
def test_a_broken_notebook_is_noticed(cell, tmp_path):
    path = tmp_path / "broken.py"
    path.write_text(f"from intertwine.plot import figure\n\n{cell}\n")
    runner = tmp_path / "runner.py"
    runner.write_text(RUNNER.read_text().replace("SECONDS = 120", "SECONDS = 5"))
    assert subprocess.run([sys.executable, str(runner), str(path)], capture_output=True, timeout=300).returncode != 0
