"""What the text of a SELECT tells of the size of its result: a LIMIT, a `*`. Knows tokens; parses no more than that."""

from __future__ import annotations

from typing import Final

from perfkit.sqltext import Token, tokens

_BOUNDS: Final = frozenset({"limit", "fetch"})
_AGGREGATES: Final = frozenset(
    {"count", "sum", "avg", "min", "max", "string_agg", "array_agg", "json_agg", "jsonb_agg"}
)


def is_select(sql: str) -> bool:
    words = _words(sql)
    return bool(words) and words[0].text.lower() in ("select", "with", "table")


def is_bounded(sql: str) -> bool:
    """Whether the outermost query has a LIMIT or FETCH, or is an aggregate over everything."""
    outer = _outer(sql)
    names = [word.text.lower() for word in outer if word.kind == "name"]
    if not _BOUNDS.isdisjoint(names):
        return True
    selected = names[: names.index("from")] if "from" in names else names
    return "group" not in names and not _AGGREGATES.isdisjoint(selected)


def stars(sql: str) -> int:
    """How many `*` select all columns of a table. Those of a subquery that names its columns select no more than it."""
    words = _words(sql)
    derived = {words[at + 1 + (words[at + 1].text.lower() == "as")].text for at in _closings(words)}
    count = 0
    for at, word in enumerate(words):
        if word.text != "*" or at == 0:
            continue
        before = words[at - 1].text.lower()
        is_last = at + 1 == len(words) or words[at + 1].text.lower() in ("from", ",")
        if before == "." and is_last:
            count += words[at - 2].text not in derived
        elif before in ("select", "distinct", ",") and is_last:
            count += 1
    return count


def _words(sql: str) -> list[Token]:
    return [token for token in tokens(sql) if token.kind not in ("space", "comment")]


def _closings(words: list[Token]) -> list[int]:
    """Where a bracket closes and a name follows: that of a derived table, mostly."""
    return [
        at
        for at, word in enumerate(words[:-2])
        if word.text == ")" and (words[at + 1].kind in ("name", "quoted")) and words[at + 2].kind != "space"
    ]


def _outer(sql: str) -> list[Token]:
    """The words that stand in no bracket."""
    depth, found = 0, []
    for word in _words(sql):
        depth -= word.text == ")"
        if depth == 0:
            found.append(word)
        depth += word.text == "("
    return found
