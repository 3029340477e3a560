"""A point convolution: features on points in space, kernels of the relative position.

`PointConv` computes y_i = Σ_j K(x_j − x_i) f_j over the neighbours j of point i.  Positions enter through differences
only, so moving all points changes nothing; and the kernel is steerable, so turning them turns the outputs:

    conv(ρ_in(g) f, g x + t) = ρ_out(g) conv(f, x)        for every g in O(3) and every t.

Features are declared by their representation.  Here the input is two numbers and a vector per point
(``2 * Scalar + V``), the output three numbers, two vectors and a matrix (``3 * Scalar + 2 * V + T(2)``): the layer
knows that the matrix turns as g M gᵀ.

``contraction="node"`` and ``"edge"`` compute the same sum.  By edges, the kernel's last layer is applied to every pair;
by nodes, outer products of the kernel's hidden features with f_j are added up first and one linear map is
applied per *point*, which is what makes implicit kernels fast.

The number printed: the largest relative error of the equation above for random g, and between the two
contractions.
"""

from __future__ import annotations

from pathlib import Path

import torch
from intertwine.conv import PointConv, radius_graph
from intertwine.groups import O
from intertwine.plot import figure, save
from intertwine.reps import Scalar, T, V

BOUND = 1e-10
REP_IN, REP_OUT = 2 * Scalar + V, 3 * Scalar + 2 * V + T(2)


def main(fast: bool = False, folder: Path | str = "runs/point_convolution") -> float:
    """Convolve a random cloud before and after moving it; return the largest relative error."""
    rng = torch.Generator().manual_seed(0)
    n = 30 if fast else 100
    pos = 2 * torch.rand(n, 3, generator=rng, dtype=torch.float64)
    edges = radius_graph(pos, 1.0)
    print(f"{n} points, {edges.shape[1]} edges")

    torch.manual_seed(0)
    conv = PointConv(REP_IN, REP_OUT, group=O(3), cutoff=1.0, contraction="node", dtype=torch.float64)
    print(conv)
    f = torch.randn(n, conv.rep_in.dim, generator=rng, dtype=torch.float64)
    with torch.no_grad():
        y = conv(f, pos, edges)
        errors = []
        for g in O(3).sample(5, rng=0):
            rho_in, rho_out = (torch.from_numpy(rep.rho(g)) for rep in (conv.rep_in, conv.rep_out))
            there = conv(f @ rho_in.mT, pos @ torch.from_numpy(g).mT + 1.0, edges)
            errors.append(float((there - y @ rho_out.mT).norm() / y.norm()))
        conv.contraction = "edge"
        errors.append(float((conv(f, pos, edges) - y).norm() / y.norm()))
    print(f"moved and turned: {max(errors[:-1]):.1e}; by edges instead of nodes: {errors[-1]:.1e}")

    drawn = figure(5, 5)
    axes = drawn.add_subplot(projection="3d")
    for i, j in edges.T.tolist():
        if i < j:
            axes.plot(*pos[[i, j]].T, color="0.85", linewidth=0.3)
    axes.scatter(*pos.T, c=y[:, 0], cmap="RdBu", s=15)
    axes.quiver(*pos.T, *y[:, 3:6].T, length=0.15, color="C0", linewidth=0.7)
    axes.set(title="an output scalar (colour) and an output vector")
    print(f"wrote {save(drawn, Path(folder) / 'point_convolution.png')}")
    return max(errors)


if __name__ == "__main__":
    main()
