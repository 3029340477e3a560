"""Root diagrams and weight diagrams: whole coordinates in simple roots, drawn in the Euclidean space they span.

The first simple root points along the first axis; in every simple part the longest roots have length √2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from intertwine.groups import Group
from intertwine.groups._roots import RootSystem, root_system
from intertwine.reps import Rep

from ._dynkin import dynkin_weights
from ._figure import A_GROUP, A_REP, COLOURS, Array, one, require, subscript

LONG = 2.0  # squared length of the longest roots
FLAT = 3  # largest rank drawn without projection


def roots(group: Group, axes: Any = None) -> Any:
    """The root diagram of the semisimple part of a group's Lie algebra; simple roots are marked α₁, α₂, …

    Rank 1 is drawn on a line, rank 2 in the plane, rank 3 in space (3D axes), and higher ranks of simple algebras
    projected to the Coxeter plane.  Rank 4 and more needs one simple part.

    Parameters
    ----------
    group : Group
    axes : matplotlib Axes, optional
        In space for rank 3.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        For no group; if there is no semisimple part; if its rank is above 3 and it is not simple.

    Examples
    --------
    >>> from intertwine.groups import SU
    >>> axes = roots(SU(3))
    >>> len(axes.collections[0].get_offsets())
    6

    References
    ----------
    Humphreys (1990), Reflection Groups and Coxeter Groups, §3.17 (the Coxeter plane).
    """
    require(group, Group, A_GROUP)
    system = _system(group)
    if not system.rank:
        raise ValueError(f"the Lie algebra of {group.name} has no semisimple part: it has no roots to draw")
    simple, flat = _embedded(system.cartan_matrix, group.name)
    at = system.roots @ simple  # (n, 1, 2 or 3)
    axes = one(axes, projection="3d" if flat == 3 else None)
    _points(axes, at, COLOURS[0], 30)
    _arrows(axes, at, "0.75", 0.8)
    _simple_roots(axes, simple, at)
    kind = " + ".join(part.type for part in system.parts)
    _tidy(axes, at, f"{group.name}: roots of {kind}" + (", Coxeter plane" if system.rank > FLAT else ""))
    return axes


def weights(rep: Rep, axes: Any = None) -> Any:
    """The weight diagram of a representation: a disc per weight, its multiplicity written inside where it is above 1.

    Drawn in the space of the roots, by rank as in `roots`; the simple roots are shown.  Of a reductive group such as
    U(n) only the semisimple part counts.

    Parameters
    ----------
    rep : bound Rep
    axes : matplotlib Axes, optional
        In space for rank 3.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        For no representation; if it is not bound, or 0; if the group is not reductive, or has no semisimple part; as
        `roots` above rank 3.

    Examples
    --------
    >>> from intertwine.groups import SU
    >>> from intertwine.reps import Adjoint
    >>> axes = weights(Adjoint(SU(3)))
    >>> len(axes.collections[0].get_offsets()), [text.get_text() for text in axes.texts if text.get_text().isdigit()]
    (7, ['2'])
    """
    require(rep, Rep, A_REP)
    if not rep.dim:
        raise ValueError(f"{rep!r} has dimension 0: it has no weights")
    found = dynkin_weights(rep)
    group = rep._require_group()
    simple, flat = _embedded(found.cartan_matrix, group.name)
    in_roots = np.linalg.solve(found.cartan_matrix.T, found.labels.T).T  # labels = m A for λ = Σ mᵢ αᵢ
    at, counts = _merged(in_roots @ simple, found.multiplicities)
    axes = one(axes, projection="3d" if flat == 3 else None)
    _points(axes, at, COLOURS[0], 60 + 90 * (counts > 1))
    for point, n in zip(_padded(at, flat), counts):
        if n > 1:
            size = min(8.0, 19 / len(str(n)))  # so that the number fits into its disc
            axes.text(*point, str(n), ha="center", va="center", color="white", fontsize=size, zorder=6)
    _simple_roots(axes, simple, at)
    note = ", Coxeter plane" if len(simple) > FLAT else ""
    _tidy(axes, np.concatenate([at, simple]), f"Weights of {rep!r}, {group.name}{note}")
    return axes


def _merged(at: Array, counts: Array) -> tuple[Array, Array]:
    """Points that a projection brings together, once, with their multiplicities added."""
    _, first, place = np.unique(np.round(at, 6) + 0.0, axis=0, return_index=True, return_inverse=True)
    return at[first], np.bincount(place.ravel(), counts).astype(int)


def _system(group: Group) -> RootSystem:
    if group.is_exact or not group.is_semisimple:
        return group.lie.roots
    return root_system(group.structure_constants)


def _embedded(cartan: Array, name: str) -> tuple[Array, int]:
    """Simple roots (r, 1, 2 or 3) to be drawn, and the dimension."""
    simple = np.linalg.cholesky(_gram(cartan))
    if len(cartan) > FLAT:
        simple = simple @ _coxeter_plane(cartan, simple, name)
    return simple, simple.shape[1]


def _gram(cartan: Array) -> Array:
    """Inner products of the simple roots."""
    squares = np.zeros(len(cartan))
    for i in range(len(cartan)):
        if not squares[i]:
            part = [i]
            squares[i] = 1.0
            for j in part:
                for k in np.flatnonzero(cartan[j]):
                    if not squares[k]:
                        squares[k] = squares[j] * cartan[k, j] / cartan[j, k]
                        part.append(int(k))
            squares[part] *= LONG / squares[part].max()
    return np.asarray(cartan * squares / 2)


def _coxeter_plane(cartan: Array, simple: Array, name: str) -> Array:
    """Orthonormal columns (r, 2) that span the plane which a Coxeter element turns by 2π/h."""
    w = np.eye(len(cartan))
    for a in simple:
        w = w @ (np.eye(len(a)) - 2 * np.outer(a, a) / (a @ a))
    values, vectors = np.linalg.eig(w)
    angles = np.where(np.angle(values) > 1e-9, np.angle(values), np.inf)
    if np.count_nonzero(angles < angles.min() + 1e-6) > 1 or _pieces(cartan) > 1:
        raise ValueError(f"{name} has rank {len(cartan)} and is not simple: draw the diagrams of its factors")
    v = vectors[:, np.argmin(angles)]
    plane, _ = np.linalg.qr(np.stack([v.real, v.imag], 1))
    return np.asarray(plane)


def _pieces(cartan: Array) -> int:
    from scipy.sparse.csgraph import connected_components

    return int(connected_components(cartan != 0, directed=False)[0])


def _padded(at: Array, flat: int) -> Array:
    """Points on a line as points of the plane."""
    return np.pad(at, ((0, 0), (0, 1))) if flat == 1 else at


def _points(axes: Any, at: Array, colour: str, size: Any) -> None:
    more = {"depthshade": False} if at.shape[1] == 3 else {}
    axes.scatter(*_padded(at, at.shape[1]).T, s=size, color=colour, zorder=4, **more)


def _arrows(axes: Any, at: Array, colour: str, width: float) -> None:
    """Lines from the origin."""
    for point in _padded(at, at.shape[1]):
        axes.plot(*[(0, x) for x in point], color=colour, linewidth=width, zorder=1)


def _simple_roots(axes: Any, simple: Array, at: Array) -> None:
    """Arrows, with names beyond their tips; those that a projection brings together share a name."""
    names: dict[bytes, list[str]] = {}
    gap = 0.1 * max(np.abs(at).max(), np.abs(simple).max())
    for i, point in enumerate(_padded(simple, simple.shape[1])):
        tip = (np.round(point, 6) + 0.0).tobytes()
        names.setdefault(tip, []).append(f"α{subscript(i + 1)}")
        if len(point) == 3:
            axes.quiver(0, 0, 0, *point, color=COLOURS[1], linewidth=1.6, arrow_length_ratio=0.12, zorder=3)
        else:
            axes.quiver(0, 0, *point, color=COLOURS[1], angles="xy", scale_units="xy", scale=1, width=0.008, zorder=3)
    for tip, found in names.items():
        point = np.frombuffer(tip)
        beyond = point * (1 + gap / np.linalg.norm(point))
        axes.text(*beyond, ", ".join(found), color=COLOURS[1], ha="center", va="center", fontsize=11, zorder=7)


def _tidy(axes: Any, at: Array, title: str) -> None:
    reach = 1.3 * np.abs(at).max()
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()
    if at.shape[1] == 3:
        axes.computed_zorder = False  # numbers in front of their discs
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), zlim=(-reach, reach))
        axes.set_box_aspect((1, 1, 1), zoom=1.3)
    else:
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
