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
# # 10 · The Lorentz group: jets
#
# Two protons collide at the Large Hadron Collider, and a spray of particles, a *jet*, hits the detector. Was it started
# by a top quark, or by any of the thousand common things? The data are four-momenta: for every particle its energy and
# three components of momentum. Which numbers of them can matter? Those on which observers agree who fly past each other
# at any speed. That is a symmetry group, and it is not compact, which breaks several habits of the trade.
#
# You will
#
# 1. meet a group whose elements have no bound, and see an ordinary network fall apart under it;
# 2. find all invariants of four-momenta by solving;
# 3. make jets by a toy cascade, and tell two kinds apart with a network that knows $\mathrm{O}(1,3)$;
# 4. ask which symmetry a *detector* has, and break the group on purpose.

# %%
import networkx as nx
import numpy as np
import torch
from intertwine import plot
from intertwine.emlp import EMLP, InvariantMap, Norm
from intertwine.groups import SO, Group, Lorentz, O, same_group
from intertwine.reps import Scalar, T, V, invariant_polynomials
from intertwine.testing import assert_equivariant, equivariance_error
from torch import Tensor, nn

ETA = np.diag([1.0, -1.0, -1.0, -1.0])

# %% [markdown]
# ## 1. Boosts
#
# An observer who flies along $z$ with rapidity $\eta$ (velocity $\tanh\eta$ in units of light) measures
#
# $$\begin{pmatrix}E' \\ p_z'\end{pmatrix} = \begin{pmatrix}\cosh\eta & \sinh\eta \\ \sinh\eta & \cosh\eta\end{pmatrix}
# \begin{pmatrix}E \\ p_z\end{pmatrix}.$$
#
# Take a particle of mass 1 at rest and let observers pass by.


# %%
def boost(rapidity: float, direction: np.ndarray) -> np.ndarray:
    """The boost along a unit vector."""
    c, s = np.cosh(rapidity), np.sinh(rapidity)
    matrix = np.eye(4)
    matrix[0, 0] = c
    matrix[0, 1:] = matrix[1:, 0] = s * direction
    matrix[1:, 1:] += (c - 1) * np.outer(direction, direction)
    return matrix


z = np.array([0.0, 0, 1])
rest = np.array([1.0, 0, 0, 0])
rapidities = np.linspace(-2.2, 2.2, 45)
seen = np.array([boost(r, z) @ rest for r in rapidities])

fig = plot.figure(9, 3.4)
left, right = fig.subplots(1, 2)
left.plot(seen[:, 3], seen[:, 0], "o-", markersize=3, label="mass 1")
light = np.array([boost(r, z) @ [0.5, 0, 0, 0.5] for r in rapidities if r < 2])
left.plot(light[:, 3], light[:, 0], "s", markersize=3, color="C1", label="light")
left.plot([-5, 0, 5], [5, 0, 5], color="0.7", linewidth=1)
left.set(xlabel="$p_z$", ylabel="$E$", title="one particle, many observers", xlim=(-5, 5), ylim=(0, 5))
left.legend()
right.semilogy(rapidities, np.linalg.norm(seen, axis=1), label=r"$\sqrt{E^2 + p^2}$")
right.semilogy(rapidities, np.sqrt(seen[:, 0] ** 2 - (seen[:, 1:] ** 2).sum(1)), label=r"$\sqrt{E^2 - p^2}$")
right.set(xlabel="rapidity of the observer")
right.legend()
assert np.allclose(seen[:, 0] ** 2 - (seen[:, 1:] ** 2).sum(1), 1)
fig

# %% [markdown]
# The points run along a hyperbola and never come back: the group is **not compact**. Three consequences:
#
# * there is no average over the group (the integral diverges), so "symmetrise by averaging" is out;
# * there is no invariant length: whatever is invariant is made with the indefinite $E^2 - p^2$, which can vanish
#   for a vector that is not zero (light), so nothing may be divided by it;
# * augmentation never gets to the end: however many boosts you train on, a faster observer may come.
#
# The last point is worth seeing. Ask a plain network for the mass of pairs, $(p_1 + p_2)^2$, trained on observers of
# small rapidity, and boost the test pairs further and further. We will do so in a moment, with a competitor. First:
#
# ## 2. What is invariant?
#
# Say what is preserved and let the library find the group:

