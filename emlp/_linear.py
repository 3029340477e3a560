"""Equivariant linear maps, applied in factored form where they are not small.

Hom(⊕ m_a a, ⊕ m_b b) = ⊕ K^(m_b × m_a) ⊗ Hom(a, b): per target atom one small matrix product over channels.
For irreps Hom(a, b) is End(a) or 0 (Schur), so nothing of the size of a dense projector appears
anywhere.  A map of few features is cheapest as the matrix W that it is, put together from the coefficients by one
gather; there one input that is not finite spoils all outputs of its sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar
from intertwine.reps._frame import Atom, frame, linear_basis, trivial_atom
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn.functional import linear

from ._assembly import Assembly, Block, axes, starts
from ._constants import Constants
from ._frame import Decode, Encode
from ._init import coefficients
from ._module import Derived, Layer, bind, check_silent, feature_dtype, weights

Atoms = Sequence[tuple[Atom, int]]
SMALL = 2**12  # largest number of entries of a map that is applied as one matrix


class LinearAtoms(Derived):
    """Linear maps between lists of atoms: [(dim a, ..., m_a)] to [(dim b, ..., m_b)].

    Parameters
    ----------
    atoms_in, atoms_out : sequences of (Atom, multiplicity)
    bias : bool
        Learn a multiple of every invariant vector of every output atom.

    Attributes
    ----------
    weights : nn.ParameterList
        One (m_b, fan-in) matrix per output atom; the fan-in runs over (input atom, basis element of
        Hom(a, b), channel).

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T, V
    >>> from intertwine.reps._frame import frame
    >>> atoms_in, atoms_out = frame(T(2)(SO(3))).atoms, frame((4 * V)(SO(3))).atoms
    >>> layer = LinearAtoms(atoms_in, atoms_out)  # of 1 + 3 + 5 only 3 reaches a vector
    >>> [tuple(weight.shape) for weight in layer.weights]
    [(4, 1)]
    """

    def __init__(
        self,
        atoms_in: Atoms,
        atoms_out: Atoms,
        bias: bool = False,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        arrays: dict[str, NDArray[Any]] = {}
        self.multiplicities = tuple(m for _, m in atoms_in)
        self.dims = tuple(a.dim for a, _ in atoms_in)
        self.shapes = tuple((m, b.dim) for b, m in atoms_out)
        self.sources = tuple(_sources(atoms_in, b, f"{j}", arrays) for j, (b, _) in enumerate(atoms_out))
        self.weights = nn.ParameterList()
        for (_, m), sources in zip(atoms_out, self.sources):
            fan_in = sum(r * atoms_in[i][1] for i, r, _ in sources)
            self.weights.append(coefficients(m, fan_in, dtype, device))
        self.bias_at = _invariants(atoms_out, arrays) if bias else ()
        self.bias = nn.ParameterList(
            nn.Parameter(torch.zeros(self.shapes[j][0], r, dtype=dtype, device=device)) for j, r, _ in self.bias_at
        )
        self.constants = Constants(arrays, dtype, device)
        self.matrix: Assembly | None = None
        self.shift: Assembly | None = None
        self.refresh()

    def refresh(self) -> None:
        """Write the map of flat features as one matrix (and vector), where it is small."""
        self.matrix = self.shift = None
        sizes_in, sizes_out = [d * m for d, m in zip(self.dims, self.multiplicities)], [d * m for m, d in self.shapes]
        like = self.weights[0]
        if like.is_meta or sum(sizes_in) * sum(sizes_out) > SMALL:
            return
        at_in, at_out, at_weights = starts(sizes_in), starts(sizes_out), starts([w.numel() for w in self.weights])
        blocks: list[Block] = []
        for j, (sources, (m_b, d_b)) in enumerate(zip(self.sources, self.shapes)):
            first, fan = at_weights[j], self.weights[j].shape[1]
            for i, r, name in sources:
                d_a, m_a = self.dims[i], self.multiplicities[i]
                basis = np.eye(d_b)[None] if name is None else self.constants.get_buffer(name).cpu().numpy()
                s, c, e, p, q = axes(r, d_b, d_a, m_b, m_a)
                entries = (at_out[j] + c * m_b + p) * at_in[-1] + at_in[i] + e * m_a + q
                blocks.append((entries, first + p * fan + s * m_a + q, basis[..., None, None]))
                first += r * m_a
        self.matrix = Assembly((at_out[-1], at_in[-1]), blocks, at_weights[-1], like)
        at_bias, blocks = starts([b.numel() for b in self.bias]), []
        for first, (j, r, name) in zip(at_bias, self.bias_at):
            m_b, d_b = self.shapes[j]
            basis = np.ones((1, 1)) if name is None else self.constants.get_buffer(name).cpu().numpy()
            s, c, p = axes(r, d_b, m_b)
            blocks.append((at_out[j] + c * m_b + p, first + p * r + s, basis[..., None]))
        self.shift = Assembly((at_out[-1],), blocks, at_bias[-1], like) if blocks else None

    def flat(self, x: Tensor) -> Tensor:
        """The maps of flat features (..., Σ dim · multiplicity), where `matrix` is there."""
        if self.matrix is None:
            raise ValueError("the map is too large for one matrix: apply it to atoms")
        return linear(x, self.matrix(self.weights), None if self.shift is None else self.shift(self.bias))

    def forward(self, xs: Sequence[Tensor | list[Tensor]]) -> list[Tensor]:
        """Apply the maps, then the bias; the channels of an atom may come in several tensors."""
        invariant = {j: bias.squeeze(1) for (j, _, name), bias in zip(self.bias_at, self.bias) if name is None}
        ys = self.apply_weights(xs, invariant)
        for (j, _, name), bias in zip(self.bias_at, self.bias):
            if name is not None:
                vectors = (bias @ self.constants.value(name)).mT  # (dim b, m_b)
                ys[j] = ys[j] + vectors.reshape(len(vectors), *[1] * (ys[j].ndim - 2), -1)
        return ys

    def apply_weights(
        self, xs: Sequence[Tensor | list[Tensor]], bias: Mapping[int, Tensor] = MappingProxyType({})
    ) -> list[Tensor]:
        """Apply the maps without the bias, but for that (m_b,) of some invariant atoms."""
        return [linear(x, weight, bias.get(j)) for j, (x, weight) in enumerate(zip(self.images(xs), self.weights))]

    def images(self, xs: Sequence[Tensor | list[Tensor]]) -> list[Tensor]:
        """What the weights (m_b, fan-in) multiply: per output atom (d, ..., fan-in), all maps of all inputs to it."""
        like = next(x for x in xs if isinstance(x, Tensor))
        found = []
        for sources, (_, d) in zip(self.sources, self.shapes):
            parts = self._gathered(xs, sources) or [like.new_zeros(d, *like.shape[1:-1], 0)]
            found.append(parts[0] if len(parts) == 1 else torch.cat(parts, -1))
        return found

    def _gathered(
        self, xs: Sequence[Tensor | list[Tensor]], sources: tuple[tuple[int, int, str | None], ...]
    ) -> list[Tensor]:
        parts: list[Tensor] = []
        for i, _, name in sources:
            x = xs[i]
            pieces = [x] if isinstance(x, Tensor) else x
            if name is None or not pieces:
                parts += pieces
            else:
                parts.append(self._expand(pieces[0] if len(pieces) == 1 else torch.cat(pieces, -1), name))
        return parts

    def _expand(self, x: Tensor, name: str) -> Tensor:
        """All basis maps of Hom(a, b) on x: (dim a, ..., m) to (dim b, ..., r · m)."""
        basis = self.constants.value(name)  # (r, dim b, dim a)
        y = (basis.flatten(0, 1) @ x.flatten(1)).unflatten(1, x.shape[1:]).unflatten(0, basis.shape[:2])
        return y.squeeze(0) if len(basis) == 1 else y.movedim(0, -2).flatten(-2)


def _sources(
    atoms_in: Atoms, b: Atom, name: str, arrays: dict[str, NDArray[Any]]
) -> tuple[tuple[int, int, str | None], ...]:
    """Input atoms with maps to b: (index, number of basis maps, name of the constant or None for 1)."""
    found: list[tuple[int, int, str | None]] = []
    for i, (a, _) in enumerate(atoms_in):
        basis = linear_basis(a, b)
        if a is b and len(basis) == 1:  # End = span(1), whatever multiple the solver found
            found.append((i, 1, None))
        elif len(basis):
            arrays[f"maps{i}to{name}"] = basis
            found.append((i, len(basis), f"maps{i}to{name}"))
    return tuple(found)


def _invariants(atoms_out: Atoms, arrays: dict[str, NDArray[Any]]) -> tuple[tuple[int, int, str | None], ...]:
    """Output atoms with invariant vectors: (index, how many, name of the (r, dim) constant or None for 1)."""
    trivial = trivial_atom(atoms_out[0][0].group)
    found: list[tuple[int, int, str | None]] = []
    for j, (b, _) in enumerate(atoms_out):
        basis = linear_basis(trivial, b)[..., 0]  # (r, dim b)
        if len(basis) and not b.is_trivial:
            arrays[f"invariants{j}"] = basis
        if len(basis):
            found.append((j, len(basis), None if b.is_trivial else f"invariants{j}"))
    return tuple(found)


class Linear(Layer):
    """Every equivariant affine map between two representations, y = W x + b with ρ_out(g) W = W ρ_in(g).

    Trains exactly ``(rep_in >> rep_out)(group).dim`` coefficients, and one per invariant of ``rep_out`` for the
    bias. W is formed only where it is small (up to `SMALL` entries).

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group, optional
        Binds the representations; not needed when they are bound already.
    bias : bool
        Learn the invariant part b.
    device : torch.device, optional
    dtype : torch.dtype, optional
        Default ``torch.get_default_dtype()``; its complex counterpart where the representations are complex.

    Raises
    ------
    TypeError
        If ``rep_in`` or ``rep_out`` is not a representation.
    ValueError
        If the group is missing or not theirs, the representations are bound to groups between which every map is 0,
        the dtype does not fit, or (when called) x has another width, dtype or device.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, T, V
    >>> layer = Linear(4 * V + Scalar, T(2), group=SO(3))
    >>> layer
    Linear(4 * V + Scalar -> T(2) | SO(3) | 6 weights)
    >>> layer(torch.randn(10, 13)).shape
    torch.Size([10, 9])

    References
    ----------
    Finzi, Welling, Wilson, A Practical Method for Constructing Equivariant Multilayer Perceptrons for
    Arbitrary Matrix Groups, ICML 2021, arXiv:2104.09459, equations 3 and 6 (the constraint); its factored
    solution is Schur's lemma.
    """

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.group, (self.rep_in, self.rep_out) = bind(group, rep_in=rep_in, rep_out=rep_out)
        dtype = feature_dtype(dtype, self.rep_in.is_complex or self.rep_out.is_complex)
        self.width = self.rep_in.dim
        self.encode = Encode(self.rep_in, dtype, device)
        self.atoms = LinearAtoms(frame(self.rep_in).atoms, frame(self.rep_out).atoms, bias, dtype, device)
        if not any(self.atoms.sources):
            check_silent(group, rep_in, rep_out, linear=True)
        self.decode = Decode(self.rep_out, dtype, device)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (..., rep_in.dim) to (..., rep_out.dim)."""
        self.encode.check(x)
        if self.atoms.matrix is not None:
            return self.decode.flat(self.atoms.flat(self.encode.flat(x)))
        return self.decode(self.atoms(self.encode(x)))

    def dense(self) -> Tensor:
        """The matrix W (rep_out.dim, rep_in.dim), differentiable in the weights."""
        weight = self.atoms.weights[0]
        one = torch.eye(self.width, dtype=weight.dtype, device=weight.device)
        return self.decode(self.atoms.apply_weights(self.encode(one))).mT

    @classmethod
    def from_dense(
        cls,
        weight: Tensor | ArrayLike,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        bias: Tensor | ArrayLike | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> Linear:
        """The layer whose matrix is the orthogonal projection of an unconstrained one.

        Parameters
        ----------
        weight : (rep_out.dim, rep_in.dim)
        bias : (rep_out.dim,), optional
            Its invariant part is taken; without it the layer has no bias.

        Examples
        --------
        >>> import torch
        >>> from intertwine.groups import SO
        >>> from intertwine.reps import V
        >>> Linear.from_dense(torch.tensor([[2., 1.], [0., 4.]]), V, V, SO(2)).dense()
        tensor([[ 3.0000,  0.5000],
                [-0.5000,  3.0000]], grad_fn=<...>)
        """
        layer = cls(rep_in, rep_out, group, bias is not None, device, dtype)
        rep_in, rep_out = layer.rep_in, layer.rep_out
        projected = _project(weight, rep_in, rep_out, "weight")
        atoms_in, atoms_out = frame(rep_in).atoms, frame(rep_out).atoms
        with torch.no_grad():
            images = _atomwise(projected, rep_in, rep_out)
            for j, ((b, _), sources) in enumerate(zip(atoms_out, layer.atoms.sources)):
                found = [
                    _read(images[i][j], np.eye(b.dim)[None] if name is None else linear_basis(atoms_in[i][0], b))
                    for i, _, name in sources
                ]  # each (m_b, r, m_a)
                if found:
                    layer.atoms.weights[j].copy_(torch.cat([c.flatten(1) for c in found], 1))
            if bias is not None:
                scalar = Scalar(layer.group)
                images = _atomwise(_project(_column(bias), scalar, rep_out, "bias"), scalar, rep_out)
                for (j, _, name), parameter in zip(layer.atoms.bias_at, layer.atoms.bias):
                    one = frame(scalar).atoms[0][0]
                    basis = np.ones((1, 1, 1)) if name is None else linear_basis(one, atoms_out[j][0])
                    parameter.copy_(_read(images[0][j], basis)[..., 0])
        return layer

    def __repr__(self) -> str:
        bias = "" if len(self.atoms.bias) or not self.atoms.bias_at else ", no bias"
        return f"Linear({self.rep_in!r} -> {self.rep_out!r} | {self.group.name} | {weights(self)} weights{bias})"


def _numpy(w: Tensor | ArrayLike) -> NDArray[Any]:
    return w.detach().cpu().resolve_conj().numpy() if isinstance(w, Tensor) else np.asarray(w)


def _column(b: Tensor | ArrayLike) -> NDArray[Any]:
    b = _numpy(b)
    if b.ndim != 1:
        raise ValueError(f"bias must have shape (rep_out.dim,), got {b.shape}")
    return b[:, None]


def _project(w: Tensor | ArrayLike, rep_in: Rep, rep_out: Rep, name: str) -> Tensor:
    w = _numpy(w)
    if w.shape != (rep_out.dim, rep_in.dim):
        raise ValueError(
            f"{name} has shape {w.shape}, expected (rep_out.dim, rep_in.dim) = ({rep_out.dim}, {rep_in.dim})"
        )
    if w.dtype.kind not in "biufc" or not np.isfinite(w).all():
        raise ValueError(f"{name} has entries that are not finite numbers")
    kind = np.complex128 if rep_in.is_complex or rep_out.is_complex else np.float64
    if np.iscomplexobj(w) and kind is np.float64:
        raise ValueError(f"{name} is complex, but {rep_in!r} and {rep_out!r} are real")
    return torch.from_numpy((rep_in >> rep_out).project(w.astype(kind)).astype(kind))


def _atomwise(w: Tensor, rep_in: Rep, rep_out: Rep) -> list[list[Tensor]]:
    """Blocks of enc_out W dec_in: images[i][j] has shape (m_a, dim a, m_b, dim b)."""
    shapes = [(m, a.dim) for a, m in frame(rep_in).atoms]
    sizes = [m * d for m, d in shapes]
    units = torch.eye(sum(sizes), dtype=w.dtype, device="cpu").split(sizes, -1)
    atoms = [u.unflatten(-1, s).movedim(-1, 0) for u, s in zip(units, shapes)]
    columns = Decode(rep_in, w.dtype, "cpu")(atoms)  # (coordinates, in)
    images = Encode(rep_out, w.dtype, "cpu")(columns @ w.mT)
    blocks = [image.movedim(0, -1).split(sizes, 0) for image in images]
    return [[blocks[j][i].unflatten(0, shapes[i]) for j in range(len(blocks))] for i in range(len(shapes))]


def _read(block: Tensor, basis: NDArray[Any]) -> Tensor:
    """Coefficients (m_b, r, m_a) of a block (m_a, dim a, m_b, dim b) in an orthogonal basis (r, b, a)."""
    dual = torch.from_numpy(basis.conj() / basis.shape[1]).to(block.dtype)
    return torch.einsum("iajb,rba->jri", block, dual)
