"""Ranks over the newer groups of the catalogue, against theory."""

import numpy as np
import pytest
from intertwine.groups import (
    G2,
    GL,
    SL,
    SO,
    SU,
    Dicyclic,
    Grid,
    Group,
    Heisenberg,
    O,
    Pin,
    Poincare,
    PointGroup,
    Quaternion,
    S,
    Scaling,
    Sp,
    Spin,
    UpperTriangular,
    USp,
    double_cover,
)
from intertwine.reps import Custom, Scalar, Sym, T, V, parse
from intertwine.reps._parse import find_group

W = V * V.conj  # Weyl spinors: vectors of Minkowski space

RANKS = [
    (Spin(7), T(2) >> T(2), 4),  # 8 ⊗ 8 = 1 + 7 + 21 + 35
    (G2(), T(2) >> T(2), 4),  # 7 ⊗ 7 = 1 + 7 + 14 + 27
    (G2(), Scalar >> T(3), 1),  # the form itself
    (SO(7), Scalar >> T(3), 0),
    (Spin(3), T(2) >> T(2), 2),  # 2 ⊗ 2 = 1 + 3
    (Spin(4), V >> V, 2),  # two chiralities
    (Spin(8), V >> V, 2),
    (Spin(4, 2), V >> V, 2),  # complex type: commutant ℂ
    (USp(4), T(2) >> T(2), 3),  # 4 ⊗ 4 = 1 + 5 + 10
    (SU(2, 1), T(1, 1) >> T(1, 1), 2),  # the real forms have the ranks of SL(3)
    (SU(2, 2), T(2) >> T(2), 2),
    (SL(2, field="C"), T(2) >> T(2), 2),
    (SL(2, field="C"), W >> W, 1),  # the Lorentz vector is irreducible
    (SL(2, field="C"), Scalar >> W, 0),
    (SU(2), Scalar >> W, 1),  # time is fixed by rotations
    (GL(2, field="C"), Scalar >> T(2, 2), 2),
    (O(3, field="C"), T(2) >> T(2), 3),
    (Sp(4, field="C"), T(2) >> T(2), 3),
    (Dicyclic(3), V >> V, 1),
    (Quaternion(), V >> V, 4),  # commutant ℍ
    (Scaling(2), T(2) >> T(2), 16),
    (UpperTriangular(3), T(2) >> T(2), 2),  # as GL(3): the flag variety is projective
    (Poincare(), V >> V, 1),
    (Poincare(), V.dual >> Scalar, 0),
    (Poincare(), Scalar >> V.dual, 1),  # the last homogeneous coordinate
    (Heisenberg(), V >> V, 2),  # 1 and the central element
    (S(3).wreath(2), T(2) >> T(2), 46),  # pairs of a partition in at most 2 blocks and a finer one: 14 + 20 + 12
    (O(3).wreath(2), V >> V, 1),
    (O(3).wreath(2), T(2) >> T(2), 6),  # 1, sign, 10 and 6 within the copies, 9 and 9 between them
    (Grid(5), V >> V, 7),  # orbits of ℤ₄ on the 25 shifts
    (Grid(6, 6), V >> V, 8),
    (SU(2).realification(), V >> V, 4),
    (SO(3).embed(5), V >> V, 5),  # 3 and two trivial ones
]


@pytest.mark.parametrize(("group", "maps", "rank"), RANKS, ids=str)
def test_ranks(group, maps, rank):
    hom = maps(group)
    assert hom.dim == rank
    assert hom.certificate.residual < 1e-10


@pytest.mark.parametrize(
    "group",
    [
        SL(2, field="C"),
        SU(2, 1),
        Spin(1, 3, connected=True),
        PointGroup("4/mmm"),
        Grid(5, 6, reflections=True),
        G2(),
        Heisenberg(2),
        Pin(2) * PointGroup("-1"),
    ],
    ids=str,
)
def test_names_are_read_back(group):
    assert find_group(group.name) == group
    assert parse(f"V({group.factors[0].name})").group == group.factors[0]


@pytest.mark.parametrize("symbol", ["-1", "2/m", "-42m", "-3m", "6/mmm", "m-3m"])
def test_elastic_and_piezoelectric_constants_of_crystals(symbol):
    """Numbers of independent constants (Nye, Physical Properties of Crystals, appendix E)."""
    elastic = {"-1": 21, "2/m": 13, "-42m": 6, "-3m": 6, "6/mmm": 5, "m-3m": 3}[symbol]
    piezoelectric = {"-42m": 2}.get(symbol, 0)
    group = PointGroup(symbol)
    assert (Scalar >> Sym(2, Sym(2)))(group).dim == elastic
    assert (Sym(2) >> V)(group).dim == piezoelectric


def test_vectors_of_a_spin_group():
    """The double cover is a representation: V ⊗ vectors → V by the γ matrices, one map of Pin."""
    for pin in (False, True):
        cover = double_cover(3, pin=pin)
        vectors = Custom(cover.rho, cover.drho, dim=3, name="vectors")
        assert (vectors >> vectors)(cover.source).dim == 1
        assert (Scalar >> vectors * vectors)(cover.source).dim == 1
    cover = double_cover(7)
    vectors = Custom(cover.rho, cover.drho, dim=7, name="vectors")
    assert (vectors * V >> V)(cover.source).dim == 1, "Clifford multiplication"
    assert (vectors >> T(2))(cover.source).dim == 1


def test_grid_maps_are_symmetric_convolutions():
    hom = (V >> V)(Grid(5, 4))
    kernel = np.asarray(hom.basis().dense())[0, 0].reshape(5, 5)
    assert np.allclose(np.roll(np.rot90(kernel), 1, 0), kernel)


def test_pin_tells_vectors_from_axial_vectors():
    assert (V >> V)(Pin(3)).dim < (V >> V)(Group.from_generators(algebra=Pin(3).algebra, name="even")).dim
