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
# # 6 · Steerable kernels: the constraint, the orbit, the network
#
# A convolution slides one kernel over a field. It commutes with translations, whatever the kernel. When does it
# commute with rotations, too, if the fields carry vectors that turn along? The answer is an equation for the kernel,
#
# $$ K(gx) = \rho_{\text{out}}(g)\, K(x)\, \rho_{\text{in}}(g)^{-1}, $$
#
# and this notebook solves it three times: on paper, with polynomials, and with a network.
#
# You will
#
# 1. derive the equation, and draw what it allows in the plane;
# 2. reduce it to one point per orbit, where it is a Hom space of notebook 3;
# 3. solve it with polynomials, exactly, and count;
# 4. let an equivariant MLP be the kernel, and ask if anything is missing;
# 5. see light cones, and a wrong dual.

# %%
import numpy as np
import sympy as sp
import torch
from intertwine import plot
from intertwine.conv import ImplicitKernel, PointConv, StabilizerKernel, completeness
from intertwine.groups import SL, SO, Dihedral, O, Trivial
from intertwine.reps import Irrep, Scalar, V, covariants, invariant_polynomials, steerable_kernels
from intertwine.testing import assert_equivariant
from scipy.linalg import expm

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. Where the equation comes from
#
# Points $x_i$ carry features $f_i$. A convolution sums over neighbours,
# $y_i = \sum_j K(x_j - x_i)\, f_j$. Turn everything: $x_i \to g x_i$ and $f_i \to \rho_{\text{in}}(g) f_i$. Then
#
# $$ y_i' = \sum_j K(g(x_j - x_i))\, \rho_{\text{in}}(g) f_j \overset!= \rho_{\text{out}}(g)\, y_i
#    = \sum_j \rho_{\text{out}}(g)\, K(x_j - x_i)\, f_j . $$
#
# This has to hold for all features $f$, so it has to hold term by term: the equation above. (Weiler et al.,
# arXiv:1807.02547, theorem 2.) Let us first *violate* it, with a kernel somebody might write down: to each output
# vector add the input vectors, weighted by $\exp(-|x|^2)$, and, to be sensitive to directions, by $1 + x_1$.


# %%
def convolve(kernel, x, f):
    """y_i = Σ_j K(x_j − x_i) f_j for points (n, d) and features (n, in)."""
    offsets = x[None] - x[:, None]  # (i, j, d)
    return np.einsum("ijab,jb->ia", kernel(offsets), f)


def naive(x):
    weight = np.exp(-(x**2).sum(-1)) * (1 + x[..., 0])
    return weight[..., None, None] * np.eye(2)


def proper(x):
    """A radial weight times 1, plus another one times x xᵀ: the direction enters as a tensor."""
    weight = np.exp(-(x**2).sum(-1))[..., None, None]
    return weight * (np.eye(2) + x[..., :, None] * x[..., None, :])


points, vectors = rng.standard_normal((2, 6, 2))
g = SO(2).sample(rng=0)
for kernel in (naive, proper):
    turned = convolve(kernel, points @ g.T, vectors @ g.T)
    error = np.abs(turned - convolve(kernel, points, vectors) @ g.T).max()
    print(f"{kernel.__name__:7} kernel: violation {error:.1e}")
    assert (error < 1e-12) == (kernel is proper)

# %% [markdown]
# ## 2. One point per orbit
#
# The equation ties $K(gx)$ to $K(x)$: know the kernel at one point of a circle, and you know it on the whole circle.
# Start in the plane, from scalars to vectors, so that $K(x)$ is an arrow and $K(gx) = gK(x)$. Choose the arrow at
# $(r, 0)$ freely: along the radius, or across. The rest of the circle follows. That is **two** kernels for $SO(2)$,
# times any function of $r$.
#
# Now add mirrors. The mirror $(x, y) \mapsto (x, -y)$ *fixes* the point $(r, 0)$; the equation at this point says
# $K = \text{mirror}\cdot K$, and the arrow across is forbidden. $O(2)$ has **one** kernel. Without any symmetry there
# are two at every point, unrelated.

