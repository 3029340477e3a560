"""The runs of the three tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .._settings import UNLIMITED, Settings, setting

SAMPLES = (100, 1000, 10_000)
#: what must be said beside errors of networks of any group
UNDER = "; equivariance errors are under {}, whatever the group of the line, in double precision"
#: the published protocol: min(SEEN / N, 1,000) epochs of batches of 500
SEEN, PUBLISHED = 900_000, {"batch": 500, "lr": 3e-3, "schedule": "constant", "average": 0.0}


@dataclass(frozen=True, kw_only=True)
class TaskSettings(Settings):
    """A task of EMLP's: what the three have in common.

    Attributes
    ----------
    groups : the groups compared, the best first, the trivial one last
    usual : that of EMLP's architecture, as published
    targets : what there is to predict
    weights : about the number of weights with the best group, and so with the others
    """

    experiment: ClassVar[str] = "tasks._experiment:TaskExperiment"
    note: ClassVar[str] = (
        "the model emlp is made of this library's products, gated is the architecture of the published EMLP; published "
        "figures are their authors', read off plots and tables"
    )
    revision: ClassVar[int] = 2
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"epochs": 50, "budget": 0.5},
        "desk": {"epochs": UNLIMITED},
        "paper": PUBLISHED,
    }
    groups: ClassVar[tuple[str, ...]]
    usual: ClassVar[str]
    targets: ClassVar[tuple[str, ...]]
    weights: ClassVar[int]
    data: ClassVar[tuple[str, ...]] = ("target",)

    epochs: int = setting(10_000, "Largest number of passes over the training samples.", least=1)
    batch: int = setting(50, "Samples per step.", least=1)
    lr: float = setting(5e-3, "Peak learning rate.", least=1e-8)
    model: str = setting(
        "steerable",
        "steerable (products, and functions of invariants), emlp (products), gated (EMLP's layers), scalars, or mlp.",
        choices=("steerable", "emlp", "gated", "scalars", "mlp"),
    )
    target: str = setting("standard", "What is predicted: the standard target, or one that is no polynomial.")

    @classmethod
    def planned(cls, preset: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Up to two minutes at the desk; as published, fewer epochs of more samples."""
        samples, plan = given.get("samples", 1000), cls.presets[preset]
        if preset == "paper":
            return {**plan, "epochs": max(1, min(SEEN // samples, 1000))}
        if preset == "desk":
            return {**plan, "budget": 0.3 if samples < 300 else 0.8 if samples < 3000 else 1.2}
        return plan

    @classmethod
    def compared(cls) -> Iterator[Mapping[str, Any]]:
        """Baselines, groups of equal size, and numbers of samples; the second target at one of them."""
        for samples in SAMPLES:
            yield {"group": cls.groups[0], "samples": samples}
            for group in cls.groups[1:]:
                yield {"group": group, "samples": samples, "parameters": cls.weights}
            yield {"model": "emlp", "samples": samples, "group": cls.groups[0]}
            for group in dict.fromkeys((cls.usual, cls.groups[0])):
                yield {"model": "gated", "samples": samples, "group": group}
            yield {"model": "scalars", "samples": samples}
            for augment in (False, True):
                yield {"model": "mlp", "augment": augment, "samples": samples}
        for target in cls.targets[1:]:
            for model in ("steerable", "emlp", "gated"):
                yield {"target": target, "model": model, "group": cls.groups[0]}
            for model, augment in (("scalars", False), ("mlp", False), ("mlp", True)):
                yield {"target": target, "model": model, "augment": augment}


@dataclass(frozen=True, kw_only=True)
class O5Settings(TaskSettings):
    """Predict sin|x1| - |x2|^3 / 2 + cos(angle) from two vectors in five dimensions (an invariant)."""

    name: ClassVar[str] = "o5"
    note: ClassVar[str] = (
        TaskSettings.note + UNDER.format("O(5)") + "; two vectors have the same invariants under SO(5) as under O(5)"
    )
    groups: ClassVar[tuple[str, ...]] = ("O(5)", "SO(5)", "Trivial(5)")
    usual: ClassVar[str] = "O(5)"
    baselines: ClassVar[Mapping[str, str]] = {"mlp": "Trivial(5)", "scalars": "O(5)"}
    targets: ClassVar[tuple[str, ...]] = ("standard",)
    weights: ClassVar[int] = 80_000
    rates: ClassVar[Mapping[str, float]] = {
        "steerable": 1.6e-2,
        "emlp": 1.6e-2,
        "gated": 4e-3,  # larger ones diverge in longer runs
        "scalars": 1.6e-2,
        "mlp": 1e-3,
    }
    group: str = setting("O(5)", "Symmetry group acting on R^5.")
    target: str = setting("standard", "What is predicted.", choices=targets)


@dataclass(frozen=True, kw_only=True)
class InertiaSettings(TaskSettings):
    """Predict the inertia tensor of five masses from their positions (equivariant)."""

    name: ClassVar[str] = "inertia"
    note: ClassVar[str] = TaskSettings.note + UNDER.format("O(3) * S(5)")
    groups: ClassVar[tuple[str, ...]] = ("O(3) * S(5)", "O(3)", "SO(3)", "Trivial(3)")
    usual: ClassVar[str] = "O(3)"
    baselines: ClassVar[Mapping[str, str]] = {"mlp": "Trivial(3)", "scalars": "O(3) * S(5)"}
    targets: ClassVar[tuple[str, ...]] = ("standard", "log")
    weights: ClassVar[int] = 52_000
    rates: ClassVar[Mapping[str, float]] = {
        "steerable": 1.6e-2,
        "emlp": 6.4e-2,
        "gated": 4e-3,
        "scalars": 4e-3,
        "mlp": 4e-3,
    }
    group: str = setting("O(3) * S(5)", "Symmetry group: acting on R^3, or that and permutations of the masses.")
    target: str = setting("standard", "The tensor, or its matrix logarithm log(1 + I).", choices=targets)


@dataclass(frozen=True, kw_only=True)
class LorentzSettings(TaskSettings):
    """Predict an electron-muon scattering matrix element from four four-vectors (an invariant)."""

    name: ClassVar[str] = "lorentz"
    note: ClassVar[str] = TaskSettings.note + UNDER.format("O(1, 3)")
    groups: ClassVar[tuple[str, ...]] = ("O(1, 3)", "SO(1, 3, connected=True)", "Trivial(4)")
    usual: ClassVar[str] = "O(1, 3)"
    baselines: ClassVar[Mapping[str, str]] = {"mlp": "Trivial(4)", "scalars": "O(1, 3)"}
    targets: ClassVar[tuple[str, ...]] = ("standard", "root")
    weights: ClassVar[int] = 83_000
    rates: ClassVar[Mapping[str, float]] = {
        "steerable": 4e-3,
        "emlp": 1.6e-2,
        "gated": 4e-3,
        "scalars": 4e-3,
        "mlp": 1e-3,
    }
    group: str = setting("O(1, 3)", "Symmetry group acting on space-time.")
    target: str = setting("standard", "The matrix element M, or sqrt(1 + M^2).", choices=targets)
