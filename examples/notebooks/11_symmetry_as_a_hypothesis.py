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
# # 11 · Symmetry as a hypothesis
#
# So far somebody told us the symmetry. Often nobody does. A crystal may or may not have a mirror plane; a molecule in a
# field, a robot on a table, a galaxy seen through a telescope have *some* of the symmetries of empty space. With a
# library in which the group is an argument, a symmetry becomes what it is in physics: a **hypothesis**, to be held
# against data.
#
# You will
#
# 1. see in a calculation of three lines why a wrong symmetry costs an error that no amount of data removes;
# 2. *predict* that error before training anything;
# 3. train one network with four groups on growing samples of the same data;
# 4. turn validation losses into a test, with its p-value, and see where it has power.

# %%
from itertools import pairwise

import numpy as np
import torch
from intertwine import plot
from intertwine.emlp import EMLP
from intertwine.groups import SO, Group, O, Trivial
from intertwine.reps import V
from intertwine.testing import assert_equivariant
from scipy.stats import binomtest
from torch import Tensor, nn

# %% [markdown]
# ## 1. Bias and variance of a group
#
# Let the truth be $y = f(x) + \text{noise}$ and let the data be spread evenly over rotations. The best $G$-equivariant
# approximation of $f$ is its average over the group,
#
# $$\bar f(x) = \int_G \rho_{out}(g)^{-1} f(\rho_{in}(g)\,x)\, dg ,$$
#
# and since averaging is an orthogonal projection, Pythagoras splits the error of any $G$-equivariant $h$:
#
# $$\|f - h\|^2 = \underbrace{\|f - \bar f\|^2}_{\text{bias: 0 if } G \text{ is true}} + \|\bar f - h\|^2 .$$
#
# The second term goes down with data, and faster for larger groups, since fewer functions are left to choose from. The
# first stays. So **larger is better until it is wrong**.
#
# Smallest example: a linear law $y = Wx$ in
# space. How many weights does each hypothesis leave?

# %%
GROUPS: dict[str, Group] = {
    "nothing": Trivial(3),
    "SO(2) about z": SO(3).subgroup(fixing=[0, 0, 1]),
    "O(2) about z": O(3).subgroup(fixing=[0, 0, 1]),  # mirrors that contain the axis, too
    "O(3)": O(3),
}
homs = {name: (V >> V)(group) for name, group in GROUPS.items()}
for name, hom in homs.items():
    print(f"{name:>14}: {hom.dim} linear maps from vectors to vectors")
assert [hom.dim for hom in homs.values()] == [9, 3, 2, 1]
axes = plot.basis(homs["SO(2) about z"])
np.ravel(axes)[0].figure

# %% [markdown]
# Along the axis, across it, and a swirl about it, which is what mirrors forbid. Now let the truth be
# $W = \mathrm{diag}(1, 1, 1.15)$, true symmetry $\mathrm{O}(2)$ about $z$, seen through noise of size $\sigma = 1$. The
# projections of $W$ give the biases; and $n$ samples leave a variance of $\sigma^2 / n$ per weight (for standard normal
# $x$ and a basis of orthonormal matrices). So we can *predict* the error, and then look:
#
# $$\mathbb{E}\,\|\hat W - W\|^2 \approx \|W - \bar W\|^2 + \sigma^2\,\frac{\text{rank}}{n} .$$

# %%
rng = np.random.default_rng(0)
W, counts, repeats = np.diag([1.0, 1.0, 1.15]), np.array([20, 50, 100, 300, 1000, 3000]), 40
measured = {name: np.zeros((len(counts), repeats)) for name in GROUPS}
for c, n in enumerate(counts):
    for r in range(repeats):
        x = rng.standard_normal((n, 3))
        y = x @ W.T + rng.standard_normal((n, 3))
        for name, hom in homs.items():
            basis = hom.basis().dense()  # (rank, 3, 3)
            design = np.einsum("kij,nj->nik", basis, x).reshape(-1, len(basis))
            fit = np.tensordot(np.linalg.lstsq(design, y.ravel(), rcond=None)[0], basis, 1)
            measured[name][c, r] = ((fit - W) ** 2).sum()

fig = plot.figure(6.5, 4)
axes = fig.subplots()
for k, (name, hom) in enumerate(homs.items()):
    predicted = ((W - hom.project(W)) ** 2).sum() + hom.dim / counts
    axes.loglog(counts, measured[name].mean(1), "o", color=f"C{k}", label=name)
    axes.loglog(counts, predicted, "--", color=f"C{k}")
    assert np.allclose(measured[name].mean(1)[1:], predicted[1:], rtol=0.6)
axes.set(xlabel="samples", ylabel="squared error of $W$", title="dots: measured, dashed: predicted")
axes.legend()
best = [min(GROUPS, key=lambda name: measured[name][c].mean()) for c in range(len(counts))]
print(dict(zip(counts.tolist(), best)))
assert (best[0], best[-1]) == ("O(3)", "O(2) about z")
fig

