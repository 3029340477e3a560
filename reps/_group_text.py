"""Groups in text: a catalogue call where there is one, else the call that makes the group from its generators."""

from __future__ import annotations

import re
from functools import lru_cache, reduce
from operator import mul
from typing import TYPE_CHECKING, Any

from . import _literal
from ._constant import text as matrix_text

if TYPE_CHECKING:
    from ..groups import Group


@lru_cache(maxsize=1024)
def write(group: Group) -> str:
    """Text that `find_group` reads back to an equal group.

    Examples
    --------
    >>> from intertwine.groups import S
    >>> write(S(3)), write(S(3).subgroup(generators=[[1, 0, 2]]))
    ('S(3)', 'Group.from_permutations([[1, 0, 2]])')
    """
    if len(group.factors) > 1:
        return " * ".join(write(factor) for factor in group.factors)
    try:
        if _catalogue(group.name) == group:
            return group.name
    except (ValueError, TypeError):
        pass
    return _call(group)


def write_factor(own: Group, group: Group | None) -> str:
    """Text that `find_group` reads back to this factor of a group: its name, where no other has it."""
    try:
        if find_group(own.name, group) == own:
            return own.name
    except (ValueError, TypeError):
        pass
    return " * ".join(map(_call, own.factors))


def _call(group: Group) -> str:
    """The call that makes a group from its generators."""
    if group.is_permutation:
        images = group.permutations.tolist() or [list(range(group.d))]
        return f"Group.from_permutations({images})"
    discrete = list(group.discrete)
    if not discrete and not group.algebra:
        discrete = [_identity(group.d)]
    parts = [
        f"{name}=[{', '.join(map(matrix_text, matrices))}]"
        for name, matrices in (("algebra", group.algebra), ("discrete", discrete))
        if matrices
    ]
    return f"Group.from_generators({', '.join(parts)}, field={group.field!r})"


def _identity(d: int) -> Any:
    import sympy

    return sympy.eye(d)


def find_group(name: str, group: Group | None = None) -> Group:
    """Return the factor of ``group`` called ``name``, or the group the text calls for.

    Raises
    ------
    ValueError
        If different factors have that name, or the text cannot be read.

    Examples
    --------
    >>> find_group("SO(3) * S(5)").d
    8
    >>> find_group("Group.from_generators(algebra=[[[0, -1], [1, 0]]])").lie_dim
    1
    """
    known = () if group is None else (group, *group.factors)
    named = {candidate for candidate in known if candidate.name == name}
    if len(named) > 1:
        raise ValueError(
            f"{len(named)} different factors of {group} are called {name!r}: write the call that makes one"
        )
    if named:
        return named.pop()
    parts = split(name, "*×")
    if len(parts) > 1:
        return reduce(mul, (find_group(part.strip(), group) for part in parts))
    return _constructed(name) or _catalogue(name)


def split(text: str, separators: str) -> list[str]:
    """Split at separators outside all brackets."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth == 0 and character in separators:
            parts.append(text[start:i])
            start = i + 1
    return [*parts, text[start:]]


def _constructed(text: str) -> Group | None:
    from ..groups import Group

    call = re.fullmatch(r"Group\.(from_permutations|from_generators)\s*\((.*)\)", text, re.DOTALL)
    if call is None:
        return None
    if call[1] == "from_permutations":
        images = _literal.read(call[2])
        if not isinstance(images, list) or not all(isinstance(p, list) for p in images):
            raise ValueError(f"Group.from_permutations takes lists of images, [[1, 0, 2], ...], got {call[2]}")
        return Group.from_permutations([[int(x) for x in p] for p in images])
    arguments: dict[str, Any] = {}
    for key, value in keywords(call[2], ("algebra", "discrete", "field")):
        arguments[key] = value.strip("'\"") if key == "field" else _literal.read(value)
    return Group.from_generators(**arguments)


def keywords(text: str, known: tuple[str, ...]) -> list[tuple[str, str]]:
    """Read ``name=value, …``."""
    found = []
    for argument in split(text, ","):
        key, equals, value = argument.partition("=")
        if not equals or key.strip() not in known:
            raise ValueError(f"cannot read the argument {argument.strip()!r}: expected {'=..., '.join(known)}=...")
        found.append((key.strip(), value.strip()))
    return found


def _catalogue(name: str) -> Group:
    from .. import groups

    call = re.fullmatch(r"(\w+)\s*\(([^()]*)\)", name)
    known = [n for n in groups.__all__ if n[0].isupper() and not isinstance(getattr(groups, n), type)]
    if call is None or call[1] not in known:
        raise ValueError(
            f"unknown group {name!r}: give the group itself, parse(text, group), or a catalogue call such as "
            f"SO(3); the catalogue has {', '.join(known)}"
        )
    positional: list[bool | int | str] = []
    named: dict[str, bool | int | str] = {}
    for argument in filter(None, re.split(r"\s*,\s*", call[2].strip())):
        found = re.fullmatch(r"(?:(\w+)\s*=\s*)?(\d+|True|False|'[^']*'|\"[^\"]*\")", argument)
        if found is None:
            raise ValueError(
                f"cannot read the argument {argument!r} of {name!r}: expected integers, True, False or a quoted name"
            )
        text = found[2]
        value: bool | int | str = text == "True" if text in ("True", "False") else text[1:-1]
        if text.isdigit():
            value = int(text)
        if found[1]:
            named[found[1]] = value
        else:
            positional.append(value)
    group: Group = getattr(groups, call[1])(*positional, **named)
    return group
