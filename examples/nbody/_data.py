"""N-body data: state at sampled frame 30, positions at frame 40, 1,000 steps of 1e-3 later."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from .._store import Arrays, stored, stream
from ._simulate import PAIRS, PARTICLES, Start, check_system, simulate, start

#: frame of the input, frame of the target, and the time between them
FRAME_IN, FRAME_OUT, INTERVAL = 30, 40, 1.0
VALIDATION = TEST = 2_000
#: raise when a simulator's numbers change
VERSION = 1
#: ordered pairs (source, target) of one system, target by target, and the unordered pair each belongs to
ORDERED = tuple((source, target) for target, source in permutations(range(PARTICLES), 2))
PAIR_OF = tuple(PAIRS.index((min(e), max(e))) for e in ORDERED)


@dataclass(frozen=True)
class NBody:
    """n systems of 5 particles.

    Attributes
    ----------
    pos, vel : (n, 5, 3)
    node : (n, 5)
        Charges, or rest lengths.
    pair : (n, 10)
        Per pair i < j: product of charges, or spring present.
    target : (n, 5, 3)
        Positions one unit of time later.
    """

    pos: Tensor
    vel: Tensor
    node: Tensor
    pair: Tensor
    target: Tensor

    def __len__(self) -> int:
        return len(self.pos)

    def __getitem__(self, index: Tensor | slice) -> NBody:
        return NBody(*(t[index] for t in self.tensors))

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The five fields."""
        return self.pos, self.vel, self.node, self.pair, self.target

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> NBody:
        """On another device, in another precision."""
        return NBody(*(t.to(device=device, dtype=dtype) for t in self.tensors))

    @property
    def edge_index(self) -> Tensor:
        """All ordered pairs of every system as one disjoint union, (2, 20 n); particle 5 s + p is p of s."""
        edges = ordered(self.pos.device)[0]
        shift = PARTICLES * torch.arange(len(self), device=self.pos.device)
        return (edges[:, None] + shift[:, None]).flatten(1)

    @property
    def edge_pair(self) -> Tensor:
        """`pair` for every ordered pair, (20 n, 1)."""
        return self.pair[:, ordered(self.pair.device)[1]].reshape(-1, 1)


@cache
def ordered(device: torch.device) -> tuple[Tensor, Tensor]:
    """Ordered pairs (2, 20) of a system's particles, and which of its pairs each is (20,)."""
    return torch.tensor(ORDERED, device=device).T, torch.tensor(PAIR_OF, device=device)


def load(system: str, part: str, n: int, seed: int = 0, kappa: float = 1.0) -> NBody:
    """One part of the data, simulated at the first call and then read from the cache.

    The parts never share a trajectory, and a smaller n is the beginning of a larger one. Validation and
    test sets do not depend on ``seed``.

    Parameters
    ----------
    system : "charged" or "springs"
    part : "train", "val" or "test"
    n : int
    seed : int
        Of the training trajectories.
    kappa : float
        Stiffness of the springs to the plane.

    Examples
    --------
    >>> data = load("springs", "test", 2)
    >>> data.pos.shape, data.edge_index.shape
    (torch.Size([2, 5, 3]), torch.Size([2, 40]))
    """
    check_system(system)
    if n < 1:
        raise ValueError(f"the number of trajectories must be at least 1, got {n}")
    number = stream(part, seed)
    if not (0 <= kappa < float("inf")):
        raise ValueError(f"kappa is a stiffness >= 0, got {kappa}")
    stiff = f"-kappa{kappa!r}" if system == "springs" else ""
    name = f"nbody-{system}{stiff}-{part}-{number}-{n}-v{VERSION}"
    arrays = stored(name, lambda: _make(begin(system, part, n, seed), system, kappa))
    fields = (torch.from_numpy(arrays[key]).float() for key in ("pos", "vel", "node", "pair", "target"))
    return NBody(*fields)


def begin(system: str, part: str, n: int, seed: int = 0) -> Start:
    """The initial conditions (frame "−1") of the trajectories that `load` gives."""
    return start(system, n, (2212, 6096, stream(part, seed)))


def _make(begin: Start, system: str, kappa: float) -> Arrays:
    pos, vel = simulate(system, begin, (FRAME_IN, FRAME_OUT), kappa)
    if not (np.isfinite(pos).all() and np.isfinite(vel).all()):
        raise ValueError(
            f"springs of stiffness kappa = {kappa:g} are too stiff for the time step: choose a smaller one"
        )
    arrays = {"pos": pos[:, 0], "vel": vel[:, 0], "node": begin.node, "pair": begin.pair, "target": pos[:, 1]}
    return {key: np.ascontiguousarray(array) for key, array in arrays.items()}


def linear_motion(data: NBody) -> Tensor:
    """The predictor without forces, x + v t: (n, 5, 3)."""
    return data.pos + INTERVAL * data.vel
