"""OR over different columns: found where a table is read whole for it; not where one index serves all branches."""

from __future__ import annotations

import pytest

from perfkit.explain.rules import or_across_columns
from tests.explain.rules.asking import applied, ask, told

ACROSS = "SELECT * FROM item WHERE quotation_id = 17 OR code = 'C5'"


def test_or_across_columns_of_a_large_table_is_found(shop: str) -> None:
    (finding,) = ask(or_across_columns, shop, ACROSS)
    assert finding.title == "OR across quotation_id and code has item read whole"
    assert "C5" not in " ".join(finding.evidence)


def test_with_the_indexes_that_are_proposed_the_branches_are_joined(shop: str) -> None:
    (finding,) = ask(or_across_columns, shop, ACROSS)
    with applied(shop, finding.sql):
        assert told(shop, ACROSS) == []


@pytest.mark.parametrize(
    "condition",
    [
        "(quotation_id = 17 AND code = 'C5') OR (quotation_id = 18 AND code = 'C6')",
        "quotation_id = 17 OR note LIKE 'z%'",
        "quotation_id < 9000 OR code = 'C5'",
        "quotation_id = 17 AND code = 'C5'",
    ],
    ids=["a column in all branches", "a branch without a plain column", "many rows wanted", "AND"],
)
def test_another_condition_is_left_alone(shop: str, condition: str) -> None:
    assert ask(or_across_columns, shop, f"SELECT * FROM item WHERE {condition}") == []


def test_or_on_a_small_table_is_left_alone(shop: str) -> None:
    assert ask(or_across_columns, shop, ACROSS.replace("item", "small")) == []
