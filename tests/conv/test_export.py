"""`torch.export`: layers and exported grid networks as programs that run where intertwine is not installed."""

import subprocess
import sys

import pytest
import torch
from intertwine.conv import Fieldwise, GridConv, PointConv, export, radius_graph
from intertwine.conv.models import SteerableResNet, SteerableUNet
from intertwine.emlp import EMLP, Gate, Linear
from intertwine.groups import SO, SU, Lorentz, O, S
from intertwine.reps import Scalar, T, V

GRIDS = {
    "convolutions": lambda: torch.nn.Sequential(
        GridConv(Scalar, 2 * V + Scalar, O(2), 3, padding=1), GridConv(2 * V + Scalar, V, O(2), 3)
    ),
    "gated": lambda: gated(),
    "resnet": lambda: SteerableResNet(Scalar, 4 * Scalar, O(2), hidden=16),
    "unet": lambda: SteerableUNet(Scalar, V, O(2), hidden=16),
}
FEATURES = {
    "Linear": lambda: Linear(2 * V + Scalar, T(2), SO(3)),
    "permutations": lambda: Linear(2 * V + Scalar, T(2), S(5)),
    "EMLP": lambda: EMLP(2 * V, T(2), Lorentz(), hidden=32),
    "complex": lambda: EMLP(2 * V, T(1, 1), SU(3), hidden=32),
}

RUN = """
import sys, torch
program = torch.export.load(sys.argv[1])
x = torch.load(sys.argv[2])
torch.save(program.module()(x), sys.argv[3])
sys.exit(any(name.partition(".")[0] == "intertwine" for name in sys.modules))
"""


def gated():
    gate = Gate(2 * V + 2 * Scalar, O(2))
    return torch.nn.Sequential(
        GridConv(Scalar, gate.rep_in, O(2), 3, padding=1), Fieldwise(gate), GridConv(gate.rep_out, Scalar, O(2), 3)
    )


def program(network, *inputs, **options):
    return torch.export.export(network.eval(), inputs, **options)


@pytest.mark.parametrize(
    "name", ["convolutions", "gated", *(pytest.param(name, marks=pytest.mark.slow) for name in ("resnet", "unet"))]
)
def test_exported_grid_networks(name):
    torch.manual_seed(0)
    network = GRIDS[name]().eval()
    plain = export(network)
    made = program(plain, torch.randn(2, 1, 16, 16), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
    kinds = {str(node.target) for node in made.graph.nodes if node.op == "call_function"}
    assert any("conv2d" in kind for kind in kinds)
    for batch in (2, 5):
        x = torch.randn(batch, 1, 16, 16)
        torch.testing.assert_close(made.module()(x), network(x), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", FEATURES)
def test_layers_of_features(name):
    network = FEATURES[name]()
    dtype = torch.complex64 if network.rep_in.is_complex else torch.float32
    x = torch.randn(4, network.rep_in.dim, dtype=dtype)
    assert torch.equal(program(network, x).module()(x), network(x))


def test_points():
    pos = torch.randn(12, 3)
    network, x = PointConv(Scalar, V, O(3), cutoff=2.0), (torch.randn(12, 1), pos, radius_graph(pos, 2.0))
    torch.testing.assert_close(program(network, *x).module()(*x), network(*x))


def test_a_program_runs_without_intertwine(tmp_path):
    network = GRIDS["gated"]().eval()
    x = torch.randn(3, 1, 12, 12)
    files = [str(tmp_path / name) for name in ("net.pt2", "x.pt", "y.pt")]
    torch.export.save(program(export(network), x), files[0])
    torch.save(x, files[1])
    done = subprocess.run([sys.executable, "-c", RUN, *files], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    torch.testing.assert_close(torch.load(files[2]), network(x).detach(), atol=1e-5, rtol=1e-4)
