"""The tasks' data: drawn and computed, as EMLP's authors do.

References
----------
Finzi, Welling, Wilson, arXiv:2104.09459, section 7.1 and appendix F.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .._store import stream

Array = NDArray[np.float64]

VALIDATION, TEST = 1_000, 5_000
MASSES = 5
ETA = np.diag([1.0, -1.0, -1.0, -1.0])


def draw(task: str, target: str, part: str, n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Inputs (n, d) and targets (n, k), float64.

    The parts never share a sample, a smaller n is the beginning of a larger one, and validation and test samples do not
    depend on ``seed``.

    Parameters
    ----------
    task : "o5", "inertia" or "lorentz"
    target : str
    part : "train", "val" or "test"
    n, seed : int

    Examples
    --------
    >>> [tuple(t.shape) for t in draw("inertia", "standard", "test", 3)]
    [(3, 20), (3, 9)]
    """
    rng = np.random.default_rng((2104, 9459, stream(part, seed)))
    inputs, function = {"o5": (10, o5), "inertia": (4 * MASSES, inertia), "lorentz": (16, lorentz)}[task]
    x = rng.standard_normal((n, inputs))
    if task == "inertia":
        x[:, :MASSES] = np.log1p(np.exp(x[:, :MASSES]))
    elif task == "lorentz":
        x /= 4
    return torch.from_numpy(x), torch.from_numpy(function(x, target))


def o5(x: Array, target: str = "standard") -> Array:
    """sin|x1| − |x2|³/2 + x1·x2 / (|x1||x2|) of pairs of vectors (n, 10): (n, 1).

    Examples
    --------
    >>> x = np.zeros((1, 10))
    >>> x[0, 0] = x[0, 5] = 2.0
    >>> bool(o5(x)[0, 0] == np.sin(2) - 4 + 1)
    True
    """
    a, b = x[:, :5], x[:, 5:]
    r, s = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    return np.asarray(np.sin(r) - s**3 / 2 + (a * b).sum(1) / (r * s))[:, None]


def inertia(x: Array, target: str = "standard") -> Array:
    """Σ m (r² 1 − r rᵀ) of masses and positions (n, 5 + 15): (n, 9); "log": log(1 + I), a matrix function.

    Examples
    --------
    >>> x = np.zeros((1, 20))
    >>> x[0, 0], x[0, 5:8] = 2.0, [3.0, 0.0, 0.0]
    >>> inertia(x).reshape(3, 3).tolist()
    [[0.0, 0.0, 0.0], [0.0, 18.0, 0.0], [0.0, 0.0, 18.0]]
    """
    m, r = x[:, :MASSES], x[:, MASSES:].reshape(-1, MASSES, 3)
    square = (m * (r**2).sum(2)).sum(1)
    tensor = square[:, None, None] * np.eye(3) - np.einsum("nk,nki,nkj->nij", m, r, r)
    if target == "log":
        size, axes = np.linalg.eigh(tensor)
        tensor = (axes * np.log1p(size)[:, None]) @ axes.transpose(0, 2, 1)
    return np.asarray(tensor.reshape(len(x), 9))


def lorentz(x: Array, target: str = "standard") -> Array:
    """Electron–muon scattering, |M|² up to a factor, of momenta p1 … p4 (n, 16): (n, 1); "root": √(1 + M²).

    M = 4 L_e · L_μ with L_e = p1 p3ᵀ − (p1·p3 − p1·p1) η and L_μ = p2 p4ᵀ − (p2·p4 − p2·p2) η.
    """
    p1, p2, p3, p4 = x.reshape(-1, 4, 4).swapaxes(0, 1)

    def dot(a: Array, b: Array) -> Array:
        return np.asarray(((a @ ETA) * b).sum(-1))

    def current(a: Array, b: Array) -> Array:
        return a[:, :, None] * b[:, None, :] - (dot(a, b) - dot(a, a))[:, None, None] * ETA

    lowered = ETA @ current(p2, p4) @ ETA
    m = 4 * (current(p1, p3) * lowered).sum((1, 2))
    return np.asarray(np.sqrt(1 + m**2) if target == "root" else m)[:, None]
