"""The picture of the architecture: folders as rooms, imports as arrows.  `python docs/_figures/architecture.py`."""

from __future__ import annotations

from pathlib import Path

INK, SOFT, PAPER, HALL = "#1d2433", "#5b6578", "#ffffff", "#eef1f6"
WIDTH, ROOM, GAP, PLATE, TOP = 900, 122, 34, 196, 16
MONO = 'font-family="ui-monospace, SFMono-Regular, monospace"'
ROOMS = [
    (
        "groups/",
        "#2f6fb5",
        ("symmetries,", "exactly"),
        [
            ("Group.from_generators", "or what it preserves, or permutations"),
            ("catalog/", "O, SU, Sp, Spin, G2, S, SE, …"),
            ("*, wreath, subgroup", "new groups from old ones"),
            ("lie, order, sample", "structure that is computed"),
        ],
    ),
    (
        "reps/",
        "#2a8c7c",
        ("what the group", "acts on"),
        [
            ("V, T(p, q), Sym, Irrep", "an algebra: +, *, dual, induce"),
            ("rep_in >> rep_out", "all equivariant maps"),
            ("solve/", "orbits, irreps, elimination"),
            ("Certificate", "and none is missing"),
        ],
    ),
    (
        "emlp/",
        "#b8690f",
        ("layers made of", "solved maps"),
        [
            ("Linear, Bilinear", "their coefficients are the weights"),
            ("Gate, NormAct, FourierAct", "what equivariance allows"),
            ("EMLP", "a network for any group"),
            ("laws", "to be run on your own layer"),
        ],
    ),
    (
        "conv/",
        "#a83d3a",
        ("networks as", "kernels"),
        [
            ("ImplicitKernel", "K(gx) = ρ(g) K(x) ρ(g)⁻¹"),
            ("PointConv, GridConv", "no matrix per edge"),
            ("completeness", "does it take every allowed value?"),
            ("models/", "message passing, ResNet, U-Net"),
        ],
    ),
]
HALLS = [
    ("examples/", ("notebooks, scripts, experiments with", "baselines, and the page of results")),
    ("package/", ("import intertwine: testing, train,", "plot, and the command line")),
]


def text(x: float, y: float, words: str, size: float, color: str = INK, more: str = "") -> str:
    """A line of text."""
    safe = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{color}" {more}>{safe}</text>'


def box(x: float, y: float, w: float, h: float, fill: str, stroke: str) -> str:
    """A rounded rectangle."""
    return (
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="10" fill="{fill}" stroke="{stroke}" stroke-width="2.5"/>'
    )


def arrow(x: float, y: float) -> str:
    """An arrow down, from one room to the next."""
    ends = f'x1="{x}" y1="{y + 3}" x2="{x}" y2="{y + GAP - 5}"'
    return f'<line {ends} stroke="{INK}" stroke-width="3" marker-end="url(#tip)"/>'


def room(i: int, y: float) -> list[str]:
    """One folder: its door plate, and what stands in it."""
    name, color, motto, things = ROOMS[i]
    plate = f"M18 {y} h{PLATE} v{ROOM} h-{PLATE} a10 10 0 0 1 -10 -10 v-{ROOM - 20} a10 10 0 0 1 10 -10 z"
    parts = [
        box(8, y, WIDTH - 16, ROOM, PAPER, color),
        f'<path d="{plate}" fill="{color}"/>',
        text(28, y + 44, name, 30, PAPER, f'font-weight="700" {MONO}'),
        *(text(28, y + 74 + 22 * k, line, 18, PAPER) for k, line in enumerate(motto)),
    ]
    for k, (thing, what) in enumerate(things):
        x, at = 18 + PLATE + 22 + (k % 2) * 338, y + 31 + (k // 2) * 54
        parts.append(text(x, at, thing, 18.5, INK, f'font-weight="600" {MONO}'))
        parts.append(text(x, at + 21, what, 17, SOFT))
    return parts


def halls(y: float) -> list[str]:
    """What is built of all rooms."""
    w = (WIDTH - 16 - GAP) / 2
    parts = []
    for k, (name, lines) in enumerate(HALLS):
        x = 8 + k * (w + GAP)
        parts += [box(x, y, w, 104, HALL, SOFT), text(x + 20, y + 34, name, 22, INK, f'font-weight="700" {MONO}')]
        parts += [text(x + 20, y + 62 + 23 * j, line, 17, SOFT) for j, line in enumerate(lines)]
    return parts


def picture() -> str:
    """The whole SVG."""
    parts: list[str] = []
    for i in range(len(ROOMS)):
        y = TOP + i * (ROOM + GAP)
        parts += [*room(i, y), arrow(116, y + ROOM)]
        if i == 1:
            line = y + ROOM + GAP / 2
            parts.append(f'<path d="M150 {line} H560" stroke="{SOFT}" stroke-width="1.5" stroke-dasharray="6 6"/>')
            parts.append(
                text(WIDTH - 12, line + 6, "above: no PyTorch · below: PyTorch", 17, SOFT, 'text-anchor="end"')
            )
    bottom = TOP + len(ROOMS) * (ROOM + GAP)
    parts += halls(bottom)
    height = bottom + 104 + 16
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" '
        'role="img" aria-label="groups, reps, emlp and conv, each importing only what is above it">'
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="7" refY="5" markerWidth="5" markerHeight="5" orient="auto">'
        f'<path d="M0 0 L10 5 L0 10 z" fill="{INK}"/></marker></defs>'
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    out = Path(__file__).resolve().parents[1] / "_static/architecture.svg"
    out.write_text(picture())
    print(f"wrote {out}")
