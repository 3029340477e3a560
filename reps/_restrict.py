"""Representations of a group, read as representations of a subgroup that acts on the same space.

Restriction commutes with sums, products, powers, duals and conjugates, so only leaves are wrapped; ``V`` and
``Det`` of the group are those of the subgroup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from intertwine.groups import Group
from intertwine.groups._membership import check_subgroup

from ._evaluate import Walk
from ._group_text import write
from ._node import Array, Rep
from ._powers import Power
from ._tensor import V_, Conj, Det_, Dual, Leaf, Product, Scalar, Scalar_, Sum
from ._threads import cached_property

if TYPE_CHECKING:
    from ._decompose import Decomposition


class Restricted(Leaf):
    """A leaf of a larger group, read on a subgroup."""

    _fields = ("larger", "inner", "own", "group")
    larger: Group
    inner: Rep
    is_functorial = False

    def _name(self) -> str:
        return f"Restrict({write(self.larger)}, {self.inner!r})"

    def _parameters(self) -> str | None:
        return None if self.inner.key is None else f"{self.larger.key}:{self.inner.key}"

    def _bind(self, group: Group) -> Rep:
        node = super()._bind(group)
        assert isinstance(node, Restricted)
        own = node._owner()
        check_subgroup(self.larger, own)
        if isinstance(self.inner, V_ | Det_) and self.inner.own == self.larger:
            return type(self.inner)._make(own=own, group=node.group)
        return node

    @cached_property
    def is_exact(self) -> bool:
        """Whether the representation of the larger group is."""
        return self.inner.is_exact

    @cached_property
    def numbers(self) -> frozenset[Any]:
        """Irrational numbers of the representation of the larger group."""
        return self.inner.numbers

    def _dim(self) -> int:
        return self.inner.dim

    def _complex_leaf(self) -> bool:
        return self.inner.is_complex

    def _scale_squared(self) -> Array:
        return self.inner.scale_squared

    def _rho(self, at: Walk[Any]) -> Any:
        return Walk(self.larger, at.block(self._owner()), at.ops, at.kind)(self.inner)

    _drho = _rho


def Restrict(group: Group, rep: Rep) -> Rep:
    """Restrict a representation of a group to subgroups that act on the same space.

    Parameters
    ----------
    group : Group
        The larger group.
    rep : Rep
        A representation of it.

    Returns
    -------
    Rep
        To be bound to a subgroup: ``Restrict(O(3), rep)(H)``.

    Raises
    ------
    ValueError
        When it is bound to a group that is not a subgroup, or not known to be one.

    Examples
    --------
    >>> from intertwine.groups import O, Octahedral, SO
    >>> from intertwine.reps import Irrep, Restrict, Scalar, V
    >>> axial = SO(3).subgroup(fixing=[0, 0, 1])
    >>> (Restrict(SO(3), Irrep(4)) >> Scalar)(axial).dim
    1
    >>> Restrict(O(3), 2 * V + Irrep("2e"))(Octahedral())
    2 * V + Restrict(O(3), Irrep('2e'))
    """
    if not isinstance(group, Group):
        raise TypeError(f"Restrict(G, rep) takes the larger group, a Group, got {group!r}")
    if not isinstance(rep, Rep):
        raise TypeError(f"Restrict(G, rep) takes a representation of G, got {rep!r}")
    return _restricted(rep(group), group)


def _restricted(rep: Rep, group: Group) -> Rep:
    if isinstance(rep, Scalar_):
        return Scalar
    if isinstance(rep, Sum | Product | Power | Dual | Conj):
        return rep._rebuild(tuple(_restricted(child, group) for child in rep._children()))
    return Restricted._make(larger=group, inner=rep, own=None, group=None)


def branch(rep: Rep, subgroup: Group) -> Decomposition:
    """See `Rep.branch`."""
    from ._decompose import decompose

    return decompose(Restrict(rep._require_group(), rep)(subgroup))
