"""A captured workload as it can be tried: what is read, with which values, and what it asks of which table.

Knows what must be left out, and why. Runs each statement once (EXPLAIN ANALYZE, READ ONLY, rolled back) unless its
plan is known already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from perfkit.explain.advise.catalog import Book, read_book
from perfkit.explain.advise.evidence import Loss, filtered, losses
from perfkit.explain.advise.index import TableName, quoted
from perfkit.explain.advise.session import OutOfTime, Session
from perfkit.explain.advise.syntax import (
    Access,
    Condition,
    Tree,
    accesses_in,
    is_ordered,
    parsed,
    read_form,
    tables_of,
    with_known_parameters,
    with_values,
    written_columns,
)
from perfkit.explain.plan import read_plan
from perfkit.explain.rules.rule import nodes
from perfkit.explain.runner import Refused
from perfkit.model import CapturedQuery, NotExplained, QueryPlan

MAX_SETS: Final = 3
RUN: Final = "ANALYZE, BUFFERS, SETTINGS, FORMAT JSON"

_SAMPLE: Final = "SELECT {column}::text FROM {table} WHERE {column} IS NOT NULL LIMIT 1"
_CHECK: Final = "SELECT 1 FROM ONLY {table} x WHERE {column} = $1"


@dataclass(frozen=True, slots=True)
class Task:
    """One statement of the workload in the form in which it is read, with the values of some of its executions.

    `total_ms` is what it took under the load, all calls together. `losses` are by the tables' names.
    """

    fingerprint: str
    sql: str
    sets: tuple[tuple[str | None, ...], ...]
    calls: int
    total_ms: float
    tables: frozenset[TableName]
    accesses: tuple[Access, ...] = ()
    losses: Mapping[str, Loss] = field(default_factory=dict)
    is_ordered: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A statement that nothing can be tried with."""

    fingerprint: str
    reason: str
    total_ms: float


@dataclass(frozen=True, slots=True)
class Write:
    """INSERTs, UPDATEs or DELETEs of one table in the workload; `columns` are those that UPDATEs set."""

    kind: str
    table: TableName
    calls: int
    columns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Workload:
    tasks: tuple[Task, ...]
    left_out: tuple[LeftOut, ...]
    writes: tuple[Write, ...]
    book: Book

    @property
    def total_ms(self) -> float:
        return sum(task.total_ms for task in self.tasks)

    def touching(self, table: TableName) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if table in task.tables)


