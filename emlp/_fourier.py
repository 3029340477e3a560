"""Pointwise nonlinearities of functions on a compact group, or on a homogeneous space G/H.

A signal is a function f(g) = Σ √d ⟨c_ρv, ρ(g) v⟩ over irreps ρ and H-invariant vectors v; its Fourier coefficients
c_ρv transform with ρ under (h f)(g) = f(h⁻¹g), whatever is then done to the *values* of f.  So: evaluate f on samples
g_k, act on the values, project back.

Of a finite group the samples are all its elements, and this is exact.  Of a continuous one the samples are random, and
their weights integrate all irreps up to some power of V exactly; that power is raised until the equivariance error,
measured on random signals and elements, is below the tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import scipy.linalg
import torch
from intertwine.groups import Group
from intertwine.groups._membership import check_subgroup, component_words
from intertwine.reps import Rep
from intertwine.reps._frame import Atom, frame
from intertwine.reps._irrep import Irrep
from intertwine.reps._irreps import listed
from intertwine.reps._tensor import direct_sum
from numpy.typing import NDArray
from torch import Tensor

from ._activations import Function, activation, apply_parts, gain
from ._constants import Constants
from ._frame import Decode, Encode
from ._module import Layer, feature_dtype, is_count, is_number

Array = NDArray[np.number]

OVERSAMPLING = 2  # samples per function that they integrate
MOST_FUNCTIONS = 2500
MOST_TURNS = 100  # of a circle's slowest plane, that are tried
SIGNALS, ELEMENTS = 64, 8  # on which the equivariance error is measured
SAFETY = 0.7  # of the tolerance, since the error is measured on finitely many elements


@dataclass(frozen=True, eq=False)
class Sampling:
    """How signals are sampled and projected back.

    vectors : for every irrep, the invariant vectors (mult, d); values, project (samples, Σ mult · d); error : measured.
    """

    irreps: tuple[Irrep, ...]
    vectors: tuple[Array, ...]
    values: Array
    project: Array
    error: float


class FourierAct(Layer):
    """A pointwise function of signals on a compact group G or a homogeneous space G/H.

    Parameters
    ----------
    group : Group
        Compact.
    copies : int
        Number of signals.
    degree : int, optional
        Signals hold all irreps up to this tensor power of V; by default 2, and all irreps of a finite group.
    subgroup : Group, optional
        H: signals live on G/H, e.g. on the sphere for ``SO(3).subgroup(fixing=[0, 0, 1])``.
    act : str or callable
        As in `Pointwise`.
    tolerance : float
        Largest relative equivariance error on random signals, for a continuous group.

    Attributes
    ----------
    rep_in, rep_out : Rep
        ``copies`` times the sum of the irreps, each as often as it has H-invariant vectors.
    samples : int
        Number of samples.
    error : float
        The equivariance error that was measured when they were chosen; 0 for a finite group.

    Raises
    ------
    ValueError
        If the group is not compact, or the tolerance needs more samples than can be afforded.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO, Octahedral
    >>> layer = FourierAct(SO(3), copies=4, subgroup=SO(3).subgroup(fixing=[0, 0, 1]), tolerance=1e-2)
    >>> layer.rep_in
    4 * (Irrep(0) + Irrep(1) + Irrep(2))
    >>> layer(torch.randn(5, 36)).shape, layer.error < 1e-2
    (torch.Size([5, 36]), True)
    >>> FourierAct(Octahedral(), copies=1).samples
    24

    References
    ----------
    de Haan, Weiler, Cohen, Welling, Gauge Equivariant Mesh CNNs, ICLR 2021, arXiv:2003.05425, section 5; Cesa, Lang,
    Weiler, A Program to Build E(N)-Equivariant Steerable CNNs, ICLR 2022, section 4.
    """

    def __init__(
        self,
        group: Group,
        copies: int = 1,
        degree: int | None = None,
        subgroup: Group | None = None,
        act: str | Function = "silu",
        tolerance: float = 1e-2,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("group", group), ("subgroup", group if subgroup is None else subgroup)):
            if not isinstance(value, Group):
                raise TypeError(f"FourierAct: {name} is a Group, got {value!r}")
        if not group.is_compact:
            raise ValueError(f"FourierAct integrates over the group, and {group.name} is not compact: use Gate")
        if not is_count(copies):
            raise ValueError(f"copies is an integer >= 1, got {copies!r}")
        if not is_number(tolerance) or not 0 < tolerance < 1:
            raise ValueError(f"tolerance is between 0 and 1, got {tolerance!r}")
        if degree is not None and not is_count(degree, 0):
            raise ValueError(f"degree is an integer >= 0, got {degree!r}")
        if subgroup is not None:
            check_subgroup(group, subgroup)
        self.group, self.subgroup, self.copies = group, subgroup, int(copies)
        self.act = activation(act)
        self.name = act if isinstance(act, str) else getattr(act, "__name__", repr(act))
        self.gain = gain(self.act)
        found = sampling(group, subgroup, degree, self.act, tolerance)
        self.samples, self.error = len(found.values), found.error
        signal = direct_sum((len(v), a.rep) for a, v in zip(found.irreps, found.vectors))
        self.rep_in: Rep = (self.copies * signal)(group)
        self.rep_out = self.rep_in
        dtype = feature_dtype(dtype, self.rep_in.is_complex)
        self.encode, self.decode = Encode(self.rep_in, dtype, device), Decode(self.rep_in, dtype, device)
        order = _places(found, [a for a, _ in frame(self.rep_in).atoms])
        n = len(order)
        values, project = found.values[:, order] / n**0.5, found.project[:, order] * n**0.5
        self.constants = Constants({"values": values, "project": project}, dtype, device)

    def forward(self, x: Tensor) -> Tensor:
        """Map Fourier coefficients (..., rep.dim) to (..., rep.dim)."""
        self.encode.check(x)
        atoms = self.encode(x)
        parts = [y.unflatten(-1, (self.copies, -1)).movedim(0, -1).flatten(-2) for y in atoms]  # (..., copies, n)
        values, project = self.constants.value("values"), self.constants.value("project")
        signal = torch.cat(parts, -1).conj() @ values.mT
        z = (apply_parts(self.act, signal) * self.gain) @ project.conj()
        z = z.conj() if z.is_complex() else z
        split = z.split([p.shape[-1] for p in parts], -1)
        return self.decode([p.unflatten(-1, (-1, len(y))).movedim(-1, 0).flatten(-2) for p, y in zip(split, atoms)])

    def __repr__(self) -> str:
        on = self.group.name if self.subgroup is None else f"{self.group.name} / {self.subgroup.name}"
        return f"FourierAct({self.rep_in!r} | {on}, {self.name}, {self.samples} samples)"


def _places(found: Sampling, atoms: Sequence[Atom]) -> list[int]:
    """Columns of the samples in the order of some atoms."""
    starts = np.cumsum([0, *(v.size for v in found.vectors)])
    spans: dict[Atom, range] = {a: range(i, j) for a, i, j in zip(found.irreps, starts, starts[1:])}
    return [k for a in atoms for k in spans[a]]


@lru_cache(maxsize=32)
def sampling(group: Group, subgroup: Group | None, degree: int | None, act: Function, tolerance: float) -> Sampling:
    """Samples on which ``act`` breaks the symmetry by less than the tolerance."""
    if group.is_finite:
        g = group.elements()
        used = _with_vectors(listed(group, level=len(g) if degree is None else degree), subgroup)
        values = evaluate(used, g)
        _, kept, number = np.unique(np.round(values, 6), axis=0, return_index=True, return_counts=True)
        values = values[kept]  # one element of every coset
        return _made(used, values, values * (number / number.sum())[:, None], 0.0)
    degree = 2 if degree is None else degree
    used = _with_vectors(listed(group, level=degree), subgroup)
    best = np.inf
    level = max(degree, 1)
    while True:
        level += max(1, level // 4)
        tested = _with_vectors(listed(group, level=level), subgroup)
        functions = sum(v.size for _, v in tested)
        if functions > MOST_FUNCTIONS:
            raise ValueError(
                f"FourierAct on {group.name} needs more than {OVERSAMPLING * MOST_FUNCTIONS} samples for "
                f"tolerance={tolerance:g}; the best error reached is {best:.1e}: raise the tolerance, lower the degree "
                f"(now {degree}), take a smoother function, or signals on a homogeneous space (subgroup=...)"
            )
        g = elements(group, OVERSAMPLING * functions, level)
        values = evaluate(used, g)
        project = values * quadrature(evaluate(tested, g))[:, None]
        error = equivariance(group, used, values, project, act)
        best = min(best, error)
        if error <= SAFETY * tolerance:
            return _made(used, values, project, error)


def _made(used: list[tuple[Irrep, Array]], values: Array, project: Array, error: float) -> Sampling:
    return Sampling(tuple(a for a, _ in used), tuple(v for _, v in used), values, project, error)


def _with_vectors(chosen: Sequence[Irrep], subgroup: Group | None) -> list[tuple[Irrep, Array]]:
    """Irreps with H-invariant vectors, and these (mult, d): a basis over the irrep's division algebra."""
    pairs = ((a, list(_independent(a, subgroup))) for a in chosen)
    return [(a, np.stack(vectors)) for a, vectors in pairs if vectors]


