"""Two processes train one model as one process does, and survive the death of one of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from intertwine.train import CHECKPOINT, join

SCRIPT = """
import json, os, signal, sys
from pathlib import Path

import torch
from intertwine.train import Plan, Run, join, leave

folder, mode, dies_at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
world = join("cpu")


class Line:
    size = 30
    x = torch.linspace(-1, 1, 30)[:, None]
    steps = 0

    def loss(self, model, index, generator):
        self.steps += 1
        if world.rank == 1 and self.steps == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return (model(self.x[index]) - self.x[index].sin()).square().mean()

    def score(self, model):
        return float((model(self.x) - self.x.sin()).abs().mean())


torch.manual_seed(world.rank)  # the model of the first process is everybody's
model = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
plan = Plan(epochs=4, batch=8, lr=1e-2, average=0.9, save_every=0.0)
run = Run(model, Line(), plan, folder, {}, mode == "resume", world=world)
state = run.train()
found = {
    "losses": [h["loss"] for h in state.history],
    "scores": [h["score"] for h in state.history],
    "weights": torch.cat([p.detach().flatten() for p in model.parameters()]).tolist(),
    "steps": run.task.steps,
}
(folder / f"rank{world.rank}.json").write_text(json.dumps(found))
leave()
"""


SOLVED = """
import json, sys
from pathlib import Path

import torch
from intertwine.emlp import EMLP
from intertwine.groups import SO
from intertwine.reps import Scalar, T, V
from intertwine.train import join

folder, world = Path(sys.argv[1]), join("cpu")
solver = sys.modules["intertwine.reps.solve"]
solver._WORTH_STORING = 0.0
fresh, made = solver._fresh, []


def counted(*args):
    made.append(args)
    return fresh(*args)


solver._fresh = counted
with world.in_turn():
    (T(3) >> V)(SO(3)).basis("nullspace")
    torch.manual_seed(world.rank)
    model = EMLP(V + T(2), Scalar + V, group=SO(3), hidden=8)
state = model.state_dict()
if world.rank:  # as if another machine had found other bases
    changed = {k: -v for k, v in state.items() if k.rpartition(".")[2].startswith(("enc", "dec"))}
    assert changed
    model.load_state_dict(state | changed)
x = torch.randn(5, 12, generator=torch.Generator().manual_seed(0))
own = model(x)
replica = world.replica(model)
loss = replica(x).square().mean()
loss.backward()
found = {"made": len(made), "own": own.tolist(), "outputs": replica(x).tolist()}
(folder / f"rank{world.rank}.json").write_text(json.dumps(found))
"""


LEFT = """
import json, sys
from pathlib import Path

import torch
from intertwine.train import join, leave


def threads():
    return [p.read_text().strip() for p in Path("/proc/self/task").glob("*/comm")]


folder, world = Path(sys.argv[1]), join("cpu")
model = torch.nn.Linear(2, 2)
replica = world.replica(model)
replica(torch.ones(3, 2)).sum().backward()
world.total([1.0])
before = threads()
leave()
(folder / f"rank{world.rank}.json").write_text(json.dumps({"before": before, "after": threads()}))
"""


def launch(
    folder: Path, processes: int, mode: str = "new", dies_at: int = -1, text: str = SCRIPT
) -> subprocess.CompletedProcess:
    folder.mkdir(exist_ok=True)
    script = folder / "script.py"
    script.write_text(text)
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}", "--standalone"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    environment["INTERTWINE_CACHE"] = str(folder / "cache")
    words = [*command, str(script), str(folder), mode, str(dies_at)]
    return subprocess.run(words, capture_output=True, text=True, env=environment, timeout=300)


def found(folder: Path, rank: int) -> dict:
    return json.loads((folder / f"rank{rank}.json").read_text())


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    done = launch(folder, 1)
    assert done.returncode == 0, done.stderr
    return found(folder, 0)


def test_two_processes_train_as_one(tmp_path, alone):
    done = launch(tmp_path, 2)
    assert done.returncode == 0, done.stderr
    first, second = found(tmp_path, 0), found(tmp_path, 1)
    assert first["weights"] == second["weights"]
    for key in ("losses", "scores", "weights"):
        assert first[key] == pytest.approx(alone[key], rel=1e-5, abs=1e-6)
    assert len(set(first["losses"])) == 4


def test_a_killed_worker_leaves_a_checkpoint_that_resumes(tmp_path, alone):
    done = launch(tmp_path, 2, dies_at=7)
    assert done.returncode != 0
    assert (tmp_path / CHECKPOINT).exists()
    assert not (tmp_path / "rank0.json").exists()
    done = launch(tmp_path, 2, "resume")
    assert done.returncode == 0, done.stderr
    assert found(tmp_path, 0)["losses"] == pytest.approx(alone["losses"], rel=1e-5)
    assert found(tmp_path, 0)["steps"] < alone["steps"], "it went on, it did not start again"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads have names here on Linux alone")
def test_no_thread_of_the_group_outlives_it(tmp_path):
    """One that frees a tensor while the interpreter ends aborts the process, now and then."""
    done = launch(tmp_path, 2, text=LEFT)
    assert done.returncode == 0, done.stderr
    for rank in (0, 1):
        assert "gloo" in " ".join(found(tmp_path, rank)["before"])
        assert "gloo" not in " ".join(found(tmp_path, rank)["after"])


def test_bases_are_solved_for_once_and_are_the_leaders(tmp_path):
    done = launch(tmp_path, 2, text=SOLVED)
    assert done.returncode == 0, done.stderr
    assert "FutureWarning" not in done.stderr
    first, second = found(tmp_path, 0), found(tmp_path, 1)
    assert (first["made"] > 0, second["made"]) == (True, 0)
    assert first["own"] != second["own"]
    assert first["outputs"] == second["outputs"]
    assert first["outputs"] == first["own"]


def test_the_command_under_torchrun(tmp_path):
    words = ["train", "nbody", "--samples", "16", "--epochs", "2", "--batch", "8", "--channels", "2", "--device", "cpu"]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", "-m", "intertwine"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    environment["INTERTWINE_CACHE"] = str(tmp_path / "cache")
    alone = [sys.executable, "-m", "intertwine"]
    for folder, start in (("one", alone), ("two", command)):
        whole = [*start, *words, "--out", str(tmp_path / folder)]
        done = subprocess.run(whole, capture_output=True, text=True, env=environment, timeout=300)
        assert done.returncode == 0, done.stderr
    one, two = (json.loads((tmp_path / folder / "history.json").read_text()) for folder in ("one", "two"))
    for key in ("loss", "score"):
        assert [h[key] for h in two] == pytest.approx([h[key] for h in one], rel=1e-5)
    metrics = json.loads((tmp_path / "two" / "metrics.json").read_text())
    assert metrics["environment"]["processes"] == 2
    assert " ".join(done.stdout.split()).count("2 processes") == 1


def test_processes_do_not_share_an_accelerator(monkeypatch):
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match="2 processes cannot share cuda:1: --device cuda"):
        join("cuda:1")


def test_what_the_leader_cannot_do_is_said_once(tmp_path):
    (tmp_path / CHECKPOINT).touch()
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", "-m", "intertwine"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    words = ["train", "nbody", "--samples", "16", "--device", "cpu", "--out", str(tmp_path)]
    done = subprocess.run([*command, *words], capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode != 0
    assert done.stderr.count("holds a run already") == 1
    assert "Connection closed" not in done.stderr
    assert "DistBackendError" not in done.stderr
