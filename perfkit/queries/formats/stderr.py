"""Read `stderr`: a prefix that is the server's setting, a severity, a message whose further lines begin with a tab.

The DETAIL with the parameters is an entry of its own that follows at once: the server writes both in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from perfkit.queries.formats.entry import Blocks, LogEntry, Missed
from perfkit.queries.formats.prefix import Prefix, read_prefix

SUFFIX: Final = ".log"
DEFAULT_PREFIX: Final = "%m [%p] "
_MAX_HELD_BYTES: Final = 32 << 20
_MESSAGE: Final = rb"[^\n]*+(?:\n\t[^\n]*+)*+"
_DURATION: Final = re.compile(rb"LOG:  (?:00000: )?(?P<message>duration: " + _MESSAGE + rb")\n")
_DETAIL: Final = re.compile(_MESSAGE)
_DETAIL_MARK: Final = b"DETAIL:  "
_FOLLOWING: Final = rb"(?:DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT|BACKTRACE):  "


def entries(blocks: Blocks, missed: Missed, prefix: Prefix | None = None) -> Iterator[LogEntry]:
    """See `Format`. Without a prefix the server's default is meant."""
    prefix = prefix or read_prefix(DEFAULT_PREFIX)
    sound = rb"\t|" + prefix.start + rb"[^\n]*?[^\s:] ?:  "
    first, odd = re.compile(sound), re.compile(rb"\n(?!\Z|" + sound + rb")")
    following = re.compile(rb"\t|" + prefix.plain + _FOLLOWING)
    for text in _whole_entries(blocks, following):
        missed.lines += sum(1 for _ in odd.finditer(text)) + (first.match(text) is None)
        for found in _DURATION.finditer(text):
            told = prefix.match(text, text.rfind(b"\n", 0, found.start()) + 1, found.start())
            if told is not None:
                yield _entry(prefix, told, found["message"], _detail(prefix, text, found.end()))


def _detail(prefix: Prefix, text: bytes, start: int) -> bytes | None:
    """The detail, if the line that begins at `start` is one."""
    mark = text.find(_DETAIL_MARK, start, max(text.find(b"\n", start), start))
    if mark < 0 or prefix.match(text, start, mark) is None:
        return None
    found = _DETAIL.match(text, mark + len(_DETAIL_MARK))
    return found[0] if found else None


def _whole_entries(blocks: Blocks, following: re.Pattern[bytes]) -> Iterator[bytes]:
    """The same lines, cut where an entry begins: the last one of a block may go on in the next."""
    held = b""
    for block in blocks:
        text = held + block if held else block
        cut = _last_beginning(text, following)
        if len(text) - cut > _MAX_HELD_BYTES:
            cut = len(text)
        if cut:
            yield text[:cut]
        held = text[cut:]
    if held:
        yield held


def _last_beginning(text: bytes, following: re.Pattern[bytes]) -> int:
    start = len(text)
    while start > 0:
        start = text.rfind(b"\n", 0, start - 1) + 1
        if not following.match(text, start):
            return start
    return 0


def _entry(prefix: Prefix, told: re.Match[bytes], message: bytes, detail: bytes | None) -> LogEntry:
    return LogEntry(
        prefix.value(told, "at"),
        prefix.value(told, "database"),
        _text(message) or "",
        _text(detail),
        _query_id(prefix.value(told, "query_id")),
        prefix.value(told, "user"),
    )


def _query_id(text: str | None) -> str | None:
    return None if text == "0" else text


def _text(lines: bytes | None) -> str | None:
    return None if lines is None else lines.decode("utf-8", "replace").replace("\n\t", "\n")
