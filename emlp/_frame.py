"""Between plain feature vectors and atoms.

A feature vector of a representation is (..., rep.dim) in the user's order.  Layers work on its atoms: a list
with one tensor (atom.dim, ..., multiplicity) per distinct atom, in the order of ``frame(rep).atoms``.  With components
first and channels last a map of channels is one matrix product, and products of components run along memory.

The same numbers in one tensor (..., Σ dim · multiplicity), atom by atom and in each channels fastest, are *flat*
features (`flatten`, `unflatten`).  Where the summands' own bases are those of the atoms, as usual, flat features are
the user's in another order and one gather makes them; in small dimensions one matrix product does; in others they are
made summand by summand.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from intertwine.reps import Rep
from intertwine.reps._frame import Frame, frame
from torch import Tensor
from torch.nn.functional import linear

from ._constants import Constants
from ._module import Derived, check_like, check_width, fixed

SMALL = 64  # dimension up to which a change of basis is one matrix
ROUNDING = 1e-13  # up to which a matrix is taken for a permutation
Matrices = Sequence[Tensor | None]  # of the summands, None for 1


def flatten(atoms: Sequence[Tensor]) -> Tensor:
    """Atoms [(d, ..., m)] to flat features (..., Σ d·m).

    Examples
    --------
    >>> flatten([torch.zeros(1, 5, 4), torch.zeros(3, 5, 2)]).shape
    torch.Size([5, 10])
    """
    return _cat([x.movedim(0, -2).flatten(-2) for x in atoms], -1)


def unflatten(x: Tensor, shape: Sequence[tuple[int, int]]) -> list[Tensor]:
    """Inverse of `flatten`; shape [(d, m)]."""
    parts = x.split([d * m for d, m in shape], -1)
    return [p.unflatten(-1, s).movedim(-2, 0) for p, s in zip(parts, shape)]


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


def split_up(x: Tensor, pieces: Sequence[Piece], matrices: Matrices) -> list[Tensor]:
    """Feature vectors (..., dim) to atoms, summand by summand."""
    found: dict[int, list[Tensor]] = {}
    for piece, matrix in zip(pieces, matrices):
        copies = [x[..., s : s + n * piece.size].unflatten(-1, (n, piece.size)) for s, n in piece.runs]
        y = _cat(copies, -2)  # (..., copies, size)
        y = y if matrix is None else linear(y, matrix)
        for part, (i, m, d, _) in zip(y.split([m * d for _, m, d, _ in piece.parts], -1), piece.parts):
            found.setdefault(i, []).append(part.unflatten(-1, (m, d)).movedim(-1, 0).flatten(-2))
    return [_cat(found[i], -1) for i in range(len(found))]


def put_together(atoms: Sequence[Tensor], pieces: Sequence[Piece], matrices: Matrices) -> Tensor:
    """Inverse of `split_up`, with the inverse matrices."""
    placed: list[tuple[int, Tensor]] = []
    for piece, matrix in zip(pieces, matrices):
        n = piece.copies
        parts = [
            atoms[i][..., first : first + n * m].unflatten(-1, (n, m)).movedim(0, -1).flatten(-2)
            for i, m, _, first in piece.parts
        ]
        y = _cat(parts, -1)  # (..., copies, size)
        y = y if matrix is None else linear(y, matrix)
        runs = y.split([n for _, n in piece.runs], -2)
        placed += [(start, run.flatten(-2)) for (start, _), run in zip(piece.runs, runs)]
    return _cat([run for _, run in sorted(placed, key=lambda pair: pair[0])], -1)


class _Frame(Derived):
    """A change of basis between feature vectors and flat features.

    Attributes
    ----------
    is_same : bool
        There is nothing to change.
    order : int64 Tensor (dim,) or None
        The change is a gather of coordinates in this order.
    whole : Tensor (dim, dim) or None
        The change is this matrix.
    """

    order: Tensor | None
    whole: Tensor | None

    def __init__(self, rep: Rep, side: str, dtype: torch.dtype, device: torch.device | str | None) -> None:
        super().__init__()
        self.rep, self.width = rep, rep.dim
        self.pieces = pieces(frame(rep))
        self.shape = tuple((atom.dim, m) for atom, m in frame(rep).atoms)
        arrays = {f"{side}{k}": getattr(term, side) for k, term in enumerate(frame(rep).terms)}
        self.names = tuple(arrays)
        self.constants = Constants(arrays, dtype, device)
        self.refresh()

    @abstractmethod
    def by_pieces(self, x: Tensor, matrices: Matrices) -> Tensor:
        """The change, summand by summand, with the given matrices; (..., dim) both."""

    def refresh(self) -> None:
        """Look what the matrices of all summands come to."""
        self.is_same, self.order, self.whole = False, None, None
        masters, copy = [self.constants.get_buffer(name) for name in self.names], self.constants.value(self.names[0])
        if any(t.is_meta for t in (*masters, copy)):
            return
        masters = [t.cpu() for t in masters]
        if all(map(_is_permutation, masters)):
            at = torch.arange(self.width, dtype=torch.float64, device="cpu")
            order = self.by_pieces(at, [t.real for t in masters]).round().long()
            self.is_same = bool((order == at).all())
            self.order = None if self.is_same else fixed(order.to(copy.device))
        elif self.width <= SMALL:
            one = torch.eye(self.width, dtype=masters[0].dtype, device="cpu")
            self.whole = fixed(self.by_pieces(one, masters).T.contiguous().to(copy.device, copy.dtype))

    @property
    def matrices(self) -> list[Tensor | None]:
        """Of all summands."""
        return [None if self.constants.is_one(name) else self.constants.value(name) for name in self.names]

    @property
    def is_short(self) -> bool:
        """Whether whole vectors are changed at once."""
        return self.is_same or self.order is not None or self.whole is not None

    def change(self, x: Tensor) -> Tensor:
        """Between feature vectors and flat features, (..., dim) both."""
        if self.is_same:
            return x
        if self.order is not None:
            return x.index_select(-1, self.order)
        if self.whole is not None:
            return linear(x, self.whole)
        return self.by_pieces(x, self.matrices)

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

    def by_pieces(self, x: Tensor, matrices: Matrices) -> Tensor:
        """To flat features, summand by summand."""
        return flatten(split_up(x, self.pieces, matrices))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Change the basis."""
        self._check(x)
        atoms = unflatten(self.change(x), self.shape) if self.is_short else split_up(x, self.pieces, self.matrices)
        return [atom.contiguous() for atom in atoms]

    def flat(self, x: Tensor) -> Tensor:
        """The same as flat features (..., rep.dim)."""
        self._check(x)
        return self.change(x)

    def _check(self, x: Tensor) -> None:
        check_width(x, self.width, self.rep)
        if not self.is_same and self.order is None:
            check_like(x, self.constants.value("enc0"))

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

    def by_pieces(self, x: Tensor, matrices: Matrices) -> Tensor:
        """From flat features, summand by summand."""
        return put_together(unflatten(x, self.shape), self.pieces, matrices)

    def forward(self, xs: list[Tensor]) -> Tensor:
        """Change the basis back."""
        return self.change(flatten(xs)) if self.is_short else put_together(xs, self.pieces, self.matrices)

    def flat(self, x: Tensor) -> Tensor:
        """The same from flat features (..., rep.dim)."""
        return self.change(x)


def _cat(tensors: list[Tensor], dim: int) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors, dim)


def _is_permutation(t: Tensor) -> bool:
    """Up to rounding."""
    ones = (t.real > 0.5).to(t.dtype)
    is_near = bool((t - ones).abs().max() < ROUNDING)
    return is_near and bool((ones.real.sum(0) == 1).all() and (ones.real.sum(1) == 1).all())
