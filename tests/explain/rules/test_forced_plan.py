"""A planner setting that forces the plan: found where it bites; not where nothing was replaced."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import forced_plan
from tests.explain.rules.asking import ask

JOINED = "SELECT count(*) FROM item a JOIN item b USING (id)"


def test_a_join_that_the_settings_force_is_found(shop: str) -> None:
    (finding,) = ask(forced_plan, shop, JOINED, "enable_hashjoin=off")
    assert finding.title == "enable_hashjoin = off: the planner had to take a Merge Join"
    assert finding.sql == "RESET enable_hashjoin;"


def test_several_settings_that_force_one_node_are_one_finding(shop: str) -> None:
    sql = "SELECT count(*) FROM small a JOIN small b ON a.id = b.quotation_id WHERE a.id < 500 AND b.id < 500"
    (finding,) = ask(forced_plan, shop, sql, "enable_hashjoin=off", "enable_mergejoin=off")
    assert finding.sql == "RESET enable_hashjoin; RESET enable_mergejoin;"


@pytest.mark.parametrize(
    ("sql", "setting"),
    [
        ("SELECT count(*) FROM item", "enable_hashjoin=off"),
        (JOINED, "enable_nestloop=on"),
        (JOINED, "work_mem=8MB"),
        (JOINED, "enable_memoize=off"),
    ],
    ids=["no join", "allowed", "another setting", "nothing replaced"],
)
def test_a_setting_that_changes_nothing_is_left_alone(shop: str, sql: str, setting: str) -> None:
    assert ask(forced_plan, shop, sql, setting) == []
