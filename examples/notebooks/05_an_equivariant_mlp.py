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
# # 5 · An equivariant MLP in ten lines, and what breaks when the group is wrong
#
# Five point masses $m_k$ at $r_k \in \mathbb R^3$. Their inertia tensor is
#
# $$ I = \sum_k m_k \left( |r_k|^2\, 1 - r_k r_k^\mathsf{T} \right) . $$
#
# Forget the formula, and learn it from 200 examples. What we *know* beforehand: if the masses are turned by
# $g \in O(3)$, then $I$ becomes $g I g^\mathsf{T}$; and it does not matter which mass is called the first. The first
# half of the notebook gets a hundredfold smaller error out of these two sentences; the second half says the
# sentences wrong on purpose.

# %%
import time

import torch
from intertwine import plot
from intertwine.emlp import EMLP, Gate, Linear
from intertwine.groups import SO, O, S, Trivial
from intertwine.reps import Det, Scalar, T, V
from intertwine.testing import assert_equivariant, equivariance_error, transform
from torch import nn

torch.set_num_threads(1)


def draw(n, seed):
    """Masses and positions (n, 5 + 15), inertia tensors (n, 9)."""
    rng = torch.Generator().manual_seed(seed)
    m = 0.5 + torch.rand(n, 5, generator=rng, dtype=torch.float64)
    r = torch.randn(n, 5, 3, generator=rng, dtype=torch.float64)
    square = (m * r.square().sum(-1)).sum(1)
    inertia = square[:, None, None] * torch.eye(3, dtype=torch.float64) - torch.einsum("nk,nki,nkj->nij", m, r, r)
    return torch.cat([m, r.flatten(1)], 1), inertia.flatten(1)


# %% [markdown]
# ## 1. Ten lines
#
# Say how input and output transform (notebook 2): five numbers and five vectors go in, a matrix comes out.

# %%
x, y = draw(200, seed=0)
torch.manual_seed(0)
net = EMLP(5 * Scalar + 5 * V, T(2), group=O(3), hidden=64, dtype=torch.float64)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for _ in range(200):
    loss = (net(x) - y).square().mean() / y.var()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(net, f"\ntraining error {loss:.4f} of the variance")
assert loss < 0.05

# %% [markdown]
# What is inside? Every matrix of the network is a combination of the solved maps of notebook 3, and the trained
# numbers are the coefficients. A plain layer from 64 to 64 features has 4,096 weights. The equivariant one mixes
# copies of the same irrep:

# %%
hidden = net.hidden_rep
print(hidden, "  dimension", hidden(O(3)).dim, "  equivariant maps to itself:", (hidden >> hidden)(O(3)).dim)
assert (hidden >> hidden)(O(3)).dim == sum(n * n for n, _ in hidden.summands())

# %% [markdown]
# Linear maps alone make no network, and a ReLU on the components of a vector would spoil everything: which components
# are negative depends on the axes. So a nonlinearity may act on *invariants* (any function), *scale* a vector by an
# invariant (a gate), or *multiply* features (a tensor product, decomposed into irreps). `EMLP` does all three.
#
# Equivariance is not a hope. Before training, during, and after, for elements that no one has ever tried:

# %%
g = O(3).sample(rng=7)
turned = transform(x, net.rep_in, g)
assert torch.allclose(net(turned), transform(net(x), net.rep_out, g), atol=1e-10)
assert_equivariant(net)
print(f"equivariance error on random elements: {equivariance_error(net):.1e}")

# %% [markdown]
# One can also look layer by layer. Here is a network put together by hand, `Linear`, `Gate`, `Linear`, and the same
# with a slip: somebody used a ReLU on all components. It is declared as a map of the same representation, so it is
# checked as one.


# %%
class Slip(nn.Module):
    """A ReLU on every component of scalars and vectors."""

    def __init__(self, rep, group):
        super().__init__()
        self.rep_in = self.rep_out = rep(group)
        self.group = group

    def forward(self, h):
        return torch.relu(h)


