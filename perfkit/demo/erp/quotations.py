"""A customer's quotations with their items. The fix `n_plus_one` is decided here."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter

from perfkit.demo.erp.pages import PageNumber, PageSize, answer, columns, page_clause, page_values
from perfkit.demo.erp.pool import Connection
from perfkit.demo.erp.state import Shared, State

QUOTATIONS: Final = """
SELECT {columns} FROM quotations WHERE customer_id = %(customer_id)s ORDER BY created_at DESC, id DESC {page}
"""
ITEMS: Final = """
SELECT {columns} FROM quotation_items WHERE quotation_id = %(id)s ORDER BY id
"""
PRODUCT_NAME: Final = """
SELECT name FROM products WHERE id = %(product_id)s
"""
JOINED: Final = """
SELECT q.*, {item_columns}, p.name AS item_product_name
FROM (SELECT {columns} FROM quotations WHERE customer_id = %(customer_id)s ORDER BY created_at DESC, id DESC {page}) q
JOIN quotation_items i ON i.quotation_id = q.id
JOIN products p ON p.id = i.product_id
ORDER BY q.created_at DESC, q.id DESC, i.id
"""
QUOTATION_FIELDS: Final = "id, number, status, created_at, valid_until, total"
ITEM_FIELDS: Final = ("product_id", "quantity", "unit_price", "line_total")
ALL_ITEM_FIELDS: Final = ("id", "quotation_id", *ITEM_FIELDS, "discount_percent", "remark")
PREFIX: Final = "item_"

Row = dict[str, Any]
router = APIRouter(prefix="/api")


@router.get("/quotations")
async def quotations(state: Shared, customer_id: int, page: PageNumber = 1, limit: PageSize = 20) -> dict[str, Any]:
    """The quotations of one customer, the newest first."""
    values = {"customer_id": customer_id} | page_values(page, limit)
    async with state.pool.connection() as link:
        found = await (_joined if state.has("n_plus_one") else _row_by_row)(state, link, values)
    return answer(state, found, page, limit)


async def _row_by_row(state: State, link: Connection, values: Row) -> list[Row]:
    """A query for the quotations, one for the items of each, and one for the product of each item."""
    query = QUOTATIONS.format(columns=columns(state, QUOTATION_FIELDS), page=page_clause(state))
    found = await (await link.execute(query, values)).fetchall()
    for quotation in found:
        items = ITEMS.format(columns=columns(state, ", ".join(ITEM_FIELDS)))
        quotation["items"] = await (await link.execute(items, {"id": quotation["id"]})).fetchall()
        for item in quotation["items"]:
            product = await (await link.execute(PRODUCT_NAME, {"product_id": item["product_id"]})).fetchone()
            item["product_name"] = product["name"] if product else None
    return found


async def _joined(state: State, link: Connection, values: Row) -> list[Row]:
    """The same in one query, whose rows are put together again."""
    wanted = ITEM_FIELDS if state.has("fields") else ALL_ITEM_FIELDS
    query = JOINED.format(
        columns=columns(state, QUOTATION_FIELDS),
        item_columns=", ".join(f"i.{name} AS {PREFIX}{name}" for name in wanted),
        page=page_clause(state),
    )
    rows = await (await link.execute(query, values)).fetchall()
    return [_quotation(list(group)) for _, group in groupby(rows, key=lambda row: row["id"])]


def _quotation(rows: list[Row]) -> Row:
    head = {key: value for key, value in rows[0].items() if not key.startswith(PREFIX)}
    items = [{key.removeprefix(PREFIX): row[key] for key in row if key.startswith(PREFIX)} for row in rows]
    return head | {"items": items}
