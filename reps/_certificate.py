"""Certificates: why a solved basis is believed.

A residual shows that every element of the basis is equivariant; it says nothing about elements that are
missing. So the number of elements is compared with an independent count wherever theory or exact arithmetic
gives one, and a disagreement raises.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._count import count
from ._errors import CertificateError

if TYPE_CHECKING:
    from ._basis import Block
    from ._node import Rep

TOLERANCE = 1e-10


@dataclass(frozen=True)
class Certificate:
    """What is known about a basis.

    Attributes
    ----------
    rank : int
        Number of basis elements.
    residual : float
        Largest ‖C q‖ / ‖C‖ over the (unit) basis elements, where they are few, and over random combinations.
    gap : float
        Smallest singular value kept out of the nullspace over the largest one kept in (relative to rounding);
        infinite where the method is exact.
    method : str
    count : int or None
        The rank according to an independent count.
    count_by : str or None
        What counted: "characters", "weights", "elimination mod p", …; None when nothing did.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T
    >>> certificate = (T(2) >> T(2))(SO(3)).certificate
    >>> certificate.rank, certificate.residual < 1e-10, certificate.count, certificate.count_by
    (3, True, 3, 'weights')
    """

    rank: int
    residual: float
    gap: float
    method: str
    count: int | None = None
    count_by: str | None = None

    def scaled(self, copies: int) -> Certificate:
        """The certificate of ``copies`` copies of the space."""
        count = None if self.count is None else self.count * copies
        return Certificate(self.rank * copies, self.residual, self.gap, self.method, count, self.count_by)


def certify(block: Block, rep_in: Rep, rep_out: Rep) -> Certificate:
    """Measure and count a block.

    Raises
    ------
    CertificateError
        If the residual is above 1e-10 or the independent count differs from the rank.
    """
    method = block.method or block.kind
    where = f"Hom({rep_in!r}, {rep_out!r}) over {rep_in._require_group().name}"
    measured = block.residual(rep_in, rep_out) if block.rank else 0.0
    if not measured <= TOLERANCE:
        raise CertificateError(
            f"{where}: method {method!r} gave {block.rank} maps with residual {measured:.2g}, expected at"
            f" most {TOLERANCE:.0e}: the generators are inconsistent or badly conditioned; give them exactly"
            " (as sympy numbers), or in a basis in which they are closer to orthogonal"
        )
    counted, by = count(rep_in, rep_out, block.rank, block.certain) or (None, None)
    if counted is not None and counted != block.rank:
        raise CertificateError(
            f"{where}: method {method!r} gave {block.rank} maps (residual {measured:.2g}), but by {by} there"
            f" are {counted}: try another method, e.g. hom.basis('nullspace'), or give the generators exactly"
        )
    gap = math.inf if math.isnan(block.gap) else block.gap
    return Certificate(block.rank, measured, gap, method, counted, by)


def combined(parts: Iterable[Certificate]) -> Certificate:
    """The certificate of a direct sum of spaces."""
    parts = list(parts)
    known = [part.count for part in parts if part.count is not None]
    methods = sorted({part.method for part in parts})
    by = sorted({part.count_by for part in parts if part.count_by is not None})
    complete = bool(parts) and len(known) == len(parts)
    return Certificate(
        rank=sum(part.rank for part in parts),
        residual=max((part.residual for part in parts), default=0.0),
        gap=min((part.gap for part in parts), default=math.inf),
        method=" + ".join(methods) or "split",
        count=sum(known) if complete else None,
        count_by=" + ".join(by) if complete else None,
    )
