"""The shape of a statement: the same for every value in it. Knows SQL's tokens, asks no server.

The server's own query id is not used as the key: it differs between major versions and needs a setting.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final

from perfkit.sqltext import Token, tokens

MAX_CHARACTERS: Final = 1_000_000
_CACHED_CHARACTERS: Final = 4_000
_HASH_BYTES: Final = 6

_PLAIN_NAME: Final = re.compile(r"[a-z_][a-z0-9_$]*\Z")
_LIST_WORDS: Final = frozenset({"in", "values", "array", "any"})
_QUERY_WORDS: Final = frozenset({"select", "with", "table"})
_SIGNS_AND_BRACKETS: Final = frozenset("(,[=<>+-*/%|&~^!")
_WORDS_BEFORE_A_VALUE: Final = frozenset(
    {"select", "where", "when", "then", "else", "limit", "offset", "between", "and", "or", "not", "by", "like", "ilike"}
)
_BEFORE_A_SIGN: Final = _SIGNS_AND_BRACKETS | _WORDS_BEFORE_A_VALUE


def fingerprint(sql: str) -> str:
    """A short hash of the statement's shape: twelve hexadecimal digits."""
    shape = _shape_of_short(sql) if len(sql) <= _CACHED_CHARACTERS else shape_of(sql)
    return hashlib.blake2b(shape.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).hexdigest()


def shape_of(sql: str) -> str:
    """The statement with `?` for every value, without comments, its unquoted words in small letters, one blank apart.

    A list of values after IN, ANY, VALUES or ARRAY counts as one value, however long. `$1` is a value like any other:
    a driver that sends values apart and one that writes them into the statement give the same shape. Of a statement
    beyond MAX_CHARACTERS only the beginning is looked at.
    """
    shape = _Shape()
    for token in tokens(sql[:MAX_CHARACTERS]):
        if token.kind not in ("space", "comment"):
            shape.add(token)
    return " ".join(shape.words).removesuffix(" ;")


@lru_cache(maxsize=2048)
def _shape_of_short(sql: str) -> str:
    return shape_of(sql)


class _Shape:
    """The words so far, and for each bracket that is open whether it holds a list of values."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._is_list: list[bool] = []
        self._is_after_rows = False

    def add(self, token: Token) -> None:
        if token.kind in ("literal", "number", "parameter"):
            self._add_value()
        elif token.text in ("(", "["):
            self._is_list.append(self._begins_list())
            self.words.append(token.text)
        elif token.text in (")", "]"):
            self._close(token.text)
        elif token.kind == "quoted" and _PLAIN_NAME.match(token.text[1:-1]):
            self.words.append(token.text[1:-1])
        else:
            self._add_word(token.text.lower() if token.kind == "name" else token.text)

    def _add_word(self, word: str) -> None:
        if self._in_list() and self.words[-2:] == ["?", "::"]:
            self.words.pop()  # in a list `'a'::text` is a value too
            return
        if word in _QUERY_WORDS and self._is_list:
            self._is_list[-1] = False
        self.words.append(word)

    def _add_value(self) -> None:
        words = self.words
        if len(words) >= 2 and words[-1] in ("-", "+") and words[-2] in _BEFORE_A_SIGN:
            words.pop()
        if self._in_list() and words[-2:] == ["?", ","]:
            words.pop()
            return
        words.append("?")

    def _begins_list(self) -> bool:
        last = self.words[-1] if self.words else ""
        is_next_row = self._is_after_rows and self.words[-2:] == [")", ","]
        return last in _LIST_WORDS or self._in_list() or is_next_row

    def _close(self, bracket: str) -> None:
        was_list = self._is_list.pop() if self._is_list else False
        self.words.append(bracket)
        if was_list and self.words[-7:] == ["(", "?", ")", ",", "(", "?", ")"]:
            del self.words[-4:]
        self._is_after_rows = was_list

    def _in_list(self) -> bool:
        return bool(self._is_list) and self._is_list[-1]
