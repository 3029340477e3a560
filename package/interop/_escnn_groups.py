"""Groups of escnn and ours: the same elements, as matrices.

escnn's groups are abstract; ours are matrices. An element of C_N, D_N, SO(2), O(2) is the rotation of the plane by its
angle, after the reflection (x, −y) where it has one; of SO(3), the octahedral and icosahedral groups its rotation
matrix, times −1 where the inversion belongs to it; of another direct product the block-diagonal matrix of its parts.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.linalg
from intertwine.groups import SO, C, Dihedral, Group, Icosahedral, O, Octahedral, same_group
from numpy.typing import NDArray

from ._peers import require

Array = NDArray[Any]
CLOSE = 1e-6  # of two elements that are the same
SUPPORTED = "C_N, D_N, SO(2), O(2), SO(3), O(3), the octahedral and icosahedral groups (full or not), direct products"


def from_escnn_group(group: Any) -> Group:
    """Our group with the same elements as a group of escnn.

    Parameters
    ----------
    group : escnn.group.Group, or a GSpace for its fiber group

    Returns
    -------
    Group
        The catalogue's: ``C(N)``, ``Dihedral(N)``, ``SO(2)``, ``O(2)``, ``SO(3)``, ``O(3)``, ``Octahedral()``,
        ``Icosahedral()``, ``Octahedral(full=True)``, ``Icosahedral(full=True)``, and products.

    Raises
    ------
    ImportError
        Without escnn.
    ValueError
        For any other group.

    Examples
    --------
    >>> from escnn import gspaces, group
    >>> from_escnn_group(group.dihedral_group(4)), from_escnn_group(gspaces.rot2dOnR2(-1))
    (Dihedral(4), SO(2))
    """
    kinds = require("escnn.group")
    group = getattr(group, "fibergroup", group)
    plain = {
        kinds.SO2: lambda: SO(2),
        kinds.O2: lambda: O(2),
        kinds.SO3: lambda: SO(3),
        kinds.O3: lambda: O(3),
        kinds.Octahedral: Octahedral,
        kinds.Icosahedral: Icosahedral,
        kinds.CyclicGroup: lambda: C(group.order()),
        kinds.DihedralGroup: lambda: Dihedral(group.rotation_order),
    }.get(type(group))
    if plain is not None:
        return plain()
    if not isinstance(group, kinds.DirectProductGroup):
        raise ValueError(f"{group!r} is not a group of escnn that is known here: {SUPPORTED}")
    if _is_with_inversion(group):
        return (Octahedral if isinstance(group.G2, kinds.Octahedral) else Icosahedral)(full=True)
    return from_escnn_group(group.G1) * from_escnn_group(group.G2)


def to_escnn_group(group: Group, maximum_frequency: int = 6) -> Any:
    """The group of escnn with the same elements as ours.

    Parameters
    ----------
    group : Group
        Any generators: the groups are compared (`intertwine.groups.same_group`), not their names. A product becomes
        the product of its factors, from the left.
    maximum_frequency : int
        Of the irreps that escnn makes of a continuous group at once.

    Raises
    ------
    ImportError
        Without escnn.
    TypeError
        If it is no Group.
    ValueError
        If escnn has no such group of matrices.

    Examples
    --------
    >>> from escnn.group import dihedral_group
    >>> to_escnn_group(Dihedral(4)) == dihedral_group(4)
    True
    >>> to_escnn_group(C(2) * C(2) * SO(2)).name
    'C2 X C2 X SO(2)'
    """
    kinds = require("escnn.group")
    if not isinstance(group, Group):
        raise TypeError(f"to_escnn_group takes a Group, got {group!r}: from_escnn_group reads those of escnn")
    for found in _candidates(kinds, group, maximum_frequency):
        if same_group(from_escnn_group(found), group):
            return found
    raise ValueError(f"escnn has no group with the matrices of {group.name}; it has {SUPPORTED}")


def matrix_of(element: Any) -> Array:
    """The matrix of an element of escnn in the group that `from_escnn_group` gives, float64 (d, d).

    Examples
    --------
    Of what has escnn's interface, here the reflection after a quarter turn:

    >>> from types import SimpleNamespace
    >>> matrix_of(SimpleNamespace(group=None, to=lambda kind: (1, [[0, -1], [1, 0]])))
    array([[0., 1.],
           [1., 0.]])
    """
    group = element.group
    if hasattr(group, "split_element"):
        parts = [matrix_of(part) for part in group.split_element(element)]
        if _is_with_inversion(group):
            return parts[1] * parts[0][0, 0]
        return np.asarray(scipy.linalg.block_diag(*parts))
    value = element.to("MAT")
    flip, turn = value if isinstance(value, tuple) else (0, value)
    turn = np.asarray(turn, dtype=float)
    return turn @ _flip(len(turn)) if flip else turn


def element_of(group: Any, g: Array) -> Any:
    """The element of a group of escnn with a matrix of ours.

    Raises
    ------
    ValueError
        If it has none.

    Examples
    --------
    >>> from escnn.group import cyclic_group
    >>> quarter = element_of(cyclic_group(4), np.array([[0, -1], [1, 0]]))
    >>> quarter.value, matrix_of(quarter).round()
    (1, array([[ 0., -1.],
           [ 1.,  0.]]))
    """
    g = np.asarray(g, dtype=float)
    if group.order() > 0:
        matrices = np.array([matrix_of(e) for e in group.elements])
        if matrices.shape[1:] == g.shape:
            far = np.abs(matrices - g).max((1, 2))
            if far.min() < CLOSE:
                return group.elements[int(far.argmin())]
        raise ValueError(f"no element of {group.name} has the matrix\n{g}")
    if hasattr(group, "split_element"):
        n = from_escnn_group(group.G1).d
        return group.pair_elements(element_of(group.G1, g[:n, :n]), element_of(group.G2, g[n:, n:]))
    flipped = np.linalg.det(g) < 0
    turn = g @ _flip(len(g)) if flipped else g
    kinds = require("escnn.group")
    return group.element((int(flipped), turn) if isinstance(group, kinds.O2 | kinds.O3) else turn, "MAT")


def _flip(d: int) -> Array:
    """What the second component of O(2) and O(3) consists of: rotations times this."""
    return np.diag([1.0, -1.0]) if d == 2 else -np.eye(d)


def _is_with_inversion(group: Any) -> bool:
    """Whether a direct product is {1, −1} times rotations of a solid."""
    kinds = require("escnn.group")
    return (
        isinstance(group.G1, kinds.CyclicGroup)
        and group.G1.order() == 2
        and isinstance(group.G2, kinds.Octahedral | kinds.Icosahedral)
    )


def _candidates(kinds: Any, group: Group, maximum_frequency: int) -> Iterator[Any]:
    """Groups of escnn that have as many elements, on as many dimensions."""
    if len(group.factors) > 1:
        yield functools.reduce(
            kinds.direct_product, (to_escnn_group(part, maximum_frequency) for part in group.factors)
        )
    elif not group.is_finite and group.d in (2, 3):
        yield from (
            make(maximum_frequency)
            for make in ((kinds.so2_group, kinds.o2_group) if group.d == 2 else (kinds.so3_group, kinds.o3_group))
        )
    elif group.is_finite and group.d == 2:
        yield kinds.cyclic_group(group.order)
        if group.order % 2 == 0:
            yield kinds.dihedral_group(group.order // 2)
    elif group.is_finite and group.d == 3:
        solids = {24: kinds.octa_group, 60: kinds.ico_group, 48: kinds.full_octa_group, 120: kinds.full_ico_group}
        if group.order in solids:
            yield solids[group.order]()