features = 16 * Scalar + 8 * V
gate = Gate(features, O(3))
first, last = Linear(5 * Scalar + 5 * V, gate.rep_in, O(3)), Linear(features, T(2), O(3))
second = Linear(features, features, O(3))
drawn = plot.figure(10, 3)
for axes, middle in zip(drawn.subplots(1, 2), ([gate], [gate, second, Slip(features, O(3))])):
    plot.equivariance_errors(nn.Sequential(first, *middle, last), x[:8].float(), rep_in=5 * Scalar + 5 * V, axes=axes)
drawn

# %%
assert equivariance_error(Slip(features, O(3))) > 0.1
assert equivariance_error(nn.Sequential(first, gate, last), O(3), 5 * Scalar + 5 * V, T(2)) < 1e-5

# %% [markdown]
# ## 2. More symmetry, less symmetry
#
# Now a comparison, everything equal but the group:
#
# * **O(3) × S(5)**: turns and mirrors, and permutations of the masses. Over a product group one writes which factor a
#   vector belongs to: masses are `V(S(5))`, positions `V(S(5)) * V(O(3))`.
# * **O(3)** as above.
# * **trivial**: nothing is known; the same code then builds an ordinary multilayer perceptron (with products).

# %%
STEPS, BATCH = 200, 100
test_x, test_y = draw(1000, seed=1)
VARIANCE = test_y.var()


def train(net, x, y, steps=STEPS, lr=1e-2):
    """Adam on random batches with a warm-up and a decay; returns the losses."""
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    rng = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(steps):
        batch = torch.randperm(len(x), generator=rng)[:BATCH]
        loss = (net(x[batch]) - y[batch]).square().mean() / y.var()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


def tested(rep_in, rep_out, group, n):
    """Train on n examples; the network, and its test error in units of the variance."""
    torch.manual_seed(0)
    net = EMLP(rep_in, rep_out, group=group, hidden=64, dtype=torch.float64)
    losses = train(net, *draw(n, seed=0))
    with torch.no_grad():
        error = float((net(test_x) - test_y).square().mean() / VARIANCE)
    return net, losses[-1], error


space, names = O(3), S(5)
candidates = {
    "O(3) × S(5)": (V(names) + V(names) * V(space), V(space) * V(space), space * names),
    "O(3)": (5 * Scalar + 5 * V, T(2), O(3)),
    "trivial": (5 * Scalar + 5 * V, T(2), Trivial(3)),
}
sizes = [50, 200, 800]
errors, networks = {}, {}
began = time.process_time()
for name, (rep_in, rep_out, group) in candidates.items():
    found = [tested(rep_in, rep_out, group, n) for n in sizes]
    errors[name] = [error for _, _, error in found]
    networks[name] = found[1][0]
    print(f"{name:12}", "  ".join(f"{n}: {error:.4f}" for n, error in zip(sizes, errors[name])))
print(f"{time.process_time() - began:.0f} s")

# %%
drawn = plot.figure(5.5, 3.6)
axes = drawn.subplots()
for name, values in errors.items():
    axes.loglog(sizes, values, "o-", label=name)
axes.set_xticks(sizes, [str(n) for n in sizes])
axes.minorticks_off()
axes.set(xlabel="training examples", ylabel="test error / variance", title="what symmetry is worth in examples")
axes.legend(fontsize=8)
assert errors["O(3) × S(5)"][1] < errors["O(3)"][1] < errors["trivial"][1]
assert errors["O(3) × S(5)"][0] < errors["trivial"][2], "50 examples and a symmetry beat 800 without"
drawn

# %% [markdown]
# Does the network without symmetry *learn* to be equivariant? A little, near the data. That is the best augmentation
# or more data can do; nothing pins it down elsewhere.

