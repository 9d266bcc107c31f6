"""Connections to the database, and how long one waits for them. The fix `pool` is decided here, and in notices.py."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

SLOW_S: Final = 0.1
FOREVER_S: Final = 86_400.0
BEFORE: Final[dict[str, Any]] = {"min_size": 2, "max_size": 2, "timeout": FOREVER_S}
AFTER: Final[dict[str, Any]] = {"min_size": 5, "max_size": 20, "timeout": 5.0, "max_idle": 30.0}

logger: Final = logging.getLogger("pharma_erp")
Connection = AsyncConnection[DictRow]


@dataclass(slots=True)
class Pool:
    """A pool that knows how many waited longer than `SLOW_S` for a connection."""

    connections: AsyncConnectionPool[Connection]
    slow_acquisitions: int = 0
    longest_wait_s: float = 0.0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection; what is done with it is committed at the end of the block.

        Raises:
            psycopg_pool.PoolTimeout: none got free in time.
        """
        asked = time.perf_counter()
        async with self.connections.connection() as link:
            self._note(time.perf_counter() - asked)
            yield link

    def _note(self, waited_s: float) -> None:
        self.longest_wait_s = max(self.longest_wait_s, waited_s)
        if waited_s > SLOW_S:
            self.slow_acquisitions += 1
            logger.warning("waited %.0f ms for a database connection", waited_s * 1e3)

    def report(self) -> dict[str, Any]:
        """What `/health/performance` says of it."""
        now = self.connections.get_stats()
        return {
            "size": now.get("pool_size", 0),
            "max_size": self.connections.max_size,
            "available": now.get("pool_available", 0),
            "waiting": now.get("requests_waiting", 0),
            "slow_acquisitions": self.slow_acquisitions,
            "longest_wait_ms": round(self.longest_wait_s * 1e3, 3),
        }


@asynccontextmanager
async def open_pool(dsn: str, is_fixed: bool) -> AsyncIterator[Pool]:
    """The pool, filled, for the block."""
    await (await AsyncConnection.connect(dsn, connect_timeout=10)).close()  # says what is wrong; a pool only tries on
    limits = AFTER if is_fixed else BEFORE
    async with AsyncConnectionPool(
        dsn,
        open=False,
        connection_class=Connection,
        kwargs={"row_factory": dict_row, "autocommit": True, "application_name": "pharma-erp"},
        configure=_limit_queries if is_fixed else None,
        **limits,
    ) as connections:
        await connections.wait(timeout=30.0)
        yield Pool(connections)


async def _limit_queries(link: Connection) -> None:
    await link.execute("SET statement_timeout = '5s'")
