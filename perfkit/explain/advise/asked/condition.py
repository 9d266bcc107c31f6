"""One condition of a WHERE or ON: what it compares of one table, how, and with what. Reads sqlglot's trees.

Knows no table: whose a column is, it is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from sqlglot import exp

from perfkit.explain.advise.asked.statement import Tree, name_of
from perfkit.explain.advise.index import quoted

Kind = Literal[
    "equality",
    "list",
    "null",
    "range",
    "prefix",
    "similar",
    "contains",
    "within",
    "overlaps",
    "has_key",
    "matches",
    "either",
    "other",
]
IsMine = Callable[[exp.Column], bool]

_OPEN: Final = re.compile(r"[%_]")
_RANGES: Final = (exp.LT, exp.LTE, exp.GT, exp.GTE)
_LIKES: Final = (exp.Like, exp.ILike)
_KEYS: Final = (exp.JSONBContains, exp.JSONBContainsTopKey, exp.JSONBContainsAnyTopKeys, exp.JSONBContainsAllTopKeys)
# What `$1 op column` says of the column.
_TURNED: Final[dict[Kind, Kind]] = {
    "equality": "equality",
    "range": "range",
    "contains": "within",
    "within": "contains",
    "overlaps": "overlaps",
    "other": "other",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the conditions joined by AND. About `column`, or about `expression` (as an index would have it).

    `value` is the other side where it is a `$n` or a literal string without its quotes. `constant`: the condition as
    SQL over this table's columns, where it compares with something that the application wrote into the statement.
    `arms` are the sides of an OR ("either"), each with its conditions, where all of them are of this table.
    """

    kind: Kind
    column: str | None = None
    expression: str | None = None
    value: str | None = None
    constant: str | None = None
    is_join: bool = False
    arms: tuple[tuple[Condition, ...], ...] = ()


def conjuncts(condition: Tree | None) -> Iterator[Tree]:
    """What is joined by AND, brackets taken off."""
    bare = condition.unnest() if condition is not None else None
    if isinstance(bare, exp.And):
        for one in bare.flatten():
            yield from conjuncts(one)
    elif bare is not None:
        yield bare


def condition_of(tree: Tree, is_mine: IsMine) -> Condition | None:
    """What a condition says of the columns that are `mine`; None where it is not about them."""
    if not any(is_mine(one) for one in tree.find_all(exp.Column)):
        return None
    if isinstance(tree, exp.Or):
        return _either(tree, is_mine)
    found = _compared(tree, is_mine)
    if found is None:
        return Condition("other")
    kind, subject, other = found
    return Condition(
        kind=kind,
        column=name_of(subject.this) if isinstance(subject, exp.Column) else None,
        expression=None if isinstance(subject, exp.Column) else _expression(subject),
        value=_value(other),
        constant=_constant(tree, is_mine, other),
        is_join=other is not None and any(True for _ in other.find_all(exp.Column)),
    )


def _either(tree: exp.Or, is_mine: IsMine) -> Condition:
    """An OR can be served by an index for each arm, if each arm has something to be found by in this table."""
    if not all(is_mine(one) for one in tree.find_all(exp.Column)) or tree.find(exp.Query):
        return Condition("other")
    arms = []
    for arm in tree.flatten():
        told = (condition_of(one, is_mine) for one in conjuncts(arm))
        found = tuple(one for one in told if one is not None and one.kind not in ("other", "either"))
        if not found:
            return Condition("other")
        arms.append(found)
    return Condition("either", arms=tuple(arms))


def _compared(tree: Tree, is_mine: IsMine) -> tuple[Kind, Tree, Tree | None] | None:
    """(kind, what of this table is compared, with what)."""
    if isinstance(tree, exp.Column):
        return "equality", tree, None
    if isinstance(tree, exp.Not):
        inner = tree.this.unnest()
        if isinstance(inner, exp.Column):
            return "equality", inner, None
        return ("other", inner.this, None) if isinstance(inner, exp.Is) else None
    if isinstance(tree, exp.Is):
        return _is(tree), tree.this.unnest(), None
    if isinstance(tree, exp.Between):
        return ("range", tree.this.unnest(), tree.args["low"]) if _is_subject(tree.this, is_mine) else None
    if isinstance(tree, exp.In):
        is_plain = bool(tree.expressions) and _is_subject(tree.this, is_mine)
        return ("list", tree.this.unnest(), tree.expressions[0]) if is_plain else None
    if isinstance(tree, exp.MatchAgainst):
        return _match(tree, is_mine)
    return _binary(tree, is_mine) if isinstance(tree, exp.Binary) else None


def _is(tree: exp.Is) -> Kind:
    if tree.args.get("negate"):
        return "other"
    return "equality" if isinstance(tree.expression, exp.Boolean) else "null"


