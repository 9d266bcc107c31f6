"""What is under test and how it is watched: [target], [database], [sampling], [compare].

Knows what these tables may say; reaches no host, no process and no database.
"""

from __future__ import annotations

import re
from typing import Final, Literal, cast, get_args
from urllib.parse import urlsplit

from perfkit.config.section import Section, did_you_mean, quoted
from perfkit.model import Database, Heap, HeapDoor, Sampling, Target, Tolerance

_WATCH: Final = re.compile(r"pid:\d+|port:(\d+|\{port\})|(name|unit):.*\S.*|cgroup:/.+")
_WATCHED: Final = ("pid", "port", "name", "unit", "cgroup")
_HOST: Final = re.compile(r"[\w.:-]+")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PORT: Final = "{port}"
_DATABASE: Final = Database(dsn_env="DATABASE_URL")
_SAMPLING: Final = Sampling()
_TOLERANCE: Final = Tolerance()
_Capture = Literal["auto", "log", "statements", "activity", "off"]
_DSN_ADVICE: Final = (
    "a connection string does not belong in this file: put it into an environment variable and name that with dsn_env"
)


def read_target(section: Section) -> Target:
    section.require("url")
    target = Target(
        url=section.text("url"),
        watch=section.words("watch"),
        allow_hosts=section.words("allow_hosts"),
        start=section.words("start"),
        ready=section.text("ready", "/"),
        heap=_read_heap(section),
    )
    if target.url and (problem := _problem_of_url(target.url.replace(_PORT, "80"))):
        section.note("url", problem)
    if not target.ready.startswith("/"):
        section.note("ready", f"{quoted(target.ready)} is not a path; it starts with /")
    for host in target.allow_hosts:
        if not _HOST.fullmatch(host):
            section.note("allow_hosts", f"{quoted(host)} is not a host name: no scheme, no path, no *")
    if isinstance(target.heap, str) and not target.watch:
        section.note("heap", 'needs to know which processes: write for example watch = ["port:3000"]')
    _check_watch(section, target)
    _check_port(section, target)
    section.finish(host="unknown key; did you mean 'url'? Write url = \"http://host:port\"")
    return target


def _problem_of_url(url: str) -> str | None:
    shown = "what is written here" if "@" in url else quoted(url)  # before an @ there may be a password
    if re.search(r"\s", url) or not url.isprintable():
        return f"{shown} has a space in it"
    if "://" not in url:
        return f"{shown} has no scheme; write http://… or https://…"
    try:
        parts = urlsplit(url)
        is_complete = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket that is not closed, a port that is no number
        return f"{shown} is no URL; write for example http://127.0.0.1:8000"
    if "@" in parts.netloc:
        return "has a user or a password in it; let the scenario read them from the environment"
    if parts.scheme not in ("http", "https"):
        return f"the scheme {quoted(parts.scheme)} is not http or https{did_you_mean(parts.scheme, ('http', 'https'))}"
    if parts.query or parts.fragment:
        return "is the address that the paths of the scenario are added to: no ? and no #"
    return None if is_complete else f"{shown} names no host, or the port 0"


def _read_heap(target: Section) -> Heap | HeapDoor | None:
    if isinstance(target.values.get("heap"), str):
        return "inspector" if target.choice("heap", ("runtime", "inspector")) == "inspector" else "runtime"
    section = target.section("heap")
    if section is None:
        return None
    section.require("url", "used")
    heap = Heap(url=section.text("url", "/"), used=section.text("used", "/"), limit=section.text_or_none("limit"))
    for key, pointer in (("used", heap.used), ("limit", heap.limit)):
        if pointer is not None and not pointer.startswith("/"):
            section.note(key, f'{quoted(pointer)} is not a JSON pointer; write for example "/memory/used_bytes"')
    if not heap.url.startswith(("/", "http://", "https://")):
        section.note("url", f"{quoted(heap.url)} is neither a path that starts with / nor a URL")
    section.finish()
    return heap


def _check_watch(section: Section, target: Target) -> None:
    for watched in target.watch:
        if not _WATCH.fullmatch(watched):
            near = did_you_mean(watched.partition(":")[0], _WATCHED)
            forms = '"pid:…", "port:…", "name:…", "unit:…" or "cgroup:/…"'
            section.note("watch", f"{quoted(watched)} must be {forms}{near}")


def _check_port(section: Section, target: Target) -> None:
    """`{port}` is a free port that perfkit chooses for the command that it starts: it needs both."""
    is_started_on_port = any(_PORT in word for word in target.start)
    if _PORT in target.url and not is_started_on_port:
        section.note("url", "has {port}, but no command in start is given that {port}")
    if any(_PORT in watched for watched in target.watch) and not is_started_on_port:
        section.note("watch", "has {port}, but no command in start is given that {port}")
    if is_started_on_port and _PORT not in target.url:
        section.note("start", "has {port}, but url has not: the load would go elsewhere")


def read_database(section: Section | None) -> Database | None:
    if section is None:
        return None
    section.require("dsn_env")
    name = section.text("dsn_env", _DATABASE.dsn_env)
    if not _VARIABLE.fullmatch(name):
        section.note("dsn_env", f'must be the name of an environment variable, such as "DATABASE_URL"; {_DSN_ADVICE}')
    database = Database(
        dsn_env=name,
        capture=cast(_Capture, section.choice("capture", get_args(_Capture))),
        slower_than_ms=section.quantity("slower_than", "ms", _DATABASE.slower_than_ms),
        explain_worst=section.whole("explain_worst", _DATABASE.explain_worst, at_least=0),
        statement_timeout_s=section.quantity("statement_timeout", "s", _DATABASE.statement_timeout_s, is_positive=True),
    )
    section.finish(**dict.fromkeys(("dsn", "url", "password", "database_url", "user"), _DSN_ADVICE))
    return database


def read_sampling(section: Section) -> Sampling:
    sampling = Sampling(
        period_s=section.quantity("period", "s", _SAMPLING.period_s, is_positive=True),
        settle_s=section.quantity("settle", "s", _SAMPLING.settle_s),
    )
    section.finish()
    return sampling


def read_tolerance(section: Section) -> Tolerance:
    tolerance = Tolerance(
        relative=section.quantity("relative", "ratio", _TOLERANCE.relative),
        absolute_ms=section.quantity("absolute", "ms", _TOLERANCE.absolute_ms),
    )
    section.finish()
    return tolerance
