"""Dipoles: labels and outputs turn with the molecule."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from intertwine.examples._experiment import Means, run
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples._source import MissingDataError
from intertwine.examples.dipoles import _data
from intertwine.examples.dipoles._experiment import DipolesExperiment, turned
from intertwine.examples.dipoles._model import PlainNet, TensorNet
from intertwine.examples.dipoles._settings import DipolesSettings
from intertwine.examples.qm9._data import Molecules
from intertwine.examples.qm9._graphs import Graphs
from intertwine.groups import SO, O, Trivial
from intertwine.train import count_parameters
from rich.console import Console

WATER = np.array([8, 1, 1]), np.array([[0.0, 0.0, 0.1173], [0.0, 0.7572, -0.4692], [0.0, -0.7572, -0.4692]])


def some_molecules(n, width):
    rng = torch.Generator().manual_seed(0)
    sizes = [3 + k % 4 for k in range(n)]
    kind = [torch.randint(5, (k,), generator=rng) for k in sizes]
    pos = [1.2 * torch.randn(k, 3, generator=rng).double() for k in sizes]
    return Molecules(pos, kind, torch.randn(n, width, generator=rng).double())


@pytest.mark.parametrize("target", ["dipole", "polarizability"])
@pytest.mark.parametrize(("group", "turns"), [(O(3), True), (SO(3), True), (Trivial(3), False), (None, False)])
def test_outputs_turn_with_the_molecule(target, group, turns):
    torch.manual_seed(0)
    net = PlainNet(target, 2.0, 8) if group is None else TensorNet(group, target, 2.0)
    net.double()
    width = {"dipole": 3, "polarizability": 9}[target]
    batch = Graphs(some_molecules(4, width), 3.0)[torch.arange(4)]
    with torch.no_grad():
        there = net(batch)
        assert there.shape == (4, width)
        true = SO(3) if group == SO(3) else O(3)
        moved = turned(replace(batch, target=there), torch.Generator().manual_seed(5), true)
        assert torch.allclose(net(moved), moved.target, rtol=1e-8, atol=1e-8) == turns


@pytest.mark.parametrize("target", ["dipole", "polarizability"])
def test_what_is_compared_is_of_about_equal_size(target):
    experiment, sizes = DipolesExperiment(), []
    task = SimpleNamespace(train=Graphs(some_molecules(4, 3 if target == "dipole" else 9), 3.0))
    for given in DipolesSettings.compared():
        if given["target"] == target:
            settings = DipolesSettings.of(**given)
            sizes.append(count_parameters(experiment.network(settings, experiment.group(settings), task)))
    assert len(sizes) >= 5
    assert max(sizes) < 1.2 * min(sizes)


def test_targets_turn_as_tensors():
    molecules = some_molecules(6, 9)
    pos = torch.cat([p[:1] for p in molecules.pos])
    outer = (pos.unsqueeze(2) * pos.unsqueeze(1)).flatten(1)
    batch = Graphs(Molecules(molecules.pos, molecules.kind, outer), 3.0)[torch.arange(6)]
    moved = turned(batch, torch.Generator().manual_seed(0))
    starts = torch.tensor([0, *[len(p) for p in molecules.pos]]).cumsum(0)[:6]
    pos = moved.pos[starts]
    assert torch.allclose(moved.target, (pos.unsqueeze(2) * pos.unsqueeze(1)).flatten(1))
    assert not torch.allclose(moved.target, outer, atol=0.1)


def test_xtb_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "tblite", None)
    monkeypatch.setitem(sys.modules, "tblite.exceptions", None)
    with pytest.raises(MissingDataError, match="pip install tblite"):
        _data.properties(*WATER)


def test_molecules_without_a_solution_are_counted(monkeypatch):
    def properties(numbers, pos):
        if len(numbers) > 2:
            raise ValueError("no solution")
        return np.ones(3), np.ones((3, 3))

    arrays = {"size": np.array([1, 3, 2, 3]), "kind": np.zeros(9, int), "pos": np.zeros((9, 3))}
    monkeypatch.setattr(_data, "properties", properties)
    with pytest.warns(UserWarning, match="no solution for 2 molecules: left out"):
        found = _data.compute(arrays, np.arange(4))
    assert found["index"].tolist() == [0, 2]
    with pytest.warns(UserWarning, match="no solution for 2 molecules"):
        none = _data.compute(arrays, np.array([1, 3]))
    assert {name: array.shape for name, array in none.items()} == {
        "index": (0,),
        "dipole": (0, 3),
        "polarizability": (0, 9),
    }


@pytest.mark.data
def test_labels_are_physical():
    """Water: about 2 D along its axis; labels turn with it and do not see shifts."""
    numbers, pos = WATER
    mu, alpha = _data.properties(numbers, pos)
    assert -2.7 < mu[2] < -1.5
    assert np.abs(mu[:2]).max() < 1e-6
    out_of_plane, *in_plane = np.linalg.eigvalsh(alpha)  # a minimal basis has nothing to polarise out of the plane
    assert 0 < out_of_plane < 0.1
    assert min(in_plane) > 2
    g = O(3).sample(rng=0)
    moved_mu, moved_alpha = _data.properties(numbers, pos @ g.T + 2.0)
    np.testing.assert_allclose(moved_mu, g @ mu, atol=1e-6)
    np.testing.assert_allclose(moved_alpha, g @ alpha @ g.T, atol=1e-2)
    assert np.abs(moved_mu - mu).max() > 0.1
    with pytest.raises(ValueError, match="no solution for 2 atoms"):
        _data.properties([1, 1], [[0, 0, 0], [0, 0, 0]])


def test_a_run(package, tmp_path, monkeypatch):
    """With labels of a kind that needs no quantum chemistry."""
    monkeypatch.setattr(_data, "properties", lambda numbers, pos: (pos.sum(0) * 1.0, np.eye(3) * len(numbers)))
    for name, value in {"COUNT": 39, "CHUNK": 10, "TEST": 8, "VALIDATION": 5}.items():
        monkeypatch.setattr(_data, name, value)
    sizes = {}
    for model, group in (("steerable", "O(3)"), ("plain", "Trivial(3)")):
        given = {"samples": 20, "epochs": 2, "model": model, "group": group, "augment": model == "plain"}
        settings = EXPERIMENTS["dipoles"].of("fast", **given, target="polarizability")
        report = run(DipolesExperiment(), settings, Means(out=tmp_path / model), Console(quiet=True))
        assert {path.name for path in report.files} >= {"metrics.json", "parity.png"}
        metrics = json.loads((tmp_path / model / "metrics.json").read_text())
        assert metrics["score"] == "test distance (a0^3)"
        assert (metrics["test"]["equivariance error"] < 1e-3) == (model == "steerable")
        sizes[model] = metrics["parameters"]
    assert sizes["steerable"] == count_parameters(TensorNet(O(3), "polarizability", 1.0))
    assert sizes["plain"] == pytest.approx(sizes["steerable"], rel=0.25)
    with pytest.raises(ValueError, match="26 training molecules"):
        _data.load("dipole", 27)
