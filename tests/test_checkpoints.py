"""Checkpoints as safetensors: the same function in a fresh process, and errors that say what does not fit."""

import json
import os
import subprocess
import sys

import pytest
import torch
from intertwine.conv import GridConv
from intertwine.emlp import EMLP, BatchNorm, Linear, Restriction
from intertwine.groups import SO, SU, Group, Lorentz, O, S, Z
from intertwine.interop import _checkpoints, load, save
from intertwine.reps import Custom, Scalar, T, V
from safetensors import safe_open
from safetensors.torch import save_file

NETWORKS = {
    "Lorentz": lambda: EMLP(3 * V + Scalar, T(2) + V, Lorentz(), hidden=32, dtype=torch.float64),
    "permutations": lambda: EMLP(3 * V + Scalar, T(2) + V, S(5), hidden=32, dtype=torch.float64),
    "cyclic": lambda: EMLP(2 * V + Scalar, T(2), Z(7), hidden=32, dtype=torch.float64),
    "complex": lambda: EMLP(2 * V, T(1, 1), SU(3), hidden=32, dtype=torch.complex128),
    "grid": lambda: GridConv(Scalar, 2 * V + Scalar, O(2), kernel_size=3, dtype=torch.float64),
}

READ = """
import sys, torch
sys.path.insert(0, sys.argv[1])
from test_checkpoints import NETWORKS
from intertwine.interop import load
xs, folder = torch.load(sys.argv[2]), sys.argv[3]
ys = {name: load(NETWORKS[name](), f"{folder}/{name}.safetensors")(x).detach() for name, x in xs.items()}
torch.save(ys, sys.argv[4])
"""


def features(net, n=4):
    rng = torch.Generator().manual_seed(0)
    dtype = next(net.parameters()).dtype
    shape = (2, net.rep_in.dim, 6, 6) if isinstance(net, GridConv) else (n, net.rep_in.dim)
    return torch.randn(*shape, generator=rng, dtype=torch.complex128 if net.rep_in.is_complex else dtype)


