"""The runs of the pendulum experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .._settings import UNLIMITED, Settings, setting

#: beside the one of the system
OTHERS = ("azimuthal-so2", 'PointGroup("C6v")', "Trivial(3)")
#: weights with the group of the system, about, and so with the others
PARAMETERS = {"hamiltonian": 25_000, "ode": 32_000}


@dataclass(frozen=True, kw_only=True)
class PendulumSettings(Settings):
    """Learn the dynamics of two masses on springs, by a Hamiltonian or a neural ODE, and roll it out."""

    name: ClassVar[str] = "pendulum"
    experiment: ClassVar[str] = "pendulum._experiment:PendulumExperiment"
    note: ClassVar[str] = (
        "the rollout error is the geometric mean over the times 0, 0.2, …, 29.8, at the first of which it counts as "
        "1e-7, as in the authors' code; published figures on their own trajectories; drifts are mean distances from "
        "the start, in the median over rollouts"
    )
    revision: ClassVar[int] = 3
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"samples": 100, "epochs": 30, "budget": 0.5},
        "desk": {"epochs": UNLIMITED, "budget": 2.0},
        "paper": {"epochs": 2000, "batch": 500, "lr": 3e-3, "schedule": "constant", "average": 0.0},
    }
    rates: ClassVar[Mapping[str, float]] = {"steerable": 1.6e-2, "mlp": 1.6e-2, "scalars": 1.6e-2}
    data: ClassVar[tuple[str, ...]] = ("dynamics",)
    baselines: ClassVar[Mapping[str, str]] = {"mlp": "Trivial(3)", "scalars": "azimuthal"}

    group: str = setting("azimuthal", "Symmetry group acting on R^3; the system has that of rotations about z.")
    samples: int = setting(500, "Number of training trajectories, of five frames each.", least=2)
    epochs: int = setting(2000, "Number of passes over them.", least=1)
    batch: int = setting(100, "Trajectories per step.", least=1)
    model: str = setting(
        "steerable",
        "Ours, a plain network, or one of the invariants (Hamiltonians only).",
        choices=("steerable", "mlp", "scalars"),
    )
    dynamics: str = setting(
        "hamiltonian", "Learn the Hamiltonian, or its vector field as a neural ODE.", choices=("hamiltonian", "ode")
    )

    @classmethod
    def planned(cls, preset: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """At the desk, a smaller rate for vector fields: with that of Hamiltonians some diverge."""
        is_field = given.get("dynamics") == "ode" and given.get("model", "steerable") == "steerable"
        return {**cls.presets[preset], "lr": 4e-3} if preset == "desk" and is_field else cls.presets[preset]

    @classmethod
    def compared(cls) -> Iterator[Mapping[str, Any]]:
        """Both dynamics; groups of equal size, plain networks, also of invariants and with turned trajectories."""
        for dynamics in ("hamiltonian", "ode"):
            yield {"dynamics": dynamics}
            for group in OTHERS:
                yield {"dynamics": dynamics, "group": group, "parameters": PARAMETERS[dynamics]}
            for augment in (False, True):
                yield {"dynamics": dynamics, "model": "mlp", "group": "Trivial(3)", "augment": augment}
        yield {"dynamics": "hamiltonian", "model": "scalars"}
