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
# # 9 · Your own group, start to finish
#
# Nobody is going to write a library for *your* symmetry. This notebook takes three groups that come up in other
# people's work, each from the first question to a trained model:
#
# 1. a **crystal point group**: which tensors may a crystal have, and how many measurements does it take to know them?
# 2. the **symplectic group** $\mathrm{Sp}(4)$: what do all lens systems have in common, and what does a network look
#    like that knows it?
# 3. the **automorphisms of a graph**: which linear layers does the Petersen graph allow?
#
# The recipe is the same in all three, and nothing in it depends on the group:
#
# | question | what you write |
# |---|---|
# | what moves? | a group: by name, by generators, by what it preserves, or as automorphisms |
# | how do my inputs and outputs move? | two representations |
# | which linear maps commute with it? | `(rep_in >> rep_out)(group)` |
# | a network | layers made of those maps |
#
# In each story something fails on purpose. A symmetry is a claim about the world, and claims can be wrong.

# %%
import networkx as nx
import numpy as np
import sympy as sp
import torch
from intertwine.emlp import EMLP, InvariantMap, Linear, Norm, NormAct, Pointwise
from intertwine.groups import Group, O, PointGroup, S, Trivial
from intertwine.plot import figure
from intertwine.reps import Alt, Scalar, Sym, T, V, invariant_polynomials
from intertwine.testing import assert_equivariant, equivariance_error
from torch import nn

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. Crystals: which tensors are allowed?
#
# Squeeze a quartz crystal and a voltage appears; the clock in your watch runs on it. To first order the polarisation
# $P$ is linear in the stress $\sigma$,
#
# $$P_i = \sum_{jk} d_{ijk}\,\sigma_{jk}, \qquad d_{ijk} = d_{ikj},$$
#
# which makes $3 \times 6 = 18$ numbers. Salt has none of them, gallium arsenide one, quartz two. Why?
#
# *Neumann's principle*: turn the crystal by one of its own symmetries $g$ and you cannot tell that you did. So the law
# is the same for turned stress and turned polarisation:
#
# $$d(g\,\sigma g^\top) = g\, d(\sigma) \quad \text{for every } g \text{ in the point group.}$$
#
# That is the definition of an equivariant linear map from symmetric matrices to vectors. Before calling anything, do
# one case by hand. If the crystal has an inversion centre, $g = -1$: stress does not notice
# ($g\sigma g^\top = \sigma$), polarisation changes sign, so $d(\sigma) = -d(\sigma) = 0$. Salt is done.
#
# ### By brute force
#
# Potassium dihydrogen phosphate (KDP), of which optical switches are made, has the point group $\bar 42m$: eight
# elements. Averaging any $d$ over them gives a $d$ that obeys Neumann's principle, and every such $d$ arises in this
# way. So throw a random tensor in and look which entries come out:

# %%
kdp = PointGroup("-42m")
elements = [np.array(g, dtype=float) for g in kdp.elements()]
print(len(elements), "elements; the first few:")
print(*(g.astype(int).tolist() for g in elements[:4]), sep="\n")

d = rng.standard_normal((3, 3, 3))
d = (d + d.transpose(0, 2, 1)) / 2
mean = sum(np.einsum("ia,jb,kc,abc->ijk", g, g, g, d) for g in elements) / len(elements)

VOIGT = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]  # 1 … 6 of every handbook
table = np.array([[mean[i, j, k] for j, k in VOIGT] for i in range(3)])
print("\nthe average, in Voigt's columns 1 to 6:\n", table.round(3))
assert np.isclose(table[0, 3], table[1, 4])
assert np.count_nonzero(abs(table) > 1e-12) == 3

# %% [markdown]
# Two numbers survive, $d_{14} = d_{25}$ and $d_{36}$, as every handbook says.
#
# ### By solving
#
# Averaging needs a list of elements, which a group like $\mathrm{O}(3)$ does not have, and it leaves you to guess how
# many *independent* tensors you have seen. The library solves the equations for the generators, exactly if asked to:

# %%
hom = (Sym(2) >> V)(kdp)
print(hom, "has dimension", hom.dim)
for matrix in hom.exact():
    sp.pprint(matrix)
assert hom.dim == 2

