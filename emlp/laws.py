"""Laws every layer obeys, checkable on any module with ``rep_in``, ``rep_out`` and ``group``.

>>> from intertwine.emlp import Linear
>>> from intertwine.groups import SO
>>> from intertwine.reps import T, V
>>> check_layer_laws(Linear(2 * V, T(2), SO(3)))["equivariance"] < 1e-10
True
"""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import torch
from intertwine.reps import Rep
from intertwine.testing import equivariance_error
from intertwine.testing._features import device_of
from torch import Tensor, nn

__all__ = ["check_layer_laws"]


def check_layer_laws(
    module: nn.Module,
    inputs: Sequence[Any] | None = None,
    *,
    rep_in: Rep | Sequence[Rep | None] | None = None,
    rng: int = 0,
    compile: bool = False,
) -> dict[str, float]:
    """Check what every layer promises; the module itself is left as it was.

    ============  ==========================================================================
    equivariance  f(ρ_in(g) x) = ρ_out(g) f(x) on random g: 1e-10 in float64
    single        the same in float32: 1e-5
    shape         the output is (…, rep_out.dim) and has the dtype of the input
    precision     float32 and float64 agree to 1e-3
    batch         a sample's output does not depend on its neighbours (default inputs only)
    grad          gradients by autograd agree with finite differences
    gradgrad      so do second derivatives
    pickle        pickle gives the same function
    deepcopy      so does ``copy.deepcopy``, and training the copy leaves the original alone
    state_dict    a checkpoint carries the function to a module with other weights
    compile       ``torch.compile(fullgraph=True, backend="aot_eager")`` gives the same function (if asked for)
    ============  ==========================================================================

    Parameters
    ----------
    module : nn.Module
    inputs : sequence, optional
        Arguments; those that are floating tensors are converted to the precision under test. Drawn from
        N(0, 1) with a batch of 3 if left out.
    rep_in : optional
        Representations of the arguments (None for those that do not transform) if ``module.rep_in`` does not
        list all of them.
    rng : int
    compile : bool

    Returns
    -------
    dict
        Measured error of every law that is a number.

    Raises
    ------
    AssertionError
        Naming the law that fails.

    Examples
    --------
    >>> from intertwine.emlp import Linear
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T, V
    >>> check_layer_laws(Linear(4 * V, T(2), SO(3)))["equivariance"] < 1e-10
    True
    """
    double = copy.deepcopy(module).double()
    reps = module.rep_in if rep_in is None else rep_in
    drawn = tuple(x.to(device_of(module)) for x in _draw(reps, rng)) if inputs is None else tuple(inputs)
    check = _Check(module, double, tuple(cast(x, torch.float64) for x in drawn), reps, rng)
    laws = [
        "equivariance",
        "single",
        "shape",
        "precision",
        "grad",
        "gradgrad",
        "pickle",
        "deepcopy",
        "state_dict",
    ]
    laws += ["batch"] if inputs is None else []
    laws += ["compile"] if compile else []
    return {law: getattr(check, law)() for law in laws}


