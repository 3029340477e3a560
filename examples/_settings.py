"""What a run of an experiment is: the options of its command, the presets, the runs that are compared.

Nothing here needs torch: the command line builds its help from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, ClassVar

UNLIMITED = 10**5  # epochs


def setting(
    default: Any, text: str, least: float | None = None, most: float | None = None, choices: tuple[str, ...] = ()
) -> Any:
    """A field of `Settings` with its help; numbers lie between ``least`` and ``most``, words are among ``choices``."""
    return field(default=default, metadata={"help": text, "least": least, "most": most, "choices": choices})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is; subclasses add what only they have, say which presets there are, and what is compared.

    Attributes
    ----------
    presets : mapping of preset to overridden settings
        ClassVar.  "fast" takes about a minute, "desk" some minutes, "paper" has the samples, epochs,
        batches and rates that were published, as far as any were; warm-up, clipping, validation and the widths of
        ours are as ever.
    data : settings
        ClassVar.  Those that change what is learned from, beside the number of samples and the seed.
    rival : model
        ClassVar.  In the table others are set in proportion to its figures on the same data in the same time.
    rates : mapping of model to learning rate
        ClassVar.  Peak learning rates at the desk: for every model the best of the same few by its validation error.
    note : str
        ClassVar.  What must be said beside the figures.
    revision : int
        ClassVar.  Goes up when data, models or training change so that earlier runs no longer compare.
    name, experiment : str
        ClassVars.  Of the command, and where its code is, "folder._module:Class".
    baselines : mapping of model to group
        ClassVar.  Models that have a symmetry of their own, whatever group is asked for.
    """

    name: ClassVar[str]
    experiment: ClassVar[str]
    presets: ClassVar[Mapping[str, Mapping[str, Any]]]
    data: ClassVar[tuple[str, ...]] = ()
    rival: ClassVar[str] = ""
    rates: ClassVar[Mapping[str, float]] = {}
    note: ClassVar[str] = ""
    revision: ClassVar[int] = 1
    baselines: ClassVar[Mapping[str, str]] = {}

    group: str = setting("O(3)", "Symmetry group; `intertwine groups` lists them.")
    model: str = setting("steerable", "Which model: ours, or a baseline.")
    samples: int = setting(1000, "Number of training samples.", least=2)
    augment: bool = setting(False, "Transform training samples by random elements of the true symmetry group.")
    seed: int = setting(0, "Of weights, batches and data split.", least=0, most=2**63 - 1)
    parameters: int | None = setting(None, "Choose the width for about so many weights.", least=1000)
    epochs: int = setting(30, "Number of passes over the training samples.", least=1)
    batch: int = setting(50, "Samples per step.", least=1)
    lr: float = setting(3e-3, "Peak learning rate.", least=1e-8, most=1e3)
    schedule: str = setting("cosine", "The rate falls by a cosine, or stays.", choices=("cosine", "constant"))
    average: float = setting(0.995, "Decay of the moving average of the weights.", least=0, most=0.99999)
    patience: int | None = setting(None, "End after so many epochs without improvement.", least=1)
    budget: float | None = setting(
        None, "Minutes (on a CPU, of processor time) after which to end.", least=0.01, most=1e6
    )

    @classmethod
    def of(cls, preset: str = "desk", **given: Any) -> Settings:
        """The settings of a preset, with those given instead of its own.

        A budget or a number of epochs that is given alone ends the training by itself, whatever the preset has of the
        other.  The group of a baseline is its own.

        Raises
        ------
        ValueError
            For an unknown preset or setting, and for a baseline with another group.
        """
        if preset not in cls.presets:
            raise ValueError(f"{cls.name} has no preset {preset!r}: there are {', '.join(cls.presets)}")
        unknown = set(given) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"{cls.name} has no settings {', '.join(sorted(unknown))}")
        if given.get("budget") and "epochs" not in given:
            given["epochs"] = UNLIMITED
        if "epochs" in given:
            given.setdefault("budget", None)
        rate = cls.rates.get(given.get("model", cls.model))
        usual = {"lr": rate} if rate else {}
        return cls(**{**usual, **cls.planned(preset, given), **given, **cls._own_group(given)})

    @classmethod
    def _own_group(cls, given: Mapping[str, Any]) -> dict[str, str]:
        """The group of a baseline; nothing for models that take any."""
        own = cls.baselines.get(given.get("model", ""))
        if own is None:
            return {}
        asked = given.get("group", own)
        if asked.replace(" ", "") != own.replace(" ", ""):
            raise ValueError(
                f"the model {given['model']} of {cls.name} has the symmetry {own}, whatever the group, but {asked} is "
                "asked for: leave out --group, or choose --model steerable"
            )
        return {"group": own}

    @classmethod
    def planned(cls, preset: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The settings of a preset where they depend on those given: more time for more samples, say."""
        return cls.presets[preset]

    @classmethod
    def idle(cls, given: Mapping[str, Any]) -> tuple[str, ...]:
        """Settings that mean nothing beside those given, such as the stiffness of springs where there are none."""
        return ()

    @classmethod
    def compared(cls) -> Iterator[Mapping[str, Any]]:
        """The runs of the table of results, as what they set; every one is made with several seeds."""
        yield {}

    @classmethod
    def completed(cls, known: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a run, with the usual values of those that came after it."""
        return {f.name: f.default for f in fields(cls)} | dict(known)

    @property
    def question(self) -> dict[str, Any]:
        """What is asked: data, group and model, without the plan of training."""
        return {key: value for key, value in asdict(self).items() if key not in PROTOCOL}

    @property
    def preset(self) -> str:
        """The preset whose plan of training this is, or "own"."""
        for name in self.presets:
            theirs = self.of(name, **self.question)
            if replace(theirs, parameters=self.parameters) == self:
                return name
        return "own"


#: settings that say how long and how fast to train, not what
PROTOCOL = ("parameters", "epochs", "batch", "lr", "schedule", "average", "patience", "budget")


def run_name(settings: Settings) -> str:
    """Name of a run's folder: experiment, group, model and seed, and what differs from the preset, its budget too.

    Examples
    --------
    >>> from intertwine.examples.nbody._settings import NBodySettings
    >>> run_name(NBodySettings.of("desk", group="SO(3)", samples=100))
    'nbody-SO3-steerable-samples-100-seed0'
    """
    usual = settings.of("desk")
    words = [settings.name, slug(settings.group), slug(settings.model)]
    for key, value in settings.question.items():
        if key not in ("group", "model", "seed") and value != getattr(usual, key):
            words.append(key if value is True else f"{key}-{slug(str(value))}")
    if settings.preset == "own" and settings.budget != settings.of("desk", **settings.question).budget:
        words.append(f"{settings.budget:g}-minutes" if settings.budget else f"{settings.epochs}-epochs")
    if settings.parameters and settings.model in settings.baselines:
        words.append(f"{settings.parameters}-weights")
    return "-".join([*words, f"seed{settings.seed}"])


def slug(name: str) -> str:
    """A group's name as part of a file name.

    Examples
    --------
    >>> slug("O(2) azimuthal"), slug("0.1")
    ('O2-azimuthal', '0.1')
    """
    kept = "".join(c if c.isalnum() or c == "." else " " if c in " ×*," else "" for c in name)
    return "-".join(kept.split())
