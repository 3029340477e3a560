"""Finite groups through permutations: orders, elements, conjugacy classes, uniform sampling.

A matrix group is finite if and only if the orbits of the basis vectors are finite, and then it acts
faithfully on their union.  So every finite matrix group has a permutation *model*, to which
Schreier–Sims applies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph
from numpy.typing import NDArray
from sympy.combinatorics import Permutation, PermutationGroup

from . import _balance
from ._generators import Permutations

if TYPE_CHECKING:
    from ._group import Group

Array = NDArray[Any]

MAX_ELEMENTS = 20_000
MAX_ORBIT = 5_000
LARGEST = 1e9  # coordinate of an orbit point; beyond it the orbit is taken to be infinite
GRID = 367_879.4411714423  # irrational spacing, so that no entry sits where rounding flips


@dataclass(frozen=True, eq=False)
class Model:
    """A finite group as permutations of the orbit points (N, d); the first d points are the basis vectors.

    Coordinates of the points are those of V times ``units`` (d,), and so are the basis vectors.
    """

    points: Array
    group: Group
    units: Array

    def matrices(self, images: Array) -> Array:
        """Matrices (n, d, d) of permutations (n, N) of the points: column j is where e_j goes."""
        moved = np.swapaxes(self.points[images[:, : self.points.shape[1]]], 1, 2)
        return np.asarray(moved * (self.units / self.units[:, None]))

    def scaled(self, matrices: Array) -> Array:
        """Matrices (..., d, d) in the coordinates of the points."""
        return np.asarray(matrices * (self.units[:, None] / self.units))


@lru_cache(maxsize=256)
def model(group: Group) -> Model | None:
    """Permutation model of a finite group; None when infinite, or its orbits are too large or too close to tell."""
    if group.is_permutation:
        return Model(np.eye(group.d), group, np.ones(group.d))
    if len(group.lie_algebra) and group.lie_dim:
        return None
    units = _balance.units(group.lie_algebra, group.discrete_generators)
    found = orbit_model(group.discrete_generators * (units[:, None] / units))
    if found is None:
        return None
    points, images = found
    return Model(points, type(group)(f"orbit of {group}", Permutations(len(points), images)), units)


def orbit_model(generators: Array) -> tuple[Array, Array] | None:
    """Orbit (N, d) of the basis vectors, and the permutations (m, N) of it by generators (m, d, d); None as above."""
    d = generators.shape[-1]
    points = list(np.eye(d, dtype=generators.dtype))
    places = {mark(x): i for i, x in enumerate(points)}
    images: list[list[int]] = [[] for _ in generators]
    done = 0
    while done < len(points):
        moved = generators @ points[done]  # (m, d)
        if np.abs(moved).max(initial=0) > LARGEST:
            return None
        for image, x in zip(images, moved):
            place = places.setdefault(mark(x), len(points))
            if place == len(points):
                points.append(x)
            image.append(place)
        done += 1
        if len(points) > MAX_ORBIT:
            return None
    if any(len(set(row)) < len(points) for row in images):
        return None
    return np.array(points), np.array(images, dtype=np.int64).reshape(len(generators), len(points))


def mark(x: Array) -> bytes:
    """Bytes that tell numbers apart that differ by more than about 1e-6."""
    return bytes((np.round(x * GRID) + 0.0).tobytes())


@lru_cache(maxsize=256)
def schreier_sims(group: Group) -> PermutationGroup:
    """The permutation group in sympy, with its base and strong generating set on demand."""
    images = group.permutations.tolist() or [list(range(group.d))]
    return PermutationGroup([Permutation(p) for p in images])


@lru_cache(maxsize=256)
def contains_alternating(group: Group) -> bool:
    """Whether a permutation group is Alt(d) or Sym(d).

    A primitive group with an element that has a cycle of prime length p, d/2 < p < d − 2, is (Jordan; Seress,
    Permutation Group Algorithms, section 10.2).  sympy's Monte Carlo test is sure when it says yes, and says no in
    error once in 10⁹.
    """
    return group.d >= 8 and _moves_pairs_freely(group) and bool(schreier_sims(group).is_alt_sym(eps=1e-9))


def _moves_pairs_freely(group: Group) -> bool:
    """Whether a permutation group takes any two points to any two: pairs (i, j) have two orbits, i = j and i ≠ j."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    p = group.permutations
    images = (p[:, :, None] * group.d + p[:, None, :]).reshape(len(p), group.d**2)
    pairs = np.broadcast_to(np.arange(group.d**2), images.shape)
    graph = coo_array((np.ones(images.size, bool), (pairs.ravel(), images.ravel())), (group.d**2,) * 2)
    return int(connected_components(graph, directed=False)[0]) == 2


