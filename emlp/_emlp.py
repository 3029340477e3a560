"""Equivariant multilayer perceptrons whose layers multiply.

One layer on hidden atoms h, with b the Clebsch–Gordan products of h with itself:

    h' = W [h, b] + s · gate(norm(L [h, b])),          y = W [h, b] after the last one.

Gates alone are not universal (they never make an atom that is not there); products are, by iteration.  The
first summand is free of gates and squashing, so that polynomials are reached exactly; the gated one enters
through small learned scales s.  All pairs of copies are multiplied while they are few; beyond that, channel by
channel, linear projections of h to few channels, so that a layer costs little more than a linear map.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from intertwine.groups import Group
from intertwine.reps import Rep
from intertwine.reps._frame import Atom, frame
from torch import Tensor, nn

from ._frame import Decode, Encode
from ._gate import act, gate
from ._hidden import hidden_rep
from ._init import balance_products
from ._linear import LinearAtoms
from ._module import Layer, bind, check_silent, feature_dtype, is_count, weights
from ._norm import EPS, rms_inverse
from ._product import ProductAtoms

Atoms = Sequence[tuple[Atom, int]]

CHANNELS = 16  # low-rank products per pair of atoms, at most
CHANNELWISE_COST = 128  # bound on channels · dim a · dim b of a low-rank product
SQUARE_COST = 512  # the same for all pairs of copies
GATED_SCALE = 0.1


class SelfProducts(Layer):
    """Products of features with themselves, for every target atom.

    Parameters
    ----------
    atoms : sequence of (Atom, multiplicity)
    targets : sequence of Atom

    Attributes
    ----------
    products : list of (Atom, number of products)
    """

    def __init__(
        self,
        atoms: Atoms,
        targets: Sequence[Atom],
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        multiplicity = dict(atoms)

        def all_pairs(a: Atom, b: Atom, pairs: int) -> int:
            return pairs if pairs * a.dim * b.dim <= SQUARE_COST else 0

        def few(a: Atom, b: Atom, channels: int) -> int:
            m, n = multiplicity[a], multiplicity[b]
            pairs = m * (m + 1) // 2 if a is b else m * n
            if all_pairs(a, b, pairs):
                return 0
            return max(1, min(channels, CHANNELWISE_COST // (a.dim * b.dim)))

        most = [(a, max(1, min(CHANNELS, CHANNELWISE_COST // a.dim))) for a, _ in atoms]
        self.square = ProductAtoms(atoms, atoms, targets, "square", all_pairs, dtype, device)
        self.low_rank = ProductAtoms(most, most, targets, "channelwise", few, dtype, device)
        # the channels of every factor of every path, by atom
        self.pieces: dict[int, list[int]] = {}
        for i, j, count, _ in self.low_rank.paths:
            for k in (i, j):
                self.pieces.setdefault(k, []).append(count)
        if self.pieces:
            both = [(atoms[i][0], sum(counts)) for i, counts in self.pieces.items()]
            self.factors = LinearAtoms(atoms, both, True, dtype, device)
        counts = zip(targets, self.square.channels, self.low_rank.channels)
        self.products = [(c, m + n) for c, m, n in counts]

    def forward(self, h: list[Tensor]) -> list[list[Tensor]]:
        """h [(dim, ..., m)] to all products with each target, [[(dim, ..., n), ...], ...]."""
        squares = self.square.parts(h, h)
        if not self.pieces:
            return squares
        factors = {i: iter(x.split(counts, -1)) for (i, counts), x in zip(self.pieces.items(), self.factors(h))}
        pairs = [(next(factors[i]), next(factors[j])) for i, j, _, _ in self.low_rank.paths]
        return [[*p, *q] for p, q in zip(squares, self.low_rank.parts_of(pairs))]


class Hidden(Layer):
    """One hidden layer on atoms, h to W [h, b] + s · gate(norm(L [h, b])).

    One matrix product per atom gives W [h, b] and L [h, b], and for the invariants the gates, side by side.  What norm,
    gate and scale make of a copy of an atom is one factor, which then meets its components.
    """

    def __init__(
        self,
        atoms_in: Atoms,
        atoms_out: Atoms,
        gain: float,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.multiply = SelfProducts(atoms_in, [a for a, _ in atoms_out], dtype, device)
        wide = [*atoms_in, *self.multiply.products]
        self.sizes = tuple(m for _, m in atoms_out)
        self.unitary = tuple(a.is_unitary for a, _ in atoms_out)
        self.invariants = next(i for i, (a, _) in enumerate(atoms_out) if a.is_trivial)
        self.trivial = tuple(a.is_trivial for a, _ in atoms_out)
        self.gates = tuple(m for a, m in atoms_out if not a.is_trivial)
        outputs = [(a, 2 * m + (sum(self.gates) if i == self.invariants else 0)) for i, (a, m) in enumerate(atoms_out)]
        self.mix = LinearAtoms(wide, outputs, True, dtype, device)
        balance_products(self.mix, len(atoms_in), gain)
        real = torch.empty(0, dtype=dtype).real.dtype
        self.scales = nn.ParameterList(
            nn.Parameter(torch.full((m,), GATED_SCALE, dtype=real, device=device)) for m in self.sizes
        )

    def forward(self, h: list[Tensor]) -> list[Tensor]:
        """h [(dim, ..., m)] to the hidden atoms."""
        mixed = self.mix([*h, *self.multiply(h)])
        n = self.sizes[self.invariants]
        mixed[self.invariants], gates = mixed[self.invariants].split((2 * n, sum(self.gates)), -1)
        parts = iter(gate(gates.squeeze(0)).split(self.gates, -1))
        out = []
        for i, (both, m, scale) in enumerate(zip(mixed, self.sizes, self.scales)):
            free, gated = both.split((m, m), -1)
            size = rms_inverse(gated, EPS) if self.unitary[i] else 1.0
            if self.trivial[i]:
                out.append(free + scale * act(gated * size))
            else:
                out.append(free + gated * (size * next(parts) * scale))
        return out


class EMLP(Layer):
    """Equivariant multilayer perceptron between any two representations of any group.

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group, optional
        Binds the representations; not needed when they are bound already.
    hidden : int or Rep
        Total dimension of the hidden features, from which the library picks ``hidden_rep``, or the
        representation itself (which must contain an invariant).
    layers : int
        Number of layers, the last one included. Without counting gates the network contains every equivariant
        polynomial of low rank up to degree 2^layers.
    device : torch.device, optional
    dtype : torch.dtype, optional
        Default ``torch.get_default_dtype()``; its complex counterpart where the representations are complex.

    Raises
    ------
    TypeError, ValueError
        As `Linear`; also if ``hidden`` or ``layers`` makes no sense.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import Lorentz
    >>> from intertwine.reps import Scalar, T, V
    >>> net = EMLP(4 * V, Scalar + T(2), group=Lorentz(), hidden=64, layers=2)
    >>> net(torch.randn(32, 16)).shape
    torch.Size([32, 17])
    >>> from intertwine.testing import assert_equivariant
    >>> assert_equivariant(net)

    References
    ----------
    Finzi, Welling, Wilson, A Practical Method for Constructing Equivariant Multilayer Perceptrons for
    Arbitrary Matrix Groups, ICML 2021, arXiv:2104.09459, section 6 (why gated layers need a bilinear one).
    """

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        hidden: int | Rep = 128,
        layers: int = 3,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not is_count(layers):
            raise ValueError(f"layers must be an integer >= 1, got {layers!r}")
        self.group, (self.rep_in, self.rep_out) = bind(group, rep_in=rep_in, rep_out=rep_out)
        check_silent(group, rep_in, rep_out)
        self.hidden_rep = hidden_rep(self.group, self.rep_in, self.rep_out, hidden)
        reps = (self.rep_in, self.hidden_rep, self.rep_out)
        dtype = feature_dtype(dtype, any(rep.is_complex for rep in reps))
        atoms, inner, atoms_out = (frame(rep).atoms for rep in reps)
        gain = product_gain(layers)
        self.encode = Encode(self.rep_in, dtype, device)
        self.hidden = nn.ModuleList()
        for _ in range(layers - 1):
            self.hidden.append(Hidden(atoms, inner, gain, dtype, device))
            atoms = inner
        self.multiply = SelfProducts(atoms, [a for a, _ in atoms_out], dtype, device)
        self.mix = LinearAtoms([*atoms, *self.multiply.products], atoms_out, True, dtype, device)
        balance_products(self.mix, len(atoms), gain)
        self.decode = Decode(self.rep_out, dtype, device)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., rep_in.dim) to (..., rep_out.dim)."""
        self.encode.check(x)
        h = self.encode(x)
        for layer in self.hidden:
            h = layer(h)
        return self.decode(self.mix([*h, *self.multiply(h)]))

    def __repr__(self) -> str:
        hidden = f"hidden {self.hidden_rep!r} x {len(self.hidden)}"
        return f"EMLP({self.rep_in!r} -> {self.rep_out!r} | {self.group.name} | {hidden} | {weights(self)} weights)"


def product_gain(layers: int) -> float:
    """Initial size of products beside linear terms: small in deep networks, where second moments get squared."""
    return min(0.3, 1 / layers**2)
