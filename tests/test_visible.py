"""What is not seen but does something is shown as something that is seen."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.visible import json_text, on_one_line, visible

ACTIVE = {"Cc", "Cs"}
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
ANY_TEXT = st.text(st.characters(), max_size=50)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\x07", "a␛[31mb␇"),
        ("\x7f\x9b2J", "␡\\x9b2J"),
        ("\u202eabc\ud800", "\\u202eabc\\ud800"),
        ("a\r\nb\n\tc\rd", "a\nb\n\tc␍d"),
        ("größer ✗ 😀", "größer ✗ 😀"),
    ],
)
def test_controls_are_pictures_or_numbers_and_lines_stay(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_on_one_line_line_ends_are_blanks() -> None:
    assert on_one_line("a\r\n\tb\u2028c\x85\x1b") == "a b c ␛"


@given(ANY_TEXT)
def test_nothing_of_any_text_is_active(text: str) -> None:
    assert not [sign for sign in on_one_line(text) if unicodedata.category(sign) in ACTIVE or sign in TURNING]


@given(ANY_TEXT, st.booleans())
def test_json_is_read_as_it_was_and_prints_nothing_active(text: str, is_ascii: bool) -> None:
    written = json_text({text: [text]}, is_ascii=is_ascii)
    assert json.loads(written) == {text: [text]}
    assert not [sign for sign in written if unicodedata.category(sign) in ACTIVE and sign != "\n"]
