"""What the irreps engine reads of a representation: images of generators and of fixed random elements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from intertwine.groups import Group
from numpy.typing import NDArray
from scipy.linalg import expm

Array = NDArray

MAX_CONDITION = 10.0  # of a random word


@dataclass(frozen=True)
class Generators:
    """Images of a group's generators, and of its fixed random elements, in one representation.

    algebra (k, n, n), discrete (m, n, n), elements (s, n, n).
    """

    algebra: Array
    discrete: Array
    elements: Array

    @property
    def dim(self) -> int:
        """Dimension n of the representation."""
        return int(self.elements.shape[-1])

    def map(self, function: Callable[[Array], Array]) -> Generators:
        """Apply a function that commutes with sums and products of matrices."""
        return Generators(function(self.algebra), function(self.discrete), function(self.elements))

    def tensor(self, other: Generators) -> Generators:
        """Images in the tensor product, the left factor slow."""
        return Generators(
            derived_kron(self.algebra, other.algebra),
            kron(self.discrete, other.discrete),
            kron(self.elements, other.elements),
        )


def kron(a: Array, b: Array) -> Array:
    """a ⊗ b over the last two axes, the left factor slow: (..., n, n) and (..., m, m) to (..., nm, nm)."""
    n = a.shape[-1] * b.shape[-1]
    product = a[..., :, None, :, None] * b[..., None, :, None, :]
    return product.reshape(*product.shape[:-4], n, n)


def derived_kron(a: Array, b: Array) -> Array:
    """a ⊗ 1 + 1 ⊗ b over the last two axes: how a Lie algebra acts on a tensor product."""
    return kron(a, np.eye(b.shape[-1])) + kron(np.eye(a.shape[-1]), b)


def is_trivial(algebra: Array, discrete: Array) -> bool:
    """Whether (k, n, n) and (m, n, n) generator images are those of the one-dimensional trivial action."""
    if algebra.shape[-1] != 1:
        return False
    return bool(np.abs(algebra).max(initial=0) < 1e-9 and np.abs(discrete - 1).max(initial=0) < 1e-9)


def random_elements(group: Group, count: int = 4, length: int = 12) -> Array:
    """Fixed pseudo-random elements that generate a dense subgroup, (s, d, d).

    Products of exponentials of the Lie algebra and random words in the discrete generators.  Non-compact
    directions are lengthened, but letters left out of words that grow: high tensor powers of a large boost
    spread the spectrum until its small end is noise.
    """
    rng = np.random.default_rng(1618)
    algebra, discrete = group.lie_algebra, group.discrete_generators
    elements = []
    for _ in range(count if len(algebra) else 2 * count):
        g = np.eye(group.d)
        if len(discrete):
            for letter in rng.integers(len(discrete), size=length + int(rng.integers(len(discrete) + 1))):
                longer = g @ discrete[letter]
                g = longer if _condition(longer, group.balancing) <= MAX_CONDITION else g
        if len(algebra):
            weights = rng.normal(size=len(algebra)) * (1.5 / np.sqrt(len(algebra)))
            g = g @ expm(_stretched(np.tensordot(weights, algebra, 1), group.balancing))
        elements.append(g)
    return np.stack([*elements, *discrete]) if len(discrete) else np.stack(elements)


def _stretched(a: Array, balance: Array | None, boost: float = 1.5) -> Array:
    """The Lie-algebra element with its self-adjoint part, in the basis where the algebra is closed, lengthened.

    Where boosts are short the elements nearly lie in a maximal compact torus, commute, and separate nothing.
    """
    if balance is None:
        return a
    inverse = np.linalg.inv(balance)
    b = balance @ a @ inverse
    adjoint = b.conj().T
    return inverse @ ((b - adjoint) / 2 + boost * (b + adjoint) / 2) @ balance


def _condition(g: Array, balance: Array | None) -> float:
    """Condition number in the basis where the group is closed: 1 on a compact group."""
    return float(np.linalg.cond(g if balance is None else balance @ g @ np.linalg.inv(balance)))
