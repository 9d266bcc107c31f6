"""A plan that is not of EXPLAIN's shape is refused with the place of what is wrong."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.explain.plan import read_plan
from perfkit.explain.rules import diagnose

CHILD = {
    "Node Type": "Seq Scan",
    "Relation Name": "t",
    "Alias": "t",
    "Plan Rows": 5,
    "Actual Rows": 5,
    "Actual Loops": 1,
    "Actual Total Time": 1.5,
    "Shared Hit Blocks": 3,
    "Filter": "(a = 1)",
}
TOP = {"Node Type": "Sort", "Actual Rows": 5, "Actual Loops": 1, "Actual Total Time": 2.5, "Sort Key": ["a"]}
WRONG = [[], {}, None, True, "q", 7, -1, 1e309, 10**400]


def a_document(**facts: Any) -> Any:
    child = CHILD | {key.replace("_", " "): value for key, value in facts.items()}
    return json.loads(json.dumps([{"Plan": TOP | {"Plans": [child]}, "Execution Time": 2.6}]))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"Actual_Rows": 1e309}, "Plan.Plans[0].Actual Rows is not a number that EXPLAIN could print: 'inf'"),
        ({"Actual_Rows": 10**200}, "Plan.Plans[0].Actual Rows is not a number that EXPLAIN could print: '1000"),
        ({"Node_Type": 7}, "Plan.Plans[0].Node Type is not a text: '7'"),
        ({"Relation_Name": {}}, "Plan.Plans[0].Relation Name is not a text: '{}'"),
        ({"Shared_Hit_Blocks": "q"}, "Plan.Plans[0].Shared Hit Blocks is not a number that EXPLAIN could print: 'q'"),
        ({"Sort_Key": [7]}, "Plan.Plans[0].Sort Key is not a list of texts: '[7]'"),
        ({"Plans": {}}, "Plan.Plans[0].Plans is not a list: '{}'"),
        ({"Plans": [7]}, "Plan.Plans[0].Plans[0] is not an object: '7'"),
        ({"Plans": [{}]}, "Plan.Plans[0].Plans[0] has no Node Type"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(facts: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        read_plan(a_document(**facts), "f", "")


def test_keys_that_are_not_known_may_hold_anything() -> None:
    document = a_document(New={"a": [1]}, Inner_Unique=True)
    assert read_plan(document, "f", "").root.children[0].details["New"] == {"a": [1]}


@given(st.sampled_from(sorted({*CHILD, *TOP, "Workers", "Heap Fetches", "Hash Batches"})), st.sampled_from(WRONG))
def test_any_value_of_any_key_is_read_or_refused(key: str, value: object) -> None:
    """Nothing else happens, neither while it is read nor while it is judged."""
    refused, findings = "", ()
    try:
        findings = diagnose([read_plan(a_document(**{key: value}), "f", "")])
    except ValueError as error:
        refused = str(error)
    assert refused.startswith("Plan" if refused else "")
    assert all(finding.fingerprint == "f" for finding in findings)
