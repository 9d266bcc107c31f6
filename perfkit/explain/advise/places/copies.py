"""A copy of the database on the same server, for the time of a block. Knows how it is made, found again and dropped.

As it is (CREATE DATABASE … TEMPLATE) where nobody else is connected; else the schema, and the rows of the tables that
the workload reads, of one moment, beside those who read and write.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

from perfkit import units
from perfkit.database import reason_of
from perfkit.errors import DatabaseError
from perfkit.explain.advise.asked.workload import Task
from perfkit.explain.advise.index import quoted
from perfkit.explain.advise.places.original import Needed, Shapes, reading, shapes_of
from perfkit.explain.advise.places.snapshot import fill, one_moment, schema_at
from perfkit.explain.advise.session import Meter, OutOfTime, Session
from perfkit.explain.runner import Limits, Refused

COPY_PREFIX: Final = "perfkit_copy_"

_RIGHTS: Final = "the role needs CREATEDB; or restore a backup and say --build-on here"
_IN_USE_OR_NOT_OWNED: Final = ("55006", "42501")
_DROPPING_TRIES: Final = 3

_DATABASE: Final = "/* perfkit */ SELECT current_database()"
_NAME: Final = "/* perfkit */ SELECT set_config('application_name', $1, false)"
_OTHERS: Final = """/* perfkit */
SELECT count(*) FROM pg_stat_activity
WHERE datname = $1 AND backend_type = 'client backend' AND application_name <> 'perfkit'
"""
_SIZE: Final = "/* perfkit */ SELECT pg_database_size($1)::bigint"
_LEFT: Final = """/* perfkit */
SELECT datname FROM pg_database d
WHERE starts_with(datname, $1) AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.application_name = d.datname)
"""
_FOLDER: Final = "/* perfkit */ SELECT setting FROM pg_settings WHERE name = 'data_directory'"
_SETTINGS: Final = """/* perfkit */
SELECT split_part(one, '=', 1), substr(one, strpos(one, '=') + 1)
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase CROSS JOIN unnest(s.setconfig) one
WHERE d.datname = $1 AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user)) ORDER BY s.setrole
"""
_SET: Final = "/* perfkit */ SELECT set_config($1, $2, false)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the copy is for and what it may take. `note` is told what goes on, `remark` what a reader must know."""

    tasks: Sequence[Task] = ()
    most_bytes: float = float("inf")
    note: Callable[[str], None] = lambda text: None
    remark: Callable[[str], None] = lambda text: None


@contextmanager
def copied(dsn: str, wanted: Wanted, meter: Meter, limits: Limits) -> Iterator[str]:
    """The address of a copy. While the block lasts a session bears its name, so that nobody takes it for left behind.

    Raises:
        DatabaseError: it cannot be made, needs more room or time than is given, or would not be like the original.
    """
    name = COPY_PREFIX + secrets.token_hex(4)
    with closing(Session(dsn, meter, limits)) as session:
        source = str(session.rows(_DATABASE)[0][0])
    elsewhere = make_conninfo(dsn, dbname="postgres" if source != "postgres" else "template1")
    with closing(Session(elsewhere, meter, limits)) as keeper:
        keeper.rows(_NAME, name)
        for left in left_copies(keeper):
            _drop(elsewhere, left, meter, limits, wanted.note)
        try:
            _make(dsn, keeper, source, name, wanted)
            yield make_conninfo(dsn, dbname=name)
        finally:
            _drop(elsewhere, name, meter, limits, wanted.note)


def left_copies(session: Session) -> list[str]:
    """Copies of a perfkit that was killed: no session bears their names any more."""
    return [row[0] for row in session.rows(_LEFT, COPY_PREFIX)]


