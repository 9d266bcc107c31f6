"""Secrets of a scenario: read from the environment, kept out of all that the load child writes.

Knows environment variables, logging and the two output streams; knows neither Locust nor rows' columns. What a
scenario writes past Python's own streams (a program that it starts, a file) is the scenario's own affair.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from perfkit.redact import MIN_SECRET_CHARACTERS, redact_secrets

_KEPT_TEXTS: Final = 4096
_known: set[str] = set()


class MissingSecretError(Exception):
    """The environment has no such variable, or nothing in it that can be kept secret."""


def env(name: str) -> str:
    """The value of an environment variable. From now on it is masked in the log, the output and the rows.

    Raises:
        MissingSecretError: it is not set, empty, or too short to be found in a text.
    """
    value = os.environ.get(name)
    if not value:
        how = "is not set" if value is None else "is empty"
        raise MissingSecretError(f"the environment variable {name} {how}; export it before the run")
    if len(value) < MIN_SECRET_CHARACTERS:
        raise MissingSecretError(
            f"the environment variable {name} is shorter than {MIN_SECRET_CHARACTERS} characters: it cannot be masked"
        )
    keep(value)
    return value


def keep(value: str) -> None:
    """Mask this value from now on, also as Python, JSON and URLs write it, and each of its lines."""
    if not _known:
        _guard_output()
    lines = value.splitlines() if len(value.splitlines()) > 1 else []
    _known.update((value, repr(value)[1:-1], json.dumps(value)[1:-1], quote(value), *lines))
    _cleaned.cache_clear()


def clean(text: str) -> str:
    """The text without any secret that was read so far."""
    return _cleaned(text) if _known else text


def clean_rows(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows with each of their texts cleaned: a secret may stand in a name as well as in a message."""
    if not _known:
        return list(rows)
    return [tuple(_cleaned(value) if isinstance(value, str) else value for value in row) for row in rows]


@lru_cache(maxsize=_KEPT_TEXTS)
def _cleaned(text: str) -> str:
    return redact_secrets(text, _known)


def _guard_output() -> None:
    """Clean what is printed (also an uncaught exception) and what is logged, wherever a handler sends it."""
    for stream in {id(stream): stream for stream in (sys.stdout, sys.stderr) if stream is not None}.values():
        stream.write = _cleaning(stream.write)
    logging.setLogRecordFactory(_record_factory(logging.getLogRecordFactory()))


def _cleaning(write: Callable[[str], int]) -> Callable[[str], int]:
    def write_cleaned(text: str) -> int:
        write(redact_secrets(text, _known))
        return len(text)

    return write_cleaned


def _record_factory(make: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    """A record is cleaned where it is made: filters of a logger do not see what its children log."""

    def make_cleaned(*args: Any, **keywords: Any) -> logging.LogRecord:
        record = make(*args, **keywords)
        try:
            record.msg, record.args = clean(record.getMessage()), None
        except (TypeError, ValueError):  # the arguments do not fit: logging itself tells, on the cleaned stderr
            return record
        if record.exc_info:
            record.exc_text = clean(logging.Formatter().formatException(record.exc_info))
        return record

    return make_cleaned
