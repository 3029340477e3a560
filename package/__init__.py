"""intertwine: a group-agnostic toolkit for equivariant networks.

Type in a group; the library finds its representations, solves for every equivariant linear map, and
builds equivariant MLPs and steerable convolutions from them.  Import from the four layers::

    intertwine.groups  ->  intertwine.reps  ->  intertwine.emlp  ->  intertwine.conv
"""

from importlib.metadata import version as _version

__version__ = _version("intertwine")
__all__ = ["__version__"]
