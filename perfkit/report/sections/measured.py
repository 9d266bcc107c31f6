"""How it was measured: host, versions, database, load, effective configuration, and what the words mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from perfkit import units
from perfkit.model import Judged, PhaseMark, RunRecord, Story
from perfkit.report import phrases
from perfkit.report.pairs import runs_of
from perfkit.report.tables import Cell, Column, Table, number

TITLE: Final = "How it was measured"
_LIMIT: Final = 300
_TOLD_ABOVE: Final = ("expectations", "sheets", "expect", "sheet")

GLOSSARY: Final = (
    ("latency", "Response time: from the moment a request was due until the last byte of its reply."),
    ("service", "From the moment a request was really sent until the last byte of its reply."),
    ("ttfb", "Time to first byte: until the headers of the reply arrived."),
    ("p50, p95, p99", "Half, 95 % and 99 % of the requests were at least this fast. p50 is the median."),
    ("succeeded", "Latency counts requests that succeeded or timed out; a quick error is no quick reply."),
    ("throughput", "Successful requests a second of the measured part of a phase; warm-up is in no figure."),
    ("phase", "A stretch of the run with one load; its number of users work at the same time."),
    ("memory.growth", "Idle memory of the target after the load, less that before it."),
    ("cpu", "100 % is one core kept busy."),
    ("95 % interval", "Where the true change lies, unless one is unlucky one time in twenty."),
    ("same, tiny, inconclusive", "No change; a real one within the tolerance; too few data to tell."),
    ("unmeasured", "No data for what a rule asks. It fails, as what is missing proves nothing."),
    ("exclusive time", "Time of a plan's node without the nodes below it."),
    ("lock wait", "Time of one request under load in which the database lets it wait for what another one holds."),
)


def prepare(story: Story) -> dict[str, Any]:
    runs = runs_of(story)
    return {
        "load": _load(runs),
        "provenance": _facts("Where and with what", [phrases.flat(_about(judged.run)) for _, judged in runs], runs),
        "config": _facts("Effective configuration", [phrases.flat(_config(judged.run)) for _, judged in runs], runs),
        "glossary": GLOSSARY,
    }


def _about(run: RunRecord) -> Mapping[str, Any]:
    times = {"started": phrases.moment(run.started_at), "ended": phrases.moment(run.ended_at)}
    return {"run": run.id, "status": run.status, **times, **run.provenance}


def _config(run: RunRecord) -> Mapping[str, Any]:
    return {key: value for key, value in run.config.items() if key not in _TOLD_ABOVE}


def _load(runs: Sequence[tuple[str, Judged]]) -> Table:
    labels = ("Phase", "Run", "Users", "Warm-up", "Measured", "CPU of the generator", "Rows lost", "Unfinished")
    columns = tuple(Column(label, kind="number" if position > 1 else "") for position, label in enumerate(labels))
    rows = tuple(row for label, judged in runs for row in _phases(label, judged.run))
    return Table("Load", columns, rows, " ".join(_workers(judged.run) for _, judged in runs).strip())


def _workers(run: RunRecord) -> str:
    """Who made the load, where there were several; of CPU and lag the worst of them counts."""
    told = {mark.name: ", ".join(worker.name for worker in mark.workers) for mark in run.phases if mark.workers}
    return " ".join(f"Workers of {phase}: {names}." for phase, names in told.items())


def _phases(label: str, run: RunRecord) -> list[tuple[Cell, ...]]:
    return [(Cell(mark.name), Cell(label.lower()), *map(number, _figures(mark, run))) for mark in run.phases]


def _figures(mark: PhaseMark, run: RunRecord) -> tuple[str, ...]:
    busy = phrases.MISSING if mark.generator_cpu_ratio is None else phrases.tick(mark.generator_cpu_ratio, "ratio")
    return (
        _users(mark),
        _warmup(mark, run),
        "none" if mark.is_warmup_only else phrases.clock(mark.ended_at - mark.measured_at),
        busy,
        f"{mark.rows_lost:,}",
        f"{mark.unfinished:,}",
    )


def _warmup(mark: PhaseMark, run: RunRecord) -> str:
    """As it was asked for: what is between the two marks holds the start of the load's processes, too."""
    asked = next((phase for phase in run.config.get("phase") or () if phase.get("name") == mark.name), None)
    if asked is None or mark.is_warmup_only:
        return phrases.clock(mark.measured_at - mark.started_at)
    seconds = units.parse(asked.get("warmup") or "0s", "s")
    return phrases.clock(seconds) if seconds else "none"


def _users(mark: PhaseMark) -> str:
    """In the open model: how many it took at once, of how many there might have been."""
    if mark.max_users is not None:
        return f"{mark.busiest_users:,} of {mark.max_users:,}"
    return phrases.MISSING if mark.users is None else f"{mark.users:,}"


def _facts(caption: str, facts: list[dict[str, str]], runs: Sequence[tuple[str, Judged]]) -> Table:
    names = list(dict.fromkeys(name for found in facts for name in found))
    columns = (Column("Fact"), *(Column(label) for label, _ in runs))
    rows = [(Cell(name, "key"), *(_fact(found, name, facts) for found in facts)) for name in names]
    note = f"{len(rows) - _LIMIT} more are in run.json." if len(rows) > _LIMIT else ""
    return Table(caption, columns, tuple(rows[:_LIMIT]), note)


def _fact(found: dict[str, str], name: str, facts: list[dict[str, str]]) -> Cell:
    differs = len({other.get(name) for other in facts}) > 1
    return Cell(found.get(name, phrases.MISSING), "differs" if differs else "")
