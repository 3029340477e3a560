# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7 · Convolutions on images: equivariance seen
#
# Shift a picture and the output of a convolution shifts along. Turn it and, in general, nothing simple happens: a
# network has to learn every feature again at every angle. This notebook is about convolutions that turn along.
#
# You will
#
# 1. find a rotation-equivariant convolution from 1968 that you know already;
# 2. derive the one condition on a kernel, and see what three groups make of it;
# 3. watch a network's output turn with its input;
# 4. measure where equivariance is exact (quarter turns) and where the pixels limit it (all other angles);
# 5. train on upright shapes, test on turned ones, and see how a *too large* group fails.

# %%
import base64
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from intertwine import plot
from intertwine.conv import Fieldwise, GridConv, ImplicitKernel
from intertwine.conv.models import SteerableResNet
from intertwine.emlp import Gate
from intertwine.groups import SO, Dihedral, O, Trivial
from intertwine.reps import Scalar, V, covariants
from intertwine.testing import field_equivariance_error, transform_field
from scipy.ndimage import affine_transform
from torch import Tensor, nn
from torch.nn.functional import conv2d, cross_entropy

# %% [markdown]
# Our pictures are drawn by formula, so that we can draw them at *any* angle without interpolating anything: strokes in
# the plane, blurred to the width of a pixel. Coordinates are (row, column), the order of the tensor's axes.

# %%
STROKES = {  # corners of a polyline, (row, column)
    "L": [[(-0.6, -0.25), (0.5, -0.25), (0.5, 0.3)]],
    "J": [[(-0.6, 0.25), (0.5, 0.25), (0.5, -0.3)]],
    "S": [[(-0.3, 0.5), (-0.3, 0.0), (0.3, 0.0), (0.3, -0.5)]],
    "Z": [[(-0.3, -0.5), (-0.3, 0.0), (0.3, 0.0), (0.3, 0.5)]],
    "T": [[(-0.4, -0.5), (-0.4, 0.5)], [(-0.4, 0.0), (0.5, 0.0)]],
}


def turn(angle: float) -> np.ndarray:
    """The rotation of (row, column) by an angle in degrees."""
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return np.array([[c, -s], [s, c]])


def drawn(name: str, size: int, angle: float = 0.0, scale: float = 1.0, shift=(0.0, 0.0), soft: float = 0.06) -> Tensor:
    """A shape (1, 1, size, size), turned about the centre; ``soft`` is the width of a stroke's edge."""
    line = np.linspace(-1, 1, size)
    pixel = np.stack(np.meshgrid(line, line, indexing="ij"), -1)
    nearest = np.full((size, size), np.inf)
    for corners in STROKES[name]:
        points = (scale * np.array(corners) + shift) @ turn(angle).T
        for a, b in pairwise(points):
            t = np.clip((pixel - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)[..., None]
            nearest = np.minimum(nearest, np.linalg.norm(pixel - a - t * (b - a), axis=-1))
    return torch.from_numpy(1 / (1 + np.exp((nearest - 0.12) / soft)))[None, None]


fig = plot.figure(10, 2.2)
for axes, name in zip(fig.subplots(1, 5), STROKES):
    axes.imshow(drawn(name, 29)[0, 0].numpy(), cmap="Greys")
    axes.set(title=name, xticks=[], yticks=[])
fig

# %% [markdown]
# ## 1. An old acquaintance
#
# The *Sobel filters* of 1968 estimate the derivatives of a picture along rows and columns. Convolve a picture with one
# of them, then with its quarter turn:

# %%
down = torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]], dtype=torch.float64)
sobel = torch.stack([down, down.T])[:, None]  # (2, 1, 3, 3): d/drow and d/dcolumn

image = drawn("L", 29)
turned = image.rot90(1, (2, 3))
both, both_turned = conv2d(image, sobel, padding=1), conv2d(turned, sobel, padding=1)

one = (both_turned[:, 0] - both[:, 0].rot90(1, (1, 2))).norm() / both[:, 0].norm()
print(f"one filter: turning before or after differs by {one:.0%}")
assert one > 0.5

# %% [markdown]
# One filter alone is not equivariant. But look at both as one **vector field**, an arrow at each pixel. When the
# picture turns, an arrow must do two things: move to its new place *and* turn by itself,
#
# $$(g \cdot f)(p) = \rho(g)\, f(g^{-1} p).$$

# %%
quarter = turn(90).round()
moved = both.rot90(1, (2, 3))  # every arrow to its new place …
moved_and_turned = torch.einsum("ij,bjrc->birc", torch.from_numpy(quarter), moved)  # … and turned
print("moved only:      ", float((both_turned - moved).norm() / moved.norm()))
print("moved and turned:", float((both_turned - moved_and_turned).norm() / moved.norm()))
assert torch.allclose(both_turned, moved_and_turned)
assert torch.allclose(transform_field(both, V(SO(2)), quarter, V(SO(2))), moved_and_turned)  # the library's version

