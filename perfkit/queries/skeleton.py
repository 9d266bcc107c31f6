"""A statement with its values emptied, made by two passes of a pattern: what equal shapes are recognised by.

It has the same shape as the statement (`fingerprint.shape_of`), or there is none: where quotes may mislead (dollar
quotes, backslashes, comments in the middle, odd names) the statement is left to the tokenizer.
"""

from __future__ import annotations

import re
from typing import Final

_LITERAL: Final = re.compile(r"'[^']*+'")
_NUMBER: Final = re.compile(r"(?<![\w$.'\"&])\d++(?:\.\d++)?+(?![\w.'\"])")
_DOLLAR: Final = re.compile(r"\$(?!\d)|(?<=\w)\$")
_RUN: Final = re.compile(r"(?:1|''|\$\d++)(?:\s*+,\s*+(?:1|''|\$\d++)){49,}+")
_ROWS: Final = re.compile(r"(\([^()]{1,500}\))(?:\s*+,\s*+\1)++")
_PLAIN_QUOTED: Final = re.compile(r'"\w+"')


def skeleton(sql: str) -> str | None:
    """`sql` without its comment, each literal emptied and each plain number 1; None when that is not sure.

    A literal with doubled quotes in it becomes a literal with doubled quotes in it: a literal still.
    """
    parted = part_comment(sql)
    if parted is None:
        return None
    text, _ = parted
    if '"' in text and text.count('"') != 2 * len(_PLAIN_QUOTED.findall(text)):
        return None
    return _NUMBER.sub("1", _LITERAL.sub("''", text))


def squashed(bare: str) -> str:
    """A skeleton with long runs of values made short, and of equal rows only one: what takes long to tokenize.

    Inside a list it has the same shape. Elsewhere (a function of fifty values) it may not, so only what is very long is
    given here.
    """
    return _ROWS.sub(r"\1", _RUN.sub("1, 1", bare))


def part_comment(sql: str) -> tuple[str, str] | None:
    """The statement and its one `/* comment */`, which may be "", apart; None when it is not sure what is a comment."""
    if "\\" in sql or "--" in sql or ("$" in sql and _DOLLAR.search(sql)) or "\0" in sql:
        return None
    start = sql.find("/*")
    if start < 0:
        return sql, ""
    end = sql.find("*/", start + 2)
    is_alone = end >= 0 and sql.find("/*", start + 2) < 0 and sql.find("*/", end + 2) < 0
    if not is_alone or sql.count("'", 0, start) % 2 or sql.count('"', 0, start) % 2:
        return None
    return f"{sql[:start]} {sql[end + 2 :]}", sql[start + 2 : end]
