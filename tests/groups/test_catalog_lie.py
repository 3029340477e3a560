"""Complex, unitary, affine, triangular and exceptional groups: dimensions, preserved forms, coincidences."""

import numpy as np
import pytest
import sympy as sp
from intertwine import groups as ig
from intertwine.groups import (
    G2,
    GL,
    SE,
    SL,
    SO,
    SU,
    E,
    Group,
    Heisenberg,
    O,
    Poincare,
    Scaling,
    Sp,
    Translation,
    U,
    UpperTriangular,
    USp,
    check_group_laws,
    same_group,
)

# group, d, dimension as a real manifold, number of discrete generators, compact, reductive
LIE = [
    (U(1, 1), 2, 4, 0, False, True),
    (U(2, 1), 3, 9, 0, False, True),
    (SU(1, 1), 2, 3, 0, False, True),
    (SU(2, 2), 4, 15, 0, False, True),
    (USp(2), 2, 3, 0, True, True),
    (USp(4), 4, 10, 0, True, True),
    (USp(6), 6, 21, 0, True, True),
    (SL(2, field="C"), 2, 6, 0, False, True),
    (SL(3, field="C"), 3, 16, 0, False, True),
    (GL(2, field="C"), 2, 8, 0, False, True),
    (SO(3, field="C"), 3, 6, 0, False, True),
    (SO(4, field="C"), 4, 12, 0, False, True),
    (O(3, field="C"), 3, 6, 1, False, True),
    (Sp(4, field="C"), 4, 20, 0, False, True),
    (Scaling(1), 1, 1, 0, False, True),
    (Scaling(3), 3, 1, 0, False, True),
    (Translation(1), 2, 1, 0, False, False),
    (Translation(3), 4, 3, 0, False, False),
    (SE(1), 2, 1, 0, False, False),
    (E(1), 2, 1, 1, False, False),
    (E(3), 4, 6, 1, False, False),
    (Poincare(), 5, 10, 2, False, False),
    (Heisenberg(), 3, 3, 0, False, False),
    (Heisenberg(3), 5, 7, 0, False, False),
    (UpperTriangular(1), 1, 1, 1, False, True),
    (UpperTriangular(3), 3, 6, 3, False, False),
    (G2(), 7, 14, 0, True, True),
]


@pytest.mark.parametrize("row", LIE, ids=lambda row: row[0].name)
def test_dimensions_and_structure(row):
    group, *expected = row
    found = [group.d, group.lie_dim, len(group.discrete), group.is_compact, group.is_reductive]
    assert found == expected
    assert len(group.algebra) == group.lie_dim, "the catalogue gives bases"
    assert group.is_exact
    assert eval(repr(group), vars(ig)) == group
    check_group_laws(group)


def preserves(group, form, sesquilinear):
    g = group.sample(10, rng=0)
    left = g.conj() if sesquilinear else g
    return np.allclose(np.swapaxes(left, 1, 2) @ form @ g, form)


J4 = np.kron([[0, 1], [-1, 0]], np.eye(2))


@pytest.mark.parametrize(
    ("group", "form", "sesquilinear"),
    [
        (SU(2, 1), np.diag([1, 1, -1]), True),
        (U(1, 2), np.diag([1, -1, -1]), True),
        (SO(3, field="C"), np.eye(3), False),
        (O(4, field="C"), np.eye(4), False),
        (Sp(4, field="C"), J4, False),
        (USp(4), J4, False),
        (USp(4), np.eye(4), True),
    ],
    ids=str,
)
def test_elements_preserve_the_form(group, form, sesquilinear):
    assert preserves(group, form, sesquilinear)
    assert not preserves(GL(group.d, field="C"), form, sesquilinear)


def test_determinants():
    for group in (SL(3, field="C"), SU(2, 1), SO(3, field="C")):
        assert np.allclose(np.linalg.det(group.sample(10, rng=0)), 1)
    assert np.ptp(np.angle(np.linalg.det(GL(2, field="C").sample(20, rng=0)))) > 1
    assert {round(d) for d in np.linalg.det(O(3, field="C").sample(30, rng=0)).real} == {1, -1}


def test_coincidences_of_small_groups():
    assert same_group(USp(2), SU(2))
    assert same_group(Sp(2), SL(2))
    assert same_group(Sp(2, field="C"), SL(2, field="C"))
    assert same_group(U(1, 1), Group.preserving(sp.diag(1, -1), kind="sesquilinear", field="C"))
    assert not same_group(SU(2), SL(2, field="C"))


def test_affine_groups_keep_distances():
    g = E(3).sample(40, rng=0)
    assert np.allclose(g[:, 3], [0, 0, 0, 1])
    assert np.allclose(np.swapaxes(g[:, :3, :3], 1, 2) @ g[:, :3, :3], np.eye(3))
    assert {round(d) for d in np.linalg.det(g)} == {1, -1}
    eta = np.diag([1, -1, -1, -1])
    g = Poincare().sample(10, rng=0)
    assert np.allclose(np.swapaxes(g[:, :4, :4], 1, 2) @ eta @ g[:, :4, :4], eta)
    assert np.abs(g[:, :4, 4]).max() > 0.1
    assert Translation(3).is_abelian
    assert Scaling(3).is_abelian


def test_heisenberg_commutators_are_central():
    c = Heisenberg(2).structure_constants
    assert np.abs(c).max() > 0.1
    assert np.allclose(np.einsum("ijk,klm->ijlm", c, c), 0), "two-step nilpotent"
    c = UpperTriangular(3).structure_constants
    assert not np.allclose(np.einsum("ijk,klm->ijlm", c, c), 0)


def test_g2_multiplies_octonions_within_so7():
    phi = np.zeros((7, 7, 7))
    for line, sign in {"123": 1, "145": 1, "167": -1, "246": 1, "257": 1, "347": 1, "356": -1}.items():
        i, j, k = (int(x) - 1 for x in line)
        phi[i, j, k] = phi[j, k, i] = phi[k, i, j] = sign
        phi[j, i, k] = phi[i, k, j] = phi[k, j, i] = -sign
    g = G2().sample(5, rng=0)
    assert np.allclose(np.einsum("nai,nbj,nck,abc->nijk", g, g, g, phi), phi)
    assert np.allclose(g @ np.swapaxes(g, 1, 2), np.eye(7))
    assert np.allclose(np.linalg.det(g), 1)
    r = SO(7).sample(5, rng=0)
    assert not np.allclose(np.einsum("nai,nbj,nck,abc->nijk", r, r, r, phi), phi)
    assert G2().is_semisimple
    assert G2() is G2()


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: O(1, 3, field="C"), ValueError, "O\\(4, field='C'\\)"),
        (lambda: SL(2, field="H"), ValueError, 'field must be "R" or "C"'),
        (lambda: USp(3), ValueError, "even"),
        (lambda: SU(2, -1), ValueError, "at least 1"),
        (lambda: Heisenberg(0), ValueError, "at least 1"),
        (lambda: E("3"), TypeError, "whole number"),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()
