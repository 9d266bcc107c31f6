"""Cut PostgreSQL's SQL text into tokens, in linear time. Knows what a literal is; understands no statement.

The rules are those of PostgreSQL's own scanner with `standard_conforming_strings` on
(https://www.postgresql.org/docs/current/sql-syntax-lexical.html). What is not closed runs to the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from perfkit.errors import UsageError

MAX_FILE_CHARACTERS: Final = 1_000_000

_TOKEN: Final = re.compile(
    r"""
      (?P<space>     \s++ )
    | (?P<comment>   --[^\n]*+ )
    | (?P<block>     /\* )
    | (?P<dollar>    \$(?:[^\W\d]\w*+)?\$ )
    | (?P<parameter> \$\d++ )
    | (?P<literal>   [eE]'(?:[^'\\]++|\\.|'')*+(?:\\?\Z|')
                   | (?:[bBnNxX]|[uU]&)?+'(?:[^']++|'')*+(?:\Z|') )
    | (?P<quoted>    (?:[uU]&)?+"(?:[^"]++|"")*+(?:\Z|") )
    | (?P<number>    0[xXoObB][0-9a-fA-F_]++
                   | (?:\d[\d_]*+(?:\.[\d_]*+)?+|\.\d[\d_]*+)(?:[eE][+-]?\d++)?+ )
    | (?P<name>      [^\W\d][\w$]*+ )
    | (?P<mark>      ::|. )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")


class Token(NamedTuple):
    """`kind` is space, comment, literal, number, parameter ($1), quoted ("a name"), name or mark (one sign, or ::)."""

    kind: str
    text: str


def tokens(sql: str) -> Iterator[Token]:
    """All of `sql`, nothing left out: joined together the tokens' texts are the text again."""
    position = 0
    while position < len(sql):
        found = _TOKEN.match(sql, position)
        if found is None or found.lastgroup is None:  # `mark` fits any character
            raise AssertionError(f"no token at {position}")
        kind, end = found.lastgroup, found.end()
        if kind == "block":
            kind, end = "comment", _end_of_comment(sql, position)
        elif kind == "dollar":
            kind, end = "literal", _end_of_dollar_string(sql, found[0], end)
        yield Token(kind, sql[position:end])
        position = end


def _end_of_comment(sql: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)


def _end_of_dollar_string(sql: str, tag: str, start: int) -> int:
    found = sql.find(tag, start)
    return len(sql) if found < 0 else found + len(tag)


def highest_parameter(sql: str) -> int:
    """The largest n of `$n` in the statement, 0 where it has none."""
    numbers = (int(token.text[1:]) for token in tokens(sql) if token.kind == "parameter")
    return max(numbers, default=0)


def identifiers(sql: str) -> frozenset[str]:
    """What the statement calls by name, as the server writes it: in lower case unless it was quoted. Keywords too."""
    names = (token for token in tokens(sql) if token.kind in {"name", "quoted"})
    return frozenset(
        one.text.lower() if one.kind == "name" else one.text.partition('"')[2].removesuffix('"').replace('""', '"')
        for one in names
    )


def statements(text: str) -> list[str]:
    """The statements of an SQL file, without their `;`. Text that is only comments is no statement.

    Not sqlparse: at one million characters it takes seconds, and it ends a statement inside a nested comment.

    Raises:
        UsageError: more than MAX_FILE_CHARACTERS.
    """
    if len(text) > MAX_FILE_CHARACTERS:
        raise UsageError(
            f"the SQL text has {len(text):,} characters, more than the {MAX_FILE_CHARACTERS:,} that are read",
            hint="give the slow statements only",
        )
    found: list[list[Token]] = [[]]
    for token in tokens(text):
        if token == ("mark", ";"):
            found.append([])
        else:
            found[-1].append(token)
    wanted = (one for one in found if any(token.kind not in ("space", "comment") for token in one))
    return ["".join(token.text for token in one).strip() for one in wanted]
