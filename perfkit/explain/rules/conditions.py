"""Which columns a Filter compares with a value, and how. Reads conditions as EXPLAIN prints them; knows no table.

Only what is unmistakable is read: comparisons joined by AND, a plain column on one side and on the other something
that is the same for the whole scan. `(status)::text` counts as the column, because that is how EXPLAIN prints every
comparison of a varchar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
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
_CHARACTER_TYPES: Final = frozenset({"text", "character varying", "character", "name", "citext"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """`column` is written as EXPLAIN writes it, so with quotes where it needs them, without its table.

    `kind` is equality (`= value`), list (`= ANY (values)`) or range.
    """

    column: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A column that is not compared itself, but what a function, cast or operator makes of it.

    `function` is the outermost function's name, or the type it is cast to with `::` before it, or "" for an operator.
    """

    expression: str
    column: str
    function: str
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


def alternatives(condition: str, alias: str | None) -> list[list[str]]:
    """The columns of each branch of the first OR; empty where there is none, or a branch compares no plain column."""
    words = _without_brackets([token for token in tokens(condition) if token.kind != "space"])
    for part in _split_at(words, "AND"):
        branches = _split_at(_without_brackets(part), "OR")
        if len(branches) > 1:
            found = [_compared_in(_without_brackets(branch), alias) for branch in branches]
            return found if all(found) else []
    return []


def column_pairs(condition: str) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """The columns of two tables that a join's condition compares with =, each as (alias, column), outside of any OR."""
    words = _without_brackets([token for token in tokens(condition) if token.kind != "space"])
    parts = [[token.text for token in _without_brackets(part)] for part in _split_at(words, "AND")]
    return [
        ((part[0].strip('"'), part[2]), (part[4].strip('"'), part[6]))
        for part in parts
        if len(part) == 7 and part[1] == part[5] == "." and part[3] == "="
    ]


def aliases_in(condition: str) -> set[str]:
    """The tables, as the plan calls them, whose columns a condition names with their table."""
    words = [token for token in tokens(condition) if token.kind != "space"]
    return {
        word.text.strip('"') for word, after in pairwise(words) if word.kind in ("name", "quoted") and after.text == "."
    }


def wrapped(condition: str, alias: str | None, types: Mapping[str, str]) -> list[Wrapped]:
    """Columns of `types` (name to type) inside of an expression that is compared with a value, outside of any OR.

    A cast between the character types is none, as it is for free and an index knows it.
    """
    words = _without_brackets([token for token in tokens(condition) if token.kind != "space"])
    found = [_wrapped(_without_brackets(part), alias, types) for part in _split_at(words, "AND")]
    return [one for one in found if one is not None]


def _compared_in(words: Sequence[Token], alias: str | None) -> list[str]:
    found = [_comparison(_without_brackets(part), alias) for part in _split_at(words, "AND")]
    return [one.column for one in found if one is not None]


def _comparison(words: Sequence[Token], alias: str | None) -> Comparison | None:
    for kind, side, other in _sides(words):
        column = _column(side, alias)
        if column and _is_same_for_the_scan(other, alias):
            return Comparison(column, "list" if other[0].text == "ANY" else kind)
    return None


def _wrapped(words: Sequence[Token], alias: str | None, types: Mapping[str, str]) -> Wrapped | None:
    for kind, side, other in _sides(words):
        named = [
            name for token in side if (name := token.text.strip('"')) in types and token.kind in ("name", "quoted")
        ]
        if len(set(named)) != 1 or not _is_same_for_the_scan(other, alias):
            continue
        plain = _without_brackets(side)
        if _bare(plain, alias) is None and not _is_character_cast(plain, alias, types):
            return Wrapped(_text_of(plain), named[0], _outermost(plain), kind)
    return None


def _sides(words: Sequence[Token]) -> list[tuple[Kind, Sequence[Token], Sequence[Token]]]:
    """The two sides of a comparison, either as the first; nothing where it is none."""
    places = [
        place for place, depth in enumerate(_depths(words)) if depth == 0 and words[place].text in _OPERATOR_SIGNS
    ]
    if not places or places != list(range(places[0], places[-1] + 1)):
        return []
    kind = _OPERATORS.get("".join(words[place].text for place in places))
    left, right = words[: places[0]], words[places[-1] + 1 :]
    return [(kind, left, right), (kind, right, left)] if kind else []


def _is_character_cast(words: Sequence[Token], alias: str | None, types: Mapping[str, str]) -> bool:
    column = _column(words, alias)
    return column is not None and types.get(column.strip('"')) in _CHARACTER_TYPES


def _outermost(words: Sequence[Token]) -> str:
    depths = _depths(words)
    if len(words) > 2 and words[0].kind == "name" and words[1].text == "(" and min(depths[1:]) >= 1:
        return words[0].text
    casts = [place for place, word in enumerate(words) if word.text == "::" and depths[place] == 0]
    return "::" + " ".join(word.text for word in words[casts[-1] + 1 :]) if casts else ""


def _text_of(words: Sequence[Token]) -> str:
    """The tokens as text again, with blanks where two words meet."""
    text = ""
    for word in words:
        is_apart = text[-1:].isalnum() and word.text[:1].isalnum()
        text += f" {word.text}" if is_apart or text.endswith(",") else word.text
    return text


def _column(words: Sequence[Token], alias: str | None) -> str | None:
    """The plain column that the words are, be it cast to text."""
    plain = list(words)
    if [token.text for token in plain[-2:]] == ["::", "text"]:
        plain = _without_brackets(plain[:-2])
    return _bare(plain, alias)


def _bare(words: Sequence[Token], alias: str | None) -> str | None:
    """The plain column that the words are, without any cast."""
    plain = list(words)
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
    if [token.text for token in plain[:2]] == ["(", "InitPlan"]:
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