@lru_cache(maxsize=256)
def parts(group: Group) -> tuple[tuple[Array, Group], ...] | None:
    """Sets of points moved by different generators, with their groups, whose direct product the group is.

    None when there is nothing to split.
    """
    d = group.d
    rows, columns = np.nonzero(group.permutations != np.arange(d))
    moved = group.permutations[rows, columns]
    first = {row: columns[np.argmax(rows == row)] for row in np.unique(rows).tolist()}
    links = np.concatenate([np.stack([columns, moved]), np.stack([columns, [first[r] for r in rows.tolist()]])], 1)
    graph = scipy.sparse.coo_array((np.ones(links.shape[1]), links.astype(np.int64)), shape=(d, d))
    count, label = scipy.sparse.csgraph.connected_components(graph, directed=False)
    if count == 1:
        return None
    found = []
    for k in range(count):
        points = np.flatnonzero(label == k)
        if len(points) > 1:
            place = np.zeros(d, np.int64)
            place[points] = np.arange(len(points))
            images = place[group.permutations[:, points]]
            images = images[(images != np.arange(len(points))).any(axis=1)]
            found.append((points, type(group)(f"part of {group.name}", Permutations(len(points), images))))
    return tuple(found)


@lru_cache(maxsize=256)
def order(group: Group) -> int:
    """Order of a permutation group."""
    split = parts(group)
    if split is not None:
        return math.prod(order(part) for _, part in split)
    if contains_alternating(group):
        return math.factorial(group.d) // (1 if has_odd(group) else 2)
    return int(schreier_sims(group).order())


def random_permutations(group: Group, n: int, rng: np.random.Generator) -> Array:
    """Uniform elements of a permutation group as images (n, d)."""
    out = np.tile(np.arange(group.d), (n, 1))
    if contains_alternating(group):
        out = rng.permuted(out, axis=1)
        if not has_odd(group):
            odd = np.array([is_odd(p) for p in out], bool)
            out[odd, :2] = out[odd, 1::-1]
        return out
    split = parts(group)
    if split is not None:
        for points, part in split:
            out[:, points] = points[random_permutations(part, n, rng)]
        return out
    for transversal in transversals(group):
        chosen = transversal[rng.integers(len(transversal), size=n)]
        out = np.take_along_axis(out, chosen, axis=1)  # out ∘ chosen
    return out


def is_odd(p: Array) -> bool:
    """Sign of a permutation."""
    return bool(Permutation(p.tolist()).is_odd)


def has_odd(group: Group) -> bool:
    """Whether some generator is an odd permutation."""
    return any(is_odd(p) for p in group.permutations)


@lru_cache(maxsize=64)
def transversals(group: Group) -> tuple[Array, ...]:
    """Coset representatives (r, d) along the stabiliser chain: each element is one product u_1 ∘ u_2 ∘ …"""
    chain = schreier_sims(group).basic_transversals
    return tuple(np.array([list(u.array_form) for u in level.values()], dtype=np.int64) for level in chain)


@lru_cache(maxsize=64)
def images(group: Group) -> Array:
    """All elements of a permutation group as images (order, d), the identity first."""
    if order(group) > MAX_ELEMENTS:
        raise ValueError(f"{group.name} has {order(group)} elements, listed only up to {MAX_ELEMENTS}: use sample()")
    out = np.arange(group.d)[None]
    for transversal in transversals(group):
        out = out[:, transversal].reshape(-1, group.d)
    first = np.lexsort(out.T[::-1])
    return np.asarray(out[first])


def conjugacy_classes(group: Group) -> list[Array]:
    """Classes of a small permutation group as arrays of positions in `images`, that of the identity first."""
    elements = images(group)
    place = {p.tobytes(): i for i, p in enumerate(elements)}
    generators = group.permutations
    inverses = np.argsort(generators, axis=1)
    conjugates = [[place[p.tobytes()] for p in g[elements[:, inverse]]] for g, inverse in zip(generators, inverses)]
    left = dict.fromkeys(range(len(elements)))
    classes = []
    while left:
        orbit = [next(iter(left))]
        seen = set(orbit)
        for i in orbit:
            fresh = {row[i] for row in conjugates} - seen
            seen |= fresh
            orbit += sorted(fresh)
        classes.append(np.array(sorted(seen)))
        for i in seen:
            del left[i]
    return classes


