"""Nonlinearities, norms over batches, dropout and maps: laws over every group of the table, and controls that fail."""

import pytest
import sympy as sp
import torch
from intertwine.emlp import (
    BatchNorm,
    Dropout,
    FourierAct,
    GroupPool,
    InvariantMap,
    Linear,
    NormAct,
    Pointwise,
    Restriction,
    TensorProductAct,
    _batch_norm,
    check_layer_laws,
)
from intertwine.emlp._activations import ACTIVATIONS, gain
from intertwine.groups import (
    SL,
    SO,
    SU,
    C,
    Dicyclic,
    Dihedral,
    Group,
    Hyperoctahedral,
    Lorentz,
    O,
    Octahedral,
    S,
    Sp,
    Trivial,
)
from intertwine.reps import Irrep, Permutation, Regular, Scalar, T, V
from intertwine.reps._frame import frame
from intertwine.testing import assert_equivariant, equivariance_error
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

SPHERE = SO(3).subgroup(fixing=[0, 0, 1])


# -- over every group -------------------------------------------------------------------------------------


def has_sizes(rep, group):
    """Whether every atom has an invariant norm or a real form."""
    try:
        NormAct(rep, group)
    except ValueError:
        return False
    return True


def test_norm_act(case):
    group, rep_in, rep_out = case
    rep = rep_in + rep_out
    unitary = all(a.is_unitary for a, _ in frame(rep(group)).atoms)
    assert has_sizes(rep, group) or not unitary
    rep = rep if has_sizes(rep, group) else 4 * Scalar
    layer = NormAct(rep, group)
    with torch.no_grad():
        for p in layer.parameters():
            p.add_(torch.randn_like(p))
    check_layer_laws(layer)


def test_norm_act_needs_a_norm_or_a_form():
    assert has_sizes(V, Lorentz())
    for group in (SL(3), Sp(4)):
        with pytest.raises(ValueError, match="use a Gate"):
            NormAct(V, group)


def test_tensor_product_act(case):
    group, rep_in, rep_out = case
    layer = TensorProductAct(rep_in + Scalar, group, rep_out=rep_out)
    check_layer_laws(layer)
    x = torch.randn(4, layer.rep_in.dim, dtype=torch.float64)
    x = x.to(torch.complex128) if layer.rep_in.is_complex else x
    layer = layer.double()
    assert not torch.allclose(layer(2 * x) - layer(0 * x), 2 * (layer(x) - layer(0 * x)))


def test_batch_norm(case):
    group, rep_in, rep_out = case
    rep = rep_in + rep_out
    if not group.is_orthogonal:
        with pytest.raises(ValueError, match="no invariant positive norm"):
            BatchNorm(rep, group)
        rep = 4 * Scalar
    layer = BatchNorm(rep, group)
    x = 2 + torch.randn(64, layer.rep_in.dim)
    layer(x.to(torch.complex64) if layer.rep_in.is_complex else x)
    check_layer_laws(layer.eval())
    assert equivariance_error(layer.double().train()) < 1e-10  # a whole batch moved by one element


def test_dropout(case):
    group, rep_in, rep_out = case
    layer = Dropout(rep_in + rep_out, group, p=0.3)
    check_layer_laws(layer.eval())

    def same_mask(x):
        torch.manual_seed(0)
        return layer(x)

    layer = layer.double().train()
    assert_equivariant(same_mask, group, layer.rep_in, layer.rep_out, dtype=torch.float64)
    assert equivariance_error(layer) > 1e-2 if group.lie_dim or not group.is_permutation else True


def test_pointwise(case):
    group, rep_in, rep_out = case
    rep = rep_in + rep_out
    if group.is_permutation:
        for act in ACTIVATIONS:
            layer = Pointwise(rep, group, act)
            assert_equivariant(layer, dtype=torch.float64)
        check_layer_laws(Pointwise(rep, group))
    else:
        with pytest.raises(ValueError, match=r"would break the symmetry|with signs"):
            Pointwise(rep, group)
        check_layer_laws(Pointwise(4 * Scalar, group))


def test_invariant_map(case):
    group, rep_in, rep_out = case
    layer = InvariantMap(rep_in + rep_out + Scalar, group)
    check_layer_laws(layer)


