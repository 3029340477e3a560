"""Which atoms the hidden features of a network are made of."""

from __future__ import annotations

from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, V
from intertwine.reps._frame import Atom, frame, is_reductive
from intertwine.reps._tensor import direct_sum

from ._module import bind, is_count

LARGEST_SQUARE = 1024  # V ⊗ V is not decomposed beyond this dimension
LARGEST_SUMMAND = 16  # nor used whole, where nothing splits


def hidden_rep(group: Group, rep_in: Rep, rep_out: Rep, hidden: int | Rep) -> Rep:
    """The representation of the hidden features: the user's, or one of about ``hidden`` dimensions.

    Equal shares of the dimension go to every atom of Scalar, ``rep_in``, ``rep_out``, V (with its dual and
    conjugate) and of V ⊗ V; an atom of V ⊗ V only joins while it fits its share.

    Raises
    ------
    ValueError
        If hidden is neither a positive integer nor a representation that contains an invariant.
    """
    if isinstance(hidden, Rep):
        _, (rep,) = bind(group, hidden=hidden)
        if not any(atom.is_trivial for atom, _ in frame(rep).atoms):
            raise ValueError(
                f"hidden={rep!r} contains no invariant of {group.name}, and gates are made of them: add some, e.g. "
                f"16 * Scalar + {rep!r}"
            )
        return rep
    if not is_count(hidden):
        raise ValueError(f"hidden is a total dimension (an integer >= 1) or a representation, got {hidden!r}")
    atoms = _atoms(group, rep_in, rep_out, hidden)
    share = hidden / len(atoms)
    return direct_sum((max(1, round(share / atom.dim)), atom.rep) for atom in atoms)


def _atoms(group: Group, rep_in: Rep, rep_out: Rep, hidden: int) -> list[Atom]:
    base = [V, V.dual, V.conj, V.conj.dual] if group.field == "C" else [V, V.dual]
    needed = [Scalar, rep_in, rep_out, *base]
    extra = [V * V, V * V.dual]
    found: dict[Atom, None] = {}
    for rep in needed:
        found.update({atom: None for atom, _ in frame(rep(group)).atoms})
    for rep in extra:
        if rep(group).dim > (LARGEST_SQUARE if is_reductive(group) else LARGEST_SUMMAND):
            continue
        for atom, _ in frame(rep(group)).atoms:
            if atom not in found and atom.dim * (len(found) + 1) <= hidden:
                found[atom] = None
    return sorted(found, key=lambda atom: atom.key)
