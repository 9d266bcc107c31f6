"""All rules together: ranked, told once for one cause, each in the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import perfkit.explain.rules
from perfkit.explain.rules import RULES, SILENCES, diagnose
from perfkit.model import CapturedQuery, NotExplained, QueryPlan
from tests.explain.plans import a_node, a_plan
from tests.explain.rules.asking import told


def test_findings_are_ranked_by_their_impact_on_the_whole_load() -> None:
    def plan(fingerprint: str, ms: float) -> QueryPlan:
        node = a_node("Seq Scan", ms, Relation_Name=fingerprint, Filter="(a = 1)", Rows_Removed_by_Filter=99_999)
        return replace(a_plan(node), fingerprint=fingerprint)

    def query(fingerprint: str, calls: int) -> CapturedQuery:
        return CapturedQuery(fingerprint, "SELECT", calls, 1.0, 1.0, 1.0)

    plans = [NotExplained("c", "a write"), plan("slow", 100.0), plan("often", 20.0), plan("alone", 50.0)]
    findings = diagnose(plans, [query("slow", 2), query("often", 50)])
    assert [finding.fingerprint for finding in findings] == ["often", "slow", "alone"]


def test_a_plan_without_times_gives_no_finding() -> None:
    node = a_node("Seq Scan", None, Relation_Name="t", Filter="(a = 1)", Rows_Removed_by_Filter=99_999)
    assert diagnose([a_plan(node)]) == ()


def test_every_module_that_finds_something_is_a_rule_with_its_own_name() -> None:
    folder = Path(perfkit.explain.rules.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "\ndef find(" in path.read_text()}
    assert modules == {rule.NAME for rule in RULES}
    assert len(RULES) == len(modules)


def test_every_rule_says_when_it_does_not_apply_and_has_a_real_case() -> None:
    for rule in RULES:
        assert "oes not apply" in (rule.__doc__ or ""), rule.NAME
        tests = (Path(__file__).parent / f"test_{rule.NAME}.py").read_text()
        assert "shop: str" in tests or "(shop" in tests or rule.NAME == "jit_overhead", rule.NAME


def test_only_rules_are_silenced_and_silence() -> None:
    names = {rule.NAME for rule in RULES}
    assert {name for first, _, second in SILENCES for name in (first, second)} <= names


LATERAL = """SELECT count(x.code) FROM small s CROSS JOIN LATERAL (SELECT max(i.code) AS code FROM item i
             WHERE i.quotation_id = s.id) x WHERE s.id <= 20"""
IN_SUBQUERY = "SELECT s.id, (SELECT max(i.code) FROM item i WHERE i.quotation_id = s.id) FROM small s WHERE s.id <= 20"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM item WHERE quotation_id = 17", ["selective_seq_scan"]),
        ("SELECT * FROM item WHERE lower(code) = 'c17'", ["wrapped_column"]),
        ("SELECT * FROM item WHERE quotation_id = 17 OR code = 'C5'", ["or_across_columns"]),
        ("SELECT * FROM event WHERE actor = 7777 ORDER BY at LIMIT 5", ["limit_wrong_index"]),
        ("SELECT * FROM visit WHERE customer = 3017", ["all_partitions"]),
        ("SELECT sold_at, sold_at, sold_at, sold_at, sold_at, sold_at FROM item", ["unbounded_result"]),
        ("SELECT count(*) FROM small a, small b WHERE a.id < 500", ["cartesian_product"]),
        (LATERAL, ["selective_seq_scan"]),
        (IN_SUBQUERY, ["selective_seq_scan"]),
    ],
)
def test_one_cause_is_told_once(shop: str, sql: str, expected: list[str]) -> None:
    """On real plans, by the rule that is nearest to the cause."""
    assert told(shop, sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM item WHERE id < 5 LIMIT 1",
        "SELECT status, count(*) FROM item GROUP BY status",
        'SELECT o.city, count(*) FROM "order" o JOIN line l ON l.order_id = o.id GROUP BY o.city',
        "SELECT * FROM event WHERE at < '2024-01-01 00:05' ORDER BY at LIMIT 100",
    ],
)
def test_of_a_plan_that_is_right_nothing_is_told(shop: str, sql: str) -> None:
    assert told(shop, sql, "work_mem=8MB") == []


def test_a_finding_on_the_outer_side_does_not_silence_the_join() -> None:
    """The table read whole is another cause than the side that is looked up again and again."""
    scan = a_node("Seq Scan", 90.0, Relation_Name="t", Filter="(a = 1)", Rows_Removed_by_Filter=99_999, rows=900)
    inner = a_node("Seq Scan", 0.2, loops=900, rows=1000, Relation_Name="u")
    join = a_node("Nested Loop", 300.0, scan, inner, rows=9, Rows_Removed_by_Join_Filter=899_991, Join_Filter="(a > b)")
    assert [finding.rule for finding in diagnose([a_plan(join)])] == ["join_filter", "selective_seq_scan"]
