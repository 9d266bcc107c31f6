"""Write a quotation. Knows what must be told to others when one is written."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

import psycopg
from fastapi import APIRouter, HTTPException
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, Field

from perfkit.demo.erp.cache import Cache
from perfkit.demo.erp.dashboard import entries
from perfkit.demo.erp.listeners import announce
from perfkit.demo.erp.pool import Connection
from perfkit.demo.erp.state import Shared, State
from perfkit.demo.rows import NOW, TODAY

TAX: Final = Decimal("0.12")
CENT: Final = Decimal("0.01")
VALID_FOR: Final = timedelta(days=30)

CUSTOMER: Final = """
SELECT id FROM customers WHERE id = %(customer_id)s
"""
PRICES: Final = """
SELECT id, price FROM products WHERE id = ANY(%(product_ids)s)
"""
QUOTATION: Final = """
INSERT INTO quotations
  (number, customer_id, created_by, status, created_at, valid_until, subtotal, tax, total, terms, notes)
VALUES
  ('Q-new', %(customer_id)s, 1, 'draft', %(now)s, %(valid_until)s, %(subtotal)s, %(tax)s, %(total)s, '', %(notes)s)
RETURNING id
"""
ITEMS: Final = """
INSERT INTO quotation_items (quotation_id, product_id, quantity, unit_price, discount_percent, line_total, remark)
SELECT %(id)s, p.id, wanted.quantity, p.price, 0, p.price * wanted.quantity, ''
FROM unnest(%(product_ids)s::INTEGER[], %(quantities)s::INTEGER[]) AS wanted (product_id, quantity)
JOIN products p ON p.id = wanted.product_id
"""

router = APIRouter(prefix="/api")


class Line(BaseModel):
    """So much of a product."""

    product_id: int
    quantity: Annotated[int, Field(ge=1, le=10_000)]


class Wish(BaseModel):
    """What is sent to have a quotation written."""

    customer_id: int
    items: Annotated[list[Line], Field(min_length=1, max_length=100)]
    notes: str = ""


@router.post("/quotations", status_code=201)
async def create(state: Shared, wish: Wish) -> dict[str, Any]:
    """A new quotation, as a draft, at today's prices. Once it is answered, nobody sees figures without it."""
    async with state.pool.connection() as link, link.transaction():
        written = await _write(link, wish)
    announce("/api/quotations")
    if state.cache is not None:
        await _bring_up_to_date(state, state.cache)
    return written


async def _bring_up_to_date(state: State, cache: Cache) -> None:
    figures = entries(state)
    try:
        await cache.refresh("quotations", figures)
    except (psycopg.Error, PoolTimeout):  # the quotation is written all the same; who asks next makes the figures
        await cache.drop("quotations", figures)


async def _write(link: Connection, wish: Wish) -> dict[str, Any]:
    subtotal = await _subtotal(link, wish)
    tax = (subtotal * TAX).quantize(CENT)
    values = {
        "customer_id": wish.customer_id,
        "now": NOW,
        "valid_until": TODAY + VALID_FOR,
        "subtotal": subtotal,
        "tax": tax,
        "total": subtotal + tax,
        "notes": wish.notes,
    }
    row = await (await link.execute(QUOTATION, values)).fetchone()
    assert row is not None  # noqa: S101 - RETURNING gives one row for the one inserted
    products = [line.product_id for line in wish.items]
    quantities = [line.quantity for line in wish.items]
    await link.execute(ITEMS, {"id": row["id"], "product_ids": products, "quantities": quantities})
    return {"id": row["id"], "status": "draft", "total": values["total"], "items": len(products)}


async def _subtotal(link: Connection, wish: Wish) -> Decimal:
    customer = await (await link.execute(CUSTOMER, {"customer_id": wish.customer_id})).fetchone()
    if customer is None:
        raise HTTPException(422, f"there is no customer {wish.customer_id}")
    wanted = {"product_ids": [line.product_id for line in wish.items]}
    prices = {row["id"]: row["price"] for row in await (await link.execute(PRICES, wanted)).fetchall()}
    if unknown := [line.product_id for line in wish.items if line.product_id not in prices]:
        raise HTTPException(422, f"there is no product {unknown[0]}")
    return sum((prices[line.product_id] * line.quantity for line in wish.items), Decimal(0))
