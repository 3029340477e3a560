"""Groups as users type them.  Names are parsed, never evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intertwine.groups import Group

LARGEST = 512  # number in the name of a group
#: subgroups of O(3) that fix the z-axis, or turn about it
AXIAL = {
    "azimuthal": "the O(2) of O(3) that fixes the z-axis: O(3).subgroup(fixing=[0, 0, 1])",
    "azimuthal-so2": "rotations about the z-axis: SO(3).subgroup(fixing=[0, 0, 1])",
    "azimuthal-so2-mirror": "rotations about the z-axis, and z -> -z",
}


def catalogue() -> Iterator[tuple[str, str]]:
    """Every group of the catalogue: how it is called, and the first line of its documentation."""
    import inspect

    import intertwine.groups as available

    for name in sorted(available.__all__):
        make = getattr(available, name)
        if name[0].isupper() and inspect.isfunction(make):
            parameters = inspect.signature(make).parameters.values()
            words = [p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in parameters]
            yield f"{name}({', '.join(words)})", (inspect.getdoc(make) or "").partition("\n")[0]


def parse_group(text: str) -> Group:
    """The group a user typed: a catalogue call such as ``SO(3)``, short as ``O3``, or ``azimuthal``.

    Raises
    ------
    ValueError
        For an unknown name; says what there is.

    Examples
    --------
    >>> parse_group("so3").name, parse_group("O(1, 3)").d, parse_group("azimuthal").d
    ('SO(3)', 4, 3)
    """
    import re

    from intertwine.reps._parse import find_group

    words = text.strip().lower().replace(" ", "").replace("_", "")
    words = {"o2z": "azimuthal", "o(2)z": "azimuthal", "o(2)azimuthal": "azimuthal"}.get(words, words)
    if words in AXIAL:
        return _axial(words)
    call = spelled(text.strip())
    if call is None:
        listed = ", ".join([*(shown for shown, _ in catalogue()), *AXIAL])
        raise ValueError(f"there is no group {text!r}; there are {listed}, and products with *")
    large = [n for n in re.findall(r"\d+", call) if int(n) > LARGEST]
    if large:
        raise ValueError(f"the group {text!r} is too large: numbers up to {LARGEST} are read, got {large[0]}")
    try:
        return find_group(call)
    except TypeError as error:  # a catalogue function called with too many or too few numbers
        raise ValueError(f"cannot read the group {text!r}: {error}") from None


def _axial(name: str) -> Group:
    from intertwine.groups import SO, Group, O

    if name == "azimuthal":
        return O(3).subgroup(fixing=[0, 0, 1], name="O(2) azimuthal")
    if name == "azimuthal-so2":
        return SO(3).subgroup(fixing=[0, 0, 1], name="SO(2) azimuthal")
    turn, mirror = [[0, -1, 0], [1, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 1, 0], [0, 0, -1]]
    return Group.from_generators(algebra=[turn], discrete=[mirror], name="SO(2) x mirror azimuthal")


def spelled(text: str) -> str | None:
    """Factors of a product as catalogue calls ("so3 * octahedral" is "SO(3) * Octahedral()"), or None."""
    import re

    known = {call.partition("(")[0].lower(): call.partition("(")[0] for call, _ in catalogue()}
    parts = []
    for part in re.split(r"\s*[*×]\s*(?![^()]*\))", text):
        short = part.lower() in known  # G2 is a name, O3 is O(3)
        if re.fullmatch(r"[eE][678]", part):  # exceptional groups to some, isometries to others: E(8) is unambiguous
            return None
        found = re.fullmatch(r"(\w+)()" if short else r"([A-Za-z]\w*?)\s*(\d+|\([^()]*\))?", part)
        if found is None or found[1].lower() not in known:
            return None
        name, given = known[found[1].lower()], found[2] or ("3" if found[1].lower() == "trivial" else "()")
        parts.append(name + (given if given.startswith("(") else f"({given})"))
    return " * ".join(parts)
