"""Normalisation by invariants: the root mean square of every unitary atom, per sample."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from intertwine.groups import Group
from intertwine.reps import Rep
from intertwine.reps._frame import Atom, frame
from torch import Tensor, nn

from ._frame import Decode, Encode
from ._module import Derived, Layer, bind, check_width, feature_dtype, fixed, is_number, square

Atoms = Sequence[tuple[Atom, int]]
EPS = 1e-4


class NormAtoms(Layer):
    """x / √(mean |x|² + ε) · scale for every unitary atom; other atoms pass unchanged.

    The mean is over the copies and components of one atom of one sample: nothing mixes the batch.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import V
    >>> from intertwine.reps._frame import frame
    >>> (y,) = NormAtoms(frame((4 * V)(SO(3))).atoms)([100 * torch.randn(3, 5, 4)])
    >>> y.square().mean((0, -1)).round(decimals=3)
    tensor([1., 1., 1., 1., 1.], grad_fn=<RoundBackward1>)
    """

    def __init__(
        self,
        atoms: Atoms,
        eps: float = EPS,
        affine: bool = True,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.eps = eps
        self.unitary = tuple(a.is_unitary for a, _ in atoms)
        real = torch.empty(0, dtype=dtype).real.dtype
        self.scales = nn.ParameterList(
            nn.Parameter(torch.ones(m, dtype=real, device=device))
            for (_, m), unitary in zip(atoms, self.unitary)
            if unitary and affine
        )
        self.affine = affine

    def forward(self, xs: list[Tensor]) -> list[Tensor]:
        """Normalise."""
        scales = iter(self.scales)
        out = []
        for x, unitary in zip(xs, self.unitary):
            y = x * rms_inverse(x, self.eps) if unitary else x
            out.append(y * next(scales) if unitary and self.affine else y)
        return out


def rms_inverse(x: Tensor, eps: float) -> Tensor:
    """1/√(mean |x|² + ε) over components and copies of atoms (d, ..., m): (1, ..., 1); smooth at 0."""
    mean = square(x).sum((0, -1), keepdim=True) / (x.shape[0] * x.shape[-1])
    return torch.rsqrt(mean + eps).to(x.real.dtype if x.is_complex() else x.dtype)


class Norm(Derived):
    """Divide every atom of a representation by the root mean square over its copies and components.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    eps : float
        Added to the mean square; makes the layer smooth at 0.
    affine : bool
        Learn one scale per copy.
    strict : bool
        Refuse parts without an invariant norm; otherwise they pass unchanged.
    device, dtype : as in `Linear`

    Raises
    ------
    ValueError
        If ``strict`` and an atom of the representation has no invariant norm (a vector of SL(n), Sp(n) or O(1, 3)).

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> layer = Norm(8 * Scalar + 4 * V, group=SO(3))
    >>> layer
    Norm(8 * Scalar + 4 * V | SO(3) | 12 weights)
    >>> y = layer(100 * torch.randn(5, 20))
    >>> bool((y[:, 8:].square().mean(-1) - 1).abs().max() < 1e-3)
    True
    """

    atom: Tensor | None
    copy: Tensor | None

    def __init__(
        self,
        rep: Rep,
        group: Group | None = None,
        eps: float = EPS,
        affine: bool = True,
        strict: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not is_number(eps):
            raise ValueError(f"eps is a number >= 0, got {eps!r}")
        self.group, (self.rep_in,) = bind(group, rep=rep)
        self.rep_out = self.rep_in
        if strict:
            check_unitary(self.rep_in, "Norm")
        dtype = feature_dtype(dtype, self.rep_in.is_complex)
        self.encode, self.decode = Encode(self.rep_in, dtype, device), Decode(self.rep_in, dtype, device)
        self.atoms = NormAtoms(frame(self.rep_in).atoms, eps, affine, dtype, device)
        self.refresh()

    def refresh(self) -> None:
        """Look up of which atom and copy every coordinate is, where all atoms are unitary."""
        self.atom, self.copy, like = None, None, self.encode.constants.value("enc0")
        if like.is_meta or like.is_complex() or not all(self.atoms.unitary):
            return
        atom, copy, first = [], [], 0
        for i, (d, m) in enumerate(self.encode.shape):
            atom += [i] * (d * m)
            copy += list(range(first, first + m)) * d
            first += m
        self.atom, self.copy = (fixed(torch.tensor(at, device=like.device)) for at in (atom, copy))

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., rep.dim) to (..., rep.dim)."""
        check_width(x, self.rep_in.dim, self.rep_in)
        if self.atom is None or self.copy is None:
            return self.decode(self.atoms(self.encode(x)))
        y = self.encode.flat(x)
        parts = square(y).split([d * m for d, m in self.encode.shape], -1)
        mean = torch.stack([part.mean(-1) for part in parts], -1)
        y = y * torch.rsqrt(mean + self.atoms.eps).to(y.dtype).index_select(-1, self.atom)
        if self.atoms.affine:
            y = y * torch.cat(list(self.atoms.scales)).index_select(0, self.copy)
        return self.decode.flat(y)

    def __repr__(self) -> str:
        n = sum(p.numel() for p in self.parameters())
        return f"Norm({self.rep_in!r} | {self.group.name} | {n} weights)"


def check_unitary(rep: Rep, name: str) -> None:
    """Raise a ValueError if an atom of a representation has no invariant norm."""
    bad = [a for a, _ in frame(rep).atoms if not a.is_unitary]
    if bad:
        shown = ", ".join(f"{a!r} (dim {a.dim})" for a in bad)
        raise ValueError(
            f"{name}({rep!r}) over {bad[0].group.name}: the parts {shown} have no invariant positive norm; normalise "
            "only the parts that have one (scalars always do), or build invariants with Bilinear"
        )
