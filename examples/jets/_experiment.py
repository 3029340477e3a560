"""The jets experiment: networks with the symmetry of space-time beside those of what a detector measures."""

from __future__ import annotations

import numpy as np
import torch
from intertwine.groups import Group, Lorentz
from intertwine.plot import figure
from intertwine.train import count_parameters
from matplotlib.figure import Figure
from torch import Tensor, nn

from .._experiment import Experiment, sized
from .._supervised import Supervised, classified, mistakes
from . import _data
from ._data import Jets
from ._model import JetNet, PairMasses, Plain
from ._settings import JetsSettings

PROBES = 500
BOOST = 0.2
#: accuracy and AUC with 1.2 million jets of the reference data: arXiv:2201.08187, 2211.00454, 2405.14806
PUBLISHED = {"LorentzNet": (0.942, 0.9868), "PELICAN": (0.9426, 0.9870), "L-GATr": (0.9423, 0.9870)}

OTHERS = "published, 1.2M jets, other sample"


def turned(jets: Jets, generator: torch.Generator) -> Jets:
    """Every jet turned about its axis by any angle, every other one mirrored, and boosted a little along the axis."""
    n = len(jets)
    angle, mirror = 2 * torch.pi * torch.rand(n, generator=generator), torch.rand(n, generator=generator) < 0.5
    rapidity = BOOST * torch.randn(n, generator=generator)
    return jets.moved(about_axis(jets.momenta.sum(1), angle.to(jets.momenta), mirror, rapidity.to(jets.momenta)))


def about_axis(p: Tensor, angle: Tensor, mirror: Tensor, rapidity: Tensor) -> Tensor:
    """Lorentz transformations (n, 4, 4): mirrored, turned about the axes of momenta p (n, 4), and boosted along them.

    Examples
    --------
    >>> p = torch.tensor([[5.0, 0.0, 0.0, 4.0]], dtype=torch.float64)
    >>> angle, rapidity = torch.tensor([[1.0], [np.log(3.0)]], dtype=torch.float64)
    >>> g = about_axis(p, angle, torch.tensor([True]), rapidity)
    >>> [round(x, 3) for x in (g[0] @ p[0]).abs().tolist()]
    [13.667, 0.0, 0.0, 13.333]
    """
    frame, _ = torch.linalg.qr(torch.stack([p[:, 1:], *torch.eye(3).to(p)[:, None].expand(3, len(p), 3)], 2))
    frame = frame * torch.where(frame[:, :, :1].mul(p[:, 1:, None]).sum(1, keepdim=True) < 0, -1.0, 1.0)
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    c, s, sign = angle.cos(), angle.sin(), torch.where(mirror.to(p.device), -one, one)
    h, k = rapidity.cosh(), rapidity.sinh()
    rows = [[h, k, zero, zero], [k, h, zero, zero], [zero, zero, c, -s * sign], [zero, zero, s, c * sign]]
    move = torch.stack([torch.stack(row, -1) for row in rows], -2)
    place = torch.zeros_like(move)
    place[:, 0, 0], place[:, 1:, 1:] = 1, frame
    return place @ move @ place.mT


def auc(score: Tensor, target: Tensor) -> float:
    """The chance that a random positive has a higher score than a random negative; ties count a half.

    Examples
    --------
    >>> auc(torch.tensor([0.1, 0.4, 0.4, 0.9]), torch.tensor([0, 0, 1, 1]))
    0.875
    """
    from scipy.stats import rankdata

    rank = rankdata(score.numpy(force=True))
    positive = target.numpy(force=True) == 1
    n, m = int(positive.sum()), int((~positive).sum())
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * m))


def passing(score: Tensor, target: Tensor, efficiency: float = 0.5) -> float:
    """Share of negatives above the threshold that lets this share of the positives pass."""
    threshold = score[target == 1].quantile(1 - efficiency)
    return float((score[target == 0] > threshold).float().mean())


def masses(jets: Jets) -> Tensor:
    """The jets' masses (n,) in GeV, of the constituents that are seen."""
    energy, momentum = jets.momenta.sum(1).split((1, 3), 1)
    return (energy.square().sum(1) - momentum.square().sum(1)).clamp(min=0).sqrt()


def mass_window(mass: Tensor, target: Tensor) -> tuple[float, float]:
    """The interval that holds the most of class 1 less those of class 0: lowest and highest mass in it.

    Examples
    --------
    >>> mass_window(torch.tensor([3.0, 1.0, 2.0, 4.0]), torch.tensor([1, 0, 1, 0]))
    (2.0, 3.0)
    """
    mass, order = mass.sort()
    gained = torch.cat([torch.zeros(1), (2.0 * target[order].cpu() - 1).cumsum(0)])
    before = gained[:-1].cummin(0)
    best = int((gained[1:] - before.values).argmax())
    return float(mass[before.indices[best]]), float(mass[best])


