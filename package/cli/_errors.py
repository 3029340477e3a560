"""What goes wrong, for users: one line instead of a traceback, and exit codes.

0: done; 1: an error that the message says how to mend; 2: wrong usage; 130: stopped with Ctrl-C.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.markup import escape


@contextlib.contextmanager
def user_errors(console: Console) -> Iterator[None]:
    """Show what a user can mend without a traceback, and exit with status 1."""
    try:
        yield
    except BrokenPipeError:  # of a reader who has seen enough, as in "| head"
        raise
    except (ValueError, RuntimeError, OSError, MemoryError) as error:
        if not mendable(error):
            raise
        Console(stderr=True).print(f"[red]error[/]: {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("\n[yellow]stopped[/]")
        raise typer.Exit(130) from None


def mendable(error: BaseException) -> bool:
    """Whether an error is one for users: all but the RuntimeErrors that are not ours."""
    if not isinstance(error, RuntimeError):
        return True
    return type(error).__module__.startswith("intertwine")
