"""Heat maps show the matrices they are of."""

import numpy as np
import pytest
from intertwine import plot
from intertwine.groups import SE, SO, SU, C, D, O, S, Trivial
from intertwine.reps import NotReductive, Scalar, T, V


def shown(axes):
    (image,) = axes.images
    return np.asarray(image.get_array())


@pytest.mark.parametrize("group", [O(2), O(1, 3), S(5), D(4), C(5), SE(2)], ids=repr)
def test_generators_are_drawn_as_given(group):
    axes = plot.generators(group)
    exact = [np.array(m.tolist(), float) for m in (*group.algebra, *group.discrete)]
    assert len(axes) == len(exact)
    for ax, matrix in zip(axes, exact):
        np.testing.assert_allclose(shown(ax), matrix)
        assert ax.images[0].norm.vmin == -ax.images[0].norm.vmax


def test_complex_generators_are_drawn_as_two_parts():
    for ax, exact in zip(plot.generators(SU(2)), SU(2).algebra):
        matrix = np.array(exact.tolist(), complex)
        np.testing.assert_allclose(shown(ax), np.concatenate([matrix.real, matrix.imag], 1))


def test_entries_are_written_exactly():
    axes = plot.generators(SO(2))
    assert {text.get_text() for text in axes[0].texts} == {"1", "−1"}
    assert not plot.generators(S(9))[0].texts


def test_a_trivial_group_has_nothing_to_draw():
    with pytest.raises(ValueError, match="no generators"):
        plot.generators(Trivial(3))


def test_the_basis_is_drawn_and_cut_at_the_count():
    hom = (T(2) + V >> T(2) + V)(SO(3))
    axes = plot.basis(hom)
    for ax, element in zip(axes, hom.basis().dense(), strict=True):
        np.testing.assert_allclose(shown(ax), element)
        assert sorted({line.get_xdata()[0] for line in ax.lines} - {0}) == [8.5]
    assert len(plot.basis(hom.basis(), count=2)) == 2


def test_long_matrices_fill_their_panels():
    assert {ax.get_aspect() for ax in plot.basis((T(4) >> Scalar)(SO(3)))} == {"auto"}
    assert {ax.get_aspect() for ax in plot.basis((T(2) >> V)(SO(3)))} == {1.0}


def test_the_basis_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no equivariant map"):
        plot.basis((V >> Scalar)(SO(3)))
    with pytest.raises(TypeError, match="Hom space"):
        plot.basis(V(SO(3)))
    with pytest.raises(ValueError, match="count"):
        plot.basis((V >> V)(SO(3)), count=0)


def test_huge_spaces_are_cut_or_refused():
    """Some of many maps are made alone; matrices that no picture can show are refused before they are made."""
    many = (T(5) >> 400 * Scalar + 400 * V)(SO(3))
    assert many.dim > 8000
    assert len(plot.basis(many, count=2)) == 2
    for hom in ((T(10) >> T(10))(SO(3)), (T(2) >> T(2))(S(100))):
        with pytest.raises(ValueError, match=r"matrices of shape \(\d+, \d+\): up to 4,000,000 entries"):
            plot.basis(hom)


@pytest.mark.parametrize(("rep", "sizes"), [(T(2)(SO(3)), [1, 3, 5]), (V(S(4)) * V(S(4)), [1, 1, 2, 3, 3, 3, 3])])
def test_blocks_hold_all_there_is(rep, sizes):
    g = rep.group.sample(rng=3)
    before, after = plot.blocks(rep, g)
    np.testing.assert_allclose(shown(before), np.abs(rep.rho(g)), atol=1e-12)
    assert sorted(patch.get_width() for patch in after.patches) == sizes
    left = shown(after).copy()
    assert np.abs(left).max() > 0.1
    for patch in after.patches:
        start = round(patch.get_x() + 0.5)
        left[start : start + round(patch.get_width()), start : start + round(patch.get_height())] = 0
    assert np.abs(left).max() < 1e-9
    assert np.linalg.norm(shown(after)) == pytest.approx(np.linalg.norm(rep.rho(g)))


def test_blocks_need_irreps_and_an_element():
    with pytest.raises(NotReductive):
        plot.blocks(V(SE(2)))
    with pytest.raises(ValueError, match="not bound"):
        plot.blocks(V)
    with pytest.raises(ValueError, match="shape"):
        plot.blocks(V(SO(3)), np.eye(2))


@pytest.mark.parametrize(
    "g",
    [np.diag([1.0, 1.0, -1.0]), np.full((3, 3), np.nan), np.zeros((3, 3)), 2 * np.eye(3), [["a"] * 3] * 3],
    ids=["a reflection", "nan", "zero", "a stretch", "text"],
)
@pytest.mark.parametrize("group", [SO(3), C(5).embed(3), S(3)], ids=repr)
def test_blocks_need_an_element_of_the_group(group, g):
    with pytest.raises(ValueError, match=r"outside the group: give one such as rep\.group\.sample\(\)"):
        plot.blocks(V(group), g)
    plot.blocks(V(group), np.eye(3))
