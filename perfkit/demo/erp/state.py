"""What the routes of the ERP share while it runs. Knows no route."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from perfkit.demo.erp.cache import Cache, open_cache
from perfkit.demo.erp.pool import Pool, open_pool

HASHERS: Final = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the services are and which fixes are on."""

    dsn: str
    redis_url: str
    fixes: frozenset[str]


@dataclass(frozen=True, slots=True)
class State:
    """Open for the time of the application. `workers` run what would hold up everybody else on the event loop."""

    settings: Settings
    pool: Pool
    cache: Cache | None
    workers: ThreadPoolExecutor

    def has(self, fix: str) -> bool:
        """Whether a fix is on."""
        return fix in self.settings.fixes


@asynccontextmanager
async def open_state(settings: Settings) -> AsyncIterator[State]:
    """Everything that must be closed again, for the block."""
    async with (
        open_pool(settings.dsn, "pool" in settings.fixes) as pool,
        open_cache(settings.redis_url, "cache" in settings.fixes) as cache,
    ):
        with ThreadPoolExecutor(HASHERS, thread_name_prefix="hasher") as workers:
            yield State(settings, pool, cache, workers)


def _state_of(request: Request) -> State:
    state: State = request.app.state.erp
    return state


Shared = Annotated[State, Depends(_state_of)]