# %% [markdown]
# The columns are the orthonormal basis of `Sym(2)`: $\sigma_{11}, \sqrt2\sigma_{12}, \sqrt2\sigma_{13}, \sigma_{22},
# \sqrt2\sigma_{23}, \sigma_{33}$, which mechanics calls *Mandel notation*. (The $\sqrt2$ makes rotations act by
# orthogonal matrices. Voigt's notation lacks it, which is why its formulas are full of factors of two.)
#
# ### All 32 classes against the textbook
#
# Nye's *Physical Properties of Crystals* (1957) tabulates, class by class, how many piezoelectric and elastic constants
# there are. A stiffness is a symmetric map from strains to stresses (an energy stands behind it), hence an invariant in
# $\mathrm{Sym}^2(\mathrm{Sym}^2 V)$. The numbers below were typed in from his appendix E:

# %%
NYE = {  # class: (piezoelectric, elastic)
    **{"1": (18, 21), "-1": (0, 21), "2": (8, 13), "m": (10, 13), "2/m": (0, 13)},
    **{"222": (3, 9), "mm2": (5, 9), "mmm": (0, 9)},
    **{"4": (4, 7), "-4": (4, 7), "4/m": (0, 7), "422": (1, 6), "4mm": (3, 6), "-42m": (2, 6), "4/mmm": (0, 6)},
    **{"3": (6, 7), "-3": (0, 7), "32": (2, 6), "3m": (4, 6), "-3m": (0, 6)},
    **{"6": (4, 5), "-6": (2, 5), "6/m": (0, 5), "622": (1, 5), "6mm": (3, 5), "-6m2": (1, 5), "6/mmm": (0, 5)},
    **{"23": (1, 3), "m-3": (0, 3), "432": (0, 3), "-43m": (1, 3), "m-3m": (0, 3)},
}
ours = {name: ((Sym(2) >> V)(PointGroup(name)).dim, (Scalar >> Sym(2, Sym(2)))(PointGroup(name)).dim) for name in NYE}
assert ours == NYE
print(f"{len(NYE)} classes, {sum(p == 0 for p, _ in NYE.values())} of them without any piezoelectricity")
print("432:", ours["432"], " inversion in it?", any(np.allclose(g, -np.eye(3)) for g in PointGroup("432").elements()))

# %% [markdown]
# Look at the class 432, the rotations of the cube. It has **no** inversion centre, so nothing as simple as the argument
# above forbids piezoelectricity; it vanishes all the same. Intuition misses this one, the solver does not.
#
# ### What it looks like
#
# Press along a direction $n$ and measure the polarisation along $n$: the *longitudinal effect*
# $d(n) = \sum d_{ijk} n_i n_j n_k$. Drawn as a surface (red positive, blue negative), the crystal's symmetry can be
# seen:

# %%
theta, phi = np.meshgrid(np.linspace(0, np.pi, 61), np.linspace(0, 2 * np.pi, 121), indexing="ij")
sphere = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])


def mandel(matrix: np.ndarray) -> np.ndarray:
    """Coordinates of symmetric matrices (3, 3, ...) in the basis of Sym(2): (6, ...)."""
    r = 2**0.5
    a = matrix
    return np.stack([a[0, 0], r * a[0, 1], r * a[0, 2], a[1, 1], r * a[1, 2], a[2, 2]])


def surface(axes, radius: np.ndarray, title: str, colour: np.ndarray) -> None:
    """Draw a function on the sphere as a surface of that radius."""
    scaled = sphere * abs(radius) / abs(radius).max()
    shade = np.ones((*radius.shape, 4))
    shade[:] = np.where(colour[..., None] > 0, (0.8, 0.25, 0.2, 1), (0.2, 0.35, 0.75, 1))
    axes.plot_surface(*scaled, facecolors=shade, rstride=1, cstride=2, linewidth=0)
    axes.set(title=title, xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1), box_aspect=(1, 1, 1))
    axes.set_axis_off()