# %%
for name, net in networks.items():
    rep_in, rep_out, group = candidates[name]
    own = (None, None, None) if name == "O(3) × S(5)" else (O(3), 5 * Scalar + 5 * V, T(2))
    error = equivariance_error(net, *own)
    print(f"{name:12} error under rotations and mirrors: {error:.1e}")
    assert (error > 1e-2) == (name == "trivial")

# %% [markdown]
# ## 3. The wrong group
#
# There are two ways of being wrong. A group that is *too small* costs examples, as we saw. A group that is **too
# large, or another one**, asks for something false, and then no amount of data helps.
#
# ### Another group of the same size
#
# Take $O(1, 2)$ for the symmetry: it preserves $x^2 - y^2 - z^2$. It has as many dimensions as $O(3)$, the network
# has *exactly as many* weights, and trains without complaint.

# %%
net, train_error, test_error = tested(5 * Scalar + 5 * V, T(2), O(1, 2), 200)
own, true = equivariance_error(net), equivariance_error(net, O(3), 5 * Scalar + 5 * V, T(2))
print(f"O(1, 2): training error {train_error:.3f}, test error {test_error:.3f}")
print(f"equivariance error under O(1, 2): {own:.0e}, under O(3): {true:.1f}")
assert sum(p.numel() for p in net.parameters()) == sum(p.numel() for p in networks["O(3)"].parameters())
assert own < 1e-9
assert true > 0.1
assert test_error > 10 * errors["O(3)"][1]

# %% [markdown]
# It fits the training set: five vectors in general position can be told apart by their Minkowski products, too. And
# it is a perfectly equivariant function, of the wrong group: off the training set it continues the data along
# hyperbolas. **A small equivariance error says that the code is right. It does not say that the group is.** Only a
# held-out error can.
#
# ### The right group, but a wrong representation
#
# A more frequent accident: declare the nine numbers of the output as nine scalars. For the network they are then
# *invariant*; turning the masses must not change them.

# %%
_, train_error, test_error = tested(5 * Scalar + 5 * V, 9 * Scalar, O(3), 200)
best = float((test_y - test_y.mean(0)).square().mean() / VARIANCE)
print(f"nine scalars: training error {train_error:.3f}, test error {test_error:.3f}; predicting the mean: {best:.3f}")
assert test_error > 5 * errors["O(3)"][1]

# %% [markdown]
# What can an invariant function say at best? The average of $gIg^\mathsf{T}$ over all turns,
# $\frac13 \operatorname{tr}(I)\,1$. So there is a floor, and one can compute it: the traceless part of $I$ is lost.

# %%
inertia = test_y.unflatten(1, (3, 3))
traceless = inertia - inertia.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * torch.eye(3, dtype=torch.float64)
floor = float(traceless.square().mean() / VARIANCE)
print(f"floor for any invariant prediction: {floor:.3f}")
assert test_error > 0.9 * floor

# %% [markdown]
# ### Mirrors
#
# Angular momentum is $L = r \times p$. Is it a vector? Declare it as one over $O(3)$, and training goes nowhere at
# all: the inversion $-1$ maps $(r, p)$ to $(-r, -p)$ and leaves $L$ as it is, while the network must return $-L$.
# Over $SO(3)$, or as the pseudovector that it is, `Det * V`, it is easy.

