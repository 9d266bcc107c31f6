"""A partitioned table has its index on the whole: found, proven, and built partition by partition beside writers."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from perfkit.errors import DatabaseError
from perfkit.explain.advise.advice import Advice
from perfkit.explain.advise.applied.apply import apply
from perfkit.explain.advise.applied.steps import steps
from perfkit.explain.advise.figures import told
from perfkit.explain.advise.index import Index, Key, TableName, name_of
from tests.explain.advise.build import a_query, advised, fetch, run, shapes
from tests.explain.advise.conftest import Shops

# Twelve thousand rows in three partitions, one of which is partitioned again.
PARTED = """
CREATE TABLE parted (id int, owner int NOT NULL, at date NOT NULL, kind int NOT NULL, pad text NOT NULL)
PARTITION BY RANGE (at);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES FROM ('2026-03-01') TO ('2026-04-01') PARTITION BY LIST (kind);
CREATE TABLE parted_3_odd PARTITION OF parted_3 FOR VALUES IN (1);
CREATE TABLE parted_3_even PARTITION OF parted_3 FOR VALUES IN (0);
INSERT INTO parted SELECT g, 1 + g * 7919 % 2000, date '2026-01-01' + g % 90, g % 2, repeat('y', 300)
FROM generate_series(1, 12000) g;
CREATE VIEW seen AS SELECT * FROM parted WHERE id > 0;
VACUUM ANALYZE parted
"""
OF_ONE = a_query("SELECT pad FROM parted WHERE owner = $1", ("7",), ("8",))
LATEST = a_query("SELECT pad FROM parted WHERE kind = $1 ORDER BY owner LIMIT 3", ("1",))
BY_VIEW = a_query("SELECT pad FROM seen WHERE owner = $1", ("7",))
OF_A_MONTH = a_query(
    "SELECT count(pad) FROM parted WHERE at >= $1 AND at < $2",
    ("2026-01-01", "2026-02-01"),
)
INDEX = Index(TableName("public", "parted"), (Key("owner"),))
ADVICE = Advice(INDEX, name_of(INDEX), bytes=8192, build_s=0.1, evidence=(), effects=(), saved_ms=1.0)
VALID = "SELECT relname, indisvalid FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE relname ~ '^ix_parted'"
LEAVES = ("parted_1", "parted_2", "parted_3_even", "parted_3_odd")


@pytest.fixture
def dsn(shop: Shops) -> str:
    return shop(PARTED)


@pytest.fixture
def dsn_18(shop_18: Shops) -> str:
    return shop_18(PARTED)


def test_the_whole_has_the_index_that_helps(dsn: str) -> None:
    """By the text or by the plan of a view; an order that partitions merge; not where one is read whole."""
    for query, wanted in ((OF_ONE, "parted (owner)"), (BY_VIEW, "parted (owner)"), (LATEST, "parted (kind, owner)")):
        report = advised(dsn, query)
        assert shapes(report) == [wanted]
        assert "parted" in report.advice[0].evidence[0]
        assert report.advice[0].bytes > 4 * 8192
    assert shapes(advised(dsn, OF_A_MONTH)) == []
    assert fetch(dsn, "SELECT count(*) FROM pg_indexes WHERE tablename ~ '^parted'") == [(0,)]


def test_a_copy_beside_an_application_has_all_partitions(dsn_18: str) -> None:
    with psycopg.connect(dsn_18, application_name="the shop") as other:
        other.execute("SELECT 1")
        assert shapes(advised(dsn_18, OF_ONE, build_on="copy")) == ["parted (owner)"]


def test_the_script_is_for_writers_to_go_on_and_its_undo_brings_back_what_was(dsn: str, tmp_path: Path) -> None:
    """ON ONLY the whole, CONCURRENTLY on each, attached from the bottom up; psql runs what is told as it stands."""
    (advice,) = advised(dsn, OF_ONE).advice
    assert [one.split(" ON ")[0].split(" ATTACH")[0] for one in advice.script] == [
        "CREATE INDEX ix_parted_owner",
        "CREATE INDEX CONCURRENTLY ix_parted_1_owner",
        "CREATE INDEX CONCURRENTLY ix_parted_2_owner",
        "CREATE INDEX ix_parted_3_owner",
        "CREATE INDEX CONCURRENTLY ix_parted_3_even_owner",
        "CREATE INDEX CONCURRENTLY ix_parted_3_odd_owner",
        "ALTER INDEX public.ix_parted_3_owner",
        "ALTER INDEX public.ix_parted_3_owner",
        "ALTER INDEX public.ix_parted_owner",
        "ALTER INDEX public.ix_parted_owner",
        "ALTER INDEX public.ix_parted_owner",
    ]
    undo = tmp_path / "undo.sql"
    apply(dsn, steps(dsn, [advice]), undo)
    assert len(fetch(dsn, VALID)) == 6
    assert all(is_valid for _, is_valid in fetch(dsn, VALID))
    assert steps(dsn, [advice]) == []
    assert shapes(advised(dsn, OF_ONE)) == []
    run(dsn, *(line for line in undo.read_text().splitlines() if not line.startswith("--")))
    assert fetch(dsn, VALID) == []
    run(dsn, *told(advised(dsn, OF_ONE)).advice[0].sql.split(";\n"))
    assert all(is_valid for _, is_valid in fetch(dsn, VALID))


def test_what_failed_half_way_goes_on_the_next_time_or_is_undone(dsn_18: str, tmp_path: Path) -> None:
    """A partition is locked: those before it have their index, and nothing INVALID is left but the empty whole."""
    first, second = tmp_path / "first.sql", tmp_path / "second.sql"
    with psycopg.connect(dsn_18) as other:
        other.execute("LOCK TABLE parted_2 IN SHARE ROW EXCLUSIVE MODE")
        with pytest.raises(DatabaseError, match=r"ix_parted_2_owner was not built: it waited") as failed:
            apply(dsn_18, steps(dsn_18, [ADVICE]), first, lock_timeout_s=0.2)
    assert "say it again" in str(failed.value.hint)
    assert dict(fetch(dsn_18, VALID)) == {"ix_parted_owner": False, "ix_parted_1_owner": True}
    apply(dsn_18, steps(dsn_18, [ADVICE]), second)
    assert all(is_valid for _, is_valid in fetch(dsn_18, VALID))
    run(dsn_18, *(line for line in first.read_text().splitlines() if not line.startswith("--")))
    assert fetch(dsn_18, VALID) == []


def test_an_index_that_a_partition_has_by_itself_is_not_taken_away(dsn_18: str) -> None:
    """The new one would take it for its part, and dropping that would drop both."""
    run(dsn_18, "CREATE INDEX mine ON parted_1 (owner)", "CREATE INDEX mine_2 ON parted_2 (owner)")
    report = advised(dsn_18, OF_ONE)
    (reason,) = {one.reason for one in report.not_advised if str(one.index) == "parted (owner)"}
    assert reason == "2 of its partitions have an index like this already; the others may lack it"
    assert fetch(dsn_18, "SELECT count(*) FROM pg_indexes WHERE tablename ~ '^parted'") == [(2,)]


def test_the_parts_of_an_index_are_no_suspects(dsn_18: str) -> None:
    """They cannot be dropped alone, and the server counts no scans of the whole."""
    run(dsn_18, "CREATE INDEX mine ON parted (owner)")
    assert not [one for one in advised(dsn_18, OF_ONE).unneeded if one.table.name.startswith("parted")]
