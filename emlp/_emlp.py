"""Equivariant multilayer perceptrons whose layers multiply.

One layer on hidden atoms h:

    p, q = P h, Q h                          linear, to few channels
    b    = all Clebsch–Gordan products p_i ⊗ q_i, channel by channel
    h'   = gate(norm(L [h, b])) + M b

Gates alone are not universal (they never make an atom that is not there); the products are, by iteration.
The summand M b is free of gates and squashing, so polynomials are reached exactly; the last layer is L [h, b].
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from intertwine.groups import Group
from intertwine.reps import Rep
from intertwine.reps._frame import Atom, frame

from ._product import ProductAtoms
from ._frame import Decode, Encode
from ._gate import GateAtoms
from ._hidden import hidden_rep
from ._linear import LinearAtoms
from ._module import Layer, bind, check_width, feature_dtype, weights
from ._norm import NormAtoms

Atoms = Sequence[tuple[Atom, int]]


BUDGET = 128
RAW = 512


class Features(Layer):
    """[h, b]: the atoms themselves and their low-rank products."""

    def __init__(self, atoms, targets, channels, dtype, device):
        super().__init__()
        kw = dict(dtype=dtype, device=device)
        raw = lambda a, b, pairs: pairs if pairs * a.dim * b.dim <= RAW else 0
        mult = dict(atoms)

        def few(a, b, n):
            pairs = mult[a] * (mult[a] + 1) // 2 if a is b else mult[a] * mult[b]
            return 0 if raw(a, b, pairs) else max(1, min(n, BUDGET // (a.dim * b.dim)))

        chosen = [(a, max(1, min(channels, BUDGET // a.dim))) for a, _ in atoms]
        self.square = ProductAtoms(atoms, atoms, targets, "square", raw, **kw)
        self.product = ProductAtoms(chosen, chosen, targets, "channelwise", few, **kw)
        self.lowrank = len(self.product.paths) > 0
        if self.lowrank:
            self.left = LinearAtoms(atoms, chosen, bias=True, **kw)
            self.right = LinearAtoms(atoms, chosen, bias=True, **kw)
        self.products = [(c, n + m) for c, n, m in zip(targets, self.square.channels, self.product.channels)]

    def forward(self, h):
        b = self.square(h, h)
        if not self.lowrank:
            return b
        c = self.product(self.left(h), self.right(h))
        return [torch.cat((x, y), -2) for x, y in zip(b, c)]


class Hidden(Layer):
    def __init__(
        self, atoms_in, atoms_out, channels, dtype, device, norm=True, ungated=True, scale=0.1, freegain=1.0
    ):
        super().__init__()
        self.gate = GateAtoms(atoms_out)
        self.features = Features(atoms_in, [a for a, _ in atoms_out], channels, dtype, device)
        prods = self.features.products
        (self.at,) = [i for i, (a, _) in enumerate(atoms_out) if a.is_trivial]
        self.m = atoms_out[self.at][1]
        wide = [(a, m + self.gate.gates * a.is_trivial) for a, m in atoms_out]
        self.mix = LinearAtoms([*atoms_in, *prods], wide, bias=True, dtype=dtype, device=device)
        self.norm = NormAtoms(atoms_out, dtype=dtype, device=device) if norm else None
        self.free = (
            LinearAtoms([*atoms_in, *prods], atoms_out, bias=True, dtype=dtype, device=device)
            if ungated
            else None
        )
        self.scales = nn.ParameterList(nn.Parameter(torch.full((m, 1), scale)) for _, m in atoms_out)

    def forward(self, h):
        b = self.features(h)
        z = self.mix([*h, *b])
        s = z[self.at]
        z[self.at], gates = s[..., : self.m, :], s[..., self.m :, 0]
        if self.norm is not None:
            z = self.norm(z)
        z = self.gate(z, gates)
        return (
            [x * s + y for x, s, y in zip(z, self.scales, self.free([*h, *b]))]
            if self.free is not None
            else z
        )


class EMLP(Layer):
    def __init__(
        self,
        rep_in,
        rep_out,
        group=None,
        hidden=128,
        layers=3,
        channels=16,
        device=None,
        dtype=None,
        norm=True,
        ungated=True,
        **kw,
    ):
        super().__init__()
        self.group, (self.rep_in, self.rep_out) = bind(group, rep_in=rep_in, rep_out=rep_out)
        self.hidden_rep = hidden_rep(self.group, self.rep_in, self.rep_out, hidden)
        dtype = feature_dtype(dtype, any(r.is_complex for r in (self.rep_in, self.rep_out, self.hidden_rep)))
        atoms_in, atoms, atoms_out = (frame(r).atoms for r in (self.rep_in, self.hidden_rep, self.rep_out))
        self.encode = Encode(self.rep_in, dtype, device)
        self.hidden = nn.ModuleList()
        now = atoms_in
        for _ in range(layers - 1):
            self.hidden.append(Hidden(now, atoms, channels, dtype, device, norm, ungated, **kw))
            now = atoms
        self.features = Features(now, [a for a, _ in atoms_out], channels, dtype, device)
        self.mix = LinearAtoms(
            [*now, *self.features.products], atoms_out, bias=True, dtype=dtype, device=device
        )
        self.decode = Decode(self.rep_out, dtype, device)

    def forward(self, x):
        h = self.encode(x)
        for layer in self.hidden:
            h = layer(h)
        return self.decode(self.mix([*h, *self.features(h)]))
