"""Read what the sessions of the database under test are doing right now. Knows one view; keeps no statement.

A mean over many readings is a time, by Little's law: connections busy on average, over requests a second, are seconds
busy a request. So it tells how long requests wait for a lock, and whether a pool is used up, without any tracing. Of
those that wait for a lock each statement is counted by itself, by the name that it is given from outside.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import psycopg

from perfkit.database import connect
from perfkit.errors import DatabaseError
from perfkit.model import Config

SOURCE: Final = "database"
RETRY_READINGS: Final = 20
MOST_NAMES: Final = 1_000
UNNAMED: Final = "- - -"

_SESSIONS: Final = """/* perfkit */
SELECT count(*)::float8,
       count(*) FILTER (WHERE state = 'active' OR state LIKE 'idle in transaction%')::float8,
       count(*) FILTER (WHERE state LIKE 'idle in transaction%')::float8,
       count(*) FILTER (WHERE wait_event_type = 'Lock')::float8,
       bool_or(query = '<insufficient privilege>'),
       array_agg(query) FILTER (WHERE wait_event_type = 'Lock'),
       array_agg({query_id}) FILTER (WHERE wait_event_type = 'Lock')
FROM pg_stat_activity
WHERE datname = current_database() AND coalesce(backend_type, 'client backend') = 'client backend'
  AND application_name IS DISTINCT FROM 'perfkit'
"""
_QUERY_ID_SINCE: Final = 140000

Named = Callable[[str, str | None], str]
"""A statement as the server shows it (it may be cut off), and its query id → what it is called in a reading."""


def from_config(config: Config) -> Sequence[PostgresActivity]:
    if config.database is None or config.database.capture == "off":
        return []
    dsn = os.environ.get(config.database.dsn_env)
    return [PostgresActivity(dsn, config.sampling.period_s)] if dsn else []


class PostgresActivity:
    """`connections_count`, `busy_count` (active or in a transaction), `idle_in_transaction_count` (of these, executing
    nothing) and `lock_waiting_count`, without perfkit's own.

    Only the first where this user may not see what others do (pg_monitor lets it). Nothing while nobody answers. With
    `named`, also `lock_waiting_count NAME` for each statement that waits for a lock.
    """

    source = SOURCE

    def __init__(self, dsn: str, period_s: float) -> None:
        self.period_s = period_s
        self.named: Named | None = None
        self._names: set[str] = set()
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._rest = 0

    def read(self) -> Mapping[str, float]:
        if self._rest > 0:
            self._rest -= 1
            return {}
        try:
            self._connection = self._connection or connect(self._dsn)
            row = self._connection.execute(_asked(self._connection)).fetchone()
        except (DatabaseError, psycopg.Error):
            self._connection, self._rest = None, RETRY_READINGS
            return {}
        if row is None:
            return {}
        connections, busy, idle, waiting, is_hidden, texts, query_ids = row
        if is_hidden:
            return {"connections_count": connections}
        known = {"connections_count": connections, "busy_count": busy, "idle_in_transaction_count": idle}
        return known | {"lock_waiting_count": waiting} | self._waiting(texts or (), query_ids or ())

    def _waiting(self, texts: Sequence[str], query_ids: Sequence[str | None]) -> dict[str, float]:
        if self.named is None:
            return {}
        waiting = zip(texts, query_ids, strict=True)
        names = Counter(self._bounded(self.named(text, query_id)) for text, query_id in waiting)
        return {f"lock_waiting_count {name}": float(count) for name, count in names.items()}

    def _bounded(self, name: str) -> str:
        """An application that tags each statement with something else must not make endless kinds of readings."""
        if name not in self._names and len(self._names) >= MOST_NAMES:
            return UNNAMED
        self._names.add(name)
        return name

    def close(self) -> None:
        """Leave the session."""
        if self._connection is not None:
            self._connection.close()


def _asked(connection: psycopg.Connection[tuple[Any, ...]]) -> bytes:
    has_query_id = connection.info.server_version >= _QUERY_ID_SINCE
    return _SESSIONS.format(query_id="query_id::text" if has_query_id else "NULL::text").encode()
