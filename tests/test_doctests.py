"""Every docstring example runs, and there are some in every layer."""

import doctest
import importlib
import pkgutil

import intertwine
import numpy as np
import pytest

LAYERS = ["groups", "reps", "emlp", "conv", "plot", "examples"]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def modules(layer: str) -> list[str]:
    package = importlib.import_module(f"intertwine.{layer}")
    names = [m.name for m in pkgutil.walk_packages(package.__path__, f"intertwine.{layer}.")]
    return [f"intertwine.{layer}", *names]


@pytest.mark.parametrize("layer", LAYERS)
def test_doctests(layer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    attempted = 0
    for name in modules(layer):
        if name.endswith("__main__"):
            continue
        with np.printoptions(legacy=False):
            result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
        assert result.failed == 0, f"{result.failed} of {result.attempted} examples fail in {name}"
        attempted += result.attempted
    if layer != "examples":
        assert attempted > 0, f"no docstring examples in intertwine.{layer}"


def test_readme_example(tmp_path, monkeypatch):
    """The example of the README prints what the README says."""
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).resolve().parents[1] / "README.md").read_text()
    examples = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
    assert examples.examples, "the README has no >>> example"
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    assert runner.run(examples).failed == 0


def test_package_has_a_version():
    assert intertwine.__version__
