"""Layers that change what a feature means: its invariants, and its representation of a smaller group."""

from __future__ import annotations

import torch
from intertwine.groups import Group
from intertwine.reps import Rep, Restrict, Scalar
from torch import Tensor

from ._invariants import Invariants
from ._module import Layer, bind, check_width, feature_dtype


class InvariantMap(Layer):
    """Invariants of features: trivial atoms as they are, a norm or the root of an indefinite form per copy of others.

    The root of a complex form q has its phase: q / √|q|.

    Parameters
    ----------
    rep : Rep
    group : Group, optional
    device, dtype : as in `Linear`

    Raises
    ------
    ValueError
        If the representation has neither an invariant nor a norm (use `Bilinear` to make invariants).

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> layer = InvariantMap(4 * Scalar + 2 * V, group=O(3))
    >>> layer
    InvariantMap(4 * Scalar + 2 * V -> 6 * Scalar | O(3))
    >>> layer(torch.randn(7, 10)).shape
    torch.Size([7, 6])
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
        self.invariants = Invariants(self.rep_in, feature_dtype(dtype, self.rep_in.is_complex), device)
        if not self.invariants.count:
            raise ValueError(
                f"{self.rep_in!r} of {self.group.name} has no invariants and no invariant norms: make invariants "
                "first, e.g. with Linear or Bilinear to n * Scalar"
            )
        self.rep_out = self.invariants.count * Scalar(self.group)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., rep.dim) to invariants (..., rep_out.dim)."""
        check_width(x, self.rep_in.dim, self.rep_in)
        return self.invariants(x)[1].to(x.dtype)

    def __repr__(self) -> str:
        return f"InvariantMap({self.rep_in!r} -> {self.rep_out!r} | {self.group.name})"


class Restriction(Layer):
    """The same features, seen as a representation of a subgroup: from here on a network keeps less symmetry.

    Parameters
    ----------
    rep : Rep
        Bound to the group, or together with ``group``.
    subgroup : Group
        ``rep_out`` is bound to it.
    group : Group, optional

    Attributes
    ----------
    group : Group
        The subgroup: what the layer, and everything after it, commutes with.

    Examples
    --------
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> fixing = O(3).subgroup(fixing=[0, 0, 1])
    >>> layer = Restriction(Scalar + V, fixing, group=O(3))
    >>> layer
    Restriction(Scalar + V | O(3) -> O(3) fixing (0, 0, 1))
    >>> layer.rep_out.group == fixing
    True
    """

    def __init__(self, rep: Rep, subgroup: Group, group: Group | None = None) -> None:
        super().__init__()
        whole, (self.rep_in,) = bind(group, rep=rep)
        self.rep_out = Restrict(whole, self.rep_in)(subgroup)
        self.whole, self.group = whole, subgroup

    def forward(self, x: Tensor) -> Tensor:
        """Features (..., rep.dim), unchanged."""
        check_width(x, self.rep_in.dim, self.rep_in)
        return x

    def __repr__(self) -> str:
        return f"Restriction({self.rep_in!r} | {self.whole.name} -> {self.group.name})"