def cayley_graph(group: Group) -> Any:
    """networkx.DiGraph on the positions in `images`, with edges g → g h."""
    import networkx as nx

    elements = images(group)
    place = {p.tobytes(): i for i, p in enumerate(elements)}
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(elements)))
    for k, h in enumerate(group.permutations):
        for i, gh in enumerate(elements[:, h]):
            j = place[np.ascontiguousarray(gh).tobytes()]
            labels = graph.edges[i, j]["generators"] if graph.has_edge(i, j) else ()
            graph.add_edge(i, j, generators=(*labels, k))
    return graph


def contains(group: Group, image: list[int]) -> bool:
    """Whether a permutation group contains a permutation."""
    p = np.array(image)
    split = parts(group)
    if split is not None:
        still = np.ones(group.d, bool)
        for points, part in split:
            still[points] = False
            if not np.array_equal(np.sort(p[points]), points):
                return False
            if not contains(part, np.searchsorted(points, p[points]).tolist()):
                return False
        return bool(np.all(p[still] == np.flatnonzero(still)))
    if contains_alternating(group):
        return has_odd(group) or not is_odd(p)
    return bool(schreier_sims(group).contains(Permutation(image)))


def colour_stabilizer(group: Group, colours: Array) -> Array:
    """Generators (m, d) of the permutations in a group that keep every colour."""
    if contains_alternating(group):
        return _young_subgroup(colours) if has_odd(group) else _even_young_subgroup(colours)
    left, found = {c: np.flatnonzero(colours == c) for c in colours.tolist()}, schreier_sims(group)
    alone = [int(points[0]) for points in left.values() if len(points) == 1]
    if alone:
        _, strong = found.schreier_sims_incremental(base=alone)
        found = PermutationGroup([g for g in strong if all(g(b) == b for b in alone)] or [Permutation(group.d - 1)])
    if len(left) - len(alone) > 1:
        found = _colour_search(found, colours, sorted(left.values(), key=len))
    rows = [g.array_form for g in found.generators if not g.is_Identity]
    return np.array(rows, dtype=np.int64).reshape(len(rows), group.d)


def _colour_search(found: PermutationGroup, colours: Array, classes: list[Array]) -> PermutationGroup:
    """Backtrack search over a base that starts with the rarest colours."""
    base, strong = found.schreier_sims_incremental(base=[int(i) for points in classes[:-1] for i in points])
    tests = [lambda words, n=n, b=b: colours[words[n](b)] == colours[b] for n, b in enumerate(base)]

    def keeps(g: Permutation) -> bool:
        return bool(np.array_equal(colours[g.array_form], colours))

    return found.subgroup_search(keeps, base=base, strong_gens=strong, tests=tests)


def _young_subgroup(colours: Array) -> Array:
    """All permutations that keep the colours: a transposition and a cycle for each colour."""
    d = len(colours)
    rows = []
    for colour in dict.fromkeys(colours.tolist()):
        points = np.flatnonzero(colours == colour)
        for k in sorted({2, len(points)}) if len(points) > 1 else ():
            row = np.arange(d)
            row[points[:k]] = np.roll(points[:k], -1)
            rows.append(row)
    return np.array(rows, dtype=np.int64).reshape(len(rows), d)


def _even_young_subgroup(colours: Array) -> Array:
    """Even permutations that keep the colours: 3-cycles (p_0 p_1 p_k), and pairs of transpositions."""
    d = len(colours)
    classes = [np.flatnonzero(colours == c) for c in dict.fromkeys(colours.tolist())]
    cycles: list[list[Any]] = [[p[[0, 1, k]]] for p in classes for k in range(2, len(p))]
    pairs = [p[:2] for p in classes if len(p) > 1]
    rows = []
    for moves in cycles + [[pairs[0], other] for other in pairs[1:]]:
        row = np.arange(d)
        for points in moves:
            row[points] = np.roll(points, -1)
        rows.append(row)
    return np.array(rows, dtype=np.int64).reshape(len(rows), d)


def few_generators(elements: Array) -> Array:
    """Some permutations (m, d) out of a listed group that generate it; each doubles the order at least."""
    d = elements.shape[1]
    chosen: list[Array] = []
    reached = {np.arange(d).tobytes()}
    for p in elements:
        if p.tobytes() not in reached:
            chosen.append(p)
            reached = _span(chosen)
    return np.array(chosen, dtype=np.int64).reshape(len(chosen), d)


def _span(generators: list[Array]) -> set[bytes]:
    frontier = [np.arange(len(generators[0]))]
    seen = {frontier[0].tobytes()}
    while frontier:
        fresh = {q.tobytes(): q for p in frontier for g in generators if (q := p[g]).tobytes() not in seen}
        seen |= set(fresh)
        frontier = list(fresh.values())
    return seen
