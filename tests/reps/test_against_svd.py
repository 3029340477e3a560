"""The solver against a dense float64 SVD of the constraint, on hundreds of groups and representations at random."""

import numpy as np
import pytest
import sympy as sp
from intertwine import groups as catalogue
from intertwine.groups import (
    GL,
    SE,
    SL,
    SO,
    SU,
    A,
    C,
    Cube,
    D,
    Dicyclic,
    Dihedral,
    E,
    Group,
    Heisenberg,
    Hyperoctahedral,
    Lorentz,
    O,
    Octahedral,
    PointGroup,
    Quaternion,
    S,
    Scaling,
    Sp,
    Spin,
    Tetrahedral,
    Translation,
    Trivial,
    U,
    UpperTriangular,
    USp,
    Z,
)
from intertwine.reps import Alt, CertificateError, Det, Scalar, Sym, T, V
from intertwine.reps._constraint import Constraint
from intertwine.reps.solve import solve

GROUPS = [
    *(SO(2), SO(3), SO(4), O(2), O(3), SO(1, 1), SO(1, 2), SO(1, 2, connected=True), O(2, 1), Lorentz()),
    *(SU(2), SU(3), U(1), U(2), SU(1, 1), Sp(2), Sp(4), USp(2), SL(2), SL(3), GL(2), SL(2, field="C"), Spin(3)),
    *(S(3), S(4), A(4), Z(5), D(5), C(3), C(6), Dihedral(3), Tetrahedral(), Octahedral(), Hyperoctahedral(3), Cube()),
    *(Quaternion(), Dicyclic(3), PointGroup("-3m"), PointGroup("mmm"), PointGroup("6/m")),
    *(SE(2), E(2), Heisenberg(1), UpperTriangular(2), Translation(1), Scaling(2), Trivial(2)),
    *(SO(2) * S(3), Z(2) * Z(3), C(4).wreath(2), SO(2).semidirect(), O(3).subgroup(fixing=[0, 0, 1])),
    Group.preserving(sp.Matrix([[0, 0, 1], [0, 2, 0], [1, 0, 3]])),
    SL(2).conjugate([[1, 3], [0, 1]]),
]
UNKNOWNS = 600
PAIRS = 320


def random_rep(rng, group, depth=2):
    """A random expression of bounded dimension."""
    complex_ = group.field == "C"
    leaves = [Scalar, V, V, V.dual, Det, *([V.conj] if complex_ else [])]
    kind = rng.integers(6) if depth else 0
    if kind == 0:
        return leaves[rng.integers(len(leaves))]
    if kind == 1:
        return random_rep(rng, group, depth - 1) + random_rep(rng, group, depth - 1)
    if kind == 2:
        return random_rep(rng, group, depth - 1) * random_rep(rng, group, depth - 1)
    if kind == 3:
        return int(rng.integers(1, 4)) * random_rep(rng, group, depth - 1)
    if kind == 4:
        return T(int(rng.integers(3)), int(rng.integers(2)))
    return (Sym, Alt)[rng.integers(2)](2, random_rep(rng, group, 0))


def draw(seed):
    """A group and two representations of it whose Hom space has few unknowns."""
    rng = np.random.default_rng([20, seed])
    while True:
        group = GROUPS[rng.integers(len(GROUPS))]
        rep_in, rep_out = (random_rep(rng, group)(group) for _ in range(2))
        if 0 < rep_in.dim * rep_out.dim <= UNKNOWNS:
            return rep_in >> rep_out


def nullspace(hom):
    """Orthonormal columns spanning the nullspace of the constraint, by SVD."""
    operator = hom.constraint()
    n = hom.rep_in.dim * hom.rep_out.dim
    if not operator.shape[0]:
        return np.eye(n)
    matrix = operator @ np.eye(n)
    _, s, vh = np.linalg.svd(matrix, full_matrices=True)
    rank = int((s > 1e-9 * max(s[0], 1)).sum()) if len(s) else 0
    return vh[rank:].conj().T


@pytest.mark.parametrize("block", range(16))
def test_same_rank_and_subspace(block):
    for seed in range(block, PAIRS, 16):
        hom = draw(seed)
        basis, expected = solve(hom), nullspace(hom)
        where = f"seed {seed}: {hom!r} over {hom.group}"
        assert basis.rank == expected.shape[1], where
        found = basis.dense().reshape(basis.rank, expected.shape[0]).T
        assert np.abs(found - expected @ (expected.conj().T @ found)).max(initial=0) < 1e-8, where


def perturbed(group, rng):
    """The group with one generator moved by 1e-3."""
    algebra = [np.array(a) for a in group.lie_algebra]
    discrete = [np.array(h) for h in group.discrete_generators]
    moved = (algebra or discrete)[0]
    moved += 1e-3 * rng.standard_normal(moved.shape)
    return Group.from_generators(algebra=algebra, discrete=discrete, field=group.field, name="perturbed")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("group", [SO(3), Sp(4), Lorentz(), S(4), SE(2), Octahedral()], ids=str)
def test_a_perturbed_generator_is_noticed(group):
    """The old basis fails its certificate on the new group, and the new rank is the dense SVD's."""
    other = perturbed(group, np.random.default_rng(0))
    old, new = (V * V >> V * V)(group), (V * V >> V * V)(other)
    basis = solve(old)
    size = Constraint.of(new.rep_in, new.rep_out).residual(basis.dense())
    assert size > 1e-6  # and a certificate needs 1e-10
    try:
        rank = solve(new).rank
    except CertificateError:
        return  # refused, with the reason: never a wrong basis
    assert rank == nullspace(new).shape[1]


def test_the_catalogue_is_covered():
    drawn = {group.name.partition("(")[0] for group in GROUPS}
    assert len(drawn & set(catalogue.__all__)) > 25
