"""`perfkit explain`: the plans of SQL, without any load."""

from __future__ import annotations

import sys
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
    from perfkit import terminal, units
    from perfkit.cli import shown

    try:
        timeout_s = units.parse(timeout, "s")
    except ValueError as error:
        raise UsageError(f"--timeout: {error}") from error
    statements = explaining.statements(_read(sql))
    if not statements:
        raise UsageError(f"{sql} holds no SQL statement")
    plans = explaining.explain_texts(database_url, statements, statement_timeout_s=timeout_s)
    _show(plans, show_literals, as_json)
    if refused := [plan.reason for plan in plans if not hasattr(plan, "root")]:
        raise DatabaseError(f"{len(refused)} of {len(plans)} statements could not be explained")
