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
# # 4 · Irreps from a random matrix
#
# Schur's lemma (notebook 3) makes equivariant layers cheap: decompose input and output into irreducible
# representations, and all that is left to learn are small matrices that mix copies of the same irrep. Textbooks find
# irreps with characters, highest weights, Young tableaux: a different theory for every family of groups. There is a
# method that needs no theory of the group at all. **Take a random matrix that commutes with the group, and look at
# its eigenspaces.**
#
# You will
#
# 1. decompose nine dimensions with one call of `eigh`, and see why the pieces are irreducible;
# 2. recognise equivalent pieces, and line them up;
# 3. meet real, complex and quaternionic irreps;
# 4. do it for the Lorentz group, whose matrices are not orthogonal;
# 5. break it, by a skewed basis, and repair it by *balancing*.

# %%
import numpy as np
import sympy as sp
from intertwine import plot
from intertwine.groups import SE, SO, C, Group, Lorentz, O, Quaternion, S
from intertwine.reps import T, V, fusion_table, irreps
from scipy.linalg import expm

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. One random matrix
#
# The representation is $T(2)$ of $SO(3)$: $3 \times 3$ matrices, nine dimensions. First a random *symmetric* matrix,
# then its projection on the **commutant**, the matrices that commute with all $\rho(g)$. That is the nullspace of
# notebook 3.


# %%
def commuting(rep, rng):
    """A random symmetric matrix, made to commute with the group (if the group allows that)."""
    noise = rng.standard_normal((rep.dim, rep.dim))
    return (rep >> rep).project(noise + noise.T)


def eigenspaces(X):
    """Eigenvalues of a symmetric matrix, and one orthonormal basis (n, k) per cluster of equal ones."""
    values, vectors = np.linalg.eigh(X)
    cuts = np.flatnonzero(np.diff(values) > 1e-8 * np.abs(values).max()) + 1
    return values, np.split(vectors, cuts, axis=1)


rep = T(2)(SO(3))
X = commuting(rep, rng)
values, spaces = eigenspaces(X)
print("eigenvalues:", values.round(4))
print("dimensions of the eigenspaces:", [part.shape[1] for part in spaces])
assert np.abs(X - X.T).max() < 1e-12
assert sorted(part.shape[1] for part in spaces) == [1, 3, 5]

# %% [markdown]
# $9 = 1 + 3 + 5$: trace, antisymmetric part, traceless symmetric part, in no particular order. In the basis of
# eigenvectors every $\rho(g)$ becomes block diagonal.

# %%
Q = np.concatenate(spaces, axis=1)
g = SO(3).sample(rng=1)
figure = plot.figure(10, 3.2)
pictures = {"X": X, "X in its eigenbasis": Q.T @ X @ Q, "ρ(g)": rep.rho(g), "ρ(g) in that basis": Q.T @ rep.rho(g) @ Q}
for axes, (title, matrix) in zip(figure.subplots(1, 4), pictures.items()):
    most = np.abs(matrix).max()
    axes.imshow(matrix, cmap="RdBu", vmin=-most, vmax=most)
    axes.set(title=title, xticks=[], yticks=[])
figure


# %%
def leakage(rep, spaces, rng):
    """Largest entry of random ρ(g) between different blocks."""
    rho = rep.rho(rep.group.sample(20, rng))
    return max(np.abs(a.T @ rho @ b).max() for i, a in enumerate(spaces) for j, b in enumerate(spaces) if i != j)


print(f"entries outside the blocks: {leakage(rep, spaces, rng):.0e}")
assert leakage(rep, spaces, rng) < 1e-12

# %% [markdown]
# ### Why it works
#
# **Invariant.** If $Xu = \lambda u$ then $X\rho(g)u = \rho(g)Xu = \lambda\,\rho(g)u$. Eigenspaces of a commuting
# matrix are invariant, whatever the matrix.
#
# **Irreducible.** Suppose an eigenspace $E$ of $X$ contained a smaller invariant subspace $F$. The orthogonal
# complement of $F$ in $E$ is invariant too, because $\rho$ is orthogonal, so the projector $P_F$ is symmetric and
# commutes with the group. Then so does $X + tP_F$, and there the eigenvalues on $F$ and on the rest of $E$ differ. So
# an $X$ with such an eigenspace is *special*: special matrices satisfy a polynomial equation (a discriminant
# vanishes) that others don't, and a random matrix satisfies it with probability zero.
#
# That is the whole algorithm. It needs a linear solve, an `eigh`, and luck of probability one. In floating point
# "probability zero" becomes "improbable", so the result is verified, and another matrix drawn when two eigenvalues
# come too close.
#
# ## 2. Which pieces are the same?
#
# $T(3)$ has 27 dimensions.

