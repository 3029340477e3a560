"""Clouds of points on the surfaces of shapes that have one of some names; z is up.

Two sources: the Debian package ``sweethome3d-furniture`` (1.8, 120 MB, CC BY 3.0 and CC0), 354 of whose 820 models have
a name that tells one of ten classes; or ModelNet10 or ModelNet40 (Wu et al. 2015), OFF files in folders
``ModelNet40/<class>/{train,test}`` with the split they come with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from intertwine.groups import SO
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from .._augment import elements
from .._source import fingerprint, missing, source
from .._store import Arrays, stored
from ._furniture import KEYWORDS, models
from ._meshes import in_unit_ball, read_off, spread

POINTS, SEEN = 1024, 128  # on a surface; of these, in one cloud
VALIDATION, TEST = 0.2, 0.3  # shares of every class
FURNITURE = "sweethome3d-furniture_*.deb"
MODELNET = {"modelnet10": "ModelNet10", "modelnet40": "ModelNet40"}
HOW = {
    "sweethome3d": "`make data` fetches them, or `apt-get download sweethome3d-furniture` in one of these folders "
    "(120 MB, CC BY 3.0 and CC0)",
    "modelnet10": "put the unpacked ModelNet10.zip (450 MB, for research only) of modelnet.cs.princeton.edu there, so "
    "that there is ModelNet10/chair/train/chair_0001.off",
    "modelnet40": "put the unpacked ModelNet40.zip (2 GB, for research only) of modelnet.cs.princeton.edu there, so "
    "that there is ModelNet40/chair/train/chair_0001.off",
}


@dataclass(frozen=True)
class Clouds:
    """Some shapes.

    Attributes
    ----------
    points : (n, p, 3) Tensor
        In the unit ball, about their mean.
    target : (n,) long Tensor
    """

    points: Tensor
    target: Tensor

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: Tensor) -> Clouds:
        index = index.to(self.target.device)
        return Clouds(self.points[index], self.target[index])

    def to(self, device: torch.device) -> Clouds:
        """The same on another device."""
        return Clouds(self.points.to(device), self.target.to(device))


def load(name: str, samples: int, seed: int = 0, rotated: bool = False) -> dict[str, Clouds]:
    """Training shapes with all their points, and validation and test shapes with `SEEN` of them.

    Every shape is turned once: about the vertical, or by any rotation.  Test shapes do not depend on ``seed``; a
    smaller training set is the beginning of a larger one, and has about the classes' shares.

    Parameters
    ----------
    name : "sweethome3d", "modelnet10" or "modelnet40"
    samples : int
        Number of training shapes.
    seed : int
    rotated : bool

    Raises
    ------
    MissingDataError
        If the files are not there.
    ValueError
        Naming the file and the record that are damaged, or if there are fewer shapes, or not all parts or classes.
    """
    arrays = furniture() if name == "sweethome3d" else modelnet(MODELNET[name])
    target = torch.from_numpy(arrays["target"]).long()
    clouds = Clouds(torch.from_numpy(arrays["points"]), target)
    clouds = turned(clouds, torch.Generator().manual_seed(1889), rotated)
    parts = split(arrays["target"], arrays["part"], seed)
    _check(name, arrays["target"], parts)
    if samples > len(parts["train"]):
        raise ValueError(
            f"there are {len(parts['train']):,} training shapes in source {name!r}, got samples={samples:,}"
        )
    parts["train"] = parts["train"][:samples]
    whole = {part: clouds[torch.from_numpy(index)] for part, index in parts.items()}
    return {part: c if part == "train" else replace(c, points=c.points[:, :SEEN]) for part, c in whole.items()}


def turned(clouds: Clouds, generator: torch.Generator, rotated: bool) -> Clouds:
    """Every cloud turned by an angle of its own about the vertical, or by a rotation of its own."""
    group = SO(3) if rotated else SO(3).subgroup(fixing=[0, 0, 1])
    return moved(clouds, elements(group, len(clouds), generator))


def moved(clouds: Clouds, g: Tensor) -> Clouds:
    """Every cloud moved by its matrix (n, 3, 3)."""
    return replace(clouds, points=clouds.points @ g.mT.to(clouds.points))


def picked(clouds: Clouds, generator: torch.Generator) -> Clouds:
    """`SEEN` points of every cloud, at random."""
    order = torch.rand(clouds.points.shape[:2], generator=generator).argsort(1)[:, :SEEN]
    return replace(clouds, points=clouds.points.gather(1, order.to(clouds.target.device)[..., None].expand(-1, -1, 3)))


def split(target: NDArray[np.int64], part: NDArray[np.int64], seed: int) -> dict[str, NDArray[np.int64]]:
    """Indices of training, validation and test shapes, the same share of every class in each.

    Parameters
    ----------
    target : (n,) classes
    part : (n,)
        0 for training, 1 for test, -1 where that is not said.
    seed : int
        Of what is validated; test shapes do not depend on it.
    """
    fixed, rng = np.random.default_rng(2015), np.random.default_rng(seed)
    train, val, test = [], [], []
    for label in range(int(target.max()) + 1):
        own = fixed.permutation(np.flatnonzero(target == label))
        free, given = own[part[own] == -1], part[own] == 1
        held = round(TEST * len(free))
        test.append(np.concatenate([free[:held], own[given]]))
        rest = rng.permutation(np.concatenate([free[held:], own[part[own] == 0]]))
        held = round(VALIDATION * len(rest))
        val.append(rest[:held])
        train.append(rest[held:])
    place = np.concatenate([(np.arange(len(t)) + rng.random()) / max(len(t), 1) for t in train])
    mixed = {"val": np.concatenate(val), "test": fixed.permutation(np.concatenate(test))}
    return {"train": np.concatenate(train)[np.argsort(place)], **mixed}


def furniture() -> Arrays:
    """Points (n, POINTS, 3), classes and parts (-1) of the Debian package's models, kept in the cache."""
    path = source(FURNITURE)
    if path is None:
        raise missing("models of furniture", HOW["sweethome3d"])
    return stored(f"shapes-{path.stem}-{fingerprint(path)}-v1", lambda: read_furniture(path))


