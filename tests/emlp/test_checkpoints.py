"""A checkpoint alone determines the function, and nothing depends on the process, the seed or the hash seed."""

import copy
import os
import pickle
import subprocess
import sys
from weakref import WeakValueDictionary

import intertwine.reps._irreps as engine
import numpy as np
import pytest
import torch
from intertwine.emlp import EMLP, Constants, Linear, _constants
from intertwine.groups import SO, SU, Lorentz, S, Scaling, Z
from intertwine.reps import Rep, Scalar, T, V
from intertwine.reps import _frame as frames

READ = """
import sys, torch
from intertwine.emlp import EMLP
from intertwine.groups import Lorentz, S
from intertwine.reps import Scalar, T, V
cases, out = torch.load(sys.argv[1], weights_only=True), []
for group, case in zip((Lorentz(), S(5)), cases):
    net = EMLP(3 * V + Scalar, T(2) + V, group, hidden=32, dtype=torch.float64)
    net.load_state_dict(case["state"])
    out.append(net(case["x"]).detach())
    print(net.hidden_rep)
torch.save(out, sys.argv[2])
"""


def test_state_dict_into_a_fresh_process(tmp_path, features):
    nets = [EMLP(3 * V + Scalar, T(2) + V, G, hidden=32, dtype=torch.float64) for G in (Lorentz(), S(5))]
    xs = [features(net.rep_in, 4) for net in nets]
    saved, out = tmp_path / "nets.pt", tmp_path / "y.pt"
    torch.save([{"state": net.state_dict(), "x": x} for net, x in zip(nets, xs)], saved)
    for seed in ("1", "12345"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", READ, str(saved), str(out)], env=env, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout.split("\n")[:2] == [repr(net.hidden_rep) for net in nets]
        for y, net, x in zip(torch.load(out), nets, xs):
            torch.testing.assert_close(y, net(x).detach(), rtol=1e-12, atol=1e-12)


def rotated(seed: int):
    """A way to add irreps that puts them all in other (random, orthogonal) bases, as another machine's LAPACK might."""
    rng = np.random.default_rng(seed)
    plain = engine.IrrepTable._add

    def add(self, component, draw, images):
        q = np.linalg.qr(rng.standard_normal((component.dim, component.dim)))[0]
        irrep, copies = plain(self, component, draw, images)
        turned = engine.Irrep(self, images, q @ irrep.rows, q @ irrep.end @ q.T)
        turned.label = irrep.label
        turned.known(draw, component.spectrum, irrep.canonical(draw) @ q.T)
        self.irreps[-1] = turned
        return turned, q @ copies

    return add


def test_a_checkpoint_from_another_gauge_gives_the_same_function(monkeypatch, features):
    """Masters travel with the weights: the change of basis and the Clebsch–Gordan blocks are the saved ones."""

    def make(g):
        return EMLP(2 * V + Scalar, T(2), g, hidden=32, dtype=torch.float64)

    net = make(Z(7))
    caches = (engine.irrep_table, frames.frame, frames._split)
    for cached in caches:
        cached.cache_clear()
    monkeypatch.setattr(engine, "_living", WeakValueDictionary())
    monkeypatch.setattr(engine.IrrepTable, "_add", rotated(7))
    try:
        turned = make(Z(7))
        x = features(net.rep_in, 5)
        gauges = [m.state_dict()["encode.constants.enc0"] for m in (net, turned)]
        assert (gauges[0] - gauges[1]).abs().max() > 0.1
        own = [p.detach().clone() for p in net.parameters()]
        with torch.no_grad():
            for p, value in zip(turned.parameters(), own):
                p.copy_(value)
        assert (turned(x) - net(x)).abs().max() > 1e-3  # the same weights alone are another function
        turned.load_state_dict(net.state_dict())
        torch.testing.assert_close(turned(x), net(x), rtol=1e-12, atol=1e-12)
    finally:
        for cached in caches:
            cached.cache_clear()


def test_construction_does_not_use_the_global_numpy_state():
    states = []
    for seed in (0, 1):
        np.random.seed(seed)
        torch.manual_seed(0)
        states.append(EMLP(2 * V, T(2), Lorentz(), hidden=32).state_dict())
    for a, b in zip(*(s.values() for s in states)):
        assert torch.equal(a, b)


def test_masters_survive_every_cast(features):
    layer = Linear(T(2), T(2), SO(3), dtype=torch.float64)
    reference = copy.deepcopy(layer)
    with torch.no_grad():
        for m in (layer, reference):
            for p in m.parameters():
                p.fill_(0.5)
    layer.half().bfloat16().float().to(torch.float64)
    x = features(layer.rep_in, 3)
    assert torch.equal(layer(x), reference(x))


def test_constants_refuse_to_drop_imaginary_parts():
    with pytest.raises(ValueError, match="'j' is complex"):
        Constants({"j": np.array([1j])}, torch.float32)


def test_devices_without_double_precision(monkeypatch):
    """The exact numbers stay on the CPU, and what is computed with goes to the device."""
    monkeypatch.setattr(_constants, "WITHOUT_FLOAT64", ("meta",))

    def to(device):
        def move(t):
            if device == "meta" and t.dtype == torch.float64:
                raise TypeError(f"{device} has no float64")
            return torch.empty_like(t, device=device) if t.is_meta else t.to(device)

        return move

    net = EMLP(V, V, SO(3), hidden=16, layers=2)
    state = net.state_dict()
    net._apply(to("meta"))
    held = [*net.parameters(), *(c.value(name) for c in net.modules() if isinstance(c, Constants) for name in c._names)]
    assert all(t.is_meta for t in held)
    moved = {key for key, value in net.state_dict().items() if value.is_meta}
    assert moved == {key for key, _ in net.named_parameters()}
    net._apply(to("cpu")).load_state_dict(state)
    x = torch.randn(4, 3)
    twin = EMLP(V, V, SO(3), hidden=16, layers=2)
    twin.load_state_dict(state)
    torch.testing.assert_close(net(x), twin(x), rtol=0, atol=0)


def test_meta_device_and_back():
    net = EMLP(V, V, SO(3), hidden=16, layers=2, device="meta")
    assert all(p.is_meta for p in net.parameters())
    whole = EMLP(V, V, SO(3), hidden=16, layers=2)
    net.to_empty(device="cpu").load_state_dict(whole.state_dict())
    x = torch.randn(4, 3)
    assert torch.equal(net(x), whole(x))


@pytest.mark.parametrize("group", [SO(3), SU(3)], ids=lambda g: g.name)
def test_pickle_of_a_module_does_not_depend_on_identity(group):
    net = EMLP(2 * V, V, group, hidden=16, layers=2)
    twin = pickle.loads(pickle.dumps(net))
    assert (twin.rep_in, twin.rep_out, twin.group) == (net.rep_in, net.rep_out, net.group)
    assert repr(twin) == repr(net)
    assert twin.state_dict().keys() == net.state_dict().keys()


def test_pickles_of_irreps_that_are_in_no_power_of_v(tmp_path):
    """Half a weight of the scalings, and three halves: in another process they are looked for where they were found."""
    half = Rep.from_matrices(Scaling(1), algebra=[[["1/2"]]])
    net = EMLP(V + half, half * half * half, Scaling(1), hidden=8, layers=2, dtype=torch.float64)
    x = torch.randn(3, 2, dtype=torch.float64)
    (tmp_path / "net").write_bytes(pickle.dumps((net, x, net(x).detach())))
    read = "import pickle, sys, torch; net, x, y = pickle.load(open(sys.argv[1], 'rb')); assert torch.equal(net(x), y)"
    subprocess.run([sys.executable, "-c", read, str(tmp_path / "net")], check=True)