# %%
rep = T(3)(SO(3))
values, spaces = eigenspaces(commuting(rep, rng))
sizes = [part.shape[1] for part in spaces]
figure = plot.figure(6, 2.2)
axes = figure.subplots()
start = 0
for part in spaces:
    at = values[start : start + part.shape[1]].mean()
    axes.vlines(at, 0, part.shape[1], color=f"C{part.shape[1] // 2}", linewidth=4)
    start += part.shape[1]
axes.set(xlabel="eigenvalue", ylabel="multiplicity", yticks=[1, 3, 5, 7], title="spectrum of a random commuting matrix")
print("sizes:", sizes)
assert sorted(sizes) == [1, 3, 3, 3, 5, 5, 7]
figure

# %% [markdown]
# Three pieces of dimension 3, two of dimension 5. Equal dimension is only a hint. By Schur's lemma an equivariant map
# between two irreducible pieces is zero or invertible. So draw a **second** random commuting matrix $Y$ and look at
# its blocks $E_a^\mathsf{T}\, Y E_b$: nonzero exactly where $a$ and $b$ are equivalent.

# %%
order = np.argsort(sizes, kind="stable")
spaces = [spaces[i] for i in order]
Y = commuting(rep, rng)
links = np.array([[np.linalg.norm(a.T @ Y @ b) for b in spaces] for a in spaces])
figure = plot.figure(4, 3.6)
axes = figure.subplots()
axes.imshow(links > 1e-10, cmap="Blues", vmin=0, vmax=2)
names = [str(part.shape[1]) for part in spaces]
axes.set_xticks(range(len(names)), names)
axes.set_yticks(range(len(names)), names)
axes.set_title("pieces that a second random matrix links")
expected = np.array([[a == b for b in names] for a in names])
assert np.array_equal(links > 1e-10, expected), "here pieces of one dimension are equivalent: one irrep for each degree"
figure

# %% [markdown]
# A block that is not zero is, up to a factor, an *orthogonal* map ($B^\mathsf{T}B$ is symmetric and commutes with an
# irrep, so it is a multiple of 1). Used as a change of basis it makes the second copy turn by *the same matrices* as
# the first. Now all copies are aligned, and Schur's lemma can do its work.

# %%
threes = [part for part in spaces if part.shape[1] == 3]
aligned = [threes[0]]
for other in threes[1:]:
    B = other.T @ Y @ threes[0]
    B *= np.sqrt(3) / np.linalg.norm(B)
    assert np.allclose(B.T @ B, np.eye(3))
    aligned.append(other @ B)
g = SO(3).sample(rng=5)
blocks = [part.T @ rep.rho(g) @ part for part in aligned]
assert np.allclose(blocks[0], blocks[1])
assert np.allclose(blocks[0], blocks[2])
assert not np.allclose(threes[0].T @ rep.rho(g) @ threes[0], threes[1].T @ rep.rho(g) @ threes[1])

# %% [markdown]
# `decompose()` does these steps, and more: it verifies, orders, gives names where there are names, and fixes signs so
# that the result is the same on every machine. It also takes a shortcut. Instead of *solving* for a commuting matrix
# (expensive: $27^2$ unknowns) it draws from the other algebra, the one *generated by* the $\rho(g)$: a random
# $Z = \sum_i c_i \left(\rho(g_i) + \rho(g_i)^\mathsf{T}\right)$ costs nothing. The two algebras are each other's
# commutants (double commutant theorem), with the roles of dimension and multiplicity exchanged: an irrep (of real
# type) of dimension $d$ that occurs $m$ times gives $d$ eigenvalues, each $m$ times.

# %%
h = SO(3).sample(12, rng=8)
Z = np.einsum("i,iab->ab", rng.standard_normal(12), rep.rho(h))
_, clusters = eigenspaces(Z + Z.T)
sizes = sorted(part.shape[1] for part in clusters)
print("eigenspaces in the algebra of the group:", sizes)
assert sizes == sorted([1] * 1 + [3] * 3 + [2] * 5 + [1] * 7), "1 × 1, 3 × (3 copies), 5 × (2 copies), 7 × 1"

parts = rep.decompose()
print(parts)
assert [(p.multiplicity, p.dim) for p in parts] == [(1, 1), (3, 3), (2, 5), (1, 7)]

# %% [markdown]
# ## 3. Real, complex, quaternionic
#
# The commutant of a single irrep is a division algebra over $\mathbb R$ (notebook 3): $\mathbb R$, $\mathbb C$ or
# $\mathbb H$, of dimension 1, 2, 4. Which of them, a character can tell: the mean of $\chi(g^2)$, the
# **Frobenius–Schur indicator** of a *real* irrep, is $1$, $0$ or $-2$.