def _fixed(atom: Irrep, subgroup: Group | None) -> Array:
    """Orthonormal vectors (k, d) fixed by a subgroup."""
    if subgroup is None:
        return np.eye(atom.dim)
    one = np.eye(atom.dim)
    still = [atom.drho(x) for x in subgroup.closure] + [atom.rho(h) - one for h in subgroup.discrete_generators]
    if not still:
        return one
    _, size, vectors = np.linalg.svd(np.concatenate(still))
    return vectors[int((size > 1e-8).sum()) :].conj()


def _independent(atom: Irrep, subgroup: Group | None) -> Iterator[Array]:
    """Fixed vectors v whose images End(V) v are orthogonal."""
    covered = np.zeros((0, atom.dim))
    for vector in _fixed(atom, subgroup):
        v = vector - covered.T @ (covered.conj() @ vector)
        size = np.linalg.norm(v)
        if size > 1e-6:
            yield v / size
            images = np.concatenate([covered, atom.end @ (v / size)])
            covered = scipy.linalg.orth(images.T, rcond=1e-8).T


def evaluate(used: Sequence[tuple[Irrep, Array]], g: Array) -> Array:
    """√d ρ(g) v for all samples: (samples, Σ mult · d), of mean square 1 over the group."""
    columns = [np.einsum("nij,vj->nvi", a.rho(g), v) * a.dim**0.5 for a, v in used]
    return np.concatenate([c.reshape(len(g), -1) for c in columns], 1)


