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
# # 3 · What equivariance allows
#
# A layer of a network is a matrix $W$ from features to features. Equivariance demands
#
# $$ \rho_{\text{out}}(g)\, W = W \rho_{\text{in}}(g) \qquad \text{for all } g \in G. $$
#
# The equation is *linear in $W$*. All solutions therefore form a vector space,
# $\mathrm{Hom}_G(\text{in}, \text{out})$, and a layer's weights are coordinates in that space. Find a basis of a
# nullspace, and you have found every equivariant layer there is. The matrices that come out are old friends: the
# Kronecker $\delta$, the cross product $\varepsilon$, the Minkowski metric $\eta$.
#
# You will
#
# 1. find them by hand, with one SVD, for $SO(2)$ and $SO(3)$;
# 2. read them off exactly for $O(3)$, the Lorentz group, $Sp(4)$ and $G_2$;
# 3. see Schur's lemma as a table of ranks;
# 4. ask how one can be *sure* that no solution is missing;
# 5. compare with averaging over the group, and see where averaging fails.

# %%
import numpy as np
import sympy as sp
from intertwine import plot
from intertwine.groups import G2, SE, SO, Group, Lorentz, O, Quaternion, S, Sp
from intertwine.reps import Alt, Det, Irrep, Scalar, T, V, irreps

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. By hand: the plane
#
# Rotations of the plane have one generator, $J$. A $2\times2$ matrix commutes with all rotations exactly if
# $JW - WJ = 0$ (notebook 1). Multiply it out with $W = \begin{pmatrix}a&b\\c&d\end{pmatrix}$:
#
# $$ JW - WJ = \begin{pmatrix}-c-b & a-d\\ a-d & b+c\end{pmatrix} \overset!= 0
#    \quad\Longrightarrow\quad d = a,\; c = -b . $$
#
# So $W = a\,1 - b\,J$: rotation and scaling, or "multiplication by a complex number". Out of four free weights two
# are left. Now the same by machine. With row-major flattening
# $\operatorname{vec}(XWY) = (X\otimes Y^\mathsf{T})\operatorname{vec}W$, so the condition is
# $C \operatorname{vec} W = 0$ with $C = J \otimes 1 - 1 \otimes J^\mathsf{T}$.

# %%
J = np.array([[0.0, -1.0], [1.0, 0.0]])


def nullspace(C):
    """Singular values of C (at least as many rows as columns), and an orthonormal basis of its nullspace in rows."""
    _, singular, vt = np.linalg.svd(C, full_matrices=False)
    return singular, vt[singular < 1e-10 * singular.max()]


C = np.kron(J, np.eye(2)) - np.kron(np.eye(2), J.T)
singular, basis = nullspace(C)
print("singular values:", singular.round(12))
assert len(basis) == 2
projector = basis.T @ basis
for W in (np.eye(2), J):
    assert np.allclose(projector @ W.ravel(), W.ravel()), "1 and J span the solutions"

# %% [markdown]
# ## 2. By hand: space
#
# For several generators stack the equations. Look for linear maps from *pairs of vectors* to vectors, i.e. from
# $V \otimes V$ (dimension 9) to $V$ (3): 27 unknowns, and 27 equations for each of three generators.

# %%
rotations = [np.zeros((3, 3)) for _ in range(3)]
for k, (i, j) in enumerate([(1, 2), (2, 0), (0, 1)]):
    rotations[k][i, j], rotations[k][j, i] = -1, 1


def equations(d_out, d_in):
    """Stacked dρ_out(A) ⊗ 1 − 1 ⊗ dρ_in(A)ᵀ over generators A."""
    return np.concatenate([np.kron(a, np.eye(len(b))) - np.kron(np.eye(len(a)), b.T) for a, b in zip(d_out, d_in)])


