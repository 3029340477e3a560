"""`Rep`: the immutable expression tree every representation is.

A node is a value: it compares, hashes, pickles and prints by content.  ``rep.group`` is the group the
node is a representation of (``None`` while some leaf is unbound); a leaf also knows its *own* group, the
factor of ``rep.group`` whose diagonal block it reads (see `intertwine.reps._binding`).  Every node below
carries the same ``group`` as the node above it.

Expressions are normalised only where the matrices stay identical, coordinate by coordinate: sums are
flattened and adjacent equal terms merged (copy-major), products are left-associated, a sum on the *left*
of a product is distributed (the left factor is the slow index), duals and conjugates are pushed to the
leaves, and ``Scalar`` is the unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ._counts import exponent, is_int, multiplicity
from ._threads import cached_property
from ._verbs import Verbs

if TYPE_CHECKING:
    import sympy

    from ..groups import Group
    from ._evaluate import Backend, Walk
    from ._hom import Hom

Array = NDArray[Any]


class Rep(Verbs):
    """A representation of a group, as an expression; unbound until ``rep(G)``.

    Build one from the leaves `Scalar`, `Det`, `V`, `Adjoint`, `Irrep`, `Regular`, `Permutation`, `Induce`,
    `Restrict`, `Rep.from_matrices`, `Custom` with ``+``, ``*``, ``n * rep``, ``rep ** k``, ``.dual``, ``.conj``,
    `T`, `Sym`, `Alt`, ``.sub``, ``.quotient``; ``rep_in >> rep_out`` is the `Hom` space of equivariant maps.

    Examples
    --------
    >>> from intertwine.reps import Scalar, T, V
    >>> 3 * V + Scalar
    3 * V + Scalar
    >>> V * V == T(2), (V + Scalar).dual
    (True, V.dual + Scalar)
    """

    _fields: ClassVar[tuple[str, ...]] = ("group",)
    group: Group | None
    __array_ufunc__ = None  # numpy integers: ``np.int64(3) * V`` must reach __rmul__

    # -- a value ------------------------------------------------------------------------------------
    @classmethod
    def _make(cls, **fields: Any) -> Self:
        node = object.__new__(cls)
        node.__dict__.update(fields)
        return node

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a representation is immutable: cannot set {name!r} on {self!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a representation is immutable: cannot delete {name!r} of {self!r}")

    @cached_property
    def _content(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._fields)

    @cached_property
    def _hash(self) -> int:
        return hash((type(self).__name__, self._content))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other) or hash(self) != hash(other):
            return False
        return self._content == other._content

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), {name: getattr(self, name) for name in self._fields})

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __repr__(self) -> str:
        from ._format import to_text

        return to_text(self)

    @cached_property
    def key(self) -> str | None:
        """Canonical text that determines the matrices: group contents, not names.

        ``None`` when the expression contains a `Custom` representation, whose callables have no content
        that could be written down.  The same in every process, whatever PYTHONHASHSEED.
        """
        from ._format import canonical

        return canonical(self)

    # -- algebra ------------------------------------------------------------------------------------
    def __add__(self, other: Any) -> Rep:
        from ._tensor import direct_sum

        if not isinstance(other, Rep):
            raise TypeError(_not_a_rep("+", self, other))
        return direct_sum(((1, self), (1, other)))

    def __radd__(self, other: Any) -> Rep:
        if isinstance(other, int) and other == 0:  # so that sum(reps) works
            return self
        raise TypeError(_not_a_rep("+", other, self))

    def __mul__(self, other: Any) -> Rep:
        from ._tensor import direct_sum, tensor

        if isinstance(other, Rep):
            return tensor(self, other)
        if is_int(other):
            return direct_sum(((multiplicity(other), self),))
        raise TypeError(_not_a_rep("*", self, other))

    def __rmul__(self, other: Any) -> Rep:
        if not is_int(other):
            raise TypeError(_not_a_rep("*", other, self))
        return self * other

    def __pow__(self, k: int) -> Rep:
        from ._tensor import Scalar, tensor

        power: Rep = Scalar if self.group is None else Scalar._place(self.group)
        for _ in range(exponent(k, "rep ** k")):
            power = tensor(power, self)
        return power

    def __rshift__(self, other: Any) -> Hom:
        from ._hom import Hom

        if not isinstance(other, Rep):
            raise TypeError(_not_a_rep(">>", self, other))
        return Hom(self, other)

    @property
    def dual(self) -> Rep:
        """The dual (contragredient) representation, ``ρ(g⁻¹)ᵀ``; its algebra acts by ``−dρ(A)ᵀ``."""
        return self._map(lambda child: child.dual)

    @property
    def conj(self) -> Rep:
        """The complex conjugate representation; the same representation for a real group."""
        return self._map(lambda child: child.conj)

    def summands(self) -> tuple[tuple[int, Rep], ...]:
        """Return the direct sum as ``((n, rep), …)`` in the user's order; ``n * rep`` is copy-major."""
        return ((1, self),)

    # -- binding ------------------------------------------------------------------------------------
    def __call__(self, group: Group) -> Rep:
        """Bind every unbound leaf to ``group``.

        Leaves already bound keep their own group, which must be a factor of ``group``.

        Raises
        ------
        ValueError
            When a leaf is already bound to a group that is not a factor of ``group``.

        Examples
        --------
        >>> from intertwine.groups import SO
        >>> from intertwine.reps import T
        >>> T(2)(SO(3)).dim
        9
        """
        if not (hasattr(group, "factors") and hasattr(group, "offsets")):
            raise TypeError(f"rep(G) binds a representation to a Group, got {group!r}")
        return self if self.group == group and not self._open else self._bind(group)

    @cached_property
    def _open(self) -> bool:
        """Whether some leaf that needs a group has none."""
        return any(child._open for child in self._children())

    def _children(self) -> tuple[Rep, ...]:
        return ()

    def _rebuild(self, children: tuple[Rep, ...]) -> Rep:
        raise NotImplementedError

    def _parameters(self) -> str | None:
        """What tells the node from others of its type, besides its children; None where nothing can."""
        return ""

    def _map(self, change: Callable[[Rep], Rep]) -> Rep:
        children = self._children()
        return self._rebuild(tuple(change(child) for child in children)) if children else self

    def _bind(self, group: Group) -> Rep:
        return self._map(lambda child: child._bind(group))

    def _place(self, group: Group | None) -> Rep:
        """Make this a representation of ``group`` without binding any leaf."""
        return self if self.group == group else self._map(lambda child: child._place(group))

    def _owners(self) -> tuple[Group, ...]:
        """Groups the leaves are bound to, in order of appearance."""
        return tuple(owner for child in self._children() for owner in child._owners())

    def _require_group(self) -> Group:
        if self.group is None:
            raise ValueError(f"{self!r} is not bound to a group: bind it first, rep(G), e.g. ({self!r})(SO(3))")
        return self.group

    # -- numbers ------------------------------------------------------------------------------------
    @cached_property
    def dim(self) -> int:
        """Dimension of the representation space."""
        return self._dim()

    def _dim(self) -> int:
        raise NotImplementedError

    @cached_property
    def is_complex(self) -> bool:
        """Whether the matrices are complex; those of a complex group all are, of `Scalar` and `Adjoint` too."""
        return (self.group is not None and self.group.field == "C") or self._complex_leaf()

    def _complex_leaf(self) -> bool:
        return any(child._complex_leaf() for child in self._children())

    @cached_property
    def is_functorial(self) -> bool:
        """Whether ``rho`` extends to every invertible matrix: built from ``V``, ``Det`` and ``Scalar`` alone."""
        return all(child.is_functorial for child in self._children())

    @cached_property
    def is_exact(self) -> bool:
        """Whether exact group elements have exact matrices: no `Irrep` and no `Custom` leaf."""
        return all(child.is_exact for child in self._children())

    @cached_property
    def numbers(self) -> frozenset[Any]:
        """Irrational numbers (sympy) in the definition, besides those in the group's generators."""
        return frozenset().union(*(child.numbers for child in self._children()))

    def rho(self, g: Array) -> Array:
        """Matrices of group elements.

        Parameters
        ----------
        g : ndarray (..., d, d)
            Elements of ``rep.group`` (block-diagonal for a product).  Tensor-type representations are
            functorial: any invertible matrix will do.

        Returns
        -------
        ndarray (..., dim, dim), float64 or complex128

        Raises
        ------
        ValueError
            When the representation is unbound or the shape is not ``(..., d, d)``.

        Examples
        --------
        >>> import numpy as np
        >>> from intertwine.groups import SO
        >>> from intertwine.reps import Sym
        >>> Sym(2)(SO(2)).rho(np.array([[0., -1.], [1., 0.]])).round(3) + 0.
        array([[ 0.,  0.,  1.],
               [ 0., -1.,  0.],
               [ 1.,  0.,  0.]])
        """
        from ._evaluate import dense

        return dense(self, g, "group")

    def drho(self, A: Array) -> Array:
        """Matrices of Lie-algebra elements, ``d/dt ρ(exp tA)`` at 0: ``(..., d, d) -> (..., dim, dim)``."""
        from ._evaluate import dense

        return dense(self, A, "algebra")

    @property
    def algebra(self) -> Array:
        """``drho`` of the group's Lie-algebra generators (unit Frobenius norm each): (k, dim, dim)."""
        return self.drho(self._require_group().lie_algebra)

    @property
    def discrete(self) -> Array:
        """``rho`` of the group's discrete generators: (m, dim, dim)."""
        return self.rho(self._require_group().discrete_generators)

    def rho_exact(self, h: sympy.MatrixBase) -> sympy.ImmutableMatrix:
        """Exact matrix of the group element ``h`` (d, d) as a sympy matrix."""
        from ._exact import exact

        return exact(self, h, "group")

    def drho_exact(self, A: sympy.MatrixBase) -> sympy.ImmutableMatrix:
        """Exact matrix of the Lie-algebra element ``A`` (d, d) as a sympy matrix."""
        from ._exact import exact

        return exact(self, A, "algebra")

    def map_sparse(self, matrix: Any, ops: Backend[Any], kind: str = "group", inverse: Any = None) -> Any:
        """Evaluate in another arithmetic: see `intertwine.reps._evaluate`.

        The result is in the *integer* basis: the orthonormal one is
        ``diag(scale) @ result @ diag(1 / scale)`` with ``scale = rep.scale`` (all ones unless the
        expression contains a `Sym` of degree two or more).
        """
        from ._evaluate import evaluate

        return evaluate(self, matrix, ops, kind, inverse)

    @cached_property
    def scale_squared(self) -> Array:
        """Squared lengths of the integer basis vectors, (dim,) int64, or Python's integers where one is larger."""
        return self._scale_squared()

    @property
    def scale(self) -> Array:
        """Lengths of the integer basis vectors, (dim,) float64; see `map_sparse`."""
        return np.sqrt(self.scale_squared.astype(np.float64))

    def _scale_squared(self) -> Array:
        return np.ones(self.dim, dtype=np.int64)

    def permutation(self, p: Array, signs: Array | None = None) -> tuple[Array, Array] | None:
        """Signed permutation by which a signed permutation of the basis of ``V`` acts.

        Parameters
        ----------
        p : ndarray (d,) of int
            Images: the group element sends ``e_j`` to ``signs[j] * e_p[j]``.
        signs : ndarray (d,) of ±1, optional
            All +1 by default.

        Returns
        -------
        (images, signs), each ndarray (dim,), or None
            ``None`` when the expression has a leaf other than ``V``, ``Det`` and ``Scalar``.

        Examples
        --------
        >>> from intertwine.groups import S
        >>> from intertwine.reps import T
        >>> T(2)(S(2)).permutation([1, 0])[0]
        array([3, 2, 1, 0])
        """
        from ._permute import permutation

        return permutation(self, p, signs)

    def _signed(self, g: Array) -> tuple[Array, Array] | None:
        """Signed permutation by which the element g (d, d) acts on a leaf; None where it acts otherwise."""
        from ._permute import signed_permutation

        return signed_permutation(self.rho(g))

    def _character(self, g: Array) -> Array:
        """Traces of a leaf, (b, d, d) to (b,)."""
        return np.trace(self.rho(g), axis1=-2, axis2=-1)

    def _character_cost(self) -> int:
        """Operations per element that `_character` takes."""
        return self.dim**2

    # -- the equations, one pair per node -------------------------------------------------------------
    def _rho(self, at: Walk[Any]) -> Any:
        raise NotImplementedError

    def _drho(self, at: Walk[Any]) -> Any:
        raise NotImplementedError


def _restore(cls: type[Rep], fields: Mapping[str, Any]) -> Rep:
    return cls._make(**fields)


def _not_a_rep(sign: str, left: Any, right: Any) -> str:
    number = left if not isinstance(left, Rep) else right
    hint = ""
    if sign == "+" and is_int(number):
        hint = f"; write {number} * Scalar for {number} invariant features"
    elif isinstance(number, type) and issubclass(number, Rep):
        hint = f"; {number.__name__} is a function of a degree, e.g. {number.__name__}(2)"
    return f"cannot write ({left!r}) {sign} ({right!r}): {number!r} is not a representation{hint}"
