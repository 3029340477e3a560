"""Modules of fields on grids, on the symmetries of the grid."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from intertwine.reps import Rep
from torch import Tensor

from ._features import relative, reps_of, transform, undisturbed


def grid_symmetries(space: Rep) -> list[Any]:
    """The elements of a group that map a square grid to itself: their matrices on ``space`` are signed permutations.

    Of a finite group, all of them by enumeration; of others, those among the matrices of the group itself, for
    ``space = V``.

    Parameters
    ----------
    space : bound Rep
        Acts on grid coordinates.

    Returns
    -------
    list of ndarray (d, d)
        Elements of ``space.group``, the identity among them.

    Examples
    --------
    >>> from intertwine.groups import SO, C, O
    >>> from intertwine.reps import V
    >>> [len(grid_symmetries(V(group))) for group in (SO(2), O(3), C(6))]
    [4, 48, 2]
    """
    group = space.group
    if group is None:
        raise ValueError(f"space = {space!r} is not bound to a group: write it as {space!r}(group)")
    n = space.dim
    if not group.is_finite:
        signed = [
            np.eye(n)[list(order)] * signs
            for order in itertools.permutations(range(n))
            for signs in itertools.product((1.0, -1.0), repeat=n)
        ]
        if group.d != n:
            return [np.eye(group.d)]
        moved = [space.rho(m) if m in group else None for m in signed]
        return [m for m, r in zip(signed, moved) if r is not None and _is_signed_permutation(r)]
    return [g for g in group.elements() if _is_signed_permutation(space.rho(g))]


def _is_signed_permutation(m: Any) -> bool:
    size = np.abs(m)
    return bool(np.allclose(m.real, np.round(m.real), atol=1e-8) and np.allclose(size.sum(0), 1) and not m.imag.any())


def transform_field(x: Tensor, rep: Rep, g: Any, space: Rep) -> Tensor:
    """(g f)(p) = ρ(g) f(g⁻¹ p) for a field on a grid around its centre, g one of its symmetries.

    Parameters
    ----------
    x : Tensor (batch, rep.dim, *spatial)
    rep : bound Rep
    g : ndarray (d, d)
        One of `grid_symmetries`.
    space : bound Rep
        Acts on grid coordinates, in the order of the spatial axes.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])  # a quarter turn takes the first axis to the second
    >>> transform_field(x, Scalar(SO(2)), np.array([[0.0, -1.0], [1.0, 0.0]]), V(SO(2)))[0, 0]
    tensor([[2., 4.],
            [1., 3.]])
    """
    matrix = np.round(np.real(space.rho(g))).astype(int)
    if not _is_signed_permutation(space.rho(g)):
        raise ValueError("g does not map the grid to itself: take it from grid_symmetries(space)")
    sources = np.abs(matrix).argmax(1)  # axis of the input that becomes each axis
    flipped = [2 + i for i, j in enumerate(sources) if matrix[i, j] < 0]
    moved = x.permute(0, 1, *(2 + int(j) for j in sources)).flip(flipped)
    return transform(moved.movedim(1, -1), rep, g).movedim(-1, 1)


def field_equivariance_error(
    module: Callable[..., Tensor],
    x: Tensor,
    space: Rep,
    rep_in: Rep | None = None,
    rep_out: Rep | None = None,
    *,
    attr: Tensor | None = None,
    attributes: Rep | None = None,
) -> float:
    """Largest relative error ‖f(g x) − g f(x)‖ / ‖f(x)‖ over the symmetries g of the grid that are in the group.

    Parameters
    ----------
    module : callable
        From fields (batch, rep_in.dim, *spatial) to fields (batch, rep_out.dim, *spatial) or, pooled,
        (batch, rep_out.dim).
    x : Tensor
    space : bound Rep
    rep_in, rep_out : Rep, optional
        Taken from the module where they are left out.
    attr, attributes : optional
        A second argument (batch, attributes.dim), and the representation that acts on it.

    Returns
    -------
    float

    Examples
    --------
    >>> import torch
    >>> from intertwine.conv import GridConv
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> conv = GridConv(Scalar, V, group=O(2), kernel_size=3, padding=1)
    >>> field_equivariance_error(conv, torch.randn(1, 1, 6, 6), V(O(2))) < 1e-5
    True
    """
    _, (first,), (last,) = reps_of(module, space.group, rep_in, rep_out)
    assert first is not None
    assert last is not None
    more = () if attr is None else (attr,)
    worst = 0.0
    with undisturbed(module):
        plain = module(x, *more).detach()
        for g in grid_symmetries(space):
            turned = () if attr is None else (transform(attr, attributes, g),)
            moved = module(transform_field(x, first, g, space), *turned).detach()
            expected = transform(plain, last, g) if plain.ndim == 2 else transform_field(plain, last, g, space)
            worst = max(worst, relative(moved, expected) if moved.shape == expected.shape else float("inf"))
    return worst
