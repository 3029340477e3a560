"""Nonlinearities and pooling of features that the group permutes."""

from __future__ import annotations

import numpy as np
import torch
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar
from intertwine.reps._frame import frame
from numpy.typing import NDArray
from torch import Tensor

from ._activations import Function, activation, apply_parts, gain, is_odd
from ._module import Layer, bind, check_width


class Pointwise(Layer):
    """A function applied to every coordinate: equivariant where the group permutes coordinates.

    Parameters
    ----------
    rep : Rep
        Every generator must act as a permutation of coordinates (vectors of S(n), regular representations, functions on
        cosets, invariants), or, if the function is odd, as a permutation with signs.
    group : Group, optional
    act : str or callable
        "silu", "gelu", "softplus", "elu", "relu", "tanh", or a function of tensors, applied coordinate by coordinate;
        scaled to keep the second moment of normal features.

    Raises
    ------
    ValueError
        If the group mixes coordinates in any other way.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import S
    >>> from intertwine.reps import T, V
    >>> layer = Pointwise(V + T(2), group=S(4), act="relu")
    >>> layer
    Pointwise(V + T(2) | S(4), relu)
    >>> layer(torch.randn(5, 20)).shape
    torch.Size([5, 20])
    """

    def __init__(self, rep: Rep, group: Group | None = None, act: str | Function = "silu") -> None:
        super().__init__()
        self.group, (self.rep_in,) = bind(group, rep=rep)
        self.rep_out = self.rep_in
        self.act, self.name = activation(act), act if isinstance(act, str) else getattr(act, "__name__", repr(act))
        self.gain = gain(self.act)
        for term in frame(self.rep_in).terms:
            signs = coordinate_signs(term.rep)
            if signs is None:
                raise ValueError(
                    f"{self.group.name} does not permute the coordinates of {term.rep!r}: a pointwise function would "
                    "break the symmetry; use Gate, NormAct or FourierAct"
                )
            if signs and not is_odd(self.act):
                raise ValueError(
                    f"{self.group.name} permutes the coordinates of {term.rep!r} with signs, and {self.name} is not "
                    "an odd function: use act='tanh'"
                )

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., rep.dim) to (..., rep.dim)."""
        check_width(x, self.rep_in.dim, self.rep_in)
        return apply_parts(self.act, x) * self.gain

    def __repr__(self) -> str:
        return f"Pointwise({self.rep_in!r} | {self.group.name}, {self.name})"


class GroupPool(Layer):
    """The largest coordinate (or the mean) of every summand that the group permutes: an invariant.

    Parameters
    ----------
    rep : Rep
        A sum of representations whose coordinates the group permutes.
    group : Group, optional
    aggr : "max" or "mean"

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import C
    >>> from intertwine.reps import Regular
    >>> pool = GroupPool(2 * Regular, group=C(4))
    >>> pool
    GroupPool(2 * Regular -> 2 * Scalar | C(4))
    >>> pool(torch.tensor([[1.0, 5.0, 2.0, 0.0, 3.0, 3.0, 4.0, -1.0]]))
    tensor([[5., 4.]])

    References
    ----------
    Cohen, Welling, Group Equivariant Convolutional Networks, ICML 2016, arXiv:1602.07576, section 6.3 (coset pooling).
    """

    def __init__(self, rep: Rep, group: Group | None = None, aggr: str = "max") -> None:
        super().__init__()
        if aggr not in ("max", "mean"):
            raise ValueError(f"aggr is 'max' or 'mean', got {aggr!r}")
        self.group, (self.rep_in,) = bind(group, rep=rep)
        self.aggr = aggr
        places = []
        for term in frame(self.rep_in).terms:
            if coordinate_signs(term.rep) is not False or self.rep_in.is_complex:
                raise ValueError(
                    f"{self.group.name} does not permute real coordinates of {term.rep!r}: pool the norms of features "
                    "with InvariantMap"
                )
            places += [(start + k * term.rep.dim, term.rep.dim) for start, n in term.runs for k in range(n)]
        self.sizes = tuple(size for _, size in sorted(places))
        self.rep_out = len(places) * Scalar(self.group)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., rep.dim) to (..., summands)."""
        check_width(x, self.rep_in.dim, self.rep_in)
        parts = x.split(self.sizes, -1)
        return torch.stack([p.amax(-1) if self.aggr == "max" else p.mean(-1) for p in parts], -1)

    def __repr__(self) -> str:
        return f"GroupPool({self.rep_in!r} -> {self.rep_out!r} | {self.group.name})"


def coordinate_signs(rep: Rep) -> bool | None:
    """Whether a representation permutes coordinates with (True) or without (False) signs; None if it does not."""
    if np.abs(rep.algebra).max(initial=0) > 1e-9:
        return None
    matrices: NDArray = rep.discrete
    size = np.abs(matrices)
    unit = np.isclose(size, 0, atol=1e-9) | np.isclose(size, 1, atol=1e-9)
    one = (size > 0.5).sum(-1) == 1
    if not (unit.all() and one.all() and np.abs(matrices.imag).max(initial=0) < 1e-9):
        return None
    return bool((matrices.real < -0.5).any())
