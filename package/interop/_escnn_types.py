"""Representations of ours, written as escnn writes them: irreps and a change of basis."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.linalg
from intertwine.reps import Rep
from numpy.typing import NDArray

from ._escnn_groups import Array, matrix_of
from ._escnn_reps import HIGHEST, TOLERANCE, difference, probes, same
from ._peers import require


def to_escnn(rep: Rep, target: Any) -> Any:
    """The type of escnn whose matrices are those of a bound representation.

    Parameters
    ----------
    rep : bound Rep
        Of a group that is the fiber group's (`from_escnn_group`), with any generators.
    target : GSpace or escnn.group.Group

    Returns
    -------
    escnn.nn.FieldType, or escnn.group.Representation where a group was given
        One field per summand and copy. Fields of permutation matrices support pointwise nonlinearities,
        orthogonal ones gates and norms.

    Raises
    ------
    ImportError
        Without escnn.
    TypeError
        If it is no Rep.
    ValueError
        If the representation is unbound or complex, of another group, has no components, or does not split into irreps
        of escnn.

    Examples
    --------
    >>> from escnn import gspaces
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, T, V
    >>> space = gspaces.rot2dOnR2(-1)
    >>> to_escnn((2 * Scalar + V)(SO(2)), space) == space.type(*2 * [space.trivial_repr], space.irrep(1))
    True
    >>> to_escnn(T(2)(SO(2)), space.fibergroup).irreps  # what a matrix consists of
    [(0,), (0,), (2,)]
    """
    kinds = require("escnn.group")
    if not isinstance(rep, Rep):
        raise TypeError(f"to_escnn takes a Rep, got {rep!r}: from_escnn reads what escnn has")
    fiber = getattr(target, "fibergroup", target)
    if rep.group is None:
        raise ValueError(f"{rep!r} is not bound to a group: write it as {rep!r}(group)")
    if rep.is_complex:
        raise ValueError(f"{rep!r} is complex, and representations of escnn are real")
    if not same(rep.group, fiber):
        raise ValueError(f"{rep!r} is a representation of {rep.group.name}, not of {fiber.name}")
    if not rep.dim:
        raise ValueError(f"{rep!r} has no components, and types of escnn have at least one field: leave it out")
    fields = [field for n, term in rep.summands() for field in [_write(term, fiber)] * n]
    if fiber is target:
        return fields[0] if len(fields) == 1 else kinds.directsum(fields)
    return require("escnn.nn").FieldType(target, fields)


def _write(rep: Rep, fiber: Any) -> Any:
    """A representation of escnn for one summand."""
    for known in _named(rep.dim, fiber):
        if difference(rep, known) < TOLERANCE:
            return known
    decomposition = rep.decompose()
    names, turns = [], []
    for part in decomposition:
        irrep, turn = _match(part.irrep, fiber)
        names += [irrep.id] * part.multiplicity
        turns += [turn] * part.multiplicity
    turn = scipy.linalg.block_diag(*turns)
    change = decomposition.inverse @ turn.T
    made = require("escnn.group").Representation(
        fiber,
        f"{rep!r} {_digest(change)}",  # escnn tells representations apart by their names
        names,
        change,
        _nonlinearities(rep, fiber),
        change_of_basis_inv=turn @ decomposition.change,
    )
    if not difference(rep, made) < TOLERANCE:
        raise ValueError(f"{rep!r} could not be written as a representation of {fiber.name} in escnn")
    return made


def _named(dim: int, fiber: Any) -> Iterator[Any]:
    """Representations that escnn has a name for."""
    yield from _irreps(fiber, dim)
    standard = getattr(fiber, "standard_representation", None)  # of some groups a method, of others a value
    if standard is not None:
        yield standard if isinstance(standard, require("escnn.group").Representation) else standard()
    if fiber.order() == dim:
        yield fiber.regular_representation


def _irreps(fiber: Any, dim: int) -> Iterator[Any]:
    """Irreps of a dimension; of continuous groups up to a frequency."""
    found = fiber.irreps() if fiber.order() > 0 or hasattr(fiber, "split_element") else fiber.bl_irreps(HIGHEST)
    for each in found:
        irrep = fiber.irrep(*each) if isinstance(each, tuple) else each
        if irrep.size == dim:
            yield irrep


def _match(rep: Rep, fiber: Any) -> tuple[Any, Array]:
    """The irrep of escnn that is equivalent to ours, and the isometry Q with ψ Q = Q ρ."""
    ours = [(rep.rho(matrix_of(e)), e) for e in probes(fiber)]
    for psi in _irreps(fiber, rep.dim):
        turn = intertwiner([(r, np.asarray(psi(e))) for r, e in ours])
        if turn is not None:
            return psi, turn
    raise ValueError(f"escnn has no irrep of {fiber.name} equivalent to {rep!r}, up to frequency {HIGHEST}")


def intertwiner(pairs: Sequence[tuple[Array, Array]]) -> Array | None:
    """An isometry Q with ψ Q = Q ρ for irreducible orthogonal (ρ, ψ), or None if they are not equivalent.

    Parameters
    ----------
    pairs : sequence of (ρ(g), ψ(g))
        For elements g that generate the group.

    Examples
    --------
    >>> turn, back = np.array([[0.0, -1.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> q = intertwiner([(turn, back)])
    >>> bool(np.allclose(back @ q, q @ turn)), intertwiner([(turn, np.eye(2))])
    (True, None)
    """
    n = len(pairs[0][0])
    one = np.eye(n)
    rows = np.concatenate([np.kron(psi, one) - np.kron(one, rho.T) for rho, psi in pairs])
    _, size, right = np.linalg.svd(rows)
    if size[-1] > TOLERANCE:
        return None
    q: NDArray[Any] = right[-1].reshape(n, n)
    return q * np.sqrt(n) / np.linalg.norm(q)


def _digest(change: Array) -> str:
    return hashlib.sha256(np.round(change, 6).tobytes()).hexdigest()[:8]


def _nonlinearities(rep: Rep, fiber: Any) -> list[str]:
    matrices = np.array([rep.rho(matrix_of(e)) for e in probes(fiber)])  # of generators: products are what they are
    if fiber.order() > 0 and np.allclose(matrices, np.round(matrices)) and (matrices > -0.5).all():
        return ["pointwise", "norm", "gated", "concatenated"]
    orthogonal = np.allclose(matrices @ matrices.swapaxes(1, 2), np.eye(rep.dim))
    return ["norm", "gated"] if orthogonal else []
