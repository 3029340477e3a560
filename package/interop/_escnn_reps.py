"""Representations of escnn, as ours with the same matrices for the same elements (`_escnn_groups`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.linalg
from intertwine.groups import Group
from intertwine.reps import Irrep, Rep, Scalar, V
from intertwine.reps._tensor import direct_sum

from ._escnn_groups import Array, element_of, from_escnn_group, matrix_of
from ._peers import require

PROBES = 6  # random elements on which matrices are compared, beside generators
TOLERANCE = 1e-6  # largest difference of their entries
STEP = 0.2  # of the one-parameter subgroups whose logarithms are taken
HIGHEST = 12  # frequency up to which irreps are looked for


def from_escnn(given: Any) -> Rep:
    """The representation with the matrices of one of escnn's, bound to `from_escnn_group` of its group.

    Parameters
    ----------
    given : escnn.group.Representation or escnn.nn.FieldType
        A type gives the direct sum of its representations; the components keep their order.

    Returns
    -------
    Rep
        `Scalar`, `V` and the frequencies of SO(2) and O(2) where they are that, sums where it is one, and otherwise
        ``Rep.from_matrices`` of the generators' images.

    Raises
    ------
    ImportError
        Without escnn.
    TypeError, ValueError
        For something else, or a group that is not known here.

    Examples
    --------
    >>> from escnn import gspaces
    >>> space = gspaces.flipRot2dOnR2(-1)
    >>> rep = from_escnn(space.type(space.trivial_repr, space.irrep(1, 2)))
    >>> rep, rep.group
    (Scalar + Irrep(2), O(2))
    """
    kinds = require("escnn.group")
    pieces = getattr(given, "representations", None)
    if isinstance(given, kinds.Representation):
        pieces = (given,)
    if not isinstance(pieces, tuple):
        raise TypeError(f"from_escnn takes a Representation or a FieldType of escnn, got {given!r}")
    group = from_escnn_group(pieces[0].group)
    found = {piece: _read(piece, group) for piece in dict.fromkeys(pieces)}
    return direct_sum((1, found[piece]) for piece in pieces)


def space_of(gspace: Any, points: bool = False) -> Rep:
    """How a space's group acts on the axes of a tensor: what `GridConv` takes as ``space``.

    escnn's points have coordinates (x, y, z), and its grids axes (−y, x) and (−z, −y, x).

    Parameters
    ----------
    gspace : escnn.gspaces.GSpace
        On the plane or in space.
    points : bool
        The action on coordinates of points instead: what `PointConv` takes.

    Raises
    ------
    ImportError
        Without escnn.
    TypeError
        If it is no space.
    ValueError
        If it has no points.

    Examples
    --------
    The reflection (−x, y) changes the sign of a point's first coordinate, and the direction of a grid's second axis:

    >>> from escnn import gspaces
    >>> space = gspaces.flip2dOnR2()
    >>> space_of(space, points=True)
    Rep.from_matrices(discrete=[[[-1, 0], [0, 1]]])
    >>> space_of(space)
    Rep.from_matrices(discrete=[[[1, 0], [0, -1]]])
    """
    if not isinstance(gspace, require("escnn.gspaces").GSpace):
        raise TypeError(f"space_of takes a GSpace of escnn, got {gspace!r}")
    if gspace.dimensionality not in (2, 3):
        raise ValueError(f"{gspace} has no points that its group could move: take a space of 2 or 3 dimensions")
    axes = np.eye(gspace.dimensionality) if points else tensor_axes(gspace.dimensionality)
    action = gspace.basespace_action
    return _from_callable(lambda e: axes @ action(e) @ axes.T, gspace.fibergroup)


def tensor_axes(n: int) -> Array:
    """Coordinates (x, y, …) to those along the axes of escnn's grids (n, n).

    Examples
    --------
    >>> tensor_axes(2) @ [3, 4]  # x = 3, y = 4: 4 rows up, 3 columns to the right
    array([-4.,  3.])
    """
    axes = np.eye(n)[::-1].copy()
    axes[:-1] *= -1
    return axes


def same(group: Group, fiber: Any) -> bool:
    """Whether a group of ours has the elements of one of escnn."""
    from intertwine.groups import same_group

    return same_group(group, from_escnn_group(fiber))


def difference(rep: Rep, representation: Any) -> float:
    """Largest difference of matrices of ours and of escnn, on elements that generate the group."""
    if rep.dim != representation.size:
        return float("inf")
    return _apart(rep, representation, representation.group)


def _apart(rep: Rep, of: Any, fiber: Any) -> float:
    return max(float(np.abs(rep.rho(matrix_of(e)) - of(e)).max()) for e in probes(fiber))


def probes(fiber: Any) -> list[Any]:
    """Elements that generate the group (a dense part of it), the same in every call: matrices are compared on them."""
    group = from_escnn_group(fiber)
    elements = [*_floats(group.discrete, group.d), *group.sample(PROBES, rng=0)]
    return [element_of(fiber, g) for g in elements]


def _read(representation: Any, group: Group) -> Rep:
    fiber = representation.group
    plain = np.array_equal(representation.change_of_basis, np.eye(representation.size))
    if plain and len(representation.irreps) > 1:
        irreps = [fiber.irrep(*name) for name in representation.irreps]
        return direct_sum((1, _read(irrep, group)) for irrep in irreps)
    return _from_callable(representation, fiber)


def _from_callable(of: Any, fiber: Any) -> Rep:
    """A representation given by the matrices of escnn's elements."""
    group = from_escnn_group(fiber)
    size = len(of(fiber.identity))
    for rep in _known(group, size):
        if _apart(rep, of, fiber) < TOLERANCE:
            return rep
    if not (group.algebra or group.discrete):
        return size * Scalar(group)
    algebra = [_derivative(of, fiber, a) for a in _floats(group.algebra, group.d)]
    discrete = [np.asarray(of(element_of(fiber, h))) for h in _floats(group.discrete, group.d)]
    made = Rep.from_matrices(group, [_tidy(m) for m in algebra], [_tidy(m) for m in discrete])
    if _apart(made, of, fiber) > TOLERANCE:
        raise ValueError(f"the matrices of {of!r} are no representation of {group.name}")
    return made


def _floats(matrices: Sequence[Any], d: int) -> Array:
    """In the order of ``group.algebra`` or ``group.discrete``, unscaled."""
    return np.array([np.array(m.tolist(), dtype=float) for m in matrices]).reshape(-1, d, d)


def _known(group: Group, size: int) -> Iterator[Rep]:
    """Representations with a name of their own."""
    if size == 1:
        yield Scalar(group)
    if size == group.d:
        yield V(group)
    if group.d == 2 and not group.is_finite:
        labels = ["0-"] if size == 1 else list(range(2, HIGHEST + 1)) if size == 2 else []
        for label in labels if group.discrete else [k for k in labels if k != "0-"]:
            yield Irrep(label)(group)


def _derivative(of: Any, fiber: Any, a: Array) -> Array:
    """D of exp(t A) ↦ exp(t D), from one t for which D is small enough to be read."""
    image = np.asarray(of(element_of(fiber, scipy.linalg.expm(STEP * a / max(1, len(of(fiber.identity)))))))
    found = scipy.linalg.logm(image) / (STEP / max(1, len(image)))
    skew = (found - found.T) / 2
    return skew if np.abs(found - skew).max() < TOLERANCE else found


def _tidy(m: Array) -> Array:
    """Entries that are multiples of 1/2 up to rounding, as they are."""
    near = np.round(2 * m) / 2
    return np.where(np.abs(m - near) < 1e-12 * max(1.0, float(np.abs(m).max())), near, m)
