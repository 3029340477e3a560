"""Every equivariant bilinear map V₁ × V₂ → V₃: Clebsch–Gordan products, then one matrix product over channels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from intertwine.groups import Group
from intertwine.reps import Rep
from intertwine.reps._frame import Atom, frame
from torch import Tensor, nn
from torch.nn.functional import linear

from ._frame import Decode, Encode
from ._init import coefficients
from ._module import Layer, bind, feature_dtype, weights
from ._product import ProductAtoms

Atoms = Sequence[tuple[Atom, int]]


class BilinearAtoms(Layer):
    """Every equivariant bilinear map between lists of atoms.

    Parameters
    ----------
    atoms_1, atoms_2, atoms_out : sequences of (Atom, multiplicity)

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import V
    >>> from intertwine.reps._frame import frame
    >>> two, four = (frame((n * V)(SO(3))).atoms for n in (2, 4))
    >>> layer = BilinearAtoms(two, two, four)  # cross products
    >>> [tuple(z.shape) for z in layer([torch.randn(3, 7, 2)], [torch.randn(3, 7, 2)])]
    [(3, 7, 4)]
    """

    def __init__(
        self,
        atoms_1: Atoms,
        atoms_2: Atoms,
        atoms_out: Atoms,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        targets = [c for c, _ in atoms_out]
        self.product = ProductAtoms(atoms_1, atoms_2, targets, dtype=dtype, device=device)
        self.weights = nn.ParameterList(
            coefficients(m, n, dtype, device) for (_, m), n in zip(atoms_out, self.product.channels)
        )

    def forward(self, xs: list[Tensor], ys: list[Tensor]) -> list[Tensor]:
        """Mix the products of every target: [(dim c, ..., m_c)]."""
        return [linear(z, weight) for z, weight in zip(self.product(xs, ys), self.weights)]


class Bilinear(Layer):
    """Every equivariant bilinear map B(x, y), with ρ_out(g) B(x, y) = B(ρ₁(g) x, ρ₂(g) y).

    Trains exactly ``(rep_1 * rep_2 >> rep_out)(group).dim`` coefficients.

    Parameters
    ----------
    rep_1, rep_2, rep_out : Rep
    group : Group, optional
    device, dtype : as in `Linear`

    Raises
    ------
    TypeError, ValueError
        As `Linear`; also if there is no equivariant bilinear map at all.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> cross_and_dot = Bilinear(V, V, V + Scalar, group=SO(3))
    >>> cross_and_dot
    Bilinear(V, V -> V + Scalar | SO(3) | 2 weights)
    >>> cross_and_dot(torch.randn(7, 3), torch.randn(7, 3)).shape
    torch.Size([7, 4])
    """

    def __init__(
        self,
        rep_1: Rep,
        rep_2: Rep,
        rep_out: Rep,
        group: Group | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.group, bound = bind(group, rep_1=rep_1, rep_2=rep_2, rep_out=rep_out)
        self.rep_1, self.rep_2, self.rep_out = bound
        self.rep_in = (self.rep_1, self.rep_2)
        dtype = feature_dtype(dtype, any(rep.is_complex for rep in bound))
        self.encode_1, self.encode_2 = Encode(self.rep_1, dtype, device), Encode(self.rep_2, dtype, device)
        atoms_1, atoms_2, atoms_out = (frame(rep).atoms for rep in bound)
        self.atoms = BilinearAtoms(atoms_1, atoms_2, atoms_out, dtype, device)
        if not any(self.atoms.product.channels):
            raise ValueError(
                f"there is no equivariant bilinear map {self.rep_1!r} x {self.rep_2!r} -> {self.rep_out!r} for "
                f"{self.group.name}: its dimension is 0; choose a rep_out that occurs in the product"
            )
        self.decode = Decode(self.rep_out, dtype, device)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Map features (..., rep_1.dim) and (..., rep_2.dim) to (..., rep_out.dim)."""
        self.encode_1.check(x, "x", "rep_1")
        self.encode_2.check(y, "y", "rep_2")
        return self.decode(self.atoms(self.encode_1(x), self.encode_2(y)))

    def __repr__(self) -> str:
        reps = f"{self.rep_1!r}, {self.rep_2!r} -> {self.rep_out!r}"
        return f"Bilinear({reps} | {self.group.name} | {weights(self)} weights)"
