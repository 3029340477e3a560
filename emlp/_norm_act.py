"""Nonlinearities of invariant norms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from intertwine.groups import Group
from intertwine.reps import Rep
from intertwine.reps._frame import Atom, frame
from torch import Tensor, nn

from ._constants import Constants
from ._frame import Decode, Encode
from ._gate import act, gate
from ._invariants import quadratic_forms, root
from ._module import Layer, bind, check_width, feature_dtype, square, weights

Atoms = Sequence[tuple[Atom, int]]


class NormAct(Layer):
    """Invariants through SiLU, every other copy of an atom scaled by a sigmoid of its own norm.

    x becomes 1.85 sigmoid(a |x| / √d + b) x with learned a and b for every copy, d the dimension of its atom; where
    there is no norm but an indefinite form q (vectors of O(1, 3)), its signed root takes the place of |x|.  At the
    start a = 1 and b = −1.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    device, dtype : as in `Linear`

    Raises
    ------
    ValueError
        If an atom has neither an invariant norm nor an invariant form (vectors of SL(n) or Sp(n)).

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> layer = NormAct(8 * Scalar + 4 * V, group=SO(3))
    >>> layer
    NormAct(8 * Scalar + 4 * V | SO(3) | 8 weights)
    >>> layer(torch.randn(5, 20)).shape
    torch.Size([5, 20])

    References
    ----------
    Worrall et al., Harmonic Networks, CVPR 2017, arXiv:1612.04642, section 4; Weiler, Cesa, General E(2)-Equivariant
    Steerable CNNs, NeurIPS 2019, arXiv:1911.08251, section 2.6.
    """

    def __init__(
        self,
        rep: Rep,
        group: Group | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.group, (self.rep_in,) = bind(group, rep=rep)
        self.rep_out = self.rep_in
        dtype = feature_dtype(dtype, self.rep_in.is_complex)
        self.encode, self.decode = Encode(self.rep_in, dtype, device), Decode(self.rep_in, dtype, device)
        atoms = frame(self.rep_in).atoms
        self.trivial = tuple(a.is_trivial for a, _ in atoms)
        forms = {i: _form(a, self.rep_in) for i, (a, _) in enumerate(atoms) if not a.is_unitary}
        self.constants = Constants({f"form{i}": form for i, form in forms.items()}, dtype, device)
        self.has_form = tuple(i in forms for i in range(len(atoms)))
        real = torch.empty(0, dtype=dtype).real.dtype
        sizes = [m for (_, m), trivial in zip(atoms, self.trivial) if not trivial]
        self.slopes = nn.ParameterList(nn.Parameter(torch.ones(m, dtype=real, device=device)) for m in sizes)
        self.shifts = nn.ParameterList(nn.Parameter(torch.full((m,), -1.0, dtype=real, device=device)) for m in sizes)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., rep.dim) to (..., rep.dim)."""
        check_width(x, self.rep_in.dim, self.rep_in)
        learned = iter(zip(self.slopes, self.shifts))
        out = []
        for i, y in enumerate(self.encode(x)):
            if self.trivial[i]:
                out.append(act(y))
                continue
            slope, shift = next(learned)
            out.append(y * gate(slope * self._size(i, y) + shift).to(y.dtype))
        return self.decode(out)

    def _size(self, i: int, y: Tensor) -> Tensor:
        """|y| / √d of every copy, or the signed root of its form: (..., m)."""
        if self.has_form[i]:
            form = self.constants.value(f"form{i}")
            return root((torch.tensordot(form, y, 1) * y).mean(0))
        return root(square(y).mean(0))

    def __repr__(self) -> str:
        return f"NormAct({self.rep_in!r} | {self.group.name} | {weights(self)} weights)"


def _form(atom: Atom, rep: Rep) -> np.ndarray:
    forms = quadratic_forms(atom)
    if not len(forms) or np.iscomplexobj(forms):
        raise ValueError(
            f"NormAct({rep!r}) over {atom.group.name}: the part {atom!r} (dim {atom.dim}) has no invariant norm or "
            "real form; use a Gate, whose gates are invariants made with Bilinear"
        )
    return forms[0]
