"""Which columns a Filter compares with a value. Reads conditions as EXPLAIN prints them; knows no table.

Only what is unmistakable is read: comparisons joined by AND, a plain column on one side and on the other something
that is the same for the whole scan. `(status)::text` counts as the column, because that is how EXPLAIN prints every
comparison of a varchar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from perfkit.sqltext import Token, tokens

Kind = Literal["equality", "list", "range"]

_OPERATORS: Final[dict[str, Kind]] = {
    "=": "equality",
    "<": "range",
    ">": "range",
    "<=": "range",
    ">=": "range",
}
_OPERATOR_SIGNS: Final = frozenset("=<>!~@#%^&|*/+-?")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`column` is written as EXPLAIN writes it, so with quotes where it needs them, without its table.

    `kind` is equality (`= value`), list (`= ANY (values)`) or range.
    """

    column: str
    kind: Kind


def comparisons(condition: str, alias: str | None) -> list[Comparison] | None:
    """The comparisons in a condition on the table that the plan calls `alias`; None where OR makes them ambiguous.

    Conditions of other kinds are left out: an index for the comparisons serves the rows that both leave.
    """
    words = _without_brackets([token for token in tokens(condition) if token.kind != "space"])
    parts = _split_at(words, "AND")
    if any(len(_split_at(_without_brackets(part), "OR")) > 1 for part in parts):
        return None
    found = [_comparison(_without_brackets(part), alias) for part in parts]
    return [one for one in found if one is not None]


def _comparison(words: Sequence[Token], alias: str | None) -> Comparison | None:
    places = [
        place for place, depth in enumerate(_depths(words)) if depth == 0 and words[place].text in _OPERATOR_SIGNS
    ]
    if not places or places != list(range(places[0], places[-1] + 1)):
        return None
    kind = _OPERATORS.get("".join(words[place].text for place in places))
    left, right = words[: places[0]], words[places[-1] + 1 :]
    for side, other in ((left, right), (right, left)):
        column = _column(side, alias)
        if kind and column and _is_same_for_the_scan(other, alias):
            is_list = other[0].text == "ANY"
            return Comparison(column, "list" if is_list else kind)
    return None


def _column(words: Sequence[Token], alias: str | None) -> str | None:
    plain = list(words)
    if [token.text for token in plain[-2:]] == ["::", "text"]:
        plain = _without_brackets(plain[:-2])
    if len(plain) == 3 and plain[1].text == "." and plain[0].text.strip('"') == alias:
        plain = plain[2:]
    return plain[0].text if len(plain) == 1 and plain[0].kind in ("name", "quoted") else None


def _is_same_for_the_scan(words: Sequence[Token], alias: str | None) -> bool:
    """A value, an InitPlan's result, or a column of another table in a correlated subquery."""
    plain = _without_brackets(words[1:] if words and words[0].text == "ANY" else words)
    if not plain:
        return False
    if plain[0].kind in ("literal", "number", "parameter"):
        return all(token.kind != "quoted" for token in plain)
    if plain[0].text == "(" and plain[1].text == "InitPlan":
        return True
    return len(plain) == 3 and plain[1].text == "." and plain[0].text.strip('"') != alias


def _depths(words: Sequence[Token]) -> list[int]:
    """How many brackets are open at each word; a bracket itself counts as inside."""
    depths, depth = [], 0
    for word in words:
        depth += word.text in ("(", "[")
        depths.append(depth)
        depth -= word.text in (")", "]")
    return depths


def _without_brackets(words: Sequence[Token]) -> list[Token]:
    """Without brackets around the whole, as often as there are some."""
    depths = _depths(words)
    if len(words) >= 2 and words[0].text == "(" and words[-1].text == ")" and min(depths) >= 1:
        return _without_brackets(words[1:-1])
    return list(words)


def _split_at(words: Sequence[Token], word: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token, depth in zip(words, _depths(words), strict=True):
        if depth == 0 and token.kind == "name" and token.text == word:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
