"""On a real server: slow queries come out of its log with the parameters that the application gave."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from perfkit import queries
from perfkit.errors import DatabaseError
from perfkit.model import CapturedQuery
from perfkit.queries.server_log import LogCapture, open_capture
from tests.builders import a_phase

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

NASTY: list[str | None] = [
    "it's",
    "two\nlines\r\n\ttabbed",
    None,
    "",
    "NULL",
    "', $2 = 'x', $3 = NULL",
    "$1 = '1', ",
    "[2026-01-01,2026-02-01)",
    "Ünïcödé ☃ \U0001f40d",
    'back\\slash "quoted"',
    "{a,b}",
    "duration: 1.0 ms  statement: x",
]
# Slow enough to be logged, and quick enough for a test.
SLOW = "SELECT pg_sleep(0.012), %s::text"


@pytest.fixture(scope="module")
def dsn(postgres: PostgresServer) -> str:
    """A database whose server logs what takes 10 ms or more."""
    address = postgres.fresh_database("captured")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("ALTER DATABASE captured SET log_min_duration_statement = '10ms'")
    return address


@pytest.fixture
def application(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@contextmanager
def changed(postgres: PostgresServer, setting: str, value: str) -> Iterator[None]:
    """The whole server with another setting, for the time of the block."""
    with psycopg.connect(postgres.dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(setting), sql.Literal(value)))
        admin.execute("SELECT pg_reload_conf()")
        try:
            while admin.execute("SELECT current_setting(%s)", (setting,)).fetchone() != (value,):
                time.sleep(0.01)
            yield
        finally:
            admin.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(setting)))
            admin.execute("SELECT pg_reload_conf()")


def only(captured: queries.Captured) -> CapturedQuery:
    (query,) = captured.queries
    return query


def test_parameters_come_out_of_the_log_exactly_as_they_went_in(dsn: str, application: psycopg.Connection) -> None:
    marks = ", ".join(["%s::text"] * len(NASTY))
    capture = queries.open_capture(dsn, 5.0)
    application.execute(f"SELECT pg_sleep(0.012), {marks}", NASTY)
    captured = capture.collect()
    assert only(captured).parameter_sets[0].values == tuple(NASTY)
    assert captured.lines_unparsed == 0
    assert captured.notes == ("the server logs statements from 10 ms on, so those between 5 and 10 ms were not seen;"
                              " SET log_min_duration_statement = '5ms' to see them",)  # fmt: skip


def test_other_types_than_text_are_captured_as_the_server_prints_them(
    dsn: str, application: psycopg.Connection
) -> None:
    capture = queries.open_capture(dsn, 10.0)
    application.execute("SELECT pg_sleep(0.012), %s::int, %s::int[], %s::bool, %s::bytea", (7, [1, 2], True, b"\x00a"))
    assert only(capture.collect()).parameter_sets[0].values == ("7", "{1,2}", "t", "\\x0061")


def test_a_statement_with_its_values_written_in_is_kept_ready_to_run(dsn: str, application: psycopg.Connection) -> None:
    capture = queries.open_capture(dsn, 10.0)
    application.execute("SELECT pg_sleep(0.012), 'it''s -- $1'")
    query = only(capture.collect())
    assert query.statement == "SELECT pg_sleep(0.012), 'it''s -- $1'"
    assert [kept.values for kept in query.parameter_sets] == [()]
    assert application.execute(query.statement).fetchone() is not None


def test_a_prepared_statement_is_captured_like_any_other(dsn: str, application: psycopg.Connection) -> None:
    capture = queries.open_capture(dsn, 10.0)
    for number in range(2):
        application.execute(SLOW, (str(number),), prepare=True)
    assert only(capture.collect()).calls == 2


def test_only_this_database_and_only_the_application_s_slow_queries_are_captured(
    dsn: str, postgres: PostgresServer, application: psycopg.Connection
) -> None:
    capture = queries.open_capture(dsn, 40.0)
    with psycopg.connect(postgres.dsn, autocommit=True) as elsewhere:
        elsewhere.execute("SELECT pg_sleep(0.05), 'another database'")
    application.execute("/* perfkit */ SELECT pg_sleep(0.05), 'perfkit itself'")
    application.execute("SELECT pg_sleep(0.012), 'too fast'")
    application.execute("SELECT pg_sleep(0.05), 'slow'")
    assert only(capture.collect()).statement == "SELECT pg_sleep(0.05), 'slow'"


def test_what_ran_before_the_capture_is_not_in_it_and_collecting_again_gives_the_same(
    dsn: str, application: psycopg.Connection
) -> None:
    application.execute(SLOW, ("before",))
    capture = queries.open_capture(dsn, 10.0)
    application.execute(SLOW, ("after",))
    first = capture.collect()
    assert only(first).calls == 1
    assert capture.collect() == first


def test_calls_belong_to_the_phase_in_which_they_began(dsn: str, application: psycopg.Connection) -> None:
    capture = queries.open_capture(dsn, 10.0)
    times = [time.time()]
    time.sleep(0.05)
    for calls in (1, 2):
        for number in range(calls):
            application.execute(SLOW, (str(number),))
        time.sleep(0.05)
        times.append(time.time())
        time.sleep(0.05)  # the log knows milliseconds only
    application.execute(SLOW, ("drain",))
    one, two = (
        replace(a_phase(name), started_at=start, measured_at=start, ended_at=end)
        for name, start, end in zip(("one", "two"), times, times[1:], strict=False)
    )
    captured = capture.collect([one, two])
    assert dict(only(captured).phases) == {"one": 1, "two": 2}
    assert captured.notes == ("1 slow execution outside the measured phases left out",)


def test_phases_are_right_whatever_the_time_zone_of_the_log(
    dsn: str, postgres: PostgresServer, application: psycopg.Connection
) -> None:
    with changed(postgres, "log_timezone", "Asia/Kolkata"):
        start = time.time()
        capture = queries.open_capture(dsn, 10.0)
        application.execute(SLOW, ("far east",))
        phase = replace(a_phase(), started_at=start, measured_at=start, ended_at=start + 60)
        assert only(capture.collect([phase])).phases == {"single": 1}


def test_the_log_is_followed_when_the_server_begins_a_new_file(
    dsn: str, postgres: PostgresServer, application: psycopg.Connection
) -> None:
    capture = queries.open_capture(dsn, 10.0)
    application.execute(SLOW, ("before",))
    with changed(postgres, "log_filename", "rotated.log"):
        while not (postgres.log_folder / "rotated.json").exists():
            time.sleep(0.01)
        application.execute(SLOW, ("after",))
        assert only(capture.collect()).calls == 2


def test_where_only_the_server_can_read_its_log_it_is_read_through_the_server(
    dsn: str, application: psycopg.Connection
) -> None:
    here = open_capture(dsn, 10.0)
    application.execute(SLOW, ("it's",))
    there = replace(here, folder=None)
    assert there.collect() == here.collect()
    assert only(there.collect()).parameter_sets[0].values == ("it's",)


@pytest.fixture
def in_a_copy(dsn: str, postgres: PostgresServer, application: psycopg.Connection, tmp_path: Path) -> LogCapture:
    """A capture of one query from a copy of the log; its server is gone."""
    capture = open_capture(dsn, 10.0)
    application.execute(SLOW, ("one",))
    capture.collect()
    folder = shutil.copytree(postgres.log_folder, tmp_path / "log")
    return replace(capture, dsn=make_conninfo(dsn, host="127.0.0.1", port=1), folder=folder)


def test_when_the_database_is_gone_at_the_end_its_log_is_still_read(in_a_copy: LogCapture) -> None:
    captured = in_a_copy.collect()
    assert only(captured).calls == 1
    assert captured.notes == ("the database did not say when the capture ended: its log was read as far as it goes",)


def test_a_log_that_only_the_database_could_read_is_lost_with_it(in_a_copy: LogCapture) -> None:
    with pytest.raises(DatabaseError, match="does not let perfkit in"):
        replace(in_a_copy, folder=None).collect()


def test_lines_that_cannot_be_read_are_counted_and_the_others_are_still_read(in_a_copy: LogCapture) -> None:
    assert in_a_copy.folder is not None
    newest = max(in_a_copy.folder.glob("*.json"), key=lambda file: file.stat().st_mtime)
    with newest.open("a") as log:
        log.write('{"timestamp": half\n\x00\x01\n')
    captured = in_a_copy.collect()
    assert (only(captured).calls, captured.lines_unparsed) == (1, 2)
    assert "2 lines of the server log could not be read: not counted" in captured.notes


def test_parameters_that_the_server_cut_are_not_taken_for_whole_ones(dsn: str, application: psycopg.Connection) -> None:
    application.execute("SET log_parameter_max_length = 4")
    capture = open_capture(dsn, 10.0)
    settings = replace(capture.settings, values={**capture.settings.values, "log_parameter_max_length": "4"})
    application.execute(SLOW, ("longer",))
    captured = replace(capture, settings=settings).collect()
    assert only(captured).parameter_sets == ()
    assert "1 slow execution logged without all parameters" in captured.notes


def test_a_statement_logged_by_log_statement_is_missed_loudly(dsn: str, application: psycopg.Connection) -> None:
    application.execute("SET log_statement = 'all'")
    capture = open_capture(dsn, 10.0)
    application.execute("SELECT pg_sleep(0.012)")
    captured = capture.collect()
    assert captured.queries == ()
    assert any("SET log_statement = 'none'" in note for note in captured.notes)


def test_a_database_that_logs_no_slow_queries_is_refused_with_the_command(postgres: PostgresServer) -> None:
    silent = postgres.fresh_database("silent")
    with psycopg.connect(postgres.dsn, autocommit=True) as admin:
        admin.execute("ALTER DATABASE silent SET log_min_duration_statement = -1")
    with pytest.raises(DatabaseError) as caught:
        queries.open_capture(silent, 50.0, source="log")
    assert caught.value.hint is not None
    assert "ALTER SYSTEM SET log_min_duration_statement = '50ms'" in caught.value.hint


def test_a_role_without_rights_is_told_the_grant_that_gives_them(
    dsn: str, postgres: PostgresServer, application: psycopg.Connection
) -> None:
    with psycopg.connect(postgres.dsn, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS poor")
        admin.execute("CREATE ROLE poor LOGIN")
    poor = make_conninfo(dsn, user="poor")
    with pytest.raises(DatabaseError) as caught:
        queries.open_capture(poor, 10.0, source="log")
    assert caught.value.hint is not None
    for grant in caught.value.hint.removeprefix("as a superuser: ").split(";")[:-1]:
        application.execute(sql.SQL(grant))  # type: ignore[arg-type]
    capture = open_capture(poor, 10.0)
    application.execute(SLOW, ("one",))
    assert only(replace(capture, folder=None).collect()).calls == 1


def test_a_folder_that_is_not_this_server_s_log_is_refused(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "postgresql.json").write_text("{}\n")
    with pytest.raises(DatabaseError, match="does not arrive in the log folder"):
        queries.open_capture(dsn, 10.0, tmp_path, source="log")


def test_a_folder_that_is_not_there_is_refused(dsn: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be read"):
        queries.open_capture(dsn, 10.0, tmp_path / "nowhere", source="log")


def test_the_log_folder_may_be_given(dsn: str, postgres: PostgresServer, application: psycopg.Connection) -> None:
    capture = queries.open_capture(dsn, 10.0, postgres.log_folder)
    application.execute(SLOW, ("one",))
    assert only(capture.collect()).calls == 1


def test_an_unreachable_database_gives_an_error_without_its_password() -> None:
    with pytest.raises(DatabaseError) as caught:
        queries.open_capture("postgresql://bob:Zq7Xw@127.0.0.1:1/erp", 10.0)
    assert "Zq7Xw" not in f"{caught.value.message} {caught.value.hint}"


def test_a_capture_does_not_show_its_address(dsn: str) -> None:
    assert dsn not in repr(queries.open_capture(dsn, 10.0))
