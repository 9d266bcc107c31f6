"""What was sent and where it came from: bytes on the wire, compression, cache hits."""

from __future__ import annotations

from typing import Any, Final

from perfkit.model import Scope, Story
from perfkit.report import pairs
from perfkit.report.tables import Cell, Column, Table, first

TITLE: Final = "Payload and cache"
_LIMIT: Final = 100
_FIGURES: Final = (
    ("On the wire", "payload.wire_bytes"),
    ("Decoded", "payload.decoded_bytes"),
    ("Compression", "payload.compression_ratio"),
    ("Cache hits", "cache.hit_ratio"),
)


def prepare(story: Story) -> dict[str, Any] | None:
    both = pairs.pairs_of(story)
    names = [name for _, name in _FIGURES]
    scopes = [scope for scope in pairs.scopes_of(story, names) if scope.endpoint and scope.phase]
    if not scopes:
        return None
    measured = [(label, name) for label, name in _FIGURES if any(both.latest(name, scope) for scope in scopes)]
    columns = (Column("Endpoint"), Column("Phase"), *(it for label, _ in measured for it in both.columns(label)))
    rows, note = first([_row(both, scope, measured) for scope in scopes], _LIMIT, "endpoints")
    return {"table": Table("Mean of a successful reply", columns, rows, note)}


def _row(both: pairs.Pairs, scope: Scope, measured: list[tuple[str, str]]) -> tuple[Cell, ...]:
    figures = (cell for _, name in measured for cell in both.cells(name, scope))
    return (Cell(scope.endpoint or ""), Cell(scope.phase or ""), *figures)