def prepare(
    session: Session, queries: Sequence[CapturedQuery], plans: Sequence[QueryPlan | NotExplained] = ()
) -> Workload:
    """What of the captured queries can be tried. `plans` are those that are known already, by fingerprint.

    Raises:
        DatabaseError: nobody answers.
    """
    known = {plan.fingerprint: plan for plan in plans if isinstance(plan, QueryPlan)}
    ranked = sorted(queries, key=lambda one: one.total_ms, reverse=True)
    looked = [_look(session, query, known.get(query.fingerprint)) for query in ranked]
    seen = [one for one in looked if isinstance(one, _Seen)]
    trees = {query.fingerprint: parsed(query.statement) for query in ranked}
    names = {name for tree in trees.values() if tree is not None for name in tables_of(tree)}
    names |= {node.relation for one in seen for node in nodes(one.plan.root) if node.relation}
    book = read_book(session, names)
    writes = _writes(ranked, trees, book)
    tasks = [_task(one, book) for one in seen] + _checks(session, ranked, writes, book)
    left_out = tuple(one for one in looked if isinstance(one, LeftOut))
    return Workload(tuple(tasks), left_out, tuple(writes), book)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A statement that has run once, READ ONLY."""

    query: CapturedQuery
    tree: Tree | None
    sql: str
    sets: tuple[tuple[str | None, ...], ...]
    plan: QueryPlan


def _look(session: Session, query: CapturedQuery, plan: QueryPlan | None) -> _Seen | LeftOut:
    database = session.link.info.dbname
    if query.database not in (None, database):
        return LeftOut(query.fingerprint, f"it ran in the database {query.database}", query.total_ms)
    tree = parsed(query.statement)
    read = read_form(tree, query.statement)
    sql = read or query.statement
    sets = _sets(sql, query)
    if "\0" in sql or not sets:
        reason = "it holds a zero byte" if "\0" in sql else "no parameters were captured"
        return LeftOut(query.fingerprint, reason, query.total_ms)
    try:
        found = plan if plan is not None and read is None else _plan(session, sql, sets[0], query.fingerprint)
    except Refused as refused:
        return LeftOut(query.fingerprint, str(refused), query.total_ms)
    except OutOfTime:
        return LeftOut(query.fingerprint, "the time budget was used up before it was looked at", query.total_ms)
    return _Seen(query, tree if read is None else parsed(read), sql, sets, found)


def _task(seen: _Seen, book: Book) -> Task:
    accesses: tuple[Access, ...] = ()
    if seen.tree is not None:
        found = accesses_in(seen.tree, lambda name, schema: _columns(book, name, schema))
        accesses = tuple(with_values(one, seen.sets) for one in found)
    return Task(
        fingerprint=seen.query.fingerprint,
        sql=seen.sql,
        sets=seen.sets,
        calls=seen.query.calls,
        total_ms=seen.query.total_ms,
        tables=_tables(seen.plan, accesses, book),
        accesses=accesses + _seen_in_plan(seen.plan, accesses),
        losses=losses(seen.plan),
        is_ordered=is_ordered(seen.tree),
    )


def _sets(sql: str, query: CapturedQuery) -> tuple[tuple[str | None, ...], ...]:
    """The values of a few executions, the slowest first; one empty set where the statement needs none."""
    captured = [one.values for one in query.parameter_sets] or [()]
    fitting = (with_known_parameters(sql, values) for values in captured)
    return tuple(dict.fromkeys(one for one in fitting if one is not None))[:MAX_SETS]


def _plan(session: Session, sql: str, values: tuple[str | None, ...], fingerprint: str) -> QueryPlan:
    with session.reading():
        document = session.explain(RUN, sql, values)
    try:
        return read_plan(document, fingerprint, "")
    except ValueError as error:
        raise Refused(str(error)) from error


def _columns(book: Book, name: str, schema: str | None) -> frozenset[str] | None:
    table = book.find(name, schema)
    return frozenset(table.columns) if table is not None else None


def _tables(plan: QueryPlan, accesses: Sequence[Access], book: Book) -> frozenset[TableName]:
    found = [book.find(one.relation, one.schema) for one in accesses]
    found += [book.find(node.relation) for node in nodes(plan.root) if node.relation]
    return frozenset(table.name for table in found if table is not None)


def _seen_in_plan(plan: QueryPlan, accesses: Sequence[Access]) -> tuple[Access, ...]:
    """What the plan's filters ask of tables that the text does not name: those below a view."""
    named = {one.relation for one in accesses}
    return tuple(
        Access(None, relation, relation, conditions)
        for relation, conditions in filtered(plan).items()
        if relation not in named
    )


def _writes(queries: Sequence[CapturedQuery], trees: Mapping[str, Tree | None], book: Book) -> list[Write]:
    found = []
    for query in queries:
        told = written_columns(trees[query.fingerprint])
        table = book.find(told[2], told[1]) if told is not None else None
        if told is not None and table is not None:
            found.append(Write(told[0], table.name, query.calls, told[3]))
    return found


def _checks(session: Session, queries: Sequence[CapturedQuery], writes: Sequence[Write], book: Book) -> list[Task]:
    """What a foreign key makes the server look up for each row that a captured DELETE takes away.

    The trigger stands in no plan of a reader, and its look-up is this very statement.
    """
    deleted = {one.table: one.calls for one in writes if one.kind == "delete"}
    took_ms = sum(query.total_ms for query in queries if query.statement.lstrip()[:6].lower() == "delete")
    found = []
    for key in book.foreign_keys:
        if key.target in deleted and len(key.columns) == 1:
            sql = _CHECK.format(table=key.table, column=quoted(key.columns[0]))
            try:
                value = _sampled(session, key.target, key.target_columns[0])
                plan = _plan(session, sql, (value,), f"check of {key.name}")
            except (Refused, OutOfTime):
                continue
            access = Access(
                key.table.schema,
                key.table.name,
                "x",
                (Condition("equality", column=key.columns[0], value="$1"),),
                columns=frozenset(key.columns),
            )
            found.append(
                Task(
                    fingerprint=f"check of {key.name}",
                    sql=sql,
                    sets=((value,),),
                    calls=deleted[key.target],
                    total_ms=took_ms,
                    tables=frozenset({key.table}),
                    accesses=(access,),
                    losses=losses(plan),
                )
            )
    return found


def _sampled(session: Session, table: TableName | None, column: str) -> str | None:
    sql = _SAMPLE.format(table=table, column=quoted(column))
    with session.reading():
        rows = list(session.stream(sql, ()))
    return rows[0][0].decode() if rows and rows[0][0] is not None else None
