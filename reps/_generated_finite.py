"""Images of the generators of a finite group, extended to all its elements by words, and checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from intertwine.groups import Group
from intertwine.groups._cosets import images
from intertwine.groups._finite import MAX_ELEMENTS

from ._node import Array

Matrix = Any
TOLERANCE = 1e-8  # relative
MAX_ENTRIES = 2**26  # of the matrices of all elements together


class FiniteImages:
    """ρ on a finite group: a spanning tree of the Cayley graph, every other edge checked."""

    def __init__(self, group: Group, exact_images: tuple[Matrix, ...], generator_images: Array) -> None:
        if not group.is_finite:
            raise ValueError(f"{group.name} is discrete and infinite: whether images respect its relations is unknown")
        self.group, self.exact_images = group, exact_images
        dim = generator_images.shape[-1]
        if group.order > MAX_ELEMENTS or group.order * dim**2 > MAX_ENTRIES:
            raise ValueError(
                f"{group.name} has {group.order} elements, too many to check a representation of dimension {dim} given "
                "on generators: use Induce, Permutation, sub and quotient, which are representations by construction"
            )
        self.parent: list[tuple[int, int]] = [(-1, -1)]  # element = generator · parent
        self.places: dict[bytes, int] = {}
        self.values = self._spread(images(group, group.discrete_generators), generator_images)

    def _spread(self, generators: Array, values: Array) -> Array:
        found = [np.eye(values.shape[-1], dtype=values.dtype)]
        elements = [np.arange(generators.shape[-1])]
        self.places[elements[0].tobytes()] = 0
        done = 0
        while done < len(elements):
            for j, (h, value) in enumerate(zip(generators, values, strict=True)):
                element, image = h[elements[done]], value @ found[done]
                place = self.places.setdefault(element.tobytes(), len(elements))
                if place == len(elements):
                    elements.append(element)
                    found.append(image)
                    self.parent.append((j, done))
                else:
                    self._compare(j, done, place, image, found[place])
            done += 1
        return np.array(found)

    def _compare(self, j: int, source: int, target: int, image: Array, known: Array) -> None:
        wrong = float(np.linalg.norm(image - known))
        if wrong > TOLERANCE * max(1.0, float(np.linalg.norm(known))):
            left = " ".join(f"h{i}" for i in (j, *self._word(source)))
            right = " ".join(f"h{i}" for i in self._word(target)) or "1"
            raise ValueError(
                f"not a representation of {self.group.name}: {left} = {right} in the group, but the images given (of "
                f"h0, h1, … = G.discrete) differ by {wrong:.2g}"
            )

    def _word(self, place: int) -> list[int]:
        """Generators whose product, in this order, is an element."""
        word = []
        while place:
            j, place = self.parent[place]
            word.append(j)
        return word

    def _located(self, elements: Array) -> list[int]:
        return [self.places[p.tobytes()] for p in images(self.group, elements)]

    def __call__(self, elements: Array) -> Array:
        """ρ of elements (b, d, d)."""
        return self.values[self._located(elements)]

    def exact(self, g: Matrix) -> Matrix:
        """Exact ρ of an element, as a product of the images given."""
        floats = np.array(g.tolist(), complex if self.group.field == "C" else float)
        (place,) = self._located(floats[None])
        value = sympy.eye(self.values.shape[-1])
        for j in self._word(place):
            value = value * self.exact_images[j]
        return value
