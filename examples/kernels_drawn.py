"""Kernels drawn: what a steerable kernel looks like, and what makes it steerable.

A convolution with kernel K turns a feature field f into y(x) = Σ K(x' − x) f(x').  It commutes with a group G of
rotations and reflections exactly if the kernel satisfies

    K(g x) = ρ_out(g) K(x) ρ_in(g)⁻¹        for all g in G,

where ρ_in and ρ_out say how features turn (Weiler et al., arXiv:1807.02547, theorem 2).  An *implicit* kernel is
a small network whose every layer respects this, so the constraint never has to be solved by hand
(Zhdanov et al., arXiv:2212.06096).

The picture shows, for four groups of the plane, one random kernel from a scalar to a vector field (arrows) over its
map from scalars to scalars (colours).  Read it by the constraint: O(2) allows only radial arrows, SO(2) also swirls
around the centre, the square's symmetries allow what repeats after a quarter turn and mirrors, and the trivial
group allows anything.

The number printed: the largest relative violation of the constraint over random points and group elements.
"""

from __future__ import annotations

from pathlib import Path

import torch
from intertwine.conv import ImplicitKernel
from intertwine.groups import SO, Dihedral, Group, O, Trivial
from intertwine.plot import figure, save
from intertwine.reps import Scalar, V
from matplotlib.axes import Axes

BOUND = 1e-10
GROUPS = (O(2), SO(2), Dihedral(4), Trivial(2))


def main(fast: bool = False, folder: Path | str = "runs/kernels_drawn") -> float:
    """Draw one kernel for each group; return the largest violation of steerability."""
    drawn = figure(3 * len(GROUPS), 3.5)
    worst = 0.0
    for axes, group in zip(drawn.subplots(1, len(GROUPS)), GROUPS):
        torch.manual_seed(1)
        kernel = ImplicitKernel(Scalar, Scalar + V, group=group, hidden=32, dtype=torch.float64)
        error = violation(kernel, group, 10 if fast else 200)
        print(f"{group.name:>12}: violation {error:.1e}")
        worst = max(worst, error)
        show(axes, kernel, group, 15 if fast else 25)
    print(f"wrote {save(drawn, Path(folder) / 'kernels_drawn.png')}")
    return worst


@torch.no_grad()
def violation(kernel: ImplicitKernel, group: Group, n: int) -> float:
    """The largest |K(gx) − ρ_out(g) K(x) ρ_in(g)⁻¹| / |K| over n random points and elements."""
    x = torch.rand(n, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 0.5
    g = group.sample(n, rng=0)
    there = kernel(torch.einsum("nij,nj->ni", torch.from_numpy(g), x))  # (n, 3, 1)
    rho_out = torch.from_numpy(kernel.rep_out.rho(g))
    rho_in = torch.from_numpy(kernel.rep_in.rho(g))
    back = rho_out @ kernel(x) @ torch.linalg.inv(rho_in)
    return float((there - back).norm(dim=(1, 2)).max() / back.norm(dim=(1, 2)).max())


def show(axes: Axes, kernel: ImplicitKernel, group: Group, n: int) -> None:
    """Colours for K: scalar → scalar, arrows for K: scalar → vector."""
    line = torch.linspace(-1, 1, n, dtype=torch.float64)
    x = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)  # (n, n, 2)
    with torch.no_grad():
        values = kernel(x)[..., 0].numpy()  # (n, n, 3)
    colours, arrows = values[..., 0], values[::2, ::2, 1:]
    most = abs(colours).max()
    axes.imshow(colours, origin="lower", extent=(-1, 1, -1, 1), cmap="RdBu", vmin=-most, vmax=most, alpha=0.5)
    points = x[::2, ::2].numpy()
    axes.quiver(points[..., 0], points[..., 1], arrows[..., 0], arrows[..., 1])
    axes.set(title=group.name, xticks=[], yticks=[])


if __name__ == "__main__":
    main()
