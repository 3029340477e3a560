"""Whether the values of a kernel are all that equivariance allows."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from intertwine.groups import Group
from intertwine.reps import Rep
from intertwine.reps._elements import discrete_elements
from numpy.typing import NDArray
from torch import Tensor

from ._kernel import ImplicitKernel
from ._stabilizer import nullspace, stabilizer
from ._stabilizer_kernel import StabilizerKernel

Array = NDArray[np.float64]
TOLERANCE = 1e-7
RADIUS = 0.5  # length of the test points, in units of the cutoff
MOST = 12  # points


@dataclass(frozen=True)
class Point:
    """One point x and what was found there.

    Attributes
    ----------
    name : str
    x : tuple of float
    stabilizer_dim : int
        Dimension of the stabiliser G_x.
    spanned, allowed : int
        Dimensions of the span of the kernel's values K(x), and of Hom_{G_x}(V_in, V_out).
    """

    name: str
    x: tuple[float, ...]
    stabilizer_dim: int
    spanned: int
    allowed: int


@dataclass(frozen=True)
class Completeness:
    """What `completeness` found; prints as a table."""

    points: tuple[Point, ...]

    @property
    def complete(self) -> bool:
        """Whether the kernel takes every allowed value at every point."""
        return all(p.spanned == p.allowed for p in self.points)

    def __str__(self) -> str:
        rows = [("point", "dim G_x", "spanned", "allowed")]
        rows += [(p.name, str(p.stabilizer_dim), str(p.spanned), str(p.allowed)) for p in self.points]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, "complete" if self.complete else "incomplete"])

    def __repr__(self) -> str:
        return str(self)


def completeness(kernel: ImplicitKernel | StabilizerKernel, seed: int = 0) -> Completeness:
    """Compare the values K(x) of a kernel, over all its weights, with all maps that equivariance allows.

    The constraint K(gx) = ρ_out(g) K(x) ρ_in(g)⁻¹ leaves at x the maps that commute with the stabiliser G_x, and a
    kernel that spans them at one point of every orbit, for every x, is complete.  Points are drawn at random: the
    origin, generic ones, ones fixed by elements and by one-parameter subgroups, and null vectors of indefinite forms.

    Parameters
    ----------
    kernel : ImplicitKernel or StabilizerKernel
        Without attributes.  Its weights are left alone.
    seed : int
        Of the points and weights.

    Returns
    -------
    Completeness
        ``.complete``, ``.points``; prints as a table.  Elements of G_x outside its identity component are looked for
        numerically in Lie groups: ``allowed`` can be too large where some are missed, never too small, so that
        "complete" is sure.

    Raises
    ------
    ValueError
        For a kernel with attributes.

    References
    ----------
    Weiler, Geiger, Welling, Boomsma, Cohen, 3D Steerable CNNs, NeurIPS 2018, arXiv:1807.02547; Lang, Weiler, A
    Wigner–Eckart theorem for group equivariant convolution kernels, ICLR 2021, arXiv:2010.10952.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import V
    >>> completeness(ImplicitKernel(V, V, group=SO(3)))
    point    dim G_x  spanned  allowed
    origin   3        1        1
    generic  1        3        3
    complete
    """
    if kernel.edge is not None:
        raise ValueError(f"completeness is checked for kernels of a position alone, this one has edge={kernel.edge!r}")
    rng = np.random.default_rng(seed)
    points: list[tuple[str, Array, int, int]] = []
    seen: set[tuple[int, int]] = set()
    special = ("origin", "generic", "other side", "null")
    for name, x in _candidates(kernel.space, rng):
        algebra, discrete = stabilizer(kernel.space, x, rng)
        allowed = _commuting(kernel.rep_in, kernel.rep_out, algebra, discrete)
        kind = (len(algebra), allowed)
        if name in special or (len(points) < MOST and kind not in seen):
            seen |= set() if name == "origin" else {kind}
            points.append((name, x, len(algebra), allowed))
    xs = np.stack([x for _, x, _, _ in points])
    draws = max(allowed for *_, allowed in points) + 8
    values = _values(kernel, xs, draws, seed)
    spanned = [_rank(values[:, i]) for i in range(len(points))]
    return Completeness(
        tuple(Point(name, tuple(x), dim, found, allowed) for (name, x, dim, allowed), found in zip(points, spanned))
    )


def _candidates(space: Rep, rng: np.random.Generator) -> list[tuple[str, Array]]:
    """Points of as many orbit types as are found, the most special last."""
    n, group = space.dim, space._require_group()
    found = [("origin", np.zeros(n)), ("generic", _unit(rng.standard_normal(n)))]
    forms = _forms(space)
    if len(forms):
        w, v = np.linalg.eigh(forms[0])
        if w[0] < 0 < w[-1]:
            plus, minus = v[:, w > 0], v[:, w < 0]
            u = _unit(plus @ rng.standard_normal(plus.shape[1]))
            m = _unit(minus @ rng.standard_normal(minus.shape[1]))
            u, m = u / np.sqrt(u @ forms[0] @ u), m / np.sqrt(-(m @ forms[0] @ m))
            found[1] = ("generic", _unit(1.5 * u + m))
            found += [("other side", _unit(u + 1.5 * m)), ("null", _unit(u + m))]
    spaces: list[Array] = []
    closure = group.closure
    combinations = [*closure, *(np.tensordot(rng.standard_normal(len(closure)), closure, 1) for _ in range(4))]
    spaces += [
        nullspace(space.drho(a), float(np.abs(space.drho(a)).max())) for a in combinations[:24] if np.abs(a).max()
    ]
    for h in _words(group, rng):
        spaces.append(nullspace(space.rho(h) - np.eye(n), 1.0))
    spaces += [_intersection(a, b) for a in spaces[:16] for b in spaces[:16]]
    for basis in spaces:
        if 0 < len(basis) < n:
            found.append(("fixed", _unit(rng.standard_normal(len(basis)) @ basis)))
    return [(name, RADIUS * x) for name, x in found]


def _words(group: Group, rng: np.random.Generator) -> list[Array]:
    """Elements whose fixed points are worth a look: all of a small group, generators and some products of others."""
    elements = discrete_elements(group, 200) if not group.lie_dim else None
    if elements is not None and group.balancing is not None:
        p = group.balancing
        return list(np.linalg.inv(p) @ elements[1:] @ p)
    h = list(group.discrete_generators)
    return [*h, *(a @ b for a in h for b in h)][:24]


def _intersection(a: Array, b: Array) -> Array:
    """Basis of the intersection of two row spaces."""
    if not len(a) or not len(b):
        return a[:0]
    u, s, _ = np.linalg.svd(a @ b.T)
    return np.asarray(u[:, : len(s)].T[s > 1 - TOLERANCE] @ a)


def _forms(space: Rep) -> Array:
    """Invariant symmetric forms on the space, (r, n, n)."""
    n = space.dim
    basis = (space >> space.dual).basis().dense()
    symmetric = (basis + basis.transpose(0, 2, 1)) / 2
    return np.array([f for f in symmetric if np.linalg.norm(f) > 0.1]).reshape(-1, n, n)


def _unit(x: Array) -> Array:
    return np.asarray(x / np.linalg.norm(x))


def _commuting(rep_in: Rep, rep_out: Rep, algebra: Array, discrete: Array) -> int:
    """dim Hom over the group that these generate: the nullity of W ↦ (R W − W S) for all pairs (R, S).

    With C = R ⊗ 1 − 1 ⊗ Sᵀ the matrix C*C is R*R ⊗ 1 + 1 ⊗ (SS*)ᵀ − R ⊗ S̄ − R* ⊗ Sᵀ.
    """
    n, m = rep_out.dim, rep_in.dim
    kind = complex if rep_in.is_complex or rep_out.is_complex else float
    left, right, mixed = np.zeros((n, n), kind), np.zeros((m, m), kind), np.zeros((n * m, n * m), kind)
    pairs = [(rep_out.drho(a), rep_in.drho(a)) for a in algebra] + [(rep_out.rho(h), rep_in.rho(h)) for h in discrete]
    for R, S in pairs:
        size = max(1.0, float(np.abs(R).max()), float(np.abs(S).max())) ** 2
        left += R.conj().T @ R / size
        right += S.conj() @ S.T / size
        mixed += np.kron(R, S.conj() / size)
    gram = np.kron(left, np.eye(m)) + np.kron(np.eye(n), right) - mixed - mixed.conj().T
    return int((np.linalg.eigvalsh(gram) < TOLERANCE**1.5).sum())


def _values(kernel: ImplicitKernel | StabilizerKernel, points: Array, draws: int, seed: int) -> Array:
    """Kernel matrices at the points for random weights, (draws, points, out · in)."""
    kernel = copy.deepcopy(kernel).cpu().double()
    cutoff = float(kernel.constants.value("cutoff"))
    x = torch.from_numpy(points * cutoff)
    generator = torch.Generator().manual_seed(seed)
    found = []
    with torch.no_grad():
        for _ in range(draws):
            for weight in kernel.learned.parameters():
                weight.copy_(_drawn(weight, generator))
            found.append(kernel(x).flatten(1).numpy())
    return np.stack(found)


def _drawn(weight: Tensor, generator: torch.Generator) -> Tensor:
    fan = max(1, weight.shape[-1]) if weight.ndim > 1 else 1
    return torch.randn(weight.shape, generator=generator, dtype=weight.dtype, device="cpu") * fan**-0.5


def _rank(values: Any) -> int:
    s = np.linalg.svd(values, compute_uv=False)
    return int((s > 1e-6 * max(float(s[0]), 1e-12)).sum()) if s.size and s[0] > 1e-9 else 0
