"""From EMLP (Finzi et al., arXiv:2104.09459) to intertwine, side by side: the same spaces of maps, and their networks.

Run it as ``python -P docs/migration/emlp.py``: without -P Python takes this file for EMLP.
"""

# start: imports
import emlp.groups
import emlp.nn.pytorch
import emlp.reps
import numpy as np
import torch
from intertwine.emlp import EMLP, Linear
from intertwine.groups import SO, Group, S
from intertwine.reps import Scalar, T, V
from intertwine.testing import assert_equivariant

# end: imports

# start: basis
# EMLP: a map is a vector, and a basis stands in the columns of a matrix
theirs = emlp.reps.T(2)(emlp.groups.SO(3)) >> emlp.reps.T(2)(emlp.groups.SO(3))
columns = np.asarray(theirs.equivariant_basis())

# intertwine: a space of matrices, its basis orthonormal, or in whole numbers by hom.exact()
hom = (T(2) >> T(2))(SO(3))
basis = hom.basis().dense()  # (3, 9, 9)

flat = basis.reshape(hom.dim, -1)
np.testing.assert_allclose(flat.T @ flat, columns @ columns.T, atol=1e-4)  # the same space
# end: basis

# start: projection
w = np.random.default_rng(0).normal(size=(9, 9)).astype(np.float32)
# EMLP
projected_theirs = np.asarray(theirs.equivariant_projector() @ w.reshape(-1)).reshape(9, 9)

# intertwine
projected_ours = hom.project(w)
np.testing.assert_allclose(projected_ours, projected_theirs, atol=1e-4)
# end: projection


# start: group
# EMLP
class Boost(emlp.groups.Group):
    def __init__(self):
        self.lie_algebra = np.array([[[0.0, 1.0], [1.0, 0.0]]])
        self.discrete_generators = np.array([[[-1.0, 0.0], [0.0, 1.0]]])
        super().__init__()


boost = Boost()
rank_theirs = (emlp.reps.V(boost) >> emlp.reps.V(boost)).equivariant_basis().shape[1]

# intertwine: exact numbers, checked
mine = Group.from_generators(algebra=[[[0, 1], [1, 0]]], discrete=[[[-1, 0], [0, 1]]], name="mine")
assert (V >> V)(mine).dim == rank_theirs == 1

# or from what the group preserves, without generators
assert Group.preserving([[1, 0], [0, -1]]).lie_dim == 1
# end: group

# start: network
# EMLP
lorentz = emlp.groups.SO13()
space = emlp.reps.V(lorentz)
network_theirs = emlp.nn.pytorch.EMLP(4 * space, emlp.reps.Scalar(lorentz), group=lorentz, num_layers=3, ch=64)

# intertwine
G = SO(1, 3)
network_ours = EMLP(4 * V, Scalar, group=G, layers=3, hidden=64, dtype=torch.float64)
assert_equivariant(network_ours, rtol=1e-8)

x = torch.randn(5, 16)
assert network_ours(x.double()).shape == network_theirs(x).shape
# end: network

# start: layer
# EMLP
linear_theirs = emlp.nn.pytorch.Linear(4 * space, emlp.reps.T(2)(lorentz) + emlp.reps.Scalar(lorentz))

# intertwine: trains coefficients of a basis, and stores no projector
linear_ours = Linear(4 * V, T(2) + Scalar, G)
assert linear_ours(x).shape == linear_theirs(x).shape == (5, 17)
# end: layer

# start: products
# EMLP: a representation of both groups
cube = emlp.reps.V(emlp.groups.S(5)) * emlp.reps.V(emlp.groups.SO(3))
rank_theirs = (cube >> emlp.reps.V(emlp.groups.SO(3))).equivariant_basis().shape[1]

# intertwine: the same, of a named group
both = SO(3) * S(5)
assert (V(S(5)) * V(SO(3)) >> V(SO(3)))(both).dim == rank_theirs == 1
# end: products
