"""The layers import one way, groups and reps start without torch, and the repository keeps its shape."""

import ast
import configparser
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ["groups", "reps", "emlp", "conv"]


def layer_imports(path: Path) -> set[str]:
    """Layers of intertwine that a file imports, relative imports resolved."""
    package = ["intertwine", *path.relative_to(ROOT).parent.parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names = [stem, *(f"{stem}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == "intertwine" and len(parts) > 1:
                found.add(parts[1])
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer):
    files = sorted((ROOT / layer).rglob("*.py"))
    assert files
    allowed = {*LAYERS[: LAYERS.index(layer) + 1], "testing"}
    forbidden = {*LAYERS, "examples", "cli", "interop", "train"} - allowed
    for path in files:
        crossing = layer_imports(path) & forbidden
        assert not crossing, f"{path.relative_to(ROOT)} imports {sorted(crossing)}"


def test_the_import_checker_sees_a_violation(tmp_path, monkeypatch):
    bad = ROOT / "groups" / "_bad.py"
    text = "from ..reps import V\nimport intertwine.emlp\n"
    monkeypatch.setattr(Path, "read_text", lambda self: text)
    assert layer_imports(bad) >= {"reps", "emlp"}


@pytest.mark.parametrize("module", ["intertwine.groups", "intertwine.reps"])
def test_the_algebra_loads_without_torch_and_networkx(module):
    code = f"import sys, {module}; print([m for m in ('torch', 'networkx', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_package_folder_is_in_the_distribution():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    folders = {line.split("=")[1].strip() for line in setup["options"]["package_dir"].splitlines() if "=" in line}
    roots = [*LAYERS, "examples", "package"]
    on_disk = {str(p.parent.relative_to(ROOT)) for root in roots for p in (ROOT / root).rglob("__init__.py")}
    assert folders == on_disk
    assert not (ROOT / "intertwine").exists(), "a folder intertwine/ would shadow the installed package"
