"""The analytic kernels of escnn lie in the span of ours: run by `make interop`, in an environment of its own."""

import warnings

import numpy as np
import pytest
import torch
from intertwine.conv import ImplicitKernel, StabilizerKernel
from intertwine.conv._completeness import _values
from intertwine.groups import SO, C, Dihedral, O, Octahedral
from intertwine.reps import Scalar, T, V

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    gspaces = pytest.importorskip("escnn.gspaces", reason="escnn needs numpy < 2: make interop")


# ours, escnn's space with the same action on points
SPACES = {
    "SO(2)": (lambda: SO(2), lambda: gspaces.rot2dOnR2(-1, maximum_frequency=6)),
    "O(2)": (lambda: O(2), lambda: gspaces.flipRot2dOnR2(-1, maximum_frequency=6)),
    "C(4)": (lambda: C(4), lambda: gspaces.rot2dOnR2(4)),
    "D(6)": (lambda: Dihedral(6), lambda: gspaces.flipRot2dOnR2(6)),
    "SO(3)": (lambda: SO(3), lambda: gspaces.rot3dOnR3()),
    "O(3)": (lambda: O(3), lambda: gspaces.flipRot3dOnR3()),
    "octahedral": (lambda: Octahedral(), lambda: gspaces.octaOnR3()),
}
PAIRS = {"0 to 1": (Scalar, V), "1 to 1": (V, V), "0 to 1x1": (Scalar, T(2)), "1 to 1x1": (V, T(2))}


def escnn_rep(space, rep):
    """Scalar, V or T(2), on escnn's matrices of the same elements."""
    group = space.fibergroup
    if rep == Scalar:
        return group.trivial_representation
    vector = space.basespace_action
    return vector if rep == V else vector.tensor(vector)


def escnn_values(space, rep_in, rep_out, points):
    """Basis kernels at the points: (basis, points · out · in)."""
    radii = sorted({round(float(r), 6) for r in points.norm(dim=1)})
    options = {"rings": radii, "sigma": [0.3] * len(radii)}
    plane = space.fibergroup.continuous and points.shape[1] == 2
    options |= {} if plane else {"maximum_frequency": 4}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = space.build_kernel_basis(escnn_rep(space, rep_in), escnn_rep(space, rep_out), **options)
        values = made.sample(points.float()).double()  # (points, basis, out, in)
    return values.movedim(1, 0).flatten(1).numpy()


def spans(ours, points, draws=220):
    """Orthonormal basis of what our kernels take at the points, over all weights."""
    values = _values(ours, points.numpy(), draws, 0).reshape(draws, -1)
    _, size, rows = np.linalg.svd(values, full_matrices=False)
    kept = size > 1e-7 * size[0]
    assert kept.sum() < draws, "more draws are needed"
    return rows[kept]


def residual(rows, target):
    return np.linalg.norm(target - (target @ rows.T) @ rows, axis=1) / np.linalg.norm(target, axis=1)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("name", SPACES)
def test_analytic_kernels_lie_in_ours(name, pair):
    group, space = (make() for make in SPACES[name])
    rep_in, rep_out = PAIRS[pair]
    rng = torch.Generator().manual_seed(0)
    points = torch.randn(6, group.d, generator=rng, dtype=torch.float64)
    points = 0.5 * points / points.norm(dim=1, keepdim=True) * torch.linspace(0.5, 1.5, 6)[:, None]
    theirs = escnn_values(space, rep_in, rep_out, points)
    ours = [ImplicitKernel(rep_in, rep_out, group)]
    if name in ("SO(2)", "O(2)", "SO(3)", "O(3)"):
        ours.append(StabilizerKernel(rep_in, rep_out, group))
    for kernel in ours:
        rows = spans(kernel, points)
        assert len(theirs)
        assert residual(rows, theirs).max() < 1e-6
        noise = np.random.default_rng(0).standard_normal((3, theirs.shape[1]))
        if len(rows) < theirs.shape[1]:
            assert residual(rows, noise).min() > 0.01