def _match(tree: exp.MatchAgainst, is_mine: IsMine) -> tuple[Kind, Tree, Tree | None] | None:
    """`tsvector @@ tsquery`: sqlglot has the vector where MySQL has the columns."""
    subject = tree.expressions[0].unnest() if len(tree.expressions) == 1 else None
    is_plain = isinstance(subject, exp.Column) and is_mine(subject)
    return ("matches", subject, tree.this) if subject is not None and is_plain else None


def _binary(tree: exp.Binary, is_mine: IsMine) -> tuple[Kind, Tree, Tree | None] | None:
    left, right = tree.this.unnest(), tree.expression.unnest()
    kind = _kind_of(tree)
    if _is_subject(left, is_mine) and not _has(right, is_mine):
        kind = "list" if kind == "equality" and isinstance(right, exp.Any) else kind
        return kind, left, right
    if _is_subject(right, is_mine) and not _has(left, is_mine) and kind in _TURNED:
        return _TURNED[kind], right, left
    return None


def _has(tree: Tree, is_mine: IsMine) -> bool:
    return any(is_mine(one) for one in tree.find_all(exp.Column))


def _is_subject(tree: Tree, is_mine: IsMine) -> bool:
    """A column of this table, or an expression over nothing but its columns."""
    tree = tree.unnest()
    columns = list(tree.find_all(exp.Column))
    if not columns or not all(is_mine(one) for one in columns):
        return False
    return isinstance(tree, exp.Column) or _expression(tree) is not None


def _kind_of(tree: exp.Binary) -> Kind:
    if tree.args.get("negate"):
        return "other"
    if isinstance(tree, exp.EQ):
        return "equality"
    if isinstance(tree, _RANGES):
        return "range"
    if isinstance(tree, _LIKES):
        literal = _value(tree.expression.unnest()) or ""
        is_prefix = isinstance(tree, exp.Like) and not _OPEN.match(literal)
        return "prefix" if is_prefix else "similar"
    if isinstance(tree, exp.RegexpLike | exp.RegexpILike):
        return "similar"
    if isinstance(tree, exp.ArrayContainsAll):
        return "contains"
    if isinstance(tree, exp.ArrayContainedBy):
        return "within"
    if isinstance(tree, exp.ArrayOverlaps):
        return "overlaps"
    return "has_key" if isinstance(tree, _KEYS) else "other"


def _constant(tree: Tree, is_mine: IsMine, other: Tree | None) -> str | None:
    """The condition without its table's alias, where its other side is fixed in the application's text.

    A plain literal may be the value of this one call, written into the text by a driver that binds nothing; it is
    not taken for fixed unless the statement has parameters of its own. TRUE, FALSE and NULL are.
    """
    if not all(is_mine(one) for one in tree.find_all(exp.Column)) or tree.find(exp.Parameter, exp.Query):
        return None
    if tree.find(exp.Anonymous, exp.CurrentTimestamp, exp.CurrentDate):
        return None
    if tree.find(exp.Literal) and tree.root().find(exp.Parameter) is None:
        return None
    if isinstance(other, exp.Any):
        return None
    return _without_table(tree)


def _without_table(tree: Tree) -> str:
    bare = tree.copy()
    for column in bare.find_all(exp.Column):
        column.set("table", None)
        column.set("db", None)
    return bare.sql("postgres")


def _value(tree: Tree | None) -> str | None:
    """`$3` for a parameter, the text of a literal, else None."""
    if isinstance(tree, exp.Parameter):
        return f"${tree.name or tree.this.name}"
    return str(tree.this) if isinstance(tree, exp.Literal) else None


def _expression(tree: Tree) -> str | None:
    """An expression over one column as an index would hold it; None where it is of a form that is not tried."""
    tree = tree.unnest()
    if isinstance(tree, exp.Lower | exp.Upper) and isinstance(tree.this, exp.Column):
        return f"({type(tree).__name__.lower()}({quoted(name_of(tree.this.this))}))"
    if isinstance(tree, exp.JSONExtractScalar) and isinstance(tree.this, exp.Column):
        path = tree.expression
        keys = list(path.find_all(exp.JSONPathKey)) if isinstance(path, exp.JSONPath) else []
        name = str(keys[0].this) if len(keys) == 1 and len(path.expressions) == 2 else None
        literal = None if name is None else "'" + name.replace("'", "''") + "'"
        return f"(({quoted(name_of(tree.this.this))} ->> {literal}))" if literal else None
    return None


def with_values(one: Condition, sets: Sequence[tuple[str | None, ...]]) -> Condition:
    """The same, now that it is known what `LIKE $1` was asked for: a prefix is what begins plainly."""
    if one.arms:
        return replace(one, arms=tuple(tuple(with_values(part, sets) for part in arm) for arm in one.arms))
    place = (one.value or "").removeprefix("$")
    if one.kind != "prefix" or not place.isdecimal():
        return one
    asked = [values[int(place) - 1] or "" for values in sets if len(values) >= int(place)]
    return replace(one, kind="similar") if any(_OPEN.match(pattern) for pattern in asked) else one
