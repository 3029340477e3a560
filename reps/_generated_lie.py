"""Images of the generators of a Lie group, extended to its Lie algebra and its elements, and checked.

The loops that decide whether a representation of the Lie algebra is one of the group lie in the maximal compact
subgroup, so that is where pairs of elements are drawn to try the group law on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg
import sympy
from intertwine.groups import Group
from intertwine.groups import _exact as exact_numbers
from intertwine.groups._lie import as_real, bracket
from intertwine.groups._membership import MAX_COMPONENTS, identity_logarithms
from intertwine.groups._words import bracket_words, name, spell

from ._constant import left_inverse
from ._node import Array
from ._threads import cached_property

Matrix = Any
TOLERANCE = 1e-8  # relative, of brackets
GROUP_TOLERANCE = 1e-6  # relative, of products of exponentials of logarithms
PAIRS = 24  # of elements on which the group law is tried


def numeric(matrices: Sequence[Matrix], d: int) -> Array:
    """Float copies (k, d, d), complex where an entry is."""
    found = exact_numbers.numeric(tuple(matrices), d, "C")
    return found if found.imag.any() else found.real


class AlgebraImages:
    """dρ on the Lie algebra that the generators span under brackets."""

    def __init__(self, group: Group, images: tuple[Matrix, ...], dim: int) -> None:
        if len(images) != len(group.algebra):
            raise ValueError(
                f"{group.name} has {len(group.algebra)} Lie-algebra generators, in the order of G.algebra, got "
                f"{len(images)} images"
            )
        self.group, self.images, self.dim = group, images, dim
        self.words = bracket_words(group._algebra_in_units[0])
        self.generators = exact_numbers.numeric(group.algebra, group.d, group.field)
        self.generator_images = numeric(images, dim)
        self.basis = np.array(spell(self.words, list(self.generators), bracket)).reshape(-1, group.d, group.d)
        self.values = np.array(spell(self.words, list(self.generator_images), bracket)).reshape(-1, dim, dim)
        self.inverse = np.linalg.pinv(as_real(self.basis.astype(complex)).T) if len(self.basis) else np.zeros((0, 0))
        self._check()

    def coordinates(self, a: Array) -> Array:
        """In the basis of words, (b, d, d) to (b, k)."""
        return as_real(a.astype(complex)) @ self.inverse.T

    def __call__(self, a: Array) -> Array:
        """dρ(A), (..., d, d) to (..., dim, dim)."""
        if not len(self.basis):
            return np.zeros((*a.shape[:-2], self.dim, self.dim))
        flat = a.reshape(-1, *a.shape[-2:])
        image = np.tensordot(self.coordinates(flat), self.values, 1)
        return image.reshape(*a.shape[:-2], self.dim, self.dim)

    def _check(self) -> None:
        for i, (a, image) in enumerate(zip(self.generators, self.generator_images, strict=True)):
            for k, (b, value) in enumerate(zip(self.basis, self.values, strict=True)):
                target = bracket(a, b)
                found = bracket(image, value)
                scale = np.linalg.norm(image) * np.linalg.norm(value)
                self.compare(f"[A{i}, {name(self.words, k)}]", target, found, scale)

    def compare(self, what: str, element: Array, found: Array, scale: Any) -> None:
        """Raise unless dρ of an element of the Lie algebra is what a relation makes of the images."""
        wrong = float(np.linalg.norm(found - self(element)))
        if wrong > TOLERANCE * max(float(scale), 1.0):
            c = self.coordinates(element[None])[0]
            terms = [f"{x:.4g} {name(self.words, k)}" for k, x in enumerate(c) if abs(x) > 1e-9]
            raise ValueError(
                f"not a representation of {self.group.name}: {what} = {' + '.join(terms) or '0'} in its Lie algebra, "
                f"but the images given (of A0, A1, … = G.algebra) differ by {wrong:.2g}"
            )

    @cached_property
    def _exact_basis(self) -> tuple[Matrix, list[Matrix]]:
        """Exact coordinates of a stacked (A, Ā), and the exact values of the words."""

        def brackets(a: Matrix, b: Matrix) -> Matrix:
            return a * b - b * a

        basis = spell(self.words, self.group.algebra, brackets)
        columns = sympy.ImmutableMatrix.hstack(*(_stacked(b) for b in basis))
        return left_inverse(columns), spell(self.words, self.images, brackets)

    def exact(self, a: Matrix) -> Matrix:
        """Exact dρ(A)."""
        total = sympy.zeros(self.dim, self.dim)
        if not len(self.basis):
            return total
        inverse, values = self._exact_basis
        for c, value in zip(inverse * _stacked(a), values, strict=True):
            total += exact_numbers.number(c) * value
        return total


def _stacked(a: Matrix) -> Matrix:
    """The real vector space of complex matrices, made complex: A as a column (A, Ā)."""
    column = a.reshape(a.rows * a.cols, 1)
    return sympy.ImmutableMatrix.vstack(column, column.conjugate())


class LieImages:
    """ρ on a Lie group, component by component."""

    def __init__(self, group: Group, lie: AlgebraImages, discrete: tuple[Matrix, ...]) -> None:
        self.group, self.lie = group, lie
        self.discrete = numeric(discrete, lie.dim)
        self.words: list[tuple[Array, Array, str]] = [(np.eye(group.d), np.eye(lie.dim), "1")]
        self._check_conjugation()
        self._check_loops()
        self._check_components()

    def __call__(self, elements: Array) -> Array:
        return np.array([self._value(g) for g in elements]).reshape(len(elements), self.lie.dim, self.lie.dim)

    def exact(self, g: Matrix) -> Matrix:
        """Only generators have exact matrices: logarithms are transcendental."""
        raise ValueError(
            f"this representation of {self.group.name} is given on generators, and exact on these only; got the "
            f"element {g.tolist()}: use rho for floating-point values"
        )

    def _value(self, g: Array) -> Array:
        found = self._located(g)
        if found is None:
            raise ValueError(
                f"a matrix was not found in the components of {self.group.name} that its discrete generators reach: is "
                f"it an element?\n{g}"
            )
        return found[0]

    def _located(self, g: Array) -> tuple[Array, str] | None:
        """ρ(g), and the word that leads to its component."""
        rests = [np.linalg.solve(w, g) for w, _, _ in self.words]
        found = identity_logarithms(self.group, rests)
        if found is None:
            return None
        i, big, small = found
        _, image, word = self.words[i]
        return image @ scipy.linalg.expm(self.lie(big)) @ scipy.linalg.expm(-self.lie(small)), word

    def _check_conjugation(self) -> None:
        for j, (h, image) in enumerate(zip(self.group.discrete_generators, self.discrete, strict=True)):
            h_inverse, image_inverse = np.linalg.inv(h), np.linalg.inv(image)
            for i, (a, value) in enumerate(zip(self.lie.generators, self.lie.generator_images, strict=True)):
                found = image @ value @ image_inverse
                scale = np.linalg.norm(image) * np.linalg.norm(value) * np.linalg.norm(image_inverse)
                self.lie.compare(f"h{j} A{i} h{j}⁻¹", h @ a @ h_inverse, found, scale)

    def _check_loops(self) -> None:
        """The group law in the identity component, on elements that cross the cut of the logarithm."""
        rng = np.random.default_rng(0)
        for _ in range(PAIRS):
            g, h = (scipy.linalg.expm(self._turn(rng)) for _ in range(2))
            product = self._value(g @ h)
            wrong = np.linalg.norm(self._value(g) @ self._value(h) - product)
            if wrong > GROUP_TOLERANCE * np.linalg.norm(product):
                raise ValueError(
                    f"not a representation of {self.group.name}: the images respect all brackets, but "
                    "ρ(g) ρ(h) ≠ ρ(gh) for some elements: this is a representation of the Lie algebra, and of a "
                    "covering group, that the group itself does not have (as spin ½ of SO(3))"
                )

    def _turn(self, rng: np.random.Generator) -> Array:
        """Element of the Lie algebra of the maximal compact subgroup, angles up to 3."""
        basis, p = self.group.closure, self.group.balancing
        x = np.tensordot(rng.standard_normal(len(basis)), basis, 1)
        if p is not None:
            y = p @ x @ np.linalg.inv(p)
            x = np.linalg.solve(p, (y - y.conj().T) / 2) @ p
        values = np.linalg.eigvals(x)
        size = max(np.abs(values.imag).max() / 3, np.abs(values.real).max(), 1e-9)
        return np.asarray(x / size)

    def _check_components(self) -> None:
        done = 0
        while done < len(self.words):
            w, image, word = self.words[done]
            for j, (h, value) in enumerate(zip(self.group.discrete_generators, self.discrete, strict=True)):
                g, found = w @ h, image @ value
                known = self._located(g)
                if known is None:
                    self.words.append((g, found, f"h{j}" if word == "1" else f"{word} h{j}"))
                elif np.linalg.norm(known[0] - found) > GROUP_TOLERANCE * np.linalg.norm(found):
                    raise ValueError(
                        f"not a representation of {self.group.name}: {word} · h{j} lies in the component of "
                        f"{known[1]}, but the images given (of h0, h1, … = G.discrete) differ by "
                        f"{np.linalg.norm(known[0] - found):.2g} there"
                    )
            done += 1
            if len(self.words) > MAX_COMPONENTS:
                raise ValueError(
                    f"the discrete generators of {self.group.name} lead to more than {MAX_COMPONENTS} components: its "
                    "relations cannot be checked"
                )
