"""Every statement is logged for the time of a block, and after it the server is as it was, or tells how it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from perfkit.queries.log_everything import everything_logged, left_behind, left_behind_note, missing_right
from tests.conftest import PostgresServer

SETTING = "SELECT setting, sourcefile LIKE '%auto.conf' FROM pg_settings WHERE name = 'log_min_duration_statement'"


@pytest.fixture
def dsn(postgres: PostgresServer) -> Iterator[str]:
    """A server whose setting is as it was found, whatever a test did to it."""
    yield postgres.dsn
    with psycopg.connect(postgres.dsn, autocommit=True) as link:
        link.execute("ALTER SYSTEM RESET log_min_duration_statement")
        link.execute("SELECT pg_reload_conf()")
    assert setting(postgres.dsn, until="5") == "5"


def setting(dsn: str, until: str) -> str:
    """What a session has that is opened now; it may take a moment to become `until`."""
    value = ""
    for _ in range(100):
        with psycopg.connect(dsn) as link:
            row = link.execute("SHOW log_min_duration_statement").fetchone()
            value = str(row[0]).removesuffix("ms") if row else ""
        if value == until:
            break
    return value


def test_it_is_lowered_for_the_block_and_put_back(dsn: str) -> None:
    with everything_logged(dsn) as logged:
        assert (logged.from_ms, logged.note, setting(dsn, until="0")) == (0.0, None, "0")
    assert setting(dsn, until="5") == "5"
    assert left_behind(dsn) is None


def test_it_is_put_back_when_the_block_fails(dsn: str) -> None:
    """Ctrl-C too."""
    with pytest.raises(KeyboardInterrupt), everything_logged(dsn):
        raise KeyboardInterrupt
    assert setting(dsn, until="5") == "5"


@pytest.mark.parametrize(("before", "after"), [("700ms", "700"), ("1s", "1s"), ("-1", "-1")])
def test_what_somebody_had_set_is_set_again(dsn: str, before: str, after: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute(sql.SQL("ALTER SYSTEM SET log_min_duration_statement = {}").format(before))
        link.execute("SELECT pg_reload_conf()")
    assert setting(dsn, until=after) == after
    with everything_logged(dsn):
        assert setting(dsn, until="0") == "0"
    assert setting(dsn, until=after) == after


def test_a_killed_process_is_found_out_and_the_next_one_puts_it_back(dsn: str) -> None:
    """The server itself holds what the setting was before."""
    program = (
        "import sys, time; from perfkit.queries.log_everything import everything_logged\n"
        "with everything_logged(sys.argv[1]): print('on', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, dsn], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"on\n"
        os.kill(child.pid, signal.SIGKILL)
    undo = left_behind(dsn)
    assert undo == "ALTER SYSTEM RESET log_min_duration_statement; SELECT pg_reload_conf();"
    assert undo in (left_behind_note(dsn) or "")
    with everything_logged(dsn):
        pass
    assert (left_behind(dsn), setting(dsn, until="5")) == (None, "5")


def test_who_may_not_is_told_the_grants_and_they_are_enough(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("DROP ROLE IF EXISTS tracer")
        link.execute("CREATE ROLE tracer LOGIN")
    as_tracer = make_conninfo(dsn, user="tracer")
    with everything_logged(as_tracer) as logged:
        assert (logged.from_ms, setting(dsn, until="5")) == (5.0, "5")
        assert logged.note == missing_right(as_tracer)
        assert logged.note is not None
    with psycopg.connect(dsn, autocommit=True) as link:
        for grant in logged.note.partition("as a superuser: ")[2].split("; "):
            link.execute(grant.encode())
    assert missing_right(as_tracer) is None
    with everything_logged(as_tracer) as logged:
        assert (logged.from_ms, logged.note) == (0.0, None)
    assert setting(dsn, until="5") == "5"
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("DROP OWNED BY tracer")
        link.execute("DROP ROLE tracer")


def test_a_role_with_a_setting_of_its_own_is_said(dsn: str) -> None:
    """ALTER SYSTEM does not reach it."""
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("DROP ROLE IF EXISTS stubborn")
        link.execute("CREATE ROLE stubborn LOGIN SUPERUSER")
        link.execute("ALTER ROLE stubborn SET log_min_duration_statement = '3s'")
    with everything_logged(make_conninfo(dsn, user="stubborn")) as logged:
        assert logged.from_ms == 3000
        assert "its own log_min_duration_statement" in (logged.note or "")
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("DROP ROLE stubborn")
