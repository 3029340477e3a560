"""Clebsch–Gordan products of lists of atoms, without weights.

Order of contraction: outer product of two atoms over the chosen pairs of channels, then one small matrix
product per pair of atoms (a, b) with the blocks Hom(a ⊗ b, c) of *all* c at once. Blocks have ‖C‖² = dim c, so
independent features of unit second moment give products of unit second moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from intertwine.reps._frame import Atom, bilinear_basis
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear

from ._constants import Constants
from ._module import Layer

Atoms = Sequence[tuple[Atom, int]]
LARGEST_PRODUCT = 1024  # larger tensor products of atoms are not decomposed
Mode = Literal["all", "channelwise", "square"]


class ProductAtoms(Layer):
    """All Clebsch–Gordan products x_i ⊗ y_j of two lists of atoms, over chosen pairs of channels.

    Parameters
    ----------
    atoms_1, atoms_2 : sequences of (Atom, multiplicity)
    targets : sequence of Atom
        Products are taken to these.
    mode : "all", "channelwise" or "square"
        Every channel with every channel; channel i with channel i (as many as both have); or, for products of
        features with themselves, every unordered pair once.  The last two take only the pairs of atoms (a, b)
        in which a does not come after b.
    channels : callable, optional
        ``channels(a, b, pairs)`` bounds the number of channel pairs of two atoms; 0 leaves them out.

    Attributes
    ----------
    channels : tuple of int
        Number of products for every target; the output is [(dim c, ..., channels)].

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T, V
    >>> from intertwine.reps._frame import frame
    >>> atoms, targets = frame((2 * V)(SO(3))).atoms, [atom for atom, _ in frame(T(2)(SO(3))).atoms]
    >>> ProductAtoms(atoms, atoms, targets).channels, ProductAtoms(atoms, atoms, targets, "square").channels
    ((4, 4, 4), (3, 3, 3))
    """

    def __init__(
        self,
        atoms_1: Atoms,
        atoms_2: Atoms,
        targets: Sequence[Atom],
        mode: Mode = "all",
        channels: Callable[[Atom, Atom, int], int] | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.dims = tuple(c.dim for c in targets)
        arrays: dict[str, NDArray[Any]] = {}
        paths: list[tuple[int, int, int, tuple[tuple[int, int], ...]]] = []
        total = [0] * len(targets)
        for i, (a, m) in enumerate(atoms_1):
            for j, (b, n) in enumerate(atoms_2):
                count = _pairs(mode, i, j, m, n)
                count = count if channels is None else min(count, channels(a, b, count))
                blocks = [clebsch_gordan(a, b, c) for c in targets] if count else []
                found = tuple((k, len(block)) for k, block in enumerate(blocks) if len(block))
                if not found:
                    continue
                arrays[f"cg{i}x{j}"] = np.concatenate([blocks[k].reshape(-1, a.dim * b.dim) for k, _ in found])
                paths.append((i, j, count, found))
                for k, r in found:
                    total[k] += r * count
                if mode == "square":
                    first, second = np.triu_indices(m) if i == j else np.indices((m, n)).reshape(2, -1)
                    # rows of identity matrices: a product with them is faster than a gather, and so is its gradient
                    arrays |= {f"first{i}x{j}": np.eye(m)[first], f"second{i}x{j}": np.eye(n)[second]}
        self.paths = tuple(paths)
        self.channels = tuple(total)
        self.constants = Constants(arrays, dtype, device)

    def forward(self, xs: list[Tensor], ys: list[Tensor]) -> list[Tensor]:
        """Products [(dim c, ..., channels)]; within a target the channels run over (pair, path, channel)."""
        batch = xs[0].shape[1:-1]
        found = zip(self.parts(xs, ys), self.dims)
        return [torch.cat(parts, -1) if parts else xs[0].new_zeros(d, *batch, 0) for parts, d in found]

    def parts(self, xs: list[Tensor], ys: list[Tensor]) -> list[list[Tensor]]:
        """The same, pair by pair."""
        return self.parts_of([(xs[i], ys[j]) for i, j, _, _ in self.paths])

    def parts_of(self, pairs: Iterable[tuple[Tensor, Tensor]]) -> list[list[Tensor]]:
        """The same from the factors of every path."""
        found: list[list[Tensor]] = [[] for _ in self.dims]
        for (i, j, count, targets), (x, y) in zip(self.paths, pairs):
            z = self._outer(x, y, i, j, count)  # (dim a · dim b, ..., count)
            if not self.constants.is_one(f"cg{i}x{j}"):
                z = (self.constants.value(f"cg{i}x{j}") @ z.flatten(1)).unflatten(1, z.shape[1:])
            for (k, r), part in zip(targets, z.split([r * self.dims[k] for k, r in targets])):
                found[k].append(part if r == 1 else part.unflatten(0, (r, self.dims[k])).movedim(0, -2).flatten(-2))
        return found

    def _outer(self, x: Tensor, y: Tensor, i: int, j: int, count: int) -> Tensor:
        if self.mode == "all":
            outer = x[:, None, ..., :, None] * y[None, :, ..., None, :]
            return outer.flatten(-2).flatten(0, 1)
        if self.mode == "square":
            x, y = (linear(z, self.constants.value(f"{side}{i}x{j}")) for z, side in ((x, "first"), (y, "second")))
        elif x.shape[-1] != count or y.shape[-1] != count:
            x, y = x[..., :count], y[..., :count]
        return (x.unsqueeze(1) * y.unsqueeze(0)).flatten(0, 1)


def clebsch_gordan(a: Atom, b: Atom, c: Atom) -> NDArray[Any]:
    """Basis of Hom(a ⊗ b, c), (r, dim c, dim a, dim b).

    Beyond dim a · dim b = `LARGEST_PRODUCT` only what needs no decomposition of a ⊗ b: multiples by an invariant,
    and the invariants of a ⊗ a for a real unitary irrep, Hom(a ⊗ a, 1) = End(a).
    """
    if a.dim * b.dim <= LARGEST_PRODUCT or a.is_trivial or b.is_trivial:
        return bilinear_basis(a, b, c)
    if c.is_trivial and a is b and a.irreducible and a.is_unitary and not np.iscomplexobj(a.end):
        return a.end[:, None] / a.dim**0.5
    return np.zeros((0, c.dim, a.dim, b.dim))


def _pairs(mode: Mode, i: int, j: int, m: int, n: int) -> int:
    """Number of channel pairs of atom i of the first list and atom j of the second."""
    if mode == "all":
        return m * n
    if i > j:
        return 0
    if mode == "channelwise":
        return min(m, n)
    return m * (m + 1) // 2 if i == j else m * n
