"""From EMLP (Finzi et al., arXiv:2104.09459) to intertwine: EMLP's lines in comments, ours below them."""

# start: imports
# from emlp.groups import SO, SO13, S, Group
# from emlp.reps import Scalar, T, V
# from emlp.nn import EMLP
import torch
from intertwine.emlp import EMLP, Linear
from intertwine.groups import SO, Group, S
from intertwine.reps import Scalar, T, V
from intertwine.testing import assert_equivariant

# end: imports

# start: basis
# rep = T(2)(SO(3)) >> T(2)(SO(3));  Q = rep.equivariant_basis()   # columns, Q.T @ vec(W)
hom = (T(2) >> T(2))(SO(3))
assert hom.dim == 3
basis = hom.basis().dense()  # (3, 9, 9), orthonormal; hom.exact() gives them exactly

# P = rep.equivariant_projector();  W = (P @ W.reshape(-1)).reshape(9, 9)
projected = hom.project(torch.randn(9, 9).double().numpy())

# V.T, T(2, 1)
dual, mixed = V.dual, T(2, 1)
# end: basis

# start: group
# class Mine(Group):
#     def __init__(self):
#         self.lie_algebra = np.array([[[0.0, 1.0], [1.0, 0.0]]])
#         self.discrete_generators = np.array([[[-1.0, 0.0], [0.0, 1.0]]])
#         super().__init__()
mine = Group.from_generators(algebra=[[[0, 1], [1, 0]]], discrete=[[[-1, 0], [0, 1]]], name="mine")
assert (V >> V)(mine).dim == 1
# or from what the group preserves, without generators
assert Group.preserving([[1, 0], [0, -1]]).lie_dim == 1
# end: group

# start: network
# model = EMLP(4 * V(G), Scalar(G), group=G, ch=384, num_layers=3)
G = SO(1, 3)  # EMLP's SO13
model = EMLP(4 * V, Scalar, group=G, hidden=384, layers=3, dtype=torch.float64)
assert_equivariant(model, rtol=1e-8)

# emlp.nn.EMLPBlock, emlp.nn.Linear(rep_in, rep_out)
linear = Linear(4 * V, T(2) + Scalar, G)
assert linear(torch.randn(5, 16)).shape == (5, 17)
# end: network

# start: products
# G = SO(3) * S(5);  rep = T(1)(SO(3)) * T(1)(S(5))
both = SO(3) * S(5)
assert (V(SO(3)) * V(S(5)) >> V(SO(3)))(both).dim == 1
# end: products
