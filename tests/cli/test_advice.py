"""`perfkit explain --advise` and `--apply` as a user meets them: shown, asked, built, undone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perfkit import explain, store
from perfkit.model import RunRecord
from tests import pages
from tests.builders import a_phase, a_run
from tests.cli.perfkit import perfkit
from tests.conftest import PostgresServer
from tests.explain.advise.build import ORDERS, a_query, fetch, run

SECRET = "Zq7Xw"
QUERIES = (
    a_query("SELECT note FROM orders WHERE customer_id = $1", ("7",), ("8",)),
    a_query(f"SELECT total FROM orders WHERE status = $1 AND note <> '{SECRET}'", ("void",), total_ms=500.0),
    a_query("DELETE FROM orders WHERE note = $1", (SECRET,), total_ms=20.0),
)


@pytest.fixture
def dsn(postgres: PostgresServer) -> str:
    address = postgres.fresh_database("advice_cli")
    run(address, ORDERS)
    return address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to stand in, with a run that captured something."""
    captured = store.create(tmp_path / "reports" / "captured")
    store.write_queries(captured, QUERIES, ())
    config = {"database": {"dsn_env": "SHOP_DSN"}}
    store.write_record(captured, RunRecord("captured", "shop", "complete", 0.0, 1.0, {}, config))
    return tmp_path


def test_advice_of_a_run_is_shown_without_literals_and_changes_nothing(folder: Path, dsn: str) -> None:
    """The address comes from the variable that the run's suite names."""
    done = perfkit("explain", "latest", "--advise", "--build-on", "copy", at=folder, env={"SHOP_DSN": dsn})
    assert done.code == 0, done.err
    assert "Indexes advised" in done.out
    assert "CREATE INDEX CONCURRENTLY ix_orders_customer_id" in done.out
    assert "of the server." in done.out
    assert SECRET not in done.out + done.err
    assert fetch(dsn, "SELECT count(*) FROM pg_indexes WHERE tablename = 'orders'") == [(1,)]


def test_json_has_the_documented_shape(folder: Path, dsn: str) -> None:
    """At every level the keys are those of the page; literals only when they are asked for."""
    words = ("explain", "latest", "--apply", "--yes", "--build-on", "copy", "--json", "--undo", "undo.sql")
    done = perfkit(*words, at=folder, env={"SHOP_DSN": dsn})
    assert done.code == 0, done.err
    (block,) = pages.blocks(pages.page("index-advice"), "json")
    told, real = json.loads(block.text), json.loads(done.out)
    assert list(told) == list(real)
    assert list(told["advice"][0]) == list(real["advice"][0])
    assert list(told["advice"][0]["write"]) == list(real["advice"][0]["write"])
    assert list(told["advice"][0]["effects"][0]) == list(real["advice"][0]["effects"][0])
    assert list(told["not_advised"][0]) == list(real["not_advised"][0])
    assert list(told["applied"]["built"][0]) == list(real["applied"]["built"][0])
    assert SECRET not in done.out + done.err + (folder / "undo.sql").read_text()
    assert real["applied"]["undo"] == "undo.sql"
    again = perfkit(*words, at=folder, env={"SHOP_DSN": dsn})
    assert json.loads(again.out)["applied"] == {"built": [], "undo": None}


def test_literals_are_shown_when_asked_for(folder: Path, dsn: str) -> None:
    done = perfkit("explain", "latest", "--advise", "--show-literals", at=folder, env={"SHOP_DSN": dsn})
    assert SECRET in done.out
    assert "not verified" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["latest", "--apply", "--yes"], "--apply builds only what was verified"),
        (["latest", "--apply", "--build-on", "copy"], "nobody is there"),
        (["latest", "--advise", "--build-on", "moon"], "neither copy nor here"),
        (["latest", "--advise", "--storage", "much"], "--storage"),
        (["latest", "--advise", "--copy-limit", "much"], "--copy-limit"),
        (["--advise"], "name a run"),
        (["latest", "--sql", "-", "--advise"], "name a run"),
        (["nowhere", "--advise"], "there is no run"),
    ],
)
def test_what_does_not_fit_together_is_said(folder: Path, words: list[str], said: str) -> None:
    done = perfkit("explain", *words, at=folder, env={"DATABASE_URL": "host=/nowhere"})
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_statements_of_a_file_are_advised_too(folder: Path, dsn: str) -> None:
    """Each counts as one call."""
    sql = f"SELECT note FROM orders WHERE customer_id = 7; SELECT id FROM orders WHERE note = '{SECRET}'"
    words = ("explain", "--sql", "-", "--advise", "--build-on", "here", "--json")
    done = perfkit(*words, at=folder, env={"DATABASE_URL": dsn}, stdin=sql)
    assert done.code == 0, done.err
    found = {one["index"].partition(" INCLUDE")[0] for one in json.loads(done.out)["advice"]}
    assert found == {"orders (customer_id)", "orders (note)"}
    assert SECRET not in done.out


PARTS = """
CREATE TABLE parts (id int PRIMARY KEY, code int NOT NULL, kind text NOT NULL, pad text NOT NULL);
INSERT INTO parts SELECT g, g % 20000, 'plain', repeat('x', 200) FROM generate_series(1, 60000) g;
VACUUM ANALYZE parts
"""


def test_what_was_proven_is_kept_with_the_run_and_told_by_its_reports(tmp_path: Path, postgres: PostgresServer) -> None:
    """In a section of its own, and by the finding that an index is missing; literals only where they are asked for."""
    dsn = postgres.fresh_database("advice_kept")
    run(dsn, PARTS)
    queries = (a_query(f"SELECT id FROM parts WHERE code = $1 AND kind <> '{SECRET}'", ("7",), ("8",)),)
    kept = store.create(tmp_path / "reports" / "captured")
    store.write_queries(kept, queries, explain.explain(dsn, queries))
    config = {
        "name": "shop",
        "target": {"url": "http://127.0.0.1:8000"},
        "scenario": {"file": "locustfile.py"},
        "database": {"dsn_env": "SHOP_DSN"},
        "phase": [{"name": "single", "iterations": 1}],
    }
    store.write_record(kept, a_run(phases=[a_phase("single")], config=config).record)
    words = ("explain", "latest", "--advise", "--build-on", "here")
    done = perfkit(*words, at=tmp_path, env={"SHOP_DSN": dsn})
    assert done.code == 0, done.err
    assert "advice.json keeps it" in done.err
    files = ("report.html", "report.md", "metrics.json")
    told = []
    for more in ((), ("--show-literals",)):
        done = perfkit("report", "latest", *more, at=tmp_path)
        assert done.code == 0, done.err
        told.append({name: (kept / name).read_text() for name in files})
    hidden, shown = told
    assert [name for name in files if SECRET in hidden[name]] == []
    assert [name for name in files if SECRET in shown[name]] == list(files)
    assert all("CREATE INDEX CONCURRENTLY ix_parts_code" in text for text in hidden.values())
    assert "Index advice" in hidden["report.html"]
    assert "## Index advice" in hidden["report.md"]
    (finding,) = json.loads(hidden["metrics.json"])["findings"]
    assert (finding["rule"], finding["confidence"]) == ("selective_seq_scan", "proven")
    assert finding["sql"].startswith("CREATE INDEX CONCURRENTLY ix_parts_code")


def test_what_was_not_verified_is_not_kept(folder: Path, dsn: str) -> None:
    """It would stand in the place of what was."""
    done = perfkit("explain", "latest", "--advise", at=folder, env={"SHOP_DSN": dsn})
    assert (done.code, (folder / "reports" / "captured" / "advice.json").exists()) == (0, False)
