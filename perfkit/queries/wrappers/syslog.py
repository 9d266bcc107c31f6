"""syslog: an entry in numbered pieces ("[5-1]", "[5-2]"), between those of other processes, tabs written as #011.

A piece that begins with a tab is a further line, one that begins with DETAIL an entry of its own; any other goes on
where the piece before it was cut, as syslog takes no long lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from perfkit.queries.formats import Blocks, Missed

LINE: Final = re.compile(
    rb"""(?:<\d+>)?(?:1\ )?
    (?:[A-Z][a-z]{2}\ [ \d]\d\ \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))\ (?P<host>\S+)[ ]
    (?:[^\s\[]+\[(?P<pid>\d+)\]:|\S+\ (?P<pid5424>\d+)\ \S+\ (?:-|\[[^\]]*\]))[ ]
    (?:\[(?P<entry>\d+)-(?P<piece>\d+)\]\ )?(?P<text>.*)""",
    re.VERBOSE | re.DOTALL,
)
_OWN_ENTRY: Final = re.compile(rb"[^\n]{0,300}?\b(?:DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT):  ")
_TAB: Final = b"#011"
_NEWLINE: Final = b"#012"
_MOST_HELD: Final = 1000
_MOST_BYTES: Final = 16 << 20

_Process = tuple[bytes, bytes]


@dataclass(slots=True)
class _Entry:
    """What has come of one entry; `number` is None where syslog numbers none."""

    number: bytes | None
    pieces: list[bytes]
    size: int = 0


def unwrap(blocks: Blocks, missed: Missed) -> Iterator[bytes]:
    """The entries, each whole, in the order in which they ended."""
    held: dict[_Process, _Entry] = {}
    for block in blocks:
        done: list[bytes] = []
        for line in block.split(b"\n")[:-1]:
            found = LINE.fullmatch(line)
            if found is None:
                missed.lines += 1
            else:
                done += _add(held, found)
        yield b"".join(done)
    yield b"".join(_whole(entry) for entry in held.values())


def _add(held: dict[_Process, _Entry], found: re.Match[bytes]) -> Iterator[bytes]:
    """The entries that a line shows to have ended."""
    process = (found["host"], found["pid"] or found["pid5424"])
    entry = held.get(process)
    if entry is not None and _goes_on(found, entry) and entry.size < _MOST_BYTES:
        entry.pieces.append(_joined(found["text"]))
        entry.size += len(found["text"])
        return
    if entry is not None:
        yield _whole(held.pop(process))
    elif len(held) >= _MOST_HELD:
        yield _whole(held.pop(next(iter(held))))
    held[process] = _Entry(found["entry"], [_plain(found["text"])])


def _whole(entry: _Entry) -> bytes:
    return b"".join([*entry.pieces, b"\n"])


def _goes_on(found: re.Match[bytes], entry: _Entry) -> bool:
    if found["entry"] is not None:
        return bool(found["entry"] == entry.number and found["piece"] != b"1")
    return found["text"].startswith((_TAB, b"\t")) or _OWN_ENTRY.match(found["text"]) is not None


def _joined(text: bytes) -> bytes:
    plain = _plain(text)
    return b"\n" + plain if plain.startswith(b"\t") or _OWN_ENTRY.match(plain) else plain


def _plain(text: bytes) -> bytes:
    return text.replace(_TAB, b"\t").replace(_NEWLINE, b"\n")
