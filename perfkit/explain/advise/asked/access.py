"""What each SELECT of a statement asks of each of its tables: conditions, orders, groups, columns.

Knows whose a column is, by alias and by the tables' columns; how a condition compares, it asks of `condition`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from perfkit.explain.advise.asked import condition
from perfkit.explain.advise.asked.condition import Condition, condition_of, conjuncts
from perfkit.explain.advise.asked.statement import Tree, name_of

Columns = Callable[[str, str | None], Collection[str] | None]


@dataclass(frozen=True, slots=True)
class Sorted:
    """One column of an ORDER BY."""

    column: str
    is_descending: bool = False
    is_nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """What one SELECT asks of one of its tables. `columns` are all that it needs; None: every one (`*`).

    `order` is the ORDER BY as far as it is of this table alone, empty where it begins with something else; `windows`
    are the orders that window functions want. `groups` are those of GROUP BY or DISTINCT. `nearest` is a column whose
    distance to something is the order (`<->`) under a LIMIT.
    """

    schema: str | None
    relation: str
    alias: str
    conditions: tuple[Condition, ...]
    order: tuple[Sorted, ...] = ()
    windows: tuple[tuple[Sorted, ...], ...] = ()
    groups: tuple[str, ...] = ()
    nearest: str | None = None
    columns: frozenset[str] | None = None
    has_limit: bool = False


def accesses_in(tree: Tree, columns_of: Columns) -> tuple[Access, ...]:
    """What each SELECT in the statement asks of each of its tables. `columns_of` tells the columns of a table."""
    try:
        query = tree if isinstance(tree, exp.Query) else tree.find(exp.Query)
        return tuple(_accesses(query, columns_of)) if isinstance(query, exp.Query) else ()
    except (SqlglotError, RecursionError):
        return ()


def with_values(access: Access, sets: Sequence[tuple[str | None, ...]]) -> Access:
    """The same, now that it is known what its parameters were."""
    return replace(access, conditions=tuple(condition.with_values(one, sets) for one in access.conditions))


def _accesses(query: exp.Query, columns_of: Columns) -> Iterator[Access]:
    for scope in traverse_scope(query):
        if not isinstance(scope.expression, exp.Select):
            continue
        reader = _Reader(scope, scope.expression, columns_of)
        for alias, source in scope.sources.items():
            if isinstance(source, exp.Table) and columns_of(name_of(source.this), source.db or None) is not None:
                yield reader.access(alias, source)


class _Reader:
    """One SELECT: knows whose its columns are."""

    def __init__(self, scope: Scope, select: exp.Select, columns_of: Columns) -> None:
        self.select = select
        self.columns = list(scope.columns)
        self.known: dict[str, Collection[str] | None] = {
            alias: columns_of(name_of(source.this), source.db or None) if isinstance(source, exp.Table) else None
            for alias, source in scope.sources.items()
        }
        where = select.args.get("where")
        joined = [join.args.get("on") for join in select.args.get("joins") or ()]
        asked = (where.this if where is not None else None, *joined)
        self.conjuncts = [one for part in asked for one in conjuncts(part)]

    def access(self, alias: str, table: exp.Table) -> Access:
        told = (condition_of(one, lambda column: self.owner(column) == alias) for one in self.conjuncts)
        return Access(
            schema=table.db or None,
            relation=name_of(table.this),
            alias=alias,
            conditions=tuple(one for one in told if one is not None),
            order=tuple(self._sorted(alias, self.select.args.get("order"))),
            windows=tuple(dict.fromkeys(self._windows(alias))),
            groups=self._groups(alias),
            nearest=self._nearest(alias),
            columns=self._needed(alias),
            has_limit=self.select.args.get("limit") is not None,
        )

    def owner(self, column: exp.Column) -> str | None:
        """The alias that a column belongs to; None where that is not certain, or in an outer SELECT."""
        if column.table:
            return column.table if column.table in self.known else None
        holders = [alias for alias, columns in self.known.items() if columns and name_of(column.this) in columns]
        return holders[0] if len(holders) == 1 else None

    def _is_of(self, tree: Tree, alias: str) -> bool:
        return isinstance(tree, exp.Column) and self.owner(tree) == alias

    def _sorted(self, alias: str, order: exp.Order | None) -> Iterator[Sorted]:
        for one in order.expressions if order is not None else ():
            if not self._is_of(one.this, alias):
                return
            is_descending = bool(one.args.get("desc"))
            first = one.args.get("nulls_first")
            yield Sorted(name_of(one.this.this), is_descending, is_descending if first is None else bool(first))

    def _windows(self, alias: str) -> Iterator[tuple[Sorted, ...]]:
        """PARTITION BY, then ORDER BY, of those windows that are of this table alone."""
        named = self.select.args.get("windows") or ()
        for window in (*self.select.find_all(exp.Window), *named):
            parts = window.args.get("partition_by") or []
            order = tuple(self._sorted(alias, window.args.get("order")))
            if window.find_ancestor(exp.Select) is self.select and all(self._is_of(one, alias) for one in parts):
                wanted = (*(Sorted(name_of(one.this)) for one in parts), *order)
                if wanted:
                    yield wanted

    def _nearest(self, alias: str) -> str | None:
        order, limit = self.select.args.get("order"), self.select.args.get("limit")
        first = order.expressions[0] if order is not None and limit is not None else None
        if first is None or first.args.get("desc") or not isinstance(first.this, exp.Distance):
            return None
        sides = [side.unnest() for side in (first.this.this, first.this.expression)]
        mine = [side for side in sides if self._is_of(side, alias)]
        others = [column for side in sides if side not in mine for column in side.find_all(exp.Column)]
        return name_of(mine[0].this) if len(mine) == 1 and not others else None

    def _groups(self, alias: str) -> tuple[str, ...]:
        group, distinct = self.select.args.get("group"), self.select.args.get("distinct")
        named: Iterable[Tree] = ()
        if group is not None:
            named = [self._place(one) for one in group.expressions]
        elif distinct is not None:
            on = distinct.args.get("on")
            named = on.expressions if on is not None else [one.unalias() for one in self.select.selects]
        found = list(named)
        return tuple(name_of(one.this) for one in found) if all(self._is_of(one, alias) for one in found) else ()

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
        if owner is None and not column.table and name_of(column.this) in (self.known[alias] or ()):
            return None
        return name_of(column.this) if owner == alias else ""


def _is_star_of(tree: Tree, alias: str) -> bool:
    """`*`, or `alias.*`."""
    if isinstance(tree, exp.Column):
        return isinstance(tree.this, exp.Star) and tree.table == alias
    return isinstance(tree, exp.Star)
