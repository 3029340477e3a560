"""Trajectories of two masses, the first on a spring to the origin, the second on a spring to the first, in gravity.

    H = Σ |p_i|²/2 + (|x_1| − 1)²/2 + (|x_2 − x_1| − 1)² + (x_1 + x_2)·e_z,

masses, lengths and the acceleration 1, the second spring twice as stiff as the first, as in the authors' code.  A
state is (x_1, x_2, p_1, p_2), 12 numbers.  Rotations about the z-axis and mirrors through it are symmetries; p_z is
not conserved, the angular momentum about z is.

References
----------
Finzi, Welling, Wilson, arXiv:2104.09459, section 7.3 and appendix F.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .._store import Arrays, stored, stream

Array = NDArray[np.float64]

STEP, FRAMES, LENGTH = 0.2, 5, 29.8
TEST = VALIDATION = 100
#: steps of the integrator between frames, fourth order
FINE = 40
#: raise when the numbers change
VERSION = 2


def energy(z: Array) -> Array:
    """The Hamiltonian of states (..., 12): (...).

    Examples
    --------
    >>> float(energy(np.array([0, 0, -1.0, 0, 0, -2.0, 0, 0, 0, 0, 0, 2.0])))
    -1.0
    """
    x1, x2, p1, p2 = np.moveaxis(z.reshape(*z.shape[:-1], 4, 3), -2, 0)
    kinetic = ((p1**2).sum(-1) + (p2**2).sum(-1)) / 2
    first, second = np.linalg.norm(x1, axis=-1) - 1, np.linalg.norm(x2 - x1, axis=-1) - 1
    return np.asarray(kinetic + first**2 / 2 + second**2 + x1[..., 2] + x2[..., 2])


def angular_momentum(z: Array) -> Array:
    """About the z-axis, of states (..., 12): (...)."""
    x, p = np.split(z.reshape(*z.shape[:-1], 4, 3), 2, axis=-2)
    return np.asarray((x[..., 0] * p[..., 1] - x[..., 1] * p[..., 0]).sum(-1))


def flow(z: Array) -> Array:
    """dz/dt of states (..., 12)."""
    x1, x2, p1, p2 = np.moveaxis(z.reshape(*z.shape[:-1], 4, 3), -2, 0)
    apart = x2 - x1
    r, s = np.linalg.norm(x1, axis=-1, keepdims=True), np.linalg.norm(apart, axis=-1, keepdims=True)
    weight = np.array([0.0, 0.0, -1.0])
    second = -2 * (s - 1) * apart / s
    return np.concatenate([p1, p2, -(r - 1) * x1 / r - second + weight, second + weight], -1)


def runge_kutta(f: Callable[[Array], Array], z: Array, h: float) -> Array:
    """One step of the classical fourth-order method; for tensors, too."""
    a = f(z)
    b = f(z + h / 2 * a)
    c = f(z + h / 2 * b)
    d = f(z + h * c)
    return z + h / 6 * (a + 2 * b + 2 * c + d)


def trajectories(n: int, part: str, seed: int = 0) -> Array:
    """States (n, 150, 12) at times 0, 0.2, …, 29.8, simulated at the first call and then read from the cache.

    The parts never share a trajectory, a smaller n is the beginning of a larger one, and validation and test sets do
    not depend on ``seed``.

    Parameters
    ----------
    n : int
    part : "train", "val" or "test"
    seed : int
    """
    number = stream(part, seed)
    return stored(f"pendulum-{part}-{number}-{n}-v{VERSION}", lambda: _simulate(n, number))["states"]


def _simulate(n: int, number: int) -> Arrays:
    rng = np.random.default_rng((2104, 9459, 3, number))
    draws = rng.standard_normal((n, 12))
    rest = np.array([0, 0, -1.5, 0, 0, -3.0])
    z = np.concatenate([rest + 0.2 * draws[:, :6], 0.4 * draws[:, 6:]], 1)
    states = [z]
    for _ in range(round(LENGTH / STEP)):
        for _ in range(FINE):
            z = runge_kutta(flow, z, STEP / FINE)
        states.append(z)
    return {"states": np.stack(states, 1)}


def pieces(states: Array, seed: int) -> Array:
    """A piece of `FRAMES` frames from a random place of every trajectory: (n, 5, 12)."""
    n, length = states.shape[:2]
    start = np.random.default_rng((5, seed)).random(n) * (length - FRAMES + 1)
    index = start.astype(int)[:, None] + np.arange(FRAMES)
    return np.asarray(np.take_along_axis(states, index[..., None], 1))
