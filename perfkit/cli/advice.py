"""What `perfkit explain --advise` and `--apply` do with a workload: advise, show, ask, build."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.cli.given import quantity
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.explain.advise import Wish
    from perfkit.explain.advise.advice import Report
    from perfkit.explain.advise.applied.apply import Applied
    from perfkit.model import CapturedQuery, NotExplained, QueryPlan

PLACES = ("copy", "here")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as they were given."""

    build_on: str | None = None
    copy_limit: str = "10GB"
    storage: str | None = None
    budget: str = "5m"
    timeout: str = "10s"
    lock_timeout: str = "10s"
    apply: bool = False
    yes: bool = False
    undo: Path | None = None
    show_literals: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Workload:
    """What was captured, with the plans that are known already, and the address that a run's suite names.

    `is_typed`: somebody gave the statements, and nobody knows how long they take. `folder` is the run's that captured
    them.
    """

    queries: Sequence[CapturedQuery]
    plans: Sequence[QueryPlan | NotExplained] = ()
    dsn: str | None = None
    is_typed: bool = False
    folder: Path | None = None

    def with_plans(self, plans: Sequence[QueryPlan | NotExplained]) -> Workload:
        """The same, where a statement that was called once took what its plan says."""
        took = {plan.fingerprint: getattr(plan, "execution_ms", None) for plan in plans}
        queries = [
            replace(query, total_ms=took.get(query.fingerprint) or 1.0) if query.total_ms == 0 else query
            for query in self.queries
        ]
        return replace(self, queries=queries, plans=plans)

    def statements_of(self, plans: Sequence[QueryPlan | NotExplained]) -> list[str]:
        """The statement of each plan."""
        texts = {query.fingerprint: query.statement for query in self.queries}
        return [texts[plan.fingerprint] for plan in plans]


def of_run(reference: str, root: Path) -> Workload:
    """The captured workload of a run folder.

    Raises:
        UsageError: no such run, or it captured no statement.
    """
    from perfkit import store

    folder = store.find(reference, root)
    run = store.load(folder)
    if not run.queries:
        raise UsageError(
            f"the run {run.record.id} captured no statement",
            hint="give its suite a [database] section, or lower its slower_than",
        )
    database = run.record.config.get("database") or {}
    return Workload(run.queries, run.plans, os.environ.get(str(database.get("dsn_env"))), folder=folder)


def of_log(logs: Sequence[str], prefix: str | None) -> Workload:
    """What server logs tell of, without any load.

    Raises:
        UsageError: no slow statement stands in them.
    """
    from perfkit.queries.log_reading import read_logs

    found = read_logs(tuple(logs), prefix=prefix)
    if not found.queries:
        raise UsageError("no statement with its duration stands in the log", hint="perfkit explain --log FILE")
    return Workload(found.queries)


def of_statements(statements: Sequence[str]) -> Workload:
    """Statements of a file, each as if it had been called once; how long each takes is not known yet."""
    from perfkit.model import CapturedQuery

    return Workload(
        [
            CapturedQuery(f"statement {number}", statement, calls=1, total_ms=0.0, mean_ms=0.0, max_ms=0.0)
            for number, statement in enumerate(statements, start=1)
        ],
        is_typed=True,
    )


def give(dsn: str, workload: Workload, asked: Asked) -> None:
    """Advise, and with `apply` build what was proven.

    Raises:
        UsageError: options that do not fit together.
        DatabaseError: the database refuses.
    """
    from perfkit.cli import shown
    from perfkit.explain.advise import advise

    wish = _wish(asked)
    if asked.apply and asked.build_on is None:
        raise UsageError("--apply builds only what was verified", hint="say --build-on copy, or --build-on here")
    if asked.apply and not asked.yes and not sys.stdin.isatty():
        raise UsageError("--apply asks before it builds, and nobody is there", hint="say --yes")
    report = advise(dsn, workload.queries, wish, plans=workload.plans, note=_note)
    if workload.folder is not None and asked.build_on is not None:
        _keep(report, workload.folder)
    if not asked.as_json:
        _show(report, asked)
    applied = _applied(dsn, report, asked) if asked.apply else None
    if asked.as_json:
        from perfkit.explain.advise.figures import applied_json

        built = applied_json(applied, show_literals=asked.show_literals) if applied is not None else None
        shown.print_json({"schema": 1, **_json(report, asked), "applied": built})


def _keep(report: Report, folder: Path) -> None:
    """What was verified, in the run's own folder, for its reports."""
    from perfkit import store
    from perfkit.explain.advise.figures import told

    _note(f"{store.write_advice(folder, told(report))} keeps it; perfkit report {folder} shows it with its findings")


def _json(report: Report, asked: Asked) -> dict[str, Any]:
    from perfkit.explain.advise.figures import told
    from perfkit.report.redaction import redacted_advice

    advice = told(report)
    return asdict(advice if asked.show_literals else redacted_advice(advice))


def _wish(asked: Asked) -> Wish:
    from perfkit.explain.advise import Wish

    if asked.build_on is not None and asked.build_on not in PLACES:
        raise UsageError(f"--build-on: {asked.build_on!r} is neither copy nor here")
    storage = None if asked.storage is None else quantity("--storage", asked.storage, "bytes")
    return Wish(
        build_on=asked.build_on,  # type: ignore[arg-type]
        copy_bytes=quantity("--copy-limit", asked.copy_limit, "bytes"),
        storage_bytes=float("inf") if storage is None else storage,
        budget_s=quantity("--budget", asked.budget, "s"),
        statement_timeout_s=quantity("--timeout", asked.timeout, "s"),
    )


def _note(text: str) -> None:
    from perfkit.cli import shown

    shown.say(f"· {text}")


def _show(report: Report, asked: Asked) -> None:
    from perfkit import terminal
    from perfkit.cli import shown

    shown.out().print(terminal.advice_view(_json(report, asked)))


def _applied(dsn: str, report: Report, asked: Asked) -> Applied:
    """Show what will run, ask, build, and say how to undo it."""
    import typer

    from perfkit import terminal
    from perfkit.cli import shown
    from perfkit.explain.advise.applied.apply import Applied, apply, undo_path
    from perfkit.explain.advise.applied.steps import steps
    from perfkit.redact import redact_literals

    todo = steps(dsn, report.advice)
    if not todo:
        _note("nothing is left to build: what is advised is there already, or nothing is advised")
        return Applied()
    told = [step.sql if asked.show_literals else redact_literals(step.sql) for step in todo]
    shown.aside().print(terminal.steps_table(told))
    if not asked.yes and not typer.confirm("Build these indexes?", err=True):
        return Applied()
    undo = asked.undo or undo_path(Path())
    _note(f"{undo} undoes it")
    lock_s = quantity("--lock-timeout", asked.lock_timeout, "s")
    return apply(dsn, todo, undo, lock_timeout_s=lock_s, note=_note)
