"""Gated nonlinearities: invariants through SiLU, every other atom scaled by a sigmoid of a learned invariant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import torch
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar
from intertwine.reps._frame import Atom, frame
from torch import Tensor
from torch.nn.functional import silu

from ._frame import Decode, Encode
from ._init import SIGMOID_GAIN, SILU_GAIN
from ._module import Derived, Layer, bind, check_width, feature_dtype, fixed

Atoms = Sequence[tuple[Atom, int]]
ROOT2 = 2**0.5


def act(x: Tensor) -> Tensor:
    """SiLU with unit second moment; of the real and imaginary part of a complex invariant."""
    if x.is_complex():
        parts = silu(torch.view_as_real(x) * ROOT2) * (SILU_GAIN / ROOT2)
        return torch.view_as_complex(parts)
    return silu(x) * SILU_GAIN


def gate(x: Tensor) -> Tensor:
    """Sigmoid with unit second moment; of the real part of a complex invariant."""
    return torch.sigmoid(x.real * ROOT2 if x.is_complex() else x) * SIGMOID_GAIN


class GateAtoms(Layer):
    """The nonlinearity on a list of atoms.

    Attributes
    ----------
    gates : int
        Number of gate invariants: one per copy of every nontrivial atom.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> from intertwine.reps._frame import frame
    >>> GateAtoms(frame((8 * Scalar + 4 * V)(SO(3))).atoms).gates
    4
    """

    def __init__(self, atoms: Atoms) -> None:
        super().__init__()
        self.trivial = tuple(a.is_trivial for a, _ in atoms)
        self.sizes = tuple(m for (a, m), trivial in zip(atoms, self.trivial) if not trivial)
        self.gates = sum(self.sizes)

    def forward(self, xs: list[Tensor], gates: Tensor) -> list[Tensor]:
        """xs [(dim, ..., m)], gates (..., gates); returns a list shaped as xs."""
        parts = iter(gate(gates).split(self.sizes, -1) if self.gates else ())
        return [act(x) if trivial else x * next(parts) for x, trivial in zip(xs, self.trivial)]


class Gate(Derived):
    """Gated nonlinearity of a representation, for any group.

    ``rep_in = rep + gates * Scalar``: the extra invariants, put last, are the gates; ``rep_out = rep``.
    Invariants x in ``rep`` (also those inside, e.g., T(2)) become 1.68 silu(x); every other atom is multiplied by
    1.85 sigmoid(its gate). Both gains keep the second moment of normal features. Complex invariants are
    treated by real and imaginary part, complex gates by their real part.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    device, dtype : as in `Linear`

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> layer = Gate(8 * Scalar + 4 * V, group=SO(3))
    >>> layer
    Gate(8 * Scalar + 4 * V + 4 * Scalar -> 8 * Scalar + 4 * V | SO(3))
    >>> layer(torch.randn(5, layer.rep_in.dim)).shape
    torch.Size([5, 20])

    References
    ----------
    Weiler et al., 3D Steerable CNNs, NeurIPS 2018, arXiv:1807.02547, section 3 (gated nonlinearities).
    """

    at: Tensor | None
    gain: Tensor | None

    def __init__(
        self,
        rep: Rep,
        group: Group | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.group, (self.rep_out,) = bind(group, rep=rep)
        dtype = feature_dtype(dtype, self.rep_out.is_complex)
        self.encode, self.decode = Encode(self.rep_out, dtype, device), Decode(self.rep_out, dtype, device)
        self.atoms = GateAtoms(frame(self.rep_out).atoms)
        self.rep_in = self.rep_out + self.atoms.gates * Scalar(self.group) if self.atoms.gates else self.rep_out
        self.refresh()

    def refresh(self) -> None:
        """Look up which invariant gates every coordinate, and the gains."""
        self.at, self.gain = None, None
        like = self.encode.constants.value("enc0")
        if like.is_meta or like.is_complex():
            return
        at: list[int] = []
        gain: list[float] = []
        gates = iter(range(self.rep_out.dim, self.rep_in.dim))
        for (d, m), is_trivial in zip(self.encode.shape, self.atoms.trivial):
            start = len(at)
            at += range(start, start + m) if is_trivial else list(islice(gates, m)) * d
            gain += [SILU_GAIN if is_trivial else SIGMOID_GAIN] * (d * m)
        self.at = fixed(torch.tensor(at, device=like.device))
        self.gain = fixed(torch.tensor(gain, dtype=like.dtype, device=like.device))

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., rep_in.dim) to (..., rep_out.dim)."""
        check_width(x, self.rep_in.dim, self.rep_in)
        values, gates = x.split((self.rep_out.dim, self.atoms.gates), -1)
        if self.at is None or self.gain is None:
            return self.decode(self.atoms(self.encode(values), gates))
        y = self.encode.flat(values)
        own = torch.cat([y, gates], -1).index_select(-1, self.at)  # silu(x) = x sigmoid(x): an invariant gates itself
        return self.decode.flat(y * torch.sigmoid(own) * self.gain.to(y.dtype))

    def __repr__(self) -> str:
        return f"Gate({self.rep_in!r} -> {self.rep_out!r} | {self.group.name})"
