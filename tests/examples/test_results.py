"""The queue of runs goes on where it stopped; the page says what the runs say."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from intertwine import cli
from intertwine._files import ASIDE
from intertwine.examples import _curves, _experiment, _page, _queue, _runs
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples._settings import run_name
from intertwine.train import CHECKPOINT, RunError
from rich.console import Console
from typer.testing import CliRunner


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("preset", ["fast", "desk", "paper"])
def test_every_experiment_has_the_presets(name, preset):
    settings = EXPERIMENTS[name].of(preset)
    assert settings.of(settings.preset, **settings.question) == settings


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_names_of_runs_tell_them_apart(name):
    queue = _queue.jobs([name], seeds=2)
    assert len({job.folder for job in queue}) == len(queue) >= 2
    assert len({str(asdict(job.settings)) for job in queue}) == len(queue)
    assert {job.settings.seed for job in queue} == {0, 1}
    own = [job.settings.preset == "own" for job in queue]
    assert own == sorted(own)
    usual = EXPERIMENTS[name].of("desk").samples
    first = [job.settings for job in queue[: own.count(False)]]
    keys = [(what.seed, what.samples != usual) for what in first]
    assert keys == sorted(keys)


def test_the_table_costs_at_most_a_day_on_one_core():
    """As far as it can be told: every run of the queue has a budget, or is known to be short."""
    minutes = [job.settings.budget for job in _queue.jobs(seeds=3)]
    assert all(minutes)
    assert sum(minutes) <= 24 * 60


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_commands_of_the_queue_ask_for_its_settings(name, monkeypatch, tmp_path):
    asked = []

    def note(_, settings, means, console):
        asked.append(settings)
        raise RunError("noted")

    monkeypatch.setattr("intertwine.examples._experiment.run", note)
    for job in _queue.jobs([name], seeds=1, root=tmp_path):
        assert "noted" in CliRunner().invoke(cli.app, job.words, env={"COLUMNS": "200"}).output
        assert asked[-1] == job.settings


def test_the_runs_that_are_kept_are_those_of_the_queue():
    root = Path(__file__).parents[2] / _queue.FOLDER
    kept = [job for job in _queue.jobs(root=root) if job.is_done or job.is_old]
    assert kept
    assert {job.folder.name for job in kept} == {path.parent.name for path in root.glob("*/metrics.json")}
    assert [job.differences for job in kept if job.is_done] == [[]] * sum(job.is_done for job in kept)


def test_the_page_is_what_the_kept_runs_say():
    root = Path(__file__).parents[2]
    assert (root / "docs/results.md").read_text() == _page.page(_runs.collect(root / _queue.FOLDER))


def test_runs_of_other_settings_are_named(tmp_path):
    job = _queue.jobs(["nbody"], root=tmp_path)[0]
    job.folder.mkdir()
    theirs = {"settings": asdict(job.settings) | {"budget": 7.0}, "revision": job.settings.revision}
    (job.folder / "metrics.json").write_text(json.dumps(theirs))
    with pytest.raises(RunError, match=r"move or delete them: .*nbody.* \(budget 7.0 instead of"):
        _queue.work([job], 1, Console(quiet=True))


def test_a_queue_is_resumed(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    from intertwine.examples.nbody._settings import NBodySettings

    tiny = {"samples": 20, "channels": 2, "epochs": 2, "group": "Trivial(3)"}
    monkeypatch.setattr(NBodySettings, "compared", classmethod(lambda cls: iter([tiny, tiny | {"augment": True}])))
    queue = _queue.jobs(["nbody"], seeds=1, root=tmp_path / "runs")
    assert [job.is_done for job in queue] == [False, False]
    assert _queue.work(queue[:1], 1, Console(quiet=True)) == []
    assert [job.is_done for job in queue] == [True, False]
    written = (queue[0].folder / "metrics.json").stat().st_mtime_ns
    assert _queue.work(queue, 2, Console(quiet=True), hours=1.0) == []
    assert all(job.is_done for job in queue)
    assert (queue[0].folder / "metrics.json").stat().st_mtime_ns == written
    text = _page.render(tmp_path / "runs", tmp_path / "results.md").read_text()
    assert text.count("| Trivial(3) | steerable |") == 4
    assert "| augment |" in text
    assert "2 runs" in text


def test_runs_of_an_earlier_revision_are_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    from intertwine.examples.nbody._settings import NBodySettings

    tiny = {"samples": 20, "channels": 2, "epochs": 2, "group": "Trivial(3)"}
    monkeypatch.setattr(NBodySettings, "compared", classmethod(lambda cls: iter([tiny])))
    queue = _queue.jobs(["nbody"], seeds=1, root=tmp_path / "runs")
    assert _queue.work(queue, 1, Console(quiet=True)) == []
    path = queue[0].folder / "metrics.json"
    metrics = json.loads(path.read_text())
    assert queue[0].is_done
    path.write_text(json.dumps(metrics | {"revision": metrics["revision"] - 1, "test": {"test MSE": 7.0}}))
    assert queue[0].is_old
    assert not queue[0].is_done
    assert "| 7 | " in (text := _page.page(_runs.collect(tmp_path / "runs")))
    assert "own, old |" in text
    assert _queue.work(queue, 1, Console(quiet=True)) == []
    assert json.loads(path.read_text())["test"] == metrics["test"]
    assert not queue[0].has_old_checkpoint
    path.unlink()
    monkeypatch.setattr(NBodySettings, "revision", NBodySettings.revision + 1)
    assert queue[0].has_old_checkpoint


def test_an_experiment_whose_runs_all_fail_is_given_up_and_others_are_not(tmp_path):
    first, other = (_queue.jobs([name], root=tmp_path)[0] for name in ("nbody", "o5"))
    bad = [_queue.Job(first.settings, {"group": "E8"}, tmp_path / str(k)) for k in range(_queue.ENOUGH + 3)]
    last = _queue.Job(other.settings, {"group": "E8"}, tmp_path / "other")
    console = Console(file=io.StringIO(), width=200)
    assert _queue.work([*bad, last], 1, console) == [*bad[: _queue.ENOUGH], last]
    assert not bad[-1].folder.exists()
    assert f"nbody: {_queue.ENOUGH} runs in a row failed, no more of them are started" in console.file.getvalue()


def test_the_figures_of_an_old_run_stay_until_there_are_new_ones(tmp_path):
    job = _queue.jobs(["nbody"], root=tmp_path)[0]
    job = _queue.Job(job.settings, {"group": "E8"}, job.folder)
    job.folder.mkdir()
    (job.folder / "metrics.json").write_text(json.dumps({"settings": {}, "revision": 0}))
    (job.folder / CHECKPOINT).write_bytes(b"of long ago")
    assert job.is_old
    assert job.has_old_checkpoint
    assert _queue.work([job], 1, Console(quiet=True)) == [job]
    assert "there is no group 'E8'" in (job.folder / "log.txt").read_text()
    assert json.loads((job.folder / "metrics.json").read_text())["revision"] == 0
    assert (job.folder / ASIDE).read_bytes() == b"of long ago"
    assert not (job.folder / CHECKPOINT).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="locks")
def test_what_another_process_is_at_is_left_to_it(tmp_path):
    job = _queue.jobs(["nbody"], root=tmp_path)[0]
    job.folder.mkdir()
    (job.folder / CHECKPOINT).write_bytes(b"of long ago")
    holds = "import sys; from pathlib import Path; from intertwine._files import claim; claim(Path(sys.argv[1])); "
    words = [sys.executable, "-c", holds + "print(1, flush=True); input()", str(job.folder)]
    console = Console(file=io.StringIO(), width=300)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert _queue.work([job] * (_queue.ENOUGH + 1), 1, console) == []
        other.communicate(b"\n")
    assert console.file.getvalue().count("left to the process that is training") == _queue.ENOUGH + 1
    assert (job.folder / CHECKPOINT).read_bytes() == b"of long ago"
    assert not (job.folder / "log.txt").exists()


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD", "[]", "null"])
def test_a_queue_names_damaged_figures(tmp_path, content):
    job = _queue.jobs(["nbody"], root=tmp_path)[0]
    job.folder.mkdir()
    (job.folder / "metrics.json").write_text(content)
    with pytest.raises(RunError, match=r"nbody.*metrics.json does not hold the figures of a run .*: delete it"):
        _queue.work([job], 1, Console(quiet=True))


def test_a_stopped_run_is_gone_on_with(tmp_path):
    job = _queue.jobs(["nbody"], root=tmp_path)[0]
    assert "--resume" not in job.words
    job.folder.mkdir(parents=True)
    (job.folder / CHECKPOINT).touch()
    assert job.words[-1] == "--resume"


def test_a_stopped_queue_keeps_what_was_trained_and_starts_nothing_more(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    given = {"samples": 20, "channels": 2, "epochs": 10**6, "group": "Trivial(3)"}
    what = EXPERIMENTS["nbody"].of("desk", **given)
    queue = [_queue.Job(what, given, tmp_path / name) for name in ("first", "second", "third")]

    def stop_once_it_trains():
        until = time.monotonic() + 60
        while not (queue[0].folder / CHECKPOINT).exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_once_it_trains).start()
    with pytest.raises(KeyboardInterrupt):
        _queue.work(queue, 1, Console(quiet=True))
    assert "with a checkpoint in" in (queue[0].folder / "log.txt").read_text()
    assert not queue[1].folder.exists()
    assert not queue[2].folder.exists()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_once_stopped_no_process_is_started():
    processes = _queue.Processes()
    assert processes.run([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    processes.stop()
    assert processes.run([sys.executable, "-c", ""]) is None


def test_a_failing_run_is_reported_and_leaves_its_log(tmp_path):
    job = _queue.jobs(["nbody"], root=tmp_path)[0]
    bad = _queue.Job(job.settings, {"group": "E8"}, job.folder)
    assert _queue.work([bad], 1, Console(quiet=True)) == [bad]
    assert "there is no group 'E8'" in (job.folder / "log.txt").read_text()


def figures(seed, error, samples=100, **settings):
    what = EXPERIMENTS["nbody"].of("desk", seed=seed, samples=samples, **settings)
    return {
        "experiment": "nbody",
        "revision": what.revision,
        "preset": what.preset,
        "settings": asdict(what),
        "score": "test MSE",
        "test": {"test MSE": error},
        "references": {"straight": 0.5, "published": 0.007},
        "parameters": 1000,
        "training_seconds": 60.0,
    }


def test_means_and_spreads():
    text = _page.page([figures(0, 1.0), figures(1, 3.0), figures(0, 0.25, 1000), figures(0, 9.0, group="SO(3)")])
    assert "| O(3) | steerable | 2 ± 1.41 | 0.25 [1] | 1,000 | 1.0 | 2 | desk |" in text
    assert "| SO(3) | steerable | 9 |  | 1,000 | 1.0 | 1 | desk |" in text
    assert "| group | model | 100 | 1,000 |" in text
    assert "4 runs, 0.1 hours" in text


def test_proportions_to_the_rival():
    runs = [figures(0, 1.0), figures(0, 4.0, model="egnn"), figures(0, 3.0, dataset="springs"), figures(1, None)]
    text = _page.page(runs)
    assert "| O(3) | steerable | charged | 1, 1 of 2 seeds (0.25) |" in text
    assert "| O(3) | egnn | charged | 4 (1.00) |" in text
    assert "| O(3) | steerable | springs | 3 |" in text
    assert "times that of egnn" in text


def test_proportions_are_to_what_the_rival_reached_in_the_same_time():
    long = figures(0, 2.0, model="egnn", budget=7.0)
    text = _page.page([figures(0, 1.0), figures(0, 4.0, model="egnn"), long])
    assert "| O(3) | steerable | 1 (0.25) |" in text
    assert "| O(3) | egnn | 2 (1.00) |" in text
    whole = [figures(0, error, model=model, epochs=3) for model, error in (("steerable", 1.0), ("egnn", 4.0))]
    assert all(run["settings"]["budget"] is None for run in whole)
    assert "| O(3) | steerable | 1 |" in _page.page(whole)


def test_the_rival_is_one_line_of_one_revision():
    egnn = [figures(seed, error, model="egnn") for seed, error in ((0, 7.0), (0, 4.0), (1, 4.0))]
    old, augmented, other = (figures(2, 80.0, model="egnn", **more) for more in ({}, {"augment": True}, {"lr": 0.1}))
    text = _page.page([old | {"revision": 1}, *egnn, augmented, other, figures(0, 1.0)])
    assert "| O(3) | egnn |  | 4 ± 0 (1.00) |" in text
    assert "| O(3) | egnn | augment | 80 (20.00) |" in text
    assert "| O(3) | steerable |  | 1 (0.25) |" in text
    assert "| O(3) | steerable | 1 |" in _page.page([figures(0, 1.0), old | {"revision": 1}])


def on(run, **made):
    return run | {"environment": {"device": "cpu", "processes": 1, "torch": "2"} | made}


def test_runs_that_were_made_otherwise_are_lines_of_their_own():
    large = {"device": "NVIDIA H200", "precision": "bfloat16", "processes": 4, "compile": True}
    runs = [on(figures(0, 1.0)), figures(1, 3.0), on(figures(2, 8.0), **large), figures(0, 4.0, model="egnn")]
    text = _page.page(runs)
    assert "| O(3) | steerable | 2 ± 1.41 (0.50) | 1,000 | 1.0 | 2 | desk |" in text
    assert "| O(3) | steerable | 8 | 1,000 | 1.0 | 1 | desk, bfloat16, compiled, 4 processes, NVIDIA H200 |" in text


def test_the_figures_of_a_run_say_how_it_was_made(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    tiny = ["train", "nbody", "--samples", "20", "--channels", "2", "--epochs", "1", "--group", "Trivial(3)"]
    for folder, more in (("usual", []), ("short", ["--precision", "bfloat16"])):
        words = [*tiny, "--device", "cpu", "--out", str(tmp_path / folder), *more]
        assert CliRunner().invoke(cli.app, words).exit_code == 0
    short, usual = _runs.collect(tmp_path)
    assert (_runs.made(short), _runs.made(usual)) == (("bfloat16",), ())


def test_what_diverged_is_counted():
    runs = [figures(0, 1.0), figures(1, 3.0), figures(2, None), figures(0, None, group="SO(3)")]
    text = _page.page(runs)
    assert "| O(3) | steerable | 2 ± 1.41, 2 of 3 seeds |" in text
    assert "| SO(3) | steerable | diverged |" in text


def test_runs_of_two_revisions_are_not_averaged():
    old = [figures(seed, 7.0) | {"revision": 1} for seed in (0, 1)]
    text = _page.page([*old, figures(2, 2.0), *(figures(s, 5.0, 1000) | {"revision": 1} for s in (0, 1))])
    assert "| O(3) | steerable | 2 [1] | 5 ± 0 | 1,000 | 1.0 | 2 | desk, old |" in text


def test_references_of_earlier_revisions_are_left_out():
    old = figures(1, 7.0) | {"revision": 1, "references": {"straight": 9.0}}
    assert "| *straight* |  | 0.5 |" in _page.page([old, figures(0, 1.0)])


def test_references_without_a_figure_are_left_out():
    runs = [figures(seed, 1.0) | {"references": {"straight": None, "mean": seed or None}} for seed in (0, 2)]
    text = _page.page([*runs, figures(0, 1.0, dataset="springs") | {"references": {"straight": float("nan")}}])
    assert "straight" not in text
    assert "| *mean* |  |  | 2 |" in text
    assert _curves.published(runs) == {}


def test_cells_of_fewer_seeds_than_their_line_say_so():
    runs = [figures(0, 1.0), figures(1, 3.0), figures(0, 0.25, 1000), figures(0, None, 10_000)]
    runs = [run | {"test": run["test"] | {"drift": 0.5}} for run in runs]
    text = _page.page(runs)
    assert "| O(3) | steerable | 2 ± 1.41 | 0.25 [1] | diverged [1] | 1,000 | 1.0 | 2 | desk |" in text
    assert "| O(3) | steerable | 0.5 ± 0 |" in text


def test_words_are_explained_where_they_occur():
    text = _page.page([figures(0, 1.0, group="azimuthal"), figures(0, 2.0)])
    told = [line.split("*")[1] for line in text.splitlines() if line.startswith("- *")]
    assert told == ["azimuthal", "steerable"]
    springs = [figures(0, 2.0, dataset="springs", kappa=kappa) for kappa in (0.0, 1.0)]
    assert "- *kappa*: stiffness" in _page.page(springs)


def test_how_far_epochs_of_seeds_differ_is_said():
    runs = [figures(seed, 1.0) | {"epochs": epochs} for seed, epochs in ((0, 10), (1, 25), (0, 20))]
    alone = [figures(0, 1.0, group="SO(3)") | {"epochs": 900}, figures(0, 1.0, 1000) | {"epochs": 1}]
    others = [figures(seed, 1.0, epochs=epochs) | {"epochs": epochs} for seed, epochs in ((0, 1), (1, 9))]
    assert "differ by 1.2 times in the middle, 1.2 at most" in _page.page([*runs, *alone, *others])
    assert "numbers of epochs" not in _page.page([*alone, *others])
    for group, epochs in (("SO(3)", 20), ("Trivial(3)", 30)):
        runs += [figures(seed, 1.0, group=group) | {"epochs": (10, epochs)[seed]} for seed in (0, 1)]
    assert "differ by 2.0 times in the middle, 3.0 at most" in _page.page(runs)


def test_the_notes_say_what_no_row_does():
    from intertwine.examples.smoke._experiment import PUBLISHED

    text = EXPERIMENTS["smoke"].note
    for name, known in PUBLISHED.items():
        for number in set(known) - {job.settings.samples for job in _queue.jobs(["smoke"])}:
            assert f"{number:,} of them" in text
            assert f"{1e4 * known[number]:g}e-4 ({name})" in text or f"{1e3 * known[number]:g}e-3 ({name})" in text


@pytest.mark.parametrize("name", ["o5", "inertia", "lorentz"])
def test_the_notes_say_the_group_of_equivariance_errors(name):
    from intertwine.examples._experiment import parse_group
    from intertwine.examples.tasks._experiment import TaskExperiment

    group = EXPERIMENTS[name].note.partition("equivariance errors are under ")[2].partition(", whatever")[0]
    assert parse_group(group) == TaskExperiment.symmetries[name]


def test_settings_that_mean_nothing_are_not_said():
    springs = [figures(0, 2.0, dataset="springs", kappa=kappa) for kappa in (0.0, 1.0)]
    text = _page.page([figures(0, 1.0), *springs])
    assert "| O(3) | steerable | charged | – | 1 |" in text
    assert "| O(3) | steerable | springs | 0.0 | 2 |" in text
    what = EXPERIMENTS["nbody"].of("desk", kappa=0.5)
    with pytest.raises(ValueError, match=r"--kappa 0\.5 means nothing .*charged.*: leave it out"):
        _experiment.check_idle(what)
    _experiment.check_idle(EXPERIMENTS["nbody"].of("desk", kappa=0.5, dataset="springs"))


def test_learning_curves():
    runs = [
        *(figures(seed, error, samples) for seed, samples, error in ((0, 100, 1.0), (1, 100, 3.0), (0, 1000, 0.5))),
        figures(0, 9.0, group="SO(3)"),
        *(figures(0, error, samples, dataset="springs") for samples, error in ((100, 2.0), (1000, None))),
        *(figures(0, 1.0, samples, dataset="springs", kappa=0.1) for samples in (100, 1000)),
        *(figures(0, 1.0, samples, lr=1.0) for samples in (100, 1000)),
    ]
    curves = _curves.panels(runs, ("dataset", "kappa"))
    assert curves["charged"] == {"O(3) steerable": {100: [1.0, 3.0], 1000: [0.5]}}
    assert set(curves) == {"charged", "springs, kappa 0.1"}
    left, right = _curves.draw(runs, "test MSE", ("dataset", "kappa")).axes
    assert (left.get_title(), right.get_title()) == ("charged", "springs, kappa 0.1")
    (line,) = (bars.lines[0] for bars in left.containers)
    assert line.get_xdata().tolist() == [100, 1000]
    assert line.get_ydata().tolist() == [2.0, 0.5]
    assert (left.get_xscale(), left.get_yscale(), right.get_ylabel()) == ("log", "linear", "test MSE")
    assert _curves.svg(_curves.draw(runs, "test MSE")) == _curves.svg(_curves.draw(runs, "test MSE"))


def test_curves_with_one_label_are_told_apart():
    runs = [figures(0, error, samples) for samples, error in ((100, 1.0), (1000, 0.5))]
    fast = [run | {"preset": "fast"} for run in runs]
    large = [on(run, device="NVIDIA H200") for run in runs]
    small, usual = (
        [
            figures(0, 1.0, samples, model="egnn", parameters=size) | {"parameters": size or 9000}
            for samples in (100, 1000)
        ]
        for size in (2000, None)
    )
    (curves,) = _curves.panels([*runs, *fast, *large, *small, *usual]).values()
    ours = {"O(3) steerable, desk", "O(3) steerable, fast", "O(3) steerable, desk, NVIDIA H200"}
    theirs = {"O(3) egnn, desk, 2,000 weights", "O(3) egnn, desk, 9,000 weights"}
    assert set(curves) == ours | theirs


def test_the_page_shows_the_curves_there_are(tmp_path):
    for samples in (100, 1000):
        (tmp_path / f"{samples}").mkdir()
        (tmp_path / f"{samples}/metrics.json").write_text(json.dumps(figures(0, 1.0, samples)))
        text = _page.render(tmp_path, tmp_path / "page.md").read_text()
        assert ("curves/nbody-test-MSE.svg" in text) == (samples == 1000)
    assert (tmp_path / "curves/nbody-test-MSE.svg").read_text().startswith("<?xml")


def test_published_figures_are_drawn_where_they_depend_on_samples():
    runs = [figures(0, 1.0, samples) for samples in (100, 1000)]
    for run in runs:
        run["references"] |= {"theirs (published)": 1 / run["settings"]["samples"], "once (published)": 3.0}
    assert _curves.published(runs) == {"theirs (published)": {100: [0.01], 1000: [0.001]}}
    labels = [text.get_text() for text in _curves.draw(runs, "test MSE").axes[0].get_legend().get_texts()]
    assert labels == ["theirs (published)", "O(3) steerable"]


def test_repeated_runs_and_other_plans_are_no_seeds():
    own = figures(0, 5.0, lr=1e-4) | {"preset": "own"}
    other = own | {"test": {"test MSE": 7.0}, "settings": own["settings"] | {"epochs": 7}}
    text = _page.page([figures(0, 1.0), figures(0, 1.0), own, other])
    assert "| O(3) | steerable | 1 | 1,000 | 1.0 | 1 | desk |" in text
    assert "| O(3) | steerable | 5 | 1,000 | 1.0 | 1 | own |" in text
    assert "| O(3) | steerable | 7 | 1,000 | 1.0 | 1 | own |" in text


def test_another_plan_of_training_is_not_called_a_preset():
    settings = EXPERIMENTS["nbody"].of("desk", epochs=7)
    assert settings.preset == "own"
    assert "samples-7" in run_name(EXPERIMENTS["nbody"].of("desk", samples=7))


def test_the_name_of_a_run_of_another_budget_tells_it_apart():
    nbody = EXPERIMENTS["nbody"]
    assert run_name(nbody.of("desk", budget=7.0)) == "nbody-O3-steerable-7-minutes-seed0"
    assert run_name(nbody.of("fast")) == "nbody-O3-steerable-samples-300-seed0"
    assert run_name(EXPERIMENTS["smoke"].of("desk", epochs=7)) == "smoke-O2-steerable-7-epochs-seed0"


def test_a_budget_or_epochs_alone_end_the_training():
    nbody = EXPERIMENTS["nbody"]
    assert nbody.of("desk", budget=1.0).epochs > 10**4
    assert nbody.of("desk", budget=1.0, epochs=7).epochs == 7
    assert nbody.of("desk", budget=1.0, epochs=7).budget == 1.0
    assert nbody.of("desk", epochs=7).budget is None
    assert nbody.of("desk").epochs == nbody.presets["desk"]["epochs"]


def test_references_on_other_data_are_other_rows():
    springs = figures(0, 1.0, dataset="springs") | {"references": {"straight": 0.1}}
    text = _page.page([figures(0, 1.0), figures(1, 1.0), springs])
    assert "| *straight* |  | charged | 0.5 |" in text
    assert "| *straight* |  | springs | 0.1 |" in text
    assert "| *published* |  |  | 0.007 |" in text


def test_what_is_measured_beside_and_must_be_said_is_on_the_page():
    more = [
        run | {"test": run["test"] | {"drift": 0.25 * k}} for k, run in enumerate((figures(0, 1.0), figures(1, 1.0)))
    ]
    text = _page.page([*more, figures(0, 1.0, 1000)])
    assert "Measured beside it, with 100 training samples\n\n| group | model | drift |" in text
    assert "| O(3) | steerable | 0.125 ± 0.177 |" in text
    assert "\nPublished figures are on their own samples.\n" in text
    assert "Measured beside it" not in _page.page([figures(0, 1.0)])


def test_the_score_in_another_way_is_shown_for_every_number_of_samples():
    name = "test MSE without the worst percent"
    runs = [figures(0, 1.0, n) for n in (100, 1000)]
    text = _page.page([run | {"test": run["test"] | {name: 0.5 * k + 0.1}} for k, run in enumerate(runs)])
    assert (
        f"{name}\n\n| group | model | 100 | 1,000 |\n| --- | --- | --- | --- |\n| O(3) | steerable | 0.1 | 0.6 |"
        in text
    )
    assert "Measured beside it" not in text


def test_damaged_figures_name_the_file(tmp_path):
    (tmp_path / "a").mkdir()
    whole = figures(0, 1.0)
    for name in whole.keys() - {"revision"}:
        foreign = {key: value for key, value in whole.items() if key != name}
        (tmp_path / "a" / "metrics.json").write_text(json.dumps(foreign))
        with pytest.raises(RunError, match="does not hold the figures"):
            _runs.collect(tmp_path)
    for changed in ({"training_seconds": None}, {"settings": {"seed": 0}}, {"test": {}}):
        (tmp_path / "a" / "metrics.json").write_text(json.dumps(whole | changed))
        with pytest.raises(RunError, match="does not hold the figures"):
            _runs.collect(tmp_path)
    odd = [
        {"test": {"test MSE": "0.1"}},
        {"test": {"test MSE": True}},
        {"references": {"x": "0.1"}},
        {"revision": None},
        {"revision": "x"},
        {"parameters": True},
        {"environment": {"processes": "4"}},
        {"epochs": "many"},
        *({"settings": whole["settings"] | {"samples": samples}} for samples in (1000.5, "1000", None, True)),
        *({"settings": whole["settings"] | {name: [1]}} for name in ("model", "seed", "weird")),
        {"settings": {name: value for name, value in whole["settings"].items() if name != "model"}},
    ]
    for changed in odd:
        (tmp_path / "a" / "metrics.json").write_text(json.dumps(whole | changed))
        with pytest.raises(RunError, match=r"a/metrics.json does not hold the figures"):
            _runs.collect(tmp_path)
    for content in ("{", "[]", "null", json.dumps({"experiment": "nbody"})):
        (tmp_path / "a" / "metrics.json").write_text(content)
        with pytest.raises(RunError, match=r"a/metrics.json does not hold the figures"):
            _runs.collect(tmp_path)


def test_without_runs_the_command_says_so(tmp_path):
    result = CliRunner().invoke(cli.app, ["results", "--runs", str(tmp_path)], env={"COLUMNS": "200"})
    assert result.exit_code == 1
    assert "there are no finished runs" in result.output
    for words in (["results", "poker", "--run"], ["results", "poker"]):
        result = CliRunner().invoke(cli.app, [*words, "--runs", str(tmp_path)])
        assert result.exit_code == 1
        assert "there are no experiments poker" in " ".join(result.output.split())


def test_names_say_what_is_made_and_printed_and_the_page_is_of_everything(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "metrics.json").write_text(json.dumps(figures(0, 1.0)))
    out = tmp_path / "page.md"
    words = ["results", "qm9", "--json", "--runs", str(tmp_path), "--out", str(out)]
    result = CliRunner().invoke(cli.app, words, env={"COLUMNS": "200"})
    assert json.loads(result.stdout) == []
    assert "## nbody" in out.read_text()
