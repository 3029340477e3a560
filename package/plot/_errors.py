"""Equivariance errors of a network, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._figure import COLOURS, one, require

FLOOR = 1e-17  # an error of exactly 0 is drawn here


def equivariance_errors(model: Any, *inputs: Any, axes: Any = None, **about: Any) -> Any:
    """Relative equivariance error of every layer of a network, and of the whole, as bars on a logarithmic scale.

    The errors are those of `intertwine.conv.report`: in float64, on random elements of the group, or on the symmetries
    of the grid for fields.  A dashed line marks float64's rounding; layers that don't say how they transform are left
    out.

    Parameters
    ----------
    model : nn.Module or intertwine.conv.Report
    *inputs
        Arguments of the network; none for a report.
    axes : matplotlib Axes, optional
    **about
        ``rep_in`` and ``space``, as `intertwine.conv.report` takes them.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        For no network; if no layer's error is known, or inputs come with a report.

    Examples
    --------
    >>> import torch
    >>> from intertwine.emlp import EMLP
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> axes = equivariance_errors(EMLP(2 * V, Scalar, group=SO(3)), torch.randn(4, 6))
    >>> bool(max(bar.get_width() for bar in axes.patches) < 1e-12)
    True
    """
    from intertwine.conv import Report, report
    from torch import nn

    if not isinstance(model, Report):
        require(model, nn.Module, "intertwine.emlp.EMLP(V, Scalar, group=SO(3))")
    if isinstance(model, Report) and (inputs or about):
        raise ValueError("a report is drawn as it is: give it alone")
    found = model if isinstance(model, Report) else report(model, *inputs, **about)
    rows = [row for row in found.rows if row.error is not None]
    if not rows:
        raise ValueError("no layer says how it transforms (group, rep_in, rep_out), so there is no error to draw")
    errors = np.maximum([row.error if row.error is not None else 0.0 for row in rows], FLOOR)
    axes = one(axes, 6, 1.2 + 0.26 * len(rows))
    places = np.arange(len(rows))
    colours = [COLOURS[1] if row.name == "total" else COLOURS[0] for row in rows]
    axes.barh(places, errors, color=colours, height=0.7)
    axes.axvline(np.finfo(float).eps, color="0.5", linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(places, [_label(row) for row in rows], fontsize=8)
    axes.set_xlim(FLOOR / 2, max(1.0, 2 * float(errors.max())))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("relative equivariance error (dashed: float64 rounding)", fontsize=9)
    if len(rows) > 1:
        axes.set_title("Equivariance, layer by layer", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _label(row: Any) -> str:
    return "whole network" if row.name == "total" else f"{row.name}  {row.layer}"
