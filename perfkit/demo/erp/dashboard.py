"""The figures of the dashboard: eight aggregates, one after the other. Without the fix `cache`, each time."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final, LiteralString

from fastapi import APIRouter, Response

from perfkit.demo.erp.cache import Entry, Layer
from perfkit.demo.erp.state import Shared, State
from perfkit.demo.rows import TODAY

# (query, the tables that it is made of)
FIGURES: Final[dict[str, tuple[LiteralString, frozenset[str]]]] = {
    "sales": (
        """
        SELECT date_trunc('month', ordered_at)::DATE AS month, COUNT(*) AS orders, SUM(total) AS revenue
        FROM orders WHERE ordered_at >= %(year_ago)s AND status <> 'returned'
        GROUP BY 1 ORDER BY 1
        """,
        frozenset({"orders"}),
    ),
    "quotations": (
        """
        SELECT status, COUNT(*) AS count, SUM(total) AS value FROM quotations GROUP BY status ORDER BY status
        """,
        frozenset({"quotations"}),
    ),
    "conversion": (
        """
        SELECT COUNT(*) AS quotations, COUNT(o.id) AS orders, SUM(o.total) AS ordered
        FROM quotations q LEFT JOIN orders o ON o.quotation_id = q.id
        WHERE q.created_at >= %(quarter_ago)s
        """,
        frozenset({"quotations", "orders"}),
    ),
    "top_products": (
        """
        SELECT p.id, p.name, SUM(i.quantity) AS sold, SUM(i.line_total) AS revenue
        FROM order_items i JOIN orders o ON o.id = i.order_id JOIN products p ON p.id = i.product_id
        WHERE o.ordered_at >= %(year_ago)s
        GROUP BY p.id ORDER BY revenue DESC LIMIT 10
        """,
        frozenset({"orders", "products"}),
    ),
    "categories": (
        """
        SELECT p.category, COUNT(DISTINCT o.customer_id) AS customers, SUM(i.line_total) AS revenue
        FROM order_items i JOIN orders o ON o.id = i.order_id JOIN products p ON p.id = i.product_id
        GROUP BY p.category ORDER BY revenue DESC
        """,
        frozenset({"orders", "products"}),
    ),
    "top_customers": (
        """
        SELECT c.id, c.name, COUNT(*) AS orders, SUM(o.total) AS revenue
        FROM orders o JOIN customers c ON c.id = o.customer_id
        GROUP BY c.id ORDER BY revenue DESC LIMIT 10
        """,
        frozenset({"orders", "customers"}),
    ),
    "low_stock": (
        """
        SELECT COUNT(*) AS products FROM (
          SELECT product_id FROM inventory
          GROUP BY product_id HAVING SUM(quantity - reserved) < SUM(reorder_level)
        ) AS low
        """,
        frozenset({"inventory"}),
    ),
    "expiring": (
        """
        SELECT COUNT(*) AS batches, SUM(quantity * unit_cost) AS value
        FROM inventory WHERE expires_on < %(soon)s AND quantity > 0
        """,
        frozenset({"inventory"}),
    ),
}
VALUES: Final = {
    "year_ago": TODAY - timedelta(days=365),
    "quarter_ago": TODAY - timedelta(days=90),
    "soon": TODAY + timedelta(days=90),
}
CACHE_STATUS: Final[dict[Layer | None, str]] = {
    "memory": "pharma-erp; hit; detail=memory",
    "valkey": "pharma-erp; hit; detail=valkey",
    None: "pharma-erp; fwd=miss; stored",
}
NOT_CACHED: Final = "pharma-erp; fwd=bypass"

router = APIRouter(prefix="/api/dashboard")


@router.get("/metrics")
async def metrics(state: Shared, response: Response) -> dict[str, Any]:
    """All figures. The headers say whether they were kept (RFC 9211)."""
    if state.cache is None:
        response.headers["Cache-Status"] = NOT_CACHED
        return await _all_figures(state)
    values, layer = await state.cache.get_all(entries(state))
    response.headers["Cache-Status"] = CACHE_STATUS[layer]
    response.headers["X-Cache"] = "MISS" if layer is None else "HIT"
    return values


def entries(state: State) -> dict[str, Entry]:
    """What the cache must know of each figure."""
    return {name: Entry(partial(_figure, state, query), tables) for name, (query, tables) in FIGURES.items()}


async def _all_figures(state: State) -> dict[str, Any]:
    async with state.pool.connection() as link:
        return {name: await (await link.execute(query, VALUES)).fetchall() for name, (query, _) in FIGURES.items()}


async def _figure(state: State, query: LiteralString) -> list[dict[str, Any]]:
    async with state.pool.connection() as link:
        return await (await link.execute(query, VALUES)).fetchall()
