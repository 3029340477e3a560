"""Networks that tell jets: of messages of invariants for any group, and the baselines.

Every pair of constituents of a jet exchanges messages (n, i, j, channels), from j to i; constituents that are not there
send none.
"""

from __future__ import annotations

import torch
from intertwine.emlp import Linear
from intertwine.groups import Group
from intertwine.reps import V
from torch import Tensor, nn
from torch.nn.functional import silu

from .._layers import mlp
from .._products import Products
from ._data import Jets

SOFT = 0.1  # GeV and GeV²: where invariants begin to count by their logarithm
WIDTH, VECTORS, LAYERS = 40, 4, 3
DROPOUT = 0.3  # of `PairMasses`
METRIC = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64))


def compressed(q: Tensor) -> Tensor:
    """Numbers of any size and sign, about logarithmic."""
    return torch.asinh(q / SOFT) / 4


class Messages(nn.Module):
    """One round of messages: h_i ↦ h_i + φ(h_i, Σ_j m_ij), m_ij = ψ(h_i, h_j, e_ij) with learned attention.

    Parameters
    ----------
    width, edge : int
        Features of constituents (n, k, width) and of pairs (n, k, k, edge).
    """

    def __init__(self, width: int, edge: int) -> None:
        super().__init__()
        self.receive, self.send = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.edge = nn.Linear(edge, width, bias=False)
        self.inner = nn.Linear(width, width)
        self.attention = nn.Linear(width, 1)
        self.update = mlp(2 * width, width, width)

    def forward(self, h: Tensor, e: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """New features, and messages times attention (n, k, k, width), zero from constituents that are not there."""
        m = silu(self.receive(h).unsqueeze(2) + self.send(h).unsqueeze(1) + self.edge(e))
        m = silu(self.inner(m))
        m = m * (torch.sigmoid(self.attention(m)) * real[:, None, :, None])
        mean = m.sum(2) / real.sum(1)[:, None, None]
        return h + self.update(torch.cat([h, mean], -1)), m


class JetNet(nn.Module):
    """Logits (n, 2) of jets, invariant under a group that acts on space-time.

    Constituents have invariants h and vectors v.  Messages see the invariants of v_j − v_i, and move h and v:
    v_i ↦ A v_i + Σ_j c(m_ij) ⊙ B v_j, with A and B equivariant.  References, the jet's momentum and (where asked for)
    the directions of the beams, give h from the products of constituents with them.

    Parameters
    ----------
    group : Group
        Acting on (E, px, py, pz).
    width, vectors, layers : int
    beams : bool
        Whether to see the beams.

    Examples
    --------
    >>> from intertwine.groups import Lorentz
    >>> import numpy as np
    >>> from intertwine.examples.jets._data import jets
    >>> JetNet(Lorentz(), 8)(jets(np.ones((2, 5, 4), np.float32), np.array([0, 1]))).shape
    torch.Size([2, 2])
    """

    def __init__(
        self, group: Group, width: int = WIDTH, vectors: int = VECTORS, layers: int = LAYERS, beams: bool = True
    ) -> None:
        super().__init__()
        self.beams = beams
        self.products = Products(group, METRIC)
        references = 3 if beams else 1
        pairs = references * (references + 1) // 2
        forms = len(self.products.forms)
        seen = forms * (references + pairs) + self.products.count + len(self.products.linear) * references
        self.enter = mlp(seen, width, width)
        counts = [1] + [vectors] * (layers - 1)
        self.messages = nn.ModuleList(Messages(width, c * self.products.count) for c in counts)
        self.keep, self.send = (
            nn.ModuleList(Linear(c * V, vectors * V, group=group, bias=False, dtype=torch.float64) for c in counts[:-1])
            for _ in range(2)
        )
        self.coefficients = nn.ModuleList(nn.Linear(width, vectors) for _ in counts[:-1])
        self.out = mlp(width, width, 2)

    def forward(self, jets: Jets) -> Tensor:
        """The logits."""
        p = jets.momenta
        real = p.ne(0).any(-1)
        h = self.enter(compressed(self.scalars(jets)).to(next(self.out.parameters()).dtype))
        real = real.to(h.dtype)
        v = p.unsqueeze(2)  # (n, k, copies, 4)
        for k, messages in enumerate(self.messages):
            e = compressed(self.products.apart(v).flatten(3).to(h.dtype))
            h, m = messages(h, e, real)
            if k < len(self.keep):
                c = self.coefficients[k](m).to(v.dtype)
                sent = self.send[k](v.flatten(2)).unflatten(2, (c.shape[-1], 4))
                v = self.keep[k](v.flatten(2)).view_as(sent) + torch.einsum("nijc,njcx->nicx", c, sent)
        mean = (h * real.unsqueeze(2)).sum(1) / real.sum(1, keepdim=True)
        logits: Tensor = self.out(mean)
        return logits

    def scalars(self, jets: Jets) -> Tensor:
        """Invariants (n, k, channels) of every constituent, of the references, and of both."""
        p = jets.momenta
        r = p.sum(1, keepdim=True)
        if self.beams:
            r = torch.cat([r, jets.beams], 1)
        i, j = torch.triu_indices(r.shape[1], r.shape[1], device=r.device)
        whole = torch.cat([self.products(r[:, i], r[:, j]).flatten(1), (r @ self.products.linear.mT).flatten(1)], 1)
        apart = self.products(p.unsqueeze(2), r.unsqueeze(1)).flatten(2)
        return torch.cat([self.products.own(p), apart, whole.unsqueeze(1).expand(-1, p.shape[1], -1)], 2)


class Plain(nn.Module):
    """The same messages of what a detector measures: logarithms of energy and pT, and directions beside the jet's axis;
    all constituents see the logarithms of the jet's mass and pT.

    So it is blind to turns about the beams; energies tell it of boosts along them, and it has no other symmetry.

    Parameters
    ----------
    width, layers : int
    """

    def __init__(self, width: int, layers: int = LAYERS) -> None:
        super().__init__()
        self.enter = mlp(8, width, width)
        self.messages = nn.ModuleList(Messages(width, 3) for _ in range(layers))
        self.out = mlp(width, width, 2)

    def forward(self, jets: Jets) -> Tensor:
        """The logits (n, 2)."""
        x = coordinates(jets.momenta).to(next(self.out.parameters()).dtype)
        real = jets.momenta.ne(0).any(-1).to(x.dtype)
        h = self.enter(x)
        apart = 2 * (x[:, :, None, :2] - x[:, None, :, :2])
        e = torch.cat([apart, torch.log(apart.square().sum(-1, keepdim=True) + 1e-4) / 4], -1)
        for messages in self.messages:
            h, _ = messages(h, e, real)
        mean = (h * real.unsqueeze(2)).sum(1) / real.sum(1, keepdim=True)
        logits: Tensor = self.out(mean)
        return logits


def coordinates(p: Tensor) -> Tensor:
    """Δη, Δφ, ΔR, log pT, log E, log pT/pT(jet) of constituents (n, k, 4) beside their sum, and its log m and log pT.

    Examples
    --------
    >>> coordinates(torch.tensor([[[5.0, 5.0, 0.0, 0.0]]])).shape
    torch.Size([1, 1, 8])
    """
    jet = p.sum(1, keepdim=True)
    (pt, eta, phi), (whole, axis, angle) = cylinder(p), cylinder(jet)
    turn = torch.remainder(phi - angle + torch.pi, 2 * torch.pi) - torch.pi
    away = eta - axis
    mass = (jet[..., 0].square() - jet[..., 1:].square().sum(-1)).clamp(min=1e-6).log() / 2
    lengths = [2 * away, 2 * turn, 2 * torch.hypot(away, turn)]
    sizes = [pt.log(), p[..., 0].abs().clamp(min=1e-3).log(), (pt / whole).log()]
    own = [q.expand_as(pt) for q in (mass, whole.log())]
    x = torch.stack([*lengths, *(q / 2 for q in (*sizes, *own))], -1)
    return x * p.ne(0).any(-1).unsqueeze(-1)


def cylinder(p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Transverse momentum, pseudorapidity and azimuth of momenta (..., 4)."""
    pt = torch.hypot(p[..., 1], p[..., 2]).clamp(min=1e-3)
    return pt, torch.asinh(p[..., 3] / pt), torch.atan2(p[..., 2], p[..., 1])


class PairMasses(nn.Module):
    """A plain network on the scalar products of all pairs: of the constituents by falling pT, the jet, and the beams.

    Parameters
    ----------
    constituents, width : int
    beams : bool

    References
    ----------
    Villar et al., Scalars are universal, NeurIPS 2021, arXiv:2106.06610.
    """

    metric: Tensor
    pairs: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, constituents: int, width: int, beams: bool = True) -> None:
        super().__init__()
        self.beams = beams
        n = constituents + (3 if beams else 1)
        self.register_buffer("pairs", torch.triu_indices(n, n), persistent=False)
        self.register_buffer("metric", METRIC.diagonal().clone())
        fan_in = len(self.pairs[0])
        self.register_buffer("mean", torch.zeros(fan_in))
        self.register_buffer("deviation", torch.ones(fan_in))
        self.net = mlp(fan_in, width, width, 2, dropout=DROPOUT)

    def standardise(self, jets: Jets) -> None:
        """From now on take numbers less their means over these jets, divided by their standard deviations."""
        x = self.numbers(jets)
        self.mean.copy_(x.mean(0))
        self.deviation.copy_(x.std(0).clamp(min=1e-3))

    def numbers(self, jets: Jets) -> Tensor:
        """The products (n, pairs), compressed."""
        x = torch.cat([jets.momenta, jets.momenta.sum(1, keepdim=True), *([jets.beams] * self.beams)], 1)
        i, j = self.pairs
        return compressed(((x * self.metric) @ x.mT)[:, i, j]).to(self.mean.dtype)

    def forward(self, jets: Jets) -> Tensor:
        """The logits (n, 2)."""
        logits: Tensor = self.net((self.numbers(jets) - self.mean) / self.deviation)
        return logits
