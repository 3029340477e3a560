"""Kernels span what equivariance allows, at points of every orbit type."""

import numpy as np
import pytest
import torch
from intertwine.conv import ImplicitKernel, PointConv, StabilizerKernel, completeness, radius_graph
from intertwine.conv._stabilizer import stabilizer
from intertwine.groups import GL, SO, C, Dihedral, Group, Icosahedral, Lorentz, O, Octahedral, PointGroup, S, Sp
from intertwine.reps import Custom, Det, Irrep, Scalar, T, V, parse
from intertwine.reps import irreps as found_irreps
from intertwine.reps._tensor import direct_sum
from intertwine.testing import assert_equivariant

AZIMUTHAL = O(3).subgroup(fixing=[0, 0, 1], name="O(2) azimuthal")


def irreps(group, *labels):
    return direct_sum((1, Irrep(label)(group)) for label in labels)


O3 = parse("0e + 0o + 1e + 1o + 2e + 2o + 3e + 3o", O(3))


@pytest.mark.parametrize(
    ("group", "rep"),
    [
        (SO(3), irreps(SO(3), 0, 1, 2, 3)),
        (O(3), O3),
        (SO(2), irreps(SO(2), 0, 1, 2, 3)),
        (O(2), irreps(O(2), 0, "0-", 1, 2, 3)),
        (Octahedral(), direct_sum((1, i) for i in found_irreps(Octahedral()))),
        (Octahedral(full=True), V + T(2)),
        (Icosahedral(), V + T(2)),
        (AZIMUTHAL, V + T(2)),
        (SO(3).subgroup(fixing=[0, 0, 1]), V + T(2)),
        (C(4), V + T(2)),
        (Dihedral(6), V + T(2)),
        (PointGroup("mmm"), V + Scalar),
        (S(4), V + Scalar),
        (Lorentz(), Scalar + V),
        (SO(1, 2), Scalar + V + T(2)),
    ],
    ids=lambda v: v.name if isinstance(v, Group) else "",
)
def test_default_kernels_are_complete(group, rep):
    found = completeness(ImplicitKernel(rep, rep, group=group))
    assert found.complete, str(found)
    names = [p.name for p in found.points]
    assert names[:2] == ["origin", "generic"]
    if not group.is_compact:
        assert "null" in names
        assert "other side" in names
    assert found.points[0].allowed == (rep >> rep)(group).dim


def parity(j, l, p, q):
    return min(j, l) + 1 if p * q == (-1) ** (j + l) else min(j, l)


@pytest.mark.parametrize(
    ("rep", "count"),
    [
        (irreps(SO(3), 0, 1, 2, 3), sum(2 * min(j, l) + 1 for j in range(4) for l in range(4))),
        (O3, sum(parity(j, l, p, q) for j in range(4) for l in range(4) for p in (1, -1) for q in (1, -1))),
        (irreps(SO(2), 1, 2, 3), 4 * 9),
        (irreps(O(2), 1, 2, 3), 2 * 9),
    ],
    ids=str,
)
def test_all_pairs_of_irreps_up_to_3_have_the_known_counts(rep, count):
    found = completeness(ImplicitKernel(rep, rep, group=rep.group))
    assert found.points[1].spanned == found.points[1].allowed == count


@pytest.mark.parametrize(
    ("group", "rep", "allowed"),
    [
        (SO(3), V, 3),  # 1, x·, xxᵀ: SO(2) leaves 0 + (±1) of V, so 1 + 2
        (O(3), V, 2),
        (SO(2), V, 4),
        (O(2), V, 2),
        (SO(3), irreps(SO(3), 3), 7),
        (C(4), V, 4),
    ],
    ids=str,
)
def test_counts_at_a_generic_point(group, rep, allowed):
    found = completeness(ImplicitKernel(rep, rep, group=group))
    assert found.points[1].allowed == found.points[1].spanned == allowed


@pytest.mark.parametrize(
    ("group", "rep", "degree"),
    [(SO(3), T(2), 3), (O(2), V + T(2), 2), (Octahedral(full=True), T(2), 6), (C(4), V, 1)],
    ids=str,
)
def test_too_low_a_degree_is_found_out(group, rep, degree):
    kernel = ImplicitKernel(rep, rep, group=group, degree=degree)
    found = completeness(kernel)
    assert not found.complete
    assert all(p.spanned <= p.allowed for p in found.points)
    assert "incomplete" in str(found)
    assert completeness(ImplicitKernel(rep, rep, group=group)).complete
    assert ImplicitKernel(rep, rep, group=group).lift.degree > degree


