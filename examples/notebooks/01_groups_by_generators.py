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
# # 1 · Groups by their generators
#
# A network $f$ respects a symmetry if $f(gx) = g f(x)$ for **every** $g$ in a group $G$. For the rotations of space
# these are infinitely many conditions, and for Rubik's cube 43 252 003 274 489 856 000 of them. Nobody writes them
# all down. What one writes down are *generators*, a handful of matrices, and this notebook is about why they are
# enough.
#
# You will
#
# 1. build the eight symmetries of a square from two of them, by hand;
# 2. see what replaces "repeat a generator" for continuous groups: the exponential of a matrix;
# 3. find a third rotation axis hidden in the first two: the Lie bracket;
# 4. get a group from *what it preserves*, by solving a linear system;
# 5. draw random elements the right way and the wrong way.

# %%
import numpy as np
import sympy as sp
from intertwine import plot
from intertwine.groups import GL, SO, Group, Lorentz, O, Rubik, Scaling, same_group
from scipy.linalg import expm

# %% [markdown]
# ## 1. The square: two matrices generate eight
#
# A quarter turn $r$ and a mirror $s$ map a square to itself. So do all products of them. Take products until nothing
# new appears; that set is closed under multiplication, and since it is finite every inverse is in it too
# ($r^{-1} = r^3$).

# %%
r = np.array([[0, -1], [1, 0]])
s = np.array([[1, 0], [0, -1]])


def generated(generators):
    """All products of some integer matrices: breadth-first search from the identity."""
    elements = [np.eye(len(generators[0]), dtype=int)]
    for g in elements:  # grows while we walk it
        for h in generators:
            if not any(np.array_equal(g @ h, known) for known in elements):
                elements.append(g @ h)
    return elements


square = generated([r, s])
print(len(square), "elements")
assert len(square) == 8

# %% [markdown]
# The library does the same for us, with exact arithmetic, and recognises what came out.

# %%
D4 = Group.from_generators(discrete=[r.tolist(), s.tolist()], name="symmetries of a square")
print(D4.describe())
assert D4.order == len(square)
assert all(g in D4 for g in square)

# %% [markdown]
# The **Cayley graph** is that breadth-first search as a picture: a node for every element, an arrow $g \to gh$ for
# every generator $h$. Follow the arrows of the quarter turn four times, or those of the mirror twice, and you are
# back.

# %%
axes = plot.cayley_graph(D4)
axes.figure

# %% [markdown]
# ### Why generators are enough
#
# Suppose $f(gx) = g f(x)$ and $f(hx) = h f(x)$ for all $x$. Then
#
# $$ f(ghx) = g f(hx) = gh f(x), \qquad f(x) = f(g\, g^{-1}x) = g f(g^{-1}x) \;\Rightarrow\; f(g^{-1}x) = g^{-1}f(x). $$
#
# The set of elements with which $f$ commutes is closed under products and inverses. If it contains the generators, it
# is the whole group. Two conditions instead of eight; for Rubik's cube six instead of $4\cdot 10^{19}$.
#
# Let us test that on the simplest $f$, a matrix $W$. A matrix that commutes with $r$ is $a\,1 + b\,r$; ask for $s$ as
# well, and $b$ must vanish.


# %%
def commutes(W, elements):
    return all(np.array_equal(W @ g, g @ W) for g in elements)


W = 3 * np.eye(2, dtype=int)
assert commutes(W, [r, s])
assert commutes(W, square), "two conditions imply the other six"

W = 3 * np.eye(2, dtype=int) + 5 * r
assert commutes(W, [r])
assert not commutes(W, square), "one generator forgotten: the mirror is not respected"

# %% [markdown]
# That last line is the standard accident with generators: **leave one out and everything still runs**. The layers are
# then equivariant under a smaller group. Which one, you can ask.

# %%
print("only the turn:     ", Group.from_generators(discrete=[r.tolist()]).order, "elements")
print("only 3-cycles of 5:", Group.from_permutations([[1, 2, 0, 3, 4], [1, 2, 3, 4, 0]]).order, "of 120 permutations")
print("a swap and a cycle:", Group.from_permutations([[1, 0, 2, 3, 4], [1, 2, 3, 4, 0]]).order, "of 120 permutations")
assert Group.from_permutations([[1, 2, 0, 3, 4], [1, 2, 3, 4, 0]]).order == 60  # even ones only: products of even ones

# %% [markdown]
# For large permutation groups breadth-first search is hopeless. Schreier and Sims count without listing: fix one
# point after the other, and multiply the sizes of the orbits.

# %%
cube = Rubik()
print(f"{len(cube.discrete)} turns of 48 stickers generate {cube.order:,} positions")
assert cube.order == 43_252_003_274_489_856_000

