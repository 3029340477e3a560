"""The snippets of the migration guide run, and what they say about the same numbers is true."""

import runpy
import sys
import warnings
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "migration"
PEERS = ("emlp", "escnn", "e3nn")


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    torch.manual_seed(0)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if Path(path).resolve() != ROOT])  # our folder emlp
    yield
    torch.set_default_dtype(torch.float32)


def test_every_snippet_is_run():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(PEERS)


@pytest.mark.parametrize("name", PEERS)
def test_snippets(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peers, when they are imported
        pytest.importorskip(name, reason="make interop")
        if name == "emlp":
            import jax

            jax.config.update("jax_enable_x64", False)  # a package that escnn imports turns it on
        runpy.run_path(str(FOLDER / f"{name}.py"))


@pytest.mark.parametrize("name", PEERS)
def test_parts_can_be_included(name):
    """Every part has a start and an end, by which the guide includes it."""
    lines = (FOLDER / f"{name}.py").read_text().splitlines()
    starts = [line.removeprefix("# start: ") for line in lines if line.startswith("# start: ")]
    ends = [line.removeprefix("# end: ") for line in lines if line.startswith("# end: ")]
    assert starts == ends
    assert len(starts) > 3
