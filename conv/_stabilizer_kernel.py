"""The analytic kernel: what the stabiliser of one position allows there, steered to every other position.

If G acts transitively on the directions of a space, a steerable kernel is its value at one direction e for every
distance r, and that value is any map that commutes with the stabiliser G_e:

    K(x) = ρ_out(g) K(r e) ρ_in(g)⁻¹,   g e = x / r,   K(r e) = Σ_i φ_i(r) B_i,   B_i a basis of Hom_{G_e}(V_in, V_out).

It takes all steerable values with no polynomial in between; in exchange it needs the transitive action, and forms a
group element and a matrix for every position.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from intertwine.emlp._constants import Constants
from intertwine.emlp._frame import Decode, Encode
from intertwine.emlp._invariants import Invariants
from intertwine.emlp._module import bind, check_width, feature_dtype, weights
from intertwine.groups import Group
from intertwine.reps import Rep, V
from intertwine.reps._frame import Atom, frame, linear_basis
from numpy.typing import NDArray
from torch import Tensor

from ._checks import check_number, check_space, check_window, without_autocast
from ._kernel import Kernel
from ._network import scalar_network
from ._radial import Window, basis
from ._stabilizer import nullspace, stabilizer

Array = NDArray[Any]
STEPS = {torch.float32: 4}  # along the group until a direction is reached, where one does not do; else 5
SMALL = 1e-2  # the length, in units of the cutoff, below which what the origin does not allow is taken to zero


class StabilizerKernel(Kernel):
    """A steerable kernel K(x), (out, in) matrices, solved at one position and steered to all others.

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group, optional
        Compact.
    space : Rep
        Acts on positions: an irrep on whose directions the group acts transitively (V of SO(n), O(n) for n ≥ 2, of U(n)
        over the reals, of G2, …), and invariant coordinates beside it.
    layers, width, radial, shells, cutoff, window
        Of the network of invariants: see `ImplicitKernel`.

    Raises
    ------
    ValueError
        If the group is not compact or not transitive on directions (finite groups): use `ImplicitKernel`.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> kernel = StabilizerKernel(Scalar + V, V, group=SO(3), cutoff=2.0)
    >>> kernel.allowed  # Hom of SO(2): 1 for Scalar to V, 3 for V to V
    4
    >>> kernel(torch.randn(10, 3)).shape
    torch.Size([10, 3, 4])

    References
    ----------
    Cohen, Geiger, Weiler, A General Theory of Equivariant CNNs on Homogeneous Spaces, NeurIPS 2019, arXiv:1811.02017,
    theorem 3.3; Lang, Weiler, arXiv:2010.10952.
    """

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        space: Rep = V,
        layers: int = 2,
        width: int = 32,
        radial: str = "gaussian",
        shells: int = 8,
        cutoff: float = 1.0,
        window: tuple[float, float] | None = (0.0, 1.0),
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.group, (self.rep_in, self.rep_out) = bind(group, rep_in=rep_in, rep_out=rep_out)
        self.space = space(self.group)
        check_space(self.space)
        check_number("cutoff", cutoff, 0, strict=True, whole=False)
        for name, value, least in (("shells", shells, 1), ("width", width, 1), ("layers", layers, 0)):
            check_number(name, value, least)
        check_window(window)
        dtype = feature_dtype(dtype, self.rep_in.is_complex or self.rep_out.is_complex)
        self.moving, moved = self._moving()
        algebra, discrete = _direction_stabilizer(self.space, self.moving)
        lie = _orthonormal(moved, self.group)
        frame_in, frame_out = frame(self.rep_in), frame(self.rep_out)
        self.shape_in, self.shape_out = (tuple((a.dim, m) for a, m in f.atoms) for f in (frame_in, frame_out))
        arrays: dict[str, Array] = {"cutoff": np.array(float(cutoff)), "moved": moved.drho(lie)}
        for side, f in (("in", frame_in), ("out", frame_out)):
            arrays |= {f"{side}{i}": a.drho(lie) for i, (a, _) in enumerate(f.atoms)}
        paths: list[tuple[int, int, int, int]] = []
        for j, (b, _) in enumerate(frame_out.atoms):
            for i, (a, _) in enumerate(frame_in.atoms):
                fixed, free = _bases(a, b, algebra, discrete)
                if len(fixed) + len(free):
                    arrays[f"basis{i}to{j}"] = np.concatenate([fixed, free])
                    paths.append((i, j, len(fixed), len(free)))
        self.paths, self.direct = tuple(paths), _is_round(arrays["moved"])
        self.allowed = sum((p + q) * frame_in.atoms[i][1] * frame_out.atoms[j][1] for i, j, p, q in paths)
        if not self.allowed:
            raise ValueError(f"no equivariant kernel {self.rep_in!r} -> {self.rep_out!r} for {self.group.name}")
        self.constants = Constants(arrays, dtype, device)
        real, self.is_complex = dtype.to_real(), dtype.is_complex  # positions are real
        self.invariants = Invariants(self.space, real, device)
        self.encode_space = Encode(self.space, real, device)
        self.encode, self.decode = Encode(self.rep_in, dtype, device), Decode(self.rep_out, dtype, device)
        self.radial = basis(radial, shells, 0.0, self.space.dim, device, dtype)
        self.window = None if window is None else Window(*window, self.space.dim, self.radial, device, dtype)
        self.learned = self.network = scalar_network(
            shells + self.invariants.count, width, self.allowed, layers, device, dtype
        )
        self._check_steering()

    def _moving(self) -> tuple[int, Atom]:
        atoms = frame(self.space).atoms
        found = [(i, a) for i, (a, m) in enumerate(atoms) if not a.is_trivial and m == 1]
        one = len(found) == 1 and all(a.is_trivial or m == 1 for a, m in atoms)
        if one and self.group.is_compact and found[0][1].dim > 1 and self.group.lie_dim:
            velocities = found[0][1].drho(self.group.closure)[:, :, 0]
            if np.linalg.matrix_rank(velocities, tol=1e-8) == found[0][1].dim - 1:
                return found[0]
        raise ValueError(
            f"{self.group.name} does not act transitively on the directions of {self.space!r}, or is not compact: a "
            "kernel cannot be steered from one position; use ImplicitKernel"
        )

    def _check_steering(self) -> None:
        """The stabiliser was found by drawing elements: what it allows must be right on elements not seen."""
        own = next(self.network.parameters())
        if own.is_meta:
            return
        x = torch.from_numpy(np.random.default_rng(0).standard_normal((4, self.space.dim)))
        at = float(self.constants.value("cutoff").real) * 0.5 / self.space.dim**0.5
        with torch.no_grad():
            x = (x * at).to(own.device, own.dtype.to_real())
            k = self(x)
            for g in self.group.sample(3, np.random.default_rng(0)):
                move, left, right = (
                    torch.from_numpy(np.array(r.rho(g))).to(own.device, k.dtype)
                    for r in (self.space, self.rep_out, self.rep_in)
                )
                moved = self(x @ move.real.to(x.dtype).mT)
                error = (moved @ right - left @ k).abs().max() / k.abs().max()
                if not error < 1e4 * torch.finfo(own.dtype).eps:
                    raise ValueError(
                        f"the stabiliser of a direction of {self.space!r} was not found completely for "
                        f"{self.group.name} (equivariance error {float(error):.1e}): use ImplicitKernel"
                    )

    def forward(self, x: Tensor, attr: Tensor | None = None) -> Tensor:
        """Kernel matrices (..., rep_out.dim, rep_in.dim) of positions (..., n)."""
        check_width(x, self.space.dim, self.space, "x", "space")
        if attr is not None:
            raise ValueError("a StabilizerKernel takes no attributes: use ImplicitKernel with edge=...")
        batch = x.shape[:-1]
        x = x.reshape(-1, x.shape[-1]) / self.constants.value("cutoff").real.to(x.dtype)
        distance, invariants = self.invariants(x)
        seen = torch.cat([self.radial(distance), invariants.to(x.dtype)], -1)
        weight = self.network(seen.to(self.constants.value("cutoff").dtype) if self.is_complex else seen)
        if self.window is not None:
            weight = weight * self.window(distance).unsqueeze(-1)
        with without_autocast(x):
            direction = self.encode_space(x.to(self.constants.value("moved").real.dtype))[self.moving][..., 0].mT
            steps = self._steps(direction.to(torch.promote_types(direction.dtype, torch.float32)))
            turned_in, turned_out = (self._turned(side, steps) for side in ("in", "out"))
        square = direction.square().sum(-1)
        off = (square / (square + SMALL**2)).unsqueeze(-1)  # at the origin only what commutes with G is left
        rows: list[list[Tensor]] = []
        for d, m in self.shape_out:
            rows.append([weight.new_zeros(len(x), m * d, n * c) for c, n in self.shape_in])
        at = 0
        fan = [sum((p + q) * self.shape_in[i][1] for i, k, p, q in self.paths if k == j) for j, _ in enumerate(rows)]
        for i, j, fixed, free in self.paths:
            (c, n), (d, m) = self.shape_in[i], self.shape_out[j]
            size = (fixed + free) * m * n
            w = weight[:, at : at + size].unflatten(1, (fixed + free, m, n)) / fan[j] ** 0.5
            at += size
            w = torch.cat([w[:, :fixed], w[:, fixed:] * off[..., None, None]], 1)
            value = self.constants.value(f"basis{i}to{j}")
            left, right = turned_out[j].to(value.dtype), turned_in[i].to(value.dtype)
            steered = left.unsqueeze(1) @ value @ right.unsqueeze(1).mH  # (E, basis, d, c)
            block = torch.einsum("ekmn,ekdc->emdnc", w.to(steered.dtype), steered)
            rows[j][i] = block.reshape(len(x), m * d, n * c)
        k = torch.cat([torch.cat(row, 2) for row in rows], 1)
        return self._in_coordinates(k).reshape(*batch, self.rep_out.dim, self.rep_in.dim)

    def _in_coordinates(self, k: Tensor) -> Tensor:
        """From atoms, copies first, to the user's coordinates."""
        one = torch.eye(self.rep_in.dim, dtype=k.dtype, device=k.device)
        right = torch.cat([y.movedim(0, -1).flatten(-2) for y in self.encode(one)], -1)  # (in, atoms)
        columns = (k @ right.mT).mT  # (E, in, atoms out)
        parts = columns.split([d * m for d, m in self.shape_out], -1)
        return self.decode([p.unflatten(-1, (m, d)).movedim(-1, 0) for p, (d, m) in zip(parts, self.shape_out)]).mT

    def _steps(self, direction: Tensor) -> list[Tensor]:
        """Lie-algebra coordinates [(E, k)] of elements whose product takes the first unit vector to a direction."""
        size = direction.square().sum(-1, keepdim=True)
        unit = torch.zeros_like(direction)
        unit[:, 0] = 1.0
        goal = torch.where(size > 1e-24, direction, unit)
        goal = goal / goal.square().sum(-1, keepdim=True).sqrt()
        algebra = self.constants.value("moved").real.to(goal.dtype)
        found, y = [], unit
        with torch.no_grad():
            for _ in range(0 if self.direct else STEPS.get(y.dtype, 5)):
                found.append(_step(algebra, y, goal))
                y = (_exponential(algebra, found[-1]) @ y.unsqueeze(-1)).squeeze(-1)
        return [*found, _step(algebra, y, goal)]  # the last carries the derivatives

    def _turned(self, side: str, steps: list[Tensor]) -> list[Tensor]:
        """ρ(g) of every atom, (E, d, d)."""
        found = []
        for i, (d, _) in enumerate(self.shape_in if side == "in" else self.shape_out):
            images = self.constants.value(f"{side}{i}")
            images = images.to(torch.promote_types(images.dtype, steps[0].dtype))
            g = torch.eye(d, dtype=images.dtype, device=images.device)
            for step in steps:
                g = _exponential(images, step.to(images.dtype)) @ g
            found.append(g.expand(len(steps[0]), d, d))
        return found

    def __repr__(self) -> str:
        reps = f"{self.rep_in!r} -> {self.rep_out!r}"
        return f"StabilizerKernel({reps} | {self.group.name}, space={self.space!r} | {weights(self)} weights)"