@pytest.mark.parametrize("group", [SU(2), SO(3, field="C")], ids=["norm", "form"])
def test_invariants_of_complex_features_are_features(group):
    layer = InvariantMap(2 * V + Scalar, group)
    check_layer_laws(layer)
    x = torch.randn(5, layer.rep_in.dim, dtype=torch.complex64)
    assert Linear(layer.rep_out, Scalar, group)(layer(x)).dtype == x.dtype


# -- controls ---------------------------------------------------------------------------------------------


class Crooked(nn.Module):
    """A pointwise function of features that no permutation acts on."""

    group, rep_in, rep_out = SO(3), V(SO(3)), V(SO(3))

    def forward(self, x):
        return torch.relu(x)


def test_a_pointwise_function_of_vectors_fails():
    assert equivariance_error(Crooked()) > 0.1


# -- pointwise --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rep", [V, Regular, T(2), Permutation(S(4).subgroup(fixing=[1, 1, 0, 0]))])
def test_pointwise_of_permuted_coordinates(rep):
    layer = Pointwise(2 * rep, S(4), "relu")
    assert_equivariant(layer, dtype=torch.float64)
    x = torch.randn(10000, layer.rep_in.dim)
    assert abs(float(layer(x).square().mean()) - 1) < 0.1


def test_signs_need_an_odd_function():
    group = Hyperoctahedral(3)
    with pytest.raises(ValueError, match="tanh"):
        Pointwise(V, group, "relu")
    assert_equivariant(Pointwise(V, group, "tanh"), dtype=torch.float64)
    assert_equivariant(Pointwise(V, group, torch.sin), dtype=torch.float64)
    forced = Pointwise(V, group, "tanh")
    forced.act = torch.relu
    assert equivariance_error(forced) > 0.1


def test_unknown_activations():
    with pytest.raises(ValueError, match="act is one of"):
        Pointwise(V, S(3), "sigmoidal")
    with pytest.raises(ValueError, match="not zero everywhere"):
        Pointwise(V, S(3), torch.zeros_like)


@pytest.mark.parametrize("aggr", ["max", "mean"])
def test_group_pooling_is_invariant(aggr):
    group = Octahedral()
    layer = GroupPool(2 * Regular + Permutation(group.subgroup([group.discrete[0]])), group, aggr)
    assert layer.rep_out.dim == 3
    assert_equivariant(layer, dtype=torch.float64)
    assert equivariance_error(lambda x: layer(x * torch.arange(x.shape[-1])), group, layer.rep_in, layer.rep_out) > 0.01
    with pytest.raises(ValueError, match="InvariantMap"):
        GroupPool(V, group)
    with pytest.raises(ValueError, match="'max' or 'mean'"):
        GroupPool(V, S(3), "sum")


# -- signals on groups ------------------------------------------------------------------------------------


def turning(a, b):
    """exp(t A), with A turning two planes at these speeds."""
    return Group.from_generators([[[0, -a, 0, 0], [a, 0, 0, 0], [0, 0, 0, -b], [0, 0, b, 0]]])


