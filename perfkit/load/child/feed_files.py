"""Read a file of rows: CSV with a header, JSON Lines, a JSON array. Every mistake names its file and line.

Knows formats; knows neither orders nor workers nor Locust.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

Row = dict[str, Any]
MAX_BYTES: Final = 1 << 28


class FeedError(Exception):
    """A feed cannot be used."""


def read_feed(file: Path, shown: str) -> list[Row]:
    """All rows of a file of at most 256 MiB. `shown` is how the scenario calls it. CSV values are texts.

    Raises:
        FeedError: there is no such file, it is empty, or it has a mistake.
    """
    read = _FORMATS.get(file.suffix.lower())
    if read is None:
        raise FeedError(f"{shown}: a feed is a {', '.join(_FORMATS)} file")
    rows = read(_text_of(file, shown), shown)
    if not rows:
        raise FeedError(f"{shown} has no rows")
    return rows


def _text_of(file: Path, shown: str) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise FeedError(f"{shown} is larger than {MAX_BYTES >> 20} MiB, and a feed is held in memory: split it")
        data = file.read_bytes()
    except FileNotFoundError:
        raise FeedError(f"{shown} does not exist (looked for {file})") from None
    except OSError as error:
        raise FeedError(f"{shown} cannot be read: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FeedError(f"{shown}, line {line}: not UTF-8; save the file as UTF-8") from None


def _csv(text: str, shown: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, shown)
        rows = []
        for values in reader:
            if not values:  # an empty line
                continue
            if len(values) != len(header):
                counts = f"{len(values)} value{'s' * (len(values) != 1)} where the header has {len(header)}"
                raise FeedError(f"{shown}, line {reader.line_num}: {counts}")
            rows.append(dict(zip(header, values, strict=True)))
    except csv.Error as error:
        raise FeedError(f"{shown}, line {reader.line_num}: {error}") from None
    return rows


def _check_header(header: list[str], shown: str) -> None:
    if not any(header):
        raise FeedError(f"{shown}, line 1: no header" if header else f"{shown} is empty")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise FeedError(f"{shown}, line 1: the columns are not separated by commas")
    if "" in header:
        raise FeedError(f"{shown}, line 1: column {header.index('') + 1} has no name")
    if twice := next((name for name in header if header.count(name) > 1), None):
        raise FeedError(f"{shown}, line 1: two columns are called {twice!r}")


def _json(text: str, shown: str) -> list[Row]:
    if not text.strip():
        raise FeedError(f"{shown} is empty")
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise FeedError(f"{shown}, line {error.lineno}: not JSON: {error.msg}") from None
    if not isinstance(rows, list):
        raise FeedError(f"{shown}, line 1: not an array of objects; for an object a line call the file .jsonl")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise FeedError(f"{shown}, element {number}: not an object")
    return rows


def _json_lines(text: str, shown: str) -> list[Row]:
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise FeedError(f"{shown}, line {number}: not JSON: {error.msg}") from None
        if not isinstance(row, dict):
            raise FeedError(f"{shown}, line {number}: not an object")
        rows.append(row)
    return rows


_FORMATS: Final[dict[str, Callable[[str, str], list[Row]]]] = {
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
