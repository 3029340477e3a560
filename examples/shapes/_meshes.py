"""Triangle meshes from OBJ and OFF files, and points spread over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True)
class Mesh:
    """Triangles in space.

    Attributes
    ----------
    vertices : (v, 3) float64
    triangles : (t, 3) int64, indices of vertices
    """

    vertices: Floats
    triangles: NDArray[np.int64]


def read_obj(content: bytes, name: str) -> Mesh:
    """The mesh of a Wavefront OBJ file; polygons become fans of triangles.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for messages.

    Raises
    ------
    ValueError
        Naming the file and the line that cannot be read.

    Examples
    --------
    >>> read_obj(b"v 0 0 0\\nv 1 0 0\\nv 1 1 0\\nv 0 1 0\\nf 1/1/1 2/2/1 3//1 -1", "square.obj").triangles.tolist()
    [[0, 1, 2], [0, 2, 3]]
    """
    vertices: list[list[float]] = []
    triangles: list[tuple[int, int, int]] = []
    text = content.decode("latin-1").replace("\\\n", " ").replace("\\\r\n", " ")
    for number, line in enumerate(text.splitlines(), 1):
        kind, *words = line.split() or [""]
        try:
            if kind == "v":
                vertices.append(_point(words))
            elif kind == "f":
                triangles += _fan([_vertex(word, len(vertices)) for word in words])
        except ValueError as error:
            raise ValueError(f"{name}, line {number}: {error}") from None
    return _checked(vertices, triangles, name)


def read_off(content: bytes, name: str) -> Mesh:
    """The mesh of an OFF file, even one whose counts follow ``OFF`` without a space, as in ModelNet.

    Comments may stand anywhere; every vertex and every face has a line of its own, as what follows it there is a color.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for messages.

    Raises
    ------
    ValueError
        Naming the file and the line that cannot be read.

    Examples
    --------
    >>> read_off(b"OFF3 1 0\\n0 0 0\\n1 0 0\\n0 1 0\\n3 0 1 2\\n", "one.off").triangles.tolist()
    [[0, 1, 2]]
    """
    stripped = ((k, line.partition("#")[0].split()) for k, line in enumerate(content.decode("latin-1").splitlines(), 1))
    lines = iter([(k, words) for k, words in stripped if words])
    number, first = next(lines, (1, [""]))
    if not first[0].startswith("OFF"):
        raise ValueError(f"{name}, line {number}: an OFF file begins with OFF, got {' '.join(first)[:12]!r}")
    counts = [word for word in (first[0][3:], *first[1:]) if word]
    if not counts:
        number, counts = next(lines, (number, []))
    if len(counts) < 2 or not all(map(_natural, counts[:2])):
        raise ValueError(f"{name}, line {number}: expected numbers of vertices and faces, got {' '.join(counts)!r}")
    v, f = map(int, counts[:2])
    vertices = _each(lines, v, _point, name)
    faces = _each(lines, f, partial(_face, count=v), name)
    if len(vertices) < v or len(faces) < f:
        raise ValueError(
            f"{name} ends after {len(vertices)} of {v} vertices and {len(faces)} of {f} faces: fetch it again"
        )
    return _checked(vertices, [triangle for face in faces for triangle in _fan(face)], name)


def spread(mesh: Mesh, count: int, rng: np.random.Generator) -> Floats:
    """Points (count, 3) at random on the triangles, uniformly by area.

    Examples
    --------
    >>> mesh = Mesh(np.array([[0.0, 0, 1], [2, 0, 1], [0, 2, 1]]), np.array([[0, 1, 2]]))
    >>> spread(mesh, 50_000, np.random.default_rng(0)).mean(0).round(1).tolist()
    [0.7, 0.7, 1.0]
    """
    a, b, c = mesh.vertices[mesh.triangles].swapaxes(0, 1)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = rng.choice(len(area), count, p=area / area.sum())
    s, t = rng.random((2, count, 1))
    s, t = np.where(s + t > 1, 1 - s, s), np.where(s + t > 1, 1 - t, t)
    return np.asarray((1 - s - t) * a[chosen] + s * b[chosen] + t * c[chosen])


def in_unit_ball(points: Floats) -> Floats:
    """The same points about their mean, the farthest at distance 1.

    Examples
    --------
    >>> in_unit_ball(np.array([[1.0, 2, 3], [5, 2, 3]])).tolist()
    [[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """
    points = points - points.mean(0)
    return np.asarray(points / np.linalg.norm(points, axis=1).max())


def _each(lines: Iterator[tuple[int, list[str]]], count: int, read: Callable[[list[str]], T], name: str) -> list[T]:
    """What is read from the next lines, at most ``count``."""
    found = []
    for number, words in islice(lines, count):
        try:
            found.append(read(words))
        except ValueError as error:
            raise ValueError(f"{name}, line {number}: {error}") from None
    return found


def _point(words: list[str]) -> list[float]:
    try:
        point = [float(word) for word in words[:3]]
    except ValueError:
        point = []
    if len(point) < 3 or not np.isfinite(point).all():
        raise ValueError(f"a vertex has three finite coordinates, got {' '.join(words)!r}")
    return point


def _vertex(word: str, count: int) -> int:
    """Index of a corner written v, v/vt, v//vn or v/vt/vn; from 1, or from the last one back if negative."""
    try:
        k = int(word.partition("/")[0])
    except ValueError:
        raise ValueError(f"a corner of a face is v, v/vt, v//vn or v/vt/vn, got {word!r}") from None
    if not 1 <= abs(k) <= count:
        raise ValueError(f"a face names vertex {k}, but there are {count} before it")
    return k - 1 if k > 0 else count + k


def _natural(word: str) -> bool:
    """Whether a word is a number from 0 to 10¹⁸ − 1."""
    return word.isdecimal() and len(word) <= 18


def _face(words: list[str], count: int) -> list[int]:
    if not all(map(_natural, words[: int(words[0]) + 1 if _natural(words[0]) else 1])):
        raise ValueError(f"a face is the number of its corners and their vertices, got {' '.join(words)!r}")
    corners = [int(word) for word in words[1 : int(words[0]) + 1]]
    if len(corners) < int(words[0]):
        raise ValueError(f"a face of {words[0]} corners names {len(corners)}")
    if max(corners, default=0) >= count:
        raise ValueError(f"a face names vertex {max(corners)}, but there are {count}, from 0")
    return corners


def _fan(corners: list[int]) -> list[tuple[int, int, int]]:
    return [(corners[0], b, c) for b, c in pairwise(corners[1:])]


def _checked(vertices: list[list[float]], triangles: list[tuple[int, int, int]], name: str) -> Mesh:
    mesh = Mesh(np.array(vertices, dtype=np.float64).reshape(-1, 3), np.array(triangles, dtype=np.int64).reshape(-1, 3))
    a, b, c = mesh.vertices[mesh.triangles].swapaxes(0, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()
    if not 0 < area < np.inf:
        has = f"{len(vertices)} vertices and {len(triangles)} triangles, of area {area:.3g} together"
        raise ValueError(f"{name} has no surface: {has}")
    return mesh
