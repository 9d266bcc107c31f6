"""Files as they come: packed, cut short, too large, of another kind."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from perfkit.errors import UsageError
from perfkit.scaffold import source


def test_a_document_may_be_packed_have_a_mark_or_be_utf_16(tmp_path: Path) -> None:
    text = '{"ä": 1}'
    forms = [text.encode(), text.encode("utf-8-sig"), text.encode("utf-16"), gzip.compress(text.encode())]
    for at, data in enumerate(forms):
        (tmp_path / str(at)).write_bytes(data)
    assert [source.json_of(tmp_path / str(at)) for at in range(len(forms))] == [{"ä": 1}] * 4


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"a": 1', "line 1: is not JSON"),
        (b"\x89PNG\r\n\x1a\n\xff", "is not text"),
        (b'"\xff"', "is not text: byte 2"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "beyond what can be read"),
        (b"[" * 200_000, "beyond what can be read"),
        (b"\x1f\x8b\x08\x00broken", "packed with gzip, and broken"),
        (gzip.compress(b"{}" * 9_999, mtime=0)[:30], "packed with gzip, and broken"),
        (b"", "is empty"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(UsageError, match=said):
        source.json_of(tmp_path / "file")


def test_a_file_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file of zeros; only as much is unpacked as may be."""
    monkeypatch.setattr(source, "LARGEST_DOCUMENT", 1 << 20)
    (tmp_path / "file").write_bytes(gzip.compress(bytes(50 << 20)))
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        source.json_of(tmp_path / "file")


def test_numbers_that_json_does_not_have_are_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('[NaN, Infinity, {"a": -Infinity}]')
    assert source.json_of(tmp_path / "file") == [None, None, {"a": None}]


def test_lines_that_are_too_long_are_told_and_not_kept(tmp_path: Path) -> None:
    """Also one of exactly the length that is read at once, and the last one without an end."""
    longest = source.LONGEST_LINE
    lines = [b"a", b"b" * (longest - 1), b"c" * longest, b"d" * (3 * longest), b"e" * (2 * longest)]
    (tmp_path / "log").write_bytes(b"\n".join(lines))
    lengths = [None if line is None else len(line) for line in source.lines_of(tmp_path / "log")]
    assert lengths == [1, longest - 1, None, None, None]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(json.dumps({}))
    file.chmod(0)
    with pytest.raises(UsageError, match="cannot read"):
        source.json_of(file)
