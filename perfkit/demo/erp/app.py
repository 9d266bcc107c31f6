"""The application: routes, layers around them, and what happens when the database is too busy. Knows no SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from psycopg.errors import OperationalError, QueryCanceled
from psycopg_pool import PoolTimeout
from starlette.middleware.gzip import GZipMiddleware

from perfkit.demo.erp import dashboard, health, lists, login, new_quotation, quotations
from perfkit.demo.erp.listeners import Listening
from perfkit.demo.erp.state import Settings, open_state

SMALLEST_COMPRESSED_BYTES: Final = 1024
COMPRESSION_LEVEL: Final = 6


def create_app(settings: Settings) -> FastAPI:
    """The ERP with some of its fixes."""
    app = FastAPI(
        title="Pharmaceutical ERP", lifespan=partial(_running, settings=settings), docs_url=None, redoc_url=None
    )
    for room in (dashboard, quotations, new_quotation, login, lists, health):
        app.include_router(room.router)
    app.add_middleware(Listening, is_fixed="leak" in settings.fixes)
    if "compression" in settings.fixes:
        app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_COMPRESSED_BYTES, compresslevel=COMPRESSION_LEVEL)
    for kind in (PoolTimeout, QueryCanceled, OperationalError):
        app.add_exception_handler(kind, _busy)
    return app


@asynccontextmanager
async def _running(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """What is open while the application runs, with the cache filled."""
    async with open_state(settings) as state:
        if state.cache is not None:
            await state.cache.make_all(dashboard.entries(state))
        app.state.erp = state
        yield


async def _busy(_request: Request, error: Exception) -> JSONResponse:
    """A time limit was hit, or the database is gone: the client may come again."""
    return JSONResponse({"detail": type(error).__name__}, status_code=503, headers={"Retry-After": "1"})
