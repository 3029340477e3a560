"""The runs of the QM9 experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .._settings import UNLIMITED, Settings, setting


@dataclass(frozen=True, kw_only=True)
class QM9Settings(Settings):
    """Predict a property of real molecules (needs the data package qm9pack)."""

    name: ClassVar[str] = "qm9"
    experiment: ClassVar[str] = "qm9._experiment:QM9Experiment"
    note: ClassVar[str] = (
        "published figures are with 110,000 molecules; the EGNN here has 4 layers and messages within 3 Å, that of its "
        "authors 7 and messages between all pairs; every seed draws its own test molecules"
    )
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"samples": 500, "epochs": 5, "budget": 0.5},
        "desk": {"budget": 6.0, "epochs": UNLIMITED},
        "paper": {"samples": 110_000, "epochs": 1000, "batch": 96, "lr": 1e-3},
    }
    baselines: ClassVar[Mapping[str, str]] = {"egnn": "O(3)", "plain": "Trivial(3)"}

    revision: ClassVar[int] = 2
    rates: ClassVar[Mapping[str, float]] = {"steerable": 4e-3, "egnn": 4e-3, "plain": 1e-3}
    data: ClassVar[tuple[str, ...]] = ("target",)
    rival: ClassVar[str] = "egnn"

    samples: int = setting(10_000, "Number of training molecules.", least=2)
    batch: int = setting(32, "Molecules per step.", least=1)
    lr: float = setting(2e-3, "Peak learning rate.", least=1e-8)
    target: str = setting("alpha", "Property: alpha, homo, lumo, gap, mu, ...")
    model: str = setting(
        "steerable",
        "Ours, EGNN, or messages of plain networks that see components.",
        choices=("steerable", "egnn", "plain"),
    )
    kernel: str = setting(
        "implicit", "A network, or a combination of radial functions times harmonics.", choices=("implicit", "standard")
    )
    attributes: str = setting(
        "none",
        "What implicit kernels see beside positions: bond types, or bond types and elements (atoms).",
        choices=("none", "bonds", "atoms"),
    )
    channels: int | None = setting(None, "Width: hidden vectors; twice as many scalars.", least=1)

    @classmethod
    def idle(cls, given: Mapping[str, Any]) -> tuple[str, ...]:
        """Baselines have no kernels."""
        return ("kernel", "attributes") if given.get("model", "steerable") != "steerable" else ()

    @classmethod
    def compared(cls) -> Iterator[Mapping[str, Any]]:
        """Kernels and what they see; EGNN and a plain network; other groups of as many weights."""
        homo = {"target": "homo", "samples": 20_000}
        yield {"kernel": "standard", **homo}
        for attributes in ("none", "bonds", "atoms"):
            yield {"attributes": attributes, **homo}
        yield {"model": "egnn", **homo}
        for augment in (False, True):
            yield {"model": "plain", "group": "Trivial(3)", "augment": augment, **homo}
        for group in ("SO(3)", "Trivial(3)"):
            yield {"group": group, "attributes": "atoms", "parameters": 50_000, **homo}
        yield {"group": "Trivial(3)", "augment": True, "attributes": "atoms", "parameters": 50_000, **homo}
