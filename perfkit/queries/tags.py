"""What an application says of itself in a comment of its SQL: `/* route='/orders',action='list' */`.

Knows the forms of sqlcommenter (key='url-encoded') and marginalia (key:value). A comment that holds anything else is
no tag. What is different in each request (a trace's id) is not read.
https://google.github.io/sqlcommenter/spec/
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from perfkit.queries.skeleton import part_comment
from perfkit.sqltext import tokens

Tags = tuple[tuple[str, str], ...]

_PAIR: Final = r"([A-Za-z_][\w.%-]*+)\s*+[=:]\s*+(?:'((?:[^'\\]|\\.)*+)'|([^,;\s'*]++))"
_ONE: Final = re.compile(_PAIR)
_ALL: Final = re.compile(rf"\s*+(?:{_PAIR})(?:[\s,;]++{_PAIR})*+[\s,;]*+")
_LEFT_OUT: Final = frozenset({"traceparent", "tracestate", "trace_id", "span_id", "request_id"})
_MAX_CHARACTERS: Final = 2_000
_MAX_TOKENIZED: Final = 20_000


def tags_of(sql: str) -> Tags:
    """The (key, value) pairs in the statement's comments; the keys are in small letters."""
    if "/*" not in sql and "--" not in sql:
        return ()
    parted = part_comment(sql)
    if parted is not None:
        return _tags_in(parted[1])
    if len(sql) > _MAX_TOKENIZED:
        return ()
    comments = (token.text for token in tokens(sql) if token.kind == "comment")
    return tuple(pair for comment in comments for pair in _tags_in(_body(comment)))


def _body(comment: str) -> str:
    return comment[2:] if comment.startswith("--") else comment[2:].removesuffix("*/")


@lru_cache(maxsize=1024)
def _tags_in(comment: str) -> Tags:
    if len(comment) > _MAX_CHARACTERS or not _ALL.fullmatch(comment):
        return ()
    pairs = ((key.lower(), quoted or bare) for key, quoted, bare in _ONE.findall(comment))
    return tuple((key, unquote(value)) for key, value in pairs if key not in _LEFT_OUT)
