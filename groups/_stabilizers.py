"""Stabilisers g·t = t of vectors and tensors, and subgroups with given generators."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from sympy.combinatorics import Permutation

from . import _exact, _finite
from ._errors import ComponentsWarning
from ._generators import Permutations, from_matrices
from ._linear import nullspace
from ._membership import contains
from ._preserving import Tensor, definite_directions, form_value, is_nondegenerate, reflection, tensor
from ._preserving import _entries as matrix_entries

if TYPE_CHECKING:
    from ._group import Group

Array = np.ndarray[Any, Any]
Matrix = Any

MAX_SHOWN = 12  # longer vectors are left out of a name


def generated(group: Group, generators: list[Any], algebra: list[Any], name: str | None) -> Group:
    """Subgroup with given generators, each of which is shown to be in the group."""
    elements = [_element(h, group.d, i) for i, h in enumerate(generators)]
    lie = [_exact.matrix(a, f"algebra generator {i}") for i, a in enumerate(algebra)]
    if not elements and not lie:
        return type(group)(name or f"trivial subgroup of {group.name}", from_matrices([], [], group.d, "R"))
    made = type(group).from_generators(lie, elements, name or f"subgroup of {group.name}")
    if made.d != group.d:
        raise ValueError(f"{group.name} acts on dimension {group.d}, got generators of size {made.d}")
    from . import _lie

    basis = group.closure.astype(np.result_type(group.closure, made.lie_algebra))
    if len(lie) and _lie.outside(made.lie_algebra.astype(basis.dtype), basis) > 1e-9:
        raise ValueError(f"an algebra generator is not in the Lie algebra of {group.name}")
    for i, h in enumerate(elements):
        if not contains(group, _exact.numeric((h,), group.d, made.field)[0]):
            raise ValueError(f"generator {i} is not an element of {group.name}: {h.tolist()}")
    if group.field == "C" and made.field == "R":
        return type(group)(made.name, from_matrices(made.algebra, made.discrete, group.d, "C"))
    return made


def _element(h: Any, d: int, i: int) -> Matrix:
    if not isinstance(h, sp.MatrixBase) and np.ndim(np.asarray(h, dtype=object)) == 1:
        if sorted(h) != list(range(d)):
            raise ValueError(f"generator {i} is {h!r}, expected the images of 0..{d - 1} or a ({d}, {d}) matrix")
        return Permutations(d, np.array([h])).discrete[0]
    return _exact.matrix(h, f"generator {i}")


def fixing(group: Group, what: Any, name: str | None) -> Group:
    """Stabiliser of vectors (d,) and tensors (d, …, d)."""
    tensors = _read(what, group.d)
    label = name or f"{group.name} fixing {_describe(tensors, group.d)}"
    found = _stabilizer(group, tensors)
    return type(group)(label, found._generators)


def _read(what: Any, d: int) -> list[Tensor]:
    if isinstance(what, (sp.MatrixBase, sp.NDimArray, np.ndarray)):
        column = isinstance(what, sp.MatrixBase) and 1 in what.shape
        several = not column and len(what.shape) == 2 and what.shape[1] == d != what.shape[0]
        items: list[Any] = [what[i, :] for i in range(what.shape[0])] if several else [what]
    else:
        items = list(what)
        if items and all(np.ndim(x) == 0 and not isinstance(x, (sp.MatrixBase, sp.NDimArray)) for x in items):
            items = [items]
    if not items:
        raise ValueError("fixing=[] fixes nothing: give a vector, or a list of vectors or tensors")
    read = [tensor(t, f"what to fix ({i})") for i, t in enumerate(items)]
    if any(size != d for _, size in read):
        raise ValueError(f"the group acts on dimension {d}, got vectors or tensors of sizes {[s for _, s in read]}")
    return [t for t, _ in read if t]


def _describe(tensors: list[Tensor], d: int) -> str:
    if d > MAX_SHOWN:
        return "a long vector" if len(tensors) == 1 else f"{len(tensors)} long vectors"
    if _is_vectors(tensors):
        return ", ".join(str(tuple(t.get((i,), 0) for i in range(d))) for t in tensors) or "0"
    return "a tensor" if len(tensors) == 1 else f"{len(tensors)} tensors"


def _is_vectors(tensors: list[Tensor]) -> bool:
    return all(len(place) == 1 for t in tensors for place in t)


def _stabilizer(group: Group, tensors: list[Tensor]) -> Group:
    if group.field == "R":
        tensors = [part for t in tensors for part in _real_parts(t) if part]
    if not tensors:
        return group
    if len(group.factors) > 1 and _is_vectors(tensors):
        return _of_product(group, tensors)
    if group.is_permutation or (not len(group.closure) and _finite.model(group) is not None):
        return _of_finite(group, tensors)
    form = invariant_symmetric_form(group) if group.field == "R" and _is_vectors(tensors) else None
    if form is not None:
        return _of_orthogonal(group, form, tensors)
    return _identity_component(group, tensors)


def _real_parts(t: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary part, which a real group fixes both where it fixes the tensor."""
    parts = {place: x.as_real_imag() for place, x in t.items()}
    real, imaginary = ({place: x[n] for place, x in parts.items() if x[n] != 0} for n in (0, 1))
    return real, imaginary


