"""Fill a database with the sample ERP. Knows COPY and the order of steps; what the rows hold, rows.py knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from perfkit.demo.link import linked
from perfkit.demo.rows import rows, sizes
from perfkit.demo.schema import FOREIGN_KEYS, MARK, TABLES
from perfkit.errors import UsageError

if TYPE_CHECKING:
    import psycopg

LINES_PER_WRITE: Final = 1_000
COUNTED: Final = ("quotations", "quotation_items")  # their ids go on from the last seeded one

FOREIGN_TABLES: Final = """
SELECT c.relname
FROM pg_class c
WHERE c.relname = ANY(%(names)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid)
  AND obj_description(c.oid, 'pg_class') IS DISTINCT FROM %(mark)s
ORDER BY c.relname
"""


def seed(dsn: str, scale: float = 1.0) -> None:
    """Create the tables of the sample ERP and fill them, in place of those of an earlier demo. Same rows every time.

    `scale` 1 is the demo: 100,000 users, 3,000 customers, 20,000 quotations with 200,000 items. Takes seconds.

    Raises:
        DatabaseError: the database does not answer, or refuses.
        UsageError: a table of such a name is there and is not the demo's: it is somebody's, and nothing is touched.
    """
    with linked(dsn, "the sample data cannot be written") as link:
        _require_no_others(link)
        with link.transaction():
            _fill(link, scale)
        link.execute("ANALYZE " + ", ".join(TABLES))


def _require_no_others(link: psycopg.Connection[Any]) -> None:
    found = link.execute(FOREIGN_TABLES, {"names": list(TABLES), "mark": MARK}).fetchall()
    if found:
        raise UsageError(
            f"the database already has the table {found[0][0]}, and it is not the demo's",
            hint="give --database-url of an empty database",
        )


def _fill(link: psycopg.Connection[Any], scale: float) -> None:
    """All in one transaction: what COPY writes into a table of the same transaction needs no log and is born frozen."""
    from psycopg import sql

    names = [sql.Identifier(name) for name in TABLES]
    link.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.SQL(", ").join(names)))
    for name, columns in TABLES.items():
        link.execute(sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(name), sql.SQL(columns)))
        link.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(sql.Identifier(name), sql.Literal(MARK)))
    for name, lines in rows(sizes(scale)):
        _copy(link, name, lines)
    for table, column, target in FOREIGN_KEYS:
        rule = sql.SQL("ALTER TABLE {} ADD FOREIGN KEY ({}) REFERENCES " + target)
        link.execute(rule.format(sql.Identifier(table), sql.Identifier(column)))


def _copy(link: psycopg.Connection[Any], table: str, lines: Iterable[str]) -> None:
    from psycopg import sql

    with link.cursor() as cursor:
        with cursor.copy(sql.SQL("COPY {} FROM STDIN (FREEZE)").format(sql.Identifier(table))) as copy:
            for chunk in _chunks(lines):
                copy.write(chunk)
        if table in COUNTED:
            count = sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))")
            cursor.execute(count.format(sql.Literal(table), sql.Identifier(table)))


def _chunks(lines: Iterable[str]) -> Iterator[str]:
    """Whole lines, some hundred kilobytes at a time: a call for each line would cost more than the lines."""
    source = iter(lines)
    while chunk := "".join(islice(source, LINES_PER_WRITE)):
        yield chunk