on_pairs = [np.kron(A, np.eye(3)) + np.kron(np.eye(3), A) for A in rotations]  # product rule
singular, basis = nullspace(equations(rotations, on_pairs))
print(f"{len(singular)} unknowns, {len(basis)} solution")
assert len(basis) == 1
product = basis[0].reshape(3, 3, 3)  # product[i, j, k]: how much of the i-th component x_j y_k gives
product = product / product[0, 1, 2]
print(product.round(12) + 0.0)

# %% [markdown]
# Look at it: $+1$ for cyclic index triples, $-1$ for anticyclic ones, zero elsewhere. That is $\varepsilon_{ijk}$.
# **There is exactly one bilinear product of vectors that does not care about the choice of axes, and it is the cross
# product.** We did not put it in.

# %%
x, y = rng.standard_normal((2, 3))
assert np.allclose(np.einsum("ijk,j,k->i", product, x, y), np.cross(x, y))

# %% [markdown]
# ## 3. The same, for any group
#
# `rep_in >> rep_out` is the Hom space as a value. `constraint()` is the operator $C$ above (each generator brought to
# unit size), `basis()` an orthonormal basis of its nullspace, `dim` the number of solutions. Whatever method finds
# the basis, this operator is what it has to satisfy.

# %%
hom = (V * V >> V)(SO(3))
C = hom.constraint() @ np.eye(27)
singular, basis = nullspace(C)
print(hom, "  dim", hom.dim, "  constraint", C.shape)
assert len(basis) == hom.dim == 1
assert np.isclose(abs(basis[0] @ hom.basis().dense().ravel()), 1), "our nullspace vector, up to sign"

# %% [markdown]
# What does an SVD see? For maps from matrices to matrices, $T(2) \to T(2)$, $C$ has 81 columns. Its singular values
# are either zero up to rounding or of order one, with nothing in between: the rank is not a matter of taste.

# %%
hom = (T(2) >> T(2))(SO(3))
singular, basis = nullspace(hom.constraint() @ np.eye(81))
figure = plot.figure(6, 3)
axes = figure.subplots()
axes.semilogy(np.maximum(singular, 1e-17), ".", color="C0")
axes.axhspan(1e-14, 0.1, color="0.93")
axes.set(xlabel="singular value of the constraint", title=f"{hom}: {len(basis)} zeros of 81")
assert len(basis) == hom.dim == 3
assert not np.any((singular > 1e-13) & (singular < 0.1))
figure

# %% [markdown]
# Three maps from matrices to matrices commute with rotations. Guess them before looking: $M$ itself, its transpose
# $M^\mathsf{T}$, and $(\operatorname{tr} M)\,1$. A layer between matrix features has three weights, not 81.
# (The picture shows an orthonormal basis of their span: trace, antisymmetric part, and the rest of the symmetric part.)

# %%
axes = plot.basis(hom)
np.ravel(axes)[0].figure

# %%
M = np.eye(9)
swap = M.reshape(3, 3, 9).swapaxes(0, 1).reshape(9, 9)
trace = np.outer(np.eye(3), np.eye(3))
for known in (M, swap, trace):
    assert np.allclose(hom.project(known), known), "equivariant: the projection on Hom leaves it alone"
assert np.linalg.matrix_rank([known.ravel() for known in (M, swap, trace)]) == hom.dim, "so these are all"

# %% [markdown]
# ## 4. Exactly: δ, ε, η, ω, φ
#
# Generators are exact, so the nullspace can be, too: `exact()` solves over the rational numbers (or a number field) and
# returns integer matrices.


# %%
def tensor(hom, d):
    """The exact invariant of a space T(k) → number, as an array of k indices."""
    (row,) = hom.exact()
    return np.array(row.tolist(), dtype=int).reshape([d] * round(np.log(len(row)) / np.log(d)))


delta = tensor((T(2) >> Scalar)(O(3)), 3)
epsilon = tensor((T(3) >> Scalar)(SO(3)), 3)
eta = tensor((T(2) >> Scalar)(Lorentz()), 4)
omega = tensor((T(2) >> Scalar)(Sp(4)), 4)
print("δ", delta, "η", eta, "ω", omega, sep="\n")
assert np.array_equal(delta, np.eye(3))
assert np.array_equal(eta, np.diag([1, -1, -1, -1]))
assert np.array_equal(omega, -omega.T)
assert all(epsilon[p] == sp.LeviCivita(*p) for p in np.ndindex(3, 3, 3))

