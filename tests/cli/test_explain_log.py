"""`perfkit explain --log`: a log becomes a list of statements, without a database, and without the values in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.cli.perfkit import perfkit
from tests.queries import written

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

SECRET = "Zq7Xw-4711"
LOG = b"".join(
    [
        written.jsonlog(f"duration: 30.0 ms  statement: SELECT a FROM t WHERE b = '{SECRET}'"),
        written.jsonlog("duration: 5.0 ms  execute x: SELECT c FROM t WHERE d = $1", f"Parameters: $1 = '{SECRET}'"),
        written.jsonlog("duration: 5.0 ms  execute x: SELECT c FROM t WHERE d = $1", "Parameters: $1 = '7'"),
        b"garbage\n",
    ]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.json").write_bytes(LOG)
    return tmp_path


def test_the_statements_are_listed_and_what_was_not_read_is_said(folder: Path) -> None:
    done = perfkit("explain", "--log", "a.json", at=folder)
    assert done.code == 0
    assert "SELECT a FROM t WHERE b = ?" in done.out
    assert "75.0%" in done.out
    assert "1 line of the server log could not be read" in done.err
    assert SECRET not in done.out + done.err


def test_json_has_the_same_without_values_unless_they_are_asked_for(folder: Path) -> None:
    hidden = perfkit("explain", "--log", "a.json", "--json", at=folder)
    told = json.loads(hidden.out)
    assert [(query["calls"], query["total_ms"], query["share"]) for query in told["queries"]] == [
        (1, 30, 0.75),
        (2, 10, 0.25),
    ]
    assert (told["log"]["executions"], told["log"]["lines_unparsed"]) == (3, 1)
    assert SECRET not in hidden.out
    shown = json.loads(perfkit("explain", "--log", "a.json", "--json", "--show-literals", at=folder).out)
    assert shown["queries"][1]["parameter_sets"][0]["values"] == [SECRET]


def test_standard_input_is_a_log_too(folder: Path) -> None:
    done = perfkit("explain", "--log", "-", "--json", at=folder, stdin=LOG.decode())
    assert len(json.loads(done.out)["queries"]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--log", "nowhere.log"], "nowhere.log cannot be read"),
        (["--log", "a.json", "--sql", "x.sql"], "--log stands alone"),
        (["--log", "a.json", "--worst", "3"], "no database is named"),
    ],
)
def test_what_cannot_be_done_is_said(folder: Path, arguments: list[str], said: str) -> None:
    done = perfkit("explain", *arguments, at=folder, env={"DATABASE_URL": ""})
    assert (done.code, said in done.complaint) == (2, True)


def test_with_a_database_the_worst_are_explained_with_their_parameters(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    dsn = postgres.fresh_database("erp")
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("CREATE TABLE t AS SELECT g AS a, g::text AS b FROM generate_series(1, 100) g")
    log = written.jsonlog("duration: 30.0 ms  execute x: SELECT a FROM t WHERE b = $1", "Parameters: $1 = '7'")
    (tmp_path / "a.json").write_bytes(log)
    done = perfkit("explain", "--log", "a.json", "--worst", "1", "--json", at=tmp_path, env={"DATABASE_URL": dsn})
    (plan,) = json.loads(done.out)["plans"]
    assert (plan["root"]["kind"], plan["root"]["actual_rows"]) == ("Seq Scan", 1)


@pytest.mark.parametrize("ms", ["-999.5", "1" + "0" * 35 + ".0", "nan", "1e3"])
def test_a_duration_that_cannot_be_is_counted_once_as_unreadable(tmp_path: Path, ms: str) -> None:
    """And costs the table of the others no column."""
    bad = written.jsonlog(f"duration: {ms} ms  statement: SELECT x FROM y")
    (tmp_path / "a.json").write_bytes(LOG.replace(b"garbage\n", bad))
    done = perfkit("explain", "--log", "a.json", at=tmp_path)
    assert done.code == 0
    assert "3 executions" in done.err
    assert "1 line of the server log could not be read" in done.err
    assert all(word in done.out for word in ("Statement", "Calls", "Total", "Share", "Mean", "Max", "75.0%"))
