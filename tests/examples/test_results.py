"""The queue of runs goes on where it stopped; the page says what the runs say."""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from intertwine import cli
from intertwine.examples import _results
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
    queue = _results.jobs([name], seeds=2)
    assert len({job.folder for job in queue}) == len(queue) >= 2
    assert len({str(job.settings.question) for job in queue}) == len(queue)
    assert {job.settings.seed for job in queue} == {0, 1}
    half = len(queue) // 2
    assert all(job.settings.seed == 0 for job in queue[:half])
    usual = [job.settings.samples == EXPERIMENTS[name].of("desk").samples for job in queue[:half]]
    assert usual == sorted(usual, reverse=True)


def test_the_table_costs_at_most_a_day_on_one_core():
    """As far as it can be told: every run of the queue has a budget, or is known to be short."""
    minutes = [job.settings.budget for job in _results.jobs(seeds=3)]
    assert all(minutes)
    assert sum(minutes) <= 24 * 60


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_commands_of_the_queue_ask_for_its_settings(name, monkeypatch, tmp_path):
    asked = []

    def note(_, settings, means, console):
        asked.append(settings)
        raise RunError("noted")

    monkeypatch.setattr("intertwine.examples._experiment.run", note)
    for job in _results.jobs([name], seeds=1, root=tmp_path):
        assert "noted" in CliRunner().invoke(cli.app, job.words, env={"COLUMNS": "200"}).output
        assert asked[-1] == job.settings


def test_the_runs_that_are_kept_are_those_of_the_queue():
    root = Path(__file__).parents[2] / _results.FOLDER
    kept = [job for job in _results.jobs(root=root) if job.is_done]
    assert kept
    assert {job.folder.name for job in kept} == {path.parent.name for path in root.glob("*/metrics.json")}
    assert [job.differences for job in kept] == [[]] * len(kept)


def test_runs_of_other_settings_are_named(tmp_path):
    job = _results.jobs(["nbody"], root=tmp_path)[0]
    job.folder.mkdir()
    (job.folder / "metrics.json").write_text(json.dumps({"settings": asdict(job.settings) | {"budget": 7.0}}))
    with pytest.raises(RunError, match=r"move or delete them: .*nbody.* \(budget 7.0 instead of"):
        _results.work([job], 1, Console(quiet=True))


