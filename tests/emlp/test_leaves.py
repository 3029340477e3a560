"""Layers take every kind of representation."""

import pytest
import torch
from intertwine.emlp import EMLP, Linear
from intertwine.groups import SO, D, O, Octahedral, S
from intertwine.reps import Adjoint, Induce, Irrep, Permutation, Regular, Rep, Restrict, V
from intertwine.testing import assert_equivariant, equivariance_error

standard = V(S(4)).quotient([[1, 1, 1, 1]])
given = Rep.from_matrices(S(4), discrete=[standard.rho_exact(h) for h in S(4).discrete])

CASES = [
    (SO(3), Adjoint + V, Adjoint),
    (S(4), 2 * Regular + V, Permutation(D(4))),
    (S(4), standard + V, given + Induce(D(4), V)),
    (Octahedral(), Restrict(O(3), Irrep("2e")) + V, Regular),
]


@pytest.mark.parametrize(("group", "rep_in", "rep_out"), CASES, ids=str)
def test_layers_are_equivariant(group, rep_in, rep_out):
    torch.manual_seed(0)
    layer = Linear(rep_in, rep_out, group=group).double()
    assert_equivariant(layer, group, rep_in, rep_out)
    assert_equivariant(EMLP(rep_in, rep_out, group=group, hidden=24).double(), group, rep_in, rep_out)
    broken = torch.nn.Linear(rep_in(group).dim, rep_out(group).dim).double()
    assert equivariance_error(broken, group, rep_in, rep_out) > 1e-3