SIGNALS = {
    "SO(2)": (SO(2), {}),
    "O(2)": (O(2), {"tolerance": 1e-3}),
    "SO(3)/SO(2)": (SO(3), {"subgroup": SPHERE}),
    "O(3)/O(2)": (O(3), {"subgroup": O(3).subgroup(fixing=[0, 0, 1]), "tolerance": 3e-3}),
    "SO(3)": (SO(3), {"tolerance": 0.05}),
    "SU(2)": (SU(2), {"degree": 1}),
    "SO(2)xC(3)": (SO(2) * C(3), {"degree": 1}),
    "SO(3)/C(2)": (SO(3), {"subgroup": SO(3).subgroup([[[1, 0, 0], [0, -1, 0], [0, 0, -1]]]), "tolerance": 0.05}),
    "azimuthal": (O(3).subgroup(fixing=[0, 0, 1]), {}),
    "skewed": (Group.preserving([[2, 1], [1, 2]], name="skewed"), {}),
    "2 and 3 turns": (turning(2, 3), {"degree": 1}),
    "1 and 50 turns": (turning(1, 50), {"degree": 1, "tolerance": 0.05}),
    "no period": (turning(1, sp.sqrt(2)), {"degree": 1, "tolerance": 0.05}),
}
EXACT = {
    "C(5)": (C(5), {}),
    "C(12)": (C(12), {}),
    "Dicyclic(4)": (Dicyclic(4), {}),
    "D(4)": (Dihedral(4), {}),
    "S(4)": (S(4), {}),
    "octahedral": (Octahedral(), {}),
    "S(4)/S(3)": (S(4), {"subgroup": S(4).subgroup(fixing=[1, 0, 0, 0])}),
    "C(6), low": (C(6), {"degree": 1}),
    "trivial": (Trivial(2), {}),
    "skewed": (Group.from_generators(discrete=[[[0, -1], [1, 1]]], name="skewed C(6)"), {}),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_fourier_error_is_what_was_asked_for(name):
    group, options = SIGNALS[name]
    layer = FourierAct(group, copies=3, **options).double()
    tolerance = options.get("tolerance", 1e-2)
    assert 0 < layer.error <= tolerance
    assert equivariance_error(layer, samples=10, batch=32, rng=3) <= tolerance


@pytest.mark.parametrize("name", EXACT)
def test_fourier_is_exact_on_finite_groups(name):
    group, options = EXACT[name]
    layer = FourierAct(group, copies=3, act="relu", **options)
    if "degree" not in options:
        assert layer.error == 0
        assert layer.samples * layer.copies == layer.rep_in.dim
    check_layer_laws(FourierAct(group, copies=2, **options))
    if name == "trivial":
        assert layer.samples == 1


@pytest.mark.parametrize("make", [lambda act: Pointwise(V, S(3), act=act), lambda act: FourierAct(C(4), act=act)])
def test_activations_may_have_weights(make):
    layer = make(torch.nn.PReLU())
    layer(torch.randn(5, layer.rep_in.dim)).sum().backward()
    assert [p.grad is not None for p in layer.parameters()] == [True]


def test_fourier_acts_on_the_values():
    """Of a band-limited square: the function x² of a signal is the Clebsch–Gordan product with itself."""
    layer = FourierAct(SO(2), copies=1, degree=1, act=torch.square, tolerance=1e-6).double()
    assert layer.samples < 40
    # √3 f = c0 + √2 (c1 cos + c2 sin): its square has mean c0² + c1² + c2² = 3
    c = torch.tensor([[1.0, 1.0, 1.0]], dtype=torch.float64)
    y = layer(c)
    assert abs(float(y[0, 0]) - 3**0.5 * gain(torch.square)) < 1e-6


def test_fourier_mistakes():
    with pytest.raises(ValueError, match="not compact"):
        FourierAct(Lorentz())
    with pytest.raises(ValueError, match="best error reached"):
        FourierAct(SO(4), degree=2, tolerance=1e-4)
    with pytest.raises(ValueError, match="copies"):
        FourierAct(SO(2), copies=0)
    with pytest.raises(ValueError, match="tolerance"):
        FourierAct(SO(2), tolerance=0.0)
    with pytest.raises(ValueError, match="degree"):
        FourierAct(SO(2), degree=-1)
    with pytest.raises(ValueError, match="subgroup"):
        FourierAct(SO(3), subgroup=O(3))


# -- statistics -------------------------------------------------------------------------------------------


def test_batch_norm_runs_towards_the_statistics():
    layer = BatchNorm(Scalar + V, SO(3), momentum=0.5).double()
    x = torch.randn(5000, 4, dtype=torch.float64) * torch.tensor([2.0, 3.0, 3.0, 3.0]) + torch.tensor([5.0, 0, 0, 0])
    y = layer(x)
    assert y[:, 0].mean().abs() < 1e-6
    assert (y.square().mean(0) - 1).abs().max() < 0.1
    for _ in range(20):
        layer(x)
    torch.testing.assert_close(layer.eval()(x), layer.train()(x), rtol=1e-3, atol=1e-3)


def test_batch_norm_never_mixes_clouds():
    layer = BatchNorm(Scalar + V, SO(3)).double()
    x, batch = torch.randn(30, 4, dtype=torch.float64), torch.arange(30) // 10
    together = layer(x, batch, 3)
    for k in range(3):
        torch.testing.assert_close(layer(x[batch == k]), together[batch == k])
    moved = x.clone()
    moved[batch == 1] *= 7
    assert torch.equal(layer(moved, batch, 3)[batch != 1], together[batch != 1])
    assert not torch.allclose(layer(moved)[batch != 1], layer(x)[batch != 1])


def test_batch_norm_weighs_clouds_alike():
    small, large = torch.zeros(2, 1), torch.full((98, 1), 10.0)
    layer = BatchNorm(Scalar, SO(3), momentum=1.0)
    layer(torch.cat([small, large]), torch.tensor([0] * 2 + [1] * 98))
    assert float(layer.get_buffer("mean0")) == 5.0
    with pytest.raises(ValueError, match="without rows"):
        layer(torch.zeros(0, 1))
    for batch in (torch.zeros(2, dtype=torch.int64), torch.zeros(3), torch.zeros(3, dtype=torch.bool), [0, 0, 0]):
        with pytest.raises(ValueError, match="batch must be"):
            layer(torch.zeros(3, 1), batch)
    with pytest.raises(ValueError, match="runs from -1"):
        layer(torch.zeros(3, 1), torch.tensor([-1, 0, 1]))
    with pytest.raises(ValueError, match="there are size = 2 clouds"):
        layer(torch.zeros(3, 1), torch.tensor([0, 1, 2]), 2)


class Forbidden(TorchDispatchMode):
    """What makes the processor wait for an accelerator raises."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        waits = torch.ops.aten._local_scalar_dense, torch.ops.aten.nonzero, torch.ops.aten.bincount
        if function.overloadpacket in waits:
            raise AssertionError(f"{function} synchronises")
        out = function(*args, **(kwargs or {}))
        if function is torch.ops.aten.index.Tensor and args[1][0].dtype == torch.bool:
            raise AssertionError("a mask synchronises")
        return out


def test_batch_norm_of_clouds_waits_for_nothing(monkeypatch):
    layer, batch = BatchNorm(Scalar + V, SO(3), momentum=1.0), torch.arange(30) // 10
    monkeypatch.setattr(_batch_norm, "cloud_count", lambda batch, rows, size: size)  # looks at labels on the CPU
    x = torch.randn(30, 4)
    with Forbidden():
        y = layer(x, batch, 4)  # the last is empty
    means = torch.stack([x[batch == k, 0].mean() for k in range(3)])
    torch.testing.assert_close(layer.get_buffer("mean0")[0], means.mean())
    for k in range(3):
        torch.testing.assert_close(BatchNorm(Scalar + V, SO(3))(x[batch == k]), y[batch == k])


def test_dropout_drops_whole_fields():
    layer = Dropout(2 * V, SO(3), p=0.5)
    y = layer(torch.ones(50, 7, 6)).detach()
    assert torch.equal(y, y[:, :1].expand_as(y))
    assert 0.3 < float((y == 0).float().mean()) < 0.7
    assert abs(float(y.mean()) - 1) < 0.2
    with pytest.raises(ValueError, match="probability"):
        Dropout(V, SO(3), p=1.0)


# -- to a smaller group -----------------------------------------------------------------------------------


def test_restriction_keeps_the_smaller_symmetry():
    whole, smaller = O(3), O(3).subgroup(fixing=[0, 0, 1])
    first = Linear(2 * V + Scalar, T(2) + V, whole, dtype=torch.float64)
    restrict = Restriction(first.rep_out, smaller)
    last = Linear(restrict.rep_out, 3 * Scalar, smaller, dtype=torch.float64)
    net = nn.Sequential(first, restrict, last)
    net.rep_in, net.rep_out = first.rep_in, last.rep_out
    assert_equivariant(restrict)
    assert equivariance_error(net, smaller) < 1e-10
    assert equivariance_error(net, whole, rep_out=3 * Scalar) > 1e-3
    with pytest.raises(ValueError, match="subgroup"):
        Restriction(V, O(3), group=smaller)


# -- variance ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["norm", "product", "fourier", "pointwise"])
def test_second_moments_are_kept(kind):
    layer = {
        "norm": lambda: NormAct(64 * Scalar + 32 * V + 16 * Irrep(2), SO(3)),
        "product": lambda: TensorProductAct(64 * Scalar + 32 * V, SO(3)),
        "fourier": lambda: FourierAct(SO(3), copies=16, subgroup=SPHERE),
        "pointwise": lambda: Pointwise(16 * V, S(5)),
    }[kind]()
    y = layer(torch.randn(500, layer.rep_in.dim)).detach()
    assert 0.5 < float(y.square().mean()) < 1.6