# %%
for G in (S(4), C(4), Quaternion()):
    elements = G.elements()
    for sigma in irreps(G):
        size = (sigma >> sigma).dim
        indicator = np.mean(sigma.character(elements @ elements))
        print(f"{G.name:14} dimension {sigma.dim}, type {sigma.kind}: dim End = {size}, indicator {indicator:+.0f}")
        assert size == {"R": 1, "C": 2, "H": 4}[sigma.kind]
        assert np.isclose(indicator, {"R": 1, "C": 0, "H": -2}[sigma.kind])

# %% [markdown]
# The random matrix does not mind. Its *symmetric* part is what counts, and in $\mathbb C$ or $\mathbb H$ only the
# real numbers are symmetric: a single irrep gives one eigenvalue. Three copies of the four-dimensional irrep of the
# quaternion group have a commutant of quaternionic $3\times3$ matrices; a generic Hermitian one has three
# eigenvalues.

# %%
three = (3 * V)(Quaternion())
_, spaces = eigenspaces(commuting(three, rng))
print("3 × V of the quaternion group:", [part.shape[1] for part in spaces], " commutant:", (three >> three).dim)
assert [part.shape[1] for part in spaces] == [4, 4, 4]
assert (three >> three).dim == 9 * 4

# %% [markdown]
# ## 4. Boosts are not orthogonal. It works all the same
#
# The argument of section 1 used orthogonality once: the complement of an invariant subspace is invariant. Weaker is
# enough: let the *group* be closed under transposition, $g \in G \Rightarrow g^\mathsf{T} \in G$. If $F$ is invariant
# under $G$ then $F^\perp$ is invariant under all $g^\mathsf{T}$, and these are again all of $G$. The Lorentz group is
# such a group: boosts are symmetric, rotations orthogonal. So are $SL(n)$, $GL(n)$, $Sp(2n)$, $O(p,q)$ in their usual
# bases.

# %%
rep = T(2)(Lorentz())
_, spaces = eigenspaces(commuting(rep, rng))
print("T(2) of O(1, 3):", sorted(part.shape[1] for part in spaces), f"  leakage {leakage(rep, spaces, rng):.0e}")
assert sorted(part.shape[1] for part in spaces) == [1, 6, 9], "trace with η, antisymmetric, traceless symmetric"
assert leakage(rep, spaces, rng) < 1e-11
g = Lorentz().sample(rng=3)
print(
    f"ρ(g) is far from orthogonal: condition number {np.linalg.cond(rep.rho(g)):.0f}; the change of basis is orthogonal"
)

axes = plot.blocks(rep, g)
np.ravel(axes)[0].figure

# %% [markdown]
# The six-dimensional piece is the electromagnetic field tensor, $E$ and $B$. Leave out the reflections, and its
# commutant becomes $\mathbb C$: duality, $E \to B$, $B \to -E$. Fewer generators, one map more between features.

# %%
restricted = SO(1, 3, connected=True)
for G in (Lorentz(), restricted):
    (field,) = [p for p in T(2)(G).decompose() if p.dim == 6]
    print(f"{G.name:12} field tensor: type {field.type};  dim Hom(T(2), T(2)) = {(T(2) >> T(2))(G).dim}")
assert (T(2) >> T(2))(Lorentz()).dim == 3
assert (T(2) >> T(2))(restricted).dim == 4

# %% [markdown]
# ## 5. How to break it
#
# Write the same rotations in a skewed basis, $PgP^{-1}$. The commutant is still there, but it is not closed under
# transposition any more. The projection of a symmetric matrix is not symmetric, `eigh` reads only half of it, and
# returns an answer that looks perfectly healthy.

# %%
P = sp.Matrix([[1, sp.Rational(1, 2), 0], [0, 1, sp.Rational(1, 2)], [0, 0, 1]])
skewed = SO(3).conjugate(P, name="rotations in a skewed basis")
rep = T(2)(skewed)
X = commuting(rep, rng)
_, spaces = eigenspaces(X)
asymmetry = np.abs(X - X.T).max() / np.abs(X).max()
print(f"X is not symmetric ({asymmetry:.2f}); 'eigenspaces' {[part.shape[1] for part in spaces]}")
print(f"leakage between them: {leakage(rep, spaces, rng):.2f}")
assert asymmetry > 0.05
assert leakage(rep, spaces, rng) > 0.1

# %% [markdown]
# ### Balancing
#
# Go back to a good basis. Which one? A theorem of Kempf and Ness says: minimise the size of the generators. Among all
# conjugates $A \mapsto PAP^{-1}$, those of least Frobenius norm are exactly the ones where
# $\sum_i [A_i, A_i^\mathsf{T}] = 0$, and in these the algebra is closed under transposition. The function to be
# minimised is convex along geodesics, so there are no wrong minima. In two dimensions one can watch: the generator of
# an ellipse's rotation, and stretching one axis by $e^s$.