def _drop(elsewhere: str, name: str, meter: Meter, limits: Limits, note: Callable[[str], None]) -> None:
    """On a connection of its own: what was interrupted may have taken the other along."""
    for _ in range(_DROPPING_TRIES):
        with suppress(DatabaseError), closing(Session(elsewhere, meter, limits)) as session:
            session.do(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
            return
    note(f"the copy {name} could not be dropped: DROP DATABASE {name};")


def _make(dsn: str, keeper: Session, source: str, name: str, wanted: Wanted) -> None:
    size = keeper.rows(_SIZE, source)[0][0]
    is_alone = keeper.rows(_OTHERS, source)[0][0] == 0
    if is_alone and size <= wanted.most_bytes and _from_template(keeper, source, name, size, wanted):
        _set_as(keeper, source, make_conninfo(dsn, dbname=name), name)
        return
    with closing(Session(dsn, keeper.meter, keeper.limits)) as original:
        try:
            _from_snapshot(original, keeper, source, name, wanted)
        except OutOfTime as error:
            said = "the time budget was used up before the copy was made"
            raise DatabaseError(said, hint="say --budget 30m, or restore a backup and say --build-on here") from error
        except psycopg.Error as error:
            raise DatabaseError(f"the copy was not made: {reason_of(error)}", hint="see the server's log") from error


def _from_template(keeper: Session, source: str, name: str, size: int, wanted: Wanted) -> bool:
    """False where somebody connects at this moment, or the role does not own the database."""
    _require_room(keeper, size, wanted)
    wanted.note(f"copying the database, {units.show(size, 'bytes')}")
    try:
        keeper.do(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(source)}")
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) in _IN_USE_OR_NOT_OWNED:
            return False
        raise DatabaseError(f"the database {source} cannot be copied: {error.message}", hint=_RIGHTS) from error
    return True


def _from_snapshot(original: Session, keeper: Session, source: str, name: str, wanted: Wanted) -> None:
    tables, shapes = reading(original, wanted.tasks)
    size = sum(one.bytes for one in tables)
    _require_room(keeper, size, wanted)
    wanted.note(f"copying the tables that the workload reads ({len(tables)}), {units.show(size, 'bytes')}")
    address = make_conninfo(original.dsn, dbname=name)
    with one_moment(original) as moment:
        schema = schema_at(original, moment)
        empty = re.sub(r"^CREATE DATABASE .*? WITH ", f"CREATE DATABASE {quoted(name)} WITH ", schema.database)
        try:
            keeper.do(empty)
        except DatabaseError as error:
            raise DatabaseError(f"the database {source} cannot be copied: {error.message}", hint=_RIGHTS) from error
        with closing(Session(address, keeper.meter, keeper.limits)) as target:
            fill(original, target, schema, tables, wanted.note)
    _set_as(keeper, source, address, name)
    _compare(address, keeper, wanted, tables, shapes)


def _require_room(keeper: Session, size: int, wanted: Wanted) -> None:
    """More than the copy itself: what will be built in it, and the log of both."""
    if size > wanted.most_bytes:
        allowed = units.show(wanted.most_bytes, "bytes")
        raise DatabaseError(
            f"the copy needs {units.show(size, 'bytes')}, more than the {allowed} that it may take",
            hint="say --copy-limit with what the server's disk has room for, or restore a backup elsewhere",
        )
    free = _free_bytes(keeper)
    if free is not None and size * 2 > free:
        raise DatabaseError(
            f"the copy needs {units.show(size, 'bytes')} and as much for its indexes and its log; "
            f"the server's disk has {units.show(free, 'bytes')} free",
            hint="free some, or restore a backup elsewhere and say --build-on here",
        )


def _free_bytes(keeper: Session) -> int | None:
    """Of the server's disk, where the server is on this machine and its role may know where its files are."""
    rows = keeper.rows(_FOLDER)
    if not rows or not rows[0][0] or not keeper.link.info.host.startswith("/"):
        return None
    try:
        disk = os.statvfs(rows[0][0])
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize


def _set_as(keeper: Session, source: str, address: str, name: str) -> None:
    """The settings of the original: they are kept outside of it, so no copy has them. FROM CURRENT quotes by itself."""
    for setting, value in keeper.rows(_SETTINGS, source):
        with suppress(DatabaseError, psycopg.Error), closing(Session(address, keeper.meter, keeper.limits)) as session:
            session.rows(_SET, setting, value)
            session.do(f"ALTER DATABASE {quoted(name)} SET {setting} FROM CURRENT")


def _compare(address: str, keeper: Session, wanted: Wanted, tables: Sequence[Needed], shapes: Shapes) -> None:
    """Say how many statements the copy plans otherwise: what is proven there may not hold for them."""
    others = 0
    with closing(Session(address, keeper.meter, keeper.limits)) as session:
        for task in wanted.tasks:
            with suppress(Refused), session.reading():
                others += shapes.get(task.fingerprint) not in (None, shapes_of(session, task))
    said = f"Tried on a copy of the tables that the workload reads ({len(tables)})"
    wanted.remark(
        f"{said}; {others} of {len(wanted.tasks)} statements are planned otherwise there than in the original."
    )