# %% [markdown]
# Nothing distinguishes the Minkowski metric in the program: change the group, and the one invariant of $T(2)$ *is*
# the metric of that group. A few more facts drop out, each of which one could spend a lecture on:
#
# * In a mirror $\varepsilon$ changes sign. Over $O(3)$ it is not an invariant, but a map to the determinant.
# * $G_2$ preserves one 3-form on $\mathbb R^7$, the multiplication table of the octonions. It is found from 14
#   matrices.

# %%
assert (T(3) >> Scalar)(O(3)).dim == 0
assert (T(3) >> Det)(O(3)).dim == 1
(phi,) = (Alt(3) >> Scalar)(G2()).exact()
print("octonions:", [int(c) for c in phi if c], "on 7 of the 35 triples of imaginary units")
assert sum(1 for c in phi if c) == 7

# %% [markdown]
# The **wrong group** is no error, it is another answer. Forget the mirrors of $O(3)$, and the solver offers you
# $\varepsilon$; a network may then use the handedness of your coordinate system. Put in one symmetry too many, and
# maps you need vanish: no vector can be computed from a matrix under $O(3)$, since $M \mapsto -1\cdot M\cdot{-1} = M$
# for the inversion, while vectors change sign.

# %%
for G in (SO(3), O(3)):
    dims = {f"{a!r} → {b!r}": (a >> b)(G).dim for a, b in ((T(2), V), (T(3), Scalar), (T(2), T(2)), (T(2), Det * V))}
    print(f"{G.name:6}", dims)
assert (T(2) >> V)(SO(3)).dim == 1
assert (T(2) >> V)(O(3)).dim == 0
assert (T(2) >> Det * V)(O(3)).dim == 1

# %% [markdown]
# ## 5. Schur's lemma, as ranks
#
# Let $W: V_1 \to V_2$ commute with a group, and let both spaces be *irreducible* (no invariant subspace). The kernel
# of $W$ is an invariant subspace: if $Wx = 0$ then $W\rho_1(g)x = \rho_2(g)Wx = 0$. So it is $0$ or everything. So is
# the image. Hence
#
# > **Schur's lemma.** An equivariant map between irreducible representations is zero or invertible.
#
# Between inequivalent irreps: nothing. From an irrep to itself: invertible maps and zero, in other words a division
# algebra, and over the real numbers there are only three (Frobenius 1878): $\mathbb R$, $\mathbb C$ and the
# quaternions $\mathbb H$, of dimension 1, 2 and 4. So a table of $\dim \mathrm{Hom}(\sigma_i, \sigma_j)$ must be
# diagonal, with 1, 2 or 4 on the diagonal.

# %%
tables = {
    "SO(3), degrees 0 to 3": [Irrep(l)(SO(3)) for l in range(4)],
    "SO(2), frequencies 0 to 3": [Irrep(k)(SO(2)) for k in range(4)],
    "quaternion group": list(irreps(Quaternion())),
}
figure = plot.figure(9, 3.2)
for axes, (name, reps) in zip(figure.subplots(1, 3), tables.items()):
    ranks = np.array([[(a >> b).dim for a in reps] for b in reps])
    assert np.array_equal(ranks, np.diag(np.diag(ranks)))
    assert set(np.diag(ranks)) <= {1, 2, 4}
    axes.imshow(ranks, cmap="Blues", vmin=0, vmax=5)
    for i, j in np.ndindex(ranks.shape):
        axes.text(j, i, str(ranks[i, j]), ha="center", va="center")
    axes.set(title=name, xticks=[], yticks=[], xlabel="from", ylabel="to")
figure

