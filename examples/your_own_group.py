"""Your own group: type in what it preserves, and train a network on it.

Take space-time in skewed coordinates, where the interval between events is xᵀ F x for some symmetric
matrix F that is not diagonal.  The transformations that preserve F form a group.  It is isomorphic to
O(1, 2), but nobody has written down its representations in *these* coordinates; the library solves for them.

1. ``Group.preserving(F)`` finds the generators, exactly: the Lie algebra AᵀF + FA = 0, and the reflections.
2. ``(T(2) >> Scalar)(G)`` is the space of equivariant maps from matrices to numbers.  It has dimension one:
   up to scale there is one way to turn a matrix into an invariant.
3. ``EMLP`` puts such solved maps into a network.  Trained to predict an invariant of two vectors, it knows
   the answer on transformed vectors without having seen any.

The number printed: the network's error on vectors moved by random elements of the group, divided by its
error on the vectors as they were.  It is 1 up to rounding.
"""

from __future__ import annotations

from pathlib import Path

import sympy as sp
import torch
from intertwine.emlp import EMLP
from intertwine.groups import Group
from intertwine.plot import figure, save
from intertwine.reps import Scalar, T, V

BOUND = 1e-9
FORM = sp.Matrix([[1, 1, 0], [1, -1, 1], [0, 1, -2]])


def main(fast: bool = False, folder: Path | str = "runs/your_own_group") -> float:
    """Train on a group given by the form it preserves; return how far the error ratio is from 1."""
    G = Group.preserving(FORM, name="mine")
    hom = (T(2) >> Scalar)(G)
    print(f"{G}: {len(G.algebra)} generators; invariants of matrices: {hom.dim}, namely {hom.exact()[0]}")

    form = torch.tensor(FORM.tolist(), dtype=torch.float64)
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(1000, 2, 3, generator=rng, dtype=torch.float64)
    y = torch.einsum("ni,ij,nj->n", x[:, 0], form, x[:, 1]).tanh()[:, None]

    torch.manual_seed(0)
    net = EMLP(2 * V, Scalar, group=G, hidden=32, layers=2, dtype=torch.float64)
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    history = []
    for _ in range(20 if fast else 300):
        loss = (net(x.flatten(1)) - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        history.append(loss.item())

    g = torch.from_numpy(G.sample(1000, rng=1))
    with torch.no_grad():
        still, moved = net(x.flatten(1)), net((x @ g.mT).flatten(1))
        errors = [(out - y).square().mean().sqrt() for out in (still, moved)]
    deviation = abs(float(errors[1] / errors[0]) - 1)
    print(f"error {errors[0]:.4f}; on moved vectors {errors[1]:.4f}; ratio is 1 to within {deviation:.1e}")
    draw(history, still, moved, Path(folder))
    return deviation


def draw(history: list[float], still: torch.Tensor, moved: torch.Tensor, folder: Path) -> None:
    """The loss, and predictions before and after moving the vectors."""
    drawn = figure(8, 3.5)
    left, right = drawn.subplots(1, 2)
    left.semilogy(history)
    left.set(xlabel="step", ylabel="training loss")
    right.scatter(still[:, 0], moved[:, 0], s=3)
    right.set(xlabel="prediction", ylabel="prediction after g", title="one point per pair of vectors")
    print(f"wrote {save(drawn, folder / 'your_own_group.png')}")


if __name__ == "__main__":
    main()
