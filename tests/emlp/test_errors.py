"""Errors name what was got, what was expected and what to do."""

import numpy as np
import pytest
import torch
from intertwine.conv import ImplicitKernel, knn_graph
from intertwine.emlp import EMLP, BatchNorm, Bilinear, Dropout, FourierAct, Gate, Linear, Norm, TensorProductAct
from intertwine.groups import SO, SU, C, O, S, U
from intertwine.reps import Scalar, T, V
from intertwine.testing import assert_equivariant, equivariance_error


@pytest.mark.parametrize("layer", [Linear(4 * V, T(2), SO(3)), EMLP(4 * V, V, SO(3), hidden=16, layers=1)])
def test_wrong_width(layer):
    with pytest.raises(ValueError, match=r"4 \* V has dim 12 but x has shape \(32, 9\): expected \(\.\.\., 12\)"):
        layer(torch.zeros(32, 9))


def test_wrong_width_of_a_factor():
    with pytest.raises(ValueError, match=r"rep_2 = V has dim 3 but y has shape \(2, 4\)"):
        Bilinear(V, V, Scalar, SO(3))(torch.zeros(2, 3), torch.zeros(2, 4))


@pytest.mark.parametrize("make", [lambda: Linear(V, V), lambda: EMLP(V, V), lambda: Gate(V), lambda: Norm(V)])
def test_missing_group(make):
    with pytest.raises(ValueError, match=r"no group: .*pass group="):
        make()


def test_a_rep_of_another_group():
    with pytest.raises(ValueError, match=r"rep_in=.* is not a representation of group=S\(5\)"):
        Linear(V(SO(3)), V, S(5))


def test_not_a_rep():
    with pytest.raises(TypeError, match=r"rep_out must be a representation such as 4 .* got 3"):
        Linear(V, 3, SO(3))


def test_empty_rep():
    with pytest.raises(ValueError, match="dimension 0"):
        Linear(0 * V, V, SO(3))


def test_no_bilinear_map():
    with pytest.raises(ValueError, match="no equivariant bilinear map"):
        Bilinear(V, V, V, O(3))


def test_integers_of_numpy_are_integers():
    eight = np.int64(8)
    assert repr(EMLP(V, V, SO(3), hidden=eight, layers=np.int32(2))) == repr(EMLP(V, V, SO(3), hidden=8, layers=2))
    assert repr(ImplicitKernel(V, V, SO(3), hidden=eight)) == repr(ImplicitKernel(V, V, SO(3), hidden=8))
    assert repr(FourierAct(C(3), copies=eight, degree=np.int64(1))) == repr(FourierAct(C(3), copies=8, degree=1))
    assert knn_graph(torch.randn(9, 3), eight).shape == (2, 72)
    for value in (np.True_, 8.0, np.float64(8)):
        with pytest.raises(ValueError, match="hidden is a total dimension"):
            EMLP(V, V, SO(3), hidden=value)


@pytest.mark.parametrize("hidden", [0, -3, 2.5, True, "many"])
def test_hidden_must_be_a_size_or_a_rep(hidden):
    with pytest.raises(ValueError, match="hidden is a total dimension"):
        EMLP(V, V, SO(3), hidden=hidden)


def test_layers_must_be_positive():
    with pytest.raises(ValueError, match="layers must be an integer >= 1, got 0"):
        EMLP(V, V, SO(3), layers=0)


def test_dtypes():
    with pytest.raises(ValueError, match=r"floating dtype, got torch\.int64"):
        Linear(V, V, SO(3), dtype=torch.int64)
    with pytest.raises(ValueError, match=r"are real, got dtype torch\.complex64: use torch\.float32"):
        Linear(V, V, SO(3), dtype=torch.complex64)
    with pytest.raises(ValueError, match=r"no features of dtype torch\.bfloat16"):
        Linear(V, V, SU(3), dtype=torch.bfloat16)
    with pytest.raises(TypeError, match=r"dtype is a torch\.dtype such as torch\.float64, got 'float64'"):
        Linear(V, V, SO(3), dtype="float64")


