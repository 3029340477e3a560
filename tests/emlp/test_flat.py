"""Small maps are applied as one gather or one matrix: the same maps as atom by atom."""

import copy

import pytest
import torch
from intertwine.emlp import Gate, Linear, Norm
from intertwine.emlp._assembly import Assembly
from intertwine.emlp._frame import SMALL, Decode, Encode, flatten, put_together, split_up, unflatten
from intertwine.groups import SL, SO, SU, D, Group, O, Trivial
from intertwine.reps import Regular, Scalar, T, V

DOUBLE = {"dtype": torch.float64}
AZIMUTHAL = O(3).subgroup(fixing=[0, 0, 1])
SHEAR = Group.from_generators([[[0, 1], [0, 0]]], name="shear")
CASES = {
    "nothing to change": (O(3), 2 * Scalar + V),
    "channels last": (O(3), 3 * Scalar + 4 * V),
    "parts in another order": (AZIMUTHAL, 2 * Scalar + 3 * V),
    "scattered copies": (SO(3), V + 2 * Scalar + 3 * V + Scalar),
    "one matrix": (SO(3), 2 * T(2) + V),
    "too large for one": (SO(3), 8 * T(2) + V),
    "complex type": (SO(2), 2 * V + T(2)),
    "several irreps": (D(4), 2 * Regular + V),
    "no irreps": (SHEAR, 2 * V + Scalar),
    "no norm": (SL(2), 2 * V + T(2)),
    "no symmetry": (Trivial(3), 2 * V + Scalar),
    "complex": (SU(2), 2 * V + Scalar + T(2)),
}


def features(rep, *shape):
    dtype = torch.complex128 if rep.is_complex else torch.float64
    return torch.randn(*shape, rep.dim, dtype=dtype)


def exact(layer):
    return [layer.constants.get_buffer(name) for name in layer.names]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("shape", [(5,), (2, 3), ()], ids=str)
def test_flat_features_are_those_of_the_summands(name, shape):
    group, rep = CASES[name]
    rep = rep(group)
    x = features(rep, *shape)
    encode, decode = Encode(rep, x.dtype), Decode(rep, x.dtype)
    atoms = split_up(x, encode.pieces, exact(encode))
    torch.testing.assert_close(encode.flat(x), flatten(atoms))
    for found, expected in zip(encode(x), atoms, strict=True):
        torch.testing.assert_close(found, expected)
        assert found.is_contiguous()
    torch.testing.assert_close(decode(atoms), x)
    torch.testing.assert_close(decode.flat(flatten(atoms)), x)
    torch.testing.assert_close(put_together(unflatten(flatten(atoms), decode.shape), decode.pieces, exact(decode)), x)


def test_how_a_basis_is_changed():
    kinds = {name: Encode(rep(group), torch.complex128) for name, (group, rep) in CASES.items()}
    assert kinds["nothing to change"].is_same
    assert kinds["channels last"].order is not None
    assert kinds["parts in another order"].order is not None
    assert kinds["one matrix"].whole is not None
    assert kinds["too large for one"].width > SMALL
    assert not kinds["too large for one"].is_short


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("bias", [True, False])
def test_linear_as_one_matrix(name, bias):
    group, rep = CASES[name]
    layer = Linear(rep + 2 * Scalar, rep, group, bias=bias, dtype=torch.complex128 if rep(group).is_complex else None)
    layer = layer.double()
    for p in layer.parameters():
        torch.nn.init.normal_(p)
    x = features(layer.rep_in, 7)
    slow = copy.deepcopy(layer)
    slow.atoms.matrix = None
    assert layer.atoms.matrix is not None or layer.rep_in.dim * layer.rep_out.dim > 4096
    y, z = layer(x), slow(x)
    torch.testing.assert_close(y, z)
    g = torch.randn_like(y)
    fast_gradients = torch.autograd.grad(y, list(layer.parameters()), g)
    for a, b in zip(fast_gradients, torch.autograd.grad(z, list(slow.parameters()), g), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("kind", [Gate, Norm])
@pytest.mark.parametrize("name", [name for name, (group, rep) in CASES.items() if not rep(group).is_complex])
def test_nonlinearities_on_flat_features(kind, name):
    group, rep = CASES[name]
    layer = kind(rep, group=group, **DOUBLE, **({"strict": False} if kind is Norm else {}))
    for p in layer.parameters():
        torch.nn.init.normal_(p)
    x = features(layer.rep_in, 6)
    if kind is Gate:
        values, gates = x.split((layer.rep_out.dim, layer.atoms.gates), -1)
        atoms = layer.atoms(layer.encode(values), gates)
    else:
        atoms = layer.atoms(layer.encode(x))
        assert (layer.atom is None) == (not all(layer.atoms.unitary))
    torch.testing.assert_close(layer(x), layer.decode(atoms))


def test_what_is_kept_follows_the_numbers_it_is_made_of():
    """Casting does not round them twice, loading changes them, and a module may start without storage."""
    rep = (T(2) + V)(SO(3))
    layer, x = Linear(rep, rep), features(rep, 4)
    expected = Linear.from_dense(layer.double().dense().detach(), rep, rep, dtype=torch.float64)
    torch.testing.assert_close(layer(x) - layer(0 * x), expected(x), rtol=1e-12, atol=1e-12)

    turned = Linear(rep, rep, **DOUBLE)
    q = torch.linalg.qr(torch.randn(9, 9, dtype=torch.float64))[0]
    state = {k: v.clone() for k, v in turned.state_dict().items()}
    name = next(k for k, v in state.items() if k.startswith("encode.constants.enc") and v.shape == (9, 9))
    state[name] = state[name] @ q  # another basis of the features
    other = Linear(rep, rep, **DOUBLE)
    other.load_state_dict(state)
    at = 0 if name.endswith("0") else rep.dim - 9
    moved = x.clone()
    moved[:, at : at + 9] = x[:, at : at + 9] @ q.mT
    torch.testing.assert_close(other(x), turned(moved))

    with torch.device("meta"):
        empty = torch.nn.Sequential(Linear(rep, Gate(rep).rep_in), Gate(rep), Norm(rep))
    real = torch.nn.Sequential(Linear(rep, Gate(rep).rep_in), Gate(rep), Norm(rep))
    loaded = empty.to_empty(device="cpu")
    loaded.load_state_dict(real.state_dict())
    torch.testing.assert_close(loaded(x.float()), real(x.float()))


def test_assembly():
    weights = [torch.randn(2, 2), torch.randn(3)]
    made = Assembly((2, 3), [([0, 4], [0, 6], [1.0, 2.0]), (0, 1, 3.0), (5, 2, 1e-16)], 7, weights[0])
    expected = torch.zeros(2, 3)
    expected[0, 0] = weights[0][0, 0] + 3 * weights[0][0, 1]
    expected[1, 1] = 2 * weights[1][2]
    torch.testing.assert_close(made(weights), expected)
    torch.testing.assert_close(Assembly((2,), [], 7, weights[0])(weights), torch.zeros(2))
