"""What goes wrong with a connection is told in one sentence, without the password and without the users' data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.database import connect, reason_of
from perfkit.errors import DatabaseError

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

SECRET = "Zq7Xw"


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://bob:{SECRET}@127.0.0.1:1/erp",
        f"host=127.0.0.1 port=1 user=bob password={SECRET}",
        f"postgres:/bob:{SECRET}@db/erp",
        f"postgresql://bob:{SECRET}%zz@db/erp",
        f"host=db {SECRET}",
        "host=127.0.0.1 port=1 user=bob",
    ],
)
def test_an_address_that_does_not_work_gives_an_error_without_its_password(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    with pytest.raises(DatabaseError) as caught:
        connect(dsn)
    assert SECRET not in f"{caught.value.message} {caught.value.hint}"
    assert "\n" not in caught.value.message


def refusal(postgres: PostgresServer, sql: str) -> str:
    with connect(postgres.dsn) as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute(sql)
    return reason_of(caught.value)


def test_a_refusal_names_what_is_missing(postgres: PostgresServer) -> None:
    assert refusal(postgres, "SELECT * FROM nowhere") == 'relation "nowhere" does not exist'


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT '{SECRET}'::uuid",
        f"SELECT 1 '{SECRET}'",
        f"DO $$ BEGIN RAISE 'customer \"{SECRET}\" is blocked'; END $$",
    ],
)
def test_a_refusal_does_not_tell_the_values_of_the_statement(postgres: PostgresServer, sql: str) -> None:
    assert SECRET not in refusal(postgres, sql)


def test_a_server_of_the_given_address_is_asked_without_prepared_statements(postgres: PostgresServer) -> None:
    with connect(make_conninfo(postgres.dsn, connect_timeout=3)) as connection:
        assert connection.autocommit
        assert connection.prepare_threshold is None
