"""The picture of the architecture: folders as rooms, imports as arrows.  `python docs/_figures/architecture.py`."""

from __future__ import annotations

from pathlib import Path

INK, SOFT, PAPER = "#1d2433", "#5b6578", "#ffffff"
ROOM_W, ROOM_H, GAP, TOP = 262, 300, 42, 96
ROOMS = [
    (
        "groups/",
        "#2f6fb5",
        "symmetries, exactly",
        "Group",
        [
            ("from_generators, preserving", "ways to type one in"),
            ("*, wreath, subgroup", "new ones from old"),
            ("lie, order, is_compact", "structure, computed"),
            ("sample", "random elements"),
            ("catalog/", "O, SU, Sp, G2, S, …"),
        ],
    ),
    (
        "reps/",
        "#2a8c7c",
        "what the group acts on",
        "Rep, Hom",
        [
            ("V, T, Sym, Irrep, +, *", "an algebra"),
            ("rep_in >> rep_out", "all equivariant maps"),
            ("solve/", "orbits, irreps, elimination"),
            ("Certificate", "none is missing"),
            ("decompose, irreps", "Schur's lemma"),
        ],
    ),
    (
        "emlp/",
        "#c77a1c",
        "layers of solved maps",
        "nn.Module",
        [
            ("Linear, Bilinear", "trained coefficients"),
            ("Gate, NormAct, FourierAct", "nonlinearities"),
            ("Norm, BatchNorm", "kept variance"),
            ("EMLP", "a network, any group"),
            ("laws", "to run on your layer"),
        ],
    ),
    (
        "conv/",
        "#b0413e",
        "networks as kernels",
        "nn.Module",
        [
            ("ImplicitKernel", "K(gx) = ρ K(x) ρ⁻¹"),
            ("PointConv, GridConv", "no kernel per edge"),
            ("completeness", "every value allowed"),
            ("radius_graph, pool, fps", "clouds and graphs"),
            ("models/", "ResNet, U-Net, …"),
        ],
    ),
]
WIDTH = 4 * ROOM_W + 3 * GAP + 80
HEIGHT = 620


def text(x: float, y: float, words: str, size: float = 14, color: str = INK, more: str = "") -> str:
    """A line of text."""
    safe = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{color}" {more}>{safe}</text>'


def box(x: float, y: float, w: float, h: float, fill: str, stroke: str = "none", more: str = "") -> str:
    """A rounded rectangle."""
    return f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="10" fill="{fill}" stroke="{stroke}" {more}/>'


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """An arrow."""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{INK}" stroke-width="2.5" marker-end="url(#tip)"/>'


def room(i: int) -> list[str]:
    """One folder: a door plate, what it gives, its furniture."""
    name, color, motto, value, things = ROOMS[i]
    x = 40 + i * (ROOM_W + GAP)
    parts = [
        box(x, TOP, ROOM_W, ROOM_H, PAPER, color, 'stroke-width="2.5"'),
        f'<path d="M{x} {TOP + 58} v-48 a10 10 0 0 1 10 -10 h{ROOM_W - 20} a10 10 0 0 1 10 10 v48 z" fill="{color}"/>',
        text(x + 16, TOP + 28, name, 21, PAPER, 'font-weight="700" font-family="ui-monospace, monospace"'),
        text(x + 16, TOP + 48, motto, 13.5, PAPER),
        text(x + ROOM_W - 14, TOP + 28, value, 13, PAPER, 'text-anchor="end" font-style="italic"'),
    ]
    for k, (thing, what) in enumerate(things):
        y = TOP + 84 + k * 45
        parts.append(text(x + 16, y, thing, 13.5, INK, 'font-family="ui-monospace, monospace" font-weight="600"'))
        parts.append(text(x + 16, y + 17, what, 13, SOFT))
    return parts


def hall() -> list[str]:
    """What is built of the four rooms: examples and the package itself; tests and benchmarks beside them."""
    y, h = TOP + ROOM_H + 62, 96
    middle = 40 + 2 * ROOM_W + 1.5 * GAP
    left_w = middle - GAP / 2 - 40
    right = middle + GAP / 2
    mono = 'font-family="ui-monospace, monospace" font-weight="700"'
    return [
        box(40, y, left_w, h, "#eef1f6", SOFT, 'stroke-width="1.5"'),
        text(58, y + 30, "examples/", 18, INK, mono),
        text(58, y + 54, "notebooks, teaching scripts, and the experiments:", 13.5, SOFT),
        text(58, y + 74, "settings, data, model, baselines, a figure held to a bound", 13.5, SOFT),
        box(right, y, left_w, h, "#eef1f6", SOFT, 'stroke-width="1.5"'),
        text(right + 18, y + 30, "package/", 18, INK, mono),
        text(right + 18, y + 54, "what `import intertwine` adds: testing, train, plot,", 13.5, SOFT),
        text(right + 18, y + 74, "the command line", 13.5, SOFT),
        arrow(40 + left_w / 2, TOP + ROOM_H + 6, 40 + left_w / 2, y - 8),
        arrow(right + left_w / 2, TOP + ROOM_H + 6, right + left_w / 2, y - 8),
        text(
            40,
            HEIGHT - 22,
            "tests/ mirrors the rooms · benchmarks/ measures beside others · docs/ is this site",
            13.5,
            SOFT,
        ),
    ]


def picture() -> str:
    """The whole SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" '
        'role="img" aria-label="groups, reps, emlp and conv, each importing only what is to its left">',
        f'<defs><marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="6" markerHeight="6" orient="auto">'
        f'<path d="M0 0 L10 5 L0 10 z" fill="{INK}"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
    ]
    line = 40 + 2 * ROOM_W + 1.5 * GAP
    parts += [
        f'<line x1="{line}" y1="22" x2="{line}" y2="{TOP + ROOM_H + 30}" stroke="{SOFT}" stroke-dasharray="5 6"/>',
        text(line - 16, 50, "exact and float64 algebra: numpy, sympy, scipy", 15, SOFT, 'text-anchor="end"'),
        text(line + 16, 50, "networks: PyTorch", 15, SOFT),
        text(40, TOP - 16, "each room uses only what is to its left", 13.5, SOFT),
    ]
    for i in range(len(ROOMS)):
        parts += room(i)
        if i:
            x = 40 + i * (ROOM_W + GAP)
            parts.append(arrow(x - GAP + 4, TOP + 30, x - 5, TOP + 30))
    return "\n".join([*parts, *hall(), "</svg>"]) + "\n"


if __name__ == "__main__":
    out = Path(__file__).resolve().parents[1] / "_static/architecture.svg"
    out.write_text(picture())
    print(f"wrote {out}")