# %% [markdown]
# Read the picture twice. With many samples the true group wins, and $\mathrm{O}(3)$ has hit its floor. With *few*
# samples $\mathrm{O}(3)$, which is **wrong**, does better than the truth: its bias is smaller than the variance
# that it saves. The curves cross where $\|W - \bar W\|^2 = \sigma^2 / n$. A wrong symmetry can be a good model; it
# cannot stay one.
#
# ## 2. A law that is not linear
#
# A ball on a spring flies through air that gets thinner with height, and gravity pulls it down:
#
# $$a(x, v) = -x - \tfrac12 e^{-z/2}\,|v|\,v - g\, e_z .$$
#
# Its symmetry is $\mathrm{O}(2)$ about the vertical. We will also switch on a magnetic field, $b\, e_z \times v$,
# later. What does each hypothesis cost? Before any training, average the law over the group, as in section 1:


# %%
def law(x: np.ndarray, b: float = 0.0, g: float = 0.5) -> np.ndarray:
    """Accelerations (n, 3) from positions and velocities (n, 6)."""
    pos, v = x[:, :3], x[:, 3:]
    drag = 0.5 * np.exp(-pos[:, 2:] / 2) * np.linalg.norm(v, axis=1, keepdims=True) * v
    return -pos - drag - g * np.array([0, 0, 1]) + b * np.cross(np.array([0, 0, 1]), v)


def floor(group: Group, b: float = 0.0, samples: int = 400) -> float:
    """Root mean square of f minus its average over the group, relative to the spread of f."""
    x = np.random.default_rng(1).standard_normal((500, 6))
    mean = np.zeros((500, 3))
    for h in group.sample(samples, rng=2):
        turned = np.concatenate([x[:, :3] @ h.T, x[:, 3:] @ h.T], 1)
        mean += law(turned, b) @ h / samples  # h⁻¹ = hᵀ acts on rows from the right as h
    return float(np.sqrt(((law(x, b) - mean) ** 2).sum(1).mean()) / SPREAD)


SPREAD = float(np.sqrt((law(np.random.default_rng(1).standard_normal((5000, 6))) ** 2).sum(1).mean()))
floors = {name: floor(group) for name, group in GROUPS.items()}
print("predicted floors:", {name: round(f, 3) for name, f in floors.items()})
assert floors["O(2) about z"] < 1e-10
assert floors["O(3)"] > 0.2

# %% [markdown]
# ## 3. One network, four groups
#
# The network is the same `EMLP` each time; the group is its argument. The data are the same, with a little noise.


