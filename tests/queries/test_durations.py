"""The server's words for an execution and its parameters are read exactly, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.queries.durations import Execution, is_duration, parse_message, parse_parameters

values = st.lists(
    st.none() | st.text() | st.sampled_from(["", "NULL", "'", "', $2 = '", "$1 = NULL, ", "[1,2)", "{a,b}"])
)


def detail_of(written: list[str | None], word: str = "Parameters") -> str:
    """As the server writes it (`BuildParamLogString`): single quotes doubled, nothing else changed."""
    shown = ["NULL" if value is None else "'" + value.replace("'", "''") + "'" for value in written]
    return f"{word}: " + ", ".join(f"${n} = {text}" for n, text in enumerate(shown, start=1))


@given(values, st.sampled_from(["Parameters", "parameters"]))
def test_parameters_come_back_as_they_were(written: list[str | None], word: str) -> None:
    assert parse_parameters(detail_of(written, word)) == tuple(written)


@pytest.mark.parametrize("detail", ["$2 = 'a'", "$1 = 'a' and more", "$1 = a", "$1 = 'a", "$1 = 'a', $2"])
def test_what_does_not_read_as_parameters_is_refused(detail: str) -> None:
    with pytest.raises(ValueError, match="do not read as such"):
        parse_parameters(f"Parameters: {detail}")


@pytest.mark.parametrize(
    "detail", [None, "", "Failed process was running: SELECT $1", "prepare: PREPARE a AS SELECT 1"]
)
def test_a_detail_about_something_else_holds_no_parameters(detail: str | None) -> None:
    assert parse_parameters(detail) == ()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("duration: 12.345 ms  statement: SELECT 1", Execution(12.345, "SELECT 1")),
        ("duration: 0.5 ms  execute <unnamed>: SELECT\n $1", Execution(0.5, "SELECT\n $1")),
        ("duration: 1.0 ms  execute _pg3_0: SELECT ': '", Execution(1.0, "SELECT ': '")),
        ("duration: 1.0 ms  execute fetch from S_1/C_2: SELECT 1", Execution(1.0, "SELECT 1")),
        ("duration: 7.0 ms", Execution(7.0, None)),
        ("duration: 1.0 ms  parse <unnamed>: SELECT 1", None),
        ("duration: 1.0 ms  bind s: SELECT 1", None),
    ],
)
def test_each_kind_of_message_is_told_apart(message: str, expected: Execution | None) -> None:
    assert is_duration(message)
    assert parse_message(message) == expected


TEXT_PLAN = "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4) (actual time=0.1..0.2 rows=1 loops=1)\n  Filter: (a = 7)"


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (f"Query Text: SELECT a\nFROM t (cost=1\n{TEXT_PLAN}", ("SELECT a\nFROM t (cost=1", TEXT_PLAN, None)),
        (f"Query Text: SELECT 1\nQuery Parameters: $1 = '7'\n{TEXT_PLAN}", ("SELECT 1", TEXT_PLAN, "$1 = '7'")),
        ("Query Text: SELECT 1", ("SELECT 1", "", None)),
        (
            '{"Query Text": "SELECT 1", "Query Parameters": "$1 = NULL", "Plan": {}}',
            ("SELECT 1", '{"Query Text": "SELECT 1", "Query Parameters": "$1 = NULL", "Plan": {}}', "$1 = NULL"),
        ),
    ],
)  # fmt: skip
def test_a_plan_of_auto_explain_tells_statement_plan_and_parameters(
    plan: str, expected: tuple[str, str, str | None]
) -> None:
    assert parse_message(f"duration: 2.5 ms  plan:\n{plan}") == Execution(2.5, *expected)


@pytest.mark.parametrize("plan", ["<explain/>", "{", "{}", '{"Query Text": 1}', "", "[" * 100_000, '{"a":' * 100_000])
def test_a_plan_in_another_form_is_refused_so_that_it_is_counted(plan: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_message(f"duration: 2.5 ms  plan:\n{plan}")


@given(st.text())
def test_no_message_breaks_the_reading(text: str) -> None:
    for kind in ("", "  plan:\n", "  plan:\nQuery Text: ", "  plan:\n{", "  statement: ", "  execute x: "):
        try:
            told = parse_message(f"duration: 1.0 ms{kind}{text}")
        except ValueError:
            continue
        assert told is None or told.duration_ms == 1.0


def test_an_unknown_kind_is_refused_so_that_it_is_counted() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        parse_message("duration: 1.0 ms  something new: SELECT 1")
