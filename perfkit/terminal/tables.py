"""The results of a run, of two compared and of its statements, as tables for 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from perfkit import reading, units
from perfkit.model import Change, Comparison, Judged, Metric, Scope, Sheet
from perfkit.terminal.text import MISSING, cut, new_table, plain, value_text, verdict_text

_DIRECTIONS: Final = {"improved": "green", "regressed": "bold red"}
_LATENCIES: Final = ("avg", "p50", "p95", "p99")
_MOST_CHANGES: Final = 15
_MOST_QUERIES: Final = 10


def verdicts_table(judged: Judged, sheets: Sequence[Sheet] = ()) -> Table:
    """Every expectation but those of the sheets, with what was observed; what does not hold comes first, with why."""
    told = [cell.expectation for sheet in sheets for row in sheet.rows for cell in row.cells]
    verdicts = [verdict for verdict in judged.verdicts if verdict.expectation not in told]
    failing = sum(map(reading.is_failing, verdicts))
    table = new_table(f"Expectations: {failing} of {len(verdicts)} do not hold" if failing else "Expectations")
    table.add_column("Rule", overflow="fold", ratio=1)
    table.add_column("Observed", justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    for verdict in sorted(verdicts, key=lambda verdict: not reading.is_failing(verdict)):
        rule = plain(verdict.expectation.that)
        if verdict.outcome != "pass" and verdict.message:
            rule.append("\n").append(plain(verdict.message, "dim"))
        table.add_row(rule, value_text(verdict.observed), verdict_text(verdict))
    return table


def validity_table(judged: Judged) -> Table:
    """The checks of the measurement itself, with what to do where one failed."""
    table = new_table("Validity of the measurement")
    for label in ("Check", "Observed", "Limit"):
        table.add_column(label, overflow="fold")
    table.add_column("", ratio=1, overflow="fold")
    for check in judged.run.validity.checks:
        outcome = Text("✓ ok", "green") if check.is_ok else Text("✗ ", "bold red").append(plain(check.remedy))
        table.add_row(plain(check.name), plain(check.observed), plain(check.limit), outcome)
    return table


def setup_table(rows: Sequence[tuple[str, bool, str]]) -> Table:
    """What a suite names, as (what, is it fine, what was found or how to mend it)."""
    table = new_table("Setup")
    table.add_column("", no_wrap=True)
    table.add_column("What", overflow="fold")
    table.add_column("Found", overflow="fold")
    for what, is_ok, said in rows:
        mark = Text("✓", "green") if is_ok else Text("✗", "bold red")
        table.add_row(mark, plain(what), plain(said))
    return table


def metrics_table(judged: Judged) -> RenderableType:
    """Latency, throughput and errors of each endpoint; a table a phase, the total last."""
    found = reading.index(judged.metrics)
    return Group(*(_phase(mark.name, found) for mark in judged.run.phases if not mark.is_warmup_only))


def _phase(phase: str, found: reading.Index) -> Table:
    table = new_table(phase, caption=reading.FEW if any(map(reading.is_of_few, _shown(phase, found))) else None, gap=1)
    table.add_column("Endpoint", ratio=1, overflow="fold", min_width=12)
    for label in ("n", *_LATENCIES, "req/s", "errors"):
        table.add_column(label, justify="right", no_wrap=True)
    endpoints = dict.fromkeys(scope.endpoint for _, scope in found if scope == Scope(scope.endpoint, phase))
    for endpoint in sorted(endpoints, key=lambda name: name is None):
        scope = Scope(endpoint, phase)
        latencies = [_latency(found.get((f"latency.{name}_ms", scope))) for name in _LATENCIES]
        average = found.get(("latency.avg_ms", scope))
        of = f"{average.n:,}" if average and average.n is not None else MISSING
        rate = value_text(found.get(("throughput.requests_per_s", scope)))
        errors = found.get(("errors.ratio", scope))
        failed = value_text(errors)
        failed.stylize("red" if errors and errors.value else "")
        name = cut(endpoint) if endpoint else Text("all endpoints", "bold")
        table.add_row(name, of, *latencies, rate, failed)
    return table


def _shown(phase: str, found: reading.Index) -> Iterator[Metric]:
    """The latencies in the table of a phase."""
    names = {f"latency.{name}_ms" for name in _LATENCIES}
    return (it for (name, scope), it in found.items() if name in names and scope == Scope(scope.endpoint, phase))


def _latency(metric: Metric | None) -> Text:
    if metric is None:
        return Text(MISSING)
    return Text(reading.marked_amount(metric), "dim" if reading.is_of_few(metric) else "")


def comparison_table(comparison: Comparison) -> RenderableType:
    """What changed between two runs, the most severe first, and what weakens that."""
    told = [change for change in comparison.changes if change.direction not in {"same", "tiny"}]
    left_out = len(told) - _MOST_CHANGES
    captions = [f"and {left_out} more" if left_out > 0 else "", reading.blocks_note(told[:_MOST_CHANGES])]
    table = new_table("Changes", caption="\n".join(filter(None, captions)) or None)
    table.add_column("Metric", overflow="fold")
    table.add_column("Of", ratio=1, overflow="fold", min_width=12)
    for label in ("Before", "After", "Change"):
        table.add_column(label, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for change in told[:_MOST_CHANGES]:
        table.add_row(*_change(change))
    if not told:
        table.add_row("nothing", Text("beyond the tolerance", "dim"))
    return Group(table, *(Text("! ", "yellow").append(plain(caveat)) for caveat in comparison.caveats))


def _change(change: Change) -> list[Text]:
    values = [MISSING if it is None else reading.amount(change.metric, it) for it in (change.base, change.head)]
    look = _DIRECTIONS.get(change.direction, "dim")
    where = reading.scope_text(change.scope) or "the whole run"
    return [
        plain(units.stem_of(change.metric)),
        cut(where),
        *map(Text, values),
        Text(reading.change_text(change)),
        Text(change.direction, look),
    ]


def queries_table(judged: Judged) -> Table:
    """The slow statements that cost most in all."""
    ordered = sorted(judged.queries, key=lambda query: -query.total_ms)
    left_out = len(ordered) - _MOST_QUERIES
    table = new_table("Slow statements", caption=f"and {left_out} more" if left_out > 0 else None)
    table.add_column("Statement", overflow="fold", min_width=20)
    for label in ("Calls", "Mean", "Total"):
        table.add_column(label, justify="right", no_wrap=True)
    for query in ordered[:_MOST_QUERIES]:
        statement = plain(reading.shortened(query.statement))
        times = [units.show(query.mean_ms, "ms"), units.show(query.total_ms, "ms")]
        table.add_row(statement, f"{query.calls:,}", *times)
    return table
