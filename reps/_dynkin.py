"""Weights of a representation, in whole numbers: Dynkin labels and multiplicities.

In a Cartan subalgebra H of the semisimple part, with simple roots αᵢ and their coroots αᵢ^∨ in H, the label of a
weight λ is the row of whole numbers λ(αᵢ^∨).  A generic element of H has the weight spaces as its eigenspaces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from intertwine.groups import _lie
from intertwine.groups._roots import ROUNDING, TRIES, _cartan_numbers, _coordinates, _parts, _simple, _Weights
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..groups import Group
    from ._node import Rep

Array = NDArray[Any]


class Weights(NamedTuple):
    """The weights of a representation.

    Attributes
    ----------
    cartan_matrix : (r, r) of int
        2(αᵢ, αⱼ)/(αⱼ, αⱼ) of the simple roots.
    labels : (n, r) of int
        λ(αᵢ^∨) = 2(λ, αᵢ)/(αᵢ, αᵢ) of every weight λ.
    multiplicities : (n,) of int
        Dimensions of the weight spaces.
    """

    cartan_matrix: Array
    labels: Array
    multiplicities: Array


def dynkin_weights(rep: Rep) -> Weights:
    """Weights of a representation of a reductive group with respect to its semisimple part.

    Raises
    ------
    ValueError
        If the group is not known to be reductive, its semisimple part is 0, or weights could not be told apart.

    Examples
    --------
    >>> from intertwine.groups import SU
    >>> from intertwine.reps import Adjoint
    >>> weights = dynkin_weights(Adjoint(SU(3)))
    >>> len(weights.labels), weights.multiplicities.max().item()
    (7, 2)
    """
    group = rep._require_group()
    basis = _semisimple(group)
    images = rep.drho(basis)  # (n, dim, dim)
    rng = np.random.default_rng(0)
    for _ in range(TRIES):
        found = _coroots(basis, rng)
        labels = None if found is None else _labels(np.tensordot(found[1], images, 1), rng)
        if found is not None and labels is not None:
            distinct, counts = np.unique(labels, axis=0, return_counts=True)
            return Weights(found[0], distinct, counts)
    raise ValueError(f"the weights of {rep!r} of {group.name} could not be told apart in floating point")


def _semisimple(group: Group) -> Array:
    """Orthonormal basis of [L, L], which is semisimple where the group is reductive."""
    if not group.is_reductive:
        raise ValueError(f"{group.name} is not known to be reductive, so its representations need not have weights")
    closed = group.closure
    brackets = _lie.bracket(closed[:, None], closed[None]).reshape(-1, *closed.shape[1:])
    basis = _lie.as_matrices(_lie.orthonormal(_lie.as_real(brackets)), closed) if len(closed) else closed
    if not len(basis):
        raise ValueError(f"{group.name} has no semisimple part, and so no roots or weights")
    return basis


def _coroots(basis: Array, rng: np.random.Generator) -> tuple[Array, Array] | None:
    """Cartan matrix (r, r) and the coroots (r, n) of the simple roots in a basis of the algebra."""
    c = _lie.structure_constants(basis)
    found = _Weights.of(c, rng.standard_normal(len(c)))
    numbers = None if found is None else _cartan_numbers(found.values)
    if found is None or numbers is None:
        return None
    simple = _simple(numbers, np.random.default_rng(0))
    coordinates = _coordinates(numbers, simple)
    if coordinates is None:
        return None
    order = [i for part in _parts(numbers[np.ix_(simple, simple)], coordinates) for i in part.simple]
    simple = [simple[i] for i in order]
    dual = np.linalg.solve(found.values.T @ found.values, found.values[simple].T).T  # t_α by the Killing form on H
    lengths = np.einsum("ij,ij->i", dual, found.values[simple])
    return numbers[np.ix_(simple, simple)], (2 * dual / lengths[:, None]) @ found.cartan


def _labels(coroots: Array, rng: np.random.Generator) -> Array | None:
    """Eigenvalues (dim, r) of the commuting matrices (r, dim, dim), whole numbers; None where they are none."""
    _, v = np.linalg.eig(np.tensordot(rng.standard_normal(len(coroots)), coroots, 1))
    if not np.linalg.cond(v) < 1e8:
        return None
    inside = np.linalg.solve(v, coroots @ v)  # (r, dim, dim)
    values = np.diagonal(inside, axis1=1, axis2=2)
    labels = np.rint(values.real)
    if np.abs(values - labels).max(initial=0) > ROUNDING:
        return None
    return labels.T.astype(int)
