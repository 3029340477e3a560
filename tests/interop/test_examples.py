"""Every example in the docstrings of intertwine.interop runs, those that need escnn and e3nn with them."""

import doctest
import importlib
import pkgutil
import warnings

import pytest
from intertwine import interop

MODULES = ["intertwine.interop", *(m.name for m in pkgutil.iter_modules(interop.__path__, "intertwine.interop."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peers, when they are imported
        for peer in ("escnn", "e3nn"):
            pytest.importorskip(peer, reason="make interop")
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples fail in {name}"
    assert result.attempted > 0, f"no docstring examples in {name}"