# %% [markdown]
# The plane of section 1 is the 2 on the diagonal of $SO(2)$: the complex numbers $a - bJ$.
#
# **Schur's lemma counts everything.** Let $\text{in} = \bigoplus m_\sigma\, \sigma$ and
# $\text{out} = \bigoplus n_\sigma\, \sigma$. A map sends the $m_\sigma$ copies of $\sigma$ to the $n_\sigma$ copies
# of it, and mixes them by a matrix with entries in $\operatorname{End}(\sigma)$:
#
# $$ \dim \mathrm{Hom}(\text{in}, \text{out}) = \sum_\sigma m_\sigma\, n_\sigma \dim\operatorname{End}(\sigma). $$

# %%
for rep_in, rep_out, G in ((T(3), T(3), SO(3)), (T(3), T(2), SO(3)), (T(2), T(2), S(5)), (T(3), T(3), SO(2))):
    size = {"R": 1, "C": 2, "H": 4}
    into, out = ({part.irrep: part for part in rep(G).decompose()} for rep in (rep_in, rep_out))
    schur = sum(p.multiplicity * out[s].multiplicity * size[p.type] for s, p in into.items() if s in out)
    print(f"{rep_in!r} → {rep_out!r} over {G.name}: Schur {schur}, solver {(rep_in >> rep_out)(G).dim}")
    assert schur == (rep_in >> rep_out)(G).dim

# %% [markdown]
# ## 6. How can one be sure?
#
# The **residual** $\|CW\|$ says that every matrix of the basis is equivariant. It is silent about matrices that are
# *missing*, and a missing one is what costs accuracy in training, quietly. Remove one basis element, and the residual
# is as good as ever:

# %%
hom = (T(3) >> T(3))(SO(3))
basis = hom.basis().dense()
residual = lambda B: float(np.abs(hom.constraint() @ B.reshape(len(B), -1).T).max())  # noqa: E731
print(f"all {len(basis)}: residual {residual(basis):.1e};   {len(basis) - 1} of them: {residual(basis[:-1]):.1e}")
assert residual(basis[:-1]) < 1e-12

# %% [markdown]
# What is needed is an *independent count*. For a compact group the number of equivariant maps is the mean of
# $\chi_{\text{out}}(g)\,\overline{\chi_{\text{in}}(g)}$ over the group (notebook 2, applied to
# $\rho_{\text{out}} \otimes \rho_{\text{in}}^*$). A rotation by $\theta$ has trace $1 + 2\cos\theta$, and the share
# of rotations with angle $\theta$ is $\frac{1}{\pi}(1 - \cos\theta)\,d\theta$ on $[0, \pi]$ (Weyl's integration
# formula). No linear algebra in sight:

# %%
theta = (np.arange(1000) + 0.5) * np.pi / 1000  # midpoints: exact for trigonometric polynomials
character = 1 + 2 * np.cos(theta)
count = np.mean((1 - np.cos(theta)) * character**6)
print(f"Weyl's integral: {count:.10f}")
assert np.isclose(count, len(basis))

# %% [markdown]
# Every basis of the library carries a **certificate**: residual, the gap in the spectrum (infinite where the method
# is exact), and such a count. If count and rank disagree, an error is raised instead. There is no count where the
# method is a proof already: orbits of index pairs under a permutation group, or elimination in exact arithmetic.

# %%
print(hom.certificate)
for G in (S(6), SE(2)):
    print((T(2) >> T(2))(G).certificate)
assert hom.certificate.count == hom.dim
assert hom.certificate.residual < 1e-10

# %% [markdown]
# ## 7. Why not simply average?
#
# For a finite or compact group there is a shortcut to a single equivariant matrix: take any $W$ and average,
#
# $$ \bar W = \int_G \rho_{\text{out}}(g)\, W \rho_{\text{in}}(g)^{-1}\, dg . $$
#
# For orthogonal representations this *is* the orthogonal projection on $\mathrm{Hom}$ (Reynolds operator), and the
# trick behind "frame averaging". For a finite group the sum is exact. For a Lie group one samples, and Monte Carlo is
# slow: to gain a digit, take a hundred times as many elements. For a non-compact group the integral does not exist at
# all. The nullspace does not mind.


