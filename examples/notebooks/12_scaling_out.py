# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 12 · Scaling out with torchrun
#
# A training that takes a night on one processor may take an hour on eight. The usual way is **data parallelism**: every
# process has the whole model, each takes a share of every batch, and the gradients are averaged. This notebook runs it
# on your machine with two processes, and is picky about one word in that sentence: *averaged*.
#
# You will
#
# 1. see by hand when a mean of means is the mean, and when it is not;
# 2. train one model with one process and with two, and compare losses and weights;
# 3. kill a training and go on from its checkpoint, to the same bits;
# 4. learn what of an equivariant network is communicated, and what isn't.
#
# Nothing about equivariance changes: the symmetry is in the layers, and layers don't know how many processes there are.

# %%
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from intertwine import plot
from intertwine.emlp import EMLP
from intertwine.groups import O
from intertwine.reps import Scalar, V
from intertwine.train import read_checkpoint

work = tempfile.TemporaryDirectory()
folder = Path(work.name)

# %% [markdown]
# ## 1. The mean of means
#
# The loss of a batch $B$ is a mean, $L = \frac1{|B|}\sum_{i \in B} \ell_i$, and so is its gradient. Let process $p$ of
# $P$ take the share $B_p$ and compute the mean $L_p$ over it. If all shares are of equal size, then
# $\frac1P \sum_p L_p = L$. If not, not: five samples on two processes are three and two, and the two samples would
# count more than the three. The remedy is to weigh each process by its share,
#
# $$L = \frac1P \sum_p w_p L_p, \qquad w_p = P\,\frac{|B_p|}{|B|}.$$
#
# On a small equivariant network, with gradients instead of losses:

# %%
torch.manual_seed(0)
net = EMLP(2 * V, Scalar, group=O(5), hidden=32, dtype=torch.float64)
x, y = torch.randn(5, 10, dtype=torch.float64), torch.randn(5, 1, dtype=torch.float64)


def gradient(index: list[int]) -> torch.Tensor:
    """Gradient of the mean squared error over some samples, flat."""
    loss = (net(x[index]) - y[index]).square().mean()
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(net.parameters()))])


whole = gradient([0, 1, 2, 3, 4])
first, second = gradient([0, 2, 4]), gradient([1, 3])  # every second sample each
naive = (first + second) / 2
weighted = (2 * 3 / 5 * first + 2 * 2 / 5 * second) / 2
print(f"{len(whole)} weights")
print(f"mean of means: off by {float((naive - whole).norm() / whole.norm()):.1%}")
print(f"weighted:      off by {float((weighted - whole).norm() / whole.norm()):.1e}")
assert torch.allclose(weighted, whole)
assert not torch.allclose(naive, whole, rtol=1e-2)

# %% [markdown]
# That is the arithmetic of `intertwine.train`. Note what is sent: the gradient of the network's **weights**, which are
# coefficients in a basis of equivariant maps. The bases themselves are constants. Each process has them from the cache
# on disk; the first one solves for them while the others wait.
#
# ## 2. One process, two processes
#
# `torchrun` starts a command several times and tells each its rank. Every experiment of the library understands it:
#
# ```
# torchrun --nproc-per-node=2 -m intertwine train nbody
# ```
#
# Here a small task: learn $\sin|x_1| - |x_2|^3/2 + \cos\angle(x_1, x_2)$ of two vectors in five dimensions, with
# $\mathrm{O}(5)$ built in. 205 samples with `--batch 50` are five batches of 41, which two processes share as 21 and
# 20: uneven shares, as above. Both runs see the same batches, since the order of the samples depends on the seed and
# the epoch only.

# %%
EXPERIMENT = ["train", "o5", "--samples", "205", "--epochs", "12", "--batch", "50", "--device", "cpu"]
ENVIRONMENT = os.environ | {
    "OMP_NUM_THREADS": "1",
    "GLOO_SOCKET_IFNAME": "lo",  # both processes are on this machine: talk over the loopback
    "INTERTWINE_CACHE": str(folder / "cache"),
}


def command(processes: int, *words: str) -> list[str]:
    """What one would type."""
    runner = [] if processes == 1 else ["-m", "torch.distributed.run", f"--nproc-per-node={processes}", "--standalone"]
    return [sys.executable, *runner, "-m", "intertwine", *words]


