"""Looks at everything that a suite names, one by one, without any load. What is missing stops nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from perfkit import files, net, queries, target, units
from perfkit.errors import DatabaseError, PerfkitError
from perfkit.load import engine
from perfkit.measure import dsn_of
from perfkit.model import Config, Heap
from perfkit.queries import log_everything
from perfkit.samplers import refused, whom
from perfkit.samplers.heap import HeapEndpoint
from perfkit.samplers.process import ProcessTree


@dataclass(frozen=True, slots=True)
class Look:
    """What was looked at and what was seen; `trouble` is None when it is fine."""

    what: str
    said: str
    trouble: PerfkitError | None = None

    @property
    def is_ok(self) -> bool:
        return self.trouble is None

    def as_json(self) -> dict[str, Any]:
        hint = self.trouble.hint if self.trouble else None
        return {"what": self.what, "ok": self.is_ok, "said": self.said, "hint": hint}


def look(config: Config, out: Path) -> list[Look]:
    """One look for each thing, in the order in which a run would need it."""
    return [_look(what, see, config, out) for what, see in _THINGS.items()]


def _look(what: str, see: Callable[[Config, Path], str], config: Config, out: Path) -> Look:
    try:
        return Look(what, see(config, out))
    except PerfkitError as trouble:
        hint = f"; {trouble.hint}" if trouble.hint else ""
        return Look(what, trouble.message + hint, trouble)


def _target(config: Config, out: Path) -> str:
    net.require_allowed_host(config.target.url, config.target.allow_hosts)
    with target.running(config.target) as live:
        return f"{live.url} answers" + (" after its start command" if config.target.start else "")


def _processes(config: Config, out: Path) -> str:
    if not config.target.watch:
        return "none is watched" if not config.target.start else "the started target will be watched"
    if config.target.start:
        return "will be looked for when the target has been started"
    found = [whom.find(watch) for watch in config.target.watch]
    names = ", ".join(f"{root.name()} ({root.pid})" for root in found)
    members = ProcessTree(config.target.watch).members()
    return "; ".join((names, *refused.told(refused.refusals(members))))


def _heap(config: Config, out: Path) -> str:
    heap = config.target.heap
    if heap is None:
        return "none is asked for"
    if not isinstance(heap, Heap):
        return "will be asked of the runtime when a run begins"
    if config.target.start:
        return "will be asked when the target has been started"
    reading = HeapEndpoint(config.target.url, heap).read()
    return ", ".join(f"{name.split('_')[1]} {units.show(value, 'bytes')}" for name, value in reading.items())


def _scenario(config: Config, out: Path) -> str:
    names = engine.list_users(config.scenario)
    return f"{', '.join(map(str, config.scenario.files))}: {', '.join(names)}"


def _database(config: Config, out: Path) -> str:
    dsn = dsn_of(config)
    if dsn is None or config.database is None:
        return "none is asked for"
    chosen = queries.open_capture(dsn, config.database.slower_than_ms, source=config.database.capture)
    chosen.close()
    slower = f"statements slower than {config.database.slower_than_ms:g} ms"
    return "; ".join((f"{slower} are captured from {chosen.source!r}: {chosen.gives}", *chosen.notes()))


def _trace(config: Config, out: Path) -> str:
    dsn = dsn_of(config)
    if dsn is not None and (undo := log_everything.left_behind(dsn)) is not None:
        raise DatabaseError("a trace that was killed has left every statement logged on this server", hint=undo)
    if dsn is None or not any(phase.is_trace for phase in config.phases):
        return "none is asked for"
    return log_everything.missing_right(dsn) or "every statement can be logged for the time of the trace"


def _output(config: Config, out: Path) -> str:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            return f"{out} can be written"
    except OSError as error:
        raise files.unwritable(out, error) from error


_THINGS: Final[dict[str, Callable[[Config, Path], str]]] = {
    "target": _target,
    "processes": _processes,
    "heap": _heap,
    "scenario": _scenario,
    "database": _database,
    "trace": _trace,
    "output": _output,
}
