"""The pendulum: the equations of motion, the symmetry of learned dynamics, and what they conserve."""

import json

import numpy as np
import pytest
import torch
from intertwine import cli
from intertwine.examples._augment import azimuthal, elements
from intertwine.examples._experiment import Means, run
from intertwine.examples.pendulum import _data, _experiment
from intertwine.examples.pendulum._experiment import PendulumExperiment, moved, rollout
from intertwine.examples.pendulum._model import Dynamics, Scalars, plain, steerable
from intertwine.examples.pendulum._settings import PendulumSettings
from intertwine.groups import SO, O, Trivial
from intertwine.reps import V
from intertwine.train import count_parameters
from rich.console import Console
from torch.testing import assert_close
from typer.testing import CliRunner

AZIMUTHAL = O(3).subgroup(fixing=[0, 0, 1])


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(_data, "TEST", 4)
    monkeypatch.setattr(_data, "VALIDATION", 4)


@pytest.fixture(scope="module")
def states():
    return np.random.default_rng(0).standard_normal((20, 12))


def test_the_flow_is_that_of_the_energy(states):
    """dz/dt = J ∇H, by central differences."""
    step = 1e-6
    gradient = np.stack(
        [(_data.energy(states + step * e) - _data.energy(states - step * e)) / (2 * step) for e in np.eye(12)], 1
    )
    np.testing.assert_allclose(_data.flow(states)[:, :6], gradient[:, 6:], atol=1e-8)
    np.testing.assert_allclose(_data.flow(states)[:, 6:], -gradient[:, :6], atol=1e-8)


def test_trajectories_conserve_energy_and_angular_momentum_about_z():
    z = _data.trajectories(6, "test")
    assert z.shape == (6, 150, 12)
    assert np.abs(_data.energy(z) - _data.energy(z[:, :1])).max() < 1e-7
    assert np.abs(_data.angular_momentum(z) - _data.angular_momentum(z[:, :1])).max() < 1e-10
    other = np.roll(z, 1, -1)
    assert np.abs(_data.angular_momentum(other) - _data.angular_momentum(other[:, :1])).max() > 1e-2


def test_the_integrator_is_of_fourth_order(states):
    def end(n):
        z = states
        for _ in range(n):
            z = _data.runge_kutta(_data.flow, z, 0.2 / n)
        return z

    true = end(400)
    assert np.log2(np.abs(end(10) - true).max() / np.abs(end(20) - true).max()) > 3.5


def test_pieces_are_parts_of_trajectories():
    z = _data.trajectories(6, "test")
    for piece, whole in zip(_data.pieces(z, 3), z):
        (start,) = np.flatnonzero((whole == piece[0]).all(1))
        assert np.array_equal(whole[start : start + 5], piece)


@pytest.mark.parametrize("is_hamiltonian", [True, False])
@pytest.mark.parametrize("group", [AZIMUTHAL, SO(3).subgroup(fixing=[0, 0, 1])], ids=lambda G: G.name)
def test_dynamics_have_the_symmetry_they_claim(group, is_hamiltonian, states):
    torch.manual_seed(0)
    model = Dynamics(steerable(group, is_hamiltonian), is_hamiltonian).double().eval()
    torch.nn.init.normal_(model.net.head[-1].weight, std=0.1)
    rep, z = (4 * V)(group), torch.from_numpy(states)
    for g in group.sample(3, rng=0):
        rho = torch.from_numpy(rep.rho(g))
        assert_close(model(z @ rho.mT), model(z) @ rho.mT)
    free = Dynamics(plain(is_hamiltonian, 16), is_hamiltonian).double().eval()
    assert (free(z @ rho.mT) - free(z) @ rho.mT).abs().max() > 1e-2


