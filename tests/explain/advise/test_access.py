"""What a statement asks of its tables is read from its tree, with columns resolved by alias; any text may come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfkit.explain.advise.asked.access import Access, Sorted, accesses_in, with_values
from perfkit.explain.advise.asked.statement import parsed, read_form

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


def kinds(condition: str) -> list[tuple[str, str | None]]:
    return [(one.kind, one.column) for one in read(f"SELECT 1 FROM orders WHERE {condition}")[0].conditions]


def test_computed_and_negated_columns_are_no_plain_conditions() -> None:
    conditions = "total + 1 = $1 AND status <> 'x' AND NOT (total = 3) AND status NOT LIKE 'a%' AND id NOT IN (1, 2)"
    assert {kind for kind, _ in kinds(conditions)} == {"other"}


def test_an_or_is_told_by_its_arms_if_each_of_them_can_be_found_by_itself() -> None:
    (either,) = the("SELECT 1 FROM orders o WHERE status = 'a' OR total = 5 AND id > $1", "orders").conditions
    assert [[(one.kind, one.column) for one in arm] for arm in either.arms] == [
        [("equality", "status")],
        [("equality", "total"), ("range", "id")],
    ]
    assert kinds("status = 'a' OR total + 1 = 5") == [("other", None)]
    joined = "SELECT 1 FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.status = 'a' OR c.email = 'x'"
    assert the(joined, "orders").conditions[0].kind == "other"


def test_parameters_may_stand_close_together() -> None:
    """`$1,$` is no dollar-quoted string."""
    assert kinds("customer_id IN ($1,$2,$3) AND total BETWEEN $4 AND $5") == [
        ("list", "customer_id"),
        ("range", "total"),
    ]


def test_operators_are_turned_with_their_sides() -> None:
    """`$1 <@ tags` says of tags what `tags @> $1` does."""
    conditions = "$1 <@ status AND $2 @> total AND $3 && id AND 5 > customer_id"
    assert [kind for kind, _ in kinds(conditions)] == ["contains", "within", "overlaps", "range"]


def test_null_true_and_false_are_told_apart() -> None:
    assert kinds("status IS NULL AND id IS TRUE AND total IS NOT NULL") == [
        ("null", "status"),
        ("equality", "id"),
        ("other", "total"),
    ]


def test_windows_and_distinct_want_orders_of_one_table() -> None:
    over = "sum(total) OVER (PARTITION BY status ORDER BY id DESC), rank() OVER w"
    access = the(f"SELECT {over} FROM orders WINDOW w AS (PARTITION BY customer_id)", "orders")
    assert access.windows == ((Sorted("status"), Sorted("id", True, True)), (Sorted("customer_id"),))
    assert the("SELECT rank() OVER (PARTITION BY status || 'x') FROM orders", "orders").windows == ()
    assert the("SELECT DISTINCT ON (status) status, id FROM orders ORDER BY status, id", "orders").groups == ("status",)
    assert the("SELECT DISTINCT status, total + 1 FROM orders", "orders").groups == ()


def test_the_nearest_is_asked_for_under_a_limit_only() -> None:
    sql = "SELECT 1 FROM orders ORDER BY total <-> $1"
    told = [the(text, "orders").nearest for text in (f"{sql} LIMIT 5", sql, sql.replace("$1", "id") + " LIMIT 5")]
    assert told == ["total", None, None]


def test_needed_columns_are_known_unless_all_are_asked_for() -> None:
    assert read("SELECT total FROM orders WHERE status = 'x'")[0].columns == {"total", "status"}
    assert read("SELECT * FROM orders")[0].columns is None
    assert the("SELECT c.*, o.id FROM orders o JOIN customers c ON c.id = o.customer_id", "orders").columns == {
        "id",
        "customer_id",
    }


def test_a_pattern_is_a_prefix_only_if_it_begins_plainly() -> None:
    access = read("SELECT 1 FROM customers WHERE email LIKE $1")[0]
    kinds = [with_values(access, [(value,)]).conditions[0].kind for value in ("abc%", "%abc", "_bc")]
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
    assert {sql: read_form(parsed(sql)) for sql in forms} == forms


def test_a_statement_that_is_too_long_or_too_deep_asks_for_nothing() -> None:
    assert parsed("SELECT 1 FROM orders WHERE status IN (" + "'x'," * 10_000 + "'x')") is None
    assert read("SELECT " + "(" * 3_000 + "1" + ")" * 3_000) == ()


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)))
def test_any_text_is_read_or_left_alone(text: str) -> None:
    for one in read(text):
        assert one.relation in TABLES
    read_form(parsed(text))
