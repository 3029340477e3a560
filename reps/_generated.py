"""Representations given on the generators of a group only: checked to be one, and evaluated on all elements.

On the Lie algebra the images extend by brackets, on a finite group by words in the generators, and on a Lie
group by g = w exp(X) exp(−x), w a word that leads to g's component:

    ρ(g) = ρ(w) exp(dρ(X)) exp(−dρ(x)).

What is checked, to rounding: every bracket of a generator with a basis of the Lie algebra (by the Jacobi
identity these imply all), h A h⁻¹ for the discrete generators, and the group law, along every edge of the
Cayley graph of a finite group or of the components, and on pairs of elements of the identity component (a
representation of the Lie algebra may belong to a covering group only, as spin ½ of SO(3)).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from intertwine.groups import Group
from intertwine.groups import _exact as exact_numbers

from ._constant import Constant, text
from ._custom import Opaque
from ._exact import irrational
from ._generated_finite import FiniteImages
from ._generated_lie import AlgebraImages, LieImages, numeric
from ._node import Array, Rep
from ._threads import cached_property

if TYPE_CHECKING:
    from ._evaluate import Walk

Matrix = Any


class Generated(Opaque):
    """A representation known by the images of the generators; made by `Rep.from_matrices`."""

    _fields = ("algebra_images", "discrete_images", "own", "group")
    algebra_images: tuple[Matrix, ...]
    discrete_images: tuple[Matrix, ...]

    def _name(self) -> str:
        parts = (("algebra", self.algebra_images), ("discrete", self.discrete_images))
        given = ", ".join(f"{what}=[{', '.join(map(text, images))}]" for what, images in parts if images)
        return f"Rep.from_matrices({given})"

    def _parameters(self) -> str | None:
        return self._name()

    def _bind(self, group: Group) -> Rep:
        node = super()._bind(group)
        assert isinstance(node, Generated)
        _ = node._lie, node._group  # raise where this is no representation
        return node

    @cached_property
    def is_exact(self) -> bool:
        """Whether the matrices given are exact."""
        return not any(m.has(sympy.Float) for m in (*self.algebra_images, *self.discrete_images))

    @cached_property
    def numbers(self) -> frozenset[Any]:
        """Irrational entries of the matrices given and of the group's generators."""
        own = self._owner()
        return irrational(*self.algebra_images, *self.discrete_images, *own.algebra, *own.discrete)

    def _dim(self) -> int:
        return int((*self.algebra_images, *self.discrete_images)[0].rows)

    def _complex_leaf(self) -> bool:
        return any(exact_numbers.is_complex(m) for m in (*self.algebra_images, *self.discrete_images))

    @property
    def _lie(self) -> AlgebraImages:
        return algebra_images(self._owner(), self.algebra_images, self._dim())

    @property
    def _group(self) -> FiniteImages | LieImages:
        return group_images(self._owner(), self.algebra_images, self.discrete_images, self._dim())

    def _rho(self, at: Walk[Any]) -> Any:
        return self._call(at, self._floats, self._exactly)

    def _drho(self, at: Walk[Any]) -> Any:
        return self._call(at, lambda a: self._lie(a), self._lie.exact)

    def _floats(self, g: Array) -> Array:
        found = self._group(g.reshape(-1, *g.shape[-2:]))
        return found.reshape(*g.shape[:-2], *found.shape[1:])

    def _exactly(self, g: Matrix) -> Matrix:
        for h, image in zip(self._owner().discrete, self.discrete_images, strict=True):
            if g == h:
                return image
        return self._group.exact(g)


def from_matrices(group: Group, algebra: Sequence[Any], discrete: Sequence[Any]) -> Rep:
    """See `Rep.from_matrices`."""
    if not isinstance(group, Group):
        raise TypeError(f"Rep.from_matrices(group, algebra=[...], discrete=[...]) takes a Group, got {group!r}")
    given = _ordered(algebra, group.algebra, "algebra"), _ordered(discrete, group.discrete, "discrete")
    return unbound(*given)(group)


def _ordered(images: Sequence[Any], generators: Sequence[Matrix], kind: str) -> Sequence[Any]:
    """Images in the order of the generators, from images in that order or from pairs (generator, image)."""
    if not hasattr(images, "__len__") or isinstance(images, str):
        raise TypeError(f"{kind} is a list of matrices, one for every generator of G.{kind}, got {images!r}")
    if not len(images) or not all(map(_is_pair, images)):
        return images
    found = {}
    for i, (generator, image) in enumerate(images):
        read = exact_numbers.matrix(generator, f"generator {i}")
        content = exact_numbers.fingerprint(read, projective=False)
        places = [n for n, g in enumerate(generators) if exact_numbers.fingerprint(g, projective=False) == content]
        if not places or places[0] in found:
            what = "given twice" if places else f"not one of G.{kind}"
            raise ValueError(f"generator {i} of the pairs (generator, image) is {what}: {read.tolist()}")
        found[places[0]] = image
    return [found[n] for n in sorted(found)]


def _is_pair(image: Any) -> bool:
    """Whether this is a pair of matrices, not a matrix of two rows."""
    if not isinstance(image, tuple | list) or len(image) != 2:
        return False
    return all(len(np.shape(m) if not isinstance(m, sympy.MatrixBase) else m.shape) == 2 for m in image)


def unbound(algebra: Sequence[Any], discrete: Sequence[Any]) -> Rep:
    """Read the images; they are checked when the group is known."""
    read = [
        tuple(exact_numbers.matrix(m, f"the image of {what} {i}") for i, m in enumerate(images))
        for what, images in (("algebra generator", algebra), ("discrete generator", discrete))
    ]
    sizes = sorted({m.rows for images in read for m in images})
    if len(sizes) != 1:
        raise ValueError(
            f"the images of all generators have one size, got {sizes or 'no images'}: a group without generators has "
            "only the representations n * Scalar"
        )
    return Generated._make(algebra_images=read[0], discrete_images=read[1], own=None, group=None)


@lru_cache(maxsize=256)
def algebra_images(group: Group, algebra: tuple[Matrix, ...], dim: int) -> AlgebraImages:
    """The images of a Lie algebra, checked."""
    return AlgebraImages(group, algebra, dim)


@lru_cache(maxsize=256)
def group_images(
    group: Group, algebra: tuple[Matrix, ...], discrete: tuple[Matrix, ...], dim: int
) -> FiniteImages | LieImages:
    """The images of a group, checked."""
    if len(discrete) != len(group.discrete):
        raise ValueError(
            f"{group.name} has {len(group.discrete)} discrete generators, in the order of G.discrete, got "
            f"{len(discrete)} images"
        )
    for j, h in enumerate(discrete):
        values = Constant(h).floats
        exact_numbers.check_invertible(h, values, f"the image of discrete generator {j}")
    if group.lie_dim:
        return LieImages(group, algebra_images(group, algebra, dim), discrete)
    return FiniteImages(group, discrete, numeric(discrete, dim))