# %%
drawn = plot.figure(10, 3.4)
angles = np.linspace(0, 2 * np.pi, 13)[:-1]
J = np.array([[0.0, -1], [1, 0]])
for axes, (title, arrow) in zip(
    drawn.subplots(1, 3),
    {"along: SO(2) and O(2)": [1, 0], "across: SO(2) only": [0, 1], "both: SO(2) only": [0.8, 0.6]}.items(),
):
    turns = np.array([expm(a * J) for a in angles])
    at, values = turns @ [1.0, 0], turns @ arrow
    axes.quiver(*at.T, *values.T, color="C0", angles="xy", scale=6)
    axes.quiver(1, 0, *arrow, color="C1", angles="xy", scale=6)
    axes.set(title=title, aspect="equal", xlim=(-1.8, 1.8), ylim=(-1.8, 1.8), xticks=[], yticks=[])
drawn

# %% [markdown]
# In general: the elements that fix $x$ form the **stabiliser** $G_x$. For $h \in G_x$ the equation reads
# $K(x) = \rho_{\text{out}}(h) K(x) \rho_{\text{in}}(h)^{-1}$. So the value at $x$ is an equivariant map of the
# *smaller* group,
#
# $$ K(x) \in \mathrm{Hom}_{G_x}(\text{in}, \text{out}), $$
#
# and conversely any such value can be carried along the orbit, consistently: if $gx = g'x$ then $g^{-1}g' \in G_x$
# and both give the same. **Steerable kernels are: for every orbit, one element of a Hom space.** (Cohen, Geiger,
# Weiler, arXiv:1811.02017.)
#
# In space the stabiliser of a point is the circle of rotations about it. What may a kernel from vectors to vectors be
# on the $z$-axis? Whatever commutes with turning about $z$:

# %%
G = SO(3)
around_z = G.subgroup(fixing=[0, 0, 1])
value = (V >> V)(around_z)
for matrix in value.exact():
    print(np.array(matrix.tolist()), "\n")
assert value.dim == 3
assert (V >> V)(O(3).subgroup(fixing=[0, 0, 1])).dim == 2, "a mirror forbids one of them"

# %% [markdown]
# Carry these three along the sphere, and they are the identity, the projection $\hat x \hat x^\mathsf{T}$, and the
# cross product $\hat x \times$. So the most general equivariant message between vectors in space is
# $a(r)\, f + b(r)\,(\hat x\cdot f)\,\hat x + c(r)\, \hat x\times f$; physicists know this from central and magnetic
# forces.
#
# ## 3. With polynomials, exactly
#
# The entries of $1$, $x x^\mathsf{T}$ and $x\times$ are polynomials. `steerable_kernels` lists the polynomial
# solutions of one degree: a polynomial map of degree $k$ is linear on $\mathrm{Sym}^k$, so that this is a Hom space
# once more.

# %%
for degree in range(3):
    for K in steerable_kernels(V, V, degree, SO(3)):
        sp.pprint(K)
        print()

# %% [markdown]
# Check one with symbols, for a rotation about $z$ by any angle (they are exact, so the result is 0 and not $10^{-16}$):

# %%
x, y, z, t = sp.symbols("x y z t", real=True)
R = sp.Matrix([[sp.cos(t), -sp.sin(t), 0], [sp.sin(t), sp.cos(t), 0], [0, 0, 1]])
moved = dict(zip((x, y, z), R * sp.Matrix([x, y, z])))
plain = dict(zip(sp.symbols("x y z"), (x, y, z)))
(K,) = (k.subs(plain) for k in steerable_kernels(V, V, 1, SO(3)))
assert sp.simplify(K.subs(moved, simultaneous=True) - R * K * R.T) == sp.zeros(3, 3)

# %% [markdown]
# Count: two polynomials of degree 2 came out, but $r^2\,1$ is degree 0 times the invariant $r^2$. Up to functions of
# invariants there are three kernels, as section 2 says. Invariants, too, can be asked for; so can the maps to a vector.

# %%
print("invariants of degree 2:", invariant_polynomials(SO(3), 2), "  of the square, degree 4:")
print(invariant_polynomials(Dihedral(4), 4))
print("scalar → vector, degree 1:", [list(p) for p in covariants(V, 1, SO(2))], "(along and across)")
assert len(covariants(V, 1, SO(2))) == 2
assert len(covariants(V, 1, O(2))) == 1
assert len(invariant_polynomials(Dihedral(4), 4)) == 2, "x⁴ + y⁴ and x²y²: kernels may have corners"

