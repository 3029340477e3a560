"""The models of Debian's package ``sweethome3d-furniture``, read from its archive.

A ``.deb`` is an ``ar`` archive with a tar archive in it; in that are libraries (``.sh3f``, zip archives) of OBJ files
with a catalogue of names.
"""

from __future__ import annotations

import io
import lzma
import re
import sys
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ._meshes import Mesh, read_obj

#: what Python raises for archives whose bytes have changed
DAMAGED = (OSError, EOFError, tarfile.TarError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, RuntimeError)
MAGIC, HEADER = b"!<arch>\n", 60
CATALOGUE = "PluginFurnitureCatalog.properties"
#: the last word of a name, before what it is "with" or "on" and numbers, tells its class
KEYWORDS = {
    "bed": "bed crib futon mattress",
    "cabinet": "cabinet bookcase shelves wardrobe cupboard drawers dresser chest locker",
    "chair": "chair armchair stool seat",
    "door or window": "door window",
    "lamp": "lamp light lantern lamppost",
    "person": "male female boy girl",
    "plant": "plant tree bamboo ficus pine maple poplar cypress acacia beech yucca tulips orchids flowers hedge bush "
    "cactus lily spathiphyllum blossom",
    "sofa": "sofa couch",
    "table": "table desk",
    "vessel": "bottle glass cup mug vase bowl jar pottery pot teapot barrel",
}
CLASS_OF = {word: name for name, words in KEYWORDS.items() for word in words.split()}


class Model(NamedTuple):
    """A named mesh, z up."""

    name: str
    label: str
    mesh: Mesh


def class_of(name: str) -> str | None:
    """The class that the name of a model tells, or None.

    Examples
    --------
    >>> class_of("Coffee table"), class_of("Chair with cushion"), class_of("Sofa 3 seats"), class_of("Table fan")
    ('table', 'chair', 'sofa', None)
    """
    words = re.split(r" with | on | \d", name.lower())[0].split()
    return CLASS_OF.get(words[-1], CLASS_OF.get(words[-1].removesuffix("s"))) if words else None


def models(path: Path) -> Iterator[Model]:
    """The models in a ``.deb`` whose names tell a class, library by library.

    Raises
    ------
    ValueError
        Naming the archive, the library and the entry that cannot be read.
    """
    try:
        for name, content in libraries(path):
            with zipfile.ZipFile(io.BytesIO(content)) as library:
                yield from _models(library, f"{name} of {path}")
    except DAMAGED as error:
        raise ValueError(f"cannot read {path} ({error}): delete it, and fetch it again with `make data`") from error


def libraries(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the ``.sh3f`` files in a ``.deb``, sorted by name."""
    with tarfile.open(fileobj=io.BytesIO(_data_of(path))) as archive:
        members = sorted((m for m in archive if m.name.endswith(".sh3f")), key=lambda m: m.name)
        if not members:
            raise ValueError(f"{path} has no furniture library (*.sh3f): it is another package")
        for member in members:
            file = archive.extractfile(member)
            if file is not None:
                yield Path(member.name).name, file.read()


def _data_of(path: Path) -> bytes:
    """The ``data.tar`` (compressed) in a ``.deb``."""
    content = path.read_bytes()
    if not content.startswith(MAGIC):
        raise ValueError(f"{path} is no Debian package: it begins with {content[:8]!r}, not {MAGIC!r}")
    at = len(MAGIC)
    while at + HEADER <= len(content):
        header = content[at : at + HEADER]
        name, size = header[:16].decode("latin-1").strip().removesuffix("/"), header[48:58].strip()
        end = at + HEADER + (int(size) if size.isdigit() else len(content))
        if end > len(content):
            raise ValueError(f"{path} ends within its member {name!r}: delete it, and fetch it again with `make data`")
        if name == "data.tar.zst" and sys.version_info < (3, 14):
            raise ValueError(
                f"{path} is compressed by zstd, which Python reads from 3.14 on: unpack it and pack it again, with "
                "`dpkg-deb -R FILE folder` and `dpkg-deb -Zxz -b folder FILE`"
            )
        if name.startswith("data.tar"):
            return content[at + HEADER : end]
        at = end + end % 2
    raise ValueError(f"{path} has no member data.tar: it is damaged, or no Debian package")


def _models(library: zipfile.ZipFile, where: str) -> Iterator[Model]:
    try:
        text = library.read(CATALOGUE).decode("latin-1")
    except KeyError:
        raise ValueError(f"{where} has no {CATALOGUE}: it is no furniture library") from None
    entries: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for key, number, value in re.findall(r"^(\w+)#(\d+)[ \t]*=[ \t]*(.*?)\s*$", text, re.MULTILINE):
        entries[int(number)][key] = value
    for number, entry in sorted(entries.items()):
        name = entry.get("name", "")
        label = class_of(name)
        if label is not None:
            yield Model(name, label, _mesh(library, entry, f"{where}, entry {number} ({name})"))


def _mesh(library: zipfile.ZipFile, entry: dict[str, str], record: str) -> Mesh:
    member = entry.get("model", "").lstrip("/")
    try:
        mesh = read_obj(library.read(member), member)
        turn = np.array(entry.get("modelRotation", "1 0 0 0 1 0 0 0 1").split(), dtype=np.float64).reshape(3, 3)
    except KeyError:
        raise ValueError(f"{record}: there is no file {member!r} in the library") from None
    except (ValueError, *DAMAGED) as error:
        raise ValueError(f"{record}: {error}") from error
    x, y, z = (mesh.vertices @ turn.T).T  # y is up in these files
    return Mesh(np.stack([x, -z, y], 1), mesh.triangles)
