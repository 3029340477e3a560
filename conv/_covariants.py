"""What the steerable part of a kernel's hidden features is made of: covariants of a position x and an attribute a.

t = [lift(x), a, lift(x) ⊗ a], for every hidden atom all equivariant maps of all covariants in t to it.  They are
bilinear in the monomials of x and (1, a), without weights: where that is small, one matrix makes all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from intertwine.emlp._constants import exact
from intertwine.emlp._frame import Encode, split_up
from intertwine.emlp._linear import LinearAtoms
from intertwine.emlp._module import Derived, fixed
from intertwine.emlp._product import ProductAtoms
from intertwine.reps import Rep
from intertwine.reps._frame import Atom, frame, trivial_atom
from intertwine.reps._irrep import Irrep
from torch import Tensor
from torch.nn.functional import linear

from ._lift import Lift

Atoms = Sequence[tuple[Atom, int]]

PRODUCT_LIMIT = 64  # largest dim a · dim b of the products of lift and attribute
SMALL = 2**12  # largest number of entries of the one matrix
AT_ONCE = 2**23  # multiplications with it beyond which a processor is faster atom by atom


class Covariants(Derived):
    """Covariants of positions (E, n) and attributes (E, edge.dim).

    Parameters
    ----------
    lift : Lift
    edge : bound Rep or None
    atoms : sequence of (Atom, multiplicity)
        The hidden features.

    Attributes
    ----------
    scalars : int
        Number of invariants among them.
    steerable : tuple of int
        Which hidden atoms are not invariant; they are mixed from covariants.
    weights : sequence of Parameter
        What mixes them, (m, sources) for every steerable atom.
    whole : Tensor or None
        All covariants from monomials times (1, a), as one matrix.
    """

    whole: Tensor | None

    def __init__(
        self,
        lift: Lift,
        edge: Rep | None,
        atoms: Atoms,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.lift, self.edge = lift, edge
        atoms_edge = () if edge is None else frame(edge).atoms
        self.encode = None if edge is None else Encode(edge, dtype, device)
        sources = [*lift.atoms, *atoms_edge]
        self.product = None
        if any(not a.is_trivial for a, _ in atoms_edge):
            targets = [a for a, _ in atoms]
            trivial = trivial_atom(targets[0].group)
            targets = targets if trivial in targets else [*targets, trivial]
            self.product = ProductAtoms(lift.atoms, atoms_edge, targets, channels=_small, dtype=dtype, device=device)
            sources += list(zip(targets, self.product.channels))
        self.trivial = tuple(a.is_trivial for a, _ in sources)
        self.scalars = sum(m for a, m in sources if a.is_trivial)
        self.steerable = tuple(i for i, (a, _) in enumerate(atoms) if not a.is_trivial)
        mixed = [s for s, t in zip(sources, self.trivial) if not t] or sources
        hidden = [atoms[i] for i in self.steerable]
        self.mix = LinearAtoms(mixed, hidden, dtype=dtype, device=device) if hidden else None
        self.shapes = [(a.dim, w.shape[1]) for (a, _), w in zip(hidden, self.weights)]
        self.refresh()

    @property
    def weights(self) -> Sequence[Tensor]:
        """Of the mixing."""
        return () if self.mix is None else list(self.mix.weights)

    def forward(self, x: Tensor, attr: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        """The invariants (E, scalars), and for every steerable atom what is mixed to it, (E, d, sources)."""
        powers = self.lift.powers(x)
        if self.whole is None or (_is_eager(x) and len(x) * self.whole.numel() > AT_ONCE):
            attributes = () if attr is None or self.encode is None else self.encode(attr)
            scalars, *covariants = self._by_atoms(powers, attributes)
            return scalars, covariants
        if attr is not None:
            factors = torch.cat([attr.new_ones(len(attr), 1), attr], 1)
            powers = (powers.unsqueeze(2) * factors.unsqueeze(1)).flatten(1)
        scalars, *covariants = linear(powers, self.whole).split([self.scalars, *(d * n for d, n in self.shapes)], 1)
        return scalars, [c.unflatten(1, shape) for c, shape in zip(covariants, self.shapes)]

    def _by_atoms(self, powers: Tensor, attributes: Sequence[Tensor]) -> list[Tensor]:
        """The same, as one list, from monomials and the atoms of the attributes."""
        found = self.lift.polynomials(powers)
        products = [] if self.product is None else self.product(found, list(attributes))
        found = [*found, *attributes, *products]
        scalars = torch.cat([y[0] for y, is_trivial in zip(found, self.trivial) if is_trivial], -1)
        if self.mix is None:
            return [scalars]
        images = self.mix.images([y for y, is_trivial in zip(found, self.trivial) if not is_trivial])
        return [scalars, *(image.movedim(0, 1) for image in images)]

    def _attributes(self, attr: Tensor) -> Sequence[Tensor]:
        """Atoms of attributes, with the present matrices of all summands."""
        return () if self.encode is None else split_up(attr, self.encode.pieces, self.encode.matrices)

    def refresh(self) -> None:
        """Make the one matrix: its columns are the values at all pairs of unit vectors."""
        self.whole = None
        like = self.lift.constants.value("degree0")
        n, m = sum(self.lift.sizes), 0 if self.edge is None else self.edge.dim
        width = self.scalars + sum(d * sources for d, sources in self.shapes)
        if like.is_meta or like.is_complex() or n * (1 + m) * width > SMALL:
            return
        powers = torch.eye(n, dtype=torch.float64, device="cpu").repeat_interleave(1 + m, 0)
        units = torch.eye(1 + m, dtype=torch.float64, device="cpu")[:, 1:]
        with torch.no_grad(), exact(self):
            values = _flat(self._by_atoms(powers, self._attributes(units.repeat(n, 1)))).unflatten(0, (n, 1 + m))
            if m:  # L(p) + A(a) + B(p, a), of which the sum over pairs would count L and A too often
                values[:, 1:] -= values[:, :1].clone()
                values[1:, 1:] -= _flat(self._by_atoms(0 * powers[: 1 + m], self._attributes(units)))[1:]
        self.whole = fixed(values.flatten(0, 1).T.contiguous().to(like.device, like.dtype))


def _is_eager(x: Tensor) -> bool:
    return x.device.type == "cpu" and not torch.compiler.is_compiling()


def products(left: set[Atom], right: set[Atom]) -> set[Atom]:
    """Atoms in products of not too large ones."""
    found: set[Atom] = set()
    for a in left:
        for b in right:
            if a.dim * b.dim <= PRODUCT_LIMIT and isinstance(a, Irrep) and isinstance(b, Irrep):
                found |= {c for c, _ in a.table.clebsch_gordan(a, b)}
    return found


def _small(a: Atom, b: Atom, pairs: int) -> int:
    return pairs if a.dim * b.dim <= PRODUCT_LIMIT else 0


def _flat(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat([part.flatten(1) for part in parts], 1)