def test_a_queue_is_resumed(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    from intertwine.examples.nbody._settings import NBodySettings

    tiny = {"samples": 20, "channels": 2, "epochs": 2, "group": "Trivial(3)"}
    monkeypatch.setattr(NBodySettings, "compared", classmethod(lambda cls: iter([tiny, tiny | {"augment": True}])))
    queue = _results.jobs(["nbody"], seeds=1, root=tmp_path / "runs")
    assert [job.is_done for job in queue] == [False, False]
    assert _results.work(queue[:1], 1, Console(quiet=True)) == []
    assert [job.is_done for job in queue] == [True, False]
    written = (queue[0].folder / "metrics.json").stat().st_mtime_ns
    assert _results.work(queue, 2, Console(quiet=True), hours=1.0) == []
    assert all(job.is_done for job in queue)
    assert (queue[0].folder / "metrics.json").stat().st_mtime_ns == written
    text = _results.render(tmp_path / "runs", tmp_path / "results.md").read_text()
    assert text.count("| Trivial(3) | steerable |") == 2
    assert "| augment |" in text
    assert "2 runs" in text


def test_a_stopped_run_is_gone_on_with(tmp_path):
    job = _results.jobs(["nbody"], root=tmp_path)[0]
    assert "--resume" not in job.words
    job.folder.mkdir(parents=True)
    (job.folder / CHECKPOINT).touch()
    assert job.words[-1] == "--resume"


def test_a_stopped_queue_keeps_what_was_trained_and_starts_nothing_more(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    given = {"samples": 20, "channels": 2, "epochs": 10**6, "group": "Trivial(3)"}
    what = EXPERIMENTS["nbody"].of("desk", **given)
    queue = [_results.Job(what, given, tmp_path / name) for name in ("first", "second", "third")]

    def stop_once_it_trains():
        until = time.monotonic() + 60
        while not (queue[0].folder / CHECKPOINT).exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_once_it_trains).start()
    with pytest.raises(KeyboardInterrupt):
        _results.work(queue, 1, Console(quiet=True))
    assert "with a checkpoint in" in (queue[0].folder / "log.txt").read_text()
    assert not queue[1].folder.exists()
    assert not queue[2].folder.exists()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_once_stopped_no_process_is_started():
    processes = _results.Processes()
    assert processes.run([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    processes.stop()
    assert processes.run([sys.executable, "-c", ""]) is None


def test_a_failing_run_is_reported_and_leaves_its_log(tmp_path):
    job = _results.jobs(["nbody"], root=tmp_path)[0]
    bad = _results.Job(job.settings, {"group": "E8"}, job.folder)
    assert _results.work([bad], 1, Console(quiet=True)) == [bad]
    assert "there is no group 'E8'" in (job.folder / "log.txt").read_text()


def figures(seed, error, samples=100, **settings):
    what = EXPERIMENTS["nbody"].of("desk", seed=seed, samples=samples, **settings)
    return {
        "experiment": "nbody",
        "preset": what.preset,
        "settings": what.question,
        "score": "test MSE",
        "test": {"test MSE": error},
        "references": {"straight": 0.5, "published": 0.007},
        "parameters": 1000,
        "training_seconds": 60.0,
    }


def test_means_and_spreads():
    text = _results.page([figures(0, 1.0), figures(1, 3.0), figures(0, 0.25, 1000), figures(0, 9.0, group="SO(3)")])
    assert "| O(3) | steerable | 2 ± 1.41 | 0.25 | 1,000 | 1.0 | 2 | desk |" in text
    assert "| SO(3) | steerable | 9 |  | 1,000 | 1.0 | 1 | desk |" in text
    assert "| group | model | 100 | 1,000 |" in text
    assert "4 runs, 0.1 hours" in text


def test_proportions_to_the_rival():
    runs = [figures(0, 1.0), figures(0, 4.0, model="egnn"), figures(0, 3.0, dataset="springs"), figures(1, None)]
    text = _results.page(runs)
    assert "| O(3) | steerable | charged | 1 (0.25) |" in text
    assert "| O(3) | egnn | charged | 4 (1.00) |" in text
    assert "| O(3) | steerable | springs | 3 |" in text
    assert "times that of egnn" in text


def test_repeated_runs_and_other_plans_are_no_seeds():
    own = figures(0, 5.0, lr=1e-4) | {"preset": "own"}
    other = own | {"test": {"test MSE": 7.0}, "settings": own["settings"] | {"epochs": 7}}
    text = _results.page([figures(0, 1.0), figures(0, 1.0), own, other])
    assert "| O(3) | steerable | 1 | 1,000 | 1.0 | 1 | desk |" in text
    assert "| O(3) | steerable | 5 | 1,000 | 1.0 | 1 | own |" in text
    assert "| O(3) | steerable | 7 | 1,000 | 1.0 | 1 | own |" in text


def test_another_plan_of_training_is_not_called_a_preset():
    settings = EXPERIMENTS["nbody"].of("desk", epochs=7)
    assert settings.preset == "own"
    assert "samples-7" in run_name(EXPERIMENTS["nbody"].of("desk", samples=7))


def test_a_budget_alone_ends_the_training():
    nbody = EXPERIMENTS["nbody"]
    assert nbody.of("desk", budget=1.0).epochs > 10**4
    assert nbody.of("desk", budget=1.0, epochs=7).epochs == 7
    assert nbody.of("desk").epochs == nbody.presets["desk"]["epochs"]


def test_damaged_figures_name_the_file(tmp_path):
    (tmp_path / "a").mkdir()
    whole = figures(0, 1.0)
    for name in whole:
        foreign = {key: value for key, value in whole.items() if key != name}
        (tmp_path / "a" / "metrics.json").write_text(json.dumps(foreign))
        with pytest.raises(RunError, match="does not hold the figures"):
            _results.collect(tmp_path)
    for changed in ({"training_seconds": None}, {"settings": {"seed": 0}}, {"test": {}}):
        (tmp_path / "a" / "metrics.json").write_text(json.dumps(whole | changed))
        with pytest.raises(RunError, match="does not hold the figures"):
            _results.collect(tmp_path)
    for content in ("{", "[]", "null", json.dumps({"experiment": "nbody"})):
        (tmp_path / "a" / "metrics.json").write_text(content)
        with pytest.raises(RunError, match=r"a/metrics.json does not hold the figures"):
            _results.collect(tmp_path)


def test_without_runs_the_command_says_so(tmp_path):
    result = CliRunner().invoke(cli.app, ["results", "--runs", str(tmp_path)], env={"COLUMNS": "200"})
    assert result.exit_code == 1
    assert "there are no finished runs" in result.output
    for words in (["results", "poker", "--run"], ["results", "poker"]):
        result = CliRunner().invoke(cli.app, [*words, "--runs", str(tmp_path)])
        assert result.exit_code == 1
        assert "there are no experiments poker" in " ".join(result.output.split())


def test_a_page_of_some_experiments(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "metrics.json").write_text(json.dumps(figures(0, 1.0)))
    assert "## nbody" in _results.render(tmp_path, tmp_path / "page.md", ["nbody"]).read_text()
    with pytest.raises(RunError, match="no finished runs of qm9"):
        _results.render(tmp_path, tmp_path / "page.md", ["qm9"])