class JetsExperiment(Experiment[JetsSettings, Supervised]):
    """Top quark or not."""

    title = "Top quark jets"
    score = "test error (%)"

    def group(self, settings: JetsSettings) -> Group:
        """The group, one of space leaving time alone."""
        group = super().group(settings)
        return group.embed(4, start=1, name=f"{group.name} of space") if group.d == 3 else group

    def check(self, settings: JetsSettings) -> None:
        """The group acts on space-time."""
        group = self.group(settings)
        if group.d != 4 or group.field != "R":
            raise ValueError(
                f"{group.name} acts on {group.field}^{group.d}, but momenta live in R^4: choose a group such as "
                "O(1, 3), SO(1, 3), SO(3) (of space) or Trivial(4)"
            )

    def task(self, settings: JetsSettings, device: torch.device) -> Supervised:
        """Jets, generated at the first use."""
        parts = _data.load(settings.source, settings.samples, settings.constituents, settings.seed)
        moved = {part: jets.to(device) for part, jets in parts.items()}
        return classified(**moved, move=turned if settings.augment else None, at_once=256)

    def network(self, settings: JetsSettings, group: Group, task: Supervised) -> nn.Module:
        """A network with the group's symmetry, or a baseline of as many weights."""
        if settings.model == "steerable" and settings.parameters is None:
            return JetNet(group, beams=settings.beams)
        parameters = settings.parameters or count_parameters(JetNet(Lorentz()))

        def build(width: int) -> nn.Module:
            if settings.model == "steerable":
                return JetNet(group, width, beams=settings.beams)
            if settings.model == "plain":
                return Plain(width)
            return PairMasses(settings.constituents, width, settings.beams)

        model = sized(build, parameters, settings.seed)
        if isinstance(model, PairMasses):
            model.to(task.train[torch.arange(1)].momenta.device).standardise(task.train[torch.arange(len(task.train))])
        return model

    def test(self, settings: JetsSettings, model: nn.Module, task: Supervised) -> dict[str, float]:
        """Mistakes, AUC, background rejection, and how much logits change when jet and beams are moved."""
        logits, target = task.predicted(model, task.test)
        score = logits[:, 1] - logits[:, 0]
        background = passing(score, target) or 1 / float((target == 0).sum())
        return {
            self.score: float(mistakes(logits, target).mean()),
            "AUC": auc(score, target),
            "background rejection at 50 % efficiency": 1 / background,
            "equivariance error, O(1, 3)": broken(model, task, Lorentz()),
        }

    def references(self, settings: JetsSettings, task: Supervised) -> dict[str, float]:
        """A window of jet masses, and published mistakes."""
        train, test = (some[torch.arange(len(some))] for some in (task.train, task.test))
        low, high = mass_window(masses(train), train.target)
        inside = (masses(test) >= low) & (masses(test) <= high)
        found = {"mass window (predictor)": 100 * float((inside != (test.target == 1)).float().mean())}
        published = {f"{name} ({OTHERS})": 100 * (1 - a) for name, (a, _) in PUBLISHED.items()}
        return found | published

    def pictures(self, settings: JetsSettings, model: nn.Module, task: Supervised) -> dict[str, Figure]:
        """Background rejection against efficiency."""
        logits, target = task.predicted(model, task.test)
        score = logits[:, 1] - logits[:, 0]
        efficiency = np.linspace(0.1, 1, 91)
        passed = np.array([passing(score, target, e) for e in efficiency])
        drawn = figure()
        axes = drawn.subplots()
        axes.semilogy(efficiency[passed > 0], 1 / passed[passed > 0])
        axes.set(xlabel="efficiency for top quarks", ylabel="1 / share of others that pass")
        published = ", ".join(f"{name} {area}" for name, (_, area) in PUBLISHED.items())
        axes.set_title(
            f"{settings.model} · {settings.group} · AUC {auc(score, target):.4f}\n({OTHERS}: {published})",
            fontsize=9,
        )
        return {"roc.png": drawn}


@torch.no_grad()
def broken(model: nn.Module, task: Supervised, group: Group) -> float:
    """Root mean square change of logits, relative to their spread, when jets and beams move by random elements."""
    jets = task.test[torch.arange(min(PROBES, len(task.test)))]
    there = model(jets)
    moved = model(jets.moved(torch.from_numpy(group.sample(len(jets), rng=1))))
    return float((moved - there).square().mean().sqrt() / (there - there.mean(0)).square().mean().sqrt())
