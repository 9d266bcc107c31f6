"""`perfkit explain`: the plans of SQL, without any load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit import units
from perfkit.cli.given import quantity, text_of
from perfkit.errors import DatabaseError, UsageError

if TYPE_CHECKING:
    from perfkit.cli.advice import Workload
    from perfkit.model import NotExplained, QueryPlan

HELP = """Run EXPLAIN (ANALYZE, BUFFERS) on statements, in a READ ONLY transaction that is rolled back.

  perfkit explain --sql slow.sql

  echo 'SELECT count(*) FROM orders' | perfkit explain --database-url postgresql:///erp --sql -

  perfkit explain --plan before.txt --against after.json

  perfkit explain --log postgresql.log

  perfkit explain latest --advise --build-on copy

  perfkit explain latest --apply --build-on copy
"""

# What --advise and --apply take.
Advise = Annotated[bool, typer.Option("--advise", help="Which indexes does all of it want?")]
Apply = Annotated[bool, typer.Option("--apply", help="Advise, ask, and build what was proven.")]
BuildOn = Annotated[
    str | None, typer.Option(help="Where to try indexes: copy (of the database), or here if it is disposable.")
]
CopyLimit = Annotated[str, typer.Option(help="Most that the copy may take, as 50GB.")]
Storage = Annotated[str | None, typer.Option(help="Most that new indexes may take together, as 500MB.")]
Budget = Annotated[str, typer.Option(help="Most of the server's time that advising may take.")]
Undo = Annotated[Path | None, typer.Option(help="Where --apply writes the script that undoes it.")]
LockTimeout = Annotated[str, typer.Option(help="Longest that --apply waits for a lock.")]
Yes = Annotated[bool, typer.Option("--yes", help="Let --apply build without asking.")]


def register(app: typer.Typer) -> None:
    app.command("explain", help=HELP)(explain)


def explain(
    run: Annotated[str | None, typer.Argument(help="A run whose captured statements are meant, or --sql.")] = None,
    sql: Annotated[str | None, typer.Option(help="A file of SQL statements, or - for standard input.")] = None,
    plan: Annotated[str | None, typer.Option(help="A plan that EXPLAIN printed, as JSON or text, or -.")] = None,
    against: Annotated[str | None, typer.Option(help="With --plan: a later plan of it; says what changed.")] = None,
    log: Annotated[
        list[str] | None, typer.Option(help="A server log whose slow statements are listed, or -; may be repeated.")
    ] = None,
    log_line_prefix: Annotated[str | None, typer.Option(help="What the lines of a stderr log begin with.")] = None,
    worst: Annotated[int | None, typer.Option(help="With --log: explain so many in the database.", min=0)] = None,
    database_url: Annotated[
        str | None,
        typer.Option(envvar="DATABASE_URL", help="DSN; better in the environment than here.", show_envvar=True),
    ] = None,
    advise: Advise = False,
    apply: Apply = False,
    build_on: BuildOn = None,
    copy_limit: CopyLimit = "10GB",
    storage: Storage = None,
    budget: Budget = "5m",
    undo: Undo = None,
    lock_timeout: LockTimeout = "10s",
    yes: Yes = False,
    out: Annotated[Path, typer.Option(help="Where run folders are.")] = Path("reports"),
    timeout: Annotated[str, typer.Option(help="Longest a statement may run.")] = "10s",
    show_literals: Annotated[
        bool, typer.Option("--show-literals", help="Leave the literals in SQL and plans readable.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plans as JSON on standard output.")] = False,
) -> None:
    timeout_s = quantity("--timeout", timeout)
    if plan is not None or against is not None:
        from perfkit.cli import explain_plan

        if plan is None or run is not None or sql is not None or log or advise or apply:
            raise UsageError("--plan stands alone, and --against beside it", hint="perfkit explain --plan FILE")
        explain_plan.run(plan, against, show_literals=show_literals, as_json=as_json)
        return
    if log:
        _only_a_log(run, sql)
    if log and not (advise or apply):
        from perfkit.cli import explain_log

        asked_of_log = (database_url, worst, timeout_s, show_literals, as_json)
        explain_log.run(explain_log.Asked(tuple(log), log_line_prefix, *asked_of_log))
        return
    from perfkit.cli import advice

    workload = advice.of_log(log, log_line_prefix) if log else _workload(run, sql, out)
    dsn = database_url or workload.dsn
    if dsn is None:
        raise UsageError("no database is named", hint="set DATABASE_URL")
    if advise or apply:
        known = _plans(dsn, workload, timeout_s) if workload.is_typed else workload.plans
        places = (build_on, copy_limit, storage, budget)
        asked = advice.Asked(*places, timeout, lock_timeout, apply, yes, undo, show_literals, as_json)
        advice.give(dsn, workload.with_plans(known), asked)
        return
    _explain(dsn, workload, timeout_s, show_literals=show_literals, as_json=as_json)


def _plans(dsn: str, workload: Workload, timeout_s: float) -> Sequence[QueryPlan | NotExplained]:
    """Of all statements that somebody gave, or of the worst that were captured."""
    from perfkit import explain as explaining

    if not workload.is_typed:
        return explaining.explain(dsn, workload.queries, statement_timeout_s=timeout_s)
    return [
        explaining.single(dsn, query.statement, fingerprint=query.fingerprint, statement_timeout_s=timeout_s)
        for query in workload.queries
    ]


def _explain(dsn: str, workload: Workload, timeout_s: float, *, show_literals: bool, as_json: bool) -> None:
    plans = _plans(dsn, workload, timeout_s)
    _show(workload.statements_of(plans), plans, show_literals=show_literals, as_json=as_json)
    refused = sum(not hasattr(plan, "root") for plan in plans)
    if refused:
        raise DatabaseError(
            f"{refused} of {units.count(len(plans), 'statement')} could not be explained", hint="the reasons are above"
        )


def _only_a_log(run: str | None, sql: str | None) -> None:
    if run is not None or sql is not None:
        raise UsageError("--log stands alone: it takes no run and no --sql", hint="perfkit explain --log FILE")


def _workload(run: str | None, sql: str | None, root: Path) -> Workload:
    """The statements that are meant: those of a run, or of a file."""
    from perfkit import explain as explaining
    from perfkit.cli import advice

    if (run is None) == (sql is None):
        raise UsageError("name a run, or a file of SQL with --sql", hint="perfkit explain latest")
    if run is not None:
        return advice.of_run(run, root)
    statements = explaining.statements(text_of(str(sql)))
    if not statements:
        raise UsageError(f"{sql} holds no SQL statement")
    return advice.of_statements(statements)


def _show(
    statements: Sequence[str], plans: Sequence[QueryPlan | NotExplained], *, show_literals: bool, as_json: bool
) -> None:
    from perfkit import terminal
    from perfkit.cli import shown
    from perfkit.explain.rules import diagnose
    from perfkit.redact import redact_literals
    from perfkit.report.figures import finding_json
    from perfkit.report.redaction import redacted_plan, told_finding

    findings = [told_finding(one, show_literals=show_literals) for one in diagnose(plans, ())]
    told = [
        plan if show_literals else redacted_plan(plan, statement)
        for statement, plan in zip(statements, plans, strict=True)
    ]
    if as_json:
        content = {"plans": [asdict(plan) for plan in told], "findings": [finding_json(one) for one in findings]}
        shown.print_json({"schema": 1, **content})
        return
    headings = [
        terminal.statement_line(plan, statement if show_literals else redact_literals(statement))
        for statement, plan in zip(statements, told, strict=True)
    ]
    shown.print_plans(told, findings, headings if len(told) > 1 else None)
