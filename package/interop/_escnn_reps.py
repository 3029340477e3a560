"""Representations of escnn and ours: the same matrices for the same elements (`_escnn_groups`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.linalg
from intertwine.groups import Group
from intertwine.reps import Irrep, Rep, Scalar, V
from intertwine.reps._rep import direct_sum
from numpy.typing import NDArray

from ._escnn_groups import Array, element_of, from_escnn_group, matrix_of
from ._peers import require

PROBES = 6  # random elements on which matrices are compared
TOLERANCE = 1e-6  # largest difference of their entries
STEP = 0.2  # of the one-parameter subgroups whose logarithms are taken
HIGHEST = 12  # frequency up to which irreps are looked for


def from_escnn(given: Any) -> Rep:
    """The representation with the matrices of one of escnn's, bound to `from_escnn_group` of its group.

    Parameters
    ----------
    given : escnn.group.Representation or escnn.nn.FieldType
        A type gives the direct sum of its representations; the components keep their order.

    Returns
    -------
    Rep
        `Scalar`, `V` and the frequencies of SO(2) and O(2) where they are that, sums where it is one, and otherwise
        ``Rep.from_matrices`` of the generators' images.

    Raises
    ------
    ImportError
        Without escnn.
    TypeError, ValueError
        For something else, or a group that is not known here.

    Examples
    --------
    ::

        space = gspaces.flipRot2dOnR2(-1)
        from_escnn(space.type(space.trivial_repr, space.irrep(1, 2)))  # Scalar + Irrep(2) of O(2)
    """
    kinds = require("escnn.group")
    pieces = getattr(given, "representations", None)
    if isinstance(given, kinds.Representation):
        pieces = (given,)
    if not isinstance(pieces, tuple):
        raise TypeError(f"from_escnn takes a Representation or a FieldType of escnn, got {given!r}")
    group = from_escnn_group(pieces[0].group)
    found = {piece: _read(piece, group) for piece in dict.fromkeys(pieces)}
    return direct_sum((1, found[piece]) for piece in pieces)


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
    ValueError
        If the representation is unbound or complex, of another group, or does not split into irreps of escnn.
    """
    kinds = require("escnn.group")
    fiber = getattr(target, "fibergroup", target)
    if rep.group is None:
        raise ValueError(f"{rep!r} is not bound to a group: write it as {rep!r}(group)")
    if rep.is_complex:
        raise ValueError(f"{rep!r} is complex, and representations of escnn are real")
    if not same(rep.group, fiber):
        raise ValueError(f"{rep!r} is a representation of {rep.group.name}, not of {fiber.name}")
    fields = [field for n, term in rep.summands() for field in [_write(term, fiber)] * n]
    if fiber is target:
        return fields[0] if len(fields) == 1 else kinds.directsum(fields)
    return require("escnn.nn").FieldType(target, fields)


def space_of(gspace: Any, points: bool = False) -> Rep:
    """How a space's group acts on the axes of a tensor: what `GridConv` takes as ``space``.

    escnn's points have coordinates (x, y, z), and its grids axes (−y, x) and (−z, −y, x).

    Parameters
    ----------
    gspace : escnn.gspaces.GSpace
        On the plane or in space.
    points : bool
        The action on coordinates of points instead: what `PointConv` takes.
    """
    if gspace.dimensionality not in (2, 3):
        raise ValueError(f"{gspace} has no points that its group could move: take a space of 2 or 3 dimensions")
    axes = np.eye(gspace.dimensionality) if points else tensor_axes(gspace.dimensionality)
    action = gspace.basespace_action
    return _from_callable(lambda e: axes @ action(e) @ axes.T, gspace.fibergroup)


def tensor_axes(n: int) -> Array:
    """Coordinates (x, y, …) to those along the axes of escnn's grids (n, n).

    Examples
    --------
    >>> tensor_axes(2) @ [3, 4]  # x = 3, y = 4: 4 rows up, 3 columns to the right
    array([-4.,  3.])
    """
    axes = np.eye(n)[::-1].copy()
    axes[:-1] *= -1
    return axes


