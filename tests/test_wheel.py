"""The wheel holds every module and its command works in a clean place."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy of the tree (a build in place would leave its folders behind)."""
    import shutil

    out = tmp_path_factory.mktemp("wheel")
    copy = out / "source"
    ignored = shutil.ignore_patterns(
        ".git", ".venv*", "build", "runs", "data", "_build", "*.egg-info", ".*_cache", "__pycache__"
    )
    shutil.copytree(ROOT, copy, ignore=ignored)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.whl")
    return path


def test_wheel_holds_every_module(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for layer in ["groups", "reps", "emlp", "conv", "examples"]:
        for path in (ROOT / layer).rglob("*.py"):
            lesson = path.parent.name == "notebooks"  # of the repository, not of the package
            assert (f"intertwine/{path.relative_to(ROOT)}" in names) != lesson
    assert "intertwine/py.typed" in names
    for inner in ("cli", "interop", "plot"):
        for path in (ROOT / "package" / inner).rglob("*.py"):
            assert f"intertwine/{inner}/{path.name}" in names
    assert not any(name.startswith("tests/") for name in names)


def test_wheel_works_where_the_source_is_not(wheel, tmp_path):
    """Unpacked into an empty folder, away from the repository, it imports and answers --help."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    code = f"import sys; sys.path.insert(0, {str(site)!r}); import intertwine; print(intertwine.__file__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert str(site) in done.stdout
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); sys.argv = ['intertwine', '--help'];"
        "import runpy; runpy.run_module('intertwine', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "train" in done.stdout
