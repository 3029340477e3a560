"""Which atoms the hidden features of a network are made of."""

from __future__ import annotations

from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, V
from intertwine.reps._frame import Atom, frame, is_reductive

from ._module import bind


def hidden_rep(group: Group, rep_in: Rep, rep_out: Rep, hidden: int | Rep) -> Rep:
    """The representation of the hidden features: the user's, or one of about ``hidden`` dimensions.

    Equal shares of the dimension go to every atom of Scalar, ``rep_in``, ``rep_out``, V (with its dual and
    conjugate) and of V ⊗ V; an atom of V ⊗ V only joins while it fits its share.

    Raises
    ------
    ValueError
        If hidden is not a positive number.
    """
    if isinstance(hidden, Rep):
        _, (rep,) = bind(group, hidden=hidden)
        return rep
    if isinstance(hidden, bool) or not isinstance(hidden, int) or hidden < 1:
        raise ValueError(f"hidden is a total dimension (an integer >= 1) or a representation, got {hidden!r}")
    atoms = _atoms(group, rep_in, rep_out, hidden)
    share = hidden / len(atoms)
    rep = None
    for atom in atoms:
        part = max(1, round(share / atom.dim)) * atom.rep
        rep = part if rep is None else rep + part
    return rep


def _atoms(group: Group, rep_in: Rep, rep_out: Rep, hidden: int) -> list[Atom]:
    base = [V, V.dual, V.conj, V.conj.dual] if group.field == "C" else [V, V.dual]
    needed = [Scalar, rep_in, rep_out, *base]
    extra = [V * V, V * V.dual]
    found: dict[Atom, None] = {}
    for rep in needed:
        found.update({atom: None for atom, _ in frame(rep(group)).atoms})
    for rep in extra:
        if not is_reductive(group) and rep(group).dim > 16:
            continue
        for atom, _ in frame(rep(group)).atoms:
            if atom not in found and atom.dim * (len(found) + 1) <= hidden:
                found[atom] = None
    return sorted(found, key=lambda atom: atom.key)
