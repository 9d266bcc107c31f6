"""What the catalogue says of the tables in a plan. Knows the catalogue's tables; reads no plan and judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg

from perfkit.model import ForeignKey, IndexFacts, TableFacts

# A plan tells tables without their schema. One that is not found on the search path stays unknown.
_TABLES: Final = """/* perfkit */
SELECT asked.name, c.relpages, nullif(c.reltuples, -1)::float8, s.n_mod_since_analyze,
       extract(epoch FROM now() - greatest(s.last_analyze, s.last_autoanalyze))::float8,
       (SELECT sum(t.avg_width)::float8 FROM pg_stats t
         WHERE t.schemaname = n.nspname AND t.tablename = c.relname AND NOT t.inherited),
       (SELECT coalesce(json_object_agg(a.attname, format_type(a.atttypid, NULL)), '{}') FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT coalesce(json_agg(json_build_array(ic.relname, ARRAY(
                 SELECT a.attname FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place)
                   LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0
                  WHERE k.place <= i.indnkeyatts ORDER BY k.place)) ORDER BY ic.relname), '[]')
          FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisvalid),
       (SELECT coalesce(json_agg(json_build_array(f.conname, f.conrelid::regclass::text, ARRAY(
                 SELECT a.attname FROM unnest(f.conkey) WITH ORDINALITY k(attnum, place)
                   JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum ORDER BY k.place),
                 EXISTS (SELECT FROM pg_index i WHERE i.indrelid = f.conrelid AND i.indisvalid AND i.indpred IS NULL
                    AND f.conkey <@ (i.indkey::int2[])[0:cardinality(f.conkey) - 1])) ORDER BY f.conname), '[]')
          FROM pg_constraint f WHERE f.confrelid = c.oid AND f.contype = 'f')
  FROM unnest(%s::text[]) AS asked(name)
  JOIN pg_class c ON c.oid = to_regclass(quote_ident(asked.name))
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
"""


def facts_of(connection: psycopg.Connection[tuple[Any, ...]], document: Any) -> tuple[TableFacts, ...]:
    """Of each table in EXPLAIN's JSON; none where the server does not tell, as a plan is worth more than its facts."""
    try:
        return tuple(_table(row) for row in connection.execute(_TABLES, [sorted(_relations(document))]))
    except psycopg.Error:
        return ()


def _relations(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_relations, value))
    if not isinstance(value, dict):
        return set()
    own = {value["Relation Name"]} if "Relation Name" in value else set()
    return own.union(*(_relations(value[key]) for key in ("Plan", "Plans") if key in value))


def _table(row: Sequence[Any]) -> TableFacts:
    name, pages, rows, changed, analyzed_s_ago, row_bytes, types, indexes, keys = row
    return TableFacts(
        name=name,
        pages=pages,
        rows=rows,
        changed_rows=changed,
        analyzed_s_ago=analyzed_s_ago,
        row_bytes=row_bytes,
        types=types,
        indexes=tuple(IndexFacts(index, tuple(columns)) for index, columns in indexes),
        foreign_keys=tuple(ForeignKey(key, table, tuple(own), is_indexed) for key, table, own, is_indexed in keys),
    )
