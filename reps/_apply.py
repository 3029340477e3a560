"""A representation applied to vectors factor by factor, so that no matrix of a tensor product is formed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._node import Rep
from ._tensor import Product, Sum

Array = NDArray[Any]


def apply(rep: Rep, matrix: Array, x: Array, derived: bool = False) -> Array:
    """ρ(g) x, or dρ(A) x where ``derived``.

    Parameters
    ----------
    rep : Rep
        Bound to a group.
    matrix : array (d, d)
        An element of the group, or of its Lie algebra.
    x : array (b, rep.dim)

    Returns
    -------
    array (b, rep.dim)

    Examples
    --------
    >>> import numpy as np
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T
    >>> rep, g, x = T(3)(SO(3)), SO(3).sample(rng=0), np.ones((1, 27))
    >>> bool(np.allclose(apply(rep, g, x), x @ rep.rho(g).T))
    True
    """
    if isinstance(rep, Product):
        n, m = rep.left.dim, rep.right.dim
        y = apply(rep.right, matrix, x.reshape(-1, m), derived)
        z = (x if derived else y).reshape(-1, n, m).swapaxes(1, 2).reshape(-1, n)
        z = apply(rep.left, matrix, z, derived).reshape(-1, m, n).swapaxes(1, 2).reshape(len(x), n * m)
        return z + y.reshape(z.shape) if derived else z
    if isinstance(rep, Sum):
        parts, start = [], 0
        for n, summand in rep.terms:
            block = x[:, start : start + n * summand.dim].reshape(len(x) * n, summand.dim)
            parts.append(apply(summand, matrix, block, derived).reshape(len(x), n * summand.dim))
            start += n * summand.dim
        return np.concatenate([x[:, :0], *parts], axis=1)
    image = rep.drho(matrix) if derived else rep.rho(matrix)
    return np.asarray(x @ image.T)
