"""What a statement asks of each table: conditions, order, groups, columns. Reads SQL by sqlglot; asks no server.

A statement that cannot be read, or is longer than MAX_CHARACTERS, asks for nothing here: its plan may still say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from perfkit.explain.advise.index import quoted
from perfkit.sqltext import highest_parameter

MAX_CHARACTERS: Final = 20_000

Kind = Literal["equality", "list", "null", "range", "prefix", "similar", "contains", "has_key", "other"]
Tree = exp.Expr
Columns = Callable[[str, str | None], Collection[str] | None]

_OPEN: Final = re.compile(r"[%_]")
_RANGES: Final = (exp.LT, exp.LTE, exp.GT, exp.GTE)
_LIKES: Final = (exp.Like, exp.ILike)
_CONTAINS: Final = (exp.ArrayContainsAll, exp.ArrayOverlaps)


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the conditions joined by AND. About `column`, or about `expression` (as an index would have it).

    `value` is the other side where it is a `$n` or a literal string without its quotes. `constant`: the condition as
    SQL over this table's columns, where it compares with something that the application wrote into the statement.
    """

    kind: Kind
    column: str | None = None
    expression: str | None = None
    value: str | None = None
    constant: str | None = None
    is_join: bool = False


@dataclass(frozen=True, slots=True)
class Sorted:
    """One column of an ORDER BY."""

    column: str
    is_descending: bool
    is_nulls_first: bool


@dataclass(frozen=True, slots=True)
class Access:
    """What one SELECT asks of one of its tables. `columns` are all that it needs; None: every one (`*`).

    `order` is the ORDER BY as far as it is of this table alone, empty where it begins with something else.
    """

    schema: str | None
    relation: str
    alias: str
    conditions: tuple[Condition, ...]
    order: tuple[Sorted, ...] = ()
    groups: tuple[str, ...] = ()
    columns: frozenset[str] | None = None
    has_limit: bool = False


def parsed(sql: str) -> Tree | None:
    """The statement's tree; None where sqlglot cannot read it."""
    if len(sql) > MAX_CHARACTERS:
        return None
    try:
        tree = parse_one(sql, read="postgres")
    except (SqlglotError, RecursionError):
        return None
    return tree if isinstance(tree, Tree) else None


def tables_of(tree: Tree) -> set[str]:
    """The names of tables and views in it, and of its CTEs."""
    return {_name(table.this) for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)}


def accesses_in(tree: Tree, columns_of: Columns) -> tuple[Access, ...]:
    """What each SELECT in the statement asks of each of its tables. `columns_of` tells the columns of a table."""
    try:
        query = tree if isinstance(tree, exp.Query) else tree.find(exp.Query)
        return tuple(_accesses(query, columns_of)) if isinstance(query, exp.Query) else ()
    except (SqlglotError, RecursionError):
        return ()


def is_ordered(tree: Tree | None) -> bool:
    """Whether the statement says in which order its rows come."""
    return tree is not None and isinstance(tree, exp.Query) and tree.args.get("order") is not None


def read_form(tree: Tree | None, sql: str) -> str | None:
    """A SELECT of the rows that an UPDATE or DELETE of one table looks for, or without its FOR UPDATE; None if none."""
    if isinstance(tree, exp.Update | exp.Delete):
        table, where = tree.this, tree.args.get("where")
        has_more = any(tree.args.get(word) for word in ("from_", "from", "using", "with_", "with"))
        if has_more or not isinstance(table, exp.Table) or where is None:
            return None
        return f"SELECT 1 FROM {table.sql('postgres')} {where.sql('postgres')}"  # noqa: S608 — runs READ ONLY
    if isinstance(tree, exp.Select) and tree.args.get("locks"):
        plain = tree.copy()
        plain.set("locks", [])
        return plain.sql("postgres")
    return None


def written_columns(tree: Tree | None) -> tuple[str, str | None, str, frozenset[str]] | None:
    """(insert, update or delete; schema; table; the columns that an UPDATE sets) of a statement that writes."""
    kinds: dict[type[Tree], str] = {exp.Insert: "insert", exp.Update: "update", exp.Delete: "delete"}
    word = kinds.get(type(tree)) if tree is not None else None
    table = tree.find(exp.Table) if tree is not None else None
    if tree is None or word is None or table is None:
        return None
    sets = tree.expressions if isinstance(tree, exp.Update) else []
    columns = {_name(one.this.this) for one in sets if isinstance(one, exp.EQ) and isinstance(one.this, exp.Column)}
    return word, table.db or None, _name(table.this), frozenset(columns)


def _name(identifier: Tree) -> str:
    """As PostgreSQL folds it."""
    text = identifier.name
    return text if identifier.args.get("quoted") else text.lower()


def _accesses(query: exp.Query, columns_of: Columns) -> Iterator[Access]:
    for scope in traverse_scope(query):
        if not isinstance(scope.expression, exp.Select):
            continue
        reader = _Reader(scope, scope.expression, columns_of)
        for alias, source in scope.sources.items():
            if isinstance(source, exp.Table) and columns_of(_name(source.this), source.db or None) is not None:
                yield reader.access(alias, source)