# %%
G = Group.preserving(np.diag([1, -1, -1, -1]), name="by its form")
assert same_group(G, Lorentz())
print("algebra:", len(Lorentz().algebra), "generators (three rotations, three boosts)")
print("and", len(Lorentz().discrete), "mirrors, of time and of space, so that there are four components")
print("invariants of one momentum, degrees 1 to 4:")
for degree in (1, 2, 3, 4):
    print("  ", degree, invariant_polynomials(Lorentz(), degree))
assert [len(invariant_polynomials(Lorentz(), k)) for k in (1, 2, 3, 4)] == [0, 1, 0, 1]

# %% [markdown]
# One invariant: the squared mass. Of *several* momenta, all products $p_i \cdot p_j$. Is that all? For
# $\mathrm{O}(1,3)$ the first fundamental theorem says yes; the count by the solver agrees. Four momenta, linear in
# each, have three invariants, the pairings $(12)(34), (13)(24), (14)(23)$. Only without mirrors is there a fourth, the
# determinant $\epsilon(p_1, p_2, p_3, p_4)$, which is odd under parity:

# %%
connected = SO(1, 3, connected=True)
counts = {group.name: (Scalar >> T(4))(group).dim for group in (Lorentz(), connected)}
print(counts)
assert list(counts.values()) == [3, 4]
print((V * V)(Lorentz()).decompose())

# %% [markdown]
# What about norms? On a compact group one normalises features by their length. Here there is none to normalise by, and
# the library says so; the indefinite form is there to be used where it makes sense:

# %%
try:
    Norm(V, group=Lorentz())
except ValueError as error:
    print("ValueError:", error)
else:
    raise AssertionError("a norm of four-vectors was made up")
masses = InvariantMap(2 * V, group=Lorentz(), dtype=torch.float64)
pair = torch.tensor([[3.0, 0, 0, 1, 1.0, 0, 0, 1]], dtype=torch.float64)
print(f"InvariantMap of p² = 8 and of light: {masses(pair).numpy()}")
broken = equivariance_error(lambda p: p / p.norm(dim=-1, keepdim=True), Lorentz(), V, V)
print(f"dividing by sqrt(E² + p²) breaks the symmetry by {broken:.0%}")
assert broken > 0.1

# %% [markdown]
# ### Far observers
#
# Now the promised experiment: predict $(p_1 + p_2)^2$ of two particles.


# %%
def pairs(n: int, most: float, seed: int) -> tuple[Tensor, Tensor]:
    """Two momenta (n, 8) of mass 1, seen by observers of rapidity up to ``most``, and (p1 + p2)² (n, 1)."""
    rng = np.random.default_rng(seed)
    p = 0.7 * rng.standard_normal((n, 2, 3))
    p = np.concatenate([np.sqrt(1 + (p**2).sum(-1, keepdims=True)), p], -1)
    ways = rng.standard_normal((n, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    boosts = np.stack([boost(r, w) for r, w in zip(rng.uniform(0, most, n), ways)])
    p = np.einsum("nij,nkj->nki", boosts, p)
    total = p.sum(1)
    target = np.einsum("ni,ij,nj->n", total, ETA, total)
    return torch.from_numpy(p.reshape(n, 8)).float(), torch.from_numpy(target)[:, None].float()


def trained(net: nn.Module, x: Tensor, y: Tensor, loss_of, steps: int, lr: float) -> nn.Module:
    """Adam with a falling rate."""
    optimizer = torch.optim.Adam(net.parameters(), lr)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    draw = torch.Generator().manual_seed(0)
    for _ in range(steps):
        some = torch.randint(len(x), (128,), generator=draw)
        loss = loss_of(net(x[some]), y[some])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        rate.step()
    return net.eval()


def mlp(fan_in: int, out: int, width: int = 96) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Linear(fan_in, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, out))
    )


x, y = pairs(2000, 1.0, 0)
centre, spread = y.mean(), y.std()
torch.manual_seed(0)
mse = nn.functional.mse_loss
lorentz = trained(EMLP(2 * V, Scalar, group=Lorentz(), hidden=32, layers=1), x, (y - centre) / spread, mse, 400, 2e-2)
plain = trained(mlp(8, 1), x, (y - centre) / spread, mse, 1500, 3e-3)

