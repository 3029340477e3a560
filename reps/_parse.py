"""`parse`: representations from text; reads back everything ``repr`` prints, except `Custom`.

Grammar (a recursive-descent parser, nothing is evaluated)::

    text    = sum [">>" sum]
    sum     = product {"+" product}
    product = factor {"*" factor}                factor: a power, or an integer (a multiplicity)
    power   = [integer] postfix ["**" integer]   "2V" is 2 * V
    postfix = atom {".dual" | ".conj" | (".sub" | ".quotient") "(" rows ")" | "(" group ")"}
    atom    = "Scalar" | "V" | "Det" | "T(" p ["," q] ")" | ("Sym" | "Alt") "(" k ["," sum] ")"
            | "Irrep(" index or "name" ")" | [n "x"] label, as in 16x0e + 8x1o | "(" sum ")"
            | "Adjoint" | "Coadjoint" | "Regular" | "Permutation(" group ")"
            | ("Induce" | "Restrict") "(" group "," sum ")"
            | "Rep.from_matrices(" ["algebra=" [rows, …]] ["discrete=" [rows, …]] ")"
    rows    = [[number, …], …], exact: 1/2, sqrt(3), I
    group   = a factor of the group given, by its name | call {"*" call}, call a catalogue call or
              Group.from_permutations([[…], …]) or Group.from_generators(algebra=[rows, …], discrete=[rows, …])
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from . import _literal
from ._adjoint import Adjoint, Coadjoint
from ._custom import Irrep
from ._generated import unbound
from ._group_text import find_group as find_group
from ._group_text import keywords
from ._induced import Induce, Permutation, Regular
from ._node import Rep
from ._powers import Alt, Power, Sym
from ._restrict import Restrict
from ._tensor import Det, Scalar, T, V

if TYPE_CHECKING:
    from ..groups import Group
    from ._hom import Hom

DIGITS = 18  # of a number
_ACCEPTED = (
    "a representation: Scalar, V, Det, T(p, q), Sym(k, rep), Alt(k, rep), Irrep(name), Adjoint, "
    "16x0e, n * rep, rep ** k, rep.dual, rep.conj, rep.sub(basis) or (rep + rep)"
)
_LEAVES = {"Scalar": Scalar, "V": V, "Det": Det, "Adjoint": Adjoint, "Coadjoint": Coadjoint, "Regular": Regular}


class ParseError(ValueError):
    """Text that is not a representation; the message points at the offending character."""


def parse(text: str, group: Group | None = None) -> Rep | Hom:
    """Read a representation, or a Hom space ``rep_in >> rep_out``, from text.

    Parameters
    ----------
    text : str
        What ``repr`` prints, or shorthand: ``"2V + T(2)"``, ``"16x0e + 8x1o"``, ``"V >> T(2)"``.
    group : Group, optional
        Binds the result.  ``repr`` of a bound representation prints the expression without its group
        (only leaves bound to a *factor* of the group say so, ``V(SO(3)) * V(S(5))``), so
        ``parse(repr(rep), rep.group) == rep``; factors are found by name in ``group`` first, then in
        the catalogue.

    Returns
    -------
    Rep or Hom

    Raises
    ------
    ParseError
        A ValueError that shows the text, a caret under the offending character, and what is accepted.

    Examples
    --------
    >>> parse("2V + T(1, 1)")
    2 * V + T(1, 1)
    >>> parse("16x0e + 8x1o")
    16 * Irrep('0e') + 8 * Irrep('1o')
    >>> parse("V + W")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    intertwine.reps._parse.ParseError: cannot read 'V + W': unknown name 'W'
        V + W
            ^
    expected a representation: Scalar, V, Det, ...
    """
    if not isinstance(text, str):
        raise TypeError(f"parse reads text, got {text!r} of type {type(text).__name__}")
    try:
        result = _Parser(text, group).parse()
    except RecursionError:
        shown = text if len(text) < 60 else f"{text[:57]}..."
        raise ParseError(f"cannot read {shown!r}: brackets are nested too deeply\nexpected fewer of them") from None
    return result if group is None else result(group)


class _Parser:
    def __init__(self, text: str, group: Group | None) -> None:
        self.text, self.group, self.at = text, group, 0

    # -- scanning -----------------------------------------------------------------------------------
    def fail(self, problem: str, accepted: str, at: int | None = None) -> NoReturn:
        at = self.at if at is None else at
        start = self.text.rfind("\n", 0, at) + 1
        line = self.text[start:].split("\n", 1)[0]
        caret = " " * (at - start) + "^"
        raise ParseError(f"cannot read {self.text!r}: {problem}\n    {line}\n    {caret}\nexpected {accepted}")

    def match(self, pattern: str) -> re.Match[str] | None:
        self.at += len(self.text[self.at :]) - len(self.text[self.at :].lstrip())
        found = re.compile(pattern).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def expect(self, pattern: str, accepted: str) -> str:
        found = self.match(pattern)
        if not found:
            got = repr(self.text[self.at]) if self.at < len(self.text) else "the text ends here"
            self.fail(f"unexpected {got}" if self.at < len(self.text) else got, accepted)
        return found.group()

    def build(self, function: Callable[[], Rep], accepted: str, at: int) -> Rep:
        try:
            return function()
        except (TypeError, ValueError) as error:
            self.fail(str(error), accepted, at)

    def until(self, closing: str) -> str:
        """Text up to a closing character outside all brackets, which is read too."""
        start, depth = self.at, 0
        while self.at < len(self.text) and (depth or self.text[self.at] not in closing):
            depth += (self.text[self.at] in "([") - (self.text[self.at] in ")]")
            self.at += 1
        if self.at == len(self.text):
            self.fail("this parenthesis is never closed", f"{closing[0]!r}", start - 1)
        self.at += 1
        return self.text[start : self.at - 1].strip()

    def count(self, digits: str) -> int:
        """A number that was just read."""
        if len(digits) > DIGITS:
            self.fail(f"a number of {len(digits):,} digits", f"at most {DIGITS}", self.at - len(digits))
        return int(digits)

    # -- grammar ------------------------------------------------------------------------------------
    def parse(self) -> Rep | Hom:
        rep = self.sum()
        result: Rep | Hom = rep >> self.sum() if self.match(">>") else rep
        self.expect(r"\Z", "'+', '*', '**', '>>', '.dual', '.conj', '(group)' or the end")
        return result

    def sum(self) -> Rep:
        total = self.product()
        while self.match(r"\+"):
            total = total + self.product()
        return total

    def product(self) -> Rep:
        self.match("")
        start = self.at
        total = self.factor()
        while self.match(r"\*(?!\*)"):
            factor = self.factor()
            total = total * factor
        if isinstance(total, int):
            self.fail("a number alone is not a representation", f"{total} * rep, e.g. {total} * Scalar", start)
        return total

    def factor(self) -> Any:
        labelled = self.labelled()
        if labelled is not None:
            return labelled
        number = self.match(r"\d+")
        if number and not re.compile(r"\s*[A-Za-z(]").match(self.text, self.at):
            return self.count(number.group())
        copies = self.count(number.group()) if number else 1
        base = self.power()
        return copies * base if number else base

    def labelled(self) -> Rep | None:
        """``16x0e``, ``0e``, ``4x2`` (and ``"2e"`` only inside Irrep)."""
        found = self.match(r"(?:(?P<n>\d+)\s*x\s*(?P<label>\d+(?:[a-z]\b)?)|(?P<alone>\d+[eo]\b))(?!\w)")
        if found is None:
            return None
        label = found["label"] or found["alone"]
        return self.count(found["n"] or "1") * Irrep(int(label) if label.isdigit() else label)

    def power(self) -> Rep:
        base = self.postfix()
        if self.match(r"\*\*"):
            start = self.at
            k = self.count(self.expect(r"\d+", "an exponent, an integer >= 0"))
            return self.build(lambda: base**k, "a smaller exponent", start)
        return base

    def postfix(self) -> Rep:
        rep = self.atom()
        while True:
            attribute = self.match(r"\.\s*(\w*)")
            if attribute:
                rep = self.attribute(rep, attribute[1], attribute.start(1))
            elif self.match(r"\("):
                rep = self.bind(rep)
            else:
                return rep

    def attribute(self, rep: Rep, name: str, start: int) -> Rep:
        if name in ("dual", "conj"):
            return rep.dual if name == "dual" else rep.conj
        if name not in ("sub", "quotient"):
            self.fail(f"unknown attribute {name!r}", ".dual, .conj, .sub(basis) or .quotient(basis)", start)
        self.expect(r"\(", f"'(' after .{name}")
        at = self.at
        basis = self.until(")")
        method = rep.sub if name == "sub" else rep.quotient
        return self.build(lambda: method(_literal.read(basis)), "a basis, [[1, -1, 0], ...]", at)

    def atom(self) -> Rep:
        if self.match(r"\("):
            rep = self.sum()
            self.expect(r"\)", "')'")
            return rep
        start = self.at
        name = self.expect(r"[A-Za-z_]\w*", _ACCEPTED)
        if name in _LEAVES:
            return _LEAVES[name]
        if name == "Rep":
            self.expect(r"\.\s*from_matrices\s*\(", "Rep.from_matrices(algebra=[...], discrete=[...])")
            at = self.at
            given = self.until(")")
            return self.build(lambda: _generated(given), "images of the generators, as lists of rows", at)
        read = {
            "T": self.tensors,
            "Sym": lambda: self.powers(Sym),
            "Alt": lambda: self.powers(Alt),
            "Irrep": self.irrep,
            "Permutation": self.permutation,
            "Induce": lambda: Induce(*self.group_and_rep()),
            "Restrict": lambda: Restrict(*self.group_and_rep()),
        }.get(name)
        if read is None:
            self.fail(f"unknown name {name!r}", _ACCEPTED, start)
        self.expect(r"\(", f"'(' after {name}")
        rep = read()
        self.expect(r"\)", "')'")
        return rep

    def integer(self, what: str) -> int:
        return int(self.expect(r"\d+", f"{what}, an integer >= 0"))

    def tensors(self) -> Rep:
        start = self.at
        p = self.integer("p in T(p, q)")
        q = self.integer("q in T(p, q)") if self.match(",") else 0
        return self.build(lambda: T(p, q), "smaller degrees", start)

    def powers(self, power: type[Power]) -> Rep:
        k = self.integer(f"k in {power.__name__}(k, rep)")
        return power(k, self.sum() if self.match(",") else V)

    def irrep(self) -> Rep:
        label = self.expect(r"\d+|'[^']*'|\"[^\"]*\"", "an index or a quoted name, Irrep(2) or Irrep('2e')")
        return Irrep(int(label) if label.isdigit() else label[1:-1])

    def permutation(self) -> Rep:
        return Permutation(self.named_group(")"))

    # -- groups -------------------------------------------------------------------------------------
    def named_group(self, closing: str) -> Group:
        """Read a group up to a closing character, which is left to be read."""
        start = self.at
        text = self.until(closing)
        self.at -= 1
        try:
            return find_group(text, self.group)
        except (TypeError, ValueError) as error:
            self.fail(str(error), "a group", start)

    def group_and_rep(self) -> tuple[Group, Rep]:
        """``group, rep`` with rep a representation of that group."""
        outer, self.group = self.group, self.named_group(",")
        self.expect(",", "','")
        rep, inner = self.sum(), self.group
        self.group = outer
        return inner, self.build(lambda: rep(inner), "a representation of that group", self.at)

    def bind(self, rep: Rep) -> Rep:
        """Read ``group)`` and bind."""
        start = self.at
        name = self.until(")")
        return self.build(
            lambda: rep(find_group(name, self.group)), "a group that this representation can be bound to", start
        )


def _generated(text: str) -> Rep:
    given = {key: _literal.read(value) for key, value in keywords(text, ("algebra", "discrete"))}
    return unbound(given.get("algebra", ()), given.get("discrete", ()))
