"""Layers inside each other: ours as an EquivariantModule of escnn, and escnn's as plain modules on plain tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from intertwine.conv._data import is_graph
from intertwine.emlp import Linear
from intertwine.reps import Rep
from intertwine.testing import grid_symmetries
from torch import Tensor, nn

from ._escnn_groups import element_of, from_escnn_group
from ._escnn_reps import TOLERANCE, difference, from_escnn, space_of
from ._escnn_types import to_escnn
from ._peers import require

if TYPE_CHECKING:
    Base = nn.Module
else:
    try:
        from escnn.nn import EquivariantModule as Base
    except ImportError:
        Base = nn.Module  # documentation of these classes can be read without escnn; making one cannot

LENGTH = 9  # points along the axes of the grids on which equivariance is checked
SAMPLES = 8


class EscnnModule(Base):
    """A layer or network of ours as an ``EquivariantModule`` of escnn, e.g. in its ``SequentialModule``.

    Parameters
    ----------
    layer : nn.Module
        With ``rep_in`` and ``rep_out`` (or an ``nn.Sequential`` of such): a layer of features (`intertwine.emlp`), of
        fields (`GridConv`), or of points (`PointConv`).
    type_in : escnn.nn.FieldType or GSpace
        A space stands for the type with the matrices of ``layer.rep_in`` on it.
    type_out : escnn.nn.FieldType, optional

    Raises
    ------
    ImportError
        Without escnn.
    ValueError
        If a type's matrices are not those of the layer's representation, or a convolution moves points in another way
        than the space does (`space_of`).

    Examples
    --------
    >>> import escnn
    >>> from intertwine.conv import GridConv
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> space = escnn.gspaces.rot2dOnR2(-1)
    >>> ours = EscnnModule(GridConv(Scalar, 4 * V, SO(2), padding=1), space)
    >>> net = escnn.nn.SequentialModule(ours, escnn.nn.R2Conv(ours.out_type, space.type(space.trivial_repr), 3))
    >>> net(ours.in_type(torch.randn(2, 1, 9, 9))).shape
    torch.Size([2, 1, 7, 7])
    """

    def __init__(self, layer: nn.Module, type_in: Any, type_out: Any = None) -> None:
        kind = require("escnn.nn").FieldType
        super().__init__()
        rep_in, rep_out = ends(layer)
        gspace = type_in.gspace if isinstance(type_in, kind) else type_in
        self.layer = layer
        self.in_type = type_in if isinstance(type_in, kind) else to_escnn(rep_in, gspace)
        self.out_type = to_escnn(rep_out, gspace) if type_out is None else type_out
        if self.out_type.gspace != gspace:
            raise ValueError(
                f"type_out lives on {self.out_type.gspace} and type_in on {gspace}: take types of one space"
            )
        for name, rep, made in (("rep_in", rep_in, self.in_type), ("rep_out", rep_out, self.out_type)):
            if difference(rep, _Whole(made)) > TOLERANCE:
                raise ValueError(
                    f"{name} = {rep!r} of {type(layer).__name__} has other matrices than {made}: take "
                    f"from_escnn(type) as {name}, or to_escnn({name}, gspace) as the type"
                )
        for module in layer.modules():
            _check_space(module, gspace)

    def forward(self, x: Any, *more: Any) -> Any:
        """Map a GeometricTensor; what follows (edges of points) goes to the layer."""
        if not isinstance(x, require("escnn.nn").GeometricTensor):
            got = f"a tensor of shape {tuple(x.shape)}" if isinstance(x, Tensor) else repr(x)
            raise TypeError(f"EscnnModule takes a GeometricTensor, got {got}: wrap it, module(module.in_type(x))")
        if x.type != self.in_type:
            raise ValueError(f"expected a GeometricTensor of type {self.in_type}, got {x.type}")
        made = require("escnn.nn").GeometricTensor
        if hasattr(self.layer, "argument_reps"):  # of graphs: features, positions, edges
            return made(self.layer(x.tensor, x.coords, *more), self.out_type, x.coords)
        return made(self._on_fields(x.tensor, *more), self.out_type, x.coords)

    def _on_fields(self, x: Tensor, *more: Any) -> Tensor:
        if x.ndim == 2 or any(getattr(module, "on_fields", False) for module in self.layer.modules()):
            return self.layer(x, *more)
        return self.layer(x.movedim(1, -1), *more).movedim(-1, 1)

    def evaluate_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the output for an input (batch, channels, *spatial), found by running one sample."""
        if len(input_shape) < 2 or input_shape[1] != self.in_type.size:
            raise ValueError(f"expected a shape (batch, {self.in_type.size}, ...), got {tuple(input_shape)}")
        if hasattr(self.layer, "argument_reps"):
            return input_shape[0], self.out_type.size
        like = next(self.layer.parameters(), torch.empty(0))
        with torch.no_grad():
            shape = self._on_fields(like.new_zeros(1, *input_shape[1:])).shape
        return input_shape[0], *shape[1:]

    def check_equivariance(self, atol: float = 1e-5, rtol: float = 1e-4) -> list[tuple[Any, float]]:
        """Compare with escnn's transformations, by random elements, on grids by those that map a grid to itself.

        Returns
        -------
        list of (element, mean error)

        Raises
        ------
        AssertionError
            If an output differs by more than atol + rtol · its size.
        """
        gspace, like = self.in_type.gspace, next(self.layer.parameters(), torch.empty(0))
        if hasattr(self.layer, "argument_reps"):
            raise ValueError(
                "a layer of graphs is checked with intertwine.testing.assert_equivariant and edges of yours"
            )
        spatial = (LENGTH,) * gspace.dimensionality
        x = self.in_type(torch.randn(3, self.in_type.size, *spatial, dtype=like.dtype, device=like.device))
        errors = []
        for element in _elements(gspace):
            with torch.no_grad():
                moved, of_moved = self(x).transform(element).tensor, self(x.transform(element)).tensor
            error = (moved - of_moved).abs()
            if not (error <= atol + rtol * of_moved.abs().max()).all():
                raise AssertionError(f"{self.layer!r} is not equivariant: error {error.max():.2e} for {element}")
            errors.append((element, float(error.mean())))
        return errors

    def export(self) -> nn.Module:
        """The layer in eval mode, with plain convolutions in place of those on grids."""
        from intertwine.conv import export

        return export(self.layer)


