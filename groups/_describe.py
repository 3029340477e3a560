"""The card of a group: its facts in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ._facts import Fact, facts

if TYPE_CHECKING:
    from ._group import Group

LABELS = {"lie_algebra": "Lie algebra", "killing_form": "Killing form", "irreps": "irreps over ℂ"}


@dataclass(frozen=True)
class Card:
    """A title and facts; prints as text, shows as a table in a notebook.

    Examples
    --------
    >>> from intertwine.groups import O
    >>> card = O(3).describe()
    >>> card["compact"], card.values["compact"], card.values["dimension"]
    ('yes', True, 3)
    """

    title: str
    facts: tuple[Fact, ...]

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Pairs of text (property, value)."""
        return tuple((LABELS.get(f.key, f.key.replace("_", " ")), in_words(f)) for f in self.facts)

    @property
    def values(self) -> dict[str, Any]:
        """The facts as JSON has them; what was not computed is None, with the reason under "not_computed"."""
        reasons = {f.key: f.reason for f in self.facts if f.reason}
        return {"name": self.title, **{f.key: f.value for f in self.facts}, "not_computed": reasons}

    def __str__(self) -> str:
        width = max(len(label) for label, _ in self.rows)
        return "\n".join([self.title, *(f"  {label.ljust(width)}  {value}" for label, value in self.rows)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        lines = "".join(f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in self.rows)
        return f"<table><caption>{escape(self.title)}</caption>{lines}</table>"

    def __getitem__(self, label: str) -> str:
        """The value of a property, in words."""
        return dict(self.rows)[label]


def describe(group: Group) -> Card:
    """The card of a group."""
    return Card(group.name, tuple(facts(group)))


def in_words(fact: Fact) -> str:
    """A fact for people."""
    if fact.reason:
        return f"not computed ({fact.reason})"
    if isinstance(fact.value, bool):
        return "yes" if fact.value else "no"
    return WORDS.get(fact.key, str)(fact.value)


def _acts_on(space: dict[str, Any]) -> str:
    return f"{'ℂ' if space['field'] == 'C' else 'ℝ'}^{space['dimension']}"


def _generators(found: dict[str, Any]) -> str:
    if "permutations" in found:
        return f"{found['permutations']} permutations"
    kind = "exact" if found["exact"] else "floating point"
    return f"{found['lie_algebra']} in the Lie algebra, {found['discrete']} discrete ({kind})"


def _lie_algebra(found: dict[str, Any]) -> str:
    source = "" if found["exact"] else "; found numerically"
    return f"{found['type']} ({found['kind']}{source})"


def _irreps(found: dict[str, Any]) -> str:
    listed = ", ".join(f"{each['number']} of degree {each['degree']}" for each in found["degrees"])
    kinds = ", ".join(f"{found[kind]} {kind}" for kind in ("real", "complex", "quaternionic") if found[kind])
    return f"{listed}; {kinds}"


def _forms(found: list[dict[str, Any]]) -> str:
    return ", ".join(map(_form, found)) or "none"


def _form(form: dict[str, Any]) -> str:
    counted = f"{form['number']} {form['kind']}"
    if "signature" not in form:
        return counted
    plus, minus = form["signature"]
    rank = "" if form["rank"] == form["size"] else f", rank {form['rank']}"
    return f"{counted} of signature ({plus}, {minus}){rank}"


WORDS: dict[str, Callable[[Any], str]] = {
    "acts_on": _acts_on,
    "product_of": ", ".join,
    "generators": _generators,
    "lie_algebra": _lie_algebra,
    "roots": lambda found: f"{found['number']}, rank {found['rank']}",
    "killing_form": lambda found: ", ".join(f"{number} {sign}" for sign, number in found.items()),
    "centre": lambda found: f"dimension {found['dimension']}",
    "derived_series": lambda found: " > ".join(map(str, found)),
    "irreps": _irreps,
    "invariant_forms": _forms,
}
