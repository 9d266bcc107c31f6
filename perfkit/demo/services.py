"""A PostgreSQL and a Valkey for the time of a block: embedded ones, or the user's own.

Knows how to hold the keeper's lifeline; how the servers are started, the keeper knows.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from perfkit.demo.last_words import last_words
from perfkit.demo.link import linked
from perfkit.errors import DatabaseError, PerfkitError, UsageError

START_LIMIT_S: Final = 120.0
STOP_LIMIT_S: Final = 40.0
SLOWER_THAN: Final = "5ms"
DATABASE: Final = "pharma_erp"


@dataclass(frozen=True, slots=True)
class Services:
    """Addresses. `folder` holds the embedded servers, `log_folder` PostgreSQL's log; None when nothing was started."""

    dsn: str
    redis_url: str
    log_folder: Path | None
    folder: Path | None


@contextlib.contextmanager
def running_services(
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    is_kept: bool = False,
    slower_than: str = SLOWER_THAN,
) -> Iterator[Services]:
    """Both services, ready. What has no address is started, with an empty database `pharma_erp`, and stopped again.

    They stop with this process, however it ends: also when it is killed. `is_kept` leaves the folder behind (stopped).
    `slower_than` is what PostgreSQL logs, in its own words.

    Raises:
        UsageError: the packages with the servers are not installed.
        DatabaseError: a server does not start.
    """
    wanted = [] if database_url else ["--postgres", slower_than]
    wanted += [] if redis_url else ["--valkey"]
    with contextlib.ExitStack() as stack:
        told = stack.enter_context(_kept(wanted + ["--keep"] * is_kept)) if wanted else {}
        yield Services(
            dsn=database_url or _counted(create_database(told["dsn"], DATABASE)),
            redis_url=redis_url or told["redis_url"],
            log_folder=Path(told["log_folder"]) if told.get("log_folder") else None,
            folder=Path(told["folder"]) if told else None,
        )


def create_database(dsn: str, name: str) -> str:
    """Make an empty database on the server that `dsn` names, in place of one of that name, and give its address."""
    from psycopg import sql
    from psycopg.conninfo import make_conninfo

    with linked(dsn, f"the database {name} cannot be created") as link:
        link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return make_conninfo(dsn, dbname=name)


def _counted(dsn: str) -> str:
    """With the statistics that tell rows and blocks of each statement."""
    with linked(dsn, "the statistics cannot be kept") as link:
        link.execute("CREATE EXTENSION pg_stat_statements")
    return dsn


@contextlib.contextmanager
def _kept(words: list[str]) -> Iterator[dict[str, Any]]:
    """A keeper and what it said first. A session of its own: Ctrl-C ends perfkit first, and perfkit ends the keeper."""
    # -P: a json.py in the folder where somebody stands is not Python's.
    command = [sys.executable, "-P", "-m", "perfkit.demo.keeper", *words]
    with tempfile.TemporaryFile() as complaints:
        keeper = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, start_new_session=True
        )
        try:
            yield _first_line(keeper, complaints)
        finally:
            _let_go(keeper)


def _first_line(keeper: subprocess.Popen[bytes], complaints: IO[bytes]) -> dict[str, Any]:
    assert keeper.stdout is not None  # noqa: S101 - a pipe was asked for
    with selectors.DefaultSelector() as selector:
        selector.register(keeper.stdout, selectors.EVENT_READ)
        line = keeper.stdout.readline() if selector.select(START_LIMIT_S) else b""
    if not line:
        said = f"the demo's servers did not start{last_words(complaints)}"
        raise DatabaseError(said, hint="give --database-url and --redis-url")
    told: dict[str, Any] = json.loads(line)
    if "error" in told:
        kind: type[PerfkitError] = DatabaseError if told["kind"] == "database" else UsageError
        raise kind(told["error"], hint=told["hint"])
    return told


def _let_go(keeper: subprocess.Popen[bytes]) -> None:
    """Close the lifeline and wait until the servers are gone."""
    for pipe in (keeper.stdin, keeper.stdout):
        if pipe is not None:
            pipe.close()
    try:
        keeper.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        keeper.terminate()
        keeper.wait()