class FromEscnn(nn.Module):
    """A module of escnn on plain tensors, with ``rep_in``, ``rep_out`` and ``group``, as a layer of ours.

    Parameters
    ----------
    module : escnn.nn.EquivariantModule

    Attributes
    ----------
    space : Rep or None
        How the group acts on the axes of its grids.

    Examples
    --------
    >>> import escnn
    >>> from intertwine.conv import GridConv
    >>> from intertwine.reps import Scalar
    >>> space = escnn.gspaces.rot2dOnR2(-1)
    >>> conv = escnn.nn.R2Conv(space.type(space.trivial_repr), space.type(space.irrep(1)), 5, padding=2)
    >>> theirs = FromEscnn(conv)
    >>> theirs.rep_in, theirs.rep_out, theirs.group
    (Scalar, V, SO(2))
    >>> net = torch.nn.Sequential(theirs, GridConv(theirs.rep_out, Scalar, theirs.group, padding=1))
    >>> net(torch.randn(2, 1, 9, 9)).shape
    torch.Size([2, 1, 9, 9])
    """

    def __init__(self, module: Any) -> None:
        if not isinstance(module, require("escnn.nn").EquivariantModule):
            raise TypeError(f"FromEscnn takes an EquivariantModule of escnn, got {module!r}")
        super().__init__()
        self.module = module
        gspace = module.in_type.gspace
        if module.out_type.gspace != gspace:
            raise ValueError(
                f"the module leads from {gspace} to {module.out_type.gspace}: take one that stays in a space"
            )
        self.group = from_escnn_group(gspace)
        self.rep_in, self.rep_out = from_escnn(module.in_type), from_escnn(module.out_type)
        self.on_fields = gspace.dimensionality > 0
        self.space = space_of(gspace) if self.on_fields else None

    def forward(self, x: Tensor, pos: Tensor | None = None, *more: Any) -> Tensor:
        """Map features (..., rep_in.dim), fields (batch, rep_in.dim, *spatial), or features at points (with edges)."""
        if is_graph(x):
            raise TypeError("FromEscnn takes tensors: features, positions and edges")
        rows = x if self.on_fields else x.flatten(0, -2)
        y: Tensor = self.module(self.module.in_type(rows, pos), *more).tensor
        return y if self.on_fields else y.unflatten(0, x.shape[:-1])

    def __repr__(self) -> str:
        return f"FromEscnn({self.module!r})"