fig = figure(12, 3.6)
pressed = mandel(np.einsum("i...,j...->ij...", sphere, sphere))
names = {"-42m": "KDP, $\\bar42m$", "32": "quartz, 32", "6mm": "zinc oxide, 6mm", "-43m": "GaAs, $\\bar43m$"}
for k, (name, title) in enumerate(names.items()):
    basis = (Sym(2) >> V)(PointGroup(name)).basis().dense()
    tensor = basis[0] if name != "6mm" else basis.sum(0)
    along = np.einsum("ia,i...,a...->...", tensor, sphere, pressed)
    surface(fig.add_subplot(1, 4, k + 1, projection="3d"), along, title, along)
fig

# %% [markdown]
# KDP and gallium arsenide look alike, although one has two constants and the other a single one: the longitudinal
# effect sees the totally symmetric part of $d$ only, which is a multiple of $xyz$ in both. To tell $d_{14}$ from
# $d_{36}$ one has to press and measure along different directions.
#
# ### A model: how many measurements does it take?
#
# Measure $(\sigma, P)$ pairs with noise and fit $d$ by least squares. Three hypotheses:
#
# * no symmetry: 18 unknowns;
# * $\bar42m$: two unknowns;
# * $\bar42m$ **with its axes turned by 45°** (crystallographers call it $\bar4m2$: same abstract group, same shape, the
#   crystal mounted differently): two unknowns.
#
# KDP has $d_{14} \approx 1.3$ and $d_{36} \approx 21$ pC/N.

# %%
true = np.zeros((3, 6))
for i, (j, k), size in ((0, (1, 2), 1.3), (1, (0, 2), 1.3), (2, (0, 1), 21.0)):
    unit = np.zeros((3, 3))
    unit[j, k] = unit[k, j] = size / 2
    true[i] = mandel(unit)
assert np.allclose((Sym(2) >> V)(kdp).project(true), true)  # the handbook's values obey Neumann's principle

half = sp.sqrt(2) / 2
eighth = sp.Matrix([[half, -half, 0], [half, half, 0], [0, 0, 1]])
hypotheses = {"no symmetry": Trivial(3), "$\\bar42m$": kdp, "$\\bar42m$, turned 45°": kdp.conjugate(eighth)}


def fitted(group: Group, stress: np.ndarray, polarisation: np.ndarray) -> np.ndarray:
    """Least squares over all tensors that a group allows."""
    basis = (Sym(2) >> V)(group).basis().dense()  # (rank, 3, 6)
    design = np.einsum("kia,na->nik", basis, stress).reshape(-1, len(basis))
    coefficients = np.linalg.lstsq(design, polarisation.reshape(-1), rcond=None)[0]
    return np.tensordot(coefficients, basis, 1)


counts, repeats = (1, 2, 4, 8, 16, 32, 64, 128), 30
errors = {name: np.zeros((len(counts), repeats)) for name in hypotheses}
for r in range(repeats):
    stress = rng.standard_normal((max(counts), 6))
    polarisation = stress @ true.T + 5.0 * rng.standard_normal((max(counts), 3))
    for c, n in enumerate(counts):
        for name, group in hypotheses.items():
            found = fitted(group, stress[:n], polarisation[:n])
            errors[name][c, r] = np.linalg.norm(found - true) / np.linalg.norm(true)

fig = figure(6, 3.6)
axes = fig.subplots()
for name, error in errors.items():
    axes.loglog(counts, np.median(error, 1), "o-", label=name)
axes.set(xlabel="measurements", ylabel="relative error of $d$")
axes.legend()
medians = {name: np.median(error, 1) for name, error in errors.items()}
assert medians["$\\bar42m$"][0] < medians["no symmetry"][3]  # one measurement is worth more than eight
assert medians["$\\bar42m$, turned 45°"].min() > 0.9  # and no number of them mends a wrong group
fig

# %% [markdown]
# The right group needs a fraction of the measurements. The wrong one is *certain and wrong*: its curve is flat. More
# data do not help, because the truth is not among the tensors it can express. Notebook 11 makes a test out of this.
#
# ### A bonus: what averaging means
#
# A lump of copper is made of many small crystals in all orientations. Its mean stiffness is the crystal's, averaged
# over all rotations. But averaging over a group *is* the orthogonal projection on its equivariant maps, so the
# polycrystal is one call of `project`, with another group. Woldemar Voigt found the formulas for this average in 1887,
# and they are what comes out:

