"""A connection for the demo's own work on its database, with a refusal told in one sentence. Knows no table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from perfkit.errors import DatabaseError

if TYPE_CHECKING:
    import psycopg


@contextmanager
def linked(dsn: str, complaint: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection in autocommit for the block. `complaint` begins the message when the database refuses.

    Raises:
        DatabaseError: the database does not answer, or refuses something in the block.
    """
    import psycopg

    from perfkit.database import connect, reason_of

    with connect(dsn) as link:
        try:
            yield link
        except psycopg.Error as error:
            raise DatabaseError(
                f"{complaint}: {reason_of(error)}", hint="give --database-url of an empty database whose owner you are"
            ) from error
