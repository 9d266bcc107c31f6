"""A table as text: what HTML and Markdown both render. Knows no metric and no markup."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `kind` names how it looks (number, pass, fail …); `note` is a second, smaller line.

    `figure` is a drawing that says again what `text` says; only HTML shows it.
    """

    text: str
    kind: str = ""
    note: str = ""
    figure: Markup | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column; neighbours with the same `group` stand under one common heading."""

    label: str
    group: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, one for each column; the first cell names the row. `note` says what was left out."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """Common headings with the number of columns that each spans; a column without one spans itself."""
        spans: list[tuple[str, int]] = []
        for label, columns in groupby(self.columns, key=lambda column: column.group):
            count = len(list(columns))
            spans.extend([(label, count)] if label else [("", 1)] * count)
        return tuple(spans)

    @property
    def has_groups(self) -> bool:
        return any(column.group for column in self.columns)

    def label(self, place: int) -> str:
        """What a column is called where it stands alone: with its group, unless the columns of the group have names of
        their own."""
        column = self.columns[place]
        is_plain = [one.label for one in self.columns].count(column.label) == 1
        return column.label if is_plain or not column.group else f"{column.group}, {column.label.lower()}"


def number(text: str, note: str = "") -> Cell:
    """A figure: set in columns that line up."""
    return Cell(text, "number", note)


def first(rows: list[tuple[Cell, ...]], limit: int, what: str) -> tuple[tuple[tuple[Cell, ...], ...], str]:
    """The first `limit` rows, and a note that tells where the others are (as no report hides what it leaves out)."""
    if len(rows) <= limit:
        return tuple(rows), ""
    return tuple(rows[:limit]), f"The first {limit} of {len(rows):,} {what}; all are in metrics.json."
