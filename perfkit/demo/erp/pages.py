"""How much of a table an answer holds: which rows and which columns. The fixes `pagination` and `fields` are here."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Query

from perfkit.demo.erp.state import State

MOST_ROWS: Final = 100

PageNumber = Annotated[int, Query(ge=1, le=10_000)]
PageSize = Annotated[int, Query(ge=1, le=MOST_ROWS)]


def columns(state: State, needed: str) -> str:
    """What stands between SELECT and FROM."""
    return needed if state.has("fields") else "*"


def page_clause(state: State) -> str:
    """What stands after ORDER BY; its parameters are those of `page_values`."""
    return "LIMIT %(limit)s OFFSET %(offset)s" if state.has("pagination") else ""


def page_values(page: int, limit: int) -> dict[str, int]:
    """One row more than the page has, so that it is known whether another page follows, without counting them all."""
    return {"limit": limit + 1, "offset": (page - 1) * limit}


def answer(state: State, rows: list[dict[str, Any]], page: int, limit: int) -> dict[str, Any]:
    """Rows as the body of an answer."""
    if not state.has("pagination"):
        return {"data": rows, "meta": {"total": len(rows)}}
    return {"data": rows[:limit], "meta": {"page": page, "limit": limit, "has_more": len(rows) > limit}}