# %%
A = np.array([[0.0, -4.0], [1.0, 0.0]])  # turns along x² + 4 y² = const
stretch = np.linspace(-1.5, 1.5, 301)
size = np.array([np.linalg.norm(np.diag([np.exp(s), 1]) @ A @ np.diag([np.exp(-s), 1])) ** 2 for s in stretch])
best = stretch[size.argmin()]
balanced = np.diag([np.exp(best), 1]) @ A @ np.diag([np.exp(-best), 1])
assert np.abs(balanced + balanced.T).max() < 0.05, "the shortest generator is antisymmetric"

figure = plot.figure(9, 3)
curve, orbits = figure.subplots(1, 2)
curve.plot(stretch, size, color="C0")
curve.axvline(best, color="C1", linestyle="--")
curve.set(xlabel="s", ylabel="‖P A P⁻¹‖²", title="convex, with one minimum")
times = np.linspace(0, np.pi, 101)
for label, generator in (("given", A), ("balanced", balanced)):
    orbit = np.array([expm(t * generator) @ [1.0, 0] for t in times])
    orbits.plot(*orbit.T, label=label)
orbits.set(aspect="equal", title="an orbit")
orbits.legend(fontsize=8, loc="upper right")
figure

# %% [markdown]
# The library does the like for whole groups, with a function that does not depend on how the generators are chosen
# (the logarithm of a determinant): `group.balancing` is $P$. In the new basis everything above goes through.

# %%
P = skewed.balancing
good = np.linalg.inv(P) @ skewed.sample(5, rng=0) @ P  # not this way round:
assert np.abs(good @ np.swapaxes(good, 1, 2) - np.eye(3)).max() > 0.1
good = P @ skewed.sample(5, rng=0) @ np.linalg.inv(P)
assert np.allclose(good @ np.swapaxes(good, 1, 2), np.eye(3))
print(rep.decompose())
assert [(p.multiplicity, p.dim) for p in rep.decompose()] == [(1, 1), (1, 3), (1, 5)]

# %% [markdown]
# ### When no basis is good
#
# Rigid motions of the plane act on $(x, y, 1)$ by $\begin{pmatrix}R & t\\ 0 & 1\end{pmatrix}$. The plane
# $\{(x, y, 0)\}$ is invariant, but *no complement of it is*: translations push every line out of itself. Such a
# representation is reducible and yet not a sum of irreps. Stretching makes $t$ as small as you like, never zero, so
# that the minimum of Kempf and Ness is not attained. Groups without such accidents are called **reductive**. For the
# others the library says so, and solves the linear system of notebook 3 instead.

# %%
translation = np.array([[0.0, 0, 1], [0, 0, 0], [0, 0, 0]])
for s in (0, 2, 4, 6):
    D = np.diag([np.exp(-s), np.exp(-s), 1])
    print(f"s = {s}: size of a translation's generator {np.linalg.norm(D @ translation @ np.linalg.inv(D)):.4f}")
assert not SE(2).is_reductive
try:
    V(SE(2)).decompose()
except ValueError as error:
    print("decompose:", error)
else:
    raise AssertionError("SE(2) was decomposed")
print("equivariant maps all the same:", (T(2) >> T(2))(SE(2)).dim)

# %% [markdown]
# ## 6. What it is good for
#
# Once irreps are known by their matrices, everything else is bookkeeping: how products of irreps decompose (fusion
# rules: which features can interact to give which), and how an irrep breaks up when the symmetry is lowered
# (branching).

# %%
print(fusion_table(SO(3), max_dim=5))
field = T(2)(SO(3)).branch(SO(3).subgroup(fixing=[0, 0, 1]))
print(field)
mine = Group.preserving(sp.Matrix([[0, 0, 1], [0, 2, 0], [1, 0, 3]]), name="mine")
print([(sigma.dim, sigma.kind) for sigma in irreps(mine, level=2)], "irreps of a group typed in a minute ago")
assert sum(p.multiplicity * p.dim for p in field) == 9
assert [sigma.dim for sigma in irreps(O(3), level=2)] == [1, 3, 3, 5]

# %% [markdown]
# ## Exercises
#
# 1. Two copies of one irrep: the commutant of $2V$ of $SO(3)$ is the $2\times2$ matrices. How are the eigenvalues of
#    its random symmetric element distributed? What is the chance that two of them come closer than $10^{-8}$? (Level
#    repulsion helps.)
# 2. Write `decompose` for permutation groups with section 1 only, and find the irreps of $S(5)$ in $T(2)$ and $T(3)$.
#    Their dimensions are 1, 4, 5, 6, 5, 4, 1; which do you miss, and where would they appear?
# 3. Balance by hand: gradient descent on $\sum_i\|PA_iP^{-1}\|^2$ over $P = e^{H}$, $H$ symmetric, for the skewed
#    $SO(3)$ of section 5. Compare your $P$ with `balancing`. Are they equal? Must they be?
