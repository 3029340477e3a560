"""`parse` reads what `repr` prints, and more; errors point at the character."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intertwine.groups import SO, SU, A, Group, O, S
from intertwine.reps import (
    Adjoint,
    Alt,
    Det,
    Induce,
    Irrep,
    Permutation,
    Regular,
    Restrict,
    Scalar,
    Sym,
    T,
    V,
    parse,
)
from intertwine.reps._parse import ParseError

GROUPS = (SO(3), SU(2), S(3))
PLAIN = [V, Scalar, Det, V.dual, V.conj, Irrep(2), Irrep("2e"), T(2), T(1, 2), Adjoint]
LEAVES = [  # the last ones wait for S(3)
    *PLAIN,
    Regular,
    Permutation(A(3)),
    Induce(S(3).subgroup(generators=[[1, 0, 2]]), V + Irrep(1)),
    Restrict(O(3), Adjoint * Irrep("2e")),
    V.sub([[1, -1, 0], [0, 1, -1]]),
    V.quotient([[1, 1, 1]]),
]


def extend(children):
    return st.one_of(
        st.tuples(children, children).map(lambda ab: ab[0] + ab[1]),
        st.tuples(children, children).map(lambda ab: ab[0] * ab[1]),
        st.tuples(st.integers(0, 4), children).map(lambda na: na[0] * na[1]),
        st.tuples(st.integers(0, 3), children).map(lambda ka: Sym(*ka)),
        st.tuples(st.integers(0, 3), children).map(lambda ka: Alt(*ka)),
        children.map(lambda a: a.dual),
        children.map(lambda a: a.conj),
    )


unbound = st.recursive(st.sampled_from(LEAVES), extend, max_leaves=6)
bound_leaf = st.builds(lambda rep, group: rep(group), st.sampled_from(PLAIN), st.sampled_from(GROUPS))
mixed = st.recursive(bound_leaf, extend, max_leaves=6)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(unbound)
def test_round_trip_unbound(rep):
    assert parse(repr(rep)) == rep


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.one_of(
        st.tuples(st.recursive(st.sampled_from(PLAIN), extend, max_leaves=6), st.sampled_from([*GROUPS, SO(3) * S(3)])),
        st.tuples(unbound, st.just(S(3))),
    )
)
def test_round_trip_bound(rep_and_group):
    rep, group = rep_and_group
    bound = rep(group)
    assert parse(repr(bound), group) == bound


@settings(derandomize=True, deadline=None, max_examples=100)
@given(mixed)
def test_round_trip_mixed(rep):
    assert parse(repr(rep), rep.group) == rep


def test_mixed_catalogue_groups_need_no_group():
    rep = V(SO(3)) * V(S(5)) + Irrep(1)(SO(3))
    assert repr(rep) == "V(SO(3)) * V(S(5)) + Irrep(1)(SO(3))"
    assert parse(repr(rep)) == rep
    assert parse("V(SO(1, 3, connected=True))") == V(SO(1, 3, connected=True))
    assert parse("V(SO(3) * S(5))") == V(SO(3) * S(5))
    mine = Group.from_generators(algebra=[[[0, 2], [1, 0]]], name="my (very) own × group")
    rep = V(mine) * V(S(3))
    assert parse(repr(rep), rep.group) == rep


@pytest.mark.parametrize(
    ("text", "rep"),
    [
        ("2V", 2 * V),
        ("2*V", 2 * V),
        ("V*2", 2 * V),
        (" 2 V + T(2 , 1)", 2 * V + T(2, 1)),
        ("16x0e + 8x1o", 16 * Irrep("0e") + 8 * Irrep("1o")),
        ("0e+1o", Irrep("0e") + Irrep("1o")),
        ("3 x 2", 3 * Irrep(2)),
        ("2V**2", 2 * T(2)),
        ("2(V + Scalar)", 2 * (V + Scalar)),
        ("(V + V.dual)**2", (V + V.dual) ** 2),
        ("Sym(2, V.dual).dual", Sym(2)),
        ('Irrep("2e")', Irrep("2e")),
        ("V.dual.conj", V.dual.conj),
        ("2V\n+ Scalar", 2 * V + Scalar),
    ],
)
def test_shorthand(text, rep):
    assert parse(text) == rep


def test_hom():
    hom = parse("2V + Scalar >> T(2)", SO(3))
    assert hom == (2 * V + Scalar >> T(2))(SO(3))
    assert parse("16x0e + 8x1o", O(3)).dim == 40


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("2V + * T(2)", 5, "a representation"),
        ("V + W", 4, "unknown name 'W'"),
        ("T(-1)", 2, "integer >= 0"),
        ("T(2", 3, r"'\)'"),
        ("(V", 2, r"'\)'"),
        ("V)", 1, "or the end"),
        ("3", 0, "number alone"),
        ("", 0, "text ends here"),
        ("V.double", 2, "unknown attribute 'double'"),
        ("V**V", 3, "an exponent"),
        ("V(SO(3)", 1, "never closed"),
        ("V(Foo(3))", 2, "unknown group 'Foo"),
        ("V(SO(x))", 2, "cannot read the argument"),
        ("V(SO(3))(S(3))", 9, "cannot become"),
        ("Irrep(a)", 6, "quoted name"),
        ("V; V", 1, "unexpected ';'"),
        ("V\n+ ?", 2, "unexpected"),
    ],
)
def test_errors_point_at_the_character(text, column, expected):
    with pytest.raises(ParseError, match=expected) as caught:
        parse(text)
    line = next(line for line in str(caught.value).split("\n") if line.strip() == "^")
    assert line.index("^") - 4 == column


def test_parse_takes_text():
    with pytest.raises(TypeError, match="parse reads text"):
        parse(3)


@pytest.mark.parametrize("text", ["T(999999)", "T(0, 999999)", "V ** 999999"])
def test_tensors_of_absurd_degree_fail_at_once(text):
    with pytest.raises(ParseError, match="at most 128 factors, got 999999"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "V.sub([[1, -1, 0], [0, 1/2, -sqrt(3)/2]])",
        "V.conj.sub([[1, I, 0]]).dual",
        "(2 * V + T(2)).sub([[1, 0, 0, 2*sqrt(2)]])",
        "V.sub([[0.1, -2.5e-07]])",
        "Adjoint * V + Sym(2, Adjoint.dual)",
    ],
)
def test_subrepresentations_and_adjoints_round_trip(text):
    assert repr(parse(text)) == text
    assert parse(repr(parse(text))) == parse(text)


@pytest.mark.parametrize("rows", ["[[1], [2, 3]]", "[[x]]", "[[9**9**9]]", "[[1/0]]", "[[open('f')]]", "[]", "7"])
def test_a_basis_that_is_none_is_refused(rows):
    with pytest.raises(ParseError):
        parse(f"V.sub({rows})")


def test_factors_of_one_name():
    turns = Group.from_generators(algebra=[[[0, -1], [1, 0]]], name="mine")
    swap = Group.from_permutations([[1, 0]], name="mine")
    other = Group.from_generators(discrete=[[[-1, 0, 0], [0, 1, 0], [0, 0, 1]]], name="SO(3)")
    for rep in (V(turns) + V(swap), V(other) * V(SO(3)), V(turns * swap) + V(SO(3)), V(turns) * V(SO(3))):
        assert parse(repr(rep), rep.group) == rep
    assert repr(V(turns) + V(SO(3))) == "V(mine) + V(SO(3))"
    with pytest.raises(ParseError, match="2 different factors of mine × mine are called 'mine'"):
        parse("V(mine)", turns * swap)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(" * 20_000 + "V" + ")" * 20_000, "brackets are nested too deeply"),
        ("9" * 5_000 + "*V", "a number of 5,000 digits"),
        ("V**" + "9" * 50, "a number of 50 digits"),
        ("9" * 20 + "x0e", "a number of 20 digits"),
    ],
    ids=["nested", "copies", "exponent", "times"],
)
def test_texts_that_are_too_much(text, message):
    with pytest.raises(ParseError, match=message):
        parse(text)


def test_copies_of_sums_are_counted_before_they_are_made():
    assert (1000 * (V + Scalar))(SO(3)).dim == 4000
    with pytest.raises(ValueError, match=r"more than 1,000,000 parts: .* 100000000 \* V \+ 100000000 \* Scalar"):
        _ = 10**8 * (V + Scalar)
