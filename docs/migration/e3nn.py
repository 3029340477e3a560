"""From e3nn to intertwine, side by side: the same features, in the same basis and order.

Run it as ``python -P docs/migration/e3nn.py``: without -P Python takes this file for e3nn.
"""

# start: imports
import e3nn.math
import e3nn.nn
import torch
from e3nn import o3
from intertwine.conv import PointConv, radius_graph
from intertwine.emlp import Bilinear, Gate, Linear
from intertwine.groups import O
from intertwine.interop import from_irreps, linear_from_e3nn, linear_to_e3nn, to_irreps
from intertwine.reps import Irrep, Scalar, V, parse

# end: imports

# start: irreps
# e3nn
irreps = o3.Irreps("8x0e + 4x1o + 2x2e")

# intertwine: any of these
rep = from_irreps(irreps)
assert rep == parse("8x0e + 4x1o + 2x2e", O(3))
assert to_irreps(8 * Scalar + 4 * V + 2 * Irrep("2e")) == irreps  # V is 1o

# features need no change: the matrices are the same
torch.set_default_dtype(torch.float64)  # e3nn's constants are then precise
g = O(3).sample(rng=0)
torch.testing.assert_close(irreps.D_from_matrix(torch.tensor(g)), torch.tensor(rep.rho(g)))
# end: irreps

# start: linear
# e3nn
linear_theirs = o3.Linear(irreps, "4x0e + 2x1o", biases=True)

# intertwine: a new one, or that one
linear_ours = Linear(rep, 4 * Scalar + 2 * V, O(3))
loaded = linear_from_e3nn(linear_theirs)
x = irreps.randn(10, -1)
torch.testing.assert_close(loaded(x), linear_theirs(x))
torch.testing.assert_close(linear_to_e3nn(linear_ours)(x), linear_ours(x))
# end: linear

# start: products
# e3nn: a fully connected tensor product
product_theirs = o3.FullyConnectedTensorProduct(irreps, "1x1o", "4x0e + 2x1o")
y = product_theirs(x, torch.randn(10, 3))

# intertwine: the same for any group
v = torch.randn(10, 3)
product_ours = Bilinear(rep, V, 4 * Scalar + 2 * V, O(3))
assert product_ours(x, v).shape == y.shape
# end: products

# start: gates
# e3nn: scalars, gates and gated features, in this order, with their activations
gate_theirs = e3nn.nn.Gate("8x0e", [torch.nn.functional.silu], "6x0e", [torch.sigmoid], "4x1o + 2x2e")
layer_theirs = torch.nn.Sequential(o3.Linear(irreps, gate_theirs.irreps_in), gate_theirs)

# intertwine: made from what comes out; gate.rep_in is what goes in
gate = Gate(8 * Scalar + 4 * V + 2 * Irrep("2e"), O(3))
layer_ours = torch.nn.Sequential(Linear(rep, gate.rep_in, O(3)), gate)
assert layer_ours(x).shape == layer_theirs(x).shape == x.shape
# end: gates

# start: convolution
pos = torch.randn(10, 3)
source, target = edges = radius_graph(pos, 2.0)  # as in PyTorch Geometric
offsets = pos[source] - pos[target]

# e3nn: harmonics of the edges, a tensor product with weights from a radial network, a sum over neighbours
harmonics = o3.Irreps.spherical_harmonics(2)
product = o3.FullyConnectedTensorProduct(irreps, harmonics, "4x0e + 2x1o", shared_weights=False)
radial = e3nn.nn.FullyConnectedNet([8, 32, product.weight_numel], torch.nn.functional.silu)
shells = e3nn.math.soft_one_hot_linspace(offsets.norm(dim=1), 0.0, 2.0, 8, basis="smooth_finite", cutoff=True)
angular = o3.spherical_harmonics(harmonics, offsets, normalize=True, normalization="component")
messages = product(x[source], angular, radial(shells))
y_theirs = messages.new_zeros(10, messages.shape[1]).index_add(0, target, messages)

# intertwine: one layer; the kernel is learned, and complete (intertwine.conv.completeness)
conv = PointConv(rep, 4 * Scalar + 2 * V, group=O(3), cutoff=2.0)
assert conv(x, pos, edges).shape == y_theirs.shape
# end: convolution
