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
# # 8 · Point convolutions on molecules
#
# A molecule is a set of atoms in space. Nobody told it where the origin is, how the axes lie, or in which order we list
# its atoms. Its energy depends on none of these, its dipole moment turns with it, and so do the forces on its atoms.
#
# You will
#
# 1. write an equivariant message by hand, and then use the layer that contains all of them;
# 2. see an **untrained** network obey Curie's principle on real molecules;
# 3. learn forces, directly and as the gradient of an energy, with one word deciding whether a network knows rotations;
# 4. see a network that cannot tell a left from a right hand, and repair it.
#
# Everything here is offline: six real molecules typed in, and energies by a formula. How to get a hundred thousand
# computed by quantum chemistry is said at the end.

# %%
import numpy as np
import torch
from intertwine import plot
from intertwine.conv import PointConv, radius_graph
from intertwine.conv.models import MessagePassing
from intertwine.groups import SO, Group, O, Trivial
from intertwine.reps import Det, Scalar, T, V
from intertwine.testing import assert_equivariant
from torch import Tensor, nn

ELEMENTS = "HCNO"
s = 1.087 / 3**0.5  # methane's C–H bond along a diagonal of the cube
MOLECULES = {  # measured geometries in Å; partial charges in elementary charges
    "water": [("O", (0, 0, 0.117), -0.8), ("H", (0, 0.757, -0.469), 0.4), ("H", (0, -0.757, -0.469), 0.4)],
    "ammonia": [
        ("N", (0, 0, 0.116), -0.9),
        *(("H", (0.939 * np.cos(t), 0.939 * np.sin(t), -0.271), 0.3) for t in 2 * np.pi * np.arange(3) / 3),
    ],
    "methane": [
        ("C", (0, 0, 0), -0.4),
        *(("H", (s * a, s * b, s * a * b), 0.1) for a in (1, -1) for b in (1, -1)),
    ],
    "carbon dioxide": [("C", (0, 0, 0), 0.7), ("O", (0, 0, 1.162), -0.35), ("O", (0, 0, -1.162), -0.35)],
    "formaldehyde": [
        *(("C", (0, 0, 0), 0.3), ("O", (0, 0, 1.205), -0.4)),
        *(("H", (0, 0.943, -0.588), 0.05), ("H", (0, -0.943, -0.588), 0.05)),
    ],
    "hydrogen cyanide": [("H", (0, 0, -1.064), 0.2), ("C", (0, 0, 0), 0.1), ("N", (0, 0, 1.156), -0.3)],
}


