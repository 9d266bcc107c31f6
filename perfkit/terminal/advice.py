"""Index advice as tables for 80 columns, from the figures that `--json` prints too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from perfkit import reading, units
from perfkit.terminal.text import MISSING, new_table, plain

_MOST: Final = 12
_LOOKS: Final = {"faster": "green", "slower": "bold red", "same": "dim"}

Json = Mapping[str, Any]


def advice_view(told: Json) -> RenderableType:
    """Everything: what was proven first, then what it does to each statement, what was not, and what may go."""
    return Group(*_parts(told))


def _parts(told: Json) -> Iterator[RenderableType]:
    yield _advised(told["advice"])
    for one in told["advice"]:
        yield Text(one["sql"], overflow="fold")
    if told["overall"]:
        yield _effects(told["overall"])
    trades = [effect for one in told["advice"] for effect in one["effects"] if effect["outcome"] == "slower"]
    if trades:
        yield _effects(trades, title="Trades: slower with one of the indexes")
    if told["not_advised"]:
        yield _reasons(told["not_advised"])
    if told["unneeded"]:
        yield _unneeded(told["unneeded"], told["statistics_since"])
    if told["left_out"]:
        yield _left_out(told["left_out"])
    yield from _closing(told)


def _advised(advice: Sequence[Json]) -> Table:
    table = new_table("Indexes advised: built, run, and faster" if advice else "No index is advised")
    table.add_column("Index", ratio=1, overflow="fold", min_width=24)
    for label in ("Saves", "Size", "WAL a row", "A row"):
        table.add_column(label, justify="right", no_wrap=True)
    for one in advice:
        what = plain(one["index"])
        for line in one["evidence"][:1]:
            what.append("\n").append(plain(line, "dim"))
        if one["write"] and one["write"]["hot_before_ratio"] is not None:
            hot = [units.show(one["write"][key], "ratio") for key in ("hot_before_ratio", "hot_after_ratio")]
            what.append("\n").append(plain(f"UPDATEs that stay in their page: {hot[0]} → {hot[1]}", "yellow"))
        table.add_row(
            what, units.show(one["saved_ms"], "ms"), units.show(one["bytes"], "bytes"), *_written(one["write"])
        )
    return table


def _written(write: Json | None) -> tuple[str, str]:
    if write is None:
        return MISSING, MISSING
    return units.show(write["wal_bytes"], "bytes"), units.show(write["insert_ms"], "ms")


def _effects(effects: Sequence[Json], title: str = "Statements without any of them, and with all") -> Table:
    table = new_table(title)
    table.add_column("Statement", ratio=1, overflow="fold", min_width=20)
    for label in ("Blocks", "Before", "After", "Times"):
        table.add_column(label, justify="right", no_wrap=True)
    for one in effects:
        times = f"{1 / one['ratio']:,.1f}×" if one["outcome"] != "same" and one["ratio"] > 0 else "same"
        table.add_row(
            plain(reading.shortened(one["statement"])),
            f"{one['before_blocks']:,.0f} → {one['after_blocks']:,.0f}",
            units.show(one["before_ms"], "ms"),
            units.show(one["after_ms"], "ms"),
            Text(times, _LOOKS[one["outcome"]]),
        )
    return table


def _reasons(rows: Sequence[Json]) -> Table:
    ordered = sorted(rows, key=lambda one: -(one["estimated_ms"] or 0.0))
    left_out = len(rows) - _MOST
    table = new_table("Not advised", caption=f"and {left_out} more" if left_out > 0 else None)
    table.add_column("Index", ratio=1, overflow="fold")
    table.add_column("Why", ratio=1, overflow="fold")
    for one in ordered[:_MOST]:
        guess = "" if one["estimated_ms"] is None else f" (estimated: saves {units.show(one['estimated_ms'], 'ms')})"
        table.add_row(plain(one["index"]), plain(one["reason"] + guess))
    return table


def _unneeded(rows: Sequence[Json], since: str | None) -> Table:
    table = new_table("Indexes that may not be needed", caption=f"statistics since {since}" if since else None)
    table.add_column("Index", overflow="fold")
    table.add_column("Size", justify="right", no_wrap=True)
    table.add_column("Because", ratio=1, overflow="fold")
    table.add_column("Tried", ratio=1, overflow="fold")
    for one in rows[:_MOST]:
        look = "green" if one["is_proven"] else "dim"
        size = units.show(one["bytes"], "bytes")
        table.add_row(plain(one["name"]), size, plain(one["because"]), plain(one["said"], look))
    return table


def _left_out(rows: Sequence[Json]) -> Table:
    table = new_table("Statements that nothing was tried with")
    table.add_column("Statement", no_wrap=True)
    table.add_column("Why", ratio=1, overflow="fold")
    for one in rows[:_MOST]:
        table.add_row(plain(one["fingerprint"]), plain(one["reason"]))
    return table


def _closing(told: Json) -> Iterator[Text]:
    for note in told["notes"]:
        yield Text("! ", "yellow").append(plain(note))
    if told["greedy_gap_ratio"] is not None:
        share = units.show(told["greedy_gap_ratio"], "ratio")
        yield Text(f"Every set of the candidates was tried too: the choice misses {share} of the best.", "dim")
    yield Text(f"perfkit used {units.show(told['server_s'], 's')} of the server.", "dim")


def steps_table(steps: Sequence[str]) -> Table:
    """What is about to be run."""
    table = new_table("To be run, one after the other, while others may write")
    table.add_column("", overflow="fold")
    for step in steps:
        table.add_row(plain(step))
    return table
