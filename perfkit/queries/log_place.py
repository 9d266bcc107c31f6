"""Where the server's log can be read: on this machine, else through the server. Knows rights; reads no entry.

A folder of the right name may belong to another server (a container, a second cluster): only a mark that this server
writes, and that arrives there, proves it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg

from perfkit.errors import DatabaseError
from perfkit.queries.log_files import LocalFiles, LogFiles, ServerFiles
from perfkit.queries.log_settings import LogSettings
from perfkit.queries.log_tail import find_mark

_MARK: Final = "/* perfkit */ DO $perfkit$ BEGIN RAISE LOG 'perfkit mark {nonce}'; END $perfkit$"

Connection = psycopg.Connection[tuple[Any, ...]]


def write_mark(connection: Connection) -> str:
    """Have the server write a line that nobody else writes; the text to look for."""
    nonce = secrets.token_hex(8)
    connection.execute(_MARK.format(nonce=nonce))
    return f"perfkit mark {nonce}"


def server_files(connection: Connection, settings: LogSettings) -> ServerFiles:
    """The log as the server gives it out."""
    return ServerFiles(connection, settings.values["log_directory"])


def find_log(connection: Connection, settings: LogSettings, log_folder: Path | None) -> tuple[LogFiles, dict[str, int]]:
    """The log's files, and the size that each has now.

    Raises:
        DatabaseError: they cannot be read, or are not this server's; the hint is what would change that.
    """
    for files in _candidates(connection, settings, log_folder):
        offsets = _offsets_at_now(connection, files, settings)
        if offsets is not None:
            return files, offsets
    where = f"the log folder {log_folder}" if log_folder else "the files that it names as its log"
    raise DatabaseError(
        f"what the server writes to its log does not arrive in {where}",
        hint="check that the folder is this server's log_directory, and that log_min_messages lets LOG lines through",
    )


def _candidates(connection: Connection, settings: LogSettings, log_folder: Path | None) -> Iterator[LogFiles]:
    if log_folder is not None:
        if not _is_readable_folder(log_folder):
            raise DatabaseError(
                f"the log folder {log_folder} cannot be read", hint="check the path and its permissions"
            )
        yield LocalFiles(log_folder)
        return
    if not {"log_directory", "data_directory"} <= settings.values.keys():
        raise DatabaseError("the server does not tell this user where its log is", hint=_grants(settings.user))
    here = Path(settings.values["data_directory"]) / settings.values["log_directory"]
    if _is_readable_folder(here):
        yield LocalFiles(here)
    yield server_files(connection, settings)


def _is_readable_folder(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK) and folder.is_dir()


def _offsets_at_now(connection: Connection, files: LogFiles, settings: LogSettings) -> dict[str, int] | None:
    suffix = settings.suffix
    try:
        sizes = {file.name: file.size for file in files.listing(suffix)}
        return find_mark(files, suffix, sizes, write_mark(connection))
    except PermissionError:
        return None
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            "the server log is not readable on this machine, and this user may not read it through the server",
            hint=_grants(settings.user),
        ) from error


def _grants(user: str) -> str:
    quoted = '"' + user.replace('"', '""') + '"'
    return (
        f"as a superuser: GRANT pg_monitor TO {quoted};"
        f" GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO {quoted};"
    )
