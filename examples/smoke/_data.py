"""Simulations of smoke: frames of smoke and velocity, and pairs of successive ones.

A simulation starts from random isotropic fields (`Flow.random`), runs for one unit of time unseen, until vortices have
wound up the smoke, and is then seen in five frames half a unit of time apart: four pairs.  In one of them smoke moves
by about three grid steps.  The unit of smoke is its root mean square at the start, that of velocities the root mean
square of a component then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from intertwine.groups import Group, O
from intertwine.reps import Rep, Scalar, V
from intertwine.testing import grid_symmetries, transform_field
from torch import Tensor

from .._store import Arrays, stored, stream
from ._simulate import Flow

SIZE, VISCOSITY = 32, 0.02
#: units of time: before the first frame, and between frames
UNSEEN, STEP = 1.0, 0.5
FRAMES = 5
#: integrator's steps per unit of time
FINE = 40
VALIDATION, TEST = 16, 128
#: simulations that are made together
TOGETHER = 32
#: raise when the numbers change
VERSION = 1

#: smoke and velocity
FIELDS: Rep = Scalar + V


@dataclass(frozen=True)
class Pairs:
    """Fields and what they become.

    Attributes
    ----------
    now, target : (n, 3, 32, 32) Tensors
        Smoke, and the velocity along the rows' and the columns' axis.
    """

    now: Tensor
    target: Tensor

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, index: Tensor) -> Pairs:
        index = index.to(self.target.device)
        return Pairs(self.now[index], self.target[index])


def pairs(frames: Tensor) -> Pairs:
    """All pairs of successive frames (n, frames, 3, s, s), those of one simulation after another."""
    return Pairs(frames[:, :-1].flatten(0, 1), frames[:, 1:].flatten(0, 1))


def simulations(n: int, part: str, seed: int = 0, buoyancy: float = 0.0) -> Tensor:
    """Frames (n, 5, 3, 32, 32), simulated at the first call and then read from the cache.

    The parts never share a simulation, a smaller n is the beginning of a larger one, and validation and test sets do
    not depend on ``seed``.  Kept in half precision, good to 5e-4 of a value.

    Parameters
    ----------
    n : int
    part : "train", "val" or "test"
    seed : int
    buoyancy : float

    Raises
    ------
    ValueError
        If the buoyancy is too strong for the time step.
    """
    number = stream(part, seed)
    force = f"buoyancy{float(buoyancy)!r}" if buoyancy else "b0"
    name = f"smoke-{part}-{number}-{n}-{force}-v{VERSION}"
    return torch.from_numpy(stored(name, lambda: _simulate(n, number, buoyancy))["frames"]).float()


def _simulate(n: int, number: int, buoyancy: float) -> Arrays:
    rng = np.random.default_rng((2402, 14730, number))
    noise = torch.from_numpy(rng.standard_normal((n, 2, SIZE, SIZE))).float()
    flow = Flow(SIZE, VISCOSITY, buoyancy, torch.float32)
    return {"frames": np.concatenate([_finite(_frames(flow, some).half(), buoyancy) for some in noise.split(TOGETHER)])}


def _finite(frames: Tensor, buoyancy: float) -> np.ndarray:
    if not frames.isfinite().all():
        raise ValueError(f"smoke of buoyancy = {buoyancy!r} moves too fast for the time step: choose a smaller one")
    return frames.numpy()


def _frames(flow: Flow, noise: Tensor) -> Tensor:
    fields = flow.after(flow.random(noise), UNSEEN, round(FINE * UNSEEN))
    found = [fields]
    for _ in range(FRAMES - 1):
        found.append(flow.after(found[-1], STEP, round(FINE * STEP)))
    return torch.stack(found, 1)


def symmetries(buoyancy: float = 0.0) -> list[np.ndarray]:
    """Quarter turns and mirrors; with buoyancy, the identity and the mirror that leaves the rows in their order."""
    every = grid_symmetries(V(O(2)))
    return every if not buoyancy else [g for g in every if g[0, 0] > 0]


def moved(fields: Tensor, g: np.ndarray, group: Group | None = None) -> Tensor:
    """Smoke and velocity (n, 3, s, s) under a symmetry of the grid, the velocity turned with the points."""
    group = group or O(2)
    return transform_field(fields, FIELDS(group), g, V(group))


def scattered(batch: Pairs, generator: torch.Generator, buoyancy: float = 0.0) -> Pairs:
    """Every pair moved by a random one of the `symmetries`; without shifts, with which the networks commute anyway."""
    every = symmetries(buoyancy)
    both = torch.stack([batch.now, batch.target], 1)
    chosen = torch.randint(len(every), (len(batch),), generator=generator).to(both.device)
    for k, g in enumerate(every):
        mine = (chosen == k).nonzero()[:, 0]
        both[mine] = moved(both[mine].flatten(0, 1), g).unflatten(0, (-1, 2))
    return replace(batch, now=both[:, 0], target=both[:, 1])
