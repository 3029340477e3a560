"""The QM9 loader, on a small fixture in qm9pack's format, and on the real package where it is installed."""

import re
import sys

import numpy as np
import pytest
import torch
from intertwine.examples.qm9 import _baseline, _data
from intertwine.reps import CacheWarning


def test_loads_without_importing_the_package(package):
    parts = _data.load("alpha")
    assert {name: len(part) for name, part in parts.items()} == {"train": 33, "val": 3, "test": 3}
    assert "qm9pack" not in sys.modules
    train = parts["train"]
    for pos, kind in zip(train.pos, train.kind):
        assert pos.shape == (len(kind), 3)
        assert bool((pos[:, 0] == 0).all())
    expected = 2 * train.counts.sum(1) + 5 * train.counts[:, 1]
    assert torch.equal(train.target, expected)


def test_energies_are_in_mev_and_the_split_covers_everything(package):
    parts = _data.load("homo")
    assert float(parts["test"].target[0]) == pytest.approx(-0.25 * 27211.386245988)
    split = _data.split(39, seed=0)
    assert sorted(np.concatenate(list(split.values())).tolist()) == list(range(39))
    assert not np.array_equal(split["train"], _data.split(39, seed=1)["train"])
    full = _data.split(130_831, seed=3)
    assert [len(full[part]) for part in ("train", "val", "test")] == [110_000, 10_000, 10_831]


def test_the_split_is_pinned():
    assert _data.split(130_831)["train"][:5].tolist() == [73687, 99614, 16576, 115975, 56633]


def test_baselines(package):
    parts = _data.load("alpha")
    errors = _baseline.errors(parts["train"], parts["test"])
    assert errors["atom counts"] < 1e-9
    mean = parts["train"].target.mean()
    assert errors["mean"] == pytest.approx(float((parts["test"].target - mean).abs().mean()))


def test_converted_once_and_again_when_damaged(package, monkeypatch):
    first = _data.load("cv", train=2)["train"]
    with monkeypatch.context() as patch:
        patch.setattr(_data, "convert", None)
        assert torch.equal(_data.load("cv", train=2)["train"].target, first.target)
    stored = next((package.parents[2] / "cache").rglob("*.safetensors"))
    stored.write_bytes(stored.read_bytes()[:-10])
    with pytest.warns(CacheWarning, match="damaged"):
        _data.load("cv")


def test_errors_say_what_to_do(package, monkeypatch):
    with pytest.raises(ValueError, match=r"no target 'alfa'; choose one of\n  alpha"):
        _data.load("alfa")
    broken = package / _data.FILES[1]
    whole = broken.read_bytes()
    broken.write_text(broken.read_text().replace("'C'", "'Xe'"))
    with pytest.raises(ValueError, match=r"qm9_part2.csv, line \d+ does not hold a QM9 molecule"):
        _data.load("alpha")
    broken.write_bytes(whole[:-20] + b"\xff" + whole[-20:])
    with pytest.raises(ValueError, match=r"qm9_part2.csv, line \d+ does not hold a QM9 molecule \(.*decode"):
        _data.load("alpha")
    for number in (b"nan", b"inf"):
        broken.write_bytes(whole.replace(b",-0.25,", b"," + number + b",", 1))
        with pytest.raises(ValueError, match=r"qm9_part2.csv, line 2 .*numbers that are not finite"):
            _data.load("alpha")
    head, first, *rest = whole.decode().splitlines()
    many = f'''"['{"','".join("H" * 300)}']","[{",".join(["[0.,1.,1.]"] * 300)}]"'''
    for line, message in (
        (re.sub(r'"\[\'.*?\]\]"', many, first), "it has 300 atoms, more than 29"),
        (re.sub(r"\.xyz\",\d+", '.xyz",99999999999999', first), "its index is 99999999999999, not from 1"),
        (re.sub(r"\[0\.,", "[1e300,", first, count=1), "numbers that are not finite in single precision"),
    ):
        broken.write_text("\n".join([head, line, *rest]))
        with pytest.raises(ValueError, match=rf"qm9_part2.csv, line 2 does not hold a QM9 molecule \(.*{message}"):
            _data.load("alpha")
    broken.write_bytes(whole[: whole.index(b"\n") + 1])
    with pytest.raises(ValueError, match=r"qm9_part2.csv holds no molecules"):
        _data.load("alpha")
    broken.unlink()
    with pytest.raises(_data.MissingDataError, match=r"lacks qm9_part2.csv: pip install"):
        _data.load("alpha")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(_data.MissingDataError, match="pip install --no-deps qm9pack"):
        _data.load("alpha")


@pytest.mark.data
def test_the_real_data():
    parts = _data.load("alpha")
    assert [len(part) for part in parts.values()] == [110_000, 10_000, 10_831]
    assert max(len(kind) for kind in parts["test"].kind) <= 29
    errors = _baseline.errors(parts["train"], parts["test"])
    assert 6.2 < errors["mean"] < 6.4
    assert 2.1 < errors["atom counts"] < 2.3
    methane = _data.convert(_data.data_folder())
    assert methane["size"][0] == 5
    assert methane["alpha"][0] == 13.21
    assert methane["homo"][0] == -0.3877


def ethene():
    """Carbon, carbon, four hydrogens."""
    hydrogens = [[0, y, z] for z in (1.238, -1.238) for y in (0.923, -0.923)]
    pos = [[0, 0, 0.667], [0, 0, -0.667], *hydrogens]
    return {
        "pos": np.array(pos, np.float32),
        "kind": np.array([1, 1, 0, 0, 0, 0], np.uint8),
        "size": np.array([6], np.uint8),
    }


def test_bonds_need_rdkit(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(_data.MissingDataError, match="pip install rdkit"):
        _data.find_bonds(ethene())


@pytest.mark.data
def test_bonds_follow_from_geometry():
    lists = _data.find_bonds(ethene())
    (some,) = _data.molecules(ethene(), np.array([0]), np.zeros(1), lists).bonds
    assert lists["count"].tolist() == [5]
    assert {tuple(sorted(b[:2])): b[2] for b in some.tolist()} == {
        (0, 1): _data.BONDS.index("double"),
        (0, 2): 1,
        (0, 3): 1,
        (1, 4): 1,
        (1, 5): 1,
    }
