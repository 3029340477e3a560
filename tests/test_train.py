"""The training loop: exact resumption, clean stops, atomic files, errors that say what to do."""

import errno
import io
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch
from intertwine import _files
from intertwine import train as harness
from intertwine._files import claim, release
from intertwine.emlp import BatchNorm, Linear
from intertwine.examples._report import run_folder
from intertwine.groups import SO, SU
from intertwine.reps import Scalar, V
from intertwine.train import CHECKPOINT, Plan, Run, RunError, Stopped
from rich.console import Console
from torch import nn


class Curve:
    """Regression on a noisy curve with dropout, so that every kind of randomness matters."""

    size = 100

    def __init__(self):
        self.x = torch.linspace(-2, 2, self.size)[:, None]
        self.steps = 0
        self.stop_at = None
        self.signals = (signal.SIGINT,)

    def loss(self, model, index, generator):
        self.steps += 1
        if self.steps == self.stop_at:
            for number in self.signals:
                os.kill(os.getpid(), number)
        x = self.x[index] + 0.01 * torch.randn(len(index), 1, generator=generator)
        return (model(x) - self.x[index].sin()).square().mean()

    @torch.no_grad()
    def score(self, model):
        return float((model(self.x) - self.x.sin()).abs().mean())


class Clean(Curve):
    """The same without noise."""

    def loss(self, model, index, generator):
        return (model(self.x[index]) - self.x[index].sin()).square().mean()


def make(folder, task=None, resume=False, settings=None, **plan):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 16), nn.Dropout(0.1), nn.Tanh(), nn.Linear(16, 1))
    task = Curve() if task is None else task
    defaults = {"epochs": 4, "batch": 10, "lr": 1e-2, "average": 0.9, "save_every": 0.0}
    return Run(model, task, Plan(**(defaults | plan)), folder, settings or {"size": 16}, resume)


def curves(state):
    return [(h["loss"], h["score"], h["rate"]) for h in state.history]


@pytest.mark.parametrize("stop_at", [7, 10, 25])
def test_a_resumed_run_ends_bitwise_like_an_uninterrupted_one(tmp_path, stop_at):
    whole = make(tmp_path / "whole")
    whole.train()
    task = Curve()
    task.stop_at = stop_at
    with pytest.raises(Stopped):
        make(tmp_path / "parts", task).train()
    assert task.steps == stop_at, "Ctrl-C ends after the present step"
    torch.manual_seed(12345)  # another process has another random state
    rest = make(tmp_path / "parts", resume=True)
    torch.rand(7)
    rest._load()
    rest.train()
    assert curves(rest.state) == curves(whole.state)
    for a, b in zip(rest.model.parameters(), whole.model.parameters()):
        assert torch.equal(a, b)


def test_resuming_a_finished_run_keeps_its_result(tmp_path):
    first = make(tmp_path)
    first.train()
    again = make(tmp_path, resume=True)
    again.train()
    assert again.task.steps == 0
    assert all(torch.equal(a, b) for a, b in zip(again.model.parameters(), first.model.parameters()))


def test_the_best_weights_are_kept(tmp_path):
    run = make(tmp_path, epochs=6)
    state = run.train()
    scores = [h["score"] for h in state.history]
    assert state.best == min(scores) == run.task.score(run.model)
    assert scores[state.best_epoch - 1] == state.best
    assert not run.model.training


