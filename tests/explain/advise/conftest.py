"""Shops to try advice on: on the embedded PostgreSQL, and on an older one, with HypoPG where there is one."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.demo.services import create_database
from tests import lacking
from tests.conftest import PostgresServer
from tests.explain.advise.build import ORDERS, run


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Shops:
    """Makes databases with the tables of a shop; each server makes them once, and copies them then."""

    def __init__(self, dsn: str) -> None:
        self.dsn = create_database(dsn, "shop_template")
        run(self.dsn, ORDERS)

    def __call__(self, *statements: str, extensions: tuple[str, ...] = (), name: str = "advised") -> str:
        """The address of a new shop, in place of the last one of that name, with the statements run in it."""
        with psycopg.connect(make_conninfo(self.dsn, dbname="postgres"), autocommit=True) as link:
            link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            link.execute(f"CREATE DATABASE {name} TEMPLATE shop_template STRATEGY file_copy".encode())
            there = {row[0] for row in link.execute("SELECT name FROM pg_available_extensions").fetchall()}
        if missing := set(extensions) - there:
            lacking.without(f"not installed: {', '.join(missing)} (apt install postgresql-15-hypopg)")
        dsn = make_conninfo(self.dsn, dbname=name)
        run(dsn, *(f"CREATE EXTENSION {one}" for one in extensions), *statements)
        return dsn


@pytest.fixture(scope="session")
def shop_18(postgres: PostgresServer) -> Shops:
    return Shops(postgres.dsn)


@pytest.fixture(scope="session")
def shop_15(older_postgres: str) -> Shops:
    return Shops(older_postgres)


@pytest.fixture(params=["shop_18", "shop_15"])
def shop(request: pytest.FixtureRequest) -> Shops:
    """On each of the servers in turn."""
    shops: Shops = request.getfixturevalue(request.param)
    return shops
