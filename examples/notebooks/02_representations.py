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
# # 2 · Representations, and the algebra of V
#
# Rotate a molecule. Its energy stays what it was, the force on every atom turns like an arrow, its polarizability (a
# matrix) is multiplied from two sides. One rotation, three actions. How a quantity reacts to a group is called its
# **representation**, and before any learning starts you have to say it about every input and output of a network.
#
# You will
#
# 1. find the matrices of an action that does not look like one: a change of variables in a polynomial;
# 2. build all usual representations from one, the vector $V$, by sums, products, duals and symmetric powers;
# 3. see the most frequent mistake of the trade: a vector taken for a covector;
# 4. see how a representation differentiates, and count invariants by averaging traces;
# 5. take a nine-dimensional representation apart.

# %%
import numpy as np
from intertwine import plot
from intertwine.groups import SL, SO, SU, Lorentz, O, S
from intertwine.reps import Alt, Custom, Det, Permutation, Scalar, Sym, T, V, parse
from intertwine.reps.laws import check_rep_laws
from scipy.linalg import expm

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. An action in disguise
#
# Take polynomials $p(x, y) = a x^2 + b\,xy + c\,y^2$, and let a $2\times2$ matrix $g$ act by
# $(g\cdot p)(x) = p(g^{-1} x)$: the picture of $p$ is moved by $g$, so its value at $x$ comes from where $x$ came
# from. The new polynomial has new coefficients, and they depend *linearly* on $(a, b, c)$. So $g$ acts by a
# $3\times3$ matrix $\rho(g)$. Let us find it the lazy way: evaluate at points, and solve for coefficients.


# %%
def monomials(points):
    x, y = points.T
    return np.stack([x**2, x * y, y**2], axis=1)


points = rng.standard_normal((10, 2))


def rho(g):
    """The matrix that takes the coefficients of p to those of p(g⁻¹ x)."""
    moved = monomials(points @ np.linalg.inv(g).T)  # values of the monomials at g⁻¹ x
    return np.linalg.lstsq(monomials(points), moved, rcond=None)[0]


g, h = rng.standard_normal((2, 2, 2))
print(rho(g).round(3))

# %% [markdown]
# A **representation** is a map from group elements to matrices that keeps products:
#
# $$ \rho(gh) = \rho(g)\,\rho(h), \qquad \rho(1) = 1 . $$
#
# That is all. It follows that $\rho(g^{-1}) = \rho(g)^{-1}$. The inverse in the definition of $g\cdot p$ is there for
# this law: without it the order comes out reversed. Check both.

# %%
assert np.allclose(rho(g @ h), rho(g) @ rho(h))

without_inverse = lambda g: rho(np.linalg.inv(g))  # noqa: E731   p(g x)
assert not np.allclose(without_inverse(g @ h), without_inverse(g) @ without_inverse(h))
assert np.allclose(without_inverse(g @ h), without_inverse(h) @ without_inverse(g)), "the wrong way round"

# %% [markdown]
# The library knows this representation as the symmetric square of the dual, up to the choice of basis. The claim "same
# representation, other basis" means: there is an invertible $W$ with $W\rho_1(g) = \rho_2(g)W$. We can test it without
# finding $W$: then $\rho_1(g)$ and $\rho_2(g)$ have the same eigenvalues.

# %%
quadratic = Sym(2, V.dual)(SL(2))
eigenvalues = [np.sort_complex(np.linalg.eigvals(m)) for m in (rho(g), quadratic.rho(g))]
assert np.allclose(*eigenvalues)

# %% [markdown]
# ## 2. Everything from V
#
# Whatever the group, its matrices act on column vectors: that is `V`. From it grows an algebra, and expressions are
# values: they compare, print, hash, and wait for a group.
#
# | expression | acts on | matrix |
# |---|---|---|
# | `Scalar` | numbers that do not change | $1$ |
# | `V` | vectors | $g$ |
# | `a + b` | pairs | $\rho_a \oplus \rho_b$, block diagonal |
# | `a * b` | all products of components | $\rho_a \otimes \rho_b$, Kronecker |
# | `n * a` | lists of $n$ | $1_n \otimes \rho_a$ |
# | `a.dual` | linear functions of $a$ | $\rho_a(g^{-1})^\mathsf{T}$ |
# | `T(p, q)` | tensors with $p$ upper, $q$ lower indices | $g^{\otimes p} \otimes (g^{-1})^{\mathsf{T}\otimes q}$ |
# | `Sym(k)`, `Alt(k)` | (anti)symmetric tensors | restrictions of $g^{\otimes k}$ |
# | `Det` | pseudoscalars | $\det g$ |

