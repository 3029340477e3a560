"""What is known about a group, as values: numbers, truths, lists; what was not computed is None, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _forms
from ._roots import root_system

if TYPE_CHECKING:
    from ._group import Group
    from ._roots import RootSystem

CLASSES_UP_TO = 20_000  # order of the largest group whose classes are listed
ENTRIES_UP_TO = 1_500_000  # entries of the algebra generators whose closure is computed
EXACT_UP_TO = 100  # dimension of the largest Lie algebra that is computed exactly
BRACKETS_UP_TO = 2_500_000  # and entries of all brackets
CONSTANTS_UP_TO = 400  # dimension of the largest Lie algebra whose structure constants are computed


class Fact(NamedTuple):
    """A property, its value, of the types that JSON has, and why there is none."""

    key: str
    value: Any
    reason: str = ""


def facts(group: Group) -> Iterator[Fact]:
    """The properties of a group."""
    yield from _generators(group)
    if _is_large(group):
        shape = f"shape {group.d} x {group.d}"
        what = f"{len(group.algebra)} algebra generators of {shape} have more than {ENTRIES_UP_TO} entries"
        yield from (Fact(key, None, what) for key in ("dimension", "lie_algebra", "components"))
    else:
        yield from _identity_component(group)
        yield from _finite_part(group)
    yield from _flags(group)


def _is_large(group: Group) -> bool:
    return len(group.algebra) * group.d**2 > ENTRIES_UP_TO


def _computed(key: str, value: Callable[[], Any]) -> Fact:
    """A value, or why there is none."""
    try:
        return Fact(key, value())
    except ValueError as error:
        return Fact(key, None, str(error).partition("\n")[0].rstrip(":"))


def _generators(group: Group) -> Iterator[Fact]:
    yield Fact("acts_on", {"field": group.field, "dimension": group.d})
    if len(group.factors) > 1:
        yield Fact("product_of", [f.name for f in group.factors])
    if group.is_permutation:
        yield Fact("generators", {"permutations": len(group.permutations)})
    else:
        counts = {"lie_algebra": len(group.algebra), "discrete": len(group.discrete)}
        yield Fact("generators", {**counts, "exact": group.is_exact})


def _identity_component(group: Group) -> Iterator[Fact]:
    if not group.lie_dim:
        return
    yield Fact("dimension", group.lie_dim)
    brackets = (group.lie_dim * group.d) ** 2
    if group.lie_dim > CONSTANTS_UP_TO:
        yield Fact("lie_algebra", None, f"dimension above {CONSTANTS_UP_TO}")
    elif not group.is_exact:
        yield from _numerical_type(group, "the generators are floats")
    elif group.lie_dim > EXACT_UP_TO or brackets > BRACKETS_UP_TO:
        yield from _numerical_type(
            group, f"{group.lie_dim} generators of size {group.d} are too many to bracket exactly"
        )
    else:
        try:
            yield from [*_exact_type(group)]
        except ValueError as error:  # transcendental numbers
            yield from _numerical_type(group, str(error))
    yield _computed("components", lambda: group.components)


def _exact_type(group: Group) -> Iterator[Fact]:
    lie = group.lie
    kinds = ("abelian", "nilpotent", "solvable", "semisimple", "reductive")
    kind = next((k for k in kinds if getattr(lie, f"is_{k}")), "neither reductive nor solvable")
    yield Fact("lie_algebra", {"type": lie.type, "kind": kind, "exact": True})
    if lie.roots.parts:
        yield Fact("real_form", lie.real_form)
        yield Fact("roots", {"number": len(lie.roots.roots), "rank": lie.roots.rank})
    yield Fact("killing_form", dict(zip(("plus", "minus", "zero"), lie.killing_signature, strict=True)))
    if not lie.is_semisimple:
        yield Fact("centre", {"dimension": lie.centre.dim})
        yield Fact("derived_series", [term.dim for term in lie.derived_series])


def _numerical_type(group: Group, why: str) -> Iterator[Fact]:
    """The type of a semisimple algebra, from integers found in floating point; why it was not found exactly."""
    try:
        doubt = "" if group.is_semisimple else "the algebra is not semisimple"
    except ValueError as error:
        doubt = str(error)
    if doubt:
        yield Fact("lie_algebra", None, f"{why}, and {doubt}")
        return
    found: list[RootSystem] = []

    def kind() -> dict[str, Any]:
        found.append(root_system(group.structure_constants))
        return {"type": " + ".join(part.type for part in found[0].parts), "kind": "semisimple", "exact": False}

    yield _computed("lie_algebra", kind)
    if found:
        yield Fact("real_form", " + ".join(found[0].real_forms))


def _finite_part(group: Group) -> Iterator[Fact]:
    if group.lie_dim:
        return
    yield _computed("finite", lambda: group.is_finite)
    try:
        order = group.order
    except ValueError:
        return
    yield Fact("order", order)
    if order > CLASSES_UP_TO:
        yield Fact("conjugacy_classes", None, f"order above {CLASSES_UP_TO}")
        return
    yield _computed("conjugacy_classes", lambda: len(group.conjugacy_classes()))
    yield _computed("irreps", lambda: _irreps(group))


def _irreps(group: Group) -> dict[str, Any]:
    """Numbers of the complex irreps of each degree, and of each Frobenius–Schur type."""
    table = group.character_table()
    kinds = Counter(table.frobenius_schur_indicators)
    names = {1: "real", 0: "complex", -1: "quaternionic"}
    degrees = [{"degree": degree, "number": count} for degree, count in sorted(Counter(table.degrees).items())]
    return {"degrees": degrees, **{name: kinds[k] for k, name in names.items()}}


def _flags(group: Group) -> Iterator[Fact]:
    yield _computed("abelian", lambda: group.is_abelian)
    yield _computed("compact", lambda: group.is_compact)
    yield _computed("reductive", lambda: group.is_reductive)
    yield _computed("unimodular", lambda: _is_unimodular(group))
    yield _computed("unitary" if group.field == "C" else "orthogonal", lambda: group.is_orthogonal)
    yield _computed("invariant_forms", lambda: _forms.found(group))


def _is_unimodular(group: Group) -> bool:
    if _is_large(group) or group.lie_dim > CONSTANTS_UP_TO:
        raise ValueError(f"dimension above {CONSTANTS_UP_TO}, or too many generators")
    return group.is_unimodular
