"""Models for tasks with vectors and tensors in and out: ours for any group, and the baselines."""

from __future__ import annotations

import torch
from intertwine.emlp import EMLP, Gate, InvariantMap, Linear, TensorProductAct
from intertwine.emlp._hidden import hidden_rep
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar
from torch import Tensor, nn

from .._layers import mlp
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
        self.head = mlp(self.norms.rep_out.dim + width, width, width, tensors)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (n, rep_in.dim) to (n, rep_out.dim)."""
        y, tensors, scalars = self.body(x).split(self.sizes, 1)
        c = self.head(torch.cat([self.norms(x), torch.tanh(scalars)], 1))
        return y + (c.unsqueeze(2) * tensors.unflatten(1, (c.shape[1], -1))).sum(1)


class Gated(nn.Module):
    """EMLP's architecture from our layers: linear, then products, then gates, three times; no invariants made by hand.

    References
    ----------
    Finzi, Welling, Wilson, arXiv:2104.09459, section 6.
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
    """A plain network on the scalar products of the input vectors.

    Parameters
    ----------
    metric : Tensor (d, d)
        Of the scalar product.
    vectors, width : int

    References
    ----------
    Villar et al., Scalars are universal, NeurIPS 2021, arXiv:2106.06610.
    """

    metric: Tensor
    pairs: Tensor

    def __init__(self, metric: Tensor, vectors: int, width: int = 128) -> None:
        super().__init__()
        self.register_buffer("metric", metric)
        self.register_buffer("pairs", torch.triu_indices(vectors, vectors), persistent=False)
        self.net = mlp(len(self.pairs[0]), width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, vectors · d) to (n, 1)."""
        r = x.unflatten(1, (-1, len(self.metric)))
        i, j = self.pairs
        out: Tensor = self.net((r @ self.metric @ r.mT)[:, i, j])
        return out


class PooledScalars(nn.Module):
    """A tensor of masses and positions from their scalar products, whatever the masses' order.

    Networks of pairs, of masses with the sum over their pairs, and of the sum over masses give the coefficients of
    r_i r_jᵀ, r_i r_iᵀ and 1.

    Parameters
    ----------
    masses, width : int

    References
    ----------
    Villar et al., Scalars are universal, NeurIPS 2021, arXiv:2106.06610, section 6.

    Examples
    --------
    >>> x = torch.rand(7, 20)
    >>> y = PooledScalars(5, 8)(x).unflatten(1, (3, 3))
    >>> torch.allclose(y, y.mT)
    True
    """

    def __init__(self, masses: int, width: int = 40) -> None:
        super().__init__()
        self.masses = masses
        self.pair, self.one = mlp(5, width, width, width), mlp(2 + width, width, width, width)
        self.both, self.alone = mlp(2 * width, width, width, 1), mlp(2 * width, width, width, 1)
        self.unit = mlp(width, width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, masses + masses · 3) to (n, 9)."""
        k = self.masses
        m, r = x[:, :k, None], x[:, k:].unflatten(1, (k, 3))
        gram = r @ r.mT
        own = torch.cat([m, gram.diagonal(dim1=1, dim2=2).unsqueeze(2)], 2)
        first, second = own.unsqueeze(2).expand(-1, k, k, 2), own.unsqueeze(1).expand(-1, k, k, 2)
        pairs = self.pair(torch.cat([first, second, gram.unsqueeze(3)], 3))
        ones = self.one(torch.cat([own, pairs.sum(2)], 2))
        whole = ones.sum(1)
        b = self.both(torch.cat([pairs, whole[:, None, None].expand_as(pairs)], 3)).squeeze(3)
        a = self.alone(torch.cat([ones, whole[:, None].expand_as(ones)], 2)).squeeze(2)
        tensor = r.mT @ (torch.diag_embed(a) + b + b.mT) @ r + self.unit(whole)[..., None] * torch.eye(
            3, dtype=x.dtype, device=x.device
        )
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


def plain(task: str, width: int) -> nn.Sequential:
    """The network without symmetry."""
    fan_in, out = {"o5": (10, 1), "inertia": (4 * MASSES, 9), "lorentz": (16, 1)}[task]
    return mlp(fan_in, *[width] * 4, out)