def test_the_handlers_of_signals_are_put_back(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    make(tmp_path, epochs=1).train()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("signals", ["TERM", "TERM TERM", "INT TERM", "TERM INT"])
def test_sigterm_ends_after_the_present_step_however_often(tmp_path, signals):
    task = Curve()
    task.stop_at, task.signals = 7, [signal.Signals[f"SIG{name}"] for name in signals.split()]
    with pytest.raises(Stopped):
        make(tmp_path, task, save_every=1e9).train()
    assert json.loads(harness.read_checkpoint(tmp_path)["state"])["step"] == 7


def test_a_second_ctrl_c_ends_the_run_within_the_step(tmp_path):
    task = Curve()
    task.stop_at, task.signals = 7, [signal.SIGINT, signal.SIGINT]
    with pytest.raises(Stopped):
        make(tmp_path, task).train()
    assert json.loads(harness.read_checkpoint(tmp_path)["state"])["step"] == 6


def test_a_time_budget_ends_the_run_and_the_learning_rate_reaches_its_floor(tmp_path):
    state = make(tmp_path, epochs=10**6, budget=0.5, warmup=0.1).train()
    assert state.seconds >= 0.5
    assert state.history[-1]["rate"] < 0.2 * max(h["rate"] for h in state.history)


def test_with_a_budget_validation_takes_a_fifth_of_the_time_and_the_end_is_validated(tmp_path):
    ticks = iter(range(10**6))
    run = make(tmp_path, batch=100, epochs=10**6, budget=103.0)
    run._clock = lambda: float(next(ticks))  # a step takes one second, and a validation one
    state = run.train()
    assert [h["epoch"] for h in state.history] == [1, *range(5, 82, 4), 82]
    assert state.seconds == 104
    assert state.epoch == state.history[-1]["epoch"]


def test_without_a_budget_every_epoch_is_validated(tmp_path):
    ticks = iter(range(10**6))
    run = make(tmp_path, batch=100, epochs=7)
    run._clock = lambda: float(next(ticks))
    assert [h["epoch"] for h in run.train().history] == list(range(1, 8))


def test_an_average_that_is_asked_for_later_begins_with_the_weights(tmp_path):
    first = make(tmp_path, average=0.0, epochs=1)
    first.train()
    for run in (make(tmp_path, average=0.9, resume=True), make(tmp_path, average=0.0, resume=True)):
        held = run.averaged.state_dict()
        assert all(torch.equal(held[key], value) for key, value in run.model.state_dict().items())


def test_the_learning_rate_rises_and_falls():
    plan = Plan(lr=2.0, warmup=0.1, floor=0.1)
    assert plan.rate(0.05) == pytest.approx(1.0)
    assert plan.rate(0.1) == pytest.approx(2.0)
    assert plan.rate(1.0) == plan.rate(1.7) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("epochs", 0), ("batch", -1), ("average", 1.0), ("clip", 0), ("warmup", 1.0)),
        *(("lr", value) for value in (0.0, math.nan, math.inf)),
    ],
)
def test_a_plan_must_make_sense(name, value):
    with pytest.raises(ValueError, match=name):
        Plan(**{name: value})


def test_nothing_to_resume(tmp_path):
    with pytest.raises(RunError, match=r"nothing to resume: .* run without --resume"):
        make(tmp_path, resume=True)


@pytest.mark.parametrize("damage", [lambda b: b[:-100], lambda b: b"", lambda b: b"x" * 100, lambda b: b[100:]])
def test_a_damaged_checkpoint_is_an_error_that_says_what_to_do(tmp_path, damage):
    make(tmp_path, epochs=1).train()
    path = tmp_path / CHECKPOINT
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RunError, match=r"checkpoint .* cannot be read .*: delete it and start again"):
        make(tmp_path, resume=True)


def test_a_checkpoint_with_code_in_it_is_not_executed(tmp_path):
    torch.save({"format": 1, "model": Path}, tmp_path / CHECKPOINT)
    with pytest.raises(RunError, match=r"cannot be read \(it is damaged, or holds more than tensors") as caught:
        make(tmp_path, resume=True)
    assert "weights_only" not in str(caught.value)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    make(tmp_path, epochs=1, settings={"group": "O(3)", "seed": 1}).train()
    with pytest.raises(RunError, match=r"holds another run \(seed was 1, now 2\)"):
        make(tmp_path, resume=True, settings={"group": "O(3)", "seed": 2})


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    make(tmp_path, epochs=1).train()
    before = (tmp_path / CHECKPOINT).read_bytes()

    def full(fd):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_files.os, "fsync", full)
    with pytest.raises(RunError, match=r"No space left on device; the previous checkpoint.pt is intact"):
        make(tmp_path, epochs=2, resume=True).train()
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [CHECKPOINT], "no temporary files are left"


class Breaking(Curve):
    """The third loss is no number."""

    def loss(self, model, index, generator):
        return super().loss(model, index, generator) * (math.nan if self.steps == 3 else 1)


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path):
    with pytest.raises(RunError, match="loss became nan in epoch 1: try a smaller learning rate"):
        make(tmp_path, Breaking()).train()


class Blind(Curve):
    """Validation finds no number."""

    def score(self, model):
        return torch.tensor(float("nan"))


def test_without_a_finite_score_the_last_weights_are_kept(tmp_path):
    shown = io.StringIO()
    run = make(tmp_path, Blind(), epochs=2)
    run.console = Console(file=shown)
    state = run.train()
    assert "no validation score was a number" in shown.getvalue()
    assert (state.best_epoch, len(state.history)) == (0, 2)
    for kept, last in zip(run.model.parameters(), run.averaged.parameters()):
        assert torch.equal(kept, last)


