"""Ctrl-C and SIGTERM as a wish to stop."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def on_interrupt(wish: Callable[[], None], alone: bool = True) -> Iterator[None]:
    """Call ``wish`` at Ctrl-C and SIGTERM instead of ending at once; a second Ctrl-C does.

    Not so below `torchrun` (``alone=False``), which passes on the Ctrl-C that its processes have seen already.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: Any) -> None:
        wish()
        if number == signal.SIGINT and alone:
            signal.signal(number, signal.default_int_handler)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
