"""The simulators conserve what they must, and have the symmetry that is claimed: no more, no less."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from intertwine.examples import _store
from intertwine.examples.nbody import _simulate as sim
from intertwine.examples.nbody._data import INTERVAL, NBody, load
from intertwine.groups import O
from intertwine.reps import CacheWarning


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path))
    return tmp_path


def moved(start, g):
    return sim.Start(start.pos @ g.T, start.vel @ g.T, start.node, start.pair)


def test_leapfrog_conserves_energy_of_springs():
    begin = sim.start("springs", 64, seed=1)
    pos, vel = sim.simulate("springs", begin, (30, 40), kappa=2.0)
    before = sim.energy("springs", begin, begin.pos, begin.vel, kappa=2.0)
    for frame in range(2):
        after = sim.energy("springs", begin, pos[:, frame], vel[:, frame], kappa=2.0)
        np.testing.assert_allclose(after, before, rtol=1e-6)


def test_leapfrog_conserves_energy_of_charges_without_close_encounters():
    begin = sim.start("charged", 64, seed=1)
    apart = np.full(64, np.inf)
    path = sim.trajectory(sim.force("charged", begin), begin.pos, begin.vel, 1000, every=1)
    for state in path:
        pos = state[0]
        for i, j in sim.PAIRS:
            apart = np.minimum(apart, np.linalg.norm(pos[:, i] - pos[:, j], axis=-1))
    before, after = (sim.energy("charged", begin, *s) for s in ((begin.pos, begin.vel), state))
    calm = apart > 0.3
    assert calm.sum() > 20
    np.testing.assert_allclose(after[calm], before[calm], rtol=1e-4, atol=1e-4)


def test_energy_error_falls_with_the_square_of_the_step():
    begin = sim.start("springs", 16, seed=2)
    before = sim.energy("springs", begin, begin.pos, begin.vel)
    drift = []
    for dt, steps in ((4e-2, 50), (2e-2, 100)):
        run = sim.trajectory(sim.force("springs", begin), begin.pos, begin.vel, steps, every=steps, dt=dt)
        after = sim.energy("springs", begin, *next(run))
        drift.append(np.abs(after - before).max())
    assert 3.5 < drift[0] / drift[1] < 4.5


@pytest.mark.parametrize("system", ["charged", "springs"])
def test_pair_forces_cancel_and_momentum_is_kept(system):
    begin = sim.start(system, 32, seed=3)
    pos = np.ascontiguousarray(begin.pos.transpose(2, 1, 0))
    total = sim.force(system, begin, clip=False)(pos).sum(1)  # (3, n)
    assert np.abs(total[:2]).max() < 1e-9
    if system == "springs":
        np.testing.assert_allclose(total[2], (begin.node - begin.pos[..., 2]).sum(1), atol=1e-12)
    else:
        assert np.abs(total[2]).max() < 1e-9


@pytest.mark.parametrize("system", ["charged", "springs"])
def test_forces_are_the_gradient_of_the_energy(system):
    begin = sim.start(system, 8, seed=4)
    direction = np.random.default_rng(0).standard_normal(begin.pos.shape)
    step, rest = 1e-6, np.zeros_like(begin.vel)
    energies = [sim.energy(system, begin, begin.pos + s * direction, rest, 1.5) for s in (step, -step)]
    slope = (energies[0] - energies[1]) / (2 * step)
    out = sim.force(system, begin, 1.5, clip=False)(np.ascontiguousarray(begin.pos.transpose(2, 1, 0)))
    np.testing.assert_allclose(-slope, (out.transpose(2, 1, 0) * direction).sum((1, 2)), rtol=1e-6, atol=1e-6)


def deviation(system, g, n=32):
    begin = sim.start(system, n, seed=5)
    there, _ = sim.simulate(system, moved(begin, g), (4,))
    back, _ = sim.simulate(system, begin, (4,))
    return np.median(np.abs(there - back @ g.T).max((1, 2, 3)))


def test_charges_have_all_of_o3_and_springs_only_the_azimuthal_o2():
    whole, azimuthal = O(3), O(3).subgroup(fixing=[0, 0, 1])
    for g in azimuthal.sample(3, rng=0):
        assert deviation("springs", g) < 1e-12
    for g in whole.sample(3, rng=0):
        assert deviation("charged", g) < 1e-9
        assert deviation("springs", g) > 1e-2


def test_charges_are_clipped_as_published():
    begin = sim.start("charged", 1, seed=6)
    close = begin.pos.copy()
    close[:, 1] = close[:, 0] + [1e-3, 0, 0]
    out = sim.force("charged", begin)(np.ascontiguousarray(close.transpose(2, 1, 0)))
    assert np.abs(out).max() == sim.MAX_FORCE == 100


def test_a_trajectory_does_not_depend_on_its_neighbours_and_repeats_bitwise(monkeypatch):
    few, many = (sim.simulate("charged", sim.start("charged", n, seed=7), (2,)) for n in (3, 9))
    monkeypatch.setattr(sim, "CHUNK", 2)
    chunked = sim.simulate("charged", sim.start("charged", 9, seed=7), (2,))
    for a, b, c in zip(few, many, chunked):
        np.testing.assert_array_equal(a, b[:3])
        np.testing.assert_array_equal(b, c)


def test_unknown_system_is_named():
    with pytest.raises(ValueError, match="'gravity': choose 'charged' or 'springs'"):
        sim.start("gravity", 2, 0)


def test_load_gives_frame_30_and_40_and_a_disjoint_union_of_complete_graphs(cache):
    data = load("springs", "val", 3)
    begin = sim.start("springs", 3, (2212, 6096, 0))
    pos, _ = sim.simulate("springs", begin, (30, 40))
    np.testing.assert_allclose(data.pos, pos[:, 0], rtol=1e-6)
    np.testing.assert_allclose(data.target, pos[:, 1], rtol=1e-6)
    source, target = data.edge_index
    assert len(source) == 60
    assert bool((source // 5 == target // 5).all())
    assert bool((source != target).all())
    for edge in range(60):
        i, j = sorted((int(source[edge]) % 5, int(target[edge]) % 5))
        assert data.edge_pair[edge] == data.pair[int(source[edge]) // 5, sim.PAIRS.index((i, j))]


def test_parts_differ_and_seeds_change_the_training_set_only(cache):
    train, other = load("charged", "train", 2, seed=0), load("charged", "train", 2, seed=1)
    val, test = load("charged", "val", 2, seed=5), load("charged", "test", 2)
    firsts = [part.pos[0] for part in (train, other, val, test)]
    assert all(not torch.equal(a, b) for i, a in enumerate(firsts) for b in firsts[:i])
    assert torch.equal(val.pos, load("charged", "val", 2, seed=0).pos)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        load("charged", "train", 0)


def test_cache_is_used_and_a_damaged_one_is_made_again_with_a_warning(cache, monkeypatch):
    first = load("springs", "val", 2)
    files = list(cache.rglob("*.safetensors"))
    assert len(files) == 1
    monkeypatch.setattr("intertwine.examples.nbody._data.simulate", None)
    assert torch.equal(load("springs", "val", 2).target, first.target)
    monkeypatch.undo()
    monkeypatch.setenv("INTERTWINE_CACHE", str(cache))
    damaged = bytearray(files[0].read_bytes())
    damaged[-1] ^= 1
    for content in (bytes(damaged), b"", bytes(damaged[:100])):
        files[0].write_bytes(content)
        with pytest.warns(CacheWarning, match="damaged"):
            again = load("springs", "val", 2)
        assert torch.equal(again.target, first.target)
    assert torch.equal(load("springs", "val", 2).target, first.target)  # whole again: no warning


def test_cache_off_and_a_full_disk(cache, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_store, "write_atomically", full)
    with pytest.warns(CacheWarning, match="No space left on device.*INTERTWINE_CACHE"):
        load("springs", "val", 1)
    monkeypatch.setenv("INTERTWINE_CACHE", "off")
    assert isinstance(load("springs", "val", 1), NBody)
    assert not list(cache.rglob("*.safetensors"))


def test_velocity_points_where_the_particles_go(cache):
    data = load("charged", "test", 50)
    along = (data.vel * (data.target - data.pos)).sum() / (data.vel**2).sum()
    assert 0.5 * INTERVAL < along < 1.2 * INTERVAL


MAKES = """
import sys, time
from pathlib import Path
import numpy as np
from intertwine.examples._store import stored

def make():
    with Path(sys.argv[1]).open("a") as log:
        log.write("made\\n")
    time.sleep(0.5)
    return {"n": np.arange(3)}

print("ready", flush=True)
sys.stdin.readline()
print(stored("slow", make)["n"].tolist())
"""


def test_of_several_processes_one_makes_the_data(tmp_path):
    """The others wait for it."""
    command = [sys.executable, "-c", MAKES, str(tmp_path / "log")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    several = [
        subprocess.Popen(command, **pipes, env=os.environ | {"INTERTWINE_CACHE": str(tmp_path)}) for _ in range(3)
    ]
    for one in several:
        assert one.stdout.readline() == "ready\n"
    for one in several:
        one.stdin.write("\n")
        one.stdin.flush()
    assert [one.communicate()[0] for one in several] == ["[0, 1, 2]\n"] * 3
    assert (tmp_path / "log").read_text() == "made\n"
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["slow.safetensors"]