def _of_product(group: Group, tensors: list[Tensor]) -> Group:
    """An element of a product fixes a vector if and only if each factor fixes its part of it."""
    from ._subgroups import product_of

    parts = []
    for start, factor in zip(group.offsets, group.factors):
        own = [t for t in (_part(t, start, factor.d) for t in tensors) if t]
        found = _stabilizer(factor, own)
        parts.append(
            type(group)(f"{factor.name} fixing {_describe(own, factor.d)}", found._generators) if own else factor
        )
    return product_of(parts)


def _part(t: Tensor, start: int, d: int) -> Tensor:
    return {(i - start,): x for (i,), x in t.items() if start <= i < start + d}


def _of_finite(group: Group, tensors: list[Tensor]) -> Group:
    """Backtrack search for a vector and a permutation group, else a test of every element."""
    if group.is_permutation and _is_vectors(tensors):
        colours = [tuple(t.get((i,), sp.Integer(0)) for t in tensors) for i in range(group.d)]
        number = {c: n for n, c in enumerate(dict.fromkeys(colours))}
        images = _finite.colour_stabilizer(group, np.array([number[c] for c in colours]))
        return type(group)("", Permutations(group.d, images))
    model = _finite.model(group)
    assert model is not None
    everything = _finite.images(model.group)
    elements = model.matrices(everything)
    keep = np.all([_unmoved(elements, t, group.d) for t in tensors], axis=0)
    images = _finite.few_generators(everything[keep])
    return type(group)("", from_matrices([], [exact_element(group, model, p) for p in images], group.d, group.field))


def _unmoved(elements: Array, t: Tensor, d: int) -> Array:
    order = len(next(iter(t)))
    dense = np.zeros((d,) * order, complex)
    for place, x in t.items():
        dense[place] = complex(x)
    moved = np.broadcast_to(dense, (len(elements), *dense.shape))
    for axis in range(1, order + 1):
        moved = np.moveaxis(np.einsum("nij,n...j->n...i", elements, np.moveaxis(moved, axis, -1)), -1, axis)
    gap = np.abs(moved - dense).reshape(len(elements), -1).max(axis=1)
    return np.asarray(gap <= 1e-8 * np.abs(dense).max())


def exact_element(group: Group, model: _finite.Model, image: Array) -> Matrix:
    """Exact matrix of an element given as a permutation of the model's points."""
    if group.is_permutation:
        return Permutations(group.d, image[None]).discrete[0]
    word = _finite.schreier_sims(model.group).generator_product(Permutation(image.tolist()), original=True)
    value = sp.eye(group.d)
    position = {tuple(p): i for i, p in enumerate(model.group.permutations.tolist())}
    for letter in word:
        forward = tuple(letter.array_form)
        if forward in position:
            value = value * group.discrete[position[forward]]
        else:
            value = value * group.discrete[position[tuple((letter**-1).array_form)]].inv()
    return _exact.matrix(value)


