"""What a network is made of: representations, weights, flops and equivariance error, layer by layer."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from intertwine.emlp.laws import cast
from intertwine.reps import Rep, V
from intertwine.testing import equivariance_error, field_equivariance_error
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Row:
    """One layer.

    Attributes
    ----------
    name, layer : str
        Where it is in the network, and its class.
    rep_in, rep_out : str
    weights : int
    flops : int
        Of the matrix products and convolutions of one call, forward.
    error : float or None
        Relative equivariance error in float64, on random elements or, for fields on grids, on all symmetries of the
        grid; None where it is not known how the arguments transform.
    """

    name: str
    layer: str
    rep_in: str
    rep_out: str
    weights: int
    flops: int
    error: float | None


@dataclass(frozen=True)
class Report:
    """What `report` found; prints as a table. The last row is the whole network."""

    rows: tuple[Row, ...]

    def __str__(self) -> str:
        head = ("name", "layer", "in", "out", "weights", "flops", "equivariance error")
        cells = [
            (r.name, r.layer, _short(r.rep_in), _short(r.rep_out), f"{r.weights:,}", f"{r.flops:,}", _shown(r.error))
            for r in self.rows
        ]
        widths = [max(map(len, column)) for column in zip(head, *cells)]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in (head, *cells)]
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def __repr__(self) -> str:
        return str(self)


def report(
    model: nn.Module, *inputs: Any, rep_in: Rep | Sequence[Rep | None] | None = None, space: Rep | None = None
) -> Report:
    """Run a network once and list its layers.

    Parameters
    ----------
    model : nn.Module
        Made of layers of this library, or of others with ``group``, ``rep_in`` and ``rep_out``.  Left as it is.
    *inputs
        Its arguments.
    rep_in : optional
        How the arguments transform, None for those that don't, where the model does not say.
    space : Rep, optional
        Acts on grid coordinates; by default the model's ``space``, or V.

    Returns
    -------
    Report

    Examples
    --------
    >>> import torch
    >>> from intertwine.emlp import Gate, Linear
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> gate = Gate(4 * Scalar + 2 * V, group=SO(3))
    >>> net = torch.nn.Sequential(Linear(3 * V, gate.rep_in, SO(3)), gate, Linear(gate.rep_out, V, SO(3)))
    >>> [(row.layer, row.weights) for row in report(net, torch.randn(5, 9)).rows]
    [('Linear', 12), ('Gate', 0), ('Linear', 2), ('Sequential', 14)]
    """
    double = copy.deepcopy(model).double().eval()
    arguments = tuple(cast(x, torch.float64) for x in inputs)
    layers = {} if _is_ours(double) else dict(_layers(double))
    calls: dict[str, tuple[Any, ...]] = {}
    hooks = [
        layer.register_forward_pre_hook(_recorder(calls, name, layer), with_kwargs=True)
        for name, layer in layers.items()
    ]
    with torch.no_grad():
        double(*arguments)
    for hook in hooks:
        hook.remove()
    space = getattr(model, "space", None) if space is None else space
    rows = [_row(name, layers[name], calls[name], None, space) for name in calls]  # in the order of the calls
    return Report((*rows, _row("total", double, arguments, rep_in, space)))


def _layers(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Layers inside a network: of this library, or of others where nothing inside them says how it transforms."""
    for name, child in model.named_children():
        full = f"{prefix}{name}"
        inside = list(_layers(child, f"{full}."))
        if _is_equivariant(child) and (_is_ours(child) or not inside):
            yield full, child
        else:
            yield from inside


def _is_ours(module: nn.Module) -> bool:
    home = type(module).__module__
    return home.startswith(("intertwine.emlp", "intertwine.conv")) and not home.startswith("intertwine.conv.models")


def _is_equivariant(module: nn.Module) -> bool:
    return all(getattr(module, name, None) is not None for name in ("group", "rep_in", "rep_out"))


def _recorder(calls: dict[str, tuple[Any, ...]], name: str, layer: nn.Module) -> Any:
    signature = inspect.signature(layer.forward)

    def record(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        calls.setdefault(name, bound.args)

    return record


def _row(name: str, layer: nn.Module, arguments: tuple[Any, ...], reps: Any, space: Rep | None) -> Row:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        layer(*arguments)
    first = getattr(layer, "rep_in", None)
    return Row(
        name,
        type(layer).__name__,
        "" if first is None else ", ".join(map(repr, first)) if isinstance(first, tuple) else repr(first),
        repr(getattr(layer, "rep_out", "")) if hasattr(layer, "rep_out") else "",
        sum(p.numel() for p in layer.parameters()),
        counter.get_total_flops(),
        _error(layer, arguments, reps, space),
    )


def _error(layer: nn.Module, arguments: tuple[Any, ...], reps: Any, space: Rep | None) -> float | None:
    group = getattr(layer, "group", None)
    if group is None or not _is_equivariant(layer):
        return None
    with torch.no_grad():
        if getattr(layer, "on_fields", False):
            x, attr = (*arguments, None)[:2]
            attr = attr if isinstance(attr, Tensor) else None
            own = getattr(layer, "attributes", None)
            space = (V if space is None else space)(group)
            return field_equivariance_error(layer, x, space, attr=attr, attributes=own)
        found = getattr(layer, "argument_reps", layer.rep_in) if reps is None else reps
        found = tuple(found) if isinstance(found, tuple | list) else (found,)
        found = (*found, *[None] * len(arguments))[: len(arguments)]
        return equivariance_error(layer, inputs=arguments, rep_in=found)


def _short(text: str, width: int = 34) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _shown(error: float | None) -> str:
    return "" if error is None else f"{error:.1e}"