def test_a_fresh_process_with_another_thread_count(tmp_path):
    torch.manual_seed(0)
    nets = {name: make() for name, make in NETWORKS.items()}
    xs = {name: features(net) for name, net in nets.items()}
    for name, net in nets.items():
        save(net, tmp_path / f"{name}.safetensors")
    torch.save(xs, tmp_path / "x.pt")
    env = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}
    env["INTERTWINE_CACHE"] = str(tmp_path / "cache")
    files = [str(tmp_path / "x.pt"), str(tmp_path), str(tmp_path / "y.pt")]
    arguments = [os.path.dirname(__file__), *files]
    run = subprocess.run([sys.executable, "-c", READ, *arguments], env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    ys = torch.load(tmp_path / "y.pt")
    assert ys.keys() == NETWORKS.keys()
    for name, y in ys.items():
        torch.testing.assert_close(y, nets[name](xs[name]).detach(), rtol=1e-12, atol=1e-12)


def test_the_model_keeps_its_precision_and_everything_else_is_restored(tmp_path):
    net = torch.nn.Sequential(Linear(2 * V, 3 * V, SO(3)), BatchNorm(3 * V, SO(3)), torch.nn.Flatten())
    net(torch.randn(8, 6))  # running statistics
    path = save(net, tmp_path / "net.safetensors")
    other = torch.nn.Sequential(Linear(2 * V, 3 * V, SO(3)), BatchNorm(3 * V, SO(3)), torch.nn.Flatten()).double()
    load(other, path)
    x = torch.randn(4, 6)
    assert other.eval()(x.double()).dtype == torch.float64
    torch.testing.assert_close(other(x.double()).float(), net.eval()(x))
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert json.loads(metadata["layers"])["0"]["rep_in"][0] == "2 * V"
    assert metadata["intertwine"]


def inner(net):
    """With one of its layers compiled."""
    net[1] = torch.compile(net[1], backend="eager")
    return net


WRAPPED = {"plain": lambda net: net, "whole": lambda net: torch.compile(net, backend="eager"), "one layer": inner}


def pair():
    return torch.nn.Sequential(Linear(V, 2 * V, SU(2)), Linear(2 * V, V + Scalar, SU(2)), torch.nn.Identity())


@pytest.mark.parametrize("there", WRAPPED)
@pytest.mark.parametrize("here", WRAPPED)
def test_compiled_models_are_written_as_what_they_wrap(there, here, tmp_path):
    net, other = WRAPPED[there](pair()), WRAPPED[here](pair())
    path = save(net, tmp_path / "net.safetensors")
    with safe_open(path, "pt") as file:
        assert not any("_orig_mod" in name for name in file.keys())  # noqa: SIM118
        assert "_orig_mod" not in file.metadata()["layers"]
    x = torch.randn(4, 2, dtype=torch.complex64)
    with torch.no_grad():
        assert torch.equal(load(other, path)(x), net(x))
    with pytest.raises(ValueError, match=r"only the model has a layer 2"):
        load(WRAPPED[here](torch.nn.Sequential(*pair()[:2], Linear(V, V, SU(2)))), path)


@pytest.mark.parametrize("there", ["whole", "one layer"])
def test_files_with_names_of_compiled_models_are_read(there, tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(_checkpoints, "_plain", lambda name: name)
        path = save(WRAPPED[there](pair()), tmp_path / "net.safetensors")
    with safe_open(path, "pt") as file:
        assert any("_orig_mod" in name for name in file.keys())  # noqa: SIM118
    for wrap in WRAPPED.values():
        load(wrap(pair()), path)


def test_tied_weights(tmp_path):
    shared = Linear(V, V, SO(3))
    net = torch.nn.Sequential(shared, shared)
    assert load(torch.nn.Sequential(Linear(V, V, SO(3)), Linear(V, V, SO(3))), save(net, tmp_path / "net"))


def test_an_equal_group_of_another_name_is_the_same(tmp_path):
    mine = Group.from_generators(algebra=[[[0, -2], [2, 0]]], name="mine")
    path = save(Linear(V, V, SO(2)), tmp_path / "net")
    load(Linear(V, V, mine), path)


WRONG = {
    "group": (lambda: Linear(V, V, SO(3)), lambda: Linear(V, V, O(3)), r"of the group SO\(3\) in the file and O\(3\)"),
    "rep": (lambda: Linear(V, 2 * V, SO(3)), lambda: Linear(V, 3 * V, SO(3)), r"rep_out 2 \* V in .* and 3 \* V here"),
    "same shapes": (
        lambda: Linear(2 * V, V, O(3)),
        lambda: Linear(2 * V.dual, V, O(3)),
        r"the model has rep_in 2 \* V in the file and 2 \* V\.dual here",
    ),
    "class": (lambda: Linear(V, V, SO(3)), lambda: Restriction(V, SO(3), SO(3)), "is a Linear in the file and Restric"),
    "more layers": (
        lambda: torch.nn.Sequential(Linear(V, V, SO(3))),
        lambda: torch.nn.Sequential(Linear(V, V, SO(3)), Linear(V, V, SO(3))),
        r"only the model has a layer 1 \(Linear of SO\(3\)\)",
    ),
    "bias": (
        lambda: Linear(V, Scalar + V, SO(3)),
        lambda: Linear(V, Scalar + V, SO(3), bias=False),
        "a tensor atoms.b",
    ),
    "plain shape": (
        lambda: torch.nn.Sequential(Linear(V, V, SO(3)), torch.nn.Linear(3, 2)),
        lambda: torch.nn.Sequential(Linear(V, V, SO(3)), torch.nn.Linear(3, 4)),
        r"1\.(weight has shape \(2, 3\)|bias) .* and \(4,",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_another_model(case, tmp_path):
    there, here, message = WRONG[case]
    path, model = save(there(), tmp_path / "net.safetensors"), here()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    with pytest.raises(ValueError, match=rf"net\.safetensors belongs to another model: .*{message}"):
        load(model, path)
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())


def test_custom_representations_are_compared_by_name(tmp_path):
    def made(name):
        return Linear(Custom(lambda g: g, dim=3, name=name), V, SO(3))

    path = save(made("one"), tmp_path / "net")
    load(made("one"), path)
    with pytest.raises(ValueError, match="rep_in one in the file and two here"):
        load(made("two"), path)


def test_files_that_are_none(tmp_path):
    net = Linear(V, V, SO(3))
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        load(net, tmp_path / "nothing")
    path = save(net, tmp_path / "net.safetensors")
    whole = path.read_bytes()
    for cut in (0, 5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="is damaged or no safetensors file"):
            load(net, path)
    torch.save(net.state_dict(), path)
    with pytest.raises(ValueError, match="is damaged or no safetensors file"):
        load(net, path)
    save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(ValueError, match="its metadata has no format, expected 1: write it with"):
        load(net, path)
    save_file({"weight": torch.zeros(2)}, path, {"format": "99", "layers": "{}"})
    with pytest.raises(ValueError, match="its metadata has format 99, expected 1"):
        load(net, path)
    entry = '{"the model": {"class": ["Linear", "Linear"], "group": %s}}'
    for layers in (
        "{",
        "[1]",
        "[" * 100000,
        '{"the model": 1}',
        '{"the model": {}}',
        entry % "[]",
        entry % '["O(3)", 1]',
    ):
        save_file({"weight": torch.zeros(2)}, path, {"format": "1", "layers": layers})
        with pytest.raises(ValueError, match=r"layers in .*net\.safetensors is damaged"):
            load(net, path)


def test_every_number_is_the_one_that_was_written(tmp_path):
    net = EMLP(2 * V, Scalar, O(3), hidden=16)
    path = save(net, tmp_path / "net.safetensors")
    whole = bytearray(path.read_bytes())
    whole[-3] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ValueError, match=r"net\.safetensors is damaged \(its numbers are not those"):
        load(net, path)


def test_files_without_a_digest_are_read(tmp_path):
    net, other = Linear(V, V, SO(3)), Linear(V, V, SO(3))
    path = save(net, tmp_path / "net.safetensors")
    with safe_open(path, "pt") as file:
        metadata, found = file.metadata(), {name: file.get_tensor(name) for name in net.state_dict()}
    save_file(found, path, {key: value for key, value in metadata.items() if key != "digest"})
    assert torch.equal(load(other, path).dense(), net.dense())


class Named(torch.nn.Module):
    """A real parameter called complex, and a complex one."""

    def __init__(self):
        super().__init__()
        self.complex = torch.nn.Parameter(torch.randn(3, 2))
        self.other = torch.nn.Parameter(torch.randn(3, dtype=torch.complex64))


def test_names_that_end_as_complex_numbers_do(tmp_path):
    net, other = (torch.nn.ModuleDict({"part": Named()}) for _ in range(2))
    path = save(net, tmp_path / "net.safetensors")
    load(other, path)
    for name, t in net.state_dict().items():
        assert torch.equal(t, other.state_dict()[name])
    save_file(
        {"part.complex": torch.zeros(3, 2), "part.other.complex": torch.zeros(3)}, path, {"format": "1", "layers": "{}"}
    )
    with pytest.raises(ValueError, match=r"part\.other\.complex of shape \(3,\) holds no complex numbers"):
        load(other, path)


def test_complex_numbers_are_read_wherever_they_lie_in_the_file(tmp_path):
    """A complex128 at an odd multiple of 8 bytes ends the process when it is copied."""
    odd = torch.zeros(9, dtype=torch.float64)[1:].view(4, 2)
    assert odd.data_ptr() % 16 == 8
    found = _checkpoints._as_kept({"x.complex": odd}, {}, tmp_path)["x"]
    assert found.dtype == torch.complex128
    assert found.data_ptr() % 16 == 0


def test_what_is_no_tensor_is_refused(tmp_path):
    counting = type("Counting", (torch.nn.Linear,), {"get_extra_state": lambda self: {"steps": 1}})
    with pytest.raises(TypeError, match="safetensors hold tensors alone, but _extra_state"):
        save(counting(2, 2), tmp_path / "net.safetensors")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    net = Linear(V, V, SO(3))
    path = save(net, tmp_path / "net.safetensors")
    whole = path.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *names: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save(Linear(V, V, SO(3)), path)
    assert path.read_bytes() == whole
    assert os.listdir(tmp_path) == ["net.safetensors"]