# %% [markdown]
# For irreps of $SO(3)$ of degrees $l$ and $J$, the stabiliser count has a famous form. Under rotations about one axis
# the irrep $l$ splits into frequencies $0, 1, \dots, l$. Two irreps share the frequencies $0, \dots, \min(l, J)$; the
# frequency 0 gives one map, each other one two (complex type). Total: $2\min(l, J) + 1$. It is also the number of
# spherical harmonics $|l - J|, \dots, l + J$ in the Clebsch–Gordan series, and must be.

# %%
allowed = np.array([[StabilizerKernel(Irrep(l), Irrep(J), group=SO(3)).allowed for l in range(4)] for J in range(4)])
print(allowed)
assert np.array_equal(allowed, 2 * np.minimum.outer(np.arange(4), np.arange(4)) + 1)

# %% [markdown]
# ## 4. With a network
#
# Polynomials times radial functions are fine for $SO(3)$. For a group typed in a minute ago one would have to know
# its invariants, its orbits, and which polynomials suffice. But look at the equation again: it says that
# $x \mapsto K(x)$ is an *equivariant function* from $V$ to matrices, $\rho_{\text{out}} \otimes \rho_{\text{in}}^*$.
# Equivariant functions are what notebook 5 was about. **Let the kernel be an equivariant MLP of the relative
# position** (Zhdanov et al., arXiv:2212.06096).

# %%
torch.manual_seed(0)
kernel = ImplicitKernel(Scalar + V, Scalar + V, group=O(2), dtype=torch.float64)
position = torch.rand(50, 2, dtype=torch.float64) - 0.5
g = O(2).sample(rng=1)
rho_out, rho_in = (torch.from_numpy(rep.rho(g)) for rep in (kernel.rep_out, kernel.rep_in))
there = kernel(position @ torch.from_numpy(g).T)
back = rho_out @ kernel(position) @ torch.linalg.inv(rho_in)
print(f"violation of the constraint: {float((there - back).detach().abs().max()):.1e}")
assert torch.allclose(there, back, atol=1e-12)

axes = plot.kernel(kernel)
np.ravel(axes)[0].figure

# %% [markdown]
# Four blocks of one kernel: scalar → scalar is a function of the radius; vector → scalar and scalar → vector are
# radial arrows; vector → vector is a field of matrices, drawn as ellipses. The same random network with other groups,
# scalar → vector only:

# %%
drawn = plot.figure(11, 3.2)
groups = (O(2), SO(2), Dihedral(3), Trivial(2))
for axes, group in zip(drawn.subplots(1, 4), groups):
    torch.manual_seed(4)
    plot.kernel(ImplicitKernel(Scalar, V, group=group, hidden=64), (0, 0), axes=axes)
    axes.set_title(group.name)
drawn

# %% [markdown]
# $O(2)$: along the radius only. $SO(2)$: swirls. The triangle's symmetries: whatever repeats after a third of a turn,
# and is straight on the three mirror lines. No symmetry: anything.
#
# ### Is anything missing?
#
# The kernel satisfies the constraint by construction. That is the easy half; the zero kernel does, too. Does it take
# **all** values that section 2 allows? `completeness` draws random weights, evaluates the kernel at a point of every
# kind of orbit, and compares the span of the values with $\dim \mathrm{Hom}_{G_x}$.

# %%
print(completeness(ImplicitKernel(V, V, group=SO(3))))
assert completeness(ImplicitKernel(V, V, group=SO(3))).complete

# %% [markdown]
# At the origin, fixed by all of $SO(3)$, one map (Schur: multiples of 1), elsewhere three. Where does the network get
# the tensor $x x^\mathsf{T}$ from? From the position's *symmetric powers*, which are its input; the library picks the
# degree. Restrict it to degree 1, and the degree-2 kernel is lost, for good:

# %%
poor = completeness(ImplicitKernel(V, V, group=SO(3), degree=1))
print(poor)
assert not poor.complete
assert [(p.spanned, p.allowed) for p in poor.points] == [(1, 1), (2, 3)]

# %% [markdown]
# ### The convolution
#
# `PointConv` is the sum over neighbours with such a kernel. No matrix $K$ is ever formed per edge, see the class's
# documentation; the function is the same. Turn a cloud, and the output turns along:

