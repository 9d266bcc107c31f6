"""The lines on which keys stand."""

from __future__ import annotations

import contextlib
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perfkit.config.places import line_of, places


def lines(text: str) -> dict[str, int]:
    tomllib.loads(text)
    return {".".join(map(str, place)): line for place, line in places(text).items()}


def test_tables_and_keys_have_their_lines() -> None:
    """Blank lines, comments and indentation do not shift them."""
    text = "# top\nname = 1\n\n[target]\n  url = 'x' # url = 2\n\n\twatch = []\n"
    assert lines(text) == {"name": 2, "target": 4, "target.url": 5, "target.watch": 7}


def test_arrays_of_tables_are_counted_each_within_its_parent() -> None:
    """The row after the second [[sheet]] is its first."""
    text = "[[sheet]]\n[[sheet.row]]\nname=1\n[[sheet.row]]\n[[sheet]]\n[[sheet.row]]\nname=2\n[sheet.more]\na=1"
    assert lines(text) == {
        "sheet.0": 1,
        "sheet.0.row.0": 2,
        "sheet.0.row.0.name": 3,
        "sheet.0.row.1": 4,
        "sheet.1": 5,
        "sheet.1.row.0": 6,
        "sheet.1.row.0.name": 7,
        "sheet.1.more": 8,
        "sheet.1.more.a": 9,
    }


def test_what_looks_like_a_key_inside_a_value_is_none() -> None:
    """Strings of several lines, arrays of several lines, inline tables, quotes in comments."""
    text = (
        'a = """\nb = 1\n[c]\n"""\n'  # lines 1 to 4
        "d = '''\ne = 1'''\n"  # 5 and 6
        'f = [\n  "g = 1",\n  [1],\n]\n'  # 7 to 10
        'h = { i = 1, j = [ "]" ] } # it\'s\n'  # 11
        'k = "\\" # no comment"\n'  # 12
        "l = 1\n"
    )
    assert lines(text) == {"a": 1, "d": 5, "f": 7, "h": 11, "k": 12, "l": 13}


def test_dotted_and_quoted_keys_are_taken_apart() -> None:
    """A dot in quotes is no separator, and escapes are undone."""
    assert lines('a . "b.c" . \'d\' = 1\n["x\\u0041"]\ny.z=2') == {
        "a": 1,
        "a.b.c": 1,
        "a.b.c.d": 1,
        "xA": 2,
        "xA.y": 3,
        "xA.y.z": 3,
    }


def test_windows_line_ends_count_once() -> None:
    assert lines("a = 1\r\n\r\nb = 2\r\n") == {"a": 1, "b": 3}


def test_a_key_without_a_place_has_that_of_the_table_around_it() -> None:
    """Keys of inline tables, keys that are missing, keys of an array's later element."""
    found = places("x = 1\n[target]\nheap = { url = 1 }\n")
    assert line_of(found, ("target", "heap", "url")) == 3
    assert line_of(found, ("target", "start")) == 2
    assert line_of(found, ("phase", 0, "name")) is None


def keys_of(table: dict[str, Any], place: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """All places in a parsed TOML but those inside arrays and inline tables of the text below."""
    found: set[tuple[str | int, ...]] = set()
    for key, value in table.items():
        found.add((*place, key))
        if isinstance(value, dict):
            found |= keys_of(value, (*place, key))
    return found


PIECES = st.sampled_from(
    [
        "[",
        "]",
        "[[",
        "]]",
        "a",
        "b",
        ".",
        "=",
        " = ",
        '"',
        "'",
        '"""',
        "'''",
        "\\",
        "#",
        "\n",
        "{",
        "}",
        ",",
        "1",
        " ",
        "\r\n",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_whatever_is_toml_can_be_walked(text: str) -> None:
    """Every line is a line of the text, and nothing is raised, with any mix of brackets and quotes."""
    with contextlib.suppress(tomllib.TOMLDecodeError):
        tomllib.loads(text)
        found = places(text)
        assert all(1 <= line <= text.count("\n") + 1 for line in found.values())


VALUES = st.sampled_from(["1", '"x = 1"', "'''\ny = 2\n'''", '"""a\\"""b"""', "[\n1,\n]", "true", '[[1], ["]"]]'])
KEYS = st.text("abc-_", min_size=1, max_size=3)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=4), max_size=4))
def test_every_key_is_found_on_the_line_where_it_was_written(tables: dict[str, dict[str, str]]) -> None:
    text, expected = "", {}
    for table, values in tables.items():
        expected[table,] = text.count("\n") + 1
        text += f"[{table}]\n"
        for key, value in values.items():
            expected[table, key] = text.count("\n") + 1
            text += f"{key} = {value}\n"
    assert places(text) == expected
    assert keys_of(tomllib.loads(text)) == set(expected)