class _Check:
    def __init__(self, module: nn.Module, double: nn.Module, inputs: tuple[Any, ...], reps: Any, rng: int) -> None:
        self.module, self.double, self.inputs, self.reps, self.rng = module, double, inputs, reps, rng
        self.y = double(*inputs).detach()

    def _near(self, law: str, y: Tensor, tol: float, expected: Tensor | None = None) -> float:
        expected = self.y if expected is None else expected
        scale = max(float(expected.abs().max()), 1e-300)
        error = float((y.detach().to(expected.dtype) - expected).abs().max()) / scale
        return self._within(law, error, tol)

    def _within(self, law: str, error: float, tol: float) -> float:
        if not error <= tol:
            name = repr(self.module).split("\n", 1)[0]
            raise AssertionError(f"{name} breaks the law '{law}': error {error:.2e}, allowed {tol:.0e}")
        return error

    def _error(self, module: nn.Module, dtype: torch.dtype) -> float:
        inputs = tuple(cast(x, dtype) for x in self.inputs)
        return equivariance_error(module, rep_in=self.reps, inputs=inputs, rng=self.rng)

    def equivariance(self) -> float:
        return self._within("equivariance", self._error(self.double, torch.float64), 1e-10)

    def single(self) -> float:
        single = copy.deepcopy(self.double).float()
        return self._within("single", self._error(single, torch.float32), 1e-5)

    def shape(self) -> float:
        width, dtype = self.module.rep_out.dim, next(x.dtype for x in self.inputs if _is_real_number(x))
        if self.y.shape[-1] != width or torch.empty(0, dtype=self.y.dtype).real.dtype != dtype.to_real():
            raise AssertionError(
                f"{self.module!r} breaks the law 'shape': output {tuple(self.y.shape)} of {self.y.dtype}, expected "
                f"(..., {width}) of {dtype}"
            )
        return 0.0

    def precision(self) -> float:
        single = copy.deepcopy(self.double).float()
        return self._near("precision", single(*(cast(x, torch.float32) for x in self.inputs)), 1e-3)

    def batch(self) -> float:
        alone = torch.cat([self.double(*(x[i : i + 1] for x in self.inputs)) for i in range(len(self.y))])
        return self._near("batch", alone, 1e-12)

    def _scalar(self) -> tuple[Callable[..., Tensor], list[Tensor], list[int]]:
        """A real function of the floating inputs, complex ones by their real and imaginary parts."""
        at = [i for i, x in enumerate(self.inputs) if _is_real_number(x)]
        weight = _normal([self.y], self.rng)[0]

        def f(*xs: Tensor) -> Tensor:
            full = list(self.inputs)
            for i, x in zip(at, xs):
                full[i] = torch.view_as_complex(x) if self.inputs[i].is_complex() else x
            y = self.double(*full) * weight
            return (y.real + y.imag if y.is_complex() else y).sum()

        xs = [self.inputs[i] for i in at]
        return f, [(torch.view_as_real(x) if x.is_complex() else x).clone() for x in xs], at

    def grad(self) -> float:
        f, xs, _ = self._scalar()
        return self._directional("grad", f, xs)

    def gradgrad(self) -> float:
        f, xs, _ = self._scalar()
        directions = _normal(xs, self.rng + 1)

        def slope(*points: Tensor) -> Tensor:
            points = tuple(p if p.requires_grad else p.requires_grad_() for p in points)
            grads = torch.autograd.grad(f(*points), points, create_graph=True, allow_unused=True)
            return sum(((g * d).sum() for g, d in zip(grads, directions) if g is not None), f(*points) * 0)

        return self._directional("gradgrad", slope, xs)

    def _directional(self, law: str, f: Callable[..., Tensor], xs: list[Tensor], h: float = 1e-4) -> float:
        """Derivative along one random direction against a fourth-order central difference."""
        directions = _normal(xs, self.rng + 2)
        points = [x.clone().requires_grad_() for x in xs]
        grads = torch.autograd.grad(f(*points), points, allow_unused=True)
        exact = sum(float((g * d).sum()) for g, d in zip(grads, directions) if g is not None)

        def at(t: float) -> float:
            return float(f(*(x + t * d for x, d in zip(xs, directions))).detach())

        near = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
        size = max(abs(exact), float(sum(g.norm() for g in grads if g is not None)), 1e-300)
        return self._within(law, abs(near - exact) / size if size > 1e-12 else abs(near - exact), 1e-6)

    def pickle(self) -> float:
        return self._near("pickle", pickle.loads(pickle.dumps(self.double))(*self.inputs), 0.0)

    def deepcopy(self) -> float:
        other = copy.deepcopy(self.double)
        error = self._near("deepcopy", other(*self.inputs), 0.0)
        with torch.no_grad():
            for p in other.parameters():
                p.add_(1.0)
        return max(error, self._near("deepcopy", self.double(*self.inputs), 0.0))

    def state_dict(self) -> float:
        file = io.BytesIO()
        torch.save(self.double.state_dict(), file)
        other = copy.deepcopy(self.double)
        with torch.no_grad():
            for p in other.parameters():
                p.normal_()
        file.seek(0)
        other.load_state_dict(torch.load(file, weights_only=True))
        return self._near("state_dict", other(*self.inputs), 0.0)

    def compile(self) -> float:
        torch._dynamo.reset()
        compiled = torch.compile(self.double, fullgraph=True, backend="aot_eager")
        return self._near("compile", compiled(*self.inputs), 1e-12)


def _draw(reps: Any, rng: int) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(rng)
    reps = (reps,) if isinstance(reps, Rep) else tuple(reps)
    kinds = [torch.complex128 if rep.is_complex else torch.float64 for rep in reps]
    drawn = (torch.randn(3, rep.dim, dtype=kind, generator=generator, device="cpu") for rep, kind in zip(reps, kinds))
    return tuple(drawn)


def _normal(like: Sequence[Tensor], rng: int) -> list[Tensor]:
    """Normal numbers of the shapes, types and devices of some tensors, the same on every device."""
    generator = torch.Generator().manual_seed(rng)
    return [torch.randn(x.shape, dtype=x.dtype, generator=generator, device="cpu").to(x.device) for x in like]


def _is_real_number(x: Any) -> bool:
    return isinstance(x, Tensor) and (x.is_floating_point() or x.is_complex())


def cast(x: Any, real: torch.dtype) -> Any:
    """Convert floating tensors, complex ones to the complex dtype of that precision."""
    if isinstance(x, tuple | list):
        return type(x)(cast(part, real) for part in x)
    if not _is_real_number(x):
        return x
    return x.to(real.to_complex() if x.is_complex() else real)
