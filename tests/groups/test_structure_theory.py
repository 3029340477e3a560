"""The structure of Lie algebras against tables: Dynkin types, real forms, radicals, series, ranks."""

import numpy as np
import pytest
import sympy as sp
from intertwine.groups import (
    G2,
    GL,
    SE,
    SL,
    SO,
    SU,
    Group,
    Heisenberg,
    O,
    Poincare,
    S,
    Sp,
    Spin,
    Trivial,
    U,
    UpperTriangular,
    USp,
)
from intertwine.groups._real_forms import names
from intertwine.groups._roots import root_system

TYPES = [
    (SO(2), "T1", "", 1),
    (SO(3), "A1", "su(2)", 1),
    (SO(4), "A1 + A1", "su(2) + su(2)", 2),
    (SO(5), "B2 = C2", "so(5) = sp(2)", 2),
    (SO(6), "A3 = D3", "su(4) = so(6)", 3),
    (SO(7), "B3", "so(7)", 3),
    (SO(8), "D4", "so(8)", 4),
    (SU(2), "A1", "su(2)", 1),
    (SU(3), "A2", "su(3)", 2),
    (SU(4), "A3 = D3", "su(4) = so(6)", 3),
    (SU(5), "A4", "su(5)", 4),
    (SU(2, 1), "A2", "su(2, 1)", 2),
    (Sp(2), "A1", "sl(2, R)", 1),
    (Sp(4), "B2 = C2", "so(3, 2) = sp(4, R)", 2),
    (Sp(6), "C3", "sp(6, R)", 3),
    (USp(4), "B2 = C2", "so(5) = sp(2)", 2),
    (SL(2), "A1", "sl(2, R)", 1),
    (SL(3), "A2", "sl(3, R)", 2),
    (SL(4), "A3 = D3", "sl(4, R) = so(3, 3)", 3),
    (O(1, 3), "A1 + A1", "sl(2, C)", 2),
    (SO(2, 2), "A1 + A1", "sl(2, R) + sl(2, R)", 2),
    (SO(4, 1), "B2 = C2", "so(4, 1) = sp(1, 1)", 2),
    (SO(4, 2), "A3 = D3", "su(2, 2) = so(4, 2)", 3),
    (SO(5, 1), "A3 = D3", "su*(4) = so(5, 1)", 3),
    (GL(1), "T1", "", 1),
    (GL(3), "A2 + T1", "sl(3, R)", 3),
    (U(1), "T1", "", 1),
    (U(3), "A2 + T1", "su(3)", 3),
    (G2(), "G2", "compact g2(-14)", 2),
    (Spin(7), "B3", "so(7)", 3),
    (SO(3) * SU(3) * U(1), "A2 + A1 + T1", "su(3) + su(2)", 4),
    (SO(3) * S(4), "A1", "su(2)", 1),
    (SE(2), "solvable algebra of dimension 3", "", 1),
    (SE(3), "A1 + radical of dimension 3 (abelian)", "su(2)", 2),
    (Poincare(), "A1 + A1 + radical of dimension 4 (abelian)", "sl(2, C)", 2),
    (Heisenberg(2), "nilpotent algebra of dimension 5", "", 5),
    (UpperTriangular(3), "solvable algebra of dimension 6", "", 3),
    (S(4), "0", "", 0),
    (Trivial(2), "0", "", 0),
]


@pytest.mark.parametrize(("group", "kind", "form", "rank"), TYPES, ids=lambda x: str(x))
def test_types(group, kind, form, rank):
    lie = group.lie
    assert (lie.dim, lie.type, lie.real_form, lie.rank) == (group.lie_dim, kind, form, rank)
    assert lie.is_semisimple == group.is_semisimple
    assert sum(lie.killing_signature) == lie.dim


def skewed(group):
    d = group.d
    p = sp.Matrix(d, d, lambda i, j: (3 * i * i + 5 * j + i * j) % 7 - 3 + (4 if i == j else 0))
    assert p.det() != 0
    return group.conjugate(p)


@pytest.mark.parametrize("group", [SO(3), SO(4), SO(6), SO(2, 2), SO(4, 2), SU(3), Sp(4), G2(), SE(3), USp(4)], ids=str)
def test_a_change_of_basis_changes_nothing(group):
    copy = skewed(group)
    assert copy != group
    for of in ("type", "real_form", "killing_signature", "rank"):
        assert getattr(copy.lie, of) == getattr(group.lie, of)
    assert copy.is_unimodular == group.is_unimodular


@pytest.mark.parametrize("group", [SU(3), SO(1, 3), GL(2), SE(3), skewed(SO(3))], ids=str)
def test_structure_constants_are_those_of_the_basis(group):
    lie = group.lie
    b, c = lie.basis, lie.structure_constants
    for i in range(lie.dim):
        for j in range(lie.dim):
            total = sum((c[i, j, k] * b[k] for k in range(lie.dim)), sp.zeros(group.d))
            assert (b[i] * b[j] - b[j] * b[i] - total).applyfunc(sp.expand).is_zero_matrix
    ad = [sp.Matrix(lie.dim, lie.dim, lambda k, j, i=i: c[i, j, k]) for i in range(lie.dim)]
    assert lie.killing_form == sp.Matrix(lie.dim, lie.dim, lambda i, j: (ad[i] * ad[j]).trace())
    w = np.linalg.eigvalsh(np.array(lie.killing_form.tolist(), float))
    near = 1e-9 * max(1, np.abs(w).max())
    assert lie.killing_signature == ((w > near).sum(), (w < -near).sum(), (np.abs(w) <= near).sum())


