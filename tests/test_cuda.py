"""On a GPU: the same functions as on the CPU, nothing that waits for the processor, and trainings from end to end."""

import copy
import json

import pytest
import torch
from intertwine.cli import app
from intertwine.conv import GridConv, ImplicitKernel, PointConv, StabilizerKernel, completeness, knn_graph, radius_graph
from intertwine.conv.models import MessagePassing, SteerableResNet
from intertwine.emlp import EMLP, BatchNorm, FourierAct, Gate, Linear, NormAct, check_layer_laws
from intertwine.groups import G2, SO, Lorentz, O, Octahedral, S
from intertwine.reps import Scalar, T, V
from typer.testing import CliRunner

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
REP = 4 * Scalar + 2 * V
WIDTH = 10  # of REP in three dimensions
CONVOLUTIONS = {
    **{how: {"contraction": how} for how in ("node", "edge", "factored", "auto")},
    "low rank": {"rank": 2},
    "depthwise": {"rank": "depthwise"},
    "softmax": {"aggr": "softmax"},
    "mean": {"aggr": "mean"},
}
LAYERS = {
    "Linear": lambda: Linear(REP, T(2), SO(3)),
    "EMLP": lambda: EMLP(REP, V, Lorentz(), hidden=24, layers=2),
    "Gate": lambda: Gate(REP, SO(3)),
    "NormAct": lambda: NormAct(REP, SO(3)),
    "FourierAct": lambda: FourierAct(Octahedral(), copies=2),
    "BatchNorm": lambda: BatchNorm(REP, SO(3)).eval(),
    "permutations": lambda: Linear(T(2), V, S(6)),
}


def compiles(test):
    """Of a test that compiles: PyTorch's own warnings do not count."""
    ignored = "ignore:`torch.jit:DeprecationWarning", "ignore:TensorFloat32 tensor cores:UserWarning"
    return pytest.mark.filterwarnings(*ignored)(test)


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Convolutions in float32, not TF32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def cloud(n=60, seed=0):
    rng = torch.Generator().manual_seed(seed)
    pos, x = torch.rand(n, 3, generator=rng), torch.randn(n, WIDTH, generator=rng)
    return x, pos, radius_graph(pos, 0.5)


def gradients(module, *inputs):
    """The output, and the gradients of the first input and of all weights."""
    inputs = (inputs[0].detach().requires_grad_(), *inputs[1:])
    y = module(*inputs)
    weights = [p for p in module.parameters() if p.numel()]
    return y, *torch.autograd.grad(y.float().square().sum(), [inputs[0], *weights], allow_unused=True)


def same_on_both(module, *inputs):
    """Values and gradients agree with those on the CPU."""
    expected = gradients(copy.deepcopy(module), *inputs)
    found = gradients(module.cuda(), *(x.cuda() for x in inputs))
    for ours, theirs in zip(found, expected):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            size = float(theirs.detach().abs().max())
            torch.testing.assert_close(ours.cpu(), theirs, rtol=1e-3, atol=1e-4 * (1 + size))


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    layer = LAYERS[name]()
    same_on_both(layer, torch.randn(7, layer.rep_in.dim))
    check_layer_laws(layer.eval())


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(name):
    same_on_both(PointConv(REP, REP, group=O(3), cutoff=0.5, **CONVOLUTIONS[name]), *cloud())


@pytest.mark.parametrize("kernel", [ImplicitKernel, StabilizerKernel])
def test_kernels(kernel):
    layer = kernel(REP, V, O(3))
    same_on_both(layer, torch.randn(20, 3))
    assert completeness(layer).complete


def test_layers_are_made_on_the_default_device():
    with torch.device("cuda"):
        layers = PointConv(REP, V, O(3)), GridConv(REP, V, SO(1, 1), kernel_size=3), StabilizerKernel(REP, V, G2())
    assert all(t.is_cuda for layer in layers for t in [*layer.parameters(), *layer.buffers()])


