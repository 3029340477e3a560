"""Other libraries, imported only where something of theirs is asked for."""

from __future__ import annotations

import importlib
from types import ModuleType

INSTALL = {
    "escnn": "pip install '.[escnn]' in the checkout (it needs numpy < 2 and, to build py3nj, a Fortran "
    "compiler: apt-get install gfortran)",
    "e3nn": "pip install '.[e3nn]' in the checkout",
}


def require(name: str) -> ModuleType:
    """A module of another library.

    Raises
    ------
    ImportError
        If it is not installed; says how to install it.

    Examples
    --------
    >>> require("json").dumps([1])
    '[1]'
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        library = name.partition(".")[0]
        how = INSTALL.get(library, f"pip install {library}")
        raise ImportError(f"{library} cannot be imported ({error}): {how}") from error
