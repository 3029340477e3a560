"""Groups from generators, permutations and multiplication tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import _exact
from ._generators import Permutations, from_matrices
from ._group import Group


def from_generators(
    algebra: Iterable[Any] = (),
    discrete: Iterable[Any] = (),
    name: str | None = None,
    field: str | None = None,
) -> Group:
    """See `Group.from_generators`."""
    if field not in (None, "R", "C"):
        raise ValueError(f'field must be "R", "C" or None, got {field!r}')
    exact_algebra = [_exact.matrix(a, f"algebra generator {i}") for i, a in enumerate(algebra)]
    exact_discrete = [_exact.matrix(h, f"discrete generator {i}") for i, h in enumerate(discrete)]
    everything = exact_algebra + exact_discrete
    if not everything:
        raise ValueError("no generators given: the trivial group of R^d is Trivial(d)")
    d = _common_size(everything)
    found = "C" if any(_exact.is_complex(m) for m in everything) else "R"
    if field == "R" and found == "C":
        raise ValueError('field="R" but some entries are complex: use field="C" or leave it out')
    field = field or found
    for i, (h, values) in enumerate(zip(exact_discrete, _exact.numeric(tuple(exact_discrete), d, field))):
        _exact.check_invertible(h, values, i)
    generators = from_matrices(exact_algebra, exact_discrete, d, field)
    group = Group(name or "", generators)
    return group if name else Group(f"<{d}-dimensional group {group.key[:8]}>", generators)


def _common_size(matrices: Sequence[Any]) -> int:
    sizes = sorted({m.rows for m in matrices})
    if len(sizes) > 1:
        raise ValueError(f"all generators must act on the same space, got sizes {sizes}")
    return int(sizes[0])


def from_permutations(permutations: Sequence[Sequence[int]], name: str | None = None) -> Group:
    """See `Group.from_permutations`."""
    if len(permutations) == 0:
        raise ValueError("no permutations given: the trivial group of R^d is Trivial(d)")
    rows = [np.asarray(p) for p in permutations]
    d = len(rows[0])
    for i, p in enumerate(rows):
        if p.ndim != 1 or p.dtype.kind not in "iu" or not np.array_equal(np.sort(p), np.arange(len(p))):
            raise ValueError(
                f"permutation {i} is {list(permutations[i])!r}, expected the images of 0..{d - 1}, each exactly once"
            )
        if len(p) != d:
            raise ValueError(f"permutation 0 moves {d} points but permutation {i} moves {len(p)}")
    generators = Permutations(d, np.array(rows, dtype=np.int64))
    group = Group(name or "", generators)
    return group if name else Group(f"<permutation group on {d} points {group.key[:8]}>", generators)
