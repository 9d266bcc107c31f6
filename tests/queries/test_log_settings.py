"""A server that does not log what is needed is told of with the one command that makes it."""

from __future__ import annotations

import pytest

from perfkit.errors import DatabaseError
from perfkit.queries.log_settings import LogClock, LogSettings, notes_on, require_durations

GOOD = {
    "logging_collector": "on",
    "log_destination": "stderr,jsonlog",
    "log_min_duration_statement": "50",
    "log_parameter_max_length": "-1",
    "lc_messages": "en_US.UTF-8",
}


def settings(version_num: int = 180000, **changed: str) -> LogSettings:
    return LogSettings({**GOOD, **changed}, version_num, "erp", "bob")


def hint_of(changed: LogSettings) -> str | None:
    try:
        require_durations(changed, 50.0)
        _ = changed.format
    except DatabaseError as error:
        return error.hint
    raise AssertionError("nothing was missing")


def test_a_server_that_logs_well_needs_nothing() -> None:
    require_durations(settings(), 50.0)
    assert settings().format.SUFFIX == ".json"
    assert notes_on(settings(), 50.0) == []


def test_no_slow_statements_in_the_log() -> None:
    assert hint_of(settings(log_min_duration_statement="-1")) == (
        "ALTER SYSTEM SET log_min_duration_statement = '50ms'; SELECT pg_reload_conf();"
    )


def test_no_form_of_log_that_is_read() -> None:
    assert hint_of(settings(log_destination="syslog")) == (
        "ALTER SYSTEM SET log_destination = 'syslog,jsonlog'; SELECT pg_reload_conf();"
    )


def test_a_server_that_is_too_old_for_jsonlog_is_asked_for_csvlog() -> None:
    assert hint_of(settings(version_num=140000, log_destination="syslog")) == (
        "ALTER SYSTEM SET log_destination = 'syslog,csvlog'; SELECT pg_reload_conf();"
    )


@pytest.mark.parametrize(
    ("written", "form", "suffix"),
    [("stderr,csvlog,jsonlog", "jsonlog", ".json"), ("csvlog, stderr", "csvlog", ".csv"), ("stderr", "stderr", ".txt")],
)
def test_the_form_that_needs_the_least_guessing_is_read(written: str, form: str, suffix: str) -> None:
    one = settings(log_destination=written, log_filename="postgresql-%a.txt", log_line_prefix="%m ")
    assert (one.form, one.suffix) == (form, suffix)


def test_a_log_without_a_time_is_refused_with_the_prefix_that_has_one() -> None:
    assert hint_of(settings(log_destination="stderr", log_line_prefix="[%p] ")) == (
        "ALTER SYSTEM SET log_line_prefix = '%m [%p] %q%u@%d '; SELECT pg_reload_conf();"
    )


def test_no_files_at_all() -> None:
    assert hint_of(settings(logging_collector="off")) == (
        "ALTER SYSTEM SET logging_collector = on; then restart the server"
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"log_min_duration_statement": "200"}, "between 50 and 200 ms"),
        ({"log_parameter_max_length": "64"}, "only 64 bytes"),
        ({"lc_messages": "de_DE.UTF-8"}, "not log in English"),
        ({"log_error_verbosity": "terse"}, "no parameters"),
        ({"log_destination": "stderr", "log_line_prefix": "%m [%p] "}, "all databases"),
        ({"log_destination": "stderr", "log_line_prefix": "%t %d "}, "whole seconds"),
    ],
)
def test_what_the_settings_hide_is_noted(changed: dict[str, str], words: str) -> None:
    (note,) = notes_on(settings(**changed), 50.0)
    assert words in note


@pytest.mark.parametrize("language", ["C", "POSIX", "", "en_GB.utf8", "C.UTF-8", "en"])
def test_english_has_many_names(language: str) -> None:
    assert notes_on(settings(lc_messages=language), 50.0) == []


def test_a_time_of_the_log_becomes_a_time_of_this_machine() -> None:
    clock = LogClock(zone_s=19800.0, ahead_s=2.0)
    assert clock.unix("1970-01-01 05:30:03.250 IST") == 1.25
    assert clock.unix("1970-01-01 05:30:03 IST") == 1.0
    assert clock.unix("3.250") == 1.25
