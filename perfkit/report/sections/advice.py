"""Which indexes the captured workload wants: those that were proven, with what each statement gained, and the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from perfkit import reading, units
from perfkit.model import AdvisedIndex, Effect, IndexAdvice, IndexWrites, Story
from perfkit.report import phrases
from perfkit.report.pairs import runs_of
from perfkit.report.tables import Cell, Column, Table, first, number

TITLE: Final = "Index advice"
_LIMIT: Final = 30
_LOOKS: Final = {"faster": "number improved", "slower": "number regressed", "same": "number same"}


def prepare(story: Story) -> dict[str, Any] | None:
    runs = [(label, judged.advice) for label, judged in runs_of(story) if judged.advice]
    return {"runs": [_run(label if story.before else "", advice) for label, advice in runs]} if runs else None


def _run(label: str, advice: IndexAdvice) -> dict[str, Any]:
    return {
        "label": label,
        "lead": _lead(advice),
        "cards": [_card(one) for one in advice.advice],
        "tables": list(_tables(advice)),
        "notes": [*advice.notes, f"perfkit used {units.show(advice.server_s, 's')} of the server."],
    }


def _lead(advice: IndexAdvice) -> str:
    if not advice.advice:
        return "No index made the workload faster when it was really there."
    saved = units.show(sum(one.saved_ms for one in advice.advice), "ms")
    whole = units.show(advice.workload_ms, "ms")
    return (
        f"Each was built, and every statement that touches its table was run with and without it. Together they save"
        f" {saved} of the {whole} that the captured statements took under load."
    )


def _card(one: AdvisedIndex) -> dict[str, Any]:
    told = [effect for effect in one.effects if effect.outcome != "same"]
    same = len(one.effects) - len(told)
    note = f"As fast with it: {same} more of the statements that touch its table." if same else ""
    return {
        "title": one.index,
        "facts": [f"saves {units.show(one.saved_ms, 'ms')}", units.show(one.bytes, "bytes"), *_written(one.write)],
        "evidence": one.evidence,
        "sql": one.sql,
        "table": _effects("What it does to each statement", told, note),
    }


def _written(write: IndexWrites | None) -> Iterator[str]:
    if write is None:
        return
    yield f"a row written: {units.show(write.insert_ms, 'ms')} and {units.show(write.wal_bytes, 'bytes')} of WAL more"
    if write.hot_before_ratio is not None and write.hot_after_ratio is not None:
        before, after = (units.show(it, "ratio") for it in (write.hot_before_ratio, write.hot_after_ratio))
        yield f"UPDATEs that stay in their page: {before} → {after}"


def _effects(caption: str, effects: Sequence[Effect], note: str = "") -> Table:
    labels = ("Calls", "Blocks", "Before", "After", "Change", "95 % interval")
    columns = (Column("Statement"), *(Column(label, kind="number") for label in labels))
    rows, left_out = first([_effect(one) for one in effects], _LIMIT, "statements")
    return Table(caption, columns, rows, left_out or note)


def _effect(one: Effect) -> tuple[Cell, ...]:
    low, high = (end - 1 for end in one.interval)
    change = "same" if one.outcome == "same" else reading.times_text(one.ratio - 1, is_time=True)
    return (
        Cell(reading.shortened(one.statement), "sql"),
        number(f"{one.calls:,}"),
        number(f"{one.before_blocks:,.0f} → {one.after_blocks:,.0f}"),
        number(units.show(one.before_ms, "ms")),
        number(units.show(one.after_ms, "ms")),
        Cell(change, _LOOKS[one.outcome]),
        number(phrases.MISSING if one.outcome == "same" else phrases.span(low, high)),
    )


def _tables(advice: IndexAdvice) -> Iterator[Table]:
    if len(advice.advice) > 1 and advice.overall:
        yield _effects("Statements without any of them, and with all", advice.overall)
    if advice.not_advised:
        ordered = sorted(advice.not_advised, key=lambda one: -(one.estimated_ms or 0.0))
        rows, note = first([(Cell(one.index, "sql"), Cell(one.reason)) for one in ordered], _LIMIT, "candidates")
        yield Table("Not advised, and why", (Column("Index"), Column("Why not")), rows, note)
    if advice.unneeded:
        columns = (Column("Index"), Column("Size", kind="number"), Column("Because"), Column("Tried"))
        found: list[tuple[Cell, ...]] = [
            (Cell(one.name, "sql"), number(units.show(one.bytes, "bytes")), Cell(one.because), Cell(one.said))
            for one in advice.unneeded
        ]
        rows, note = first(found, _LIMIT, "indexes")
        since = f"Statistics since {advice.statistics_since}." if advice.statistics_since else ""
        yield Table("Indexes that may not be needed", columns, rows, note or since)
    if advice.left_out:
        rows, note = first([(Cell(one.fingerprint, "key"), Cell(one.reason)) for one in advice.left_out], _LIMIT, "")
        yield Table("Statements that nothing was tried with", (Column("Statement"), Column("Why")), rows, note)
