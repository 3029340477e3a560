"""Matrices of the algebra as heat maps: generators, bases of Hom spaces, representations before and after splitting."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
from intertwine.groups import Group
from intertwine.groups._membership import Undecided
from intertwine.reps import Basis, Hom, Rep

from ._figure import A_GROUP, A_REP, SEQUENTIAL, Array, bare, borders, heat, panels, require, subscript

WRITTEN = 6  # largest matrix whose entries are written into its cells
LETTERS = 5  # longest entry written
MOST = 4_000_000  # entries of a matrix that is drawn
NAME = 8  # longest name of a representation written beside a block


def generators(group: Group, axes: Any = None) -> Array:
    """Generators of a group: A₁, A₂, … of its Lie algebra as they were given, then the discrete ones h₁, h₂, …

    Red is negative, white 0, blue positive; complex matrices are drawn as real and imaginary part side by side.
    Entries are written out in matrices up to 6 × 6, exactly.

    Parameters
    ----------
    group : Group
    axes : array of matplotlib Axes, optional
        As many as there are generators.

    Returns
    -------
    array of Axes (generators,)

    Raises
    ------
    TypeError, ValueError
        For no group; if it has no generators (the trivial group), or the number of axes is another.

    Examples
    --------
    >>> from intertwine.groups import O
    >>> axes = generators(O(2))
    >>> [ax.get_title() for ax in axes], axes[0].images[0].get_array().tolist()
    (['A₁', 'h₁'], [[0.0, -1.0], [1.0, 0.0]])
    """
    require(group, Group, A_GROUP)
    named = [(f"A{subscript(i + 1)}", m) for i, m in enumerate(group.algebra)]
    named += [(f"h{subscript(i + 1)}", m) for i, m in enumerate(group.discrete)]
    if not named:
        raise ValueError(f"{group.name} has no generators to draw: it is trivial")
    convert = complex if group.field == "C" else float
    drawn = panels(len(named), axes, tall=0.6 if group.field == "C" else 1.0)
    for ax, (name, exact) in zip(drawn, named):
        matrix = np.array(exact.tolist(), dtype=convert)
        heat(ax, matrix)
        _write(ax, exact)
        ax.set_title(name, fontsize=9)
    if axes is None:
        drawn[0].figure.suptitle(f"Generators of {group.name}", fontsize=11)
    return drawn


def _write(axes: Any, exact: Any) -> None:
    """Entries that are not 0, where all of them are short."""
    parts = _entries(exact)
    if exact.rows > WRITTEN or max((len(text) for *_, text in parts), default=0) > LETTERS:
        return
    size = 9 - exact.rows // 3
    colours = axes.images[0]
    for i, j, text in parts:
        value = abs(float(colours.get_array()[i, j])) / colours.norm.vmax
        axes.text(j, i, text, ha="center", va="center", fontsize=size, color="white" if value > 0.5 else "black")


def _entries(exact: Any) -> list[tuple[int, int, str]]:
    real = [(i, j, _text(x.as_real_imag()[0])) for (i, j), x in exact.todok().items()]
    imaginary = [(i, j + exact.cols, _text(x.as_real_imag()[1])) for (i, j), x in exact.todok().items()]
    return [(i, j, text) for i, j, text in (*real, *imaginary) if text != "0"]


def _text(x: Any) -> str:
    return str(x.evalf(3) if x.is_Float else x).replace("-", "−").replace("sqrt", "√").replace("*", "")


def basis(hom_or_basis: Hom | Basis, count: int = 12, axes: Any = None) -> Array:
    """The first basis elements of a Hom space, maps (out, in) orthonormal in the Frobenius inner product.

    Parameters
    ----------
    hom_or_basis : Hom or Basis
        A Hom space is solved.
    count : int
        Largest number of elements drawn.
    axes : array of matplotlib Axes, optional
        As many as are drawn.

    Returns
    -------
    array of Axes (min(count, dim),)

    Raises
    ------
    TypeError, ValueError
        For anything but a Hom space or basis; if it has dimension 0 or maps of more than four million entries; if the
        number of axes is another.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T, V
    >>> len(basis((T(2) >> T(2))(SO(3))))
    3
    """
    if not isinstance(hom_or_basis, Hom | Basis):
        raise TypeError(f"basis draws a Hom space, such as (V >> V)(G), or its basis, got {hom_or_basis!r}")
    found = hom_or_basis.basis() if isinstance(hom_or_basis, Hom) else hom_or_basis
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"count is an integer >= 1, got {count!r}")
    if not found.rank:
        raise ValueError(f"there is no equivariant map {found.rep_in!r} -> {found.rep_out!r} but 0 to draw")
    if found.shape[0] * found.shape[1] > MOST:
        raise ValueError(
            f"maps {found.rep_in!r} -> {found.rep_out!r} are matrices of shape {found.shape}: up to {MOST:,} entries "
            "are drawn; take smaller representations"
        )
    some = np.eye(min(count, found.rank), found.rank, dtype=found.dtype)
    elements = found.combine(some)  # (count, out, in)
    tall = found.shape[0] / (found.shape[1] * (1 + np.iscomplexobj(elements)))
    drawn = panels(len(elements), axes, tall=float(np.clip(tall, 0.4, 2.5)))
    for i, (ax, element) in enumerate(zip(drawn, elements)):
        heat(ax, element)
        if not 0.2 <= tall <= 5:  # a thin strip with square cells cannot be seen
            ax.set_aspect("auto")
        cuts = _cuts(found.rep_in)
        borders(
            ax, _cuts(found.rep_out), np.append(cuts, cuts + found.rep_in.dim) if np.iscomplexobj(element) else cuts
        )
        ax.set_title(f"B{subscript(i + 1)}", fontsize=9)
    if axes is None:
        shown = f"{len(elements)} of {found.rank}" if found.rank > len(elements) else f"{found.rank}"
        title = f"Equivariant maps {found.rep_in!r} → {found.rep_out!r} of {found.group.name} ({shown})"
        drawn[0].figure.suptitle(title, fontsize=10, wrap=True)
    return drawn


def _cuts(rep: Rep) -> Array:
    """Where one summand ends and the next begins."""
    sizes = [part.dim for n, part in rep.summands() for _ in range(n)]
    return np.array(list(accumulate(sizes))[:-1], int)


def blocks(rep: Rep, g: Array | None = None, axes: Any = None, rng: int | np.random.Generator | None = 0) -> Array:
    """|ρ(g)| before and after the change of basis to irreps, for one element g.

    Left: in the basis of ``rep``, with the borders of its summands.  Right: in the basis of ``rep.decompose()``, with
    a frame around the block of every copy of an irrep.

    Parameters
    ----------
    rep : bound Rep
    g : (d, d), optional
        An element of the group; a random one by default.
    axes : array of two matplotlib Axes, optional
    rng : int or numpy.random.Generator
        For the random element.

    Returns
    -------
    array of Axes (2,)

    Raises
    ------
    NotReductive, TypeError, ValueError
        As `Rep.decompose`; also for no representation, an unbound representation, and a g of another shape or outside
        the group.

    Examples
    --------
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import T
    >>> before, after = blocks(T(2)(SO(3)))
    >>> len(after.patches)  # 9 = 1 + 3 + 5
    3
    """
    require(rep, Rep, A_REP)
    group = rep._require_group()
    g = group.sample(rng=rng) if g is None else np.asarray(g)
    if g.shape != (group.d, group.d):
        raise ValueError(
            f"g is an element of {group.name}, a matrix of shape {(group.d, group.d)}, got shape {g.shape}"
        )
    if not _may_hold(group, g):
        raise ValueError(
            f"g is an element of {group.name}, got a matrix outside the group: give one such as rep.group.sample(), or "
            f"leave it out\n{g}"
        )
    found = rep.decompose()
    before = np.abs(rep.rho(g))  # (dim, dim)
    after = np.abs(found.change @ rep.rho(g) @ found.inverse)
    drawn = panels(2, axes, size=4.0)
    most = max(float(before.max(initial=0)), float(after.max(initial=0)))
    for ax, matrix, title in zip(drawn, (before, after), (f"|ρ(g)|, ρ = {rep!r}", "in the basis of irreps")):
        image = ax.imshow(matrix, cmap=SEQUENTIAL, vmin=0, vmax=most, interpolation="nearest")
        bare(ax, title)
    borders(drawn[0], _cuts(rep), _cuts(rep))
    _frames(drawn[1], [(_name(part.irrep), part.dim) for part in found for _ in range(part.multiplicity)])
    if axes is None:
        drawn[0].figure.colorbar(image, ax=drawn.tolist(), shrink=0.7)
        drawn[0].figure.suptitle(f"An element of {group.name}", fontsize=11)
    return drawn


def _may_hold(group: Group, g: Array) -> bool:
    """Whether a matrix is an element, as far as can be told."""
    try:
        return g in group
    except Undecided:
        return True
    except TypeError:
        return False


def _name(irrep: Rep) -> str:
    text = repr(irrep).removeprefix("Irrep('").removesuffix("')")
    return text if len(text) <= NAME else f"{irrep.dim}"


def _frames(axes: Any, found: list[tuple[str, int]]) -> None:
    """A frame around each diagonal block; names beside those with room for them."""
    from matplotlib.patches import Rectangle

    total = sum(size for _, size in found)
    start, written = 0, -float(total)
    for name, size in found:
        axes.add_patch(
            Rectangle((start - 0.5, start - 0.5), size, size, fill=False, edgecolor="#D55E00", linewidth=1.2)
        )
        middle = start + (size - 1) / 2
        if middle - written >= total / 25:
            axes.text(total - 0.3, middle, name, va="center", fontsize=8)
            written = middle
        start += size
