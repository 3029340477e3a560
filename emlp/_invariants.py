"""Invariants of a vector: the arguments of a kernel's radial part, and what features pool to.

A space splits into atoms x = ⊕ x_a.  Trivial atoms are invariants themselves; every other copy gives the quadratic
invariants of Sym²(a): |x_a|² where the atom is unitary, an indefinite form for O(p, q), none for SL(n) or Sp(n).  Two
atoms that are dual and not unitary, such as the light-like lines of SO(1, 1), give x_a · x_b.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from intertwine.reps import Rep
from intertwine.reps._frame import Atom, bilinear_basis, frame, trivial_atom
from numpy.typing import NDArray
from torch import Tensor

from ._constants import Constants
from ._frame import Encode
from ._module import Layer, square

SOFT = 1e-2  # the length, in units of the cutoff, below which distances are rounded off to stay smooth


class Invariants(Layer):
    """Invariants of positions in units of the cutoff, and the one that measures distance.

    Attributes
    ----------
    count : int
        Number of invariants.
    kind : "norm", "form" or "none"
        Whether the distance is a true norm, the signed root of an indefinite form, or there is none.
    """

    def __init__(
        self, space: Rep, dtype: torch.dtype = torch.float32, device: torch.device | str | None = None
    ) -> None:
        super().__init__()
        self.encode = Encode(space, dtype, device)
        atoms = frame(space).atoms
        self.trivial = tuple(a.is_trivial for a, _ in atoms)
        self.unitary = tuple(a.is_unitary for a, _ in atoms)
        forms = {f"form{i}": quadratic_forms(a) for i, (a, _) in enumerate(atoms) if not a.is_unitary}
        self.forms = tuple(
            name if len(forms.get(name, ())) else None for name in map("form{}".format, range(len(atoms)))
        )
        pairs = _dual_pairs(atoms)
        self.pairs = tuple(pairs)
        arrays = {k: v for k, v in forms.items() if len(v)} | {f"pair{i}x{j}": v for (i, j), v in pairs.items()}
        self.constants = Constants(arrays, dtype, device)
        sizes = [m * (1 if self.unitary[i] else len(forms[f"form{i}"])) for i, (_, m) in enumerate(atoms)]
        sizes += [min(atoms[i][1], atoms[j][1]) * len(v) for (i, j), v in pairs.items()]
        self.count = sum(sizes)
        self.kind = "norm" if all(self.unitary) else "form" if any(self.forms) or pairs else "none"

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map x (..., n) to the distance (...), and all invariants (..., count), one per copy of an atom."""
        parts, squares = [], []
        atoms = self.encode(x)
        for i, y in enumerate(atoms):
            if self.trivial[i]:
                parts.append(y[0])
                squares.append(square(y[0]))
            elif self.unitary[i]:
                squares.append(square(y).sum(0))
                parts.append(root(squares[-1]))
            elif form := self.forms[i]:
                q = torch.einsum("a...m,rab,b...m->...mr", y, self.constants.value(form), y)
                parts.append(root(q.flatten(-2)))
                squares.append(q.flatten(-2))
        for i, j in self.pairs:
            copies = min(atoms[i].shape[-1], atoms[j].shape[-1])
            y, z = atoms[i][..., :copies], atoms[j][..., :copies]
            q = torch.einsum("a...m,rab,b...m->...mr", y, self.constants.value(f"pair{i}x{j}"), z)
            parts.append(root(q.flatten(-2)))
            squares.append(q.flatten(-2))
        if not parts:
            return x.new_zeros(x.shape[:-1]), x.new_zeros(*x.shape[:-1], 0)
        real = x.real.dtype if x.is_complex() else x.dtype
        distance = root(torch.cat(squares, -1).sum(-1))
        return distance.to(x.dtype if distance.is_complex() else real), torch.cat(
            [p.to(x.dtype if p.is_complex() else real) for p in parts], -1
        )

    def direction(self, x: Tensor, distance: Tensor) -> Tensor:
        """x scaled by an invariant, smooth at 0: to length one where there is a norm, x / √(1 + |q|) for a form q."""
        if self.kind == "none":
            return x
        soft = SOFT**2 if self.kind == "norm" else 1.0
        return x * torch.rsqrt(distance.square() + soft).unsqueeze(-1)


def root(q: Tensor) -> Tensor:
    """√|q| with the sign or phase of q, smooth at 0: q / (|q|² + ε⁴)^¼; finite for every real q, half precision too."""
    if q.is_complex():
        return q * (square(q) + SOFT**4) ** -0.25
    q = q.clamp(-torch.finfo(q.dtype).max, torch.finfo(q.dtype).max)
    return q * torch.rsqrt(torch.hypot(q, torch.full_like(q, SOFT**2)))


def _dual_pairs(atoms: Sequence[tuple[Atom, int]]) -> dict[tuple[int, int], NDArray[np.float64]]:
    """Pairings (r, d, d) of different real atoms that are not unitary."""
    found = {}
    for (i, (a, _)), (j, (b, _)) in itertools.combinations(enumerate(atoms), 2):
        if a.dim == b.dim and not (a.is_unitary or b.is_unitary):
            basis = bilinear_basis(a, b, trivial_atom(a.group))[:, 0]
            if len(basis) and not np.iscomplexobj(basis):
                found[i, j] = basis * np.sqrt(a.dim)
    return found


def quadratic_forms(atom: Atom) -> NDArray[np.float64]:
    """Invariant symmetric forms of an atom, (r, d, d)."""
    basis = bilinear_basis(atom, atom, trivial_atom(atom.group))[:, 0]
    symmetric = (basis + basis.transpose(0, 2, 1)) / 2
    kept = [b for b in symmetric if np.linalg.norm(b) > 1e-8]
    return np.stack(kept) * np.sqrt(atom.dim) if kept else np.zeros((0, atom.dim, atom.dim))
