"""Laws of Hom spaces and certificates over the catalogue and over groups nobody has heard of."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from intertwine.groups import Group, check_group_laws
from intertwine.reps import Scalar, T, V
from intertwine.reps._basis import Basis
from intertwine.reps.laws import check_hom_laws

from .test_against_svd import GROUPS, random_rep

quick = settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


@quick
@given(st.sampled_from(GROUPS), st.integers(0, 2**16))
def test_over_the_catalogue(group, seed):
    rng = np.random.default_rng(seed)
    rep_in, rep_out = (random_rep(rng, group, depth=1)(group) for _ in range(2))
    assume(0 < rep_in.dim * rep_out.dim <= 200)
    check_hom_laws(rep_in >> rep_out, seed)


@st.composite
def user_groups(draw):
    """A group by a few generators with small integer entries, or by permutations."""
    d = draw(st.integers(2, 3))
    entries = st.lists(st.integers(-2, 2), min_size=d * d, max_size=d * d)
    if draw(st.booleans()):
        count = draw(st.integers(1, 2))
        return Group.from_permutations([draw(st.permutations(range(d + 2))) for _ in range(count)], name="permutations")
    algebra = [np.reshape(draw(entries), (d, d)).tolist() for _ in range(draw(st.integers(1, 2)))]
    return Group.from_generators(algebra=algebra, name="typed in")


@quick
@given(user_groups(), st.integers(0, 2**16))
@pytest.mark.filterwarnings("ignore")
def test_over_random_groups(group, seed):
    check_group_laws(group)
    check_hom_laws((V >> V)(group), seed)
    check_hom_laws((V + Scalar >> T(1, 1))(group), seed)


def test_a_wrong_basis_breaks_a_law(monkeypatch):
    from intertwine.groups import SO

    hom = (T(2) >> V)(SO(3))
    combine = Basis.combine
    monkeypatch.setattr(Basis, "combine", lambda self, c: combine(self, c) + 1e-3)
    with pytest.raises(AssertionError, match="breaks the law 'equivariance'"):
        check_hom_laws(hom)