def linear_from_escnn(layer: Any) -> Linear:
    """Our `Linear` with the numbers of escnn's: the same function, on representations with the same matrices.

    Parameters
    ----------
    layer : escnn.nn.Linear

    Raises
    ------
    ImportError
        Without escnn.
    TypeError
        If it is something else.

    Examples
    --------
    >>> import escnn
    >>> space = escnn.gspaces.no_base_space(escnn.group.so2_group(2))
    >>> kind = space.type(space.trivial_repr, space.irrep(1), space.irrep(1))
    >>> theirs, x = escnn.nn.Linear(kind, kind), torch.randn(4, 5)
    >>> ours = linear_from_escnn(theirs)
    >>> ours.rep_in, bool(torch.allclose(ours(x), theirs(kind(x)).tensor, atol=1e-5))
    (Scalar + 2 * V, True)
    """
    if not isinstance(layer, require("escnn.nn").Linear):
        raise TypeError(f"linear_from_escnn takes an escnn.nn.Linear, got {layer!r}")
    weight, bias = layer.expand_parameters()
    rep_in, rep_out = from_escnn(layer.in_type), from_escnn(layer.out_type)
    bias = None if bias is None else bias.detach()
    return Linear.from_dense(weight.detach(), rep_in, rep_out, bias=bias, dtype=weight.dtype)


class _Whole:
    """The representation of a type, whose matrices escnn joins block by block."""

    def __init__(self, kind: Any) -> None:
        self.kind, self.size, self.group = kind, kind.size, kind.fibergroup

    def __call__(self, element: Any) -> Any:
        from scipy.linalg import block_diag

        return block_diag(*(rep(element) for rep in self.kind.representations))


def ends(layer: nn.Module) -> tuple[Rep, Rep]:
    """What goes into a layer, or a sequence of layers, and what comes out."""
    parts: list[Any] = list(layer) if isinstance(layer, nn.Sequential) else [layer]
    typed = [part for part in parts if isinstance(getattr(part, "rep_out", None), Rep)]
    if not typed:
        raise TypeError(f"{layer!r} does not say how its features transform: it needs rep_in and rep_out")
    rep_in = typed[0].rep_in
    return (rep_in if isinstance(rep_in, Rep) else rep_in[0]), typed[-1].rep_out


def _check_space(module: Any, gspace: Any) -> None:
    space = getattr(module, "space", None)
    on_grid = bool(getattr(module, "on_fields", False))
    if not isinstance(space, Rep) or not (on_grid or hasattr(module, "argument_reps")) or not gspace.dimensionality:
        return
    wanted = space_of(gspace, points=not on_grid)
    elements = from_escnn_group(gspace).sample(3, rng=0)
    if space.dim != wanted.dim or np.abs(space.rho(elements) - wanted.rho(elements)).max() > TOLERANCE:
        given = "" if on_grid else ", points=True"
        raise ValueError(
            f"{type(module).__name__} moves points by space = {space!r}, and {gspace} in another way: build it with "
            f"space=space_of(gspace{given})"
        )


def _elements(gspace: Any) -> list[Any]:
    fiber = gspace.fibergroup
    if not gspace.dimensionality:
        return [fiber.sample() for _ in range(SAMPLES)]
    return [element_of(fiber, g) for g in grid_symmetries(space_of(gspace))]
