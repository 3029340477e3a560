"""Every example in docstrings, the README and the documentation runs, and there are some in every layer."""

import doctest
import importlib
import importlib.util
import pkgutil
import re
import sys
import types
from pathlib import Path

import intertwine
import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [p for p in WRITTEN if "/_" not in str(p.relative_to(ROOT)) and ">>>" in p.read_text()]
LAYERS = ["groups", "reps", "emlp", "conv", "interop", "examples", "package"]
PEERS = ("escnn", "e3nn")  # examples that import one of them run where it is installed: make interop
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def modules(layer: str) -> list[str]:
    if layer == "package":
        found = [m.name for m in pkgutil.walk_packages(intertwine.__path__, "intertwine.")]
        return [name for name in found if name.split(".")[1] not in LAYERS]
    package = importlib.import_module(f"intertwine.{layer}")
    names = [m.name for m in pkgutil.walk_packages(package.__path__, f"intertwine.{layer}.")]
    return [f"intertwine.{layer}", *names]


def imports(example: doctest.DocTest, library: str) -> bool:
    return any(re.match(rf"(from|import) {library}\b", line.source) for line in example.examples)


def run(name: str) -> doctest.TestResults:
    """Run the examples of a module, less those of libraries that are not installed."""
    module, runner = importlib.import_module(name), doctest.DocTestRunner(optionflags=FLAGS)
    missing = [peer for peer in PEERS if importlib.util.find_spec(peer) is None]
    for test in doctest.DocTestFinder().find(module, name):
        if not any(imports(test, peer) for peer in missing):
            runner.run(test)
    return doctest.TestResults(runner.failures, runner.tries)


@pytest.mark.parametrize("layer", LAYERS)
def test_doctests(layer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    attempted = 0
    for name in modules(layer):
        if name.endswith("__main__"):
            continue
        with np.printoptions(legacy=False):
            result = run(name)
        assert result.failed == 0, f"{result.failed} of {result.attempted} examples fail in {name}"
        attempted += result.attempted
    if layer != "examples":
        assert attempted > 0, f"no docstring examples in intertwine.{layer}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages(page, tmp_path, monkeypatch):
    """The examples of the README and of the documentation print what they say."""
    monkeypatch.chdir(tmp_path)
    text = re.sub(r"^```.*$", "", page.read_text(), flags=re.MULTILINE)  # a fence ends an example
    examples = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    module = types.ModuleType("page_of_examples")  # classes of a page are pickled, and so need a module
    monkeypatch.setitem(sys.modules, module.__name__, module)
    examples.globs = vars(module)
    torch.manual_seed(0)
    runner = doctest.DocTestRunner(optionflags=FLAGS | doctest.IGNORE_EXCEPTION_DETAIL)
    assert runner.run(examples, clear_globs=False).failed == 0


def test_examples_of_libraries_that_are_not_installed_are_known():
    found = doctest.DocTestFinder().find(importlib.import_module("intertwine.interop._e3nn"))
    assert {test.name.rpartition(".")[2] for test in found if imports(test, "e3nn")} == {
        "to_irreps",
        "linear_from_e3nn",
        "linear_to_e3nn",
    }


def test_pages_have_examples():
    found = {str(page.relative_to(ROOT)) for page in PAGES}
    guides = {f"docs/howto/{path.name}" for path in (ROOT / "docs/howto").glob("*.md")}
    assert {"README.md", "docs/start.md", *guides} <= found


def test_package_has_a_version():
    assert intertwine.__version__
