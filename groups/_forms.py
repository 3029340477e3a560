"""Bilinear and Hermitian forms that a group preserves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._balance import hermitian_invariants
from ._lie import adjoint
from ._membership import fixed_vectors

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]

MAX_DIMENSION = 24
TOLERANCE = 1e-8


def bilinear(group: Group) -> tuple[Array, Array]:
    """Bases of the symmetric (k, d, d) and of the antisymmetric forms M with AᵀM + MA = 0 and hᵀMh = M.

    Raises
    ------
    ValueError
        For spaces of a dimension above `MAX_DIMENSION`, or a basis in which they cannot be told from rounding.
    """
    d = group.d
    if d > MAX_DIMENSION:
        raise ValueError(f"forms are looked for up to dimension {MAX_DIMENSION}, {group.name} has {d}")
    a, h, one = np.swapaxes(group.lie_algebra, 1, 2), np.swapaxes(group.discrete_generators, 1, 2), np.eye(d)
    acting = np.array([np.kron(x, one) + np.kron(one, x) for x in a]).reshape(len(a), d * d, d * d)
    moving = np.array([np.kron(x, x) for x in h]).reshape(len(h), d * d, d * d)
    forms = fixed_vectors(acting, moving)
    drift = np.abs(forms @ np.swapaxes(acting, 1, 2)).max(initial=0)
    shift = np.abs(forms @ np.swapaxes(moving, 1, 2) - forms).max(initial=0)
    if max(drift, shift) > TOLERANCE:
        raise ValueError(f"the forms that {group.name} preserves cannot be told from rounding in this basis")
    forms = forms.reshape(len(forms), d, d)
    return _part(forms, 1), _part(forms, -1)


def _part(forms: Array, sign: int) -> Array:
    d = forms.shape[-1]
    parts = ((forms + sign * np.swapaxes(forms, 1, 2)) / 2).reshape(len(forms), d * d)
    _, s, vt = np.linalg.svd(parts, full_matrices=False)
    return np.asarray(vt[s > 0.5].reshape(-1, d, d))


def signature(form: Array) -> tuple[int, int]:
    """Positive and negative squares of a Hermitian form, its first diagonal entry other than 0 taken as positive."""
    w = np.linalg.eigvalsh(form)
    near = TOLERANCE * np.abs(w).max()
    plus, minus = int((w > near).sum()), int((w < -near).sum())
    lead = form.diagonal().real
    lead = lead[np.abs(lead) > near]
    return (minus, plus) if len(lead) and lead[0] < 0 else (plus, minus)


def found(group: Group) -> list[dict[str, Any]]:
    """How many forms of each kind a group preserves; of an only one, the signature and rank.

    Examples
    --------
    >>> from intertwine.groups import O, Sp
    >>> found(O(1, 3))
    [{'kind': 'symmetric', 'number': 1, 'signature': [1, 3], 'rank': 4, 'size': 4}]
    >>> found(Sp(4))
    [{'kind': 'antisymmetric', 'number': 1}]
    """
    symmetric, antisymmetric = bilinear(group)
    real = group.field == "R"
    kinds = [_counted(symmetric, "symmetric", signed=real), _counted(antisymmetric, "antisymmetric", signed=False)]
    if not real:
        forms = hermitian_invariants(adjoint(group.lie_algebra), adjoint(group.discrete_generators))
        kinds.append(_counted(forms, "Hermitian", signed=True))
    return [kind for kind in kinds if kind["number"]]


def _counted(forms: Array, kind: str, *, signed: bool) -> dict[str, Any]:
    counted = {"kind": kind, "number": len(forms)}
    if not signed or len(forms) != 1:
        return counted
    plus, minus = signature(forms[0])
    return {**counted, "signature": [plus, minus], "rank": plus + minus, "size": len(forms[0])}
