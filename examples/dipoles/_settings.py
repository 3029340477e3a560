"""The runs of the dipoles experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .._settings import UNLIMITED, Settings, setting

SAMPLES = (300, 1000, 3500)


@dataclass(frozen=True, kw_only=True)
class DipolesSettings(Settings):
    """Predict dipole vectors or polarizability tensors of real molecules, computed by GFN2-xTB."""

    name: ClassVar[str] = "dipoles"
    experiment: ClassVar[str] = "dipoles._experiment:DipolesExperiment"
    note: ClassVar[str] = (
        "computed by GFN2-xTB, not measured: its polarizabilities are two thirds of those of QM9; equivariance errors "
        "are under O(3), whatever the group of the line; nothing is published, and the preset paper is a long training"
    )
    revision: ClassVar[int] = 3
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"samples": 200, "epochs": 3, "budget": 0.5},
        "desk": {"epochs": UNLIMITED},
        "paper": {"samples": 3500, "epochs": 500, "lr": 1e-3},
    }
    rates: ClassVar[Mapping[str, float]] = {"steerable": 1.6e-2, "plain": 4e-3}
    data: ClassVar[tuple[str, ...]] = ("target",)
    baselines: ClassVar[Mapping[str, str]] = {"plain": "Trivial(3)"}

    model: str = setting(
        "steerable", "Ours, or messages of plain networks that see components.", choices=("steerable", "plain")
    )
    target: str = setting("dipole", "What is predicted.", choices=("dipole", "polarizability"))
    epochs: int = setting(300, "Largest number of passes over the training samples.", least=1)
    batch: int = setting(32, "Molecules per step.", least=1)

    @classmethod
    def planned(cls, preset: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """At the desk, more time for more molecules."""
        samples, plan = given.get("samples", 1000), cls.presets[preset]
        if preset != "desk":
            return plan
        return {**plan, "budget": 0.6 if samples < 1000 else 1.0 if samples < 3000 else 1.6}

    @classmethod
    def compared(cls) -> Iterator[Mapping[str, Any]]:
        """Both targets: the group against plain networks at three sizes, other groups of as many weights at one."""
        for target in ("dipole", "polarizability"):
            for samples in SAMPLES:
                yield {"target": target, "samples": samples}
                for augment in (False, True):
                    plain = {"model": "plain", "group": "Trivial(3)", "augment": augment}
                    yield {"target": target, "samples": samples, **plain}
            for group in ("SO(3)", "Trivial(3)"):
                yield {"target": target, "group": group, "parameters": 24_000}
