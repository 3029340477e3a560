"""Vector fields on the phase space: of a learned Hamiltonian, or learned as such."""

from __future__ import annotations

import torch
from intertwine.groups import Group
from intertwine.reps import Scalar, V
from torch import Tensor, nn

from .._layers import mlp
from .._products import Products
from ..tasks._model import TaskNet

LAYERS, WIDTH = 2, 64


class Dynamics(nn.Module):
    """dz/dt of states z = (x_1, x_2, p_1, p_2).

    Parameters
    ----------
    net : module
        From states (n, 12) to (n, 1), the Hamiltonian H, of which this is J ∇H; or to (n, 12).
    is_hamiltonian : bool
    """

    def __init__(self, net: nn.Module, is_hamiltonian: bool) -> None:
        super().__init__()
        self.net, self.is_hamiltonian = net, is_hamiltonian

    def forward(self, z: Tensor) -> Tensor:
        """Map states (n, 12) to their velocities."""
        if not self.is_hamiltonian:
            out: Tensor = self.net(z)
            return out
        with torch.enable_grad():
            z = z if z.requires_grad else z.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.net(z).sum(), z, create_graph=self.training)
        at_x, at_p = gradient.split(6, -1)
        return torch.cat([at_p, -at_x], -1)


def steerable(group: Group, is_hamiltonian: bool, width: int = WIDTH) -> TaskNet:
    """The network of a group acting on R³: to H, or to dz/dt."""
    return TaskNet(4 * V, Scalar if is_hamiltonian else 4 * V, group, layers=LAYERS, width=width)


def plain(is_hamiltonian: bool, width: int) -> nn.Sequential:
    """The same without symmetry."""
    return mlp(12, width, width, 1 if is_hamiltonian else 12)


class Scalars(nn.Module):
    """A plain network on the invariants of the four vectors of a state, and of all pairs of them.

    Parameters
    ----------
    group : Group
    width : int

    References
    ----------
    Villar et al., Scalars are universal, NeurIPS 2021, arXiv:2106.06610.
    """

    def __init__(self, group: Group, width: int) -> None:
        super().__init__()
        self.products = Products(group).float()
        self.net = mlp(10 * len(self.products.forms) + 4 * len(self.products.linear), width, width, 1)

    def forward(self, z: Tensor) -> Tensor:
        """States (n, 12) to (n, 1)."""
        v = z.unflatten(1, (4, 3))
        i, j = torch.triu_indices(4, 4, device=z.device)
        pairs, own = self.products(v[:, i], v[:, j]), v @ self.products.linear.mT
        out: Tensor = self.net(torch.cat([pairs.flatten(1), own.flatten(1)], 1))
        return out
