"""A jsonlog line is an entry, or counts as one that could not be read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.queries.formats import jsonlog
from perfkit.queries.formats.entry import LogEntry


def line(**fields: object) -> bytes:
    return json.dumps({"timestamp": "2026-11-22 05:45:48.163 UTC", **fields}).encode()


def test_the_keys_that_are_there_are_read_and_the_others_are_none() -> None:
    written = line(dbname="erp", message="duration: 1.0 ms  statement: SELECT 1", query_id=-6883025487542345243)
    assert list(jsonlog.entries([written, line()])) == [
        LogEntry(
            "2026-11-22 05:45:48.163 UTC",
            "erp",
            "duration: 1.0 ms  statement: SELECT 1",
            None,
            "-6883025487542345243",
        ),
        LogEntry("2026-11-22 05:45:48.163 UTC", None, "", None, None),
    ]


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"1", b"{}", b'{"timestamp": 1}', b"[" * 100_000])
def test_what_is_no_entry_is_none(broken: bytes) -> None:
    assert list(jsonlog.entries([broken])) == [None]


@given(st.lists(st.binary()))
def test_every_line_gives_one_answer(lines: list[bytes]) -> None:
    assert len(list(jsonlog.entries(lines))) == len(lines)


def test_a_byte_of_another_encoding_costs_one_character_and_not_the_line() -> None:
    (entry,) = jsonlog.entries([line(message="M?ller").replace(b"?", b"\xfc")])
    assert entry is not None
    assert entry.message == "M�ller"