# %% [markdown]
# ## 2. Continuous groups: one matrix generates a circle
#
# No finite set of rotations generates *all* rotations. What generates them is a rotation by an infinitesimal angle,
# $1 + \varepsilon A$, repeated $t/\varepsilon$ times:
#
# $$ \lim_{n\to\infty}\Big(1 + \frac{t}{n}A\Big)^n = \exp(tA) = 1 + tA + \tfrac{t^2}{2}A^2 + \dots $$
#
# For $J = \begin{pmatrix}0&-1\\1&0\end{pmatrix}$ we have $J^2 = -1$, and the series splits into a cosine and a sine:
# $\exp(tJ) = \cos t\, 1 + \sin t\, J$.

# %%
J = np.array([[0.0, -1.0], [1.0, 0.0]])
t = 0.7
for n in (1, 10, 100, 1000):
    step = np.linalg.matrix_power(np.eye(2) + t / n * J, n)
    print(f"n = {n:4}: distance from the rotation by {t}: {np.abs(step - expm(t * J)).max():.1e}")
assert np.allclose(expm(t * J), np.cos(t) * np.eye(2) + np.sin(t) * J)

# %% [markdown]
# A matrix $A$ is a **vector field**, $x \mapsto Ax$, and $\exp(tA)x$ is where the flow carries $x$. Four generators
# of the plane, four kinds of geometry: circles, hyperbolas, rays and shears.

# %%
flows = {
    "rotation": J,
    "boost": np.array([[0.0, 1.0], [1.0, 0.0]]),
    "scaling": np.eye(2),
    "shear": np.array([[0.0, 1.0], [0.0, 0.0]]),
}
figure = plot.figure(11, 3.2)
grid = np.stack(np.meshgrid(np.linspace(-1, 1, 11), np.linspace(-1, 1, 11)), -1)
starts = 0.6 * np.array([[np.cos(a), np.sin(a)] for a in np.arange(0, 2 * np.pi, np.pi / 4) + 0.2])
for axes, (name, A) in zip(figure.subplots(1, 4), flows.items()):
    field = grid @ A.T
    axes.quiver(grid[..., 0], grid[..., 1], field[..., 0], field[..., 1], color="0.75")
    for x in starts:
        path = np.array([expm(u * A) @ x for u in np.linspace(-1, 1, 41)])
        axes.plot(*path.T, color="C0", linewidth=1.2)
        axes.plot(*x, "o", color="C1", markersize=4)
    axes.set(title=name, xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), xticks=[], yticks=[], aspect="equal")
figure

# %% [markdown]
# What does equivariance mean for the infinitesimal generator? Differentiate $W \exp(tA) = \exp(tA)\, W$ at $t = 0$:
#
# $$ W A = A W . $$
#
# One *linear* condition for a one-parameter group. It is also sufficient: if $W$ commutes with $A$ it commutes with
# every power of $A$, hence with the exponential series.

# %%
W = 2 * np.eye(2) - 3 * J  # commutes with J
assert np.allclose(W @ J, J @ W)
angles = np.random.default_rng(0).uniform(0, 2 * np.pi, 100)
assert all(np.allclose(W @ expm(a * J), expm(a * J) @ W) for a in angles)

# %% [markdown]
# ## 3. Two rotations hide a third: the bracket
#
# Start with infinitesimal rotations about the $x$- and the $y$-axis. Go a little way with the first, then the second,
# back with the first, back with the second. For numbers nothing would have happened. For matrices
#
# $$ e^{tA}e^{tB}e^{-tA}e^{-tB} = 1 + t^2\,[A, B] + O(t^3), \qquad [A, B] = AB - BA, $$
#
# and what is left is a small rotation about the $z$-axis. So the set of generators is closed under brackets, whether we
# wrote them all down or not.

# %%
Lx = np.array([[0, 0, 0], [0, 0, -1], [0, 1, 0]])
Ly = np.array([[0, 0, 1], [0, 0, 0], [-1, 0, 0]])
Lz = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 0]])
assert np.array_equal(Lx @ Ly - Ly @ Lx, Lz)

errors = []
for t in (0.1, 0.05, 0.025):
    loop = expm(t * Lx) @ expm(t * Ly) @ expm(-t * Lx) @ expm(-t * Ly)
    errors.append(np.abs(loop - np.eye(3) - t**2 * Lz).max())
    print(f"t = {t:5}: the loop differs from 1 + t² Lz by {errors[-1]:.1e}")
assert 6 < errors[0] / errors[1] < 10, "half the step, an eighth of the error: the rest is of third order"

