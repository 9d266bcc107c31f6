"""Whether a log without any duration has them in another language. Knows the server's translations of one word.

From the message catalogs of PostgreSQL 15, and of 9 to 12 for the languages that have none any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from perfkit.queries.formats import Blocks

REMEDY: Final = "ALTER SYSTEM SET lc_messages = 'C'; SELECT pg_reload_conf();"

_WORDS: Final = {
    "German": "Dauer",
    "Spanish": "duración",
    "French": "durée",
    "Italian": "durata",
    "Japanese": "期間",
    "Georgian": "ხანგრძლივობა",
    "Korean": "실행시간",
    "Russian": "продолжительность",
    "Swedish": "varaktighet",
    "Ukrainian": "тривалість",
    "Chinese": "执行时间",
    "Portuguese": "duração",
    "Polish": "czas trwania",
    "Czech": "trvání",
    "Turkish": "süre",
}
# The server writes each database's own encoding.
_ENCODINGS: Final = ("utf-8", "latin-1", "cp1250", "cp1251", "cp1254", "koi8-r", "euc-jp", "euc-kr", "gb18030")
_LOOKED_AT_BYTES: Final = 16 << 20


def _forms(word: str) -> Iterator[bytes]:
    for encoding in _ENCODINGS:
        try:
            yield word.encode(encoding)
        except UnicodeEncodeError:
            continue


_LANGUAGE_OF: Final = {form: language for language, word in _WORDS.items() for form in _forms(word)}
_DURATION: Final = re.compile(b"(" + b"|".join(map(re.escape, _LANGUAGE_OF)) + rb") ?:? ?\d++[.,]\d{3} ")


class LanguageWatch:
    """Looks at the beginning of a log that passes by. `language` is the one of its durations, None: none was seen."""

    def __init__(self) -> None:
        self.language: str | None = None
        self._bytes_left = _LOOKED_AT_BYTES

    def watched(self, blocks: Blocks) -> Iterator[bytes]:
        """The same blocks."""
        for block in blocks:
            if self.language is None and self._bytes_left > 0 and b"duration: " not in block:
                self._bytes_left -= len(block)
                found = _DURATION.search(block)
                self.language = _LANGUAGE_OF[found[1]] if found else None
            yield block