def run(processes: int, name: str, *words: str) -> Path:
    """Run the experiment in a folder of its own."""
    out = folder / name
    done = subprocess.run(
        command(processes, *EXPERIMENT, "--out", str(out), *words),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return out


def history(out: Path) -> list[dict]:
    """Loss and validation score of every epoch."""
    return json.loads((out / "history.json").read_text())


alone, together = run(1, "alone"), run(2, "together")
for out in (alone, together):
    metrics = json.loads((out / "metrics.json").read_text())
    print(f"{metrics['environment']['processes']} process(es): test error {metrics['test']}")

# %%
losses = {out.name: np.array([h["loss"] for h in history(out)]) for out in (alone, together)}
scores = {out.name: np.array([h["score"] for h in history(out)]) for out in (alone, together)}
difference = abs(losses["alone"] / losses["together"] - 1)

fig = plot.figure(9, 3.4)
left, right = fig.subplots(1, 2)
epochs = np.arange(1, len(difference) + 1)
left.semilogy(epochs, losses["alone"], "o", markersize=8, markerfacecolor="none", label="one process")
left.semilogy(epochs, losses["together"], ".-", label="two processes")
left.set(xlabel="epoch", ylabel="training loss")
left.legend()
right.semilogy(epochs, np.maximum(difference, 1e-9), "o-", color="C2")
right.axhline(np.finfo(np.float32).eps, color="0.5", linestyle="--")
right.set(xlabel="epoch", ylabel="relative difference", title="dashed: rounding of float32")
assert json.loads((together / "metrics.json").read_text())["environment"]["processes"] == 2
assert difference[0] < 1e-3
for found in losses.values():
    assert found[-1] < 0.5 * found[0]
fig

# %% [markdown]
# The same losses, up to rounding. *Up to rounding*, since floating-point addition is not associative: two processes
# add the same numbers in another order. Adam then divides every gradient by its own size, which lifts the noise of
# gradients that nearly vanish, and from step to step the difference grows, as that of nearby trajectories does in any
# nonlinear system. (That it is rounding and not a mistake is a claim, too. Section 3 checks it in double precision.)
# Compare runs with different numbers of processes statistically, or early.
#
# Weights are identical on all processes at all times, to the bit: every process applies the same averaged gradient to
# the same weights. Nobody ever sends weights around after the start.
#
# ### Is it faster?
#
# Not for this network. A step takes a few milliseconds, and starting Python twice takes seconds. Data parallelism pays
# when the arithmetic of a share outweighs the sum of gradients, whose size is the number of weights. A rule of thumb
# per step, with $n$ weights, bandwidth $\beta$ and one-process time $t$: $\;t/P + 8n/\beta$ against $t$.

# %%
n = sum(p.numel() for p in net.parameters())
for t, bandwidth, where in ((3e-3, 1e9, "this network, over Ethernet"), (1.0, 1e9, "a second per step, over Ethernet")):
    speedup = t / (t / 8 + 8 * n / bandwidth + 2e-3)  # 2 ms of latency
    print(f"{where:>33}, 8 processes: {speedup:.1f} times as fast")

# %% [markdown]
# Equivariant networks have an advantage here: weights are few (they are shared over the group), arithmetic per weight
# is much.
#
# ## 3. Kill it, and go on
#
# Machines are taken away, batteries run out. A run writes checkpoints that hold everything it needs: weights, their
# average, the optimiser's moments, the best weights so far, where in the epoch it is, and the random state. Here is a
# whole training script of our own, as you would write it: a task, which answers `loss` and `score`, a model, a plan.
# One line is unusual: on demand, the second process kills itself in the middle of an epoch with `SIGKILL`, which no
# program can catch. The first one then fails, too, for lack of an answer.

# %%
SCRIPT = """
import json, os, signal, sys
from pathlib import Path

import torch
from intertwine.emlp import EMLP
from intertwine.groups import O
from intertwine.reps import Scalar, V
from intertwine.train import Plan, Run, join, leave

folder, resume, dies_at = Path(sys.argv[1]), sys.argv[2] == "resume", int(sys.argv[3])
world = join("cpu")  # alone, or with those that torchrun started


class Angles:
    size = 55
    x = torch.randn(55, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = torch.nn.functional.cosine_similarity(x[:, :5], x[:, 5:])[:, None]
    steps = 0

    def loss(self, model, index, generator):
        self.steps += 1
        if world.rank == 1 and self.steps == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return (model(self.x[index]) - self.y[index]).square().mean()

    def score(self, model):
        return float((model(self.x) - self.y).abs().mean())


torch.manual_seed(0)
model = EMLP(2 * V, Scalar, group=O(5), hidden=32, layers=2, dtype=torch.float64)
plan = Plan(epochs=6, batch=20, lr=1e-2, save_every=0.0)  # a checkpoint after every step
state = Run(model, Angles(), plan, folder, {}, resume, world=world).train()
weights = torch.cat([p.detach().flatten() for p in model.parameters()])
torch.save({"history": state.history, "weights": weights}, folder / f"rank{world.rank}.pt")
leave()
"""
(folder / "script.py").write_text(SCRIPT)


def launch(name: str, mode: str = "new", dies_at: int = -1, processes: int = 2) -> int:
    """Run the script; its exit status."""
    out = folder / name
    out.mkdir(exist_ok=True)
    runner = ["-m", "torch.distributed.run", f"--nproc-per-node={processes}", "--standalone"] if processes > 1 else []
    words = [sys.executable, *runner, str(folder / "script.py"), str(out), mode, str(dies_at)]
    return subprocess.run(words, env=ENVIRONMENT, capture_output=True, timeout=300).returncode


status = {"uninterrupted": launch("uninterrupted"), "killed": launch("resumed", dies_at=8)}
print(status)
state = json.loads(read_checkpoint(folder / "resumed")["state"])
print(f"the checkpoint is of epoch {state['epoch'] + 1}, after step {state['step']} of 3")
assert status["uninterrupted"] == 0 != status["killed"]
assert not (folder / "resumed" / "rank0.pt").exists()  # it did not come to an end
assert (state["epoch"], state["step"]) == (2, 1)  # step 8 in all was never finished

# %% [markdown]
# The eighth step never happened, so the checkpoint is of the seventh: the third epoch, after one of three steps. Now go
# on from it, and compare with the run that nobody disturbed:

# %%
assert launch("resumed", "resume") == 0
ends = {
    (name, rank): torch.load(folder / name / f"rank{rank}.pt")
    for name in ("uninterrupted", "resumed")
    for rank in (0, 1)
}
for (name, rank), end in ends.items():
    print(f"{name:>13}, process {rank}: loss {end['history'][-1]['loss']:.9f}")
whole = ends["uninterrupted", 0]["weights"]
assert all(torch.equal(end["weights"], whole) for end in ends.values())

# %% [markdown]
# All weights agree **to the bit**, between processes and between the two runs. That is worth insisting on: a resumed
# run that is merely *similar* hides bugs such as a forgotten moment of the optimiser or a batch that was seen twice.
#
# And the claim from section 2: one process, in double precision.

# %%
assert launch("alone-in-double", processes=1) == 0
single = torch.load(folder / "alone-in-double" / "rank0.pt")["weights"]
print(f"one process and two, float64: weights differ by {float((single - whole).norm() / whole.norm()):.1e}")
assert torch.allclose(single, whole, rtol=1e-6, atol=1e-9)

# %% [markdown]
# From the command line, killing and going on is
#
# ```
# torchrun --nproc-per-node=2 -m intertwine train o5 --out runs/mine             # … killed
# torchrun --nproc-per-node=2 -m intertwine train o5 --out runs/mine --resume    # goes on
# ```
#
# and a single Ctrl-C ends the present step, writes a checkpoint and prints the command to go on with.
#
# ## 4. Several machines, several GPUs
#
# | | |
# |---|---|
# | GPUs of one machine | `torchrun --nproc-per-node=8 -m intertwine train …`; each process takes its own |
# | several machines | add `--nnodes=2 --rdzv-backend=c10d --rdzv-endpoint=HOST:29500` on each |
# | your own loop | `world = join()`, then `world.replica(model)`: the first process's weights *and* solved constants |
# | larger batches | the mean over more samples has less noise: raise the learning rate with care, and warm up |
#
# ## Exercises
#
# 1. Which batch sizes make the naive mean of means right for two processes and 205 samples?
# 2. Norm layers that use statistics of the *batch* (`BatchNorm`) see only the share of their process. Predict what this
#    does to the picture of section 2, and to the claim that weights agree.
# 3. Change the seed of the model on the second process (`torch.manual_seed(world.rank)`). Do the runs still agree? Who
#    decides what the initial weights are?
# 4. Let the *first* process die instead of the second. What is left?

# %%
work.cleanup()
