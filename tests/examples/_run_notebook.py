"""Run one notebook in this process, within a limit of processor time, and draw every figure it made."""

import io
import resource
import runpy
import sys
import warnings

from matplotlib.figure import Figure

SECONDS = 120
figures: list[Figure] = []


def remember(made: Figure, *args: object, **options: object) -> None:
    """Make a figure, and keep it."""
    initialise(made, *args, **options)
    figures.append(made)


if __name__ == "__main__":
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    initialise, Figure.__init__ = Figure.__init__, remember
    runpy.run_path(sys.argv[1], run_name="__main__")
    for figure in figures:
        figure.savefig(io.BytesIO(), format="png")
    print(f"{len(figures)} pictures")