# %%
pairs = torch.randn(1000, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
momentum = torch.linalg.cross(pairs[:, :3], pairs[:, 3:])
declared = {"V over O(3)": (V, O(3)), "V over SO(3)": (V, SO(3)), "Det * V over O(3)": (Det * V, O(3))}
drawn = plot.figure(6, 3.4)
axes = drawn.subplots()
final = {}
for name, (rep_out, group) in declared.items():
    torch.manual_seed(0)
    net = EMLP(2 * V, rep_out, group=group, hidden=32, layers=2, dtype=torch.float64)
    axes.semilogy(train(net, pairs[:500], momentum[:500]), label=name)
    with torch.no_grad():
        final[name] = float((net(pairs[500:]) - momentum[500:]).square().mean() / momentum.var())
axes.set(xlabel="step", ylabel="loss / variance", title="learning r × p")
axes.legend(fontsize=8)
print("on held-out pairs:", {name: round(error, 4) for name, error in final.items()})
assert final["V over O(3)"] > 0.9
assert max(final["V over SO(3)"], final["Det * V over O(3)"]) < 0.02
drawn

# %% [markdown]
# The flat line is worth remembering. (The little it loses is memorised, and missing on held-out pairs.) *A loss that
# stays at the variance from the first step is the signature of a group that is too large.* And it could have been
# known before training: ask for the Hom spaces.

# %%
for group, rep_out in ((O(3), V), (O(3), Det * V), (SO(3), V)):
    print(f"bilinear maps V ⊗ V → {rep_out!r:7} over {group.name}: {(V * V >> rep_out)(group).dim}")
assert (V * V >> V)(O(3)).dim == 0

# %% [markdown]
# ### A field that breaks the symmetry
#
# Throw balls: the data know where *down* is. Where a ball is after one second, $r + v + \frac12 g$ with
# $g = -9.81\, e_z$, is no $O(3)$-equivariant function of $r$ and $v$: an equivariant function of nothing, $e_z$, is
# not there. Two cures: the **subgroup** that fixes $e_z$, which the library computes; or keep $O(3)$, and give
# gravity as an **input**, a vector like the others. The second network then also knows what happens on a tilted
# table.

# %%
balls = torch.randn(300, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
down = torch.tensor([0, 0, -1.0], dtype=torch.float64).expand(300, 3)
later = balls[:, :3] + balls[:, 3:] + 0.5 * 9.81 * down
upright = O(3).subgroup(fixing=[0, 0, 1])
print(upright.describe())
results = {}
for name, inputs, rep_in, group in (
    ("O(3)", balls, 2 * V, O(3)),
    ("fixing e_z", balls, 2 * V, upright),
    ("O(3), gravity given", torch.cat([balls, down], 1), 3 * V, O(3)),
):
    torch.manual_seed(0)
    model = EMLP(rep_in, V, group=group, hidden=32, layers=2, dtype=torch.float64)
    results[name] = train(model, inputs, later)[-1]
    print(f"{name:20} loss {results[name]:.1e} of the variance")
assert results["O(3)"] > 0.3
assert max(results["fixing e_z"], results["O(3), gravity given"]) < 1e-2

# %%
tilted = down @ torch.from_numpy(SO(3).sample(rng=0)).T  # another planet, another direction
prediction = model(torch.cat([balls, tilted], 1)).detach()
error = float((prediction - (balls[:, :3] + balls[:, 3:] + 0.5 * 9.81 * tilted)).square().mean() / later.var())
print(f"gravity in a direction never seen: {error:.1e} of the variance")
assert error < 0.05

# %% [markdown]
# ## A checklist
#
# 1. Write down $\rho$ for every input and output, and turn one sample by hand.
# 2. `(rep_in >> rep_out)(G).dim` and the same for products: is there any map at all?
# 3. `assert_equivariant(net)`: is the code right?
# 4. Held-out error against a smaller group: is the *group* right? If the smaller group wins, the data break the
#    symmetry.
#
# ## Exercises
#
# 1. Add $10\,\%$ noise to the tensors of section 2 along one fixed axis. At which number of examples does the trivial
#    group overtake $O(3)$? Which subgroup beats both?
# 2. The formula of $I$ is a polynomial of degree three. Build the invariants $m_k$, the products
#    $r_k r_l^\mathsf{T}$, and fit by least squares. How many examples do you need? Which symmetries did you use?
# 3. Train on masses in a plane ($z = 0$) and test in space. Which of the three networks of section 2 survives?
#    Explain by the orbits of $O(3)$.
