"""The paths of an equivariant bilinear map between atoms, h ⊗ a → b, with their Clebsch–Gordan blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from intertwine.reps._frame import Atom, bilinear_basis
from numpy.typing import NDArray

Array = NDArray[np.number]
Atoms = Sequence[tuple[Atom, int]]


@dataclass(frozen=True)
class Path:
    """One pair (h, a) and the targets it reaches: (target, blocks, first column in the target's weight)."""

    h: int
    a: int
    targets: tuple[tuple[int, int, int], ...]

    @property
    def name(self) -> str:
        """Name of the constant with the Clebsch–Gordan blocks of all targets, (Σ d_b · r, d_h · d_a)."""
        return f"cg{self.h}x{self.a}"


@dataclass(frozen=True)
class Paths:
    """All pairs that reach a target; the columns of every target's weight; the constants by `Path.name`."""

    paths: tuple[Path, ...]
    fan: tuple[int, ...]
    blocks: dict[str, Array]

    @classmethod
    def between(cls, atoms_h: Atoms, atoms_in: Atoms, atoms_out: Atoms, columns: Callable[[int, int], int]) -> Paths:
        """Of the maps atoms_h ⊗ atoms_in → atoms_out; ``columns(i, j)`` are those of each block of the pair i, j."""
        fan = [0] * len(atoms_out)
        paths: list[Path] = []
        arrays: dict[str, Array] = {}
        for i, (h, _) in enumerate(atoms_h):
            for j, (a, _) in enumerate(atoms_in):
                targets, blocks = [], []
                for k, (b, _) in enumerate(atoms_out):
                    block = bilinear_basis(h, a, b)
                    if len(block):
                        blocks.append(block.swapaxes(0, 1).reshape(-1, h.dim * a.dim))
                        targets.append((k, len(block), fan[k]))
                        fan[k] += len(block) * columns(i, j)
                if targets:
                    paths.append(Path(i, j, tuple(targets)))
                    arrays[paths[-1].name] = np.concatenate(blocks)
        return cls(tuple(paths), tuple(fan), arrays)