def test_a_hamiltonian_with_the_symmetry_conserves_angular_momentum(states):
    torch.manual_seed(0)
    drift = {}
    for group in (AZIMUTHAL, Trivial(3)):
        model = Dynamics(steerable(group, True), True).double().eval()
        found = rollout(model, torch.from_numpy(states), 5, 8).detach().numpy()
        momentum = _data.angular_momentum(found)
        drift[group.name] = np.abs(momentum - _data.angular_momentum(states)[:, None]).max()
    assert drift[AZIMUTHAL.name] < 1e-6
    assert drift["Trivial(3)"] > 1e-3


@pytest.mark.parametrize("dynamics", ["hamiltonian", "ode"])
def test_what_is_compared_is_of_equal_size(dynamics):
    experiment, sizes = PendulumExperiment(), []
    for given in PendulumSettings.compared():
        if given["dynamics"] == dynamics:
            settings = PendulumSettings.of(**given)
            sizes.append(count_parameters(experiment.network(settings, experiment.group(settings), None)))
    assert len(sizes) == {"hamiltonian": 7, "ode": 6}[dynamics]
    assert max(sizes) < 1.05 * min(sizes)


def test_functions_of_invariants_are_invariant():
    torch.manual_seed(0)
    net, z = Scalars(AZIMUTHAL, 16), torch.randn(8, 12)
    g = azimuthal(8, torch.Generator().manual_seed(0))
    assert torch.allclose(net(moved(z[:, None], g)[:, 0]), net(z), atol=1e-5)
    other = elements(O(3), 8, torch.Generator().manual_seed(0))
    assert (net(moved(z[:, None], other)[:, 0]) - net(z)).abs().max() > 1e-2
    experiment = PendulumExperiment()
    with pytest.raises(ValueError, match="gives a Hamiltonian, not a vector field: leave out --dynamics ode"):
        experiment.check(PendulumSettings.of(model="scalars", dynamics="ode"))


def test_augmentation_is_by_rotations_about_z_and_mirrors():
    pieces = torch.from_numpy(_data.pieces(_data.trajectories(5, "train"), 0))
    g = azimuthal(5, torch.Generator().manual_seed(0))
    assert {round(d) for d in g.det().tolist()} == {-1, 1}
    other = moved(pieces, g)
    assert_close(other[..., 2::3], pieces[..., 2::3])
    assert_close(_data.energy(other.numpy()), _data.energy(pieces.numpy()))
    assert (other - pieces).abs().max() > 1e-2
    flows = torch.from_numpy(_data.flow(pieces.numpy()))
    assert_close(torch.from_numpy(_data.flow(other.numpy())), moved(flows, g))


@pytest.mark.parametrize("settings", [{}, {"model": "mlp", "group": "Trivial(3)", "augment": True, "dynamics": "ode"}])
def test_a_run_end_to_end(settings, tmp_path):
    what = PendulumSettings.of("fast", samples=8, epochs=2, **settings)
    report = run(PendulumExperiment(), what, Means("cpu", tmp_path), Console(quiet=True))
    test = json.loads((tmp_path / "metrics.json").read_text())["test"]
    assert 0 < test["rollout error"] <= 1
    assert set(test) == {"rollout error", "drift of energy", "drift of angular momentum"}
    assert "rollouts.png" in {path.name for path in report.files}


def test_the_truth_has_no_error():
    truth = torch.from_numpy(_data.trajectories(3, "test"))
    assert float(_experiment.relative_errors(truth[:, 1:], truth).max()) == 1e-7
    assert float(_experiment.relative_errors(-truth[:, 1:], truth)[:, 1:].min()) == 1
    lost = torch.full_like(truth[:, 1:], torch.nan)
    assert _experiment.rollout_error(lost, truth) == pytest.approx(1e-7 ** (1 / 150))


def test_mistakes():
    result = CliRunner().invoke(cli.app, ["train", "pendulum", "--group", "Lorentz"], env={"COLUMNS": "200"})
    assert result.exit_code == 1
    assert "masses live in R^3" in result.output