# %%
features = 2 * Scalar + 3 * V + T(2)
print(features, "  on O(3): dimension", features(O(3)).dim)
assert features == Scalar + Scalar + 3 * V + V * V
assert features(O(3)).dim == 2 + 3 * 3 + 9

g = O(3).sample(rng=1)
matrix = features(O(3)).rho(g)
assert np.allclose(matrix[2:5, 2:5], g)
assert np.allclose(matrix[11:, 11:], np.kron(g, g))

figure = plot.figure(4, 3.6)
axes = figure.subplots()
image = axes.imshow(matrix, cmap="RdBu", vmin=-1, vmax=1)
axes.set(title=f"ρ(g) of {features}", xticks=[], yticks=[])
figure.colorbar(image)
figure

# %% [markdown]
# Why is the Kronecker product right for a matrix $M$ that turns as $g M g^\mathsf{T}$? Because for *row-major*
# flattening $\operatorname{vec}(g M g^\mathsf{T}) = (g \otimes g) \operatorname{vec} M$. Conventions like this one
# are dull and decisive: a network fed with column-major matrices would be equivariant under nothing. (Here, for
# $g \otimes g$, one gets away with it. For $n * V$ one does not.)

# %%
M = rng.standard_normal((3, 3))
assert np.allclose((g @ M @ g.T).ravel(), T(2)(O(3)).rho(g) @ M.ravel())

x = rng.standard_normal((4, 3))  # four vectors, copy-major: x1 y1 z1 x2 y2 z2 ...
four = (4 * V)(O(3)).rho(g)
assert np.allclose((x @ g.T).ravel(), four @ x.ravel())
component_major = x.T.ravel()  # x1 x2 x3 x4 y1 ...: a common slip
assert not np.allclose((x @ g.T).T.ravel(), four @ component_major)

# %% [markdown]
# ## 3. Vectors and covectors
#
# A *covector* $\xi$ is a linear function on vectors, $\xi(x) = \xi^\mathsf{T} x$: a price list for quantities, a
# gradient for displacements, a family of equidistant level lines for arrows. When vectors move by $g$, the number
# $\xi^\mathsf{T}x$ must stay, so covectors move by $\rho(g) = (g^{-1})^\mathsf{T}$. Watch a shear act on both. The
# arrow follows the shear; the lines still count the same number of crossings.

# %%
shear = np.array([[1.0, 0.8], [0.0, 1.0]])
arrow, covector = np.array([0.9, 1.2]), np.array([2.0, 1.0])
figure = plot.figure(8, 4)
line = np.linspace(-2.5, 2.5, 101)
grid = np.stack(np.meshgrid(line, line), -1)
pictures = {"before": np.eye(2), "after the shear": shear}
for axes, (title, m) in zip(figure.subplots(1, 2), pictures.items()):
    moved, xi = m @ arrow, V.dual(SL(2)).rho(m) @ covector
    axes.contour(line, line, grid @ xi, levels=range(-8, 9), colors="C0", linewidths=0.8)
    axes.annotate("", moved, (0, 0), arrowprops={"arrowstyle": "-|>", "color": "C1", "lw": 2})
    axes.set(title=f"{title}: ξ(x) = {xi @ moved:.1f} lines crossed", aspect="equal", xticks=[], yticks=[])
    assert np.isclose(xi @ moved, covector @ arrow)
figure

# %% [markdown]
# For rotations $(g^{-1})^\mathsf{T} = g$, and one never notices. For the Lorentz group the two differ as matrices,
# but the metric $\eta$ translates ("lowering an index"). For $SL(3)$ **no translation exists**:

# %%
for G in (SO(3), Lorentz(), SL(3), SL(2)):
    same_matrices = np.allclose(V(G).rho(G.sample(rng=0)), V.dual(G).rho(G.sample(rng=0)))
    print(f"{G.name:8}  V = V* as matrices: {same_matrices!s:5}  isomorphic: {V(G).is_isomorphic(V.dual(G))}")
assert not V(SL(3)).is_isomorphic(V.dual(SL(3)))
assert V(Lorentz()).is_isomorphic(V.dual(Lorentz()))

# %% [markdown]
# ($SL(2)$ is the exception among the $SL(n)$: it preserves the area $x_1y_2 - x_2y_1$, which turns a vector into a
# function of vectors.)
#
# **What breaks when you confuse them.** A $3\times3$ array can be a linear map, $M \mapsto gMg^{-1}$, which is
# `T(1, 1)`, or a bilinear form of covectors, $M \mapsto gMg^\mathsf{T}$, which is `T(2)`. The trace is an invariant
# of a map. Declare the array as `T(2)` under $SL(3)$, and no invariant linear function is left: a network head that
# wants one number gets nothing.

