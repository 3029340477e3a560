"""A grid convolution seen to be equivariant: turn the picture, and the features turn along.

`GridConv` maps feature fields on a pixel grid.  Its output here is a *vector field*: one arrow per pixel that tells
which way the picture brightens, or any other rule the random kernel stands for.  When the picture is turned by g,
each arrow must move to its new place **and** turn by g itself:

    conv(g · f) = g · conv(f),     (g · f)(x) = ρ(g) f(g⁻¹ x).

A pixel grid maps onto itself under quarter turns and mirrors only, so these are what can be checked without
interpolating, and there equality holds to rounding.  (Between them the layer is as equivariant as the sampling
allows; the kernel itself is equivariant under all of O(2), see `kernels_drawn`.)

Coordinates are (row, column), so a quarter turn by `torch.rot90` is the matrix [[0, −1], [1, 0]] in them.

The number printed: the largest relative difference of the two sides over quarter turns and mirrors.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import torch
from intertwine.conv import GridConv
from intertwine.groups import O
from intertwine.plot import figure, save
from intertwine.reps import Scalar, V
from torch import Tensor

BOUND = 1e-10
QUARTER = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
MIRROR = torch.tensor([[-1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)


def main(fast: bool = False, folder: Path | str = "runs/grid_equivariance") -> float:
    """Compare conv(g·f) with g·conv(f); return the largest difference."""
    torch.manual_seed(0)
    conv = GridConv(Scalar, V, group=O(2), kernel_size=5, padding=2, dtype=torch.float64)
    f = blobs(15 if fast else 25)
    worst = 0.0
    with torch.no_grad():
        for turns, mirror in product(range(4), (0, 1)):
            there, back = conv(moved(f, turns, mirror)), moved(conv(f), turns, mirror)
            worst = max(worst, float((there - back).norm() / back.norm()))
    print(f"largest difference over quarter turns and mirrors: {worst:.1e}")
    with torch.no_grad():
        panels = {"f": f, "f turned": moved(f, 1, 0)}
        drawn = figure(8, 4)
        for axes, (title, field) in zip(drawn.subplots(1, 2), panels.items()):
            axes.imshow(field[0, 0].numpy(), cmap="Greys", alpha=0.6)
            rows, columns = conv(field)[0]
            axes.quiver(columns.numpy(), -rows.numpy(), color="C0")  # rows count downwards
            axes.set(title=f"{title}, and the convolution's arrows", xticks=[], yticks=[])
    print(f"wrote {save(drawn, Path(folder) / 'grid_equivariance.png')}")
    return worst


def moved(field: Tensor, turns: int, mirror: int) -> Tensor:
    """g · field for g = quarterᵗᵘʳⁿˢ mirror: pixels move, and vectors (two channels) turn."""
    g = torch.linalg.matrix_power(QUARTER, turns)
    if mirror:
        field, g = field.flip(2), g @ MIRROR
    field = field.rot90(turns, (2, 3))
    return torch.einsum("ij,bjhw->bihw", g, field) if field.shape[1] == 2 else field


def blobs(n: int) -> Tensor:
    """A smooth picture without symmetry, (1, 1, n, n)."""
    line = torch.linspace(-1, 1, n, dtype=torch.float64)
    y, x = torch.meshgrid(line, line, indexing="ij")
    spots = [(-0.4, -0.3, 0.3, 1.0), (0.4, 0.1, 0.2, 0.7), (0.0, 0.5, 0.15, -0.5)]
    each = [c * torch.exp(-((y - a) ** 2 + (x - b) ** 2) / s**2) for a, b, s, c in spots]
    return torch.stack(each).sum(0)[None, None]


if __name__ == "__main__":
    main()
