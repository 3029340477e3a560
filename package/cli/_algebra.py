"""`intertwine groups`, `describe`, `solve` and `exact`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from intertwine._names import AXIAL, catalogue, parse_group
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ._errors import user_errors

if TYPE_CHECKING:
    from intertwine.reps import Hom

#: largest exact matrix that is printed, in entries
PRINTED = 400

GroupName = Annotated[str, typer.Argument(metavar="GROUP", help='For example "O(3)" or "SO(3) * S(4)".')]
Maps = Annotated[str, typer.Argument(metavar="HOM", help='For example "2V >> T(2)".')]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def groups(as_json: Json = False) -> None:
    """List the groups there are."""
    found = {**dict(catalogue()), **AXIAL}
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    table = Table("name", "what it is", title="The catalogue", title_justify="left")
    for call, meaning in found.items():
        table.add_row(escape(call), escape(meaning))
    console = Console()
    console.print(table)
    console.print('Products: "SO(3) * S(4)". Your own: intertwine.groups.Group.from_generators, .preserving, ...')


def describe(group: GroupName, as_json: Json = False) -> None:
    """Print what is known about a group: its Lie algebra, components, characters, invariant forms."""
    with user_errors(Console()):
        card = parse_group(group).describe()
        print(json.dumps(card.values, ensure_ascii=False, indent=2) if as_json else card)


def solve(
    group: GroupName,
    maps: Maps,
    method: Annotated[str, typer.Option(help="Solver; auto chooses.")] = "auto",
    as_exact: Annotated[bool, typer.Option("--exact", help="Print an exact basis, too.")] = False,
    as_json: Json = False,
) -> None:
    """Solve for all equivariant linear maps between two representations, and print the certificate."""
    console = Console()
    with user_errors(console):
        from intertwine.reps import solve as solve_hom

        hom, name = parse_hom(maps, group), parse_group(group).name
        values = certificate_values(hom, solve_hom(hom, method).certificate)
        matrices = exact_basis(hom) if as_exact else []
        if as_json:
            found = {"group": name, "hom": maps, **values}
            print(json.dumps(found | ({"basis": written(matrices)} if as_exact else {}), indent=2, ensure_ascii=False))
            return
        table = Table("", "", title=escape(f"{maps}  over {name}"), title_justify="left", show_header=False)
        for label, text in certificate_rows(values):
            table.add_row(label, escape(text))
        console.print(table)
        show(console, matrices)


def exact(
    group: GroupName,
    maps: Maps,
    as_json: Json = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
) -> None:
    """Print an exact basis of all equivariant linear maps: integers, roots, and nothing rounded."""
    console = Console()
    with user_errors(console):
        hom = parse_hom(maps, group)
        matrices = exact_basis(hom)
        if as_json:
            found = {"group": parse_group(group).name, "hom": maps, "dim": hom.dim, "basis": written(matrices)}
            print(json.dumps(found, indent=2, ensure_ascii=False))
        elif as_latex:
            print(hom.latex())
        else:
            show(console, matrices)
            if not matrices:
                console.print("There is no equivariant map but zero.")


def parse_hom(maps: str, group: str) -> Hom:
    """The space of maps, over the group, that a user typed.

    Raises
    ------
    ValueError
        For what is not a space of maps.
    """
    from intertwine.reps import Hom, parse

    hom = parse(maps, parse_group(group))
    if not isinstance(hom, Hom):
        raise ValueError(f'{maps!r} is a single representation: write two with ">>" between, "V >> T(2)"')
    return hom


def certificate_values(hom: Hom, certificate: Any) -> dict[str, Any]:
    """What a certificate says, of the types that JSON has."""
    rows, columns = hom.rep_out.dim, hom.rep_in.dim
    return {
        "shape": [rows, columns],
        "unknowns": rows * columns,
        "rank": int(certificate.rank),
        "residual": float(certificate.residual),
        "method": str(certificate.method),
        "count": None if certificate.count is None else int(certificate.count),
        "count_by": certificate.count_by,
    }


def certificate_rows(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The same as rows of a table."""
    rows, columns = values["shape"]
    yield "matrices", f"{rows} x {columns} ({values['unknowns']} unknowns)"
    yield "rank", str(values["rank"])
    yield "residual", f"{values['residual']:.1e}"
    yield "method", values["method"]
    if values["count"] is not None:
        yield "independent count", f"{values['count']} (by {values['count_by']})"


def exact_basis(hom: Hom) -> list[Any]:
    """Exact basis matrices, if they are small."""
    import sympy

    entries = hom.rep_in.dim * hom.rep_out.dim
    if entries > PRINTED:
        raise ValueError(f"exact matrices of {entries} entries are too large to print (limit {PRINTED})")
    return [sympy.Matrix(matrix) for matrix in hom.exact()]


def written(matrices: list[Any]) -> list[list[list[str]]]:
    """Entries as text that sympy reads: exact numbers such as sqrt(2)/2 are none of JSON's."""
    return [[[str(entry) for entry in row] for row in matrix.tolist()] for matrix in matrices]


def show(console: Console, matrices: list[Any]) -> None:
    """Print matrices, numbered."""
    import sympy

    for k, matrix in enumerate(matrices, 1):
        console.print(f"\n{k} of {len(matrices)}")
        print(sympy.pretty(matrix))
