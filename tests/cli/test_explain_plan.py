"""`perfkit explain --plan`: a plan from a file, told without a database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.perfkit import perfkit

SLOW = """                                  QUERY PLAN
---------------------------------------------------------------------------------
 Seq Scan on item  (cost=0.00..9.00 rows=6 width=4) (actual time=0.1..90.0 rows=6 loops=1)
   Filter: ((status)::text = 'secret'::text)
   Rows Removed by Filter: 119994
 Planning Time: 0.2 ms
 Execution Time: 91.0 ms
(5 rows)
"""
SCAN = {"Node Type": "Index Scan", "Relation Name": "item", "Index Name": "item_status", "Alias": "item"}
FAST = json.dumps(
    [{"Plan": SCAN | {"Actual Rows": 6, "Actual Loops": 1, "Actual Total Time": 0.5}, "Execution Time": 0.6}]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "slow.txt").write_text(SLOW)
    (tmp_path / "fast.json").write_text(FAST)
    return tmp_path


def test_tree_and_findings_are_shown_without_literals(folder: Path) -> None:
    done = perfkit("explain", "--plan", "slow.txt", at=folder)
    assert done.code == 0, done.err
    assert "Seq Scan item  90.0 ms (100%)  rows 6 of 6 planned" in done.out
    assert 'CREATE INDEX CONCURRENTLY ON "item" (status);' in done.out
    assert "secret" not in done.out


def test_two_plans_are_compared(folder: Path) -> None:
    done = perfkit("explain", "--plan", "-", "--against", "fast.json", at=folder, stdin=SLOW)
    assert done.code == 0, done.err
    assert "What changed in the plan: 91.0 ms → 0.60 ms" in done.out
    assert "Seq Scan on item → Index Scan on item using item_status" in done.out


def test_json_has_plans_findings_and_difference(folder: Path) -> None:
    done = perfkit("explain", "--plan", "slow.txt", "--against", "fast.json", "--json", "--show-literals", at=folder)
    told = json.loads(done.out)
    assert [plan["root"]["kind"] for plan in told["plans"]] == ["Seq Scan", "Index Scan"]
    assert told["plans"][0]["root"]["details"]["Filter"] == "((status)::text = 'secret'::text)"
    assert [(finding["rule"], finding["node"]) for finding in told["findings"]] == [("selective_seq_scan", [])]
    assert [node["kind"] for node in told["diff"]["nodes"]] == ["changed"]
    assert told["findings"][0]["evidence"][1] == "Filter: ((status)::text = 'secret'::text)"
    hidden = perfkit("explain", "--plan", "slow.txt", "--json", at=folder)
    assert json.loads(hidden.out)["findings"][0]["evidence"][1] == "Filter: ((status)::text = ?::text)"
    assert "secret" not in hidden.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--plan", "none.txt"), "none.txt cannot be read"),
        (("--plan", "query.sql"), "query.sql: there is no plan of PostgreSQL in it"),
        (("--against", "fast.json"), "--plan stands alone"),
        (("--plan", "slow.txt", "--sql", "query.sql"), "--plan stands alone"),
    ],
)
def test_what_holds_no_plan_is_an_error_of_usage(folder: Path, words: tuple[str, ...], said: str) -> None:
    (folder / "query.sql").write_text("SELECT 1")
    done = perfkit("explain", *words, at=folder)
    assert done.code == 2
    assert said in done.complaint


def test_a_plan_of_another_shape_is_refused_with_the_place(folder: Path) -> None:
    (folder / "bad.json").write_text(FAST.replace('"Actual Rows": 6', '"Actual Rows": 1e400'))
    done = perfkit("explain", "--plan", "bad.json", at=folder)
    assert done.code == 2
    assert "bad.json: Plan.Actual Rows is not a number that EXPLAIN could print: 'inf'" in done.complaint
