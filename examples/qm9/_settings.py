"""The runs of the QM9 experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .._settings import Settings, setting


@dataclass(frozen=True, kw_only=True)
class QM9Settings(Settings):
    """Predict a property of real molecules (needs the data package qm9pack)."""

    name: ClassVar[str] = "qm9"
    experiment: ClassVar[str] = "qm9._experiment:QM9Experiment"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"samples": 500, "epochs": 5, "budget": 0.5},
        "desk": {"budget": 20.0, "epochs": 30},
        "paper": {"samples": 110_000, "epochs": 1000, "batch": 96, "lr": 1e-3},
    }

    samples: int = setting(10_000, "Number of training molecules.", least=1)
    batch: int = setting(32, "Molecules per step.", least=1)
    lr: float = setting(2e-3, "Peak learning rate.", least=1e-8)
    target: str = setting("alpha", "Property: alpha, homo, lumo, gap, mu, ...")
    channels: int | None = setting(None, "Width: hidden vectors; twice as many scalars.", least=1)

    @classmethod
    def compared(cls) -> Iterator[Mapping[str, Any]]:
        """Groups on one property."""
        for group in ("O(3)", "SO(3)", "Trivial(3)"):
            yield {"group": group, "target": "homo"}