# %%
torch.manual_seed(0)
rep_in, rep_out = 2 * Scalar + V, Scalar + 2 * V
conv = PointConv(rep_in, rep_out, group=O(3), dtype=torch.float64)
pos = torch.rand(8, 3, dtype=torch.float64)
source, target = torch.triu_indices(8, 8, 1)
edges = torch.stack([torch.cat([source, target]), torch.cat([target, source])])
features = torch.randn(8, 5, dtype=torch.float64)
assert_equivariant(conv, O(3), (rep_in, V, None), rep_out, inputs=(features, pos, edges))
print(conv)

# %% [markdown]
# ## 5. Orbits that are not spheres, and duals that are not copies
#
# Over $O(1, 2)$, space-time with two dimensions of space, orbits are hyperboloids of one or two sheets, and between
# them the light cone. Each kind has its own stabiliser: rotations of space (time-like $x$), boosts (space-like $x$),
# and on the cone shears, a group that is not even reductive. The kernel must be complete on each of them.

# %%
found = completeness(ImplicitKernel(V, V, group=O(1, 2)))
print(found)
assert found.complete
assert {p.name for p in found.points} >= {"origin", "generic", "other side", "null"}

drawn = plot.figure(4.2, 4)
axes = drawn.subplots()
line = np.linspace(-1, 1, 201)
torch.manual_seed(3)
plane = ImplicitKernel(Scalar, Scalar, group=O(1, 1), window=None, dtype=torch.float64)
grid = np.stack(np.meshgrid(line, line, indexing="xy"), -1)
with torch.no_grad():
    values = plane(torch.from_numpy(grid)).numpy()[..., 0, 0]
axes.imshow(values, origin="lower", extent=(-1, 1, -1, 1), cmap="RdBu")
axes.plot([-1, 1], [-1, 1], [-1, 1], [1, -1], color="0.3", linewidth=0.8, linestyle="--")
axes.set(title="a scalar kernel of O(1, 1): constant on hyperbolas", xticks=[], yticks=[])
drawn

# %%
boost = torch.from_numpy(O(1, 1).sample(rng=3))
events = torch.rand(20, 2, dtype=torch.float64) - 0.5
assert torch.allclose(plane(events @ boost.T), plane(events), atol=1e-10)

# %% [markdown]
# The kernel lives in $\rho_{\text{out}} \otimes \rho_{\text{in}}^{*}$, with the **dual**: the inverse on the right of
# the equation is transposed when it is flattened. Forget it, and nothing happens for rotations. For $SL(2)$ the two
# differ. Both of these are solutions of *an* equation, and only one commutes with the group in a convolution of
# vectors:

# %%
(right,) = steerable_kernels(V, V, 2, SL(2))
(wrong,) = steerable_kernels(V.dual, V, 2, SL(2))
print("V → V: ", right, "\nV* → V:", wrong)
as_kernel = {name: sp.lambdify(sp.symbols("x y"), K) for name, K in (("V → V", right), ("V* → V", wrong))}
g = SL(2).sample(rng=1)
for name, entries in as_kernel.items():
    sheared = lambda x, K=entries: np.moveaxis(np.array(K(x[..., 0], x[..., 1])), (0, 1), (-2, -1))  # noqa: E731
    turned = convolve(sheared, points @ g.T, vectors @ g.T)
    error = np.abs(turned - convolve(sheared, points, vectors) @ g.T).max()
    print(f"{name:6}: violation {error:.1e}")
    assert (error < 1e-10) == (name == "V → V")

# %% [markdown]
# ## Exercises
#
# 1. Which kernels are allowed from vectors to scalars for `Dihedral(4)` at a point on a mirror line, and at a generic
#    point? Predict, then ask `completeness(ImplicitKernel(V, Scalar, group=Dihedral(4)))`.
# 2. Derivatives are convolutions with very small kernels. Gradient, divergence, curl, Laplacian, gradient of the
#    divergence: find each among `steerable_kernels(rep_in, rep_out, degree, SO(3))` by replacing $x, y, z$ by
#    $\partial_x, \partial_y, \partial_z$. Is there an equivariant first-order operator you do not have a name for,
#    from `Sym(2)` to `V`?
# 3. Draw the kernels of `C(4)` and `SO(2)` from vectors to vectors side by side (`plot.kernel`), with the same seed.
#    What does a discrete group allow that the circle forbids? Count with `completeness`.
