"""Pictures of what the library computes, drawn without a display and without matplotlib's global state.

Every function takes a value of the library, and optionally the axes to draw on, and returns the axes; the figure is
``axes.figure``, and `save` writes it.

>>> from intertwine.groups import SO
>>> axes = roots(SO(5))
>>> axes.get_title()
'SO(5): roots of B2 = C2'
"""

from ._algebra import basis, blocks, generators
from ._animate import rotating
from ._errors import equivariance_errors
from ._figure import figure, save
from ._graphs import cayley_graph
from ._interactive import interactive
from ._kernels import field, kernel
from ._roots import roots, weights
from ._run import losses, parity, trajectories

__all__ = [
    "basis",
    "blocks",
    "cayley_graph",
    "equivariance_errors",
    "field",
    "figure",
    "generators",
    "interactive",
    "kernel",
    "losses",
    "parity",
    "roots",
    "rotating",
    "save",
    "trajectories",
    "weights",
]
