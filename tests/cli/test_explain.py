"""`perfkit explain` on a real PostgreSQL, as its user sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.perfkit import perfkit

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

SQL = "SELECT relname FROM pg_class WHERE relkind = 'needle';\nSELECT count(*) FROM pg_attribute WHERE attnum > 17;\n"


def test_of_several_statements_each_tree_says_which_it_is_of(tmp_path: Path, postgres: PostgresServer) -> None:
    """In their order, without literals unless asked for; one alone needs no name."""
    env = {"DATABASE_URL": postgres.dsn}
    words = ("explain", "--sql", "-")
    both, one, bare = (
        perfkit(*words, *more, at=tmp_path, env=env, stdin=text)
        for more, text in (((), SQL), ((), SQL.splitlines()[0]), (("--show-literals",), SQL))
    )
    assert (both.code, one.code, bare.code) == (0, 0, 0), both.err + one.err + bare.err
    lines = [line for line in both.out.splitlines() if line.startswith("statement ")]
    assert lines == [
        "statement 1: SELECT relname FROM pg_class WHERE relkind = ?",
        "statement 2: SELECT count(*) FROM pg_attribute WHERE attnum > ?",
    ]
    first, second = both.out.split("statement 2", 1)
    assert ("rows " in first, "rows " in second) == (True, True)
    assert "statement 1" not in one.out
    assert "'needle'" in bare.out
    assert "needle" not in both.out


def test_the_json_names_the_statements_too(tmp_path: Path, postgres: PostgresServer) -> None:
    done = perfkit("explain", "--sql", "-", "--json", at=tmp_path, env={"DATABASE_URL": postgres.dsn}, stdin=SQL)
    assert [plan["fingerprint"] for plan in json.loads(done.out)["plans"]] == ["statement 1", "statement 2"]
    assert "needle" not in done.out


def test_an_error_names_what_the_user_wrote_and_hides_what_it_compares_with(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    sql = (
        'SELECT 1 FROM no_such_table; SELECT 1 FROM pg_catalog."No such"; SELECT nothing FROM pg_class;'
        "SELECT 1 WHERE 1 = 'needle'"
    )
    done = perfkit("explain", "--sql", "-", at=tmp_path, env={"DATABASE_URL": postgres.dsn}, stdin=sql)
    assert done.code == 5
    for name in ("no_such_table", "pg_catalog.No such", "nothing"):
        assert f'"{name}" does not exist' in done.out
    assert 'type integer: "…"' in done.out
    assert "needle" not in done.out + done.err