# %% [markdown]
# `Group` takes brackets until nothing new appears (`closure`), as we did with products in section 1. Two matrices are
# a complete description of $SO(3)$; equality as *sets of matrices* is decided by `same_group`, while `==` compares
# generators.

# %%
two_axes = Group.from_generators(algebra=[Lx.tolist(), Ly.tolist()], name="two axes")
print(f"{len(two_axes.algebra)} generators, dimension {two_axes.lie_dim}")
assert two_axes.lie_dim == 3
assert same_group(two_axes, SO(3))
assert two_axes != SO(3), "other generators"

# %%
axes = plot.generators(SO(3))
np.ravel(axes)[0].figure

# %% [markdown]
# ## 4. A group is what it preserves
#
# Usually one does not think of generators first. One thinks of a thing that must not change: a length, an area, the
# interval between events. Let $F$ be a bilinear form, and ask for all $g$ with $g^\mathsf{T} F g = F$. Put
# $g = 1 + \varepsilon A$ and keep first order:
#
# $$ A^\mathsf{T} F + F A = 0 . $$
#
# A linear system for the entries of $A$. Solve it with an SVD: with row-major $\operatorname{vec}$ we have
# $\operatorname{vec}(XAY) = (X \otimes Y^\mathsf{T}) \operatorname{vec} A$, and $A^\mathsf{T}$ is a permutation of
# the entries.


# %%
def preserving(F):
    """Basis of {A : AᵀF + FA = 0}, from the nullspace of one matrix."""
    n = len(F)
    transpose = np.eye(n * n).reshape(n, n, n, n).swapaxes(0, 1).reshape(n * n, n * n)
    system = np.kron(np.eye(n), F.T) @ transpose + np.kron(F, np.eye(n))
    _, singular, vt = np.linalg.svd(system)
    return vt[singular < 1e-10].reshape(-1, n, n)


forms = {
    "Euclidean length, x² + y² + z²": np.diag([1.0, 1, 1]),
    "Minkowski interval, t² − x² − y² − z²": np.diag([1.0, -1, -1, -1]),
    "area in phase space, dp ∧ dq": np.kron([[0.0, 1], [-1, 0]], np.eye(2)),
}
for name, F in forms.items():
    algebra = preserving(F)
    assert np.abs(np.swapaxes(algebra, 1, 2) @ F + F @ algebra).max() < 1e-12
    found = Group.preserving(F.astype(int).tolist())
    assert found.lie_dim == len(algebra)
    print(f"{name:40} dimension {len(algebra)}, components {found.components}, compact: {found.is_compact}")

# %% [markdown]
# Count: a symmetric form on $\mathbb R^n$ leaves $n(n-1)/2$ dimensions whatever its signature, an antisymmetric one
# $n(n+1)/2$. (Substitute $B = FA$: the condition says that $B$ is antisymmetric, or symmetric.)
#
# The number of **components** is something the linear system cannot know: it only sees a neighbourhood of the
# identity. No path of rotations leads to a mirror image, and in space-time one can reverse space, or time, or both:
# four components. `Group.preserving` adds reflections for the form it is given; with `from_generators` they are up to
# you, under `discrete`.

# %%
lorentz = Group.preserving(sp.diag(1, -1, -1, -1), name="typed in")
print(lorentz.describe())
assert lorentz == Lorentz()
assert lorentz.components == 4

identity_component = Group.from_generators(algebra=lorentz.algebra)
time_reversal = np.diag([-1, 1, 1, 1])
assert time_reversal in lorentz
assert time_reversal not in identity_component

# %% [markdown]
# Any basis will do. Here is a plane with a skewed form nobody has a name for; the exact generator is in sympy. Its
# orbits are the level sets of the form, as they must be.

# %%
F = sp.Matrix([[2, 1], [1, -1]])
skew = Group.preserving(F, name="skewed hyperbolas")
A = skew.algebra[0]
print("generator:", A)
assert sp.zeros(2, 2) == A.T * F + F * A

figure = plot.figure(4.5, 4.5)
axes = figure.subplots()
line = np.linspace(-2, 2, 201)
x, y = np.meshgrid(line, line)
axes.contour(x, y, 2 * x**2 + 2 * x * y - y**2, levels=np.arange(-6, 7), colors="0.8", linewidths=0.8)
numeric = np.array(A.tolist(), dtype=float)
for start in ([1, 0], [0, 1], [0.5, -1], [-0.7, 0.4]):
    orbit = np.array([expm(u * numeric) @ start for u in np.linspace(-0.7, 0.7, 61)])
    axes.plot(*orbit.T, color="C0")
    axes.plot(*start, "o", color="C1")
    value = 2 * orbit[:, 0] ** 2 + 2 * orbit[:, 0] * orbit[:, 1] - orbit[:, 1] ** 2
    assert np.ptp(value) < 1e-12 * np.abs(orbit).max() ** 2
