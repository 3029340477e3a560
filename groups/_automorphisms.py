"""Generators of the automorphism group of a graph, along a chain of point stabilisers.

Fix nodes b_1, b_2, … one after the other until colour refinement tells all nodes apart.  From the last
level up, add for every possible image of b_k that the generators found so far do not reach one
automorphism that fixes b_1, …, b_{k−1} and takes b_k there: these strong generators generate the group
(Sims 1970).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from networkx import Graph

Colours = list[int]
Neighbours = list[list[tuple[Any, int]]]


def automorphisms(graph: Graph, node: str | None = None, edge: str | None = None) -> list[list[int]]:
    """Images of generators; empty when only the identity preserves the graph."""
    if graph.is_multigraph():
        raise ValueError("multigraphs are not supported: put the number of parallel edges in an edge attribute")
    if graph.number_of_nodes() == 0:
        raise ValueError("the graph has no nodes, so its automorphisms act on nothing")
    search = _Search(graph, node, edge)
    base = search.base()
    found: list[list[int]] = []
    for level in reversed(range(len(base))):
        fixed, b = base[:level], base[level]
        orbit = _orbit(b, found)
        for c in range(len(search.nodes)):
            if c not in orbit and c not in fixed:
                image = search.mapping([*fixed, b], [*fixed, c])
                if image is not None:
                    found.append(image)
                    orbit = _orbit(b, found)
    return found


def _orbit(point: int, images: list[list[int]]) -> set[int]:
    orbit, frontier = {point}, [point]
    while frontier:
        frontier = [q for p in frontier for g in images if (q := g[p]) not in orbit and not orbit.add(q)]  # type: ignore[func-returns-value]
    return orbit


class _Search:
    """A graph with its nodes numbered and its colours as numbers."""

    def __init__(self, graph: Graph, node: str | None, edge: str | None) -> None:
        import networkx as nx

        self.nodes = list(graph.nodes)
        number = {v: i for i, v in enumerate(self.nodes)}
        self.graph = nx.relabel_nodes(graph, number)
        self.edge = edge
        self.start = [repr(graph.nodes[v].get(node)) if node else "" for v in self.nodes]
        self.neighbours: Neighbours = [[] for _ in self.nodes]
        for i, j, data in self.graph.edges(data=True):
            colour = repr(data.get(edge)) if edge else ""
            self.neighbours[i].append((("out", colour), j))
            self.neighbours[j].append((("in" if graph.is_directed() else "out", colour), i))

    def colours(self, *pinned: list[int]) -> list[Colours]:
        """Stable colourings (Weisfeiler–Leman) with some nodes pinned, comparable between the lists given."""
        raw: list[list[Any]] = [
            [(c, pins.index(i) if i in pins else -1) for i, c in enumerate(self.start)] for pins in pinned
        ]
        count = 0
        while True:
            rank = {c: n for n, c in enumerate(sorted({c for colours in raw for c in colours}))}
            numbered = [[rank[c] for c in colours] for colours in raw]
            if len(rank) == count:
                return numbered
            count = len(rank)
            raw = [
                [(c, tuple(sorted((e, colours[j]) for e, j in self.neighbours[i]))) for i, c in enumerate(colours)]
                for colours in numbered
            ]

    def base(self) -> list[int]:
        """Nodes that, once fixed, leave no two nodes alike."""
        chosen: list[int] = []
        while True:
            (colours,) = self.colours(chosen)
            sizes = Counter(colours)
            alike = [i for i, c in enumerate(colours) if sizes[c] > 1]
            if not alike:
                return chosen
            chosen.append(min(alike, key=lambda i: (sizes[colours[i]], i)))

    def mapping(self, sources: list[int], targets: list[int]) -> list[int] | None:
        """One automorphism with sources[k] ↦ targets[k], or None."""
        from networkx.algorithms import isomorphism as iso

        one, two = self.colours(sources, targets)
        if Counter(one) != Counter(two):
            return None
        left, right = self.graph.copy(), self.graph.copy()
        for i, (a, b) in enumerate(zip(one, two)):
            left.nodes[i]["_colour"], right.nodes[i]["_colour"] = a, b
        matcher = iso.DiGraphMatcher if self.graph.is_directed() else iso.GraphMatcher
        edges = iso.categorical_edge_match(self.edge, None) if self.edge else None
        match = matcher(left, right, iso.categorical_node_match("_colour", None), edges)
        image = next(match.isomorphisms_iter(), None)
        return None if image is None else [image[i] for i in range(len(self.nodes))]
