"""Cayley graphs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from intertwine.groups import Group

from ._figure import COLOURS, Array, one, require, subscript

MOST = 400  # elements; more are a ball of wool
STRESS = 130  # elements up to which positions keep distances in the graph


def cayley_graph(group: Group, axes: Any = None) -> Any:
    """The Cayley graph of a finite group: a node per element, an edge g → g h per generator h, coloured by h.

    The identity is drawn large. Generators of order 2 give lines, others arrows. Colours repeat after seven.

    Parameters
    ----------
    group : Group
        Finite, of order up to 400.
    axes : matplotlib Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        For no group; if it is infinite or its order above 400.

    Examples
    --------
    >>> from intertwine.groups import S
    >>> axes = cayley_graph(S(3))
    >>> len(axes.collections[-1].get_offsets())
    6
    """
    require(group, Group, "intertwine.groups.S(3)")
    if not group.is_finite:
        raise ValueError(f"{group.name} is infinite: it has no finite Cayley graph; draw that of a finite subgroup")
    if group.order > MOST:
        raise ValueError(
            f"{group.name} has {_rounded(group.order)} elements: a Cayley graph is drawn up to {MOST}; draw that of a "
            "subgroup"
        )
    graph = group.cayley_graph()
    at = _layout(graph)
    axes = one(axes, 5, 5)
    named = sorted({k for *_, ks in graph.edges(data="generators") for k in ks})
    for k in named:
        _edges(axes, at, [(i, j) for i, j, ks in graph.edges(data="generators") if k in ks], k, len(at))
    size = max(12.0, 220 / len(at) ** 0.5)
    sizes = np.where(np.arange(len(at)) == 0, 2.2 * size, size)
    axes.scatter(*at.T, s=sizes, color=["black", *["0.35"] * (len(at) - 1)], zorder=3)
    if named:
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=9, frameon=False)
    axes.set_title(f"Cayley graph of {group.name} ({len(at)} elements)", fontsize=10)
    axes.set(aspect="equal")
    axes.margins(0.08)
    axes.set_axis_off()
    return axes


def _rounded(n: int) -> str:
    """A number, or its power of ten where that is easier to read."""
    return str(n) if n < 10**7 else f"about 10^{round(math.log10(n))}"


def _layout(graph: Any) -> Array:
    """Positions (n, 2), the same every time."""
    import networkx as nx

    rings = _rings(graph)
    if rings is not None:
        return rings
    plain = graph.to_undirected()
    if len(plain) <= STRESS:
        found = nx.kamada_kawai_layout(plain, pos=nx.circular_layout(plain))
    else:
        found = nx.spring_layout(plain, pos=nx.spectral_layout(plain), iterations=200, seed=0)
    return np.array([found[i] for i in range(len(found))])


def _rings(graph: Any) -> Array | None:
    """Two rings, the cosets of a cyclic subgroup of index 2, or one; None where no generator spans such a subgroup."""
    steps: dict[int, dict[int, int]] = {}  # generator: where it takes each element
    for i, j, ks in graph.edges(data="generators"):
        for k in ks:
            steps.setdefault(k, {})[i] = j
    n = len(graph)
    for step in steps.values():
        ring = [0]
        while step[ring[-1]] != 0:
            ring.append(step[ring[-1]])
        if len(ring) == n or 2 * len(ring) == n > 2:
            across = next((other for other in steps.values() if other[0] not in ring), step)
            return _on_rings(ring, [across[i] for i in ring] if len(ring) < n else [], n)
    return np.zeros((1, 2)) if n == 1 else None


def _on_rings(outer: list[int], inner: list[int], n: int) -> Array:
    at = np.zeros((n, 2))
    for radius, ring in ((1.0, outer), (0.5, inner)):
        angles = np.pi / 2 - 2 * np.pi * np.arange(len(ring)) / max(len(ring), 1)
        at[ring] = radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    return at


def _edges(axes: Any, at: Array, edges: list[tuple[int, int]], k: int, n: int) -> None:
    """The edges of one generator: lines where it is an involution, arrows otherwise."""
    from matplotlib.collections import LineCollection

    colour, label = COLOURS[k % len(COLOURS)], f"h{subscript(k + 1)}"
    style: Any = {"colors": colour, "linewidths": 1.6 if n <= 60 else 0.9, "label": label, "zorder": 1}
    if all((j, i) in set(edges) for i, j in edges[:1]):
        pairs = sorted({(min(e), max(e)) for e in edges})
        axes.add_collection(LineCollection(list(at[np.array(pairs)]), **style))
        return
    start, end = at[np.array(edges)].swapaxes(0, 1)
    axes.add_collection(LineCollection(list(np.stack([start, end], 1)), **style))
    step, middle = end - start, start + 0.58 * (end - start)
    lengths = np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-12)
    head = 0.035 if n <= 60 else 0.02
    _heads(axes, middle, step / lengths, head, colour)


def _heads(axes: Any, tips: Array, directions: Array, size: float, colour: str) -> None:
    """Triangles (n, 3, 2) that point along edges."""
    from matplotlib.collections import PolyCollection

    across = directions @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    back = tips - size * directions
    triangles = np.stack([tips + size * directions, back + 0.8 * size * across, back - 0.8 * size * across], 1)
    axes.add_collection(PolyCollection(list(triangles), facecolors=colour, edgecolors="none", zorder=2))
