"""The same entry comes out of each form of log, whatever its message holds; what is no entry is counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.queries.durations import parse_parameters
from perfkit.queries.formats import FORMATS, LogEntry, Missed, read_prefix
from perfkit.queries.log_files import whole_lines
from tests.queries import written

Write = Callable[..., bytes]
WRITERS: dict[str, Write] = {"jsonlog": written.jsonlog, "csvlog": written.csvlog, "stderr": written.stderr}
FORMS = pytest.mark.parametrize("form", list(FORMATS))
# A server log holds no NUL, and its lines end in a newline only.
TEXT = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]))


def read(form: str, blocks: Iterable[bytes], prefix: str = written.PREFIX) -> tuple[list[LogEntry], int]:
    missed = Missed()
    return list(FORMATS[form].entries(blocks, missed, read_prefix(prefix))), missed.lines


def chunked(text: bytes, size: int) -> Iterable[bytes]:
    return whole_lines(text[at : at + size] for at in range(0, len(text), size))


def an_entry(message: str, detail: str | None = None, **facts: str | None) -> LogEntry:
    return LogEntry(written.AT, "erp", message, detail, None, "bob")._replace(**facts)  # type: ignore[arg-type]


@FORMS
def test_message_and_detail_come_out_as_they_went_in(form: str) -> None:
    message, detail = (
        'duration: 1.5 ms  execute x: SELECT "a"\n\t\tFROM t -- ,',
        "Parameters: $1 = 'it''s\nnew', $2 = NULL",
    )
    entries, missed = read(form, [WRITERS[form](message, detail)])
    assert (entries, missed) == ([an_entry(message, detail)], 0)


@FORMS
@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(TEXT, st.none() | TEXT.filter(len)), max_size=4), st.integers(1, 200))
def test_any_text_comes_back_from_pieces_of_any_size(form: str, told: list[tuple[str, str | None]], size: int) -> None:
    expected = [an_entry(f"duration: 1.0 ms  statement: {sql}", detail) for sql, detail in told]
    log = b"".join(WRITERS[form](entry.message, entry.detail) for entry in expected)
    entries, missed = read(form, chunked(log, size))
    assert (entries, missed) == (expected, 0)


@FORMS
@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary() | st.sampled_from([b'"', b"\n", b"\t", b"LOG:  duration: 1.0 ms", b'{"timestamp":"'])))
def test_no_bytes_break_the_reading_and_the_next_entry_is_read(form: str, garbage: list[bytes]) -> None:
    sound = WRITERS[form]("duration: 1.0 ms  statement: SELECT 1")
    entries, _ = read(form, whole_lines([b"".join(garbage), b"\n", sound]))
    assert entries[-1] == an_entry("duration: 1.0 ms  statement: SELECT 1")


@FORMS
def test_what_is_no_entry_is_counted_and_what_is_another_entry_is_not(form: str) -> None:
    other = WRITERS[form]("connection received: host=[local]") + WRITERS[form]('could not "x"\nand so on', "because")
    entries, missed = read(form, [b"garbage\n" + other + b"\x00\x01\n\n" + other])
    assert (entries, missed) == ([], 3)


@FORMS
def test_a_duration_in_a_statement_is_no_entry(form: str) -> None:
    inner = "".join(WRITERS[form]("duration: 9.0 ms  statement: SELECT 2").decode() for _ in range(2))
    message = f"duration: 1.0 ms  statement: SELECT '{inner}'"
    entries, _ = read(form, [WRITERS[form](message)])
    assert [entry.message for entry in entries] == [message]


@FORMS
def test_a_byte_of_another_encoding_costs_one_character_and_not_the_line(form: str) -> None:
    line = WRITERS[form]("duration: 1.0 ms  statement: SELECT 'M?ller'").replace(b"?", b"\xfc")
    entries, missed = read(form, [line])
    assert (entries[0].message, missed) == ("duration: 1.0 ms  statement: SELECT 'M\ufffdller'", 0)


@pytest.mark.parametrize("columns", [23, 24, 26])
def test_csv_of_every_version_is_read(columns: int) -> None:
    message = "duration: 1.0 ms  statement: SELECT 1"
    line = written.csvlog(message, columns=columns, query_id=-6883025487542345243)
    entries, missed = read("csvlog", [line * 2])
    assert missed == 0
    assert [entry.query_id for entry in entries] == ["-6883025487542345243" if columns == 26 else None] * 2


def test_a_csv_entry_that_was_cut_off_in_its_quotes_costs_itself_and_not_the_next() -> None:
    sound = written.csvlog("duration: 1.0 ms  statement: SELECT 1")
    entries, missed = read("csvlog", [sound, sound[:120] + b"\n", sound])
    assert (len(entries), missed) == (2, 1)


def test_a_query_id_is_text_as_it_exceeds_what_a_double_holds() -> None:
    (entry,), _ = read("jsonlog", [written.jsonlog("duration: 1.0 ms", query_id=-6883025487542345243)])
    assert entry.query_id == "-6883025487542345243"


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"1", b"{}", b'{"timestamp": 1}', b"[" * 100_000])
def test_a_json_line_that_is_no_entry_is_counted(broken: bytes) -> None:
    assert read("jsonlog", [broken + b"\n"]) == ([], 1)


def test_of_two_entries_in_a_row_each_keeps_its_own_detail() -> None:
    first = written.stderr("duration: 1.0 ms  execute a: SELECT $1", "Parameters: $1 = '1'")
    second = written.stderr("duration: 2.0 ms  statement: SELECT ' DETAIL:  x'")
    entries, _ = read("stderr", [first + second + first])
    assert [entry.detail for entry in entries] == ["Parameters: $1 = '1'", None, "Parameters: $1 = '1'"]


def test_with_verbose_errors_the_state_stands_before_the_message() -> None:
    entries, missed = read("stderr", [written.stderr("00000: duration: 1.0 ms  statement: SELECT 1")])
    assert ([entry.message for entry in entries], missed) == (["duration: 1.0 ms  statement: SELECT 1"], 0)


@pytest.mark.parametrize(
    ("prefix", "start", "expected"),
    [
        ("%t:%r:%u@%d:[%p]:", "2026-11-22 05:45:48 UTC:10.0.0.7(51234):bob@erp:[77]:", ("erp", "bob")),
        ("%m [%p]: [%l-1] db=%d,user=%u ", "2026-11-22 05:45:48.163 CET [77]: [2-1] db=erp,user=bob ", ("erp", "bob")),
        ("%t-%c-", "2026-11-22 05:45:48 UTC-6921a4b3.4d-", (None, None)),
        ("%n %10u|%-10d|%Q%% ", "1790000000.250        bob|erp       |-5% ", ("erp", "bob")),
        ("%m %a: %u@%d ", "2026-11-22 05:45:48.163 UTC my app x: bob@erp ", ("erp", "bob")),
        ("%m [%p] %q%u@%d ", "2026-11-22 05:45:48.163 UTC [77] [unknown]@[unknown] ", (None, None)),
        ("%m [%p] %q%u@%d ", "2026-11-22 05:45:48.163 UTC [77] ", (None, None)),
        ("(%s) %v %x %e %i [%P] %b %m ", "(2026-11-22 05:45:48 UTC) 5/1 0 00000 SELECT [] client backend "
         "2026-11-22 05:45:48.163 UTC ", (None, None)),
        ("", "", (None, None)),
    ],
)  # fmt: skip
def test_prefixes_are_read_by_their_escapes(prefix: str, start: str, expected: tuple[str | None, str | None]) -> None:
    log = written.stderr("duration: 1.0 ms  execute a: SELECT $1", "Parameters: $1 = 'a'", prefix=start)
    (entry,), missed = read("stderr", [log], prefix)
    assert ((entry.database, entry.user), missed) == (expected, 0)
    assert parse_parameters(entry.detail) == ("a",)


@given(st.text())
def test_any_text_is_a_prefix(text: str) -> None:
    assert isinstance(read_prefix(text).pattern, re.Pattern)


@given(st.text(st.characters(exclude_characters="%"), max_size=20))
def test_what_is_no_escape_stands_for_itself(text: str) -> None:
    assert re.fullmatch(read_prefix(text).pattern, text.encode("utf-8", "replace"))
