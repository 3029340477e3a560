"""Models beside other libraries: escnn, e3nn, and checkpoints as safetensors.

escnn and e3nn are imported when something of theirs is asked for, and not before; without them an ImportError says how
to install them.

>>> from intertwine.interop import from_irreps
>>> from_irreps("16x0e + 8x1o")
16 * Irrep('0e') + 8 * Irrep('1o')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._checkpoints import load, save
from ._e3nn import from_irreps, linear_from_e3nn, linear_to_e3nn, to_irreps
from ._escnn_convolutions import grid_conv_from_escnn
from ._escnn_groups import element_of, from_escnn_group, matrix_of, to_escnn_group
from ._escnn_reps import from_escnn, space_of
from ._escnn_types import to_escnn

if TYPE_CHECKING:
    from ._escnn_modules import EscnnModule, FromEscnn, linear_from_escnn

__all__ = [
    "EscnnModule",
    "FromEscnn",
    "element_of",
    "from_escnn",
    "from_escnn_group",
    "from_irreps",
    "grid_conv_from_escnn",
    "linear_from_e3nn",
    "linear_from_escnn",
    "linear_to_e3nn",
    "load",
    "matrix_of",
    "save",
    "space_of",
    "to_escnn",
    "to_escnn_group",
    "to_irreps",
]


def __getattr__(name: str) -> Any:
    """Modules that derive from one of escnn's: read with the first use, because escnn is."""
    if name in ("EscnnModule", "FromEscnn", "linear_from_escnn"):
        from . import _escnn_modules

        return getattr(_escnn_modules, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
