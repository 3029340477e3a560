"""Measure equivariance, on random elements of the group.

``f`` is equivariant when f(ρ_in(g) x) = ρ_out(g) f(x) for every g. Special elements (quarter turns, swaps) hide
errors, so g is drawn from the Haar measure of SO(n), O(n), SU(n), U(n) and of finite groups, from long random words of
other compact groups, and otherwise among words and exponentials of condition number at most 10, or a generator's
(``group.sample``).

>>> import torch
>>> from intertwine.groups import SO
>>> from intertwine.reps import V
>>> equivariance_error(torch.relu, SO(3), V, V) > 0.1
True
>>> assert_equivariant(lambda x: x * x.square().sum(-1, keepdim=True), SO(3), V, V)
"""

from ._features import assert_equivariant, equivariance_error, transform
from ._fields import field_equivariance_error, grid_symmetries, transform_field

__all__ = [
    "assert_equivariant",
    "equivariance_error",
    "field_equivariance_error",
    "grid_symmetries",
    "transform",
    "transform_field",
]
