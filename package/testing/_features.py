"""Modules of features: vectors that representations act on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from intertwine.groups import Group
from intertwine.reps import Rep, Restrict
from intertwine.reps._binding import common_group
from torch import Tensor, nn

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
        A module with ``group``, ``rep_in`` and ``rep_out``, or any function of tensors (..., rep.dim). A module runs in
        the mode it is in, and its running averages are put back.
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
    group, reps_in, reps_out = reps_of(module, group, rep_in, rep_out)
    rng = np.random.default_rng(rng)
    if inputs is None:
        inputs = _draw(module, reps_in, batch, rng, dtype)
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if len(inputs) != len(reps_in):
        raise ValueError(
            f"{len(inputs)} inputs for {len(reps_in)} representations {reps_in!r}: give one entry of rep_in per "
            "argument, None for those that do not transform"
        )
    worst = 0.0
    with undisturbed(module):
        plain = _outputs(module, inputs, reps_out)
        for g in group.sample(samples, rng):
            moved = _outputs(module, [_move(x, rep, g) for x, rep in zip(inputs, reps_in)], reps_out)
            for y, z, rep in zip(moved, plain, reps_out):
                worst = max(worst, relative(y, transform(z, rep, g)))
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
    group, reps_in, reps_out = reps_of(module, group, rep_in, rep_out)
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


def reps_of(
    module: Any, group: Group | None, rep_in: Reps, rep_out: Reps
) -> tuple[Group, tuple[Rep | None, ...], tuple[Rep | None, ...]]:
    """Group and representations of a module's inputs and outputs: those given, or its own."""
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
    device = device_of(module) if isinstance(module, nn.Module) else None
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


def device_of(module: nn.Module) -> torch.device | None:
    """Where the numbers of a module are; None where it has none."""
    return next((t.device for t in (*module.parameters(), *module.buffers())), None)


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


@contextlib.contextmanager
def undisturbed(module: Any) -> Iterator[None]:
    """Let a module run, and put its buffers back: running averages, in training mode."""
    modules = module.modules() if isinstance(module, nn.Module) else ()
    before = [(m._buffers, name, b, b.clone()) for m in modules for name, b in m._buffers.items() if b is not None]
    try:
        yield
    finally:
        for buffers, name, buffer, numbers in before:
            buffers[name] = buffer
            if not torch.equal(buffer, numbers):
                buffer.copy_(numbers)


def relative(moved: Tensor, expected: Tensor) -> float:
    """The distance of two tensors in units of the second one's size; infinite where either is not finite."""
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
