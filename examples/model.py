"""A model: steerable layers stacked into a network, and trained.

The task: charges of either sign are scattered in space; predict the electric force on each.  A network for it is
written like any other in PyTorch, except that widths are representations:

    charges           Scalar
    hidden features   8 * Scalar + 8 * V          numbers and vectors, between layers
    forces            V

Each hidden layer is a `PointConv` followed by a `Gate`, the nonlinearity that equivariance allows: scalars pass
through SiLU, and each vector is multiplied by a sigmoid of a scalar of its own.  ``Gate(rep).rep_in`` is ``rep``
with those extra scalars, which the convolution before it provides.

The network is trained on clouds in whatever orientation they came.  It is tested on clouds turned at random, and
cannot tell the difference: O(3) is built in, not learned.

The number printed: the root mean square error on turned test clouds, relative to the size of the forces.
"""

from __future__ import annotations

from pathlib import Path

import torch
from intertwine.conv import PointConv
from intertwine.emlp import Gate, Linear
from intertwine.groups import Group, O
from intertwine.plot import figure, save
from intertwine.reps import Rep, Scalar, V
from torch import Tensor, nn

BOUND = 0.8
POINTS = 6
HIDDEN = 8 * Scalar + 8 * V


class Forces(nn.Module):
    """Vectors on points with charges."""

    def __init__(self, group: Group) -> None:
        super().__init__()
        gates = [Gate(HIDDEN, group=group), Gate(HIDDEN, group=group)]
        self.gate = nn.ModuleList(gates)
        self.conv = nn.ModuleList(
            [
                between_all(Scalar, gates[0].rep_in, group),
                between_all(HIDDEN, gates[1].rep_in, group),
            ]
        )
        self.out = Linear(HIDDEN, V, group=group, bias=False)

    def forward(self, charge: Tensor, pos: Tensor, edges: Tensor) -> Tensor:
        """Charges (N, 1) and positions (N, 3) to forces (N, 3)."""
        x = self.gate[0](self.conv[0](charge, pos, edges))
        x = self.gate[1](self.conv[1](x, pos, edges))
        return charge * self.out(x)


def between_all(rep_in: Rep, rep_out: Rep, group: Group) -> PointConv:
    """A convolution between all points, however far apart: no window takes its kernel to zero."""
    return PointConv(rep_in, rep_out, group=group, cutoff=4.0, window=None, neighbours=POINTS - 1)


def main(fast: bool = False, folder: Path | str = "runs/model") -> float:
    """Train on forces between charges; return the relative error on turned test clouds."""
    train, test = clouds(20 if fast else 300, seed=0), clouds(20 if fast else 200, seed=1)
    torch.manual_seed(0)
    net = Forces(O(3))
    print(f"{sum(p.numel() for p in net.parameters())} weights; first layer {net.conv[0]}")
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    epochs = 15 if fast else 40
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=epochs * 5)
    history = []
    for _ in range(epochs):
        for some in torch.randperm(len(train[0]), generator=torch.Generator().manual_seed(0)).chunk(5):
            loss = (net(*joined(*(t[some] for t in train[:2]))) - train[2][some].flatten(0, 1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            rate.step()
        history.append(loss.item())

    charge, pos, force = test
    g = torch.from_numpy(O(3).sample(len(pos), rng=0)).float()
    with torch.no_grad():
        guess = net(*joined(charge, pos @ g.mT)).unflatten(0, (-1, POINTS))
    true = force @ g.mT
    error = float((guess - true).square().mean().sqrt() / true.square().mean().sqrt())
    print(f"relative error on turned test clouds: {error:.3f}")

    drawn = figure(8, 3.5)
    left, right = drawn.subplots(1, 2)
    left.semilogy(history)
    left.set(xlabel="epoch", ylabel="training loss")
    right.scatter(true.flatten(), guess.flatten(), s=2)
    right.set(xlabel="true force component", ylabel="predicted", aspect="equal")
    print(f"wrote {save(drawn, Path(folder) / 'model.png')}")
    return error


def clouds(n: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Charges (n, 6, 1), positions (n, 6, 3) and softened Coulomb forces (n, 6, 3)."""
    rng = torch.Generator().manual_seed(seed)
    charge = torch.randint(2, (n, POINTS, 1), generator=rng) * 2.0 - 1
    pos = torch.randn(n, POINTS, 3, generator=rng)
    apart = pos[:, :, None] - pos[:, None]  # (n, i, j, 3)
    push = charge[:, :, None] * charge[:, None] * apart / (apart.square().sum(-1, keepdim=True) + 0.3) ** 1.5
    return charge, pos, push.sum(2)


def joined(charge: Tensor, pos: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Several clouds as one graph, in which points of the same cloud are joined."""
    n = len(pos)
    cloud = torch.arange(n).repeat_interleave(POINTS)
    same = (cloud[:, None] == cloud) & ~torch.eye(n * POINTS, dtype=torch.bool)
    return charge.flatten(0, 1), pos.flatten(0, 1), same.nonzero().T


if __name__ == "__main__":
    main()
