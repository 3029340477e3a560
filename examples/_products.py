"""Invariants of vectors under any group, by its bilinear and its linear forms."""

from __future__ import annotations

import torch
from intertwine.groups import Group
from intertwine.reps import Scalar, V
from torch import Tensor, nn


class Products(nn.Module):
    """Invariants of vectors under a group: their products by all its bilinear forms, and its linear forms.

    Both are bases of Hom spaces: for O(1, 3) the scalar product alone, for rotations of space E E', p·p' and E, for no
    symmetry all components and their products.  In double precision.

    Parameters
    ----------
    group : Group
    first : (d, d) Tensor, optional
        A form that comes first wherever it is invariant, normalised like the others: with the scalar product of
        space-time no group has to make masses of small differences.

    Examples
    --------
    >>> from intertwine.groups import SO, Lorentz
    >>> x = torch.tensor([5.0, 0.0, 3.0, 0.0], dtype=torch.float64)
    >>> Products(Lorentz())(x, x).abs(), Products(SO(3).embed(4, start=1)).own(x).abs().shape
    (tensor([8.0000], dtype=torch.float64), torch.Size([3]))
    """

    forms: Tensor
    linear: Tensor

    def __init__(self, group: Group, first: Tensor | None = None) -> None:
        super().__init__()
        forms = torch.from_numpy((V * V >> Scalar)(group).basis().dense().reshape(-1, group.d, group.d))
        linear = torch.from_numpy((V >> Scalar)(group).basis().dense().reshape(-1, group.d))
        if first is not None and len(forms) > 1:
            kept, unit = forms.flatten(1), first / first.norm()
            if torch.allclose(kept.mT @ (kept @ unit.flatten()), unit.flatten()):
                forms = torch.cat([unit[None], forms])
        self.register_buffer("forms", forms)
        self.register_buffer("linear", linear)

    @property
    def count(self) -> int:
        """Number of invariants of one vector."""
        return len(self.forms) + len(self.linear)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Products (..., forms) of vectors (..., d)."""
        return torch.einsum("...a,rab,...b->...r", x, self.forms, y)

    def own(self, x: Tensor) -> Tensor:
        """Products of vectors (..., d) with themselves, and linear invariants: (..., count)."""
        return torch.cat([self(x, x), x @ self.linear.mT], -1)

    def apart(self, v: Tensor) -> Tensor:
        """Of all differences v_i − v_j of vectors (n, k, copies, d) what `own` gives, (n, k, k, copies, count).

        By (v_i − v_j)² = v_i² − v_i·v_j − v_j·v_i + v_j², which is exact enough in double precision.
        """
        own, lines = self(v, v), v @ self.linear.mT
        cross = torch.einsum("nica,rab,njcb->nijcr", v, self.forms + self.forms.mT, v)
        squares = own.unsqueeze(2) + own.unsqueeze(1) - cross
        return torch.cat([squares, lines.unsqueeze(2) - lines.unsqueeze(1)], -1)
