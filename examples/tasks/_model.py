"""Models for tasks with vectors and tensors in and out: ours for any group, and the baselines."""

from __future__ import annotations

import torch
from intertwine.emlp import EMLP, Gate, InvariantMap, Linear, TensorProductAct
from intertwine.emlp._hidden import hidden_rep
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar
from torch import Tensor, nn

from ._data import MASSES

WIDTH = 128


class TaskNet(nn.Module):
    """Polynomials where the target is one, functions of invariants where it is not.

    An EMLP gives the output, as equivariant polynomials, and C further tensors of its kind with as many invariants; a
    plain network on these and on the invariants of the input gives C coefficients:  y = p(x) + Σ_c φ_c(s(x)) t_c(x).

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group
    layers : int
        Of the EMLP.
    tensors : int
        C.
    width : int
        Of the plain network; the EMLP's hidden features have three quarters of it.

    Examples
    --------
    >>> from intertwine.groups import O
    >>> from intertwine.reps import T, V
    >>> TaskNet(2 * V, T(2), O(3), width=48)(torch.randn(7, 6)).shape
    torch.Size([7, 9])
    """

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group,
        layers: int = 2,
        tensors: int = 4,
        width: int = WIDTH,
    ) -> None:
        super().__init__()
        rep_in, rep_out = rep_in(group), rep_out(group)
        self.sizes = (rep_out.dim, tensors * rep_out.dim, width)
        self.norms = InvariantMap(rep_in)
        hidden = max(1, 3 * width // 4)
        self.body = EMLP(rep_in, (1 + tensors) * rep_out + width * Scalar(group), hidden=hidden, layers=layers)
        self.head = mlp(self.norms.rep_out.dim + width, width, tensors)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (n, rep_in.dim) to (n, rep_out.dim)."""
        y, tensors, scalars = self.body(x).split(self.sizes, 1)
        c = self.head(torch.cat([self.norms(x), torch.tanh(scalars)], 1))
        return y + (c.unsqueeze(2) * tensors.unflatten(1, (c.shape[1], -1))).sum(1)


class Gated(nn.Module):
    """EMLP's architecture from our layers: linear, then products, then gates, three times; no invariants made by hand.

    References
    ----------
    Finzi, Welling, Wilson, arXiv:2104.09459, section 5.
    """

    def __init__(self, rep_in: Rep, rep_out: Rep, group: Group, hidden: int = 128, layers: int = 3) -> None:
        super().__init__()
        rep = rep_in(group)
        inner = hidden_rep(group, rep, rep_out(group), hidden)
        parts: list[nn.Module] = []
        for _ in range(layers):
            gate = Gate(inner)
            parts += [Linear(rep, gate.rep_in), TensorProductAct(gate.rep_in, gain=0.1), gate]
            rep = gate.rep_out
        self.layers = nn.Sequential(*parts, Linear(rep, rep_out(group)))

    def forward(self, x: Tensor) -> Tensor:
        """Map features (n, rep_in.dim) to (n, rep_out.dim)."""
        out: Tensor = self.layers(x)
        return out


class Scalars(nn.Module):
    """A plain network on the scalar products of the input vectors; for tensors its outputs multiply r_i r_jᵀ and 1.

    Parameters
    ----------
    metric : Tensor (d, d)
        Of the scalar product.
    vectors, numbers : int
        The input is ``numbers`` scalars, then vectors.
    is_tensor : bool
    width : int

    References
    ----------
    Villar et al., Scalars are universal, NeurIPS 2021, arXiv:2106.06610.
    """

    metric: Tensor

    def __init__(self, metric: Tensor, vectors: int, numbers: int, is_tensor: bool, width: int = 128) -> None:
        super().__init__()
        self.numbers, self.is_tensor = numbers, is_tensor
        self.register_buffer("metric", metric)
        self.pairs = tuple(torch.triu_indices(vectors, vectors).tolist())
        pairs = len(self.pairs[0])
        self.net = mlp(numbers + pairs, width, 1 + pairs if is_tensor else 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, numbers + vectors · d) to (n, 1) or (n, d²)."""
        d = len(self.metric)
        r = x[:, self.numbers :].unflatten(1, (-1, d))
        i, j = self.pairs
        gram = (r @ self.metric @ r.mT)[:, i, j]
        c: Tensor = self.net(torch.cat([x[:, : self.numbers], gram], 1))
        if not self.is_tensor:
            return c
        products = r[:, i, :, None] * r[:, j, None, :]
        tensor = (c[:, 1:, None, None] * (products + products.mT)).sum(1) + c[:, :1, None] * torch.eye(d, dtype=x.dtype)
        return tensor.flatten(1)


class Standardised(nn.Module):
    """A model of standardised numbers: x ↦ shift + scale · model(x / size)."""

    shift: Tensor
    scale: Tensor
    size: Tensor

    def __init__(self, model: nn.Module, shift: Tensor, scale: Tensor, size: Tensor) -> None:
        super().__init__()
        self.model = model
        for name, value in (("shift", shift), ("scale", scale), ("size", size)):
            self.register_buffer(name, value)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs to targets."""
        return self.shift + self.scale * self.model(x / self.size)


def mlp(fan_in: int, width: int, out: int) -> nn.Sequential:
    """Two hidden layers."""
    parts = [nn.Linear(fan_in, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, out)]
    return nn.Sequential(*parts)


def plain(task: str, width: int) -> nn.Sequential:
    """The network without symmetry."""
    fan_in, out = {"o5": (10, 1), "inertia": (4 * MASSES, 9), "lorentz": (16, 1)}[task]
    return nn.Sequential(
        nn.Linear(fan_in, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), *mlp(width, width, out)
    )