# %%
def data(n: int, seed: int, b: float = 0.0) -> tuple[Tensor, Tensor]:
    """Positions and velocities (n, 6), and accelerations (n, 3) in units of their spread, with noise."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 6))
    y = law(x, b) / SPREAD + 0.02 * rng.standard_normal((n, 3))
    return torch.from_numpy(x).float(), torch.from_numpy(y).float()


def trained(group: Group, x: Tensor, y: Tensor, steps: int = 250, lr: float = 1e-2) -> nn.Module:
    """An EMLP from two vectors to a vector; Adam with a falling rate."""
    torch.manual_seed(0)
    net = EMLP(2 * V, V, group=group, hidden=40, layers=2)
    optimizer = torch.optim.Adam(net.parameters(), lr)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    draw = torch.Generator().manual_seed(0)
    for _ in range(steps):
        some = torch.randint(len(x), (min(len(x), 100),), generator=draw)
        loss = (net(x[some]) - y[some]).square().sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        rate.step()
    return net.eval()


@torch.no_grad()
def squares(net: nn.Module, x: Tensor, y: Tensor) -> np.ndarray:
    """Squared error of every sample."""
    return (net(x) - y).square().sum(1).numpy()


sizes = (20, 60, 200, 1000)
x, y = data(max(sizes), 0)
x_val, y_val = data(400, 1)
curves, nets = {}, {}
for name, group in GROUPS.items():
    curves[name] = []
    for n in sizes:
        nets[name] = trained(group, x[:n], y[:n])
        curves[name].append(float(np.sqrt(squares(nets[name], x_val, y_val).mean())))
    weights = sum(p.numel() for p in nets[name].parameters())
    print(f"{name:>14}: {weights:5d} weights, validation errors {np.round(curves[name], 3)}")
assert_equivariant(nets["O(2) about z"], rtol=1e-4)

fig = plot.figure(6.5, 4)
axes = fig.subplots()
for k, (name, curve) in enumerate(curves.items()):
    axes.loglog(sizes, curve, "o-", color=f"C{k}", label=name)
axes.axhline(floors["O(3)"], color="C3", linestyle="--", linewidth=1, label="floor of O(3), predicted")
axes.set(xlabel="training samples", ylabel="validation error", title="the same data under four hypotheses")
axes.legend(fontsize=8)
last = {name: curve[-1] for name, curve in curves.items()}
assert last["O(3)"] > 0.9 * floors["O(3)"]  # nothing gets below the floor
assert last["O(2) about z"] < 0.6 * last["O(3)"]
assert all(curves["O(2) about z"][k] < curves["nothing"][k] for k in range(len(sizes)))
fig

# %% [markdown]
# At the right end, whatever assumes no more than is true keeps falling, and $\mathrm{O}(3)$ lies on the floor that we
# computed before training it. The network without symmetry pays for its freedom at every size. $\mathrm{SO}(2)$ and
# $\mathrm{O}(2)$ can hardly be told apart: mirrors that are true but not needed neither help nor hurt much here.
#
# ## 4. A test
#
# "This curve is lower" is not a test. Make one: two hypotheses $H \subset G$, a network for each, trained on the same
# samples; a validation set that neither has seen. If the larger group $G$ were true, its network should win on at least
# half of the validation samples: it has learned from the same data with fewer functions to choose from. Count the
# samples on which the smaller group is nearer, and ask how surprising the count is: a sign test.


# %%
def p_value(smaller: np.ndarray, larger: np.ndarray) -> float:
    """Chance of so many victories of the smaller group, if each were at most even."""
    return float(binomtest(int((smaller < larger).sum()), len(smaller), 0.5, alternative="greater").pvalue)


names = list(GROUPS)
chain = [
    (small, large, p_value(squares(nets[small], x_val, y_val), squares(nets[large], x_val, y_val)))
    for small, large in pairwise(names)
]
for small, large, p in chain:
    print(
        f"is {large:>14} too much, compared with {small:>14}?  p = {p:.1e}",
        "-> yes" if p < 1e-3 else "-> no sign of it",
    )
assert [p < 1e-3 for _, _, p in chain] == [False, False, True]

# %% [markdown]
# The chain of hypotheses is accepted up to $\mathrm{O}(2)$ and rejected at $\mathrm{O}(3)$, which is the truth.
#
# ### Power: was there a magnetic field?
#
# A magnetic field along $z$ keeps rotations about $z$ and breaks the mirrors: $e_z \times v$ is a swirl. So the
# question "is there a field?" is the question "$\mathrm{SO}(2)$ or $\mathrm{O}(2)$?". We switch on fields of growing
# size, and let the two networks vote:

# %%
fields, p_values, predicted = (0.0, 0.01, 0.05, 0.2), [], []
for b in fields:
    x_b, y_b = data(300, 2, b)
    x_new, y_new = data(400, 3, b)
    pair = [squares(trained(GROUPS[name], x_b, y_b), x_new, y_new) for name in ("SO(2) about z", "O(2) about z")]
    p_values.append(p_value(*pair))
    predicted.append(floor(GROUPS["O(2) about z"], b))
    errors = [round(float(np.sqrt(e.mean())), 3) for e in pair]
    print(f"b = {b:4}: predicted floor of O(2) {predicted[-1]:.3f}, errors {errors}, p = {p_values[-1]:.1e}")
assert p_values[0] > 0.01
assert p_values[-1] < 1e-6
assert np.allclose(predicted[-1], 0.2 * 2**0.5 / SPREAD, rtol=0.1)  # b times the rms of the velocity across the axis

fig = plot.figure(6, 3.2)
axes = fig.subplots()
axes.semilogy(range(len(fields)), np.maximum(p_values, 1e-30), "o-")
axes.axhline(1e-3, color="0.5", linestyle="--")
axes.set(xticks=range(len(fields)), xticklabels=fields, xlabel="magnetic field $b$", ylabel="p-value of the mirrors")
fig

# %% [markdown]
# A field whose floor lies far below the errors of both networks goes unnoticed: the test has no **power** there. That
# is no defect. It says that at this sample size the mirrors are a harmless, even a helpful assumption.
#
# What a test of this kind can and cannot say:
#
# * it compares two *trained* networks, not two groups. If the training of one fails, the test blames the group. Check
#   that training losses are comparable, and repeat with other seeds;
# * don't choose the hypothesis and test it on the same validation set;
# * data that fill only one orientation cannot reject a symmetry: nothing in them contradicts it. Look at the inputs
#   first.
#
# ## Exercises
#
# 1. Put the network of the true group under two other hypotheses that are not in the chain: $z \to -z$ alone, and turns
#    by 120° about $z$. Predict the floors, then train.
# 2. Where would the linear example's curves cross for $W = \mathrm{diag}(1, 1, 1.03)$? Check.
# 3. Instead of choosing between $\mathrm{O}(3)$ and $\mathrm{O}(2)$, *mix*: the sum of an $\mathrm{O}(3)$ network and a
#    small network without symmetry, with a penalty on the second (Finzi et al., *Residual pathway priors*,
#    [arXiv:2112.01388](https://arxiv.org/abs/2112.01388)). What does the penalty do at 20 and at 1,000 samples?
# 4. `intertwine train nbody --dataset springs` has the same question on plane springs; compare `--group` with `O(3)`,
#    `azimuthal` and `Trivial(3)`.