LAYERS = [
    Linear(V, V, SO(3)),  # no change of basis
    Linear(T(2), V, SO(3)),
    EMLP(V, V, SO(3), hidden=16, layers=2),
    TensorProductAct(V + Scalar, SO(3)),
    FourierAct(C(4)),
    Gate(T(2), SO(3)),
    Dropout(T(2), SO(3)),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_an_input_of_another_kind(layer):
    x = torch.zeros(2, layer.rep_in.dim)
    for other in (x.numpy(), x.tolist(), None):
        with pytest.raises(TypeError, match=rf"x must be a torch\.Tensor .*, got {type(other).__name__}"):
            layer(other)
    with pytest.raises(ValueError, match=r"float64, but the layer's is torch\.float32: .*x\.to\(.*layer\.to\("):
        layer(x.double())
    with pytest.raises(ValueError, match=r"int64, but the layer's is torch\.float32: convert x with x\.to"):
        layer(x.long())
    with pytest.raises(ValueError, match=r"complex64, but .* real, so pass x\.real"):
        layer(x.cfloat())
    with pytest.raises(ValueError, match=r"x is on meta, but the layer is on cpu: .*layer\.to\(\"meta\"\)"):
        layer(x.to("meta"))


def test_an_input_of_another_kind_to_complex_layers_and_factors():
    with pytest.raises(ValueError, match=r"x has dtype torch\.float32, but the layer's is torch\.complex64"):
        Linear(V, V, U(1))(torch.zeros(2, 1))
    with pytest.raises(ValueError, match=r"y has dtype torch\.float64"):
        Bilinear(V, V, V, SO(3))(torch.zeros(3), torch.zeros(3).double())


def test_inputs_are_checked_as_leniently_as_torch_needs():
    """Autocast picks dtypes itself, and layers that multiply by no numbers take any."""
    x = torch.zeros(2, 9)
    with torch.autocast("cpu", torch.bfloat16):
        assert Linear(T(2), V, SO(3))(x.bfloat16()).dtype == torch.bfloat16
    assert Gate(V, SO(3))(x[:, :4].double()).dtype == torch.float64
    layer = Linear(T(2), V, SO(3))
    assert torch.vmap(layer)(x).shape == (2, 3)
    assert torch.compile(layer, fullgraph=True, backend="eager")(x).shape == (2, 3)
    assert torch.export.export(layer, (x,)).module()(x).shape == (2, 3)


def test_equivariance_error_asks_for_what_it_lacks():
    with pytest.raises(ValueError, match="no attribute rep_in: pass rep_in="):
        equivariance_error(torch.relu)
    with pytest.raises(ValueError, match="no attribute group: pass group="):
        equivariance_error(torch.relu, rep_in=V, rep_out=V)
    with pytest.raises(ValueError, match="1 inputs for 2 representations"):
        equivariance_error(torch.add, SO(3), (V, V), V, inputs=torch.zeros(3))
    with pytest.raises(ValueError, match=r"gave an output of shape \(8, 3\), expected \(\.\.\., 9\)"):
        equivariance_error(torch.relu, SO(3), V, T(2))
    with pytest.raises(ValueError, match="cannot be drawn: pass inputs"):
        equivariance_error(torch.add, SO(3), (V, None), V)


def test_equivariance_of_functions_of_several_arguments():
    """Arguments that do not transform are passed on; pairs of tensors transform together."""
    index = torch.tensor([1, 0, 2])
    x = torch.randn(3, 3, dtype=torch.float64)
    assert_equivariant(lambda x, i: x[i], SO(3), (V, None), V, inputs=(x, index))
    assert_equivariant(lambda pair: pair[0] + pair[1], SO(3), V, V, inputs=((x, x),))
    assert_equivariant(lambda x: (x, x.square().sum(-1, keepdim=True)), SO(3), V, (V, Scalar))


def test_an_output_that_is_not_finite_is_an_error():
    assert equivariance_error(lambda x: x / 0, SO(3), V, V) == float("inf")


@pytest.mark.parametrize("layer", [Linear, EMLP, lambda rep, rep_out: TensorProductAct(rep, rep_out=rep_out)])
def test_representations_of_two_groups_between_which_nothing_maps(layer):
    with pytest.raises(
        ValueError, match=r"V is bound to SO\(3\) and .* V to O\(3\), .* SO\(3\) × O\(3\).* is 0: bind both"
    ):
        layer(V(SO(3)), V(O(3)))
    with pytest.raises(ValueError, match=r"bound to SO\(3\) × S\(4\) and .* to O\(3\) × S\(4\)"):
        layer(V(SO(3)) * V(S(4)), V(O(3)) * V(S(4)))


@pytest.mark.parametrize("layer", [Linear, EMLP, lambda rep, rep_out: TensorProductAct(rep, rep_out=rep_out)])
def test_representations_of_products(layer):
    layer(V(SO(3)) * V(S(4)), V(SO(3)))
    layer(V(SO(3)) + Scalar, V(S(4)))  # what S(4) fixes
    layer(V(SO(3)) + V(S(4)), V(SO(3)) * V(S(4)))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: Norm(V, SO(3), eps=-1), ValueError, "eps is a number >= 0, got -1"),
        (lambda: Norm(V, SO(3), eps=float("nan")), ValueError, "eps is a number >= 0, got nan"),
        (lambda: BatchNorm(V, SO(3), eps=0.0), ValueError, "eps is a number > 0, got 0.0"),
        (lambda: BatchNorm(V, SO(3), momentum=None), ValueError, "momentum is a number from 0 to 1, got None"),
        (lambda: BatchNorm(V, SO(3), momentum=2.0), ValueError, "momentum is a number from 0 to 1, got 2.0"),
        (lambda: EMLP(V, V, SO(3), hidden=10**9), ValueError, "one map would have .* weights, more than 1,073,741,824"),
        (lambda: TensorProductAct(V, SO(3), gain="x"), ValueError, "gain is a number >= 0, got 'x'"),
        (lambda: FourierAct(3), TypeError, "group is a Group, got 3"),
        (lambda: FourierAct(C(4), subgroup=3), TypeError, "subgroup is a Group, got 3"),
        (lambda: FourierAct(C(4), tolerance="x"), ValueError, "tolerance is between 0 and 1, got 'x'"),
        (lambda: Linear.from_dense(np.full((3, 3), np.nan), V, V, SO(3)), ValueError, "not finite numbers"),
    ],
)
def test_numbers_and_groups_of_layers(call, error, text):
    with pytest.raises(error, match=text):
        call()
