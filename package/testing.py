"""Measure equivariance, on random elements of the group.

``f`` is equivariant when f(ρ_in(g) x) = ρ_out(g) f(x) for every g. Special elements (quarter turns, swaps) hide
errors, so g is drawn from the Haar measure of a compact group, and otherwise among words and exponentials of
condition number at most 10 (``group.sample``).

>>> import torch
>>> from intertwine.groups import SO
>>> from intertwine.reps import V
>>> equivariance_error(torch.relu, SO(3), V, V) > 0.1
True
>>> assert_equivariant(lambda x: x * x.square().sum(-1, keepdim=True), SO(3), V, V)
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from intertwine.groups import Group
from intertwine.reps import Rep, Restrict
from intertwine.reps._binding import common_group
from torch import Tensor, nn

__all__ = [
    "assert_equivariant",
    "equivariance_error",
    "field_equivariance_error",
    "grid_symmetries",
    "transform",
    "transform_field",
]

Reps = Rep | Sequence[Rep | None] | None
TOLERANCES = {torch.float64: 1e-10, torch.float32: 1e-5, torch.float16: 1e-2, torch.bfloat16: 1e-1}


def transform(x: Tensor, rep: Rep | None, g: Any) -> Tensor:
    """ρ(g) x for features (..., rep.dim), computed in double precision; x itself when rep is None.

    Parameters
    ----------
    x : Tensor (..., rep.dim)
    rep : bound Rep or None
    g : ndarray (d, d)
        An element of ``rep.group``.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import V
    >>> transform(torch.tensor([1., 0.]), V(SO(2)), np.array([[0., -1.], [1., 0.]]))
    tensor([0., 1.])
    """
    if rep is None:
        return x
    matrix = torch.from_numpy(np.array(rep.rho(g))).to(x.device)
    full = torch.promote_types(torch.float64, torch.promote_types(x.dtype, matrix.dtype))
    y = torch.matmul(x.detach().to(full), matrix.to(full).mT)
    return y.to(x.dtype)


def equivariance_error(
    module: Callable[..., Any],
    group: Group | None = None,
    rep_in: Reps = None,
    rep_out: Reps = None,
    *,
    inputs: Sequence[Any] | Tensor | None = None,
    samples: int = 5,
    batch: int = 8,
    rng: int | np.random.Generator | None = 0,
    dtype: torch.dtype | None = None,
) -> float:
    """Largest relative error ‖f(ρ_in(g) x) − ρ_out(g) f(x)‖ / ‖ρ_out(g) f(x)‖ over random g.

    Parameters
    ----------
    module : callable
        A module with ``group``, ``rep_in`` and ``rep_out``, or any function of tensors (..., rep.dim).
    group, rep_in, rep_out : optional
        Taken from the module where they are left out. A tuple of representations stands for several inputs
        (or outputs); None in it for an argument that does not transform, such as an ``edge_index``.
    inputs : tensor or sequence, optional
        The arguments, one per entry of ``rep_in``; drawn from N(0, 1) with shape (batch, rep.dim) if left out.
    samples : int
        Number of group elements.
    batch : int
    rng : int or numpy.random.Generator
    dtype : torch.dtype, optional
        Of drawn inputs; the dtype of the module's parameters if left out.

    Returns
    -------
    float
        The error; inf when an output is not finite.

    Raises
    ------
    ValueError
        If group or representations are known neither from the arguments nor from the module, or the number
        of inputs or outputs does not match the representations.

    Examples
    --------
    >>> from intertwine.emlp import Linear
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T, V
    >>> equivariance_error(Linear(4 * V, T(2), SO(3))) < 1e-5
    True
    """
    group, reps_in, reps_out = _reps(module, group, rep_in, rep_out)
    rng = np.random.default_rng(rng)
    if inputs is None:
        inputs = _draw(module, reps_in, batch, rng, dtype)
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if len(inputs) != len(reps_in):
        raise ValueError(
            f"{len(inputs)} inputs for {len(reps_in)} representations {reps_in!r}: give one entry of rep_in per "
            "argument, None for those that do not transform"
        )
    plain = _outputs(module, inputs, reps_out)
    worst = 0.0
    for g in group.sample(samples, rng):
        moved = _outputs(module, [_move(x, rep, g) for x, rep in zip(inputs, reps_in)], reps_out)
        for y, z, rep in zip(moved, plain, reps_out):
            worst = max(worst, _relative(y, transform(z, rep, g)))
    return worst


def assert_equivariant(
    module: Callable[..., Any],
    group: Group | None = None,
    rep_in: Reps = None,
    rep_out: Reps = None,
    *,
    rtol: float | None = None,
    inputs: Sequence[Any] | Tensor | None = None,
    samples: int = 5,
    batch: int = 8,
    rng: int | np.random.Generator | None = 0,
    dtype: torch.dtype | None = None,
) -> None:
    """Raise an AssertionError unless `equivariance_error` is within a tolerance.

    Parameters
    ----------
    rtol : float, optional
        Default 1e-10 for float64 and 1e-5 for float32 features (1e-1 for bfloat16).
    module, group, rep_in, rep_out, inputs, samples, batch, rng, dtype
        As in `equivariance_error`.

    Raises
    ------
    AssertionError
        With the measured error and the tolerance.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import V
    >>> assert_equivariant(torch.relu, SO(2), V, V)
    Traceback (most recent call last):
        ...
    AssertionError: relu is not equivariant under SO(2): relative error ...
    """
    group, reps_in, reps_out = _reps(module, group, rep_in, rep_out)
    if rtol is None:
        rtol = TOLERANCES[_precision(module, inputs, dtype)]
    error = equivariance_error(
        module, group, reps_in, reps_out, inputs=inputs, samples=samples, batch=batch, rng=rng, dtype=dtype
    )
    if not error <= rtol:
        raise AssertionError(
            f"{_name(module)} is not equivariant under {group.name}: relative error {error:.2e} over {samples} "
            f"random elements, allowed {rtol:.0e} (rep_in={_show(reps_in)}, rep_out={_show(reps_out)})"
        )


def _reps(
    module: Any, group: Group | None, rep_in: Reps, rep_out: Reps
) -> tuple[Group, tuple[Rep | None, ...], tuple[Rep | None, ...]]:
    found = {}
    for name, given in (("rep_in", rep_in), ("rep_out", rep_out)):
        value = getattr(module, name, None) if given is None else given
        if value is None:
            raise ValueError(f"{_name(module)} has no attribute {name}: pass {name}=..., e.g. {name}=V")
        found[name] = (value,) if isinstance(value, Rep) else tuple(value)
    group = group or getattr(module, "group", None)
    if group is None:
        group = common_group(rep for reps in found.values() for rep in reps if rep is not None)
    if group is None:
        raise ValueError(f"{_name(module)} has no attribute group: pass group=..., e.g. group=SO(3)")
    reps_in, reps_out = (
        tuple(None if rep is None else _bound(rep, group) for rep in found[name]) for name in ("rep_in", "rep_out")
    )
    return group, reps_in, reps_out


def _bound(rep: Rep, group: Group) -> Rep:
    """The representation as one of the group, which may be a subgroup of its own."""
    try:
        return rep(group)
    except ValueError:
        if rep.group is None or rep.group.d != group.d:
            raise
        return Restrict(rep.group, rep)(group)


def _floating(values: Any) -> torch.dtype | None:
    for t in values:
        if isinstance(t, tuple | list):
            inner = _floating(t)
            if inner is not None:
                return inner
        elif isinstance(t, Tensor) and (t.is_floating_point() or t.is_complex()):
            return t.dtype
    return None


def _precision(module: Any, inputs: Any, dtype: torch.dtype | None) -> torch.dtype:
    """The real dtype that limits the precision: given, of the inputs, or the lowest the module holds."""
    given = (inputs,) if isinstance(inputs, Tensor) else (inputs or ())
    dtype = dtype or _floating(given)
    if dtype is None and isinstance(module, nn.Module):
        held = {
            t.dtype for t in (*module.parameters(), *module.buffers()) if t.dtype.is_floating_point or t.is_complex()
        }
        dtype = min(held, key=lambda kind: -torch.finfo(kind).eps, default=None)
    return torch.empty(0, dtype=dtype or torch.get_default_dtype()).real.dtype


def _draw(
    module: Any,
    reps: tuple[Rep | None, ...],
    batch: int,
    rng: np.random.Generator,
    dtype: torch.dtype | None,
) -> tuple[Tensor, ...]:
    real = _precision(module, None, dtype)
    device = next((p.device for p in module.parameters()), None) if isinstance(module, nn.Module) else None
    drawn = []
    for rep in reps:
        if rep is None:
            raise ValueError("an argument that does not transform cannot be drawn: pass inputs=(...)")
        x = rng.standard_normal((batch, rep.dim))
        if rep.is_complex:
            x = (x + 1j * rng.standard_normal(x.shape)) / 2**0.5
        kind = torch.empty(0, dtype=real).to(torch.complex64).dtype if rep.is_complex else real
        if rep.is_complex and real == torch.float64:
            kind = torch.complex128
        drawn.append(torch.from_numpy(x).to(device=device, dtype=kind))
    return tuple(drawn)


def _move(x: Any, rep: Rep | None, g: Any) -> Any:
    """Transform an argument; a tuple of tensors (bipartite features) all with the same representation."""
    if isinstance(x, tuple | list):
        return type(x)(_move(part, rep, g) for part in x)
    return transform(x, rep, g) if isinstance(x, Tensor) else x


def _outputs(module: Callable[..., Any], inputs: Sequence[Any], reps: tuple[Rep | None, ...]) -> tuple[Tensor, ...]:
    y = module(*inputs)
    ys = (y,) if isinstance(y, Tensor) else tuple(y)
    if len(ys) != len(reps):
        raise ValueError(f"{_name(module)} gave {len(ys)} outputs for {len(reps)} representations {_show(reps)}")
    for value, rep in zip(ys, reps):
        if rep is not None and value.shape[-1:] != (rep.dim,):
            raise ValueError(
                f"{_name(module)} gave an output of shape {tuple(value.shape)}, expected (..., {rep.dim}) for "
                f"rep_out = {rep!r}"
            )
    return tuple(value.detach() for value in ys)


def _relative(moved: Tensor, expected: Tensor) -> float:
    size = torch.linalg.vector_norm(expected.to(torch.promote_types(expected.dtype, torch.float64)))
    error = torch.linalg.vector_norm((moved - expected).to(torch.promote_types(moved.dtype, torch.float64)))
    if not (torch.isfinite(size) and torch.isfinite(error)):
        return float("inf")
    if float(error) == 0:
        return 0.0
    return float(error / size) if float(size) else float("inf")


def _name(module: Any) -> str:
    if isinstance(module, nn.Module):
        return repr(module).split("\n", 1)[0]
    return getattr(module, "__name__", repr(module))


def _show(reps: tuple[Rep | None, ...]) -> str:
    return ", ".join(repr(rep) for rep in reps)


def grid_symmetries(space: Rep) -> list[Any]:
    """The elements of a group that map a square grid to itself: their matrices on ``space`` are signed permutations.

    Of a finite group, all of them by enumeration; of others, those among the matrices of the group itself, for
    ``space = V``.

    Parameters
    ----------
    space : bound Rep
        Acts on grid coordinates.

    Returns
    -------
    list of ndarray (d, d)
        Elements of ``space.group``, the identity among them.

    Examples
    --------
    >>> from intertwine.groups import SO, C, O
    >>> from intertwine.reps import V
    >>> [len(grid_symmetries(V(group))) for group in (SO(2), O(3), C(6))]
    [4, 48, 2]
    """
    group = space.group
    if group is None:
        raise ValueError(f"space = {space!r} is not bound to a group: write it as {space!r}(group)")
    n = space.dim
    if not group.is_finite:
        signed = [
            np.eye(n)[list(order)] * signs
            for order in itertools.permutations(range(n))
            for signs in itertools.product((1.0, -1.0), repeat=n)
        ]
        if group.d != n:
            return [np.eye(group.d)]
        moved = [space.rho(m) if m in group else None for m in signed]
        return [m for m, r in zip(signed, moved) if r is not None and _is_signed_permutation(r)]
    return [g for g in group.elements() if _is_signed_permutation(space.rho(g))]


def _is_signed_permutation(m: Any) -> bool:
    size = np.abs(m)
    return bool(np.allclose(m.real, np.round(m.real), atol=1e-8) and np.allclose(size.sum(0), 1) and not m.imag.any())


def transform_field(x: Tensor, rep: Rep, g: Any, space: Rep) -> Tensor:
    """(g f)(p) = ρ(g) f(g⁻¹ p) for a field on a grid around its centre, g one of its symmetries.

    Parameters
    ----------
    x : Tensor (batch, rep.dim, *spatial)
    rep : bound Rep
    g : ndarray (d, d)
        One of `grid_symmetries`.
    space : bound Rep
        Acts on grid coordinates, in the order of the spatial axes.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])  # a quarter turn takes the first axis to the second
    >>> transform_field(x, Scalar(SO(2)), np.array([[0.0, -1.0], [1.0, 0.0]]), V(SO(2)))[0, 0]
    tensor([[2., 4.],
            [1., 3.]])
    """
    matrix = np.round(np.real(space.rho(g))).astype(int)
    if not _is_signed_permutation(space.rho(g)):
        raise ValueError("g does not map the grid to itself: take it from grid_symmetries(space)")
    sources = np.abs(matrix).argmax(1)  # axis of the input that becomes each axis
    flipped = [2 + i for i, j in enumerate(sources) if matrix[i, j] < 0]
    moved = x.permute(0, 1, *(2 + int(j) for j in sources)).flip(flipped)
    return transform(moved.movedim(1, -1), rep, g).movedim(-1, 1)


def field_equivariance_error(
    module: Callable[..., Tensor],
    x: Tensor,
    space: Rep,
    rep_in: Rep | None = None,
    rep_out: Rep | None = None,
    *,
    attr: Tensor | None = None,
    attributes: Rep | None = None,
) -> float:
    """Largest relative error ‖f(g x) − g f(x)‖ / ‖f(x)‖ over the symmetries g of the grid that are in the group.

    Parameters
    ----------
    module : callable
        From fields (batch, rep_in.dim, *spatial) to fields (batch, rep_out.dim, *spatial) or, pooled,
        (batch, rep_out.dim).
    x : Tensor
    space : bound Rep
    rep_in, rep_out : Rep, optional
        Taken from the module where they are left out.
    attr, attributes : optional
        A second argument (batch, attributes.dim), and the representation that acts on it.

    Returns
    -------
    float

    Examples
    --------
    >>> import torch
    >>> from intertwine.conv import GridConv
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> conv = GridConv(Scalar, V, group=O(2), kernel_size=3, padding=1)
    >>> field_equivariance_error(conv, torch.randn(1, 1, 6, 6), V(O(2))) < 1e-5
    True
    """
    _, (first,), (last,) = _reps(module, space.group, rep_in, rep_out)
    assert first is not None
    assert last is not None
    more = () if attr is None else (attr,)
    plain = module(x, *more).detach()
    worst = 0.0
    for g in grid_symmetries(space):
        turned = () if attr is None else (transform(attr, attributes, g),)
        moved = module(transform_field(x, first, g, space), *turned).detach()
        expected = transform(plain, last, g) if plain.ndim == 2 else transform_field(plain, last, g, space)
        worst = max(worst, _relative(moved, expected) if moved.shape == expected.shape else float("inf"))
    return worst
