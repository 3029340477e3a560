"""Groups that every layer is tested over, and the representations used on each."""

import numpy as np
import pytest
import sympy as sp
import torch
from intertwine.groups import SE, SL, SO, Group, Lorentz, O, Octahedral, S, Sp
from intertwine.reps import Scalar, T, V


def gell_mann() -> list[sp.Matrix]:
    """Anti-Hermitian generators of SU(3), typed in."""
    i, basis = sp.I, []
    for a, b in ((0, 1), (0, 2), (1, 2)):
        real, imaginary = sp.zeros(3), sp.zeros(3)
        real[a, b], real[b, a] = 1, -1
        imaginary[a, b] = imaginary[b, a] = i
        basis += [real, imaginary]
    return [*basis, sp.diag(i, -i, 0), sp.diag(i, i, -2 * i)]


def skewed_sl2() -> Group:
    """SL(2) on binary cubics in a crooked basis, with a sign: nobody's catalogue has it."""
    e = sp.Matrix([[0, 3, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
    f = sp.Matrix([[0, 0, 0, 0], [1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0]])
    p = sp.Matrix([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    return Group.from_generators([p * m * p.inv() for m in (e, f)], [-sp.eye(4)], name="cubics")


def heisenberg() -> Group:
    """Upper unitriangular 3 × 3 matrices: nilpotent, so nothing splits."""
    x, y = sp.zeros(3), sp.zeros(3)
    x[0, 1] = y[1, 2] = 1
    return Group.from_generators([x, y], name="Heisenberg")


def table() -> dict:
    """name: (group, rep_in, rep_out)."""
    rotations, letters = SO(3), S(4)
    pair = V(rotations) * V(letters)
    usual = (3 * V + Scalar, T(2) + V)
    groups = {
        "SO(3)": SO(3),
        "O(3)": O(3),
        "azimuthal": O(3).subgroup(fixing=[0, 0, 1]),
        "O(1,3)": Lorentz(),
        "Sp(4)": Sp(4),
        "SL(3)": SL(3),
        "S(5)": S(5),
        "octahedral": Octahedral(),
        "SU(3)": Group.from_generators(gell_mann(), name="mine"),
        "cubics": skewed_sl2(),
        "SE(3)": SE(3),
        "Heisenberg": heisenberg(),
    }
    cases = {name: (group, *usual) for name, group in groups.items()}
    cases["SO(3)xS(4)"] = (rotations * letters, 2 * pair + V(letters), V(rotations) + pair)
    return cases


TABLE = table()


@pytest.fixture(params=TABLE, scope="session")
def case(request):
    """One row of the table: (group, rep_in, rep_out)."""
    return TABLE[request.param]


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random state, on one thread."""
    torch.manual_seed(0)
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def features():
    """Normal features of unit second moment, complex where the representation is."""

    def draw(rep, *batch, dtype=torch.float64, seed=0) -> torch.Tensor:
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((*batch, rep.dim))
        if rep.is_complex:
            x = (x + 1j * rng.standard_normal(x.shape)) / 2**0.5
            dtype = dtype.to_complex()
        return torch.from_numpy(x).to(dtype)

    return draw