far = np.linspace(0, 3, 13)
curves = {"O(1, 3)": [], "plain": []}
for r in far:
    x_test, y_test = pairs(500, float(r), 1)
    for name, net in (("O(1, 3)", lorentz), ("plain", plain)):
        with torch.no_grad():
            guess = net(x_test) * spread + centre
        curves[name].append(float((guess - y_test).square().mean().sqrt() / spread))

fig = plot.figure(6, 3.6)
axes = fig.subplots()
for name, curve in curves.items():
    axes.semilogy(far, curve, "o-", label=name)
axes.axvspan(0, 1, color="0.9", label="trained on these observers")
axes.set(xlabel="largest rapidity of the observer", ylabel="error / spread", title="the mass of a pair")
axes.legend()
assert_equivariant(lorentz, rtol=1e-3)
assert max(curves["O(1, 3)"]) < 0.05
assert curves["plain"][-1] > 10 * curves["plain"][2] > 0
assert curves["plain"][-1] > 0.5
fig

# %% [markdown]
# Where the plain network was trained it does fine. Beyond, it knows nothing, and it doesn't know that it doesn't.
#
# ## 3. Jets by a toy cascade
#
# A quark or gluon radiates: a particle splits into two, these split again, and so on down to light particles that reach
# the detector. A *heavy* particle does one thing more at the start: it decays into two (a W boson) whose momenta in its
# rest frame are fixed by its mass. So the two kinds of jets below differ in the first splitting only. Each splitting
# happens in the rest frame of what splits, in a random direction, and is then boosted along: Lorentz symmetry is built
# into nature's side, too.


