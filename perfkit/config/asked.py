"""What a suite asks of the phases that are run now, without what it asks of those of other profiles.

A target of a phase that is not run could only be missed. Knows expectations and sheets as they were read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from perfkit.model import Expectation, Sheet, SheetRow


@dataclass(frozen=True, slots=True)
class Asked:
    """The phases that are run, and all phases of the suite."""

    running: Collection[str]
    known: Collection[str]

    def expectations(self, asked: Iterable[Expectation]) -> list[Expectation]:
        return [expectation for expectation in asked if self._is_now(expectation.select)]

    def sheets(self, sheets: Iterable[Sheet]) -> tuple[Sheet, ...]:
        """Without the rows that have nothing to show, then without the columns that have not in every row."""
        cut = (self._sheet(sheet) for sheet in sheets)
        return tuple(sheet for sheet in cut if sheet is not None)

    def _sheet(self, sheet: Sheet) -> Sheet | None:
        rows = [row for row in sheet.rows if not row.cells or any(self._is_now(cell.select) for cell in row.cells)]
        kept = [number for number in range(len(sheet.columns)) if all(self._has(row, number) for row in rows)]
        if not rows or not kept:
            return None
        return replace(
            sheet,
            columns=tuple(sheet.columns[number] for number in kept),
            rows=tuple(_only(row, kept) for row in rows),
        )

    def _has(self, row: SheetRow, number: int) -> bool:
        return number >= len(row.cells) or self._is_now(row.cells[number].select)

    def _is_now(self, select: Mapping[str, str]) -> bool:
        phase = select.get("phase")
        return phase in self.running or phase not in self.known


def _only(row: SheetRow, kept: list[int]) -> SheetRow:
    return replace(row, cells=tuple(cell for number, cell in enumerate(row.cells) if number in kept))
