"""`log_line_prefix` as a pattern: what stands before each entry of a stderr log. Knows the escapes, reads no log.

https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LINE-PREFIX
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_NAME: Final = r"[^\n]*?"  # of a user, a database, an application: anything, so whoever matches it must set the end
_TIME: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_ZONE: Final = r" [A-Za-z0-9+:-]+"

_ESCAPES: Final = {
    "a": _NAME,
    "u": _NAME,
    "d": _NAME,
    "r": _NAME,
    "h": _NAME,
    "L": _NAME,
    "b": _NAME,
    "i": _NAME,
    "p": r"\d+",
    "P": r"\d*",
    "t": _TIME + _ZONE,
    "m": _TIME + r"\.\d{3}" + _ZONE,
    "n": r"\d+\.\d{3}",
    "s": _TIME + _ZONE,
    "e": r"[0-9A-Z]{5}",
    "c": r"[0-9a-f]+\.[0-9a-f]+",
    "l": r"\d+",
    "v": r"[\d/-]*",
    "x": r"\d+",
    "Q": r"-?\d+",
}
_KEPT: Final = {"t": "at", "m": "at", "n": "at", "d": "database", "u": "user", "Q": "query_id"}
_ESCAPE: Final = re.compile(r"%(?P<padding>-?\d+)?(?P<letter>.)", re.DOTALL)

# What the server writes in the place of a name that it does not know yet.
_UNKNOWN: Final = "[unknown]"
_UP_TO_A_NAME: Final = re.compile(r"(?:[^%]|%-?\d*[pPtmnseclvxQ%])*+", re.DOTALL)
_SEVERITY_END: Final = b":  "


@dataclass(frozen=True, slots=True)
class Prefix:
    """A `log_line_prefix`. `pattern` has the groups at, database, user and query_id, those that it tells of.

    `plain` is the same without groups, to be part of another pattern; `start` is its part before the first name.
    """

    written: str
    pattern: re.Pattern[bytes]
    plain: bytes
    start: bytes

    def tells(self, what: str) -> bool:
        return what in self.pattern.groupindex

    @property
    def tells_milliseconds(self) -> bool:
        return "%m" in self.written or "%n" in self.written

    def match(self, text: bytes, start: int, end: int) -> re.Match[bytes] | None:
        """A whole prefix between two places; none where a severity (which ends in ":  ") stands in between."""
        found = self.pattern.fullmatch(text, start, end)
        return found if found is not None and text.find(_SEVERITY_END, start, end) < 0 else None

    def value(self, found: re.Match[bytes], what: str) -> str | None:
        return _told(found[what]) if what in self.pattern.groupindex else None


@lru_cache(maxsize=1024)
def _told(text: bytes | None) -> str | None:
    told = (text or b"").decode("utf-8", "replace").strip()
    return None if told in ("", _UNKNOWN) else told


def read_prefix(written: str) -> Prefix:
    """The pattern of a `log_line_prefix` setting."""
    written = written.encode("utf-8", "replace").decode()  # a command line may hold half a character
    named = _pattern(written, has_groups=True)
    plain = _pattern(written, has_groups=False)
    start = _pattern(_UP_TO_A_NAME.match(written)[0], has_groups=False)  # type: ignore[index]  # it always fits
    return Prefix(written, re.compile(named.encode()), plain.encode(), start.encode())


def _pattern(written: str, *, has_groups: bool) -> str:
    pieces: list[str] = []
    groups: set[str] = set()
    position = 0
    is_optional = False
    for escape in _ESCAPE.finditer(written):
        pieces.append(re.escape(written[position : escape.start()]))
        position = escape.end()
        letter = escape["letter"]
        if letter == "q" and not is_optional:  # processes without a session stop here
            pieces.append("(?:")
            is_optional = True
        elif letter == "%":
            pieces.append("%")
        elif letter in _ESCAPES:
            name = _KEPT.get(letter)
            text = _ESCAPES[letter]
            if name and name not in groups and has_groups:
                groups.add(name)
                text = f"(?P<{name}>{text})"
            pieces.append(f" *{text} *" if escape["padding"] else text)
    pieces.append(re.escape(written[position:]))
    return "".join(pieces) + (")?" if is_optional else "")