def invariant_symmetric_form(group: Group) -> Matrix | None:
    """The form M of a group with Lie algebra so(M) and orthogonal components; None for other groups."""
    d = group.d
    if d < 2 or group.lie_dim != d * (d - 1) // 2:
        return None
    rows = []
    place = {(i, j): n for n, (i, j) in enumerate((i, j) for i in range(d) for j in range(i, d))}
    for a in group.algebra:
        equations: dict[tuple[int, int], dict[int, Any]] = {}
        for (k, i), x in matrix_entries(a).items():
            for j in range(d):  # (AᵀM)_ij + its transpose
                for target in {(min(i, j), max(i, j))}:
                    equation = equations.setdefault(target, {})
                    unknown = place[min(k, j), max(k, j)]
                    weight = 2 if i == j else 1
                    equation[unknown] = equation.get(unknown, sp.Integer(0)) + weight * x
        rows += [{u: y for u, y in e.items() if y != 0} for e in equations.values()]
    solutions = nullspace(rows, len(place))
    if len(solutions) != 1:
        return None
    m = sp.ImmutableMatrix(d, d, lambda i, j: solutions[0][place[min(i, j), max(i, j)]])
    if not is_nondegenerate(m):
        return None
    numbers = _exact.numeric((m,), d, "R")[0]
    moved = np.swapaxes(group.discrete_generators, 1, 2) @ numbers @ group.discrete_generators
    preserved = not len(moved) or np.abs(moved - numbers).max() < 1e-9 * np.abs(numbers).max()
    return m if preserved else None


def _of_orthogonal(group: Group, form: Matrix, tensors: list[Tensor]) -> Group:
    """Stabiliser of a subspace W, pointwise, in a group between SO(M)⁰ and O(M).

    In O(M) it maps onto O(W⊥/rad W) with connected (unipotent) kernel, so reflections in one positive and one
    negative direction of W⊥ reach its components (Witt); the group keeps those whose signs it has.
    """
    d = group.d
    vectors = [sp.ImmutableMatrix([t.get((i,), 0) for i in range(d)]) for t in tensors]
    rows = [{j: x for j, x in enumerate(v.T * form) if x != 0} for v in vectors]
    complement = [sp.ImmutableMatrix(x) for x in nullspace(rows, d)]
    directions = definite_directions(form, complement)
    reflections = [reflection(form, x) for x in directions]
    signs = [_signs(form_value(form, x, x)) for x in directions]
    allowed = _component_signs(group, form)
    candidates = [*zip(signs, reflections)]
    if len(candidates) == 2:
        both = (signs[0][0] * signs[1][0], signs[0][1] * signs[1][1])
        candidates.append((both, _exact.matrix(reflections[0] * reflections[1])))
    chosen = [h for s, h in candidates if s in allowed]
    return _make(group, _fixing_algebra(group, tensors), chosen[:2] if len(chosen) == 3 else chosen)


def _signs(q: Any) -> tuple[int, int]:
    """Signs of a reflection in a vector of square q on the positive and the negative part."""
    return (-1, 1) if complex(q).real > 0 else (1, -1)


def _component_signs(group: Group, form: Matrix) -> set[tuple[int, int]]:
    """Signs of det on the positive and on the negative part that elements have: a subgroup of Z₂²."""
    m = _exact.numeric((form,), group.d, "R")[0]
    w, u = np.linalg.eigh(m)
    basis = u / np.sqrt(np.abs(w))  # basisᵀ M basis = diag(±1)
    plus = w > 0
    found = {(1, 1)}
    for h in group.discrete_generators:
        g = np.linalg.solve(basis, h @ basis)
        blocks = g[np.ix_(plus, plus)], g[np.ix_(~plus, ~plus)]
        sign = tuple(int(np.sign(np.linalg.det(b))) if b.size else 1 for b in blocks)
        found |= {(a * sign[0], b * sign[1]) for a, b in found}
    return found


