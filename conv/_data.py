"""Graphs as PyTorch Geometric holds them: any object with ``x``, ``pos``, ``edge_index``, …; PyG is not needed."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def is_graph(x: Any) -> bool:
    """Whether x is a graph (PyG's ``Data`` or ``Batch``), not features."""
    return not isinstance(x, Tensor | tuple | list) and hasattr(x, "pos") and hasattr(x, "x")


def unpacked(data: Any, *names: str) -> tuple[Any, ...]:
    """Attributes of a graph, None for those it has not.

    Raises
    ------
    ValueError
        If there are no features, positions or, where asked for, edges.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> unpacked(SimpleNamespace(x=1, pos=2, edge_index=3), "x", "pos", "edge_index", "edge_attr")
    (1, 2, 3, None)
    """
    for name in names:
        if name in ("x", "pos", "edge_index") and getattr(data, name, None) is None:
            raise ValueError(
                f"the graph {data!r} has no {name}: set data.{name}"
                + (", e.g. radius_graph(data.pos, r, data.batch)" if name == "edge_index" else "")
            )
    return tuple(getattr(data, name, None) for name in names)
