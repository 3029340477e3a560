"""Character tables: exact orthogonality, degrees, indicators, known tables, and their limits."""

import numpy as np
import pytest
import sympy as sp
from intertwine.groups import (
    SO,
    A,
    C,
    D,
    Dicyclic,
    Group,
    Icosahedral,
    Octahedral,
    Quaternion,
    S,
    Trivial,
    Z,
)
from intertwine.groups._characters import Cyclotomic

GROUPS = [
    Trivial(2),
    S(3),
    S(4),
    S(5),
    S(6),
    A(4),
    A(5),
    Z(2),
    Z(12),
    C(5),
    D(4),
    D(7),
    Dicyclic(3),
    Quaternion(),
    Octahedral(full=True),
    Icosahedral(),
    S(3) * Z(4),
]


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_orthogonality_is_exact(group):
    table = group.character_table()
    field, m, n = Cyclotomic(table.exponent), table.multiplicities, group.order
    inverse = table.powers[:, -1]
    assert sum(d * d for d in table.degrees) == n == table.order
    for x in range(len(m)):
        for y in range(x + 1):
            total = sum(size * field.product(m[x, t], m[y, inverse[t]]) for t, size in enumerate(table.sizes.tolist()))
            assert (
                field.reduced(total).tolist()
                == field.reduced(n * (x == y) * np.eye(table.exponent, dtype=int)[0]).tolist()
            )


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_characters_are_class_functions_that_hold_the_defining_one(group):
    table = group.character_table()
    elements, classes = group.elements(), group.conjugacy_classes()
    trace = np.trace(elements, axis1=1, axis2=2)
    chi = np.array([trace[c[0]] for c in classes])
    for c, value in zip(classes, chi):
        np.testing.assert_allclose(trace[c], value, atol=1e-9)
    copies = table.numeric.conj() @ (table.sizes * chi) / group.order
    np.testing.assert_allclose(copies, np.rint(copies.real), atol=1e-9)
    assert copies.real.min() > -1e-9
    np.testing.assert_allclose(copies @ table.numeric, chi, atol=1e-9)


@pytest.mark.parametrize("group", [S(4), A(5), Z(5), D(7), Quaternion()], ids=str)
def test_values_are_the_numbers(group):
    table = group.character_table()
    exact = np.array(table.values.applyfunc(lambda x: sp.N(x, 20)).tolist(), complex)
    np.testing.assert_allclose(exact, table.numeric, atol=1e-12)


@pytest.mark.parametrize(
    ("group", "degrees", "indicators"),
    [
        (S(6), (1, 1, 5, 5, 5, 5, 9, 9, 10, 10, 16), (1,) * 11),
        (A(5), (1, 3, 3, 4, 5), (1,) * 5),
        (A(4), (1, 1, 1, 3), (1, 0, 0, 1)),
        (Z(5), (1,) * 5, (1, 0, 0, 0, 0)),
        (Quaternion(), (1, 1, 1, 1, 2), (1, 1, 1, 1, -1)),
        (D(4), (1, 1, 1, 1, 2), (1,) * 5),
        (Dicyclic(3), (1, 1, 1, 1, 2, 2), (1, 1, 0, 0, 1, -1)),
        (Octahedral(full=True), (1, 1, 1, 1, 2, 2, 3, 3, 3, 3), (1,) * 10),
    ],
    ids=str,
)
def test_degrees_and_indicators(group, degrees, indicators):
    table = group.character_table()
    assert (table.degrees, table.frobenius_schur_indicators) == (degrees, indicators)
    involutions = sum(np.allclose(g @ g, np.eye(group.d)) for g in group.elements())
    assert involutions == sum(nu * d for nu, d in zip(indicators, degrees))  # Frobenius and Schur, 1906


def test_quaternions_and_the_square_share_their_table_but_not_their_indicators():
    i, k = [[sp.I, 0], [0, -sp.I]], [[0, 1], [-1, 0]]
    quaternions, square = Group.from_generators(discrete=[i, k]).character_table(), D(4).character_table()
    columns = [sorted(map(tuple, t.values.T.tolist())) for t in (quaternions, square)]
    assert columns[0] == columns[1]
    assert quaternions.frobenius_schur_indicators != square.frobenius_schur_indicators


def test_the_golden_ratio_in_the_icosahedral_table():
    golden = (1 + sp.sqrt(5)) / 2
    values = Icosahedral().character_table().values
    assert {golden, 1 - golden} <= set(values[1, :]) | set(values[2, :])


@pytest.mark.parametrize(
    ("group", "message"),
    [(S(9), "listed only up to"), (Z(300), "300 conjugacy classes"), (SO(3), "is infinite")],
    ids=str,
)
def test_limits(group, message):
    with pytest.raises(ValueError, match=message):
        group.character_table()
