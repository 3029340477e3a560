"""Trained convolutions of escnn, as ours with weights of their own.

escnn's filter is a sum of analytic kernels; ours is L(h(o)) at every tap o, with L linear in the weights of the
kernel's last layer.  The hidden features h take as many independent values as there are orbits of taps, so that these
weights can be solved for: the copies of an output atom have one design matrix, each is a least-squares problem.  There
are as many orbits as distances where every rotation is a symmetry, and up to one for every tap where few are: the
number of features is doubled until the filter fits, in the precision of the layer that is given.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from intertwine.conv import GridConv, ImplicitKernel
from intertwine.conv._grid_layer import grid_offsets
from intertwine.emlp import Linear
from intertwine.emlp._frame import Encode
from intertwine.reps import Scalar
from torch import Tensor
from torch.func import functional_call, vmap

from ._escnn_groups import from_escnn_group
from ._escnn_reps import from_escnn, space_of
from ._peers import require

TOLERANCE = 1e-5  # of the filter, relative
SPARE = 4  # radial channels beyond the number of orbits
WIDTH = 64  # least width of the radial network: no more features than this are independent
DEGREE = 4  # least degree by default: features of few degrees are nearly dependent
CHUNK = 64  # columns of a design matrix made at a time


def grid_conv_from_escnn(conv: Any, degree: int | None = None) -> GridConv:
    """A `GridConv` that computes what an ``R2Conv`` or ``R3Conv`` of escnn computes, and can be trained on.

    Parameters
    ----------
    conv : escnn.nn.R2Conv or R3Conv
        Without groups.
    degree : int, optional
        Of the kernel's polynomials, as in `intertwine.conv.ImplicitKernel`.

    Raises
    ------
    ImportError
        Without escnn.
    TypeError, ValueError
        If it is no such layer, has groups, or its filter takes values that a kernel of this degree does not.

    Examples
    --------
    >>> import escnn
    >>> space = escnn.gspaces.rot2dOnR2(4)
    >>> theirs = escnn.nn.R2Conv(space.type(space.trivial_repr), space.type(space.regular_repr), 3)
    >>> ours, x = grid_conv_from_escnn(theirs), torch.randn(2, 1, 9, 9)
    >>> bool(torch.allclose(ours(x), theirs(theirs.in_type(x)).tensor, atol=1e-4))
    True
    """
    kinds = require("escnn.nn")
    if not isinstance(conv, kinds.R2Conv | kinds.R3Conv):
        raise TypeError(f"grid_conv_from_escnn takes an R2Conv or R3Conv of escnn, got {conv!r}")
    if conv.groups != 1:
        raise ValueError(f"a convolution of {conv.groups} groups cannot be taken: make one of each group")
    weight, bias = conv.expand_parameters()
    for channels in _widths(tuple(weight.shape[2:])):
        made = _untrained(conv, tuple(weight.shape[2:]), bias is not None, degree, channels)
        _fit(made, weight.detach().double())
        error = _error(made, weight.detach())
        if error <= TOLERANCE:
            break
    else:
        raise ValueError(
            f"the filter of {conv!r} is none of {made.kernel!r}: relative error {error:.1e}, allowed {TOLERANCE:.0e}; "
            "give a higher degree"
        )
    if bias is not None and made.shift is not None:
        column = bias.detach().double()[:, None]
        constant = Linear.from_dense(column, Scalar, made.rep_out, made.group, dtype=torch.float64)
        made.shift.load_state_dict(constant.state_dict())
    return made.to(device=weight.device, dtype=weight.dtype)


def _widths(taps: tuple[int, ...]) -> Iterator[int]:
    """Numbers of radial channels to try: for as many orbits as there are distances, and more, up to four for every tap.

    Examples
    --------
    >>> list(_widths((3, 3))), list(_widths((5, 5)))
    ([7, 14, 28, 56], [10, 20, 40, 80, 160])
    """
    distances = np.linalg.norm(grid_offsets(taps)[0], axis=1)
    count = len(np.unique(distances.round(6))) + SPARE
    yield count
    while count < 4 * len(distances):
        count *= 2
        yield count


def _untrained(conv: Any, taps: tuple[int, ...], bias: bool, degree: int | None, channels: int) -> GridConv:
    gspace = conv.in_type.gspace
    reps = from_escnn(conv.in_type), from_escnn(conv.out_type)
    options: dict[str, Any] = {
        "group": from_escnn_group(gspace),
        "space": space_of(gspace),
        "degree": degree,
        "window": None,
        "dtype": torch.float64,
    }
    small = ImplicitKernel(*reps, hidden=1, **options)
    options["degree"] = max(DEGREE, small.lift.degree) if degree is None else degree
    hidden = channels * sum(atom.dim for atom, _ in small.atoms)
    kernel = ImplicitKernel(*reps, hidden=hidden, width=max(WIDTH, 2 * channels), **options)
    return GridConv(
        *reps,
        options["group"],
        kernel_size=taps,
        stride=conv.stride,
        padding=conv.padding,
        dilation=conv.dilation,
        padding_mode=conv.padding_mode,
        space=options["space"],
        bias=bias,
        kernel=kernel,
        dtype=torch.float64,
    )


def _fit(made: GridConv, weight: Tensor) -> None:
    """Solve for the weights of the kernel's last layer, given the filter (out, in, *taps)."""
    last: Any = made.kernel.contraction
    names = [f"kernel.contraction.weights.{j}" for j in range(len(last.weights))]
    zero = {name: torch.zeros_like(last.weights[j]) for j, name in enumerate(names)}
    encode = Encode(made.rep_out, torch.float64)
    targets = encode(weight.movedim(0, -1))  # per output atom (d, in, *taps, copies)
    for j, (name, target) in enumerate(zip(names, targets)):

        def first_copy(row: Tensor, j: int = j, name: str = name) -> Tensor:
            rows = {**zero, name: row.expand_as(zero[name])}
            return encode(functional_call(_Filter(made), rows).movedim(0, -1))[j][..., 0].flatten()

        units = torch.eye(last.weights[j].shape[1], dtype=torch.float64)
        design = vmap(first_copy, chunk_size=CHUNK)(units).mT  # linear, so these are its columns
        found = torch.linalg.lstsq(design, target.flatten(0, -2), driver="gelsd").solution  # (fan-in, copies)
        with torch.no_grad():
            last.weights[j].copy_(found.mT)


def _error(made: GridConv, weight: Tensor) -> float:
    """Relative error of the filter, in the precision of the one that is given."""
    found = copy.deepcopy(made).to(device=weight.device, dtype=weight.dtype)
    with torch.no_grad():
        return float(torch.linalg.vector_norm(found.filter() - weight) / torch.linalg.vector_norm(weight))


class _Filter(torch.nn.Module):
    """The filter as what a module computes, so that it is a function of the module's weights."""

    def __init__(self, conv: GridConv) -> None:
        super().__init__()
        self.kernel, self.conv = conv.kernel, [conv]

    def forward(self) -> Tensor:
        return self.conv[0].filter()
