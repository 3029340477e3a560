"""A nonlinearity of products of features with themselves."""

from __future__ import annotations

import torch
from intertwine.groups import Group
from intertwine.reps import Rep
from intertwine.reps._frame import frame
from torch import Tensor

from ._emlp import SelfProducts
from ._frame import Decode, Encode
from ._init import balance_products
from ._linear import LinearAtoms
from ._module import Layer, bind, check_silent, feature_dtype, is_number, weights


class TensorProductAct(Layer):
    """x to L[x, x ⊗ x]: every feature mixed with Clebsch–Gordan products of the features with themselves.

    A polynomial of degree two, for any group; small atoms are multiplied in all pairs of copies, large ones channel by
    channel after a mixing.  Stack it with `Norm` layers: powers grow.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    rep_out : Rep, optional
        By default ``rep``.
    gain : float
        Size of the products beside the linear part at the start.
    device, dtype : as in `Linear`

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import Lorentz
    >>> from intertwine.reps import Scalar, V
    >>> layer = TensorProductAct(8 * Scalar + 4 * V, group=Lorentz())
    >>> layer
    TensorProductAct(8 * Scalar + 4 * V | O(1, 3) | ... weights)
    >>> layer(torch.randn(5, 24)).shape
    torch.Size([5, 24])

    References
    ----------
    Kondor, Lin, Trivedi, Clebsch–Gordan Nets, NeurIPS 2018, arXiv:1806.09231.
    """

    def __init__(
        self,
        rep: Rep,
        group: Group | None = None,
        rep_out: Rep | None = None,
        gain: float = 0.5,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not is_number(gain):
            raise ValueError(f"gain is a number >= 0, got {gain!r}")
        self.group, (self.rep_in, self.rep_out) = bind(group, rep=rep, rep_out=rep if rep_out is None else rep_out)
        check_silent(group, rep, rep if rep_out is None else rep_out)
        dtype = feature_dtype(dtype, self.rep_in.is_complex or self.rep_out.is_complex)
        atoms, atoms_out = frame(self.rep_in).atoms, frame(self.rep_out).atoms
        self.encode, self.decode = Encode(self.rep_in, dtype, device), Decode(self.rep_out, dtype, device)
        self.multiply = SelfProducts(atoms, [a for a, _ in atoms_out], dtype, device)
        self.mix = LinearAtoms([*atoms, *self.multiply.products], atoms_out, True, dtype, device)
        balance_products(self.mix, len(atoms), gain)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., rep.dim) to (..., rep_out.dim)."""
        self.encode.check(x)
        h = self.encode(x)
        return self.decode(self.mix([*h, *self.multiply(h)]))

    def __repr__(self) -> str:
        to = "" if self.rep_out == self.rep_in else f" -> {self.rep_out!r}"
        return f"TensorProductAct({self.rep_in!r}{to} | {self.group.name} | {weights(self)} weights)"
