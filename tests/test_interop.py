"""Without escnn and e3nn: nothing imports them, and asking for what needs them says how to get them."""

import subprocess
import sys

import pytest
from intertwine import interop
from intertwine.emlp import Linear
from intertwine.groups import O
from intertwine.interop import from_irreps
from intertwine.interop._peers import require
from intertwine.reps import Irrep, Scalar, T, V

CALLS = {
    "from_escnn_group": lambda: interop.from_escnn_group(O(2)),
    "to_escnn_group": lambda: interop.to_escnn_group(O(2)),
    "from_escnn": lambda: interop.from_escnn(V),
    "space_of": lambda: interop.space_of(None),
    "to_escnn": lambda: interop.to_escnn(V(O(2)), None),
    "EscnnModule": lambda: interop.EscnnModule(Linear(V, V, O(2)), None),
    "FromEscnn": lambda: interop.FromEscnn(Linear(V, V, O(2))),
    "linear_from_escnn": lambda: interop.linear_from_escnn(Linear(V, V, O(2))),
    "grid_conv_from_escnn": lambda: interop.grid_conv_from_escnn(Linear(V, V, O(2))),
    "to_irreps": lambda: interop.to_irreps(V),
    "linear_from_e3nn": lambda: interop.linear_from_e3nn(Linear(V, V, O(3))),
    "linear_to_e3nn": lambda: interop.linear_to_e3nn(Linear(V, V, O(3))),
}


def test_nothing_imports_peers():
    code = (
        "import sys, intertwine.interop as interop, intertwine.conv.models\n"
        "sys.exit(any(name.partition('.')[0] in ('escnn', 'e3nn', 'torch_geometric') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", CALLS)
def test_what_is_missing_is_named(name, monkeypatch):
    for module in [m for m in sys.modules if m.partition(".")[0] in ("escnn", "e3nn")]:
        monkeypatch.delitem(sys.modules, module)
    for peer in ("escnn", "e3nn"):
        monkeypatch.setitem(sys.modules, peer, None)
    library = "e3nn" if "e3nn" in name or "irreps" in name else "escnn"
    with pytest.raises(ImportError, match=rf"{library} cannot be imported .*: pip install '\.\[{library}\]'"):
        CALLS[name]()


def test_any_other_library():
    with pytest.raises(ImportError, match=r"no_such_library cannot be imported .*: pip install no_such_library"):
        require("no_such_library.part")


def test_irreps_as_text():
    assert from_irreps("16x0e+8x1o+2e") == (16 * Irrep("0e") + 8 * Irrep("1o") + Irrep("2e"))(O(3))
    for none in ("", " ", "0x1o", "0x1o + 0x0e"):
        assert from_irreps(none) == 0 * Scalar(O(3))
    for wrong in ("16x0e, 8x1o", "V", "2", "1x2q", "+", "2x0e +"):
        with pytest.raises(ValueError, match="expected irreps of O"):
            from_irreps(wrong)


def test_names():
    assert all(hasattr(interop, name) for name in interop.__all__)
    assert set(interop.__all__) <= set(dir(interop))  # where the reference looks for them
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = interop.nothing
    assert interop._e3nn.irreps_text(V.dual + 2 * V) == "1x1o+2x1o"
    with pytest.raises(ValueError, match=r"T\(2\) is no irrep"):
        interop._e3nn.irreps_text(T(2))
    with pytest.raises(TypeError, match="to_irreps takes a Rep, got '2x0e': from_irreps reads"):
        interop._e3nn.irreps_text("2x0e")
