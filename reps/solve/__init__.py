"""Solvers of Hom spaces: one verb, several methods, one certificate."""

from __future__ import annotations

import time
import warnings
from functools import partial
from typing import TYPE_CHECKING

from .. import _cache
from .._basis import Basis, Block
from .._certificate import Certificate, certify
from .._errors import CertificateError
from .._warnings import NumericalWarning
from .auto import solve_auto
from .exact import solve_exact
from .isotypic import solve_isotypic
from .krylov import solve_krylov
from .nullspace import solve_nullspace
from .orbits import check_size, solve_orbits
from .split import Solved, solve_split

if TYPE_CHECKING:
    from .._hom import Hom
    from .._node import Rep

__all__ = ["METHODS", "solve"]

METHODS = ("auto", "split", "orbits", "isotypic", "nullspace", "krylov", "exact")
_WORTH_STORING = 0.05  # seconds

_memory: _cache.Memory[Solved] = _cache.Memory()


def solve(hom: Hom, method: str = "auto") -> Basis:
    """Solve for all equivariant maps.

    The space is the nullspace of ``hom.constraint()``; the methods differ only in how they find it.

    Parameters
    ----------
    hom : Hom
        Bound to a group.
    method : {"auto", "split", "orbits", "isotypic", "nullspace", "krylov", "exact"}
        Direct sums are always split first, so "split" alone is another word for "auto".

        - "auto": decides block by block, see `intertwine.reps.solve.auto.solve_auto`.
        - "orbits": orbits of index pairs; signed permutation representations.
        - "isotypic": irreps and Schur's lemma; reductive groups. The basis stays factored.
        - "nullspace": elimination modulo a prime lifted to ℚ (rational generators), or rank-revealing
          float64.
        - "krylov": random maps projected by LSMR, matrix-free; any group, few maps among many unknowns.
        - "exact": sympy over ℚ or a number field; small.

    Returns
    -------
    Basis
        With its certificate.

    Raises
    ------
    ValueError
        If the Hom space is not bound, the method is unknown, or it does not apply to this group, or a representation
        is too large to form anything of its dimension.
    RankError
        If floating-point generators leave no clear gap between zero and non-zero singular values.
    CertificateError
        If the basis found contradicts an independent check.

    Examples
    --------
    >>> from intertwine.groups import S
    >>> from intertwine.reps import T
    >>> basis = solve((T(2) >> T(2))(S(4)))
    >>> basis.rank, basis.certificate.method
    (15, 'orbits')
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}: expected one of {', '.join(METHODS)}")
    if not hasattr(hom, "rep_in"):
        raise TypeError(f"solve takes a Hom space, rep_in >> rep_out bound to a group, got {hom!r}")
    hom._bound()
    return solve_split(hom, partial(_solve_block, method="auto" if method == "split" else method))


def _solve_block(rep_in: Rep, rep_out: Rep, method: str) -> Solved:
    """From memory, from disk, or solved and certified."""
    key = (rep_in, rep_out, method)
    solved = _memory.get(key)
    if solved is None:
        solved = _stored(rep_in, rep_out, method) or _fresh(rep_in, rep_out, method)
        _memory.put(key, solved, _size(solved[0]))
    return solved


def _stored(rep_in: Rep, rep_out: Rep, method: str) -> Solved | None:
    block = _cache.load(rep_in, rep_out, method)
    if block is None:
        return None
    try:
        return block, certify(block, rep_in, rep_out)
    except CertificateError:
        return None


def _fresh(rep_in: Rep, rep_out: Rep, method: str) -> Solved:
    start = time.perf_counter()
    block = _run(rep_in, rep_out, method)
    try:
        certificate: Certificate = certify(block, rep_in, rep_out)
    except CertificateError as error:
        if method != "auto" or block.method == "nullspace":
            raise
        warnings.warn(f"{error}; solved as a nullspace instead", NumericalWarning, stacklevel=2)
        block = solve_nullspace(rep_in, rep_out)
        certificate = certify(block, rep_in, rep_out)
    if time.perf_counter() - start > _WORTH_STORING:
        _cache.store(block, rep_in, rep_out, method)
    return block, certificate


def _run(rep_in: Rep, rep_out: Rep, method: str) -> Block:
    if method == "auto":
        return solve_auto(rep_in, rep_out)
    if method != "orbits":
        check_size(rep_in, rep_out)
    if method == "nullspace":
        return solve_nullspace(rep_in, rep_out)
    if method == "exact":
        return solve_exact(rep_in, rep_out)
    if method == "krylov":
        return solve_krylov(rep_in, rep_out)
    if method == "isotypic":
        return solve_isotypic(rep_in, rep_out, rep_in._require_group())
    block = solve_orbits(rep_in, rep_out)
    if block is None:
        raise ValueError(
            f"method 'orbits' needs every generator to act by a signed permutation, but some generator of"
            f" {rep_in._require_group().name} does not on {rep_in!r} or {rep_out!r}: use method='auto'"
        )
    return block


def _size(block: Block) -> int:
    arrays = block.arrays()
    return 1024 + sum(array.nbytes for array in arrays.values()) if arrays is not None else 2**20
