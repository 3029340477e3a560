"""Printing: ``repr`` for people (and `parse`), canonical text for identity."""

from __future__ import annotations

from ._constant import text as matrix_text
from ._group_text import write_factor
from ._node import Rep
from ._powers import Power
from ._subrep import Sub
from ._tensor import V_, Conj, Dual, Leaf, Product, Scalar_, Sum

Terms = tuple[tuple[int, Rep], ...]


def to_text(rep: Rep) -> str:
    """Text that `parse` reads back, given ``rep.group`` when the representation is bound."""
    if isinstance(rep, Sum):
        return " + ".join(_term(n, inner) for n, inner in _periods(rep.terms)) or "0 * Scalar"
    if isinstance(rep, Product):
        return _tensor_text(rep) or f"{_factor(rep.left)} * {_factor(rep.right)}"
    if isinstance(rep, Power):
        return f"{type(rep).__name__}({rep.k}{'' if _is_plain_v(rep.base) else ', ' + to_text(rep.base)})"
    if isinstance(rep, Dual | Conj):
        return to_text(rep.base) + (".dual" if isinstance(rep, Dual) else ".conj")
    if isinstance(rep, Sub):
        return f"{_operand(rep.base)}.sub({matrix_text(rep.rows)})"
    return _leaf(rep)


def _leaf(rep: Rep) -> str:
    if isinstance(rep, Scalar_):
        return "Scalar"
    if not isinstance(rep, Leaf):
        raise TypeError(f"{type(rep).__name__} has no text")
    own, group = rep.own, rep.group
    return rep._name() if own is None or own == group else f"{rep._name()}({write_factor(own, group)})"


def _term(n: int, inner: Terms) -> str:
    if len(inner) > 1:
        return f"{n} * ({to_text(Sum._make(terms=inner, group=inner[0][1].group))})"
    m, rep = inner[0]
    return to_text(rep) if m == 1 else f"{m} * {to_text(rep)}"


def _periods(terms: Terms, longest: int = 8) -> list[tuple[int, Terms]]:
    """Fold repetitions: (V + Scalar) + (V + Scalar) prints as 2 * (V + Scalar)."""
    folded: list[tuple[int, Terms]] = []
    start = 0
    while start < len(terms):
        n, period = max((_repeats(terms, start, p) * p, -p) for p in range(1, longest + 1))
        n //= -period
        folded.append((n, terms[start : start - period]))
        start -= n * period
    return folded


def _repeats(terms: Terms, start: int, period: int) -> int:
    """How often the next ``period`` terms repeat; 0 when they do not (1 for a single term)."""
    first, n = terms[start : start + period], 1
    while len(first) == period and terms[start + n * period : start + (n + 1) * period] == first:
        n += 1
    return n if n > 1 or period == 1 else 0


def _factor(rep: Rep) -> str:
    text = to_text(rep)
    return f"({text})" if isinstance(rep, Sum) else text


def _operand(rep: Rep) -> str:
    """Text that an attribute can follow."""
    text = to_text(rep)
    return f"({text})" if isinstance(rep, Sum) or (isinstance(rep, Product) and not _tensor_text(rep)) else text


def _is_plain_v(rep: Rep) -> bool:
    return isinstance(rep, V_) and (rep.own is None or rep.own == rep.group)


def _tensor_text(rep: Product) -> str:
    """``T(p, q)`` when the product has that shape."""
    factors = rep.factors()
    duals = [isinstance(f, Dual) and _is_plain_v(f.base) for f in factors]
    p = duals.index(True) if True in duals else len(factors)
    if not all(_is_plain_v(f) for f in factors[:p]) or not all(duals[p:]):
        return ""
    return f"T({p})" if p == len(factors) else f"T({p}, {len(factors) - p})"


def canonical(rep: Rep) -> str | None:
    """Text by content: group keys instead of names; None when a `Custom` occurs."""
    content = _content(rep)
    over = "" if rep.group is None else f" over {rep.group.key}"
    return None if content is None else content + over


def _content(rep: Rep) -> str | None:
    children = [_content(child) for child in rep._children()]
    if rep._parameters() is None or None in children:
        return None
    head = f"{type(rep).__name__}{rep._parameters()}"
    if isinstance(rep, Leaf) and rep.own is not None:
        head += f"@{rep.own.key}"
    return f"{head}({','.join(map(str, children))})"
