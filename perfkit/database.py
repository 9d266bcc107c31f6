"""Connect to PostgreSQL, and say why not. Knows addresses and refusals; what is asked of the server, others know.

No message from here holds a password, nor a value out of the user's data.
"""

from __future__ import annotations

import os
import re
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from perfkit.errors import DatabaseError
from perfkit.redact import redact_dsn, redact_literals, redact_secrets

TAG: Final = "/* perfkit */"
CONNECT_TIMEOUT_S: Final = 10

_QUOTED: Final = re.compile(r'"(?:[^"]++|"")*+(?:"|\Z)')


def connect(dsn: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection in autocommit, without server-side prepared statements, so that poolers in between do not mind.

    Raises:
        DatabaseError: the address cannot be read, nothing answers there, or the server refuses.
    """
    facts = _facts(dsn)
    try:
        return psycopg.connect(
            dsn,
            autocommit=True,
            prepare_threshold=None,
            application_name="perfkit",
            client_encoding="UTF8",
            connect_timeout=int(facts.get("connect_timeout") or CONNECT_TIMEOUT_S),
        )
    except psycopg.Error as error:
        secrets = [str(facts.get("password") or ""), os.environ.get("PGPASSWORD", "")]
        said = redact_secrets(redact_dsn(_first_line(error)), secrets)
        raise DatabaseError(
            f"the database does not let perfkit in: {said}",
            hint="check that the server runs and that its address, user and password are right",
        ) from error


def _facts(dsn: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # libpq quotes the piece that it could not read, and that piece may be the password: so its words are dropped.
        raise DatabaseError(
            "the address of the database is neither a URL nor a conninfo string that libpq can read",
            hint="write it as postgresql://user@host:5432/name, with % @ / : of a password percent-encoded",
        ) from None


def reason_of(error: psycopg.Error) -> str:
    """What the server said, in one line and without the values that its messages quote."""
    said = error.diag.message_primary or _first_line(error)
    state = error.sqlstate or ""
    if state == "42601":  # a syntax error quotes one token: a name helps, a literal is data
        return _QUOTED.sub(lambda found: f'"{redact_literals(found[0][1:-1])}"', said)
    if state.startswith(("22", "23", "P0")):
        return redact_literals(_QUOTED.sub('"?"', said))
    return redact_dsn(said)


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
