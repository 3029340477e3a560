"""The three tasks: data with the symmetry they claim, models that have it, and runs end to end."""

import json

import numpy as np
import pytest
import torch
from intertwine import cli
from intertwine.examples._experiment import Means, run
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples.tasks import _data
from intertwine.examples.tasks._experiment import (
    TaskExperiment,
    equivariance_error,
    moved,
    moves,
    representations,
)
from intertwine.groups import SO, Lorentz, O, S, Trivial
from intertwine.train import count_parameters
from rich.console import Console
from typer.testing import CliRunner

TARGETS = [
    ("o5", "standard"),
    ("inertia", "standard"),
    ("inertia", "log"),
    ("lorentz", "standard"),
    ("lorentz", "root"),
]
SYMMETRIES = TaskExperiment.symmetries


@pytest.mark.parametrize(("name", "target"), TARGETS)
def test_the_targets_have_the_symmetry(name, target):
    group = SYMMETRIES[name]
    rep_in, rep_out = representations(name, group)
    x, y = (t.numpy() for t in _data.draw(name, target, "test", 50))
    function = getattr(_data, name)
    for g in group.sample(4, rng=0):
        there = function(x @ rep_in.rho(g).T, target)
        np.testing.assert_allclose(there, y @ rep_out.rho(g).T, rtol=1e-9, atol=1e-9)
    scaled = function(1.1 * x, target)  # a control
    assert np.abs(scaled - y).max() > 1e-2


def test_the_matrix_element_is_its_formula_in_scalar_products():
    x, y = _data.draw("lorentz", "standard", "test", 20)
    p = x.numpy().reshape(-1, 4, 4)
    d = p @ _data.ETA @ p.transpose(0, 2, 1)
    a, b = d[:, 0, 2] - d[:, 0, 0], d[:, 1, 3] - d[:, 1, 1]
    m = 4 * (d[:, 0, 1] * d[:, 2, 3] - b * d[:, 0, 2] - a * d[:, 1, 3] + 4 * a * b)
    np.testing.assert_allclose(y[:, 0], m, rtol=1e-12)


def test_parts_do_not_overlap_and_small_sets_begin_large_ones():
    large, small = (_data.draw("o5", "standard", "train", n)[0] for n in (50, 20))
    assert torch.equal(large[:20], small)
    others = [_data.draw("o5", "standard", part, 50, seed)[0] for part, seed in (("train", 1), ("val", 0), ("test", 0))]
    assert all(not torch.equal(large, other) for other in others)


def fit(name, **settings):
    what = EXPERIMENTS[name].of("fast", **{"samples": 40, **settings})
    experiment = TaskExperiment()
    task = experiment.task(what, torch.device("cpu"))
    torch.manual_seed(0)
    return what, task, experiment.network(what, experiment.group(what), task)


@pytest.mark.parametrize("name", SYMMETRIES)
@pytest.mark.parametrize("model", ["steerable", "emlp", "gated", "scalars"])
def test_models_have_the_symmetry(name, model):
    _, task, net = fit(name, model=model)
    assert equivariance_error(net, task) < 1e-9


def test_a_network_of_rotations_does_not_know_that_masses_may_be_renumbered():
    _, task, net = fit("inertia", group="O(3)")
    assert equivariance_error(net, task) > 1e-3
    task.symmetry = representations("inertia", O(3))
    assert equivariance_error(net, task) < 1e-9


@pytest.mark.parametrize("name", SYMMETRIES)
def test_the_published_protocol_sees_900_000_samples_at_most_1_000_times(name):
    epochs = [EXPERIMENTS[name].of("paper", samples=n).epochs for n in (100, 1000, 10_000)]
    assert epochs == [1000, 900, 90]


def test_the_product_group_knows_that_masses_may_be_renumbered():
    _, task, net = fit("inertia")
    assert equivariance_error(net, task) < 1e-9
    _, _, other = fit("inertia", group="O(3)")
    assert equivariance_error(other, task) > 1e-2


@pytest.mark.parametrize("name", SYMMETRIES)
def test_without_symmetry_there_is_none(name):
    for options in ({"model": "mlp"}, {"group": EXPERIMENTS[name].groups[-1]}):
        _, task, net = fit(name, **options)
        assert equivariance_error(net, task) > 1e-3


@pytest.mark.parametrize("name", SYMMETRIES)
def test_augmentation_moves_samples_by_the_true_group(name):
    _, task, _ = fit(name)
    x, y = (t.double() for t in _data.draw(name, "standard", "train", 30))
    pool = moves(task.symmetry, seed=0)
    a, b = moved(x, y, pool, torch.Generator().manual_seed(0))
    assert (a - x).abs().max() > 1e-2
    np.testing.assert_allclose(getattr(_data, name)(a.numpy()), b.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", SYMMETRIES)
@pytest.mark.parametrize("model", ["steerable", "emlp", "gated", "scalars", "mlp"])
def test_networks_are_as_large_as_asked(name, model):
    _, _, net = fit(name, model=model, parameters=20_000)
    assert abs(count_parameters(net) - 20_000) < 5_000


@pytest.mark.parametrize("name", SYMMETRIES)
def test_what_is_compared_is_of_equal_size(name):
    sizes = {}
    for given in EXPERIMENTS[name].compared():
        if given.get("model") not in ("emlp", "gated") and given.get("samples") == 1000:
            _, _, net = fit(name, **given | {"samples": 40})
            sizes[str(given)] = count_parameters(net)
    assert len(sizes) >= 5
    assert max(sizes.values()) < 1.05 * min(sizes.values())


def test_groups_that_do_not_fit():
    for name, group, says in (("o5", O(3), r"R\^5"), ("lorentz", S(3), r"R\^4"), ("inertia", O(5), "S\\(5\\)")):
        with pytest.raises(ValueError, match=says):
            representations(name, group)
    assert representations("inertia", SO(3) * S(5))[0].dim == 20
    assert representations("lorentz", Trivial(4))[0].dim == Lorentz().d * 4


@pytest.mark.parametrize("name", SYMMETRIES)
def test_a_run_end_to_end(name, tmp_path):
    settings = EXPERIMENTS[name].of("fast", samples=60, epochs=3)
    report = run(TaskExperiment(), settings, Means("cpu", tmp_path), Console(quiet=True))
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["test"]["test MSE"] > 0
    assert metrics["test"]["equivariance error"] < 1e-9
    assert "mean (predictor)" in metrics["references"]
    assert {path.name for path in report.files} >= {"loss.png", "parity.png", "metrics.json"}


def test_training_helps(tmp_path):
    settings = EXPERIMENTS["lorentz"].of("fast", samples=300, epochs=40, model="emlp")
    run(TaskExperiment(), settings, Means("cpu", tmp_path), Console(quiet=True))
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["test"]["test MSE"] < 0.05 * metrics["references"]["mean (predictor)"]


def test_mistakes():
    result = CliRunner().invoke(cli.app, ["train", "o5", "--group", "O(3)"], env={"COLUMNS": "200"})
    assert result.exit_code == 1
    assert "o5 is about vectors of R^5" in result.output
    result = CliRunner().invoke(cli.app, ["train", "lorentz", "--target", "log"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
