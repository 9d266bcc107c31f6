"""What the server says of the tables that a workload touches: columns, statistics, indexes. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from perfkit.explain.advise.book import Book, Column, ForeignKey, Held, HeldKey, Table
from perfkit.explain.advise.index import TableName
from perfkit.explain.advise.session import Session

# A partitioned table has the rows and pages of its partitions; the server counts none for itself.
_TABLES: Final = """/* perfkit */
SELECT n.nspname, c.relname, c.oid::bigint, c.relkind::text, coalesce(p.tuples, c.reltuples)::bigint,
       coalesce(p.pages, c.relpages)::int, pg_table_is_visible(c.oid), rn.nspname, r.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT sum(greatest(l.reltuples, 0)) AS tuples, sum(l.relpages) AS pages
    FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid WHERE t.isleaf
) p ON c.relkind = 'p'
LEFT JOIN pg_class r ON c.relispartition AND r.oid = pg_partition_root(c.oid)
LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE (c.relname = ANY($1::text[]) OR $1::text[] IS NULL) AND c.relkind IN ('r', 'm', 'p', 'v', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
"""

_COLUMNS: Final = """/* perfkit */
SELECT a.attrelid::bigint, a.attname, t.typname, t.typcategory::text, coalesce(s.avg_width, t.typlen::int),
       s.n_distinct, s.correlation, coalesce(l.collname, '')
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
    AND s.inherited = (c.relkind = 'p')
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
"""

_INDEXES: Final = """/* perfkit */
SELECT i.indrelid::bigint, i.indexrelid::bigint, c.relname, n.nspname, am.amname, i.indisunique, i.indisprimary,
       i.indisvalid AND i.indisready, i.indisreplident OR i.indisclustered,
       c.relispartition OR EXISTS (
           SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x', 'f')),
       pg_get_expr(i.indpred, i.indrelid), pg_relation_size(i.indexrelid)::bigint,
       pg_get_indexdef(i.indexrelid), i.indnkeyatts, i.indoption::text,
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, k::int, false) FROM generate_series(1, i.indnatts) k),
       ARRAY(SELECT CASE WHEN o.opcdefault THEN '' ELSE o.opcname END
             FROM unnest(i.indclass::oid[]) WITH ORDINALITY u(oid, place) JOIN pg_opclass o ON o.oid = u.oid
             ORDER BY u.place),
       ARRAY(SELECT coalesce(a.attname, '') FROM unnest(i.indkey::int[]) WITH ORDINALITY u(number, place)
             LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.number ORDER BY u.place),
       ARRAY(SELECT u.oid <> 0 AND u.oid <> coalesce(a.attcollation, u.oid)
             FROM unnest(i.indcollation::oid[]) WITH ORDINALITY u(oid, place)
             LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = (i.indkey::int[])[u.place - 1]
             ORDER BY u.place),
       coalesce(pg_stat_get_numscans(i.indexrelid), 0)::bigint
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am am ON am.oid = c.relam
WHERE i.indrelid = ANY($1::oid[])
"""

_FOREIGN_KEYS: Final = """/* perfkit */
SELECT k.conrelid::bigint, n.nspname, r.relname, k.confrelid::bigint, k.conname,
       ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY u(number, place)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place),
       ARRAY(SELECT a.attname FROM unnest(k.confkey) WITH ORDINALITY u(number, place)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.place)
FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = ANY($1::oid[]) OR k.confrelid = ANY($1::oid[]))
"""

_SERVER: Final = """/* perfkit */
SELECT current_database(),
       (SELECT stats_reset::text FROM pg_stat_database WHERE datname = current_database()),
       (SELECT extract(epoch FROM now() - coalesce(stats_reset, pg_postmaster_start_time()))::float8
        FROM pg_stat_database WHERE datname = current_database()),
       ARRAY(SELECT e.extname || '=' || e.extversion FROM pg_extension e)
"""

_DESCENDING: Final = 1
_NULLS_FIRST: Final = 2


def read_book(session: Session, names: Iterable[str] | None) -> Book:
    """The catalog of the tables that have one of these names (None: of all), in one READ ONLY transaction.

    Raises:
        DatabaseError: the server refuses, or went away.
    """
    wanted = None if names is None else sorted(set(names))
    with session.reading():
        ((database, since, age, extensions),) = session.rows(_SERVER)
        first = session.rows(_TABLES, wanted)
        keys = session.rows(_FOREIGN_KEYS, [row[2] for row in first])
        missing = {row[2] for row in keys} - {row[1] for row in first}  # who references a table of the workload
        missing |= {row[8] for row in first if row[8]} - {row[1] for row in first}
        found = first + (session.rows(_TABLES, sorted(missing)) if missing else [])
        oids = [row[2] for row in found]
        columns, indexes = session.rows(_COLUMNS, oids), session.rows(_INDEXES, oids)
    tables = [_table(row, columns, indexes) for row in found]
    by_oid = {row[2]: table.name for row, table in zip(found, tables, strict=True)}
    return Book(
        tables={table.name: table for table in tables},
        foreign_keys=tuple(_foreign_key(row, by_oid) for row in keys),
        extensions=dict(one.split("=", 1) for one in extensions),
        database=database,
        statistics_since=since,
        statistics_age_s=age,
    )


def _table(row: Sequence[Any], columns: list[Any], indexes: list[Any]) -> Table:
    schema, name, oid, kind, tuples, pages, is_visible, root_schema, root = row
    return Table(
        name=TableName(schema, name),
        kind=kind,
        rows=float(max(tuples, 0)),
        pages=pages,
        is_visible=is_visible,
        columns={one[1]: _column(one, max(tuples, 0)) for one in columns if one[0] == oid},
        indexes=tuple(_held(one) for one in indexes if one[0] == oid),
        root=None if root is None else TableName(root_schema, root),
    )


def _column(row: Sequence[Any], tuples: int) -> Column:
    _, name, kind, category, width, distinct, correlation, collation = row
    if distinct is not None and distinct < 0:  # a share of the rows
        distinct = -distinct * tuples
    return Column(name, kind, category, max(width, 1) if width else 8, distinct, correlation, collation)


def _held(row: Sequence[Any]) -> Held:
    _, _, name, schema, method, unique, primary, valid, pinned, constraint, predicate, size, text, keys = row[:14]
    options, texts, opclasses, columns, collations, scans = row[14:]
    flags = [int(word) for word in options.split()]
    return Held(
        name=TableName(schema, name),
        method=method,
        keys=tuple(
            HeldKey(
                column=columns[place] or None,
                text=texts[place],
                opclass=opclasses[place],
                is_descending=bool(flags[place] & _DESCENDING),
                is_nulls_first=bool(flags[place] & _NULLS_FIRST),
                has_own_collation=collations[place],
            )
            for place in range(keys)
        ),
        include=tuple(columns[keys:]),
        predicate=predicate,
        is_unique=unique,
        is_primary=primary,
        is_valid=valid,
        is_bound=constraint or pinned,
        bytes=size,
        scans=scans,
        definition=text,
    )


def _foreign_key(row: Sequence[Any], by_oid: Mapping[int, TableName]) -> ForeignKey:
    _, schema, name, target, constraint, columns, target_columns = row
    return ForeignKey(constraint, TableName(schema, name), tuple(columns), by_oid.get(target), tuple(target_columns))