def atoms(name: str, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Features (n, 5), element and charge, and positions (n, 3)."""
    found = MOLECULES[name]
    kinds = torch.tensor([[float(e == k) for k in ELEMENTS] + [q] for e, _, q in found], dtype=dtype)
    return kinds, torch.tensor([p for _, p, _ in found], dtype=dtype)


def show(axes, name: str, pos: np.ndarray, arrows: np.ndarray | None = None, colour: str = "C3") -> None:
    """Balls, sticks, and an arrow for every atom."""
    kinds = [e for e, _, _ in MOLECULES[name]]
    for i in range(len(pos)):
        for j in range(i):
            if np.linalg.norm(pos[i] - pos[j]) < 1.4 and "HH" not in kinds[i] + kinds[j]:
                axes.plot(*pos[[i, j]].T, color="0.6", linewidth=3)
    colours = {"H": "0.85", "C": "0.3", "N": "C0", "O": "C1"}
    axes.scatter(*pos.T, s=[60 if k == "H" else 140 for k in kinds], c=[colours[k] for k in kinds], edgecolors="k")
    if arrows is not None:
        axes.quiver(*pos.T, *arrows.T, color=colour)
    axes.set(title=name, xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), zlim=(-1.2, 1.2), box_aspect=(1, 1, 1))
    axes.set_axis_off()


fig = plot.figure(11, 2.4)
for k, name in enumerate(MOLECULES):
    show(fig.add_subplot(1, 6, k + 1, projection="3d"), name, atoms(name)[1].numpy())
fig

# %% [markdown]
# ## 1. A message by hand
#
# Send along each edge $j \to i$ a vector: the relative position times a function of the distance and of the sender,
#
# $$y_i = \sum_j \varphi(|x_j - x_i|)\, q_j\, (x_j - x_i).$$
#
# Shifts cancel in the difference; a rotation passes through, because $|gx| = |x|$ leaves $\varphi$ alone and $g$ can be
# pulled in front of the sum; relabelling atoms relabels the terms. Three symmetries for one formula. Check it:


# %%
def by_hand(q: Tensor, pos: Tensor) -> Tensor:
    """Vectors (n, 3) from charges (n,) and positions."""
    apart = pos[None] - pos[:, None]  # (i, j, 3)
    weight = torch.exp(-apart.square().sum(-1)) * q
    return (weight[..., None] * apart).sum(1)


kinds, pos = atoms("formaldehyde")
g = torch.from_numpy(O(3).sample(rng=0))
order = torch.tensor([2, 0, 3, 1])
y = by_hand(kinds[:, 4], pos)
assert torch.allclose(by_hand(kinds[:, 4], pos @ g.T + 5.0), y @ g.T)
assert torch.allclose(by_hand(kinds[order, 4], pos[order]), y[order])

# %% [markdown]
# `PointConv` contains every message of this kind, for any representations of any group: it is $y_i = \sum_j K(x_j -
# x_i) f_j$ with a kernel that satisfies $K(gx) = \rho_{out}(g) K(x) \rho_{in}(g)^{-1}$ (notebook 6 derives it). Here
# from element and charge (five scalars) to a scalar and a vector:

# %%
torch.manual_seed(0)
conv = PointConv(5 * Scalar, Scalar + V, group=O(3), cutoff=3.0, dtype=torch.float64)
edges = radius_graph(pos, 3.0)
print(conv)
assert_equivariant(conv, inputs=(kinds, pos, edges), rep_in=(conv.rep_in, V, None))
assert torch.allclose(conv(kinds, pos + 5.0, edges), conv(kinds, pos, edges))
axes = plot.kernel(conv, component=(1, 0))
axes.set_title("scalar → vector")
axes.figure

# %% [markdown]
# ## 2. Curie's principle, for free
#
# *The symmetries of the causes are found in the effects* (Pierre Curie, 1894). If a rotation $g$ maps a molecule to
# itself, then an equivariant $f$ obeys $f(x) = f(gx) = g f(x)$: the output has at least the molecule's symmetry. So a
# vector computed from methane is zero, one computed from water lies on its axis; and this holds for a network with
# random weights. Let one predict a number, a vector and a matrix per molecule:

# %%
torch.manual_seed(1)
random = MessagePassing(
    5 * Scalar, Scalar + V + T(2), group=O(3), hidden=64, layers=2, readout="sum", cutoff=3.0, dtype=torch.float64
)
outputs = {}
for name in MOLECULES:
    kinds, pos = atoms(name)
    with torch.no_grad():
        number, vector, matrix = random(kinds, pos, radius_graph(pos, 3.0))[0].split((1, 3, 9))
    outputs[name] = vector.numpy(), matrix.unflatten(0, (3, 3)).numpy()
    axes_lengths = np.linalg.eigvalsh((outputs[name][1] + outputs[name][1].T) / 2)
    print(f"{name:>17}: vector {np.round(outputs[name][0], 4) + 0.0}, eigenvalues {np.round(axes_lengths, 3)}")

dipoles = {name: np.linalg.norm(v) for name, (v, _) in outputs.items()}
assert dipoles["methane"] < 1e-3  # typed-in coordinates are exact to three digits
assert dipoles["carbon dioxide"] < 1e-10
assert all(abs(v[0]) + abs(v[1]) < 1e-8 < abs(v[2]) for v in (outputs[n][0] for n in ("water", "formaldehyde")))
assert np.allclose(outputs["methane"][1], outputs["methane"][1][0, 0] * np.eye(3), atol=1e-3)

# %% [markdown]
# Untrained, the network already knows that methane and carbon dioxide have no dipole moment, that those of water,
# ammonia, formaldehyde and hydrogen cyanide point along their axes, and that methane's polarizability is a multiple of
# the identity. Training can only decide about what symmetry leaves open.
#
# ## 3. Energies and forces
#
# The energy $E(x)$ is invariant; the forces are $F = -\nabla E$. Differentiate $E(gx) = E(x)$ and find $g^\top \nabla
# E(gx) = \nabla E(x)$, so **the gradient of an invariant is equivariant**, $F(gx) = gF(x)$. It also conserves energy,
# whatever the weights, which a network that predicts forces directly does not.
#
# Energies come from a formula, a *Morse* potential between all pairs but two hydrogens, and Coulomb's law
# (in eV, Å and elementary charges). The networks are not told.

# %%
RADIUS = torch.tensor([0.31, 0.76, 0.71, 0.66])  # covalent radii of H, C, N, O


def formula(kinds: Tensor, pos: Tensor, edges: Tensor, batch: Tensor) -> Tensor:
    """Energies of all molecules of a batch (molecules,)."""
    pairs = torch.triu(batch[:, None] == batch, 1).nonzero()
    i, j = pairs.T
    r = (pos[i] - pos[j]).norm(dim=1)
    size = kinds[:, :4] @ RADIUS.to(kinds.dtype)
    bond = 4.0 * (1 - torch.exp(-2.0 * (r - size[i] - size[j]))) ** 2
    energy = torch.where((kinds[i, 0] * kinds[j, 0]) > 0, 0.0, bond) + 14.4 * kinds[i, 4] * kinds[j, 4] / r
    return torch.zeros(int(batch.max()) + 1, dtype=pos.dtype).index_add(0, batch[i], energy)


def samples(each: int, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Shaken molecules: every atom moved by 0.1 Å or so, all in the orientation in which they were typed."""
    rng = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(each):
        for name in MOLECULES:
            kinds, pos = atoms(name, torch.float32)
            found.append((kinds, pos + 0.1 * torch.randn(pos.shape, generator=rng)))
    return found


Graph = tuple[Tensor, Tensor, Tensor, Tensor]


def joined(some: list[tuple[Tensor, Tensor]]) -> Graph:
    """Several molecules as one graph: features, positions, edges within each, and whose atom each is."""
    kinds, pos = (torch.cat(parts) for parts in zip(*some))
    batch = torch.arange(len(some)).repeat_interleave(torch.tensor([len(p) for _, p in some]))
    return kinds, pos, radius_graph(pos, 4.0, batch), batch


def minus_gradient(energy, graph: Graph, create_graph: bool = False) -> Tensor:
    """Forces −∇E."""
    kinds, pos, edges, batch = graph
    pos = pos.detach().requires_grad_()
    total = energy(kinds, pos, edges, batch).sum()
    return -torch.autograd.grad(total, pos, create_graph=create_graph)[0]


torch.manual_seed(0)


class Field(nn.Module):
    """Energies of molecules and forces on atoms: forces as the gradient of the energy, or as an output of their own."""

    def __init__(self, group: Group, direct: bool, hidden=16 * Scalar + 8 * V) -> None:
        super().__init__()
        out, readout = (V, None) if direct else (Scalar, "sum")
        self.direct = direct
        self.net = MessagePassing(
            5 * Scalar, out, group, hidden=hidden, layers=2, readout=readout, cutoff=4.0, neighbours=3
        )

    def forces(self, graph: Graph, create_graph: bool = False) -> Tensor:
        """(atoms, 3)."""
        if self.direct:
            return self.net(*graph[:3])
        return minus_gradient(lambda k, p, e, b: self.net(k, p, e, batch=b), graph, create_graph)


def trained(model: Field, data: list[tuple[Tensor, Tensor]], steps: int) -> list[float]:
    """Adam on the forces; returns the losses."""
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps)
    draw = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(steps):
        graph = joined([data[k] for k in torch.randperm(len(data), generator=draw)[:24]])
        loss = (model.forces(graph, create_graph=True) - minus_gradient(formula, graph)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        rate.step()
        losses.append(loss.item())
    return losses


def force_error(model: Field, data: list[tuple[Tensor, Tensor]]) -> float:
    """Root mean square error of the forces, relative to their size."""
    graph = joined(data)
    true, guess = minus_gradient(formula, graph), model.forces(graph).detach()
    return float((guess - true).square().mean().sqrt() / true.square().mean().sqrt())


def turned(data: list[tuple[Tensor, Tensor]], seed: int) -> list[tuple[Tensor, Tensor]]:
    """Every molecule in an orientation of its own."""
    gs = torch.from_numpy(SO(3).sample(len(data), rng=seed)).float()
    return [(kinds, pos @ g.T) for (kinds, pos), g in zip(data, gs)]


# %% [markdown]
# One architecture, four ways to use it. With $\mathrm{O}(3)$: forces as the gradient of an energy, and *directly*, as a
# vector at each atom. With `Trivial(3)`, which allows every kernel and every linear map, the direct network knows
# nothing of rotations (and has more weights); and the same once more with *turned* training molecules: augmentation.

# %%
data, test = samples(20, 0), samples(15, 1)
runs = {
    "O(3), gradient": (Field(O(3), direct=False), data),
    "O(3), direct": (Field(O(3), direct=True), data),
    "no symmetry": (Field(Trivial(3), direct=True, hidden=16 * Scalar), data),
    "no symmetry, augmented": (Field(Trivial(3), direct=True, hidden=16 * Scalar), turned(data, 2)),
}
losses, scores = {}, {}
for name, (model, examples) in runs.items():
    losses[name] = trained(model, examples, 300)
    scores[name] = force_error(model, test), force_error(model, turned(test, 3))
    weights = sum(p.numel() for p in model.parameters())
    print(f"{name:>23}: {weights:6d} weights, force errors {scores[name][0]:.3f}, turned {scores[name][1]:.3f}")

for name in ("O(3), gradient", "O(3), direct"):
    assert abs(scores[name][0] - scores[name][1]) < 1e-3
assert scores["O(3), gradient"][1] < 0.6 * scores["O(3), direct"][1]
assert scores["O(3), direct"][1] < 0.8 * min(scores["no symmetry"][1], scores["no symmetry, augmented"][1])
assert scores["no symmetry"][1] > 1.3 * scores["no symmetry"][0]

# %% [markdown]
# Three things to read off. The errors of both $\mathrm{O}(3)$ networks are the *same* on turned molecules: that is not
# learned. The network without symmetry gets worse when molecules turn, and augmentation buys evenness at the price of
# accuracy, since the same data and the same steps now have to serve all orientations. And knowing that forces come
# from *one scalar function* is worth even more here than knowing about rotations: conservation of energy is structure,
# too.

# %%
fig = plot.figure(11, 3.4)
left, middle = fig.add_subplot(1, 3, 1), fig.add_subplot(1, 3, 2)
for name, curve in losses.items():
    left.semilogy(np.convolve(curve, np.ones(20) / 20, "valid"), label=name)
left.set(xlabel="step", ylabel="training loss")
left.legend(fontsize=7)
graph = joined(turned(test, 3))
true = minus_gradient(formula, graph).flatten().numpy()
for name in ("no symmetry", "O(3), gradient"):
    guess = runs[name][0].forces(graph).detach().flatten().numpy()
    middle.plot(true, guess, ".", markersize=2, label=name)
middle.set(xlabel="true force (eV/Å), turned molecules", ylabel="predicted")
middle.legend(fontsize=8)
right = fig.add_subplot(1, 3, 3, projection="3d")
graph = joined(test[4:5])
pos, size = graph[1].numpy(), 1 / float(minus_gradient(formula, graph).norm(dim=1).max())
show(right, "formaldehyde", pos, size * minus_gradient(formula, graph).numpy(), "C3")
right.quiver(*pos.T, *(size * runs["O(3), gradient"][0].forces(graph).detach().numpy()).T, color="C2")
right.set_title("forces: true (red), predicted (green)")
fig

# %% [markdown]
# ## 4. Left and right hands
#
# Put four different atoms on a carbon: hydrogen, fluorine, chlorine, bromine. The molecule and its mirror image cannot
# be turned into each other, and light tells them apart: one rotates its polarisation to the left, the other to the
# right. What does our network say?

# %%
corners = torch.tensor([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=torch.float64)
lengths = torch.tensor([1.09, 1.36, 1.77, 1.94], dtype=torch.float64)  # C–H, C–F, C–Cl, C–Br
hand = torch.cat([torch.zeros(1, 3, dtype=torch.float64), corners / 3**0.5 * lengths[:, None]])
mirror = hand * torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)
kinds = torch.eye(5, dtype=torch.float64)
edges = radius_graph(hand, 4.0)

hidden = 8 * Scalar + 4 * V + 4 * Det * V + 4 * Det
torch.manual_seed(0)
chiral = MessagePassing(
    5 * Scalar, Scalar + Det, O(3), hidden=hidden, layers=3, readout="sum", cutoff=4.0, dtype=torch.float64
)
with torch.no_grad():
    one, other = chiral(kinds, hand, edges)[0], chiral(kinds, mirror, edges)[0]
print("             Scalar     Det")
print("molecule  ", one.numpy().round(6))
print("mirror    ", other.numpy().round(6))
assert torch.isclose(one[0], other[0])  # an invariant of O(3) cannot tell the hands apart
assert torch.isclose(one[1], -other[1])  # a pseudoscalar can
assert abs(one[1]) > 1e-6

# %% [markdown]
# A scalar of $\mathrm{O}(3)$ gives the same answer for both hands, whatever the weights. That is right for the energy
# and hopeless for the rotation of light. The cure is not a wider network but the right representation: `Det`, which
# changes its sign under mirrors. (Using $\mathrm{SO}(3)$ instead also works, and gives up what is known about
# energies.)
#
# | quantity | representation of $\mathrm{O}(3)$ |
# |---|---|
# | energy, HOMO, charge | `Scalar` |
# | dipole moment, force | `V` |
# | polarizability, quadrupole, stress | `T(2)` or `Sym(2)` |
# | magnetic moment, angular momentum | `Det * V` |
# | optical rotation | `Det` |
#
# And if the wrong one is declared, Curie's principle is merciless: ask for the optical rotation of water, which has a
# mirror plane,

# %%
kinds_w, pos_w = atoms("water")
with torch.no_grad():
    rotation = chiral(kinds_w, pos_w, radius_graph(pos_w, 4.0))[0, 1]
print(f"water's Det: {float(rotation):.1e}")
assert abs(rotation) < 1e-10

# %% [markdown]
# ## More data
#
# [QM9](https://doi.org/10.1038/sdata.2014.22) has 134,000 small molecules with a dozen properties each, computed by
# density functional theory:
#
# ```
# pip install '.[qm9]'      # in the checkout
# intertwine train qm9 --target alpha --samples 10000
# ```
#
# and `intertwine train dipoles` computes dipole moments (`V`) and polarizabilities (`Sym(2)`) of the same molecules.
#
# ## Exercises
#
# 1. Boron trifluoride is a flat triangle. Predict by Curie's principle which of its vector, matrix, `Det * V` and `Det`
#    outputs vanish; check with a random network.
# 2. Walk an atom around a closed path and add up the work done by the forces of the direct network, and of the
#    gradient.
# 3. Add a three-body term to the formula, such as $\cos^2$ of every bond angle, and compare `layers=1` with `layers=2`.
#    Which can learn it, and why?
# 4. How many turned copies of the data does the network without symmetry need to be as good as $\mathrm{O}(3)$?