def test_complex_weights_are_trained(tmp_path):
    class Unitary:
        size = 8
        x = torch.randn(8, 2, dtype=torch.complex64)

        def loss(self, model, index, generator):
            return (model(self.x[index]) - 2j * self.x[index]).abs().square().mean()

        def score(self, model):
            return float((model(self.x) - 2j * self.x).abs().mean())

    model = Linear(V, V, SU(2))
    state = Run(model, Unitary(), Plan(epochs=300, batch=8, lr=0.1, average=0.5), tmp_path, {}).train()
    assert state.best < 0.1 < state.history[0]["score"]


def test_nothing_to_train(tmp_path):
    with pytest.raises(ValueError, match="nothing to train: 0 weights, 100 samples"):
        Run(nn.Identity(), Curve(), Plan(), tmp_path)


def test_a_batch_of_one_is_not_normalised(tmp_path):
    model = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    with pytest.raises(ValueError, match="100 samples in batches of 1 one of 1 processes would get a single one"):
        Run(model, Curve(), Plan(batch=1), tmp_path)
    with pytest.raises(ValueError, match="one of 20 processes"):
        Run(model, Curve(), Plan(batch=20), tmp_path, world=harness.World(0, 20))
    Run(model, Curve(), Plan(batch=33), tmp_path)


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(8), BatchNorm(8 * Scalar, SO(2), eps=1e-5)])
def test_averaged_weights_have_statistics_of_their_own(tmp_path, norm):
    torch.manual_seed(0)
    model, task = nn.Sequential(nn.Linear(1, 8), norm, nn.Linear(8, 1)), Clean()
    run = Run(model, task, Plan(epochs=7, batch=50, lr=0.3, average=0.9), tmp_path)
    state = run.train()
    assert state.best_epoch
    run.model.load_state_dict(run.averaged.state_dict())
    mean = next(b for name, b in norm.named_buffers() if "mean" in name)
    torch.testing.assert_close(mean, model[0](task.x).mean(0), rtol=1e-4, atol=1e-4)
    assert norm.momentum == 0.1
    assert not run.averaged[1].training


def test_batches_differ_by_one_sample(tmp_path):
    sizes = []

    class Counted(Curve):
        def loss(self, model, index, generator):
            sizes.append(len(index))
            return super().loss(model, index, generator)

    Run(nn.Linear(1, 1), Counted(), Plan(epochs=1, batch=33), tmp_path).train()
    assert sizes == [25, 25, 25, 25]


def test_metrics_are_json_even_when_numbers_are_not(tmp_path):
    path = harness.write_metrics(tmp_path, {"a": float("inf"), "b": [1.5, (float("nan"),)], "c": "text"})
    assert json.loads(path.read_text()) == {"a": None, "b": [1.5, [None]], "c": "text"}


def test_a_device_that_is_not_there():
    assert harness.pick_device("cpu").type == "cpu"
    for name in ("cuda:99", "abacus"):
        with pytest.raises(ValueError, match=f"no device '{name}' here .*: use --device cpu"):
            harness.pick_device(name)


SCRIPT = """
    import sys, time, torch
    from pathlib import Path
    from intertwine.train import Plan, Run, Stopped
    class Slow:
        size = 1000
        def loss(self, model, index, generator):
            if index.numel(): print("step", flush=True)
            time.sleep(0.02)
            return model(torch.ones(1, 1)).square().sum()
        def score(self, model):
            return 1.0
    try:
        Run(torch.nn.Linear(1, 1), Slow(), Plan(epochs=50, batch=1), Path(sys.argv[1])).train()
    except Stopped:
        print("stopped cleanly"); sys.exit(130)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_in_another_process(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(3):
            assert process.stdout.readline() == "step\n"
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(timeout=60) == 130
    assert "stopped cleanly" in rest
    content = harness.read_checkpoint(tmp_path)
    assert json.loads(content["state"])["step"] >= 3


CLAIM = """
    import sys
    from pathlib import Path
    from intertwine._files import claim
    print(claim(Path(sys.argv[1])), flush=True)
    input()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="locks")
def test_a_folder_belongs_to_one_running_process(tmp_path):
    assert claim(tmp_path / "mine")
    assert claim(tmp_path / "mine")
    (tmp_path / "dead").mkdir()
    (tmp_path / "dead" / "running").touch()
    assert claim(tmp_path / "dead")  # its owner was killed
    command = [sys.executable, "-c", textwrap.dedent(CLAIM), str(tmp_path / "theirs")]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b"True\n"
        assert not claim(tmp_path / "theirs")
        release(tmp_path / "theirs")
        make(tmp_path / "theirs", epochs=1).train()
        assert not claim(tmp_path / "theirs"), "only its owner gives a folder up"
        with pytest.raises(RunError, match="another process is training"):
            run_folder(tmp_path / "theirs", "name", resume=True)
    finally:
        other.communicate(b"\n")
    assert claim(tmp_path / "theirs")


