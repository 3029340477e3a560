"""Two systems of five particles in space, simulated many trajectories at once.

*Charged*: charges ±1 and the Coulomb force, as published (Kipf et al. 2018; Satorras et al. 2021), clipped
per component at 0.1/dt like the original, so that close encounters stay integrable.

*Plane springs*: every pair is joined by a Hooke spring with probability ½, and every particle is tied to the
xy-plane by a spring with its own rest length, F_z = −κ (z − ℓᵢ).  What is left of O(3) is the azimuthal O(2)
that fixes e_z.

Arrays are laid out (component, particle, trajectory) inside and summed pair by pair with elementwise
operations only, so a trajectory is bitwise the same however many are run beside it, on every machine with
IEEE arithmetic.  Outside they are (trajectory, particle, component).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Force = Callable[[Array], Array]

PARTICLES = 5
PAIRS = tuple(combinations(range(PARTICLES), 2))
DT = 1e-3
MAX_FORCE = 0.1 / DT
SPRING = 0.1
#: trajectories run together: their arrays then fit the processor's cache
CHUNK = 512


@dataclass(frozen=True)
class Start:
    """Initial conditions of n trajectories.

    Attributes
    ----------
    pos, vel : (n, 5, 3)
    node : (n, 5)
        Charges ±1, or rest lengths ℓ.
    pair : (n, 10)
        Per pair i < j: product of the charges, or 1 where a spring is present.
    """

    pos: Array
    vel: Array
    node: Array
    pair: Array


def start(system: str, n: int, seed: int | tuple[int, ...]) -> Start:
    """Draw initial conditions; the first m of n are the same for every n ≥ m.

    Parameters
    ----------
    system : "charged" or "springs"
    n : int
    seed : int or tuple of int

    Raises
    ------
    ValueError
        For another system.

    Examples
    --------
    >>> bool((start("charged", 2, 0).pos == start("charged", 9, 0).pos[:2]).all())
    True
    """
    check_system(system)
    where, speed, nodes, pairs = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4))
    spread = 1.0 if system == "charged" else 0.5
    pos = spread * where.standard_normal((n, PARTICLES, 3))
    vel = speed.standard_normal((n, PARTICLES, 3))
    vel *= 0.5 / np.sqrt((vel**2).sum(-1, keepdims=True))
    if system == "charged":
        node = np.where(nodes.random((n, PARTICLES)) < 0.5, -1.0, 1.0)
        pair = np.stack([node[:, i] * node[:, j] for i, j in PAIRS], -1)
    else:
        node = nodes.random((n, PARTICLES))
        pair = (pairs.random((n, len(PAIRS))) < 0.5).astype(np.float64)
    return Start(pos, vel, node, pair)


def check_system(system: str) -> None:
    """Raise a ValueError unless the system is known."""
    if system not in ("charged", "springs"):
        raise ValueError(f"there is no N-body system {system!r}: choose 'charged' or 'springs'")


def force(system: str, begin: Start, kappa: float = 1.0, clip: bool = True) -> Force:
    """The force on (3, 5, n) positions, as a function that fills and returns one buffer."""
    node, pair = begin.node.T.copy(), begin.pair.T.copy()  # (5, n), (10, n)
    out = np.empty((3, *node.shape))

    def add(pos: Array, strength: Callable[[int, Array], Array]) -> Array:
        out[...] = 0
        for k, (i, j) in enumerate(PAIRS):
            apart = pos[:, i] - pos[:, j]
            apart *= strength(k, apart)
            out[:, i] += apart
            out[:, j] -= apart
        return out

    def coulomb(k: int, apart: Array) -> Array:
        square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]
        return pair[k] / (square * np.sqrt(square))

    def charged(pos: Array) -> Array:
        add(pos, coulomb)
        return np.clip(out, -MAX_FORCE, MAX_FORCE, out=out) if clip else out

    def springs(pos: Array) -> Array:
        add(pos, lambda k, apart: -SPRING * pair[k])
        out[2] -= kappa * (pos[2] - node)
        return out

    return charged if system == "charged" else springs


def energy(system: str, begin: Start, pos: Array, vel: Array, kappa: float = 1.0) -> Array:
    """Kinetic plus potential energy of states (n, 5, 3): (n,)."""
    total = 0.5 * (vel**2).sum((-1, -2))
    for k, (i, j) in enumerate(PAIRS):
        square = ((pos[:, i] - pos[:, j]) ** 2).sum(-1)
        each = 1 / np.sqrt(square) if system == "charged" else 0.5 * SPRING * square
        total = total + begin.pair[:, k] * each
    if system == "springs":
        total = total + 0.5 * kappa * ((pos[..., 2] - begin.node) ** 2).sum(-1)
    return total


def trajectory(
    force: Force, pos: Array, vel: Array, steps: int, every: int = 100, dt: float = DT
) -> Iterator[tuple[Array, Array]]:
    """Leapfrog (kick, drift, kick); yields positions and velocities (n, 5, 3) after every ``every`` steps.

    Parameters
    ----------
    force : from `force`
    pos, vel : (n, 5, 3)
    steps, every : int
    dt : float
    """
    x, v = (np.ascontiguousarray(a.transpose(2, 1, 0)) for a in (pos, vel))  # (3, 5, n)
    v += 0.5 * dt * force(x)
    for step in range(1, steps + 1):
        x += dt * v
        kick = force(x)
        if step % every == 0:
            v += 0.5 * dt * kick
            yield x.transpose(2, 1, 0).copy(), v.transpose(2, 1, 0).copy()
            v += 0.5 * dt * kick
        else:
            v += dt * kick


def simulate(system: str, begin: Start, frames: tuple[int, ...], kappa: float = 1.0) -> tuple[Array, Array]:
    """Positions and velocities at the given sampled frames; frame k is after 100 (k + 1) steps, as published.

    Parameters
    ----------
    system : "charged" or "springs"
    begin : Start
    frames : increasing tuple of int
    kappa : float
        Stiffness of the springs to the plane.

    Returns
    -------
    pos, vel : (n, len(frames), 5, 3)

    References
    ----------
    Kipf et al., Neural Relational Inference, ICML 2018, arXiv:1802.04687, appendix B.
    Satorras et al., E(n) Equivariant Graph Neural Networks, ICML 2021, arXiv:2102.09844, section 5.1.

    Examples
    --------
    >>> pos, vel = simulate("springs", start("springs", 2, seed=0), frames=(0, 1))
    >>> pos.shape, vel.shape
    ((2, 2, 5, 3), (2, 2, 5, 3))
    """
    check_system(system)
    n = len(begin.pos)
    pos, vel = np.empty((2, n, len(frames), PARTICLES, 3))
    for low in range(0, n, CHUNK):
        part = slice(low, low + CHUNK)
        some = Start(begin.pos[part], begin.vel[part], begin.node[part], begin.pair[part])
        run = trajectory(force(system, some, kappa), some.pos, some.vel, 100 * (frames[-1] + 1))
        for k, (x, v) in enumerate(run):
            if k in frames:
                pos[part, frames.index(k)], vel[part, frames.index(k)] = x, v
    return pos, vel