fig = plot.figure(8, 3.6)
for axes, (title, picture, arrows) in zip(
    fig.subplots(1, 2), (("f, and its gradient", image, both), ("f turned", turned, both_turned))
):
    axes.imshow(picture[0, 0].numpy(), cmap="Greys", alpha=0.5)
    plot.field(arrows.numpy(), V(SO(2)), axes=axes)
    axes.set_title(title)
fig

# %% [markdown]
# So the pair of Sobel filters is a *steerable* convolution from a scalar to a vector field, at least for quarter turns.
# Which kernels are, and for all angles?
#
# ## 2. The condition on a kernel
#
# Write the convolution as $y(p) = \sum_q K(q - p) f(q)$ and ask that turning $f$ turns $y$:
#
# $$\sum_q K(q - p)\,\rho_{in}(g) f(g^{-1} q) = \rho_{out}(g) \sum_q K(q - g^{-1}p) f(q) \quad \text{for all } f.$$
#
# Substitute $q \to gq$ on the left and compare what multiplies $f(q)$:
#
# $$\boxed{K(g x) = \rho_{out}(g)\, K(x)\, \rho_{in}(g)^{-1}}$$
#
# From scalars to vectors this says $K(gx) = g K(x)$. By hand: on the ray through $e_1$, reflections that fix $e_1$
# force $K(e_1)$ to be a multiple of $e_1$, so for $\mathrm{O}(2)$ the kernel is $K(x) = \varphi(|x|)\,x$: arrows that
# point away from the centre (Sobel!). For $\mathrm{SO}(2)$ there are no such reflections, and a swirl is possible as
# well. The library's polynomials of degree 1 agree:

# %%
print("O(2): ", [p.T.tolist()[0] for p in covariants(V, 1, O(2))])
print("SO(2):", [p.T.tolist()[0] for p in covariants(V, 1, SO(2))])
assert len(covariants(V, 1, O(2))) == 1
assert len(covariants(V, 1, SO(2))) == 2

# %% [markdown]
# Solving the condition by hand is a paper for each group. The library does it differently: an **implicit kernel** is a
# small equivariant network $x \mapsto K(x)$, and since every layer of it commutes with the group, so does $K$ (Zhdanov
# et al., [arXiv:2212.06096](https://arxiv.org/abs/2212.06096)). Four groups, one random kernel each, from a scalar to a
# scalar and a vector:

