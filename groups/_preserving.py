"""Lie algebras and components of the groups that preserve forms and tensors.

Differentiating t(gx, gy, …) = t(x, y, …) at the identity gives one linear equation per entry of t:
Σ_s Σ_a A[a, i_s] t[i_1, …, a, …, i_r] = 0, with a in place s.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from . import _exact
from ._checks import warn_of_floats
from ._linear import nullspace

Matrix = Any
Tensor = dict[tuple[int, ...], Any]


def preserving(forms: Any, kind: str | None, field: str | None) -> tuple[list[Matrix], list[Matrix], int, str, bool]:
    """Algebra, discrete generators, dimension, field and whether the components are all there."""
    exact = [_exact.matrix(m, f"form {i}") for i, m in enumerate(_as_list(forms, order=2))]
    warn_of_floats("form", exact, stacklevel=3, projective=True)
    sizes = sorted({m.rows for m in exact})
    if len(sizes) > 1:
        raise ValueError(f"all forms must be on the same space, got sizes {sizes}")
    kind, field = _kind(kind, field, any(_exact.is_complex(m) for m in exact))
    d = sizes[0]
    if kind == "sesquilinear":
        algebra = _unitary_algebra(exact, d)
    else:
        algebra = tensor_algebra([_entries(m) for m in exact], d, field)
    discrete, complete = _components(exact, kind, field)
    return algebra, discrete, d, field, complete


def _kind(kind: str | None, field: str | None, complex_form: bool) -> tuple[str, str]:
    if kind not in (None, "bilinear", "sesquilinear"):
        raise ValueError(f'kind must be "bilinear" or "sesquilinear", got {kind!r}')
    if field not in (None, "R", "C"):
        raise ValueError(f'field must be "R", "C" or None, got {field!r}')
    field = field or ("C" if complex_form or kind == "sesquilinear" else "R")
    if field == "R" and (complex_form or kind == "sesquilinear"):
        raise ValueError('a complex or sesquilinear form is preserved by a complex group: use field="C"')
    return kind or ("sesquilinear" if field == "C" else "bilinear"), field


def _as_list(tensors: Any, order: int | None = None) -> list[Any]:
    """A list of tensors from one tensor or several."""
    if isinstance(tensors, (sp.MatrixBase, sp.NDimArray, np.ndarray)):
        one = order is None or len(tensors.shape) == order
        found = [tensors] if one else list(tensors)
    else:
        if not isinstance(tensors, Iterable) or isinstance(tensors, str):
            what = "a form is a matrix (d, d)" if order == 2 else "a tensor is an array (d, …, d)"
            raise TypeError(f"{what}, and several are given as a list, got {tensors!r}")
        found = list(tensors)
        if order == 2 and found and not isinstance(found[0], (sp.MatrixBase, np.ndarray)):
            found = [found] if np.ndim(np.asarray(found[0], dtype=object)) == 1 else found
    if not found:
        raise ValueError("nothing to preserve was given: that is GL(d)")
    return found


def _entries(m: Matrix) -> Tensor:
    return {(int(i), int(j)): x for (i, j), x in m.todok().items()}


def stabilizer(tensors: Any) -> tuple[list[Matrix], int, str]:
    """Algebra, dimension and field of the stabiliser of covariant tensors."""
    read = [tensor(t, f"tensor {i}") for i, t in enumerate(_as_list(tensors))]
    sizes = sorted({d for _, d in read})
    if len(sizes) > 1:
        raise ValueError(f"all tensors must be on the same space, got dimensions {sizes}")
    d = sizes[0]
    field = "C" if any(x.has(sp.I) for t, _ in read for x in t.values()) else "R"
    return tensor_algebra([t for t, _ in read], d, field), d, field


def tensor(t: Any, what: str = "a tensor") -> tuple[Tensor, int]:
    """Read a tensor (d, …, d) as its nonzero entries and its dimension."""
    if isinstance(t, sp.MatrixBase):
        t = t.tolist() if 1 not in t.shape else list(t)
    array = np.array(t.tolist() if isinstance(t, sp.NDimArray) else t, dtype=object)
    if array.ndim == 0 or len(set(array.shape)) != 1 or array.size == 0:
        raise ValueError(f"{what} must have shape (d, ..., d), got {array.shape}")
    entries = {}
    for place in np.ndindex(*array.shape):
        try:
            x = _exact.number(array[place])
        except (ValueError, TypeError, sp.SympifyError) as error:
            raise ValueError(f"entry {place} of {what} is {array[place]!r}: {error}") from error
        if x != 0:
            entries[place] = x
    return entries, array.shape[0]


def tensor_algebra(tensors: list[Tensor], d: int, field: str) -> list[Matrix]:
    """Basis of {A : A·t = 0 for all t}; over ℂ as a real Lie algebra, A and iA."""
    rows = [row for t in tensors for row in _equations(t, d)]
    basis = [matrix_of(x, d) for x in nullspace(rows, d * d)]
    return basis if field == "R" else basis + [sp.ImmutableMatrix(sp.I * a) for a in basis]


def _equations(t: Tensor, d: int) -> list[dict[int, Any]]:
    equations: dict[tuple[int, ...], dict[int, Any]] = {}
    for place, x in t.items():
        for s, i in product(range(len(place)), range(d)):
            equation = equations.setdefault((*place[:s], i, *place[s + 1 :]), {})
            unknown = place[s] * d + i
            equation[unknown] = equation.get(unknown, sp.Integer(0)) + x
    return [{j: x for j, x in row.items() if x != 0} for row in equations.values()]


def matrix_of(x: list[Any], d: int) -> Matrix:
    """Exact matrix of d² row-major entries."""
    return sp.ImmutableMatrix(sp.SparseMatrix(d, d, {divmod(n, d): v for n, v in enumerate(x) if v != 0}))


def _unitary_algebra(forms: list[Matrix], d: int) -> list[Matrix]:
    """Basis of {A : A*M + MA = 0}, a real Lie algebra: unknowns are real and imaginary parts."""
    n = d * d
    rows = []
    for m in forms:
        for i, j in product(range(d), repeat=2):
            real: dict[int, Any] = {}
            imaginary: dict[int, Any] = {}
            for a in range(d):
                _add(real, imaginary, a * d + i, n, m[a, j], -1)
                _add(real, imaginary, a * d + j, n, m[i, a], 1)
            rows += [{u: x for u, x in row.items() if x != 0} for row in (real, imaginary)]
    return [_exact.matrix(matrix_of(x[:n], d) + sp.I * matrix_of(x[n:], d)) for x in nullspace(rows, 2 * n)]


def _add(real: dict[int, Any], imaginary: dict[int, Any], unknown: int, n: int, m: Any, sign: int) -> None:
    """Add m·(x + i·sign·y) to an equation split in real and imaginary part."""
    re, im = m.as_real_imag()
    for row, x, y in ((real, re, -sign * im), (imaginary, im, sign * re)):
        row[unknown] = row.get(unknown, sp.Integer(0)) + x
        row[unknown + n] = row.get(unknown + n, sp.Integer(0)) + y


def _components(forms: list[Matrix], kind: str, field: str) -> tuple[list[Matrix], bool]:
    """Discrete generators, and whether they reach every component."""
    m = forms[0]
    if len(forms) > 1 or not is_nondegenerate(m):
        return [], False
    if kind == "sesquilinear":
        return [], _same(m, m.H) or _same(m, -m.H)  # U(p, q) is connected
    if _same(m, -m.T):
        return [], True  # Sp(n) is connected
    if not _same(m, m.T):
        return [], False
    directions = definite_directions(m, [matrix_column(m.rows, i) for i in range(m.rows)])
    if field == "C":
        directions = directions[:1]
    return [reflection(m, x) for x in directions], True


def is_nondegenerate(m: Matrix) -> bool:
    """Whether a form has full rank."""
    if _exact.is_exact(m):
        return bool(m.rank() == m.rows)
    s = np.linalg.svd(_exact.numeric((m,), m.rows, "C")[0], compute_uv=False)
    return bool(s[-1] > 1e-12 * s[0])


def _same(a: Matrix, b: Matrix) -> bool:
    return _vanishes((a - b).applyfunc(sp.expand), _size(a))


def matrix_column(d: int, i: int) -> Matrix:
    """The basis vector e_i."""
    return sp.ImmutableMatrix(sp.SparseMatrix(d, 1, {(i, 0): 1}))


def definite_directions(m: Matrix, span: list[Matrix]) -> list[Matrix]:
    """One vector x with xᵀMx > 0 and one with xᵀMx < 0 in a span, where there are such.

    A form is diagonalised by e_i, e_j, e_i ± e_j and projections (Lagrange); two vectors are all that
    is needed.
    """
    found: dict[bool, Matrix] = {}
    rest, size = list(span), _size(m)
    while rest and len(found) < 2:
        x = _anisotropic(m, rest, size)
        if x is None:
            break  # the form vanishes on what is left
        q = form_value(m, x, x)
        found.setdefault(_is_positive(q), x)
        rest = [y - x * (form_value(m, x, y) / q) for y in rest]
        rest = [y for z in rest if not _vanishes(y := z.applyfunc(_exact.number), 1.0)]
    return [found[sign] for sign in (True, False) if sign in found]


def _anisotropic(m: Matrix, span: list[Matrix], size: float) -> Matrix | None:
    for x in span:
        if not _is_zero(form_value(m, x, x), size):
            return x
    for i, x in enumerate(span):
        for y in span[i + 1 :]:
            if not _is_zero(form_value(m, x, y), size):
                return x + y
    return None


def form_value(m: Matrix, x: Matrix, y: Matrix) -> Any:
    """xᵀMy."""
    return _exact.number((x.T * m * y)[0, 0])


def _size(m: Matrix) -> float:
    """Largest absolute value of an entry."""
    return max((abs(complex(x)) for x in m.todok().values()), default=0.0)


def _is_zero(x: Any, size: float) -> bool:
    """Whether a number is 0: exactly, or where floats entered next to a size."""
    if x.is_Rational:
        return bool(x == 0)
    return bool(x.equals(0)) if _exact.is_exact(x) else abs(complex(x)) < 1e-12 * size


def _is_positive(x: Any) -> bool:
    return complex(x).real > 0


def _vanishes(x: Matrix, size: float) -> bool:
    return all(_is_zero(entry, size) for entry in x)


def reflection(m: Matrix, x: Matrix) -> Matrix:
    """y ↦ y − 2 x (xᵀMy) / (xᵀMx), which preserves the symmetric form M and every y orthogonal to x."""
    image = sp.eye(m.rows) - x * (x.T * m) * (2 / form_value(m, x, x))
    return _exact.matrix(image)
