"""Leaves whose matrices come from elsewhere: the user's callables, and the irreps engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg

from ._node import Array
from ._tensor import Leaf

if TYPE_CHECKING:
    from ._evaluate import Walk

Exact = Callable[[Any], Any]  # sympy matrix of an element to sympy matrix


class Opaque(Leaf):
    """A leaf known by callables, not by an equation in the matrix of the element."""

    is_functorial = False

    def _call(self, at: Walk[Any], function: Callable[[Array], Array], exact: Exact | None = None) -> Any:
        own = self._owner()

        def real_if_real(g: Array) -> Array:
            # a real factor of a complex product has complex blocks with zero imaginary part
            real = own.field == "R" and g.dtype.kind == "c" and not g.imag.any()
            return function(np.ascontiguousarray(g.real) if real else g)

        return at.ops.call(real_if_real, at.block(own), self.dim, exact)


class Custom(Opaque):
    """A representation given by callables on the group's matrices.

    Parameters
    ----------
    rho : callable
        ``(d, d) -> (dim, dim)``, one group element at a time.
    drho : callable, optional
        ``(d, d) -> (dim, dim)`` for Lie-algebra elements.  Without it ``dρ(A) = log ρ(exp tA) / t``.
    dim : int
    name : str
        For printing; also part of the identity, with the two callables.
    is_complex : bool
        Whether the matrices are complex although the group is real.

    Raises
    ------
    TypeError
        When a callable is not callable.
    ValueError
        When ``dim`` is not a positive integer, or a callable returns another shape.

    Notes
    -----
    Nothing checks here that ``rho`` is a homomorphism: `intertwine.reps.laws.check_rep_laws` does.

    Examples
    --------
    >>> import numpy as np
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Custom
    >>> double = Custom(lambda g: np.linalg.matrix_power(g, 2), lambda A: 2 * A, dim=2, name="double")
    >>> (double * double)(SO(2)).dim
    4
    """

    is_exact = False
    _fields = ("rho_of", "drho_of", "size", "name", "complex_entries", "own", "group")
    rho_of: Callable[[Array], Array]
    drho_of: Callable[[Array], Array] | None
    size: int
    name: str
    complex_entries: bool

    def __new__(
        cls,
        rho: Callable[[Array], Array],
        drho: Callable[[Array], Array] | None = None,
        dim: int | None = None,
        name: str = "custom",
        is_complex: bool = False,
    ) -> Custom:
        """Check and build."""
        for what, function in (("rho", rho), ("drho", drho)):
            if not callable(function) and (what == "rho" or function is not None):
                raise TypeError(f"Custom: {what} is a callable (d, d) -> (dim, dim), got {function!r}")
        if not isinstance(dim, int | np.integer) or dim < 1:
            raise ValueError(f"Custom: dim is the size of the matrices rho returns, an integer >= 1, got {dim!r}")
        return cls._make(
            rho_of=rho,
            drho_of=drho,
            size=int(dim),
            name=name,
            complex_entries=is_complex,
            own=None,
            group=None,
        )

    def _name(self) -> str:
        return self.name

    def _parameters(self) -> str | None:
        return None

    def _dim(self) -> int:
        return self.size

    def _complex_leaf(self) -> bool:
        return self.complex_entries

    def _rho(self, at: Walk[Any]) -> Any:
        return self._call(at, self._batched(self.rho_of))

    def _drho(self, at: Walk[Any]) -> Any:
        function = self.drho_of or self._derivative
        return self._call(at, self._batched(function))

    def _derivative(self, a: Array) -> Array:
        """Invert ``ρ(exp tA) = exp(t dρ(A))``, t halved until ρ is near 1."""
        t = 1.0 / max(1.0, float(np.linalg.norm(a)))
        for _ in range(60):
            near = self.rho_of(scipy.linalg.expm(t * a))
            if np.linalg.norm(near - np.eye(self.size)) < 0.25:
                return np.asarray(scipy.linalg.logm(near)) / t
            t /= 2
        raise ValueError(f"rho of {self!r} is not continuous at the identity: give drho")

    def _batched(self, function: Callable[[Array], Array]) -> Callable[[Array], Array]:
        def apply(g: Array) -> Array:
            dtype = np.complex128 if g.dtype.kind == "c" or self.complex_entries else np.float64
            out = np.empty((*g.shape[:-2], self.size, self.size), dtype)
            for index in np.ndindex(*g.shape[:-2]):
                value = np.asarray(function(g[index]))
                if value.shape != (self.size, self.size):
                    expected = (self.size, self.size)
                    raise ValueError(f"{self!r} has dim {self.size}: expected matrices {expected}, got {value.shape}")
                if not np.isfinite(value).all():
                    raise ValueError(f"{self!r} returned entries that are not finite numbers, for\n{g[index]}")
                if value.dtype.kind == "c" and dtype is np.float64:
                    raise ValueError(f"{self!r} returned complex matrices: say Custom(..., is_complex=True)")
                out[index] = value
            return out

        return apply


class Irrep(Opaque):
    """An irreducible representation of the group, by index or by name.

    ``Irrep(i)`` is the i-th irrep found (ordered by dimension, Casimir and character); SO(3), SO(2),
    O(2) and O(3) have the names of the field: ``Irrep(2)`` is degree or frequency 2, ``Irrep("2e")`` is
    e3nn's.

    Parameters
    ----------
    label : int or str

    Examples
    --------
    >>> from intertwine.reps import Irrep
    >>> 16 * Irrep("0e") + 8 * Irrep("1o")
    16 * Irrep('0e') + 8 * Irrep('1o')
    """

    is_exact = False
    _fields = ("label", "own", "group")
    label: int | str

    def __new__(cls, label: int | str) -> Irrep:
        """Check and build."""
        if isinstance(label, np.integer):
            label = int(label)
        if isinstance(label, bool) or not isinstance(label, int | str):
            raise TypeError(f'an irrep is named by an index or a string, Irrep(2) or Irrep("2e"), got {label!r}')
        if isinstance(label, int) and label < 0:
            raise ValueError(f"an irrep's index, degree or frequency is at least 0, got {label}")
        return cls._make(label=label, own=None, group=None)

    @property
    def kind(self) -> str:
        """Frobenius type over the group's field: "R", "C" or "H" ("C" for every complex irrep)."""
        from ._irreps import irrep_kind

        return irrep_kind(self._owner(), self.label)

    def _name(self) -> str:
        return f"Irrep({self.label!r})"

    def _parameters(self) -> str | None:
        return repr(self.label)

    def _dim(self) -> int:
        from ._irreps import irrep_dim

        return int(irrep_dim(self._owner(), self.label))

    def _rho(self, at: Walk[Any]) -> Any:
        from ._irreps import irrep_rho

        own = self._owner()
        return self._call(at, lambda g: irrep_rho(own, self.label, g))

    def _drho(self, at: Walk[Any]) -> Any:
        from ._irreps import irrep_drho

        own = self._owner()
        return self._call(at, lambda a: irrep_drho(own, self.label, a))