axes.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal", title="orbits run along level sets of the form")
figure

# %% [markdown]
# ## 5. What can go wrong while typing
#
# A group element where a Lie-algebra element belongs, a singular matrix, a discrete generator that drags the Lie
# algebra out of itself: all of these are errors, with the numbers that show why.

# %%
mistakes = {
    "a projection is not invertible": {"discrete": [[[1, 0], [0, 0]]]},
    "a rotation and a shear: the group is larger": {"algebra": [[[0, -1], [1, 0]]], "discrete": [[[1, 1], [0, 1]]]},
    "two sizes": {"algebra": [[[0, -1], [1, 0]]], "discrete": [np.eye(3, dtype=int).tolist()]},
}
for what, generators in mistakes.items():
    try:
        Group.from_generators(**generators)
    except ValueError as error:
        print(f"{what}:\n    {error}\n")
    else:
        raise AssertionError(f"{what}: not noticed")

# %% [markdown]
# ## 6. Random elements, the right way
#
# Tests of equivariance use *random* elements. "Random" should mean: no part of the group is preferred. For a compact
# group there is one such distribution, **Haar measure**, the only one that does not change when all elements are
# multiplied by a fixed one. Drawing three Euler angles uniformly is *not* it. A cheap check, due to Archimedes: if
# $g$ is Haar distributed on $SO(3)$, the image $g e_z$ is uniform on the sphere, so its height is uniform in
# $[-1, 1]$.

# %%
rng = np.random.default_rng(0)
n = 20_000
angles = rng.uniform(0, 2 * np.pi, (3, n))
sine, cosine = (f(angles)[:, :, None, None] for f in (np.sin, np.cos))
turns = [np.eye(3) + sin * A + (1 - cos) * (A @ A) for A, sin, cos in zip((Lz, Ly, Lz), sine, cosine)]  # Rodrigues
euler = turns[0] @ turns[1] @ turns[2]
haar = SO(3).sample(n, rng=0)

heights = {"Haar: group.sample": haar[:, 2, 2], "uniform Euler angles": euler[:, 2, 2]}
figure = plot.figure(8, 3)
for axes, (name, height) in zip(figure.subplots(1, 2, sharey=True), heights.items()):
    axes.hist(height, bins=30, range=(-1, 1), density=True, color="C0", alpha=0.7)
    axes.axhline(0.5, color="C1")
    axes.set(title=name, xlabel="height of the north pole after g")
figure

# %%
# moments of a uniform height: E z² = 1/3; the poles are overcrowded by Euler angles, where E cos² b = 1/2
second = {name: float(np.mean(height**2)) for name, height in heights.items()}
print(second)
assert abs(second["Haar: group.sample"] - 1 / 3) < 0.01
assert abs(second["uniform Euler angles"] - 1 / 2) < 0.01

# %% [markdown]
# A non-compact group has no such distribution: boosts go to infinity, and infinity has no uniform probability. There
# `sample` draws words and exponentials with condition number at most 10, so that a test measures equivariance and not
# rounding.

# %%
for G in (O(3), Lorentz(), GL(3), Scaling(2)):
    condition = np.linalg.cond(G.sample(200, rng=0))
    print(f"{G.name:12} compact: {G.is_compact!s:5}  largest condition number of 200 samples: {condition.max():.2f}")
    assert condition.max() < 1 + 1e-9 if G.is_compact else condition.max() <= 10 + 1e-6

# %% [markdown]
# ## Where this goes
#
# From here on a group is a list of matrices $A_1, \dots, A_k$ (Lie algebra) and $h_1, \dots, h_m$ (discrete).
# Everything else in the library is linear algebra with these: notebook 2 lets them act on
# more than vectors, notebook 3 solves $WA = AW$ for all of them at once.
#
# ## Exercises
#
# 1. Which group preserves both $x^2+y^2+z^2$ and the vector $(1, 1, 1)$? Find it in two ways:
#    `O(3).subgroup(fixing=...)`, and by adding rows to the linear system of `preserving`. Compare dimensions. Do you
#    get the mirrors both times?
# 2. $G_2$ is what preserves the cross product of $\mathbb R^7$. Look at `intertwine.groups.G2` and check with
#    `describe()` that its dimension is 14. How many equations does the linear system have?
# 3. Take the sampler apart: multiply 5, 10, 20 random letters from $\{r, s\}$ of section 1. After how many is every
#    element of the square's group equally likely, within one percent? (Hint: parity. What if the identity is a
#    letter, too?)