# %%
print("linear invariants of a map          T(1, 1):", (T(1, 1) >> Scalar)(SL(3)).dim)
print("linear invariants of a bilinear form   T(2):", (T(2) >> Scalar)(SL(3)).dim)
assert (T(1, 1) >> Scalar)(SL(3)).dim == 1
assert (T(2) >> Scalar)(SL(3)).dim == 0

g = SL(3).sample(rng=3)
right, wrong = g @ M @ np.linalg.inv(g), g @ M @ g.T
print(f"trace before {np.trace(M):.3f}, after as a map {np.trace(right):.3f}, after as a form {np.trace(wrong):.3f}")
assert np.isclose(np.trace(right), np.trace(M))
assert not np.isclose(np.trace(wrong), np.trace(M))

# %% [markdown]
# ## 4. Symmetric, antisymmetric, and the mirror
#
# Swap the two indices of a tensor. The swap commutes with $g \otimes g$, so its eigenspaces, the symmetric and the
# antisymmetric tensors, are preserved: $T(2) = \mathrm{Sym}^2 \oplus \mathrm{Alt}^2$. In three dimensions an
# antisymmetric matrix has three entries, and turns like a vector: that is the cross product. Nearly. In a mirror it
# turns like a vector *with a sign*; angular momentum and the magnetic field are such **pseudovectors**.

# %%
assert (Sym(2) + Alt(2))(SO(3)).dim == T(2)(SO(3)).dim
print("Alt(2) → V        over SO(3):", (Alt(2) >> V)(SO(3)).dim, "  over O(3):", (Alt(2) >> V)(O(3)).dim)
print("Alt(2) → Det · V  over O(3): ", (Alt(2) >> Det * V)(O(3)).dim)
assert Alt(2)(SO(3)).is_isomorphic(V(SO(3)))
assert not Alt(2)(O(3)).is_isomorphic(V(O(3)))
assert Alt(2)(O(3)).is_isomorphic((Det * V)(O(3)))

mirror = np.diag([-1.0, 1, 1])
a, b = rng.standard_normal((2, 3))
assert np.allclose(np.cross(mirror @ a, mirror @ b), np.linalg.det(mirror) * mirror @ np.cross(a, b))

# %% [markdown]
# The highest antisymmetric power has one dimension, and $g$ acts on it by a number: the determinant. (One may take
# this as the definition.)

# %%
g = rng.standard_normal((4, 4))  # tensors have a matrix for every invertible g, whatever the group
assert np.isclose(Alt(4)(SL(4)).rho(g).item(), np.linalg.det(g))

# %% [markdown]
# ## 5. Derivatives
#
# For a continuous group put $g = e^{tA}$ and differentiate: $d\rho(A) = \frac{d}{dt}\rho(e^{tA})\big|_0$. Products
# become sums, by the product rule:
#
# $$ d(\rho_1\otimes\rho_2)(A) = d\rho_1(A)\otimes 1 + 1 \otimes d\rho_2(A), \quad d\rho^*(A) = -d\rho(A)^\mathsf{T}. $$

# %%
A = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 0]])  # about z
rep = T(1, 1)(SO(3))
difference = (rep.rho(expm(1e-5 * A)) - rep.rho(expm(-1e-5 * A))) / 2e-5
assert np.allclose(difference, rep.drho(A), atol=1e-8)
assert np.allclose(rep.drho(A), np.kron(A, np.eye(3)) + np.kron(np.eye(3), -A.T))
assert np.allclose(expm(rep.drho(0.8 * A)), rep.rho(expm(0.8 * A))), "and back by the exponential"

# %% [markdown]
# The eigenvalues of $d\rho(A)$, divided by $i$, are the **weights**: how fast each component turns when the group
# turns once. A vector of $SO(3)$ has weights $-1, 0, 1$. In a tensor product the weights *add*, pair by pair. Here
# are those of $T(3)$; the picture is all sums of three of $-1, 0, 1$.

# %%
weights = np.linalg.eigvals(T(3)(SO(3)).drho(A)).imag.round(9) + 0.0
values, counts = np.unique(weights, return_counts=True)
print(dict(zip(values.tolist(), counts.tolist())))
assert counts.tolist() == [1, 3, 6, 7, 6, 3, 1]  # coefficients of (1/q + 1 + q)³

# %% [markdown]
# A group with *two* commuting generators, such as $SU(3)$, has weights in the plane. The defining representation is a
# triangle, its dual (antiquarks) the triangle upside down, and their product all sums of a corner of the one and a
# corner of the other: a hexagon around a triple point. (Two of the three belong to the eight-dimensional adjoint
# representation, one to an invariant, the trace.)

# %%
figure = plot.figure(9, 3.2)
for axes, rep in zip(figure.subplots(1, 3), (V, V.dual, V * V.dual)):
    plot.weights(rep(SU(3)), axes=axes)
