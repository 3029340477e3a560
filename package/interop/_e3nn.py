"""Irreps and linear layers of e3nn and ours.

Both order components copy by copy, take the same bases of the irreps of O(3) (real spherical harmonics, y the polar
axis, so that ``1o`` is a vector (x, y, z)) and the same names, so that features need no change.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import torch
from intertwine.emlp import Linear
from intertwine.groups import O
from intertwine.reps import Det, Irrep, Rep, Scalar, V, parse
from torch import Tensor

from ._peers import require

SHORT = {"0e": Scalar, "1o": V, "0o": Det}
TOLERANCE = 1e-9  # of matrices on random elements


def from_irreps(irreps: Any) -> Rep:
    """The representation of O(3) that features of e3nn have.

    Parameters
    ----------
    irreps : str or e3nn.o3.Irreps
        Such as ``"16x0e + 8x1o"``; a text is read without e3nn. An empty one has no components.

    Returns
    -------
    Rep
        Bound to ``O(3)``, with the same components in the same order.

    Raises
    ------
    ValueError
        If it cannot be read.

    Examples
    --------
    >>> from_irreps("16x0e+8x1o")
    16 * Irrep('0e') + 8 * Irrep('1o')
    >>> from_irreps("2e").dim, from_irreps("").dim
    (5, 0)
    """
    text = str(irreps).replace(" ", "")
    terms = text.split("+") if text else []
    if not all(re.fullmatch(r"(\d+x)?\d+[eo]", term) for term in terms):
        raise ValueError(f"expected irreps of O(3) such as '16x0e + 8x1o', got {irreps!r}")
    terms = [term for term in terms if not term.startswith("0x")]
    if not terms:
        return 0 * Scalar(O(3))
    read = parse(" + ".join(terms), O(3))
    assert isinstance(read, Rep)
    return read


def to_irreps(rep: Rep) -> Any:
    """The Irreps of e3nn whose features are those of a representation of O(3).

    Parameters
    ----------
    rep : Rep
        A sum of irreps, `Scalar`, `V`, `Det`, or what has their matrices.

    Returns
    -------
    e3nn.o3.Irreps

    Raises
    ------
    ImportError
        Without e3nn.
    TypeError
        If it is no Rep.
    ValueError
        For a representation of another group, or one that is no sum of irreps in e3nn's basis, such as T(2): map it
        with ``rep.decompose().change`` first.

    Examples
    --------
    >>> from e3nn import o3
    >>> from intertwine.reps import Det, Scalar, V
    >>> to_irreps(4 * Scalar + 2 * V + V * Det)
    4x0e+2x1o+1x1e
    >>> to_irreps(from_irreps("16x0e + 8x1o")) == o3.Irreps("16x0e + 8x1o")
    True
    """
    return require("e3nn.o3").Irreps(irreps_text(rep))


def irreps_text(rep: Rep) -> str:
    """What e3nn reads.

    Examples
    --------
    >>> from intertwine.reps import Scalar, V
    >>> irreps_text(4 * Scalar + 2 * V)
    '4x0e+2x1o'
    """
    if not isinstance(rep, Rep):
        raise TypeError(f"to_irreps takes a Rep, got {rep!r}: from_irreps reads what e3nn writes")
    group = O(3)
    try:
        bound = rep(group)
    except ValueError as error:
        raise ValueError(f"irreps of e3nn are those of O(3), got {rep!r} of {rep.group}: {error}") from error
    return "+".join(f"{n}x{_label(term)}" for n, term in bound.summands())


def _label(term: Rep) -> str:
    if isinstance(term, Irrep):
        return str(term.label)
    elements = O(3).sample(4, rng=0)
    names = [f"{(term.dim - 1) // 2}{parity}" for parity in "eo"] if term.dim % 2 else []
    for name in names:
        known = SHORT.get(name, Irrep(name))(O(3))
        if np.abs(known.rho(elements) - term.rho(elements)).max() < TOLERANCE:
            return name
    raise ValueError(
        f"{term!r} is no irrep in the basis of e3nn: take x @ change.T with change = rep.decompose().change, which has "
        f"the representation rep.decompose().direct_sum = {term.decompose().direct_sum!r}"
    )


def linear_from_e3nn(layer: Any) -> Linear:
    """Our `Linear` with the numbers of an ``e3nn.o3.Linear``: the same function of the same features.

    Parameters
    ----------
    layer : e3nn.o3.Linear
        With weights of its own.

    Returns
    -------
    Linear
        From ``from_irreps(layer.irreps_in)`` to ``from_irreps(layer.irreps_out)``.  Paths that e3nn's instructions left
        out have weight 0, and can be trained.

    Raises
    ------
    ImportError
        Without e3nn.
    TypeError
        If it is no such layer.
    ValueError
        If its weights come from outside, or differ between samples.

    Examples
    --------
    >>> from e3nn import o3
    >>> theirs, x = o3.Linear("4x0e + 2x1o", "3x1o"), torch.randn(5, 10)
    >>> ours = linear_from_e3nn(theirs)
    >>> ours.rep_out, bool(torch.allclose(ours(x), theirs(x), atol=1e-5))
    (3 * Irrep('1o'), True)
    """
    if not isinstance(layer, require("e3nn.o3").Linear):
        raise TypeError(f"linear_from_e3nn takes an e3nn.o3.Linear, got {layer!r}")
    if not (layer.internal_weights and layer.shared_weights) or layer.weight.ndim != 1:
        raise ValueError(f"{layer!r} has no weights of its own (or some for every channel): there are none to take")
    one = torch.eye(layer.irreps_in.dim, dtype=layer.weight.dtype, device=layer.weight.device)
    with torch.no_grad():
        shift = layer(one.new_zeros(1, len(one)))[0]
        weight = (layer(one) - shift).mT
    reps = from_irreps(layer.irreps_in), from_irreps(layer.irreps_out)
    return Linear.from_dense(
        weight, *reps, bias=shift if layer.bias_numel else None, device=weight.device, dtype=weight.dtype
    )


def linear_to_e3nn(layer: Linear) -> Any:
    """An ``e3nn.o3.Linear`` with the numbers of ours.

    Parameters
    ----------
    layer : Linear
        Between representations of O(3) that `to_irreps` can write.

    Raises
    ------
    ImportError
        Without e3nn.
    TypeError
        If it is no such layer.
    ValueError
        As `to_irreps`; for a bias on invariants where there are none in the input.

    Examples
    --------
    >>> from e3nn import o3
    >>> from intertwine.reps import Irrep
    >>> ours, x = Linear(4 * Scalar + 2 * V, 3 * V + Irrep("2e"), O(3)), torch.randn(5, 10)
    >>> theirs = linear_to_e3nn(ours)
    >>> isinstance(theirs, o3.Linear), theirs.irreps_out, bool(torch.allclose(theirs(x), ours(x), atol=1e-5))
    (True, 3x1o+1x2e, True)
    """
    o3 = require("e3nn.o3")
    if not isinstance(layer, Linear):
        raise TypeError(f"linear_to_e3nn takes an intertwine.emlp.Linear, got {layer!r}")
    irreps_in, irreps_out = to_irreps(layer.rep_in), to_irreps(layer.rep_out)
    has_bias = bool(len(layer.atoms.bias))
    if has_bias and "0e" not in irreps_in:
        raise ValueError(
            f"{layer!r} has a bias on invariants that nothing else reaches, which an e3nn.o3.Linear cannot have: make "
            "it with bias=False, or append an invariant to its input"
        )
    made = o3.Linear(irreps_in, irreps_out, biases=has_bias)
    with torch.no_grad():
        shift = layer(torch.zeros(1, layer.rep_in.dim, dtype=layer.dense().dtype, device=layer.dense().device))[0]
        made = made.to(device=shift.device, dtype=shift.dtype)
        if has_bias:
            parts = [shift[s] for s, (_, ir) in zip(irreps_out.slices(), irreps_out) if ir.is_scalar()]
            made.bias.copy_(torch.cat(parts))
        _fill(made, layer.dense())
    return made


def _fill(layer: Any, dense: Tensor) -> None:
    """Weights of e3nn's layer from a matrix (out, in): every path is a block W ⊗ 1, times its path weight."""
    rows, columns = layer.irreps_out.slices(), layer.irreps_in.slices()
    paths = [path for path in layer.instructions if path.i_in >= 0]
    at = 0
    for path in paths:
        d = layer.irreps_in[path.i_in].ir.dim
        block = dense[rows[path.i_out], columns[path.i_in]][::d, ::d].mT  # (copies in, copies out)
        layer.weight[at : at + block.numel()] = block.flatten() / path.path_weight
        at += block.numel()
