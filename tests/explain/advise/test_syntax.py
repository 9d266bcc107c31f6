"""What a statement asks of its tables is read from its tree, with columns resolved by alias; any text may come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfkit.explain.advise import syntax
from perfkit.explain.advise.syntax import Access, Sorted, accesses_in, parsed, read_form

TABLES = {"orders": {"id", "customer_id", "status", "total"}, "customers": {"id", "email", "active"}}
WORDS = [
    "SELECT",
    "FROM",
    "orders",
    "o",
    "WHERE",
    "=",
    "$1",
    "(",
    ")",
    "ORDER BY",
    "id",
    "*",
    ",",
    "'",
    '"',
    "JOIN",
    "ON",
    "a.b",
]


def read(sql: str) -> tuple[Access, ...]:
    tree = parsed(sql)
    return accesses_in(tree, lambda name, schema: TABLES.get(name)) if tree is not None else ()


def the(sql: str, relation: str) -> Access:
    (found,) = [one for one in read(sql) if one.relation == relation]
    return found


def test_columns_belong_to_the_table_that_their_alias_names() -> None:
    sql = "SELECT o.total FROM orders o JOIN customers c ON c.id = o.customer_id WHERE email = $1 AND status = 'x'"
    assert {(one.kind, one.column, one.is_join) for one in the(sql, "orders").conditions} == {
        ("equality", "customer_id", True),
        ("equality", "status", False),
    }
    assert {one.column for one in the(sql, "customers").conditions} == {"id", "email"}


def test_a_column_that_two_tables_have_belongs_to_neither() -> None:
    sql = "SELECT 1 FROM orders o JOIN customers c ON c.id = o.customer_id WHERE id = $1"
    assert [one.column for one in the(sql, "orders").conditions] == ["customer_id"]


def test_the_order_is_read_up_to_the_first_foreign_column_with_its_nulls() -> None:
    sql = "SELECT o.id FROM orders o, customers c ORDER BY o.status DESC, o.total NULLS FIRST, c.id, o.id"
    assert the(sql, "orders").order == (Sorted("status", True, True), Sorted("total", False, True))


def test_a_literal_is_fixed_only_where_the_driver_binds_values_apart() -> None:
    """In a statement without parameters it may be the value of this one call. TRUE and NULL are nobody's values."""
    bound = "SELECT 1 FROM orders WHERE customer_id = $1 AND status = 'new'"
    inlined = "SELECT 1 FROM orders WHERE customer_id = 7 AND status = 'new'"
    of_flag = "SELECT 1 FROM customers WHERE email = 'x' AND active = true"
    constants = [[one.constant for one in read(sql)[0].conditions if one.constant] for sql in (bound, inlined, of_flag)]
    assert constants == [["status = 'new'"], [], ["active = TRUE"]]


def test_or_and_computed_columns_are_no_plain_conditions() -> None:
    conditions = "(status = 'a' OR total = 5) AND total + 1 = $1 AND status <> 'x' AND NOT (total = 3)"
    assert {one.kind for one in read(f"SELECT 1 FROM orders WHERE {conditions}")[0].conditions} == {"other"}


def test_needed_columns_are_known_unless_all_are_asked_for() -> None:
    assert read("SELECT total FROM orders WHERE status = 'x'")[0].columns == {"total", "status"}
    assert read("SELECT * FROM orders")[0].columns is None
    assert the("SELECT c.*, o.id FROM orders o JOIN customers c ON c.id = o.customer_id", "orders").columns == {
        "id",
        "customer_id",
    }


def test_a_pattern_is_a_prefix_only_if_it_begins_plainly() -> None:
    access = read("SELECT 1 FROM customers WHERE email LIKE $1")[0]
    kinds = [syntax.with_values(access, [(value,)]).conditions[0].kind for value in ("abc%", "%abc", "_bc")]
    assert kinds == ["prefix", "similar", "similar"]


def test_what_a_write_looks_for_is_read_and_nothing_else() -> None:
    forms = {
        "UPDATE orders SET total = $1 WHERE id = $2": "SELECT 1 FROM orders WHERE id = $2",
        "DELETE FROM orders AS o WHERE o.id = $1": "SELECT 1 FROM orders AS o WHERE o.id = $1",
        "SELECT id FROM orders WHERE id = $1 FOR UPDATE": "SELECT id FROM orders WHERE id = $1",
        "UPDATE orders SET total = 1": None,
        "DELETE FROM orders USING customers c WHERE c.id = orders.customer_id": None,
        "INSERT INTO orders VALUES (1)": None,
        "SELECT 1": None,
    }
    assert {sql: read_form(parsed(sql), sql) for sql in forms} == forms


def test_a_statement_that_is_too_long_or_too_deep_asks_for_nothing() -> None:
    assert parsed("SELECT 1 FROM orders WHERE status IN (" + "'x'," * 10_000 + "'x')") is None
    assert read("SELECT " + "(" * 3_000 + "1" + ")" * 3_000) == ()


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)))
def test_any_text_is_read_or_left_alone(text: str) -> None:
    for one in read(text):
        assert one.relation in TABLES
    read_form(parsed(text), text)
