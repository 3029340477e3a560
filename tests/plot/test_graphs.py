"""Cayley graphs have a node per element and an edge per element and generator."""

import numpy as np
import pytest
from intertwine import plot
from intertwine.groups import SO, A, Dihedral, Octahedral, Quaternion, S, Z
from matplotlib.collections import LineCollection, PathCollection


def parts(axes):
    (nodes,) = (c for c in axes.collections if isinstance(c, PathCollection))
    return nodes.get_offsets(), [c for c in axes.collections if isinstance(c, LineCollection)]


@pytest.mark.parametrize("group", [Z(7), S(3), S(4), Dihedral(5), Quaternion(), Octahedral(), A(5)], ids=repr)
def test_nodes_and_edges(group):
    nodes, lines = parts(plot.cayley_graph(group))
    assert len(nodes) == group.order
    assert len(np.unique(np.round(nodes, 6), axis=0)) == group.order
    graph = group.cayley_graph()
    expected = []
    for k in range(len(group.discrete)):
        edges = {(i, j) for i, j, ks in graph.edges(data="generators") if k in ks}
        expected.append(
            len({tuple(sorted(e)) for e in edges}) if all((j, i) in edges for i, j in edges) else len(edges)
        )
    assert [len(c.get_segments()) for c in lines] == expected
    for k, c in enumerate(lines):
        drawn = {tuple(np.round(np.sort(s, axis=0).ravel(), 6)) for s in c.get_segments()}
        wanted = {
            tuple(np.round(np.sort(nodes[[i, j]], axis=0).ravel(), 6))
            for i, j, ks in graph.edges(data="generators")
            if k in ks
        }
        assert drawn == wanted


def test_generators_are_told_apart():
    axes = plot.cayley_graph(S(4))
    _, lines = parts(axes)
    assert len({tuple(c.get_colors()[0]) for c in lines}) == 2
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["h₁", "h₂"]


def test_infinite_and_large_groups_are_refused():
    with pytest.raises(ValueError, match="infinite"):
        plot.cayley_graph(SO(2))
    with pytest.raises(ValueError, match="720 elements"):
        plot.cayley_graph(S(6))
    with pytest.raises(ValueError, match=r"S\(100\) has about 10\^158 elements"):
        plot.cayley_graph(S(100))
