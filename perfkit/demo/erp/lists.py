"""The lists of customers, products and stock. Knows their SQL; how much of it is asked for, pages.py knows."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter

from perfkit.demo.erp.pages import PageNumber, PageSize, answer, columns, page_clause, page_values
from perfkit.demo.erp.state import Shared, State

CUSTOMERS: Final = "SELECT {columns} FROM customers ORDER BY id {page}"
PRODUCTS: Final = "SELECT {columns} FROM products WHERE active = true ORDER BY id {page}"
PRODUCTS_OF_CATEGORY: Final = (
    "SELECT {columns} FROM products WHERE category = %(category)s AND active = true ORDER BY id {page}"
)
INVENTORY: Final = "SELECT {columns} FROM inventory ORDER BY id {page}"

CUSTOMER_FIELDS: Final = "id, code, name, category, city, phone, credit_limit, active"
PRODUCT_FIELDS: Final = "id, sku, name, generic_name, category, pack_size, price, mrp"
INVENTORY_FIELDS: Final = (
    "id, product_id, batch_number, warehouse, quantity, reserved, reorder_level, expires_on::TEXT AS expires_on"
)

router = APIRouter(prefix="/api")


@router.get("/customers")
async def customers(state: Shared, page: PageNumber = 1, limit: PageSize = 50) -> dict[str, Any]:
    """All customers, or a page of them."""
    return await _list(state, CUSTOMERS, CUSTOMER_FIELDS, {}, page, limit)


@router.get("/products")
async def products(
    state: Shared, category: str | None = None, page: PageNumber = 1, limit: PageSize = 50
) -> dict[str, Any]:
    """Active products, of one category or of all."""
    query = PRODUCTS if category is None else PRODUCTS_OF_CATEGORY
    return await _list(state, query, PRODUCT_FIELDS, {"category": category}, page, limit)


@router.get("/inventory")
async def inventory(state: Shared, page: PageNumber = 1, limit: PageSize = 50) -> dict[str, Any]:
    """Batches in stock."""
    return await _list(state, INVENTORY, INVENTORY_FIELDS, {}, page, limit)


async def _list(state: State, query: str, fields: str, values: dict[str, Any], page: int, limit: int) -> dict[str, Any]:
    text = query.format(columns=columns(state, fields), page=page_clause(state))
    async with state.pool.connection() as link:
        cursor = await link.execute(text, values | page_values(page, limit))
        return answer(state, await cursor.fetchall(), page, limit)
