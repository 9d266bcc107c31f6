"""What kind of log a file is, from its beginning: what is wrapped around it, the form of its entries, their prefix.

A prefix is guessed only where the file decides: of the prefixes that are in use, those that fit most of its lines must
all read them in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from perfkit.errors import UsageError
from perfkit.queries.formats import Missed, Prefix, read_prefix
from perfkit.queries.wrappers import WRAPPERS, azure, cloudnativepg, docker, gcp, syslog
from perfkit.queries.wrappers.json_line import fields_of

HEAD_BYTES: Final = 1 << 20
_MOST_LINES: Final = 500
_ENOUGH: Final = 0.5
_FOREIGN: Final = re.compile(r"[=,\s\[\]:]")
_CSV: Final = re.compile(rb'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [\w+:-]+,(?:"[^"\n]*")?,(?:"[^"\n]*")?,\d*,')
_STDERR: Final = re.compile(rb'[^{"\n][^"\n]*?[^\s:]{2,40} ?:  ')
_SEVERITY: Final = rb"[^\s:]{2,40} ?:  "
_JSON_WRAPPERS: Final = {
    "CloudNativePG": cloudnativepg.is_wrapped,
    "Azure": azure.is_wrapped,
    "Docker": docker.is_wrapped,
    "Cloud SQL": gcp.is_wrapped,
}

# PostgreSQL's default, Debian's, those of the hosted services, those that pgBadger's and others' manuals recommend.
PREFIXES: Final = (
    "%m [%p] ",
    "%m [%p] %q%u@%d ",
    "%t [%p] ",
    "%t [%p] %q%u@%d ",
    "%t:%r:%u@%d:[%p]:",
    "%m:%r:%u@%d:[%p]:",
    "%m [%p]: [%l-1] db=%d,user=%u ",
    "%t [%p]: [%l-1] db=%d,user=%u ",
    "%t [%p]: db=%d,user=%u,app=%a,client=%h ",
    "%t [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    "%m [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] user=%u,db=%d ",
    "%m [%p]: [%l-1] user=%u,db=%d ",
    "%t [%p]: [%l-1] ",
    "%t-%c-",
    "%m-%c-",
    "< %m >",
    "< %m > ",
    "%m ",
    "%t ",
    "",
    "%q%u@%d ",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """`wrapper` is a key of WRAPPERS or None, `form` one of FORMATS; `prefix` is None where the form has none."""

    wrapper: str | None
    form: str
    prefix: Prefix | None = None


def recognise(head: bytes, name: str, prefix: str | None = None) -> Kind:
    """The kind of a log that begins with `head`; `prefix` is its `log_line_prefix`, if that is known.

    Raises:
        UsageError: it is none that is known, or the prefix is not sure; the hint is what to say.
    """
    wrapper = _wrapper_of(head)
    inner = b"".join(WRAPPERS[wrapper]([head], Missed())) if wrapper else head
    lines = _lines(inner)
    form = _form_of(lines)
    if form != "stderr":
        return Kind(wrapper, form)
    if prefix is not None:
        return Kind(wrapper, "stderr", read_prefix(prefix))
    return Kind(wrapper, "stderr", _guessed(lines, name))


def _form_of(lines: list[bytes]) -> str:
    """The form of most lines: when `log_destination` changes, the server writes one form into the file of another."""
    counts = {
        "stderr": sum(_STDERR.match(line) is not None for line in lines),
        "jsonlog": sum(line.startswith(b'{"timestamp":"') for line in lines),
        "csvlog": sum(_CSV.match(line) is not None for line in lines),
    }
    return max(counts, key=lambda form: counts[form])


def _lines(text: bytes) -> list[bytes]:
    """The first lines that may begin an entry."""
    return [line for line in text[:HEAD_BYTES].split(b"\n") if line and not line.startswith(b"\t")][:_MOST_LINES]


def _wrapper_of(head: bytes) -> str | None:
    lines = _lines(head)
    for line in lines:
        fields = fields_of(line) if line.startswith(b"{") else None
        if fields is not None and "error_severity" not in fields:
            for name, is_wrapped in _JSON_WRAPPERS.items():
                if is_wrapped(fields):
                    return name
    is_syslog = sum(syslog.LINE.fullmatch(line) is not None for line in lines)
    return "syslog" if is_syslog > _ENOUGH * len(lines) else None


def _guessed(lines: list[bytes], name: str) -> Prefix:
    if not lines:
        return read_prefix(PREFIXES[0])  # an empty log is a log without an entry
    readings = {prefix.written: (prefix, list(_readings(prefix, lines))) for prefix in map(read_prefix, PREFIXES)}
    most = max(len(read) for _, read in readings.values())
    best = [(prefix, read) for prefix, read in readings.values() if len(read) == most and not _swallows(read)]
    if most < _ENOUGH * len(lines) or not best:
        raise UsageError(
            f"{name} is no PostgreSQL log in a form that is known",
            hint="say what its lines begin with: --log-line-prefix \"$(psql -Atc 'SHOW log_line_prefix')\"",
        )
    if any(read != best[0][1] for _, read in best):
        fitting = " or ".join(repr(prefix.written) for prefix, _ in best)
        raise UsageError(
            f"the log_line_prefix of {name} is not sure from its lines",
            hint=f"say which it is with --log-line-prefix: {fitting}",
        )
    return best[0][0]


def _swallows(read: list[tuple[str | None, ...]]) -> bool:
    """Whether a name takes in what a longer prefix tells apart (`db=erp,app=web`, `[77] bob`)."""
    return any(name is not None and _FOREIGN.search(name) for _, *names in read for name in names)


def _readings(prefix: Prefix, lines: list[bytes]) -> Iterator[tuple[str | None, ...]]:
    whole = re.compile(prefix.pattern.pattern + _SEVERITY)
    for line in lines:
        if found := whole.match(line):
            yield tuple(prefix.value(found, what) for what in ("at", "database", "user"))