def _fixing_algebra(group: Group, tensors: list[Tensor]) -> list[Matrix]:
    """Basis of {A in the Lie algebra : A·t = 0}."""
    basis = exact_closure(group)
    rows: dict[tuple[Any, ...], dict[int, Any]] = {}
    for n, a in enumerate(basis):
        columns: dict[int, list[tuple[int, Any]]] = {}
        for (i, j), x in matrix_entries(a).items():
            columns.setdefault(j, []).append((i, x))
        for m, t in enumerate(tensors):
            for place, value in t.items():
                for s, j in enumerate(place):
                    for i, x in columns.get(j, ()):
                        for part, y in enumerate((x * value).as_real_imag()):
                            row = rows.setdefault((m, part, *place[:s], i, *place[s + 1 :]), {})
                            row[n] = row.get(n, sp.Integer(0)) + y
    equations = [{n: y for n, x in row.items() if (y := sp.expand(x)) != 0} for row in rows.values()]
    combine = [
        sum((c * a for c, a in zip(x, basis) if c != 0), sp.zeros(group.d)) for x in nullspace(equations, len(basis))
    ]
    return [_exact.matrix(a) for a in combine]


def exact_closure(group: Group) -> list[Matrix]:
    """Exact basis of the generated Lie algebra: brackets of generators until the dimension is reached."""
    from . import _lie

    def rank(matrices: list[Matrix]) -> int:
        numbers = _exact.numeric(tuple(matrices), group.d, group.field)
        norms = np.linalg.norm(numbers, axis=(1, 2), keepdims=True)
        return len(_lie.orthonormal(_lie.as_real(numbers / norms)))

    basis: list[Matrix] = []
    queue = list(group.algebra)
    while queue and len(basis) < group.lie_dim:
        a = queue.pop(0)
        if not a.is_zero_matrix and rank([*basis, a]) > len(basis):
            basis.append(a)
            queue += [_exact.matrix(a * b - b * a) for b in group.algebra]
    return basis


def _identity_component(group: Group, tensors: list[Tensor]) -> Group:
    keep = []
    if len(group.discrete):
        fixed = np.all([_unmoved(group.discrete_generators, t, group.d) for t in tensors], axis=0)
        keep = [h for h, f in zip(group.discrete, fixed) if f]
    if not (_is_vectors(tensors) and has_connected_stabilizers(group)):
        _warn(group)
    return _make(group, _fixing_algebra(group, tensors), keep)


def has_connected_stabilizers(group: Group) -> bool:
    """Recognise SL(n), SU(n), U(n) and Sp(n), where the stabiliser of vectors is connected.

    It is the same kind of group on a complement, up to a unipotent part.
    """
    d, k = group.d, group.lie_dim
    traceless = bool(np.abs(np.trace(group.closure, axis1=1, axis2=2)).max(initial=0) < 1e-9)
    if len(group.discrete) or d < 2:
        return False
    if group.field == "C":
        return group.is_orthogonal and (k == d * d or (traceless and k == d * d - 1))
    if traceless and k == d * d - 1:
        return True
    return k == d * (d + 1) // 2 and d % 2 == 0 and _preserves_a_symplectic_form(group.closure)


def _preserves_a_symplectic_form(lie: Array) -> bool:
    d = lie.shape[-1]
    i, j = np.triu_indices(d, 1)
    basis = np.zeros((len(i), d, d))
    n = np.arange(len(i))
    basis[n, i, j], basis[n, j, i] = 1, -1
    change = np.einsum("kai,nab->knib", lie, basis) + np.einsum("nia,kab->knib", basis, lie)
    _, s, vt = np.linalg.svd(change.transpose(0, 2, 3, 1).reshape(-1, len(basis)), full_matrices=True)
    s = np.pad(s, (0, len(vt) - len(s)))
    if s[-1] > 1e-9:
        return False
    form = np.tensordot(vt[-1], basis, 1)
    return bool(np.linalg.cond(form) < 1e9)


def _warn(group: Group) -> None:
    warnings.warn(
        f"only the identity component of the stabiliser in {group.name} is sure to be complete; add the "
        "discrete elements you know with G.with_discrete(...)",
        ComponentsWarning,
        stacklevel=6,
    )


def _make(group: Group, algebra: list[Matrix], discrete: list[Matrix]) -> Group:
    return type(group)("", from_matrices(algebra, discrete, group.d, group.field))