@pytest.mark.skipif(sys.platform == "win32", reason="locks")
def test_of_many_processes_one_gets_a_folder(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(CLAIM), str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    (tmp_path / "running").write_text("999999999")  # left by a process that was killed
    others = [subprocess.Popen(command, **pipes) for _ in range(4)]
    try:
        assert sorted(other.stdout.readline() for other in others) == [b"False\n"] * 3 + [b"True\n"]
    finally:
        for other in others:
            other.communicate(b"\n")


def test_the_latest_run_is_resumed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for k, name in enumerate(["runs/a-2", "runs/a"]):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "checkpoint.pt").write_bytes(b"")
        os.utime(tmp_path / name / "checkpoint.pt", (k, k))
    assert run_folder(None, "a", resume=True) == Path("runs/a")
    assert run_folder(None, "a", resume=False) == Path("runs/a-3")


def test_a_first_loss_that_is_no_number_is_not_blamed_on_the_rate(tmp_path):
    task = Curve()
    task.x = task.x * math.nan
    run = make(tmp_path, task)
    with pytest.raises(RunError, match="the loss is nan before any training: no learning rate mends that"):
        run.train()


def test_another_plan_is_announced(tmp_path):
    make(tmp_path, epochs=2).train()
    console = Console(file=io.StringIO(), width=300)
    fresh = make(tmp_path / "other")
    plan = Plan(epochs=3, batch=10, lr=1e-2, average=0.9, schedule="constant", save_every=1.0)
    Run(fresh.model, fresh.task, plan, tmp_path, {"size": 16}, resume=True, console=console)
    assert "epochs was 2, now 3; schedule was cosine, now constant;" in console.file.getvalue()
    assert "save_every" not in console.file.getvalue()


def test_another_precision_is_announced(tmp_path):
    make(tmp_path, epochs=1, precision="bfloat16").train()
    console = Console(file=io.StringIO(), width=300)
    fresh = make(tmp_path / "other")
    same = {"batch": 10, "lr": 1e-2, "average": 0.9}
    Run(fresh.model, fresh.task, Plan(epochs=1, **same), tmp_path, {"size": 16}, resume=True, console=console)
    assert "precision was bfloat16, now float32;" in console.file.getvalue()
    assert "epochs" not in console.file.getvalue()


class Bad(Curve):
    """Scores that never get better."""

    def score(self, model):
        return 1.0


def test_patience_counts_what_was_validated(tmp_path):
    """With a budget few epochs are: what follows the last look may be better."""

    class Slow(Curve):
        def score(self, model):
            until = time.process_time() + 0.05
            while time.process_time() < until:
                pass
            return 1.0

    state = make(tmp_path, Slow(), epochs=10**6, budget=60.0, patience=3).train()
    first, last = (entry["epoch"] for entry in state.history)
    assert first == 1
    assert last == state.epoch > 4


def test_training_ends_when_nothing_improves(tmp_path):
    state = make(tmp_path, Bad(), epochs=50, patience=3).train()
    assert (state.epoch, state.best_epoch) == (4, 1)


def test_half_precision_keeps_the_weights_whole(tmp_path):
    run = make(tmp_path, epochs=2, precision="bfloat16")
    seen = []
    run.model[0].register_forward_hook(lambda module, x, y: seen.append((module.training, y.dtype)))
    run.train()
    assert (True, torch.bfloat16) in seen
    assert (False, torch.bfloat16) not in seen
    assert all(p.dtype == torch.float32 for p in run.model.parameters())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_compiled_run_learns_the_same(tmp_path):
    plain, compiled = (make(tmp_path / name, Curve(), compile=name == "c", average=0.0) for name in ("p", "c"))
    for run in (plain, compiled):
        run.model[1].p = 0.0
    for a, b in zip(curves(plain.train()), curves(compiled.train())):
        assert a == pytest.approx(b, rel=1e-3)
    assert (tmp_path / "c" / CHECKPOINT).exists()


def test_logs_for_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = make(tmp_path, epochs=3)
    logged = Run(run.model, run.task, run.plan, tmp_path, board=True)
    state = logged.train()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert {"loss", "score", "rate"} <= set(events.Tags()["scalars"])
    assert [e.value for e in events.Scalars("score")] == pytest.approx([h["score"] for h in state.history])


def test_without_tensorboard_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    run = make(tmp_path)
    with pytest.raises(RunError, match=r"pip install '\.\[tensorboard\]'"):
        Run(run.model, run.task, run.plan, tmp_path, board=True)
