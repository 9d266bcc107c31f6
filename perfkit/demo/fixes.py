"""The switches between the ERP as the plans found it and as they want it. Knows their names, and the indexes by SQL."""

from __future__ import annotations

import difflib
from typing import Final

from perfkit.demo.link import linked
from perfkit.errors import UsageError

FIXES: Final[dict[str, str]] = {
    "indexes": "indexes on foreign keys, e-mails and filters, built with CREATE INDEX CONCURRENTLY",
    "n_plus_one": "a page of quotations with items and product names is one join, not a query for each row",
    "pagination": "lists answer a page of at most 100 rows, not the whole table",
    "fields": "only the columns that are needed leave the database, not SELECT *",
    "cache": "dashboard figures are kept 100 ms in process and 5 min in Valkey, and made anew when data changes",
    "pool": "5 to 20 connections with time limits of 5 s, none held while mail is sent, not two without limits",
    "compression": "answers above 1 KB are compressed",
    "leak": "what a request leaves in the list of listeners is taken out again when it ends",
}

# The first four are the plans'. Their second column is what the queries filter, join or sort by after the first.
INDEXES: Final[dict[str, str]] = {
    "idx_quotations_customer_date": "quotations (customer_id, created_at)",
    "idx_quotation_items_quotation_product": "quotation_items (quotation_id, product_id)",
    "idx_users_email_active": "users (email) WHERE active = true",
    "idx_products_category_active": "products (category, active)",
    "idx_orders_date": "orders (ordered_at)",
    "idx_inventory_expiry": "inventory (expires_on)",
}

UNFINISHED: Final = """
SELECT c.relname
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT i.indisvalid AND c.relname = ANY(%s) AND pg_table_is_visible(c.oid)
"""


def parse_fixes(text: str) -> frozenset[str]:
    """Names with commas between; `all` and `none` stand for themselves, and for nothing beside them.

    Raises:
        UsageError: a name that is no fix; the message says which, the hint the nearest one.
    """
    names = [name.strip().lower().replace("-", "_") for name in text.split(",") if name.strip()]
    if names in (["all"], ["none"]):
        return frozenset(FIXES) if names == ["all"] else frozenset()
    if not names:
        raise UsageError("no fix is named", hint=f"name some of {', '.join(FIXES)}, or all, or none")
    for name in names:
        if name not in FIXES:
            near = difflib.get_close_matches(name, FIXES, n=1)
            known = f"one of {', '.join(FIXES)}; or all, or none"
            raise UsageError(f"there is no fix {name!r}", hint=f"did you mean {near[0]}?" if near else known)
    return frozenset(names)


def apply_indexes(dsn: str) -> None:
    """Build the indexes that are not there yet, without locking out writers. What a failed build left is built anew.

    Raises:
        DatabaseError: the database does not answer, or refuses.
    """
    from psycopg import sql

    with linked(dsn, "the indexes cannot be built") as link:
        unfinished = link.execute(UNFINISHED, (list(INDEXES),)).fetchall()
        for (name,) in unfinished:
            link.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        for name, target in INDEXES.items():
            build = sql.SQL("CREATE INDEX CONCURRENTLY IF NOT EXISTS {} ON " + target)
            link.execute(build.format(sql.Identifier(name)))


def drop_indexes(dsn: str) -> None:
    """Take the indexes away again, if they are there.

    Raises:
        DatabaseError: the database does not answer, or refuses.
    """
    from psycopg import sql

    with linked(dsn, "the indexes cannot be dropped") as link:
        for name in INDEXES:
            link.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier(name)))
