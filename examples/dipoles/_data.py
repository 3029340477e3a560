"""Dipoles and polarizabilities of QM9's molecules by GFN2-xTB, in the frame of their positions.

QM9 itself has the norm of the dipole and the isotropic polarizability only.  The semi-empirical method GFN2-xTB of the
package ``tblite`` (7 MB, LGPL) takes about 20 ms a molecule; 5,000 are computed at the first use.

References
----------
Bannwarth, Ehlert, Grimme, GFN2-xTB, J. Chem. Theory Comput. 15 (2019); Ramakrishnan et al., Sci. Data 1 (2014).
"""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from rich.progress import track

from .._source import MissingDataError
from .._store import Arrays, stored
from .._supervised import cut
from ..qm9 import _data as qm9

COUNT, CHUNK, VALIDATION, TEST = 5_000, 100, 500, 1_000
NUMBERS = np.array([1, 6, 7, 8, 9])  # of `qm9.ELEMENTS`
BOHR = 0.529177210903  # Å
DEBYE = 2.541746473  # in units of the elementary charge times the Bohr radius
FIELD = 2e-3  # atomic units, of the central differences
ACCURACY = 0.01  # of the self-consistent field, in units of tblite's default
UNITS = {"dipole": "D", "polarizability": "a0^3"}


def properties(numbers: ArrayLike, pos: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Dipole (3,) in Debye and polarizability (3, 3) in a0³ of a neutral molecule.

    The polarizability is the derivative of the dipole by a uniform electric field, by central differences.

    Parameters
    ----------
    numbers : (atoms,) atomic numbers
    pos : (atoms, 3), Å

    Raises
    ------
    MissingDataError
        If tblite is not installed.
    ValueError
        If the self-consistent field does not converge.
    """
    try:
        from tblite.exceptions import TBLiteRuntimeError
        from tblite.interface import Calculator
        from tblite.library import ffi
    except ImportError:
        raise MissingDataError("dipoles are computed by GFN2-xTB: pip install tblite   (7 MB, LGPL)") from None

    start = None

    def dipole(field: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal start
        try:
            calculator = Calculator("GFN2-xTB", np.asarray(numbers), np.asarray(pos, dtype=np.float64) / BOHR)
            calculator.set("verbosity", 0)
            calculator.set("accuracy", ACCURACY)
            if field.any():
                calculator.add("electric-field", ffi.new("double[3]", field.tolist()))
            start = calculator.singlepoint(start)
        except TBLiteRuntimeError as error:
            raise ValueError(f"GFN2-xTB has no solution for {len(np.asarray(pos))} atoms: {error}") from error
        return np.array(start.get("dipole"))

    still = dipole(np.zeros(3))
    slopes = [(dipole(FIELD * axis) - dipole(-FIELD * axis)) / (2 * FIELD) for axis in np.eye(3)]
    alpha = np.stack(slopes)
    return DEBYE * still, (alpha + alpha.T) / 2


def compute(arrays: Arrays, index: NDArray[np.int64]) -> Arrays:
    """Index, dipoles (n, 3) and polarizabilities (n, 9) of those of the molecules that converge.

    Warns
    -----
    UserWarning
        Counting the others.
    """
    ends = np.cumsum(arrays["size"], dtype=np.int64)
    kept, dipoles, alphas = [], [], []
    for i in index.tolist():
        atoms = slice(int(ends[i] - arrays["size"][i]), int(ends[i]))
        try:
            mu, alpha = properties(NUMBERS[arrays["kind"][atoms]], arrays["pos"][atoms])
        except ValueError:
            continue
        kept.append(i)
        dipoles.append(mu)
        alphas.append(alpha.flatten())
    if len(kept) < len(index):
        warnings.warn(f"GFN2-xTB has no solution for {len(index) - len(kept)} molecules: left out", stacklevel=2)
    return {
        "index": np.array(kept, int),
        "dipole": np.array(dipoles).reshape(-1, 3),
        "polarizability": np.array(alphas).reshape(-1, 9),
    }


def computed(key: str, arrays: Arrays) -> Arrays:
    """`compute` of `COUNT` molecules, a hundred at a time kept in the cache."""
    chosen = np.random.default_rng(2019).permutation(len(arrays["size"]))[:COUNT]
    parts = [
        stored(f"{key}-xtb-v1-{k}", partial(compute, arrays, some))
        for k, some in enumerate(track(np.split(chosen, range(CHUNK, len(chosen), CHUNK)), "computing dipoles"))
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def load(target: str, samples: int, seed: int = 0) -> dict[str, qm9.Molecules]:
    """Training, validation and test molecules with their dipoles (n, 3) or polarizabilities (n, 9).

    Test molecules do not depend on ``seed``; a smaller training set is the beginning of a larger one.

    Parameters
    ----------
    target : "dipole" or "polarizability"
    samples : int
    seed : int

    Raises
    ------
    ValueError
        If there are fewer molecules.
    MissingDataError
        If qm9pack or tblite is not installed.
    """
    key, arrays = qm9.geometries()
    found = stored(f"{key}-xtb-v1", lambda: computed(key, arrays))
    values = torch.from_numpy(found[target])
    parts = cut(np.arange(len(values)), TEST, VALIDATION, samples, seed, "molecules")
    return {
        part: qm9.molecules(arrays, found["index"][own], values[torch.from_numpy(own)]) for part, own in parts.items()
    }
