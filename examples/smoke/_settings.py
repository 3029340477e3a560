"""The runs of the smoke experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .._settings import UNLIMITED, Settings, setting

SAMPLES = (8, 64, 512)


@dataclass(frozen=True, kw_only=True)
class SmokeSettings(Settings):
    """Predict how smoke and velocity change in a flow on a torus."""

    name: ClassVar[str] = "smoke"
    experiment: ClassVar[str] = "smoke._experiment:SmokeExperiment"
    note: ClassVar[str] = (
        "mean over smoke and both components of the velocity, each in units of its root mean square at the start; "
        "published figures are on other simulations, in other units, and with 5,120 of them "
        "8.8e-4 (Clifford-steerable), 1.25e-3 (steerable) and 2.8e-3 (ResNet); equivariance errors are under the "
        "symmetries of the grid and under turns by other angles, whatever the group of the line"
    )
    revision: ClassVar[int] = 3
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"samples": 16, "epochs": 10, "budget": 0.5},
        "desk": {"epochs": UNLIMITED, "budget": 1.5},
        "paper": {"samples": 5120, "epochs": 50, "lr": 2e-3},
    }
    rates: ClassVar[Mapping[str, float]] = {"steerable": 1.6e-2, "cnn": 4e-3}
    data: ClassVar[tuple[str, ...]] = ("buoyancy",)
    baselines: ClassVar[Mapping[str, str]] = {"cnn": "Trivial(2)"}

    group: str = setting("O(2)", "Symmetry group acting on the plane.")
    model: str = setting("steerable", "Ours, or a plain residual network.", choices=("steerable", "cnn"))
    samples: int = setting(64, "Number of simulations, of four training pairs each.", least=2)
    epochs: int = setting(400, "Largest number of passes over the training pairs.", least=1)
    batch: int = setting(8, "Pairs per step.", least=1)
    lr: float = setting(1e-2, "Peak learning rate.", least=1e-8)
    buoyancy: float = setting(0.0, "Force on smoke, up the rows; breaks O(2) to Dihedral(1), its mirror.", least=0)

    @classmethod
    def planned(cls, preset: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """More time at the desk for more simulations."""
        plan = cls.presets[preset]
        return {**plan, "budget": 2.5} if preset == "desk" and given.get("samples", 64) > 64 else plan

    @classmethod
    def compared(cls) -> Iterator[Mapping[str, Any]]:
        """The group of the flow against a plain network at three sizes, other groups of equal size at one."""
        for samples in SAMPLES:
            yield {"samples": samples}
            for augment in (False, True):
                yield {"model": "cnn", "group": "Trivial(2)", "augment": augment, "samples": samples}
        for group in ("C(4)", "Trivial(2)"):
            yield {"group": group, "parameters": 40_000}
