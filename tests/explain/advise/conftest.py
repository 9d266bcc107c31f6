"""Servers to try advice on: the embedded PostgreSQL, and Debian's PostgreSQL 15 with HypoPG where there is one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.demo.owner import give, owner, start
from perfkit.demo.services import create_database
from tests import lacking
from tests.conftest import PostgresServer
from tests.explain.advise.build import ORDERS, run

DEBIAN = Path("/usr/lib/postgresql/15/bin")
SETTINGS = "listen_addresses = ''\nfsync = off\nautovacuum = off\njit = off\nmax_parallel_workers_per_gather = 0\n"


@pytest.fixture(scope="session")
def debian() -> Iterator[str]:
    """The address of a PostgreSQL 15 as Debian builds it."""
    if not (DEBIAN / "postgres").exists():
        lacking.without("PostgreSQL 15 is not installed (apt install postgresql-15 postgresql-15-hypopg)")
    folder = Path(tempfile.mkdtemp(prefix="perfkit-pg15-", dir="/tmp"))
    run_by = owner()
    give(folder, run_by)
    data, log = folder / "data", folder / "server.log"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    made = start(
        [str(DEBIAN / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        run_by,
        log,
        environment,
    )
    assert made.wait(60) == 0, log.read_text()
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(f"{SETTINGS}unix_socket_directories = '{folder}'\n")
    server = start([str(DEBIAN / "postgres"), "-D", str(data)], run_by, log, environment)
    try:
        yield _ready(server, f"user=postgres dbname=postgres host={folder}", log)
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _ready(server: subprocess.Popen[bytes], dsn: str, log: Path) -> str:
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        try:
            psycopg.connect(dsn).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return dsn
    raise AssertionError(log.read_text())


class Shops:
    """Makes databases with the tables of a shop; each server makes them once, and copies them then."""

    def __init__(self, dsn: str) -> None:
        self.dsn = create_database(dsn, "shop_template")
        run(self.dsn, ORDERS)

    def __call__(self, *statements: str, extensions: tuple[str, ...] = (), name: str = "advised") -> str:
        """The address of a new shop, in place of the last one of that name, with the statements run in it."""
        with psycopg.connect(make_conninfo(self.dsn, dbname="postgres"), autocommit=True) as link:
            link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            link.execute(f"CREATE DATABASE {name} TEMPLATE shop_template".encode())
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
def shop_15(debian: str) -> Shops:
    return Shops(debian)


@pytest.fixture(params=["shop_18", "shop_15"])
def shop(request: pytest.FixtureRequest) -> Shops:
    """On each of the servers in turn."""
    shops: Shops = request.getfixturevalue(request.param)
    return shops
