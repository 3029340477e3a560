"""Irreps, frames and Clebsch–Gordan blocks on real groups, against what theory says."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from intertwine.groups import GL, SE, SL, SO, SU, A, Group, Lorentz, O, S, Sp, Trivial, Z
from intertwine.reps import Custom, Det, Irrep, NotReductive, Scalar, Sym, T, V, fusion_table, parse
from intertwine.reps._frame import bilinear_basis, frame, linear_basis, trivial_atom
from intertwine.reps._irreps import IrrepTable, irrep_table, irreps
from intertwine.reps._named import harmonic_matrices

# SU(2) as unit quaternions on R^4, typed in: irreps of quaternionic type
LEFT_I = [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]
LEFT_J = [[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]]
QUATERNIONS = Group.from_generators(algebra=[LEFT_I, LEFT_J], name="Sp(1)")
GROUPS = [
    SO(3),
    O(3),
    SO(2),
    O(2),
    SU(3),
    Sp(4),
    SL(3),
    GL(2),
    Lorentz(),
    S(4),
    A(5),
    Z(7),
    Trivial(2),
    QUATERNIONS,
]
REPS = [V, T(2), T(1, 1), Sym(2) + V.dual]


@pytest.mark.parametrize("group", GROUPS, ids=str)
@pytest.mark.parametrize("rep", REPS, ids=str)
def test_a_frame_block_diagonalises_random_elements(group, rep):
    rep = rep(group)
    f = frame(rep)
    g = group.sample(3, rng=1)
    inside = np.zeros((3, 0, 0))
    for term in f.terms:
        inside = term.enc @ term.rep.rho(g) @ term.dec
        expected = np.zeros_like(inside)
        at = 0
        for atom, m in term.parts:
            for _ in range(m):
                expected[:, at : at + atom.dim, at : at + atom.dim] = atom.rho(g)
                at += atom.dim
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(inside, expected, atol=1e-10 * scale)
    assert sum(atom.dim * m for atom, m in f.atoms) == rep.dim


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_clebsch_gordan_maps_are_equivariant_and_complete(group):
    g = group.sample(2, rng=3)
    atoms = [atom for atom, _ in frame((V + T(2))(group)).atoms]
    for a in atoms[:3]:
        for b in atoms[:3]:
            total = 0
            for c, cg in irrep_table(group).clebsch_gordan(a, b):
                basis = bilinear_basis(a, b, c)
                assert len(basis) == len(cg) * len(c.end)
                left = np.einsum("gcd,rdab->grcab", c.rho(g), basis)
                right = np.einsum("rcpq,gpa,gqb->grcab", basis, a.rho(g), b.rho(g))
                np.testing.assert_allclose(left, right, atol=1e-9 * max(1, np.abs(left).max()))
                np.testing.assert_allclose(np.einsum("rcab,rcab->r", basis, basis.conj()), c.dim, rtol=1e-10)
                total += len(cg) * c.dim
            assert total == a.dim * b.dim


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_schur(group):
    """Hom between different irreps is zero; End is a division algebra that commutes with the group."""
    atoms = [atom for atom, _ in frame((V + T(2))(group)).atoms]
    g = group.sample(2, rng=5)
    for a in atoms:
        for b in atoms:
            assert len(linear_basis(a, b)) == (len(a.end) if a is b else 0)
        for e in a.end:
            left, right = e @ a.rho(g), a.rho(g) @ e
            np.testing.assert_allclose(left, right, atol=1e-10 * max(1, np.abs(left).max()))


def test_frobenius_types():
    kinds = {str(g): [i.kind for i in irreps(g, level=1)] for g in (SO(3), SO(2), QUATERNIONS, Z(3), SU(2))}
    assert kinds["SO(3)"] == ["R", "R"]
    assert kinds["SO(2)"] == ["R", "C"]
    assert kinds["Sp(1)"] == ["R", "H"]
    assert kinds["Z(3)"] == ["R", "C"]
    assert kinds["SU(2)"] == ["C", "C"]


def test_finite_groups_have_all_their_irreps():
    """Σ d² / dim End = |G| over all real irreps; S(4) has five, A(5) five."""
    for group, order in [(S(4), 24), (A(5), 60), (S(5), 120)]:
        found = irreps(group, level=4)
        assert sum(i.dim**2 // {"R": 1, "C": 2, "H": 4}[i.kind] for i in found) == order
        assert isinstance(found[1], Irrep)
        assert (found[1] + V >> found[1])(group).dim == 1 + (V >> found[1])(group).dim


def test_irreps_of_o3_are_e3nns():
    """Basis and order of e3nn: "1o" is V itself, and "2e" is the matrix of the real spherical harmonics."""
    g = O(3).sample(4, rng=0)
    np.testing.assert_allclose(Irrep("1o")(O(3)).rho(g), g, atol=1e-12)
    rotation = g * np.sign(np.linalg.det(g))[:, None, None]
    for l in (2, 3):
        parity = np.sign(np.linalg.det(g)) ** l
        odd = Irrep(f"{l}{'eo'[l % 2]}")(O(3)).rho(g)
        np.testing.assert_allclose(odd, parity[:, None, None] * harmonic_matrices(l, rotation), atol=1e-11)
    assert parse("16x0e + 8x1o", O(3)).dim == 40


def test_irreps_of_so2_are_frequencies():
    t = 0.3
    g = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
    expected = [[np.cos(3 * t), -np.sin(3 * t)], [np.sin(3 * t), np.cos(3 * t)]]
    np.testing.assert_allclose(Irrep(3)(SO(2)).rho(g), expected, atol=1e-12)


def test_unknown_irrep_lists_those_found():
    with pytest.raises(ValueError, match=r"no irrep.*those found"):
        _ = Irrep("7z")(S(3)).dim


def test_v_keeps_its_own_coordinates():
    for group in (SO(3), Sp(4), SL(3), Lorentz(), SU(3)):
        assert all(np.array_equal(term.enc, np.eye(term.rep.dim)) for term in frame((3 * V + Scalar)(group)).terms)


@pytest.mark.parametrize("first", [Scalar, T(3), Det * V])
@pytest.mark.parametrize("group", [O(3), SO(3)])
def test_v_keeps_its_own_coordinates_whatever_was_met_before(first, group):
    azimuthal = group.subgroup(fixing=[0, 0, 1])
    table = IrrepTable(azimuthal)
    for summand in (first(azimuthal), V(azimuthal)):
        parts, _, _ = table.leaf(summand)
    rows = np.concatenate([copies.reshape(-1, 3) for _, copies in parts])
    np.testing.assert_allclose(rows, [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=1e-12)  # the axis, then the plane


def test_groups_that_are_not_reductive_keep_whole_summands():
    f = frame((2 * V + Scalar)(SE(2)))
    assert [(atom.irreducible, n) for atom, n in f.atoms] == [(False, 1), (False, 2)]
    with pytest.raises(NotReductive):
        irrep_table(SE(2))
    trivial, v = trivial_atom(SE(2)), f.atoms[1][0]
    assert len(linear_basis(v, trivial)) == 1  # the homogeneous coordinate
    assert len(linear_basis(trivial, v)) == 0


def test_custom_representation_in_a_skewed_basis():
    """A user's own matrices need not be orthogonal: they are balanced first."""
    p = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 5.0], [0.0, 0.0, 1.0]])
    q = np.linalg.inv(p)
    skewed = Custom(lambda g: p @ g @ q, lambda a: p @ a @ q, 3, "skewed")
    hom = (skewed >> V)(SO(3))
    assert hom.dim == 1
    w = hom.basis().dense()[0]
    np.testing.assert_allclose(w / w[0, 0], q / q[0, 0], atol=1e-9)


