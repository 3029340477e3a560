"""Implicit kernels: an equivariant network from a relative position to a matrix of features.

A G-steerable kernel satisfies K(g x, g a) = ρ_out(g) K(x, a) ρ_in(g)⁻¹.  Here

    K(x, a) = L(h),   h = φ(s) ⊙ M t,   t = [lift(x), a, lift(x) ⊗ a],   s = invariants of (x, a),

with lift(x) the symmetric powers of x, φ a plain network on invariants, M equivariant and linear, and
L ∈ Hom(H, V_out ⊗ V_in*) read as a bilinear map H ⊗ V_in → V_out (`_contraction`).  The *dual* of V_in makes it
right for groups that are not orthogonal.  Nothing mixes different edges.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from intertwine.emlp._constants import Constants
from intertwine.emlp._frame import Decode, Encode
from intertwine.emlp._invariants import Invariants
from intertwine.emlp._linear import Linear
from intertwine.emlp._module import Layer, bind, check_width, feature_dtype, is_count, weights
from intertwine.groups import Group
from intertwine.reps import Rep, Scalar, V
from intertwine.reps._frame import Atom, frame, is_reductive
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import linear

from ._checks import check_number, check_space, check_window
from ._contraction import Contraction
from ._covariants import Covariants, products
from ._lift import Lift, degree_needed, highest_degree, usable
from ._low_rank import LowRank, Rank, inner_channels
from ._network import scalar_network
from ._radial import Window, basis

Atoms = Sequence[tuple[Atom, int]]
Device = torch.device | str | None

MAX_DEGREE = 16
#: names in checkpoints of version 0.1.0
FORMER = {
    "lift.": "covariants.lift.",
    "encode_edge.": "covariants.encode.",
    "product.": "covariants.product.",
    "mix.": "covariants.mix.",
}


class NonLocalKernelWarning(UserWarning):
    """The group leaves no invariant of a position, so a kernel cannot fall off with distance."""


class Parts(NamedTuple):
    """What the hidden features of a kernel are made of, edge by edge.

    phi (E, Σ m): the radial part of all atoms; covariants: per steerable atom (E, d, sources), what M mixes;
    score (E,): an invariant number, or None.
    """

    phi: Tensor
    covariants: list[Tensor]
    score: Tensor | None


class Kernel(Layer):
    """Base of steerable kernels: modules from positions (and attributes) to matrices, K(g x, g a) = ρ_out K ρ_in⁻¹.

    Attributes
    ----------
    group : Group
    rep_in, rep_out : Rep
    space : Rep
        Acts on positions.
    edge : Rep or None
        Acts on attributes.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> class Outward(Kernel):
    ...     def __init__(self, group):
    ...         super().__init__()
    ...         self.group, self.space = group, V(group)
    ...         self.rep_in, self.rep_out = Scalar(group), V(group)
    ...
    ...     def forward(self, x, attr=None):
    ...         return x.unsqueeze(-1)
    >>> Outward(O(3))(torch.ones(7, 3)).shape
    torch.Size([7, 3, 1])
    """

    group: Group
    rep_in: Rep
    rep_out: Rep
    space: Rep
    edge: Rep | None = None

    @abstractmethod
    def forward(self, x: Tensor, attr: Tensor | None = None) -> Tensor:
        """Matrices (..., rep_out.dim, rep_in.dim) of positions (..., n) and attributes (..., edge.dim)."""


class ImplicitKernel(Kernel):
    """A learned G-steerable kernel K(x, a): (out, in) matrices from positions and steerable attributes.

    Parameters
    ----------
    rep_in, rep_out : Rep
    group : Group, optional
    space : Rep
        Acts on positions; any real representation of a real group, by default V.  Of a complex group take the
        `realification`: its V, or its Adjoint.
    edge : Rep, optional
        Acts on the attributes a.
    hidden : int or Rep
        Total dimension of the hidden features h (the library gives every usable atom the same number of
        channels), or the representation itself.
    layers : int
        Depth of the network φ.
    width : int
        Its width.
    radial : "gaussian", "bessel" or "chebyshev"
    shells : int
        Number of radial functions.
    cutoff : float
        Length unit of positions.
    window : (start, stop) or None
        The kernel is taken smoothly to zero between these distances, in units of the cutoff.
    degree : int, optional
        Highest symmetric power of the position; by default the smallest with which the kernel is complete at a generic
        position (`completeness`), up to degree 16 and 256 monomials (degree 2 where the group is not reductive).
    rank : int or "depthwise", optional
        Kernels of low rank over channels (`_low_rank`): the input's copies are mixed to so many channels, each is
        multiplied by hidden features of its own, and all products are mixed; "depthwise" leaves out the first mixing.
    weighted : bool
        The network φ has one more output, an invariant score of (x, a): for attention.

    Raises
    ------
    TypeError, ValueError
        As `intertwine.emlp.Linear`; also for an unknown radial basis, a cutoff that is not positive, complex
        positions, or a hidden representation without any path.

    Examples
    --------
    >>> import torch
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import Scalar, V
    >>> kernel = ImplicitKernel(Scalar + V, V, group=SO(3), cutoff=2.0)
    >>> kernel(torch.randn(10, 3)).shape
    torch.Size([10, 3, 4])

    References
    ----------
    Zhdanov, Hoffmann, Cesa, Implicit Convolutional Kernels for Steerable CNNs, NeurIPS 2023,
    arXiv:2212.06096, section 4; the steerability constraint: Weiler et al., arXiv:1807.02547, theorem 2.
    """

    def __init__(
        self,
        rep_in: Rep,
        rep_out: Rep,
        group: Group | None = None,
        space: Rep = V,
        edge: Rep | None = None,
        hidden: int | Rep = 128,
        layers: int = 2,
        width: int = 32,
        radial: str = "gaussian",
        shells: int = 8,
        cutoff: float = 1.0,
        window: tuple[float, float] | None = (0.0, 1.0),
        degree: int | None = None,
        rank: Rank | None = None,
        weighted: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        given = {"rep_in": rep_in, "rep_out": rep_out}
        if edge is not None:
            given["edge"] = edge
        self.group, bound = bind(group, **given)
        self.rep_in, self.rep_out, *rest = bound
        self.edge = rest[0] if rest else None
        self.space = space(self.group)
        check_space(self.space)
        check_number("cutoff", cutoff, 0, strict=True, whole=False)
        for name, value, least in (("shells", shells, 1), ("width", width, 1), ("layers", layers, 0)):
            check_number(name, value, least)
        if degree is not None:
            check_number("degree", degree, 0)
        check_window(window)
        dtype = feature_dtype(dtype, any(rep.is_complex for rep in bound))
        self.invariants = Invariants(self.space, dtype, device)
        if self.invariants.kind == "none":
            warnings.warn(
                f"{self.group.name} has no invariant of a single position in {self.space!r}: the radial part of the "
                "kernel is constant and the kernel is not local",
                NonLocalKernelWarning,
                stacklevel=2,
            )
        if degree is None:
            most = highest_degree(self.space.dim, MAX_DEGREE if is_reductive(self.group) else 2)
            degree = degree_needed(self.space, self.rep_in, self.rep_out, most, self.invariants.count)
        else:
            most = degree
        lift = Lift(self.space, degree, dtype, device)
        atoms_edge = frame(self.edge).atoms if self.edge is not None else ()
        if rank is not None and rank != "depthwise":
            check_number("rank", rank, 1)
        self.atoms = self._hidden_atoms(hidden, lift.atoms, atoms_edge, most, rank)
        self.covariants = Covariants(lift, self.edge, self.atoms, dtype, device)
        low = -1.0 if self.invariants.kind == "form" else 0.0
        self.radial = basis(radial, shells, low, self.space.dim, device, dtype)
        self.window = None if window is None else Window(*window, self.space.dim, self.radial, device, dtype)
        fan = shells + self.invariants.count + self.covariants.scalars
        out = sum(m for _, m in self.atoms)
        self.weighted = weighted
        self.network = scalar_network(fan, width, out + weighted, layers, device, dtype)
        ends = frame(self.rep_in).atoms, frame(self.rep_out).atoms
        self.contraction: Contraction | LowRank = (
            Contraction(self.atoms, *ends, dtype, device)
            if rank is None
            else LowRank(self.atoms, *ends, rank, dtype, device)
        )
        self.decode = Decode(self.rep_out, dtype, device)
        self.constants = Constants({"enc": _encoding(self.rep_in), "cutoff": np.array(float(cutoff))}, dtype, device)

    def _hidden_atoms(
        self, hidden: int | Rep, atoms_lift: Atoms, atoms_edge: Atoms, most: int, rank: Rank | None
    ) -> tuple[tuple[Atom, int], ...]:
        least = 1 if rank is None else max(inner_channels(frame(self.rep_in).atoms, rank))
        if isinstance(hidden, Rep):
            atoms = frame(hidden(self.group)).atoms
            if not usable({a for a, _ in atoms}, self.rep_in, self.rep_out):
                raise ValueError(
                    f"hidden = {hidden!r} offers no path {self.rep_in!r} -> {self.rep_out!r} for {self.group.name}"
                )
            if min(m for _, m in atoms) < least:
                raise ValueError(f"rank = {rank!r} needs {least} copies of every irrep in hidden, got {hidden!r}")
            return atoms
        if not is_count(hidden):
            raise ValueError(f"hidden is a total dimension (an integer >= 1) or a representation, got {hidden!r}")
        lifted, attributes = {a for a, _ in atoms_lift}, {a for a, _ in atoms_edge}
        offered = lifted | attributes | products(lifted, attributes)
        chosen = usable(offered, self.rep_in, self.rep_out)
        if not chosen:
            raise ValueError(
                f"no equivariant kernel {self.rep_in!r} -> {self.rep_out!r} for {self.group.name} was found in "
                f"polynomials of degree <= {most} on {self.space!r}"
            )
        channels = least if rank is not None else max(1, round(hidden / sum(a.dim for a in chosen)))
        return tuple((a, channels) for a in chosen)

    def parts(self, x: Tensor, attr: Tensor | None) -> Parts:
        """What hidden features are made of, for positions (E, n) and attributes (E, edge.dim)."""
        check_width(x, self.space.dim, self.space, "x", "space")
        if (attr is None) != (self.edge is None):
            raise ValueError(
                f"the kernel was built with edge={self.edge!r}, but attributes were "
                f"{'not given' if attr is None else 'given'}"
            )
        x = x / self.constants.value("cutoff")
        distance, invariants = self.invariants(x)
        scalars, covariants = self.covariants(self.invariants.direction(x, distance), attr)
        radial = self.radial(distance)
        phi = self.network(torch.cat([radial, invariants.to(radial.dtype), scalars], -1))
        score = phi[:, -1] if self.weighted else None
        phi = phi[:, :-1] if self.weighted else phi
        if self.window is not None and self.invariants.kind != "none":
            phi = phi * self.window(distance).unsqueeze(-1)
        return Parts(phi, covariants, score)

    @property
    def lift(self) -> Lift:
        """The polynomials of positions."""
        return self.covariants.lift

    @property
    def learned(self) -> nn.ModuleList:
        """What is linear or generic in the kernel's weights: with these drawn at random, its values are generic."""
        return nn.ModuleList([self.network, self.contraction, self.covariants])

    @property
    def is_factored(self) -> bool:
        """Whether every steerable hidden atom is made of one covariant: h is then a radial times an angular part."""
        if isinstance(self.contraction, LowRank):
            return False
        return all(weight.shape[1] == 1 for weight in self.covariants.weights)

    def factors(self, parts: Parts) -> tuple[Tensor, Tensor]:
        """Radial part (E, Σ m) and angular part (E, Σ d) of the hidden features, where `is_factored`."""
        phi, covariants = parts.phi, parts.covariants
        radial = list(phi.split([m for _, m in self.atoms], -1))
        angular = [phi.new_ones(len(phi), 1)] * len(self.atoms)
        for i, y, weight in zip(self.covariants.steerable, covariants, self.covariants.weights):
            radial[i], angular[i] = radial[i] * weight[:, 0], y[..., 0]
        return torch.cat(radial, 1), torch.cat(angular, 1)

    def features(self, parts: Parts) -> Tensor:
        """Hidden features h (E, Σ d·m), components first."""
        phi, covariants = parts.phi, parts.covariants
        hs = list(phi.split([m for _, m in self.atoms], -1))
        for i, y, weight in zip(self.covariants.steerable, covariants, self.covariants.weights):
            hs[i] = (hs[i].unsqueeze(1) * linear(y, weight)).flatten(1)
        return torch.cat(hs, 1)

    def forward(self, x: Tensor, attr: Tensor | None = None) -> Tensor:
        """Kernel matrices (..., rep_out.dim, rep_in.dim) of positions (..., n), attributes (..., edge.dim)."""
        batch = x.shape[:-1]
        attr = None if attr is None else attr.reshape(-1, attr.shape[-1])
        h = self.features(self.parts(x.reshape(-1, x.shape[-1]), attr))
        k = self.contraction.kernels(h.to(self.constants.value("enc").dtype)) @ self.constants.value("enc")
        out = self.decode.flat(k.mT)
        return out.mT.reshape(*batch, self.rep_out.dim, self.rep_in.dim)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any, **kwargs: Any) -> None:
        for old, new in FORMER.items():
            is_own = old.removesuffix(".") in self._modules  # of a subclass
            for name in [name for name in state_dict if name.startswith(prefix + old) and not is_own]:
                state_dict[prefix + new + name.removeprefix(prefix + old)] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def __repr__(self) -> str:
        edge = "" if self.edge is None else f", edge={self.edge!r}"
        return (
            f"ImplicitKernel({self.rep_in!r} -> {self.rep_out!r} | {self.group.name}, space={self.space!r}{edge}, "
            f"degree={self.lift.degree}, hidden={sum(a.dim * m for a, m in self.atoms)} | {weights(self)} weights)"
        )


def invariant_bias(rep: Rep, dtype: torch.dtype, device: Device) -> Linear:
    """The invariant part of a learned constant, zero at first."""
    layer = Linear(Scalar, rep, rep.group, bias=False, dtype=dtype, device=device)
    for weight in layer.parameters():
        nn.init.zeros_(weight)
    return layer


def _encoding(rep: Rep) -> NDArray[Any]:
    """Matrix (Σ d·m, rep.dim) from features to components-first atoms."""
    dtype = torch.complex128 if rep.is_complex else torch.float64
    encode = Encode(rep, dtype, "cpu")
    return encode.flat(torch.eye(rep.dim, dtype=dtype, device="cpu")).T.numpy()