@lru_cache(maxsize=32)
def _direction_stabilizer(space: Rep, moving: int) -> tuple[Array, Array]:
    """Of the first direction of the moving atom: Lie algebra and elements."""
    unit = [torch.zeros(a.dim, 1, m, dtype=torch.float64, device="cpu") for a, m in frame(space).atoms]
    unit[moving][0] = 1.0
    x = Decode(space, torch.float64, "cpu")(unit)[0].numpy()
    return stabilizer(space, x / np.linalg.norm(x), np.random.default_rng(3))


def _orthonormal(atom: Atom, group: Group) -> Array:
    """Elements (k, d, d) of the Lie algebra whose images in an atom are orthonormal: shortest steps are then turns."""
    images = atom.drho(group.closure)
    u, size, _ = np.linalg.svd(images.reshape(len(images), -1), full_matrices=False)
    kept = size > 1e-8 * size[0]
    return np.tensordot((u / np.where(kept, size, 1))[:, kept].T, group.closure, 1)


def _is_round(images: Array) -> bool:
    """Whether images (k, d, d) of an orthonormal basis move the first unit vector alike in all directions.

    The group's normal metric is then that of the sphere, so that the shortest step to a direction is along the great
    circle and arrives: Kobayashi, Nomizu, *Foundations of Differential Geometry* II, X.3.
    """
    velocities = images[:, 1:, 0]
    gram = velocities.T @ velocities
    return np.allclose(gram, gram[0, 0] * np.eye(len(gram)))


