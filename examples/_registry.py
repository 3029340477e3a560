"""All experiments, by the names of their commands."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._settings import Settings
from .digits._settings import DigitsSettings
from .dipoles._settings import DipolesSettings
from .jets._settings import JetsSettings
from .nbody._settings import NBodySettings
from .pendulum._settings import PendulumSettings
from .qm9._settings import QM9Settings
from .shapes._settings import ShapesSettings
from .smoke._settings import SmokeSettings
from .tasks._settings import InertiaSettings, LorentzSettings, O5Settings

if TYPE_CHECKING:
    from ._experiment import Experiment

_ALL = (
    O5Settings,
    InertiaSettings,
    LorentzSettings,
    PendulumSettings,
    NBodySettings,
    QM9Settings,
    DipolesSettings,
    JetsSettings,
    DigitsSettings,
    ShapesSettings,
    SmokeSettings,
)
EXPERIMENTS: dict[str, type[Settings]] = {settings.name: settings for settings in _ALL}


def experiment(settings: type[Settings]) -> Experiment[Any, Any]:
    """The code of an experiment; imports torch."""
    module, _, name = settings.experiment.partition(":")
    found: Experiment[Any, Any] = getattr(import_module(f"intertwine.examples.{module}"), name)()
    return found
