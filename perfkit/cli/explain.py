"""`perfkit explain`: the plans of SQL, without any load."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.errors import DatabaseError, UsageError

if TYPE_CHECKING:
    from perfkit.model import NotExplained, QueryPlan

HELP = """Run EXPLAIN (ANALYZE, BUFFERS) on statements, in a READ ONLY transaction that is rolled back.

  perfkit explain --sql slow.sql

  echo 'SELECT count(*) FROM orders' | perfkit explain --database-url postgresql:///erp --sql -
"""


def register(app: typer.Typer) -> None:
    app.command("explain", help=HELP)(explain)


def explain(
    sql: Annotated[str, typer.Option(help="A file of SQL statements, or - for standard input.")],
    database_url: Annotated[
        str, typer.Option(envvar="DATABASE_URL", help="DSN; better in the environment than here.", show_envvar=True)
    ],
    timeout: Annotated[str, typer.Option(help="Longest a statement may run.")] = "10s",
    show_literals: Annotated[bool, typer.Option(help="Leave the literals in SQL and plans readable.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plans as JSON on standard output.")] = False,
) -> None:
    from perfkit import explain as explaining
    from perfkit import units

    try:
        timeout_s = units.parse(timeout, "s")
    except ValueError as error:
        raise UsageError(f"--timeout: {error}") from error
    statements = explaining.statements(_read(sql))
    if not statements:
        raise UsageError(f"{sql} holds no SQL statement")
    plans = [
        explaining.single(database_url, statement, fingerprint=f"statement {number}", statement_timeout_s=timeout_s)
        for number, statement in enumerate(statements, start=1)
    ]
    _show(plans, show_literals=show_literals, as_json=as_json)
    refused = sum(not hasattr(plan, "root") for plan in plans)
    if refused:
        raise DatabaseError(
            f"{refused} of {len(plans)} statements could not be explained", hint="the reasons are above"
        )


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror}", hint="name a file, or - for standard input"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text") from error


def _show(plans: Sequence[QueryPlan | NotExplained], *, show_literals: bool, as_json: bool) -> None:
    from perfkit import terminal
    from perfkit.cli import shown
    from perfkit.explain.rules import diagnose
    from perfkit.report.redaction import redacted_plan

    findings = diagnose(plans, ())
    told = [plan if show_literals else redacted_plan(plan) for plan in plans]
    if as_json:
        content = {"plans": [asdict(plan) for plan in told], "findings": [asdict(finding) for finding in findings]}
        shown.print_json({"schema": 1, **content})
        return
    console = shown.out()
    for plan in told:
        console.print(terminal.plan_tree(plan))
    for item in terminal.findings_list(findings):
        console.print(item)
