"""Direct sums separate into blocks, and each distinct block is solved once.

Hom(⊕_j m_j s_j, ⊕_i n_i r_i) = ⊕_ij Hom(s_j, r_i)^(n_i m_j): only the distinct pairs (r_i, s_j) are solved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .._basis import Basis, Block, Placed
from .._certificate import Certificate, combined

if TYPE_CHECKING:
    from .._hom import Hom
    from .._node import Rep

Solved = tuple[Block, Certificate]


def solve_split(hom: Hom, solve_block: Callable[[Rep, Rep], Solved]) -> Basis:
    """Solve every distinct pair of summands and put the blocks in their places.

    Parameters
    ----------
    hom : Hom
        Bound.
    solve_block : callable
        ``(s, r) -> (block, certificate)``.
    """
    solved: dict[tuple[Rep, Rep], Solved] = {}
    placed, parts = [], []
    for rows, n, r in runs(hom.rep_out):
        for columns, m, s in runs(hom.rep_in):
            if (s, r) not in solved:
                solved[s, r] = solve_block(s, r)
            block, certificate = solved[s, r]
            parts.append(certificate.scaled(n * m))
            if block.rank:
                placed.append(Placed(block, rows, columns, (n, m)))
    return Basis(hom.rep_in, hom.rep_out, hom._bound(), tuple(placed), combined(parts))


def runs(rep: Rep) -> Iterator[tuple[int, int, Rep]]:
    """(first coordinate, copies, summand) of every run of equal summands; Alt(4) of three dimensions is none."""
    start = 0
    for n, summand in rep.summands():
        if summand.dim:
            yield start, n, summand
        start += n * summand.dim
