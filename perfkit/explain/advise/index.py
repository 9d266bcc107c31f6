"""An index that does not exist yet: its shape, its SQL, its name. Asks no server and judges nothing."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Method = Literal["btree", "gin", "gist", "brin"]
Nulls = Literal["first", "last"]

MAX_NAME_BYTES: Final = 63

_HASH_CHARACTERS: Final = 6
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*\Z")
_UNNAMED: Final = re.compile(r"[^a-z0-9]+")


class TableName(NamedTuple):
    """A table by its schema and name, unquoted."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an index: a `column`, or an `expression` over columns of its table (in brackets, without its name)."""

    column: str | None = None
    expression: str | None = None
    opclass: str | None = None
    is_descending: bool = False
    nulls: Nulls | None = None

    @property
    def what(self) -> str:
        return quoted(self.column) if self.column is not None else str(self.expression)

    def __str__(self) -> str:
        words = [self.what, self.opclass or "", "DESC" if self.is_descending else ""]
        words.append(f"NULLS {self.nulls.upper()}" if self.nulls else "")
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Index:
    """A candidate. `predicate` is SQL over the table's columns; `include` are columns that it carries along."""

    table: TableName
    keys: tuple[Key, ...]
    include: tuple[str, ...] = ()
    predicate: str | None = None
    method: Method = "btree"

    @property
    def has_expression(self) -> bool:
        return any(key.expression is not None for key in self.keys)

    @property
    def columns(self) -> tuple[str, ...]:
        """The plain columns among the keys, in their order."""
        return tuple(key.column for key in self.keys if key.column is not None)

    def __str__(self) -> str:
        return f"{quoted(self.table.name)} {definition(self)}"


def definition(index: Index) -> str:
    """What stands behind the table in CREATE INDEX."""
    using = "" if index.method == "btree" else f"USING {index.method} "
    carried = f" INCLUDE ({', '.join(map(quoted, index.include))})" if index.include else ""
    where = f" WHERE {index.predicate}" if index.predicate else ""
    return f"{using}({', '.join(map(str, index.keys))}){carried}{where}"


def create(index: Index, name: str, *, concurrently: bool = False, only: bool = False) -> str:
    """The statement that builds it; `only`: for a partitioned table, without its partitions."""
    how, what = "CONCURRENTLY " if concurrently else "", "ONLY " if only else ""
    return f"CREATE INDEX {how}{quoted(name)} ON {what}{index.table} {definition(index)}"


def name_of(index: Index) -> str:
    """A name that is the same for the same shape: the table, the keys, and a hash where they do not say it all."""
    words = [index.table.name, *(key.column or _words_of(key) for key in index.keys)]
    plain = "_".join(_UNNAMED.sub("_", word.lower()).strip("_") for word in words)
    says_all = not (index.include or index.predicate or index.has_expression or index.method != "btree")
    says_all = says_all and not any(key.opclass or key.is_descending or key.nulls for key in index.keys)
    name = f"ix_{plain}"
    if says_all and len(name) <= MAX_NAME_BYTES:
        return name
    digest = hashlib.blake2b(f"{index.table} {definition(index)}".encode(), digest_size=8).hexdigest()
    return f"{name[: MAX_NAME_BYTES - _HASH_CHARACTERS - 1]}_{digest[:_HASH_CHARACTERS]}"


def _words_of(key: Key) -> str:
    """The names in an expression, without the literals: a name is seen by everybody."""
    return "_".join(re.findall(r"[A-Za-z_]\w*", re.sub(r"'(?:[^']|'')*'", "", key.expression or "")))


def quoted(name: str) -> str:
    """A name as an SQL identifier, with quotes where they are needed."""
    if _PLAIN.match(name) and name not in _RESERVED:
        return name
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


# PostgreSQL's reserved key words, and those that may not be a column's name (appendix C of its manual).
_RESERVED: Final = frozenset(
    re.findall(
        r"\w+",
        """
        all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case
        cast char character check coalesce collate collation column concurrently constraint create cross
        current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
        decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze
        from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval
        into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar
        json_serialize json_table json_value lateral leading least left like limit localtime localtimestamp
        merge_action national natural nchar none normalize not notnull null nullif numeric offset on only or order out
        outer overlaps overlay placing position precision primary real references returning right row select
        session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp
        to trailing treat trim true union unique user using values varchar variadic verbose when where window with
        xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize
        xmltable
        """,
    )
)