# %%
groups = (O(2), SO(2), Dihedral(4), Trivial(2))
fig = plot.figure(11, 5.4)
panels = fig.subplots(2, len(groups))
for k, group in enumerate(groups):
    torch.manual_seed(1)
    kernel = ImplicitKernel(Scalar, Scalar + V, group=group, hidden=32, dtype=torch.float64)
    plot.kernel(kernel, axes=panels[:, k])
    panels[0, k].set_title(group.name)
    panels[1, k].set_title("")

    x = torch.rand(100, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 0.5
    g = torch.from_numpy(group.sample(100, rng=0))
    there = kernel(torch.einsum("nij,nj->ni", g, x))
    back = torch.from_numpy(kernel.rep_out.rho(g.numpy())) @ kernel(x)
    assert torch.allclose(there, back)  # K(gx) = rho_out(g) K(x) for random points and elements
fig

# %% [markdown]
# Read the pictures by the condition. $\mathrm{O}(2)$: colours depend on the radius alone, arrows point in or out.
# $\mathrm{SO}(2)$: swirls. $\mathrm{Dihedral}(4)$: whatever repeats after a quarter turn and in four mirrors. The
# trivial group: anything.
#
# ## 3. Watch it
#
# `GridConv` samples such a kernel on the taps of a filter and calls PyTorch's convolution. Stack two with a `Gate`
# between, the nonlinearity that vectors allow: a scalar decides how much of each vector passes.

# %%
torch.manual_seed(3)
hidden = Gate(4 * Scalar + 4 * V, group=SO(2))
network = nn.Sequential(
    GridConv(Scalar, hidden.rep_in, group=SO(2), kernel_size=5, padding=2),
    Fieldwise(hidden),
    GridConv(hidden.rep_out, Scalar + V, group=SO(2), kernel_size=5, padding=2),
)
print(network)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "rotating.gif"
    image = drawn("L", 29).float()
    frame = plot.rotating(
        network, image[0, 0], SO(2), frames=24, path=path, rep_in=Scalar, rep_out=Scalar + V, milliseconds=120
    )
    animation = path.read_bytes()
assert animation[:3] == b"GIF"


class Inline:
    """A GIF in the notebook."""

    def _repr_html_(self) -> str:
        return f'<img src="data:image/gif;base64,{base64.b64encode(animation).decode()}">'


Inline()

# %% [markdown]
# On the left the input, in the middle the output, on the right the output turned back: an equivariant network's stands
# still. Nobody trained anything; the weights are random.
#
# ## 4. Exact, and as exact as pixels allow
#
# Look closely at the right panel: it trembles a little between quarter turns. A pixel grid maps onto itself under
# quarter turns (and mirrors) only. There, equality holds to rounding:

# %%
with torch.no_grad():
    exact = field_equivariance_error(network.double(), image.double(), V(SO(2)), Scalar(SO(2)), (Scalar + V)(SO(2)))
print(f"quarter turns: {exact:.1e}")
assert exact < 1e-12

# %% [markdown]
# At other angles the continuous kernel is steerable, but both picture and kernel are known at pixels only. How far off
# that is depends on how well the pixels resolve what is drawn. We compare $f(\text{turned picture})$ with
# $f(\text{picture})$ turned, for angles up to 90°, on ever finer grids (the same network: its kernel covers the same
# number of pixels). For comparison an ordinary convolution.


# %%
def turned_back(y: Tensor, angle: float) -> np.ndarray:
    """The scalar channel of an output, turned by an angle with cubic interpolation."""
    a = turn(angle).T
    scalar = y[0, 0].numpy()
    centre = (np.array(scalar.shape) - 1) / 2
    return affine_transform(scalar, a, centre - a @ centre, order=3)


@torch.no_grad()
def error(net: nn.Module, size: int, angle: float, soft: float) -> float:
    """Relative difference of f(g x) and g f(x) within the inscribed disc."""
    line = np.linspace(-1, 1, size)
    disc = np.hypot(*np.meshgrid(line, line)) < 0.85
    there = net(drawn("L", size, angle, soft=soft))[0, 0].numpy()
    back = turned_back(net(drawn("L", size, soft=soft)), angle)
    return float(np.linalg.norm((there - back)[disc]) / np.linalg.norm((back - back.mean())[disc]))


torch.manual_seed(0)
plain = nn.Sequential(nn.Conv2d(1, 12, 5, padding=2), nn.SiLU(), nn.Conv2d(12, 1, 5, padding=2)).double()
angles = np.arange(0, 91, 7.5)
curves = {
    "steerable, 17 x 17 pixels": [error(network, 17, a, 0.06) for a in angles],
    "steerable, 33 x 33": [error(network, 33, a, 0.06) for a in angles],
    "steerable, 65 x 65": [error(network, 65, a, 0.06) for a in angles],
    "ordinary, 65 x 65": [error(plain, 65, a, 0.06) for a in angles],
}
fig = plot.figure(7, 3.8)
axes = fig.subplots()
for name, curve in curves.items():
    axes.semilogy(angles, np.maximum(curve, 1e-16), "o-", markersize=3, label=name)
axes.set(xlabel="angle (degrees)", ylabel="equivariance error", xticks=range(0, 91, 15), ylim=(1e-17, 10))
axes.legend(loc="center")
worst = {name: max(curve) for name, curve in curves.items()}
print({name: round(e, 4) for name, e in worst.items()})
assert curves["steerable, 17 x 17 pixels"][-1] < 1e-10  # a quarter turn
assert worst["steerable, 65 x 65"] < worst["steerable, 33 x 33"] < worst["steerable, 17 x 17 pixels"]
assert worst["steerable, 65 x 65"] < 0.05 < 0.2 < worst["ordinary, 65 x 65"]
fig

# %% [markdown]
# Two lessons. The error at 45° is not a bug to be fixed by a cleverer basis: it falls with the resolution. And an
# error measured at quarter turns only would have told nothing, which is why tests of equivariance must draw *random*
# elements. (The ordinary convolution is wrong at every angle but 0.)
#
# ## 5. Learning: train upright, test turned
#
# Five shapes, forty upright samples each, differing in size, place and, as in handwriting, by up to 15° in angle.
# `SteerableResNet` is a residual network of these layers that ends in the mean over the grid, so its output (five
# scalars) does not depend on the angle. Three groups, and an ordinary network:

# %%
NAMES, SIZE = tuple(STROKES), 25


def samples(each: int, seed: int, most: float) -> tuple[Tensor, Tensor]:
    """Pictures (n, 1, SIZE, SIZE), turned by up to so many degrees, and classes (n,)."""
    rng = np.random.default_rng(seed)
    pictures = [
        drawn(name, SIZE, rng.uniform(-most, most), rng.uniform(0.8, 1.1), rng.uniform(-0.08, 0.08, 2), 0.1)
        for _ in range(each)
        for name in NAMES
    ]
    return torch.cat(pictures).float(), torch.arange(len(NAMES)).repeat(each)


def trained(net: nn.Module, x: Tensor, y: Tensor, steps: int, lr: float) -> nn.Module:
    """Adam on the cross-entropy."""
    optimizer = torch.optim.Adam(net.parameters(), lr)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    draw = torch.Generator().manual_seed(0)
    for _ in range(steps):
        some = torch.randperm(len(x), generator=draw)[:40]
        loss = cross_entropy(net(4 * x[some]), y[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
    return net.eval()


@torch.no_grad()
def accuracy(net: nn.Module, x: Tensor, y: Tensor) -> float:
    return float((net(4 * x).argmax(1) == y).float().mean())


def ordinary() -> nn.Sequential:
    """A network of the same depth, with more weights."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 7, padding=3), nn.BatchNorm2d(16), nn.SiLU(), nn.AvgPool2d(3, 2, 1)),
        *(nn.Conv2d(16, 32, 7, padding=3), nn.BatchNorm2d(32), nn.SiLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, len(NAMES))),
    )


x, y = samples(40, 0, most=15)
upright, turned = samples(40, 1, most=15), samples(40, 2, most=180)
scores, nets = {}, {}
for name in ("SO(2)", "O(2)", "ordinary"):
    torch.manual_seed(0)
    if name == "ordinary":
        net, steps, lr = ordinary(), 150, 1e-2
    else:
        group = SO(2) if name == "SO(2)" else O(2)
        net = SteerableResNet(Scalar, 5 * Scalar, group, hidden=16, stages=2, blocks=1, kernel_size=7)
        steps, lr = 250, 5e-3
    nets[name] = trained(net, x, y, steps, lr)
    scores[name] = [accuracy(net, x, y), accuracy(net, *upright), accuracy(net, *turned)]
    print(f"{name:>9}: training {scores[name][0]:.2f}, upright {scores[name][1]:.2f}, turned {scores[name][2]:.2f}")

assert scores["SO(2)"][2] > 0.75
assert scores["ordinary"][1] > 0.95
assert scores["ordinary"][2] < 0.7
assert scores["O(2)"][2] < 0.7

# %% [markdown]
# The ordinary network is perfect on upright shapes and lost on turned ones. $\mathrm{SO}(2)$ has seen no turned shape
# either and hardly notices: what it loses is section 4, the pixels. (Train it on shapes that are upright *to the
# degree* and it loses more, since it then finds features in the staircase of the edges, and those don't turn.) And
# $\mathrm{O}(2)$? It fails *even on its training data*. Which shapes does it confuse?

# %%
fig = plot.figure(9, 3.2)
for axes, name in zip(fig.subplots(1, 3), nets):
    with torch.no_grad():
        guess = nets[name](4 * turned[0]).argmax(1)
    table = torch.zeros(5, 5)
    table.index_put_((turned[1], guess), torch.ones(len(guess)), accumulate=True)
    axes.imshow(table.numpy(), cmap="Blues")
    axes.set(title=f"{name}, turned", xticks=range(5), yticks=range(5), xticklabels=NAMES, yticklabels=NAMES)
    axes.set(xlabel="answer", ylabel="truth")
with torch.no_grad():
    mirrored = nets["O(2)"](4 * drawn("L", SIZE).float()), nets["O(2)"](4 * drawn("J", SIZE).float())
print("O(2)'s answers to an L and to the J in its mirror differ by", float((mirrored[0] - mirrored[1]).abs().max()))
assert torch.allclose(*mirrored, atol=1e-3)
fig

# %% [markdown]
# L and J are mirror images, and so are S and Z. A network that commutes with mirrors *must* answer the same to both.
# No data, no width and no training will change that. Choose the largest group that is true, and no larger; notebook 11
# is about finding out which one that is.
#
# ## Exercises
#
# 1. Show that the Sobel pair is **not** steerable at 45°: draw a straight edge at 0° and at 45° and compare the lengths
#    of the gradients. Which weights in place of (1, 2, 1) make the two agree best? (Scharr, 2000.)
# 2. Which kernels from vectors to vectors does $\mathrm{O}(2)$ allow? Find the polynomial ones of degree 0 and 2 with
#    `steerable_kernels(V, V, degree, O(2))` and draw them with `plot.kernel`.
# 3. Replace $\mathrm{SO}(2)$ by `C(4)` in the last experiment, with regular representations if you like
#    (`hidden=4 * Regular`). How does the accuracy on turned shapes depend on the angle?
# 4. `export(network)` in `intertwine.conv` turns a trained network into plain `torch.nn` convolutions. Compare outputs
#    and running times.
# 5. Real digits: `intertwine train digits` (after `make data`). A 6 turned by 180° is a 9. Which group would you
#    choose?