# %%
c11, c12, c44 = 168.4, 121.4, 75.4  # GPa, copper
copper = np.zeros((6, 6))
normal, shear = [0, 3, 5], [1, 2, 4]  # places of 11, 22, 33 and of 12, 13, 23 in Mandel's order
copper[np.ix_(normal, normal)] = c12
copper[normal, normal] = c11
copper[shear, shear] = 2 * c44
assert np.allclose((Sym(2) >> Sym(2))(PointGroup("m-3m")).project(copper), copper)

voigt = (Sym(2) >> Sym(2))(O(3)).project(copper)
bulk, rigidity = (c11 + 2 * c12) / 3, (c11 - c12 + 3 * c44) / 5
assert (Sym(2) >> Sym(2))(O(3)).dim == 2
assert np.isclose(voigt[1, 1] / 2, rigidity)  # Voigt's shear modulus
assert np.isclose(voigt[np.ix_(normal, normal)].sum() / 9, bulk)  # and his bulk modulus

fig = figure(7, 3.6)
for k, (stiffness, title) in enumerate(((copper, "a copper crystal"), (voigt, "a lump of copper"))):
    compliance = np.linalg.inv(stiffness)
    young = 1 / np.einsum("a...,ab,b...->...", pressed, compliance, pressed)
    axes = fig.add_subplot(1, 2, k + 1, projection="3d")
    surface(axes, young, f"{title}:\nYoung's modulus {young.min():.0f} to {young.max():.0f} GPa", young)
fig

# %% [markdown]
# ## 2. Optics: what all lenses have in common
#
# Near the axis of an optical instrument, a ray is four numbers: where it crosses a plane, $(x, y)$, and the slopes
# $(p_x, p_y)$ at which it does (times the refractive index). Free space of length $\ell$ and a thin lens of focal
# length $f$ act by matrices (opticians know their $2 \times 2$ version as *ABCD matrices*):
#
# $$\text{space: } \begin{pmatrix} 1 & \ell \\ 0 & 1\end{pmatrix},\qquad
# \text{lens: } \begin{pmatrix} 1 & 0 \\ -1/f & 1\end{pmatrix}, \qquad \text{with } 2 \times 2 \text{ blocks.}$$
#
# Cylindrical lenses, tilted ones, prisms that rotate the picture: products of such matrices. Let us draw a few rays
# through a telescope first.

# %%
eye2 = np.eye(2)


def space(length: float) -> np.ndarray:
    """Free space."""
    return np.block([[eye2, length * eye2], [0 * eye2, eye2]])


def lens(power: np.ndarray | float) -> np.ndarray:
    """A thin lens; a symmetric matrix for one that is cylindrical or tilted."""
    return np.block([[eye2, 0 * eye2], [-power * np.eye(2) if np.isscalar(power) else -power, eye2]])


telescope = [(space, 0.5), (lens, 1.0), (space, 1.4), (lens, 2.5), (space, 0.8)]
fig = figure(8, 2.8)
axes = fig.subplots()
for height, slope in [(h, s) for h in (-0.2, 0.0, 0.2) for s in (-0.08, 0.08)]:
    ray, z, path = np.array([height, 0, slope, 0]), 0.0, [(0.0, height)]
    for element, size in telescope:
        ray = element(size) @ ray
        z += size if element is space else 0.0
        path.append((z, ray[0]))
    axes.plot(*zip(*path), color="C0" if slope < 0 else "C1", linewidth=1)
for z in (0.5, 1.9):
    axes.annotate("", (z, 0.34), (z, -0.34), arrowprops={"arrowstyle": "<->"})
axes.set(
    ylim=(-0.36, 0.36),
    xlabel="along the axis",
    ylabel="$x$",
    title="a telescope: parallel rays leave parallel, at other angles",
)
system = np.linalg.multi_dot([element(size) for element, size in reversed(telescope)])
fig

# %% [markdown]
# Lengths change, angles change. What stays? Take two rays $u, v$ and compute
#
# $$\omega(u, v) = x_u\, p_{x,v} - p_{x,u}\, x_v + y_u\, p_{y,v} - p_{y,u}\, y_v .$$