@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.parametrize("name", ["node", "edge", "factored", "low rank"])
def test_nothing_waits_for_the_processor(name):
    layer = PointConv(REP, REP, group=O(3), cutoff=0.5, **CONVOLUTIONS[name]).cuda()
    x, pos, edges = (t.cuda() for t in cloud())
    gradients(layer, x, pos, edges)  # handles and workspaces are made at the first call
    try:
        torch.cuda.set_sync_debug_mode("error")
        gradients(layer, x, pos, edges)
        with pytest.raises(RuntimeError, match="synchronizing"):
            x.sum().item()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("graph", [lambda p: radius_graph(p, 0.4), lambda p: knn_graph(p, 5)], ids=["radius", "knn"])
def test_graphs(graph):
    pos = torch.rand(300, 3, dtype=torch.float64)
    found = graph(pos.cuda())
    assert found.is_cuda
    assert set(map(tuple, found.T.tolist())) == set(map(tuple, graph(pos).T.tolist()))


def test_grids():
    layer = GridConv(REP, REP, group=O(2), kernel_size=5, padding=2)
    same_on_both(layer, torch.randn(2, layer.rep_in.dim, 9, 9))
    x = torch.randn(2, layer.rep_in.dim, 9, 9, device="cuda")
    torch.testing.assert_close(layer.export()(x), layer(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast(dtype):
    layer = PointConv(REP, REP, group=O(3), cutoff=0.5).cuda()
    x, pos, edges = (t.cuda() for t in cloud())
    expected = layer(x, pos, edges)
    with torch.autocast("cuda", dtype):
        y, *slopes = gradients(layer, x, pos, edges)
    expected = expected.detach()
    assert float((y.detach() - expected).abs().max()) < 0.05 * float(expected.abs().max())
    assert all(bool(torch.isfinite(g).all()) for g in slopes)


@compiles
@pytest.mark.parametrize("dynamic", [False, True])
def test_compiled(dynamic):
    layer = PointConv(REP, REP, group=O(3), cutoff=0.5).cuda()
    x, pos, edges = (t.cuda() for t in cloud())
    compiled = torch.compile(layer, fullgraph=True, dynamic=dynamic)
    torch.testing.assert_close(compiled(x, pos, edges), layer(x, pos, edges), rtol=1e-3, atol=1e-4)


def test_models():
    net = SteerableResNet(Scalar, 3 * Scalar, O(2), hidden=8, stages=2, blocks=1, kernel_size=3).eval()
    x = torch.randn(2, 1, 12, 12)
    expected = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), expected, rtol=1e-3, atol=1e-4)
    points = MessagePassing(REP, V, O(3), hidden=24, layers=2, cutoff=0.5).eval()
    given = cloud()
    expected = points(*given)
    torch.testing.assert_close(points.cuda()(*(t.cuda() for t in given)).cpu(), expected, rtol=1e-3, atol=1e-4)


@compiles
@pytest.mark.parametrize("options", [(), ("--precision", "bfloat16"), ("--compile",)], ids=str)
@pytest.mark.parametrize("name", ["nbody", "o5"])
def test_trainings(name, options, tmp_path):
    """A run, stopped by its budget, goes on; `metrics.json` names the card."""
    words = ["train", name, "--preset", "fast", "--device", "cuda", "--out", str(tmp_path / "run"), *options]
    for more in (("--epochs", "1"), ("--epochs", "2", "--resume")):
        done = CliRunner().invoke(app, [*words, *more], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    found, history = (json.loads((tmp_path / "run" / f"{name}.json").read_text()) for name in ("metrics", "history"))
    assert found["environment"]["device"] == torch.cuda.get_device_name()
    assert [entry["epoch"] for entry in history] == [1, 2]


def test_devices_that_differ_are_named():
    layer = PointConv(REP, REP, group=O(3), cutoff=0.5).cuda()
    x, pos, edges = cloud()
    with pytest.raises(ValueError, match="cuda"):
        layer(x, pos, edges)
    with pytest.raises(ValueError, match="cuda"):
        layer(x.cuda(), pos.cuda(), edges)