# %%
def decayed(p: np.ndarray, m1: float, m2: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A particle of momentum p (4,) decays into masses m1 and m2, isotropically in its rest frame."""
    m = np.sqrt(p @ ETA @ p)
    k = np.sqrt(max((m**2 - (m1 + m2) ** 2) * (m**2 - (m1 - m2) ** 2), 0.0)) / (2 * m)
    n = rng.standard_normal(3)
    n *= k / np.linalg.norm(n)
    size = np.linalg.norm(p[1:])
    along = boost(np.arctanh(min(size / p[0], 1 - 1e-12)), p[1:] / size if size else z)
    return along @ [np.hypot(m1, k), *n], along @ [np.hypot(m2, k), *-n]


def shower(p: np.ndarray, depth: int, rng: np.random.Generator, tree: nx.DiGraph, at: int) -> list[np.ndarray]:
    """Split on, each half with a random share of the mass; returns the momenta of the leaves."""
    if depth == 0:
        return [p]
    m = np.sqrt(p @ ETA @ p)
    share = rng.uniform(0.1, 0.45, 2)
    leaves = []
    for side, q in enumerate(decayed(p, *(m * share), rng)):
        child = 2 * at + side
        tree.add_edge(at, child)
        leaves += shower(q, depth - 1, rng, tree, child)
    return leaves


LEAVES = 8


def jet(heavy: bool, rng: np.random.Generator) -> tuple[np.ndarray, nx.DiGraph]:
    """Momenta of the particles (8, 4) in GeV, and the cascade."""
    mass = rng.uniform(60, 100)  # both kinds have the same masses: that alone tells nothing
    n = rng.standard_normal(3)
    p = boost(rng.uniform(0.5, 1.5), n / np.linalg.norm(n)) @ [mass, 0, 0, 0]
    tree = nx.DiGraph()
    if not heavy:
        return np.array(shower(p, 3, rng, tree, 1)), tree
    leaves: list[np.ndarray] = []
    for side, q in enumerate(decayed(p, 0.12 * mass, 0.12 * mass, rng)):  # two light prongs
        tree.add_edge(1, 2 + side)
        leaves += shower(q, 2, rng, tree, 2 + side)
    return np.array(leaves), tree


rng = np.random.default_rng(0)
fig = plot.figure(10, 3.4)
for k, heavy in enumerate((True, False)):
    momenta, tree = jet(heavy, rng)
    axes = fig.add_subplot(1, 3, k + 1, projection="3d")
    for p in momenta:
        axes.plot(*np.stack([np.zeros(3), p[1:]]).T, color=f"C{k}")
    axes.set(title="two prongs" if heavy else "a shower", xticks=[], yticks=[], zticks=[])
axes = fig.add_subplot(1, 3, 3)
place = {v: (v - 2 ** int(np.log2(v)) + 0.5) / 2 ** int(np.log2(v)) for v in tree}
nx.draw(tree, {v: (u, -int(np.log2(v))) for v, u in place.items()}, ax=axes, node_size=40, node_color="C1")
axes.set_title("the cascade: who split into what")
total = momenta.sum(0)
assert 60 < np.sqrt(total @ ETA @ total) < 100  # momentum is conserved: the leaves weigh what the first particle did
fig

# %% [markdown]
# ### The network
#
# A jet is a *set* of particles. Three symmetries at once: Lorentz transformations of all momenta; permutations of the
# particles; and, unlike for molecules, no translations. Scalar products $p_i \cdot p_j$ take care of the first, and by
# the theorem above nothing is lost. For the second, do what a graph network does: a function $\psi$ of each pair,
# summed over partners, a function $\varphi$ of that, summed over particles (Bogatskiy et al., *PELICAN*,
# [arXiv:2211.00454](https://arxiv.org/abs/2211.00454), make all of it equivariant).
#
# A product of two momenta *is* an equivariant linear map, $V \otimes V \to 1$, so its only coefficient is what the
# solver returns. We take it from there rather than trusting a sign convention:

# %%
form = (V * V >> Scalar)(Lorentz()).basis().dense()[0].reshape(4, 4)
form = form / form[0, 0]
assert np.allclose(form, ETA)


class Pairs(nn.Module):
    """Logits (n, 1) of jets (n, 8 × 4) from a matrix of products of momenta."""

    def __init__(self, form: np.ndarray, width: int = 24) -> None:
        super().__init__()
        self.register_buffer("form", torch.from_numpy(form).float())
        self.psi = nn.Sequential(nn.Linear(1, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.phi = nn.Sequential(nn.Linear(width + 1, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.head = mlp(width, 1, width)

    def forward(self, x: Tensor) -> Tensor:
        p = x.unflatten(1, (LEAVES, 4))
        gram = p @ self.form @ p.mT  # (n, 8, 8)
        gram = torch.asinh(gram / 10.0)  # they range over decades
        rows = self.psi(gram.unsqueeze(-1)).mean(2)
        own = gram.diagonal(dim1=1, dim2=2).unsqueeze(-1)
        return self.head(self.phi(torch.cat([rows, own], -1)).mean(1))


def jets(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Momenta (n, 32) in random order, half of either kind, and labels (n, 1)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    momenta = np.stack([rng.permutation(jet(bool(k), rng)[0]) for k in labels])
    return torch.from_numpy(momenta.reshape(n, -1)).float(), torch.from_numpy(labels)[:, None].float()


def boosted(x: Tensor, rapidity: float, seed: int) -> Tensor:
    """Every jet seen by another observer of this rapidity."""
    ways = np.random.default_rng(seed).standard_normal((len(x), 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    g = torch.from_numpy(np.stack([boost(rapidity, w) for w in ways])).float()
    return torch.einsum("nij,nkj->nki", g, x.unflatten(1, (LEAVES, 4))).flatten(1)


@torch.no_grad()
def accuracy(net: nn.Module, x: Tensor, y: Tensor) -> float:
    return float(((net(x) > 0) == (y > 0.5)).float().mean())


x, y = jets(1500, 0)
x_test, y_test = jets(1000, 1)
nets = {"products with η": Pairs(ETA), "products with 1": Pairs(np.eye(4)), "plain": nn.Sequential(mlp(32, 1))}
scale = {"plain": 20.0}
scores = {}
bce = nn.functional.binary_cross_entropy_with_logits
for name, net in nets.items():
    torch.manual_seed(0)
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    s = scale.get(name, 1.0)
    trained(net, x / s, y, bce, 500, 1e-2 if name != "plain" else 3e-3)
    scores[name] = [accuracy(net, boosted(x_test, r, 2) / s, y_test) for r in (0.0, 1.0, 2.0, 3.0)]
    print(f"{name:>16}: accuracy {scores[name][0]:.3f}; boosted by 1, 2, 3: {np.round(scores[name][1:], 3)}")

fig = plot.figure(6, 3.4)
axes = fig.subplots()
for name, curve in scores.items():
    axes.plot((0, 1, 2, 3), curve, "o-", label=name)
axes.axhline(0.5, color="0.6", linestyle="--", linewidth=1)
axes.set(xlabel="rapidity of the observer", ylabel="accuracy", title="two prongs or a shower?", ylim=(0.45, 1.03))
axes.legend(loc="center right")
assert scores["products with η"][0] > 0.8
assert max(scores["products with η"]) - min(scores["products with η"]) < 0.02
assert scores["products with η"][0] > scores["plain"][0] + 0.1
assert scores["products with 1"][3] < scores["products with η"][3] - 0.1
fig

# %% [markdown]
# "Products with 1" is the same architecture with Euclidean scalar products: a symmetry of rotations in four
# dimensions, which nature does not have. It hardly beats a coin, at home as anywhere: the jets of the training set
# move at all speeds themselves, so the masses it would have to see are hidden from it. One matrix makes the difference
# between 58 % and 99 %, and the solver knew it.
#
# A word on numbers: the network of $\eta$ is invariant in exact arithmetic. In float32, products of large momenta
# cancel ($E^2 - p^2$ of a light, fast particle is the small difference of large squares), and at rapidity 10 nothing
# would be left. Compact groups are forgiving about precision, non-compact ones aren't.
#
# ## 4. The symmetry of a detector
#
# Nature has $\mathrm{O}(1,3)$, but the detector does not: its beam has a direction, $z$. Rotations about the beam and
# boosts along it are all that observers in the tunnel share. Write that group as the subgroup that fixes the plane of
# the beam's structure: Lorentz transformations that leave $x$ and $y$ to an $\mathrm{O}(2)$ and mix $E$ with $p_z$.

# %%
beam = SO(1, 1, connected=True) * O(2)
print(beam, "acts on", beam.d, "coordinates: E, pz and px, py, in this order")
invariants = invariant_polynomials(beam, 2)
print("its invariants of one momentum:", invariants, "-- the transverse mass and the transverse momentum")
assert len(invariants) == 2
r, c = np.cosh(0.7), np.sinh(0.7)
assert np.block([[np.array([[r, c], [c, r]]), np.zeros((2, 2))], [np.zeros((2, 2)), np.eye(2)]]) in beam

# %% [markdown]
# $p_T^2 = p_x^2 + p_y^2$ and $E^2 - p_z^2$: just the two quantities on which every analysis at a collider cuts. A
# smaller group has more invariants; that is what "less symmetric" means. Which of the two groups serves better on real
# jets is a question for data (notebook 11).
#
# ## Real jets
#
# Detectors see dozens of particles per jet, and the two kinds overlap. `intertwine train jets` tells top quarks from
# light quarks and gluons: on jets that the event generator Pythia makes on your machine, or on the public *top quark
# tagging* set of two million jets (Kasieczka et al., [arXiv:1902.09914](https://arxiv.org/abs/1902.09914)):
#
# ```
# pip install '.[jets]'      # in the checkout
# intertwine train jets --samples 1000
# ```
#
# ## Exercises
#
# 1. Add the two beam directions $(1, 0, 0, \pm 1)$ as extra "particles" to the input of `Pairs(ETA)`. Which group is
#    left as its symmetry? (Gong et al., *LorentzNet*, [arXiv:2201.08187](https://arxiv.org/abs/2201.08187).)
# 2. Find the rapidity at which float32 ruins the network of $\eta$. Does float64 help, and how far?
# 3. Collinear splitting: replace a particle by two of half its momentum. Physics asks that nothing changes ("infrared
#    and collinear safety"). Does `Pairs` obey? Change it so that it does.
# 4. Show that no positive definite form on $\mathbb{R}^4$ is invariant: `(Scalar >> Sym(2))(Lorentz()).dim`.
