"""A plan in EXPLAIN's text format is the same plan as in JSON; a file of any kind is read, or refused with a reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from perfkit.errors import UsageError
from perfkit.explain.plan import read_plan
from perfkit.explain.text import document_of
from perfkit.model import PlanNode, QueryPlan
from tests.explain.plans import walk

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

SCHEMA = """
CREATE TABLE t AS SELECT g AS id, g % 100 AS s, 'x' || g AS "Long Name" FROM generate_series(1, 20000) g;
CREATE INDEX t_id ON t (id); CREATE INDEX "T s" ON t (s);
CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p SELECT generate_series(1, 50);
CREATE TABLE c (p_id int CONSTRAINT c_of_p REFERENCES p ON DELETE CASCADE); INSERT INTO c VALUES (1);
CREATE TABLE m (d int, v int) PARTITION BY RANGE (d);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (1) TO (2); CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (2) TO (3);
INSERT INTO m SELECT 1 + g % 2, g FROM generate_series(1, 500) g;
"""
WORKERS = (
    "max_parallel_workers_per_gather=2",
    "parallel_setup_cost=0",
    "parallel_tuple_cost=0",
    "min_parallel_table_scan_size=0",
)
LOOPS = ("enable_hashjoin=off", "enable_mergejoin=off")
CASES: list[tuple[str, tuple[str, ...]]] = [
    ("SELECT count(*) FROM t a JOIN t b USING (id) WHERE a.s = 3", ()),
    ("SELECT s, count(*) FROM t GROUP BY s ORDER BY 2, 1 DESC LIMIT 3", WORKERS),
    ("SELECT s, count(*) FROM t WHERE id > 9 GROUP BY s", ("enable_hashagg=off", *WORKERS)),
    (
        "WITH x AS MATERIALIZED (SELECT s, count(*) n FROM t GROUP BY s)"
        " SELECT (SELECT max(id) FROM t t2 WHERE t2.s = x.s) FROM x WHERE n > (SELECT 5) ORDER BY 1",
        (),
    ),
    ('SELECT "Long Name" FROM t ORDER BY "Long Name" DESC', ("work_mem=64kB",)),
    ("SELECT s, id FROM t ORDER BY s, id LIMIT 500", ("enable_seqscan=off",)),
    ("SELECT id, count(*) FROM t GROUP BY id", ("work_mem=64kB", "enable_sort=off", "enable_indexscan=off")),
    ("SELECT count(*) FROM t a JOIN t b ON a.id = b.s", LOOPS),
    ("SELECT count(*) FROM t a LEFT JOIN t b ON a.id = b.s AND b.id < a.s WHERE a.id < 20", ("enable_nestloop=off",)),
    ("SELECT * FROM t WHERE s = 3 AND id BETWEEN 4 AND 900", ("enable_seqscan=off", "enable_indexscan=off")),
    ("SELECT * FROM t a WHERE NOT EXISTS (SELECT FROM t b WHERE b.id = a.s) AND a.s NOT IN (SELECT id FROM p)", ()),
    ("SELECT * FROM generate_series(1, 10) g(n) LEFT JOIN (VALUES (1, 2), (3, 4)) v(a, b) ON v.a = g.n", ()),
    ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 100) SELECT sum(n) FROM r", ()),
    ("SELECT id FROM t WHERE id < 50 EXCEPT SELECT id FROM p", ()),
    ("SELECT * FROM m WHERE v = 3 UNION ALL SELECT id, s FROM t WHERE false", ()),
    ("SELECT max(id) FROM t WHERE \"Long Name\" <> 'a: b\n  ->  Seq Scan  (cost=1'", ()),
    ("SELECT *, row_number() OVER (PARTITION BY s ORDER BY id) FROM t WHERE id < 500", ()),
    ("SELECT 1 FROM t a JOIN LATERAL (SELECT * FROM p WHERE p.id = a.s OFFSET 0) x ON true WHERE a.id < 200", LOOPS),
    ("SELECT * FROM t TABLESAMPLE SYSTEM (50) REPEATABLE (1) WHERE ctid > '(1,1)'", ()),
    ("DELETE FROM p WHERE id < 9", ()),
    ("UPDATE m SET v = 0 WHERE v = -1 RETURNING v", ()),
    ("INSERT INTO c SELECT 3 ON CONFLICT DO NOTHING", ()),
]
FREE = frozenset({"Peak Memory Usage", "Sort Space Used", "Sampling"})  # chance, or told in another way


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    return made(postgres.fresh_database("texts"))


@pytest.fixture(scope="module")
def older(older_postgres: str) -> str:
    with psycopg.connect(older_postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE texts")
    return made(older_postgres.replace("/postgres?", "/texts?"))


def made(address: str) -> str:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(SCHEMA)
        connection.execute("VACUUM ANALYZE")
    return address


def explained(dsn: str, sql: str, settings: tuple[str, ...], options: str) -> list[Any]:
    """What EXPLAIN returned, row by row, in a transaction that is rolled back; the statement ran once before."""
    address = make_conninfo(dsn, options=" ".join(f"-c {setting}" for setting in settings))
    with psycopg.connect(address) as connection:
        connection.execute(f"EXPLAIN ANALYZE {sql}".encode())
        connection.rollback()
        rows = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, SETTINGS, {options}) {sql}".encode()).fetchall()
        connection.rollback()
    return [row[0] for row in rows]


def both(dsn: str, sql: str, settings: tuple[str, ...]) -> tuple[Any, Any]:
    """The JSON of one run, and the JSON made of the text of another one."""
    (document,) = explained(dsn, sql, settings, "FORMAT JSON")
    return document, document_of("\n".join(explained(dsn, sql, settings, "FORMAT TEXT")))


def shape(node: PlanNode) -> list[Any]:
    """What two runs of a statement have in common."""
    ours = [node.kind, node.relation, node.index, node.planned_rows, node.actual_rows, node.loops]
    told = {key: node.details.get(key) for key in ("Subplan Name", "CTE Name", "Alias", "Filter", "Index Cond")}
    return [ours, told, [shape(child) for child in node.children]]


def flat(node: Any) -> list[Any]:
    return [node, *(one for child in node.get("Plans", ()) for one in flat(child))]


def same_but_for_workers(node: PlanNode) -> list[Any]:
    """With workers, how many rows each process had is chance, and so are the means."""
    return [node.kind, node.relation, node.index, [same_but_for_workers(child) for child in node.children]]


@pytest.mark.parametrize(("sql", "settings"), CASES)
def test_text_and_json_are_the_same_tree(dsn: str, sql: str, settings: tuple[str, ...]) -> None:
    from_json, from_text = (read_plan(document, "f", "18") for document in both(dsn, sql, settings))
    compared = same_but_for_workers if settings[-4:] == WORKERS else shape
    assert compared(from_text.root) == compared(from_json.root)
    assert from_text.settings == from_json.settings


@pytest.mark.parametrize(("sql", "settings"), CASES)
def test_on_an_older_server_too(older: str, sql: str, settings: tuple[str, ...]) -> None:
    """InitPlans return `$0` there, rows are whole, and there is no serialization."""
    from_json, from_text = (read_plan(document, "f", "15") for document in both(older, sql, settings))
    compared = same_but_for_workers if settings[-4:] == WORKERS else shape
    assert compared(from_text.root) == compared(from_json.root)


@pytest.mark.parametrize(("sql", "settings"), CASES)
def test_what_belongs_to_whom_is_the_same(dsn: str, sql: str, settings: tuple[str, ...]) -> None:
    """The JSON with the text's times has the text's exclusive times."""
    document, text = both(dsn, sql, settings)
    for own, other in zip(flat(document[0]["Plan"]), flat(text[0]["Plan"]), strict=True):
        own |= {key: other[key] for key in ("Actual Total Time", "Actual Loops")}
    expected, seen = (walk(read_plan(one, "f", "18").root) for one in (document, text))
    assert [node.exclusive_ms for node in seen] == [node.exclusive_ms for node in expected]


@pytest.mark.parametrize(("sql", "settings"), [case for case in CASES if case[1][-4:] != WORKERS])
def test_every_detail_that_rules_read_has_its_name_and_value(dsn: str, sql: str, settings: tuple[str, ...]) -> None:
    document, text = both(dsn, sql, settings)
    for own, other in zip(flat(document[0]["Plan"]), flat(text[0]["Plan"]), strict=True):
        told = {key: value for key, value in other.items() if key not in {"Plans", *FREE} and "Time" not in key}
        known = {key: value for key, value in own.items() if key in told}
        if "Shared Hit Blocks" in told:
            known |= {key: told[key] for key in told if key.endswith("Blocks") and key.startswith(("Shared", "Local"))}
        assert told == known
        assert set(told) - set(own) == set(), "a key that JSON does not have"


def test_triggers_and_the_times_of_the_whole_are_read(dsn: str) -> None:
    rows = explained(dsn, "DELETE FROM p WHERE id < 9", (), "FORMAT TEXT")
    plan = read_plan(document_of("\n".join(rows)), "f", "")
    (trigger,) = plan.triggers
    assert (trigger.constraint, trigger.calls) == ("c_of_p", 8)
    assert trigger.time_ms is not None
    assert plan.planning_ms is not None
    assert plan.execution_ms is not None


def test_serialization_is_read(dsn: str) -> None:
    rows = explained(dsn, "SELECT * FROM t", (), "SERIALIZE, FORMAT TEXT")
    plan = read_plan(document_of("\n".join(rows)), "f", "")
    assert plan.serialization is not None
    assert plan.serialization.output_kb > 100
    assert plan.serialization.time_ms is not None


@pytest.mark.parametrize("options", ["VERBOSE", "TIMING OFF", "COSTS OFF", "WAL"])
def test_other_options_make_the_same_tree(dsn: str, options: str) -> None:
    sql = CASES[3][0]
    plain = read_plan(document_of("\n".join(explained(dsn, sql, (), "FORMAT TEXT"))), "f", "")
    other = read_plan(document_of("\n".join(explained(dsn, sql, (), f"{options}, FORMAT TEXT"))), "f", "")
    assert same_but_for_workers(other.root) == same_but_for_workers(plain.root)
    assert (other.root.exclusive_ms is None) == (options == "TIMING OFF")


def test_verbose_workers_tell_themselves(dsn: str) -> None:
    rows = explained(dsn, "SELECT count(*) FROM t", WORKERS, "VERBOSE, FORMAT TEXT")
    scan = walk(read_plan(document_of("\n".join(rows)), "f", "").root)[-1]
    assert scan.details["Workers"][0]["Worker Number"] == 0
    assert scan.details["Workers"][0]["Actual Loops"] == 1.0


PLAIN = """Sort  (cost=9.1..9.2 rows=5 width=4) (actual time=1.500..1.600 rows=5 loops=1)
  Sort Key: a, (lower((b)::text)), c DESC
  Sort Method: quicksort  Memory: 25kB
  Buffers: shared hit=3 read=1, temp written=2
  InitPlan 1 (returns $0)
    ->  Result  (cost=0.0..0.1 rows=1 width=4) (actual time=0.100..0.200 rows=1 loops=1)
  ->  Seq Scan on public.t x  (cost=0.0..9.0 rows=5 width=4) (actual time=0.400..1.200 rows=5 loops=1)
        Filter: ((a > $0) AND (b = 'two
lines'::text))
  ->  Index Scan using "T i" on u  (cost=0.0..9.0 rows=5 width=4) (never executed)
Planning:
  Buffers: shared hit=7
Planning Time: 0.300 ms
JIT:
  Functions: 4
  Options: Inlining false, Optimization false, Expressions true, Deforming true
  Timing: Generation 0.5 ms, Inlining 0.0 ms, Optimization 0.3 ms, Emission 2.0 ms, Total 2.8 ms
Trigger for constraint t_fk on t: time=0.700 calls=3
Execution Time: 5.000 ms"""


def read(text: str) -> QueryPlan:
    return read_plan(document_of(text), "f", "")


def test_a_plan_as_older_servers_print_it() -> None:
    plan = read(PLAIN)
    sort, init, scan, never = walk(plan.root)
    assert sort.details["Sort Key"] == ["a", "(lower((b)::text))", "c DESC"]
    assert (sort.details["Sort Space Used"], sort.details["Shared Read Blocks"]) == (25, 1)
    assert sort.details["Temp Written Blocks"] == 2
    assert (init.details["Subplan Name"], init.exclusive_ms) == ("InitPlan 1 (returns $0)", 0.2)
    assert (scan.relation, scan.details["Schema"], scan.details["Alias"]) == ("t", "public", "x")
    assert scan.exclusive_ms == pytest.approx(1.0)
    assert scan.details["Filter"] == "((a > $0) AND (b = 'two\nlines'::text))"
    assert (never.index, never.loops, never.exclusive_ms) == ("T i", 0.0, 0.0)
    assert plan.jit is not None
    assert (plan.jit.functions, plan.jit.total_ms) == (4, 2.8)
    assert (plan.triggers[0].constraint, plan.triggers[0].relation) == ("t_fk", "t")
    assert (plan.planning_ms, plan.execution_ms) == (0.3, 5.0)


def framed(text: str) -> str:
    lines = text.splitlines()
    width = max(map(len, lines)) + 2
    rows = "\n".join(f" {line}" for line in lines)
    return f"{'QUERY PLAN':^{width}}\n{'-' * width}\n{rows}\n({len(lines)} rows)\n\nTime: 5.1 ms\n"


def boxed(text: str) -> str:
    lines = text.splitlines()
    width = max(map(len, lines))
    edge = f"+{'-' * (width + 2)}+"
    rows = "\n".join(f"| {line:<{width}} |" for line in lines)
    return f"{edge}\n| {'QUERY PLAN':^{width}} |\n{edge}\n{rows}\n{edge}\n"


def one_value(text: str) -> str:
    """As psql shows a value of several lines."""
    lines = text.splitlines()
    width = max(map(len, lines))
    rows = "\n".join(f" {line:<{width}}{'+' if number < len(lines) else ''}" for number, line in enumerate(lines, 1))
    return f"{'QUERY PLAN':^{width}}\n{'-' * width}\n{rows}\n(1 row)\n"


def logged(text: str) -> str:
    tabbed = "\n".join(f"\t{line}" for line in text.splitlines())
    return f"2026-01-01 LOG:  duration: 5.0 ms  plan:\n\tQuery Text: SELECT 1 FROM t\n{tabbed}\n"


def quoted(text: str) -> str:
    """As a column of CSV."""
    return "\n".join('"' + line.replace('"', '""') + '"' if "->" in line else line for line in text.splitlines())


JSON = json.dumps([{"Plan": {"Node Type": "Result", "Actual Loops": 1}, "Execution Time": 0.1}], indent=2)


@pytest.mark.parametrize("frame", [framed, boxed, one_value, logged, quoted])
def test_a_frame_around_a_plan_changes_nothing(frame: Any) -> None:
    plain = PLAIN.replace("'two\nlines'", "'two'")
    assert read(frame(plain)) == read(plain)


@pytest.mark.parametrize("frame", [str, framed, one_value])
def test_json_is_read_in_a_frame_too(frame: Any) -> None:
    assert read(frame(JSON)).execution_ms == 0.1


@pytest.mark.parametrize(
    "text", ["", "SELECT 1", "- Plan:\n    Node Type: Result", "<explain><Query/></explain>", "[{"]
)
def test_what_holds_no_plan_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"no plan|is none"):
        document_of(text)


@given(st.text() | st.lists(st.sampled_from([*PLAIN.splitlines(), "  ->  ", "+", "|", "CTE x", ":"])).map("\n".join))
def test_any_text_is_a_plan_or_refused(text: str) -> None:
    try:
        plan = read(text)
    except (UsageError, ValueError):
        return
    assert plan.root.kind
