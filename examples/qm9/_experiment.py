"""The QM9 experiment: train on a scalar property, compare with predictors that see no geometry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from intertwine import plot
from intertwine.groups import Group, O
from intertwine.train import count_parameters
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn.functional import smooth_l1_loss

from .._augment import elements
from .._experiment import Experiment, sized
from .._report import require_orthogonal
from . import _data
from ._baseline import errors, predict, regression
from ._egnn import EGNN
from ._graphs import Graphs
from ._model import CUTOFF, Body, Kernels, MoleculeNet
from ._plain import Plain
from ._settings import QM9Settings

LAYERS, WIDTH = 3, 16
#: validation molecules, and test molecules that are turned
VALIDATED, MOVED = 1_000, 500
#: EGNN, SEGNN, PaiNN, PONITA: arXiv:2102.09844, 2110.02905, 2102.03150, 2310.02970, all of the training molecules
MODELS = {
    "alpha": (0.071, 0.060, 0.045, 0.0375),
    "gap": (48.0, 42.0, 45.7, 30.4),
    "homo": (29.0, 24.0, 27.6, 16.0),
    "lumo": (25.0, 21.0, 20.4, 14.5),
    "mu": (0.029, 0.023, 0.012, 0.0121),
    "cv": (0.031, 0.031, 0.024, 0.0242),
}
PUBLISHED = {target: dict(zip(("EGNN", "SEGNN", "PaiNN", "PONITA"), maes)) for target, maes in MODELS.items()}
#: arXiv:2212.06096, section 5.2
PUBLISHED["homo"] |= {
    "standard kernel": 43.0,
    "implicit kernel": 37.7,
    "implicit kernel, bonds": 35.1,
    "implicit kernel, bonds and atoms": 30.6,
}


@dataclass
class Property:
    """The training task, in units of ``scale``; the loss is absolute, and squared near zero.

    Attributes
    ----------
    train, val, test : Graphs
    fit : (6,) float64
        Regression on atom counts.
    scale : float
        What it leaves, in standard deviations.
    augment : bool
        Move training molecules by random elements of O(3).
    """

    train: Graphs
    val: Graphs
    test: Graphs
    fit: Tensor
    scale: float
    augment: bool = False

    @property
    def size(self) -> int:
        """Number of training molecules."""
        return len(self.train)

    def loss(self, model: nn.Module, index: Tensor, generator: torch.Generator) -> Tensor:
        """Smooth absolute error of some training molecules."""
        batch = self.train[index]
        if self.augment:
            batch = batch.moved(elements(O(3), batch.size, generator))
        return smooth_l1_loss(model(batch) / self.scale, batch.target.to(batch.pos) / self.scale, beta=0.1)

    def score(self, model: nn.Module) -> float:
        """Mean absolute error on the validation molecules."""
        return float((predicted(model, self.val) - self.val.molecules.target).abs().mean())


@torch.no_grad()
def predicted(model: nn.Module, graphs: Graphs, batch: int = 128) -> Tensor:
    """The property of all molecules, (n,) float64 on the CPU."""
    return torch.cat([model(graphs[i]).double().cpu() for i in torch.arange(len(graphs)).split(batch)])


class QM9Experiment(Experiment[QM9Settings, Property]):
    """A scalar property of molecules."""

    title = "QM9"

    def check(self, settings: QM9Settings) -> None:
        """The property, the number of molecules, the group and the model make sense."""
        if settings.channels and settings.parameters:
            raise ValueError("give --channels or --parameters, not both")
        _data.target(settings.target)
        if settings.attributes != "none" and (settings.kernel == "standard" or settings.model != "steerable"):
            raise ValueError(f"only implicit kernels see attributes={settings.attributes!r}: leave it out")
        if settings.samples <= len(_data.ELEMENTS) + 1:
            raise ValueError(
                f"samples must be more than {len(_data.ELEMENTS) + 1} for the regression on atom counts, "
                f"got {settings.samples}"
            )
        require_orthogonal(self.group(settings), "atoms")

    def task(self, settings: QM9Settings, device: torch.device) -> Property:
        """Molecules, converted at the first use, as graphs."""
        bonds = settings.attributes != "none"
        parts = _data.load(settings.target, settings.seed, bonds, train=settings.samples, val=VALIDATED, test=None)
        graphs = {part: Graphs(molecules, CUTOFF, device) for part, molecules in parts.items()}
        fit = regression(parts["train"])
        scale = float((parts["train"].target - predict(fit, parts["train"].counts)).std())
        return Property(**graphs, fit=fit, scale=scale, augment=settings.augment)

    def network(self, settings: QM9Settings, group: Group, task: Property) -> nn.Module:
        """A network on top of the regression."""
        inner = Kernels(settings.kernel, settings.attributes)

        def steerable(width: int, group: Group = group) -> Body:
            return Body(group, (2 * width, width), LAYERS, kernels=inner)

        usual = settings.channels or WIDTH
        if settings.model == "steerable" and settings.parameters is None:
            return MoleculeNet(steerable(usual), task.fit.float(), task.scale)
        parameters = settings.parameters or count_parameters(steerable(usual, O(3)))
        made: Mapping[str, Callable[[int], Body | EGNN | Plain]] = {"egnn": EGNN, "plain": Plain}
        body = sized(made.get(settings.model, steerable), parameters, settings.seed)
        return MoleculeNet(body, task.fit.float(), task.scale)

    def test(self, settings: QM9Settings, model: nn.Module, task: Property) -> dict[str, float]:
        """Mean absolute error, and how much answers change when molecules are moved by elements of O(3)."""
        answers = predicted(model, task.test)
        batch = task.test[torch.arange(min(len(task.test), MOVED))]
        apart = model(batch.moved(elements(O(3), batch.size, torch.Generator().manual_seed(1)))) - model(batch)
        unit = _data.TARGETS[settings.target].unit
        return {
            self.score_of(settings): float((answers - task.test.molecules.target).abs().mean()),
            f"change of predictions under O(3) ({unit})": float(apart.abs().mean()),
        }

    def score_of(self, settings: QM9Settings) -> str:
        """Mean absolute error, in the property's unit."""
        return f"test MAE ({_data.TARGETS[settings.target].unit})"

    def references(self, settings: QM9Settings, task: Property) -> dict[str, float]:
        """Predictors without geometry, and published figures."""
        baseline = errors(task.train.molecules, task.test.molecules)
        published = PUBLISHED.get(settings.target, {})
        return {f"{name} (predictor)": mae for name, mae in baseline.items()} | {
            f"{name} (published)": mae for name, mae in published.items()
        }

    def pictures(self, settings: QM9Settings, model: nn.Module, task: Property) -> dict[str, Figure]:
        """Predicted against true."""
        guess, what = predicted(model, task.test), _data.TARGETS[settings.target]
        title = f"QM9 {what.meaning} · {settings.group}"
        return {"parity.png": plot.parity(task.test.molecules.target, guess, what.unit, title).figure}