class _Reader:
    """One SELECT: knows whose its columns are."""

    def __init__(self, scope: Scope, select: exp.Select, columns_of: Columns) -> None:
        self.select = select
        self.columns = list(scope.columns)
        self.known: dict[str, Collection[str] | None] = {
            alias: columns_of(_name(source.this), source.db or None) if isinstance(source, exp.Table) else None
            for alias, source in scope.sources.items()
        }
        self.conjuncts = list(self._conjuncts())

    def access(self, alias: str, table: exp.Table) -> Access:
        conditions = [self._condition(one, alias) for one in self.conjuncts]
        return Access(
            schema=table.db or None,
            relation=_name(table.this),
            alias=alias,
            conditions=tuple(one for one in conditions if one is not None),
            order=tuple(self._order(alias)),
            groups=tuple(self._groups(alias)),
            columns=self._needed(alias),
            has_limit=self.select.args.get("limit") is not None,
        )

    def owner(self, column: exp.Column) -> str | None:
        """The alias that a column belongs to; None where that is not certain, or in an outer SELECT."""
        if column.table:
            return column.table if column.table in self.known else None
        holders = [alias for alias, columns in self.known.items() if columns and _name(column.this) in columns]
        return holders[0] if len(holders) == 1 else None

    def _conjuncts(self) -> Iterator[Tree]:
        where = self.select.args.get("where")
        joined = [join.args.get("on") for join in self.select.args.get("joins") or ()]
        for condition in (where.this if where is not None else None, *joined):
            bare = condition.unnest() if condition is not None else None
            if isinstance(bare, exp.And):
                yield from (one.unnest() for one in bare.flatten())
            elif bare is not None:
                yield bare

    def _of(self, tree: Tree, alias: str) -> list[exp.Column]:
        return [one for one in tree.find_all(exp.Column) if self.owner(one) == alias]

    def _condition(self, tree: Tree, alias: str) -> Condition | None:
        if not self._of(tree, alias):
            return None
        found = self._compared(tree, alias)
        if found is None:
            return Condition("other")
        kind, subject, other = found
        is_join = other is not None and any(True for _ in other.find_all(exp.Column))
        return Condition(
            kind=kind,
            column=_name(subject.this) if isinstance(subject, exp.Column) else None,
            expression=None if isinstance(subject, exp.Column) else _expression(subject),
            value=_value(other),
            constant=self._constant(tree, alias, other),
            is_join=is_join,
        )

    def _compared(self, tree: Tree, alias: str) -> tuple[Kind, Tree, Tree | None] | None:
        """(kind, what of this table is compared, with what)."""
        if isinstance(tree, exp.Column):
            return "equality", tree, None
        if isinstance(tree, exp.Not):
            return self._negated(tree, alias)
        if isinstance(tree, exp.Is):
            kind: Kind = "other" if tree.args.get("negate") else "null"
            return kind, tree.this.unnest(), None
        if isinstance(tree, exp.Between):
            return ("range", tree.this.unnest(), tree.args["low"]) if self._is_subject(tree.this, alias) else None
        if isinstance(tree, exp.In):
            is_plain = bool(tree.expressions) and self._is_subject(tree.this, alias)
            return ("list", tree.this.unnest(), tree.expressions[0]) if is_plain else None
        if isinstance(tree, exp.Binary):
            return self._binary(tree, alias)
        return None

    def _negated(self, tree: exp.Not, alias: str) -> tuple[Kind, Tree, Tree | None] | None:
        inner = tree.this.unnest()
        if isinstance(inner, exp.Column):
            return "equality", inner, None
        return ("other", inner.this, None) if isinstance(inner, exp.Is) else None

    def _binary(self, tree: exp.Binary, alias: str) -> tuple[Kind, Tree, Tree | None] | None:
        left, right = tree.this.unnest(), tree.expression.unnest()
        kind = _kind_of(tree)
        if self._is_subject(left, alias) and not self._of(right, alias):
            kind = "list" if kind == "equality" and isinstance(right, exp.Any) else kind
            return kind, left, right
        if self._is_subject(right, alias) and not self._of(left, alias) and kind in ("equality", "range", "other"):
            return kind, right, left
        return None

    def _is_subject(self, tree: Tree, alias: str) -> bool:
        """A column of this table, or an expression over nothing but its columns."""
        tree = tree.unnest()
        columns = list(tree.find_all(exp.Column))
        if not columns or any(self.owner(one) != alias for one in columns):
            return False
        return isinstance(tree, exp.Column) or _expression(tree) is not None

    def _constant(self, tree: Tree, alias: str, other: Tree | None) -> str | None:
        """The condition without its table's alias, where its other side is fixed in the application's text.

        A plain literal may be the value of this one call, written into the text by a driver that binds nothing; it is
        not taken for fixed unless the statement has parameters of its own. TRUE, FALSE and NULL are.
        """
        if any(self.owner(one) != alias for one in tree.find_all(exp.Column)) or tree.find(exp.Parameter, exp.Query):
            return None
        if tree.find(exp.Anonymous, exp.CurrentTimestamp, exp.CurrentDate):
            return None
        if tree.find(exp.Literal) and self.select.root().find(exp.Parameter) is None:
            return None
        if isinstance(other, exp.Any):
            return None
        return _without_table(tree)

    def _order(self, alias: str) -> Iterator[Sorted]:
        order = self.select.args.get("order")
        for one in order.expressions if order is not None else ():
            column = one.this
            if not isinstance(column, exp.Column) or self.owner(column) != alias:
                return
            is_descending = bool(one.args.get("desc"))
            first = one.args.get("nulls_first")
            yield Sorted(_name(column.this), is_descending, is_descending if first is None else bool(first))

    def _groups(self, alias: str) -> list[str]:
        group = self.select.args.get("group")
        named = group.expressions if group is not None else []
        places = [self._place(one) for one in named]
        of_table = [one for one in places if isinstance(one, exp.Column) and self.owner(one) == alias]
        return [_name(one.this) for one in of_table] if len(of_table) == len(named) else []

    def _place(self, tree: Tree) -> Tree:
        """`GROUP BY 1` means the first thing selected."""
        if isinstance(tree, exp.Literal) and tree.name.isdecimal() and 0 < int(tree.name) <= len(self.select.selects):
            return self.select.selects[int(tree.name) - 1].unalias()
        return tree

    def _needed(self, alias: str) -> frozenset[str] | None:
        if any(_is_star_of(one, alias) for one in self.select.selects):
            return None
        found = [self._certain(one, alias) for one in self.columns if isinstance(one.this, exp.Identifier)]
        return None if None in found else frozenset(name for name in found if name)

    def _certain(self, column: exp.Column, alias: str) -> str | None:
        """The column's name if it is of this table, "" if not; None where nobody knows whose it is."""
        owner = self.owner(column)
        if owner is None and not column.table and _name(column.this) in (self.known[alias] or ()):
            return None
        return _name(column.this) if owner == alias else ""


