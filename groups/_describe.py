"""The card of a group: what was computed and verified about it, and why the rest was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from . import _forms
from ._roots import root_system

if TYPE_CHECKING:
    from ._group import Group
    from ._roots import RootSystem

Row = tuple[str, str]

CLASSES_UP_TO = 20_000  # order of the largest group whose classes are listed


@dataclass(frozen=True)
class Card:
    """A title and rows of (property, value); prints as text, shows as a table in a notebook."""

    title: str
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        width = max(len(label) for label, _ in self.rows)
        return "\n".join([self.title, *(f"  {label.ljust(width)}  {value}" for label, value in self.rows)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        lines = "".join(f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in self.rows)
        return f"<table><caption>{escape(self.title)}</caption>{lines}</table>"

    def __getitem__(self, label: str) -> str:
        """The value of a property."""
        return dict(self.rows)[label]


def describe(group: Group) -> Card:
    """The card of a group."""
    return Card(group.name, (*_generators(group), *_identity_component(group), *_finite_part(group), *_flags(group)))


def _computed(value: Callable[[], Any]) -> str:
    """A value in words, or why there is none."""
    try:
        found = value()
    except ValueError as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        return f"not computed ({reason})"
    return {True: "yes", False: "no"}[found] if isinstance(found, bool) else str(found)


def _generators(group: Group) -> Iterator[Row]:
    yield "acts on", f"{'ℂ' if group.field == 'C' else 'ℝ'}^{group.d}"
    if len(group.factors) > 1:
        yield "product of", ", ".join(f.name for f in group.factors)
    if group.is_permutation:
        yield "generators", f"{len(group.permutations)} permutations"
    else:
        kind = "exact" if group.is_exact else "floating point"
        counts = f"{len(group.lie_algebra)} in the Lie algebra, {len(group.discrete_generators)} discrete"
        yield "generators", f"{counts} ({kind})"


def _identity_component(group: Group) -> Iterator[Row]:
    if not group.lie_dim:
        return
    yield "dimension", str(group.lie_dim)
    try:
        lie = group.lie
    except ValueError:
        yield from _numerical_type(group)
    else:
        kinds = ("abelian", "nilpotent", "solvable", "semisimple", "reductive")
        kind = next((k for k in kinds if getattr(lie, f"is_{k}")), "neither reductive nor solvable")
        yield "Lie algebra", f"{lie.type} ({kind})"
        if lie.roots.parts:
            yield "real form", lie.real_form
            yield "roots", f"{len(lie.roots.roots)}, rank {lie.roots.rank}"
        plus, minus, zero = lie.killing_signature
        yield "Killing form", f"{plus} plus, {minus} minus, {zero} zero"
        if not lie.is_semisimple:
            yield "centre", f"dimension {lie.centre.dim}"
            yield "derived series", " > ".join(str(term.dim) for term in lie.derived_series)
    yield "components", _computed(lambda: group.components)


def _numerical_type(group: Group) -> Iterator[Row]:
    """Without exact generators: the type of a semisimple algebra, from integers found in floating point."""
    if not group.is_semisimple:
        yield "Lie algebra", "not computed (the generators are floats and the algebra is not semisimple)"
        return
    roots: list[RootSystem] = []

    def kind() -> str:
        roots.append(root_system(group.structure_constants))
        return " + ".join(part.type for part in roots[0].parts) + " (semisimple; found numerically, from floats)"

    yield "Lie algebra", _computed(kind)
    if roots:
        yield "real form", " + ".join(roots[0].real_forms)


def _finite_part(group: Group) -> Iterator[Row]:
    if group.lie_dim:
        return
    yield "finite", _computed(lambda: group.is_finite)
    try:
        order = group.order
    except ValueError:
        return
    yield "order", str(order)
    if order > CLASSES_UP_TO:
        yield "conjugacy classes", f"not computed (order above {CLASSES_UP_TO})"
        return
    yield "conjugacy classes", _computed(lambda: len(group.conjugacy_classes()))
    yield "irreps over ℂ", _computed(lambda: _irreps(group))


def _irreps(group: Group) -> str:
    table = group.character_table()
    degrees = Counter(table.degrees)
    kinds = Counter(table.frobenius_schur_indicators)
    names = {1: "real", 0: "complex", -1: "quaternionic"}
    listed = ", ".join(f"{count} of degree {degree}" for degree, count in sorted(degrees.items()))
    return f"{listed}; {', '.join(f'{kinds[k]} {name}' for k, name in names.items() if kinds[k])}"


def _flags(group: Group) -> Iterator[Row]:
    yield "abelian", _computed(lambda: group.is_abelian)
    yield "compact", _computed(lambda: group.is_compact)
    yield "reductive", _computed(lambda: group.is_reductive)
    yield "unimodular", _computed(lambda: group.is_unimodular)
    yield "unitary" if group.field == "C" else "orthogonal", _computed(lambda: group.is_orthogonal)
    yield "invariant forms", _computed(lambda: _forms.in_words(group))
