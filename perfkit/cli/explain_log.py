"""`perfkit explain --log`: which statements a server log tells of, without any load; with a database their plans."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from perfkit import units
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.model import CapturedQuery, Finding, NotExplained, QueryPlan
    from perfkit.queries.log_reading import ReadLog

    Plans = tuple[QueryPlan | NotExplained, ...]

WORST = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says. `worst` is how many to explain, None: it says nothing of that."""

    logs: tuple[str, ...]
    prefix: str | None
    dsn: str | None
    worst: int | None
    timeout_s: float
    show_literals: bool
    as_json: bool

    @property
    def explained(self) -> int:
        """How many to explain. An address that only stands in the environment is no wish to run anything there."""
        if self.worst is not None:
            return self.worst
        return WORST if self.dsn is not None and self.dsn != os.environ.get("DATABASE_URL") else 0


def run(asked: Asked) -> None:
    from perfkit.queries.log_reading import read_logs

    if asked.explained and asked.dsn is None:
        raise UsageError("no database is named to explain in", hint="set DATABASE_URL")
    with _progress() as show:
        found = read_logs(asked.logs, prefix=asked.prefix, on_progress=show)
    plans = _plans(asked, found)
    findings = _findings(plans, found, show_literals=asked.show_literals)
    if not asked.show_literals:
        plans = _redacted_plans(plans)
    told = replace(found, queries=tuple(query if asked.show_literals else _redacted(query) for query in found.queries))
    if asked.as_json:
        _print_json(told, plans, findings)
    else:
        _print_tables(told, plans, findings)


def _plans(asked: Asked, found: ReadLog) -> Plans:
    """Plans of the worst, of those that ran in the database that is named."""
    if not asked.explained or asked.dsn is None:
        return ()
    from perfkit import explain
    from perfkit.database import connect

    with connect(asked.dsn) as connection:
        database = connection.info.dbname
    there = [query for query in found.queries if query.database in (database, None)]
    return explain.explain(asked.dsn, there, worst=asked.explained, statement_timeout_s=asked.timeout_s)


def _findings(plans: Plans, found: ReadLog, *, show_literals: bool) -> list[Finding]:
    if not plans:
        return []
    from perfkit.explain.rules import diagnose
    from perfkit.report.redaction import told_finding

    return [told_finding(one, show_literals=show_literals) for one in diagnose(plans, found.queries)]


def _redacted_plans(plans: Plans) -> Plans:
    if not plans:
        return ()
    from perfkit.report.redaction import redacted_plan

    return tuple(map(redacted_plan, plans))


def _redacted(query: CapturedQuery) -> CapturedQuery:
    from perfkit.redact import redact_literals

    return replace(query, statement=redact_literals(query.statement).strip(), parameter_sets=(), plan=None)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int | None], None] | None]:
    """A bar on a terminal, nothing elsewhere."""
    from perfkit.cli import shown

    if not shown.is_live():
        yield None
        return
    from perfkit.terminal import reading_bar

    with reading_bar() as bar:
        bar.live.console = shown.aside()
        task = bar.add_task("reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print_json(found: ReadLog, plans: Plans, findings: list[Finding]) -> None:
    from perfkit.cli import shown
    from perfkit.report.figures import finding_json

    total_ms = sum(query.total_ms for query in found.queries)
    content: dict[str, Any] = {
        "log": {
            "files": [{"name": name, "kind": kind} for name, kind in found.kinds],
            "executions": found.executions,
            "lines_unparsed": found.lines_unparsed,
            "first_at": found.first_at,
            "last_at": found.last_at,
            "fingerprints": found.fingerprints,
            "notes": list(found.notes),
        },
        "queries": [
            {**asdict(query), "share": query.total_ms / total_ms if total_ms else 0.0} for query in found.queries
        ],
        "plans": [asdict(plan) for plan in plans],
        "findings": [finding_json(finding) for finding in findings],
    }
    shown.print_json({"schema": 1, **content})


def _print_tables(found: ReadLog, plans: Plans, findings: list[Finding]) -> None:
    from perfkit import terminal
    from perfkit.cli import shown

    shown.out().print(terminal.captured_table(found.queries))
    statements = {query.fingerprint: query.statement for query in found.queries}
    headings = [terminal.statement_line(plan, statements.get(plan.fingerprint, "")) for plan in plans]
    shown.print_plans(plans, findings, headings)
    for line in _told(found):
        shown.say(f"· {line}")


def _told(found: ReadLog) -> Iterator[str]:
    yield from (f"{name}: {kind}" for name, kind in found.kinds)
    when = f", {found.first_at} to {found.last_at}" if found.first_at else ""
    yield f"{units.count(found.executions, 'execution')}{when}; fingerprints by {found.fingerprints}"
    yield from found.notes
