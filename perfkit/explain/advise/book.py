"""Tables, columns, indexes and foreign keys as the server knows them. Types; asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perfkit.explain.advise.index import TableName


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in bytes, `distinct` values in all (None: not known), `category` as in pg_type ("S" are strings)."""

    name: str
    type: str
    category: str
    width: int
    distinct: float | None
    correlation: float | None
    collation: str


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key of an index that exists; `column` is None for an expression. `opclass` is empty for the default."""

    column: str | None
    text: str
    opclass: str
    is_descending: bool
    is_nulls_first: bool
    has_own_collation: bool


@dataclass(frozen=True, slots=True)
class Held:
    """An index that exists. `is_bound`: a constraint, an index above it, the replica identity or CLUSTER needs it."""

    name: TableName
    method: str
    keys: tuple[HeldKey, ...]
    include: tuple[str, ...]
    predicate: str | None
    is_unique: bool
    is_primary: bool
    is_valid: bool
    is_bound: bool
    bytes: int
    scans: int
    definition: str


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of this table reference `target_columns` of another (or the same) one."""

    name: str
    table: TableName
    columns: tuple[str, ...]
    target: TableName | None
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`kind` as in pg_class; `root` is the partitioned table that it is a partition of."""

    name: TableName
    kind: str
    rows: float
    pages: int
    is_visible: bool
    columns: Mapping[str, Column]
    indexes: tuple[Held, ...]
    root: TableName | None = None

    @property
    def is_plain(self) -> bool:
        """An ordinary table or a materialised view: what can have an index of its own, built CONCURRENTLY."""
        return self.kind in ("r", "m")

    @property
    def is_indexable(self) -> bool:
        """What can have an index: a plain table, or a partitioned one, whose partitions have it then."""
        return self.is_plain or self.is_partitioned

    @property
    def is_partitioned(self) -> bool:
        return self.kind == "p"


@dataclass(frozen=True, slots=True)
class Book:
    """All of it. `extensions` maps what is installed to its version; `statistics_age_s` is since the last reset."""

    tables: Mapping[TableName, Table]
    foreign_keys: tuple[ForeignKey, ...] = ()
    extensions: Mapping[str, str] = field(default_factory=dict)
    database: str = ""
    statistics_since: str | None = None
    statistics_age_s: float | None = None

    def find(self, name: str, schema: str | None = None) -> Table | None:
        """The table of that name; without a schema the one that the search path finds."""
        if schema is not None:
            return self.tables.get(TableName(schema, name))
        return next((one for one in self.tables.values() if one.name.name == name and one.is_visible), None)

    def whole(self, name: str) -> str:
        """The name of the partitioned table that a partition of this name belongs to; the same for any other."""
        table = self.find(name)
        return table.root.name if table is not None and table.root is not None else name
