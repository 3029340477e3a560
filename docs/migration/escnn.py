"""From escnn to intertwine, side by side: the same representations, layers and numbers.

Run it as ``python -P docs/migration/escnn.py``: without -P Python takes this file for escnn.
"""

# start: imports
import torch
from escnn import gspaces
from escnn import nn as enn
from intertwine.conv import FieldPool, Fieldwise, GridConv, export
from intertwine.emlp import Gate, Linear
from intertwine.groups import O
from intertwine.interop import (
    EscnnModule,
    FromEscnn,
    from_escnn,
    grid_conv_from_escnn,
    linear_from_escnn,
    space_of,
    to_escnn,
)
from intertwine.reps import Irrep, Scalar, V

# end: imports

# start: types
# escnn: a space, and a type made of representations of its fiber group
space = gspaces.flipRot2dOnR2(-1, maximum_frequency=6)
type_in = space.type(space.trivial_repr)
type_out = space.type(*[space.trivial_repr] * 4, *[space.irrep(1, 1)] * 2, space.irrep(1, 2))

# intertwine: a group, and an expression
group = O(2)
rep_in, rep_out = Scalar, 4 * Scalar + 2 * V + Irrep(2)

assert from_escnn(type_out) == rep_out(group)
assert to_escnn(rep_out(group), space) == type_out
# end: types

# start: convolution
# escnn: kernels are sums of analytic functions
theirs = enn.R2Conv(type_in, type_out, kernel_size=5, padding=2)
x = torch.randn(2, 1, 16, 16)
y = theirs(type_in(x)).tensor

# intertwine: kernels are small equivariant networks of the offset; tensors are plain
ours = GridConv(rep_in, rep_out, group, kernel_size=5, padding=2)
assert ours(x).shape == y.shape

# a trained one goes over, with its function
converted = grid_conv_from_escnn(theirs)
torch.testing.assert_close(converted(x), y, atol=1e-4, rtol=1e-4)
# end: convolution

# start: network
# escnn
gate_type = space.type(*[space.trivial_repr] * 4) + space.type(*[space.trivial_repr] * 2 + [space.irrep(1, 1)] * 2)
network_theirs = enn.SequentialModule(
    enn.R2Conv(type_in, gate_type, kernel_size=3, padding=1),
    enn.NormNonLinearity(gate_type),
    enn.R2Conv(gate_type, type_out, kernel_size=3, padding=1),
)

# intertwine
gate = Gate(4 * Scalar + 2 * V, group)
network_ours = torch.nn.Sequential(
    GridConv(Scalar, gate.rep_in, group, kernel_size=3, padding=1),
    Fieldwise(gate),
    GridConv(gate.rep_out, rep_out, group, kernel_size=3, padding=1),
    FieldPool(rep_out, group),
)
assert network_ours(x).shape == (2, rep_out(group).dim)
# end: network

# start: both
# a layer of ours among escnn's ...
mixed = enn.SequentialModule(EscnnModule(ours, space), enn.R2Conv(type_out, type_in, kernel_size=3, padding=1))
z = mixed(type_in(x))

# ... and one of escnn's among ours: the same network
plain = torch.nn.Sequential(ours, FromEscnn(mixed[1]))
torch.testing.assert_close(plain(x), z.tensor)
# end: both

# start: axes
# escnn's reflections leave an axis of their own choice; space_of says how the axes of a tensor move
tilted = gspaces.flipRot2dOnR2(4, axis=0.0)
moving = space_of(tilted)
conv = GridConv(Scalar, moving, moving.group, kernel_size=3, padding=1, space=moving)
EscnnModule(conv, tilted).check_equivariance()
# end: axes

# start: linear
# the numbers of a trained Linear
at_points = gspaces.no_base_space(space.fibergroup)
linear_theirs = enn.Linear(at_points.type(*type_out.representations), at_points.type(*gate_type.representations))
linear_ours: Linear = linear_from_escnn(linear_theirs)
v = torch.randn(7, linear_ours.rep_in.dim)
torch.testing.assert_close(linear_ours(v), linear_theirs(linear_theirs.in_type(v)).tensor)
# end: linear

# start: export
# escnn: plain convolutions for inference
theirs.eval().export()

# intertwine: the same, and of whole networks; torch.export takes the result
program = torch.export.export(export(network_ours), (x,))
torch.testing.assert_close(program.module()(x), network_ours.eval()(x), atol=1e-5, rtol=1e-4)
# end: export
