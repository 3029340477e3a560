"""Ten defects found in other libraries, one test each that ours does not have it."""

import copy
import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
import sympy as sp
import torch
from intertwine.conv import GridConv, ImplicitKernel, PointConv, radius_graph
from intertwine.emlp import EMLP, Linear
from intertwine.groups import SO, SU, Group, O
from intertwine.reps import Custom, Scalar, T, V
from intertwine.testing import equivariance_error


def conv(**options):
    torch.manual_seed(0)
    settings = {"group": O(3), "cutoff": 3.0, "hidden": 30, "width": 8, "dtype": torch.float64} | options
    return PointConv(Scalar + V, Scalar + V, **settings)


def cloud(n=6, dtype=torch.float64):
    rng = torch.Generator().manual_seed(1)
    pos = torch.randn(n, 3, generator=rng, dtype=torch.float64).to(dtype)
    return torch.randn(n, 4, generator=rng, dtype=torch.float64).to(dtype), pos, radius_graph(pos, 2.5)


def test_1_equal_names_do_not_make_equal_groups_or_representations():
    turns = Group.from_generators(algebra=[[[0, -1], [1, 0]]], name="G")
    boosts = Group.from_generators(algebra=[[[0, 1], [1, 0]]], name="G")
    assert repr(turns) == repr(boosts)
    assert turns != boosts
    for group in (turns, boosts):
        b = (T(2) >> Scalar)(group).basis().dense()
        g = group.sample(3, rng=0)
        moved = np.einsum("rij,gjk->grik", b, T(2)(group).rho(g))
        np.testing.assert_allclose(moved, np.broadcast_to(b, moved.shape), atol=1e-9)
    plain = Custom(lambda g: g, lambda a: a, 2, "same")
    other = Custom(lambda g: np.eye(2), lambda a: np.zeros((2, 2)), 2, "same")
    assert ((plain >> V)(SO(2)).dim, (other >> V)(SO(2)).dim) == (2, 0)


@pytest.mark.parametrize("scale", [1e-6, 3e-6, 1e4, 1e6])
def test_2_tolerances_are_relative(scale):
    a = [[0, -1, 0], [1, 0, 0], [0, 0, 0]]
    b = [[0, 0, 0], [0, 0, -1], [0, 1, 0]]
    scaled = Group.from_generators(algebra=[np.array(a) * scale, np.array(b, dtype=float)])
    assert (T(2) >> T(2))(scaled).dim == 3


def test_3_the_state_dict_determines_the_function():
    x = torch.randn(5, 9, dtype=torch.float64)
    torch.manual_seed(1)
    net = EMLP(3 * V, T(2), group=O(3), hidden=32, dtype=torch.float64)
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    torch.manual_seed(2)
    other = EMLP(3 * V, T(2), group=O(3), hidden=32, dtype=torch.float64)
    assert not torch.allclose(net(x), other(x))
    other.load_state_dict(torch.load(file, weights_only=True))
    torch.testing.assert_close(net(x), other(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("contraction", ["node", "edge"])
def test_4_second_derivatives(contraction):
    layer = conv(contraction=contraction, hidden=12)
    x, pos, edges = cloud(4)
    x.requires_grad_()
    pos.requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x, pos: layer(x, pos, edges), (x, pos))
    net = EMLP(2 * V, Scalar, group=O(3), hidden=16, layers=2, dtype=torch.float64)
    z = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(net, (z,))


def test_5_pickle_deepcopy_compile_and_double():
    layer = conv(dtype=torch.float32)
    x, pos, edges = cloud(dtype=torch.float32)
    expected = layer(x, pos, edges)
    for twin in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
        torch.testing.assert_close(twin(x, pos, edges), expected, rtol=0, atol=0)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, pos, edges), expected, rtol=1e-4, atol=1e-5)
    wide, inputs = layer.double(), cloud()
    assert equivariance_error(wide, inputs=inputs, rep_in=(wide.rep_in, wide.space, None)) < 1e-10


def test_6_layouts_do_not_depend_on_hash_seed_or_global_random_state():
    code = (
        "import numpy, torch; numpy.random.seed({}); torch.manual_seed(0);"
        "from intertwine.emlp import EMLP; from intertwine.groups import O; from intertwine.reps import *;"
        "net = EMLP(3 * V + Scalar, T(2) + V, group=O(3), hidden=40, dtype=torch.float64);"
        "x = torch.linspace(-1, 1, 10, dtype=torch.float64);"
        "print([p.shape for p in net.parameters()], net.hidden_rep, net(x).tolist())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code.format(seed)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": str(seed), "PATH": "", "PYTHONPATH": ":".join(sys.path), "OMP_NUM_THREADS": "1"},
        ).stdout
        for seed in (0, 1)
    }
    assert len(outputs) == 1


def test_7_complex_only_invariants_are_found():
    """A U(1) charge: V⊗V* has an invariant that no real start vector reaches, and V⊗V has none."""
    charge = Group.from_generators(algebra=[[[sp.I, 0], [0, -2 * sp.I]]], name="charges")
    assert (Scalar >> T(1, 1))(charge).dim == 2
    assert (Scalar >> T(2))(charge).dim == 0
    assert (Scalar >> T(3))(charge).dim == 3  # q1 q1 q2 in three orders
    invariant = (Scalar >> T(3, 0))(SU(3)).basis().dense()[0, :, 0].reshape(3, 3, 3)
    np.testing.assert_allclose(np.abs(invariant[0, 1, 2]), 6**-0.5, atol=1e-10)  # ε


def test_8_equivariance_is_measured_on_random_elements():
    """A map that commutes with quarter turns and nothing else must be caught."""
    pointwise = lambda x: x**3  # noqa: E731
    assert equivariance_error(pointwise, SO(2), V, V) > 0.1


def test_9_nonuniform_fields_any_group_and_buffers_that_move():
    layer = GridConv(3 * Scalar + T(2), Scalar + 2 * V, group=SO(2), kernel_size=3)
    assert layer.double().grid.value("offsets").dtype == torch.float64
    assert all(b.device.type == "meta" for b in layer.to("meta").buffers())
    form = [[2, 1], [1, 3]]
    typed_in = Group.preserving(form, name="typed in")
    assert ImplicitKernel(V, Scalar + V, group=typed_in)(torch.randn(4, 2)).shape == (4, 3, 2)


def test_10_a_kernel_value_does_not_depend_on_the_rest_of_the_batch():
    torch.manual_seed(0)
    kernel = ImplicitKernel(Scalar + V, Scalar + V, group=O(3), dtype=torch.float64).train()
    x = torch.randn(20, 3, dtype=torch.float64)
    torch.testing.assert_close(kernel(x)[:5], kernel(x[:5]), rtol=1e-12, atol=1e-14)
    layer = Linear(V, V, group=O(3), dtype=torch.float64).train()
    torch.testing.assert_close(layer(x)[:5], layer(x[:5]), rtol=1e-12, atol=1e-14)