def elements(group: Group, n: int, level: int) -> Array:
    """n samples or more: evenly spaced on every circle of a one-dimensional group, random otherwise."""
    if group.lie_dim == 1 and len(group.factors) == 1:
        words = np.stack(component_words(group))
        period, fastest = _period(group.closure[0])
        each = 1 + max(OVERSAMPLING * level * fastest, -(-n // len(words)))
        if fastest and each <= OVERSAMPLING * MOST_FUNCTIONS:
            circle = np.stack([scipy.linalg.expm(period * k / each * group.closure[0]) for k in range(each)])
            return (words[:, None] @ circle).reshape(-1, group.d, group.d)
    return group.sample(n, np.random.default_rng(level))


def _period(a: Array) -> tuple[float, int]:
    """The smallest t > 0 with exp(t a) = 1, and how often the fastest plane turns by then; 0, 0 if there is none."""
    speed = np.abs(np.linalg.eigvals(a))
    speed = speed[speed > 1e-9]
    turns = [Fraction(s).limit_denominator(MOST_TURNS) for s in speed / speed.min()]
    if not np.allclose(np.array(turns, float), speed / speed.min(), rtol=1e-8, atol=0):
        return 0.0, 0
    slowest = math.lcm(*(t.denominator for t in turns))
    return 2 * np.pi * slowest / float(speed.min()), int(slowest * max(turns))


def quadrature(functions: Array) -> Array:
    """Weights near 1/n with which all functions but the constant, which is the first, have integral 0."""
    n = len(functions)
    wanted = np.zeros(functions.shape[1])
    wanted[0] = 1.0  # the trivial irrep comes first
    left = wanted - functions.mean(0)
    rows = np.concatenate([functions.real, functions.imag], 1) if np.iscomplexobj(functions) else functions
    missing = np.concatenate([left.real, left.imag]) if np.iscomplexobj(functions) else left
    gram = rows.T @ rows
    gram[np.diag_indices_from(gram)] += 1e-9 * n
    return 1 / n + rows @ scipy.linalg.solve(gram, missing, assume_a="pos")


def equivariance(
    group: Group, used: Sequence[tuple[Irrep, Array]], values: Array, project: Array, act: Function
) -> float:
    """Largest relative error of the nonlinearity on random signals under random elements."""
    rng = np.random.default_rng(0)
    n = values.shape[1]
    x = rng.standard_normal((SIGNALS, n))
    if np.iscomplexobj(values):
        x = (x + 1j * rng.standard_normal(x.shape)) / 2**0.5

    def apply(c: Array) -> Array:
        signal = torch.from_numpy(c.conj() @ values.T / n**0.5)
        return (apply_parts(act, signal).numpy() @ project.conj()).conj() * n**0.5

    def moved(c: Array, g: Array) -> Array:
        out, at = [], 0
        for a, v in used:
            part = c[:, at : at + v.size].reshape(len(c), len(v), a.dim)
            out.append((part @ a.rho(g).T).reshape(len(c), -1))
            at += v.size
        return np.concatenate(out, 1)

    y = apply(x)
    size = np.linalg.norm(y)
    return float(max(np.linalg.norm(apply(moved(x, g)) - moved(y, g)) for g in group.sample(ELEMENTS, rng)) / size)
