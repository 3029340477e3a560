"""Smoke: the solver does what the equations say, keeps what they keep, and turns with the plane; networks, too."""

import json
import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from intertwine.examples._experiment import Means, run
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples.smoke import _data
from intertwine.examples.smoke._experiment import SmokeExperiment
from intertwine.examples.smoke._model import plain, steerable
from intertwine.examples.smoke._simulate import Flow, resized, wavenumbers
from intertwine.examples.smoke._symmetry import grid_error, turn_error
from intertwine.groups import C, Dihedral, O, Trivial
from intertwine.reps import V
from intertwine.testing import grid_symmetries
from intertwine.train import count_parameters
from rich.console import Console

SIZE = 16
EVERY = grid_symmetries(V(O(2)))


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """A cache of its own, and few simulations to validate and test on."""
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(_data, "VALIDATION", 2)
    monkeypatch.setattr(_data, "TEST", 2)


def drawn(n=2, size=SIZE, seed=0):
    noise = torch.randn(n, 2, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return Flow(size).random(noise)


def divergence(fields):
    k = wavenumbers(fields.shape[-1], torch.float64)
    u = torch.fft.rfft2(fields[:, 1:])
    return torch.fft.irfft2(1j * (k[0] * u[:, 0] + k[1] * u[:, 1]))


def energy(fields):
    return fields[:, 1:].square().sum(1).mean((1, 2)) / 2


def refined(fields, size):
    """The same fields, on more points."""
    return torch.fft.irfft2(resized(torch.fft.rfft2(fields, norm="forward"), size), (size, size), norm="forward")


def apart(a, b):
    return float((a - b).abs().max())


def taylor_green(k, time=0.0, viscosity=0.0, size=SIZE):
    x, y = torch.meshgrid(*[2 * math.pi / size * torch.arange(size, dtype=torch.float64)] * 2, indexing="ij")
    u = torch.stack([torch.sin(k * x) * torch.cos(k * y), -torch.cos(k * x) * torch.sin(k * y)])
    decayed = math.exp(-2 * viscosity * k**2 * time) * u
    return torch.cat([torch.zeros_like(x)[None], decayed])[None]


# -- the solver ---------------------------------------------------------------------------------------
def test_flows_stay_incompressible():
    after = Flow(SIZE, 0.01).after(drawn(), 1.0, 40)
    assert apart(divergence(after), 0) < 1e-10
    assert apart(divergence(drawn().flip(1)), 0) > 0.1


@pytest.mark.parametrize("k", [1, 2, 3])
def test_taylor_green_vortices_decay_exactly(k):
    after = Flow(SIZE, 0.05).after(taylor_green(k), 0.7, 10)
    assert apart(after, taylor_green(k, 0.7, 0.05)) < 1e-12
    assert apart(after, taylor_green(k, 0.7, 0.06)) > 1e-3


def test_energy_is_kept_without_viscosity_and_lost_with_it():
    before = drawn()
    losses = [apart(energy(Flow(SIZE, 0.0).after(before, 1.0, n)), energy(before)) for n in (40, 80, 160)]
    assert losses[-1] < 1e-7
    assert losses[0] / losses[1] > 14
    assert losses[1] / losses[2] > 14
    assert bool((energy(Flow(SIZE, 0.01).after(before, 1.0, 40)) < energy(before) - 1e-3).all())


def test_time_steps_are_of_fourth_order():
    flow, before = Flow(SIZE, 0.02, buoyancy=0.5), drawn()
    true = flow.after(before, 0.5, 320)
    errors = [apart(flow.after(before, 0.5, n), true) for n in (20, 40, 80)]
    rates = [math.log2(a / b) for a, b in pairwise(errors)]
    assert all(3.7 < rate < 4.4 for rate in rates), rates


def test_the_grid_does_not_matter_while_it_resolves_the_flow():
    coarse = 0.3 * drawn(1, 32)
    fine = refined(coarse, 64)
    assert apart(fine[..., ::2, ::2], coarse) < 1e-12
    here, there = Flow(32, 0.1).after(coarse, 0.5, 20), Flow(64, 0.1).after(fine, 0.5, 20)
    assert apart(there[..., ::2, ::2], here) < 1e-5


def test_smoke_is_kept_and_diffuses():
    before = drawn()
    before[:, 0] += 3.0
    after = Flow(SIZE, 0.01).after(before, 1.0, 40)
    assert apart(after[:, 0].mean((1, 2)), before[:, 0].mean((1, 2))) < 1e-12
    assert bool((after[:, 0].var((1, 2)) < before[:, 0].var((1, 2))).all())


def test_still_smoke_only_diffuses():
    x = 2 * math.pi / SIZE * torch.arange(SIZE, dtype=torch.float64)
    before = torch.zeros(1, 3, SIZE, SIZE, dtype=torch.float64)
    before[:, 0] = torch.cos(2 * x)
    after = Flow(SIZE, 0.05).after(before, 1.0, 5)
    assert apart(after, math.exp(-0.05 * 4) * before) < 1e-12


def test_smoke_rises():
    flow = Flow(SIZE, 0.01, buoyancy=1.0)
    before = torch.zeros(1, 3, SIZE, SIZE, dtype=torch.float64)
    before[:, 0, 8, 8] = 1.0
    assert float(flow.after(before, 0.1, 4)[0, 1, 8, 8]) < -1e-3  # against the order of the rows


@pytest.mark.parametrize("g", EVERY, ids=lambda g: str(g.astype(int).tolist()))
def test_the_solver_commutes_with_turns_and_mirrors(g):
    flow, before = Flow(SIZE, 0.01), drawn()
    after = flow.after(before, 0.5, 20)
    assert apart(flow.after(_data.moved(before, g), 0.5, 20), _data.moved(after, g)) < 1e-10


def test_velocities_must_turn_with_the_points():
    flow, before = Flow(SIZE, 0.01), drawn()
    turned, expected = (x.rot90(1, (2, 3)) for x in (before, flow.after(before, 0.5, 20)))
    assert apart(flow.after(turned, 0.5, 20), expected) > 0.1


def test_the_solver_commutes_with_shifts():
    flow, before = Flow(SIZE, 0.01, buoyancy=0.5), drawn()
    there = flow.after(before.roll((3, 5), (2, 3)), 0.5, 20)
    assert apart(there, flow.after(before, 0.5, 20).roll((3, 5), (2, 3))) < 1e-10


def test_buoyancy_leaves_the_mirror():
    flow, before = Flow(SIZE, 0.01, buoyancy=0.5), drawn()
    after = flow.after(before, 0.5, 20)
    kept = [apart(flow.after(_data.moved(before, g), 0.5, 20), _data.moved(after, g)) < 1e-10 for g in EVERY]
    assert sum(kept) == len(_data.symmetries(0.5)) == 2
    assert all(any(np.array_equal(g, h) for h in _data.symmetries(0.5)) for g, k in zip(EVERY, kept) if k)


def test_first_fields_are_isotropic_and_of_unit_size():
    fields = drawn(64)
    assert fields.square().mean((0, 2, 3)).tolist() == pytest.approx([1, 1, 1], abs=0.15)
    assert apart(divergence(fields), 0) < 1e-10


@pytest.mark.parametrize("size", [2, 7])
def test_sizes_are_even(size):
    with pytest.raises(ValueError, match=f"even number of points from 4 on, got {size}"):
        Flow(size)


# -- data ---------------------------------------------------------------------------------------------
def test_parts_share_no_simulation_and_stay():
    some, more = (_data.simulations(n, "train", 0) for n in (2, 3))
    assert some.shape == (2, 5, 3, 32, 32)
    assert torch.allclose(some, more[:2], atol=2e-3)
    others = [_data.simulations(2, "train", 1), _data.simulations(2, "val"), _data.simulations(2, "test")]
    assert all(apart(some, other) > 0.5 for other in others)
    assert torch.equal(_data.simulations(2, "test", 1), others[-1])


@pytest.mark.parametrize("buoyancy", [10.0, 1e9])
def test_smoke_that_moves_too_fast_is_not_kept(buoyancy, tmp_path):
    with pytest.raises(ValueError, match=rf"smoke of buoyancy = {buoyancy!r} moves too fast".replace("+", r"\+")):
        _data.simulations(16, "val", buoyancy=buoyancy)
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_close_buoyancies_are_kept_apart(monkeypatch):
    names = []
    monkeypatch.setattr(_data, "stored", lambda name, make: names.append(name) or {"frames": np.zeros(1)})
    for buoyancy in (0.1234567, 0.12345674, 0.5, 0.0):
        _data.simulations(2, "val", buoyancy=buoyancy)
    assert len(set(names)) == 4
    assert names[-1] == "smoke-val-0-2-b0-v1"  # as it was called before


def test_frames_are_resolved_in_time():
    frames = _data.simulations(2, "val")
    flow = Flow(_data.SIZE, _data.VISCOSITY)
    again = flow.after(frames[:, 0].double(), _data.STEP, 200)
    assert float((again - frames[:, 1]).square().mean()) < 1e-5


def test_pairs_are_successive():
    frames = torch.arange(10.0).view(2, 5, 1, 1, 1)
    made = _data.pairs(frames)
    assert made.now.flatten().tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    assert made.target.flatten().tolist() == [1, 2, 3, 4, 6, 7, 8, 9]


def test_augmentation_keeps_the_physics():
    before = drawn(12)
    flow = Flow(SIZE, 0.01)
    batch = _data.Pairs(before, flow.after(before, 0.5, 20))
    other = _data.scattered(batch, torch.Generator().manual_seed(0))
    assert apart(flow.after(other.now, 0.5, 20), other.target) < 1e-10
    kept = sum(torch.equal(a, b) for a, b in zip(other.now, batch.now))
    assert kept < 6
    assert torch.equal(batch.now, before)


# -- networks -----------------------------------------------------------------------------------------
def net_of(make):
    """A network whose norms have seen flows."""
    torch.manual_seed(0)
    net = make().double()
    with torch.no_grad():
        for seed in range(20):
            net.step(drawn(4, seed=seed))
    return net.eval()


@pytest.mark.parametrize(
    ("make", "on_grid", "any_angle"),
    [
        (lambda: steerable(O(2), 8), True, True),
        (lambda: steerable(Dihedral(4), 8), True, False),
        (lambda: steerable(C(4), 8), False, False),
        (lambda: steerable(Trivial(2), 8), False, False),
        (lambda: plain(6), False, False),
    ],
    ids=["O(2)", "D4", "C4", "trivial", "plain"],
)
def test_networks_turn_with_the_plane(make, on_grid, any_angle):
    net, fields = net_of(make), refined(drawn(1), 32)
    with torch.no_grad():
        assert (grid_error(net.step, fields) < 1e-9) == on_grid
        assert (turn_error(net.step, fields, torch.tensor([0.5])) < 0.3) == any_angle


def test_networks_with_the_mirror_fit_buoyant_smoke():
    fields = drawn(1)
    with torch.no_grad():
        ours, theirs = (grid_error(net_of(partial(steerable, G, 8)).step, fields, 0.5) for G in (Dihedral(1), C(4)))
        assert ours < 1e-9 < 0.1 < theirs
        assert grid_error(net_of(partial(steerable, Dihedral(1), 8)).step, fields) > 0.1


@pytest.mark.parametrize("model", ["steerable", "cnn"])
def test_sizes_are_matched(model):
    settings = EXPERIMENTS["smoke"].of("fast", model=model, parameters=20_000)
    net = SmokeExperiment().network(settings, O(2), None)
    assert count_parameters(net) == pytest.approx(20_000, rel=0.25)


@pytest.mark.parametrize("make", [lambda: steerable(O(2), 8), lambda: plain(6)])
def test_networks_commute_with_shifts(make):
    net, fields = net_of(make), drawn(1)
    with torch.no_grad():
        assert apart(net.step(fields.roll((3, 5), (2, 3))), net.step(fields).roll((3, 5), (2, 3))) < 1e-10


def test_quarter_turns_agree_with_turns_of_the_grid():
    net, fields = net_of(lambda: steerable(O(2), 8)), drawn(1)
    with torch.no_grad():
        assert turn_error(net.step, fields, torch.tensor([math.pi / 2])) < 1e-6


def test_the_flow_alone_is_nonlinear_in_velocity():
    """Without smoke, too: what products are for."""
    net, fields = net_of(lambda: steerable(O(2), 8)), drawn(1)
    fields[:, 0] = 0
    with torch.no_grad():
        zero, one, two = (net.step(scale * fields) for scale in (0, 1, 2))
    assert apart(two - one, one - zero) > 1e-2


def test_groups_must_act_on_the_plane():
    with pytest.raises(ValueError, match="choose a group of orthogonal 2 x 2 matrices"):
        SmokeExperiment().check(EXPERIMENTS["smoke"].of("fast", group="O(3)"))


def test_a_run(tmp_path):
    for model, group, augment in (("steerable", "O(2)", False), ("cnn", "Trivial(2)", True)):
        settings = EXPERIMENTS["smoke"].of("fast", samples=2, epochs=2, model=model, group=group, augment=augment)
        report = run(SmokeExperiment(), settings, Means(out=tmp_path / model), Console(quiet=True))
        assert {path.name for path in report.files} >= {"metrics.json", "loss.png", "fields.png"}
    ours, theirs = (json.loads((tmp_path / m / "metrics.json").read_text()) for m in ("steerable", "cnn"))
    assert theirs["parameters"] == pytest.approx(count_parameters(steerable(O(2))), rel=0.25)
    assert ours["test"]["equivariance error, grid"] < 1e-4 < theirs["test"]["equivariance error, grid"]
    assert 0 < ours["references"]["nothing moves (predictor)"] < ours["references"]["mean (predictor)"]
