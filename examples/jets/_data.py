"""Jets of top quarks, and of light quarks and gluons: generated, or the top-tagging reference data.

Generated: 16,000 jets by ``pythia8mc`` and ``fastjet`` (`_generate`; 50 MB, GPL), five minutes at the first
use.
Public: the Top Quark Tagging Reference Dataset (Zenodo 2603256; 2 million jets, 1.7 GB, CC BY 4.0), as
``train.h5``, ``val.h5`` and ``test.h5``.

Momenta are (E, px, py, pz) in GeV, the constituents of a jet by falling transverse momentum, then zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from .._source import MissingDataError, fingerprint, missing, source
from .._store import Arrays, stored
from .._supervised import cut
from ._generate import CONSTITUENTS, generate

COUNT, CHUNK = 8_000, 500  # of each kind
VALIDATION, TEST = 1_000, 8_000
PARTS = ("train", "val", "test")
FOLDERS = ("toptagging/", "top-tagging/", "")
HOW = "put train.h5, val.h5 and test.h5 of Zenodo 2603256 (1.7 GB, CC BY 4.0) into toptagging/ in one of these folders"
READ = 20_000  # rows of a public file at a time
COLUMNS = [f"{name}_{k}" for k in range(CONSTITUENTS) for name in ("E", "PX", "PY", "PZ")]
LABEL = "is_signal_new"


@dataclass(frozen=True)
class Jets:
    """Some jets.

    Attributes
    ----------
    momenta : (n, constituents, 4) float64 Tensor
        GeV; the hardest constituents, then zeros.  In double precision, since masses of pairs are small differences.
    beams : (n, 2, 4) float64 Tensor
        Directions of the two beams, (1, 0, 0, ±1).
    target : (n,) long Tensor
        1 for a top quark.
    """

    momenta: Tensor
    beams: Tensor
    target: Tensor

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, index: Tensor) -> Jets:
        index = index.to(self.target.device)
        return Jets(self.momenta[index], self.beams[index], self.target[index])

    def to(self, device: torch.device) -> Jets:
        """The same on another device."""
        return Jets(*(t.to(device) for t in (self.momenta, self.beams, self.target)))

    def moved(self, g: Tensor) -> Jets:
        """Every jet, and its beams, moved by a matrix (4, 4) or (n, 4, 4)."""
        g = g.to(self.momenta)
        return Jets(self.momenta @ g.mT, self.beams @ g.mT, self.target)


def jets(momenta: NDArray[np.float32], target: NDArray[np.int64]) -> Jets:
    """Jets of arrays, with the beams of a collider.

    Examples
    --------
    >>> jets(np.ones((2, 5, 4), np.float32), np.array([0, 1])).beams[0].tolist()
    [[1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, -1.0]]
    """
    beams = torch.tensor([[1.0, 0, 0, 1], [1, 0, 0, -1]], dtype=torch.float64)
    return Jets(torch.from_numpy(momenta).double(), beams.repeat(len(momenta), 1, 1), torch.from_numpy(target).long())


def load(name: str, samples: int, constituents: int, seed: int = 0) -> dict[str, Jets]:
    """Training, validation and test jets.

    Test jets do not depend on ``seed``; a smaller training set is the beginning of a larger one.

    Parameters
    ----------
    name : "pythia" or "public"
    samples : int
        Number of training jets.
    constituents : int
        Keep so many of every jet.
    seed : int

    Raises
    ------
    MissingDataError
        If the files or the packages are not there.
    ValueError
        Naming the file and the record that are damaged, or if there are fewer jets, or jets of one kind only.
    """
    if name == "public":
        return public(samples, constituents, seed)
    momenta, target = generated(constituents)
    order = np.random.default_rng(8317).permutation(len(target))
    parts = cut(order, TEST, VALIDATION, samples, seed, f"jets in source {name!r}")
    return {part: jets(momenta[i], target[i]) for part, i in parts.items()}


def generated(constituents: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Momenta (2 · COUNT, constituents, 4) and kinds of the generated jets, kept in the cache chunk by chunk."""
    wanted = [(top, k) for k in range(COUNT // CHUNK) for top in (True, False)]
    parts = [
        stored(f"jets-pythia-v1-{CHUNK}-{('qcd', 'top')[top]}-{k}", partial(generate, top, CHUNK, 1 + 2 * k + top))
        for top, k in track(wanted, "reading or generating jets", transient=True)
    ]
    momenta = np.concatenate([part["momenta"][:, :constituents] for part in parts])
    return momenta, np.repeat([int(top) for top, _ in wanted], CHUNK)


def public(samples: int, constituents: int, seed: int = 0) -> dict[str, Jets]:
    """Jets of the public files: training and validation jets chosen by seed, all test jets."""
    paths = [source(*(f"{folder}{part}.h5" for folder in FOLDERS)) for part in PARTS]
    found = [path for path in paths if path is not None]
    if len(found) < len(PARTS):
        raise missing("files of the top-tagging reference data", HOW)
    parts = {}
    for part, path in zip(PARTS, found):
        key = f"jets-public-v1-{part}-{constituents}-{fingerprint(path)}"
        arrays = stored(key, partial(read, path, constituents))
        n, kinds = len(arrays["target"]), np.unique(arrays["target"]).tolist()
        if len(kinds) < 2:
            raise ValueError(f"{path} holds jets of {LABEL} = {kinds[0]} only, not of 0 and 1: fetch it again")
        wanted = {"train": samples, "val": min(VALIDATION, n), "test": n}[part]
        if wanted > n:
            raise ValueError(f"{path} holds {n:,} jets, got samples={samples:,}")
        chosen = np.arange(n) if part == "test" else np.random.default_rng(seed).permutation(n)[:wanted]
        parts[part] = jets(arrays["momenta"][chosen], arrays["target"][chosen])
    return parts


def read(path: Path, constituents: int = CONSTITUENTS) -> Arrays:
    """Momenta (n, constituents, 4) and kinds (n,) of a file of the reference data: a table of pandas, in HDF5.

    Raises
    ------
    ValueError
        Naming the file, and the row that is no jet.
    MissingDataError
        If pandas or tables is not installed.
    """
    try:
        import pandas as pd
        import tables
    except ImportError:
        raise MissingDataError("the public files are read by pandas: pip install pandas tables   (BSD)") from None
    columns = [*COLUMNS[: 4 * constituents], LABEL]
    momenta, target = [], []
    try:
        with pd.HDFStore(path, "r") as store:
            rows = store.get_storer("table").nrows
            for start in track(range(0, rows, READ), f"reading {path.name}", transient=True):
                table = _numbers(store.select("table", start=start, stop=start + READ)[columns])
                _check(path, start, table)
                momenta.append(table[:, :-1].reshape(-1, constituents, 4).astype(np.float32))
                target.append(table[:, -1].astype(np.int64))
    except (OSError, KeyError, AttributeError, TypeError, tables.HDF5ExtError) as error:
        raise ValueError(f"cannot read {path} as a table of jets ({error}): fetch it again") from error
    if not momenta:
        raise ValueError(f"{path} holds no jets: fetch it again")
    return {"momenta": np.concatenate(momenta), "target": np.concatenate(target)}


def _numbers(table: Any) -> NDArray[np.float64]:
    """The numbers of a table of pandas."""
    try:
        return np.asarray(table.to_numpy(np.float64))
    except ValueError as error:
        raise TypeError(error) from None


def _check(path: Path, start: int, table: NDArray[np.float64]) -> None:
    """Raise a ValueError for the first row (E, px, py, pz, ..., kind) that is no jet."""
    p, kind = table[:, :-1].reshape(len(table), -1, 4), table[:, -1]
    with np.errstate(over="ignore"):
        size = np.linalg.norm(p[..., 1:], axis=-1)
    reasons = {
        "has numbers that are not finite": ~np.isfinite(table).all(1),
        "has numbers beyond single precision": (abs(table) > np.finfo(np.float32).max).any(1),
        "has no constituent": ~(p[:, 0, 0] > 0),
        "has a momentum larger than its energy": (p[..., 0] < (1 - 1e-3) * size).any(1),
        f"has {LABEL} other than 0 or 1": ~np.isin(kind, (0, 1)),
    }
    for reason, bad in reasons.items():
        if bad.any():
            raise ValueError(f"{path}, row {start + int(bad.argmax())}: the jet {reason}; fetch the file again")
