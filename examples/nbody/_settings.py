"""The runs of the N-body experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .._settings import UNLIMITED, Settings, setting

#: minutes, three times the desk's: how far more time would lead
LONG = 7.0


@dataclass(frozen=True, kw_only=True)
class NBodySettings(Settings):
    """Predict the motion of five particles from their positions and velocities."""

    name: ClassVar[str] = "nbody"
    experiment: ClassVar[str] = "nbody._experiment:NBodyExperiment"
    note: ClassVar[str] = "published figures are on their own samples"
    revision: ClassVar[int] = 3
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"samples": 300, "epochs": 10, "budget": 0.5},
        "desk": {"epochs": UNLIMITED},
        "paper": {"epochs": 10_000, "batch": 100, "lr": 5e-4, "schedule": "constant", "average": 0.0},
    }
    baselines: ClassVar[Mapping[str, str]] = {"egnn": "O(3)", "plain": "Trivial(3)"}

    data: ClassVar[tuple[str, ...]] = ("dataset", "kappa")
    rival: ClassVar[str] = "egnn"
    rates: ClassVar[Mapping[str, float]] = {
        "steerable": 1.6e-2,
        "egnn": 4e-3,  # larger ones diverge in longer runs
        "plain": 4e-3,
    }

    samples: int = setting(3000, "Number of training trajectories.", least=2)
    dataset: str = setting("charged", "Which system.", choices=("charged", "springs"))
    model: str = setting(
        "steerable",
        "Ours, EGNN, or messages of plain networks that see components.",
        choices=("steerable", "egnn", "plain"),
    )
    kappa: float = setting(1.0, "Stiffness of the springs to the plane.")
    channels: int | None = setting(None, "Width: hidden scalars and vectors each.", least=1)

    @classmethod
    def planned(cls, preset: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """At the desk, more minutes for more trajectories; fewer for springs, and a larger rate for plain networks."""
        if preset != "desk":
            return cls.presets[preset]
        samples, is_easy = given.get("samples", 3000), given.get("dataset") == "springs"
        budget = (0.4 if samples <= 300 else 0.8) if is_easy else 1.0 if samples <= 300 else 1.6
        rate = {"lr": 1.6e-2} if is_easy and given.get("model") == "plain" else {}
        return {**cls.presets[preset], "budget": budget if samples <= 1000 else 2.3, **rate}

    @classmethod
    def idle(cls, given: Mapping[str, Any]) -> tuple[str, ...]:
        """Charged particles have no springs."""
        return ("kappa",) if given.get("dataset", "charged") == "charged" else ()

    @classmethod
    def compared(cls) -> Iterator[Mapping[str, Any]]:
        """Charged particles and plane springs of any stiffness: groups and plain networks of equal size; EGNN."""
        plain = {"model": "plain", "group": "Trivial(3)"}
        for samples in (300, 1000, 3000):
            yield {"group": "O(3)", "samples": samples}
            for group in ("SO(3)", "Trivial(3)"):
                yield {"group": group, "parameters": 20_400, "samples": samples}
            yield {"group": "Trivial(3)", "augment": True, "parameters": 20_400, "samples": samples}
            yield {"model": "egnn", "samples": samples}
            for augment in (False, True):
                yield {**plain, "augment": augment, "parameters": 20_400, "samples": samples}
        yield {"model": "egnn", "parameters": 20_400}
        for model in ("steerable", "egnn"):
            yield {"model": model, "budget": LONG}
        for samples in (100, 1000):
            for kappa in (0.0, 0.1, 1.0):
                springs = {"dataset": "springs", "kappa": kappa, "samples": samples}
                for group in ("O(3)", "azimuthal", "azimuthal-so2", "Trivial(3)"):
                    yield {"group": group, "parameters": 21_200, **springs}
                yield {"group": "Trivial(3)", "augment": True, "parameters": 21_200, **springs}
                for augment in (False, True):
                    yield {**plain, "augment": augment, "parameters": 21_200, **springs}
        for kappa in (0.1, 1.0):  # where the right group overtakes moved data
            springs = {"dataset": "springs", "kappa": kappa, "samples": 300, "parameters": 21_200}
            yield {"group": "azimuthal", **springs}
            yield {"group": "Trivial(3)", "augment": True, **springs}
            yield {**plain, "augment": True, **springs}