def _is_star_of(tree: Tree, alias: str) -> bool:
    """`*`, or `alias.*`."""
    if isinstance(tree, exp.Column):
        return isinstance(tree.this, exp.Star) and tree.table == alias
    return isinstance(tree, exp.Star)


def _kind_of(tree: exp.Binary) -> Kind:
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
    if isinstance(tree, _CONTAINS):
        return "contains"
    return "has_key" if isinstance(tree, exp.JSONBContains | exp.JSONBContainsTopKey) else "other"


def _value(tree: Tree | None) -> str | None:
    """`$3` for a parameter, the text of a literal, else None."""
    if isinstance(tree, exp.Parameter):
        return f"${tree.name or tree.this.name}"
    return str(tree.this) if isinstance(tree, exp.Literal) else None


def _expression(tree: Tree) -> str | None:
    """An expression over one column as an index would hold it; None where it is of a form that is not tried."""
    tree = tree.unnest()
    if isinstance(tree, exp.Lower | exp.Upper) and isinstance(tree.this, exp.Column):
        return f"({type(tree).__name__.lower()}({quoted(_name(tree.this.this))}))"
    if isinstance(tree, exp.JSONExtractScalar) and isinstance(tree.this, exp.Column):
        path = tree.expression
        keys = list(path.find_all(exp.JSONPathKey)) if isinstance(path, exp.JSONPath) else []
        name = str(keys[0].this) if len(keys) == 1 and len(path.expressions) == 2 else None
        literal = None if name is None else "'" + name.replace("'", "''") + "'"
        return f"(({quoted(_name(tree.this.this))} ->> {literal}))" if literal else None
    return None


def _without_table(tree: Tree) -> str:
    bare = tree.copy()
    for column in bare.find_all(exp.Column):
        column.set("table", None)
        column.set("db", None)
    return bare.sql("postgres")


def with_values(access: Access, sets: Sequence[tuple[str | None, ...]]) -> Access:
    """The same, now that it is known what `LIKE $1` was asked for: a prefix is what begins plainly."""
    return replace(access, conditions=tuple(_with_values(one, sets) for one in access.conditions))


def _with_values(one: Condition, sets: Sequence[tuple[str | None, ...]]) -> Condition:
    place = (one.value or "").removeprefix("$")
    if one.kind != "prefix" or not place.isdecimal():
        return one
    asked = [values[int(place) - 1] or "" for values in sets if len(values) >= int(place)]
    return replace(one, kind="similar") if any(_OPEN.match(pattern) for pattern in asked) else one


def with_known_parameters(sql: str, values: tuple[str | None, ...]) -> tuple[str | None, ...] | None:
    """The values that the statement's `$n` need; None where it needs more."""
    count = highest_parameter(sql)
    return values[:count] if len(values) >= count else None
