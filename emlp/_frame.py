"""Between plain feature vectors and atoms.

A feature vector of a representation is (..., rep.dim) in the user's order.  Layers work on its atoms: a list
with one tensor (atom.dim, ..., multiplicity) per distinct atom, in the order of ``frame(rep).atoms``.  With components
first and channels last a map of channels is one matrix product, and products of components run along memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from intertwine.reps import Rep
from intertwine.reps._frame import Frame, frame
from torch import Tensor
from torch.nn.functional import linear

from ._constants import Constants
from ._module import Layer, check_like, check_width


@dataclass(frozen=True)
class Piece:
    """Where the copies of one summand lie, and which channels of which atoms they become.

    runs : ((start, n), …) in the feature vector; size : dim of the summand;
    parts : ((atom index, multiplicity in one copy, atom.dim, first channel), …).
    """

    runs: tuple[tuple[int, int], ...]
    size: int
    parts: tuple[tuple[int, int, int, int], ...]

    @property
    def copies(self) -> int:
        """Number of copies of the summand."""
        return sum(n for _, n in self.runs)


def pieces(f: Frame) -> tuple[Piece, ...]:
    """Places of all terms of a frame; the channels of an atom run over (term, copy, multiplicity)."""
    index = {atom: i for i, (atom, _) in enumerate(f.atoms)}
    filled = [0] * len(index)
    found = []
    for term in f.terms:
        parts = []
        for atom, m in term.parts:
            i = index[atom]
            parts.append((i, m, atom.dim, filled[i]))
            filled[i] += m * term.copies
        found.append(Piece(term.runs, term.rep.dim, tuple(parts)))
    return tuple(found)


class _Frame(Layer):
    def __init__(self, rep: Rep, side: str, dtype: torch.dtype, device: torch.device | str | None) -> None:
        super().__init__()
        f = frame(rep)
        self.rep = rep
        self.width = rep.dim
        self.pieces = pieces(f)
        self.multiplicities = tuple(m for _, m in f.atoms)
        arrays = {f"{side}{k}": getattr(term, side) for k, term in enumerate(f.terms)}
        self.constants = Constants(arrays, dtype, device)

    def extra_repr(self) -> str:
        return repr(self.rep)


class Encode(_Frame):
    """Feature vectors (..., rep.dim) to atoms [(atom.dim, ..., multiplicity)].

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T
    >>> [tuple(a.shape) for a in Encode((2 * T(2))(SO(3)))(torch.zeros(5, 18))]
    [(1, 5, 2), (3, 5, 2), (5, 5, 2)]
    """

    def __init__(
        self,
        rep: Rep,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__(rep, "enc", dtype, device)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Change the basis."""
        check_width(x, self.width, self.rep)
        found: list[list[Tensor]] = [[] for _ in self.multiplicities]
        for k, piece in enumerate(self.pieces):
            copies = [x[..., s : s + n * piece.size].unflatten(-1, (n, piece.size)) for s, n in piece.runs]
            y = _cat(copies, -2)  # (..., copies, size)
            if not self.constants.is_one(f"enc{k}"):
                enc = self.constants.value(f"enc{k}")
                check_like(x, enc)
                y = linear(y, enc)
            for part, (i, m, d, _) in zip(y.split([m * d for _, m, d, _ in piece.parts], -1), piece.parts):
                found[i].append(part.unflatten(-1, (m, d)).movedim(-1, 0).flatten(-2))
        return [_cat(parts, -1).contiguous() for parts in found]

    def check(self, x: Tensor, name: str = "x", rep_name: str = "rep_in") -> None:
        """Raise unless x is a tensor of features of the layer's dtype and device."""
        check_width(x, self.width, self.rep, name, rep_name)
        like = self.constants._buffers["_enc0"]  # not `value`: its look-up takes longer than the check
        if like is not None:
            check_like(x, like, name)


class Decode(_Frame):
    """Atoms [(atom.dim, ..., multiplicity)] to feature vectors (..., rep.dim); the inverse of `Encode`.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T
    >>> rep, x = (2 * T(2))(SO(3)), torch.randn(5, 18)
    >>> torch.allclose(Decode(rep)(Encode(rep)(x)), x, atol=1e-5)
    True
    """

    def __init__(
        self,
        rep: Rep,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__(rep, "dec", dtype, device)

    def forward(self, xs: list[Tensor]) -> Tensor:
        """Change the basis back."""
        placed: list[tuple[int, Tensor]] = []
        for k, piece in enumerate(self.pieces):
            n = piece.copies
            parts = [
                xs[i][..., first : first + n * m].unflatten(-1, (n, m)).movedim(0, -1).flatten(-2)
                for i, m, _, first in piece.parts
            ]
            y = _cat(parts, -1)  # (..., copies, size)
            if not self.constants.is_one(f"dec{k}"):
                y = linear(y, self.constants.value(f"dec{k}"))
            runs = y.split([n for _, n in piece.runs], -2)
            placed += [(start, run.flatten(-2)) for (start, _), run in zip(piece.runs, runs)]
        return _cat([run for _, run in sorted(placed, key=lambda pair: pair[0])], -1)


def _cat(tensors: list[Tensor], dim: int) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors, dim)