def test_atoms_pickle_and_labels_do_not_depend_on_history():
    atom = frame(T(3)(S(4))).atoms[-1][0]
    assert pickle.loads(pickle.dumps(atom)) is atom
    code = (
        "from intertwine.groups import S; from intertwine.reps import T, Sym;"
        "from intertwine.reps._frame import frame;"
        "{}print([(a.label, n) for a, n in frame(T(3)(S(4))).atoms])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code.format(first)],
            capture_output=True,
            text=True,
            check=True,
            env={
                "PYTHONHASHSEED": seed,
                "PATH": "",
                "PYTHONPATH": ":".join(sys.path),
                "OMP_NUM_THREADS": "1",
            },
        ).stdout
        for first, seed in [("", "0"), ("frame(Sym(4)(S(4)));", "1"), ("frame(T(2)(S(4)));", "7")]
    }
    assert len(outputs) == 1


def test_the_trivial_irrep_is_known_as_such_wherever_it_is_met_first():
    """In a skewed basis its matrices are zero up to rounding only."""
    skewed = Group.preserving([[0, 0, 1], [0, 2, 0], [1, 0, 3]], name="skewed")
    assert [atom.is_trivial for atom, _ in frame(T(2)(skewed)).atoms] == [True, False, False]


def test_high_products_of_a_skewed_noncompact_group():
    """SL(2) on cubics in a sheared basis: 7 ⊗ 7 has boosts of weight 12, whose spectrum must not drown."""
    shear = [[1, 1, 0, 0], [0, 1, 0, 2], [0, 0, 1, 0], [1, 0, 0, 1]]
    raising = [[0, 3, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    lowering = [[0, 0, 0, 0], [1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0]]
    cubics = Group.from_generators(algebra=[raising, lowering], name="cubics").conjugate(shear)
    atoms = {atom.dim: atom for atom, _ in frame(T(2)(cubics)).atoms}
    found = irrep_table(cubics).clebsch_gordan(atoms[7], atoms[7])
    assert [(c.dim, len(copies)) for c, copies in found] == [(d, 1) for d in (1, 3, 5, 7, 9, 11, 13)]


@pytest.mark.parametrize("group", [SO(3), O(2), SU(2)])
def test_names_do_not_depend_on_what_has_been_met(group):
    """Irreps of high tensor powers are found by name in a table that has met none of them."""
    last = irreps(group, level=14)[-1]
    assert IrrepTable(group).find(last.label).dim == last.dim


def test_names_that_no_tensor_power_can_bring():
    for label in (10**9, "129", "no"):
        with pytest.raises(
            ValueError, match=r"SO\(3\) has no irrep .* within 12 tensor powers of V; those found: 0, 1"
        ):
            IrrepTable(SO(3)).find(label)
    with pytest.raises(ValueError, match=r"SU\(2\) has no irrep '16:x' within 16 tensor powers"):
        IrrepTable(SU(2)).find("16:x")
    with pytest.raises(ValueError, match=r"level, the highest tensor power of V, is an integer from 0 to 128, got -1"):
        irreps(SO(3), level=-1)
    with pytest.raises(TypeError, match=r"irreps\(G\) lists the irreps of a Group, got 3"):
        irreps(3)
    with pytest.raises(TypeError, match=r"fusion_table\(G\) takes a Group, got 3"):
        fusion_table(3)