def same(group: Group, fiber: Any) -> bool:
    """Whether a group of ours has the elements of one of escnn."""
    from intertwine.groups import same_group

    return same_group(group, from_escnn_group(fiber))


def difference(rep: Rep, representation: Any) -> float:
    """Largest difference of the matrices of a representation of ours and one of escnn, on random elements."""
    if rep.dim != representation.size:
        return float("inf")
    return _apart(rep, representation, representation.group)


def _apart(rep: Rep, of: Any, fiber: Any) -> float:
    return max(float(np.abs(rep.rho(matrix_of(e)) - of(e)).max()) for e in probes(fiber))


def probes(fiber: Any) -> list[Any]:
    """A few elements that no symmetry singles out, the same in every call."""
    if fiber.order() > 0:
        return [fiber.elements[i] for i in np.random.default_rng(0).integers(fiber.order(), size=PROBES)]
    return [element_of(fiber, g) for g in from_escnn_group(fiber).sample(PROBES, rng=0)]


# ------------------------------------------------------------------ from escnn


def _read(representation: Any, group: Group) -> Rep:
    fiber = representation.group
    plain = np.array_equal(representation.change_of_basis, np.eye(representation.size))
    if plain and len(representation.irreps) > 1:
        irreps = [fiber.irrep(*name) for name in representation.irreps]
        return direct_sum((1, _read(irrep, group)) for irrep in irreps)
    return _from_callable(representation, fiber)


def _from_callable(of: Any, fiber: Any) -> Rep:
    """A representation given by the matrices of escnn's elements."""
    group = from_escnn_group(fiber)
    size = len(of(fiber.identity))
    for rep in _known(group, size):
        if _apart(rep, of, fiber) < TOLERANCE:
            return rep
    if not (group.algebra or group.discrete):
        return size * Scalar(group)
    algebra = [_derivative(of, fiber, a) for a in _floats(group.algebra, group.d)]
    discrete = [np.asarray(of(element_of(fiber, h))) for h in _floats(group.discrete, group.d)]
    made = Rep.from_matrices(group, [_tidy(m) for m in algebra], [_tidy(m) for m in discrete])
    if _apart(made, of, fiber) > TOLERANCE:
        raise ValueError(f"the matrices of {of!r} are no representation of {group.name}")
    return made


def _floats(matrices: Sequence[Any], d: int) -> Array:
    """In the order of ``group.algebra`` or ``group.discrete``, unscaled."""
    return np.array([np.array(m.tolist(), dtype=float) for m in matrices]).reshape(-1, d, d)


def _known(group: Group, size: int) -> Iterator[Rep]:
    """Representations with a name of their own."""
    if size == 1:
        yield Scalar(group)
    if size == group.d:
        yield V(group)
    if group.d == 2 and not group.is_finite:
        labels = ["0-"] if size == 1 else list(range(2, HIGHEST + 1)) if size == 2 else []
        for label in labels if group.discrete else [k for k in labels if k != "0-"]:
            yield Irrep(label)(group)


def _derivative(of: Any, fiber: Any, a: Array) -> Array:
    """D of exp(t A) ↦ exp(t D), from one t for which D is small enough to be read."""
    image = np.asarray(of(element_of(fiber, scipy.linalg.expm(STEP * a / max(1, len(of(fiber.identity)))))))
    found = scipy.linalg.logm(image) / (STEP / max(1, len(image)))
    skew = (found - found.T) / 2
    return skew if np.abs(found - skew).max() < TOLERANCE else found


def _tidy(m: Array) -> Array:
    """Entries that are multiples of 1/2 up to rounding, as they are."""
    near = np.round(2 * m) / 2
    return np.where(np.abs(m - near) < 1e-12 * max(1.0, float(np.abs(m).max())), near, m)


# ------------------------------------------------------------------ to escnn


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
    matrices = np.array([rep.rho(matrix_of(e)) for e in probes(fiber)])
    if fiber.order() > 0 and np.allclose(matrices, np.round(matrices)) and (matrices > -0.5).all():
        return ["pointwise", "norm", "gated", "concatenated"]
    orthogonal = np.allclose(matrices @ matrices.swapaxes(1, 2), np.eye(rep.dim))
    return ["norm", "gated"] if orthogonal else []
