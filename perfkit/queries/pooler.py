"""Whether something stands between perfkit and the server, and what cannot be known then.

PgBouncer, Odyssey, pgcat and RDS Proxy hand out cancel keys of their own, so the process id that libpq was told at the
start is not the one that the server names.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

_PID: Final = "/* perfkit */ SELECT pg_backend_pid()"

Connection = psycopg.Connection[tuple[Any, ...]]


def is_pooled(connection: Connection) -> bool:
    row = connection.execute(_PID).fetchone()
    return row is not None and row[0] != connection.info.backend_pid


def note_on_pooler(connection: Connection) -> str | None:
    """What a pooler hides, None where there is none."""
    if not is_pooled(connection):
        return None
    return (
        "a connection pooler (such as PgBouncer) stands before the database: how long requests wait in it for a"
        " connection is in no SQL time, the log names the pooler and not the client, and settings of a session do not"
        " last; name the server itself in the DSN to be sure of what is captured"
    )