def test_generators_that_do_not_span():
    chain = [sp.SparseMatrix(7, 7, {(i, i + 1): -1, (i + 1, i): 1}) for i in range(6)]
    assert Group.from_generators(chain).lie.type == "B3"
    up, down = [[0, 1], [0, 0]], [[0, 0], [1, 0]]
    assert Group.from_generators([up, down]).lie.type == "A1"


def test_number_fields():
    root, golden = sp.sqrt(2), (1 + sp.sqrt(5)) / 2
    copy = SO(3).conjugate([[1, root, 0], [0, 1, 1], [0, 0, golden]])
    assert (copy.lie.type, copy.lie.real_form, copy.lie.killing_signature) == ("A1", "su(2)", (0, 3, 0))
    mixed = Group.from_generators([sp.diag(1, root, 0), sp.diag(root, 1, golden)])
    assert (mixed.lie.dim, mixed.lie.type) == (2, "T2")
    a, b = sp.zeros(4), sp.zeros(4)
    a[0, 1], a[1, 0], a[2, 3], a[3, 2] = -1, 1, -root, root
    b[0, 1], b[1, 0], b[2, 3], b[3, 2] = -1, 1, root, -root
    assert Group.from_generators([a, b]).lie.is_abelian


def test_series_radical_and_centre():
    dims = [a.dim for a in UpperTriangular(3).lie.derived_series]
    assert dims == [6, 3, 1, 0]
    assert [a.dim for a in UpperTriangular(3).lie.lower_central_series] == [6, 3]
    assert UpperTriangular(3).lie.centre.basis == (sp.eye(3),)
    heisenberg = Heisenberg(1).lie
    assert (heisenberg.is_nilpotent, heisenberg.is_abelian, heisenberg.centre.dim) == (True, False, 1)
    motions = SE(3).lie
    assert (motions.is_solvable, motions.is_semisimple, motions.is_reductive) == (False, False, False)
    assert motions.radical.is_abelian
    assert motions.centre.dim == 0
    assert all(m[:3, :3].is_zero_matrix for m in motions.radical.basis)
    assert GL(3).lie.is_reductive
    assert GL(3).lie.radical.basis == GL(3).lie.centre.basis == (sp.eye(3),)


def test_unimodular():
    affine = Group.from_generators([[[1, 0], [0, 0]], [[0, 1], [0, 0]]])
    assert not affine.is_unimodular
    assert not Group.from_generators(affine.lie_algebra, [[[-1, 0], [0, 1]]]).is_unimodular
    assert SE(3).is_unimodular
    assert GL(2).is_unimodular
    assert O(1, 3).is_unimodular
    shrinking = Group.from_generators([[[0, 1], [0, 0]]], [[[2, 0], [0, 1]]])  # a ℤ that stretches a line
    assert not shrinking.is_unimodular
    assert S(4).is_unimodular
    assert skewed(SO(3)).is_unimodular


@pytest.mark.parametrize("group", [SO(5), SL(3), SO(1, 3), SE(3), GL(3), UpperTriangular(3), Poincare()], ids=str)
def test_cartan_subalgebras_are_nilpotent_and_their_own_normalisers(group):
    lie = group.lie
    cartan = [np.array(h.tolist(), float) for h in lie.cartan_subalgebra.basis]
    assert lie.cartan_subalgebra.is_nilpotent
    span = np.array([h.ravel() for h in cartan])
    outside = np.eye(group.d**2) - np.linalg.pinv(span) @ span
    b = [np.array(m.tolist(), float) for m in lie.basis]
    rows = [np.concatenate([outside @ (m @ h - h @ m).ravel() for h in cartan]) for m in b]
    assert lie.dim - np.linalg.matrix_rank(np.array(rows)) == len(cartan)


@pytest.mark.parametrize(("group", "highest"), [(G2(), 5), (SO(8), 5), (Sp(6), 5), (SU(5), 4), (SO(7), 5)], ids=str)
def test_roots(group, highest):
    roots = group.lie.roots
    assert len(roots.roots) == group.lie_dim - group.lie.rank == 2 * len(roots.positive)
    assert roots.positive.sum(axis=1).max() == highest  # Coxeter number − 1
    assert (roots.cartan_matrix.diagonal() == 2).all()


def test_floats_are_not_taken_for_exact_numbers():
    x, y, z = (np.array(a.tolist(), float) for a in SO(3).algebra)
    group = Group.from_generators([x + np.pi * y, z])
    with pytest.raises(ValueError, match=r"floating-point numbers.*write them exactly"):
        _ = group.lie


def test_what_is_not_semisimple_has_no_roots():
    with pytest.raises(ValueError, match="not semisimple"):
        root_system(SE(2).structure_constants)


def test_real_forms_have_one_name_but_where_the_character_does_not_tell():
    assert names("A", 13, -15) == "su(9, 5) or su*(14)"
    assert names("D", 9, -9) == "so(12, 6) or so*(18)"
    assert names("E", 6, -26) == "e6(-26)"
    assert names("F", 4, 4) == "split f4(4)"
