"""The plans' own tables, narrow enough for 80 columns: one line for each cell."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from perfkit import reading
from perfkit.model import Sheet, Story
from perfkit.terminal.text import MISSING, look_of, new_table, plain, value_text, verdict_text


def sheets_table(story: Story) -> list[Table]:
    """The plans' tables, one line for each cell: documented, target, measured, verdict."""
    return [_sheet(sheet, story) for sheet in story.sheets]


def _sheet(sheet: Sheet, story: Story) -> Table:
    has_loads = len(sheet.columns) > 1
    table = new_table(sheet.title, gap=1)
    table.add_column(plain(sheet.header), overflow="fold", min_width=12)
    if has_loads:
        table.add_column(" Load", no_wrap=True)
    measured = ("Before", "After") if story.before else ("Measured",)
    for label in ("Documented", "Target", *measured):
        table.add_column(label, justify="right", overflow="fold")
    table.add_column(" Verdict", no_wrap=True)
    for row in reading.fill(sheet, story):
        for position, cell in enumerate(row.cells):
            is_last = position == len(row.cells) - 1
            load = [plain(f" {cell.column}")] if has_loads else []
            table.add_row(_row_name(row, position), *load, *_cell(cell, story), end_section=is_last and has_loads)
    return table


def _row_name(row: reading.FilledRow, position: int) -> Text:
    """The row's name beside its first cell; its priority below, beside the second where there is one."""
    priority = plain(f"  {row.priority}", "dim") if row.priority else Text()
    if position == 0:
        return plain(row.name) if len(row.cells) > 1 or not priority else plain(row.name).append("\n").append(priority)
    return priority if position == 1 else Text()


def _cell(cell: reading.FilledCell, story: Story) -> list[Text]:
    look = look_of(cell.verdict)
    before = [value_text(cell.before, reading.UNMEASURED)] if story.before else []
    after = value_text(cell.after, reading.UNMEASURED)
    after.stylize(look)
    return [
        plain(cell.documented or MISSING),
        plain(cell.target or MISSING),
        *before,
        after,
        verdict_text(cell.verdict),
    ]
