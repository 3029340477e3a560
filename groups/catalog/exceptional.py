"""The exceptional group G2."""

from __future__ import annotations

import warnings
from functools import lru_cache
from itertools import permutations
from typing import Any

import numpy as np

from .._errors import ComponentsWarning
from .._group import Group

#: e_i e_j = ± e_k for the imaginary units of the octonions: the lines of the Fano plane
FANO = {
    (0, 1, 2): 1,
    (0, 3, 4): 1,
    (0, 5, 6): -1,
    (1, 3, 5): 1,
    (1, 4, 6): 1,
    (2, 3, 6): 1,
    (2, 4, 5): -1,
}


def associative_form() -> Any:
    """The 3-form φ(x, y, z) = ⟨xy, z⟩ of the imaginary octonions, an integer array (7, 7, 7)."""
    phi = np.zeros((7, 7, 7), int)
    for line, sign in FANO.items():
        for order in permutations(range(3)):
            parity = round(np.linalg.det(np.eye(3)[list(order)]))
            phi[tuple(line[i] for i in order)] = sign * parity
    return phi


def G2() -> Group:
    """The automorphism group of the octonions on their imaginary part ℝ⁷: the stabiliser of the form ⟨xy, z⟩.

    The stabiliser is connected (Bryant, Ann. Math. 126, 1987, section 2).

    Examples
    --------
    >>> G2().d, G2().lie_dim, G2().is_compact
    (7, 14, True)
    """
    return _g2()


@lru_cache(maxsize=1)
def _g2() -> Group:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ComponentsWarning)
        return Group.stabilizer(associative_form(), name="G2()")
