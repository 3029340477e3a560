"""The ``intertwine`` command: describe groups, solve for equivariant maps, train the experiments, check the machine.

torch is imported only by what needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from ._algebra import describe, exact, groups, solve
from ._bench import bench
from ._doctor import doctor
from ._train import results, train_app

__all__ = ["app", "main"]

app = typer.Typer(
    name="intertwine",
    help="Equivariant networks for any group: solve for intertwiners, train steerable networks.",
    epilog='Example: intertwine exact "SO(3)" "V * V >> V" (the cross product)',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
EXAMPLES: dict[Callable[..., None], str] = {
    groups: "intertwine groups",
    describe: 'intertwine describe "O(1,3)"',
    solve: 'intertwine solve "O(3)" "2V >> T(2)"',
    exact: 'intertwine exact "SO(3)" "V * V >> V"',
    results: "intertwine results --run nbody",
    bench: 'intertwine bench "SO(3)" "T(4) >> T(4)"',
    doctor: "intertwine doctor",
}
for _command, _example in EXAMPLES.items():
    app.command(epilog=f"Example: {_example}")(_command)
app.add_typer(train_app(), name="train")


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Equivariant networks for any group."""
    if version:
        from intertwine import __version__

        print(__version__)
        raise typer.Exit


def main() -> None:
    """Entry point."""
    app()
