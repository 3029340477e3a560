import sys

import pytest
from intertwine.reps import solve


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    """Solve for real: a basis left by an earlier run or test must not stand in for the code under test."""
    monkeypatch.setenv("INTERTWINE_CACHE", "off")
    sys.modules[solve.__module__]._memory.clear()