# %%
def averages(hom, W, counts):
    """Distance from equivariance (relative size of C vec W̄) of averages over so many random elements."""
    g = hom.group.sample(max(counts), rng=0)
    terms = hom.rep_out.rho(g) @ W @ hom.rep_in.rho(np.linalg.inv(g))
    means = [terms[:n].mean(0) for n in counts]
    return [np.linalg.norm(hom.constraint() @ mean.ravel()) / np.linalg.norm(mean) for mean in means]


counts = [10, 30, 100, 300, 1000, 3000]
figure = plot.figure(6, 3.5)
axes = figure.subplots()
found = {}
for G in (SO(3), Lorentz()):
    hom = (V * V.dual >> V * V.dual)(G)
    W = rng.standard_normal(hom.shape)
    found[G.name] = averages(hom, W, counts)
    axes.loglog(counts, found[G.name], "o-", label=f"{G.name}: mean over samples")
    exact = np.linalg.norm(hom.constraint() @ hom.project(W).ravel())
    axes.axhline(exact, linestyle=":", color="0.5")
    print(f"{G.name:8} the projection on the nullspace: {exact:.0e}")
    assert exact < 1e-13
axes.loglog(counts, found["SO(3)"][0] * np.sqrt(counts[0] / np.array(counts)), color="0.8", label="1/√n")
axes.set(xlabel="number of group elements", ylabel="violation of equivariance")
axes.legend(fontsize=8)
assert found["SO(3)"][-1] < 0.2 * found["SO(3)"][0]
assert found["SO(3)"][-1] > 1e-4, "three thousand elements, and not even two digits"
assert found["O(1, 3)"][-1] > 0.2 * found["O(1, 3)"][0], "no convergence: boosts have no uniform distribution"
figure

# %% [markdown]
# And for groups that are not even *reductive* (rigid motions in homogeneous coordinates; see notebook 4 for what that
# means) the same linear system is all there is, and it still works. Here is everything $SE(2)$ allows from pairs of
# homogeneous vectors to a number: only the product of the two last coordinates, which are the constants 1.

# %%
hom = (T(2) >> Scalar)(SE(2))
print(hom, hom.exact())
(row,) = hom.exact()
assert list(row) == [0] * 8 + [1]

# %% [markdown]
# Group and method are exchangeable; the equation is not. Type in a form $F$ nobody has a name for. The one invariant of
# pairs of vectors that comes back is $F$ itself, and that of pairs of covectors its inverse, up to a factor.

# %%
F = sp.Matrix([[0, 0, 1], [0, 2, 0], [1, 0, 3]])
G = Group.preserving(F, name="mine")
(upper,), (lower,) = (T(0, 2) >> Scalar)(G).exact(), (T(2) >> Scalar)(G).exact()
print("invariant of T(2):", list(lower), "  of T(0, 2):", list(upper))
assert sp.Matrix(3, 3, list(lower)) == F
assert (sp.Matrix(3, 3, list(upper)) * F).is_diagonal()

# %% [markdown]
# ## Exercises
#
# 1. How many equivariant maps $T(1) \to T(3)$ are there for $O(3)$? Write them with $\delta$, and check with
#    `hom.project` that yours are in the space. Then do $SO(3)$: more? Why (not)?
# 2. Isotropic tensors: `(T(k) >> Scalar)(SO(3)).dim` for $k = 2, \dots, 6$ is 1, 1, 3, 6, 15. Of rank five there are
#    ten products $\varepsilon_{ijk}\delta_{lm}$ with permuted indices. So they are dependent; find a relation by
#    machine.
# 3. Disturb a generator of `SO(3)`: conjugate one of the three by a matrix that differs from 1 by $10^{-9}$, and give
#    them as floats to `Group.from_generators`. What do `lie_dim`, the Hom spaces of $T(2)$ and their certificates
#    say? And for $10^{-3}$? Which group have you made?