def read_furniture(path: Path) -> Arrays:
    """Points, classes and parts of the models in the package's archive."""
    rng, labels = np.random.default_rng(1), list(KEYWORDS)
    found = [
        (in_unit_ball(spread(model.mesh, POINTS, rng)), labels.index(model.label))
        for model in track(models(path), "reading models")
    ]
    return _arrays(found, [-1] * len(found))


def modelnet(folder: str) -> Arrays:
    """Points (n, POINTS, 3), classes and parts (0 training, 1 test) of ModelNet, kept in the cache."""
    files = _modelnet_files(folder)
    if not files:
        raise missing(f"files of {folder}", HOW[folder.lower()])
    there = {path.parent for path in files}
    lacking = sorted({of.with_name(part) for of in there for part in ("train", "test")} - there)
    if lacking:
        raise ValueError(f"{lacking[0]} holds no OFF files: unpack {folder}.zip again")
    return stored(f"shapes-{folder}-{fingerprint(*files)}-v1", lambda: read_modelnet(files))


def read_modelnet(files: list[Path]) -> Arrays:
    """Points, classes and parts of OFF files ``<class>/{train,test}/<name>.off``."""
    labels, rng = sorted({path.parts[-3] for path in files}), np.random.default_rng(1)
    found, part = [], []
    for path in track(files, "reading models"):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ValueError(f"cannot read {path} ({error.strerror}): unpack its archive again") from error
        points = spread(read_off(content, str(path)), POINTS, rng)
        found.append((in_unit_ball(points), labels.index(path.parts[-3])))
        part.append(int(path.parent.name == "test"))
    return _arrays(found, part)


def classes(name: str) -> list[str]:
    """The names of the classes of a source, in the order of their numbers."""
    if name == "sweethome3d":
        return list(KEYWORDS)
    return sorted({path.parts[-3] for path in _modelnet_files(MODELNET[name])})


def _modelnet_files(folder: str) -> list[Path]:
    where = source(folder)
    files = sorted(where.glob("*/*/*.off")) if where else []
    return [path for path in files if path.parent.name in ("train", "test")]


def _check(name: str, target: NDArray[np.int64], parts: dict[str, NDArray[np.int64]]) -> None:
    """Raise a ValueError that names the source's folder or file if it has too few classes or shapes."""
    where = source(MODELNET.get(name, FURNITURE))
    if (count := len(np.unique(target))) < 2:
        raise ValueError(f"{where} holds shapes of {count} class, expected two or more: fetch it again")
    for part, index in parts.items():
        if not len(index):
            raise ValueError(f"{where} holds too few shapes ({len(target)}): none is left for part {part!r}")


def _arrays(found: list[tuple[NDArray[np.float64], int]], part: list[int]) -> Arrays:
    points = np.stack([p for p, _ in found]).astype(np.float32)
    return {"points": points, "target": np.array([k for _, k in found]), "part": np.array(part)}
