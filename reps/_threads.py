"""Threads: irreps are compared as objects, so one thread at a time looks for them.

Two tables of one group, or an irrep dropped from a table while another thread reads it, would leave frames that
share no atom and layers without weights.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

__all__ = ["alone", "cached_property"]

P = ParamSpec("P")
R = TypeVar("R")

_lock = threading.RLock()


def alone(function: Callable[P, R]) -> Callable[P, R]:
    """Let one thread at a time into all functions that carry this decorator."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with _lock:
            return function(*args, **kwargs)

    return call


if sys.version_info < (3, 12) and not TYPE_CHECKING:
    # Python 3.11 holds a lock of its own while it computes one: two threads could wait for each other's for ever
    class cached_property(cached_property):
        """Python 3.12's, without a lock."""

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            """Compute the value and keep it in the instance."""
            if instance is None:
                return self
            value = instance.__dict__[self.attrname] = self.func(instance)
            return value
