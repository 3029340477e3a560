"""The reference says which nonlinearity works for which group."""

import warnings
from pathlib import Path

import pytest
from intertwine.emlp import BatchNorm, FourierAct, Gate, Norm, NormAct, Pointwise, TensorProductAct
from intertwine.groups import SE, SL, SO, C, Lorentz, S, Sp, U
from intertwine.reps import Regular, Scalar, V

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "emlp.md"
GROUPS = {"SO(3)": SO(3), "U(2)": U(2), "S(4)": S(4), "C(4)": C(4), "O(1, 3)": Lorentz(), "SE(2)": SE(2)}
GROUPS |= {"SL(3)": SL(3), "Sp(4)": Sp(4)}
LAYERS = {
    "`Gate`": lambda G: Gate(Scalar + V, G),
    "`TensorProductAct`": lambda G: TensorProductAct(Scalar + V, G),
    "`NormAct`": lambda G: NormAct(Scalar + V, G),
    "`FourierAct`": lambda G: FourierAct(G, 1),
    "`Pointwise` on `Regular`": lambda G: Pointwise(Regular, G),
    "`Pointwise`": lambda G: Pointwise(Scalar + V, G),
    "`Norm`, `BatchNorm`": lambda G: (Norm(Scalar + V, G), BatchNorm(Scalar + V, G)),
}


def table() -> dict[tuple[str, str], str]:
    rows = [line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line.startswith("|")]
    heads = [head.strip() for head in rows[0][1:]]
    cells = {}
    for words, *row in rows[2:]:
        layer = words.partition(" need")[0].strip()
        for head, cell in zip(heads, row, strict=True):
            for group in ["SL(3)", "Sp(4)"] if head == "SL(3), Sp(4)" else [head]:
                cells[layer, group] = cell.strip()
    return cells


def works(layer: str, group: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            LAYERS[layer](GROUPS[group])
    except ValueError:
        return False
    return True


def test_the_table_is_whole():
    assert set(table()) == {(layer, group) for layer in LAYERS for group in GROUPS}
    assert set(table().values()) == {"yes", "no", "odd functions"}


@pytest.mark.parametrize("layer", LAYERS)
def test_the_table_is_right(layer):
    found = {group: works(layer, group) for group in GROUPS}
    assert found == {group: table()[layer, group] == "yes" for group in GROUPS}