figure

# %% [markdown]
# ## 6. Characters: invariants counted by averaging
#
# The trace of $\rho(g)$ does not depend on the basis. For a finite group, average $\rho(g)$ itself over all elements:
# the result $P$ is a projection, on exactly the vectors that nobody moves ($P\rho(h) = P$, since multiplying by $h$
# only shuffles the sum; and $P^2 = P$). The trace of a projection is its rank, so
#
# $$ \dim\{\text{invariants}\} = \frac{1}{|G|}\sum_{g} \operatorname{tr}\rho(g) . $$

# %%
G = S(4)
elements = G.elements()
for rep in (V, T(2), T(3)):
    average = rep(G).rho(elements).mean(0)
    assert np.allclose(average @ average, average)
    invariants = rep(G).character(elements).mean()
    print(f"{rep!r:5} of S(4): the mean trace is {invariants:.0f}, the solver finds {(Scalar >> rep)(G).dim}")
    assert np.isclose(invariants, (Scalar >> rep)(G).dim)

# %% [markdown]
# 1, 2, 5: for $T(k)$ of $S(n)$, $n \ge k$, these are the Bell numbers, the ways to say which of $k$ indices are equal.
# (DeepSets and invariant graph networks rest on these counts.)
#
# ## 7. Permutations as representations, and cosets
#
# A finite group permutes the cosets of a subgroup $H$, and `Permutation(H)` is the matrix of that. If $H$ fixes one
# of four points, the cosets *are* the points:

# %%
H = S(4).subgroup(fixing=[0, 0, 0, 1])
assert Permutation(H)(S(4)).is_isomorphic(V(S(4)))
print(f"|S(4)| / |H| = {S(4).order} / {H.order} = {Permutation(H)(S(4)).dim}")

# %% [markdown]
# ## 8. What is *not* a representation
#
# `Custom` takes any function of the group element. Nobody can see from outside whether it keeps products; the laws
# check on random elements. The transpose reverses products, and the entrywise square does not keep them at all.

# %%
for name, function in {"transpose": lambda g: g.T, "entrywise square": lambda g: g**2}.items():
    try:
        check_rep_laws(Custom(function, dim=3, name=name)(SO(3)))
    except AssertionError as error:
        print(error)
    else:
        raise AssertionError(f"{name} was taken for a representation")
print(check_rep_laws(Custom(lambda g: np.linalg.inv(g).T, dim=3, name="by hand")(SO(3))))

# %% [markdown]
# ## 9. Taking a representation apart
#
# A $3\times3$ matrix under rotation, nine numbers: its trace (1) does not move, its antisymmetric part (3) turns like
# a vector, its traceless symmetric part (5) keeps to itself. In a basis adapted to these three parts *every*
# $\rho(g)$ is block diagonal, and the blocks cannot be made smaller. `decompose` finds such a basis; how, is the
# subject of notebook 4.

# %%
rep = T(2)(SO(3))
parts = rep.decompose()
print(parts)
g = SO(3).sample(rng=2)
blocks = parts.change @ rep.rho(g) @ parts.inverse
outside = blocks.copy()
for start, stop in ((0, 1), (1, 4), (4, 9)):
    outside[start:stop, start:stop] = 0
assert np.abs(outside).max() < 1e-12
assert np.allclose(blocks, parts.direct_sum.rho(g))

axes = plot.blocks(rep, g)
np.ravel(axes)[0].figure

# %% [markdown]
# The pieces have names where the field has names for them, e3nn's over $O(3)$, and expressions can be parsed from
# those:

# %%
rep = parse("16x0e + 8x1o + 4x2e", O(3))
print(rep, "  dimension", rep.dim)
assert rep.dim == 16 + 8 * 3 + 4 * 5
assert parse(repr(rep), O(3)) == rep
assert V(O(3)).is_isomorphic(parse("1x1o", O(3)))

# %% [markdown]
# ## Exercises
#
# 1. Show with one line of the library that $V \otimes V^*$ contains an invariant for *every* group. Which matrix is
#    it? For which of `SO(3)`, `SL(3)`, `Lorentz()` does $V \otimes V$ contain one?
# 2. Stress, strain and elasticity: strain is `Sym(2)`, and the elasticity tensor is symmetric in a pair of pairs,
#    `Sym(2, Sym(2))`. How many numbers describe an elastic material with no symmetry, an isotropic one, and a cubic one
#    (`intertwine.groups.Octahedral(full=True)`)? The textbook says 21, 2 and 3.
# 3. Write $\rho(g)$ for the cubic polynomials in two variables with the least-squares trick of section 1, wrap it in
#    `Custom` and compare it with `Sym(3, V.dual)` by `is_isomorphic`, over `SL(2)`.