@pytest.mark.parametrize("group", [GL(2), Sp(4)], ids=str)
def test_groups_without_an_invariant_of_a_position(group):
    with pytest.warns(UserWarning, match="no invariant of a single position"):
        kernel = ImplicitKernel(V, V, group=group)
    assert completeness(kernel).complete


def charge(k):
    """e^{ikθ} of the turn by θ."""
    phase = Custom(lambda g: [[(g[0, 0] + 1j * g[1, 0]) ** k]], lambda a: [[1j * k * a[1, 0]]], 1, is_complex=True)
    return phase(SO(2))


def test_complex_features_at_real_positions():
    found = completeness(ImplicitKernel(charge(1), charge(1), degree=2))
    assert [(p.spanned, p.allowed) for p in found.points] == [(1, 1), (1, 1)]
    both = charge(1) + charge(2)
    found = completeness(ImplicitKernel(both, both))
    assert [(p.spanned, p.allowed) for p in found.points] == [(2, 2), (4, 4)]
    pos, x = torch.randn(9, 2), torch.randn(9, 2, dtype=torch.complex64)
    out = charge(2)
    for layer in (
        PointConv(both, out, cutoff=2.0),
        PointConv(both, out, kernel=StabilizerKernel(both, out, cutoff=2.0)),
    ):
        assert_equivariant(layer, inputs=(x, pos, radius_graph(pos, 2.0)), rep_in=(both, V(SO(2)), None))


def test_the_weights_stay():
    kernel = ImplicitKernel(V, V, group=O(3))
    before = {name: p.clone() for name, p in kernel.state_dict().items()}
    completeness(kernel)
    assert all((p == before[name]).all() for name, p in kernel.state_dict().items())
    with pytest.raises(ValueError, match="position alone"):
        completeness(ImplicitKernel(V, V, group=O(3), edge=V))


@pytest.mark.parametrize(
    ("group", "x", "dim", "left"),
    [
        (SO(3), [0.0, 0.3, 0.4], 1, 3),
        (O(3), [0.0, 0.3, 0.4], 1, 2),
        (AZIMUTHAL, [0.3, 0.4, 0.0], 0, 5),
        (AZIMUTHAL, [0.0, 0.0, 0.5], 1, 2),
        (Octahedral(), [0.0, 0.0, 0.5], 0, 3),
        (Octahedral(), [0.0, 0.5, 0.5], 0, 5),
        (Octahedral(), [0.5, 0.5, 0.5], 0, 3),
        (Lorentz(), [0.5, 0.5, 0.0, 0.0], 3, None),
        (S(4), [0.5, 0.5, 0.1, 0.1], 0, 6),
    ],
    ids=str,
)
def test_stabilizers(group, x, dim, left):
    """Elements fix the point, and leave as many maps V → V as the stabiliser does."""
    space, x = V(group), np.array(x)
    algebra, discrete = stabilizer(space, x, np.random.default_rng(0))
    assert len(algebra) == dim
    assert np.abs(algebra @ x).max(initial=0) < 1e-9
    assert np.abs(discrete @ x - x).max(initial=0) < 1e-9
    n = group.d
    rows = [np.kron(a, np.eye(n)) - np.kron(np.eye(n), a.T) for a in (*algebra, *discrete)]
    if left is not None:
        assert n * n - np.linalg.matrix_rank(np.concatenate(rows), tol=1e-6) == left


def test_stabilizers_are_of_the_space_that_is_asked_for():
    """A signed permutation is not the permutation: of six elements one fixes the point, and its sign's partner two."""
    group, x, rng = S(3), np.array([1.0, -1.0, 0.0]), np.random.default_rng(0)
    for space, count in (((Det * V)(group), 2), (V(group), 1)):
        _, found = stabilizer(space, x, rng)
        fixing = {tuple(map(tuple, np.round(g).astype(int))) for g in (np.eye(3), *found)}
        assert len(fixing) == count
    assert completeness(ImplicitKernel(V, V, group=group, space=Det * V)).complete


def test_completeness_is_found_on_the_cpu():
    kernel = ImplicitKernel(V, V, group=SO(3))
    with torch.device("meta"):
        assert completeness(kernel).complete
