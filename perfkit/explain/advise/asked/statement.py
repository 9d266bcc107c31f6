"""A statement as a tree: which tables it names, what it writes, and a form of it that only reads. Asks no server.

A statement that sqlglot cannot read, or that is longer than MAX_CHARACTERS, has no tree: its plan may still say.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from perfkit.sqltext import highest_parameter, tokens

MAX_CHARACTERS: Final = 20_000

Tree = exp.Expr


def parsed(sql: str) -> Tree | None:
    """The statement's tree; None where sqlglot cannot read it."""
    if len(sql) > MAX_CHARACTERS:
        return None
    try:
        tree = parse_one(_spaced(sql), read="postgres")
    except (SqlglotError, RecursionError):
        return None
    return tree if isinstance(tree, Tree) else None


def _spaced(sql: str) -> str:
    """sqlglot takes `$1,$` for the beginning of a dollar-quoted string; `$1 ,$` it does not."""
    return "".join(f"{one.text} " if one.kind == "parameter" else one.text for one in tokens(sql))


def name_of(identifier: Tree) -> str:
    """As PostgreSQL folds it."""
    text = identifier.name
    return text if identifier.args.get("quoted") else text.lower()


def tables_of(tree: Tree) -> set[str]:
    """The names of tables and views in it, and of its CTEs."""
    return {name_of(table.this) for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)}


def is_ordered(tree: Tree | None) -> bool:
    """Whether the statement says in which order its rows come."""
    return tree is not None and isinstance(tree, exp.Query) and tree.args.get("order") is not None


def read_form(tree: Tree | None) -> str | None:
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
    columns = {name_of(one.this.this) for one in sets if isinstance(one, exp.EQ) and isinstance(one.this, exp.Column)}
    return word, table.db or None, name_of(table.this), frozenset(columns)


def with_known_parameters(sql: str, values: tuple[str | None, ...]) -> tuple[str | None, ...] | None:
    """The values that the statement's `$n` need; None where it needs more."""
    count = highest_parameter(sql)
    return values[:count] if len(values) >= count else None
