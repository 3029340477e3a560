"""A function, its input, and both turned: g x, f(g x) and g⁻¹ f(g x) for rotations g of the first two coordinates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, V

from ._figure import A_GROUP, Array, require
from ._kernels import as_array

NET = 72  # angles tried to find the rotations that a group holds


class Scene(NamedTuple):
    """A function with its input, and how both transform."""

    function: Callable[..., Any]
    x: Array
    group: Group
    rep_in: Rep
    rep_out: Rep
    points: bool

    def frame(self, g: Array) -> tuple[Array, Array, Array]:
        """g x, f(g x) and g⁻¹ f(g x)."""
        inverse = np.linalg.inv(g)
        turned = turn_field(self.x, self.rep_in, g) if not self.points else self.x @ self.rep_in.rho(g).T
        output = self._called(turned)
        if output.ndim == 3:
            return turned, output, turn_field(output, self.rep_out, inverse)
        return turned, output, output @ self.rep_out.rho(inverse).T

    def _called(self, x: Array) -> Array:
        import torch

        parameters = getattr(self.function, "parameters", None)
        like = next(parameters(), torch.zeros((), dtype=torch.float64)) if parameters else torch.zeros(()).double()
        given = torch.from_numpy(np.ascontiguousarray(x)).to(
            like.device, like.real.dtype if like.is_complex() else like.dtype
        )
        with torch.no_grad():
            y = self.function(given if self.points else given[None])
        y = y.detach().cpu().numpy() if hasattr(y, "detach") else np.asarray(y)
        y = y if self.points else y[0]
        if self.rep_out.dim not in (y.shape[-1:] if y.ndim < 3 else y.shape[:1]):
            raise ValueError(
                f"the output is to transform by {self.rep_out!r} of dimension {self.rep_out.dim}, got {y.shape}"
            )
        return y


def scene_of(function: Any, x: Any, group: Group | None, rep_in: Rep | None, rep_out: Rep | None) -> Scene:
    """What `rotating` is given, checked."""
    require(function, Callable, "intertwine.conv.GridConv(Scalar, V, group=SO(2), kernel_size=3)")
    data = as_array(x)
    if np.iscomplexobj(data):
        raise ValueError(f"x is real, got {data.dtype}")
    data = data.astype(float)
    data = data[0] if data.ndim == 4 and len(data) == 1 else data
    points = data.ndim == 2 and data.shape[1] in (2, 3)
    data = data[None] if data.ndim == 2 and not points else data
    group = getattr(function, "group", None) if group is None else group
    if group is None:
        raise ValueError("the function does not say its group: pass group=…")
    require(group, Group, A_GROUP)
    if data.ndim != (2 if points else 3):
        raise ValueError(
            f"x is an image, a field (channels, rows, columns) or points (N, 2 or 3), got shape {data.shape}"
        )
    n = data.shape[1] if points else 2
    if group.d != n or group.field != "R":
        raise ValueError(f"{group.name} acts on {group.d} dimensions (over {group.field}), but x lies in {n} real ones")
    if points:
        rep_in = V
    elif rep_in is None:
        rep_in = getattr(function, "rep_in", Scalar)
    rep_out = getattr(function, "rep_out", rep_in) if rep_out is None else rep_out
    rep_in, rep_out = rep_in(group), rep_out(group)
    if not points and rep_in.dim != len(data):
        raise ValueError(f"x has {len(data)} channels, but rep_in = {rep_in!r} has dimension {rep_in.dim}")
    return Scene(function, data, group, rep_in, rep_out, points)


def rotation(angle: float, n: int) -> Array:
    """The rotation (n, n) by an angle in the plane of the first two coordinates."""
    g = np.eye(n)
    g[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return g


def turns(group: Group, frames: int) -> list[Array]:
    """Rotations of the group nearest to equally spaced angles, once around."""
    angles = 2 * np.pi * np.arange(frames) / frames
    if rotation(1.0, group.d) in group:
        return [rotation(a, group.d) for a in angles]
    held = sorted({*(2 * np.pi * np.arange(NET) / NET).tolist(), *(2 * np.pi * np.arange(5) / 5).tolist()})
    held = [a for a in held if rotation(a, group.d) in group]
    if len(held) < 2:
        raise ValueError(f"{group.name} has no rotation in the plane of the first two coordinates but the identity")
    apart = np.abs(np.angle(np.exp(1j * (angles[:, None] - np.array(held)[None]))))
    return [rotation(held[k], group.d) for k in apart.argmin(1)]


def turn_field(x: Array, rep: Rep, g: Array) -> Array:
    """(g f)(p) = ρ(g) f(g⁻¹ p) around the centre, (dim, rows, columns), interpolated; 0 from outside."""
    from scipy.ndimage import affine_transform

    inverse = np.linalg.inv(g)
    centre = (np.array(x.shape[1:]) - 1) / 2
    moved = [affine_transform(c, inverse, centre - inverse @ centre, order=1) for c in x]
    return np.asarray(np.einsum("ij,jrc->irc", rep.rho(g), np.array(moved)))
