"""Read what the sessions of the database under test are doing right now. Knows one view; keeps no statement.

A mean over many readings is a time, by Little's law: connections busy on average, over requests a second, are seconds
busy a request. So it tells how long requests wait for a lock, and whether a pool is used up, without any tracing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg

from perfkit.database import connect
from perfkit.errors import DatabaseError
from perfkit.model import Config

SOURCE: Final = "database"
RETRY_READINGS: Final = 20

_SESSIONS: Final = """/* perfkit */
SELECT count(*)::float8,
       count(*) FILTER (WHERE state = 'active' OR state LIKE 'idle in transaction%')::float8,
       count(*) FILTER (WHERE wait_event_type = 'Lock')::float8,
       bool_or(query = '<insufficient privilege>')
FROM pg_stat_activity
WHERE datname = current_database() AND coalesce(backend_type, 'client backend') = 'client backend'
  AND application_name IS DISTINCT FROM 'perfkit'
"""


def from_config(config: Config) -> Sequence[PostgresActivity]:
    if config.database is None or config.database.capture == "off":
        return []
    dsn = os.environ.get(config.database.dsn_env)
    return [PostgresActivity(dsn, config.sampling.period_s)] if dsn else []


class PostgresActivity:
    """`connections_count`, `busy_count` (active or in a transaction) and `lock_waiting_count`, without perfkit's own.

    Only the first where this user may not see what others do (pg_monitor lets it). Nothing while nobody answers.
    """

    source = SOURCE

    def __init__(self, dsn: str, period_s: float) -> None:
        self.period_s = period_s
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._rest = 0

    def read(self) -> Mapping[str, float]:
        if self._rest > 0:
            self._rest -= 1
            return {}
        try:
            self._connection = self._connection or connect(self._dsn)
            row = self._connection.execute(_SESSIONS).fetchone()
        except (DatabaseError, psycopg.Error):
            self._connection, self._rest = None, RETRY_READINGS
            return {}
        if row is None:
            return {}
        connections, busy, waiting, is_hidden = row
        known = {} if is_hidden else {"busy_count": busy, "lock_waiting_count": waiting}
        return {"connections_count": connections, **known}

    def close(self) -> None:
        """Leave the session."""
        if self._connection is not None:
            self._connection.close()
