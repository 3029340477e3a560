"""Which method solves a block."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from .._basis import Block
from .._errors import DecompositionError, NotReductive
from .._warnings import NumericalWarning
from .isotypic import solve_isotypic
from .nullspace import solve_nullspace
from .orbits import solve_orbits

if TYPE_CHECKING:
    from .._node import Rep


def solve_auto(rep_in: Rep, rep_out: Rep) -> Block:
    """Solve one block by the first method that applies.

    =========================================================  ===========================================
    the representations                                        method
    =========================================================  ===========================================
    every generator is a signed permutation on both sides      orbits: connected components, exact
    the group is reductive (some basis is closed under         isotypic: irreps and Schur's lemma
    conjugate transpose), the representations split,
    and are complex only where the group is
    everything else, rational generators                       nullspace: elimination mod p, lifted to ℚ
    everything else, floating-point or irrational generators   nullspace: rank-revealing float64
    … with more than 8,192 unknowns                            krylov: random maps, projected
    =========================================================  ===========================================

    Direct sums have been split before; ``exact`` is only used when asked for.

    Returns
    -------
    Block
        Its ``method`` says which one it was.
    """
    block: Block | None = solve_orbits(rep_in, rep_out)
    if block is not None:
        return block
    try:
        return solve_isotypic(rep_in, rep_out, rep_in._require_group())
    except NotReductive:
        return solve_nullspace(rep_in, rep_out)
    except DecompositionError as error:
        warnings.warn(
            f"Hom({rep_in!r}, {rep_out!r}) over {rep_in._require_group().name} was solved as a nullspace:"
            f" its irreps could not be told apart ({error}): give the generators exactly if you can",
            NumericalWarning,
            stacklevel=2,
        )
        return solve_nullspace(rep_in, rep_out)
