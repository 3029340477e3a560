"""Jets: public files are read as written; networks have the symmetry they claim, and the baselines have not."""

import json
import sys

import numpy as np
import pytest
import torch
from intertwine.examples._experiment import Means, run
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples._source import MissingDataError
from intertwine.examples._supervised import classified
from intertwine.examples.jets import _data, _generate
from intertwine.examples.jets._experiment import JetsExperiment, auc, broken, mass_window, passing, turned
from intertwine.examples.jets._model import JetNet, PairMasses, Plain, coordinates
from intertwine.groups import SO, Lorentz, Trivial
from intertwine.train import count_parameters
from rich.console import Console

SPACE = SO(3).embed(4, start=1)


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Nothing but the test's own folder is searched, and its own cache used."""
    monkeypatch.setenv("INTERTWINE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "toptagging").mkdir(parents=True)
    return tmp_path / "data" / "toptagging"


def momenta(n, constituents=200, top=True, seed=0):
    """Sprays of massless particles, wide ones and narrow ones, as `generate` returns them."""
    rng = np.random.default_rng((seed, top))
    there = min(constituents, 12)
    pt = -np.sort(-rng.exponential(50.0, (n, there)), axis=1) + 1.0
    eta = rng.uniform(-1, 1, (n, 1)) + (0.3 if top else 0.1) * rng.standard_normal((n, there))
    phi = rng.uniform(-np.pi, np.pi, (n, 1)) + (0.3 if top else 0.1) * rng.standard_normal((n, there))
    p = np.zeros((n, constituents, 4), np.float32)
    p[:, :there] = np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], -1)
    p[n // 2 :, there - 3 : there] = 0
    return p


def some_jets(n, constituents=8):
    return _data.jets(momenta(n, constituents), np.arange(n) % 2)


def write(path, p, kind, **changed):
    """A file as those of the reference data: a table of pandas, with columns that are not read."""
    import pandas as pd

    columns = dict(zip(_data.COLUMNS, p.reshape(len(p), -1).T))
    extra = {name: np.ones(len(p), np.float32) for name in ("truthE", "truthPX", "truthPY", "truthPZ")}
    table = pd.DataFrame({**columns, **extra, "ttv": np.zeros(len(p), np.int64), _data.LABEL: kind, **changed})
    table.to_hdf(path, key="table", format="table", complib="blosc", complevel=5)


@pytest.mark.data
def test_public_files(places, monkeypatch):
    monkeypatch.setattr(_data, "READ", 7)
    p, kind = momenta(20), np.arange(20) % 2
    write(places / "test.h5", p, kind)
    arrays = _data.read(places / "test.h5")
    np.testing.assert_array_equal(arrays["momenta"], p)
    np.testing.assert_array_equal(arrays["target"], kind)
    np.testing.assert_array_equal(_data.read(places / "test.h5", 5)["momenta"], p[:, :5])


@pytest.mark.data
def test_parts_of_the_public_files(places):
    for seed, part in enumerate(_data.PARTS):
        write(places / f"{part}.h5", momenta(20, seed=seed), np.arange(20) % 2)
    a, b, c = (_data.load("public", n, 6, seed) for n, seed in ((5, 0), (9, 0), (5, 1)))
    assert [len(b[part]) for part in _data.PARTS] == [9, 20, 20]
    assert torch.equal(a["test"].momenta, c["test"].momenta)
    assert torch.equal(a["train"].momenta, b["train"].momenta[:5])
    assert not torch.equal(a["train"].momenta, c["train"].momenta)
    with pytest.raises(ValueError, match=r"train\.h5 holds 20 jets, got samples=21"):
        _data.load("public", 21, 6)
    write(places / "test.h5", momenta(3, seed=9), np.arange(3) % 2)
    assert len(_data.load("public", 5, 6)["test"]) == 3
    write(places / "test.h5", momenta(4, seed=9), np.ones(4, np.int64))
    with pytest.raises(ValueError, match=r"test\.h5 holds jets of is_signal_new = 1 only, not of 0 and 1"):
        _data.load("public", 5, 6)


@pytest.mark.data
@pytest.mark.parametrize(
    ("index", "value", "message"),
    [
        ((13, 2, 1), np.nan, "row 13: the jet has numbers that are not finite"),
        ((14, 0), 0.0, "row 14: the jet has no constituent"),
        ((3, 1, 0), 0.5, "row 3: the jet has a momentum larger than its energy"),
        ((12, 0, 0), 1e300, "row 12: the jet has numbers beyond single precision"),
        ((12, 1, 3), -1e300, "row 12: the jet has numbers beyond single precision"),
    ],
)
def test_damaged_jets_are_named(places, monkeypatch, index, value, message):
    monkeypatch.setattr(_data, "READ", 10)
    p = momenta(20).astype(np.float64)
    p[index] = value
    write(places / "val.h5", p, np.arange(20) % 2)
    with pytest.raises(ValueError, match=rf"val\.h5, {message}"):
        _data.read(places / "val.h5")


@pytest.mark.data
def test_damaged_files_are_named(places):
    import pandas as pd

    path = places / "train.h5"
    write(path, momenta(5), np.array([0, 1, 2, 0, 1]))
    with pytest.raises(ValueError, match=r"train\.h5, row 2: the jet has is_signal_new other than 0 or 1"):
        _data.read(path)
    content = path.read_bytes()
    for bad in (b"", b"no table", content[: len(content) // 3]):
        path.write_bytes(bad)
        with pytest.raises(ValueError, match=r"cannot read .*train\.h5 as a table of jets"):
            _data.read(path)
    path.unlink()
    write(path, momenta(5), np.array([0, 1, 0, 0, 1]), E_3=["a", "b", "c", "d", "e"])
    with pytest.raises(ValueError, match=r"cannot read .*train\.h5 as a table of jets \(could not convert string"):
        _data.read(path)
    path.unlink()
    pd.DataFrame({"E_0": [1.0]}).to_hdf(path, key="table", format="table")
    with pytest.raises(ValueError, match=r"cannot read .*train\.h5.*PX_0"):
        _data.read(path)


def test_what_is_missing_is_asked_for(monkeypatch):
    with pytest.raises(MissingDataError, match="Zenodo 2603256"):
        _data.load("public", 10, 5)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDataError, match="pip install pandas tables"):
        _data.read(_data.Path("test.h5"))
    for package in ("pythia8mc", "fastjet"):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(MissingDataError, match="pip install pythia8mc"):
            _generate.generate(True, 1, 1)


@pytest.mark.data
def test_generated_jets():
    """Wanted momenta, the top's mass, constituents by falling pT, the same again by seed."""
    p = {top: _generate.generate(top, 40, 1)["momenta"].astype(np.float64) for top in (True, False)}
    mass = {}
    for top, each in p.items():
        whole = each.sum(1)
        pt = np.hypot(whole[:, 1], whole[:, 2])
        assert pt.min() > 549
        assert pt.max() < 651
        assert np.abs(np.arcsinh(whole[:, 3] / pt)).max() < 2
        assert (np.diff(np.hypot(each[..., 1], each[..., 2])) <= 0).all()
        mass[top] = np.sqrt(whole[:, 0] ** 2 - (whole[:, 1:] ** 2).sum(1))
    assert 160 < np.median(mass[True]) < 185
    assert np.median(mass[False]) < 120
    np.testing.assert_array_equal(_generate.generate(True, 3, 1)["momenta"], p[True][:3])
    assert not np.array_equal(_generate.generate(True, 3, 2)["momenta"], p[True][:3])


def logits(net, jets):
    with torch.no_grad():
        return net(jets)


@pytest.mark.parametrize(
    ("make", "group", "same"),
    [
        (lambda: JetNet(Lorentz(), 8), Lorentz(), True),
        (lambda: JetNet(Lorentz(), 8, beams=False), Lorentz(), True),
        (lambda: JetNet(SO(1, 3), 8), SO(1, 3), True),
        (lambda: JetNet(SPACE, 8), SPACE, True),
        (lambda: JetNet(SPACE, 8), Lorentz(), False),
        (lambda: JetNet(Trivial(4), 8), SPACE, False),
        (lambda: PairMasses(8, 8), Lorentz(), True),
        (lambda: Plain(8), SPACE, False),
    ],
)
def test_logits_stay_when_jets_move(make, group, same):
    torch.manual_seed(0)
    net, jets = make().double().eval(), some_jets(6)
    moved = logits(net, jets.moved(torch.from_numpy(group.sample(6, rng=3))))
    there = logits(net, jets)
    assert there.std(0).min() > 1e-4
    assert torch.allclose(there, moved, rtol=1e-7, atol=1e-7) == same


def test_products_are_standardised_over_the_training_jets():
    net, jets = PairMasses(8, 8), some_jets(50)
    net.standardise(jets)
    seen = (net.numbers(jets) - net.mean) / net.deviation
    varies = net.numbers(jets).std(0) > 1e-3
    assert 0 < (~varies).sum() < len(varies)  # the beams' own
    assert seen.mean(0).abs().max() < 1e-3
    torch.testing.assert_close(seen.std(0)[varies], torch.ones(int(varies.sum())), rtol=1e-4, atol=1e-4)


def test_a_detector_sees_the_mass_and_the_transverse_momentum_of_the_jet():
    jets = some_jets(4)
    whole = jets.momenta.sum(1)
    mass = (whole[:, 0] ** 2 - whole[:, 1:].square().sum(1)).sqrt()
    seen = coordinates(jets.momenta)[:, 0]
    torch.testing.assert_close((2 * seen[:, -2]).exp(), mass)
    torch.testing.assert_close((2 * seen[:, -1]).exp(), whole[:, 1:3].norm(dim=1))


def test_single_precision_suffices():
    torch.manual_seed(0)
    task = type("Task", (), {"test": some_jets(20)})
    assert broken(JetNet(Lorentz()), task, Lorentz()) < 1e-3
    assert broken(JetNet(SPACE), task, Lorentz()) > 1e-2


@pytest.mark.parametrize("make", [lambda: JetNet(Lorentz(), 8), lambda: Plain(8)])
def test_constituents_have_no_order_and_missing_ones_no_effect(make):
    torch.manual_seed(0)
    net, jets = make().double(), some_jets(4, 10)
    there = logits(net, jets)
    order = torch.randperm(10)
    shuffled = _data.Jets(jets.momenta[:, order], jets.beams, jets.target)
    assert torch.allclose(logits(net, shuffled), there)
    padded = _data.Jets(torch.cat([jets.momenta, torch.zeros(4, 5, 4)], 1), jets.beams, jets.target)
    assert torch.allclose(logits(net, padded), there)


def test_training_jets_turn_about_their_axes():
    jets = some_jets(10)
    moved = turned(jets, torch.Generator().manual_seed(0))
    gram = [(p * torch.tensor([1.0, -1, -1, -1])) @ p.mT for p in (jets.momenta, moved.momenta)]
    assert torch.allclose(*gram, atol=1e-6)
    axes = [torch.nn.functional.normalize(p.sum(1)[:, 1:], dim=1) for p in (jets.momenta, moved.momenta)]
    assert torch.allclose(*axes)
    assert not torch.allclose(jets.momenta, moved.momenta, rtol=0.1)


def test_figures_of_merit():
    rng = torch.Generator().manual_seed(0)
    score, target = torch.randn(300, generator=rng).round(decimals=1), torch.randint(2, (300,), generator=rng)
    a, b = score[target == 1][:, None], score[target == 0]
    assert auc(score, target) == pytest.approx(float((a > b).double().mean() + (a == b).double().mean() / 2))
    assert passing(torch.tensor([4.0, 3, 2, 1, 3.5, 0]), torch.tensor([1, 1, 1, 1, 0, 0])) == 0.5


def test_mass_window_finds_what_a_mass_tells():
    masses = torch.tensor([1.0, 5, 6, 7, 9])
    assert mass_window(masses, torch.tensor([0, 1, 1, 1, 0])) == (5.0, 7.0)


def test_groups_must_act_on_space_time():
    with pytest.raises(ValueError, match=r"SO\(2\) acts on R\^2"):
        JetsExperiment().check(EXPERIMENTS["jets"].of("fast", group="SO(2)"))
    for group in ("SO(3)", "O(1, 3)", "azimuthal", "Trivial(4)"):
        assert JetsExperiment().group(EXPERIMENTS["jets"].of("fast", group=group)).d == 4


def test_a_run(tmp_path, monkeypatch):
    """With sprays instead of generated jets."""
    monkeypatch.setattr(_data, "generate", lambda top, n, seed: {"momenta": momenta(n, top=top, seed=seed)})
    for name, value in {"COUNT": 100, "CHUNK": 20, "TEST": 60, "VALIDATION": 20}.items():
        monkeypatch.setattr(_data, name, value)
    sizes = {}
    for model, group in (("steerable", "O(1, 3)"), ("plain", "Trivial(4)"), ("scalars", "O(1, 3)")):
        given = {"samples": 100, "epochs": 3, "batch": 10, "model": model, "group": group, "constituents": 8}
        settings = EXPERIMENTS["jets"].of("fast", **given, augment=model == "plain")
        report = run(JetsExperiment(), settings, Means(out=tmp_path / model), Console(quiet=True))
        assert {path.name for path in report.files} >= {"metrics.json", "roc.png"}
        metrics = json.loads((tmp_path / model / "metrics.json").read_text())
        assert metrics["score"] == "test error (%)"
        assert metrics["test"]["test error (%)"] < 40
        assert (metrics["test"]["equivariance error, O(1, 3)"] < 1e-3) == (model != "plain")
        sizes[model] = metrics["parameters"]
    assert sizes["steerable"] == count_parameters(JetNet(Lorentz()))
    assert sizes["plain"] == pytest.approx(sizes["steerable"], rel=0.25)
    assert sizes["scalars"] == pytest.approx(sizes["steerable"], rel=0.25)
    with pytest.raises(ValueError, match="120 training jets"):
        _data.load("pythia", 121, 8)


def test_what_is_compared_is_of_equal_size():
    experiment, sizes = JetsExperiment(), []
    task = classified(*[some_jets(10, 20)] * 3)
    for given in EXPERIMENTS["jets"].compared():
        settings = EXPERIMENTS["jets"].of(**given)
        sizes.append(count_parameters(experiment.network(settings, experiment.group(settings), task)))
    assert len(sizes) >= 10
    assert max(sizes) < 1.05 * min(sizes)