# %%
u, v = rng.standard_normal((2, 4))
J = np.block([[0 * eye2, eye2], [-eye2, 0 * eye2]])
print("lengths   |u|:", np.linalg.norm(u).round(4), "->", np.linalg.norm(system @ u).round(4))
print("products u·v :", (u @ v).round(4), "->", (system @ u @ system @ v).round(4))
print("omega(u, v)  :", (u @ J @ v).round(4), "->", (system @ u @ J @ (system @ v)).round(4))
assert np.isclose(u @ J @ v, system @ u @ J @ (system @ v))
assert not np.isclose(np.linalg.norm(u), np.linalg.norm(system @ u))

# %% [markdown]
# $\omega$ is Lagrange's *optical invariant* (1803). Matrices that preserve it make up the **symplectic group**
# $\mathrm{Sp}(4)$, and every one of them can be built from lenses and space. We don't have to know the catalogue: say
# what is preserved and the library finds the algebra.

# %%
optics = Group.preserving(sp.Matrix(J.astype(int)), name="optics")
print(optics, "has dimension", len(optics.algebra))
print("invariants of one ray, degree 1 to 4:", [invariant_polynomials(optics, k) for k in (1, 2, 3, 4)])
print("invariants of two rays, degree 2:    ", invariant_polynomials(optics, 2, space=2 * V))
assert len(optics.algebra) == 10
assert not any(invariant_polynomials(optics, k) for k in (1, 2, 3, 4))
assert len(invariant_polynomials(optics, 2, space=2 * V)) == 1
assert (V >> V)(optics).dim == 1

# %% [markdown]
# **One ray has no invariant at all.** Indeed, some lens system takes any ray to any other, so nothing about a single
# ray can be the same for all systems. Two rays have one, $\omega$.
#
# ### What fails
#
# This is where recipes for rotations break down. Their nonlinearity of choice scales a vector by a function of its
# length, and here a vector has none. A library must not pretend otherwise:

# %%
for build in (lambda: NormAct(4 * V, group=optics), lambda: Norm(V, group=optics), lambda: InvariantMap(V, optics)):
    try:
        build()
    except ValueError as error:
        print("ValueError:", error, "\n")
    else:
        raise AssertionError("a norm of a symplectic vector was made up")

scaled = equivariance_error(lambda x: x * x.norm(dim=-1, keepdim=True), optics, V, V)
print(f"and scaling by the length all the same breaks the symmetry by {scaled:.0%}")
assert scaled > 0.1

# %% [markdown]
# ### A network on bundles of rays
#
# The way out is in the error message: invariants from *products* of features. `EMLP` interleaves linear layers with the
# group's own products ($V \otimes V \to 1$ is $\omega$, and there are others), and works for this group as for any.
#
# The task: four rays span a cell of phase space, of volume $\det(u, v, w, z)$. A brightness is power per such volume,
# so to know brightness is to know this. It is the same before and after every lens system (Liouville's theorem,
# *étendue* in optics). We give a network the 16 numbers and the volume, and don't mention determinants.


