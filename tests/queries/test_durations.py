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
    with pytest.raises(ValueError, match=r"no parameter \$"):
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
        ("duration: 1.0 ms  plan:\nQuery Text: SELECT 1", None),
    ],
)
def test_each_kind_of_message_is_told_apart(message: str, expected: Execution | None) -> None:
    assert is_duration(message)
    assert parse_message(message) == expected


def test_an_unknown_kind_is_refused_so_that_it_is_counted() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        parse_message("duration: 1.0 ms  something new: SELECT 1")