def _exponential(images: Tensor, step: Tensor) -> Tensor:
    """exp of Σ step_k images_k: (E, d, d)."""
    return torch.linalg.matrix_exp(torch.tensordot(step, images, 1))


def _step(algebra: Tensor, y: Tensor, goal: Tensor) -> Tensor:
    """The shortest Lie-algebra element (E, k) that moves unit vectors y along the great circles to their goals."""
    cosine = (y * goal).sum(-1, keepdim=True).clamp(-1, 1)
    across = goal - cosine * y
    sine = across.square().sum(-1, keepdim=True)
    away = (cosine < 0) & (sine < torch.finfo(y.dtype).eps / 10)  # the opposite direction: along any great circle
    other = torch.nn.functional.one_hot(y.detach().abs().argmin(-1), y.shape[-1]).to(y.dtype)
    other = other - (other * y).sum(-1, keepdim=True) * y
    across = torch.where(away, other / other.square().sum(-1, keepdim=True).sqrt(), across)
    near = (cosine > 0) & (sine < 1e-4)
    s = torch.where(near | away, 1.0, sine).sqrt()
    angle = torch.where(near, 1 + sine / 6 + 3 * sine.square() / 40, torch.atan2(s, cosine) / s)
    velocity = across * torch.where(away, torch.pi, angle)
    moves = torch.einsum("kij,ej->eik", algebra, y)
    gram = moves @ moves.mT + y.unsqueeze(-1) * y.unsqueeze(-2)
    return (moves.mT @ torch.linalg.solve_ex(gram, velocity.unsqueeze(-1)).result).squeeze(-1)


def _bases(a: Atom, b: Atom, algebra: Array, discrete: Array) -> tuple[Array, Array]:
    """Orthogonal bases (n, dim b, dim a) of Hom_G(a, b) and of the rest of Hom_H(a, b), of norm² dim b."""
    p, q = b.dim, a.dim
    rows = [np.kron(b.drho(x), np.eye(q)) - np.kron(np.eye(p), a.drho(x).T) for x in algebra]
    rows += [np.kron(b.rho(h), np.eye(q)) - np.kron(np.eye(p), a.rho(h).T) for h in discrete]
    whole = linear_basis(a, b).reshape(-1, p * q)
    gram = sum((r.conj().T @ r for r in rows), np.zeros((p * q, p * q)))
    size, vectors = np.linalg.eigh(gram)
    free = vectors[:, size < 1e-9]
    if len(whole):
        whole = np.linalg.qr(whole.T)[0].T
        free = free @ nullspace(whole.conj() @ free, 1.0).conj().T
    scale = p**0.5
    return whole.reshape(-1, p, q) * scale, free.T.reshape(-1, p, q) * scale