# %%
def bundles(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Four random rays each, (n, 16), and the volume they span, (n, 1)."""
    rays = torch.randn(n, 4, 4, generator=torch.Generator().manual_seed(seed))
    return rays.flatten(1), torch.linalg.det(rays)[:, None]


def trained(net: nn.Module, x, y, steps: int, lr: float = 1e-2, batch: int = 200) -> nn.Module:
    """Adam on the mean squared error, with a falling rate."""
    optimizer = torch.optim.Adam(net.parameters(), lr)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    draw = torch.Generator().manual_seed(0)
    for _ in range(steps):
        some = torch.randint(len(x), (batch,), generator=draw)
        loss = (net(x[some]) - y[some]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        rate.step()
    return net.eval()


@torch.no_grad()
def relative(net: nn.Module, x, y) -> float:
    """Root mean square error, relative to the target's size."""
    return float((net(x) - y).square().mean().sqrt() / y.square().mean().sqrt())


x, y = bundles(1000, 0)
torch.manual_seed(0)
symplectic = trained(EMLP(4 * V, Scalar, group=optics, hidden=64, layers=2), x, y, 600)
plain = nn.Sequential(nn.Linear(16, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 1))
plain = trained(plain, x, y, 600, 3e-3)

x_test, y_test = bundles(1000, 1)
behind = (x_test.unflatten(1, (4, 4)) @ torch.from_numpy(system).float().T).flatten(1)
scores = {
    name: [relative(net, x, y), relative(net, x_test, y_test), relative(net, behind, y_test)]
    for name, net in (("symplectic EMLP", symplectic), ("plain MLP", plain))
}
print(f"{'':>16}  training  new bundles  the same behind the telescope")
for name, row in scores.items():
    print(f"{name:>16}  {row[0]:8.3f}  {row[1]:11.3f}  {row[2]:10.3f}")
assert_equivariant(symplectic, rtol=1e-4)
assert scores["symplectic EMLP"][1] < 0.1
assert abs(scores["symplectic EMLP"][2] - scores["symplectic EMLP"][1]) < 0.01
assert scores["plain MLP"][1] > 0.3

# %% [markdown]
# The plain network has memorised, and a telescope throws it further off. The symplectic one has found the volume, and
# cannot be thrown off by *any* lens system, including all those nobody has built yet.
#
# A claim worth checking against the library's count: the volume must be a polynomial in the $\omega(u_i, u_j)$, since
# there is nothing else. Degree 4 in four rays, one of each, gives three products: $\omega_{12}\omega_{34}$,
# $\omega_{13}\omega_{24}$, $\omega_{14}\omega_{23}$. And the four-fold product $V^{\otimes 4}$ has how many
# invariants?

# %%
count = (Scalar >> T(4))(optics).dim
rays = rng.standard_normal((4, 4))
w = rays @ J @ rays.T
pfaffian = w[0, 1] * w[2, 3] - w[0, 2] * w[1, 3] + w[0, 3] * w[1, 2]
print(count, "invariants of four rays, linear in each;", "determinant", np.linalg.det(rays), "Pfaffian", pfaffian)
assert count == 3
assert (Scalar >> Alt(4))(optics).dim == 1  # one of them is alternating: the volume
assert np.isclose(abs(pfaffian), abs(np.linalg.det(rays)))

# %% [markdown]
# The volume is the *Pfaffian* of the Gram matrix of $\omega$, an identity from 1849 that the network had to rediscover.
#
# ## 3. Graphs: layers from automorphisms
#
# Ten villages and the roads between them, the same number at each. What happens in a village depends on its
# neighbours, and nothing distinguishes one village from another. The roads are the Petersen graph.

# %%
petersen = nx.petersen_graph()
G = Group.automorphisms(petersen)
print(G, "of order", G.order)
assert G.order == 120

A = nx.to_numpy_array(petersen)
g = np.array(G.sample(rng=1))
assert np.allclose(g @ A, A @ g)  # an automorphism is a permutation that commutes with the adjacency matrix

# %% [markdown]
# A linear layer on signals over the villages, one number each, is a $10 \times 10$ matrix $W$ with $W_{gi, gj} =
# W_{ij}$. It is constant on the *orbits of pairs* (orbitals). By hand: any village can be moved to any other; those
# that fix it permute its three neighbours, and also the six others. So there are three kinds of pairs: equal, joined,
# not joined.

# %%
hom = (V >> V)(G)
maps = [np.array(m.tolist(), dtype=float) for m in hom.exact()]
print("rank", hom.dim, hom.certificate)
kinds = [np.eye(10), A, 1 - np.eye(10) - A]
assert hom.dim == 3
assert all(any(np.allclose(m, kind) for kind in kinds) for m in maps)
print(V(G).decompose())

# %% [markdown]
# (The dimensions 1, 4, 5 of the irreps are the multiplicities of the adjacency matrix' eigenvalues 3, −2, 1. That $A$
# commutes with the group is why eigenvalues of symmetric graphs are degenerate.)

# %%
fig = figure(10, 3.2)
panels = fig.subplots(1, 4)
place = nx.shell_layout(petersen, [range(5, 10), range(5)])
nx.draw(petersen, place, ax=panels[0], node_size=120, node_color=["C3"] + ["C0"] * 3 + ["0.7"] * 6, nodelist=[
    0, *petersen[0], *(i for i in petersen if i and i not in petersen[0])])  # fmt: skip
panels[0].set_title("a village, its neighbours,\nand the rest")
for axes, group, title in zip(
    panels[1:], (S(10), G, Trivial(10)), ("S(10)", "automorphisms", "trivial group"), strict=True
):
    rank = (V >> V)(group).dim
    basis = (V >> V)(group).basis().dense() if rank < 100 else np.eye(100).reshape(100, 10, 10)
    axes.imshow(np.tensordot(np.arange(1, rank + 1), abs(basis) > 1e-9, 1), cmap="tab20" if rank < 20 else "viridis")
    axes.set(title=f"{title}: {rank} weights", xticks=[], yticks=[])
fig

# %% [markdown]
# ### A network on node signals
#
# An epidemic in the ten villages: the share $x_i$ of people infected follows
#
# $$\dot x_i = \beta\,(1 - x_i)\sum_j A_{ij} x_j - \gamma x_i .$$
#
# Predict the shares some time later from those now. Because the group permutes coordinates, any function applied
# number by number is equivariant, so the network is an ordinary MLP whose weights are tied: `Linear` and `Pointwise`.
# We compare three groups that all act on the same ten numbers:
#
# * $S(10)$, which treats all *other* villages alike. It is too large: it cannot see roads.
# * the automorphisms,
# * the trivial group: an ordinary MLP.


# %%
def epidemic(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Shares now and later, (n, 10): Euler's method in small steps."""
    x = torch.rand(n, 10, generator=torch.Generator().manual_seed(seed)) ** 3
    adjacency, now = torch.from_numpy(A).float(), x.clone()
    for _ in range(40):
        x = x + 0.025 * (1.0 * (1 - x) * (x @ adjacency) - 1.0 * x)
    return now, x


def network(group: Group, width: int) -> nn.Sequential:
    """Two hidden layers of ``width`` numbers at each node."""
    wide = width * V
    layers = [Linear(V, wide, group), Pointwise(wide, group), Linear(wide, wide, group), Pointwise(wide, group)]
    return nn.Sequential(*layers, Linear(wide, V, group))


now, later = epidemic(2000, 0)
centre, spread = later.mean(), later.std()
x_test, y_test = epidemic(500, 1)
sizes, curves = (10, 30, 100, 300), {}
for name, group, lr in (("S(10)", S(10), 3e-2), ("automorphisms", G, 3e-2), ("trivial", Trivial(10), 1e-2)):
    curves[name] = []
    for n in sizes:
        torch.manual_seed(0)
        net = trained(network(group, 8), now[:n], (later[:n] - centre) / spread, 400, lr, min(n, 64))
        curves[name].append(relative(net, x_test, (y_test - centre) / spread))
    print(f"{name:>14}: {sum(p.numel() for p in net.parameters()):5d} weights, errors", np.round(curves[name], 3))

fig = figure(5.5, 3.6)
axes = fig.subplots()
for name, curve in curves.items():
    axes.loglog(sizes, curve, "o-", label=name)
axes.set(xlabel="training samples", ylabel="relative error on new states", title="an epidemic on the Petersen graph")
axes.legend()
assert curves["automorphisms"][0] < curves["trivial"][1]  # ten samples do more than thirty without symmetry
assert all(a < min(b, c) for a, b, c in zip(curves["automorphisms"], curves["S(10)"], curves["trivial"]))
assert curves["S(10)"][-1] > 3 * curves["automorphisms"][-1]  # a floor: roads are invisible to it
fig

# %% [markdown]
# Too large a symmetry has a floor. Too small a one needs data. The group that is true has neither trouble.
#
# ## Exercises
#
# 1. Pyroelectric crystals carry a polarisation by themselves. Count the classes with `(Scalar >> V)(G).dim > 0`; there
#    should be ten, and all of them are piezoelectric.
# 2. *Magnetoelectric* effects also change sign under time reversal. Write the group of a crystal times time reversal
#    as `PointGroup(…) * S(2)` with `Det` of the second factor for magnetisation, and find classes where the linear
#    magnetoelectric tensor survives.
# 3. Turn the KDP crystal by 10° instead of 45° in the fit. How large is the error that doesn't go away, and why?
# 4. In optics, restrict to systems with axial symmetry: the subgroup of $\mathrm{Sp}(4)$ that commutes with rotations
#    about the axis. Write it with generators. Which invariants does a *single* ray have now? (One is called skewness.)
# 5. Replace the Petersen graph by a path of ten nodes. What is the order of the group, and how many weights has a
#    linear layer? Does the symmetry still pay?
