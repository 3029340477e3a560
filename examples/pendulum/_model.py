"""Vector fields on the phase space: of a learned Hamiltonian, or learned as such."""

from __future__ import annotations

import torch
from intertwine.groups import Group
from intertwine.reps import Scalar, V
from torch import Tensor, nn

from .._layers import mlp
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
